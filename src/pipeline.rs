//! The stages in order, nothing else. The only file that names them all.

use std::ops::Range;

use crate::cohort::{self, Cohorts};
use crate::costs::{self, Costs, Shares};
use crate::forecast::Measured;
use crate::gate::{self, Threshold};
use crate::gpu::{self, Gpus};
use crate::plan::{self, Banked, Promise, Saved, Unplanned};
use crate::price::{self, Bill};
use crate::profile::{self, Profile};
use crate::progress::Progress;
use crate::recommend::{self, Advised, Drafts, Load, Looks, Scheduled, Together};
use crate::risk::{self, Risks};
use crate::schedule::{self, Peak, Peaks};
use crate::snapshot::{Snapshot, Supply, Usage};
use crate::units::Money;

mod analysis;
mod narrow;
mod off_hours;

pub use analysis::{Analysis, Settings};
pub use off_hours::{OffHours, off_hours};

/// What is known of all workloads of a snapshot, whichever of them are asked for.
pub struct Evidence {
    pub profiles: Vec<Profile>,
    pub cohorts: Cohorts,
    pub advised: Advised,
    pub risks: Risks,
    pub peaks: Vec<Peak>,
    pub gpus: Gpus,
    /// What pods use of memory together; `None` where no node's is known.
    pub together: Option<Together>,
    /// Of the whole cluster, where it took them to look at accelerators.
    pub costs: Option<Costs>,
}

/// The same snapshot and settings give the same analysis, bit for bit.
pub fn analyze<'a>(
    snapshot: &'a Snapshot,
    settings: &'a Settings,
    progress: &dyn Progress,
) -> Analysis<'a> {
    let evidence = advise(snapshot, settings, progress);
    report(snapshot, evidence, settings, progress)
}

/// What there is to say of the workloads that are asked for, one `bool` for each; the
/// others teach, and are gone from the snapshot afterwards.
pub fn analyze_part<'a>(
    snapshot: &'a mut Snapshot,
    asked: &[bool],
    settings: &'a Settings,
    progress: &dyn Progress,
) -> Analysis<'a> {
    let evidence = advise(snapshot, settings, progress);
    report_part(snapshot, evidence, asked, settings, progress)
}

/// The same, where all workloads have taught already.
pub fn report_part<'a>(
    snapshot: &'a mut Snapshot,
    mut evidence: Evidence,
    asked: &[bool],
    settings: &'a Settings,
    progress: &dyn Progress,
) -> Analysis<'a> {
    let nodes = nodes(snapshot, &mut evidence, asked, settings, progress);
    if asked.contains(&false) {
        evidence.retain(asked);
        snapshot.retain(asked);
    }
    told(snapshot, evidence, nodes, settings, progress)
}

/// What is known of nodes before workloads that nobody asks for are left out.
struct Nodes {
    saved: Result<Saved, Unplanned>,
    /// Of the whole cluster.
    costs: Costs,
    /// Whether all workloads are asked for.
    whole: bool,
    /// For each threshold what its part of the cluster saves, where it takes that to judge it.
    within: Vec<Option<Saved>>,
}

fn nodes(
    snapshot: &Snapshot,
    evidence: &mut Evidence,
    asked: &[bool],
    settings: &Settings,
    progress: &dyn Progress,
) -> Option<Nodes> {
    settings.bank.then(|| {
        staged(progress, "repacking nodes", || {
            let costs = evidence.costs.take();
            let costs = costs
                .unwrap_or_else(|| costs::costs(snapshot, &evidence.profiles, &settings.prices));
            let promise = Promise::of(evidence.together.as_ref(), &settings.recommend);
            let options = plan::Options::default();
            let saved = |asked: &[bool]| {
                let advice = (&evidence.advised, asked);
                plan::saved(snapshot, &costs.nodes, advice, promise, &options)
            };
            let whole = !asked.contains(&false) && !snapshot.cluster.in_part;
            let scoped = |it: &&Threshold| it.scope.is_some() && it.rule.takes_plan();
            // What can go at today's requests is no merit of a part.
            let apart = !whole || settings.thresholds.iter().any(|it| scoped(&it));
            let today = apart
                .then(|| saved(&vec![false; asked.len()]).ok())
                .flatten();
            let of_part = |asked: &[bool]| {
                let saved = saved(asked)?;
                Ok(today.map_or(saved, |today| saved.beyond(today)))
            };
            let within = settings.thresholds.iter().map(|it| {
                let scope = it.scope.as_ref().filter(|_| scoped(&it))?;
                let both = snapshot.workloads.iter().zip(asked);
                let both = both.map(|(workload, asked)| *asked && scope.holds(workload));
                of_part(&both.collect::<Vec<bool>>()).ok()
            });
            Nodes {
                within: within.collect(),
                saved: if whole { saved(asked) } else { of_part(asked) },
                whole,
                costs,
            }
        })
    })
}

