//! Fewer workloads to tell of, by what all of them have taught.

use super::Evidence;
use crate::cohort::Cohorts;
use crate::profile::Profile;
use crate::recommend::Advised;

impl Evidence {
    /// Leaves only what is about these workloads: one `bool` for each, in their order.
    ///
    /// Sizes stay what they are: who asks about one namespace gets the advice that the
    /// whole cluster gives. What may happen to nodes is about all their pods.
    pub fn retain(&mut self, kept: &[bool]) {
        let workloads = Places::of(kept.iter().copied());
        let of_profile = |profile: &Profile| workloads.now(profile.workload).is_some();
        let profiles = Places::of(self.profiles.iter().map(of_profile));
        self.profiles.retain(of_profile);
        for profile in &mut self.profiles {
            profile.workload = workloads.moved(profile.workload);
        }
        let cohorts = narrow_cohorts(&mut self.cohorts, &profiles);
        narrow_advice(&mut self.advised, &workloads, &profiles, &cohorts);
        self.risks.retain(|workload| workloads.now(workload));
        self.peaks.retain(|it| workloads.now(it.workload).is_some());
        for peak in &mut self.peaks {
            peak.workload = workloads.moved(peak.workload);
        }
        self.gpus.retain(kept);
        // They are of all workloads.
        self.costs = None;
    }
}

/// Where what is kept stands afterwards.
struct Places(Vec<Option<usize>>);

impl Places {
    fn of(kept: impl Iterator<Item = bool>) -> Self {
        let mut next = 0..;
        Self(
            kept.map(|kept| if kept { next.next() } else { None })
                .collect(),
        )
    }

    fn now(&self, old: usize) -> Option<usize> {
        self.0.get(old).copied().flatten()
    }

    /// Of what is known to be kept.
    fn moved(&self, old: usize) -> usize {
        self.now(old).unwrap_or_default()
    }
}

/// Says where each group stands afterwards; those without a member are gone.
fn narrow_cohorts(cohorts: &mut Cohorts, profiles: &Places) -> Places {
    for group in &mut cohorts.groups {
        let members = group.members.iter();
        group.members = members.filter_map(|member| profiles.now(*member)).collect();
    }
    let places = Places::of(cohorts.groups.iter().map(|group| !group.members.is_empty()));
    cohorts.groups.retain(|group| !group.members.is_empty());
    let of_profile = cohorts.of_profile.iter().enumerate();
    cohorts.of_profile = of_profile
        .filter(|(profile, _)| profiles.now(*profile).is_some())
        .map(|(_, group)| group.and_then(|group| places.now(group)))
        .collect();
    places
}

fn narrow_advice(advised: &mut Advised, workloads: &Places, profiles: &Places, cohorts: &Places) {
    advised
        .workloads
        .retain(|advice| workloads.now(advice.workload).is_some());
    for advice in &mut advised.workloads {
        advice.workload = workloads.moved(advice.workload);
        advice.cohort = advice.cohort.and_then(|group| cohorts.now(group));
        for container in &mut advice.containers {
            container.profile = profiles.moved(container.profile);
        }
    }
    if let Some(risk) = &mut advised.node_risk {
        let fill = risk.fill_a_node.iter();
        risk.fill_a_node = fill
            .filter_map(|workload| workloads.now(*workload))
            .collect();
    }
}
