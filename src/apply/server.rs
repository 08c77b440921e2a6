//! The only place of kcost that writes to a cluster.

use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Limited};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Why;
use super::field::{built, operations, same};
use super::freeze::frozen;
use super::owners::{self, MANAGER};
use super::plan::{Object, Verb, Write, changed, owned};
use crate::collect::kubernetes::{Connection, encode, list_path};
use crate::progress::Progress;
use crate::text::escape;

/// No answer that is of use here is larger.
const LARGEST: usize = 64 << 20;

/// How often a write is made anew where something else of the object changed in between.
const TRIES: usize = 5;

/// An API server that is written to.
pub struct Server<'a> {
    connection: &'a Connection,
    progress: &'a dyn Progress,
    /// Whether to take fields over from their owners.
    force: bool,
    /// The command that prints the role for what is asked.
    role: String,
}

/// Why a write is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub why: Why,
    /// Whether it may have been written all the same: no answer came.
    pub open: bool,
}

/// What became of a write that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    Written,
    /// The server had it so.
    Already,
}

/// What a write is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bring {
    /// To see whether the server takes it; nothing is written.
    Try,
    Change,
    /// To take back what was changed, which no owner stops.
    Back,
}

/// An answer that is none of those with 200.
struct Status {
    code: u16,
    message: String,
    reason: String,
    /// Reason, message, field.
    causes: Vec<(String, String, String)>,
}

enum Failure {
    Status(Status),
    /// No whole answer came.
    Lost(String),
}

/// A request that brings an object to what a write says.
struct Asked {
    content: &'static str,
    force: bool,
    body: Value,
}

impl<'a> Server<'a> {
    pub fn new(connection: &'a Connection, progress: &'a dyn Progress, force: bool) -> Self {
        Self {
            connection,
            progress,
            force,
            role: "kcost rbac --apply".to_owned(),
        }
    }

    /// The same for whoever needs another role, which this command prints.
    #[must_use]
    pub fn with_role(self, role: String) -> Self {
        Self { role, ..self }
    }

    fn refusal(&self, failure: Failure, doing: &str) -> Refusal {
        refusal(failure, doing, &self.role)
    }

    /// The name and the address of the cluster.
    pub fn name(&self) -> (&str, &str) {
        (&self.connection.name, &self.connection.url)
    }

    /// Who asks, as the server knows it; `None` where it does not say.
    pub async fn user(&self) -> Option<String> {
        let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let asked = (Method::POST, "application/json", Some(&body));
        let answer = self.send(path, asked).await.ok()?;
        Some(
            answer["status"]["userInfo"]["username"]
                .as_str()?
                .to_owned(),
        )
    }

    /// An object as it is; `None` where there is none.
    pub async fn get(&self, object: &Object) -> Result<Option<Value>, Refusal> {
        let path = path_of(object, "");
        self.read(&path, &format!("read {object}")).await
    }

    /// A namespace as it is.
    pub async fn namespace(&self, name: &str) -> Result<Option<Value>, Refusal> {
        let path = format!("/api/v1/namespaces/{}", encode(name));
        self.read(&path, &format!("read namespace {name}")).await
    }

    /// Objects of a kind in a namespace, by group, version and plural; none where the server
    /// does not have the kind.
    pub(super) async fn list(
        &self,
        (group, version, plural): (&str, &str, &str),
        namespace: &str,
    ) -> Result<Vec<Value>, Refusal> {
        let path = list_path(group, version, plural, Some(&encode(namespace)));
        let doing = format!("list {plural} in {namespace}");
        let list = self.read(&path, &doing).await?;
        let items = list.as_ref().and_then(|it| it["items"].as_array());
        Ok(items.cloned().unwrap_or_default())
    }

    /// Names of all nodes; `None` where that is not let.
    pub async fn nodes(&self) -> Option<Vec<String>> {
        let list = self
            .send("/api/v1/nodes", (Method::GET, "", None))
            .await
            .ok()?;
        let items = list["items"].as_array()?.iter();
        let names = items.filter_map(|it| it["metadata"]["name"].as_str());
        Some(names.map(str::to_owned).collect())
    }

    /// Pods of a namespace that have these labels.
    pub async fn pods(&self, namespace: &str, selector: &str) -> Result<Vec<Value>, Refusal> {
        let path = format!(
            "/api/v1/namespaces/{}/pods?labelSelector={}",
            encode(namespace),
            encode(selector)
        );
        let list = self
            .read(&path, &format!("list pods in {namespace}"))
            .await?;
        let items = list.as_ref().and_then(|it| it["items"].as_array());
        Ok(items.cloned().unwrap_or_default())
    }

