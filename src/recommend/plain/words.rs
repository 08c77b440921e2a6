//! Numbers in sentences.

use crate::units::{Span, count_from};

/// How often something is to be expected: `1 of 140 weeks`; two digits are enough.
pub(super) fn one_of(chance: f64, horizon: Span) -> Option<String> {
    if !(0.0..=1.0).contains(&chance) || chance <= 0.0 {
        return None;
    }
    let many = (1.0 / chance).min(100_000.0);
    let digit = 10_f64.powf((many.log10().floor() - 1.0).max(0.0));
    let many = count_from((many / digit).round() * digit).max(1);
    let week = horizon == Span::WEEK;
    let (period, periods) = if week {
        ("week".to_owned(), "weeks".to_owned())
    } else if horizon == Span::DAY {
        ("day".to_owned(), "days".to_owned())
    } else {
        let span = horizon.human();
        (format!("period of {span}"), format!("periods of {span}"))
    };
    Some(match many {
        1 => format!("nearly every {period}"),
        many => format!("1 of {many} {periods}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_are_told_as_people_count() {
        let week = |chance| one_of(chance, Span::WEEK).unwrap_or_default();
        assert_eq!(week(0.0071), "1 of 140 weeks");
        assert_eq!(week(0.012), "1 of 83 weeks");
        assert_eq!(week(0.9), "nearly every week");
        assert_eq!(week(0.0), "");
        assert_eq!(one_of(0.5, Span::DAY).as_deref(), Some("1 of 2 days"));
    }
}
