//! Randomness that is the same everywhere: integers and exact arithmetic only.

/// SplitMix64: one word of state, two multiplications a number.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Debug, Clone)]
pub(super) struct Noise(u64);

/// The alphabet of generated names in Kubernetes: no vowels, so no words.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

impl Noise {
    /// A stream of its own for each name, so that a new workload changes no other.
    pub(super) fn named(parts: &[&str]) -> Self {
        // FNV-1a, 64 bits.
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in parts.join("/").bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Self(hash)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Four numbers from [0, 1) for the price of one.
    fn quarters(&mut self) -> [f32; 4] {
        let word = self.next();
        [0, 16, 32, 48].map(|shift| {
            let [low, high, ..] = (word >> shift).to_le_bytes();
            f32::from(u16::from_le_bytes([low, high])) / 65_536.0
        })
    }

    /// From [0, 1).
    pub(super) fn uniform(&mut self) -> f32 {
        self.quarters()[0]
    }

    /// From [low, high).
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.uniform()
    }

    /// Two numbers around 0 with a standard deviation of 1, within ±2.45: sums
    /// of two uniforms, which need no logarithm.
    pub(super) fn pair(&mut self) -> [f32; 2] {
        const SCALE: f32 = 2.449_49;
        let [a, b, c, d] = self.quarters();
        [(a + b - 1.0) * SCALE, (c + d - 1.0) * SCALE]
    }

    /// A whole number below `bound`, which is not 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// The random part of a name, such as `x7k2p`.
    pub(super) fn suffix(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| char::from(ALPHABET[self.below(ALPHABET.len())]))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_its_name_alone() {
        let draw = |name: &str| Noise::named(&["shop", name]).next();
        assert_eq!(draw("api"), draw("api"));
        assert_ne!(draw("api"), draw("web"));
    }

    #[test]
    fn pairs_have_no_mean_and_a_deviation_of_one() {
        let mut noise = Noise::named(&["test"]);
        let drawn: Vec<f32> = (0..50_000).flat_map(|_| noise.pair()).collect();
        let mean = drawn.iter().sum::<f32>() / 100_000.0;
        let square = drawn.iter().map(|value| value * value).sum::<f32>() / 100_000.0;
        assert!(mean.abs() < 0.02, "{mean}");
        assert!((square - 1.0).abs() < 0.03, "{square}");
    }
}
