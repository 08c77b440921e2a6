use std::io::Write;

use clap::Args;

use super::args::{AdviceArgs, BookArgs, ClockArgs, Parts, SourceArgs};
use super::invocation::Invocation;
use super::schedule::Making;
use super::values::named;
use super::workload;
use crate::error::Error;
use crate::exit::Exit;
use crate::forecast::{self, Forecasts, Metric, Options};
use crate::progress::Progress;
use crate::render::{self, Foretold, View};
use crate::schedule::{self, Plan};
use crate::snapshot::Supply;
use crate::ui::Ui;
use crate::units::{ParseSpanError, Span};

const EXAMPLES: &str = "\
Examples:
  {program} forecast --demo
  {program} forecast --demo shop/Deployment/promotions --horizon 14d
  {program} forecast --snapshot prod.kcost -n shop --time-zone Europe/Berlin
  {program} forecast --snapshot prod.kcost --horizon 24h -o json";

/// The longest horizon.
const FARTHEST: Span = Span::days(14);

/// Say what workloads will use, hour by hour, and which seasons they have.
///
/// CPU, memory and replicas of all pods of a workload together. Several simple models are
/// tried on its own past and mixed by how well they did; nine hours of ten are to lie
/// within the bands. A season is told only where chance does not explain it. Quotas, node
/// pools and volumes are told with the day on which they will be full.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ForecastArgs {
    /// The workload: `NAMESPACE/KIND/NAME`, or as much of it as names one [default: all].
    #[arg(value_name = "WORKLOAD")]
    workload: Option<String>,

    /// How to write the forecast.
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

    /// How far ahead, from `1h` to `14d`.
    #[arg(long, value_name = "SPAN", default_value_t = Span::WEEK, value_parser = horizon)]
    horizon: Span,

    #[command(flatten)]
    advice: AdviceArgs,

    #[command(flatten)]
    prices: BookArgs,

    #[command(flatten)]
    clock: ClockArgs,

    #[command(flatten)]
    source: SourceArgs,
}

fn horizon(text: &str) -> Result<Span, String> {
    let span: Span = text
        .parse()
        .map_err(|error: ParseSpanError| error.to_string())?;
    if (Span::HOUR..=FARTHEST).contains(&span) {
        Ok(span)
    } else {
        Err("a forecast reaches from one hour, `1h`, to two weeks, `14d`".to_owned())
    }
}

impl ForecastArgs {
    pub(super) fn run(
        mut self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let workload = self.workload.take();
        let workload = workload.or_else(|| self.source.take_name());
        workload::refuse_files(&workload, "forecast", invocation.program)?;
        let settings = self.advice.settings(&self.prices, &invocation.policy)?;
        let clock = self.clock.clock()?;
        let Parts { whole, usage } = self.source.read_parts(ui)?;
        let snapshot = &whole.snapshot;
        let clocks = schedule::clocks(snapshot, &clock, &invocation.policy);
        let options = Options {
            hours: forecast::hours_of(self.horizon),
            clocks: clocks.clone(),
            metrics: &Metric::ALL,
            capacities: true,
        };
        super::analyze::refuse_empty(snapshot, &whole.asked)?;
        let find = |name: String| workload::place(&whole, &name);
        let place = workload.map(find).transpose()?;
        let asked = workload::only(&whole, place);
        let planning = schedule::Options {
            clocks: clocks.clone(),
            ..schedule::Options::default()
        };
        let made = Making {
            snapshot,
            asked: &asked,
            settings: &settings,
            options: &planning,
        };
        // A table has no line for it.
        let planned = self.output == "json" || place.is_some();
        let (mut forecasts, plans) = match &usage {
            None => match told(&made, &snapshot.usage, &options, planned, ui) {
                Ok(told) => told,
                Err(never) => match never {},
            },
            Some(usage) => told(&made, &usage.of(snapshot), &options, planned, ui)?,
        };
        let zones = schedule::zone_gaps(snapshot, &asked, &clock, &invocation.policy);
        forecasts.gaps.splice(0..0, zones);
        ui.clear();
        let foretold = Foretold {
            snapshot,
            forecasts: &forecasts,
            plans: plans.as_deref(),
            clocks: &clocks,
            currency: settings.prices.currency(),
        };
        let look = invocation.look(ui, View::default());
        let written = if self.output == "json" {
            render::forecast_json(foretold, out)
        } else if place.is_some() {
            render::forecast_text(foretold, &look, out)
        } else {
            render::forecast_table(foretold, &look, out)
        };
        super::analyze::written_or_cut_off(written.and_then(|()| out.flush()))?;
        Ok(Exit::Done)
    }
}

/// What comes, and what is advised on replicas where that is told.
fn told<S: Supply>(
    made: &Making<'_>,
    usage: &S,
    options: &Options,
    planned: bool,
    progress: &dyn Progress,
) -> Result<(Forecasts, Option<Vec<Plan>>), S::Error> {
    let forecasts = forecast::forecast_from(made.snapshot, usage, made.asked, options, progress)?;
    let plans = planned.then(|| made.plans(usage, &forecasts, progress));
    let plans = plans.transpose()?;
    Ok((forecasts, plans))
}