/// What containers use, and what workloads hold and use of accelerators.
///
/// # Errors
///
/// Where usage could not be read.
pub fn accelerators<S: Supply>(
    snapshot: &Snapshot,
    usage: &S,
    progress: &dyn Progress,
) -> Result<(Vec<Profile>, gpu::Gathered), S::Error> {
    let mut profiles = Vec::new();
    let mut gather = gpu::Gather::new(snapshot);
    staged(progress, "looking at accelerators", || {
        usage.each(&mut |workloads, usage| {
            profiles.extend(profile::profile_part(snapshot, workloads.clone(), usage));
            gather.add(workloads, usage);
        })
    })?;
    Ok((profiles, gather.done()))
}

/// What sizes there are to be, for whoever asks for nothing else.
pub struct Sizes {
    pub profiles: Vec<Profile>,
    pub cohorts: Cohorts,
    pub advised: Advised,
    /// What pods use of memory together; `None` where no node's is known.
    pub together: Option<Together>,
}

/// The stages that size.
pub fn size(snapshot: &Snapshot, settings: &Settings, progress: &dyn Progress) -> Sizes {
    match size_from(snapshot, &snapshot.usage, settings, progress) {
        Ok(sizes) => sizes,
        Err(never) => match never {},
    }
}

/// The same, with usage that comes part by part, on the grid of the snapshot.
///
/// # Errors
///
/// Where usage could not be read.
pub fn size_from<S: Supply>(
    snapshot: &Snapshot,
    usage: &S,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<Sizes, S::Error> {
    let Learned {
        profiles,
        cohorts,
        looks,
    } = learned(snapshot, usage, settings, progress, &mut |_, _| ())?;
    let (advised, together) = staged(progress, "sizing containers", || {
        let options = &settings.recommend;
        let drafts = recommend::draft(snapshot, &profiles, &cohorts, looks, options);
        let mut plans = drafts.plan(&Scheduled::new());
        usage.each(&mut |workloads, usage| plans.conclude(workloads.end, usage))?;
        Ok((plans.advised(), drafts.together()))
    })?;
    Ok(Sizes {
        profiles,
        cohorts,
        advised,
        together,
    })
}

/// What is known of usage before anything is planned.
struct Learned<'a> {
    profiles: Vec<Profile>,
    cohorts: Cohorts,
    looks: Looks<'a>,
}

/// Looks at usage for the first time, where others look at each part of it while it is at
/// hand.
fn learned<'a, S: Supply>(
    snapshot: &'a Snapshot,
    usage: &S,
    settings: &'a Settings,
    progress: &dyn Progress,
    others: &mut dyn FnMut(Range<usize>, &Usage),
) -> Result<Learned<'a>, S::Error> {
    let each = snapshot.workloads.iter().map(|it| it.containers.len());
    let mut profiles = Vec::with_capacity(each.sum());
    let mut looks = Looks::new(snapshot, &settings.recommend);
    staged(progress, "profiling usage", || {
        usage.each(&mut |workloads, usage| {
            let part = profile::profile_part(snapshot, workloads.clone(), usage);
            looks.add(usage, &part);
            others(workloads, usage);
            profiles.extend(part);
        })
    })?;
    let cohorts = staged(progress, "grouping workloads", || {
        cohort::group(snapshot, &profiles)
    });
    Ok(Learned {
        profiles,
        cohorts,
        looks,
    })
}

