use super::effective::{self, Amount};
use super::place::{Place, Places};
use super::severity::severity;
use super::waste::Sums;
use super::{Bill, Book, Rates, Total, WorkloadBill, unknown_runs};
use crate::profile::Profile;
use crate::recommend::{Advised, WorkloadAdvice};
use crate::snapshot::{ContainerKind, Snapshot, Workload};
use crate::units::{Bytes, Cpu, HOURS_PER_MONTH, Money, known};

/// What the cluster costs now, and once the advice is followed.
///
/// A workload costs what its pods request, at the rates of the nodes they are
/// on, or the size that they are sold in: see [`Places::of`] for which pods count and [`effective`] for what one
/// requests. Devices cost the same before and after; nothing advises on them.
/// Cores and bytes are what the pods of now request, whatever the window.
/// `freed` is the difference over all workloads, those that need more taken off,
/// so it is never above the bill. It is of all sizes that are advised, those of workloads
/// included of which too little is known for a verdict as a whole.
pub fn price(snapshot: &Snapshot, profiles: &[Profile], advised: &Advised, prices: &Book) -> Bill {
    let of_nodes = prices.prices(&snapshot.cluster.nodes);
    let places = Places::new(&snapshot.cluster, &of_nodes, prices);
    let mut bill = Bill {
        currency: prices.currency(),
        source: prices.main_source(&of_nodes),
        description: prices.told(&snapshot.cluster.nodes, &of_nodes),
        workloads: Vec::with_capacity(snapshot.workloads.len()),
        ..Bill::default()
    };
    let (mut blind, mut runs) = (false, Vec::new());
    let each = snapshot.workloads.iter().zip(&advised.workloads);
    for (workload, advice) in each {
        let places = places.of(snapshot, advice, profiles, workload);
        let is_blind = |it: &Place| it.gpus > 0.0 && it.rates.gpu_hour.is_none();
        blind |= places.iter().any(is_blind);
        if workload.is_batch() && places.iter().any(|it| it.pods > 0.0) {
            runs.push(workload);
        }
        let mut wasted = Sums::default();
        wasted.add(workload, advice, profiles, &places);
        let own = WorkloadBill {
            wasted: wasted.in_hundredths(),
            ..in_hundredths(of(workload, advice, profiles, &places))
        };
        bill.workloads.push(own);
    }
    // Those of nodes are told with these.
    if blind && snapshot.cluster.nodes.is_empty() {
        let text = prices.without_price("GPUs that pods request");
        bill.description.push_str("; ");
        bill.description.push_str(&text);
    }
    for text in unknown_runs(places.homes(), runs.into_iter(), prices) {
        bill.description.push_str("; ");
        bill.description.push_str(&text);
    }
    let all = bill.part(0..bill.workloads.len());
    Bill {
        cpu: all.cpu,
        memory: all.memory,
        current: all.current,
        recommended: all.recommended,
        freed: all.freed(),
        freed_of_sold: all.freed_of_sold,
        waste: all.waste,
        ..bill
    }
}

/// As it is shown: each workload is rounded once, and whatever is told of several is the sum
/// of theirs, so that no two views of the same workloads differ.
fn in_hundredths(bill: WorkloadBill) -> WorkloadBill {
    let current = bill.current.to_cents();
    WorkloadBill {
        current,
        // By what is freed, which is above, at or below zero as it was.
        recommended: current - bill.savings().to_cents(),
        gpus: bill.gpus.to_cents().min(current),
        freed_of_sold: bill.freed_of_sold.to_cents(),
        ..bill
    }
}

/// What one workload costs, without what of it is wasted.
fn of(
    workload: &Workload,
    advice: &WorkloadAdvice,
    profiles: &[Profile],
    places: &[Place],
) -> WorkloadBill {
    let before = effective::now(workload);
    let after = effective::after(workload, advice);
    let mut bill = WorkloadBill::default();
    let mut present = 0.0;
    for place in places {
        let next = place.after(before, after, advice);
        bill.cpu.grow(place.requests.cpu, next.cpu, place.present);
        bill.memory
            .grow(place.requests.memory, next.memory, place.present);
        let now = monthly(
            place.paid(place.requests),
            place.gpus,
            &place.rates,
            place.pods,
        );
        let then = monthly(place.paid(next), place.gpus, &place.rates, place.pods);
        bill.current += now;
        bill.recommended += then;
        bill.gpus += monthly(Amount::default(), place.gpus, &place.rates, place.pods);
        if place.sold.is_some() {
            bill.freed_of_sold += now - then;
        }
        present += place.present;
    }
    let (cpu, memory) = used(workload, advice, profiles);
    bill.cpu.used_mean = cpu.map(|it| it.scale(present));
    bill.memory.used_mean = memory.map(|it| it.scale(present));
    bill.severity = severity(workload, advice, profiles, bill.savings());
    bill
}

impl Total<Cpu> {
    fn grow(&mut self, now: Cpu, next: Cpu, pods: f64) {
        self.requested = self.requested.plus(now.scale(pods));
        self.recommended = self.recommended.plus(next.scale(pods));
    }
}

impl Total<Bytes> {
    fn grow(&mut self, now: Bytes, next: Bytes, pods: f64) {
        self.requested = self.requested.plus(now.scale(pods));
        self.recommended = self.recommended.plus(next.scale(pods));
    }
}

/// What `pods` pods cost a month.
fn monthly(amount: Amount, gpus: f64, rates: &Rates, pods: f64) -> Money {
    Money::from_f64(
        (rates.hourly(amount.cpu, amount.memory) + rates.devices(gpus)) * pods * HOURS_PER_MONTH,
    )
}

/// Mean use of one pod: its containers and sidecars; what runs once at its
/// start is over.
fn used(
    workload: &Workload,
    advice: &WorkloadAdvice,
    profiles: &[Profile],
) -> (Option<Cpu>, Option<Bytes>) {
    let mut cpu = None;
    let mut memory = None;
    for advised in &advice.containers {
        let container = workload.containers.get(advised.container);
        let runs = container.is_some_and(|container| container.kind != ContainerKind::Init);
        if let Some(profile) = profiles.get(advised.profile).filter(|_| runs) {
            cpu = known(cpu, profile.cpu.as_ref().map(|it| it.mean), Cpu::plus);
            let mean = profile.memory.as_ref().map(|it| it.mean);
            memory = known(memory, mean, Bytes::plus);
        }
    }
    (cpu, memory)
}
