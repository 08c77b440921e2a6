//! Every key of a `kcost.yaml`, once.

use super::keys::{Key, Kind, Place};

const fn key(name: &'static str, kind: Kind, place: Place, summary: &'static str) -> Key {
    Key {
        name,
        kind,
        place,
        summary,
        guarded: false,
    }
}

/// Every key but those of `match`, in the order shown to users.
static KEYS: &[Key] = &[
    key(
        "strategy",
        Kind::Strategy,
        Place::Both,
        "how usage becomes requests and limits",
    ),
    key(
        "goal",
        Kind::Goal,
        Place::Both,
        "how much risk to take for how much money",
    ),
    key(
        "max-oom-risk",
        Kind::Share,
        Place::Both,
        "largest probability of exceeding the memory limit within a week",
    ),
    key(
        "max-cpu-over",
        Kind::Share,
        Place::Both,
        "largest share of time above the CPU request",
    ),
    key(
        "max-cpu-work-over",
        Kind::Share,
        Place::Both,
        "largest share of CPU work above the CPU request",
    ),
    key(
        "max-node-overflow",
        Kind::Share,
        Place::Run,
        "largest probability that the pods of a node exceed its memory within a week",
    ),
    key(
        "min-cpu",
        Kind::Cpu,
        Place::Both,
        "advise no CPU request below this",
    ),
    key(
        "min-memory",
        Kind::Memory,
        Place::Both,
        "advise no memory request below this",
    ),
    key(
        "max-cpu",
        Kind::Cpu,
        Place::Both,
        "advise no CPU request or limit above this",
    ),
    key(
        "max-memory",
        Kind::Memory,
        Place::Both,
        "advise no memory request or limit above this",
    ),
    key(
        "min-history",
        Kind::Span,
        Place::Run,
        "advise nothing from less history than this",
    ),
    key(
        "cpu-limits",
        Kind::CpuLimits,
        Place::Both,
        "what becomes of CPU limits: keep, remove, or the same ratio to the request",
    ),
    key(
        "largest-step",
        Kind::Share,
        Place::Both,
        "largest share of a request that one run may cut",
    ),
    key(
        "tie-memory",
        Kind::Switch,
        Place::Both,
        "advise a memory request equal to its limit",
    ),
    key(
        "allow-qos-change",
        Kind::Switch,
        Place::Both,
        "the advice may change the pod's QoS class",
    ),
    key(
        "no-learning",
        Kind::Switch,
        Place::Run,
        "learn nothing from earlier runs",
    ),
    key(
        "protected",
        Kind::Switch,
        Place::Workload,
        "advise no change at all",
    ),
    key(
        "maintenance-window",
        Kind::Windows,
        Place::Run,
        "when kcost apply may change a cluster, such as 'Sat,Sun 01:00-05:00 Europe/Berlin'",
    ),
    key(
        "protect",
        Kind::Namespaces,
        Place::Run,
        "namespaces that kcost apply leaves alone, too",
    ),
    key("prices", Kind::Prices, Place::Run, "where prices come from"),
    key(
        "node-price",
        Kind::Text,
        Place::Run,
        "a label or annotation of nodes that says what they cost an hour",
    ),
    key(
        "opencost-url",
        Kind::Url,
        Place::Run,
        "an OpenCost that says what nodes really cost",
    ),
    key(
        "fail-on",
        Kind::Thresholds,
        Place::Run,
        "thresholds of the gate, such as cost-waste>30%",
    ),
    key(
        "namespace",
        Kind::Namespaces,
        Place::Run,
        "only these namespaces: names or globs, ! in front to exclude",
    ),
    key(
        "selector",
        Kind::Selector,
        Place::Run,
        "only workloads with these labels",
    ),
    key(
        "prometheus-url",
        Kind::Url,
        Place::Run,
        "where usage is read from",
    ),
    key(
        "prometheus-service",
        Kind::Text,
        Place::Run,
        "the service that usage is read from, as NAMESPACE/NAME:PORT",
    ),
    key(
        "prometheus-namespace",
        Kind::Texts,
        Place::Run,
        "namespaces whose Prometheus is trusted: only there it is looked for, and sent a login",
    ),
    key(
        "no-discovery",
        Kind::Switch,
        Place::Run,
        "do not look for a Prometheus in the cluster",
    ),
    key(
        "prometheus-label",
        Kind::Texts,
        Place::Run,
        "more label matchers of every query, such as cluster=prod",
    ),
    key(
        "prometheus-names",
        Kind::Names,
        Place::Run,
        "names of metrics and labels that are not the usual ones, such as {container_*: ours_*, pod: pod_name}",
    ),
    key(
        "prometheus-header",
        Kind::Headers,
        Place::Run,
        "headers of every request, such as 'X-Scope-OrgID: team'",
    ),
    key(
        "prometheus-token-file",
        Kind::Text,
        Place::Run,
        "a file with a bearer token",
    )
    .guarded(),
    key(
        "prometheus-token-command",
        Kind::Command,
        Place::Run,
        "a command that prints a bearer token",
    )
    .guarded(),
    key(
        "prometheus-ca",
        Kind::Text,
        Place::Run,
        "PEM file of the authorities to trust",
    )
    .guarded(),
    key(
        "prometheus-certificate",
        Kind::Text,
        Place::Run,
        "PEM file of a client certificate",
    )
    .guarded(),
    key(
        "prometheus-key",
        Kind::Text,
        Place::Run,
        "PEM file of the key of the client certificate",
    )
    .guarded(),
    key(
        "prometheus-insecure",
        Kind::Switch,
        Place::Run,
        "do not verify the certificate of Prometheus",
    )
    .guarded(),
    key(
        "prometheus-concurrency",
        Kind::Count,
        Place::Run,
        "queries that Prometheus may run at a time",
    ),
    key(
        "max-samples-per-query",
        Kind::Count,
        Place::Run,
        "samples that one query may touch",
    ),
    key(
        "engine",
        Kind::Engine,
        Place::Run,
        "where samples are reduced: in kcost (raw) or on the server (pushdown)",
    ),
    key(
        "traffic",
        Kind::Text,
        Place::Run,
        "a query of Prometheus for requests a second, one series a pod",
    ),
    key(
        "timeout",
        Kind::Span,
        Place::Run,
        "longest wait for one answer of the cluster or of Prometheus",
    ),
    key(
        "time-zone",
        Kind::Zone,
        Place::Both,
        "the time zone that days and weeks are counted in, such as Europe/Berlin",
    ),
    key(
        "calendar",
        Kind::Text,
        Place::Run,
        "a file of holidays and one-off events, YAML or iCalendar",
    ),
    key(
        "period",
        Kind::Spans,
        Place::Run,
        "periods that may come again besides days, weeks and months",
    ),
    key("window", Kind::Span, Place::Run, "how much history to use"),
    key("step", Kind::Span, Place::Run, "distance between samples"),
];

/// Keys of `match`; all that are there must hold.
pub(super) static MATCH: &[Key] = &[
    key(
        "namespace",
        Kind::Glob,
        Place::Workload,
        "a namespace, or a glob",
    ),
    key("kind", Kind::Glob, Place::Workload, "a kind, or a glob"),
    key("name", Kind::Glob, Place::Workload, "a name, or a glob"),
    key(
        "labels",
        Kind::Selector,
        Place::Workload,
        "a label selector, as kubectl takes it",
    ),
];

/// Keys at the top of the file: settings, each the default of the flag of the same name.
pub fn settings() -> impl Iterator<Item = &'static Key> + Clone {
    KEYS.iter().filter(|key| key.place != Place::Workload)
}

/// Keys of one entry of `workloads`, besides `match`.
pub(super) fn rule() -> impl Iterator<Item = &'static Key> + Clone {
    KEYS.iter().filter(|key| key.place != Place::Run)
}
