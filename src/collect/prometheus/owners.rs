//! Who owned the pods that are gone, from kube-state-metrics.

use std::collections::BTreeSet;

use super::answer::{Broken, Labels, Room, Sink};
use super::error::PrometheusError;
use super::options::PrometheusOptions;
use super::plan::More;
use super::promql::Words;
use super::server::{Query, Server};
use crate::collect::{PodIndex, Scope};
use crate::progress::Progress;
use crate::snapshot::{Gap, Grid};
use crate::units::Span;

const POD: &str = "kube_pod_owner";
const REPLICA_SET: &str = "kube_replicaset_owner";
const JOB: &str = "kube_job_owner";

pub(super) const METRICS: [&str; 3] = [POD, REPLICA_SET, JOB];

/// Owners of pods and of the controllers between, over the window.
#[derive(Debug, Default)]
pub struct Owners {
    links: Vec<Link>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Link {
    namespace: String,
    /// `Pod`, `ReplicaSet` or `Job`.
    kind: &'static str,
    name: String,
    owner_kind: String,
    owner_name: String,
}

impl Owners {
    /// Tells the index; it keeps to what the objects say where they say it.
    pub fn teach(&self, pods: &mut PodIndex) {
        for link in &self.links {
            let owner = (link.owner_kind.as_str(), link.owner_name.as_str());
            if link.kind == "Pod" {
                pods.learn_pod(&link.namespace, &link.name, owner.0, owner.1);
            } else {
                pods.learn_owner(&link.namespace, (link.kind, &link.name), owner);
            }
        }
    }

    pub fn len(&self) -> usize {
        self.links.len()
    }

    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }
}

/// The one query that it takes.
pub(super) fn planned(grid: &Grid) -> More {
    More {
        label: "owners of pods",
        cost: 0,
        history: Some(grid.span()),
        only: None,
    }
}

/// Reads owners. Asks for series, not samples: the index alone answers that,
/// where a query over the window would touch every sample of it.
pub(super) async fn owners(
    server: &Server,
    options: &PrometheusOptions,
    scope: &Scope,
    grid: &Grid,
    progress: &dyn Progress,
) -> Result<(Owners, Vec<Gap>), PrometheusError> {
    let _task = progress.task("reading owners of pods from Prometheus", None);
    let words = Words::new(options);
    let exact = scope.exact_namespaces().unwrap_or_default();
    let exact: Vec<String> = exact.into_iter().map(str::to_owned).collect();
    let selectors: Vec<(&'static str, String)> = METRICS
        .iter()
        .flat_map(|metric| words.speaking_of(metric, &exact))
        .map(|selector| ("match[]", selector))
        .collect();
    let links = || Links {
        words,
        scope,
        found: Vec::new(),
        room: Room::new(ROOM),
    };
    let ask = async |first: i64, last: i64| {
        let mut parameters = selectors.clone();
        parameters.push(("start", first.to_string()));
        parameters.push(("end", last.to_string()));
        let query = Query {
            path: "/api/v1/series".into(),
            parameters,
        };
        server.ask_again(&query, options.back_off, links).await
    };
    let span = (grid.start.as_second(), grid.end().as_second());
    let parts = server.in_parts(span, Span::HOUR.as_secs(), ask).await;
    match parts {
        Ok(parts) => {
            // A series that goes on has its place in several parts.
            let links: BTreeSet<Link> = parts.into_iter().flat_map(|part| part.found).collect();
            let links = links.into_iter().collect();
            let owners = Owners { links };
            progress.detail(&format!("{} owners in Prometheus", owners.len()));
            Ok((owners, server.gaps()))
        }
        Err(failure) => {
            let gap = Gap::new(
                "owners-not-read",
                "owners of pods that are gone",
                failure.to_string(),
            )
            .hint("their names decide instead; try again when the server is less busy");
            Ok((Owners::default(), vec![gap]))
        }
    }
}

struct Links<'a> {
    words: Words<'a>,
    scope: &'a Scope,
    found: Vec<Link>,
    room: Room,
}

/// What owners may take, in bytes: those of a million pods.
const ROOM: usize = 320 << 20;

impl Sink for Links<'_> {
    fn series(&mut self, labels: &Labels) {
        let said = |label: &str| self.words.names.said(labels, label).to_owned();
        let metric = labels.get("__name__");
        let is = |name: &str| metric == self.words.name(name);
        let (kind, name) = if is(POD) {
            ("Pod", said("pod"))
        } else if is(REPLICA_SET) {
            ("ReplicaSet", said("replicaset"))
        } else if is(JOB) {
            ("Job", said("job_name"))
        } else {
            return;
        };
        let namespace = said("namespace");
        if self.scope.namespace(&namespace) && labels.get("owner_is_controller") != "false" {
            let link = Link {
                namespace,
                kind,
                name,
                owner_kind: labels.get("owner_kind").to_owned(),
                owner_name: labels.get("owner_name").to_owned(),
            };
            let texts = [
                &link.namespace,
                &link.name,
                &link.owner_kind,
                &link.owner_name,
            ];
            let lengths: usize = texts.iter().map(|text| text.len()).sum();
            self.room.take(size_of::<Link>() + lengths);
            self.found.push(link);
        }
    }

    fn point(&mut self, _: f64, _: f64) {}

    fn fault(&self) -> Option<Broken> {
        self.room.fault()
    }
}
