//! Protocol buffers as far as remote read needs them: numbers, and bytes with a length.
//!
//! <https://protobuf.dev/programming-guides/encoding/>

/// Kinds of fields on the wire.
const NUMBER: u64 = 0;
const EIGHT_BYTES: u64 = 1;
const BYTES: u64 = 2;
const FOUR_BYTES: u64 = 5;

/// The longest number: ten bytes of seven bits.
const LONGEST_NUMBER: usize = 10;

/// What is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Of four or eight bytes, which no message here has.
    Fixed,
}

impl<'a> Value<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Malformed),
        }
    }

    pub(super) fn number(self) -> Result<u64, Malformed> {
        match self {
            Self::Number(number) => Ok(number),
            _ => Err(Malformed),
        }
    }
}

/// The fields of a message, in their order: number and value.
#[derive(Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or(Malformed))
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let key = self.number()?;
        let value = match key & 7 {
            NUMBER => Value::Number(self.number()?),
            BYTES => {
                let length = usize::try_from(self.number()?).ok()?;
                Value::Bytes(self.take(length)?)
            }
            EIGHT_BYTES => self.take(8).map(|_| Value::Fixed)?,
            FOUR_BYTES => self.take(4).map(|_| Value::Fixed)?,
            _ => return None,
        };
        Some((key >> 3, value))
    }

    fn number(&mut self) -> Option<u64> {
        let (number, length) = number(self.0)?;
        self.0 = &self.0[length..];
        Some(number)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

/// A number at the front, and its length in bytes; `None` where it does not end.
pub(super) fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    for (at, byte) in bytes.iter().take(LONGEST_NUMBER).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((number, at + 1));
        }
    }
    None
}

/// Whether a number that is not whole yet may still end.
pub(super) fn may_end(bytes: &[u8]) -> bool {
    bytes.len() < LONGEST_NUMBER
}

/// A message that is being written.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn number(&mut self, field: u64, value: u64) -> &mut Self {
        self.raw(field << 3 | NUMBER);
        self.raw(value);
        self
    }

    pub(super) fn bytes(&mut self, field: u64, bytes: &[u8]) -> &mut Self {
        self.raw(field << 3 | BYTES);
        self.raw(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn message(&mut self, field: u64, message: &Self) -> &mut Self {
        self.bytes(field, &message.0)
    }

    pub(super) fn written(&self) -> &[u8] {
        &self.0
    }

    fn raw(&mut self, mut number: u64) {
        loop {
            let [low, ..] = number.to_le_bytes();
            number >>= 7;
            if number == 0 {
                return self.0.push(low & 0x7f);
            }
            self.0.push(low | 0x80);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut inner = Message::default();
        inner.number(1, 300).number(2, u64::MAX);
        let mut outer = Message::default();
        outer.message(4, &inner).bytes(20, b"shop").number(1, 0);
        let fields: Result<Vec<_>, _> = Fields(outer.written()).collect();
        let fields = fields.unwrap();
        assert_eq!(fields[1], (20, Value::Bytes(b"shop")));
        assert_eq!(fields[2], (1, Value::Number(0)));
        let inner: Result<Vec<_>, _> = Fields(fields[0].1.bytes().unwrap()).collect();
        let numbers = [(1, Value::Number(300)), (2, Value::Number(u64::MAX))];
        assert_eq!(inner.unwrap(), numbers);
    }

    #[test]
    fn what_is_cut_or_endless_is_malformed() {
        for bytes in [
            &b"\x08"[..],
            b"\x0a\x05abc",
            b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x0b\x01",
            b"\x0d\x01\x02",
        ] {
            let all: Vec<_> = Fields(bytes).collect();
            assert_eq!(all.last(), Some(&Err(Malformed)), "{bytes:?}");
        }
    }
}
