//! Known loads of one H200, alone and in pairs, where `KCOST_TEST_DATA` names the folder
//! with what was measured: whether each gets its state, and whether what pairs keep of
//! their rates is foretold.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use flate2::read::GzDecoder;
use kcost::gpu::{FITS, Load, Model, kept};
use serde_json::Value;

use super::{Pod, node, row, told, workload};
use crate::common::skipped;

fn lines(name: &str) -> Option<Vec<Value>> {
    let folder = PathBuf::from(std::env::var_os("KCOST_TEST_DATA")?);
    let file = std::fs::File::open(folder.join(name)).ok()?;
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).ok()?;
    let each = text.lines().map(|line| serde_json::from_str(line).unwrap());
    Some(each.collect())
}

/// Samples by phase.
type Phases = BTreeMap<String, Vec<Value>>;

pub(super) fn phases() -> Option<Phases> {
    let mut phases = Phases::new();
    for line in lines("gpu_h200_loads.samples.jsonl.gz")? {
        if let Some(phase) = line["phase"].as_str() {
            phases
                .entry(phase.to_owned())
                .or_default()
                .push(line.clone());
        }
    }
    Some(phases)
}

/// What each program of a phase finished a second.
fn rates() -> Option<BTreeMap<String, Vec<f64>>> {
    let all = lines("gpu_h200_loads.rates.jsonl.gz")?
        .into_iter()
        .map(|line| {
            let rates = line["rate"].as_object().unwrap().values();
            let rates = rates.map(|it| it.as_f64().unwrap()).collect();
            (line["phase"].as_str().unwrap().to_owned(), rates)
        });
    Some(all.collect())
}

pub(super) const TOTAL: f64 = 150_754_820_096.0;

pub(super) fn number(sample: &Value, key: &str) -> f64 {
    sample[key].as_f64().unwrap()
}

/// Pods of the loads that ran alone, each sample over and over, to so many.
pub(super) fn pods(phases: &Phases, samples: usize) -> Vec<Pod> {
    let alone = phases.iter().filter(|(name, _)| is_load(name));
    let pod = |(name, all): (&String, &Vec<Value>)| {
        let rows = all.iter().cycle().take(samples).map(|sample| {
            let percent = |key: &str| number(sample, key) / 100.0;
            row(
                1.0,
                &[
                    ("gpu_utilization", percent("gr_engine")),
                    ("gpu_sm_active", percent("sm_active")),
                    ("gpu_tensor_active", percent("tensor")),
                    ("gpu_dram_active", percent("dram")),
                    ("gpu_power_watts", number(sample, "power_w")),
                    ("gpu_memory_bytes", number(sample, "fb_used")),
                    ("gpu_memory_total_bytes", TOTAL),
                ],
            )
        });
        Pod::new(name, rows.collect())
    };
    alone.map(pod).collect()
}

fn is_load(phase: &str) -> bool {
    !phase.contains('+') && phase != "empty" && phase != "between"
}

/// What each load is known to be.
pub(super) const KNOWN: [(&str, &str); 12] = [
    ("copy", "bandwidth_bound"),
    ("decode-1", "underused"),
    ("decode-64", "underused"),
    ("gemm", "saturated"),
    ("held", "held"),
    ("sparse-requests", "underused"),
    ("tiny", "underused"),
    ("train", "saturated"),
    ("train-small", "underused"),
    ("train-starved", "starved"),
    ("vision-1", "underused"),
    ("vision-128", "saturated"),
];

pub(super) fn check_states(report: &Value) {
    let found: Vec<(&str, &str)> = KNOWN
        .iter()
        .map(|(name, _)| (*name, workload(report, name)["state"].as_str().unwrap()))
        .collect();
    assert_eq!(found, KNOWN);
}

#[test]
fn known_loads_get_their_states_from_a_table() {
    let Some(phases) = phases() else {
        return skipped("KCOST_TEST_DATA names no folder with loads of GPUs");
    };
    let node = node("n0", "NVIDIA-H200", "nvidia.com/gpu", 12);
    // As they were sampled, and as long as a run takes.
    for (samples, step) in [(12, 60), (12, 300), (480, 30)] {
        check_states(&told(&pods(&phases, samples), &node, step, &[]));
    }
}

