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
            None => points.extend(seen.snapshot.map(offline)),
        }
        points.extend(seen.vitals.unread.as_ref().map(broken));
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

fn offline(snapshot: &Snapshot) -> Point {
    let is_demo = snapshot
        .sources
        .iter()
        .any(|it| it.kind == SourceKind::Demo);
    if is_demo {
        return Point::ok("the demo is read: no cluster is asked");
    }
    let (name, at) = (&snapshot.cluster.name, snapshot.taken_at);
    let what = count(snapshot.owners(), "workload");
    if snapshot.workloads.is_empty() {
        return Point::bad(100, format!("what was read of `{name}` holds no workloads"))
            .effect(NOTHING)
            .mend("take it again with `kcost snapshot`, or name other files");
    }
    Point::ok(format!(
        "what was read of `{name}` holds {what}, taken {at}"
    ))
}
