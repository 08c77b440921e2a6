//! The one reader of answers: limited in size, time and shape, whatever sends them.
//!
//! Sizes count after decompression. An answer has the timeout, and more time with
//! what comes of it, so that a slow network is waited for and a drip is not; however much
//! came, nobody is waited for longer than the timeout from one byte to the next.

use std::ops::Deref;
use std::time::Duration;

use http::Response;
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use kube::client::Body;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::cause::Cause;
use super::deadline::Deadline;

/// The largest answer that is held as a whole: the usage of 150,000 pods, as many as
/// Kubernetes is made for, takes 100 MB.
pub(super) const LARGEST: u64 = 128 << 20;
/// The largest that is folded away as it comes.
pub(super) const LONGEST: u64 = 1 << 30;
/// The longest text that an answer may hold. Objects have no more than 1.5 MiB in
/// etcd, labels far less.
pub(super) const LONGEST_TOKEN: usize = 2 << 20;
/// Levels of JSON; serde_json goes no deeper either.
pub(super) const DEEPEST: usize = 128;
/// So much of an error is read.
const LONGEST_ERROR: usize = 64 << 10;
/// Bytes a second below which a server only keeps us waiting.
const SLOWEST: u32 = 64 << 10;
/// Of answers larger than this one is held at a time.
const SMALL: usize = 16 << 20;

static ROOM: Semaphore = Semaphore::const_new(1);

/// Why an answer is not read to its end.
#[derive(Debug)]
pub(super) enum Unread {
    /// It did not come in its time.
    Late,
    /// It is larger than this, in bytes.
    TooLarge(u64),
    /// It is no document that anybody writes.
    Odd(&'static str),
    Lost(Cause),
}

/// An answer as it comes.
pub(super) struct Reading {
    body: Body,
    left: u64,
    most: u64,
    until: Instant,
    /// The longest wait for more of it.
    timeout: Duration,
    deadline: Deadline,
}

impl Reading {
    /// Of a request that was sent at `started`.
    pub(super) fn new(
        response: Response<Body>,
        most: u64,
        (started, timeout): (Instant, Duration),
        deadline: &Deadline,
    ) -> Self {
        Self {
            body: response.into_body(),
            left: most,
            most,
            until: started + timeout,
            timeout,
            deadline: deadline.clone(),
        }
    }

    /// The next bytes; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Unread> {
        loop {
            let until = self.until.min(self.deadline.within(self.timeout));
            let frame = timeout_at(until, self.body.frame()).await;
            // What is always ready is never late by itself.
            if Instant::now() >= until {
                return Err(Unread::Late);
            }
            match frame.map_err(|_| Unread::Late)? {
                None => return Ok(None),
                Some(Err(error)) => return Err(Unread::Lost(Cause::of(&error))),
                Some(Ok(frame)) => {
                    let Ok(bytes) = frame.into_data() else {
                        continue;
                    };
                    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                    self.left = self
                        .left
                        .checked_sub(length)
                        .ok_or(Unread::TooLarge(self.most))?;
                    let length = u32::try_from(length).unwrap_or(u32::MAX);
                    self.until += Duration::from_secs(1) * length / SLOWEST;
                    return Ok(Some(bytes));
                }
            }
        }
    }

    /// All of a document of JSON.
    pub(super) async fn whole(mut self) -> Result<Whole, Unread> {
        let mut whole = Whole {
            bytes: Vec::new(),
            _room: None,
        };
        let mut has_room = false;
        let mut shape = Shape::default();
        while let Some(bytes) = self.next().await? {
            shape.feed(&bytes)?;
            if whole.bytes.len() + bytes.len() > SMALL && !has_room {
                let until = self.until.min(self.deadline.until());
                let room = timeout_at(until, ROOM.acquire()).await;
                let room = room.map_err(|_| Unread::Late)?.ok();
                whole = Whole {
                    _room: room,
                    ..whole
                };
                has_room = true;
            }
            whole.append(&bytes);
        }
        Ok(whole)
    }

    /// The beginning of an error; what cannot be read of it only makes it shorter.
    pub(super) async fn beginning(mut self) -> Vec<u8> {
        let mut held = Vec::new();
        while let Ok(Some(bytes)) = self.next().await {
            let room = LONGEST_ERROR - held.len();
            held.extend_from_slice(&bytes[..bytes.len().min(room)]);
            if held.len() == LONGEST_ERROR {
                break;
            }
        }
        held
    }
}

/// A document, and the room that it takes while it is held.
pub(super) struct Whole {
    bytes: Vec<u8>,
    _room: Option<SemaphorePermit<'static>>,
}

impl Whole {
    /// Grows by a quarter, where a vector doubles.
    fn append(&mut self, bytes: &[u8]) {
        if self.bytes.capacity() - self.bytes.len() < bytes.len() {
            let more = bytes.len().max(self.bytes.len() / 4);
            self.bytes.reserve_exact(more);
        }
        self.bytes.extend_from_slice(bytes);
    }
}

impl Deref for Whole {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What JSON looks like from afar, as it comes.
#[derive(Debug, Default)]
struct Shape {
    depth: usize,
    in_text: bool,
    escaped: bool,
    /// Bytes of the text, of the number or word, or of the blanks that it is in.
    run: usize,
    blank: bool,
}

impl Shape {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Unread> {
        for byte in bytes {
            let blank = byte.is_ascii_whitespace();
            match byte {
                _ if self.in_text => {
                    let ends = *byte == b'"' && !self.escaped;
                    self.escaped = *byte == b'\\' && !self.escaped;
                    self.in_text = !ends;
                    self.run += usize::from(!ends);
                }
                b'"' => {
                    self.in_text = true;
                    self.run = 0;
                }
                b'{' | b'[' => {
                    self.depth += 1;
                    self.run = 0;
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.run = 0;
                }
                b',' | b':' => self.run = 0,
                _ if blank == self.blank => self.run += 1,
                _ => self.run = 0,
            }
            self.blank = blank;
            if self.run > LONGEST_TOKEN {
                return Err(Unread::Odd("a text or a blank in it has no end"));
            }
            if self.depth > DEEPEST {
                return Err(Unread::Odd("it is nested too deeply"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(parts: &[&[u8]]) -> bool {
        let mut shape = Shape::default();
        parts.iter().all(|part| shape.feed(part).is_ok())
    }

    #[test]
    fn what_is_deep_or_long_without_end_is_odd() {
        let long = "a".repeat(LONGEST_TOKEN);
        for fine in [
            &br#"{"a":[{"b":"]]]]\"["}],"c":-1.5}"#.repeat(9)[..],
            &b"[]".repeat(DEEPEST * 2),
            format!("\"{long}\"").as_bytes(),
            &b"[1, 2]\n".repeat(LONGEST_TOKEN / 4),
        ] {
            assert!(fed(&[fine]));
        }
        for odd in ["a", " ", "1"] {
            let odd = odd.repeat(LONGEST_TOKEN);
            assert!(!fed(&[b"{\"x\":", odd.as_bytes(), odd.as_bytes()]));
        }
        let odd = format!("[\"\\\"{long}");
        assert!(!fed(&[odd.as_bytes(), b"aaaa"]));
        assert!(!fed(&[&b"[".repeat(DEEPEST), b"{"]));
    }
}
