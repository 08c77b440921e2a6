use std::collections::{BTreeSet, HashSet};

use super::{Key, Objects, Tries, is_ignored_group};
use crate::collect::Scope;
use crate::snapshot::Selector;

impl Objects {
    /// Drops what is out of scope. A selector is held against the labels of pods
    /// and of pod templates; controllers stay as links between other objects.
    pub(crate) fn select(&mut self, scope: &Scope, selector: Option<&Selector>) {
        let inside = |namespace: &String| scope.namespace(namespace);
        self.cluster.in_part |= !scope.is_everything() || selector.is_some();
        let picks = |labels: &[(String, String)]| selector.is_none_or(|s| s.matches(labels));
        self.pods
            .retain(|pod| inside(&pod.meta.namespace) && picks(&pod.meta.labels));
        self.controllers.retain(|c| inside(&c.meta.namespace));
        for controller in &mut self.controllers {
            let mut templates = controller.templates.iter();
            let picked = templates.any(|placed| picks(&placed.template.labels));
            controller.known &= selector.is_none() || picked;
        }
        self.autoscalers
            .retain(|record| inside(&record.target.namespace));
        self.managers
            .retain(|record| inside(&record.target.namespace));
        self.claims.retain(|claim| inside(&claim.namespace));
        let cluster = &mut self.cluster;
        cluster.limit_ranges.retain(|item| inside(&item.namespace));
        cluster.quotas.retain(|item| inside(&item.namespace));
        cluster.volume_claims.retain(|item| inside(&item.namespace));
        cluster.services.retain(|item| inside(&item.namespace));
        cluster
            .disruption_budgets
            .retain(|item| inside(&item.namespace));
    }

    /// Drops objects of unknown kinds that own nothing, and counts them as skipped. What tells of
    /// attempts stays: what it made may not have been read, and names it by labels alone.
    pub(crate) fn drop_strangers(&mut self) {
        let controllers = self.controllers.iter().map(|controller| &controller.meta);
        let metas = self.pods.iter().map(|pod| &pod.meta).chain(controllers);
        let owners: HashSet<Key> = metas
            .flat_map(|meta| {
                let owners = meta.controller.iter().chain(&meta.other_owner);
                owners.map(|owner| owner.key(&meta.namespace))
            })
            .collect();
        let skipped = &mut self.skipped;
        self.controllers.retain(|controller| {
            let key = controller.key();
            let built_in = is_ignored_group(&key.group);
            let is_run = controller.tries != Tries::default();
            let is_own = controller.known || controller.over || is_run;
            let kept = built_in || is_own || owners.contains(&key);
            if !kept {
                *skipped.entry(controller.kind.clone()).or_default() += 1;
            }
            kept
        });
    }

    /// Keeps one of each object: overlapping dumps and lists that had to begin
    /// anew give some twice. The first stays.
    pub(crate) fn dedup(&mut self) {
        let mut pods = HashSet::with_capacity(self.pods.len());
        self.pods.retain(|pod| {
            let meta = &pod.meta;
            pods.insert((meta.namespace.clone(), meta.name.clone()))
        });
        let mut controllers = HashSet::with_capacity(self.controllers.len());
        self.controllers
            .retain(|controller| controllers.insert(controller.key()));
        let mut autoscalers = BTreeSet::new();
        self.autoscalers.retain(|record| {
            let name = record.autoscaler.name.clone();
            autoscalers.insert((record.target.namespace.clone(), name))
        });
        let mut managers = BTreeSet::new();
        self.managers.retain(|record| {
            let manager = &record.manager;
            managers.insert((
                record.target.clone(),
                manager.kind.clone(),
                manager.name.clone(),
                manager.container.clone(),
            ))
        });
    }
}
