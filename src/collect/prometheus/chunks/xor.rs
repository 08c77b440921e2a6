//! Chunks of samples as Prometheus compresses them.
//!
//! The number of samples in two bytes, the highest first; the first sample as it is;
//! of each that follows by how much its time is further than the time before was, and
//! which bits of its value are others than those of the value before. The way of
//! T. Pelkonen et al., "Gorilla: A Fast, Scalable, In-Memory Time Series Database",
//! VLDB 2015, with the widths that Prometheus takes (its `tsdb/chunkenc/xor.go`).

use super::wire;

/// What is no chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// How many samples a chunk says that it has.
pub(super) fn count(chunk: &[u8]) -> u64 {
    let [high, low] = chunk.first_chunk().copied().unwrap_or_default();
    u64::from(u16::from_be_bytes([high, low]))
}

/// Gives every sample: milliseconds since 1970, and the value.
pub(super) fn read(chunk: &[u8], mut each: impl FnMut(i64, f64)) -> Result<(), Malformed> {
    let samples = count(chunk);
    if samples == 0 {
        return Ok(());
    }
    let mut bits = Bits::new(chunk.get(2..).ok_or(Malformed)?);
    let mut time = signed(bits.number()?);
    let mut value = bits.take(64)?;
    each(time, f64::from_bits(value));
    if samples == 1 {
        return Ok(());
    }
    let mut apart = bits.number()?.cast_signed();
    let mut width = Width::default();
    time = time.wrapping_add(apart);
    value = width.value(&mut bits, value)?;
    each(time, f64::from_bits(value));
    for _ in 2..samples {
        apart = apart.wrapping_add(further(&mut bits)?);
        time = time.wrapping_add(apart);
        value = width.value(&mut bits, value)?;
        each(time, f64::from_bits(value));
    }
    Ok(())
}

