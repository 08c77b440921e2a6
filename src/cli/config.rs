use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write;

use clap::Args;
use clap::parser::ValueSource;

use super::settings::Files;
use super::unasked::{self, Settled};
use crate::config::{self, Key, Kind};
use crate::error::Error;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  {program} config
  {program} config --default > kcost.yaml
  {program} config --schema > kcost.schema.json";

/// Show every setting, its value and where it comes from.
///
/// Flags win over `KCOST_*` variables, these over `./kcost.yaml`, that over the
/// user's file (`~/.config/kcost/kcost.yaml`), and that over what is built in.
///
/// `./kcost.yaml` is read unasked: it cannot run a command, read a credential or weaken
/// TLS, and no credential goes to a Prometheus that it alone names, unless the file is
/// named with `--config`. What is left out is shown at the end.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ConfigArgs {
    /// Print a file with every setting at its built-in default, commented.
    #[arg(long, conflicts_with = "schema")]
    default: bool,

    /// Print the JSON Schema of `kcost.yaml`.
    #[arg(long)]
    schema: bool,
}

/// One setting as it stands.
struct Value {
    text: String,
    origin: String,
}

impl ConfigArgs {
    pub(super) fn run(
        &self,
        program: &'static str,
        files: &Files,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let text = if self.schema {
            let schema = serde_json::to_string_pretty(&config::schema());
            schema.map_err(|error| Error::Write(error.into()))? + "\n"
        } else if self.default {
            default_file(program)
        } else {
            let line = ["kcost", "analyze"].map(OsString::from);
            let settled = unasked::settle(files, program, &line)?;
            check(settled.command.clone())?;
            resolved(&settled, files)
        };
        out.write_all(text.as_bytes()).map_err(Error::Write)?;
        Ok(Exit::Done)
    }
}

/// What a variable or a file says must be what `analyze` would take.
fn check(command: clap::Command) -> Result<(), Error> {
    let parsed = command.try_get_matches_from(["kcost", "analyze"]);
    parsed.map(|_| ()).map_err(|error| Error::Usage {
        text: error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned(),
        hint: Some("look at the `KCOST_*` variables and the files of settings".to_owned()),
    })
}

/// A line a setting, then the rules, then what does not hold.
fn resolved(settled: &Settled, files: &Files) -> String {
    let values: Vec<(&str, Value)> = config::settings()
        .map(|key| (key.name, value(&settled.command, key, files)))
        .collect();
    let width = |text: fn(&(&str, Value)) -> usize| values.iter().map(text).max().unwrap_or(0);
    let (names, texts) = (
        width(|(name, _)| name.len()),
        width(|(_, value)| value.text.chars().count()),
    );
    let mut text = format!("{:names$}  {:texts$}  ORIGIN\n", "SETTING", "VALUE");
    for (name, value) in &values {
        let _ = writeln!(
            text,
            "{name:names$}  {:texts$}  {}",
            value.text, value.origin
        );
    }
    for file in &files.read {
        for rule in &file.parsed.rules {
            let list = |pairs: &[(&str, String)]| {
                let each = pairs.iter().map(|(name, value)| format!("{name}={value}"));
                each.collect::<Vec<_>>().join(" ")
            };
            let _ = writeln!(
                text,
                "\nworkloads with {}: {}\n  from {}{}",
                list(&rule.matches),
                list(&rule.sets),
                file.path.display(),
                line(rule.line)
            );
        }
    }
    for it in &settled.left_out {
        let _ = writeln!(text, "\n{}\n  {}", it.text(), it.hint());
    }
    text
}

/// `:3`; nothing where the line is not known.
fn line(line: usize) -> String {
    if line == 0 {
        String::new()
    } else {
        format!(":{line}")
    }
}

/// What `analyze` would take without a flag.
fn value(command: &clap::Command, key: &Key, files: &Files) -> Value {
    let command = command.clone();
    // Required flags are not among the settings, so this line is complete.
    let matches = command.try_get_matches_from(["kcost", "analyze"]);
    let matches = matches.ok();
    let analyze = matches
        .as_ref()
        .and_then(|matches| matches.subcommand_matches("analyze"));
    let id = key.name.replace('-', "_");
    let raw = analyze.and_then(|analyze| analyze.try_get_raw(&id).ok().flatten());
    let text = raw.map(|values| {
        let each: Vec<_> = values
            .map(|value| key.kind.shown(&value.to_string_lossy()))
            .collect();
        each.join(", ")
    });
    let source = analyze.and_then(|analyze| {
        analyze.try_contains_id(&id).ok()?;
        analyze.value_source(&id)
    });
    let origin = match source {
        Some(ValueSource::EnvVariable) => format!("KCOST_{}", id.to_uppercase()),
        Some(_) => files
            .origin(key.name)
            .unwrap_or_else(|| "default".to_owned()),
        None => "not set".to_owned(),
    };
    Value {
        text: text
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| "-".to_owned()),
        origin,
    }
}

/// Every setting as a comment, ready to be changed.
fn default_file(program: &'static str) -> String {
    let mut text =
        String::from("# Settings of kcost. Flags and KCOST_* variables win over this file.\n");
    let command = super::command(program);
    for key in config::settings() {
        let value = value(&command, key, &Files::default());
        let shown = if value.origin == "default" {
            value.text
        } else {
            String::new()
        };
        let line = format!("# {}: {shown}", key.name);
        let _ = writeln!(text, "\n# {}\n{}", key.summary, line.trim_end());
        if key.kind == Kind::Names {
            text.push_str(NAMES);
        }
    }
    text.push_str(RULES);
    text
}

const NAMES: &str = "\
#   container_*: ours:container_*
#   namespace: exported_namespace
#   pod: pod_name
#   container: container_name
";

const RULES: &str = "
# Policy by workload: the first rule that matches wins. Annotations on a workload
# (kcost.dev/goal, kcost.dev/min-memory, kcost.dev/ignore, …) win over it.
# workloads:
# - match: {namespace: payments, kind: Deployment}
#   goal: reliability
#   min-memory: 128Mi
# - match: {name: 'legacy-*'}
#   protected: true
";
