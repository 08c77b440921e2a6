//! Claims of devices (dynamic resource allocation).
//!
//! The shapes of resource.k8s.io v1 and v1beta2, which ask for devices in
//! `exactly` or `firstAvailable`, and of v1beta1, which asks in the request itself.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Meta, Objects, Record};
use crate::snapshot::{DEVICE_CLASS, MigProfile, is_gpu};

/// A ResourceClaim or a ResourceClaimTemplate, and what it asks for.
#[derive(Debug)]
pub(crate) struct ClaimRecord {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// Whether each pod gets a claim of its own from it.
    pub(crate) template: bool,
    pub(crate) requests: Vec<DeviceRequest>,
    /// Whether it has got devices.
    pub(crate) allocated: bool,
    /// Whether pods may use it, which are then named in it.
    pub(crate) used: bool,
    /// Those that it has got.
    pub(crate) devices: Vec<Device>,
}

/// Devices of one class.
#[derive(Debug, PartialEq)]
pub(crate) struct DeviceRequest {
    /// What containers that want only this one call it.
    pub(crate) name: String,
    /// Its class as an extended resource.
    pub(crate) resource: String,
    /// `None` for all that a node has, before they are allocated.
    pub(crate) count: Option<f64>,
}

#[derive(Deserialize)]
pub(crate) struct ResourceClaim {
    metadata: ObjectMeta,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
pub(crate) struct ResourceClaimTemplate {
    metadata: ObjectMeta,
    #[serde(default)]
    spec: TemplateSpec,
}

#[derive(Deserialize, Default)]
struct TemplateSpec {
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize, Default)]
struct Spec {
    #[serde(default)]
    devices: Devices,
}

#[derive(Deserialize, Default)]
struct Devices {
    requests: Option<Vec<Request>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    name: String,
    exactly: Option<Wanted>,
    first_available: Option<Vec<Wanted>>,
    // As in v1beta1.
    device_class_name: Option<String>,
    allocation_mode: Option<String>,
    count: Option<u32>,
    admin_access: Option<bool>,
    selectors: Option<Vec<Selector>>,
}

/// What a device must be like.
#[derive(Deserialize, Clone, Default)]
struct Selector {
    cel: Option<Expression>,
}

#[derive(Deserialize, Clone, Default)]
struct Expression {
    #[serde(default)]
    expression: String,
}

#[derive(Deserialize, Clone, Default)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    /// Of one of several alternatives.
    #[serde(default)]
    name: String,
    device_class_name: Option<String>,
    allocation_mode: Option<String>,
    count: Option<u32>,
    admin_access: Option<bool>,
    selectors: Option<Vec<Selector>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Status {
    allocation: Option<Allocation>,
    reserved_for: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize, Default)]
struct Allocation {
    #[serde(default)]
    devices: Allocated,
}

#[derive(Deserialize, Default)]
struct Allocated {
    results: Option<Vec<Device>>,
}

/// A device that a claim has got.
#[derive(Debug, Deserialize)]
pub(crate) struct Device {
    /// `gpu`, or `gpu/large` for one of several alternatives.
    request: String,
    #[serde(default)]
    pub(crate) driver: String,
    #[serde(default)]
    pub(crate) pool: String,
    #[serde(default, rename = "device")]
    pub(crate) name: String,
}

impl Record for ResourceClaim {
    fn record(self, objects: &mut Objects) {
        let status = self.status;
        let got = status.allocation;
        let got = got.map(|it| it.devices.results.unwrap_or_default());
        let requests = self.spec.devices.requests(got.as_deref());
        let claim = ClaimRecord {
            allocated: got.is_some(),
            used: status.reserved_for.is_some_and(|it| !it.is_empty()),
            devices: got.unwrap_or_default(),
            ..claim(self.metadata, false, requests)
        };
        objects.claims.push(claim);
    }
}

impl Record for ResourceClaimTemplate {
    fn record(self, objects: &mut Objects) {
        let requests = self.spec.spec.devices.requests(None);
        let claim = claim(self.metadata, true, requests);
        objects.claims.push(claim);
    }
}

fn claim(metadata: ObjectMeta, template: bool, requests: Vec<DeviceRequest>) -> ClaimRecord {
    let Meta {
        namespace, name, ..
    } = Meta::new(metadata);
    ClaimRecord {
        namespace,
        name,
        template,
        requests,
        allocated: false,
        used: false,
        devices: Vec::new(),
    }
}

impl Devices {
    /// What is asked for; where devices are allocated, what there is.
    fn requests(self, got: Option<&[Device]>) -> Vec<DeviceRequest> {
        let requests = self.requests.into_iter().flatten();
        requests
            .filter_map(|request| request.devices(got))
            .collect()
    }
}