    /// Makes an object that is not there; whether it did: another may have been faster.
    pub(super) async fn make(&self, object: &Object, body: &Value) -> Result<bool, Refusal> {
        let whole = path_of(object, "");
        let list = whole.rsplit_once('/').map_or(whole.as_str(), |it| it.0);
        let list = format!("{list}?fieldManager={MANAGER}");
        let asked = (Method::POST, "application/json", Some(body));
        self.in_turn(&list, asked, &format!("make {object}")).await
    }

    /// Merges a body into an object that has the version in it; whether it did: another
    /// may have been faster.
    pub(super) async fn merge(&self, object: &Object, body: &Value) -> Result<bool, Refusal> {
        let path = format!("{}?fieldManager={MANAGER}", path_of(object, ""));
        let asked = (Method::PATCH, "application/merge-patch+json", Some(body));
        self.in_turn(&path, asked, &format!("change {object}"))
            .await
    }

    async fn in_turn(
        &self,
        path: &str,
        asked: (Method, &str, Option<&Value>),
        doing: &str,
    ) -> Result<bool, Refusal> {
        match self.send(path, asked).await {
            Ok(_) => Ok(true),
            Err(Failure::Status(status)) if status.code == 409 => Ok(false),
            Err(failure) => Err(self.refusal(failure, doing)),
        }
    }

    /// Whether running pods can be resized in their place.
    pub async fn resizes(&self) -> bool {
        let list = self.send("/api/v1", (Method::GET, "", None)).await;
        let list = list.unwrap_or_default();
        let mut kinds = list["resources"].as_array().into_iter().flatten();
        kinds.any(|it| it["name"] == "pods/resize")
    }

    /// Asks the server whether it would take a write; nothing is written.
    pub(super) async fn try_out(&self, write: &Write) -> Result<Put, Refusal> {
        self.bring(write, Bring::Try).await
    }

    /// Writes what is new, where the object still has what the write begins from and its
    /// owner has not stopped kcost.
    pub(super) async fn change(&self, write: &Write) -> Result<Put, Refusal> {
        self.bring(write, Bring::Change).await
    }

    /// Takes back, where the object still has what the write begins from.
    pub(super) async fn restore(&self, write: &Write) -> Result<Put, Refusal> {
        self.bring(write, Bring::Back).await
    }

    async fn bring(&self, write: &Write, how: Bring) -> Result<Put, Refusal> {
        let doing = format!("change {}", write.object);
        for _ in 0..TRIES {
            let Some(object) = self.get(&write.object).await? else {
                return Err(gone(write));
            };
            if how == Bring::Change
                && let Some(why) = frozen([("it", Some(&object))])
            {
                return Err(Refusal::known(why));
            }
            let Some(asked) = self.prepare(write, &object).map_err(Refusal::known)? else {
                return Ok(Put::Already);
            };
            let part = if write.verb == Verb::Resize {
                "/resize"
            } else {
                ""
            };
            let force = if asked.force { "&force=true" } else { "" };
            let dry = if how == Bring::Try { "&dryRun=All" } else { "" };
            let path = format!(
                "{}?fieldManager={MANAGER}{force}{dry}",
                path_of(&write.object, part)
            );
            let body = Some(&asked.body);
            match self.send(&path, (Method::PATCH, asked.content, body)).await {
                Ok(_) => return Ok(Put::Written),
                Err(failure) if self.came_between(&failure, write, &object).await => {}
                Err(failure) => return Err(self.refusal(failure, &doing)),
            }
        }
        let text = format!("{} changes all the time", write.object);
        Err(Refusal::known(Why::new("changed", text)))
    }

    /// Whether a write was refused because something else of the object had changed, so
    /// that it can be made anew from what there is now.
    async fn came_between(&self, failure: &Failure, write: &Write, before: &Value) -> bool {
        let Failure::Status(status) = failure else {
            return false;
        };
        match status.code {
            409 => status.causes.iter().all(|it| it.0 != CONFLICT),
            // A test of a JSON patch that does not hold is answered like a field that is wrong.
            422 if write.verb != Verb::Apply => {
                let now = self.get(&write.object).await.ok().flatten();
                now.is_some_and(|now| version(&now) != version(before))
            }
            _ => false,
        }
    }

