//! Throws of a coin that come in the same order in every run.

use std::borrow::Cow;
use std::sync::LazyLock;

use rand::Rng;

use super::chance::numbers;

/// So many serve for all but the longest windows.
const FEW: usize = 42_000;

/// As many throws, of which the first are the same however many there are. They are thrown once
/// for all that ask, unless they are very many.
pub(super) fn throws(count: usize) -> Cow<'static, [bool]> {
    static THROWN: LazyLock<Vec<bool>> = LazyLock::new(|| thrown(FEW));
    if count <= FEW {
        Cow::Borrowed(&THROWN[..count])
    } else {
        Cow::Owned(thrown(count))
    }
}

fn thrown(count: usize) -> Vec<bool> {
    let mut numbers = numbers();
    (0..count).map(|_| numbers.r#gen()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_throws_are_the_same_however_many_there_are() {
        let many = throws(FEW + 100);
        assert_eq!(throws(FEW)[..], many[..FEW]);
        assert_eq!(throws(500)[..], many[..500]);
        let heads = many.iter().filter(|it| **it).count();
        assert!((FEW * 48 / 100..FEW * 52 / 100).contains(&heads));
    }
}
