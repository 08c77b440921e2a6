use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum, ValueHint};
use jiff::Timestamp;

use crate::collect::live::UsageFrom;
use crate::collect::prometheus::{
    self, Access, Credentials, Engine, Header, MAX_SAMPLES, Matcher, PrometheusError,
    PrometheusOptions, Rename, Secret,
};
use crate::collect::reach::ServiceName;
use crate::error::Error;
use crate::units::Span;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EngineArg {
    Auto,
    Chunks,
    Raw,
    Pushdown,
}

/// Which Prometheus is meant.
pub(super) const WHICH: &str = "Prometheus (better in kcost.yaml)";
/// How kcost is let in.
const ACCESS: &str = "Prometheus, credentials and TLS (better in kcost.yaml)";
/// How hard it may be made to work.
const LOAD: &str = "Prometheus, load (better in kcost.yaml)";

/// How to reach Prometheus, and how hard it may be made to work.
#[derive(Debug, Args)]
#[command(next_help_heading = WHICH)]
pub(super) struct PrometheusArgs {
    /// Read usage from this Prometheus (or Thanos, Mimir, VictoriaMetrics).
    ///
    /// Parameters in it, such as `?namespace=shop` for a tenancy proxy, are sent with
    /// every request. This and what follows is better kept in `kcost.yaml`, under the
    /// same names: `kcost config --default` prints such a file.
    #[arg(
        long,
        value_name = "URL",
        env = "KCOST_PROMETHEUS_URL",
        hide_env_values = true,
        value_hint = ValueHint::Url,
        conflicts_with_all = ["demo", "snapshot", "objects"]
    )]
    prometheus_url: Option<Secret>,

    /// Read usage from this service: `NAMESPACE/NAME`, `:PORT` and `/PATH` where needed.
    ///
    /// Without it and without a URL, kcost looks for a Prometheus, Thanos, Mimir or
    /// VictoriaMetrics among the services of the cluster. It goes to it by DNS from
    /// within the cluster, else by the API server's proxy, else by a port-forward.
    #[arg(
        long,
        value_name = "NAMESPACE/NAME",
        env = "KCOST_PROMETHEUS_SERVICE",
        hide_env_values = true,
        conflicts_with_all = ["prometheus_url", "demo", "snapshot", "objects"],
        hide_short_help = true
    )]
    prometheus_service: Option<ServiceName>,

    /// Look for a Prometheus in this namespace alone, and trust it. Repeatable.
    ///
    /// Whoever may create services in a namespace can make one that looks like a
    /// Prometheus. A token, a login, headers and a client certificate go only to a service
    /// that is named, or to a namespace that is trusted with this.
    #[arg(
        long,
        value_name = "NAMESPACE",
        env = "KCOST_PROMETHEUS_NAMESPACE",
        hide_env_values = true,
        value_delimiter = ',',
        conflicts_with_all = ["prometheus_url", "prometheus_service", "no_discovery", "demo", "snapshot", "objects"],
        hide_short_help = true
    )]
    prometheus_namespace: Vec<String>,

    /// Do not look for a Prometheus in the cluster: use the metrics API.
    #[arg(
        long,
        env = "KCOST_NO_DISCOVERY",
        value_parser = BoolishValueParser::new(),
        hide_env_values = true,
        hide_short_help = true
    )]
    no_discovery: bool,

    /// Queries that Prometheus may run at a time.
    #[arg(
        help_heading = LOAD,
        long,
        value_name = "COUNT",
        env = "KCOST_PROMETHEUS_CONCURRENCY",
        hide_env_values = true,
        default_value = "2",
        value_parser = clap::value_parser!(u8).range(1..=16),
        hide_short_help = true
    )]
    prometheus_concurrency: u8,

    /// The most samples that one query may make Prometheus touch.
    ///
    /// Its own limit is 50,000,000 unless it was changed. Chunks are sent without a look at
    /// their samples: 16 of them count as one, and no request is for more than 128Mi. Parts
    /// of a day of a 36th of a namespace are not cut further.
    #[arg(
        help_heading = LOAD,
        long,
        value_name = "COUNT",
        env = "KCOST_MAX_SAMPLES_PER_QUERY",
        hide_env_values = true,
        default_value_t = MAX_SAMPLES,
        value_parser = clap::value_parser!(u64).range(1_000..),
        hide_short_help = true
    )]
    max_samples_per_query: u64,

    /// How usage is read: as it is stored (`chunks`), as points (`raw`), or reduced by the
    /// server (`pushdown`).
    ///
    /// `chunks` costs a Prometheus, Mimir or Cortex least: it sends what it stores, and
    /// kcost does the rest. With `raw` the server computes every point. With `pushdown`
    /// it sends one CPU point of each three, and the largest memory of their time: a
    /// third of the data, for large stores and those that spread queries over many
    /// machines. Peaks stay exact, and quantiles of CPU come within a few percent. What
    /// works for a few minutes a day only may be seen in twice as many of them or in few:
    /// its mean is off by as much, and memory that peaks as rarely is sized for more. `auto`
    /// takes chunks where the server offers them and they are not the heavier way, else
    /// points, and pushes down above 20 million points. What cannot be had as chunks it
    /// asks for as points. `--plan` and `-v` say which, and why.
    #[arg(
        help_heading = LOAD,
        long,
        value_name = "ENGINE",
        env = "KCOST_ENGINE",
        hide_env_values = true,
        value_enum,
        default_value_t = EngineArg::Auto,
        hide_short_help = true
    )]
    engine: EngineArg,

    /// Only series with this label, for stores of many clusters: `cluster=prod`.
    ///
    /// `!=`, `=~` and `!~` work as in PromQL, and `{context}` is the name of the
    /// context. Without it, the cluster is read that is called as the kubeconfig calls
    /// it, where the store holds several. Repeatable.
    #[arg(
        long,
        value_name = "NAME=VALUE",
        env = "KCOST_PROMETHEUS_LABEL",
        hide_env_values = true,
        hide_short_help = true
    )]
    prometheus_label: Vec<Matcher>,

    /// Names of metrics and labels in this store that are not the usual ones.
    ///
    /// Such as `pod=pod_name`, or `container_*=ours:container_*` for all metrics
    /// that begin like this. In `kcost.yaml` it is a table. Repeatable.
    #[arg(
        long,
        value_name = "NAME=OTHER",
        env = "KCOST_PROMETHEUS_NAMES",
        hide_env_values = true,
        value_delimiter = ',',
        hide_short_help = true
    )]
    prometheus_names: Vec<Rename>,

    /// Requests a second, as a query of Prometheus that gives one series a pod: what is asked
    /// of workloads, whatever their CPU makes of it.
    ///
    /// Such as `sum by (namespace, pod) (rate(http_requests_total[1h]))`: it is asked once an
    /// hour, and its series have to have the labels `namespace` and `pod`. Bundles keep it.
    #[arg(
        long,
        value_name = "QUERY",
        env = "KCOST_TRAFFIC",
        hide_env_values = true,
        hide_short_help = true
    )]
    traffic: Option<String>,

    /// A header for every request: `X-Scope-OrgID: team`. Repeatable.
    #[arg(
        help_heading = ACCESS,
        long,
        value_name = "NAME: VALUE",
        env = "KCOST_PROMETHEUS_HEADER",
        hide_env_values = true,
        hide_short_help = true
    )]
    prometheus_header: Vec<Secret>,

    /// A bearer token. Better in the environment, where no process list shows it.
    #[arg(
        help_heading = ACCESS,
        long,
        value_name = "TOKEN",
        env = "KCOST_PROMETHEUS_TOKEN",
        hide_env_values = true,
        hide_short_help = true
    )]
    prometheus_token: Option<Secret>,

    /// A file with a bearer token.
    #[arg(
        help_heading = ACCESS,
        long,
        value_name = "FILE",
        env = "KCOST_PROMETHEUS_TOKEN_FILE",
        hide_env_values = true,
        value_hint = ValueHint::FilePath,
        conflicts_with = "prometheus_token",
        hide_short_help = true
    )]
    prometheus_token_file: Option<PathBuf>,

    /// A command that prints a bearer token.
    #[arg(
        help_heading = ACCESS,
        long,
        value_name = "COMMAND",
        env = "KCOST_PROMETHEUS_TOKEN_COMMAND",
        hide_env_values = true,
        value_hint = ValueHint::CommandString,
        conflicts_with_all = ["prometheus_token", "prometheus_token_file"],
        hide_short_help = true
    )]
    prometheus_token_command: Option<String>,

    /// User and password, as `USER:PASSWORD`.
    #[arg(
        help_heading = ACCESS,
        long,
        value_name = "LOGIN",
        env = "KCOST_PROMETHEUS_LOGIN",
        hide_env_values = true,
        conflicts_with_all = [
            "prometheus_token",
            "prometheus_token_file",
            "prometheus_token_command"
        ],
        hide_short_help = true
    )]
    prometheus_login: Option<Secret>,

    /// PEM of the authorities to trust, instead of the system's.
    #[arg(
        help_heading = ACCESS,
        long,
        value_name = "FILE",
        env = "KCOST_PROMETHEUS_CA",
        hide_env_values = true,
        value_hint = ValueHint::FilePath,
        hide_short_help = true
    )]
    prometheus_ca: Option<PathBuf>,

    /// PEM of a client certificate.
    #[arg(
        help_heading = ACCESS,
        long,
        value_name = "FILE",
        env = "KCOST_PROMETHEUS_CERTIFICATE",
        hide_env_values = true,
        value_hint = ValueHint::FilePath,
        requires = "prometheus_key",
        hide_short_help = true
    )]
    prometheus_certificate: Option<PathBuf>,

    /// PEM of the key of the client certificate.
    #[arg(
        help_heading = ACCESS,
        long,
        value_name = "FILE",
        env = "KCOST_PROMETHEUS_KEY",
        hide_env_values = true,
        value_hint = ValueHint::FilePath,
        requires = "prometheus_certificate",
        hide_short_help = true
    )]
    prometheus_key: Option<PathBuf>,

    /// Do not verify the certificate of Prometheus.
    #[arg(help_heading = ACCESS, long, hide_short_help = true)]
    prometheus_insecure: bool,
}

