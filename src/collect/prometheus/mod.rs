//! Usage over time from anything that speaks the Prometheus HTTP API.
//!
//! First it counts (`survey`), then it plans range queries that cover whole
//! namespaces and stay under a budget of samples (`plan`), then it carries the
//! plan out, few queries at a time (`run`). Answers are folded into columns
//! while they arrive (`answer`), so that memory does not grow with them. What
//! the server refuses is asked for in smaller pieces, and what it will not give
//! at all becomes a gap.

mod access;
mod answer;
mod error;
mod json;
mod options;
mod owners;
mod plan;
mod probe;
mod promql;
mod run;
mod server;
mod signals;
mod survey;
mod transport;

use jiff::Timestamp;

use super::{Scope, UsageBuilder};
use crate::progress::Progress;
use crate::snapshot::{Gap, Grid};
use server::Server;
use survey::Survey;

pub use error::PrometheusError;
pub use options::{
    Access, Credentials, Header, MAX_SAMPLES, Matcher, Names, ParseHeaderError, ParseMatcherError,
    PrometheusOptions, Secret,
};
pub use owners::Owners;
pub use plan::Plan;
pub(super) use probe::{Holding, probe};
pub use signals::Signals;
pub use transport::Transport;

/// CPU and memory of every container in scope over the window, and throttling
/// where it is known.
///
/// CPU is averaged over a slot, memory the largest in it.
pub async fn usage(
    options: &PrometheusOptions,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<(UsageBuilder, Vec<Gap>), PrometheusError> {
    let server = connect(options)?;
    let grid = grid(options);
    let Some(survey) = count(&server, options, scope, progress).await? else {
        return Ok((UsageBuilder::new(grid), vec![no_usage(&server)]));
    };
    let plan = Plan::new(options, &survey, grid, &server.url);
    let outcome = run::run(&server, options, &plan, progress).await;
    progress.detail(&format!(
        "read usage from Prometheus with {} requests, a sample every {} s",
        server.sent(),
        plan.interval
    ));
    if let (0, Some(failure)) = (outcome.done, outcome.failure) {
        return Err(failure.at(&server.url));
    }
    let mut gaps = missing(&survey);
    gaps.extend(outcome.gaps);
    Ok((outcome.usage, gaps))
}

/// What [`usage`] would ask for; `None` when there is no usage of any container.
///
/// Only counts, with a handful of cheap queries.
pub async fn plan(
    options: &PrometheusOptions,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<Option<Plan>, PrometheusError> {
    let server = connect(options)?;
    let survey = count(&server, options, scope, progress).await?;
    Ok(survey.map(|survey| Plan::new(options, &survey, grid(options), &server.url)))
}

/// Who owned the pods in scope over the window, those that are gone included.
///
/// Empty without kube-state-metrics. What cannot be read is a gap, because the
/// names of pods tell nearly as much.
pub async fn owners(
    options: &PrometheusOptions,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<(Owners, Vec<Gap>), PrometheusError> {
    let server = connect(options)?;
    owners::owners(&server, options, scope, &grid(options), progress).await
}

/// What else the store knows of the containers in scope: see [`Signals`].
///
/// Never all of it is there: what is missing is absent, and what cannot be read
/// is a gap.
pub async fn signals(
    options: &PrometheusOptions,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<(Signals, Vec<Gap>), PrometheusError> {
    let server = connect(options)?;
    let read = signals::read(&server, options, scope, grid(options), progress).await;
    progress.detail(&format!(
        "read further signals from Prometheus with {} requests",
        server.sent()
    ));
    Ok(read)
}

fn connect(options: &PrometheusOptions) -> Result<Server, PrometheusError> {
    let transport = match &options.transport {
        Some(transport) => transport.clone(),
        None => Transport::url(&options.url, &options.access, options.timeout)?,
    };
    Ok(Server::new(transport, options.timeout))
}

async fn count(
    server: &Server,
    options: &PrometheusOptions,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<Option<Survey>, PrometheusError> {
    let _task = progress.task("counting series in Prometheus", None);
    survey::survey(server, options, scope, &grid(options)).await
}

/// Slots that end at whole multiples of the step, so that two runs within a step
/// ask for the same points and caches of the server can answer.
fn grid(options: &PrometheusOptions) -> Grid {
    let step = i64::from(options.step.as_secs().max(1));
    let len = (options.window.as_secs() / options.step.as_secs().max(1)).max(1);
    let end = options.end.as_second().div_euclid(step) * step;
    let start = end - i64::from(len) * step;
    Grid {
        start: Timestamp::from_second(start).unwrap_or(Timestamp::UNIX_EPOCH),
        step: options.step,
        len,
    }
}

fn no_usage(server: &Server) -> Gap {
    Gap::new(
        "no-usage",
        format!("Prometheus at {}", server.url),
        format!(
            "it has no `{}` of any container in scope within the window",
            promql::MEMORY
        ),
    )
    .hint(format!(
        "ask it for `count({})`; it must scrape the kubelets' `/metrics/cadvisor`",
        promql::MEMORY
    ))
}

/// Metrics that are not there.
fn missing(survey: &Survey) -> Vec<Gap> {
    let absent = |reading: &promql::Reading| !survey.readings.contains(reading);
    [promql::Reading::Cpu, promql::Reading::Memory]
        .into_iter()
        .filter(absent)
        .map(|reading| {
            Gap::new(
                "no-metric",
                reading.label(),
                format!("Prometheus has no `{}`", reading.metrics().join("`, `")),
            )
            .hint("scrape the kubelets' `/metrics/cadvisor`, or map the name in the configuration")
        })
        .collect()
}
