//! What can go wrong on the way to an answer.

use std::time::Duration;

/// One way for a path to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 401 with a `Status`, as for an expired token.
    Unauthorized,
    /// 403 with a `Status` that names user, verb and resource.
    Forbidden,
    /// A status without a body, each time.
    Status(u16),
    /// The same with a `Status` that says this.
    Says(u16, &'static str),
    /// A status the first `times` times, with `Retry-After` in seconds where one is given.
    Passing {
        status: u16,
        times: usize,
        retry_after: Option<u64>,
    },
    /// 410 for every token of a next page, the first `times` times.
    Expired { times: usize },
    /// An answer after this long.
    Slow(Duration),
    /// The connection ends without an answer, the first `times` times.
    Dropped { times: usize },
    /// The connection ends in the middle of the body, the first `times` times.
    Cut { times: usize },
    /// 200, and the page of a login portal.
    Garbage,
    /// 200, whole as HTTP, but JSON that ends in the middle.
    Truncated,
    /// Every object's `metadata.name` is a number, for one object in two.
    OddObjects,
    /// The same page again and again.
    Endless,
}

impl Fault {
    /// How often it strikes, where that is limited.
    pub fn times(self) -> Option<usize> {
        match self {
            Self::Passing { times, .. }
            | Self::Expired { times }
            | Self::Dropped { times }
            | Self::Cut { times } => Some(times),
            _ => None,
        }
    }
}
