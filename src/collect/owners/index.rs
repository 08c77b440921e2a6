use std::collections::HashMap;

use crate::collect::names;

/// Which workload a pod belongs to.
///
/// Knows pods that still exist by their owner, pods that are gone by what a
/// metrics store says of their owner, and the rest by the pattern of the name.
#[derive(Debug, Default)]
pub struct PodIndex {
    namespaces: HashMap<String, Names>,
}

/// How a pod was mapped to its workload, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MappedBy {
    /// Its ownerReferences, or those of a pod of the same name.
    Owner,
    /// `kube_pod_owner` of a metrics store.
    Metrics,
    /// The pattern of its name.
    Name,
}

/// How many pods were mapped in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mapped {
    pub by_owner: usize,
    pub by_metrics: usize,
    pub by_name: usize,
    pub unknown: usize,
}

#[derive(Debug, Default)]
struct Names {
    pods: HashMap<String, u32>,
    /// Controllers by name; several kinds may share one.
    controllers: HashMap<String, Vec<(String, u32)>>,
    /// Names too long for the names of their pods to hold them.
    long: Vec<(String, u32)>,
    /// What names of pods are like that no controller is called after; `None`
    /// where several workloads have such pods.
    patterns: HashMap<String, Option<u32>>,
    /// What else such names have in them, whatever was made up around it.
    stems: HashMap<String, Option<u32>>,
    /// The same up to a last part that may be anything.
    prefixes: HashMap<String, Option<u32>>,
    learned_pods: HashMap<String, (String, String)>,
    /// By kind and name, what owns a controller that is gone.
    learned_owners: HashMap<(String, String), (String, String)>,
}

impl PodIndex {
    /// The index of the workload of this pod.
    pub fn workload(&self, namespace: &str, pod: &str) -> Option<u32> {
        self.find(namespace, pod).map(|(workload, _)| workload)
    }

    /// The same, and how it is known.
    pub fn find(&self, namespace: &str, pod: &str) -> Option<(u32, MappedBy)> {
        let names = self.namespaces.get(namespace)?;
        if let Some(workload) = names.pods.get(pod) {
            return Some((*workload, MappedBy::Owner));
        }
        if let Some((kind, name)) = names.learned_pods.get(pod) {
            if let Some(workload) = names.controller(kind, name) {
                return Some((workload, MappedBy::Metrics));
            }
            // The owner may have pods of several templates.
            return names.by_stem(pod);
        }
        match names.by_pattern(pod) {
            Some(workload) => Some((workload, MappedBy::Name)),
            None => names.by_stem(pod),
        }
    }

    /// The index of the workload of a controller, which may itself be gone.
    pub(super) fn controller(&self, namespace: &str, kind: &str, name: &str) -> Option<u32> {
        self.namespaces.get(namespace)?.controller(kind, name)
    }

