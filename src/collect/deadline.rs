//! How long a run may take: a few timeouts, and more for all that arrives.
//!
//! A server that gives data buys time with it, so that no large cluster is cut off;
//! one that only keeps us waiting gets no more than [`RUN`] timeouts, whatever it does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Timeouts that a run takes without data. Ours: an answer that is late, its
/// repetition, and something else to fall back on.
const RUN: u32 = 4;
/// Timeouts that data can buy at most.
const BOUGHT: u32 = 60;

/// When something has to be over. Clones share it.
#[derive(Debug, Clone)]
pub struct Deadline {
    own: Arc<Mutex<Span>>,
    /// Of what it is a part: neither is overrun.
    whole: Option<Box<Deadline>>,
}

#[derive(Debug)]
struct Span {
    began: Instant,
    until: Instant,
    /// Time that may still be bought.
    left_to_buy: Duration,
    timeout: Duration,
}

impl Span {
    fn new(timeout: Duration, wait: Duration) -> Self {
        let began = Instant::now();
        Self {
            began,
            until: began + wait,
            left_to_buy: timeout.saturating_mul(BOUGHT),
            timeout,
        }
    }
}

impl Deadline {
    /// Of a run that begins now and waits so long for one answer.
    pub fn new(timeout: Duration) -> Self {
        Self {
            own: Arc::new(Mutex::new(Span::new(timeout, timeout.saturating_mul(RUN)))),
            whole: None,
        }
    }

    /// Of a part of it, which waits no longer than `wait` without data.
    pub(super) fn part(&self, wait: Duration) -> Self {
        let timeout = self.with(|span| span.timeout);
        Self {
            own: Arc::new(Mutex::new(Span::new(timeout, wait))),
            whole: Some(Box::new(self.clone())),
        }
    }

    /// Begins again, as a recording does with each round.
    pub(crate) fn restart(&self) {
        self.with(|span| {
            *span = Span::new(span.timeout, span.timeout.saturating_mul(RUN));
        });
    }

    /// The later for this much that came, at so much a second.
    pub(super) fn buy(&self, much: u64, a_second: u32) {
        let seconds = much / u64::from(a_second.max(1));
        let nanos = much % u64::from(a_second.max(1)) * 1_000_000_000 / u64::from(a_second.max(1));
        let bought = Duration::from_secs(seconds) + Duration::from_nanos(nanos);
        self.with(|span| {
            let bought = bought.min(span.left_to_buy);
            span.left_to_buy -= bought;
            span.until += bought;
        });
        if let Some(whole) = &self.whole {
            whole.buy(much, a_second);
        }
    }

    /// When it is over.
    pub(super) fn until(&self) -> Instant {
        let own = self.with(|span| span.until);
        match &self.whole {
            Some(whole) => own.min(whole.until()),
            None => own,
        }
    }

    /// When a wait that begins now and may last so long has to be over.
    pub(super) fn within(&self, wait: Duration) -> Instant {
        self.until().min(Instant::now() + wait)
    }

    /// The time that is left.
    pub(super) fn left(&self) -> Duration {
        self.until().saturating_duration_since(Instant::now())
    }

    pub(super) fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// How long it was in all, whole seconds where that is a second or more.
    pub(super) fn length(&self) -> Duration {
        let until = self.until();
        let of = |deadline: &Self| deadline.with(|span| span.began);
        let mut began = of(self);
        if let Some(whole) = self.whole.as_ref().filter(|whole| whole.is_over()) {
            began = of(whole);
        }
        let length = until.saturating_duration_since(began);
        if length >= Duration::from_secs(1) {
            Duration::from_secs(length.as_secs())
        } else {
            length
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Span) -> T) -> T {
        look(&mut self.own.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn near(deadline: &Deadline, seconds: f64) {
        let left = deadline.left().as_secs_f64();
        assert!((left - seconds).abs() < 0.5, "{left}");
    }

    #[test]
    fn data_buys_time_up_to_a_limit() {
        let run = Deadline::new(10 * SECOND);
        near(&run, 40.0);
        run.buy(5_000, 1_000);
        near(&run, 45.0);
        run.buy(u64::MAX, 1);
        near(&run, 640.0);
    }

    #[test]
    fn a_part_is_over_with_the_whole() {
        let run = Deadline::new(SECOND);
        let part = run.part(2 * SECOND);
        near(&part, 2.0);
        part.buy(30, 10);
        near(&part, 5.0);
        near(&run, 7.0);
        near(&run.part(100 * SECOND), 7.0);
        run.restart();
        near(&part, 4.0);
    }
}