impl Request {
    fn devices(self, got: Option<&[Device]>) -> Option<DeviceRequest> {
        let name = self.name.clone();
        let of = |device: &&Device| {
            let rest = device.request.strip_prefix(&name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let got = got.map(|all| all.iter().filter(of).collect::<Vec<_>>());
        let first = got.as_ref().and_then(|devices| devices.first());
        let chosen = first.and_then(|device| device.request.split_once('/'));
        let wanted = self.wanted(chosen.map(|(_, alternative)| alternative));
        // Administrators look on and take nothing away.
        if wanted.admin_access == Some(true) {
            return None;
        }
        let slice = wanted.slice();
        let class = wanted.device_class_name.unwrap_or_default();
        let driver = first.map(|device| device.driver.clone());
        // A class may have any name; a driver is called after what it drives.
        let telling = driver.filter(|driver| !is_gpu(&class) && is_gpu(driver));
        let count = match (&got, wanted.allocation_mode.as_deref()) {
            (Some(devices), _) => u32::try_from(devices.len()).ok(),
            (None, Some("All")) => None,
            (None, _) => Some(wanted.count.unwrap_or(1)),
        };
        let mut resource = format!("{DEVICE_CLASS}{}", telling.unwrap_or(class));
        if let Some(slice) = slice {
            resource = format!("{resource}/{slice}");
        }
        Some(DeviceRequest {
            name: self.name,
            resource,
            count: count.map(f64::from),
        })
    }

    /// The alternative that was chosen, else the one that is tried first.
    fn wanted(&self, chosen: Option<&str>) -> Wanted {
        let own = || Wanted {
            name: String::new(),
            device_class_name: self.device_class_name.clone(),
            allocation_mode: self.allocation_mode.clone(),
            count: self.count,
            admin_access: self.admin_access,
            selectors: self.selectors.clone(),
        };
        let alternatives = self.first_available.iter().flatten();
        let mut named = alternatives
            .clone()
            .filter(|it| Some(it.name.as_str()) == chosen);
        let found = named.next().or(alternatives.clone().next());
        found.or(self.exactly.as_ref()).cloned().unwrap_or_else(own)
    }
}

impl Wanted {
    /// The MIG profile that a selector names:
    /// `device.attributes['gpu.nvidia.com'].profile == '1g.10gb'`.
    fn slice(&self) -> Option<String> {
        let selectors = self.selectors.iter().flatten();
        let mut expressions = selectors.filter_map(|it| it.cel.as_ref());
        expressions.find_map(|it| {
            let (_, rest) = it.expression.split_once(".profile")?;
            let text = rest.trim_start().strip_prefix("==")?.trim_start();
            let quote = text.chars().next().filter(|it| matches!(it, '\'' | '"'))?;
            let (name, _) = text[1..].split_once(quote)?;
            MigProfile::parse(name).map(|_| name.to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Request, class and count of each request, of a claim with this status.
    fn read(requests: &Value, status: &Value) -> String {
        let mut objects = Objects::default();
        let claim = json!({
            "metadata": {"namespace": "ml", "name": "c"},
            "spec": {"devices": {"requests": requests}}, "status": status,
        });
        let claim: ResourceClaim = serde_json::from_value(claim).unwrap();
        claim.record(&mut objects);
        let requests = objects.claims[0].requests.iter().map(|it| {
            let class = it.resource.strip_prefix(DEVICE_CLASS).unwrap();
            let count = it.count.map_or("all".to_owned(), |count| count.to_string());
            format!("{} {class} {count}", it.name)
        });
        requests.collect::<Vec<_>>().join(", ")
    }

    fn allocated(requests: &[&str]) -> Value {
        let devices = requests.iter().map(|request| {
            json!({"request": request, "driver": "gpu.nvidia.com", "pool": "n", "device": "d"})
        });
        json!({"allocation": {"devices": {"results": devices.collect::<Vec<_>>()}}})
    }

    #[test]
    fn every_version_says_how_many() {
        let none = json!({});
        let exact = json!({"deviceClassName": "gpu.nvidia.com", "count": 2});
        assert_eq!(
            read(&json!([{"name": "a", "exactly": exact}]), &none),
            "a gpu.nvidia.com 2"
        );
        let old = json!([{"name": "a", "deviceClassName": "gpu.nvidia.com"}]);
        assert_eq!(read(&old, &none), "a gpu.nvidia.com 1");
        let all = json!({"deviceClassName": "gpu.nvidia.com", "allocationMode": "All"});
        assert_eq!(
            read(&json!([{"name": "a", "exactly": all}]), &none),
            "a gpu.nvidia.com all"
        );
        let admin = json!({"deviceClassName": "gpu.nvidia.com", "adminAccess": true});
        assert_eq!(read(&json!([{"name": "a", "exactly": admin}]), &none), "");
        assert_eq!(read(&Value::Null, &none), "");
    }

    #[test]
    fn a_slice_is_told_by_the_selector_that_names_its_profile() {
        let of = |expression: &str| {
            let selectors = json!([{"cel": {"expression": expression}}]);
            let exact = json!({"deviceClassName": "mig.nvidia.com", "selectors": selectors});
            read(&json!([{"name": "a", "exactly": exact}]), &json!({}))
        };
        let attribute = "device.attributes['gpu.nvidia.com'].profile";
        for slice in [
            format!("{attribute} == '1g.10gb'"),
            format!("{attribute}==\"1g.10gb\" && true"),
        ] {
            assert_eq!(of(&slice), "a mig.nvidia.com/1g.10gb 1");
        }
        for other in [
            format!("{attribute} != '1g.10gb'"),
            format!("{attribute} == 'x'"),
            format!("{attribute} == '1g.10gb"),
        ] {
            assert_eq!(of(&other), "a mig.nvidia.com 1");
        }
    }

    #[test]
    fn what_is_allocated_goes_before_what_was_asked_for() {
        let all = json!({"deviceClassName": "large", "allocationMode": "All"});
        let requests = json!([{"name": "a", "exactly": all}, {"name": "ab", "exactly": {"deviceClassName": "nic"}}]);
        assert_eq!(
            read(&requests, &allocated(&["a", "a", "a"])),
            "a gpu.nvidia.com 3, ab nic 0"
        );
        let either = json!([{"name": "a", "firstAvailable": [
            {"name": "big", "deviceClassName": "gpu.nvidia.com"},
            {"name": "small", "deviceClassName": "mig.nvidia.com", "count": 2},
        ]}]);
        assert_eq!(read(&either, &json!({})), "a gpu.nvidia.com 1");
        assert_eq!(
            read(&either, &allocated(&["a/small", "a/small"])),
            "a mig.nvidia.com 2"
        );
    }
}
