use std::io::{self, Write};

use clap::Args;
use clap::builder::BoolishValueParser;

use super::args::{AdviceArgs, BookArgs, ClockArgs, LearningArgs, PlanArgs, ShowArgs, SourceArgs};
use super::invocation::Invocation;
use super::values::percent;
use crate::costs::By;
use crate::error::Error;
use crate::exit::Exit;
use crate::gate::{self, Outcome, Threshold};
use crate::history::Record;
use crate::pipeline::{self, Analysis, Settings};
use crate::recommend::Policy;
use crate::render;
use crate::snapshot::{Gap, Snapshot};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  {program} analyze --demo
  {program} analyze --context prod-eu --context prod-us -n shop -n 'team-*'
  {program} analyze --snapshot prod.kcost --by label:team
  {program} analyze --snapshot prod.kcost -o patch > patch.yaml
  {program} analyze --snapshot prod.kcost --fail-on 'cost-waste>30%'";

/// Say what to change, why, and what it saves.
///
/// Requests and limits for every workload, from what each has used, with the risk
/// that they take.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help())]
pub(super) struct AnalyzeArgs {
    #[command(flatten)]
    pub(super) show: ShowArgs,

    /// Fail with exit code 10 where this is true: `cost-waste>30%`. Repeatable.
    ///
    /// The name of a rule, `>` or `>=`, and a limit; several with commas between them.
    /// For a part of the cluster: `cost-waste>30% in namespace:shop`,
    /// `monthly-freed>100 in label:team=web`.
    #[arg(
        long,
        value_name = "RULE",
        env = "KCOST_FAIL_ON",
        hide_env_values = true
    )]
    fail_on: Vec<String>,

    /// Give no verdict when less than this of the value of all requests can be judged: `80%`.
    ///
    /// Without a verdict the exit code is 1. Where nothing can be judged, there is none.
    #[arg(
        long,
        value_name = "SHARE",
        env = "KCOST_MIN_JUDGED",
        hide_env_values = true,
        hide_short_help = true,
        default_value = "0%",
        value_parser = percent
    )]
    min_judged: f64,

    /// Report a failed gate, but exit with 0.
    #[arg(
        long,
        env = "KCOST_EXIT_ZERO",
        value_parser = BoolishValueParser::new(),
        hide_env_values = true,
        hide_short_help = true
    )]
    pub(super) exit_zero: bool,

    /// Fail with exit code 1 when anything could not be read.
    #[arg(
        long,
        env = "KCOST_STRICT",
        value_parser = BoolishValueParser::new(),
        hide_env_values = true,
        hide_short_help = true
    )]
    pub(super) strict: bool,

    /// Also by `namespace` or `label:KEY`: what each costs, wastes and frees.
    #[arg(long, value_name = "WHAT", value_parser = grouping)]
    by: Option<By>,

    #[command(flatten)]
    prices: BookArgs,

    #[command(flatten)]
    clock: ClockArgs,

    #[command(flatten)]
    advice: AdviceArgs,

    #[command(flatten)]
    pub(super) learning: LearningArgs,

    #[command(flatten)]
    pub(super) source: SourceArgs,

    #[command(flatten)]
    plan: PlanArgs,
}

/// What workloads can be grouped by: what each of them is in wholly.
fn grouping(text: &str) -> Result<By, String> {
    match text.parse() {
        Ok(by @ (By::Namespace | By::Label(_))) => Ok(by),
        _ => Err(format!("`{text}` is not `namespace` or `label:KEY`")),
    }
}

/// The gate's rules, the exit codes, and the examples.
fn long_help() -> String {
    let rules = gate::ALL.iter();
    let rules = rules.map(|rule| format!("  {:<16} {}", rule.name(), rule.summary()));
    let rules: Vec<String> = rules.collect();
    format!(
        "Gate (--fail-on), of the whole cluster or `in namespace:NAME`, `in label:KEY=VALUE`:\n{}\n\nExit codes:\n{}\n\n{EXAMPLES}",
        rules.join("\n"),
        Exit::HELP
    )
}

