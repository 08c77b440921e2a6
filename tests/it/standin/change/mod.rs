//! Writes: apply with owners of fields and their conflicts, JSON, merge and strategic
//! patches, `resize`, dry runs, refusals, and rollouts that come ready or do not.

mod fields;
mod patch;
mod rollout;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Response};
use serde_json::{Value, json};

use super::reply::{Reply, failure};
use super::serve::{Answer, State, whole};
use super::store::Store;
pub use rollout::{Goes, ROLLOUTS};

/// When a held write stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Nothing of it is there yet.
    Before,
    /// All of it is there, and the client does not know.
    After,
}

/// One write as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub path: String,
    pub manager: String,
    pub dry: bool,
    /// Whether the server took it.
    pub taken: bool,
}

/// What somebody else changes.
pub type Touch = Box<dyn FnOnce(Store) -> Store + Send>;

/// How writes go.
pub struct Writing {
    pub goes: HashMap<String, Goes>,
    pub rejects: HashMap<String, &'static str>,
    pub hold: Option<(usize, Moment)>,
    /// Something else changes an object before this write, counted from 1.
    pub touch: Option<(usize, Touch)>,
    pub written: Vec<Written>,
    rollouts: HashMap<String, Goes>,
    real: usize,
    version: u64,
    held: Sender<()>,
}

impl Default for Writing {
    fn default() -> Self {
        let (held, _) = channel();
        Self {
            goes: HashMap::new(),
            rejects: HashMap::new(),
            hold: None,
            touch: None,
            written: Vec::new(),
            rollouts: HashMap::new(),
            real: 0,
            version: 1_000_000,
            held,
        }
    }
}

impl Writing {
    /// Holds the write of this number, counted from 1 and from now on.
    pub fn hold(&mut self, number: usize, moment: Moment) {
        self.real = 0;
        self.hold = Some((number, moment));
    }

    pub fn held(&mut self) -> Receiver<()> {
        let (sender, receiver) = channel();
        self.held = sender;
        receiver
    }

    /// An object is looked at: a rollout goes on.
    pub fn looked(&mut self, store: &mut Store, kind: (&str, &str), name: &str) {
        let plural = kind.1;
        let key = format!("{plural}/{name}");
        let Some(goes) = self.rollouts.get_mut(&key) else {
            return;
        };
        if let Goes::After(looks) = goes {
            *looks = looks.saturating_sub(1);
            if *looks == 0 {
                self.rollouts.remove(&key);
                rollout::finish(store, kind, name, false);
            }
        }
    }
}

/// The parts of a path that is written to.
struct Route {
    api_version: String,
    namespace: String,
    plural: String,
    name: String,
    part: Option<String>,
}

impl Route {
    fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (api_version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ((*version).to_owned(), rest),
            ["apis", group, version, rest @ ..] => (format!("{group}/{version}"), rest),
            _ => return None,
        };
        let (namespace, plural, name, part) = match rest {
            ["namespaces", namespace, plural, name] => (namespace, plural, name, None),
            ["namespaces", namespace, plural, name, part] => {
                (namespace, plural, name, Some((*part).to_owned()))
            }
            _ => return None,
        };
        Some(Self {
            api_version,
            namespace: (*namespace).to_owned(),
            plural: (*plural).to_owned(),
            name: (*name).to_owned(),
            part,
        })
    }

    fn group(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or("", |(group, _)| group)
    }
}

pub async fn answer(request: Request<Incoming>, state: &Arc<State>) -> Result<Answer, io::Error> {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let content = request.headers().get(CONTENT_TYPE).cloned();
    let content = content.and_then(|it| it.to_str().ok().map(str::to_owned));
    let body = request.into_body().collect().await;
    let body = body.map_err(io::Error::other)?.to_bytes();
    let dry = query.contains("dryRun=All");
    if !dry {
        count(state);
    }
    if !dry && is_held(state, Moment::Before) {
        std::future::pending::<()>().await;
    }
    let reply = write(&path, &query, &content.unwrap_or_default(), &body, state);
    if !dry && is_held(state, Moment::After) {
        std::future::pending::<()>().await;
    }
    let response = Response::builder()
        .status(reply.status)
        .header(CONTENT_TYPE, "application/json");
    Ok(response.body(whole(Bytes::from(reply.body))).unwrap())
}

/// Counts a real write, and lets somebody else come in between.
fn count(state: &State) {
    let mut writing = state.writing.lock().unwrap();
    writing.real += 1;
    let number = writing.real;
    if writing.touch.as_ref().is_some_and(|it| it.0 == number) {
        let (_, change) = writing.touch.take().unwrap();
        let mut store = state.store.lock().unwrap();
        *store = change(std::mem::take(&mut *store));
    }
}

/// Whether the write is held now, which the test hears of.
fn is_held(state: &State, moment: Moment) -> bool {
    let writing = state.writing.lock().unwrap();
    let held = writing.hold == Some((writing.real, moment));
    if held {
        let _ = writing.held.send(());
    }
    held
}

/// How long a test waits for a held write.
pub const PATIENCE: Duration = Duration::from_secs(60);

