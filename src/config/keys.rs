//! What the values of a `kcost.yaml` may be, for reading, checking, the JSON schema and the docs.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::tz::TimeZone;

use crate::apply::Window;
use crate::collect::Scope;
use crate::collect::prometheus::{self, Rename};
use crate::gate;
use crate::recommend::{self, CpuLimits, Goal, Rule};
use crate::text::suggestion;
use crate::units::{Bytes, Cpu, Span};

/// One key of the file.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As in the file; at the top the long flag of the same name.
    pub name: &'static str,
    pub kind: Kind,
    pub place: Place,
    /// One line for people.
    pub summary: &'static str,
    /// It runs something, reads a credential or weakens TLS: not to be taken from a
    /// file that the user neither named nor wrote.
    pub guarded: bool,
}

impl Key {
    /// The same, guarded.
    pub(super) const fn guarded(self) -> Self {
        Self {
            guarded: true,
            ..self
        }
    }
}

/// Where a key may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the top: it holds for the whole run.
    Run,
    /// In an entry of `workloads`.
    Workload,
    Both,
}

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A Kubernetes quantity of cores: `250m`.
    Cpu,
    /// A Kubernetes quantity of bytes: `512Mi`.
    Memory,
    /// `14d`, `5m`.
    Span,
    /// The same, one or a list of them.
    Spans,
    /// A share above 0 and below 1: `0.02`.
    Share,
    /// A whole number above 0.
    Count,
    /// `true` or `false`.
    Switch,
    Strategy,
    Goal,
    Prices,
    CpuLimits,
    /// Texts, one or a list of them.
    Texts,
    /// A name, or a glob.
    Glob,
    /// A label selector, or a map of labels.
    Selector,
    /// Names or globs of namespaces, one or a list of them.
    Namespaces,
    /// Thresholds of the gate, one or a list of them.
    Thresholds,
    /// Maintenance windows, one or a list of them.
    Windows,
    /// An address that may hold a login.
    Url,
    /// Headers, one or a list of them; their values may be secret.
    Headers,
    /// A command; its words may be secret.
    Command,
    /// Who boils samples down.
    Engine,
    /// A map from names of metrics and labels to what they are called.
    Names,
    /// A time zone of the tz database.
    Zone,
}

/// What `engine` may say.
const ENGINES: [&str; 3] = ["auto", "raw", "pushdown"];

impl Kind {
    /// Whether `text` is such a value; else what it should be.
    pub fn check(self, text: &str) -> Result<(), String> {
        let one_of = |names: &[&str]| {
            if names.iter().any(|name| name.eq_ignore_ascii_case(text)) {
                Ok(())
            } else {
                Err(format!(
                    "`{text}` is not one of {}{}",
                    names.join(", "),
                    suggestion(text, names)
                ))
            }
        };
        let number = |ok: bool, what: &str| {
            if ok {
                Ok(())
            } else {
                Err(format!("`{text}` is not {what}"))
            }
        };
        match self {
            Self::Text | Self::Texts | Self::Headers | Self::Command => {
                number(!text.is_empty(), "a text")
            }
            Self::Url => prometheus::check_url(text).map_err(|error| error.to_string()),
            Self::Cpu => read::<Cpu>(text),
            Self::Memory => read::<Bytes>(text),
            Self::Span | Self::Spans => read::<Span>(text),
            Self::Share => share(text),
            Self::Count => number(
                text.parse::<u64>().is_ok_and(|count| count > 0),
                "a whole number above 0",
            ),
            Self::Switch => switch(text),
            Self::Strategy => one_of(&recommend::names()),
            Self::Goal => one_of(&Goal::ALL.map(Goal::name)),
            Self::Prices => number(!text.is_empty(), "a name or a file"),
            Self::CpuLimits => one_of(&CpuLimits::ALL.map(CpuLimits::name)),
            Self::Engine => one_of(&ENGINES),
            Self::Names => read::<Rename>(text),
            Self::Windows => read::<Window>(text),
            Self::Zone => number(
                TimeZone::get(text).is_ok(),
                "a time zone that is known here: write one as `Europe/Berlin` or `UTC`",
            ),
            Self::Glob => narrows("name", text),
            Self::Selector => narrows("labels", text),
            Self::Namespaces => {
                let scope = Scope::new(&[text.to_owned()], None);
                scope.map(|_| ()).map_err(|error| error.to_string())
            }
            Self::Thresholds => {
                let thresholds = gate::parse(text);
                thresholds.map(|_| ()).map_err(|error| error.to_string())
            }
        }
    }

