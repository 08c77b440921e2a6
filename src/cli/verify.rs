use std::io::Write;

use clap::Args;

use super::args::{AdviceArgs, BookArgs, SourceArgs, Whole};
use super::invocation::Invocation;
use super::records::{self, Shelf};
use super::values::named;
use crate::error::Error;
use crate::exit::Exit;
use crate::history::{self, Missing, Nodes, Record, Teaching, Verify};
use crate::pipeline::Settings;
use crate::render::{self, Verified, View};
use crate::snapshot::Snapshot;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  {program} verify runs --snapshot prod.kcost
  {program} verify runs/2026-11-16T18-00-00Z-prod.json -o json
  {program} verify last-week.kcost --snapshot prod.kcost";

/// Hold past advice against what came after: applied? promises kept? what did it free?
///
/// A promise is judged once its time is over. What advice frees are requests; what really
/// left the bill are nodes, so that those of then stand beside those of now, where both are
/// known.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct VerifyArgs {
    /// What was said: the record of a run, where records are kept, or a bundle of then.
    ///
    /// Of a folder, or of `configmap:NAMESPACE/NAME`, the newest record counts whose promises are over, else the oldest; where
    /// there are some of this strategy and goal, of those.
    #[arg(value_name = "RECORD", value_parser = records::shelf)]
    record: Shelf,

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
        let (record, beside) = self.record(snapshot, &settings, ui)?;
        let grid = snapshot.usage.grid;
        if grid.time(grid.len.saturating_sub(1)) <= record.taken_at {
            return Err(Error::Empty {
                reason: format!("there is no usage after {}", record.taken_at),
                hint: "take a newer snapshot: advice is held against what came after it".to_owned(),
            });
        }
        let mut verify = Verify::new(&record, snapshot);
        let mut teaching = Teaching::new(&beside, snapshot, self.source.part().as_deref());
        read.each(&mut |workloads, usage| {
            verify.look(workloads.clone(), usage);
            teaching.look(workloads, usage);
        })?;
        let mut seen = verify.seen();
        // What the next run learns does not depend on what is shown now.
        let mut outcomes = history::outcomes(&record, &seen);
        let foreign = self.is_of_another(&record, snapshot, ui)?;
        if foreign {
            outcomes.containers.clear();
        }
        let nodes = Nodes::of(snapshot, &settings.prices);
        let comparable = !foreign && record.currency == settings.prices.currency().to_string();
        let learned = teaching.with(&record, &outcomes);
        self.source.choose(&mut seen)?;
        ui.clear();
        if seen.is_empty() {
            return Err(Error::Empty {
                reason: format!("the record of {} holds nothing of that", record.taken_at),
                hint: "check `--namespace` and `--selector`: of workloads that are gone no labels are known".to_owned(),
            });
        }
        let told = Verified {
            record: &record,
            snapshot,
            seen: &seen,
            learned: &learned,
            nodes: nodes.as_ref().filter(|_| comparable),
        };
        let written = if self.output == "json" {
            render::verify_json(&told, out)
        } else {
            render::verify_table(&told, &invocation.look(ui, View::default()), out)
        };
        super::analyze::written_or_cut_off(written.and_then(|()| out.flush()))?;
        Ok(Exit::Done)
    }

    /// Whether the record is of another cluster than the usage, which is told.
    fn is_of_another(&self, record: &Record, snapshot: &Snapshot, ui: &Ui) -> Result<bool, Error> {
        let (then, now) = (&record.cluster, &snapshot.cluster.name);
        if then != now {
            ui.warning(&format!("these are two clusters: {then} and {now}"), None);
            return Ok(true);
        }
        let missing = self.source.missing(record, snapshot)?;
        if missing.is_elsewhere() {
            let Missing { gone, of } = missing;
            let text = format!(
                "this looks like another cluster: {gone} of {of} workloads of the record are not there"
            );
            ui.warning(&text, None);
        }
        Ok(missing.is_elsewhere())
    }

    /// What is held against usage, and all records of its folder.
    fn record(
        &self,
        snapshot: &Snapshot,
        settings: &Settings,
        ui: &Ui,
    ) -> Result<(Record, Vec<Record>), Error> {
        if let Shelf::Folder(path) = &self.record
            && (!path.is_dir() || path.join("snapshot.json").exists())
        {
            return Ok((records::of(path, settings, ui)?, Vec::new()));
        }
        let mut records = self.record.all(&self.source.nearest(), ui)?;
        records.retain(|it| it.cluster == snapshot.cluster.name);
        let mut own = records.clone();
        self.source.leave_own(&mut own, snapshot, ui)?;
        let foreign = own.is_empty();
        if !foreign {
            records = own;
        }
        let part = self.source.part();
        let is_for = |it: &Record| it.is_for(part.as_deref());
        if records.iter().any(is_for) {
            records.retain(is_for);
        }
        let asked = &settings.recommend;
        let asked = (asked.strategy.name(), asked.goal.name());
        let is_asked = |it: &Record| (it.strategy.as_str(), it.goal.as_str()) == asked;
        let any = !records.iter().any(is_asked);
        let end = snapshot.usage.grid.end();
        let over = |it: &Record| it.is_over(end) && (any || is_asked(it));
        let place = records.iter().rposition(over).unwrap_or(0);
        if records.is_empty() {
            return Err(Error::Empty {
                reason: format!(
                    "{} holds no record of {}",
                    self.record, snapshot.cluster.name
                ),
                hint: "keep one: `kcost analyze --history FOLDER`".to_owned(),
            });
        }
        let record = records[place].clone();
        // Of another cluster no run has anything to teach.
        Ok((record, if foreign { Vec::new() } else { records }))
    }
}
