use std::io::Write;

use clap::Args;

use super::args::{AdviceArgs, SourceArgs, Whole};
use super::invocation::Invocation;
use super::values::{hyphenated, named};
use crate::error::Error;
use crate::exit::Exit;
use crate::gate::{self, Threshold};
use crate::pipeline::{self, Settings};
use crate::price::Book;
use crate::render::{self, RulesFor, View};
use crate::risk::{self, Check, Choice};
use crate::snapshot::Snapshot;
use crate::ui::Ui;
use crate::units::Span;

const EXAMPLES: &str = "\
Examples:
  {program} risks --demo
  {program} risks -n shop --check memory-leak,out-of-memory
  {program} risks --snapshot prod.kcost --fail-on 'risk>=high'
  {program} risks --snapshot prod.kcost --check anomaly --since 24h
  {program} risks --snapshot prod.kcost --all -o json
  {program} risks --snapshot prod.kcost --replay
  {program} risks --snapshot prod.kcost -o prometheus-rules > rules.yaml";

/// Alert rules, as the Prometheus operator takes them and as Prometheus reads them.
const RULES: [(&str, RulesFor); 2] = [
    ("prometheus-rules", RulesFor::Operator),
    ("prometheus-rule-file", RulesFor::Prometheus),
];

/// Say what is about to break, when, how likely, and what to do.
///
/// Leaks, kills, throttling, what cannot start, what cannot be drained and what leaves its
/// usual course, from the same history that sizes come from. What needs you today comes
/// first.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = long_help())]
pub(super) struct RisksArgs {
    /// How to write the risks.
    #[arg(
        short,
        long,
        alias = "format",
        value_name = "FORMAT",
        env = "KCOST_OUTPUT",
        hide_env_values = true,
        default_value = "table",
        value_parser = named(["table", "json", RULES[0].0, RULES[1].0])
    )]
    output: String,

    /// Only these checks [default: all].
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = hyphenated(risk::names())
    )]
    check: Vec<String>,

    /// Also what was over by the end of the window, but no longer ago than this: `24h`.
    #[arg(long, value_name = "SPAN", conflicts_with = "all")]
    since: Option<Span>,

    /// Everything that was found in the window, not only what is there at its end.
    #[arg(long)]
    all: bool,

    /// Say how often what was said on days of the past came true, by its probability.
    ///
    /// Each day with two weeks of history before it and a week after it is looked at as if it
    /// were the last. Their weeks overlap.
    #[arg(long, conflicts_with_all = ["check", "since", "all", "fail_on"])]
    replay: bool,

    /// Fail with exit code 10 where this is true of all checks: `risk>=high`.
    #[arg(long, value_name = "RULE", conflicts_with = "check")]
    fail_on: Vec<String>,

    #[command(flatten)]
    advice: AdviceArgs,

    #[command(flatten)]
    source: SourceArgs,
}

/// The checks, and the examples.
fn long_help() -> String {
    let checks = risk::ALL.iter();
    let checks = checks.map(|it| format!("  {:<24} {}", it.name().replace('_', "-"), it.summary()));
    let checks: Vec<String> = checks.collect();
    format!("Checks (--check):\n{}\n\n{EXAMPLES}", checks.join("\n"))
}

