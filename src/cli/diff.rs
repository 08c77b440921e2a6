use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::args::{AdviceArgs, BookArgs};
use super::invocation::Invocation;
use super::records;
use super::values::named;
use crate::error::Error;
use crate::exit::Exit;
use crate::render::{self, View};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  {program} diff monday.kcost friday.kcost
  {program} diff runs/2026-11-16T18-00-00Z-prod.json prod.kcost
  {program} diff monday.kcost friday.kcost -o json";

/// Say what changed between two runs: new, gone, better, worse, and the money.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DiffArgs {
    /// The earlier: a bundle, or the record of a run.
    #[arg(value_name = "BEFORE")]
    before: PathBuf,

    /// The later: a bundle, or the record of a run.
    #[arg(value_name = "AFTER")]
    after: PathBuf,

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
}

impl DiffArgs {
    pub(super) fn run(
        &self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let settings = self.advice.settings(&self.prices, &invocation.policy)?;
        let before = records::of(&self.before, &settings, ui)?;
        let after = records::of(&self.after, &settings, ui)?;
        ui.clear();
        if before.cluster != after.cluster {
            let text = format!(
                "these are two clusters: {} and {}",
                before.cluster, after.cluster
            );
            ui.warning(&text, None);
        }
        if before.scope != after.scope {
            let all = |scope: &Option<String>| scope.clone().unwrap_or_else(|| "all".to_owned());
            let (before, after) = (all(&before.scope), all(&after.scope));
            let text = format!("these are two parts of a cluster: {before} and {after}");
            ui.warning(&text, None);
        }
        if before.question() != after.question() {
            let text = format!(
                "two questions were asked, so that advice differs by that, too: {}; and {}",
                before.question(),
                after.question()
            );
            ui.warning(&text, None);
        }
        if before.currency != after.currency {
            return Err(Error::Usage {
                text: format!(
                    "one is in {}, the other in {}",
                    before.currency, after.currency
                ),
                hint: Some("take both with the same `--prices`".to_owned()),
            });
        }
        let written = if self.output == "json" {
            render::diff_json(&before, &after, out)
        } else {
            let look = invocation.look(ui, View::default());
            render::diff_table(&before, &after, &look, out)
        };
        super::analyze::written_or_cut_off(written.and_then(|()| out.flush()))?;
        Ok(Exit::Done)
    }
}
