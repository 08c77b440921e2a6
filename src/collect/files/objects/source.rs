use std::cell::Cell;
use std::io::{self, Read};

use super::super::input::{self, Bytes};
use crate::snapshot::check_room;

const BUFFER: usize = 1 << 18;

/// What is kept of a line that is looked at, in bytes.
const KEPT: usize = 1024;

/// The most that one object may take: bytes of its text, and [`NESTED`] for each
/// map in it. The API server takes no object of more than 3 MiB.
pub(super) const LARGEST: u64 = 16 << 20;

/// What a map takes in memory beside its text, in bytes, at the least.
pub(super) const NESTED: u64 = 32;

/// What is read at the moment.
#[derive(Debug)]
pub(super) struct Place {
    /// The line, from 1.
    line: Cell<u64>,
    /// What was read since the last object.
    taken: Cell<u64>,
    /// What was read until there was last seen to be room, and since then.
    checked: Cell<u64>,
    unchecked: Cell<u64>,
}

impl Place {
    pub(super) fn start() -> Self {
        Self {
            line: Cell::new(1),
            taken: Cell::new(0),
            checked: Cell::new(0),
            unchecked: Cell::new(0),
        }
    }

    pub(super) fn line(&self) -> u64 {
        self.line.get()
    }

    pub(super) fn set_line(&self, line: u64) {
        self.line.set(line);
    }

    /// What was read since the last object.
    pub(super) fn taken(&self) -> u64 {
        self.taken.get()
    }

    /// Notes what one object takes; fails where it is too much.
    pub(super) fn take(&self, bytes: u64) -> io::Result<()> {
        self.taken.set(self.taken.get() + bytes);
        if self.taken.get() <= LARGEST {
            return self.check_room(bytes);
        }
        let text = format!("one object of more than {} MiB", LARGEST >> 20);
        Err(io::Error::new(io::ErrorKind::FileTooLarge, text))
    }

    /// Now and then looks at whether there is room for what is made of all objects.
    fn check_room(&self, bytes: u64) -> io::Result<()> {
        self.unchecked.set(self.unchecked.get() + bytes);
        if self.unchecked.get() < LARGEST {
            return Ok(());
        }
        self.checked.set(self.checked.get() + self.unchecked.take());
        let room = check_room(self.checked.get() + 4 * LARGEST);
        room.map_err(|problem| io::Error::new(io::ErrorKind::OutOfMemory, problem))
    }

    /// What the last object took; the next one begins.
    pub(super) fn next(&self) -> u64 {
        self.taken.replace(0)
    }
}

/// A dump as text, read line by line or as JSON.
pub(super) struct Source<'a> {
    raw: Bytes<'a>,
    /// What was read ahead, from `at` on.
    buffer: Vec<u8>,
    at: usize,
    place: &'a Place,
    begun: bool,
}

/// What a dump looks like from where it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    End,
    Json,
    /// A line of the logs that `kubectl cluster-info dump` puts between objects.
    Mark,
    Other,
}

impl<'a> Source<'a> {
    pub(super) fn new(raw: Bytes<'a>, place: &'a Place) -> io::Result<Self> {
        Ok(Self {
            raw: input::decoded(raw)?,
            buffer: Vec::new(),
            at: 0,
            place,
            begun: false,
        })
    }

    /// Passes over blank lines, and tells what comes then. Only what is JSON as
    /// far as can be seen is JSON: YAML may begin in the same way.
    pub(super) fn next(&mut self) -> io::Result<Next> {
        self.pass_blank_lines()?;
        let seen = if self.begun { KEPT } else { BUFFER };
        self.begun = true;
        let text = self.look(seen)?.trim_ascii_start();
        let text = &text[..text.len().min(seen)];
        let json = |text: &[u8]| matches!(text.first(), Some(b'{' | b'[')) && is_json(text);
        if text.is_empty() {
            return Ok(Next::End);
        }
        if text.starts_with(MARK) {
            return Ok(Next::Mark);
        }
        if json(text) {
            return Ok(Next::Json);
        }
        // What separates documents of YAML may separate those of JSON too.
        let parted = text.strip_prefix(b"---").map(<[u8]>::trim_ascii_start);
        if parted.is_some_and(json) {
            self.pass("---".len());
            return Ok(Next::Json);
        }
        Ok(Next::Other)
    }

    /// The line that comes next, as far as it is short.
    pub(super) fn peek_line(&mut self) -> io::Result<String> {
        let text = self.look(KEPT)?;
        let line = text.split(|byte| *byte == b'\n').next().unwrap_or(text);
        let line = &line[..line.len().min(KEPT)];
        Ok(String::from_utf8_lossy(line).trim_end().to_owned())
    }

