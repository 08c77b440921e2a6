//! The series of a message: `ChunkedReadResponse` of the protocol.

use super::super::answer::Labels;
use super::wire::{Fields, Malformed};

/// The encoding of chunks that are read here.
const XOR: u64 = 1;

/// The longest labels of a series: longer ones name no container.
const LONGEST_LABELS: usize = 64 << 10;

/// One series, or a part of it: servers cut long ones over several messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Series<'a>(&'a [u8]);

/// A chunk of a series.
pub(super) enum Chunk<'a> {
    Xor(&'a [u8]),
    /// Histograms, or an encoding that is newer than this.
    Other,
}

/// The series of a message, and the number of the request that each answers.
pub(super) fn read<'a>(
    message: &'a [u8],
    mut each: impl FnMut(u64, Series<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    // The number stands behind the series.
    let mut request = 0;
    for field in Fields(message) {
        if let (2, value) = field? {
            request = value.number()?;
        }
    }
    for field in Fields(message) {
        if let (1, value) = field? {
            each(request, Series(value.bytes()?))?;
        }
    }
    Ok(())
}

impl<'a> Series<'a> {
    /// The bytes of its labels, to tell it from the one before.
    pub(super) fn key(self, key: &mut Vec<u8>) -> Result<(), Malformed> {
        key.clear();
        for field in Fields(self.0) {
            if let (1, value) = field? {
                key.extend_from_slice(value.bytes()?);
                if key.len() > LONGEST_LABELS {
                    return Err(Malformed);
                }
            }
        }
        Ok(())
    }

    pub(super) fn labels(self) -> Result<Labels, Malformed> {
        let mut labels = Labels::default();
        for field in Fields(self.0) {
            if let (1, value) = field? {
                let (mut name, mut text) = ("", "");
                for part in Fields(value.bytes()?) {
                    match part? {
                        (1, value) => name = utf8(value.bytes()?)?,
                        (2, value) => text = utf8(value.bytes()?)?,
                        _ => {}
                    }
                }
                labels.push(name, text);
            }
        }
        Ok(labels)
    }

    pub(super) fn chunks(
        self,
        mut each: impl FnMut(Chunk<'a>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        for field in Fields(self.0) {
            if let (2, value) = field? {
                let (mut encoding, mut data) = (0, &[][..]);
                for part in Fields(value.bytes()?) {
                    match part? {
                        (3, value) => encoding = value.number()?,
                        (4, value) => data = value.bytes()?,
                        _ => {}
                    }
                }
                each(match encoding {
                    XOR => Chunk::Xor(data),
                    _ => Chunk::Other,
                })?;
            }
        }
        Ok(())
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed)
}
