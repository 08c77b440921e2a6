//! Parts of devices that a scheduler gives out on its own: what a pod says of them, and
//! what a node says of the devices that are divided.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::snapshot::{GPU, Resources};
use crate::units::Bytes;

/// A part of one or more devices that a pod asks for in annotations: no resource of its spec
/// says so.
///
/// Source: KAI Scheduler (and Run:ai), `pkg/common/constants` and its page on GPU sharing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fraction {
    /// Of each device.
    pub(crate) size: Size,
    pub(crate) devices: f64,
    /// Which container has it; the first where none is named.
    pub(crate) container: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Size {
    /// Above 0, below 1.
    Share(f64),
    Memory(Bytes),
}

const SHARE: &str = "gpu-fraction";
const MEMORY: &str = "gpu-memory";
const DEVICES: &str = "gpu-fraction-num-devices";
const CONTAINER: &str = "gpu-fraction-container-name";
/// More devices than that no machine has.
const MOST_DEVICES: u32 = 64;

/// What annotations of a pod, or of a template of pods, ask for.
pub(super) fn of(annotations: Option<&BTreeMap<String, String>>) -> Option<Fraction> {
    let of = |key: &str| annotations?.get(key).map(|it| it.trim());
    let share = of(SHARE).and_then(|it| it.parse::<f64>().ok());
    let share = share.filter(|it| *it > 0.0 && *it < 1.0).map(Size::Share);
    let memory = || of(MEMORY)?.parse::<u32>().ok().filter(|it| *it > 0);
    let size = share.or_else(|| memory().map(|it| Size::Memory(Bytes::mib(it.into()))))?;
    let devices = of(DEVICES).and_then(|it| it.parse::<u32>().ok());
    Some(Fraction {
        size,
        devices: devices.unwrap_or(1).clamp(1, MOST_DEVICES).into(),
        container: of(CONTAINER).map(str::to_owned),
    })
}

/// The devices that `HAMi` divides on a node, as its plugin registers them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Divided {
    pub(crate) devices: u32,
    /// Containers that may share them all: what its plugin tells the kubelet instead.
    pub(crate) parts: u32,
    /// Of one device, as parts of it are measured.
    pub(crate) memory: Option<Bytes>,
    pub(crate) product: Option<String>,
}

impl Divided {
    /// Makes of the parts that the kubelet knows the devices that there are.
    pub(super) fn whole(&self, amounts: &mut Resources) {
        let parts = f64::from(self.parts);
        if let Some(gpus) = amounts.extended.get_mut(GPU).filter(|it| **it > 0.0) {
            // Fewer are told where some are not healthy.
            *gpus = (*gpus * f64::from(self.devices) / parts.max(*gpus)).ceil();
        }
    }
}

const REGISTER: &str = "hami.io/node-nvidia-register";

/// One device of the register, since `HAMi` 2.5 as JSON.
#[derive(Deserialize)]
struct Device {
    #[serde(default)]
    count: u32,
    /// In MiB.
    #[serde(default)]
    devmem: u32,
    #[serde(default, rename = "type")]
    product: String,
}

/// What annotations of a node register.
///
/// Source: `HAMi`, the protocol of device registration: a list in JSON, before 2.5
/// `uuid,parts,MiB,cores,type,numa,healthy` and a colon for each device.
pub(super) fn divided(annotations: Option<&BTreeMap<String, String>>) -> Option<Divided> {
    let text = annotations?.get(REGISTER)?.trim();
    let devices = if text.starts_with('[') {
        serde_json::from_str(text).ok()?
    } else {
        let devices = text.split(':').filter(|it| !it.is_empty());
        devices.map(plain).collect::<Option<Vec<Device>>>()?
    };
    let first = devices.first()?;
    let parts = devices.iter().map(|it| it.count).sum();
    let same = devices.iter().all(|it| it.devmem == first.devmem);
    Some(Divided {
        devices: u32::try_from(devices.len()).ok()?,
        parts,
        memory: (same && first.devmem > 0).then(|| Bytes::mib(first.devmem.into())),
        product: (!first.product.is_empty()).then(|| first.product.clone()),
    })
}

fn plain(text: &str) -> Option<Device> {
    let mut fields = text.split(',').skip(1);
    let mut next = || fields.next();
    let (count, devmem) = (next()?.parse().ok()?, next()?.parse().ok()?);
    let _cores = next()?;
    Some(Device {
        count,
        devmem,
        product: next()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn pods_ask_for_a_share_or_for_memory() {
        let of = |pairs: &[(&str, &str)]| of(Some(&said(pairs)));
        let half = of(&[("gpu-fraction", "0.5"), ("gpu-fraction-num-devices", "2")]).unwrap();
        assert_eq!((half.size, half.devices), (Size::Share(0.5), 2.0));
        let some = of(&[
            ("gpu-memory", "2000"),
            ("gpu-fraction-container-name", "model"),
        ])
        .unwrap();
        assert_eq!(some.size, Size::Memory(Bytes::mib(2000)));
        assert_eq!(some.container.as_deref(), Some("model"));
        for (key, value) in [
            ("gpu-fraction", "1"),
            ("gpu-fraction", "0"),
            ("gpu-fraction", "NaN"),
            ("gpu-fraction", "half"),
            ("gpu-memory", "-1"),
            ("gpu-memory", "2Gi"),
        ] {
            assert_eq!(of(&[(key, value)]), None, "{key} {value}");
        }
    }

    #[test]
    fn both_forms_of_the_register_are_read() {
        let json = r#"[{"id":"GPU-1","count":10,"devmem":32768,"devcore":100,
            "type":"NVIDIA-Tesla V100-PCIE-32GB","mode":"hami-core","health":true},
            {"id":"GPU-2","index":1,"count":10,"devmem":32768,"type":"NVIDIA-Tesla V100-PCIE-32GB"}]"#;
        let plain = "GPU-1,10,32768,100,NVIDIA-Tesla V100-PCIE-32GB,0,true:\
            GPU-2,10,32768,100,NVIDIA-Tesla V100-PCIE-32GB,0,true:";
        for text in [json, plain] {
            let found = divided(Some(&said(&[(REGISTER, text)]))).unwrap();
            assert_eq!((found.devices, found.parts), (2, 20));
            assert_eq!(found.memory, Some(Bytes::gib(32)));
            let product = found.product.as_deref();
            assert_eq!(product, Some("NVIDIA-Tesla V100-PCIE-32GB"));
        }
        for bad in ["", "[]", "[{]", "GPU-1,ten,1,1,x", "GPU-1"] {
            assert_eq!(divided(Some(&said(&[(REGISTER, bad)]))), None, "{bad}");
        }
    }
}
