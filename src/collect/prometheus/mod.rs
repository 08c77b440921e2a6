//! Usage over time from anything that speaks the Prometheus HTTP API.
//!
//! First it counts (`survey`), then it plans what to ask for: chunks as they are
//! stored (`chunks`) or range queries, which cover whole namespaces and stay under a
//! budget (`plan`). Then it carries the plan out, few requests at a time (`run`).
//! Answers are folded into columns while they arrive (`answer`, `chunks`), so that
//! memory does not grow with them. What
//! the server refuses is asked for in smaller pieces, and what it will not give
//! at all becomes a gap.

mod access;
mod answer;
mod chunks;
mod clusters;
mod engine;
mod error;
mod fold;
mod hidden;
mod hints;
mod json;
mod limit;
mod lost;
mod names;
mod notes;
mod options;
mod owners;
mod peaks;
mod plan;
mod probe;
mod promql;
mod reading;
mod refusal;
mod run;
mod server;
mod signals;
mod survey;
mod throttle;
mod token;
mod transport;
mod vitals;

use super::{Deadline, Scope, UsageBuilder};
use crate::progress::Progress;
use crate::snapshot::Gap;
use answer::Broken;
use error::Failure;
use reading::Reading;
use server::Server;
use survey::{Survey, Unsurveyed};

pub use access::{check_token, check_url, shown_url};
pub use answer::points;
pub use chunks::values;
#[cfg(test)]
pub(super) use clusters::Mixed;
use engine::Chosen;
pub use engine::Engine;
pub use error::PrometheusError;
pub use names::{Names, ParseRenameError, Rename, known_metrics, known_names};
pub use options::{
    Access, Credentials, Header, MAX_SAMPLES, Matcher, ParseHeaderError, ParseMatcherError,
    PrometheusOptions, Secret,
};
pub use owners::Owners;
pub use plan::Plan;
pub(super) use probe::{Holding, probe};
pub use signals::Signals;
pub use throttle::{Periods, throttling};
pub use transport::Transport;
pub(super) use vitals::vitals;

/// Usage, as one engine gave it.
#[derive(Debug)]
pub struct Taken {
    pub usage: UsageBuilder,
    pub gaps: Vec<Gap>,
    pub engine: Engine,
    /// The condition that was found to tell the cluster from others in the store.
    pub cluster: Option<Matcher>,
}

