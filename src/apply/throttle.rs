//! Whether containers are throttled more than they were before a change.

use std::time::Duration;

use jiff::Timestamp;

use crate::collect::prometheus::{Periods, PrometheusOptions, throttling};
use crate::progress::Progress;
use crate::text::percent;
use crate::units::Span;

/// Fewer periods say nothing: these are 10 s of a container that always runs.
const FEWEST: f64 = 100.0;

/// So many points of the share of throttled periods are more than chance.
const RISE: f64 = 0.1;

/// The time before a change that it is held against: long enough for the busy minutes of
/// an hour.
const BEFORE: Span = Span::from_secs(3600);

/// Counters are scraped every 15 s to 60 s, and of fewer than two samples nothing is known.
const SHORTEST: u64 = 120;

/// Reads throttling of pods.
pub struct Throttle {
    options: PrometheusOptions,
}

impl Throttle {
    pub fn new(options: PrometheusOptions) -> Self {
        Self { options }
    }

    /// Throttling in the hour up to now.
    pub(super) async fn before(
        &self,
        pods: (&str, &[String]),
        progress: &dyn Progress,
    ) -> Result<Option<Periods>, String> {
        self.within(pods, BEFORE, progress).await
    }

    /// Throttling while pods were watched so long.
    pub(super) async fn since(
        &self,
        pods: (&str, &[String]),
        watched: Duration,
        progress: &dyn Progress,
    ) -> Result<Option<Periods>, String> {
        let seconds = watched.as_secs().max(SHORTEST);
        let span = Span::from_secs(u32::try_from(seconds).unwrap_or(u32::MAX));
        self.within(pods, span, progress).await
    }

    async fn within(
        &self,
        pods: (&str, &[String]),
        span: Span,
        progress: &dyn Progress,
    ) -> Result<Option<Periods>, String> {
        let now = Timestamp::now().as_second();
        let asked = throttling(&self.options, pods, (span, now), progress).await;
        asked.map_err(|error| error.to_string())
    }
}

/// What is said where throttling clearly rose: by a tenth of all periods or more, and to
/// twice of what it was.
pub(super) fn rise(before: Option<Periods>, after: Periods) -> Option<String> {
    let (was, is) = (before.map_or(0.0, Periods::share), after.share());
    let clear = is - was >= RISE && is >= 2.0 * was;
    (after.all >= FEWEST && clear).then(|| {
        let (is, was) = (percent(is), percent(was));
        format!("throttled in {is} of its CPU periods, {was} before")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn periods(all: f64, throttled: f64) -> Periods {
        Periods { all, throttled }
    }

    #[test]
    fn only_a_clear_rise_counts() {
        let of = |before: Option<Periods>, after| rise(before, after).is_some();
        assert!(of(None, periods(1000.0, 300.0)));
        assert!(of(Some(periods(9000.0, 90.0)), periods(1000.0, 300.0)));
        assert!(!of(Some(periods(9000.0, 1800.0)), periods(1000.0, 300.0)));
        assert!(!of(None, periods(1000.0, 90.0)));
        assert!(!of(None, periods(99.0, 99.0)));
        assert!(!of(None, periods(0.0, 0.0)));
        let said = rise(Some(periods(100.0, 1.0)), periods(1000.0, 450.0));
        let said = said.expect("a rise");
        assert!(
            said.starts_with("throttled in 45% of its CPU periods"),
            "{said}"
        );
    }
}
