use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::invocation::Invocation;
use super::records;
use super::values::named;
use crate::error::Error;
use crate::exit::Exit;
use crate::render::{self, View};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  {program} analyze --snapshot prod.kcost --history runs
  {program} history runs
  {program} history runs -o json";

/// Show what earlier runs said of a cluster, and how that went on.
///
/// `analyze --history FOLDER` keeps a small record of each run: advice, promises, states
/// and money, never usage.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct HistoryArgs {
    /// The folder of the records.
    #[arg(value_name = "FOLDER", env = "KCOST_HISTORY", hide_env_values = true)]
    folder: PathBuf,

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
}

impl HistoryArgs {
    pub(super) fn run(
        &self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let records = records::all(&self.folder, ui)?;
        if records.is_empty() {
            return Err(Error::Empty {
                reason: format!("{} holds no record of a run", self.folder.display()),
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
