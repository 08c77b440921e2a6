use std::collections::BTreeSet;
use std::io::Write;

use clap::Args;

use super::args::{BookArgs, ClockArgs, SourceArgs, Whole};
use super::invocation::Invocation;
use super::values::named;
use crate::backtest::{self, Contender, Plan};
use crate::error::Error;
use crate::exit::Exit;
use crate::forecast;
use crate::recommend::{self, Goal, Options, Policy};
use crate::render::{self, View};
use crate::ui::Ui;
use crate::units::Span;

const EXAMPLES: &str = "\
Examples:
  {program} backtest --demo
  {program} backtest --snapshot prod.kcost --strategies calibrated,krr --fit 14d --horizon 7d
  {program} backtest --snapshot prod.kcost --strategies calibrated --goal savings,balanced,reliability -o json
  {program} backtest --snapshot prod.kcost --forecast";

/// Test strategies on the past: what they would have cost, and broken.
///
/// At each of several moments, a strategy sees only what came before, and is judged on
/// what followed. What it promised and what happened stand side by side. The rules of
/// other tools are judged as those tools would set their sizes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct BacktestArgs {
    /// How to write the comparison.
    #[arg(
        short,
        long,
        alias = "format",
        value_name = "FORMAT",
        env = "KCOST_OUTPUT",
        hide_env_values = true,
        default_value = "table",
        value_parser = named(["table", "json"])
    )]
    output: String,

    /// Test forecasts instead: how far off they were, beside rules of thumb, and how many
    /// hours lay within their bands.
    #[arg(long, conflicts_with_all = ["strategies", "fit", "horizon", "with_guards", "origins", "learning"])]
    forecast: bool,

    /// Strategies to compare [default: all].
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = named(recommend::names())
    )]
    strategies: Vec<String>,

    /// Goals to test; each is a row of the strategies that promise a risk.
    #[arg(
        long,
        value_name = "GOAL",
        env = "KCOST_GOAL",
        hide_env_values = true,
        value_delimiter = ',',
        default_value = Goal::Balanced.name(),
        value_parser = named(Goal::ALL.map(Goal::name))
    )]
    goal: Vec<String>,

    /// Test each goal once more without cohorts: sizes do not depend on them.
    #[arg(long, hide = true)]
    without_cohorts: bool,

    /// Test each goal once more with what earlier moments taught: promises that are over by
    /// then, kept or broken, raise or lower the risks that replays say.
    #[arg(long)]
    learning: bool,

    /// History that advice is made from at each moment.
    #[arg(long, value_name = "SPAN", default_value_t = Span::days(14))]
    fit: Span,

    /// Time after each moment on which the advice is judged.
    #[arg(long, value_name = "SPAN", default_value_t = Span::WEEK)]
    horizon: Span,

    /// Put kcost's floors, steps, rounding and other guards on the rules of other tools
    /// too, as `analyze --strategy` does.
    #[arg(long, hide_short_help = true)]
    with_guards: bool,

    /// Most moments to test, as close as a seventh of the horizon [default: 12, or all
    /// that fit without overlap].
    #[arg(long, hide_short_help = true, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    origins: Option<u16>,

    #[command(flatten)]
    clock: ClockArgs,

    #[command(flatten)]
    prices: BookArgs,

    #[command(flatten)]
    source: SourceArgs,
}

impl BacktestArgs {
    pub(super) fn run(
        &self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        if self.forecast {
            return self.forecasts(invocation, ui, out);
        }
        let snapshot = self.source.read(ui)?;
        let all = vec![true; snapshot.workloads.len()];
        let prices = self.prices.book()?;
        super::analyze::refuse_empty(&snapshot, &all)?;
        let plan = Plan {
            contenders: self.contenders(&invocation.policy),
            fit: self.fit,
            horizon: self.horizon,
            origins: self.origins.map(usize::from),
        };
        let replayed = backtest::replay(&snapshot, &plan, &prices, ui);
        ui.clear();
        let replayed = replayed.map_err(|error| Error::Empty {
            reason: error.to_string(),
            hint: error.hint(),
        })?;
        let look = invocation.look(ui, View::default());
        let written = match self.output.as_str() {
            "json" => render::backtest_json(&snapshot, &replayed, out),
            _ => render::backtest_table(&snapshot, &replayed, &look, out),
        };
        written.map_err(Error::Write)?;
        Ok(Exit::Done)
    }

    /// Forecasts against what came.
    fn forecasts(
        &self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let read = self.source.read_parts(ui)?;
        let Whole { snapshot, asked } = &read.whole;
        super::analyze::refuse_empty(snapshot, asked)?;
        let clock = self.clock.clock()?;
        let replayed = match &read.usage {
            None => match forecast::replay_from(snapshot, &snapshot.usage, asked, &clock, ui) {
                Ok(replayed) => replayed,
                Err(never) => match never {},
            },
            Some(usage) => forecast::replay_from(snapshot, &usage.of(snapshot), asked, &clock, ui)?,
        };
        ui.clear();
        if replayed.is_empty() {
            return Err(Error::Empty {
                reason: "no workload has three days of usage that moves".to_owned(),
                hint: "take a snapshot with a longer `--window`".to_owned(),
            });
        }
        let look = invocation.look(ui, View::default());
        let written = match self.output.as_str() {
            "json" => render::replayed_json(snapshot, &replayed, out),
            _ => render::replayed_table(snapshot, &replayed, &look, out),
        };
        super::analyze::written_or_cut_off(written.and_then(|()| out.flush()))?;
        Ok(Exit::Done)
    }

    /// A row for each strategy, and for each goal where the strategy heeds it.
    fn contenders(&self, policy: &Policy) -> Vec<Contender> {
        let mut names = recommend::names();
        if !self.strategies.is_empty() {
            // In the order that was asked for, each once.
            names = self.strategies.iter().map(String::as_str).collect();
            let mut seen = BTreeSet::new();
            names.retain(|name| seen.insert(*name));
        }
        let mut contenders = Vec::new();
        for strategy in names.into_iter().filter_map(recommend::by_name) {
            let goals: Vec<Goal> = self
                .goal
                .iter()
                .filter_map(|name| Goal::by_name(name))
                .collect();
            let heeded = if strategy.heeds_goal() {
                goals.len()
            } else {
                1
            };
            for goal in goals.into_iter().take(heeded) {
                let label = if strategy.heeds_goal() {
                    format!("{} {}", strategy.name(), goal.name())
                } else {
                    strategy.name().to_owned()
                };
                let options = Options {
                    strategy,
                    goal,
                    targets: goal.targets(),
                    guards: self.with_guards || !strategy.is_peer(),
                    policy: policy.clone(),
                    ..Options::default()
                };
                let alike = self.without_cohorts && strategy.heeds_goal();
                let without = alike.then(|| Contender {
                    label: format!("{label}, no cohorts"),
                    options: options.clone(),
                    cohorts: false,
                    learning: false,
                });
                let learns = self.learning && strategy.heeds_goal();
                let learning = learns.then(|| Contender {
                    label: format!("{label}, learning"),
                    options: options.clone(),
                    cohorts: true,
                    learning: true,
                });
                contenders.push(Contender {
                    label,
                    options,
                    cohorts: true,
                    learning: false,
                });
                contenders.extend(without);
                contenders.extend(learning);
            }
        }
        contenders
    }
}