#[test]
fn power_stands_for_what_profiling_does_not_tell() {
    let Some(phases) = phases() else {
        return skipped("KCOST_TEST_DATA names no folder with loads of GPUs");
    };
    let node = node("n0", "NVIDIA-H200", "nvidia.com/gpu", 12);
    let mut pods = pods(&phases, 480);
    for (_, cells) in pods.iter_mut().flat_map(|pod| &mut pod.rows) {
        // Without multiprocessors, tensor units and memory.
        cells[1..4].fill(String::new());
    }
    let report = told(&pods, &node, 30, &[]);
    for (name, known) in KNOWN {
        let it = workload(&report, name);
        // That memory is what holds it back is told by profiling alone.
        let known = if name == "copy" { "right_sized" } else { known };
        assert_eq!(it["state"], known, "{name}: {it:#}");
        if !matches!(known, "held") {
            assert_eq!(it["use"]["full_from"], "power", "{name}");
        }
    }
}

/// The loads of a pair, and what each kept.
struct Pair {
    loads: [Load; 2],
    names: [String; 2],
    kept: [f64; 2],
}

fn pairs() -> Option<Vec<Pair>> {
    let (phases, rates) = (phases()?, rates()?);
    let load = |name: &str| {
        let all = &phases[name];
        let mean = |key: &str| {
            let sum: f64 = all.iter().map(|it| number(it, key)).sum();
            sum / kcost::units::len_f64(all.len()) / 100.0
        };
        Load {
            busy: mean("gr_engine"),
            full: mean("sm_active").max(mean("dram")),
        }
    };
    let pairs = rates.iter().filter_map(|(phase, together)| {
        let (a, b) = phase.split_once('+')?;
        Some(Pair {
            loads: [load(a), load(b)],
            names: [a.to_owned(), b.to_owned()],
            kept: [together[0] / rates[a][0], together[1] / rates[b][0]],
        })
    });
    Some(pairs.collect())
}

/// Models on a grid of α and σ, with their squares on each pair.
fn models(pairs: &[Pair]) -> Vec<(Model, Vec<f64>)> {
    let grid = (6..=20).flat_map(|alpha| (12..=35).map(move |sigma| (alpha, sigma)));
    let models = grid.map(|(alpha, sigma)| Model {
        alpha: f64::from(alpha) / 20.0,
        sigma: f64::from(sigma) / 100.0,
    });
    let squares = |model: &Model, pair: &Pair| -> f64 {
        let said = model.rates(&pair.loads);
        // More than alone is a run that was lucky.
        let each = said.into_iter().zip(pair.kept);
        each.map(|(said, kept)| (said - kept.min(1.0)).powi(2))
            .sum()
    };
    let each = models.map(|model| (model, pairs.iter().map(|it| squares(&model, it)).collect()));
    each.collect()
}

/// Least squares of all pairs but one.
fn fit(models: &[(Model, Vec<f64>)], without: Option<usize>) -> Model {
    let sum = |squares: &[f64]| -> f64 {
        let all = squares.iter().enumerate();
        all.filter(|(at, _)| Some(*at) != without)
            .map(|(_, it)| it)
            .sum()
    };
    let best = models.iter().min_by(|a, b| sum(&a.1).total_cmp(&sum(&b.1)));
    best.unwrap().0
}

/// For whoever reads the run.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[test]
fn what_pairs_keep_is_foretold_without_having_seen_them() {
    let Some(pairs) = pairs() else {
        return skipped("KCOST_TEST_DATA names no folder with loads of GPUs");
    };
    let models = models(&pairs);
    assert_eq!(fit(&models, None), kcost::gpu::FITTED);
    let (mut near, mut all, mut within) = (0, 0, 0);
    for (left_out, pair) in pairs.iter().enumerate() {
        let said = fit(&models, Some(left_out)).rates(&pair.loads);
        let bounds = kept(&pair.loads);
        for place in 0..2 {
            let (said, kept, bounds) = (said[place], pair.kept[place], bounds[place]);
            let name = &pair.names[place];
            let [a, b] = &pair.names;
            say(&format!(
                "{a}+{b}: {name} was said to keep {said:.3} and kept {kept:.3}"
            ));
            all += 1;
            near += usize::from((said - kept).abs() <= 0.10);
            within += usize::from((bounds.low..=bounds.high).contains(&kept.min(1.0)));
            assert!(
                said < FITS || kept >= 0.85,
                "{a}+{b}: a wrong fit of {name}"
            );
        }
    }
    say(&format!(
        "{near} of {all} within 0.10, {within} within bounds"
    ));
    assert!(near * 100 >= all * 80, "{near} of {all}");
    assert!(within * 100 >= all * 85, "{within} of {all} within bounds");
}
