//! Whether a server offers chunks, and how heavy they are.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::body::Bytes;

use super::super::answer::Broken;
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
    /// Of the size that is read now: its labels, and the times of its samples in
    /// milliseconds.
    open: Vec<u8>,
    times: Vec<i64>,
    paces: [Hour; 2],
}

/// How many series have so many samples in an hour.
#[derive(Debug, Default)]
struct Hour {
    /// Of those that were there all the hour.
    whole: BTreeMap<u64, u64>,
    /// Of any.
    most: u64,
}

/// The ends of the hours whose samples are counted, in seconds before the time: one of
/// them may be cut by the beginning or the end of the data, or have failed scrapes.
const HOURS: [i64; 2] = [0, 1_800];

/// Seconds within which a series that is there has a sample.
const LOOKBACK: i64 = 900;

/// Samples that no series has in so short a time: chunks may begin hours before it.
const MOST_TIMES: usize = 100_000;

impl Scales {
    fn new(time: i64) -> Self {
        Self {
            time,
            kinds: Default::default(),
            series: 0,
            labels: 0,
            open: Vec::new(),
            times: Vec::new(),
            paces: Default::default(),
        }
    }

    fn weigh(&mut self, request: u64, series: Series) -> Result<(), Malformed> {
        self.series += 1;
        let is_size = request > 0;
        if is_size {
            self.open(series)?;
        }
        series.chunks(|chunk| {
            let Chunk::Xor(data) = chunk else {
                return Ok(());
            };
            let (bytes, samples) = &mut self.kinds[usize::from(is_size)];
            *bytes += data.len() as u64;
            *samples += xor::count(data);
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
    fn open(&mut self, series: Series) -> Result<(), Malformed> {
        let mut key = Vec::new();
        series.key(&mut key)?;
        if key != self.open {
            self.close();
            self.open = key;
        }
        Ok(())
    }

    fn close(&mut self) {
        let mut times = std::mem::take(&mut self.times);
        times.sort_unstable();
        times.dedup();
        for (hour, before) in self.paces.iter_mut().zip(HOURS) {
            hour.add(&times, self.time - before);
        }
        times.clear();
        self.times = times;
    }

    /// What they weigh, and how often series are scraped.
    #[expect(clippy::cast_precision_loss, reason = "a weight is an estimate")]
    fn read(mut self) -> (Offer, Option<Pace>) {
        self.close();
        let of = |(bytes, samples): (u64, u64), otherwise: f64| match samples {
            0 => otherwise,
            samples => bytes as f64 / samples as f64,
        };
        let offer = Offer {
            counter: of(self.kinds[0], UNMEASURED.counter),
            gauge: of(self.kinds[1], UNMEASURED.gauge),
            series: of((self.labels, self.series), UNMEASURED.series),
        };
        let paces = self.paces.iter();
        let whole: Vec<Pace> = paces.filter_map(|hour| Pace::of(&hour.whole)).collect();
        let paces = self.paces.iter();
        let short = paces.filter_map(|hour| Pace::of(&BTreeMap::from([(hour.most, 1)])));
        let paces = if whole.is_empty() {
            short.collect()
        } else {
            whole
        };
        (offer, paces.into_iter().reduce(Pace::or_faster))
    }
}

impl Hour {
    /// Takes the times of one series, in order.
    fn add(&mut self, times: &[i64], end: i64) {
        let start = end - i64::from(Span::HOUR.as_secs());
        let until = |second: i64| times.partition_point(|time| *time <= second * 1_000);
        let samples = (until(end) - until(start)) as u64;
        let there = |second: i64| until(second) > until(second - LOOKBACK);
        self.most = self.most.max(samples);
        if samples > 0 && there(start) && there(end) {
            *self.whole.entry(samples).or_default() += 1;
        }
    }
}

impl Messages for Scales {
    fn message(&mut self, message: &[u8]) -> Result<(), Broken> {
        let before = self.bytes();
        let weighed = series::read(message, |request, series| self.weigh(request, series));
        weighed.map_err(|wire::Malformed| Broken::Garbage(0))?;
        self.labels += message.len() as u64 - (self.bytes() - before);
        Ok(())
    }
}

impl Scales {
    /// Of all chunks so far.
    fn bytes(&self) -> u64 {
        self.kinds.iter().map(|(bytes, _)| bytes).sum()
    }
}

/// Asks for the chunks of the hour before `time`, of counters and of sizes. `Err` says why there are none, in
/// words that go behind "the server".
pub(in super::super) async fn weigh(
    server: &Server,
    words: Words<'_>,
    [counters, sizes]: [Selection<'_>; 2],
    (time, back_off): (i64, Duration),
) -> Result<(Offer, Option<Pace>), String> {
    let hour = time - i64::from(Span::HOUR.as_secs());
    let asked = [
        (CPU, counters, hour),
        (MEMORY, sizes, hour - HOURS[1] - LOOKBACK),
    ];
    let asked = asked.map(|(metric, selection, start)| Request {
        matchers: words.series(metric, selection),
        start,
        end: time,
    });
    let weigh = async || {
        let mut scales = Scales::new(time);
        read(server, &asked, &mut scales).await.map(|()| scales)
    };
    match server.again(back_off, weigh).await {
        Ok(scales) => Ok(scales.read()),
        Err(failure) => Err(why(&failure, server.is_proxied())),
    }
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
        let mut scales = Scales::new(TIME);
        for before in all {
            scales.times = before.iter().map(|it| (TIME - it) * 1_000).collect();
            scales.close();
        }
        scales.read().1
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
