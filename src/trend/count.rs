/// How many values are of some sort.
pub fn count(values: &[f32], of: impl Fn(f32) -> bool) -> usize {
    /// So few that 32 bits hold their number, which is faster to count in: that is as wide as
    /// values are.
    const MANY: usize = 1 << 16;
    let of_some = |values: &[f32]| {
        let mut count = 0_u32;
        for value in values {
            count += u32::from(of(*value));
        }
        usize::try_from(count).unwrap_or(usize::MAX)
    };
    values.chunks(MANY).map(of_some).sum()
}
