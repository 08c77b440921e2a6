use std::io::Write;

use clap::Args;

use super::apply::LogArgs;
use super::args::ClusterArgs;
use super::invocation::Invocation;
use super::records::{self, Shelf};
use super::values::named;
use crate::apply::log::{Book, Run, runs};
use crate::error::Error;
use crate::exit::Exit;
use crate::render::{self, View};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  {program} analyze --snapshot prod.kcost --history runs
  {program} history runs
  {program} history runs -o json
  {program} history configmap:kcost/kcost-history";

/// Show what earlier runs said of a cluster, and how that went on.
///
/// `--history` of `analyze` and `apply` keeps a small record of each run: advice, promises,
/// states and money, and what was applied, never usage. What became of that, as what was
/// rolled back, is in the audit log.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct HistoryArgs {
    /// Where the records are: a folder, or `configmap:NAMESPACE/NAME` in the cluster.
    #[arg(value_name = "PLACE", env = "KCOST_HISTORY", hide_env_values = true, value_parser = records::shelf)]
    place: Shelf,

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
    log: LogArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

impl HistoryArgs {
    pub(super) fn run(
        &self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let records = self.place.all(&self.cluster.nearest(), ui)?;
        if records.is_empty() {
            return Err(Error::Empty {
                reason: format!("{} holds no record of a run", self.place),
                hint: "keep one: `kcost analyze --history FOLDER`".to_owned(),
            });
        }
        let runs = self.runs(ui);
        let told = (&*records, &*runs);
        let written = if self.output == "json" {
            render::history_json(told, out)
        } else {
            render::history_table(told, &invocation.look(ui, View::default()), out)
        };
        super::analyze::written_or_cut_off(written.and_then(|()| out.flush()))?;
        Ok(Exit::Done)
    }

    /// Runs of the audit log, which knows what became of what was applied; none where it is
    /// not here.
    fn runs(&self, ui: &Ui) -> Vec<Run> {
        let Ok(folder) = self.log.kept() else {
            return Vec::new();
        };
        match Book::look(&folder) {
            Ok(kept) => runs(&kept.lines),
            Err(error) => {
                ui.warning(&error.to_string(), Some(&error.hint()));
                Vec::new()
            }
        }
    }
}
