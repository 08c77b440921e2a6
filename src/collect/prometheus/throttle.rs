//! How often containers of some pods are throttled now, for whoever watches a change.

use super::answer::{Labels, Sink};
use super::error::PrometheusError;
use super::options::PrometheusOptions;
use super::promql::{PERIODS, THROTTLED, Words};
use super::server::Query;
use crate::progress::Progress;
use crate::units::Span;

/// Periods in which containers with a CPU limit wanted to run, of 0.1 s each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Periods {
    pub all: f64,
    /// Those in which they were stopped at their limit.
    pub throttled: f64,
}

impl Periods {
    /// The share that was throttled: 0 to 1.
    pub fn share(self) -> f64 {
        if self.all > 0.0 {
            (self.throttled / self.all).min(1.0)
        } else {
            0.0
        }
    }
}

/// The sum of all points of an answer, and whether there is any.
#[derive(Default)]
struct Sum(Option<f64>);

impl Sink for Sum {
    fn series(&mut self, _: &Labels) {}

    fn point(&mut self, _: f64, value: f64) {
        if value.is_finite() {
            *self.0.get_or_insert(0.0) += value;
        }
    }
}

/// Throttling of all containers of these pods within the last `span` before `at`, in Unix
/// seconds; `None` where the store has nothing of them.
///
/// # Errors
///
/// When the store cannot be asked, or refuses.
pub async fn throttling(
    options: &PrometheusOptions,
    (namespace, pods): (&str, &[String]),
    (span, at): (Span, i64),
    progress: &dyn Progress,
) -> Result<Option<Periods>, PrometheusError> {
    if pods.is_empty() {
        return Ok(None);
    }
    let server = super::connect(options)?;
    let words = Words::new(options);
    let ask = async |metric: &str| {
        let text = words.increase(metric, (namespace, pods), span.as_secs());
        progress.trace(&text);
        let query = Query::instant(text, at);
        let asked = server
            .ask_again(&query, options.back_off, Sum::default)
            .await;
        asked
            .map(|it| it.0)
            .map_err(|failure| failure.at(&server.url))
    };
    let (Some(all), throttled) = (ask(PERIODS).await?, ask(THROTTLED).await?) else {
        return Ok(None);
    };
    let throttled = throttled.unwrap_or(0.0);
    Ok(Some(Periods { all, throttled }))
}
