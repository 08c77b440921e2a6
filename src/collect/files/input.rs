//! Files and standard input, as bytes and as text.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::bufread::MultiGzDecoder;

use crate::progress::Task;

const BUFFER: usize = 1 << 16;

pub(super) type Bytes<'a> = Box<dyn Read + 'a>;

/// Opens a file; `-` is standard input. The task hears of every byte.
pub(super) fn open<'a>(path: &Path, task: &'a dyn Task) -> io::Result<Bytes<'a>> {
    let raw: Bytes = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path)?)
    };
    Ok(Box::new(Counted { raw, task }))
}

/// The first bytes, as many as there are, and all of it.
pub(super) fn peek(mut raw: Bytes<'_>, most: u64) -> io::Result<(Vec<u8>, Bytes<'_>)> {
    let mut start = Vec::new();
    raw.by_ref().take(most).read_to_end(&mut start)?;
    let whole = Cursor::new(start.clone()).chain(raw);
    Ok((start, Box::new(whole)))
}

/// The same, unpacked where it is gzipped.
pub(super) fn unpacked(raw: Bytes<'_>) -> io::Result<Bytes<'_>> {
    let (start, raw) = peek(raw, 2)?;
    if start != [0x1f, 0x8b] {
        return Ok(raw);
    }
    let packed = BufReader::with_capacity(BUFFER, raw);
    Ok(Box::new(MultiGzDecoder::new(packed)))
}

/// Text as UTF-8, whatever Windows has made of it: UTF-16 is known by the mark
/// at its start, or by the zeros beside its first letter. The mark is dropped.
pub(super) fn decoded(raw: Bytes<'_>) -> io::Result<Bytes<'_>> {
    let (start, raw) = peek(raw, 4)?;
    let unmarked: Option<&Encoding> = match start[..] {
        [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff] => {
            let text = "the text is UTF-32; save it as UTF-8";
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        [1..=0x7f, 0, ..] => Some(UTF_16LE),
        [0, 1..=0x7f, ..] => Some(UTF_16BE),
        _ => None,
    };
    let text = DecodeReaderBytesBuilder::new()
        .encoding(unmarked)
        .bom_override(true)
        .utf8_passthru(true)
        .strip_bom(true)
        .build(raw);
    Ok(Box::new(text))
}

/// Tells a task of every byte that is read.
struct Counted<'a> {
    raw: Bytes<'a>,
    task: &'a dyn Task,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.raw.read(buffer)?;
        self.task.advance(u64::try_from(bytes).unwrap_or(0));
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        decoded(Box::new(raw))?.read_to_string(&mut text)?;
        Ok(text)
    }

    fn wide(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn text_is_read_in_every_encoding_that_windows_writes() {
        for said in [
            "",
            "\u{feff}",
            "\u{feff}{}",
            "{\"a\": \"größe 日本 😀\"}",
            "a",
        ] {
            let plain = said.trim_start_matches('\u{feff}');
            assert_eq!(text(said.as_bytes()).unwrap(), plain);
            assert_eq!(text(&wide(said, u16::to_le_bytes)).unwrap(), plain);
            assert_eq!(text(&wide(said, u16::to_be_bytes)).unwrap(), plain);
        }
        assert!(text(b"\xff\xfe\0\0a\0\0\0").is_err());
        assert!(text(b"gr\xf6\xdfe").is_err());
    }
}
