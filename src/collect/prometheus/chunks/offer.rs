//! Whether a server offers chunks, and how heavy they are.

use std::time::Duration;

use super::super::answer::Broken;
use super::super::error::Failure;
use super::super::promql::{CPU, MEMORY, Selection, Words};
use super::super::server::Server;
use super::request::Request;
use super::series::{self, Chunk};
use super::{Messages, wire, xor};
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

/// Weighs the chunks of an answer.
#[derive(Debug, Default)]
struct Scales {
    /// Bytes and samples, of counters and of sizes.
    kinds: [(u64, u64); 2],
    series: u64,
    labels: u64,
}

impl Messages for Scales {
    fn message(&mut self, message: &[u8]) -> Result<(), Broken> {
        let mut chunks = 0;
        let weighed = series::read(message, |request, series| {
            self.series += 1;
            series.chunks(|chunk| {
                if let Chunk::Xor(data) = chunk {
                    let (bytes, samples) = &mut self.kinds[usize::from(request > 0)];
                    *bytes += data.len() as u64;
                    *samples += xor::count(data);
                    chunks += data.len() as u64;
                }
                Ok(())
            })
        });
        weighed.map_err(|wire::Malformed| Broken::Garbage(0))?;
        self.labels += message.len() as u64 - chunks;
        Ok(())
    }
}

impl Scales {
    #[expect(clippy::cast_precision_loss, reason = "a weight is an estimate")]
    fn offer(&self) -> Offer {
        let of = |(bytes, samples): (u64, u64), otherwise: f64| match samples {
            0 => otherwise,
            samples => bytes as f64 / samples as f64,
        };
        Offer {
            counter: of(self.kinds[0], UNMEASURED.counter),
            gauge: of(self.kinds[1], UNMEASURED.gauge),
            series: of((self.labels, self.series), UNMEASURED.series),
        }
    }
}

/// Asks for the chunks of the hour before `time`. `Err` says why there are none, in
/// words that go behind "the server".
pub(in super::super) async fn offer(
    server: &Server,
    words: Words<'_>,
    selection: Selection<'_>,
    (time, back_off): (i64, Duration),
) -> Result<Offer, String> {
    let asked = [CPU, MEMORY].map(|metric| Request {
        matchers: words.series(metric, selection),
        start: time - i64::from(Span::HOUR.as_secs()),
        end: time,
    });
    let weigh = async || {
        let mut scales = Scales::default();
        server.read(&asked, &mut scales).await.map(|()| scales)
    };
    match server.again(back_off, weigh).await {
        Ok(scales) => Ok(scales.offer()),
        Err(failure) => Err(why(&failure, server.is_proxied())),
    }
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
