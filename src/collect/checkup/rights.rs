//! Which of the rules of `kcost rbac` the API server grants, asked of itself.
//!
//! Source: `SelfSubjectAccessReview` of `authorization.k8s.io/v1`, which every user may
//! create (`system:basic-user`), and which leaves nothing on the server.

use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::json;

use crate::collect::kubernetes::{self, Connection, Failure, Rule};
use crate::collect::{Deadline, Scope, misfit};
use crate::progress::Progress;
use crate::vitals::Right;

const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// Questions at a time.
const PARALLEL: usize = 6;
/// Namespaces by name that are asked about: what holds for these holds mostly for more.
const MOST_NAMESPACES: usize = 8;

/// Asks for each rule, in the namespaces of the scope where it names them; and says whether
/// the first question had no answer in time: then no other is asked.
pub(super) async fn ask(
    connection: &Connection,
    deadline: &Deadline,
    scope: &Scope,
    progress: &dyn Progress,
) -> (Vec<Right>, bool) {
    let _task = progress.task("asking for rights", None);
    let rights = wanted(connection, scope);
    if let Some(first) = rights.first() {
        let answer = is_allowed(connection, deadline, first, progress).await;
        if matches!(answer, Err(Failure::Late(_))) {
            return (rights, true);
        }
    }
    let asked = stream::iter(rights).map(async |right| {
        let answer = is_allowed(connection, deadline, &right, progress).await;
        let allowed = answer.ok();
        Right { allowed, ..right }
    });
    (asked.buffered(PARALLEL).collect().await, false)
}

/// Rules of add-ons count where the server has them.
fn wanted(connection: &Connection, scope: &Scope) -> Vec<Right> {
    let objects = kubernetes::rules().into_iter();
    let part = scope.exact_namespaces().is_some();
    let objects = objects
        .filter(|rule| !rule.is_add_on() || (connection.has(&rule.group)))
        .filter(|rule| !(part && rule.is_of_whole()));
    let objects = objects.map(|rule| (rule, false));
    let discovery = kubernetes::discovery_rules().into_iter();
    // Listing is asked for above.
    let discovery = discovery.filter(|rule| rule.verb != "list");
    let discovery = discovery.map(|rule| (rule, true));
    let mut namespaces = scope.exact_namespaces().unwrap_or_default();
    namespaces.truncate(MOST_NAMESPACES);
    let mut rights = Vec::new();
    for (rule, discovery) in objects.chain(discovery) {
        if namespaces.is_empty() || discovery || !rule.is_namespaced() {
            rights.push(right(&rule, None, discovery));
            continue;
        }
        let each = namespaces.iter();
        rights.extend(each.map(|namespace| right(&rule, Some(namespace), discovery)));
    }
    rights
}

fn right(rule: &Rule, namespace: Option<&str>, discovery: bool) -> Right {
    Right {
        group: rule.group.clone(),
        resource: rule.resource.clone(),
        verb: rule.verb.to_owned(),
        namespace: namespace.map(ToOwned::to_owned),
        allowed: None,
        discovery,
        rule: rule.to_string(),
    }
}

async fn is_allowed(
    connection: &Connection,
    deadline: &Deadline,
    right: &Right,
    progress: &dyn Progress,
) -> Result<bool, Failure> {
    #[derive(Deserialize)]
    struct Review {
        status: Verdict,
    }
    #[derive(Deserialize)]
    struct Verdict {
        allowed: bool,
    }
    let (resource, part) = match right.resource.split_once('/') {
        Some((resource, part)) => (resource, part),
        None => (right.resource.as_str(), ""),
    };
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "namespace": right.namespace.as_deref().unwrap_or_default(),
            "verb": right.verb,
            "group": right.group,
            "resource": resource,
            "subresource": part,
        }},
    });
    let question = (PATH, review.to_string().into_bytes());
    let answer = kubernetes::question(connection, deadline, question, progress).await?;
    let review = serde_json::from_slice::<Review>(&answer);
    let review = review.map_err(|error| Failure::Garbled(misfit::problem(&error)))?;
    Ok(review.status.allowed)
}
