/// Falls of something that otherwise rises, such as a volume that somebody cleans up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Falls {
    /// The place after the last of them; 0 where there was none.
    pub since: usize,
    pub count: usize,
    /// The largest value before one; 0 where there was none.
    pub survived: f64,
}

/// Falls of more than `by` from one value to the next.
pub fn since_fall(values: &[f64], by: f64) -> Falls {
    let mut falls = Falls {
        since: 0,
        count: 0,
        survived: 0.0,
    };
    for (at, pair) in values.windows(2).enumerate() {
        if pair[0] - pair[1] > by {
            falls.since = at + 1;
            falls.count += 1;
            falls.survived = falls.survived.max(pair[0]);
        }
    }
    falls
}
