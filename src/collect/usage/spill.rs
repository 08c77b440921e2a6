//! Columns of samples that wait in a temporary file.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;

use bytemuck::{cast_slice, cast_slice_mut};

use super::growing::length;

/// Bytes of one sample.
const SAMPLE: u64 = 4;

/// A file without a name: it is gone with the process, however that ends.
#[derive(Debug)]
pub(super) struct Spill {
    file: File,
    /// Samples in it.
    len: u64,
}

/// A stretch of one column, and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The place of its first sample among all.
    at: u64,
    /// The slot of that.
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
    pub(super) fn new() -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        Ok(Self { file, len: 0 })
    }

    /// Writes the samples of slots from `first` on behind all others.
    pub(super) fn put(&mut self, first: u32, samples: &[f32]) -> io::Result<Stretch> {
        self.file.seek(SeekFrom::Start(self.len * SAMPLE))?;
        self.file.write_all(cast_slice(samples))?;
        let stretch = Stretch {
            at: self.len,
            first,
            len: u32::try_from(samples.len()).unwrap_or(u32::MAX),
            is_whole: !samples.iter().any(|it| it.is_nan()),
        };
        self.len += u64::from(stretch.len);
        Ok(stretch)
    }

    /// Reads a stretch into as many samples.
    pub(super) fn get(&mut self, stretch: &Stretch, samples: &mut [f32]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(stretch.at * SAMPLE))?;
        self.file.read_exact(cast_slice_mut(samples))
    }
}
