use std::fmt;
use std::str::FromStr;

/// A service as `--prometheus-service` names it: `NAMESPACE/NAME[:PORT][/PATH]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceName {
    pub namespace: String,
    pub name: String,
    /// A number, or the name of a port.
    pub port: Option<String>,
    /// Empty, or starts with `/`.
    pub path: String,
}

/// Why a text is no [`ServiceName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a service: write NAMESPACE/NAME, NAMESPACE/NAME:PORT or NAMESPACE/NAME:PORT/PATH"
)]
pub struct ParseServiceNameError(String);

impl FromStr for ServiceName {
    type Err = ParseServiceNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = || {
            let (namespace, rest) = text.trim().split_once('/')?;
            let (place, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
            let (name, port) = match place.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (place, None),
            };
            let good = is_label(namespace)
                && is_label(name)
                && port.is_none_or(is_label)
                && path
                    .chars()
                    .all(|c| c.is_ascii_graphic() && !"?#".contains(c));
            good.then(|| Self {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                port: port.map(ToOwned::to_owned),
                path: path.trim_end_matches('/').to_owned(),
            })
        };
        parts().ok_or_else(|| ParseServiceNameError(text.to_owned()))
    }
}

/// As the API server takes names of namespaces, services and ports.
fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 63
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)?;
        if let Some(port) = &self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_named_with_or_without_port_and_path() {
        for text in ["a/b", "a/b:9090", "a/b:web/x/y", "a/b/prometheus"] {
            assert_eq!(text.parse::<ServiceName>().unwrap().to_string(), text);
        }
        let name: ServiceName = "a/b:80/x/".parse().unwrap();
        assert_eq!(
            (name.port.as_deref(), name.path.as_str()),
            (Some("80"), "/x")
        );
        for bad in [
            "", "b", "/b", "a/", "a/b:", "a/../b", "a/b?x", "A/b", "a/b/c?d",
        ] {
            assert!(bad.parse::<ServiceName>().is_err(), "{bad}");
        }
    }
}
