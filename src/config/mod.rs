//! `kcost.yaml`: settings and policy from files, each value with its place.
//!
//! Precedence: flags, `KCOST_*` variables, `./kcost.yaml`, the user's file,
//! built-in defaults. A key at the top is the default of the flag of the same
//! name, so clap itself keeps the order; the rules under `workloads` are the
//! policy, the first that matches a workload wins.
//!
//! `./kcost.yaml` is read unasked, so that keys which are guarded are taken only
//! from the user's file and from one that the user named.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::collect::files::check_yaml;

mod keys;
mod mistake;
mod place;
mod read;
mod table;

pub use keys::{Key, Kind, Place};
pub use table::settings;

/// What one file says, checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    /// In the order of the file.
    pub settings: Vec<Setting>,
    /// In the order of the file: the first that matches wins.
    pub rules: Vec<Rule>,
}

/// One setting at the top of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The long flag of the same name.
    pub key: &'static str,
    pub values: Vec<String>,
    /// From 1.
    pub line: usize,
}

/// One rule for workloads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// All must hold.
    pub matches: Vec<(&'static str, String)>,
    /// What holds then.
    pub sets: Vec<(&'static str, String)>,
    /// From 1; 0 where it is not known.
    pub line: usize,
}

/// One file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFile {
    pub path: PathBuf,
    pub parsed: Parsed,
}

/// Why a file could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    #[error("failed to read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{}:{line}:{column}: {problem}", path.display())]
    Wrong {
        path: PathBuf,
        line: usize,
        column: usize,
        problem: String,
    },
}

impl ConfigError {
    /// One next step.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => Some(
                "check `--config` and `KCOST_CONFIG`, or use none with `--no-config`".to_owned(),
            ),
            Self::Wrong { .. } => {
                Some("see `kcost config --schema` for what a file may say".to_owned())
            }
        }
    }
}

/// Reads one file.
pub fn read(path: &Path) -> Result<ConfigFile, ConfigError> {
    let text = text(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    check(path, &text)?;
    let parsed = read::parse(&text).map_err(|error| wrong(path, &text, &error))?;
    Ok(ConfigFile {
        path: path.to_owned(),
        parsed,
    })
}

/// What a file of settings may have at most, in bytes.
const LARGEST: u64 = 1 << 20;
/// What is read soon however it is made, in bytes.
const SMALL: usize = 4096;

fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let most = LARGEST + 1;
    fs::File::open(path)?.take(most).read_to_string(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes < most) {
        return Ok(text);
    }
    let problem = format!("it has more than {} MiB", LARGEST >> 20);
    Err(io::Error::new(io::ErrorKind::FileTooLarge, problem))
}

/// Refuses what lies within each other without end, which takes the reader of
/// settings the square of its length.
fn check(path: &Path, text: &str) -> Result<(), ConfigError> {
    if text.len() <= SMALL {
        return Ok(());
    }
    check_yaml(text).map_err(|(line, column, problem)| ConfigError::Wrong {
        path: path.to_owned(),
        line,
        column,
        problem,
    })
}

fn wrong(path: &Path, text: &str, error: &serde_yaml::Error) -> ConfigError {
    let (line, column) = error
        .location()
        .map_or((1, 1), |place| (place.line(), place.column()));
    let said = error.to_string();
    // The place stands in front of the message already.
    let problem = said
        .rsplit_once(" at line ")
        .map_or(said.as_str(), |(problem, _)| problem);
    let problem = &without_value(problem);
    let (line, column) = place::of_problem(text, line, problem).unwrap_or((line, column));
    ConfigError::Wrong {
        path: path.to_owned(),
        line,
        column,
        problem: problem.clone(),
    }
}

/// What serde says of a value of the wrong type, without the value: the file may be
/// one of something else, and be read only because of its name.
fn without_value(problem: &str) -> String {
    let quoted = problem.split_once("invalid type: string \"");
    match (quoted, problem.rsplit_once(", expected ")) {
        (Some((before, _)), Some((_, expected))) => {
            format!("{before}invalid type: string, expected {expected}")
        }
        _ => problem.to_owned(),
    }
}