    /// A value as its registry writes it: names are taken in any case.
    pub(super) fn canonical(self, text: &str) -> String {
        match self {
            Self::Strategy | Self::Goal | Self::CpuLimits | Self::Engine => text.to_lowercase(),
            _ => text.to_owned(),
        }
    }

    /// A value as it may be shown: without what may be secret.
    pub fn shown(self, text: &str) -> String {
        match self {
            Self::Url => prometheus::shown_url(text),
            // What is no header is not known to have a name.
            Self::Headers => match text.parse::<prometheus::Header>() {
                Ok(header) => format!("{}: ***", header.name),
                Err(_) => "***".to_owned(),
            },
            Self::Command => "***".to_owned(),
            _ => text.to_owned(),
        }
    }

    /// Whether a list of such values may be given.
    pub fn takes_list(self) -> bool {
        matches!(
            self,
            Self::Texts
                | Self::Spans
                | Self::Namespaces
                | Self::Thresholds
                | Self::Headers
                | Self::Windows
        )
    }

    /// Its JSON Schema.
    pub fn schema(self) -> serde_json::Value {
        let names = |names: &[&str]| serde_json::json!({"enum": names});
        let pattern =
            |pattern: &str| serde_json::json!({"type": ["string", "number"], "pattern": pattern});
        match self {
            Self::Text | Self::Url | Self::Glob | Self::Command | Self::Zone => {
                serde_json::json!({"type": "string"})
            }
            Self::Texts
            | Self::Spans
            | Self::Namespaces
            | Self::Thresholds
            | Self::Headers
            | Self::Windows => {
                serde_json::json!({
                    "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
                })
            }
            Self::Selector => serde_json::json!({
                "oneOf": [
                    {"type": "string"},
                    {"type": "object", "additionalProperties": {"type": "string"}}
                ]
            }),
            Self::Cpu => pattern("^[0-9.]+m?$"),
            Self::Memory => pattern("^[0-9.]+([KMGTPE]i?|k)?$"),
            Self::Span => serde_json::json!({"type": "string", "pattern": "^([0-9]+[wdhms])+$"}),
            Self::Share => {
                serde_json::json!({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1})
            }
            Self::Count => serde_json::json!({"type": "integer", "minimum": 1}),
            Self::Switch => serde_json::json!({"type": "boolean"}),
            Self::Strategy => names(&recommend::names()),
            Self::Goal => names(&Goal::ALL.map(Goal::name)),
            Self::Prices => serde_json::json!({"type": "string"}),
            Self::CpuLimits => names(&CpuLimits::ALL.map(CpuLimits::name)),
            Self::Engine => names(&ENGINES),
            Self::Names => table(),
        }
    }
}

fn read<T: FromStr<Err: ToString>>(text: &str) -> Result<(), String> {
    let value = text.parse::<T>();
    value.map(|_| ()).map_err(|error| error.to_string())
}

/// Whether a rule can be narrowed by it.
fn narrows(field: &str, text: &str) -> Result<(), String> {
    let narrowed = Rule::default().narrow(field, text);
    narrowed.map_err(|error| error.to_string())
}

/// The JSON Schema of other names.
fn table() -> serde_json::Value {
    let one = |name| (name, serde_json::json!({"type": "string"}));
    let known: BTreeMap<&str, _> = prometheus::known_names().into_iter().map(one).collect();
    serde_json::json!({
        "type": "object",
        "properties": known,
        "patternProperties": {"\\*$": {"type": "string", "pattern": "^[^*]*\\*[^*]*$"}},
        "additionalProperties": false,
    })
}

/// A share above 0 and below 1; a percentage is told as one.
fn share(text: &str) -> Result<(), String> {
    let fits = |share: &f64| *share > 0.0 && *share < 1.0;
    if text.parse().is_ok_and(|share| fits(&share)) {
        return Ok(());
    }
    let percent = text.trim_end_matches('%').trim().parse::<f64>();
    let meant = percent.ok().map(|percent| percent / 100.0).filter(fits);
    let near = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
    Err(format!(
        "`{text}` is not a share above 0 and below 1, such as 0.02 for 2%{near}"
    ))
}

/// YAML of today knows two words for each, the one before it knew more.
fn switch(text: &str) -> Result<(), String> {
    let meant = match text {
        "true" | "false" => return Ok(()),
        "yes" | "Yes" | "on" | "On" | "True" => "; did you mean `true`?",
        "no" | "No" | "off" | "Off" | "False" => "; did you mean `false`?",
        _ => "",
    };
    Err(format!("`{text}` is neither true nor false{meant}"))
}