    /// `None` where the object has it so already.
    fn prepare(&self, write: &Write, object: &Value) -> Result<Option<Asked>, Why> {
        if !write.is_of(object) {
            return Err(gone(write).why);
        }
        if write.is_in(object) {
            return Ok(None);
        }
        for field in &write.fields {
            let now = field.path.get(object);
            if !same(now, field.before.as_ref()) && !same(now, field.after.as_ref()) {
                return Err(changed(&field.path, field.before.as_ref(), object));
            }
        }
        if write.verb == Verb::Apply {
            owned(write, object, self.force)?;
            return Ok(Some(self.applied(write, object)));
        }
        let wanted = write.fields.iter().map(|it| (&it.path, it.after.as_ref()));
        Ok(Some(Asked {
            content: "application/json-patch+json",
            force: false,
            body: operations(object, wanted).into(),
        }))
    }

    /// A server-side apply of the fields, and of all that kcost has applied before.
    fn applied(&self, write: &Write, object: &Value) -> Asked {
        let before = owners::applied(object);
        let mut fields: Vec<_> = before
            .iter()
            .map(|(path, value)| (path, value.clone()))
            .collect();
        fields.retain(|(path, _)| write.fields.iter().all(|field| field.path != **path));
        let own = write.fields.iter().filter_map(|field| {
            let value = field.after.clone()?;
            Some((&field.path, value))
        });
        fields.extend(own);
        let mut body = built(fields);
        let Object {
            api_version,
            kind,
            namespace,
            name,
        } = &write.object;
        body["apiVersion"] = api_version.as_str().into();
        body["kind"] = kind.as_str().into();
        // Whoever changed the object in between changed its version.
        let version = &object["metadata"]["resourceVersion"];
        body["metadata"] =
            json!({"name": name, "namespace": namespace, "resourceVersion": version});
        let mut paths = write.fields.iter().map(|field| &field.path);
        let ours = paths.any(|path| owners::is_updated_by_us(object, path));
        Asked {
            content: "application/apply-patch+yaml",
            force: self.force || ours,
            body,
        }
    }

    async fn read(&self, path: &str, doing: &str) -> Result<Option<Value>, Refusal> {
        match self.send(path, (Method::GET, "", None)).await {
            Ok(object) => Ok(Some(object)),
            Err(Failure::Status(status)) if status.code == 404 => Ok(None),
            Err(failure) => Err(self.refusal(failure, doing)),
        }
    }

    async fn send(
        &self,
        path: &str,
        (method, content, body): (Method, &str, Option<&Value>),
    ) -> Result<Value, Failure> {
        let told = format!("{method} {path}");
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(ACCEPT, "application/json");
        if !content.is_empty() {
            request = request.header(CONTENT_TYPE, content);
        }
        let body = body.map_or_else(Body::empty, |body| {
            Body::from(body.to_string().into_bytes())
        });
        let lost = |error: &dyn std::fmt::Display| Failure::Lost(error.to_string());
        let request = request.body(body).map_err(|error| lost(&error))?;
        let answer = timeout(self.connection.timeout, self.answer(request)).await;
        let late = || {
            Failure::Lost(format!(
                "no answer within {} s",
                seconds(self.connection.timeout)
            ))
        };
        let result = answer.unwrap_or_else(|_| Err(late()));
        let outcome = match &result {
            Ok(_) => "done".to_owned(),
            Err(Failure::Status(status)) => format!("{} {}", status.code, status.message),
            Err(Failure::Lost(why)) => why.clone(),
        };
        self.progress.trace(&format!("{told}: {outcome}"));
        result
    }

    async fn answer(&self, request: Request<Body>) -> Result<Value, Failure> {
        let response = self.connection.client.send(request).await;
        let response = response.map_err(|error| Failure::Lost(error.to_string()))?;
        let (head, body) = response.into_parts();
        for warning in head.headers.get_all("warning") {
            // `299 - "what it says"`.
            let text = warning.to_str().unwrap_or_default();
            let text = text.split_once('"').map_or(text, |(_, rest)| rest);
            self.progress.note(&escape(text.trim_end_matches('"')));
        }
        let body = Limited::new(body, LARGEST).collect().await;
        let body = body
            .map_err(|error| Failure::Lost(error.to_string()))?
            .to_bytes();
        if head.status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| Failure::Lost(error.to_string()));
        }
        Err(Failure::Status(status(head.status.as_u16(), &body)))
    }
}

/// The reason of a cause that names the owner of a field.
const CONFLICT: &str = "FieldManagerConflict";

impl Refusal {
    pub(super) fn known(why: Why) -> Self {
        Self { why, open: false }
    }
}

fn seconds(span: Duration) -> f64 {
    span.as_secs_f64()
}

fn version(object: &Value) -> &Value {
    &object["metadata"]["resourceVersion"]
}

