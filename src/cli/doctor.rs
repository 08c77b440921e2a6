use std::fmt;
use std::io::Write;
use std::str::FromStr;

use clap::Args;

use super::args::{Examined, SourceArgs};
use super::invocation::Invocation;
use super::values::named;
use crate::doctor::{self, Examination, Grade, Seen};
use crate::error::Error;
use crate::exit::Exit;
use crate::render::{self, View};
use crate::ui::Ui;

const EXAMPLES: &str = "\
Examples:
  {program} doctor
  {program} doctor --prometheus-url http://localhost:9090
  {program} doctor --snapshot prod.kcost
  {program} doctor --fail-on 'grade<B'
  {program} doctor -o json";

/// The currency of the envelope that all machine output shares.
const CURRENCY: &str = "USD";

/// Check that what kcost needs is there and sound, and say how to mend it.
///
/// Connection, rights, versions, clocks, which metrics are missing and what for, gaps,
/// duplicates, units that cannot be. Says of each what it does to the advice, and what
/// mends it. Needs nothing to work: without a cluster or with a broken bundle it says so.
///
/// Ends with 0 where nothing is bad, with 1 where something is, and with `--fail-on` with
/// 10 where the grade is too low; what cannot be read at all is 1 whatever is asked.
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    after_long_help = long_help(),
    mut_arg("timeout", |arg| arg.default_value("2s").hide_short_help(false))
)]
pub(super) struct DoctorArgs {
    /// How to write what was found.
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

    /// Fail with exit code 10 where this is true: `grade<B`.
    #[arg(long, value_name = "RULE")]
    fail_on: Option<Rule>,

    #[command(flatten)]
    source: SourceArgs,
}

/// The checks, and the examples.
fn long_help() -> String {
    let checks = doctor::ALL.iter();
    let checks = checks.map(|it| format!("  {:<16} {}", it.name(), it.summary()));
    let checks: Vec<String> = checks.collect();
    format!("Checks:\n{}\n\n{EXAMPLES}", checks.join("\n"))
}

impl DoctorArgs {
    pub(super) fn run(
        &self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let Examined { vitals, snapshot } = self.source.examine(ui)?;
        let seen = Seen::of(&vitals, snapshot.as_ref());
        let examination = doctor::examine(&seen);
        ui.clear();
        let written = if self.output == "json" {
            render::doctor_json(&seen, &examination, CURRENCY, out)
        } else {
            let look = invocation.look(ui, View::default());
            render::doctor_table(&seen, &examination, &look, out)
        };
        super::analyze::written_or_cut_off(written.and_then(|()| out.flush()))?;
        Ok(self.verdict(&examination, snapshot.is_some(), ui))
    }

    fn verdict(&self, examination: &Examination, is_read: bool, ui: &Ui) -> Exit {
        let Some(rule) = &self.fail_on else {
            return if examination.is_bad() {
                Exit::Failed
            } else {
                Exit::Done
            };
        };
        let failed = rule.fails(examination.grade);
        ui.message(&render::doctor_verdict(
            examination,
            &rule.to_string(),
            failed,
        ));
        match (is_read, failed) {
            (false, _) => Exit::Failed,
            (true, true) => Exit::Gate,
            (true, false) => Exit::Done,
        }
    }
}

/// A grade that is too low: `grade<B`, `grade<=C`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rule {
    limit: Grade,
    inclusive: bool,
}

impl Rule {
    fn fails(self, grade: Grade) -> bool {
        grade < self.limit || (self.inclusive && grade == self.limit)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.inclusive { "<=" } else { "<" };
        write!(f, "grade{sign}{}", self.limit)
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not a rule here: write it as `grade<B`");
        let rest = text.trim().strip_prefix("grade").ok_or_else(wrong)?;
        let rest = rest.trim_start().strip_prefix('<').ok_or_else(wrong)?;
        let (inclusive, limit) = match rest.strip_prefix('=') {
            Some(limit) => (true, limit),
            None => (false, rest),
        };
        let limit: Grade = limit
            .trim()
            .parse()
            .map_err(|error: doctor::ParseGradeError| error.to_string())?;
        if limit == Grade::F && !inclusive {
            return Err("it can never fail: there is no grade below F".to_owned());
        }
        Ok(Self { limit, inclusive })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_names_the_grades_that_fail() {
        let fails = |rule: &str, grade| rule.parse::<Rule>().unwrap().fails(grade);
        assert!(fails("grade<B", Grade::C) && !fails("grade<B", Grade::B));
        assert!(fails("grade <= b", Grade::B) && !fails("grade<=B", Grade::A));
        for bad in ["", "risk>=high", "grade>B", "grade<", "grade<E", "grade<F"] {
            assert!(bad.parse::<Rule>().is_err(), "{bad}");
        }
    }
}