impl RisksArgs {
    pub(super) fn run(
        &self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let settings = Settings {
            thresholds: self.thresholds()?,
            beside: false,
            ..Settings::new(self.advice.options(&invocation.policy)?)
        };
        if let Some(form) = self.rules() {
            self.refuse_gate()?;
            self.refuse_replay()?;
            let Whole { snapshot, asked } = self.source.read_whole(ui)?;
            super::analyze::refuse_empty(&snapshot, &asked)?;
            return rules((&snapshot, form), &settings, ui, out);
        }
        if self.replay {
            return self.replayed(invocation, ui, out);
        }
        let read = self.source.read_parts(ui)?;
        super::analyze::refuse_empty(&read.whole.snapshot, &read.whole.asked)?;
        let (whole, evidence) = read.learn(None, &settings, ui)?;
        let (mut snapshot, asked) = (whole.snapshot, whole.asked);
        let analysis = pipeline::report_part(&mut snapshot, evidence, &asked, &settings, ui);
        ui.clear();
        // Judged before anything is written, so that no reader can cut it off.
        let verdict = super::analyze::verdict(analysis.outcomes.iter(), false);
        let choice = self.choice();
        let risks = &analysis.risks;
        let chosen = risks.chosen(&choice);
        let incidents = risks.incidents(analysis.snapshot, &chosen);
        let told = (&*chosen, &*incidents, &*risks.gaps_of(&choice));
        let written = if self.output == "json" {
            let currency = analysis.bill.currency;
            render::risks_json(analysis.snapshot, currency, told, out)
        } else {
            let look = invocation.look(ui, View::default());
            render::risks_table(analysis.snapshot, risks, told, &look, out)
        };
        super::analyze::written_or_cut_off(written.and_then(|()| out.flush()))?;
        if !analysis.outcomes.is_empty() {
            ui.message(&gate::verdict(&analysis.outcomes));
        }
        verdict
    }

    /// What was said on days of the past, and what came of it.
    fn replayed(
        &self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let Whole { snapshot, asked } = self.source.read_whole(ui)?;
        super::analyze::refuse_empty(&snapshot, &asked)?;
        let replays = risk::replay(&snapshot);
        ui.clear();
        let written = if self.output == "json" {
            let currency = Book::default().currency();
            render::replay_json(&snapshot, currency, &replays, out)
        } else {
            let look = invocation.look(ui, View::default());
            render::replay_table(&snapshot, &replays, &look, out)
        };
        written.map_err(Error::Write)?;
        Ok(Exit::Done)
    }

    fn refuse_replay(&self) -> Result<(), Error> {
        if !self.replay {
            return Ok(());
        }
        Err(Error::Usage {
            text: format!(
                "`--replay` tells of the past, and `-o {}` writes rules",
                self.output
            ),
            hint: Some("leave one of them out".to_owned()),
        })
    }

    /// The form of alert rules, where those are asked for.
    fn rules(&self) -> Option<RulesFor> {
        let mut forms = RULES.into_iter();
        forms.find(|it| it.0 == self.output).map(|it| it.1)
    }

    /// Rules have no verdict.
    fn refuse_gate(&self) -> Result<(), Error> {
        if self.fail_on.is_empty() {
            return Ok(());
        }
        Err(Error::Usage {
            text: format!(
                "`--fail-on` judges risks, and `-o {}` writes none",
                self.output
            ),
            hint: Some("leave one of them out".to_owned()),
        })
    }

    /// Risks are all that is told here, so they are all that is judged.
    fn thresholds(&self) -> Result<Vec<Threshold>, Error> {
        let thresholds = super::analyze::thresholds(&self.fail_on)?;
        match thresholds.iter().find(|it| it.rule.name() != "risk") {
            None => Ok(thresholds),
            Some(other) => Err(Error::Usage {
                text: format!("`{}` is not judged by `risks`", other.rule.name()),
                hint: Some("give it to `analyze`, or use `risk>=high`".to_owned()),
            }),
        }
    }

    /// clap has checked every name.
    fn choice(&self) -> Choice {
        let names = self.check.iter();
        let checks = names.filter_map(|name| risk::by_name(name));
        Choice {
            checks: checks.map(Check::name).collect(),
            since: self.since,
            all: self.all,
        }
    }
}

/// Rules are about all that a Prometheus sees, whichever workloads are asked for.
fn rules(
    (snapshot, form): (&Snapshot, RulesFor),
    settings: &Settings,
    ui: &Ui,
    out: &mut dyn Write,
) -> Result<Exit, Error> {
    let sizes = pipeline::size(snapshot, settings, ui);
    let seen = risk::Seen::of(snapshot, &sizes.profiles, &sizes.cohorts, &sizes.advised);
    let alerts = risk::alerts(&seen);
    ui.clear();
    render::alert_rules(snapshot, &alerts, form, out).map_err(Error::Write)?;
    Ok(Exit::Done)
}
