use std::ops::Range;

/// A fall below this share of what was used a moment before is a new start.
const FALL: f64 = 0.6;

/// The parts of a series between one start of its container and the next: memory that
/// falls at once to a part of what it was began anew. Missing samples belong to the
/// life around them; there is one life at least unless `values` is empty.
pub fn lives(values: &[f32]) -> Vec<Range<usize>> {
    let mut lives = Vec::new();
    if is_one(values) {
        lives.push(0..values.len());
        return lives;
    }
    let mut from = 0;
    for at in starts(values) {
        lives.push(from..at);
        from = at;
    }
    if from < values.len() {
        lives.push(from..values.len());
    }
    lives
}

/// Whether all is known, and is one life, as is mostly so: told of many values by one
/// comparison each.
fn is_one(values: &[f32]) -> bool {
    /// Compared before any of them decides.
    const AT_ONCE: usize = 128;
    let Some((first, later)) = values.split_first() else {
        return false;
    };
    let mut pairs = values.chunks(AT_ONCE).zip(later.chunks(AT_ONCE));
    let goes_on = |(before, own): (&[f32], &[f32])| {
        let mut all = 0;
        for (before, own) in before.iter().zip(own) {
            let falls = f64::from(*own) < FALL * f64::from(*before);
            all += u32::from(own.is_finite() && !falls);
        }
        usize::try_from(all) == Ok(own.len())
    };
    first.is_finite() && *first >= 0.0 && pairs.all(goes_on)
}

/// Where lives begin after another one.
fn starts(values: &[f32]) -> impl Iterator<Item = usize> + '_ {
    let known = values.iter().enumerate().filter(|(_, it)| it.is_finite());
    let mut before = 0.0;
    known.filter_map(move |(at, value)| {
        let value = f64::from(*value);
        let begins = value < FALL * before;
        before = value;
        begins.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fall_begins_a_life_and_a_gap_does_not() {
        let values = [1.0, 2.0, f32::NAN, 3.0, 1.0, 1.5, 1.4];
        assert_eq!(lives(&values), [0..4, 4..7]);
        assert_eq!(lives(&[f32::NAN, 1.0]).first(), Some(&(0..2)));
        assert!(lives(&[]).is_empty());
    }

    #[test]
    fn one_life_is_told_at_once_as_one_by_one() {
        let wave = |at: u16| 100.0 + f32::from(at % 97 * (at % 97) % 23);
        for odd in [wave(0), 20.0, 61.0, 1e9, 0.0, f32::NAN] {
            for place in [0, 1, 127, 128, 129, 399] {
                let mut values: Vec<f32> = (0..400).map(wave).collect();
                values[place] = odd;
                let begun = starts(&values).count();
                let whole = odd.is_finite() && begun == 0;
                assert_eq!(is_one(&values), whole, "{odd} {place}");
                assert_eq!(lives(&values).len(), begun + 1, "{odd} {place}");
            }
        }
    }
}
