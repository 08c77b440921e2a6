use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

use super::args::{PlanArgs, SourceArgs};
use crate::error::Error;
use crate::exit::Exit;
use crate::snapshot;
use crate::text::count;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  {program} snapshot --prometheus-url http://127.0.0.1:9090 -o prod.kcost
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
        let snapshot = self.source.read(ui)?;
        let task = ui.begin("writing the bundle");
        snapshot::write(&snapshot, output)?;
        drop(task);
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
}
