//! Best and worst of a column, in colour.

use anstyle::Style;

use crate::render::style::{BAD, GOOD};

/// The styles of a column of figures of which less is better; `None` is no figure.
/// Nothing stands out where all are alike.
pub(super) fn styles(figures: &[Option<f64>], usual: Style) -> Vec<Style> {
    let known = || figures.iter().flatten().copied();
    let (best, worst) = (
        known().fold(f64::INFINITY, f64::min),
        known().fold(f64::NEG_INFINITY, f64::max),
    );
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
    let style = |figure: &Option<f64>| match figure {
        Some(figure) if near(best, worst) || figure.is_nan() => usual,
        Some(figure) if near(*figure, best) => GOOD,
        Some(figure) if near(*figure, worst) => BAD,
        _ => usual,
    };
    figures.iter().map(style).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::style::PLAIN;

    #[test]
    fn the_best_and_the_worst_stand_out() {
        let styles = |figures: &[f64]| {
            let figures: Vec<Option<f64>> = figures.iter().map(|it| Some(*it)).collect();
            super::styles(&figures, PLAIN)
        };
        assert_eq!(styles(&[2.0, 1.0, 3.0]), [PLAIN, GOOD, BAD]);
        assert_eq!(styles(&[0.0, 0.0, 3.0]), [GOOD, GOOD, BAD]);
        assert_eq!(styles(&[1.0, 1.0]), [PLAIN, PLAIN]);
        assert_eq!(super::styles(&[None, Some(1.0)], PLAIN), [PLAIN, PLAIN]);
    }
}