    /// How these pods, each given once by namespace and name, are mapped.
    pub fn tally<'a>(&self, pods: impl IntoIterator<Item = (&'a str, &'a str)>) -> Mapped {
        let mut mapped = Mapped::default();
        for (namespace, pod) in pods {
            let count = match self.find(namespace, pod) {
                Some((_, MappedBy::Owner)) => &mut mapped.by_owner,
                Some((_, MappedBy::Metrics)) => &mut mapped.by_metrics,
                Some((_, MappedBy::Name)) => &mut mapped.by_name,
                None => &mut mapped.unknown,
            };
            *count += 1;
        }
        mapped
    }

    /// Learns the owner of a pod from elsewhere (`kube_pod_owner`). What the
    /// objects say goes before it.
    pub fn learn_pod(&mut self, namespace: &str, pod: &str, kind: &str, name: &str) {
        if let Some(names) = self.namespaces.get_mut(namespace)
            && is_named(kind, name)
        {
            let owner = (kind.to_owned(), name.to_owned());
            names.learned_pods.insert(pod.to_owned(), owner);
        }
    }

    /// Learns the owner of a controller from elsewhere (`kube_replicaset_owner`,
    /// `kube_job_owner`).
    pub fn learn_owner(&mut self, namespace: &str, owned: (&str, &str), owner: (&str, &str)) {
        if let Some(names) = self.namespaces.get_mut(namespace)
            && is_named(owner.0, owner.1)
        {
            let owned = (owned.0.to_owned(), owned.1.to_owned());
            let owner = (owner.0.to_owned(), owner.1.to_owned());
            names.learned_owners.insert(owned, owner);
        }
    }

    pub(super) fn add_pod(&mut self, namespace: &str, pod: &str, workload: u32) {
        let names = self.names(namespace);
        names.pods.insert(pod.to_owned(), workload);
    }

    /// Adds a controller of pods of this workload: itself, or one between.
    pub(super) fn add_controller(&mut self, namespace: &str, kind: &str, name: &str, index: u32) {
        // A hash and its dashes take up to 12 characters of a pod's name.
        const SHORT: usize = 63 - 5 - 12;
        let names = self.names(namespace);
        if name.len() > SHORT {
            names.long.push((name.to_owned(), index));
        }
        let kinds = names.controllers.entry(name.to_owned()).or_default();
        kinds.push((kind.to_owned(), index));
    }

    /// Adds what names of pods of this workload are like, by one of them.
    pub(super) fn add_like(&mut self, namespace: &str, pod: &str, workload: u32) {
        let pattern = names::pattern(pod);
        if pattern != pod {
            add(&mut self.names(namespace).patterns, &pattern, workload);
        }
    }

    /// Adds what names of pods of this workload have in them.
    pub(super) fn add_stem(&mut self, namespace: &str, stem: &str, workload: u32) {
        if !stem.is_empty() {
            add(&mut self.names(namespace).stems, stem, workload);
        }
    }

    /// Adds what names of pods of this workload begin with, up to one last part.
    pub(super) fn add_prefix(&mut self, namespace: &str, prefix: &str, workload: u32) {
        add(&mut self.names(namespace).prefixes, prefix, workload);
    }

    fn names(&mut self, namespace: &str) -> &mut Names {
        self.namespaces.entry(namespace.to_owned()).or_default()
    }
}

/// kube-state-metrics says `<none>` of what has no owner.
fn is_named(kind: &str, name: &str) -> bool {
    !kind.is_empty() && !name.is_empty() && kind != "<none>" && name != "<none>"
}

impl Names {
    /// The workload of a controller, which may itself be gone.
    fn controller(&self, kind: &str, name: &str) -> Option<u32> {
        let mut at = (kind.to_owned(), name.to_owned());
        for _ in 0..8 {
            let kinds = self.controllers.get(&at.1).into_iter().flatten();
            if let Some(workload) = single(kinds.filter(|(kind, _)| *kind == at.0)) {
                return Some(workload);
            }
            at = match self.learned_owners.get(&at) {
                Some(owner) => owner.clone(),
                None => made_by(&at.0, &at.1)?,
            };
        }
        None
    }

    /// The longest match wins; a name that fits several workloads fits none.
    fn by_pattern(&self, pod: &str) -> Option<u32> {
        let mut bases = names::bases(pod).peekable();
        while let Some((base, shape)) = bases.next() {
            let mut shapes = vec![shape];
            while let Some((_, shape)) = bases.next_if(|(same, _)| *same == base) {
                shapes.push(shape);
            }
            let kinds = self.controllers.get(base).into_iter().flatten();
            let mut fitting = kinds
                .filter(|(kind, _)| shapes.iter().any(|shape| shape.fits(kind)))
                .peekable();
            if fitting.peek().is_some() {
                return single(fitting);
            }
        }
        let cut = names::cut_base(pod)?;
        let fits = |name: &str| name.starts_with(cut) || cut.starts_with(name);
        single(self.long.iter().filter(|(name, _)| fits(name)))
    }
}

/// What is of several workloads is of none.
fn add(names: &mut HashMap<String, Option<u32>>, name: &str, workload: u32) {
    let held = names.entry(name.to_owned()).or_insert(Some(workload));
    if *held != Some(workload) {
        *held = None;
    }
}

