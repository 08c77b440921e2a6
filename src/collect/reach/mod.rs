//! Finds a Prometheus in the cluster, and the way to it.
//!
//! Services are told by their labels ([`known`]), each becomes a [`Candidate`],
//! and the ways to one are tried in order ([`ways`]): DNS inside the cluster,
//! the API server's proxy, a port-forward to a ready pod. The first that
//! answers and holds usage of one cluster is taken.
//!
//! Whoever may create a service may give it these labels. Those come first of
//! namespaces in which few may ([`standing`]), and what lets kcost in elsewhere
//! goes only to a service that is named, or to a namespace that is trusted.

mod candidate;
mod error;
mod forward;
mod known;
mod name;
mod standing;
mod ways;

use super::kubernetes::{self, Connection};
use super::prometheus::{Holding, PrometheusOptions};
use super::{Objects, Scope};
use crate::error::Error;
use crate::progress::Progress;
use crate::snapshot::Gap;

pub(super) use candidate::Candidate;
pub use error::ReachError;
pub use name::{ParseServiceNameError, ServiceName};
use standing::Standing;
use ways::Tried;

/// Candidates that are tried: where five fail, the sixth is no better.
const MOST_TRIED: usize = 5;

/// Timeouts that reaching one takes, all ways to all candidates together.
const PATIENCE: u32 = 2;

/// A Prometheus that answers, and what is said of it in the report.
pub(super) struct Found {
    pub(super) options: PrometheusOptions,
    /// Which it is, the way, and why it was taken.
    pub(super) detail: String,
}

/// What looking brought.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) found: Option<Found>,
    /// The services, which need not be listed again.
    pub(super) objects: Objects,
    pub(super) gaps: Vec<Gap>,
}

/// The named service.
///
/// # Errors
///
/// When it is not there, or when no way leads to it.
pub(super) async fn named(
    connection: &Connection,
    name: &ServiceName,
    options: &PrometheusOptions,
    progress: &dyn Progress,
) -> Result<Found, Error> {
    let listed = kubernetes::service(connection, &name.namespace, &name.name, progress).await;
    let candidate = match listed {
        Ok(Some(service)) => Candidate::named(&service, name).map_err(ReachError::from)?,
        Ok(None) => return Err(ReachError::missing(name).into()),
        // Reading services may be forbidden where going through them is not.
        Err(failure) => {
            progress.detail(&format!("the service {name} cannot be read: {failure}"));
            Candidate::unseen(name).ok_or_else(|| ReachError::unread(name, &failure))?
        }
    };
    let deadline = connection.deadline.part(connection.timeout * PATIENCE);
    match ways::reach(&candidate, connection, options, &deadline, progress).await {
        Ok(reached) => Ok(Found {
            detail: format!("{}, as `--prometheus-service` says", reached.shown()),
            options: reached.options,
        }),
        Err(tried) => Err(ReachError::no_way(&candidate, &tried).into()),
    }
}

/// The best of what the labels of all services show.
///
/// # Errors
///
/// When the credentials are not accepted. Nothing found is no error.
pub(super) async fn look(
    connection: &Connection,
    options: &PrometheusOptions,
    scope: &Scope,
    progress: &dyn Progress,
) -> Result<Looked, Error> {
    let (mut objects, gaps) = kubernetes::services(connection, scope, progress).await?;
    let trusted = &options.trusted;
    let mut candidates = candidate::ranked(std::mem::take(&mut objects.candidates), trusted);
    if !trusted.is_empty() {
        candidates.retain(|candidate| trusted.contains(&candidate.namespace));
    }
    for candidate in &candidates {
        progress.detail(&format!("candidate for usage: {candidate}"));
    }
    // Nobody named these: what lets kcost in is not for whoever has the right labels.
    let nameless = options.without_credentials();
    let withheld = nameless.is_some() && trusted.is_empty();
    let options = match &nameless {
        Some(nameless) if withheld => nameless,
        _ => options,
    };
    let mut looked = Looked {
        objects,
        gaps,
        ..Looked::default()
    };
    let mut passed = Vec::new();
    let deadline = connection.deadline.part(connection.timeout * PATIENCE);
    for candidate in candidates.iter().take(MOST_TRIED) {
        match ways::reach(candidate, connection, options, &deadline, progress).await {
            Ok(reached) => match unfit(&reached.holding, &options.cluster) {
                None => {
                    let why = why(candidate, &candidates, &passed);
                    let mut detail = format!("{}, {why}", reached.shown());
                    if withheld {
                        detail.push_str(", without the login that was given");
                    }
                    looked
                        .gaps
                        .extend(doubtful(candidate, &candidates, trusted));
                    progress.detail(&format!("reading usage from {detail}"));
                    looked.found = Some(Found {
                        detail,
                        options: reached.options,
                    });
                    return Ok(looked);
                }
                Some(reason) => passed.push(pass(candidate, reason, progress)),
            },
            Err(tried) => passed.push(pass(candidate, Tried::list(&tried), progress)),
        }
    }
    looked.gaps.push(nothing(&passed, withheld, trusted));
    Ok(looked)
}