impl PrometheusArgs {
    /// Where usage of a live cluster is read from.
    pub(super) fn usage(
        &self,
        window: Span,
        step: Span,
        timeout: Duration,
        context: Option<&String>,
    ) -> Result<UsageFrom, Error> {
        let url = match &self.prometheus_url {
            Some(url) => url,
            None => &Secret::new(""),
        };
        let options = self.at(url, window, step, (timeout, context))?;
        Ok(match &self.prometheus_service {
            _ if self.prometheus_url.is_some() => UsageFrom::Url(options),
            Some(service) => UsageFrom::Service(service.clone(), options),
            None if self.no_discovery => UsageFrom::MetricsApi,
            None => UsageFrom::Search(options),
        })
    }

    /// How a Prometheus of this URL is asked; an empty one is still to be found.
    pub(super) fn at(
        &self,
        url: &Secret,
        window: Span,
        step: Span,
        (timeout, context): (Duration, Option<&String>),
    ) -> Result<PrometheusOptions, Error> {
        let url = url.expose();
        if !url.is_empty() {
            prometheus::check_url(url).map_err(|error| misused(&error))?;
        }
        if let Some(token) = &self.prometheus_token {
            prometheus::check_token(token).map_err(|error| misused(&error))?;
        }
        let new = PrometheusOptions::new(url, window, step, Timestamp::now());
        let in_url = new.access.clone();
        Ok(PrometheusOptions {
            timeout,
            concurrency: usize::from(self.prometheus_concurrency),
            max_samples: self.max_samples_per_query,
            engine: self.engine(step)?,
            access: self.access(in_url)?,
            trusted: self.trusted(),
            matchers: self.matchers(context),
            names: self.prometheus_names.iter().cloned().collect(),
            traffic: self.traffic.clone(),
            ..new
        })
    }

