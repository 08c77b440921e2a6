//! What time it is, for a recording that outlives changes of the clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Clocks that differ by less agree, in seconds. Samples are up to 90 s old when
/// they are read.
const TOLERANCE: i64 = 120;

/// Time that goes on evenly from where it began, whatever the clock does.
///
/// Every moment is given as `ran`: how long the program has been running, which
/// no change of the clock touches, and which stands still while a machine sleeps.
#[derive(Debug)]
pub(super) struct Timeline {
    base: Timestamp,
    began: Duration,
    /// How far ahead the clock was when that was last told, in seconds.
    told: i64,
}

/// What time it is when a recording begins or goes on: the clock of this machine,
/// the newest samples of the cluster and the end of the recording vote.
///
/// Where clock and samples agree, it is theirs, even before the end of a recording
/// that was made under a wrong clock. Else time goes on from the end of the
/// recording: with whichever of the two is later and nearer to it, as pauses are
/// rather short than long; without samples not at all, until there are some.
pub(super) fn vote(
    clock: Timestamp,
    samples: Option<Timestamp>,
    held: Option<Timestamp>,
) -> Timestamp {
    let apart = |a: Timestamp, b: Timestamp| a.as_second() - b.as_second();
    let Some(samples) = samples else {
        return held.unwrap_or(clock);
    };
    let Some(held) = held.filter(|_| apart(clock, samples).abs() > TOLERANCE) else {
        return clock;
    };
    let later = [clock, samples].into_iter();
    let later = later.filter(|time| apart(*time, held) >= -TOLERANCE);
    later.min().map_or(held, |time| time.max(held))
}

/// How far a recording is ahead of a time that clock and cluster agree on, in seconds.
pub(super) fn ahead(held: Option<Timestamp>, now: Timestamp) -> Option<i64> {
    let ahead = held?.as_second() - now.as_second();
    (ahead > TOLERANCE).then_some(ahead)
}

/// The clock is not where it should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Jump {
    /// Clock and cluster agree that time has passed: the machine slept.
    Slept { from: Timestamp, to: Timestamp },
    /// Only the clock has moved, by so many seconds.
    Clock { seconds: i64 },
}

impl Timeline {
    pub(super) fn new(base: Timestamp, ran: Duration) -> Self {
        Self {
            base,
            began: ran,
            told: 0,
        }
    }

    pub(super) fn now(&self, ran: Duration) -> Timestamp {
        let passed = SignedDuration::try_from(ran.saturating_sub(self.began));
        let now = self.base.checked_add(passed.unwrap_or_default());
        now.unwrap_or(Timestamp::MAX)
    }

    /// Holds the clock of this machine against the times of new samples.
    ///
    /// Two against one: where clock and samples agree the time is corrected, and
    /// only forward; else it goes on as it was.
    pub(super) fn check(
        &mut self,
        ran: Duration,
        clock: Timestamp,
        samples: Option<Timestamp>,
    ) -> Option<Jump> {
        let now = self.now(ran);
        let ahead = clock.as_second() - now.as_second();
        let samples = samples?;
        let agree = (clock.as_second() - samples.as_second()).abs() <= TOLERANCE;
        if ahead > TOLERANCE && agree {
            self.base = clock;
            self.began = ran;
            self.told = 0;
            return Some(Jump::Slept {
                from: now,
                to: clock,
            });
        }
        let seconds = ahead - self.told;
        (seconds.abs() > TOLERANCE).then(|| {
            self.told = ahead;
            Jump::Clock { seconds }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(START + second).unwrap()
    }

    fn timeline() -> Timeline {
        Timeline::new(at(0), Duration::from_secs(5))
    }

    fn ran(seconds: u64) -> Duration {
        Duration::from_secs(5 + seconds)
    }

    #[test]
    fn time_goes_on_while_the_clock_is_right() {
        let mut line = timeline();
        assert_eq!(line.check(ran(60), at(61), Some(at(10))), None);
        assert_eq!(line.now(ran(60)), at(60));
    }

    #[test]
    fn a_clock_that_jumps_alone_is_told_once_and_not_followed() {
        let mut line = timeline();
        for jump in [7_200, -7_200] {
            let seconds = jump - line.told;
            let clock = at(60 + jump);
            let told = line.check(ran(60), clock, Some(at(50)));
            assert_eq!(told, Some(Jump::Clock { seconds }));
            assert_eq!(line.check(ran(60), clock, Some(at(50))), None);
        }
        assert_eq!(line.now(ran(60)), at(60));
    }

    #[test]
    fn a_machine_that_slept_catches_up() {
        let mut line = timeline();
        let jump = line.check(ran(60), at(7_260), Some(at(7_200)));
        let slept = Jump::Slept {
            from: at(60),
            to: at(7_260),
        };
        assert_eq!(jump, Some(slept));
        assert_eq!(line.now(ran(90)), at(7_290));
        assert_eq!(line.check(ran(90), at(7_290), Some(at(7_250))), None);
    }

    #[test]
    fn clock_samples_and_recording_vote() {
        let (samples, held) = (Some(at(990)), Some(at(900)));
        let year = 365 * 86_400;
        for (clock, samples, held, time, why) in [
            (at(1_000), None, None, at(1_000), "nobody else knows"),
            (at(1_000), samples, None, at(1_000), "they agree"),
            (at(1_000), samples, held, at(1_000), "all agree"),
            (at(year), samples, None, at(year), "one against one"),
            (at(year), samples, held, at(990), "the clock is far ahead"),
            (at(-year), samples, held, at(990), "the clock is far behind"),
            (
                at(1_000),
                Some(at(-year)),
                held,
                at(1_000),
                "the cluster's is",
            ),
            (at(year), Some(at(year)), held, at(year), "a long pause"),
            (
                at(1_000),
                samples,
                Some(at(year)),
                at(1_000),
                "the recording's was ahead",
            ),
            (at(year), None, held, at(900), "nothing can be told yet"),
            (at(-year), Some(at(-9)), held, at(900), "both are behind"),
        ] {
            assert_eq!(vote(clock, samples, held), time, "{why}");
        }
        assert_eq!(ahead(Some(at(year)), at(0)), Some(year));
        assert_eq!(ahead(Some(at(60)), at(0)), None);
        assert_eq!(ahead(None, at(0)), None);
    }

    #[test]
    fn without_samples_nothing_is_decided() {
        assert_eq!(timeline().check(ran(60), at(9_999), None), None);
    }
}
