//! What would this advice have done? Replays strategies over the past.
//!
//! At each origin a strategy sees the snapshot as of then ([`Snapshot::as_of`],
//! so it cannot look ahead) and is judged on the horizon that followed. What
//! replaying leaves out: workloads would have behaved differently under other
//! sizes (throttled, killed, rescheduled), and requests have no history.

use jiff::Timestamp;

use crate::cohort::{self, Cohorts};
use crate::price::Book;
use crate::profile;
use crate::progress::Progress;
use crate::recommend::{self, Options};
use crate::snapshot::Snapshot;
use crate::units::{Bytes, Cpu, Currency, HOURS_PER_MONTH, Span};

mod calibration;
mod interval;
mod judge;
mod node;
mod origins;
mod pack;
mod score;
mod sizes;

use calibration::Origin;
use origins::{Origins, slots};

pub use calibration::{Calibration, OfKind};
pub use interval::{MeanShare, Share};
pub use score::{Score, Trusted, Verdict};

/// One row of the comparison.
#[derive(Debug, Clone)]
pub struct Contender {
    /// What it is called in the report: `krr`, `calibrated balanced`.
    pub label: String,
    pub options: Options,
    /// Whether the strategy sees cohorts; without, all containers are alike to it.
    pub cohorts: bool,
    /// Whether each origin learns from those whose horizon is over by then.
    pub learning: bool,
}

/// What is replayed.
pub struct Plan {
    pub contenders: Vec<Contender>,
    /// How much history each origin sees.
    pub fit: Span,
    /// How long each origin's advice is judged.
    pub horizon: Span,
    /// At most so many origins; `None` for all that fit without overlap, or about
    /// a dozen with.
    pub origins: Option<usize>,
}

/// How every contender did, over all origins.
#[derive(Debug, Clone, PartialEq)]
pub struct Backtest {
    pub currency: Currency,
    pub fit: Span,
    pub horizon: Span,
    /// When advice was made, earliest first.
    pub origins: Vec<Timestamp>,
    /// From one of them to the next.
    pub every: Span,
    /// Horizons without overlap that hold as much time as was judged: what is known
    /// of chance is of so many.
    pub independent_horizons: f64,
    /// One for each contender, in the plan's order.
    pub scores: Vec<Score>,
}

/// Why nothing was replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// The history is too short for a single origin.
    #[error("the history of {} is too short to learn from {fit} and test on {horizon}", .history.human())]
    TooShort {
        history: Span,
        fit: Span,
        horizon: Span,
    },
    /// So many origins would take hours and say nothing new.
    #[error("{origins} origins are too many: at most {MOST_ORIGINS} are tested")]
    TooMany { origins: usize },
}

/// Origins that are replayed at most.
pub const MOST_ORIGINS: usize = 200;

impl Impossible {
    /// One next step.
    pub fn hint(&self) -> String {
        let history = match self {
            Self::TooShort { history, .. } => history,
            Self::TooMany { .. } => {
                return "use a longer `--horizon`, or name the first few with `--origins`"
                    .to_owned();
            }
        };
        let half = Span::from_secs(history.as_secs() / 2 / 86_400 * 86_400);
        if half.as_secs() == 0 {
            return "take a snapshot with a longer `--window`".to_owned();
        }
        format!("take a snapshot with a longer `--window`, or try `--fit {half} --horizon {half}`")
    }
}

/// Replays the plan. The same snapshot and plan give the same scores.
///
/// # Errors
///
/// [`Impossible`] where not one origin has `fit` before it and `horizon` after it,
/// or more than [`MOST_ORIGINS`] have.
pub fn replay(
    snapshot: &Snapshot,
    plan: &Plan,
    prices: &Book,
    progress: &dyn Progress,
) -> Result<Backtest, Impossible> {
    let origins = Origins::of(snapshot, plan)?;
    let rounds = u64::try_from(origins.slots.len() * plan.contenders.len()).ok();
    let task = progress.task("testing on the past", rounds);
    let mut tallies: Vec<score::Tally> = plan
        .contenders
        .iter()
        .map(|_| score::Tally::new())
        .collect();
    for &origin in &origins.slots {
        let past = snapshot.as_of(origin, plan.fit);
        let horizon = slots(snapshot, plan.horizon);
        let future = snapshot.usage.between(origin, origin + horizon);
        let profiles = profile::profile(&past);
        let cohorts = cohort::group(&past, &profiles);
        let alike = Cohorts::none(profiles.len());
        for (contender, tally) in plan.contenders.iter().zip(&mut tallies) {
            let mut options = contender.options.clone();
            options.targets.horizon = plan.horizon;
            if contender.learning {
                options.learned = tally.taught(origin);
            }
            let cohorts = if contender.cohorts { &cohorts } else { &alike };
            let advised = recommend::recommend(&past, &profiles, cohorts, &options);
            let outcome = judge::judge(&past, &future, &advised, prices);
            let at = Origin {
                time: snapshot.usage.grid.time(origin),
                horizon: plan.horizon,
                until: origin + horizon,
            };
            tally.add(at, outcome, &options.learned);
            task.advance(1);
        }
    }
    let scores = plan.contenders.iter().zip(tallies);
    Ok(Backtest {
        currency: prices.currency(),
        fit: plan.fit,
        horizon: plan.horizon,
        origins: origins
            .slots
            .iter()
            .map(|slot| snapshot.usage.grid.time(*slot))
            .collect(),
        every: Span::from_secs(origins.every * snapshot.usage.grid.step.as_secs()),
        independent_horizons: origins.independent(),
        scores: scores
            .map(|(contender, tally)| tally.score(contender, &origins))
            .collect(),
    })
}

/// What a core and a GiB cost a month on the cluster's nodes, weighted by their size.
fn monthly_rates(snapshot: &Snapshot, prices: &Book) -> (f64, f64) {
    let mut cpu = (0.0, 0.0);
    let mut memory = (0.0, 0.0);
    let nodes = &snapshot.cluster.nodes;
    for (node, price) in nodes.iter().zip(prices.prices(nodes)) {
        let rates = price.rates;
        let cores = node.allocatable.cpu.map_or(0.0, Cpu::get);
        let gib = node.allocatable.memory.map_or(0.0, Bytes::to_gib);
        cpu = (cpu.0 + cores * rates.cpu_core_hour, cpu.1 + cores);
        memory = (memory.0 + gib * rates.memory_gib_hour, memory.1 + gib);
    }
    let fallback = prices.rates(None);
    let mean =
        |(sum, weight): (f64, f64), other: f64| if weight > 0.0 { sum / weight } else { other };
    (
        mean(cpu, fallback.cpu_core_hour) * HOURS_PER_MONTH,
        mean(memory, fallback.memory_gib_hour) * HOURS_PER_MONTH,
    )
}
