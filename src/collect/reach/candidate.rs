use std::fmt;

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::known::{self, Known};
use super::name::ServiceName;
use super::standing::Standing;

/// Names of ports that answer queries, where a service has several.
const QUERY_PORTS: [&str; 7] = [
    "http-web",
    "web",
    "http",
    "http-query",
    "https",
    "http-metrics",
    "http-service",
];

/// Where Prometheus listens unless told otherwise.
const USUAL_PORT: i32 = 9090;

/// A service that may answer queries for usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) port: u16,
    pub(super) https: bool,
    /// Without an address of its own: its name leads to its pods.
    pub(super) headless: bool,
    /// Where the pods behind it listen.
    pub(super) target: Target,
    /// Labels of the pods behind it.
    pub(super) selector: Vec<(String, String)>,
    /// Before the path of every request.
    pub(super) path: String,
    /// Whether requests must name a tenant.
    pub(super) tenant: bool,
    /// Its place in [`known::ALL`]; none for a service that the user names.
    pub(super) rank: Option<usize>,
}

/// A port of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Number(u16),
    Name(String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Why a named service cannot be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoPort {
    pub(super) service: String,
    pub(super) ports: Vec<String>,
}

impl Candidate {
    /// What the labels of a service make of it.
    pub(crate) fn of(service: &Service) -> Option<Self> {
        let labels = service.metadata.labels.as_ref()?;
        let (rank, known) = known::find(labels)?;
        let ports = service.spec.as_ref()?.ports.as_deref()?;
        let mut candidate = Self::new(service, query_port(ports)?);
        candidate.known(rank, known);
        Some(candidate)
    }

    /// A service that the user named; its labels may still say what it is.
    pub(super) fn named(service: &Service, name: &ServiceName) -> Result<Self, NoPort> {
        let spec = service.spec.clone().unwrap_or_default();
        let ports = spec.ports.unwrap_or_default();
        let port = match &name.port {
            Some(wanted) => ports.iter().find(|port| is_port(port, wanted)),
            None => query_port(&ports),
        };
        let port = port.ok_or_else(|| NoPort {
            service: name.to_string(),
            ports: ports.iter().map(port_text).collect(),
        })?;
        let mut candidate = Self::new(service, port);
        let labels = service.metadata.labels.clone().unwrap_or_default();
        if let Some((rank, known)) = known::find(&labels) {
            candidate.known(rank, known);
        }
        if !name.path.is_empty() {
            candidate.path.clone_from(&name.path);
        }
        Ok(candidate)
    }

    /// A service that may not be read; only with the number of its port.
    pub(super) fn unseen(name: &ServiceName) -> Option<Self> {
        let port = name.port.as_ref()?.parse().ok()?;
        Some(Self {
            namespace: name.namespace.clone(),
            name: name.name.clone(),
            port,
            https: is_secure(None, None, port, &name.namespace),
            headless: false,
            target: Target::Number(port),
            selector: Vec::new(),
            path: name.path.clone(),
            tenant: false,
            rank: None,
        })
    }

    fn new(service: &Service, port: &ServicePort) -> Self {
        let spec = service.spec.as_ref();
        let namespace = service.metadata.namespace.clone().unwrap_or_default();
        let number = u16::try_from(port.port).unwrap_or_default();
        let cluster_ip = spec.and_then(|spec| spec.cluster_ip.as_deref());
        let selector = spec.and_then(|spec| spec.selector.clone());
        Self {
            name: service.metadata.name.clone().unwrap_or_default(),
            port: number,
            https: is_secure(
                port.name.as_deref(),
                port.app_protocol.as_deref(),
                number,
                &namespace,
            ),
            headless: cluster_ip == Some("None"),
            target: target(port, number),
            selector: selector.unwrap_or_default().into_iter().collect(),
            path: String::new(),
            tenant: false,
            rank: None,
            namespace,
        }
    }

    fn known(&mut self, rank: usize, known: &Known) {
        self.rank = Some(rank);
        self.tenant = known.tenant;
        known.path.clone_into(&mut self.path);
    }

    /// `monitoring/prometheus:9090`.
    pub(super) fn place(&self) -> String {
        format!("{}/{}:{}", self.namespace, self.name, self.port)
    }

    pub(super) fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    pub(super) fn product(&self) -> &'static str {
        self.rank
            .map_or("a service", |rank| known::ALL[rank].product)
    }

    /// The labels that tell what it is.
    pub(super) fn evidence(&self) -> String {
        let labels = self.rank.map_or(&[][..], |rank| known::ALL[rank].labels);
        let labels = labels.iter().map(|(key, value)| format!("{key}={value}"));
        format!("its labels `{}`", labels.collect::<Vec<_>>().join(","))
    }
}

