//! An answer in frames: the length of a message, its checksum, the message.
//!
//! The length is a varint, the checksum four bytes of CRC32-C, the highest first.

use super::wire;
use crate::collect::prometheus::answer::Broken;

/// Servers send frames of 1 MiB unless they are told otherwise, and readers take up to
/// 50 MB.
const LARGEST: usize = 50_000_000;

const CHECKSUM: usize = 4;

/// Bytes that are not a whole frame yet.
#[derive(Debug, Default)]
pub(in super::super) struct Frames {
    held: Vec<u8>,
    /// Bytes of whole frames so far.
    read: u64,
}

impl Frames {
    /// Takes the next bytes, and gives the message of each frame that is whole.
    pub(in super::super) fn feed(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(&[u8]) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        let mut held = std::mem::take(&mut self.held);
        let fresh = held.is_empty();
        if !fresh {
            held.extend_from_slice(bytes);
        }
        let all = if fresh { bytes } else { &held };
        let mut at = 0;
        while let Some((message, length)) = self.first(&all[at..])? {
            each(message)?;
            at += length;
            self.read += length as u64;
        }
        if fresh {
            held.extend_from_slice(&bytes[at..]);
        } else {
            held.drain(..at);
        }
        self.held = held;
        Ok(())
    }

    /// Whether the answer ended with a frame.
    pub(in super::super) fn finish(&self) -> Result<(), Broken> {
        if self.held.is_empty() {
            Ok(())
        } else {
            Err(Broken::Truncated(self.read))
        }
    }

    /// Bytes of whole frames so far.
    pub(in super::super) fn length(&self) -> u64 {
        self.read
    }

    /// The message of the first frame, and the length of the frame.
    fn first<'a>(&self, bytes: &'a [u8]) -> Result<Option<(&'a [u8], usize)>, Broken> {
        let garbage = Broken::Garbage(self.read);
        let Some((length, head)) = wire::number(bytes) else {
            return if wire::may_end(bytes) {
                Ok(None)
            } else {
                Err(garbage)
            };
        };
        let length = usize::try_from(length).ok();
        let Some(length) = length.filter(|length| *length <= LARGEST) else {
            return Err(garbage);
        };
        let Some((checksum, rest)) = bytes[head..].split_first_chunk::<CHECKSUM>() else {
            return Ok(None);
        };
        let Some(message) = rest.get(..length) else {
            return Ok(None);
        };
        if crc32c::crc32c(message) != u32::from_be_bytes(*checksum) {
            return Err(garbage);
        }
        Ok(Some((message, head + CHECKSUM + length)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(message: &[u8]) -> Vec<u8> {
        let mut frame = vec![u8::try_from(message.len()).unwrap()];
        frame.extend(crc32c::crc32c(message).to_be_bytes());
        frame.extend(message);
        frame
    }

    fn read(bytes: &[u8], piece: usize) -> Result<Vec<Vec<u8>>, Broken> {
        let (mut frames, mut seen) = (Frames::default(), Vec::new());
        for part in bytes.chunks(piece) {
            frames.feed(part, |message| {
                seen.push(message.to_vec());
                Ok(())
            })?;
        }
        frames.finish().map(|()| seen)
    }

    #[test]
    fn frames_come_out_whole_however_the_bytes_arrive() {
        let all = [frame(b"one"), frame(b""), frame(&[7; 100])].concat();
        for piece in 1..=all.len() {
            let seen = read(&all, piece).unwrap();
            assert_eq!(seen, [b"one".to_vec(), vec![], vec![7; 100]]);
        }
        for length in 1..all.len() {
            let whole = [8, 13].contains(&length);
            assert_eq!(read(&all[..length], 5).is_ok(), whole, "{length}");
        }
    }

    #[test]
    fn what_has_another_checksum_or_no_end_is_garbage() {
        let mut wrong = frame(b"one");
        wrong[6] ^= 1;
        assert_eq!(read(&wrong, 3), Err(Broken::Garbage(0)));
        assert_eq!(read(&[0xff; 12], 1), Err(Broken::Garbage(0)));
        let huge = [0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0];
        assert_eq!(read(&huge, 4), Err(Broken::Garbage(0)));
    }
}
