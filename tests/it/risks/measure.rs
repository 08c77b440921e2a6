//! What the promises of the checks are worth on a real trace, where `KCOST_TEST_DATA`
//! names the folder with it: 60 machines over a month.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kcost::cohort::Cohorts;
use kcost::profile::profile;
use kcost::recommend::Advised;
use kcost::risk::{Leak, Memory, Seen, replay};
use kcost::snapshot::{Node, Resources, Snapshot};
use kcost::units::{Bytes, Span};

use crate::common::skipped;
use crate::demo::DEMO;
use crate::made::{container, workload};
use crate::played::{cluster, play};

/// Slots a day: half hours, of memory the largest.
const DAY: usize = 48;

/// Memory of each machine in bytes, half hour by half hour; `NaN` where nothing is known.
fn trace() -> Option<Vec<Vec<f64>>> {
    let folder = std::env::var_os("KCOST_TEST_DATA")?;
    let file = Path::new(&folder).join("bitbrains_rnd_2013-07_60vm.csv.gz");
    let raw = flate2::read::MultiGzDecoder::new(fs::File::open(file).ok()?);
    let mut all: BTreeMap<String, BTreeMap<i64, f64>> = BTreeMap::new();
    let mut reader = csv::Reader::from_reader(raw);
    for row in reader.records() {
        let row = row.unwrap();
        let (time, kib): (i64, f64) = (row[1].parse().unwrap(), row[3].parse().unwrap_or(f64::NAN));
        let slot = all.entry(row[0].to_owned()).or_default();
        let most = slot.entry(time / 1_800).or_insert(f64::NAN);
        *most = most.max(kib * 1024.0);
    }
    let first = all
        .values()
        .filter_map(|it| it.keys().next())
        .min()
        .copied()?;
    let series = all.into_values().map(|it| {
        let slots = 0..i64::try_from(30 * DAY).unwrap();
        slots
            .map(|slot| it.get(&(first + slot)).copied().unwrap_or(f64::NAN))
            .collect()
    });
    Some(series.collect())
}

/// A snapshot of series of equal length, each a Deployment of one pod with this limit.
fn snapshot(all: &[Vec<f64>], limit: impl Fn(usize) -> Option<f64>) -> Snapshot {
    let days = u32::try_from(all[0].len() / DAY).unwrap();
    let mut snapshot = cluster(days);
    for (number, series) in all.iter().enumerate() {
        let mut one = workload(
            "Deployment",
            &format!("vm-{number}"),
            1,
            vec![container("app", 100, 128)],
        );
        one.containers[0].limits = Resources {
            memory: limit(number).map(Bytes::from_f64),
            ..Resources::default()
        };
        // What stands is new: it did not hold anything back in the window.
        one.containers[0].ran_with = Some(kcost::snapshot::Sizes::default());
        play(&mut snapshot, one, |_, slot| {
            (0.1, series[usize::try_from(slot).unwrap()])
        });
    }
    snapshot
}

