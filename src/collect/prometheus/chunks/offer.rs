//! Whether a server offers chunks, and how heavy they are.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::body::Bytes;

use super::super::answer::{Broken, Labels};
use super::super::error::Failure;
use super::super::options::Matcher;
use super::super::promql::{CPU, MEMORY, Selection, Words};
use super::super::server::Server;
use super::super::survey::Pace;
use super::request::Request;
use super::series::{self, Chunk, Series};
use super::slots::is_stale;
use super::wire::Malformed;
use super::{Frames, Messages, wire, xor};
use crate::units::Span;

/// What chunks weigh, as measured over the last hour of some pods. Bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) struct Offer {
    /// Of a sample of a counter.
    pub(in super::super) counter: f64,
    /// Of a sample of a size.
    pub(in super::super) gauge: f64,
    /// Of the labels of a series.
    pub(in super::super) series: f64,
}

/// Bytes where nothing was measured: a value without any pattern, and long labels.
const UNMEASURED: Offer = Offer {
    counter: 9.0,
    gauge: 9.0,
    series: 600.0,
};

/// What no series is called, so that nothing comes of asking for it.
const NO_METRIC: &str = "kcost:no_series_is_called_this";

/// Whether there are chunks at all: asks for none. `Err` says why there are not, in words
/// that go behind "the server".
pub(in super::super) async fn offered(
    server: &Server,
    time: i64,
    back_off: Duration,
) -> Result<(), String> {
    let asked = [Request {
        matchers: vec![Matcher::equal("__name__", NO_METRIC)],
        start: time,
        end: time,
    }];
    let ask = async || read(server, &asked, &mut Nothing).await;
    let answered = server.again(back_off, ask).await;
    answered.map_err(|failure| why(&failure, server.is_proxied()))
}

/// Takes nothing of an answer.
struct Nothing;

impl Messages for Nothing {
    fn message(&mut self, _: &[u8]) -> Result<(), Broken> {
        Ok(())
    }
}

/// Weighs the chunks of an answer, and counts the samples of an hour.
struct Scales {
    /// The end of the hour that is weighed, in Unix seconds.
    time: i64,
    /// Bytes and samples, of counters and of sizes.
    kinds: [(u64, u64); 2],
    series: u64,
    labels: u64,
    /// Of the size that is read now: its request, its labels, and the times of its samples
    /// in milliseconds.
    open: (u64, Vec<u8>),
    times: Vec<i64>,
    /// Earlier times at which samples are counted, by the numbers of their requests.
    moments: Vec<i64>,
    /// Of the newest hour, and of all earlier moments together.
    paces: [Hours; 2],
    /// One of the sizes, and the second of its last sample.
    witness: Option<(Labels, i64)>,
}

/// How many series have so many samples in an hour.
#[derive(Debug, Default)]
struct Hours {
    /// Of those that were there all the hour.
    whole: BTreeMap<u64, u64>,
    /// Of any.
    most: u64,
}

/// The ends of the hours whose samples are counted, in seconds before a moment: one of
/// them may be cut by the beginning or the end of the data, or have failed scrapes, so
/// that of each series the fuller one counts.
const HOURS: [i64; 2] = [0, 1_800];

/// The number of the request for sizes; those of earlier moments follow.
const SIZES: u64 = 1;

/// Seconds within which a series that is there has a sample.
const LOOKBACK: i64 = 900;

/// Samples that no series has in so short a time: chunks may begin hours before it.
const MOST_TIMES: usize = 100_000;

impl Scales {
    fn new(time: i64, moments: &[i64]) -> Self {
        Self {
            time,
            moments: moments.to_vec(),
            witness: None,
            kinds: Default::default(),
            series: 0,
            labels: 0,
            open: Default::default(),
            times: Vec::new(),
            paces: Default::default(),
        }
    }

    fn weigh(&mut self, request: u64, series: Series) -> Result<(), Malformed> {
        let (is_size, is_weighed) = (request > 0, request <= SIZES);
        self.series += u64::from(is_weighed);
        if is_size {
            self.open(request, series)?;
        }
        series.chunks(|chunk| {
            let Chunk::Xor(data) = chunk else {
                return Ok(());
            };
            if is_weighed {
                let (bytes, samples) = &mut self.kinds[usize::from(is_size)];
                *bytes += data.len() as u64;
                *samples += xor::count(data);
            }
            if !is_size {
                return Ok(());
            }
            let times = &mut self.times;
            let read = xor::read(data, |time, value| {
                if !is_stale(value) {
                    times.push(time);
                }
            });
            read.map_err(|xor::Malformed| Malformed)
        })?;
        if self.times.len() > MOST_TIMES {
            return Err(Malformed);
        }
        Ok(())
    }

