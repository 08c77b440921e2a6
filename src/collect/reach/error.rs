use super::candidate::{Candidate, NoPort};
use super::name::ServiceName;
use super::ways::Tried;
use crate::collect::kubernetes::Failure;

/// What helps when no way leads to a service that is there.
pub(super) const NEXT: &str = "allow `get` on `services/proxy` or `create` on `pods/portforward`, give a \
    login with `--prometheus-token-file FILE`, or name a URL with `--prometheus-url`";

/// What helps where a login was kept from services that nobody named.
pub(super) const WITHHELD: &str = "a login goes only to what you name: `--prometheus-service \
    NAMESPACE/NAME:PORT`, or a namespace whose services you trust, `--prometheus-namespace NAMESPACE`";

/// Why the named service cannot be used. Holds no credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReachError {
    #[error("there is no service {service}")]
    Missing { service: String },
    #[error("the service {service} has no port")]
    NoPort { service: String, ports: Vec<String> },
    #[error("the service {service} cannot be read: {problem}")]
    Unread { service: String, problem: String },
    #[error("the service {service} cannot be reached: {tried}")]
    NoWay { service: String, tried: String },
}

impl ReachError {
    pub(super) fn missing(name: &ServiceName) -> Self {
        Self::Missing {
            service: format!("{}/{}", name.namespace, name.name),
        }
    }

    pub(super) fn unread(name: &ServiceName, failure: &Failure) -> Self {
        Self::Unread {
            service: name.to_string(),
            problem: failure.to_string(),
        }
    }

    pub(super) fn no_way(candidate: &Candidate, tried: &[Tried]) -> Self {
        Self::NoWay {
            service: candidate.place(),
            tried: Tried::list(tried),
        }
    }

    /// One next step.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Missing { .. } => {
                "list them with `kubectl get services -A`, and name one as NAMESPACE/NAME:PORT"
                    .to_owned()
            }
            Self::NoPort { ports, .. } if ports.is_empty() => {
                "name a service that has ports".to_owned()
            }
            Self::NoPort { ports, .. } => format!("it has {}", ports.join(", ")),
            Self::Unread { .. } => {
                "add the number of its port: `--prometheus-service NAMESPACE/NAME:PORT`".to_owned()
            }
            Self::NoWay { .. } => NEXT.to_owned(),
        };
        Some(text)
    }
}

impl From<NoPort> for ReachError {
    fn from(NoPort { service, ports }: NoPort) -> Self {
        Self::NoPort { service, ports }
    }
}
