use std::collections::BTreeMap;

use crate::doctor::{Check, Point, Seen};
use crate::text::count;
use crate::vitals::{Api, Right};

/// What the API server allows, and what each missing right costs.
pub(super) struct Permissions;

/// What is lost without a right: the resource, what it takes from 100, and the effect.
const EFFECTS: [(&str, u8, &str); 22] = [
    ("pods", 100, "there is nothing to advise on"),
    (
        "nodes",
        8,
        "prices are guessed, there is no node plan, and use beyond a node is not noticed",
    ),
    (
        "deployments",
        15,
        "Deployments are named after their pods, and not patched",
    ),
    (
        "statefulsets",
        10,
        "StatefulSets are named after their pods, and not patched",
    ),
    (
        "daemonsets",
        8,
        "DaemonSets are named after their pods, and not patched",
    ),
    (
        "replicasets",
        8,
        "pods that are gone are mapped by their names alone",
    ),
    ("jobs", 4, "runs are told by the names of pods alone"),
    ("cronjobs", 4, "runs of one schedule are not joined"),
    (
        "replicationcontrollers",
        2,
        "pods of ReplicationControllers are named after it alone",
    ),
    (
        "horizontalpodautoscalers",
        8,
        "sizes of what an autoscaler scales do not keep its target: it may add replicas",
    ),
    (
        "verticalpodautoscalers",
        2,
        "what a VerticalPodAutoscaler sets is advised on as if the owner had set it",
    ),
    (
        "scaledobjects",
        2,
        "what KEDA scales to zero is taken for idle",
    ),
    (
        "limitranges",
        5,
        "advice may break the bounds of its namespace, and be refused",
    ),
    (
        "resourcequotas",
        5,
        "advice may not fit the quota of its namespace",
    ),
    (
        "poddisruptionbudgets",
        3,
        "no risk is seen of drains that are blocked",
    ),
    (
        "persistentvolumeclaims",
        3,
        "no cost of volumes, and no risk that one fills",
    ),
    (
        "persistentvolumes",
        2,
        "volumes may tie pods to more nodes than the plan of nodes believes",
    ),
    (
        "storageclasses",
        1,
        "what disks a class of volumes makes is guessed by its name, and so what they cost",
    ),
    (
        "csinodes",
        1,
        "how many volumes a node can attach is not known",
    ),
    (
        "events",
        1,
        "probes that fail, pods that no node takes and pods that cannot be created are told \
         without their cause",
    ),
    ("services", 3, "Prometheus is not found by itself"),
    (
        "resourceclaims",
        2,
        "accelerators that pods claim are not counted",
    ),
];

/// Of what stands in no table: a path to Prometheus, templates of claims.
const OTHER: (u8, &str) = (2, "a part of the advice is missing");

impl Check for Permissions {
    fn name(&self) -> &'static str {
        "permissions"
    }

    fn summary(&self) -> &'static str {
        "which rights are missing, and what each costs"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        let Some(api) = seen.api() else {
            return if seen.is_live() {
                vec![Point::unknown(
                    0,
                    "not looked at: the API server does not answer",
                )]
            } else {
                Vec::new()
            };
        };
        let has_store = seen.store().is_some();
        let mut points: Vec<Point> = missing(api)
            .iter()
            .map(|it| denied(it, has_store))
            .collect();
        let unknown = api.rights.iter().filter(|it| it.allowed.is_none()).count();
        if unknown > 0 {
            let text = format!(
                "the server does not say of {} whether it allows them",
                count(unknown, "right")
            );
            let mend = "allow it with the rule {\"apiGroups\": [\"authorization.k8s.io\"], \
                        \"resources\": [\"selfsubjectaccessreviews\"], \"verbs\": [\"create\"]}";
            points.push(Point::unknown(1, text).mend(mend));
        }
        let allowed = api
            .rights
            .iter()
            .filter(|it| it.allowed == Some(true))
            .count();
        if allowed > 0 {
            let of = if points.is_empty() { "all " } else { "" };
            points.push(Point::ok(format!(
                "{of}{} granted",
                count(allowed, "right")
            )));
        }
        points
    }
}

/// A right that is denied, and where.
struct Denied<'a> {
    right: &'a Right,
    namespaces: Vec<&'a str>,
}

/// Namespaces of one right together.
fn missing(api: &Api) -> Vec<Denied<'_>> {
    let mut all: BTreeMap<(bool, &str), Denied<'_>> = BTreeMap::new();
    for right in api.rights.iter().filter(|it| it.allowed == Some(false)) {
        let one = all.entry((right.discovery, &right.rule)).or_insert(Denied {
            right,
            namespaces: Vec::new(),
        });
        one.namespaces.extend(right.namespace.as_deref());
    }
    let mut all: Vec<Denied<'_>> = all.into_values().collect();
    all.sort_by_key(|it| std::cmp::Reverse(cost(it.right)));
    all
}

fn cost(right: &Right) -> (u8, &'static str) {
    if right.group == "metrics.k8s.io" {
        return (1, "no current usage where there is no Prometheus");
    }
    let mut known = EFFECTS.iter();
    let found = known.find(|(resource, ..)| *resource == right.resource);
    found.map_or(OTHER, |(_, cost, effect)| (*cost, effect))
}

fn denied(denied: &Denied<'_>, has_store: bool) -> Point {
    let right = denied.right;
    let place = match &denied.namespaces[..] {
        [] => "in the cluster".to_owned(),
        [one] => format!("in {one}"),
        [one, rest @ ..] => format!("in {one} and {}", count(rest.len(), "other namespace")),
    };
    let what = if right.group.is_empty() {
        right.resource.clone()
    } else {
        format!("{}.{}", right.resource, right.group)
    };
    let text = format!("you may not {} {what} {place}", right.verb);
    if right.discovery {
        let effect = "Prometheus cannot be reached in this way";
        // Any one of the ways does.
        return if has_store {
            Point::ok(format!("{text}, and need not: usage is read without"))
        } else {
            Point::warn(2, text).effect(effect).mend(right.rule.clone())
        };
    }
    let (cost, effect) = cost(right);
    let point = if cost == 100 {
        Point::bad(cost, text)
    } else {
        Point::warn(cost, text)
    };
    point.effect(effect).mend(right.rule.clone())
}
