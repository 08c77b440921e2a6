use std::io::Write;

use clap::Args;

use super::args::{AdviceArgs, BookArgs, ClockArgs, LearningArgs, SourceArgs, Whole};
use super::invocation::Invocation;
use super::values::named;
use super::workload;
use crate::error::Error;
use crate::exit::Exit;
use crate::explain::{self};
use crate::pipeline::{self, Settings};
use crate::render::{self, Look, View};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  {program} explain --demo shop/Deployment/checkout
  {program} explain --snapshot prod.kcost api --goal reliability
  {program} explain --snapshot prod.kcost api -o json";

/// Stretches of time that a plot distinguishes.
const POINTS: usize = 200;

/// Show why one workload gets its sizes: usage, plots, risk.
///
/// A sentence for each size; `-v` adds every step to it, and the numbers.
///
/// What is in scope is read whole, as `kcost analyze` reads it: the sizes of one workload
/// are learned from all of them. `-n NAMESPACE` reads less, and a `--snapshot` is read once
/// for many questions.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ExplainArgs {
    /// The workload: `NAMESPACE/KIND/NAME`, or as much of it as names one.
    /// Without it, those that stand out are listed.
    #[arg(value_name = "WORKLOAD")]
    workload: Option<String>,

    /// How to write the explanation.
    #[arg(
        short,
        long,
        alias = "format",
        value_name = "FORMAT",
        env = "KCOST_OUTPUT",
        hide_env_values = true,
        default_value = "text",
        value_parser = named(["text", "json"])
    )]
    output: String,

    #[command(flatten)]
    advice: AdviceArgs,

    #[command(flatten)]
    learning: LearningArgs,

    #[command(flatten)]
    prices: BookArgs,

    #[command(flatten)]
    clock: ClockArgs,

    #[command(flatten)]
    source: SourceArgs,
}

impl ExplainArgs {
    pub(super) fn run(
        mut self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let mut settings = Settings {
            clock: self.clock.clock()?,
            ..self.advice.settings(&self.prices, &invocation.policy)?
        };
        let workload = self.workload.take();
        let workload = workload.or_else(|| self.source.take_name());
        workload::refuse_files(&workload, "explain", invocation.program)?;
        if workload.is_none() && self.output == "json" {
            return Err(unnamed());
        }
        let read = self.source.read_parts(ui)?;
        let Whole { snapshot, asked } = &read.whole;
        super::analyze::refuse_empty(snapshot, asked)?;
        let grid = snapshot.usage.grid;
        let find = |name: String| workload::main_place(&read.whole, &name);
        let place = workload.map(find).transpose()?;
        let index = place.map(|place| asked[..place].iter().filter(|asked| **asked).count());
        self.learning
            .learn(&self.source, &read, &mut settings, ui)?;
        let (whole, evidence) = read.learn(place, &settings, ui)?;
        let (mut snapshot, asked) = (whole.snapshot, whole.asked);
        let analysis = pipeline::report_part(&mut snapshot, evidence, &asked, &settings, ui);
        ui.clear();
        let Some(index) = index else {
            let look = invocation.look(ui, View::default());
            return render::choices(&analysis, &look, out)
                .map(|()| Exit::Done)
                .map_err(Error::Write);
        };
        let story = explain::explain(&analysis, index, POINTS);
        let look = Look {
            command: invocation.without_goal(),
            ..invocation.look(ui, View::default())
        };
        let written = if self.output == "json" {
            render::explanation_json(&story, out)
        } else {
            render::explanation_text(&story, grid, &look, out)
        };
        written.map_err(Error::Write)?;
        Ok(Exit::Done)
    }
}

fn unnamed() -> Error {
    Error::Usage {
        text: "no workload is named".to_owned(),
        hint: Some("name it first: `kcost explain WORKLOAD --objects FILE…`".to_owned()),
    }
}
