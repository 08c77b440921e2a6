//! What a `kcost.yaml` may say: one table for reading, checking, the JSON schema and the docs.

use std::collections::BTreeMap;

use crate::collect::prometheus::{self, Rename};
use crate::price;
use crate::recommend::{self, CpuLimits, Goal};
use crate::units::{ParseQuantityError, Quantity, Span, Suffix};

/// One key of the file.
pub struct Key {
    /// As in the file; at the top the long flag of the same name.
    pub name: &'static str,
    pub kind: Kind,
    /// One line for people.
    pub summary: &'static str,
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
    /// An address that may hold a login.
    Url,
    /// Headers, one or a list of them; their values may be secret.
    Headers,
    /// Who boils samples down.
    Engine,
    /// A map from names of metrics and labels to what they are called.
    Names,
}

/// What `engine` may say.
const ENGINES: [&str; 3] = ["auto", "raw", "pushdown"];

const fn key(name: &'static str, kind: Kind, summary: &'static str) -> Key {
    Key {
        name,
        kind,
        summary,
    }
}

/// Keys at the top of the file: settings, each the default of the flag of the same name.
pub static SETTINGS: &[Key] = &[
    key(
        "strategy",
        Kind::Strategy,
        "how usage becomes requests and limits",
    ),
    key(
        "goal",
        Kind::Goal,
        "how much risk to take for how much money",
    ),
    key(
        "max-oom-risk",
        Kind::Share,
        "largest probability of exceeding the memory limit within a week",
    ),
    key(
        "max-cpu-over",
        Kind::Share,
        "largest share of time above the CPU request",
    ),
    key(
        "max-node-overflow",
        Kind::Share,
        "largest probability that the pods of a node exceed its memory within a week",
    ),
    key("min-cpu", Kind::Cpu, "advise no CPU request below this"),
    key(
        "min-memory",
        Kind::Memory,
        "advise no memory request below this",
    ),
    key(
        "max-cpu",
        Kind::Cpu,
        "advise no CPU request or limit above this",
    ),
    key(
        "max-memory",
        Kind::Memory,
        "advise no memory request or limit above this",
    ),
    key(
        "min-history",
        Kind::Span,
        "advise nothing from less history than this",
    ),
    key(
        "cpu-limits",
        Kind::CpuLimits,
        "what becomes of CPU limits: keep, remove, or the same ratio to the request",
    ),
    key("prices", Kind::Prices, "where prices come from"),
    key(
        "fail-on",
        Kind::Texts,
        "thresholds of the gate, such as cost-waste>30%",
    ),
    key(
        "namespace",
        Kind::Texts,
        "only these namespaces: names or globs, ! in front to exclude",
    ),
    key("selector", Kind::Text, "only workloads with these labels"),
    key("prometheus-url", Kind::Url, "where usage is read from"),
    key(
        "prometheus-service",
        Kind::Text,
        "the service that usage is read from, as NAMESPACE/NAME:PORT",
    ),
    key(
        "no-discovery",
        Kind::Switch,
        "look for no Prometheus in the cluster",
    ),
    key(
        "prometheus-label",
        Kind::Texts,
        "more label matchers of every query, such as cluster=prod",
    ),
    key(
        "prometheus-names",
        Kind::Names,
        "what metrics and labels are called where not as usual, such as {container_*: ours_*, pod: pod_name}",
    ),
    key(
        "prometheus-header",
        Kind::Headers,
        "headers of every request, such as 'X-Scope-OrgID: team'",
    ),
    key(
        "prometheus-token-file",
        Kind::Text,
        "a file with a bearer token",
    ),
    key(
        "prometheus-token-command",
        Kind::Text,
        "a command that prints a bearer token",
    ),
    key(
        "prometheus-ca",
        Kind::Text,
        "PEM file of the authorities to trust",
    ),
    key(
        "prometheus-certificate",
        Kind::Text,
        "PEM file of a client certificate",
    ),
    key(
        "prometheus-key",
        Kind::Text,
        "PEM file of the key of the client certificate",
    ),
    key(
        "prometheus-insecure",
        Kind::Switch,
        "do not verify the certificate of Prometheus",
    ),
    key(
        "prometheus-concurrency",
        Kind::Count,
        "queries that Prometheus may run at a time",
    ),
    key(
        "max-samples-per-query",
        Kind::Count,
        "samples that one query may touch",
    ),
    key(
        "engine",
        Kind::Engine,
        "who boils samples down: kcost (raw) or the server (pushdown)",
    ),
    key(
        "timeout",
        Kind::Span,
        "longest wait for one answer of the cluster or of Prometheus",
    ),
    key("window", Kind::Span, "how much history to use"),
    key("step", Kind::Span, "distance between samples"),
];

