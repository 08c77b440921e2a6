use std::io::Write;

use clap::Args;

use super::args::{AdviceArgs, BookArgs, ClockArgs, Parts, SourceArgs};
use super::invocation::Invocation;
use super::values::{named, share};
use super::workload;
use crate::error::Error;
use crate::exit::Exit;
use crate::forecast::Forecasts;
use crate::pipeline::{self, Settings};
use crate::progress::Progress;
use crate::recommend::Advised;
use crate::render::{self, Mover, Scheduled, View};
use crate::schedule::{self, Options, Plan, Replica, Schedules};
use crate::snapshot::{Snapshot, Supply};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  {program} schedule --demo
  {program} schedule --demo shop/Deployment/promotions
  {program} schedule --snapshot prod.kcost -n shop --time-zone Europe/Berlin
  {program} schedule --snapshot prod.kcost api -o json
  {program} schedule --snapshot prod.kcost api -o keda > scaledobject.yaml";

/// Say how many replicas workloads need when, proven on their own past.
///
/// From what is used over the week to as few windows as it takes, early by what pods and
/// nodes need to start. Every stretch of the past is played against windows that were made
/// without it, beside what runs today, a size for the peak, and a HorizontalPodAutoscaler by
/// its own algorithm. What wins is advised, and that may be a plain HPA, or nothing.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ScheduleArgs {
    /// The workload: `NAMESPACE/KIND/NAME`, or as much of it as names one [default: all].
    #[arg(value_name = "WORKLOAD")]
    workload: Option<String>,

    /// How to write the schedule: `keda` as cron triggers of a ScaledObject, `cronjobs` as
    /// CronJobs that move the least replicas of an autoscaler, with their rights.
    #[arg(
        short,
        long,
        alias = "format",
        value_name = "FORMAT",
        env = "KCOST_OUTPUT",
        hide_env_values = true,
        default_value = "table",
        value_parser = named(["table", "json", "keda", "cronjobs"])
    )]
    output: String,

    /// The chance of being short that is planned with, in any quarter of an hour.
    #[arg(long, value_name = "RISK", default_value = "0.02", value_parser = share)]
    max_short: f64,

    /// Write objects that run no replica in hours in which nobody asks, too.
    ///
    /// Who asks all the same finds nobody then: it is told without this flag, and written with
    /// it alone.
    #[arg(long)]
    sleep: bool,

    #[command(flatten)]
    advice: AdviceArgs,

    #[command(flatten)]
    prices: BookArgs,

    #[command(flatten)]
    clock: ClockArgs,

    #[command(flatten)]
    source: SourceArgs,
}

impl ScheduleArgs {
    pub(super) fn run(
        mut self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let settings = self.advice.settings(&self.prices, &invocation.policy)?;
        let workload = self.workload.take();
        let workload = workload.or_else(|| self.source.take_name());
        workload::refuse_files(&workload, "schedule", invocation.program)?;
        let clock = self.clock.clock()?;
        let Parts { whole, usage } = self.source.read_parts(ui)?;
        let snapshot = &whole.snapshot;
        let options = Options {
            clocks: schedule::clocks(snapshot, &clock, &invocation.policy),
            chance: self.max_short,
        };
        super::analyze::refuse_empty(snapshot, &whole.asked)?;
        let find = |name: String| workload::place(&whole, &name);
        let place = workload.map(find).transpose()?;
        let asked = workload::only(&whole, place);
        let made = Making {
            snapshot,
            asked: &asked,
            settings: &settings,
            options: &options,
        };
        let (mut schedules, advised) = match &usage {
            None => match made.schedules(&snapshot.usage, ui) {
                Ok(made) => made,
                Err(never) => match never {},
            },
            Some(usage) => made.schedules(&usage.of(snapshot), ui)?,
        };
        let zones = schedule::zone_gaps(snapshot, &asked, &clock, &invocation.policy);
        schedules.gaps.extend(zones);
        // Nodes are repacked for what shows it alone.
        let shown = self.output == "json" || (self.output == "table" && place.is_none());
        let off_hours = shown
            .then(|| pipeline::off_hours(snapshot, &schedules, &advised, &settings.prices))
            .flatten();
        ui.clear();
        let told = Scheduled {
            snapshot,
            schedules: &schedules,
            options: &options,
            currency: settings.prices.currency(),
            off_hours: off_hours.as_ref(),
            sleep: self.sleep,
        };
        let look = invocation.look(ui, View::default());
        let written = if self.output == "json" {
            render::schedule_json(told, out)
        } else if self.output == "keda" {
            render::schedule_manifests(told, Mover::Keda, out)
        } else if self.output == "cronjobs" {
            render::schedule_manifests(told, Mover::CronJobs, out)
        } else if place.is_some() {
            render::schedule_text(told, &look, out)
        } else {
            render::schedule_table(told, &look, out)
        };
        super::analyze::written_or_cut_off(written.and_then(|()| out.flush()))?;
        Ok(Exit::Done)
    }
}

/// What schedules are made from.
pub(super) struct Making<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) asked: &'a [bool],
    pub(super) settings: &'a Settings,
    pub(super) options: &'a Options,
}

impl Making<'_> {
    /// All workloads teach what a replica is to request.
    fn sized<S: Supply>(
        &self,
        usage: &S,
        progress: &dyn Progress,
    ) -> Result<(Advised, Vec<Replica>), S::Error> {
        let prices = &self.settings.prices;
        let sizes = pipeline::size_from(self.snapshot, usage, self.settings, progress)?;
        let replicas = schedule::replicas(self.snapshot, &sizes.advised, prices);
        Ok((sizes.advised, replicas))
    }

    fn schedules<S: Supply>(
        &self,
        usage: &S,
        progress: &dyn Progress,
    ) -> Result<(Schedules, Advised), S::Error> {
        let (advised, replicas) = self.sized(usage, progress)?;
        let Self {
            snapshot,
            asked,
            options,
            ..
        } = self;
        let schedules =
            schedule::schedule_from(snapshot, usage, asked, &replicas, options, progress)?;
        Ok((schedules, advised))
    }

    /// The plans alone, where forecasts of the same workloads are known.
    pub(super) fn plans<S: Supply>(
        &self,
        usage: &S,
        known: &Forecasts,
        progress: &dyn Progress,
    ) -> Result<Vec<Plan>, S::Error> {
        let (_, replicas) = self.sized(usage, progress)?;
        let Self {
            snapshot,
            asked,
            options,
            ..
        } = self;
        schedule::plans_from(
            snapshot,
            usage,
            asked,
            (&replicas, known),
            options,
            progress,
        )
    }
}
