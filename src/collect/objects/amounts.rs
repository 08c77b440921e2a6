use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;

use crate::snapshot::{Resources, can_be};
use crate::units::{Bytes, Cpu, Quantity};

/// Reads amounts of resources, and remembers those that cannot be.
#[derive(Debug, Default)]
pub(crate) struct Amounts {
    bad: Vec<String>,
    /// Containers of one pod, where they are more than one can have.
    crowd: Option<usize>,
}

/// Containers of a pod that are read: far more than any has, and few enough to compare
/// each with each.
pub(crate) const MOST_CONTAINERS: usize = 1_000;

impl Amounts {
    /// Requests and limits of a container or pod.
    pub(super) fn requirements(
        &mut self,
        resources: Option<ResourceRequirements>,
    ) -> (Resources, Resources) {
        let Some(resources) = resources else {
            return Default::default();
        };
        (self.map(resources.requests), self.map(resources.limits))
    }

    pub(super) fn map(&mut self, amounts: Option<BTreeMap<String, Text>>) -> Resources {
        let mut resources = Resources::default();
        for (name, text) in amounts.into_iter().flatten() {
            self.set(&mut resources, name, &text);
        }
        resources
    }

    /// Sets one resource by its Kubernetes name.
    pub(super) fn set(&mut self, resources: &mut Resources, name: String, text: &Text) {
        let Some(quantity) = self.quantity(&name, text) else {
            return;
        };
        match name.as_str() {
            "cpu" => resources.cpu = Some(Cpu::from(&quantity)),
            "memory" => resources.memory = Some(Bytes::from(&quantity)),
            _ => {
                resources.extended.insert(name, quantity.to_f64());
            }
        }
    }

    pub(super) fn quantity(&mut self, name: &str, text: &Text) -> Option<Quantity> {
        let problem = match text.0.parse::<Quantity>() {
            Ok(quantity) if can_be(name, quantity.to_f64()) => return Some(quantity),
            Ok(quantity) if quantity.to_f64() < 0.0 => "is negative",
            Ok(_) => "is more than there can be",
            Err(_) => "is not a quantity",
        };
        self.bad.push(format!("{name} `{}` {problem}", text.0));
        None
    }

    /// Notes how many containers a pod has.
    pub(super) fn containers(&mut self, count: usize) {
        if count > MOST_CONTAINERS {
            self.crowd = self.crowd.max(Some(count));
        }
    }

    /// One sentence about containers that are not read.
    pub(super) fn crowded(&self) -> Option<String> {
        let count = self.crowd?;
        Some(format!(
            "of its {count} containers only {MOST_CONTAINERS} are read: no pod has so many"
        ))
    }

    /// One sentence about what is no amount.
    pub(super) fn into_problem(mut self) -> Option<String> {
        self.bad.sort();
        self.bad.dedup();
        (!self.bad.is_empty()).then(|| self.bad.join(", "))
    }
}
