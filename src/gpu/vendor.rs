//! Who makes accelerators, and what the exporter of each tells.

use std::collections::BTreeMap;

use crate::snapshot::{DEVICE_CLASS, Resources};

/// Who makes an accelerator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Vendor {
    Nvidia,
    Amd,
    Intel,
    Google,
    Aws,
    #[default]
    Other,
}

impl Vendor {
    /// Of what is asked for, by the names of resources and of classes of devices.
    pub(super) fn of(asked: &Resources) -> Option<Self> {
        vendor(&asked.extended)
    }

    /// What tells of its devices.
    pub(super) fn exporter(self) -> &'static str {
        match self {
            Self::Nvidia => "dcgm-exporter (with `--kubernetes`)",
            Self::Amd => "device-metrics-exporter",
            Self::Intel => "xpumanager",
            Self::Google => "the metrics of the TPU device plugin",
            Self::Aws => "neuron-monitor",
            Self::Other => "the exporter of the vendor",
        }
    }

    /// What one of its devices is called.
    pub(super) fn device(self) -> &'static str {
        match self {
            Self::Google => "TPU chip",
            Self::Aws => "Neuron device",
            Self::Nvidia | Self::Amd | Self::Intel | Self::Other => "GPU",
        }
    }

    /// What stands before the number of one.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Google => "chip",
            Self::Aws => "core",
            Self::Nvidia | Self::Amd | Self::Intel | Self::Other => "GPU",
        }
    }

    /// What does the work in its devices.
    pub(super) fn units(self) -> &'static str {
        match self {
            Self::Nvidia => "multiprocessors",
            Self::Amd => "compute units",
            Self::Intel => "execution units",
            Self::Google => "tensor cores",
            Self::Aws => "the engines of its cores",
            Self::Other => "how full it is",
        }
    }

    /// The metric that tells how full they are; `None` where its exporter has none.
    ///
    /// Sources: dcgm-exporter; xpumanager, `Prometheus_Exported_Metrics.csv`; Google's TPU
    /// device plugin. AMD's exporter and neuron-monitor tell how often anything runs.
    pub(super) fn metric(self) -> Option<&'static str> {
        match self {
            Self::Nvidia => Some("DCGM_FI_PROF_SM_ACTIVE"),
            Self::Intel => Some("xpum_eu_active_ratio"),
            Self::Google => Some("tensorcore_utilization"),
            Self::Amd | Self::Aws | Self::Other => None,
        }
    }

    /// The metric that tells what they draw.
    pub(super) fn power(self) -> Option<&'static str> {
        match self {
            Self::Nvidia => Some("DCGM_FI_DEV_POWER_USAGE"),
            Self::Amd => Some("gpu_package_power"),
            Self::Intel => Some("xpum_power_watts"),
            Self::Google | Self::Aws | Self::Other => None,
        }
    }

    /// What its exporter should tell besides; `None` where it has no more.
    pub(super) fn more(self, has_power: bool) -> Option<String> {
        let power = self.power().filter(|_| !has_power);
        match (self.metric(), power) {
            (Some(metric), Some(power)) => Some(format!(
                "let the exporter tell {metric}, which is off by default, and {power}"
            )),
            (Some(one), None) | (None, Some(one)) => Some(format!("let the exporter tell {one}")),
            // Its limit is known by its product.
            (None, None) if has_power => Some(
                "label its node with the product of its devices, so that their power can be judged"
                    .to_owned(),
            ),
            (None, None) => None,
        }
    }
}

fn vendor(amounts: &BTreeMap<String, f64>) -> Option<Vendor> {
    let mut held = amounts.iter().filter(|(_, count)| **count > 0.0);
    held.find_map(|(name, _)| {
        if let Some(class) = name.strip_prefix(DEVICE_CLASS) {
            let mut words = class.split(['.', '-', '/']);
            return words.find_map(|word| match word {
                "nvidia" => Some(Vendor::Nvidia),
                "amd" => Some(Vendor::Amd),
                "intel" => Some(Vendor::Intel),
                _ => None,
            });
        }
        let (domain, resource) = name.split_once('/')?;
        match domain {
            "nvidia.com" | "k8s.amazonaws.com" => Some(Vendor::Nvidia),
            "amd.com" => Some(Vendor::Amd),
            "gpu.intel.com" => Some(Vendor::Intel),
            "google.com" if resource == "tpu" => Some(Vendor::Google),
            "aws.amazon.com" if resource.starts_with("neuron") => Some(Vendor::Aws),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_and_classes_tell_who_makes_a_device() {
        for (name, vendor) in [
            ("nvidia.com/mig-1g.10gb", Some(Vendor::Nvidia)),
            ("amd.com/gpu", Some(Vendor::Amd)),
            ("gpu.intel.com/i915", Some(Vendor::Intel)),
            ("google.com/tpu", Some(Vendor::Google)),
            ("aws.amazon.com/neuroncore", Some(Vendor::Aws)),
            (
                "deviceclass.resource.kubernetes.io/gpu.amd.com",
                Some(Vendor::Amd),
            ),
            ("habana.ai/gaudi", None),
            ("pods", None),
        ] {
            let mut asked = Resources::default();
            asked.extended.insert(name.to_owned(), 1.0);
            assert_eq!(Vendor::of(&asked), vendor, "{name}");
        }
    }
}
