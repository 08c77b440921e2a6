use serde_json::Value;

use super::{Key, ManagerRecord, Meta, Objects, text};
use crate::snapshot::Manager;

/// Records a VerticalPodAutoscaler of autoscaling.k8s.io.
pub(in crate::collect::objects) fn vertical(meta: &Meta, object: &Value, objects: &mut Objects) {
    let (Some(kind), Some(name)) = (
        text(object, "/spec/targetRef/kind"),
        text(object, "/spec/targetRef/name"),
    ) else {
        return;
    };
    let api_version = text(object, "/spec/targetRef/apiVersion").unwrap_or("apps/v1");
    let mode = text(object, "/spec/updatePolicy/updateMode").unwrap_or("Auto");
    let policies = object.pointer("/spec/resourcePolicy/containerPolicies");
    let policies = policies
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let named = |policy: &&Value| text(policy, "/containerName") != Some("*");
    let manager = |policy: Option<&Value>, container: Option<&str>| {
        let off = policy.and_then(|policy| text(policy, "/mode")) == Some("Off");
        Manager {
            kind: "VerticalPodAutoscaler".to_owned(),
            name: meta.name.clone(),
            mode: if off { "Off" } else { mode }.to_owned(),
            resources: controlled(policy),
            container: container.map(str::to_owned),
            triggers: Vec::new(),
            except: Vec::new(),
        }
    };
    let mut managers: Vec<Manager> = policies
        .iter()
        .filter(named)
        .map(|policy| manager(Some(policy), text(policy, "/containerName")))
        .collect();
    let mut rest = manager(policies.iter().find(|policy| !named(policy)), None);
    rest.except = managers
        .iter()
        .filter_map(|m| m.container.clone())
        .collect();
    managers.push(rest);
    let target = Key::new(&meta.namespace, api_version, kind, name);
    objects
        .managers
        .extend(managers.into_iter().map(|manager| ManagerRecord {
            target: target.clone(),
            manager,
            autoscaler: None,
        }));
}

/// The resources that a container policy of a VerticalPodAutoscaler names; CPU
/// and memory unless it says otherwise.
fn controlled(policy: Option<&Value>) -> Vec<String> {
    let named = policy
        .and_then(|policy| policy.get("controlledResources"))
        .and_then(Value::as_array);
    match named {
        Some(names) => {
            let names = names.iter().filter_map(Value::as_str);
            names.map(str::to_owned).collect()
        }
        None => vec!["cpu".to_owned(), "memory".to_owned()],
    }
}