/// The stages that learn: the more workloads they see, the better.
pub fn advise(snapshot: &Snapshot, settings: &Settings, progress: &dyn Progress) -> Evidence {
    match advise_from(snapshot, &snapshot.usage, settings, progress) {
        Ok(evidence) => evidence,
        Err(never) => match never {},
    }
}

/// The same, with usage that comes part by part, on the grid of the snapshot.
///
/// # Errors
///
/// Where usage could not be read.
pub fn advise_from<S: Supply>(
    snapshot: &Snapshot,
    usage: &S,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<Evidence, S::Error> {
    let mut nodes = risk::Nodes::new(snapshot);
    let mut gather = gpu::Gather::new(snapshot);
    let mut measured = Measured::new(&snapshot.usage.grid);
    let Learned {
        profiles,
        cohorts,
        looks,
    } = learned(
        snapshot,
        usage,
        settings,
        progress,
        &mut |workloads, usage| {
            nodes.add(workloads.clone(), usage);
            if settings.beside {
                measured.add(snapshot, workloads.clone(), usage);
                gather.add(workloads, usage);
            }
        },
    )?;
    let (drafts, mut plans) = staged(progress, "sizing containers", || {
        let options = &settings.recommend;
        let drafts = recommend::draft(snapshot, &profiles, &cohorts, looks, options);
        let plans = drafts.plan(&Scheduled::new());
        (drafts, plans)
    });
    // Whoever looks at usage once more does so while each part is at hand.
    let mut search = risk::Search::new(snapshot, &profiles, &cohorts, nodes);
    let peaks = staged(progress, "looking for risks", || {
        let mut peaks = settings
            .beside
            .then(|| peaks(snapshot, &profiles, measured, settings));
        usage.each(&mut |workloads, usage| {
            let before = plans.so_far().workloads.len();
            plans.conclude(workloads.end, usage);
            let advised = plans.so_far();
            search.look(workloads, usage, advised);
            if let Some(peaks) = &mut peaks {
                peaks.look(usage, &advised.workloads[before..]);
            }
        })?;
        Ok(peaks.map_or_else(Vec::new, Peaks::found))
    })?;
    let (mut gpus, mut costs) = (Gpus::default(), None);
    if settings.beside {
        (gpus, costs) = staged(progress, "looking at accelerators", || {
            accelerated(snapshot, &profiles, gather, settings)
        });
    }
    let mut advised = plans.advised();
    resized(&peaks, &drafts, usage, &mut advised, &mut search)?;
    let (risks, together) = (search.found(), drafts.together());
    Ok(Evidence {
        profiles,
        cohorts,
        advised,
        risks,
        peaks,
        gpus,
        together,
        costs,
    })
}

/// What a schedule holds the peak of is sized for its load then, and looked at again.
fn resized<S: Supply>(
    peaks: &[Peak],
    drafts: &Drafts<'_>,
    usage: &S,
    advised: &mut Advised,
    search: &mut risk::Search<'_>,
) -> Result<(), S::Error> {
    let load = |peak: &Peak| {
        let (cpu, target) = (peak.load()?, peak.target());
        Some((peak.workload, Load { cpu, target }))
    };
    let scheduled: Scheduled = peaks.iter().filter_map(load).collect();
    if scheduled.is_empty() {
        return Ok(());
    }
    let mut plans = drafts.plan(&scheduled);
    let again = drafts.touched(&scheduled);
    plans.retain(|workload| again[workload]);
    usage.each(&mut |workloads, usage| {
        let before = plans.so_far().workloads.len();
        plans.conclude(workloads.end, usage);
        for advice in &plans.so_far().workloads[before..] {
            advised.workloads[advice.workload] = advice.clone();
        }
        let end = workloads.end.min(again.len());
        // What is no workload is looked at with the last of them.
        let at_hand = (workloads.start..end).filter(|it| again[*it] || it + 1 == again.len());
        for workload in at_hand {
            search.look_again(workload..workload + 1, usage, advised);
        }
    })
}

/// Those that may come, of which none is found yet.
fn peaks<'a>(
    snapshot: &'a Snapshot,
    profiles: &[Profile],
    measured: Measured,
    settings: &Settings,
) -> Peaks<'a> {
    let options = schedule::Options {
        clocks: schedule::clocks(snapshot, &settings.clock, &settings.recommend.policy),
        ..schedule::Options::default()
    };
    Peaks::new(snapshot, profiles, &settings.prices, measured, options)
}

