use crate::doctor::{Check, Point, Seen};
use crate::snapshot::{Snapshot, SourceKind};
use crate::text::count;
use crate::vitals::{Api, Tls, Trouble};

/// Whether the source answers: the API server, a bundle, files.
pub(super) struct Connection;

const NOTHING: &str = "there is nothing to advise on";

impl Check for Connection {
    fn name(&self) -> &'static str {
        "connection"
    }

    fn summary(&self) -> &'static str {
        "whether the cluster, the bundle or the files can be read"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        let mut points = Vec::new();
        match &seen.vitals.api {
            Some(Ok(api)) => points.extend(answers(api)),
            Some(Err(trouble)) => points.push(broken(trouble)),
            None => points.extend(seen.snapshot.and_then(offline)),
        }
        points.extend(seen.vitals.unread.as_ref().map(broken));
        points.extend(seen.snapshot.and_then(empty));
        points
    }
}

fn broken(trouble: &Trouble) -> Point {
    Point::bad(100, &trouble.text)
        .effect(NOTHING)
        .hint(trouble.hint.as_deref())
}

fn answers(api: &Api) -> Vec<Point> {
    let Api { context, url, .. } = api;
    let by = api.proxy.as_ref();
    let by = by.map_or_else(String::new, |proxy| format!(" through the proxy {proxy}"));
    let text = format!("the API server of `{context}` at {url}{by} answers");
    if api.tls == Tls::Unverified {
        let point = Point::warn(4, format!("{text}, and its certificate is not verified"))
            .effect("whoever stands between can read the credentials and answer in its place")
            .mend(
                "replace `insecure-skip-tls-verify: true` in the kubeconfig by \
                 `certificate-authority-data: BASE64`",
            );
        return vec![point];
    }
    vec![Point::ok(text)]
}

/// Nothing runs in what was asked for.
fn empty(snapshot: &Snapshot) -> Option<Point> {
    let name = &snapshot.cluster.name;
    let text = format!("what was read of `{name}` holds no workloads that are asked for");
    let point = Point::bad(100, text)
        .effect(NOTHING)
        .mend("kubectl get deployments,statefulsets,daemonsets -A");
    let mut gaps = snapshot.gaps.iter();
    let gap = gaps.find(|gap| gap.code == "empty-namespace");
    let point = point.hint(gap.and_then(|gap| gap.hint.as_deref()));
    snapshot.workloads.is_empty().then_some(point)
}

/// `None` where there is nothing in it.
fn offline(snapshot: &Snapshot) -> Option<Point> {
    if snapshot.workloads.is_empty() {
        return None;
    }
    let is_demo = snapshot
        .sources
        .iter()
        .any(|it| it.kind == SourceKind::Demo);
    if is_demo {
        return Some(Point::ok("the demo is read: no cluster is asked"));
    }
    let (name, at) = (&snapshot.cluster.name, snapshot.taken_at);
    let what = count(snapshot.owners(), "workload");
    let text = format!("what was read of `{name}` holds {what}, taken {at}");
    Some(Point::ok(text))
}
