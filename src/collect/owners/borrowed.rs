//! Controllers that take the template of another.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Group;
use crate::collect::objects::{Controller, Key};
use crate::snapshot::PatchTarget;

/// Gives a Rollout or Canary that has no template of its own that of the
/// Deployment that it refers to, to be changed there.
pub(super) fn lend(controllers: &mut [Controller]) {
    let wanted: BTreeSet<Key> = controllers
        .iter()
        .filter_map(|it| it.template_of.clone())
        .collect();
    if wanted.is_empty() {
        return;
    }
    let mut lent = HashMap::new();
    for controller in controllers.iter() {
        let key = controller.key();
        if let Some(placed) = controller
            .templates
            .first()
            .filter(|_| wanted.contains(&key))
        {
            let at = PatchTarget {
                api_version: controller.api_version.clone(),
                kind: controller.kind.clone(),
                name: controller.meta.name.clone(),
                pod_spec: placed.path.clone(),
            };
            lent.insert(key, (placed.clone(), at, controller.meta.keeper.clone()));
        }
    }
    for controller in controllers {
        let lent = controller
            .template_of
            .as_ref()
            .and_then(|key| lent.get(key));
        if let Some((placed, at, keeper)) = lent.filter(|_| controller.templates.is_empty()) {
            controller.templates = vec![placed.clone()];
            controller.patch_at = Some(at.clone());
            // Whoever keeps the template has it to change.
            controller.meta.keeper.clone_from(keeper);
        }
    }
}

/// A Deployment that only lends its template, and wants no pod itself, is no workload.
pub(super) fn give_back(groups: &mut BTreeMap<Key, Group>) {
    let tops = groups.values().flat_map(|group| &group.tops);
    let lenders: Vec<Key> = tops.filter_map(|top| top.template_of.clone()).collect();
    for key in lenders {
        for top in groups.get_mut(&key).into_iter().flat_map(|it| &mut it.tops) {
            top.known &= top.replicas != Some(0);
        }
    }
}
