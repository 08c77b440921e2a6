//! What events make of a memory request: no joint use of a node goes below or
//! above that.

use super::limit::Limit;
use super::request::Bound;
use crate::recommend::event::{Events, OddPods};
use crate::recommend::{Pool, samples};
use crate::units::Bytes;

/// Quantile of the samples since a rise that a request covers at least, as
/// requests do elsewhere.
const RISEN: f64 = 0.99;

/// The least and the largest memory request, and why.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Bounds {
    pub(super) least: Option<(Bytes, Least)>,
    pub(super) most: Option<(Bytes, Most)>,
}

/// Why a request is not smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Least {
    /// What it needs is unknown, so it is at least what it was seen to use.
    Starved,
    /// What it has used since its level rose.
    Risen,
    /// What it grows to within the horizon.
    Growing,
}

/// Why a request is not larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Most {
    /// The largest use since its level fell for good.
    Fallen,
    /// The largest use of the many pods that are alike.
    Many,
}

impl Bounds {
    /// `level` is what it has used since its level rose, see [`level_since_rise`].
    pub(super) fn of(events: &Events, level: Option<Bytes>, limit: &Limit) -> Self {
        // What only the few used is for the limit to cover.
        let many = events.odd.as_ref().and_then(OddPods::memory_of_many);
        let of_many = |size: Bytes| many.map_or(size, |many| many.min(size));
        let starved = events.is_memory_censored().then_some(limit.peak);
        let regime = events.memory_regime();
        let least = [
            starved.map(|size| (of_many(size), Least::Starved)),
            level.map(|size| (of_many(size), Least::Risen)),
            limit.grown.map(|size| (size, Least::Growing)),
        ];
        let fallen = (regime.from > 0).then_some((limit.peak, Most::Fallen));
        let many = many.map(|size| (size, Most::Many));
        Self {
            least: least.into_iter().flatten().max_by_key(|(size, _)| *size),
            most: [fallen, many]
                .into_iter()
                .flatten()
                .min_by_key(|(size, _)| *size),
        }
    }

    /// For the search of sizes.
    pub(super) fn bound(&self, limit: &Limit, tied: bool) -> Bound {
        let least = self.least.map_or(Bytes::ZERO, |(size, _)| size);
        let most = self.most.map_or(limit.size, |(size, _)| size.max(least));
        let most = if tied {
            limit.size
        } else {
            most.min(limit.size)
        };
        Bound {
            limit: most.to_f64(),
            least: least.to_f64(),
            tied,
        }
    }
}

/// What a container has used since its level rose; `None` where it did not.
pub(super) fn level_since_rise(pool: &Pool<'_>) -> Option<Bytes> {
    let since = pool.events.memory_regime().risen?;
    let of_pod = pool.series.iter().flat_map(|series| {
        let skip = usize::try_from(since.saturating_sub(series.first)).unwrap_or(usize::MAX);
        samples::known(series.memory_bytes.get(skip..).unwrap_or_default())
    });
    samples::quantile_of(of_pod.collect(), RISEN).map(Bytes::from_f64)
}
