use std::io::Write;

use clap::Args;

use super::args::{BookArgs, SourceArgs, Whole};
use super::invocation::Invocation;
use super::values::named;
use super::workload;
use crate::costs::costs;
use crate::error::Error;
use crate::exit::Exit;
use crate::gpu::{self, Gpus, Options};
use crate::render::{self, View};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  {program} gpus --demo
  {program} gpus --snapshot prod.kcost -n ml -o json
  {program} gpus --demo --together ml/notebook,ml/embedding-training";

/// Say what GPUs and other accelerators are held, how they are used, and what to do.
///
/// That something runs on a GPU says little: how full it is, is the larger of what its
/// multiprocessors and its memory do. Memory that is held says nothing. Each workload gets
/// a state, its money, and advice; `--together` predicts what several would keep of their
/// rates on one GPU.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct GpusArgs {
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

    /// What these workloads would keep of their rates on one GPU by time slicing: `A,B[,C]`.
    #[arg(long, value_name = "WORKLOADS", value_delimiter = ',', num_args = 1)]
    together: Vec<String>,

    #[command(flatten)]
    prices: BookArgs,

    #[command(flatten)]
    source: SourceArgs,
}

impl GpusArgs {
    pub(super) fn run(
        &self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        if self.together.len() == 1 {
            return Err(Error::Usage {
                text: "`--together` takes several workloads".to_owned(),
                hint: Some("name two or more: `--together ml/a,ml/b`".to_owned()),
            });
        }
        let book = self.prices.book()?;
        let read = self.source.read_parts(ui)?;
        super::analyze::refuse_empty(&read.whole.snapshot, &read.whole.asked)?;
        let (whole, profiles, seen) = read.accelerators(ui)?;
        let costs = costs(&whole.snapshot, &profiles, &book);
        let options = Options {
            book: &book,
            costs: &costs,
        };
        let mut gpus = Gpus::of(&whole.snapshot, seen, options);
        let places = self.places(&whole, &gpus)?;
        let (mut snapshot, asked) = (whole.snapshot, whole.asked);
        if let Some(places) = places {
            let step = snapshot.usage.grid.step;
            gpus.sharing = vec![gpu::together(&gpus.workloads, &places, step)];
        } else if asked.contains(&false) {
            gpus.retain(&asked);
            snapshot.retain(&asked);
        }
        ui.clear();
        let look = invocation.look(ui, View::default());
        let currency = book.currency();
        let written = match (self.output.as_str(), self.together.is_empty()) {
            ("json", _) => render::gpus_json(&snapshot, currency, &gpus, out),
            (_, true) => render::gpus_table(&snapshot, currency, &gpus, &look, out),
            (_, false) => render::together_text(&snapshot, &gpus, &gpus.sharing[0], &look, out),
        };
        super::analyze::written_or_cut_off(written.and_then(|()| out.flush()))?;
        Ok(Exit::Done)
    }

    /// Where the workloads that are named stand.
    fn places(&self, whole: &Whole, gpus: &Gpus) -> Result<Option<Vec<usize>>, Error> {
        if self.together.is_empty() {
            return Ok(None);
        }
        let mut places = Vec::new();
        for name in &self.together {
            if let Some(place) = gpus.named(&whole.snapshot, name.trim()) {
                places.push(place);
                continue;
            }
            let workload = workload::place(whole, name.trim())?;
            let place = gpus.place_of(workload).ok_or_else(|| Error::Usage {
                text: format!("`{}` has no GPU", whole.snapshot.workloads[workload].id),
                hint: Some("`gpus` without `--together` lists those that have".to_owned()),
            })?;
            places.push(place);
        }
        Ok(Some(places))
    }
}