fn write(path: &str, query: &str, content: &str, body: &[u8], state: &State) -> Reply {
    let option = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let dry = option("dryRun") == Some("All");
    let manager = option("fieldManager").unwrap_or("unknown").to_owned();
    let Some(route) = Route::parse(path) else {
        return failure(
            404,
            "NotFound",
            "the server could not find the requested resource",
        );
    };
    let told = match &route.part {
        Some(part) => format!("{}/{part}", route.plural),
        None => route.plural.clone(),
    };
    let mut writing = state.writing.lock().unwrap();
    writing.written.push(Written {
        path: path.to_owned(),
        manager: manager.clone(),
        dry,
        taken: false,
    });
    if state.forbids(&format!("write/{told}"), &route.namespace) {
        let message = format!(
            "{told}.{group} \"{name}\" is forbidden: User \"viewer\" cannot patch resource \"{told}\" in API group \"{group}\" in the namespace \"{namespace}\"",
            group = route.group(),
            name = route.name,
            namespace = route.namespace,
        );
        return failure(403, "Forbidden", &message);
    }
    let mut store = state.store.lock().unwrap();
    let Some(before) = store.object(
        &route.api_version,
        &route.plural,
        &route.namespace,
        &route.name,
    ) else {
        let message = format!("{} \"{}\" not found", route.plural, route.name);
        return failure(404, "NotFound", &message);
    };
    if let Some(message) = writing.rejects.get(&route.name) {
        let message =
            format!("admission webhook \"policy.example.com\" denied the request: {message}");
        return failure(403, "Invalid", &message);
    }
    let mut after = match patch::patched(
        &before,
        content,
        body,
        &manager,
        option("force") == Some("true"),
    ) {
        Ok(after) => after,
        Err(reply) => return reply,
    };
    if let Err(message) = valid(&after, &before, route.part.as_deref()) {
        return failure(422, "Invalid", &message);
    }
    if after == before || dry {
        writing.written.last_mut().unwrap().taken = true;
        return done(&after);
    }
    writing.version += 1;
    after["metadata"]["resourceVersion"] = writing.version.to_string().into();
    let operated = rollout::OPERATED.contains(&route.plural.as_str());
    let rolls = after.pointer("/spec/template") != before.pointer("/spec/template")
        || (operated && after["spec"] != before["spec"]);
    if after["spec"] != before["spec"] {
        let generation = before["metadata"]["generation"].as_i64().unwrap_or(1);
        after["metadata"]["generation"] = (generation + 1).into();
    }
    store.replace(&route.api_version, &route.plural, &after);
    writing.written.last_mut().unwrap().taken = true;
    if rolls {
        let own = (route.api_version.as_str(), route.plural.as_str());
        let (api_version, plural, name) = rollout::rolling(&store, own, &route.name);
        let key = format!("{plural}/{name}");
        let goes = writing.goes.remove(&route.name).unwrap_or(Goes::Ready);
        rollout::begin(&mut store, (&api_version, &plural), &name, goes);
        match goes {
            Goes::After(_) => drop(writing.rollouts.insert(key, goes)),
            _ => drop(writing.rollouts.remove(&key)),
        }
    }
    done(&after)
}

/// Makes an object that is not there.
pub async fn create(request: Request<Incoming>, state: &Arc<State>) -> Result<Answer, io::Error> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await;
    let body = body.map_err(io::Error::other)?.to_bytes();
    let mut object: Value = serde_json::from_slice(&body).unwrap();
    let name = object["metadata"]["name"].as_str().unwrap().to_owned();
    let route = Route::parse(&format!("{path}/{name}")).unwrap();
    let mut writing = state.writing.lock().unwrap();
    let mut store = state.store.lock().unwrap();
    let (api_version, plural) = (&route.api_version, &route.plural);
    let there = store.object(api_version, plural, &route.namespace, &name);
    let reply = if there.is_some() {
        failure(
            409,
            "AlreadyExists",
            &format!("{plural} \"{name}\" already exists"),
        )
    } else {
        writing.version += 1;
        object["metadata"]["resourceVersion"] = writing.version.to_string().into();
        store.put(api_version, plural, object.to_string());
        Reply {
            status: 201,
            ..done(&object)
        }
    };
    let response = Response::builder()
        .status(reply.status)
        .header(CONTENT_TYPE, "application/json");
    Ok(response.body(whole(Bytes::from(reply.body))).unwrap())
}

fn done(object: &Value) -> Reply {
    Reply {
        status: 200,
        json: true,
        body: object.to_string().into_bytes(),
    }
}

/// What the server checks: requests within limits, and of a resize that it is one.
fn valid(after: &Value, before: &Value, part: Option<&str>) -> Result<(), String> {
    let spec = after
        .pointer("/spec/template/spec")
        .unwrap_or(&after["spec"]);
    let containers = spec["containers"].as_array().cloned().unwrap_or_default();
    for container in &containers {
        let resources = &container["resources"];
        for (name, limit) in resources["limits"].as_object().into_iter().flatten() {
            let amount = |value: &Value| {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                text.parse::<kcost::units::Quantity>()
                    .ok()
                    .map(|it| it.to_f64())
            };
            let request = amount(&resources["requests"][name]);
            if request
                .zip(amount(limit))
                .is_some_and(|(request, limit)| request > limit)
            {
                return Err(format!(
                    "spec.template.spec.containers[0].resources.requests: Invalid value: must be less than or equal to {name} limit"
                ));
            }
        }
    }
    if part == Some("resize") {
        let bare = |object: &Value| {
            let mut object = object.clone();
            for it in object["spec"]["containers"].as_array_mut().unwrap() {
                it.as_object_mut().unwrap().remove("resources");
            }
            object["spec"].clone()
        };
        if bare(after) != bare(before) {
            return Err("spec: Forbidden: only cpu and memory resources are mutable".to_owned());
        }
    }
    Ok(())
}

/// Who asks, as the server knows it.
pub fn review() -> Reply {
    let body = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview",
        "status": {"userInfo": {"username": "tester", "groups": ["system:authenticated"]}},
    });
    Reply {
        status: 201,
        json: true,
        body: body.to_string().into_bytes(),
    }
}