/// A number of either sign, as it is folded into one without.
fn signed(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// By how much two samples are further apart than the two before, in milliseconds.
fn further(bits: &mut Bits) -> Result<i64, Malformed> {
    let width = match () {
        () if bits.take(1)? == 0 => return Ok(0),
        () if bits.take(1)? == 0 => 14,
        () if bits.take(1)? == 0 => 17,
        () if bits.take(1)? == 0 => 20,
        () => return Ok(bits.take(64)?.cast_signed()),
    };
    let number = bits.take(width)?.cast_signed();
    let half = 1_i64 << (width - 1);
    Ok(if number > half {
        number - 2 * half
    } else {
        number
    })
}

/// Which bits of a value changed last.
#[derive(Debug, Default)]
struct Width {
    leading: u32,
    trailing: u32,
}

impl Width {
    /// The value after `before`.
    fn value(&mut self, bits: &mut Bits, before: u64) -> Result<u64, Malformed> {
        if bits.take(1)? == 0 {
            return Ok(before);
        }
        if bits.take(1)? == 1 {
            self.leading = small(bits.take(5)?);
            // 64 does not fit into six bits, and 0 is never needed.
            let length = match small(bits.take(6)?) {
                0 => 64,
                length => length,
            };
            self.trailing = 64_u32.checked_sub(self.leading + length).ok_or(Malformed)?;
        }
        let changed = bits.take(64 - self.leading - self.trailing)?;
        Ok(before ^ (changed << self.trailing))
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Bits from the highest of each byte on.
struct Bits<'a> {
    rest: &'a [u8],
    /// The bits that come next, in its lowest places.
    held: u64,
    /// How many of `held` are still to come.
    left: u32,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            held: 0,
            left: 0,
        }
    }

    /// The next bits, 64 at most.
    fn take(&mut self, count: u32) -> Result<u64, Malformed> {
        if count > self.left {
            self.fill();
            if count > self.left {
                return self.take_long(count);
            }
        }
        self.left -= count;
        let bits = self.held >> self.left;
        Ok(if count == 64 {
            bits
        } else {
            bits & ((1 << count) - 1)
        })
    }

    /// More bits than are held at a time.
    #[cold]
    fn take_long(&mut self, count: u32) -> Result<u64, Malformed> {
        const HALF: u32 = 32;
        if count <= HALF {
            return Err(Malformed);
        }
        let high = self.take(count - HALF)?;
        Ok(high << HALF | self.take(HALF)?)
    }

    fn fill(&mut self) {
        while self.left <= 56 {
            let Some((byte, rest)) = self.rest.split_first() else {
                return;
            };
            self.held = self.held << 8 | u64::from(*byte);
            self.left += 8;
            self.rest = rest;
        }
    }

    /// A number of seven bits a byte.
    fn number(&mut self) -> Result<u64, Malformed> {
        let mut bytes = [0; 10];
        for at in 0..bytes.len() {
            let [byte, ..] = self.take(8)?.to_le_bytes();
            bytes[at] = byte;
            if byte & 0x80 == 0 {
                let (number, _) = wire::number(&bytes[..=at]).ok_or(Malformed)?;
                return Ok(number);
            }
        }
        Err(Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(chunk: &[u8]) -> Result<Vec<(i64, f64)>, Malformed> {
        let mut all = Vec::new();
        read(chunk, |time, value| all.push((time, value))).map(|()| all)
    }

    /// Writes bits as text says: `10` are two of them, a byte is filled with zeros.
    fn packed(bits: &str) -> Vec<u8> {
        let bits: Vec<char> = bits.chars().filter(|c| *c != ' ').collect();
        let byte = |bits: &[char]| {
            let at = |place: usize| u8::from(bits.get(place) == Some(&'1'));
            (0..8).fold(0, |byte, place| byte << 1 | at(place))
        };
        bits.chunks(8).map(byte).collect()
    }

    /// By hand: 1000 ms and 1.5; 15 s later the same value; 1 ms less than as far
    /// again, 3.0; then 15 s further, and 3.5 with the window of before.
    #[test]
    fn a_chunk_that_was_packed_by_hand_is_read() {
        // They differ in places 52 to 62, and in place 50: a window of 13 bits has both.
        let changed = (1.5_f64.to_bits() ^ 3.0_f64.to_bits()) >> 50;
        let again = (3.0_f64.to_bits() ^ 3.5_f64.to_bits()) >> 50;
        let mut chunk = vec![0, 4, 0xd0, 0x0f];
        chunk.extend(1.5_f64.to_be_bytes());
        chunk.extend([0x98, 0x75]);
        chunk.extend(packed(&format!(
            "0  10 11111111111111 11 00001 001101 {changed:013b}  110 {:017b} 10 {again:013b}",
            15_001
        )));
        let expected = [(1_000, 1.5), (16_000, 1.5), (30_999, 3.0), (60_999, 3.5)];
        assert_eq!(all(&chunk).unwrap(), expected);
    }

    #[test]
    fn numbers_of_either_sign_and_any_length_are_read() {
        assert_eq!((signed(0), signed(1), signed(2)), (0, -1, 1));
        assert_eq!(
            (signed(u64::MAX), signed(u64::MAX - 1)),
            (i64::MIN, i64::MAX)
        );
        let mut chunk = vec![0, 1];
        let mut time = wire::Message::default();
        time.number(0, u64::MAX);
        chunk.extend(&time.written()[1..]);
        chunk.extend(f64::NAN.to_be_bytes());
        assert_eq!(all(&chunk).unwrap()[0].0, i64::MIN);
    }

    #[test]
    fn what_is_cut_is_malformed_and_nothing_is_nothing() {
        assert_eq!(all(&[]).unwrap(), []);
        assert_eq!(all(&[0, 0]).unwrap(), []);
        let mut chunk = vec![0, 3, 2];
        chunk.extend(1.0_f64.to_be_bytes());
        chunk.extend([1]);
        assert_eq!(all(&chunk), Err(Malformed));
        for length in 3..chunk.len() {
            assert_eq!(all(&chunk[..length]), Err(Malformed));
        }
        // 31 leading zeros and 40 bits are more than 64.
        chunk.extend(packed("11 11111 101000"));
        assert_eq!(all(&chunk), Err(Malformed));
    }
}
