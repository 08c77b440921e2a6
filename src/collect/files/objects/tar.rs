//! Archives of tar, member by member. Nothing is ever unpacked to disk.

use std::io::{self, Read};

use super::super::input::Bytes;

const BLOCK: usize = 512;

/// The longest name, and the longest list of properties of a member, in bytes.
const LONGEST: u64 = 64 << 10;

/// Whether a file that begins with this is an archive.
pub(super) fn is_archive(start: &[u8]) -> bool {
    start.get(257..262) == Some(b"ustar")
}

/// What is known of a member before its content.
struct Header {
    name: String,
    size: u64,
    kind: u8,
}

/// Gives each file of an archive, with its name, to `visit`.
///
/// Source: POSIX.1-2001 (`ustar` and `pax`), and how GNU tar writes long names.
pub(super) fn each(mut raw: Bytes<'_>, mut visit: impl FnMut(&str, Bytes<'_>)) -> io::Result<()> {
    let mut long_name = None;
    let mut long_size = None;
    while let Some(header) = header(&mut raw)? {
        match header.kind {
            b'L' => {
                let text = text(&mut raw, header.size)?;
                long_name = Some(text.trim_end_matches('\0').to_owned());
            }
            b'x' => {
                let properties = text(&mut raw, header.size)?;
                long_name = property(&properties, "path").map(str::to_owned);
                long_size = property(&properties, "size").and_then(|size| size.parse().ok());
            }
            kind => {
                let size = long_size.take().unwrap_or(header.size);
                let name = long_name.take().unwrap_or(header.name);
                let mut content = raw.by_ref().take(size);
                if matches!(kind, b'0' | b'7' | 0) && !name.ends_with('/') {
                    visit(&name, Box::new(&mut content));
                }
                let left = content.limit();
                skip(&mut raw, left.saturating_add(padding(size)))?;
            }
        }
    }
    Ok(())
}

/// The next header; `None` at the end, which is a block of zeros or nothing.
fn header(raw: &mut impl Read) -> io::Result<Option<Header>> {
    let mut read = Vec::with_capacity(BLOCK);
    raw.by_ref().take(BLOCK as u64).read_to_end(&mut read)?;
    if read.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let Ok(block) = <[u8; BLOCK]>::try_from(read) else {
        return Err(io::ErrorKind::UnexpectedEof.into());
    };
    let bad = || {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "a header in the archive is damaged",
        )
    };
    if number(&block[148..156]) != Some(checksum(&block)) {
        return Err(bad());
    }
    let name = text_of(&block[..100]);
    let folder = text_of(&block[345..500]);
    // GNU tar keeps other things where POSIX keeps the folder.
    let posix = block[263..265] == *b"00";
    Ok(Some(Header {
        name: if posix && !folder.is_empty() {
            format!("{folder}/{name}")
        } else {
            name
        },
        size: number(&block[124..136]).ok_or_else(bad)?,
        kind: block[156],
    }))
}

/// The sum of all bytes, those of the sum itself as blanks.
fn checksum(block: &[u8; BLOCK]) -> u64 {
    let sum = |part: &[u8]| part.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    sum(&block[..148]) + 8 * u64::from(b' ') + sum(&block[156..])
}

/// Octal digits, or a number as GNU tar writes large ones.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let bytes = field.last_chunk::<8>()?;
        return Some(u64::from_be_bytes(*bytes));
    }
    let digits = text_of(field);
    match digits.trim() {
        "" => Some(0),
        digits => u64::from_str_radix(digits, 8).ok(),
    }
}

fn text_of(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&field[..end.unwrap_or(field.len())]).into_owned()
}

/// The content of a member that is about the next one.
fn text(raw: &mut impl Read, size: u64) -> io::Result<String> {
    if size > LONGEST {
        let text = "the archive has a name that is too long";
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let mut text = Vec::new();
    raw.by_ref().take(size).read_to_end(&mut text)?;
    skip(raw, padding(size))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// One of the lines `LENGTH NAME=VALUE`.
fn property<'a>(properties: &'a str, name: &str) -> Option<&'a str> {
    let lines = properties.lines();
    let mut pairs = lines.filter_map(|line| line.split_once(' ')?.1.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// What fills the last block of a member.
fn padding(size: u64) -> u64 {
    let block = BLOCK as u64;
    (block - size % block) % block
}

fn skip(raw: &mut impl Read, bytes: u64) -> io::Result<()> {
    let skipped = io::copy(&mut raw.take(bytes), &mut io::sink())?;
    if skipped < bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
