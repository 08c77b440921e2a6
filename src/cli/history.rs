use std::io::Write;

use clap::Args;

use super::args::ClusterArgs;
use super::invocation::Invocation;
use super::records::{self, Shelf};
use super::values::named;
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
/// states and money, and what was applied, never usage.
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
        let written = if self.output == "json" {
            render::history_json(&records, out)
        } else {
            render::history_table(&records, &invocation.look(ui, View::default()), out)
        };
        super::analyze::written_or_cut_off(written.and_then(|()| out.flush()))?;
        Ok(Exit::Done)
    }
}