pub(super) fn look<T>(snapshot: &Snapshot, with: impl FnOnce(&Seen<'_>) -> T) -> T {
    let profiles = profile(snapshot);
    let cohorts = Cohorts::none(profiles.len());
    let advised = Advised {
        workloads: Vec::new(),
        node_risk: None,
    };
    with(&Seen::of(snapshot, &profiles, &cohorts, &advised))
}

fn leaks(snapshot: &Snapshot) -> Vec<Option<Leak>> {
    look(snapshot, |seen| {
        let all = seen.memory.iter().map(|it| match it {
            Memory::Leak(leak) => Some(*leak),
            _ => None,
        });
        all.collect()
    })
}

fn median(values: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|it| !it.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Adds so much a day of the median, from a slot on.
fn leaking(series: &[f64], share: f64, from: usize) -> Vec<f64> {
    let level = median(series);
    let slots = series.iter().enumerate();
    let rise = |slot: usize| f64::from(u32::try_from(slot.saturating_sub(from)).unwrap()) / 48.0;
    slots
        .map(|(slot, it)| it + level * share * rise(slot))
        .collect()
}

/// The least-squares line through all samples: slope a day, its t, R², and the value now.
fn line(series: &[f64]) -> (f64, f64, f64, f64) {
    let points: Vec<(f64, f64)> = series
        .iter()
        .enumerate()
        .filter(|(_, it)| it.is_finite())
        .map(|(at, it)| (f64::from(u32::try_from(at).unwrap()) / 48.0, *it))
        .collect();
    let n = f64::from(u32::try_from(points.len()).unwrap());
    let (mx, my) = (
        points.iter().map(|it| it.0).sum::<f64>() / n,
        points.iter().map(|it| it.1).sum::<f64>() / n,
    );
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in &points {
        xx += (x - mx).powi(2);
        xy += (x - mx) * (y - my);
        yy += (y - my).powi(2);
    }
    let slope = xy / xx;
    let left = (yy - slope * xy).max(0.0);
    let t = slope / (left / (n - 2.0) / xx).sqrt();
    let end = f64::from(u32::try_from(series.len()).unwrap()) / 48.0;
    (slope, t, slope * xy / yy, my + slope * (end - mx))
}

#[test]
#[expect(clippy::print_stderr, reason = "figures are what it is for")]
fn leaks_over_a_real_trace() {
    let Some(trace) = trace() else {
        return skipped("KCOST_TEST_DATA names no folder with real traces");
    };
    let windows = [0, 14 * DAY];
    let cut = |from: usize| -> Vec<Vec<f64>> {
        trace
            .iter()
            .map(|it| it[from..from + 14 * DAY].to_vec())
            .collect()
    };
    let mut false_alarms = 0;
    let mut by_line = (0, 0);
    for from in windows {
        let all = cut(from);
        false_alarms += leaks(&snapshot(&all, |_| None)).iter().flatten().count();
        by_line.0 += all.iter().filter(|it| line(it).1 > 3.3).count();
        by_line.1 += all
            .iter()
            .filter(|it| line(it).1 > 3.3 && line(it).2 > 0.5)
            .count();
    }
    eprintln!(
        "without a leak, of 120: kcost {false_alarms}, line t {}, and R² {}",
        by_line.0, by_line.1
    );
    assert!(false_alarms <= 6, "{false_alarms} of 120");
    for (share, least) in [(0.02, 0.4), (0.05, 0.7), (0.10, 0.8)] {
        let (mut line_found, mut line_sure, mut too_soon) = (0, 0, 0);
        let (mut own, mut straight) = (Vec::new(), Vec::new());
        let (mut inside, mut judged) = (0, 0);
        let all = cut(0);
        let leaky: Vec<Vec<f64>> = trace.iter().map(|it| leaking(it, share, 0)).collect();
        // Five days of the leak above the largest of the window: what is to come chooses nothing.
        let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
        let room = |number: usize| 5.0 * share * median(&trace[number]);
        let limits: Vec<f64> = (0..leaky.len())
            .map(|number| most(&leaky[number][..14 * DAY]) + room(number))
            .collect();
        let known: Vec<Vec<f64>> = leaky.iter().map(|it| it[..14 * DAY].to_vec()).collect();
        let told = leaks(&snapshot(&known, |number| Some(limits[number])));
        for (number, leak) in told.iter().enumerate() {
            let (slope, t, fit, now) = line(&known[number]);
            line_found += usize::from(t > 3.3);
            line_sure += usize::from(t > 3.3 && fit > 0.5);
            let ahead = &leaky[number][14 * DAY..];
            let end = f64::from(u32::try_from(ahead.len()).unwrap()) / 48.0;
            let hit = ahead.iter().position(|it| *it > limits[number]);
            let Some(leak) = leak else { continue };
            let (middle, early, late) = leak.days_to(Bytes::from_f64(limits[number]));
            judged += 1;
            let Some(hit) = hit else {
                // Not by the end of the trace: later than that is all that is known.
                inside += usize::from(late >= end);
                continue;
            };
            let truth = f64::from(u32::try_from(hit).unwrap()) / 48.0;
            own.push((middle.min(30.0) - truth).abs());
            straight.push((((limits[number] - now) / slope).clamp(0.0, 30.0) - truth).abs());
            inside += usize::from(early <= truth && truth <= late);
            too_soon += usize::from(late < truth);
        }
        let told = told.iter().flatten().count();
        eprintln!(
            "{:.0} % a day: found {told} of {} (line t {line_found}, and R² {line_sure}); days to the \
             limit off by {:.2}, line {:.2} ({} judged; {inside} of {judged} within the bounds, {too_soon} later)",
            share * 100.0,
            all.len(),
            median(&own),
            median(&straight),
            own.len(),
        );
        let rate = f64::from(u32::try_from(told).unwrap()) / 60.0;
        assert!(rate >= least, "{rate} at {share}");
        assert!(median(&own) <= median(&straight) + 0.25);
        assert!(2 * inside > judged, "{inside} of {judged} at {share}");
    }
    delays(&trace);
}

/// Days from the begin of a leak to where it is told, on the eighth day of 28.
#[expect(clippy::print_stderr, reason = "figures are what it is for")]
fn delays(trace: &[Vec<f64>]) {
    for share in [0.05, 0.10] {
        let leaky: Vec<Vec<f64>> = trace.iter().map(|it| leaking(it, share, 7 * DAY)).collect();
        let mut first: Vec<Option<usize>> = vec![None; leaky.len()];
        let mut by_line = first.clone();
        for day in 8..=28 {
            let from = (day * DAY).saturating_sub(14 * DAY);
            let known: Vec<Vec<f64>> = leaky
                .iter()
                .map(|it| it[from..day * DAY].to_vec())
                .collect();
            let told = leaks(&snapshot(&known, |_| None));
            for (number, leak) in told.iter().enumerate() {
                if leak.is_some() {
                    first[number].get_or_insert(day - 7);
                }
                let (_, t, fit, _) = line(&known[number]);
                if t > 3.3 && fit > 0.5 {
                    by_line[number].get_or_insert(day - 7);
                }
            }
        }
        let days = |all: &[Option<usize>]| {
            let known = all
                .iter()
                .map(|it| it.map_or(99.0, |it| f64::from(u32::try_from(it).unwrap())));
            median(&known.collect::<Vec<_>>())
        };
        let found = |all: &[Option<usize>]| all.iter().flatten().count();
        eprintln!(
            "{:.0} % a day from the 8th day: told {} days after ({} of 60), line with R² {} ({})",
            share * 100.0,
            days(&first),
            found(&first),
            days(&by_line),
            found(&by_line)
        );
    }
}

/// What was said, and how often it happened.
#[derive(Default)]
struct Reliability([(f64, f64, f64); 6]);

impl Reliability {
    const EDGES: [f64; 7] = [0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 1.01];

    fn add(&mut self, said: f64, happened: bool) {
        let place = Self::EDGES.partition_point(|edge| *edge <= said) - 1;
        let bin = &mut self.0[place.min(5)];
        bin.0 += 1.0;
        bin.1 += said;
        bin.2 += f64::from(u8::from(happened));
    }

    #[expect(clippy::print_stderr, reason = "figures are what it is for")]
    fn tell(&self, of: &str) {
        for (place, (count, said, happened)) in self.0.iter().enumerate() {
            if *count > 0.0 {
                eprintln!(
                    "{of}: said {:.0}-{:.0} % ({:.1} % on average), happened {:.1} % of {count}",
                    Self::EDGES[place] * 100.0,
                    Self::EDGES[place + 1].min(1.0) * 100.0,
                    said / count * 100.0,
                    happened / count * 100.0
                );
            }
        }
    }

    /// More happened than was said, beyond what chance and overlap of windows explain.
    fn is_kept(&self) -> bool {
        self.0.iter().all(|(count, said, happened)| {
            // Windows of one machine overlap: as of a third as many.
            let sd = (said * (1.0 - said / count.max(1.0)).max(0.01) * 3.0).sqrt();
            *count < 10.0 || *happened <= said + 3.0 * sd + 1.0
        })
    }
}

/// Whether what is said to happen within a week does.
fn replayed(all: &[Vec<f64>], fit: usize, origins: &[usize]) -> Reliability {
    let mut table = Reliability::default();
    for day in origins {
        let known: Vec<Vec<f64>> = all
            .iter()
            .map(|it| it[(day - fit) * DAY..day * DAY].to_vec())
            .collect();
        look(&snapshot(&known, |_| None), |seen| {
            for pool in &seen.pools {
                let number: usize = pool
                    .workload
                    .id
                    .name
                    .trim_start_matches("vm-")
                    .parse()
                    .unwrap();
                let Some(memory) = &pool.profile.memory else {
                    continue;
                };
                let ahead = &all[number][day * DAY..(day + 7) * DAY];
                let next = ahead.iter().copied().fold(0.0, f64::max);
                for factor in [1.02, 1.05, 1.1, 1.25, 1.5, 2.0] {
                    let limit = memory.max.to_f64() * factor;
                    if let Some(said) = seen.chances.beyond(&memory.daily_peaks, limit, 7.0) {
                        table.add(said, next > limit);
                    }
                }
            }
        });
    }
    table
}

#[test]
fn what_is_said_to_happen_within_a_week_does_as_often() {
    let Some(trace) = trace() else {
        return skipped("KCOST_TEST_DATA names no folder with real traces");
    };
    let origins: Vec<usize> = (14..=22).step_by(2).collect();
    let table = replayed(&trace, 14, &origins);
    table.tell("trace, 14 d");
    assert!(table.is_kept());
    let short = replayed(&trace, 5, &[5, 8, 11, 14, 17, 20, 23]);
    short.tell("trace, 5 d");
    // Leaks: with one in three as it is, and the others leaking.
    let mut table = Reliability::default();
    let leaky: Vec<Vec<f64>> = trace
        .iter()
        .enumerate()
        .map(|(number, it)| match number % 3 {
            0 => it.clone(),
            1 => leaking(it, 0.03, 0),
            _ => leaking(it, 0.08, 0),
        })
        .collect();
    for day in origins {
        let known: Vec<Vec<f64>> = leaky
            .iter()
            .map(|it| it[(day - 14) * DAY..day * DAY].to_vec())
            .collect();
        look(&snapshot(&known, |_| None), |seen| {
            for (number, (pool, memory)) in seen.pools.iter().zip(&seen.memory).enumerate() {
                let (Memory::Leak(leak), Some(profile)) = (memory, &pool.profile.memory) else {
                    continue;
                };
                let ahead = &leaky[number][day * DAY..(day + 7) * DAY];
                let next = ahead.iter().copied().fold(0.0, f64::max);
                for factor in [1.05, 1.1, 1.2, 1.35, 1.5] {
                    let limit = Bytes::from_f64(leak.course.now * factor);
                    let said = leak.reaches(&profile.daily_peaks, limit, 7.0, &seen.chances);
                    table.add(said, next > limit.to_f64());
                }
            }
        });
    }
    table.tell("leaks");
}

/// Ten machines a node, as if they were its pods, on nodes of several sizes.
#[test]
#[expect(clippy::print_stderr, reason = "figures are what it is for")]
fn what_is_said_of_nodes_comes_as_often() {
    let Some(trace) = trace() else {
        return skipped("KCOST_TEST_DATA names no folder with real traces");
    };
    let (mut said, mut came, mut times) = (0.0, 0.0, 0.0);
    for room in [0.95, 1.0, 1.05, 1.1, 1.2, 1.35] {
        let mut whole = snapshot(&trace, |_| None);
        for (number, workload) in whole.workloads.iter_mut().enumerate() {
            workload.pods[0].node = Some(format!("n{}", number / 10));
        }
        let node = |(number, own): (usize, &[Vec<f64>])| {
            let sum = |slot: usize| -> f64 { own.iter().map(|it| it[slot].max(0.0)).sum() };
            let most = (0..14 * DAY).map(sum).fold(0.0, f64::max);
            Node {
                name: format!("n{number}"),
                allocatable: Resources {
                    memory: Some(Bytes::from_f64(room * most)),
                    ..Resources::default()
                },
                ..Node::default()
            }
        };
        whole.cluster.nodes = trace.chunks(10).enumerate().map(node).collect();
        let replays = replay(&whole);
        let own = replays
            .kept
            .iter()
            .filter(|it| it.check == Some("node_memory_overcommit"));
        for kept in own {
            let own = f64::from(kept.times);
            eprintln!(
                "nodes of {room} of the peak: said {:.0}-{:.0} % ({:.0} %), {} of {own} came",
                kept.from * 100.0,
                kept.to * 100.0,
                kept.said * 100.0,
                kept.happened
            );
            said += kept.said * own;
            came += f64::from(kept.happened);
            times += own;
        }
        let unjudged = replays.unjudged.iter();
        let mut unjudged = unjudged.filter(|it| it.check == "node_pressure");
        // A trace of machines says nothing of the state of nodes.
        assert_eq!(unjudged.next().map(|it| it.times), Some(0));
    }
    eprintln!("nodes: {said:.0} were to be expected, {came} of {times} came");
    // Looks of one node overlap by six days of seven.
    let spread = (7.0 * said * (1.0 - said / times).max(0.05)).sqrt();
    assert!(
        times > 0.0 && came <= said + 3.0 * spread,
        "{came} of {times}, said {said}"
    );
}

/// The demo's own containers, and kills.
#[test]
fn the_demo_keeps_what_it_says() {
    if std::env::var_os("KCOST_TEST_DATA").is_none() {
        return skipped("KCOST_TEST_DATA is not set: the demo is replayed where traces are");
    }
    let mut table = Reliability::default();
    let grid = DEMO.usage.grid;
    for day in [14_u32, 17, 21] {
        let now = day * grid.per_day();
        let past = DEMO.as_of(now, Span::days(14));
        look(&past, |seen| {
            for pool in &seen.pools {
                let Some(memory) = &pool.profile.memory else {
                    continue;
                };
                let place = u32::try_from(pool.profile.workload).unwrap();
                let next = DEMO
                    .usage
                    .pool(place, &pool.container.name)
                    .flat_map(|it| {
                        let from = usize::try_from(now.saturating_sub(it.first)).unwrap();
                        let until =
                            usize::try_from((now + 7 * grid.per_day()).saturating_sub(it.first))
                                .unwrap();
                        let until = until.min(it.memory_bytes.len());
                        it.memory_bytes
                            .get(from.min(until)..until)
                            .unwrap_or_default()
                            .iter()
                            .copied()
                    })
                    .filter(|it| it.is_finite())
                    .fold(0.0_f32, f32::max);
                for factor in [1.02, 1.05, 1.1, 1.25, 1.5] {
                    let limit = memory.max.to_f64() * factor;
                    if let Some(said) = seen.chances.beyond(&memory.daily_peaks, limit, 7.0) {
                        table.add(said, f64::from(next) > limit);
                    }
                }
            }
        });
    }
    table.tell("demo");
}
