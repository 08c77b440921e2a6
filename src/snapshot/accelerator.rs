//! Accelerators: which resources are some, how much of a device each is, and what nodes
//! say of theirs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::DEVICE_CLASS;
use crate::units::Bytes;

/// What a node says of its accelerators, in labels.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Accelerator {
    /// Memory of one device, or of one slice where all of the node are cut alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Bytes>,
    /// Devices, or slices where all are cut alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Pods that may share a device, by time slicing or MPS; 1 where none do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
    /// `time-slicing`, `mps`, `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharing: Option<String>,
    /// The MIG profile of all its devices: `1g.10gb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Claims that have got devices of it and that no pod uses: `namespace/name`, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused_claims: Vec<String>,
}

impl Accelerator {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What of a card one of its devices is: of slices that are all alike, as many as there
    /// is room for make the card.
    pub fn part_of_card(&self) -> f64 {
        let slice = self.partition.as_deref().and_then(MigProfile::parse);
        slice.map_or(1.0, |it| 1.0 / f64::from(it.most()))
    }
}

/// Labels that name the product of a node's accelerators, those of its vendor before
/// those of clouds and provisioners.
pub const PRODUCT_LABELS: [&str; 11] = [
    "nvidia.com/gpu.product",
    "amd.com/gpu.product-name",
    "beta.amd.com/gpu.product-name",
    "gpu.intel.com/product",
    "cloud.google.com/gke-accelerator",
    "cloud.google.com/gke-tpu-accelerator",
    "karpenter.k8s.aws/instance-gpu-name",
    "karpenter.k8s.aws/instance-accelerator-name",
    "karpenter.azure.com/sku-gpu-name",
    "k8s.amazonaws.com/accelerator",
    "gpu.intel.com/family",
];

/// A MIG profile: slices of compute, and memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MigProfile {
    /// Of [`Self::slices`] that a device has.
    pub compute: u32,
    /// As the profile is called, in GB; up to a tenth more than there is.
    pub gigabytes: u32,
}

impl MigProfile {
    /// `1g.10gb`, `2g.20gb.me`, `1g.5gb+me`, `1c.3g.20gb`; `None` of what is none.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.split_once("c.").map_or(name, |(_, rest)| rest);
        let (compute, rest) = name.split_once("g.")?;
        let (gigabytes, _) = rest.split_once("gb")?;
        Some(Self {
            compute: compute.parse().ok()?,
            gigabytes: gigabytes.parse().ok()?,
        })
    }

    /// Slices of compute that its device has. Source: mig-parted's presets: an A30 has
    /// four of 6 GB, every other device seven.
    pub fn slices(self) -> u32 {
        let is_small = matches!((self.compute, self.gigabytes), (1, 6) | (2, 12) | (4, 24));
        if is_small { 4 } else { 7 }
    }

    /// How many a device has room for.
    pub fn most(self) -> u32 {
        (self.slices() / self.compute.max(1)).max(1)
    }

    /// Its share of the compute of a device.
    pub fn share(self) -> f64 {
        f64::from(self.compute) / f64::from(self.slices())
    }
}

/// A device of NVIDIA as its plugin names it.
pub const GPU: &str = "nvidia.com/gpu";

/// Resources that are whole accelerators by a name that does not end in `/gpu`. One of
/// `nvidia.com/gpu.shared` is a share of one by time, as one of `nvidia.com/gpu` is where
/// the plugin does not rename it.
const WHOLE: [&str; 7] = [
    "nvidia.com/gpu.shared",
    "nvidia.com/pgpu",
    "gpu.intel.com/i915",
    "gpu.intel.com/xe",
    "habana.ai/gaudi",
    "google.com/tpu",
    "qualcomm.com/qaic",
];

/// AWS counts one chip in three ways, and its nodes have all of them.
const NEURON: [&str; 2] = ["aws.amazon.com/neuron", "aws.amazon.com/neurondevice"];
const NEURON_CORES: &str = "aws.amazon.com/neuroncore";
/// Cores of a chip of Inferentia 2 and Trainium 1. Source: AWS Neuron documentation.
const CORES: f64 = 2.0;
/// Parts of a device of the virtual GPU plugin of AWS.
const AWS_PARTS: f64 = 10.0;

/// Whole and partial devices among these resources: a MIG slice is its share of compute.
pub(super) fn devices(amounts: &BTreeMap<String, f64>) -> f64 {
    let of = |name: &str| amounts.get(name).copied().unwrap_or(0.0);
    let plain = amounts.iter().map(|(name, count)| count * part(name));
    let chips = NEURON.into_iter().map(of).fold(0.0, f64::max);
    let chips = if chips > 0.0 {
        chips
    } else {
        of(NEURON_CORES) / CORES
    };
    plain.sum::<f64>() + chips
}

