//! The checks, one file each.

use super::{Check, Point, Seen};

mod clocks;
mod clusters;
mod connection;
mod coverage;
mod duplicates;
mod freshness;
mod gaps;
mod history;
mod metrics_api;
mod metrics_store;
mod owners;
mod permissions;
mod resets;
mod scrape_interval;
mod signals;
mod stale_series;
mod units;
mod versions;

/// Every check, from what all else needs to what is a detail.
pub static ALL: &[&dyn Check] = &[
    &connection::Connection,
    &permissions::Permissions,
    &versions::Versions,
    &metrics_store::MetricsStore,
    &metrics_api::MetricsApi,
    &clocks::Clocks,
    &clusters::Clusters,
    &duplicates::Duplicates,
    &signals::Signals,
    &scrape_interval::ScrapeInterval,
    &history::History,
    &freshness::Freshness,
    &coverage::Coverage,
    &resets::Resets,
    &owners::Owners,
    &stale_series::StaleSeries,
    &units::Units,
    &gaps::Gaps,
];

/// The names of [`ALL`].
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|check| check.name()).collect()
}

/// What a check of data says where there is none.
fn no_data() -> Vec<Point> {
    vec![Point::unknown(0, "not looked at: there is no data")]
}

/// The same where nothing in the data has samples.
fn no_samples(seen: &Seen<'_>) -> Option<Vec<Point>> {
    (seen.snapshot.is_none() || seen.usage.slots.is_none()).then(no_data)
}