fn pass(candidate: &Candidate, reason: String, progress: &dyn Progress) -> (String, String) {
    progress.detail(&format!("passed over {}: {reason}", candidate.place()));
    (candidate.place(), reason)
}

/// Why usage should not be read from a server that answers. Of several clusters
/// the one is read that is called as the kubeconfig calls it.
fn unfit(holding: &Holding, names: &[String]) -> Option<String> {
    if holding.series == 0 {
        return Some("it holds no usage of containers".to_owned());
    }
    let first = holding.mixed.first()?;
    if holding.mixed.iter().any(|mixed| mixed.of(names).is_some()) {
        return None;
    }
    let (text, flag) = (first.text(), first.flag(names));
    Some(format!("it holds {text}; choose with `{flag}`"))
}

/// Why this one was taken, and which were not.
fn why(candidate: &Candidate, all: &[Candidate], passed: &[(String, String)]) -> String {
    let told = format!("{} by {}", candidate.product(), candidate.evidence());
    let count = all.len();
    let after = if passed.is_empty() {
        String::new()
    } else {
        let places = passed.iter().map(|(place, _)| place.clone());
        format!(" after {}", listed(places.collect()))
    };
    let rest = all.iter().skip(passed.len() + 1);
    let rest: Vec<String> = rest.map(Candidate::place).collect();
    let before = if rest.is_empty() {
        String::new()
    } else {
        format!(" before {}", listed(rest))
    };
    match count {
        1 => format!("{told}, the only candidate"),
        _ if after.is_empty() => format!("{told}, the first of {count} candidates{before}"),
        _ => format!("{told}, of {count} candidates the first{after}{before}"),
    }
}

/// The first few, and how many more.
fn listed(mut places: Vec<String>) -> String {
    const NAMED: usize = 5;
    let rest = places.len().saturating_sub(NAMED);
    places.truncate(NAMED);
    let named = places.join(", ");
    if rest == 0 {
        named
    } else {
        format!("{named} and {rest} more")
    }
}

/// The gap that anybody may have made up what is read, where another might be meant.
fn doubtful(taken: &Candidate, all: &[Candidate], trusted: &[String]) -> Option<Gap> {
    let others = all
        .iter()
        .filter(|other| other.namespace != taken.namespace);
    let others: Vec<String> = others.map(Candidate::place).collect();
    let anyone = Standing::of(&taken.namespace, trusted) == Standing::Anyone;
    (anyone && !others.is_empty()).then(|| {
        let text = format!(
            "usage is read from {}, which anyone who may create services in \
             its namespace can set up, and {} would do as well",
            taken.place(),
            listed(others)
        );
        Gap::new("doubtful-prometheus", "usage", text).hint(format!(
            "name the one that you trust: `--prometheus-service {}`, or another",
            taken.place()
        ))
    })
}

/// A Prometheus that was found, and then would not give what it has.
pub(super) fn failed(found: &Found, error: &Error) -> Gap {
    unread(&found.detail, error)
}

/// The same of one that is called so.
pub(super) fn unread(detail: &str, error: &Error) -> Gap {
    let text = format!("{detail} was found, but {error}");
    let gap = Gap::new("no-prometheus", "usage", text);
    match error.hint() {
        Some(hint) => gap.hint(hint),
        None => gap,
    }
}

/// No history, and what was looked for.
fn nothing(passed: &[(String, String)], withheld: bool, trusted: &[String]) -> Gap {
    let products = known::products();
    if passed.is_empty() {
        let place = match trusted {
            [] => "the cluster".to_owned(),
            names => names.join(" or "),
        };
        return Gap::new(
            "no-prometheus",
            "usage",
            format!("no service of {place} has the labels of {products}"),
        )
        .hint(
            "name it with `--prometheus-service NAMESPACE/NAME:PORT` or `--prometheus-url URL`, \
             or stop looking with `--no-discovery`",
        );
    }
    let each: Vec<String> = passed
        .iter()
        .map(|(place, reason)| format!("{place}: {reason}"))
        .collect();
    Gap::new(
        "no-prometheus",
        "usage",
        format!("no usage could be read from {}", each.join("; ")),
    )
    .hint(if withheld {
        error::WITHHELD.to_owned()
    } else {
        error::NEXT.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::prometheus::Mixed;

    #[test]
    fn a_store_of_many_clusters_is_not_taken_for_one() {
        let holding = |series, clusters: &[&str]| Holding {
            series,
            mixed: (clusters.len() > 1)
                .then(|| Mixed {
                    label: "cluster".to_owned(),
                    values: clusters.iter().map(ToString::to_string).collect(),
                })
                .into_iter()
                .collect(),
        };
        assert_eq!(unfit(&holding(9, &["prod"]), &[]), None);
        assert!(unfit(&holding(0, &[]), &[]).is_some());
        let two = holding(9, &["prod", "test"]);
        assert_eq!(unfit(&two, &["test".to_owned()]), None);
        assert_eq!(
            unfit(&two, &["stage".to_owned()]).unwrap(),
            "it holds several clusters: `cluster` is `prod`, `test`; choose with \
             `--prometheus-label cluster=test`"
        );
    }
}
