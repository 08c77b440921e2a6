//! Devices that pods claim, as amounts of extended resources.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::collect::objects::{
    ClaimRecord, Controller, DeviceRequest, PodClaim, PodRecord, Template,
};
use crate::snapshot::{Gap, Resources};
use crate::units::{count_from, len_f64};

/// How many examples the gap names.
const NAMED: usize = 3;

/// Claims by namespace, name, and whether they are templates.
struct Claims {
    known: BTreeMap<(String, String, bool), ClaimRecord>,
    /// Pods that share a claim, by its namespace and name.
    users: HashMap<(String, String), usize>,
}

/// Adds the devices that pods and templates claim to what they request.
///
/// A claim counts for the first container that refers to it, so that containers
/// that share it do not count it twice; one that pods share counts for each of
/// them in equal parts. What is allocated goes before what is asked for.
pub(super) fn count(
    pods: &mut [PodRecord],
    controllers: &mut [Controller],
    claims: Vec<ClaimRecord>,
) -> Option<Gap> {
    let claims = Claims::new(pods, claims);
    let mut uncounted = BTreeSet::new();
    for pod in pods {
        let (devices, whole) = claims.add(&pod.meta.namespace, &mut pod.spec, 1);
        pod.requests = pod.requests.plus(&devices);
        pod.shared_devices = claims.shared(&pod.meta.namespace, &pod.spec);
        if !whole && !pod.is_finished() {
            uncounted.insert(format!("{}/{}", pod.meta.namespace, pod.meta.name));
        }
    }
    for controller in controllers {
        let meta = &controller.meta;
        for placed in &mut controller.templates {
            let replicas = placed.replicas.or(controller.replicas).unwrap_or(1);
            let replicas = usize::try_from(replicas).unwrap_or(1);
            // What is missing here is told of its pods.
            claims.add(&meta.namespace, &mut placed.template, replicas);
        }
    }
    let hint = "read `resourceclaims` and `resourceclaimtemplates` too; a claim of all devices of a \
        node can be counted once it is allocated";
    unknown(&uncounted, "devices that are claimed", hint)
}

impl Claims {
    fn new(pods: &[PodRecord], claims: Vec<ClaimRecord>) -> Self {
        let mut known = BTreeMap::new();
        for claim in claims {
            let key = (claim.namespace.clone(), claim.name.clone(), claim.template);
            known.entry(key).or_insert(claim);
        }
        let mut users: HashMap<_, usize> = HashMap::new();
        for pod in pods.iter().filter(|pod| !pod.is_finished()) {
            for name in pod.spec.claims.iter().filter_map(PodClaim::shared) {
                let key = (pod.meta.namespace.clone(), name.to_owned());
                *users.entry(key).or_default() += 1;
            }
        }
        Self { known, users }
    }

    /// Adds devices to the containers of a template; gives the sum of all, and
    /// whether it is known of every claim.
    ///
    /// `pods` are those that will share a claim that no pod has yet.
    fn add(&self, namespace: &str, template: &mut Template, pods: usize) -> (Resources, bool) {
        let mut sum = Resources::default();
        let mut whole = true;
        for claim in &template.claims {
            let share = 1.0 / len_f64(self.users(namespace, claim, pods).max(1));
            let found = self.find(namespace, claim);
            whole &= found.is_some();
            for request in found.into_iter().flat_map(|found| &found.requests) {
                whole &= request.count.is_some();
                let devices = devices(request, share);
                sum = sum.plus(&devices);
                let mut containers = template.containers.iter_mut();
                let user = containers.find(|it| {
                    let mut uses = it.claims.iter();
                    uses.any(|used| used.wants(&claim.name, &request.name))
                });
                if let Some(container) = user {
                    container.requests = container.requests.plus(&devices);
                }
            }
        }
        (sum, whole)
    }

    /// Devices of claims that other pods use as well; `None` where there are none.
    fn shared(&self, namespace: &str, template: &Template) -> Option<u32> {
        let own = template.claims.iter();
        let shared = own.filter(|it| self.users(namespace, it, 1) > 1);
        let requests = shared.filter_map(|it| self.find(namespace, it));
        let counts = requests.flat_map(|it| &it.requests).map(|it| it.count);
        let devices: f64 = counts.flatten().sum();
        u32::try_from(count_from(devices)).ok().filter(|it| *it > 0)
    }

    fn find(&self, namespace: &str, claim: &PodClaim) -> Option<&ClaimRecord> {
        let get = |name: &Option<String>, template: bool| {
            let key = (namespace.to_owned(), name.clone()?, template);
            self.known.get(&key)
        };
        get(&claim.claim, false).or_else(|| get(&claim.template, true))
    }

    fn users(&self, namespace: &str, claim: &PodClaim, pods: usize) -> usize {
        let Some(name) = claim.shared() else {
            return 1;
        };
        let key = (namespace.to_owned(), name.to_owned());
        self.users.get(&key).copied().unwrap_or(pods)
    }
}

/// That devices of these pods cannot be counted, and what helps.
pub(super) fn unknown(uncounted: &BTreeSet<String>, what: &str, hint: &str) -> Option<Gap> {
    if uncounted.is_empty() {
        return None;
    }
    let examples: Vec<&str> = uncounted.iter().take(NAMED).map(String::as_str).collect();
    let more = if uncounted.len() > NAMED {
        " and others"
    } else {
        ""
    };
    let examples = examples.join(", ");
    let text = format!("{what} cannot be counted for {examples}{more}");
    Some(Gap::new("unknown-devices", "devices", text).hint(hint))
}

/// Nothing where the number is not known.
fn devices(request: &DeviceRequest, share: f64) -> Resources {
    let count = request
        .count
        .map(|count| (request.resource.clone(), count * share));
    Resources {
        extended: count.into_iter().collect(),
        ..Resources::default()
    }
}
