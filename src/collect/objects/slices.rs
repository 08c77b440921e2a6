//! Devices that drivers publish for claims (`ResourceSlice`), of nodes.
//!
//! The shapes of resource.k8s.io v1 and v1beta2, and of v1beta1, which has what is said of
//! a device under `basic`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Objects, Record};
use crate::snapshot::is_gpu;
use crate::units::{Bytes, Quantity};

/// Accelerators of one driver on a node, as one slice of its pool lists them.
#[derive(Debug)]
pub(crate) struct SliceRecord {
    pub(crate) node: String,
    pub(crate) driver: String,
    pub(crate) pool: String,
    /// Slices of an older generation of a pool are void.
    pub(crate) generation: i64,
    /// Whole devices; those of which only parts are listed by what they are parts of.
    pub(crate) devices: BTreeSet<String>,
    pub(crate) product: Option<String>,
    /// Of one whole device.
    pub(crate) memory: Option<Bytes>,
}

#[derive(Deserialize)]
pub(crate) struct ResourceSlice {
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    driver: String,
    node_name: Option<String>,
    #[serde(default)]
    pool: Pool,
    devices: Option<Vec<Device>>,
}

#[derive(Deserialize, Default)]
struct Pool {
    #[serde(default)]
    name: String,
    #[serde(default)]
    generation: i64,
}

#[derive(Deserialize)]
struct Device {
    #[serde(default)]
    name: String,
    #[serde(flatten)]
    is: Described,
    // As in v1beta1.
    basic: Option<Described>,
}

#[derive(Deserialize, Default)]
struct Described {
    attributes: Option<BTreeMap<String, Attribute>>,
    capacity: Option<BTreeMap<String, Capacity>>,
}

#[derive(Deserialize)]
struct Attribute {
    string: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Capacity {
    Of { value: String },
    Plain(String),
}

impl Record for ResourceSlice {
    fn record(self, objects: &mut Objects) {
        let spec = self.spec;
        let Some(node) = spec.node_name.filter(|_| is_gpu(&spec.driver)) else {
            return;
        };
        let mut record = SliceRecord {
            node,
            driver: spec.driver,
            pool: spec.pool.name,
            generation: spec.pool.generation,
            devices: BTreeSet::new(),
            product: None,
            memory: None,
        };
        for device in spec.devices.into_iter().flatten() {
            record.add(device);
        }
        objects.slices.push(record);
    }
}

impl SliceRecord {
    fn add(&mut self, device: Device) {
        let is = device.basic.unwrap_or(device.is);
        // NVIDIA's driver lists the parts that a device may be cut into beside the device,
        // or instead of it. Source: k8s-dra-driver-gpu.
        if let Some(whole) = is.text("parentUUID") {
            self.devices.insert(whole.to_owned());
            return;
        }
        let whole = is.text("uuid").unwrap_or(&device.name);
        self.devices.insert(whole.to_owned());
        let product = is.text("productName").map(str::to_owned);
        self.product = self.product.take().or(product);
        self.memory = self.memory.or_else(|| is.memory());
    }
}

impl Described {
    /// The value of an attribute, whose name may have a domain before it.
    fn text(&self, name: &str) -> Option<&str> {
        let all = self.attributes.iter().flatten();
        let mut own = all.filter(|(key, _)| key.rsplit('/').next() == Some(name));
        own.find_map(|(_, it)| it.string.as_deref())
    }

    fn memory(&self) -> Option<Bytes> {
        let mut all = self.capacity.iter().flatten();
        let (_, capacity) = all.find(|(key, _)| key.rsplit('/').next() == Some("memory"))?;
        let (Capacity::Of { value } | Capacity::Plain(value)) = capacity;
        let quantity: Quantity = value.parse().ok()?;
        Some((&quantity).into())
    }
}