/// CPU and memory of every container in scope over the window, and throttling
/// where it is known.
///
/// CPU is averaged over a slot, or drawn from such averages where the server
/// boils samples down; memory is the largest in the slot.
pub async fn usage(
    options: &PrometheusOptions,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<Taken, PrometheusError> {
    let ready = Ready::new(options, scope, progress).await?;
    ready.usage(scope, progress).await
}

/// [`usage`], [`owners`] and [`signals`] of the same cluster and on the same grid, side by
/// side.
pub async fn everything(
    options: &PrometheusOptions,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<(Taken, Owners, Signals), PrometheusError> {
    let ready = Ready::new(options, scope, progress).await?;
    let (server, options) = (&ready.server, &ready.options);
    let grid = Engine::Raw.grid(options);
    let beside = async {
        let (owners, gaps) = owners::owners(server, options, scope, &grid, progress).await?;
        let grid = ready.engine().grid(options);
        let (signals, more) = signals::read(server, options, scope, grid, progress).await;
        Ok((owners, signals, [gaps, more].concat()))
    };
    let usage = ready.usage(scope, progress);
    let (mut taken, (owners, signals, gaps)) = tokio::try_join!(usage, beside)?;
    taken.gaps.extend(gaps);
    taken.gaps.extend(server.gaps());
    progress.detail(&format!("read Prometheus with {} requests", server.sent()));
    Ok((taken, owners, signals))
}

/// A store that was counted, and what will be asked of it.
struct Ready {
    server: Server,
    /// With the condition that tells the cluster apart, where one was found.
    options: PrometheusOptions,
    cluster: Option<Matcher>,
    /// `None` without usage of any container.
    planned: Option<(Survey, Plan)>,
}

impl Ready {
    async fn new(
        options: &PrometheusOptions,
        scope: &Scope,
        progress: &dyn Progress,
    ) -> Result<Self, PrometheusError> {
        let server = connect(options)?;
        let counted = count(&server, options, scope, progress).await?;
        let options = counted.options;
        let planned = match counted.survey {
            Some(survey) => {
                let plan = Plan::new(&options, &survey, &Engine::Raw.grid(&options), server.way());
                offered(&options, &survey, &server)?;
                refuse_absurd(&plan, &server)?;
                Some((survey, plan))
            }
            None => None,
        };
        Ok(Self {
            server,
            options,
            cluster: counted.cluster,
            planned,
        })
    }

    fn engine(&self) -> Engine {
        let planned = self.planned.as_ref();
        planned.map_or(Engine::Raw, |(_, plan)| plan.chosen.engine)
    }

    /// Carries the plan out.
    async fn usage(
        &self,
        scope: &Scope,
        progress: &dyn Progress,
    ) -> Result<Taken, PrometheusError> {
        let (server, options) = (&self.server, &self.options);
        let mut gaps = Vec::new();
        let Some((survey, plan)) = &self.planned else {
            gaps.extend(server.gaps());
            gaps.push(lost::gap(server, options, scope).await);
            let usage = UsageBuilder::new(Engine::Raw.grid(options));
            return Ok(self.taken(usage, gaps));
        };
        let Chosen { engine, why } = &plan.chosen;
        progress.detail(&format!("engine {engine}: {why}"));
        let outcome = run::run(server, options, plan, progress).await;
        progress.detail(&format!(
            "read usage from Prometheus, a sample every {}",
            plan.pace
        ));
        if let (0, Some(failure)) = (outcome.done, outcome.failure) {
            return Err(failed(failure, *engine, &server.url));
        }
        gaps.extend(missing(survey, &options.names));
        gaps.extend(survey.gaps.clone());
        gaps.extend(outcome.gaps);
        gaps.extend(server.gaps());
        Ok(self.taken(outcome.usage, gaps))
    }

    fn taken(&self, usage: UsageBuilder, gaps: Vec<Gap>) -> Taken {
        Taken {
            usage,
            gaps,
            engine: self.engine(),
            cluster: self.cluster.clone(),
        }
    }
}

/// What [`usage`], [`owners`] and [`signals`] would ask for; `None` when there is
/// no usage of any container.
///
/// Only counts, with a handful of cheap queries.
pub async fn plan(
    options: &PrometheusOptions,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<Option<Plan>, PrometheusError> {
    let Ready {
        server,
        options,
        planned,
        ..
    } = Ready::new(options, scope, progress).await?;
    let Some((_, plan)) = planned else {
        return Ok(None);
    };
    let mut more = vec![owners::planned(&plan.grid)];
    let (signals, unknown) = signals::plan(&server, &options, scope, plan.grid, progress).await;
    more.extend(signals);
    Ok(Some(plan.with(more, unknown, server.sent())))
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
    owners::owners(
        &server,
        options,
        scope,
        &Engine::Raw.grid(options),
        progress,
    )
    .await
}

/// What else the store knows of the containers in scope: see [`Signals`].
///
/// On the grid of raw usage, unless the options name another engine.
/// Never all of it is there: what is missing is absent, and what cannot be read
/// is a gap.
pub async fn signals(
    options: &PrometheusOptions,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<(Signals, Vec<Gap>), PrometheusError> {
    let server = connect(options)?;
    let grid = options.engine.unwrap_or(Engine::Raw).grid(options);
    let read = signals::read(&server, options, scope, grid, progress).await;
    progress.detail(&format!(
        "read further signals from Prometheus with {} requests",
        server.sent()
    ));
    let (signals, mut gaps) = read;
    gaps.extend(server.gaps());
    Ok((signals, gaps))
}

/// Why there is no usage at all.
fn failed(failure: Failure, engine: Engine, url: &str) -> PrometheusError {
    let is_of_all =
        failure.is_for_all() || matches!(failure, Failure::Unreachable(_) | Failure::Dropped(_));
    if engine != Engine::Chunks || is_of_all {
        return failure.at(url);
    }
    PrometheusError::Unstored {
        url: url.to_owned(),
        problem: failure.to_string(),
    }
}

/// Chunks that the user asks for have to be there.
fn offered(
    options: &PrometheusOptions,
    survey: &Survey,
    server: &Server,
) -> Result<(), PrometheusError> {
    match &survey.chunks {
        Err(why) if options.engine == Some(Engine::Chunks) => Err(PrometheusError::NoChunks {
            url: server.url.clone(),
            why: why.clone(),
        }),
        _ => Ok(()),
    }
}

/// Counts that no cluster has say nothing, and would be read for ever.
fn refuse_absurd(plan: &Plan, server: &Server) -> Result<(), PrometheusError> {
    if plan.is_absurd() {
        return Err(Failure::Broken(Broken::Count).at(&server.url));
    }
    Ok(())
}

fn connect(options: &PrometheusOptions) -> Result<Server, PrometheusError> {
    let transport = match &options.transport {
        Some(transport) => transport.clone(),
        None => Transport::url(&options.url, &options.access, options.timeout)?,
    };
    let deadline = options.deadline.clone();
    let deadline = deadline.unwrap_or_else(|| Deadline::new(options.timeout));
    let at_a_time = options.concurrency.max(1);
    Ok(Server::new(transport, options.timeout, deadline, at_a_time))
}

/// What was counted, of one cluster.
struct Counted {
    survey: Option<Survey>,
    /// With the condition that tells the cluster apart, where one was found.
    options: PrometheusOptions,
    cluster: Option<Matcher>,
}

/// Counts; of several clusters in the store the one that is called as the
/// kubeconfig calls it.
async fn count(
    server: &Server,
    options: &PrometheusOptions,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<Counted, PrometheusError> {
    let _task = progress.task("counting series in Prometheus", None);
    let grid = Engine::Raw.grid(options);
    let mut options = options.clone();
    let mixed = match survey::survey(server, &options, scope, &grid).await {
        Ok(survey) => {
            return Ok(Counted {
                survey,
                options,
                cluster: None,
            });
        }
        Err(Unsurveyed::Failed(failure)) => return Err(failure.at(&server.url)),
        Err(Unsurveyed::Mixed(mixed)) => mixed,
    };
    let Some(matcher) = mixed.iter().find_map(|one| one.of(&options.cluster)) else {
        return Err(PrometheusError::mixed(
            &server.url,
            &mixed,
            &options.cluster,
        ));
    };
    progress.detail(&format!(
        "the store holds several clusters: only series with `{matcher}` are read"
    ));
    options.matchers.push(matcher.clone());
    match survey::survey(server, &options, scope, &grid).await {
        Ok(survey) => Ok(Counted {
            survey,
            options,
            cluster: Some(matcher),
        }),
        Err(Unsurveyed::Failed(failure)) => Err(failure.at(&server.url)),
        Err(Unsurveyed::Mixed(mixed)) => Err(PrometheusError::mixed(
            &server.url,
            &mixed,
            &options.cluster,
        )),
    }
}

/// Metrics that are not there.
fn missing(survey: &Survey, names: &Names) -> Vec<Gap> {
    let absent = |reading: &Reading| !survey.readings.contains(reading);
    [Reading::Cpu, Reading::Memory]
        .into_iter()
        .filter(absent)
        .map(|reading| {
            let metrics: Vec<&str> = reading.metrics().iter().map(|it| names.get(it)).collect();
            Gap::new(
                "no-metric",
                reading.label(),
                format!("Prometheus has no `{}`", metrics.join("`, `")),
            )
            .hint(
                "scrape the kubelets' `/metrics/cadvisor`, or say what the metric is called in \
                 `prometheus-names` of kcost.yaml",
            )
        })
        .collect()
}