    fn trusted(&self) -> Vec<String> {
        let names = self.prometheus_namespace.iter();
        names.filter(|name| !name.is_empty()).cloned().collect()
    }

    /// With the name of the context where its place is held.
    fn matchers(&self, context: Option<&String>) -> Vec<Matcher> {
        let matchers = self.prometheus_label.iter().cloned();
        match context {
            Some(context) => matchers.map(|it| it.of_context(context)).collect(),
            None => matchers.collect(),
        }
    }

    /// Refuses one store for several clusters, unless a label tells them apart.
    pub(super) fn tells_apart(&self) -> Result<(), Error> {
        let apart = self
            .prometheus_label
            .iter()
            .any(Matcher::tells_clusters_apart);
        if self.prometheus_url.is_none() || apart {
            return Ok(());
        }
        Err(Error::Usage {
            text: "one Prometheus for several clusters needs a label that tells them apart"
                .to_owned(),
            hint: Some(
                "add `--prometheus-label 'cluster={context}'`, or leave out `--prometheus-url` \
                 to look in each cluster"
                    .to_owned(),
            ),
        })
    }

    fn engine(&self, step: Span) -> Result<Option<Engine>, Error> {
        let engine = match self.engine {
            EngineArg::Auto => return Ok(None),
            EngineArg::Chunks => Engine::Chunks,
            EngineArg::Raw => Engine::Raw,
            EngineArg::Pushdown => Engine::Pushdown,
        };
        if !engine.works_at(step) {
            return Err(Error::Usage {
                text: format!("`--engine {engine}` does not work at a step of {step}"),
                hint: Some("use a `--step` of at most 20m".to_owned()),
            });
        }
        Ok(Some(engine))
    }

