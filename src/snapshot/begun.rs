//! What did nothing, and works without a break since.

/// It must have worked for so many hours, and done nothing for as many before.
const LONG: usize = 6;
/// Of the hours before, so many of a hundred may be used.
const FEW: usize = 5;

/// Where the hours begin since when something is at work, hour by hour; `None` where it
/// did something before, too, or does nothing now. Hours of which nothing is known are gaps.
pub(crate) fn begun(hours: &[Option<bool>]) -> Option<usize> {
    let rest = hours.iter().rposition(|it| *it == Some(false))?;
    let works = hours[rest + 1..].iter().filter(|it| it.is_some()).count();
    let before = hours[..=rest].iter().flatten();
    let (known, used) = before.fold((0, 0), |(known, used), it| {
        (known + 1, used + usize::from(*it))
    });
    let is_new = works >= LONG && known >= LONG && used * 100 <= known * FEW;
    let first = hours[rest + 1..].iter().position(Option::is_some)?;
    is_new.then_some(rest + 1 + first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> Vec<Option<bool>> {
        let of = |it| match it {
            '#' => Some(true),
            '.' => Some(false),
            _ => None,
        };
        text.chars().map(of).collect()
    }

    #[test]
    fn what_never_rests_any_more_has_begun() {
        for (text, from) in [
            ("......######", Some(6)),
            ("...... ######", Some(7)),
            ("......###### ", Some(6)),
            ("......#####", None),
            ("....######", None),
            ("......######.", None),
            ("..#...######", None),
            ("######", None),
            ("", None),
        ] {
            assert_eq!(begun(&hours(text)), from, "{text}");
        }
        let rare = format!("#{}{}", ".".repeat(30), "#".repeat(9));
        assert_eq!(begun(&hours(&rare)), Some(31));
    }
}