    /// A series may come in several messages.
    fn open(&mut self, request: u64, series: Series) -> Result<(), Malformed> {
        let mut key = Vec::new();
        series.key(&mut key)?;
        if (request, &key) != (self.open.0, &self.open.1) {
            self.close();
            self.open = (request, key);
            if self.witness.is_none() && request == SIZES {
                self.witness = Some((series.labels()?, i64::MIN));
            }
        }
        Ok(())
    }

    fn close(&mut self) {
        let mut times = std::mem::take(&mut self.times);
        times.sort_unstable();
        times.dedup();
        let earlier = self.open.0.checked_sub(SIZES + 1);
        let earlier = earlier.and_then(|at| self.moments.get(usize::try_from(at).ok()?));
        match earlier {
            Some(moment) => self.paces[1].add(&times, *moment),
            None => self.paces[0].add(&times, self.time),
        }
        let last = times.last().filter(|_| self.open.0 == SIZES);
        if let (Some((_, seen @ i64::MIN)), Some(last)) = (&mut self.witness, last) {
            *seen = last.div_euclid(1_000) + 1;
        }
        times.clear();
        self.times = times;
    }

    /// What they weigh, and how often series are scraped.
    #[expect(clippy::cast_precision_loss, reason = "a weight is an estimate")]
    fn read(&self) -> (Offer, Option<Pace>) {
        let of = |(bytes, samples): (u64, u64), otherwise: f64| match samples {
            0 => otherwise,
            samples => bytes as f64 / samples as f64,
        };
        let offer = Offer {
            counter: of(self.kinds[0], UNMEASURED.counter),
            gauge: of(self.kinds[1], UNMEASURED.gauge),
            series: of((self.labels, self.series), UNMEASURED.series),
        };
        let [newest, earlier] = &self.paces;
        let short = || Pace::of(&BTreeMap::from([(newest.most, 1)]));
        let now = Pace::of(&newest.whole);
        let paces = [now, Pace::of(&earlier.whole)].into_iter().flatten();
        (offer, paces.reduce(Pace::and).or_else(short))
    }
}

impl Hours {
    /// Takes the times of one series, in order.
    fn add(&mut self, times: &[i64], moment: i64) {
        let until = |second: i64| times.partition_point(|time| *time <= second * 1_000);
        let there = |second: i64| until(second) > until(second - LOOKBACK);
        let ends = HOURS.map(|before| moment - before);
        let hours = ends.map(|end| (end - i64::from(Span::HOUR.as_secs()), end));
        let samples = |(start, end): (i64, i64)| (until(end) - until(start)) as u64;
        self.most = hours.map(samples).into_iter().fold(self.most, u64::max);
        let whole = hours
            .iter()
            .filter(|(start, end)| there(*start) && there(*end));
        let fuller = whole.map(|hour| samples(*hour)).max();
        if let Some(samples) = fuller.filter(|samples| *samples > 0) {
            *self.whole.entry(samples).or_default() += 1;
        }
    }
}

impl Messages for Scales {
    fn message(&mut self, message: &[u8]) -> Result<(), Broken> {
        let before = self.bytes();
        let mut is_weighed = false;
        let weighed = series::read(message, |request, series| {
            is_weighed |= request <= SIZES;
            self.weigh(request, series)
        });
        weighed.map_err(|wire::Malformed| Broken::Garbage(0))?;
        if is_weighed {
            self.labels += message.len() as u64 - (self.bytes() - before);
        }
        Ok(())
    }
}

impl Scales {
    /// Of all chunks so far.
    fn bytes(&self) -> u64 {
        self.kinds.iter().map(|(bytes, _)| bytes).sum()
    }
}

/// Which pods are looked at.
pub(in super::super) struct Samples<'a> {
    /// Of which chunks are weighed.
    pub(in super::super) weighed: Selection<'a>,
    /// Whose newest samples are counted.
    pub(in super::super) newest: Selection<'a>,
    /// Whose samples are counted at earlier moments.
    pub(in super::super) earlier: Selection<'a>,
}

/// What was found on the scales.
pub(in super::super) struct Weighed {
    pub(in super::super) offer: Offer,
    /// How often series are scraped, where they have samples enough.
    pub(in super::super) pace: Option<Pace>,
    /// The last sample of a series: an answer that has it after all else is whole.
    pub(in super::super) witness: Request,
}