/// What accelerators are held and used, with their money, where there are any, and the
/// costs that this is from.
fn accelerated(
    snapshot: &Snapshot,
    profiles: &[Profile],
    gather: gpu::Gather<'_>,
    settings: &Settings,
) -> (Gpus, Option<Costs>) {
    let seen = gather.done();
    let mut nodes = snapshot.cluster.nodes.iter();
    if seen.is_empty() && !nodes.any(|node| node.allocatable.gpus() > 0.0) {
        return (Gpus::default(), None);
    }
    let book = &settings.prices;
    let costs = costs::costs(snapshot, profiles, book);
    let options = gpu::Options {
        book,
        costs: &costs,
    };
    (Gpus::of(snapshot, seen, options), Some(costs))
}

/// The stages that tell, of the workloads that are in the snapshot and in the evidence.
pub fn report<'a>(
    snapshot: &'a Snapshot,
    mut evidence: Evidence,
    settings: &'a Settings,
    progress: &dyn Progress,
) -> Analysis<'a> {
    let asked = vec![true; snapshot.workloads.len()];
    let nodes = nodes(snapshot, &mut evidence, &asked, settings, progress);
    told(snapshot, evidence, nodes, settings, progress)
}

fn told<'a>(
    snapshot: &'a Snapshot,
    evidence: Evidence,
    nodes: Option<Nodes>,
    settings: &'a Settings,
    progress: &dyn Progress,
) -> Analysis<'a> {
    let Evidence {
        profiles,
        cohorts,
        advised,
        risks,
        peaks,
        gpus,
        together: _,
        costs: _,
    } = evidence;
    let bill = staged(progress, "pricing", || {
        price::price(snapshot, &profiles, &advised, &settings.prices)
    });
    let banked_within = nodes.as_ref().map_or_else(Vec::new, |it| {
        banked_within(snapshot, it, &bill, &settings.thresholds)
    });
    let banked = nodes.map(|it| Banked::new(&it.saved, &it.costs, &bill, &advised, it.whole));
    let shares = settings.by.as_ref();
    let shares = shares.map(|by| Shares::of(&bill, by, snapshot));
    let severities = bill.workloads.iter().map(|bill| bill.severity);
    let mut findings = recommend::findings(snapshot, &advised, severities);
    findings.extend(risks.findings());
    findings.extend(schedule::findings(&peaks));
    findings.extend(gpus.findings());
    findings.sort_by_key(|it| it.workload);
    let seen = gate::Seen {
        snapshot,
        profiles: &profiles,
        advised: &advised,
        bill: &bill,
        banked: banked.as_ref(),
        banked_within: &banked_within,
        risks: &risks,
    };
    let outcomes = gate::judge(&seen, &settings.thresholds, settings.min_judged);
    Analysis {
        snapshot,
        settings,
        profiles,
        cohorts,
        advised,
        bill,
        banked,
        shares,
        risks,
        peaks,
        gpus,
        findings,
        outcomes,
    }
}

/// What leaves the bill where the advice is followed in the scope of each threshold alone.
fn banked_within(
    snapshot: &Snapshot,
    nodes: &Nodes,
    bill: &Bill,
    thresholds: &[Threshold],
) -> Vec<Option<Money>> {
    let each = nodes.within.iter().zip(thresholds);
    let each = each.map(|(saved, threshold)| {
        let scope = threshold.scope.as_ref()?;
        let all = 0..bill.workloads.len();
        let part = bill.part(all.filter(|at| scope.holds(&snapshot.workloads[*at])));
        Some(plan::banked(saved.as_ref()?.monthly, &part, &nodes.costs))
    });
    each.collect()
}

/// Runs one stage and says how long it took.
fn staged<T>(progress: &dyn Progress, label: &str, stage: impl FnOnce() -> T) -> T {
    let _task = progress.task(label, None);
    stage()
}