    /// Passes over the next line, and gives its start; `None` at the end.
    pub(super) fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line: Option<Vec<u8>> = None;
        loop {
            let text = self.look(1)?;
            if text.is_empty() {
                return Ok(line);
            }
            let end = text.iter().position(|byte| *byte == b'\n');
            let part = &text[..end.unwrap_or(text.len())];
            let passed = end.map_or(part.len(), |end| end + 1);
            let kept = line.get_or_insert_default();
            let room = KEPT.saturating_sub(kept.len()).min(part.len());
            kept.extend_from_slice(&part[..room]);
            self.pass(passed);
            if end.is_some() {
                return Ok(line);
            }
        }
    }

    /// All that is left; fails where that is more than `most` bytes.
    pub(super) fn rest(&mut self, most: u64) -> io::Result<Vec<u8>> {
        let mut text = self.buffer.split_off(self.at);
        self.raw.by_ref().take(most + 1).read_to_end(&mut text)?;
        if u64::try_from(text.len()).is_ok_and(|taken| taken <= most) {
            return Ok(text);
        }
        let problem = format!("more than {} MiB of YAML", most >> 20);
        Err(io::Error::new(io::ErrorKind::FileTooLarge, problem))
    }

    /// YAML must keep the indentation of its first line.
    fn pass_blank_lines(&mut self) -> io::Result<()> {
        loop {
            let text = self.look(KEPT)?;
            let blanks = text.len() - text.trim_ascii_start().len();
            let all = blanks == text.len();
            let end = text[..blanks].iter().rposition(|byte| *byte == b'\n');
            let passed = if all {
                blanks
            } else {
                end.map_or(0, |end| end + 1)
            };
            self.pass(passed);
            if !all || passed == 0 {
                return Ok(());
            }
        }
    }

    /// What comes next: at least so many bytes, unless there are less.
    fn look(&mut self, least: usize) -> io::Result<&[u8]> {
        if self.buffer.len() - self.at < least {
            self.buffer.drain(..self.at);
            self.at = 0;
            let more = u64::try_from(BUFFER).unwrap_or(u64::MAX);
            self.raw.by_ref().take(more).read_to_end(&mut self.buffer)?;
        }
        Ok(&self.buffer[self.at..])
    }

    fn pass(&mut self, bytes: usize) {
        let passed = &self.buffer[self.at..self.at + bytes];
        self.place.set_line(self.place.line() + lines(passed));
        self.at += bytes;
    }
}

/// What begins and ends logs in the output of `kubectl cluster-info dump`.
pub(super) const MARK: &[u8] = b"==== ";

/// Whether a text, as far as it goes, is made of what JSON is made of.
fn is_json(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = match first {
            b'"' => after_text(after),
            byte if is_mark(*byte) || byte.is_ascii_whitespace() => after,
            _ if rest.starts_with(MARK) => return true,
            _ => {
                let words: [&[u8]; 3] = [b"true", b"false", b"null"];
                let word = words.into_iter().find(|word| {
                    let seen = word.len().min(rest.len());
                    rest[..seen] == word[..seen]
                });
                let Some(word) = word else {
                    return false;
                };
                &rest[word.len().min(rest.len())..]
            }
        };
    }
    true
}

/// What JSON is made of outside of texts and words.
fn is_mark(byte: u8) -> bool {
    byte.is_ascii_digit() || b"{}[]:,.+-eE".contains(&byte)
}

/// What follows a text whose first quote is passed.
fn after_text(mut rest: &[u8]) -> &[u8] {
    while let Some((first, after)) = rest.split_first() {
        rest = match first {
            b'"' => return after,
            b'\\' => after.get(1..).unwrap_or_default(),
            _ => after,
        };
    }
    rest
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let text = self.look(1)?;
        let bytes = text.len().min(buffer.len());
        let read = &text[..bytes];
        buffer[..bytes].copy_from_slice(read);
        let maps: u64 = read.iter().map(|byte| u64::from(*byte == b'{')).sum();
        let taken = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.pass(bytes);
        self.place.take(taken + maps * NESTED)?;
        Ok(bytes)
    }
}

/// How many lines end in it.
pub(super) fn lines(text: &[u8]) -> u64 {
    let ends = text.iter().filter(|byte| **byte == b'\n');
    u64::try_from(ends.count()).unwrap_or(u64::MAX)
}
