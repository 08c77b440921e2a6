use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::args::{AdviceArgs, BookArgs, LearningArgs, SourceArgs, ViewArgs, Whole};
use super::into;
use super::invocation::Invocation;
use super::values::{described, named};
use super::workload;
use super::written;
use crate::error::Error;
use crate::exit::Exit;
use crate::pipeline::{self};
use crate::render::{self, FORMS, Form, Patches};
use crate::text::count;
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  {program} patch --demo
  {program} patch --snapshot prod.kcost shop/Deployment/api -o strategic
  {program} patch --snapshot prod.kcost --state over-provisioned -o kustomize --output-dir patches
  {program} patch --snapshot prod.kcost --into . --check
  {program} patch -n shop -o json";

/// Write what to change, as kubectl, kustomize and others take it.
///
/// Only the fields that change, each with its reason, the value before and what it is
/// worth. It writes to no cluster.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PatchArgs {
    /// Workloads: `NAMESPACE/KIND/NAME`, or as much of it as names one [default: all].
    #[arg(value_name = "WORKLOAD")]
    workloads: Vec<String>,

    /// How to write the changes.
    #[arg(
        short,
        long,
        alias = "format",
        value_name = "FORMAT",
        hide_env_values = true,
        default_value = FORMS[0].name(),
        value_parser = described(
            FORMS.iter().map(|form| (form.name(), form.summary()))
                .chain([("json", "for programs: kcost.changes/v1, keys are only ever added")])
        )
    )]
    output: String,

    /// Write one file a workload into this folder.
    #[arg(long, value_name = "FOLDER")]
    output_dir: Option<PathBuf>,

    /// Change the manifests of this folder, a Git tree, and nothing else in them.
    ///
    /// Plain YAML and JSON, what kustomizations name, and the values of Helm charts. What
    /// cannot be changed without a guess is listed, with the reason.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["output", "output_dir"])]
    into: Option<PathBuf>,

    /// Only say what would change in the folder, and exit with 10 where anything would.
    #[arg(long, requires = "into")]
    check: bool,

    /// Change bases that several overlays share, too.
    #[arg(long, requires = "into")]
    base: bool,

    /// What to say of it: `text`, or `markdown` for a pull request.
    #[arg(
        long,
        value_name = "FORMAT",
        requires = "into",
        default_value = "text",
        value_parser = named(["text", "markdown"])
    )]
    summary: String,

    #[command(flatten)]
    view: ViewArgs,

    #[command(flatten)]
    prices: BookArgs,

    #[command(flatten)]
    advice: AdviceArgs,

    #[command(flatten)]
    learning: LearningArgs,

    #[command(flatten)]
    source: SourceArgs,
}

impl PatchArgs {
    pub(super) fn run(
        mut self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let mut settings = self.advice.settings(&self.prices, &invocation.policy)?;
        let mut names = std::mem::take(&mut self.workloads);
        names.extend(self.source.take_name());
        workload::refuse_files(&names, "patch", invocation.program)?;
        let form = self.form()?;
        if let (Some(folder), Some(_)) = (&self.output_dir, form) {
            written::check(folder)?;
        }
        let read = self.source.read_parts(ui)?;
        let Whole { snapshot, asked } = &read.whole;
        super::analyze::refuse_empty(snapshot, asked)?;
        let only = workload::among(&read.whole, &names)?;
        self.learning
            .learn(&self.source, &read, &mut settings, ui)?;
        let (whole, evidence) = read.learn(None, &settings, ui)?;
        let (mut snapshot, asked) = (whole.snapshot, whole.asked);
        let analysis = pipeline::report_part(&mut snapshot, evidence, &asked, &settings, ui);
        ui.clear();
        let look = invocation.look(ui, self.view.view());
        let patches = Patches::new(&analysis, &look, only.as_deref());
        if let Some(folder) = &self.into {
            let patches = patches.with_homes();
            let asked = into::Asked {
                folder,
                check: self.check,
                base: self.base,
                markdown: self.summary == "markdown",
            };
            return into::run(asked, &patches, out);
        }
        let Some(form) = form else {
            let patches = patches.with_homes();
            super::analyze::written_or_cut_off(render::patch_json(&patches, out))?;
            return Ok(Exit::Done);
        };
        let Some(folder) = &self.output_dir else {
            let stream = render::patch_stream(form, &patches, out);
            super::analyze::written_or_cut_off(stream.and_then(|()| out.flush()))?;
            return Ok(Exit::Done);
        };
        let files = render::patch_files(form, &patches).map_err(Error::Write)?;
        written::files(folder, &files)?;
        let noun = count(patches.changes().len(), "workload");
        ui.message(&format!("wrote patches of {noun} to {}", folder.display()));
        Ok(Exit::Done)
    }

    /// `None` for programs.
    fn form(&self) -> Result<Option<&'static dyn Form>, Error> {
        let form = render::form_by_name(&self.output);
        if form.is_none() && self.output_dir.is_some() {
            return Err(Error::Usage {
                text: "`-o json` is one text, and `--output-dir` writes several files".to_owned(),
                hint: Some("leave one of them out".to_owned()),
            });
        }
        Ok(form)
    }
}
