//! What belongs together for one workload, picked from all the stages.

use crate::pipeline::Analysis;
use crate::price::WorkloadBill;
use crate::profile::Profile;
use crate::recommend::{Advice, ContainerAdvice, HeapChange, PodAdvice, Sizing, WorkloadAdvice};
use crate::snapshot::{Container, Resources, Workload};
use crate::units::{Bytes, Cpu};

/// One workload and all that is said about it.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) workload: &'a Workload,
    pub(super) advice: &'a WorkloadAdvice,
    pub(super) bill: &'a WorkloadBill,
    pub(super) cohort: Option<&'a str>,
}

/// One container and all that is said about it.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) container: &'a Container,
    pub(super) advice: &'a ContainerAdvice,
    pub(super) profile: Option<&'a Profile>,
}

/// One field of a container's resources, now and advised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Field<T> {
    pub(super) now: Option<T>,
    pub(super) advice: Advice<T>,
}

impl<'a> Row<'a> {
    /// Every workload, by namespace, kind, name.
    pub(super) fn all(analysis: &'a Analysis<'a>) -> Vec<Self> {
        let groups = &analysis.cohorts.groups;
        let advised = analysis.advised.workloads.iter();
        advised
            .zip(&analysis.bill.workloads)
            .filter_map(|(advice, bill)| {
                let group = advice.cohort.and_then(|group| groups.get(group));
                Some(Self {
                    workload: analysis.snapshot.workloads.get(advice.workload)?,
                    advice,
                    bill,
                    cohort: group.map(|group| group.name.as_str()),
                })
            })
            .collect()
    }

    pub(super) fn parts(&self, analysis: &'a Analysis<'a>) -> Vec<Part<'a>> {
        let containers = &self.workload.containers;
        let part = |advice: &'a ContainerAdvice| {
            Some(Part {
                container: containers.get(advice.container)?,
                advice,
                profile: analysis.profiles.get(advice.profile),
            })
        };
        self.advice.containers.iter().filter_map(part).collect()
    }

    /// What the pod has as a whole, where it has sizes of its own.
    pub(super) fn pod(&self) -> Option<(Fields, &'a PodAdvice)> {
        let advice = self.advice.pod.as_ref()?;
        let (requests, limits) = (&self.workload.pod_requests, &self.workload.pod_limits);
        Some((Fields::new(requests, limits, &advice.sizing), advice))
    }

    /// Whether anything is to be changed.
    pub(super) fn changes(&self, analysis: &'a Analysis<'a>) -> bool {
        self.pod_changes() || self.parts(analysis).iter().any(Part::changes)
    }

    /// Whether anything of the pod as a whole is to be changed.
    pub(super) fn pod_changes(&self) -> bool {
        self.pod().is_some_and(|(fields, _)| fields.changes())
    }
}

impl Part<'_> {
    pub(super) fn cpu_request(&self) -> Field<Cpu> {
        self.fields().cpu_request
    }

    pub(super) fn cpu_limit(&self) -> Field<Cpu> {
        self.fields().cpu_limit
    }

    pub(super) fn memory_request(&self) -> Field<Bytes> {
        self.fields().memory_request
    }

    pub(super) fn memory_limit(&self) -> Field<Bytes> {
        self.fields().memory_limit
    }

    /// The variable that sizes its heap, where that is to be set.
    pub(super) fn heap_change(&self) -> Option<&HeapChange> {
        self.advice.heap.as_ref()?.change.as_ref()
    }

    /// The four fields.
    pub(super) fn fields(&self) -> Fields {
        let (requests, limits) = (&self.container.requests, &self.container.limits);
        Fields::new(requests, limits, &self.advice.sizing)
    }

    /// Whether anything is to be changed.
    pub(super) fn changes(&self) -> bool {
        self.fields().changes() || self.heap_change().is_some()
    }
}

/// The four fields of a container, or of a pod as a whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fields {
    pub(super) cpu_request: Field<Cpu>,
    pub(super) cpu_limit: Field<Cpu>,
    pub(super) memory_request: Field<Bytes>,
    pub(super) memory_limit: Field<Bytes>,
}

impl Fields {
    pub(super) fn new(requests: &Resources, limits: &Resources, sizing: &Sizing) -> Self {
        Self {
            cpu_request: Field::new(requests.cpu, sizing.cpu_request),
            cpu_limit: Field::new(limits.cpu, sizing.cpu_limit),
            memory_request: Field::new(requests.memory, sizing.memory_request),
            memory_limit: Field::new(limits.memory, sizing.memory_limit),
        }
    }

    /// Whether anything is to be changed.
    pub(super) fn changes(&self) -> bool {
        self.cpu_request.changes()
            || self.cpu_limit.changes()
            || self.memory_request.changes()
            || self.memory_limit.changes()
    }
}

impl<T: Copy + PartialEq> Field<T> {
    fn new(now: Option<T>, advice: Advice<T>) -> Self {
        Self { now, advice }
    }

    pub(super) fn after(&self) -> Option<T> {
        self.advice.after(self.now)
    }

    pub(super) fn changes(&self) -> bool {
        self.advice.name() != "keep" && self.after() != self.now
    }
}
