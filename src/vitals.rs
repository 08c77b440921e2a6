//! What was seen of the sources themselves: whether they answer, what they allow, which
//! clocks they have, what a metrics store holds. Without judgement. A leaf.

use std::collections::BTreeMap;

/// Why something could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What happened, and its causes.
    pub text: String,
    /// One next step, where there is one.
    pub hint: Option<String>,
}

/// What a run saw of its sources. What was not looked at is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vitals {
    /// The API server.
    pub api: Option<Result<Api, Trouble>>,
    /// The metrics store.
    pub store: Option<Result<Store, Trouble>>,
    /// Why there is no snapshot though the sources answer: a bundle or file that cannot be
    /// read, lists that fail.
    pub unread: Option<Trouble>,
}

/// An API server that answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Api {
    /// The context, or `in-cluster`.
    pub context: String,
    /// Without credentials.
    pub url: String,
    /// The proxy on the way, without credentials.
    pub proxy: Option<String>,
    /// Whether TLS protects the way, and whether the certificate was verified.
    pub tls: Tls,
    /// `v1.35.1`.
    pub version: Option<String>,
    /// Seconds that its clock is ahead of the one here, whole; negative behind.
    pub ahead: Option<i64>,
    pub rights: Vec<Right>,
    pub metrics_api: MetricsApi,
}

/// How the way to a server is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tls {
    /// Plain HTTP.
    Plain,
    /// Anybody may answer.
    Unverified,
    #[default]
    Verified,
}

/// Whether `metrics.k8s.io` tells current use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum MetricsApi {
    #[default]
    Absent,
    Answers,
    Fails(String),
}

/// Something that kcost asks of the API server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// Empty for the core group.
    pub group: String,
    /// `pods`, `services/proxy`.
    pub resource: String,
    pub verb: String,
    /// The namespace that it was asked for; `None` for the whole cluster.
    pub namespace: Option<String>,
    /// `None` where the server does not say.
    pub allowed: Option<bool>,
    /// Whether it serves finding and reaching Prometheus alone.
    pub discovery: bool,
    /// The rule that would allow it, as one item of `rules:` in YAML.
    pub rule: String,
}

/// A metrics store that answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Store {
    /// Which it is, and how it was found. Without credentials.
    pub detail: String,
    /// `Prometheus 2.42.0`; `None` where it does not say.
    pub product: Option<String>,
    /// Seconds that its clock is ahead of the one here; negative behind.
    pub ahead: Option<f64>,
    /// Series at the end of the window of each metric that kcost reads, by its usual name;
    /// `None` where they could not be counted.
    pub metrics: Option<BTreeMap<&'static str, u64>>,
    /// What metrics are called here, where not as usual.
    pub renamed: BTreeMap<&'static str, String>,
    pub clusters: Clusters,
    /// `None` without usage of any container in scope.
    pub counted: Option<Counted>,
    /// Why nothing was counted.
    pub uncounted: Option<Trouble>,
}

/// Of how many clusters a store is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Clusters {
    #[default]
    One,
    /// Of several, the one with this condition is read.
    Chosen(String),
    /// None of several is read: which there are, and the flag that chooses one.
    Several { text: String, flag: String },
}

/// What a store has of usage.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counted {
    /// Series of containers.
    pub series: u64,
    /// Seconds between two samples, of most series and of the slowest.
    pub interval: (u32, u32),
    /// Every scrape job that tells of containers, by its labels.
    pub sources: Vec<String>,
    /// The only one that is read, where it has every container.
    pub source: Option<String>,
    /// Times in the last hour that a counter of CPU fell, for each series; `None` where
    /// that is not known.
    pub resets: Option<f64>,
}
