//! The ends of many values, found side by side: a single end would wait for each value.

/// The largest of some values, and no less than `least`; what is no number is passed over.
pub fn largest(values: &[f32], least: f32) -> f32 {
    let larger = |most: f32, value: f32| if value > most { value } else { most };
    side_by_side(values, least, larger)
}

/// The smallest of some values, and no more than `most`; what is no number is passed over.
pub fn smallest(values: &[f32], most: f32) -> f32 {
    let smaller = |least: f32, value: f32| if value < least { value } else { least };
    side_by_side(values, most, smaller)
}

/// Whether all of some values are known, and no more than a number can tell.
pub fn are_finite(values: &[f32]) -> bool {
    /// Looked at before any of them decides.
    const AT_ONCE: usize = 256;
    let all = |values: &[f32]| {
        let mut finite = true;
        for value in values {
            finite &= value.is_finite();
        }
        finite
    };
    values.chunks(AT_ONCE).all(all)
}

/// What `of` makes of all values, from `first` on, in any order.
pub(super) fn side_by_side(values: &[f32], first: f32, of: impl Fn(f32, f32) -> f32) -> f32 {
    let (chunks, rest) = values.as_chunks::<8>();
    let mut ends = [first; 8];
    // Each by itself: a loop over them is not always made into one step.
    for it in chunks {
        ends = [
            of(ends[0], it[0]),
            of(ends[1], it[1]),
            of(ends[2], it[2]),
            of(ends[3], it[3]),
            of(ends[4], it[4]),
            of(ends[5], it[5]),
            of(ends[6], it[6]),
            of(ends[7], it[7]),
        ];
    }
    ends.iter().chain(rest).copied().fold(first, of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_those_of_the_numbers_among_the_values() {
        for count in 0..30_u16 {
            for odd in 0..=count {
                let mut values: Vec<f32> = (0..count).map(|it| f32::from(it * 7 % 13)).collect();
                if let Some(value) = values.get_mut(usize::from(odd)) {
                    *value = if odd % 3 == 0 { f32::NAN } else { 40.0 };
                }
                assert_eq!(are_finite(&values), values.iter().all(|it| it.is_finite()));
                let known = || values.iter().copied();
                let most = known().fold(-1.0, f32::max);
                let least = known().fold(50.0, f32::min);
                assert!(largest(&values, -1.0).to_bits() == most.to_bits());
                assert!(smallest(&values, 50.0).to_bits() == least.to_bits());
            }
        }
    }
}