/// Keys of one entry of `workloads`, besides `match`.
pub static RULE: &[Key] = &[
    key(
        "strategy",
        Kind::Strategy,
        "how usage becomes requests and limits",
    ),
    key(
        "goal",
        Kind::Goal,
        "how much risk to take for how much money",
    ),
    key(
        "max-oom-risk",
        Kind::Share,
        "largest probability of exceeding the memory limit within a week",
    ),
    key(
        "max-cpu-over",
        Kind::Share,
        "largest share of time above the CPU request",
    ),
    key("min-cpu", Kind::Cpu, "advise no CPU request below this"),
    key(
        "min-memory",
        Kind::Memory,
        "advise no memory request below this",
    ),
    key(
        "max-cpu",
        Kind::Cpu,
        "advise no CPU request or limit above this",
    ),
    key(
        "max-memory",
        Kind::Memory,
        "advise no memory request or limit above this",
    ),
    key(
        "cpu-limits",
        Kind::CpuLimits,
        "what becomes of CPU limits: keep, remove, or the same ratio to the request",
    ),
    key(
        "largest-step",
        Kind::Share,
        "largest share of a request that one run may cut",
    ),
    key(
        "tie-memory",
        Kind::Switch,
        "advise a memory request equal to its limit",
    ),
    key(
        "allow-qos-change",
        Kind::Switch,
        "the advice may change the pod's QoS class",
    ),
    key("protected", Kind::Switch, "advise no change at all"),
];

/// Keys of `match`; all that are there must hold.
pub(super) static MATCH: &[Key] = &[
    key("namespace", Kind::Text, "a namespace, or a glob"),
    key("kind", Kind::Text, "a kind, or a glob"),
    key("name", Kind::Text, "a name, or a glob"),
    key(
        "labels",
        Kind::Text,
        "a label selector, as kubectl takes it",
    ),
];

impl Kind {
    /// Whether `text` is such a value; else what it should be.
    pub fn check(self, text: &str) -> Result<(), String> {
        let one_of = |names: &[&str]| {
            if names.contains(&text) {
                Ok(())
            } else {
                Err(format!(
                    "`{text}` is none of {}{}",
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
            Self::Text | Self::Texts | Self::Headers => number(!text.is_empty(), "a text"),
            Self::Url => prometheus::check_url(text).map_err(|error| error.to_string()),
            Self::Cpu => cpu(text),
            Self::Memory => memory(text),
            Self::Span => text
                .parse::<Span>()
                .map(|_| ())
                .map_err(|error| error.to_string()),
            Self::Share => number(
                text.parse::<f64>()
                    .is_ok_and(|share| share > 0.0 && share < 1.0),
                "a share between 0 and 1, such as 0.02",
            ),
            Self::Count => number(
                text.parse::<u64>().is_ok_and(|count| count > 0),
                "a whole number above 0",
            ),
            Self::Switch => one_of(&["true", "false"]),
            Self::Strategy => one_of(&recommend::names()),
            Self::Goal => one_of(&Goal::ALL.map(Goal::name)),
            Self::Prices => one_of(&price::names()),
            Self::CpuLimits => one_of(&CpuLimits::ALL.map(CpuLimits::name)),
            Self::Engine => one_of(&ENGINES),
            Self::Names => text
                .parse::<Rename>()
                .map(|_| ())
                .map_err(|error| error.to_string()),
        }
    }

    /// A value as it may be shown: without what may be secret.
    pub fn shown(self, text: &str) -> String {
        match self {
            Self::Url => prometheus::shown_url(text),
            Self::Headers => {
                let (name, _) = text.split_once(':').unwrap_or((text, ""));
                format!("{name}: ***")
            }
            _ => text.to_owned(),
        }
    }

    /// Whether a list of such values may be given.
    pub fn takes_list(self) -> bool {
        matches!(self, Self::Texts | Self::Headers)
    }

    /// Its JSON Schema.
    pub fn schema(self) -> serde_json::Value {
        let names = |names: &[&str]| serde_json::json!({"enum": names});
        let pattern =
            |pattern: &str| serde_json::json!({"type": ["string", "number"], "pattern": pattern});
        match self {
            Self::Text | Self::Url => serde_json::json!({"type": "string"}),
            Self::Texts | Self::Headers => serde_json::json!({
                "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
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
            Self::Prices => names(&price::names()),
            Self::CpuLimits => names(&CpuLimits::ALL.map(CpuLimits::name)),
            Self::Engine => names(&ENGINES),
            Self::Names => table(),
        }
    }
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

/// Cores: a binary suffix would be bytes.
fn cpu(text: &str) -> Result<(), String> {
    let quantity: Quantity = text
        .parse()
        .map_err(|error: ParseQuantityError| error.to_string())?;
    let cores = quantity.to_f64();
    if quantity.suffix() == Suffix::Binary || !(0.0..=100_000.0).contains(&cores) {
        return Err(format!(
            "`{text}` is no amount of CPU: write cores, such as `250m` or `2`"
        ));
    }
    Ok(())
}

/// Bytes: thousandths of a byte are a CPU's unit in the wrong place.
fn memory(text: &str) -> Result<(), String> {
    let quantity: Quantity = text
        .parse()
        .map_err(|error: ParseQuantityError| error.to_string())?;
    let bytes = quantity.to_f64();
    if text.ends_with(['m', 'n', 'u']) || bytes < 1024.0 {
        return Err(format!(
            "`{text}` is no amount of memory: write bytes with a unit, such as `512Mi`"
        ));
    }
    Ok(())
}

/// `; did you mean …?` where one of the names is close.
pub(super) fn suggestion(text: &str, names: &[&str]) -> String {
    let near = names
        .iter()
        .map(|name| (strsim::jaro_winkler(name, text), name));
    let best = near
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(score, _)| *score > 0.75);
    best.map_or(String::new(), |(_, name)| {
        format!("; did you mean `{name}`?")
    })
}
