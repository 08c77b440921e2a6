//! Columns of samples that wait in a temporary file.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;

use bytemuck::{Pod, cast_slice, cast_slice_mut};

use super::growing::length;

/// A file without a name: it is gone with the process, however that ends.
#[derive(Debug)]
pub(in crate::collect) struct Spill {
    file: File,
    /// Bytes in it.
    len: u64,
}

/// What is said where it cannot be written.
pub(in crate::collect) fn stays_in_memory(why: impl Display) -> String {
    format!("usage stays in memory, as its temporary file cannot be written: {why}")
}

/// A stretch of one column, and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The byte that it begins at.
    at: u64,
    /// The slot of its first sample.
    first: u32,
    len: u32,
    /// Whether all of its slots are known.
    pub(super) is_whole: bool,
}

impl Stretch {
    pub(super) fn slots(&self) -> Range<usize> {
        let first = length(self.first);
        first..first + length(self.len)
    }
}

impl Spill {
    /// An empty one, in the folder for temporary files.
    pub(in crate::collect) fn new() -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        Ok(Self { file, len: 0 })
    }

    /// Where the next values will be.
    pub(in crate::collect) fn end(&self) -> u64 {
        self.len
    }

    /// Writes values behind all others, and says where they are.
    pub(in crate::collect) fn append(&mut self, values: &[impl Pod]) -> io::Result<u64> {
        let at = self.len;
        self.file.seek(SeekFrom::Start(at))?;
        let bytes: &[u8] = cast_slice(values);
        self.file.write_all(bytes)?;
        self.len += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(at)
    }

    /// Reads as many values as there is room for.
    pub(in crate::collect) fn read(&mut self, at: u64, values: &mut [impl Pod]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(at))?;
        self.file.read_exact(cast_slice_mut(values))
    }

    /// Writes the samples of slots from `first` on behind all others.
    pub(super) fn put(&mut self, first: u32, samples: &[f32]) -> io::Result<Stretch> {
        Ok(Stretch {
            at: self.append(samples)?,
            first,
            len: u32::try_from(samples.len()).unwrap_or(u32::MAX),
            is_whole: !samples.iter().any(|it| it.is_nan()),
        })
    }

    /// Reads a stretch into as many samples.
    pub(super) fn get(&mut self, stretch: &Stretch, samples: &mut [f32]) -> io::Result<()> {
        self.read(stretch.at, samples)
    }
}