/// The JSON Schema of the file, for editors and checks.
pub fn schema() -> serde_json::Value {
    let object = |keys: Vec<&Key>| -> serde_json::Map<String, serde_json::Value> {
        let each = keys.into_iter().map(|key| {
            let mut schema = key.kind.schema();
            schema["description"] = json!(key.summary);
            (key.name.to_owned(), schema)
        });
        each.collect()
    };
    let mut rule = object(table::rule().collect());
    rule.insert(
        "match".to_owned(),
        json!({
            "type": "object",
            "description": "which workloads; all conditions must hold",
            "properties": object(table::MATCH.iter().collect()),
            "additionalProperties": false,
            "minProperties": 1,
        }),
    );
    let mut top = object(settings().collect());
    top.insert(
        "workloads".to_owned(),
        json!({
            "type": "array",
            "description": "policy by workload; the first rule that matches wins",
            "items": {
                "type": "object",
                "properties": rule,
                "required": ["match"],
                "additionalProperties": false,
            },
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "kcost.yaml",
        "type": "object",
        "properties": top,
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        let error = read::parse(text).unwrap_err();
        wrong(Path::new("kcost.yaml"), text, &error).to_string()
    }

    #[test]
    fn reads_settings_and_rules() {
        let parsed = read::parse(
            "# ours\ngoal: savings\nfail-on: [cost-waste>30%, idle>3]\nmin-cpu: 10m\nworkloads:\n- match: {namespace: pay*}\n  goal: reliability\n  protected: true\n",
        )
        .unwrap();
        assert_eq!(parsed.settings[0].key, "goal");
        assert_eq!(parsed.settings[0].line, 2);
        assert_eq!(parsed.settings[1].values, ["cost-waste>30%", "idle>3"]);
        assert_eq!(parsed.rules[0].matches, [("namespace", "pay*".to_owned())]);
        assert_eq!(parsed.rules[0].sets.len(), 2);
        assert_eq!(read::parse("# nothing\n").unwrap(), Parsed::default());
    }

    #[test]
    fn wrong_files_are_told_where_and_what() {
        insta::assert_snapshot!(
            [
                "goal: balanced\ngaol: savings\n",
                "goal: save\n",
                "min-cpu: 1Gi\n",
                "min-memory: 250m\n",
                "window: 14\n",
                "strategy: [krr]\n",
                "workloads:\n- goal: savings\n",
                "workloads:\n- match: {namespac: a}\n",
                "workloads:\n- match: {name: a}\n  min-memroy: 1Gi\n",
                "- a\n",
                "goal: [\n",
                "prometheus-names:\n  pod: pod_name\n  contaner: container_name\n",
                "prometheus-names:\n  pod: pod-name\n",
                "prometheus-names:\n  container_*: ours\n",
                "prometheus-names: pod\n",
                "engine: push\n",
                "prometheus-token: secret\n",
                "goal: savings\nmin-cpu: 2\ngoal: balanced\n",
                "min-cpu: 2\nmax-cpu: 1500m\n",
                "protected: true\n",
                "workloads:\n- match: {name: a}\n  window: 7d\n",
                "workloads:\n- match: {name: a, protected: true}\n",
                "workloads:\n- match: {name: a}\n  min-memory: 1Gi\n  max-memory: 512Mi\n",
                "workloads:\n- match: {name: a}\n  goal: savings\n  goal: balanced\n",
                "workloads:\n- match: {name: a, name: b}\n",
                "workloads:\n- match: {name: a}\n  match: {name: b}\n",
                "workloads:\n- match: {name: [a, b]}\n",
                "workloads:\n- match: {name: '['}\n",
                "workloads:\n- match: {labels: a in (b}\n",
                "workloads:\n- match: {name: a}\n  largest-step: 30%\n",
                "tie-memory: yes\n",
                "min-memory: 512MB\n",
                "fail-on: [idle>3, cost-wast>30%]\n",
                "namespace: ['!['] \n",
            ]
            .map(problem)
            .join("\n"),
            @r#"
        kcost.yaml:2:1: unknown key `gaol`; did you mean `goal`?
        kcost.yaml:1:7: goal: `save` is not one of savings, balanced, reliability; did you mean `savings`?
        kcost.yaml:1:10: min-cpu: `1Gi` is not an amount of CPU: write cores, such as `250m` or `2`
        kcost.yaml:1:13: min-memory: `250m` is not an amount of memory: write bytes with a unit, such as `512Mi`; did you mean `250Mi`?
        kcost.yaml:1:9: window: `14` is not a duration: write a number and a unit, such as `14d`, `6h`, `5m` or `30s`
        kcost.yaml:1:11: strategy: one value is needed, not a list
        kcost.yaml:2:3: workloads[0]: a rule needs `match` with `namespace`, `kind`, `name` or `labels`
        kcost.yaml:2:11: workloads[0].match: unknown key `namespac`; did you mean `namespace`?
        kcost.yaml:3:3: workloads[0]: unknown key `min-memroy`; did you mean `min-memory`?
        kcost.yaml:1:1: invalid type: sequence, expected settings, `KEY: VALUE` a line
        kcost.yaml:1:7: goal: one value is needed, not a list
        kcost.yaml:3:3: prometheus-names: unknown key `contaner`; did you mean `container`?
        kcost.yaml:2:8: prometheus-names.pod: `pod-name` cannot be the name of a label
        kcost.yaml:2:16: prometheus-names.container_*: `ours` needs one `*`, for what `*` stands for in `container_*`
        kcost.yaml:1:19: prometheus-names: invalid type: string, expected a value for `prometheus-names`: names of metrics and labels that are not the usual ones, such as {container_*: ours_*, pod: pod_name}
        kcost.yaml:1:9: engine: `push` is not one of auto, raw, pushdown; did you mean `pushdown`?
        kcost.yaml:1:1: unknown key `prometheus-token`; did you mean `prometheus-token-file`?
        kcost.yaml:3:1: `goal` is set twice
        kcost.yaml:2:1: `max-cpu` 1500m is below `min-cpu` 2
        kcost.yaml:1:1: unknown key `protected`; it belongs beside `match`, in an entry of `workloads`
        kcost.yaml:3:3: workloads[0]: unknown key `window`; it holds for the whole run and belongs at the top
        kcost.yaml:2:20: workloads[0].match: unknown key `protected`; it belongs beside `match`, in an entry of `workloads`
        kcost.yaml:4:3: workloads[0]: `max-memory` 512Mi is below `min-memory` 1Gi
        kcost.yaml:4:3: workloads[0]: `goal` is set twice
        kcost.yaml:2:20: workloads[0].match: `name` is set twice
        kcost.yaml:3:3: workloads[0]: `match` is set twice
        kcost.yaml:2:17: workloads[0].match.name: one value is needed, not a list; a glob can name several: '{a,b}'
        kcost.yaml:2:17: workloads[0].match.name: `[` is not a valid glob: unclosed character class; missing ']'
        kcost.yaml:2:19: workloads[0].match.labels: `a in (b` is not a label selector such as `app=api`, `tier!=test`, `env in (a,b)` or `!legacy`
        kcost.yaml:3:17: workloads[0].largest-step: `30%` is not a share above 0 and below 1, such as 0.02 for 2%; did you mean `0.3`?
        kcost.yaml:1:13: tie-memory: `yes` is neither true nor false; did you mean `true`?
        kcost.yaml:1:13: min-memory: `512MB` is not an amount of memory: write bytes with a unit, such as `512Mi`; did you mean `512M`?
        kcost.yaml:1:10: fail-on: `cost-wast>30%` is not a valid threshold: there is no rule `cost-wast`; did you mean `cost-waste`?
        kcost.yaml:1:12: namespace: `[` is not a valid pattern for namespaces: error parsing glob '[': unclosed character class; missing ']'
        "#
        );
    }
}
