use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::accelerator;
use crate::units::{Bytes, Cpu, known};

/// Before the name of a class of devices where it stands for an extended resource.
///
/// Source: KEP-5004, `ResourceDeviceClassPrefix` of the core API.
pub const DEVICE_CLASS: &str = "deviceclass.resource.kubernetes.io/";

/// Cores that a container, a node or a quota can be of at most: a thousand times what
/// the largest clusters have.
const MOST_CORES: f64 = 1e9;
/// The most of anything else. Source: amounts are 64-bit integers in Kubernetes.
const MOST: f64 = 9_223_372_036_854_775_807.0;

/// Whether there can be so much of a resource: it is not negative, and not more than
/// Kubernetes can count or machines can have.
pub fn can_be(resource: &str, amount: f64) -> bool {
    let most = if resource == "cpu" { MOST_CORES } else { MOST };
    (0.0..=most).contains(&amount)
}

/// An amount of each resource; what is absent is not set, which is not zero.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Resources {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Cpu>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Bytes>,
    /// Everything else by its full name, in units: `nvidia.com/gpu` → 1, `pods` → 110.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extended: BTreeMap<String, f64>,
}

impl Resources {
    /// The first resource whose amount nothing can have or want.
    pub(super) fn impossible(&self) -> Option<&str> {
        let cpu = self.cpu.filter(|cpu| !can_be("cpu", cpu.get()));
        let mut others = self.extended.iter();
        let other = others.find(|(name, count)| !can_be(name, **count));
        cpu.map(|_| "cpu")
            .or_else(|| other.map(|(name, _)| name.as_str()))
    }

    pub fn is_empty(&self) -> bool {
        self.cpu.is_none() && self.memory.is_none() && self.extended.is_empty()
    }

    /// Whole and partial accelerators of every vendor, as devices: a MIG slice is its
    /// share of the compute of one.
    pub fn gpus(&self) -> f64 {
        accelerator::devices(&self.extended)
    }

    /// Devices or slices of them, as exporters tell of each: a slice is one.
    pub fn gpu_units(&self) -> f64 {
        accelerator::units(&self.extended)
    }

    /// The MIG profile that is asked for: `1g.10gb`.
    pub fn mig_profile(&self) -> Option<&str> {
        accelerator::profile(&self.extended)
    }

    /// Both together; a resource that only one side sets is taken from it.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let mut sum = self.combine(other, Cpu::plus, Bytes::plus);
        for (name, count) in &other.extended {
            *sum.extended.entry(name.clone()).or_default() += count;
        }
        sum
    }

    /// The larger of each resource.
    #[must_use]
    pub fn max(&self, other: &Self) -> Self {
        let mut larger = self.combine(other, Cpu::max, Bytes::max);
        for (name, count) in &other.extended {
            let entry = larger.extended.entry(name.clone()).or_default();
            *entry = entry.max(*count);
        }
        larger
    }

    /// Each resource of `self`, and of `other` what `self` does not set.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let mut extended = other.extended.clone();
        extended.extend(self.extended.clone());
        Self {
            cpu: self.cpu.or(other.cpu),
            memory: self.memory.or(other.memory),
            extended,
        }
    }

    fn combine(
        &self,
        other: &Self,
        cpu: impl Fn(Cpu, Cpu) -> Cpu,
        memory: impl Fn(Bytes, Bytes) -> Bytes,
    ) -> Self {
        Self {
            cpu: known(self.cpu, other.cpu, cpu),
            memory: known(self.memory, other.memory, memory),
            extended: self.extended.clone(),
        }
    }
}