fn gone(write: &Write) -> Refusal {
    let text = format!("{} is gone, or was made anew", write.object);
    Refusal::known(Why::new("gone", text))
}

fn status(code: u16, body: &[u8]) -> Status {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let causes = said["details"]["causes"].as_array();
    let causes = causes.map_or(&[][..], Vec::as_slice).iter();
    let causes = causes.map(|it| {
        (
            text(&it["reason"]),
            text(&it["message"]),
            text(&it["field"]),
        )
    });
    let plain = || String::from_utf8_lossy(body).chars().take(300).collect();
    Status {
        code,
        message: said["message"].as_str().map_or_else(plain, str::to_owned),
        reason: text(&said["reason"]),
        causes: causes.collect(),
    }
}

/// What a failure means to whoever wanted to write.
fn refusal(failure: Failure, doing: &str, role: &str) -> Refusal {
    let status = match failure {
        Failure::Lost(why) => {
            let text = format!("failed to {doing}: {why}");
            return Refusal {
                why: Why::new("no_answer", text),
                open: true,
            };
        }
        Failure::Status(status) => status,
    };
    let owners: Vec<String> = status
        .causes
        .iter()
        .filter(|it| it.0 == CONFLICT)
        .map(|(_, message, field)| format!("{} ({message})", field.trim_start_matches('.')))
        .collect();
    let why = match status.code {
        401 => Why::new(
            "unauthorized",
            format!("not allowed to {doing}: sign in again"),
        ),
        403 if status.reason == "Forbidden" && status.message.contains("cannot") => Why::new(
            "forbidden",
            format!(
                "not allowed to {doing}: `{role}` prints the role for it ({})",
                status.message
            ),
        ),
        409 if !owners.is_empty() => Why::new(
            "owned",
            format!(
                "somebody else owns {}: change it there, or take it over with `--force-conflicts`",
                owners.join(", ")
            ),
        ),
        500.. => Why::new(
            "server_error",
            format!("the server failed to {doing}: {}", status.message),
        ),
        _ => Why::new(
            "refused",
            format!("the server refused to {doing}: {}", status.message),
        ),
    };
    Refusal {
        why,
        // Behind a proxy that gave up the server may go on.
        open: status.code >= 500,
    }
}

/// The path of an object, or of a part of it.
fn path_of(object: &Object, part: &str) -> String {
    let named = object.api_version.split_once('/');
    let (group, version) = named.unwrap_or(("", &object.api_version));
    let (namespace, plural) = (encode(&object.namespace), plural(&object.kind));
    let list = list_path(group, version, &plural, Some(&namespace));
    format!("{list}/{}{part}", encode(&object.name))
}

/// The plurals of kinds that are written follow from their names.
fn plural(kind: &str) -> String {
    let name = kind.to_lowercase();
    let end = if name.ends_with('s') { "es" } else { "s" };
    name + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_api() {
        let object = |api_version: &str, kind: &str| Object {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: "shop".to_owned(),
            name: "a".to_owned(),
        };
        let deployment = path_of(&object("apps/v1", "Deployment"), "");
        assert_eq!(deployment, "/apis/apps/v1/namespaces/shop/deployments/a");
        let prometheus = path_of(&object("monitoring.coreos.com/v1", "Prometheus"), "");
        assert!(prometheus.ends_with("/shop/prometheuses/a"), "{prometheus}");
        let pod = path_of(&object("v1", "Pod"), "/resize");
        assert_eq!(pod, "/api/v1/namespaces/shop/pods/a/resize");
        assert_eq!(encode("app=a,b in (c)"), "app%3Da%2Cb%20in%20%28c%29");
    }

    #[test]
    fn owners_of_fields_are_named() {
        let body = json!({"message": "Apply failed", "reason": "Conflict", "details": {"causes": [
            {"reason": "FieldManagerConflict", "message": "conflict with \"helm\"", "field": ".spec.a"}
        ]}});
        let status = status(409, body.to_string().as_bytes());
        let refused = refusal(Failure::Status(status), "change a", "kcost rbac");
        assert_eq!(refused.why.code, "owned");
        assert!(
            refused.why.text.contains("spec.a (conflict with \"helm\")"),
            "{}",
            refused.why.text
        );
        assert!(!refused.open);
        assert!(refusal(Failure::Lost("cut".to_owned()), "change a", "kcost rbac").open);
        let failed = super::status(500, b"etcd is away");
        let failed = refusal(Failure::Status(failed), "change a", "kcost rbac");
        assert_eq!(
            failed.why.text,
            "the server failed to change a: etcd is away"
        );
    }
}
