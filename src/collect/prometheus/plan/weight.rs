//! What it costs to read usage one way or another, before anything is read.

use super::super::chunks::Offer;
use super::super::reading::Reading;
use super::super::survey::Survey;

/// Bytes of chunks in one request, about: two seconds of a server, and what is asked
/// again where it fails.
pub(super) const MOST_BYTES: f64 = 128.0 * 1024.0 * 1024.0;

/// Values that are held until the last series of a request is read, where several
/// series make one: 16 MB.
const MOST_HELD: f64 = 4e6;

/// Samples that a server sends as they are for the work of one that it evaluates.
///
/// Measured on Prometheus 2.42 with 2,295 containers over 14 days: 0.43 s for 18.5
/// million in chunks, 7.2 s as range queries.
pub(super) const SENT_FOR_ONE: u64 = 16;

/// Containers that have what is read: of throttling those with a CPU limit, which are
/// this share of `containers`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share of a count, rounded up"
)]
pub(super) fn concerned(reading: Reading, containers: u64, throttled: f64) -> u64 {
    match reading {
        Reading::Throttled => (containers as f64 * throttled).ceil() as u64,
        _ => containers,
    }
}

/// The chunks of one reading.
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct Stored {
    pub(in super::super) samples: f64,
    pub(in super::super) bytes: f64,
    /// Values that are held at a time.
    held: f64,
}

impl Stored {
    /// Of so many containers over so many slots.
    #[expect(clippy::cast_precision_loss, reason = "an estimate of a cost")]
    pub(in super::super) fn of(
        reading: Reading,
        (containers, slots, step): (u64, u32, u32),
        (interval, cpus): (u32, u64),
        offer: Offer,
    ) -> Self {
        let counters = reading != Reading::Memory;
        let by_cpu = counters && reading != Reading::Throttled && cpus > 1;
        let each = if by_cpu { cpus } else { 1 };
        let metrics = reading.metrics().len() as f64;
        let series = containers.saturating_mul(each) as f64 * metrics;
        let seconds = f64::from(slots) * f64::from(step);
        let samples = series * (seconds / f64::from(interval.max(1)) + 1.0);
        let weight = if counters { offer.counter } else { offer.gauge };
        // CPUs are held until the last of them comes; periods until those that were
        // throttled do.
        let columns = if by_cpu || reading == Reading::Throttled {
            1.0
        } else {
            0.0
        };
        Self {
            samples,
            bytes: samples * weight + series * offer.series,
            held: columns * containers as f64 * f64::from(slots),
        }
    }

    /// In samples that a server evaluates, so that what is within `most` of them is
    /// within all that a request may be.
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    pub(super) fn cost(self, most: f64) -> f64 {
        let bytes = self.bytes / MOST_BYTES * most;
        let held = self.held / MOST_HELD * most;
        (self.samples / SENT_FOR_ONE as f64).max(bytes).max(held)
    }
}

/// Seconds of a server for a point that it computes and writes, for a sample that it
/// looks at, and for a byte that it sends as it is: as measured, see [`SENT_FOR_ONE`].
const POINT: f64 = 2.5e-7;
const SAMPLE: f64 = 5e-8;
const BYTE: f64 = 5e-9;
/// Bytes of a point in an answer.
const WRITTEN: f64 = 27.0;
/// Bytes a second that come straight from a server, and through the API server's proxy
/// or a port that is forwarded.
const STRAIGHT: f64 = 1e8;
const NARROW: f64 = 6e7;

/// What reading usage takes, in seconds of the server and of the network together.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Costs {
    pub(in super::super) chunks: Stored,
    pub(in super::super) chunks_seconds: f64,
    pub(in super::super) raw_seconds: f64,
}

impl Costs {
    /// Of all that was counted, over `slots` of `step` seconds.
    #[expect(clippy::cast_precision_loss, reason = "an estimate of a cost")]
    pub(in super::super) fn of(
        survey: &Survey,
        offer: Offer,
        (slots, step): (u32, u32),
        narrow: bool,
    ) -> Self {
        let way = if narrow { NARROW } else { STRAIGHT };
        let paced = (survey.pace.usual, survey.cpus);
        let (mut chunks, mut raw) = (Stored::default(), 0.0);
        for reading in &survey.readings {
            let series = concerned(*reading, survey.series(), survey.throttled);
            let stored = Stored::of(*reading, (series, slots, step), paced, offer);
            chunks.samples += stored.samples;
            chunks.bytes += stored.bytes;
            let points = series as f64 * f64::from(slots);
            // A rate looks back further than a slot is long where samples are rare.
            let looked = stored.samples.max(points * 2.0);
            raw += points * POINT + looked * SAMPLE + points * WRITTEN / way;
        }
        Self {
            chunks,
            chunks_seconds: chunks.bytes * BYTE + chunks.bytes / way,
            raw_seconds: raw,
        }
    }
}