    fn access(&self, in_url: Access) -> Result<Access, Error> {
        let certificate = self.prometheus_certificate.clone();
        // clap sees it on the command line, but not where one comes from a file.
        if certificate.is_some() != self.prometheus_key.is_some() {
            return Err(Error::Usage {
                text: "a client certificate needs its key, and a key its certificate".to_owned(),
                hint: Some("give both `prometheus-certificate` and `prometheus-key`".to_owned()),
            });
        }
        // Parsed here, because clap would repeat a bad value, and it may be secret.
        let headers = self
            .prometheus_header
            .iter()
            .map(|text| text.expose().parse());
        let headers: Result<Vec<Header>, _> = headers.collect();
        Ok(Access {
            credentials: self.credentials().unwrap_or(in_url.credentials),
            parameters: in_url.parameters,
            headers: headers.map_err(|error| Error::Usage {
                text: format!("bad value of `--prometheus-header`: {error}"),
                hint: Some("for example `--prometheus-header 'X-Scope-OrgID: team'`".to_owned()),
            })?,
            ca: self.prometheus_ca.clone(),
            client_certificate: certificate.zip(self.prometheus_key.clone()),
            insecure: self.prometheus_insecure,
            proxy: None,
        })
    }

    /// What the flags say; a login in the URL counts where they say nothing.
    fn credentials(&self) -> Option<Credentials> {
        let token = self.prometheus_token.clone().map(Credentials::Token);
        let file = self.prometheus_token_file.clone();
        let command = self.prometheus_token_command.clone();
        token
            .or(file.map(Credentials::TokenFile))
            .or(command.map(Credentials::TokenCommand))
            .or(self.prometheus_login.as_ref().map(basic))
    }
}

fn misused(error: &PrometheusError) -> Error {
    Error::Usage {
        text: error.to_string(),
        hint: error.hint(),
    }
}

fn basic(login: &Secret) -> Credentials {
    let text = login.expose();
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    Credentials::Basic {
        user: user.to_owned(),
        password: Secret::new(password),
    }
}