/// Devices and slices of them, each of which is one to an exporter.
pub(super) fn units(amounts: &BTreeMap<String, f64>) -> f64 {
    let slices = amounts.iter().map(|(name, count)| match part(name) {
        part if part <= 0.0 => 0.0,
        part if name.starts_with("k8s.amazonaws.com") => (count * part).ceil(),
        // A part of a device is seen as the device.
        _ => count.ceil(),
    });
    let slices: f64 = slices.sum();
    let of = |name: &str| amounts.get(name).copied().unwrap_or(0.0);
    let chips = NEURON.into_iter().map(of).fold(0.0, f64::max);
    let neuron = if chips > 0.0 { chips } else { of(NEURON_CORES) };
    slices + neuron
}

/// How much of a device one of a resource is; 0 of what is none.
fn part(resource: &str) -> f64 {
    if let Some(profile) = slice(resource) {
        return MigProfile::parse(profile).map_or(1.0, MigProfile::share);
    }
    if let Some(class) = resource.strip_prefix(DEVICE_CLASS) {
        return f64::from(u8::from(is_gpu(class)));
    }
    match resource {
        "k8s.amazonaws.com/vgpu" => 1.0 / AWS_PARTS,
        _ if WHOLE.contains(&resource) || resource.ends_with("/gpu") => 1.0,
        // Partitions of AMD: `amd.com/cpx_nps4` is one of eight, `dpx` of two, `qpx` of four.
        _ => match resource
            .strip_prefix("amd.com/")
            .map(|it| &it[..it.len().min(3)])
        {
            Some("spx") => 1.0,
            Some("dpx") => 0.5,
            Some("qpx") => 0.25,
            Some("cpx") => 0.125,
            _ => 0.0,
        },
    }
}

/// Whether a class or driver of devices is called after GPUs: `gpu.nvidia.com`,
/// `mig.nvidia.com`, `large-gpu`.
pub fn is_gpu(class: &str) -> bool {
    let mut words = class.split(['.', '-', '/']);
    words.any(|word| matches!(word, "gpu" | "mig"))
}

/// The MIG profile among these resources.
pub(super) fn profile(amounts: &BTreeMap<String, f64>) -> Option<&str> {
    let mut profiles = amounts.iter().filter(|(_, count)| **count > 0.0);
    profiles.find_map(|(name, _)| slice(name))
}

/// The MIG profile that a resource is, by its name: that of the device plugin, or a class
/// of devices with the profile that a claim selects.
fn slice(resource: &str) -> Option<&str> {
    if let Some(class) = resource.strip_prefix(DEVICE_CLASS) {
        return class.split_once('/').map(|(_, profile)| profile);
    }
    resource.strip_prefix("nvidia.com/mig-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, f64)]) -> f64 {
        let pairs = pairs
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count));
        devices(&pairs.collect())
    }

    #[test]
    fn resources_of_every_vendor_are_devices() {
        for (name, count, expected) in [
            ("nvidia.com/gpu", 2.0, 2.0),
            ("nvidia.com/gpu.shared", 1.0, 1.0),
            ("nvidia.com/mig-1g.10gb", 2.0, 2.0 / 7.0),
            ("nvidia.com/mig-1g.10gb.me", 1.0, 1.0 / 7.0),
            ("nvidia.com/mig-1g.6gb", 1.0, 0.25),
            ("nvidia.com/mig-3g.71gb", 1.0, 3.0 / 7.0),
            (
                "deviceclass.resource.kubernetes.io/gpu.nvidia.com",
                1.0,
                1.0,
            ),
            (
                "deviceclass.resource.kubernetes.io/mig.nvidia.com/1g.10gb",
                2.0,
                2.0 / 7.0,
            ),
            ("amd.com/gpu", 1.0, 1.0),
            ("amd.com/cpx_nps4", 4.0, 0.5),
            ("gpu.intel.com/i915", 1.0, 1.0),
            ("gpu.intel.com/xe", 1.0, 1.0),
            ("gpu.intel.com/monitoring", 1.0, 0.0),
            ("habana.ai/gaudi", 8.0, 8.0),
            ("google.com/tpu", 4.0, 4.0),
            ("aws.amazon.com/neuron", 1.0, 1.0),
            ("aws.amazon.com/neuroncore", 2.0, 1.0),
            ("k8s.amazonaws.com/vgpu", 5.0, 0.5),
            ("nvidia.com/gpumem", 4096.0, 0.0),
            ("pods", 110.0, 0.0),
        ] {
            assert!((of(&[(name, count)]) - expected).abs() < 1e-12, "{name}");
        }
    }

    #[test]
    fn a_chip_that_is_counted_in_three_ways_is_one() {
        let node = [
            ("aws.amazon.com/neuron", 4.0),
            ("aws.amazon.com/neurondevice", 4.0),
            ("aws.amazon.com/neuroncore", 8.0),
        ];
        assert!((of(&node) - 4.0).abs() < 1e-12);
    }

    #[test]
    fn profiles_are_read_in_every_spelling() {
        let of = |name| MigProfile::parse(name).map(|it| (it.compute, it.gigabytes));
        assert_eq!(of("1g.10gb"), Some((1, 10)));
        assert_eq!(of("1g.5gb+me"), Some((1, 5)));
        assert_eq!(of("2g.20gb.me"), Some((2, 20)));
        assert_eq!(of("1c.3g.20gb"), Some((3, 20)));
        assert_eq!(of("mixed"), None);
    }
}
