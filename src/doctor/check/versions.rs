use crate::doctor::{Check, Point, Seen};

/// Which versions of Kubernetes and of the metrics store answer.
pub(super) struct Versions;

/// Kubernetes from which on every API that is listed is there: `autoscaling/v2`.
/// Source: the deprecated API migration guide of Kubernetes.
const OLDEST: u32 = 23;

impl Check for Versions {
    fn name(&self) -> &'static str {
        "versions"
    }

    fn summary(&self) -> &'static str {
        "of Kubernetes and of the metrics store"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        let mut points = Vec::new();
        if let Some(version) = version(seen) {
            points.push(kubernetes(version));
        } else if seen.api().is_some() {
            points.push(Point::unknown(
                0,
                "the API server does not tell its version",
            ));
        }
        if let Some(store) = seen.store() {
            points.push(match &store.product {
                Some(product) => Point::ok(format!("usage is read from {product}")),
                None => Point::unknown(0, "the metrics store does not tell what it is"),
            });
        }
        points
    }
}

fn version<'a>(seen: &Seen<'a>) -> Option<&'a str> {
    let live = seen.api().and_then(|api| api.version.as_deref());
    live.or_else(|| seen.snapshot?.cluster.server_version.as_deref())
}

fn kubernetes(version: &str) -> Point {
    let text = format!("Kubernetes {version}");
    let minor = minor(version);
    if minor.is_some_and(|minor| minor < OLDEST) {
        return Point::warn(5, format!("{text} is older than 1.{OLDEST}"))
            .effect("autoscalers, disruption budgets or CronJobs are not read")
            .mend(format!("upgrade the cluster to 1.{OLDEST} or later"));
    }
    Point::ok(text)
}

/// Of `v1.35.1-gke.7`: 35; of what is no version 1 nothing.
fn minor(version: &str) -> Option<u32> {
    let rest = version.strip_prefix('v').unwrap_or(version);
    let rest = rest.strip_prefix("1.")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit());
    rest[..digits.unwrap_or(rest.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lacks_an_api_is_old() {
        let status = |version| kubernetes(version).status.name();
        assert_eq!(status("v1.22.17"), "warn");
        assert_eq!(status("v1.23.0"), "ok");
        assert_eq!(status("v1.35.1-gke.7"), "ok");
        assert_eq!(status("2.0"), "ok");
    }
}
