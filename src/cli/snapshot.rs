use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

use super::args::{PlanArgs, SourceArgs};
use crate::collect::record;
use crate::error::Error;
use crate::exit::Exit;
use crate::snapshot;
use crate::snapshot::Snapshot;
use crate::text::count;
use crate::ui::Ui;
use crate::units::Span;

/// metrics-server measures no more often than this, unless it is told to.
const RESOLUTION: Span = Span::from_secs(15);

const EXAMPLES: &str = "\
Examples:
  {program} snapshot --prometheus-url http://127.0.0.1:9090 -o prod.kcost
  {program} snapshot --record 7d -o prod.kcost
  {program} snapshot --objects objects.json --usage usage.csv -o prod.kcost
  {program} analyze --snapshot prod.kcost";

/// Save what a cluster requests and uses, to analyze it later or elsewhere.
///
/// The bundle is a folder of JSON and Parquet without any secret: no environment,
/// no Secret or ConfigMap data, no annotations but `kcost.dev/…`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SnapshotArgs {
    /// The folder to write; an older bundle there is replaced.
    #[arg(short, long, value_name = "NAME.kcost", value_hint = ValueHint::DirPath, required_unless_present = "plan")]
    output: Option<PathBuf>,

    /// Sample the metrics API until there is this much, for clusters without Prometheus.
    ///
    /// The bundle can be analyzed at any time, and survives whatever ends kcost.
    /// The same command goes on with it where it was left: the time that is
    /// recorded counts, not the time between. Usage in longer recordings than
    /// `--every` times 4032 is kept in coarser steps.
    #[arg(
        long,
        value_name = "SPAN",
        conflicts_with_all = ["demo", "snapshot", "objects", "selector", "prometheus_url", "prometheus_service", "window", "step", "plan"]
    )]
    record: Option<Span>,

    /// How often to sample.
    #[arg(
        long,
        value_name = "SPAN",
        env = "KCOST_EVERY",
        hide_env_values = true,
        default_value = "30s"
    )]
    every: Span,

    /// How often to read objects again while recording, and to write what was
    /// sampled as tables.
    #[arg(
        long,
        value_name = "SPAN",
        env = "KCOST_REFRESH",
        hide_env_values = true,
        default_value = "10m",
        hide_short_help = true
    )]
    refresh: Span,

    /// Fail with exit code 1 when anything could not be read. The bundle is written all the same.
    #[arg(long, env = "KCOST_STRICT", hide_env_values = true)]
    strict: bool,

    #[command(flatten)]
    source: SourceArgs,

    #[command(flatten)]
    plan: PlanArgs,
}

impl SnapshotArgs {
    pub(super) fn run(
        &self,
        program: &'static str,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        match &self.output {
            Some(output) if !self.plan.wanted() => self.save(output, program, ui),
            _ => self.source.plan(ui, out),
        }
    }

    fn save(&self, output: &Path, program: &'static str, ui: &Ui) -> Result<Exit, Error> {
        let snapshot = match self.record {
            Some(length) => self.record(length, output, ui)?,
            None => self.take(output, ui)?,
        };
        ui.clear();
        for gap in &snapshot.gaps {
            ui.warning(
                &format!("{}: {}", gap.subject, gap.text),
                gap.hint.as_deref(),
            );
        }
        ui.message(&format!(
            "wrote {}: {}, {}\nnext: {program} analyze --snapshot {0}",
            output.display(),
            count(snapshot.workloads.len(), "workload"),
            count(snapshot.usage.samples(), "sample"),
        ));
        if self.strict && !snapshot.gaps.is_empty() {
            return Err(Error::Strict {
                gaps: snapshot.gaps.len(),
            });
        }
        Ok(Exit::Done)
    }

    fn take(&self, output: &Path, ui: &Ui) -> Result<Snapshot, Error> {
        let snapshot = self.source.read(ui)?;
        let _task = ui.begin("writing the bundle");
        snapshot::write(&snapshot, output)?;
        Ok(snapshot)
    }

    fn record(&self, length: Span, output: &Path, ui: &Ui) -> Result<Snapshot, Error> {
        if self.every > length {
            return Err(Error::Usage {
                text: format!(
                    "`--every {}` is longer than `--record {length}`",
                    self.every
                ),
                hint: Some("record for days, and sample every 30s".to_owned()),
            });
        }
        if self.every < RESOLUTION {
            ui.warning(
                &format!(
                    "metrics-server measures every {RESOLUTION} at most, so `--every {}` finds nothing new most times",
                    self.every
                ),
                None,
            );
        }
        ui.message(&format!(
            "recording {length} into {}, a sample every {}; Ctrl-C stops, the same command goes on",
            output.display(),
            self.every
        ));
        let options = self
            .source
            .recording(length, self.every, self.refresh, output)?;
        let recorded = super::block_on(record::record(&options, ui))?;
        if recorded.already {
            ui.message("it has as much already: raise `--record` to go on");
        }
        Ok(recorded.snapshot)
    }
}
