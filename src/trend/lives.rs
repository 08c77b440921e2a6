use std::ops::Range;

/// A fall below this share of what was used a moment before is a new start.
const FALL: f64 = 0.6;

/// The parts of a series between one start of its container and the next: memory that
/// falls at once to a part of what it was began anew. Missing samples belong to the
/// life around them; there is one life at least unless `values` is empty.
pub fn lives(values: &[f32]) -> Vec<Range<usize>> {
    let mut lives = Vec::new();
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
}
