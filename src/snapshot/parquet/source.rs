//! Where the bytes of a table are.

use std::fs::File;
use std::io::{Cursor, Read as _, Seek as _, SeekFrom};
use std::ops::Range;

use polars_buffer::Buffer;
use polars_parquet::read::{FileMetadata, read_metadata};
use polars_utils::mmap::MMapSemaphore;

/// Bytes that are read whatever part of them is wanted; of more the part is mapped.
const FEW: u64 = 1 << 20;

/// What a table is read from.
#[derive(Debug)]
pub(crate) enum Source {
    File(File),
    /// What came through a pipe.
    Memory(Buffer<u8>),
}

impl Source {
    pub(crate) fn memory(bytes: Vec<u8>) -> Self {
        Self::Memory(bytes.into())
    }

    /// What the end of the table says of it, and how many bytes there are.
    pub(super) fn metadata(&mut self) -> Result<(FileMetadata, u64), String> {
        match self {
            Self::File(file) => {
                let size = file.metadata().map_err(|error| error.to_string())?.len();
                read_metadata(file).map(|metadata| (metadata, size))
            }
            Self::Memory(bytes) => {
                let size = bytes.len() as u64;
                read_metadata(&mut Cursor::new(&bytes[..])).map(|metadata| (metadata, size))
            }
        }
        .map_err(|error| error.to_string())
    }

    /// Some of the bytes. A file is read and not mapped, as what is mapped counts as
    /// memory: but for a range of which only a part is wanted, and which is large.
    pub(super) fn bytes(&mut self, range: Range<u64>, whole: bool) -> Result<Buffer<u8>, String> {
        let place = |at: u64| usize::try_from(at).map_err(|error| error.to_string());
        let places = place(range.start)?..place(range.end)?;
        let file = match self {
            Self::Memory(bytes) => return Ok(bytes.clone().sliced(places)),
            Self::File(file) => file,
        };
        if !whole && range.end - range.start > FEW {
            let mapped = MMapSemaphore::new_from_file(file).map_err(|error| error.to_string())?;
            return Ok(Buffer::from_owner(mapped).sliced(places));
        }
        // Room that is not filled with zeros before.
        let mut bytes = Vec::with_capacity(places.len());
        file.seek(SeekFrom::Start(range.start))
            .and_then(|_| file.take(range.end - range.start).read_to_end(&mut bytes))
            .map_err(|error| error.to_string())?;
        if bytes.len() < places.len() {
            return Err("it ends before its last values".to_owned());
        }
        Ok(bytes.into())
    }
}
