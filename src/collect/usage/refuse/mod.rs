//! Usage that cannot have been measured, taken out before anything is made of it.
//!
//! A running process holds memory, nothing uses more than its node has, and units
//! tell themselves by what they would mean. A source that breaks one of these says
//! nothing of its container, so that this one stays unknown, and a gap says why.

mod absurd;
mod bounds;
mod fault;
mod sift;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use rayon::prelude::{IntoParallelRefMutIterator, ParallelIterator};

use super::left_out::LeftOut;
use crate::snapshot::{Container, ContainerKind, Gap, Series, Snapshot, Usage};
use bounds::Bounds;
use fault::{Fault, Left};
use sift::{Sifted, sift};

/// One container of one workload, by the places of both.
type Place = (usize, usize);

/// What is left of the samples of one container, all its pods.
#[derive(Debug, Default)]
struct Pool {
    cpu: Left,
    memory: Left,
    /// Of single pods, with their names.
    faults: Vec<(String, Fault)>,
}

/// Takes out samples that cannot be, marks containers of which mostly such are
/// known, and says so in gaps. What was marked before stays marked.
pub fn refuse_impossible(snapshot: &mut Snapshot) {
    let mut usage = mem::take(&mut snapshot.usage);
    let mut sieve = Sieve::default();
    sieve.look_at(snapshot, &mut usage);
    let refused = sieve.conclude(snapshot);
    refused.forget(snapshot, &mut usage);
    snapshot.usage = usage;
}

/// What is found of usage that comes part by part, before anything can be said of it.
#[derive(Default)]
pub(crate) struct Sieve {
    absurd: LeftOut,
    pools: BTreeMap<Place, Pool>,
    touched: BTreeSet<u32>,
}

/// What was found of usage that cannot be.
pub(crate) struct Refused {
    /// Containers of which mostly such samples are known.
    faults: BTreeMap<Place, Fault>,
    /// Workloads with such a sample; the others can stay as they are read.
    touched: BTreeSet<u32>,
}

impl Sieve {
    /// Takes out samples that cannot be, whatever others say. Each series is looked at
    /// once.
    pub(crate) fn look_at(&mut self, snapshot: &Snapshot, usage: &mut Usage) {
        let sifted = sift_all(snapshot, usage.series.par_iter_mut());
        for (series, (absurd, sifted)) in usage.series.iter().zip(sifted) {
            if absurd > 0 || sifted.is_less() {
                self.touched.insert(series.workload);
            }
            let workload = snapshot.workloads.get(number(series));
            if let Some(workload) = workload.filter(|_| absurd > 0) {
                let name = format!("{}/{}", workload.id.namespace, series.pod);
                self.absurd.add(name, absurd);
            }
            if let Some(place) = place(series, snapshot) {
                self.pools
                    .entry(place)
                    .or_default()
                    .add(&series.pod, sifted);
            }
        }
    }

    /// Once all usage was looked at: marks containers, and says so in gaps.
    pub(crate) fn conclude(self, snapshot: &mut Snapshot) -> Refused {
        snapshot.gaps.extend(self.absurd.refused_values());
        let pools = self.pools;
        let mut refused: BTreeMap<Place, Fault> = BTreeMap::new();
        for (place, pool) in &pools {
            let fault = pool.refused();
            let fault = fault.or_else(|| units::too_small(container(snapshot, *place), pool));
            refused.extend(fault.map(|fault| (*place, fault)));
        }
        for place in units::all_too_small(&pools, &refused) {
            refused.entry(place).or_insert(Fault::TooSmallTogether);
        }
        let gaps = gaps(snapshot, &pools, &refused);
        snapshot.gaps.extend(gaps);
        for ((workload, container), fault) in &refused {
            let container = &mut snapshot.workloads[*workload].containers[*container];
            container.not_measured.get_or_insert(fault.to_string());
        }
        Refused {
            faults: refused,
            touched: self.touched,
        }
    }
}

impl Refused {
    /// Takes out of usage, as it was read, what the sieve did.
    pub(crate) fn take_out(&self, snapshot: &Snapshot, usage: &mut Usage) {
        let series = usage.series.par_iter_mut();
        sift_all(
            snapshot,
            series.filter(|it| self.touched.contains(&it.workload)),
        );
        self.forget(snapshot, usage);
    }

    /// Memory that is wrong in a way that shows only beside other containers.
    fn forget(&self, snapshot: &Snapshot, usage: &mut Usage) {
        for series in &mut usage.series {
            let fault = place(series, snapshot).and_then(|place| self.faults.get(&place));
            if fault.is_some_and(Fault::is_too_small) {
                series.memory_bytes.fill(f32::NAN);
            }
        }
    }
}

/// How many absurd values each series had, and what is left of it.
fn sift_all<'s>(
    snapshot: &Snapshot,
    series: impl ParallelIterator<Item = &'s mut Series>,
) -> Vec<(u64, Sifted)> {
    let bounds = Bounds::new(&snapshot.cluster);
    series
        .map(|series| {
            let absurd = absurd::take_out(series);
            let workload = snapshot.workloads.get(number(series));
            let bound = workload.map(|it| bounds.of(it, series));
            let sifted = bound.map_or_else(Sifted::default, |bound| sift(series, &bound));
            (absurd, sifted)
        })
        .collect()
}

/// The place of its workload.
fn number(series: &Series) -> usize {
    usize::try_from(series.workload).unwrap_or(usize::MAX)
}

/// Of what runs all the time: what runs once has no samples worth a word.
fn place(series: &Series, snapshot: &Snapshot) -> Option<Place> {
    let workload = number(series);
    let mut containers = snapshot.workloads.get(workload)?.containers.iter();
    let container = containers.position(|container| {
        container.name == series.container && container.kind != ContainerKind::Init
    })?;
    Some((workload, container))
}

fn container(snapshot: &Snapshot, (workload, container): Place) -> &Container {
    &snapshot.workloads[workload].containers[container]
}

impl Pool {
    fn add(&mut self, pod: &str, sifted: Sifted) {
        self.cpu.add(&sifted.cpu);
        self.memory.add(&sifted.memory);
        let faults = sifted.faults.into_iter();
        self.faults
            .extend(faults.map(|fault| (pod.to_owned(), fault)));
    }

    /// The worst that was said, where more of a column is taken out than left.
    fn refused(&self) -> Option<Fault> {
        let mut said = self.faults.iter().map(|(_, fault)| fault);
        let fault = said.find(|fault| {
            let left = if fault.is_of_cpu() {
                &self.cpu
            } else {
                &self.memory
            };
            left.refused > left.kept
        });
        fault.cloned()
    }
}

/// One for each kind of fault, with examples.
fn gaps(
    snapshot: &Snapshot,
    pools: &BTreeMap<Place, Pool>,
    refused: &BTreeMap<Place, Fault>,
) -> Vec<Gap> {
    let mut all: BTreeMap<&'static str, LeftOut> = BTreeMap::new();
    for (place, pool) in pools {
        let id = &snapshot.workloads[place.0].id;
        let name = &container(snapshot, *place).name;
        if let Some(fault) = refused.get(place) {
            let left_out = all.entry(fault.what()).or_default();
            left_out.add(format!("{name} in {id}"), 1);
            continue;
        }
        for (pod, fault) in &pool.faults {
            let left_out = all.entry(fault.what()).or_default();
            left_out.add(format!("{name} in {}/{pod}", id.namespace), 1);
        }
    }
    let gaps = all.into_iter();
    gaps.filter_map(|(what, left_out)| left_out.impossible(what))
        .collect()
}