/// `monitoring/prometheus:9090, Prometheus by its labels …`.
impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (place, product, evidence) = (self.place(), self.product(), self.evidence());
        write!(f, "{place}, {product} by {evidence}")
    }
}

/// The best first: by who may create services there, then by product; of equals one
/// with an address, then by name.
pub(super) fn ranked(mut candidates: Vec<Candidate>, trusted: &[String]) -> Vec<Candidate> {
    let key = |c: &Candidate| {
        let standing = Standing::of(&c.namespace, trusted);
        (
            standing,
            c.rank,
            c.headless,
            c.namespace.clone(),
            c.name.clone(),
        )
    };
    candidates.sort_by_cached_key(key);
    candidates
}

fn query_port(ports: &[ServicePort]) -> Option<&ServicePort> {
    let tcp = |port: &&ServicePort| port.protocol.as_deref().is_none_or(|p| p == "TCP");
    let named = |name: &&str| {
        let mut ports = ports.iter().filter(tcp);
        ports.find(|port| port.name.as_deref() == Some(*name))
    };
    let other = |port: &&ServicePort| {
        let name = port.name.as_deref().unwrap_or_default();
        tcp(port) && !name.contains("grpc") && !name.contains("reload")
    };
    QUERY_PORTS
        .iter()
        .find_map(named)
        .or_else(|| {
            ports
                .iter()
                .find(|port| tcp(port) && port.port == USUAL_PORT)
        })
        .or_else(|| ports.iter().find(other))
}

fn is_port(port: &ServicePort, wanted: &str) -> bool {
    port.name.as_deref() == Some(wanted) || port.port.to_string() == wanted
}

fn port_text(port: &ServicePort) -> String {
    match &port.name {
        Some(name) => format!("{} ({name})", port.port),
        None => port.port.to_string(),
    }
}

fn target(port: &ServicePort, number: u16) -> Target {
    match &port.target_port {
        Some(IntOrString::Int(target)) => Target::Number(u16::try_from(*target).unwrap_or(number)),
        Some(IntOrString::String(name)) => match name.parse() {
            Ok(target) => Target::Number(target),
            Err(_) => Target::Name(name.clone()),
        },
        None => Target::Number(number),
    }
}

/// Whether TLS is spoken. OpenShift's monitoring names its TLS ports `web`.
fn is_secure(name: Option<&str>, protocol: Option<&str>, port: u16, namespace: &str) -> bool {
    let says =
        |text: Option<&str>| text.is_some_and(|text| text.to_lowercase().starts_with("https"));
    says(name)
        || says(protocol)
        || matches!(port, 443 | 8443)
        || (namespace.starts_with("openshift-") && (9091..=9093).contains(&port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(json: serde_json::Value) -> Service {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn the_port_for_queries_is_found_among_others() {
        let stack = service(serde_json::json!({
            "metadata": {"namespace": "mon", "name": "prom",
                "labels": {"app": "kube-prometheus-stack-prometheus"}},
            "spec": {"clusterIP": "10.0.0.1", "ports": [
                {"name": "reloader-web", "port": 8080},
                {"name": "grpc", "port": 10901},
                {"name": "http-web", "port": 9090, "targetPort": "web"}]}
        }));
        let candidate = Candidate::of(&stack).unwrap();
        assert_eq!(candidate.place(), "mon/prom:9090");
        assert_eq!(candidate.target, Target::Name("web".to_owned()));
        assert!(!candidate.https && !candidate.headless);
        let named = |text: &str| Candidate::named(&stack, &text.parse().unwrap());
        assert_eq!(named("mon/prom:grpc").unwrap().port, 10901);
        assert_eq!(
            named("mon/prom:80").unwrap_err().ports,
            ["8080 (reloader-web)", "10901 (grpc)", "9090 (http-web)"]
        );
    }

    #[test]
    fn tls_is_spoken_where_it_is_named_or_usual() {
        assert!(is_secure(Some("https-web"), None, 9090, "a"));
        assert!(is_secure(None, Some("https"), 9090, "a"));
        assert!(is_secure(Some("web"), None, 9091, "openshift-monitoring"));
        assert!(!is_secure(Some("web"), None, 9091, "monitoring"));
    }
}