impl AnalyzeArgs {
    pub(super) fn run(
        &self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        if self.plan.wanted() {
            return self.source.plan(ui, out);
        }
        self.refuse_groups()?;
        if self.source.is_several() {
            return self.run_several(invocation, ui, out);
        }
        let mut settings = self.settings(&invocation.policy)?;
        let read = self.source.read_parts(ui)?;
        refuse_empty(&read.whole.snapshot, &read.whole.asked)?;
        let earlier = self
            .learning
            .teach(&self.source, &read, &mut settings, ui)?;
        let (whole, evidence) = read.learn(None, &settings, ui)?;
        let (mut snapshot, asked) = (whole.snapshot, whole.asked);
        let analysis = pipeline::report_part(&mut snapshot, evidence, &asked, &settings, ui);
        ui.clear();
        let look = invocation.look(ui, self.show.view());
        let renderer = self.show.renderer();
        // Judged before anything is written, so that no reader can cut it off.
        let verdict = self.verdict(&analysis);
        let written = renderer.render(&analysis, &look, out);
        written_or_cut_off(written.and_then(|()| out.flush()))?;
        if let Some(shelf) = self.learning.shelf() {
            let mut record = Record::of(&analysis);
            record.scope = self.source.part();
            record.outcomes = earlier.outcomes;
            shelf.keep(&record, &self.source.nearest(), ui)?;
            if let Some(line) = render::trend(&earlier.records, &record) {
                ui.message(&line);
            }
        }
        if !renderer.for_people() && !analysis.outcomes.is_empty() {
            // Machine formats have no place for a verdict line.
            ui.message(&gate::verdict(&analysis.outcomes));
        }
        verdict
    }

    pub(super) fn settings(&self, policy: &Policy) -> Result<Settings, Error> {
        Ok(Settings {
            recommend: self.advice.options(policy)?,
            prices: self.prices.book()?,
            thresholds: thresholds(&self.fail_on)?,
            min_judged: self.min_judged,
            bank: true,
            by: self.by.clone(),
            clock: self.clock.clock()?,
            beside: true,
        })
    }

    /// A patch is of workloads.
    fn refuse_groups(&self) -> Result<(), Error> {
        let name = self.show.renderer().name();
        if self.by.is_none() || name != "patch" {
            return Ok(());
        }
        Err(Error::Usage {
            text: format!("`-o {name}` has no place for `--by`"),
            hint: Some("leave one of them out".to_owned()),
        })
    }

    /// How the run ends. Doubtful data comes before the gate: a verdict on it is none.
    fn verdict(&self, analysis: &Analysis<'_>) -> Result<Exit, Error> {
        let judged = verdict(analysis.outcomes.iter(), self.exit_zero)?;
        if self.strict && !analysis.snapshot.gaps.is_empty() {
            return Err(Error::Strict {
                gaps: analysis.snapshot.gaps.len(),
            });
        }
        Ok(judged)
    }
}

/// What the outcomes of a gate make of a run: one that failed fails it, whatever else
/// could not be judged. With `exit_zero` none does.
pub(super) fn verdict<'a>(
    outcomes: impl Iterator<Item = &'a Outcome> + Clone,
    exit_zero: bool,
) -> Result<Exit, Error> {
    if exit_zero {
        return Ok(Exit::Done);
    }
    if outcomes.clone().any(|outcome| outcome.failed) {
        return Ok(Exit::Gate);
    }
    match { outcomes }.find(|outcome| !outcome.judged) {
        Some(outcome) => Err(Error::NotJudged {
            share: outcome.judged_share,
        }),
        None => Ok(Exit::Done),
    }
}

/// The limits that `--fail-on` names.
pub(super) fn thresholds(texts: &[String]) -> Result<Vec<Threshold>, Error> {
    let mut thresholds = Vec::new();
    for text in texts {
        let parsed = gate::parse(text).map_err(|error| Error::Usage {
            text: error.to_string(),
            hint: Some(format!(
                "`--fail-on` takes one of {}",
                gate::names().join(", ")
            )),
        })?;
        thresholds.extend(parsed);
    }
    Ok(thresholds)
}

/// A reader that has seen enough, as `head` has, changes no verdict.
pub(super) fn written_or_cut_off(written: io::Result<()>) -> Result<(), Error> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(Error::Write),
    }
}

/// Gaps that tell why there is no workload.
const ABOUT_OBJECTS: [&str; 3] = ["no-objects", "empty-namespace", "unreadable-object"];

/// What a hint ends with where the demo would do.
pub(super) const DEMO: &str = ", or try `--demo`";

pub(super) fn refuse_empty(snapshot: &Snapshot, asked: &[bool]) -> Result<(), Error> {
    if asked.contains(&true) {
        return Ok(());
    }
    let seen: Vec<String> = snapshot.gaps.iter().map(|gap| gap.text.clone()).collect();
    let reason = if seen.is_empty() {
        "no workloads were found".to_owned()
    } else {
        format!("no workloads were found ({})", seen.join("; "))
    };
    let about_objects = |gap: &&Gap| ABOUT_OBJECTS.contains(&gap.code.as_str());
    let mut told = snapshot.gaps.iter().filter(about_objects);
    let hint = told.find_map(|gap| gap.hint.clone());
    let hint =
        hint.unwrap_or_else(|| format!("check `--context`, `--namespace` and `--selector`{DEMO}"));
    Err(Error::Empty { reason, hint })
}
