use super::{Objects, is_ignored_group};

/// Where kubectl makes what names no namespace.
const DEFAULT: &str = "default";

impl Objects {
    /// Puts objects that name no namespace into `default`, as kubectl does with
    /// such manifests, and counts them. What may be of the cluster as a whole stays.
    pub(crate) fn default_namespace(&mut self) -> usize {
        let mut moved = 0;
        let mut put = |namespace: &mut String| {
            if namespace.is_empty() {
                DEFAULT.clone_into(namespace);
                moved += 1;
            }
        };
        self.pods
            .iter_mut()
            .for_each(|it| put(&mut it.meta.namespace));
        for controller in &mut self.controllers {
            if controller.known || is_ignored_group(&controller.key().group) {
                put(&mut controller.meta.namespace);
            }
            if let Some(key) = &mut controller.template_of {
                key.namespace.clone_from(&controller.meta.namespace);
            }
        }
        self.autoscalers
            .iter_mut()
            .for_each(|it| put(&mut it.target.namespace));
        self.managers
            .iter_mut()
            .for_each(|it| put(&mut it.target.namespace));
        self.claims.iter_mut().for_each(|it| put(&mut it.namespace));
        let cluster = &mut self.cluster;
        cluster
            .limit_ranges
            .iter_mut()
            .for_each(|it| put(&mut it.namespace));
        cluster
            .quotas
            .iter_mut()
            .for_each(|it| put(&mut it.namespace));
        cluster
            .volume_claims
            .iter_mut()
            .for_each(|it| put(&mut it.namespace));
        cluster
            .services
            .iter_mut()
            .for_each(|it| put(&mut it.namespace));
        cluster
            .disruption_budgets
            .iter_mut()
            .for_each(|it| put(&mut it.namespace));
        moved
    }
}