impl Names {
    fn by_stem(&self, pod: &str) -> Option<(u32, MappedBy)> {
        let pattern = self.patterns.get(&names::pattern(pod));
        let stem = || self.stems.get(&names::stem(pod));
        let prefix = || self.prefixes.get(pod.rsplit_once('-')?.0);
        let found = pattern.or_else(stem).or_else(prefix);
        let workload = found.copied().flatten();
        workload.map(|workload| (workload, MappedBy::Name))
    }
}

/// The one workload that all of these are of.
fn single<'a>(mut found: impl Iterator<Item = &'a (String, u32)>) -> Option<u32> {
    let (_, first) = found.next()?;
    found.all(|(_, other)| other == first).then_some(*first)
}

/// What made a controller, by its name alone.
fn made_by(kind: &str, name: &str) -> Option<(String, String)> {
    let (kind, name) = match kind {
        "ReplicaSet" => ("Deployment", names::deployment_of(name)?),
        "Job" => ("CronJob", names::cron_job_of(name)?),
        _ => return None,
    };
    Some((kind.to_owned(), name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(controllers: &[(&str, &str, u32)]) -> PodIndex {
        let mut index = PodIndex::default();
        for (kind, name, workload) in controllers {
            index.add_controller("shop", kind, name, *workload);
        }
        index
    }

    #[test]
    fn pods_that_are_gone_are_known_by_their_names() {
        let index = index(&[
            ("Deployment", "api", 0),
            ("StatefulSet", "db", 1),
            ("DaemonSet", "agent", 2),
            ("CronJob", "nightly", 3),
            ("Job", "import", 4),
        ]);
        for (pod, workload) in [
            ("api-7d764666f9-qdcxt", Some(0)),
            ("db-12", Some(1)),
            ("agent-2fcvx", Some(2)),
            ("nightly-29386440-x7k2p", Some(3)),
            ("import-x7k2p", Some(4)),
            ("import-3-x7k2p", Some(4)),
            ("api-0", None),
            ("db-2fcvx", None),
            ("db", None),
        ] {
            assert_eq!(index.workload("shop", pod), workload, "{pod}");
        }
        assert_eq!(index.workload("other", "db-0"), None);
    }

    #[test]
    fn the_longest_name_wins_and_a_tie_is_no_match() {
        let index = index(&[
            ("Deployment", "api", 0),
            ("DaemonSet", "api-7d764666f9", 1),
            ("DaemonSet", "twin", 2),
            ("Job", "twin", 3),
        ]);
        assert_eq!(index.workload("shop", "api-7d764666f9-qdcxt"), Some(1));
        assert_eq!(index.workload("shop", "twin-x7k2p"), None);
    }

    #[test]
    fn what_metrics_say_goes_before_names() {
        let mut index = index(&[("Deployment", "api", 0), ("Deployment", "web", 1)]);
        index.learn_pod("shop", "api-7d764666f9-qdcxt", "ReplicaSet", "odd");
        index.learn_owner("shop", ("ReplicaSet", "odd"), ("Deployment", "web"));
        index.learn_pod(
            "shop",
            "api-7d764666f9-zzzzz",
            "ReplicaSet",
            "api-7d764666f9",
        );
        index.learn_pod("shop", "api-7d764666f9-bbbbb", "<none>", "<none>");
        index.add_pod("shop", "api-7d764666f9-known", 0);
        let find = |pod| index.find("shop", pod);
        assert_eq!(find("api-7d764666f9-qdcxt"), Some((1, MappedBy::Metrics)));
        assert_eq!(find("api-7d764666f9-zzzzz"), Some((0, MappedBy::Metrics)));
        assert_eq!(find("api-7d764666f9-bbbbb"), Some((0, MappedBy::Name)));
        assert_eq!(find("api-7d764666f9-known"), Some((0, MappedBy::Owner)));
        let tally = index.tally([("shop", "api-7d764666f9-known"), ("shop", "no")]);
        assert_eq!((tally.by_owner, tally.unknown), (1, 1));
    }

    #[test]
    fn names_cut_to_fit_are_still_known() {
        let name = format!("very-{}", "long".repeat(11));
        let index = index(&[("Deployment", &name, 0)]);
        let cut: String = format!("{name}-7d764666f9-").chars().take(58).collect();
        assert_eq!(index.workload("shop", &format!("{cut}7k2px")), Some(0));
    }
}