/// Asks for the chunks of the hour before `time`, of counters and of sizes, and of sizes at
/// earlier moments. `Err` says why there are none, in words that go behind "the server".
pub(in super::super) async fn weigh(
    server: &Server,
    words: Words<'_>,
    samples: Samples<'_>,
    (time, moments): (i64, &[i64]),
    back_off: Duration,
) -> Result<Weighed, String> {
    let hours = i64::from(Span::HOUR.as_secs()) + HOURS[1] + LOOKBACK;
    let hour = i64::from(Span::HOUR.as_secs());
    let earlier = moments.iter();
    let earlier = earlier.map(|moment| (MEMORY, samples.earlier, moment - hours, *moment));
    let asked = [
        (CPU, samples.weighed, time - hour, time),
        (MEMORY, samples.newest, time - hours, time),
    ];
    let asked = asked.into_iter().chain(earlier);
    let asked: Vec<Request> = asked
        .map(|(metric, selection, start, end)| Request {
            matchers: words.series(metric, selection),
            start,
            end,
        })
        .collect();
    let weigh = async || {
        let mut scales = Scales::new(time, moments);
        read(server, &asked, &mut scales).await?;
        scales.close();
        Ok(scales)
    };
    let scales = server.again(back_off, weigh).await;
    let scales = scales.map_err(|failure| why(&failure, server.is_proxied()))?;
    let (offer, pace) = scales.read();
    let witness = scales.witness.filter(|(_, last)| *last > i64::MIN);
    let (labels, last) = witness.ok_or("gives no chunks of series that it counts")?;
    Ok(Weighed {
        offer,
        pace,
        witness: Request {
            matchers: words.container(MEMORY, &labels, samples.newest.source),
            start: last - LOOKBACK,
            end: last,
        },
    })
}

/// Reads a short answer.
async fn read(
    server: &Server,
    asked: &[Request],
    messages: &mut impl Messages,
) -> Result<(), Failure> {
    let mut frames = Frames::default();
    let take = async |bytes: Bytes| frames.feed(&bytes, |message| messages.message(message));
    server.read(asked, take).await?;
    frames.finish().map_err(Failure::Broken)
}

fn why(failure: &Failure, proxied: bool) -> String {
    match failure {
        Failure::Refused { status: 403, .. } if proxied => {
            "is not asked for chunks: by the API server's proxy that takes `create` of \
             `services/proxy` (403)"
                .to_owned()
        }
        Failure::Refused { status: 403, .. } => {
            "does not let kcost ask for chunks (403)".to_owned()
        }
        Failure::Refused { status, .. } => format!("offers no chunks ({status})"),
        Failure::Broken(Broken::Foreign) => "offers no chunks as they are stored".to_owned(),
        failure => format!("gave no chunks: {failure}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: i64 = 100_000;

    /// What series say that have samples so many seconds before [`TIME`].
    fn pace(all: &[Vec<i64>]) -> Option<Pace> {
        paces(all, SIZES)
    }

    /// The same of the answer to a request.
    fn paces(all: &[Vec<i64>], request: u64) -> Option<Pace> {
        let mut scales = Scales::new(TIME, &[TIME]);
        for before in all {
            scales.open.0 = request;
            scales.times = before.iter().rev().map(|it| (TIME - it) * 1_000).collect();
            scales.close();
        }
        scales.read().1
    }

    #[test]
    fn earlier_moments_count_as_the_newest_hour_does() {
        let slow: Vec<i64> = (0..21).map(|at| at * 300).collect();
        let pace = paces(&[slow], SIZES + 1).unwrap();
        assert_eq!((pace.usual, pace.slowest), (300, 300));
    }

    #[test]
    fn samples_of_an_hour_say_how_often_series_are_scraped() {
        let each = |seconds: i64| (0..6_300 / seconds).map(|at| at * seconds).collect();
        let usual = |all: &[Vec<i64>]| pace(all).map(|pace| (pace.usual, pace.slowest));
        assert_eq!(usual(&[each(60), each(60), each(300)]), Some((60, 300)));
        // In the last half hour scrapes failed.
        let torn: Vec<i64> = each(60).into_iter().filter(|it| *it > 1_800).collect();
        assert_eq!(usual(&[torn]), Some((60, 60)));
        // It has begun twenty minutes ago.
        let young = each(30).into_iter().filter(|it| *it < 1_200).collect();
        assert_eq!(usual(&[young]), Some((90, 90)));
        assert_eq!(usual(&[vec![5]]), None);
    }

    #[test]
    fn a_series_that_has_come_or_gone_within_the_hour_says_nothing_beside_others() {
        let gone = (0..100).map(|at| 1_000 + at * 10).collect();
        let stays = (0..100).map(|at| at * 60).collect();
        let pace = pace(&[gone, stays]).unwrap();
        assert_eq!((pace.usual, pace.slowest), (60, 60));
    }
}
