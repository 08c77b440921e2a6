use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::args::{AdviceArgs, BookArgs, SourceArgs, Whole};
use super::invocation::Invocation;
use super::records;
use super::values::named;
use crate::error::Error;
use crate::exit::Exit;
use crate::history::{Record, Verify};
use crate::pipeline::Settings;
use crate::render::{self, View};
use crate::snapshot::{Snapshot, Supply};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  {program} verify runs --snapshot prod.kcost
  {program} verify runs/2026-11-16T18-00-00Z-prod.json -o json
  {program} verify last-week.kcost --snapshot prod.kcost";

/// Hold past advice against what came after: applied? promises kept? what did it save?
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct VerifyArgs {
    /// What was said: the record of a run, a folder of records, or a bundle of then.
    ///
    /// Of a folder the newest record counts whose promises are over, else the oldest.
    #[arg(value_name = "RECORD")]
    record: PathBuf,

    /// How to write it.
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

    #[command(flatten)]
    prices: BookArgs,

    #[command(flatten)]
    advice: AdviceArgs,

    #[command(flatten)]
    source: SourceArgs,
}

impl VerifyArgs {
    pub(super) fn run(
        &self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let settings = self.advice.settings(&self.prices, &invocation.policy)?;
        let read = self.source.read_parts(ui)?;
        let Whole { snapshot, asked } = &read.whole;
        super::analyze::refuse_empty(snapshot, asked)?;
        let record = self.record(snapshot, &settings, ui)?;
        let grid = snapshot.usage.grid;
        if grid.time(grid.len.saturating_sub(1)) <= record.taken_at {
            return Err(Error::Empty {
                reason: format!("there is no usage after {}", record.taken_at),
                hint: "take a newer snapshot: advice is held against what came after it".to_owned(),
            });
        }
        let mut verify = Verify::new(&record, snapshot);
        match &read.usage {
            None => {
                let all = 0..usize::MAX;
                verify.look(all, &snapshot.usage);
            }
            Some(usage) => {
                let stored = usage.of(snapshot);
                stored.each(&mut |workloads, usage| verify.look(workloads, usage))?;
            }
        }
        let seen = verify.seen();
        ui.clear();
        let told = (&record, snapshot, &*seen);
        let written = if self.output == "json" {
            render::verify_json(told, out)
        } else {
            render::verify_table(told, &invocation.look(ui, View::default()), out)
        };
        super::analyze::written_or_cut_off(written.and_then(|()| out.flush()))?;
        Ok(Exit::Done)
    }

    fn record(&self, snapshot: &Snapshot, settings: &Settings, ui: &Ui) -> Result<Record, Error> {
        let is_bundle = self.record.join("snapshot.json").exists();
        if !self.record.is_dir() || is_bundle {
            return records::of(&self.record, settings, ui);
        }
        let mut records = records::all(&self.record, ui)?;
        records.retain(|it| it.cluster == snapshot.cluster.name);
        let end = snapshot.usage.grid.end();
        // A week is what promises are about unless somebody asks for another time.
        let over = |record: &Record| {
            let days = record.workloads.iter().flat_map(|it| &it.containers);
            let days = days.filter_map(|it| it.promise).map(|it| it.horizon_days);
            let days = days.fold(0.0, f64::max);
            let past = end.as_second() - record.taken_at.as_second();
            past > 0 && f64::from(i32::try_from(past).unwrap_or(i32::MAX)) >= days * 86_400.0
        };
        let place = records.iter().rposition(over).unwrap_or(0);
        if records.is_empty() {
            return Err(Error::Empty {
                reason: format!(
                    "{} holds no record of {}",
                    self.record.display(),
                    snapshot.cluster.name
                ),
                hint: "keep one: `kcost analyze --history FOLDER`".to_owned(),
            });
        }
        Ok(records.swap_remove(place))
    }
}
