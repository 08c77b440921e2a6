use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::progress::Task;

const BUFFER: usize = 1 << 18;

/// A file or standard input, unpacked where it is gzipped.
pub(super) struct Source<'a> {
    reader: Box<dyn BufRead + 'a>,
    /// The line that is read, from 1.
    line: &'a Cell<u64>,
}

impl<'a> Source<'a> {
    /// Opens a file; `-` is standard input.
    pub(super) fn open(path: &Path, task: &'a dyn Task, line: &'a Cell<u64>) -> io::Result<Self> {
        let raw: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path)?)
        };
        let mut raw = BufReader::with_capacity(BUFFER, Counted { raw, task });
        let gzipped = raw.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn BufRead + 'a> = if gzipped {
            Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(raw)))
        } else {
            Box::new(raw)
        };
        line.set(1);
        Ok(Self { reader, line })
    }

    /// Whether it begins as JSON does.
    pub(super) fn is_json(&mut self) -> io::Result<bool> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let blank = |byte: &u8| byte.is_ascii_whitespace() || b"\xef\xbb\xbf".contains(byte);
            let Some(at) = buffer.iter().position(|byte| !blank(byte)) else {
                let blanks = buffer.len();
                if blanks == 0 {
                    return Ok(true);
                }
                self.consume(blanks);
                continue;
            };
            let json = matches!(buffer[at], b'{' | b'[');
            // YAML must keep its indentation; JSON must lose a byte order mark.
            if json && buffer.starts_with(b"\xef\xbb\xbf") {
                self.reader.consume(3);
            }
            return Ok(json);
        }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.reader.read(buffer)?;
        self.line.set(self.line.get() + lines(&buffer[..bytes]));
        Ok(bytes)
    }
}

/// How many lines end in it.
pub(super) fn lines(text: &[u8]) -> u64 {
    let ends = text.iter().filter(|byte| **byte == b'\n');
    u64::try_from(ends.count()).unwrap_or(u64::MAX)
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        // Without any reading: what is consumed has been in the buffer.
        let passed = self
            .reader
            .fill_buf()
            .map_or(0, |buffer| lines(&buffer[..bytes]));
        self.line.set(self.line.get() + passed);
        self.reader.consume(bytes);
    }
}

/// Tells a task of every byte that is read.
struct Counted<'a> {
    raw: Box<dyn Read>,
    task: &'a dyn Task,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.raw.read(buffer)?;
        self.task.advance(u64::try_from(bytes).unwrap_or(0));
        Ok(bytes)
    }
}
