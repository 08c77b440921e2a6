//! What kept and broken promises teach, and whether it helps.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kcost::backtest::{self, Contender, Plan, Score};
use kcost::learn::{BOUNDS, Case, Held, lessons};
use kcost::price::Book;
use kcost::progress::Silent;
use kcost::recommend::{About, Goal, Learned, Options};
use kcost::snapshot::Snapshot;
use kcost::units::{Span, float};
use serde_json::{Value, json};

use crate::backtest::SHORT;
use crate::common::{Kcost, bundle_of, skipped};
use crate::made::{container, workload};
use crate::played::{cluster, play};

const WEEK: i64 = 7 * 86_400;

/// So many workloads of a kind whose promise on CPU was held in one week; `came` is by
/// number.
fn week(kind: &str, count: usize, nth: i64, said: f64, came: impl Fn(usize) -> f64) -> Vec<Case> {
    let cases = (0..count).map(|number| Case {
        workload: format!("{kind}-{number}"),
        kind: Some(kind.to_owned()),
        at: Timestamp::from_second(1_760_000_000 + nth * WEEK).unwrap(),
        horizon: Span::WEEK,
        cpu_request: Some(Held {
            said,
            came: came(number),
        }),
        memory_limit: None,
    });
    cases.collect()
}

/// The same of memory, of which the first `broken` were above their limit.
fn limits(kind: &str, count: usize, nth: i64, said: f64, broken: usize) -> Vec<Case> {
    let mut cases = week(kind, count, nth, said, |number| {
        f64::from(u8::from(number < broken))
    });
    for case in &mut cases {
        case.memory_limit = case.cpu_request.take();
    }
    cases
}

/// A little more and a little less, by number.
fn about(mean: f64) -> impl Fn(usize) -> f64 {
    move |number| mean * [0.6, 0.9, 1.0, 1.1, 1.4][number % 5]
}

fn cpu(learned: &Learned, kind: &str) -> f64 {
    learned.factor(About::CpuRequest, Some(kind))
}

fn memory(learned: &Learned, kind: &str) -> f64 {
    learned.factor(About::MemoryLimit, Some(kind))
}

#[test]
fn what_is_off_by_more_than_chance_teaches_and_what_is_not_does_not() {
    // 9 of 40 where 2 were expected; and 3 of 40, which chance gives often.
    let many = lessons(&limits("steady", 40, 0, 0.05, 9));
    assert!(memory(&many, "steady") > 1.5, "{many:?}");
    assert_eq!(cpu(&many, "steady").to_bits(), 1.0_f64.to_bits());
    let lesson = &many.lessons()[0];
    assert_eq!(
        lesson.evidence(),
        "in 1 earlier run 9 of 40 steady workloads outgrew their memory limit where 2 were expected"
    );
    assert!(lesson.chance < 0.001);
    assert!(
        lessons(&limits("steady", 40, 0, 0.05, 3))
            .lessons()
            .is_empty()
    );
    // One run is enough to be more careful.
    let over = lessons(&week("steady", 20, 0, 0.04, about(0.08)));
    assert!(cpu(&over, "steady") > 1.4, "{over:?}");
    let as_said = lessons(&week("steady", 20, 0, 0.04, about(0.041)));
    assert!(as_said.lessons().is_empty());
    // One that was above all the time, and 19 as was said, are chance.
    let single = |number| if number == 0 { 0.9 } else { 0.04 };
    assert!(
        lessons(&week("steady", 20, 0, 0.04, single))
            .lessons()
            .is_empty()
    );
    // Few say nothing, whatever came.
    assert!(
        lessons(&week("steady", 7, 0, 0.04, about(0.5)))
            .lessons()
            .is_empty()
    );
}

#[test]
fn risks_are_lowered_only_after_several_horizons_without_overlap() {
    let runs = |days: &[i64]| {
        let all = days.iter().flat_map(|day| {
            let mut cases = week("daily", 30, 0, 0.04, about(0.02));
            for case in &mut cases {
                case.at = Timestamp::from_second(1_760_000_000 + day * 86_400).unwrap();
            }
            cases
        });
        cpu(&lessons(&all.collect::<Vec<_>>()), "daily")
    };
    assert_eq!(runs(&[0, 7]).to_bits(), 1.0_f64.to_bits());
    // A week of runs a day is one horizon and a bit.
    assert_eq!(runs(&[0, 1, 2, 3, 4, 5, 6, 7]).to_bits(), 1.0_f64.to_bits());
    assert!(runs(&[0, 7, 14]) < 0.8);
    // What was lower in one of three weeks alone is no habit.
    let mut mixed = week("daily", 30, 0, 0.04, about(0.0001));
    for nth in [1, 2] {
        mixed.extend(week("daily", 30, nth, 0.04, about(0.0405)));
    }
    assert!(lessons(&mixed).lessons().is_empty());
}

#[test]
fn a_workload_counts_once_however_often_it_is_seen() {
    let once = limits("steady", 40, 0, 0.05, 4);
    assert!(lessons(&once).lessons().is_empty());
    // The same four break theirs in each of ten weeks, and in overlapping ones.
    let often: Vec<Case> = (0..10)
        .flat_map(|nth| limits("steady", 40, nth, 0.05, 4))
        .collect();
    assert!(lessons(&often).lessons().is_empty());
}

#[test]
fn no_factor_leaves_its_bounds_and_more_evidence_moves_it_more() {
    let all = |number: usize| if number.is_multiple_of(2) { 1.0 } else { 0.98 };
    let worst = lessons(&week("steady", 200, 0, 0.01, all));
    assert!((cpu(&worst, "steady") - BOUNDS.1).abs() < 1e-12);
    let never: Vec<Case> = (0..4)
        .flat_map(|nth| week("steady", 200, nth, 0.1, |_| 0.0))
        .collect();
    assert!((cpu(&lessons(&never), "steady") - BOUNDS.0).abs() < 1e-12);
    let factors = [8, 16, 40, 200].map(|count| {
        let cases = week("steady", count, 0, 0.04, about(0.06));
        cpu(&lessons(&cases), "steady")
    });
    assert!(factors.is_sorted(), "{factors:?}");
    assert!(factors[0] < 1.3 && factors[3] > 1.45, "{factors:?}");
}

#[test]
fn a_kind_that_goes_wrong_teaches_itself_and_all_others_learn_together() {
    let mut cases = week("bursty", 20, 0, 0.04, about(0.12));
    for kind in ["steady", "daily", "uneven"] {
        cases.extend(week(kind, 20, 0, 0.04, about(0.0402)));
    }
    let own = lessons(&cases);
    assert!(cpu(&own, "bursty") > 1.8);
    for kind in ["steady", "daily", "uneven", "batch"] {
        assert_eq!(cpu(&own, kind).to_bits(), 1.0_f64.to_bits(), "{kind}");
    }
    // None shows it alone, all together do; one that is thin takes what all of them say,
    // and one that showed the other way stays.
    let spread = |mean: f64| move |number: usize| mean * [0.0, 0.1, 0.5, 1.4, 3.0][number % 5];
    let mut cases = Vec::new();
    for kind in ["steady", "daily", "uneven", "bursty"] {
        cases.extend(week(kind, 20, 0, 0.04, spread(0.065)));
    }
    cases.extend(week("weekly", 3, 0, 0.04, spread(0.065)));
    cases.extend(week("idle", 10, 0, 0.04, spread(0.03)));
    let learned = lessons(&cases);
    let all = learned.factor(About::CpuRequest, None);
    assert!(all > 1.2, "{learned:?}");
    assert_eq!(cpu(&learned, "weekly").to_bits(), all.to_bits());
    assert!(cpu(&learned, "daily") > all, "{learned:?}");
    assert_eq!(cpu(&learned, "idle").to_bits(), 1.0_f64.to_bits());
    // Neither the order of cases nor how often it is asked matters.
    cases.reverse();
    assert_eq!(lessons(&cases), learned);
}

#[test]
fn lessons_do_not_pile_up() {
    // Replays say 0.04 of what truly is 0.06. Each run takes its size by what was learned
    // until then, and is held against what came: with a size as much safer, as much less.
    let mut cases = Vec::new();
    let mut factors = Vec::new();
    for nth in 0..12 {
        let factor = cpu(&lessons(&cases), "steady");
        factors.push(factor);
        let replayed = 0.04 / factor;
        cases.extend(week("steady", 60, nth, replayed, about(1.5 * replayed)));
    }
    assert_eq!(factors[0].to_bits(), 1.0_f64.to_bits());
    let settled = &factors[1..];
    assert!(
        settled.iter().all(|it| (1.3..1.5).contains(it)),
        "{factors:?}"
    );
    let last = factors.len() - 1;
    assert!(
        (factors[last] - factors[last - 1]).abs() < 0.01,
        "{factors:?}"
    );
}

const START: i64 = 1_760_000_000;
/// Slots of half an hour.
const SLOTS: i64 = 7 * 48;
const FLEET: i64 = 16;

/// From 0 to 1, the same every time.
fn luck(number: i64, slot: i64) -> f64 {
    let mut mixed = u64::try_from(number * 1_000_003 + slot + 1).unwrap();
    for _ in 0..3 {
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
    }
    float(mixed >> 11) / float(1 << 53)
}

/// A fleet of Deployments of one pod each.
fn fleet() -> Value {
    let mut items = vec![
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n0"},
        "status": {"allocatable": {"cpu": "64", "memory": "256Gi", "pods": "250"}}}),
    ];
    for number in 0..FLEET {
        let name = format!("w{number:02}");
        let owner = |kind: &str, name: &str, uid: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true}]);
        let containers = json!([{"name": "app", "image": "i", "resources": {
            "requests": {"cpu": "4", "memory": "8Gi"}, "limits": {"memory": "8Gi"}}}]);
        let labels = json!({"app": name});
        items.push(json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "namespace": "shop", "uid": name},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}}}}));
        items.push(json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": format!("{name}-1"), "namespace": "shop", "uid": format!("{name}-r"),
                "ownerReferences": owner("Deployment", &name, &name)},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}}}));
        items.push(json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": format!("{name}-1-a"), "namespace": "shop", "uid": format!("{name}a"),
                "ownerReferences": owner("ReplicaSet", &format!("{name}-1"), &format!("{name}-r"))},
            "spec": {"nodeName": "n0", "containers": containers}, "status": {"phase": "Running"}}));
    }
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

/// A bundle of so many weeks from `first` on: CPU with a long tail, which from the third
/// week on is 1.6 times as busy where `busier`, and memory that every second of the fleet
/// then has twice as much of for a while.
fn bundle(folder: &Path, name: &str, weeks: std::ops::Range<i64>, busier: bool) -> PathBuf {
    let mut usage = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n".to_owned();
    for slot in weeks.start * SLOTS..weeks.end * SLOTS {
        let busy = busier && slot >= 2 * SLOTS;
        for number in 0..FLEET {
            let at = START + 1800 * slot;
            let tail = 0.1 / luck(number, slot).max(1e-4).powf(0.5);
            let cpu = if busy { 1.6 * tail } else { tail };
            let level = 400e6 + 20e6 * luck(number + 100, slot);
            let high = busy && number % 2 == 0 && slot % SLOTS == 50 + number;
            let memory = if high { 1.8 * level } else { level };
            writeln!(usage, "shop,w{number:02}-1-a,app,{at},{cpu},{memory}").unwrap();
        }
    }
    bundle_of(folder, name, &fleet(), &usage)
}

fn analyze(bundle: &Path, runs: &Path, more: &[&str]) -> crate::common::Seen {
    Kcost::new()
        .args(["analyze", "-o", "json", "--snapshot"])
        .arg(bundle)
        .arg("--history")
        .arg(runs)
        .args(more)
        .run()
        .ended(0)
}

fn total(report: &Value, key: &str) -> f64 {
    let workloads = report["workloads"].as_array().unwrap().iter();
    let sizes = workloads.map(|it| {
        let field = &it["containers"][0][key];
        let value = if field["advice"] == "set" {
            &field["recommended"]
        } else {
            &field["current"]
        };
        value.as_f64().unwrap()
    });
    sizes.sum()
}

/// What is advised moves by no more than a quarter, and by as much as its reason says.
fn moved_as_told(without: &Value, learned: &Value, number: usize, (key, code): (&str, &str)) {
    let container = |report: &Value| report["workloads"][number]["containers"][0].clone();
    let (before, after) = (container(without), container(learned));
    let size = |it: &Value| it[key]["recommended"].as_f64().unwrap();
    let moved = size(&after) / size(&before);
    assert!((0.8..=1.25).contains(&moved), "{moved} {after}");
    let reasons = after["reasons"].as_array().unwrap();
    let reason = reasons.iter().find(|it| it["code"] == code);
    let told = reason.map_or(0.0, |reason| {
        let text = reason["text"].as_str().unwrap();
        let share = text.strip_suffix("% larger").unwrap();
        share.rsplit(' ').next().unwrap().parse().unwrap()
    });
    assert!(
        (100.0 * (moved - 1.0) - told).abs() < 0.6,
        "{moved} {after}"
    );
}

/// The sentences of all reasons with this code.
fn reasons(report: &Value, code: &str) -> Vec<String> {
    let workloads = report["workloads"].as_array().unwrap().iter();
    let all = workloads.flat_map(|it| it["containers"][0]["reasons"].as_array().unwrap());
    let of = all.filter(|it| it["code"] == code);
    of.map(|it| it["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn broken_promises_of_earlier_runs_make_the_next_sizes_larger_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let then = bundle(folder.path(), "then.kcost", 0..2, false);
    let now = bundle(folder.path(), "now.kcost", 1..3, true);
    let first = analyze(&then, &runs, &[]).json();
    assert_eq!(first["learned"], Value::Null);
    // What is off by itself stays what it was where nothing is to be learned.
    let without = analyze(&now, &folder.path().join("none"), &[]).json();
    let told = analyze(&now, &runs, &["--no-learning"]);
    let unlearned = told.json();
    assert!(!told.stderr.contains("learned"), "{}", told.stderr);
    assert_eq!(unlearned["workloads"], without["workloads"]);

    let told = analyze(&now, &runs, &[]);
    let learned = told.json();
    assert!(
        told.stderr.contains("learned from 1 earlier run: "),
        "{}",
        told.stderr
    );
    let lesson = &learned["learned"][0];
    assert_eq!(lesson["promise"], "cpu_time_over_request");
    assert!(lesson["risk_factor"].as_f64().unwrap() > 1.2, "{lesson}");
    for (key, code) in [
        ("cpu_request_cores", "learned_cpu"),
        ("memory_limit_bytes", "learned_memory"),
    ] {
        let (before, after) = (total(&without, key), total(&learned, key));
        assert!(after > 1.03 * before, "{key}: {before} {after}");
        assert!(after < 1.26 * before, "{key}: {before} {after}");
        for number in 0..usize::try_from(FLEET).unwrap() {
            moved_as_told(&without, &learned, number, (key, code));
        }
        let why = reasons(&learned, code);
        assert!(!why.is_empty(), "{learned}");
        assert!(why[0].contains("in 1 earlier run "), "{why:?}");
        assert!(why.iter().any(|it| it.ends_with("% larger")), "{why:?}");
        assert!(reasons(&without, code).is_empty());
    }
    let container = &learned["workloads"][0]["containers"][0];
    let risk = |key: &str| container["risk"][key].as_f64().unwrap();
    assert!(risk("cpu_time_over_request") > risk("cpu_time_over_request_replayed"));
    // Patches and what is applied have the same sizes.
    let patch = |more: &[&str]| {
        let kcost = Kcost::new().args(["patch", "-o", "strategic", "--snapshot"]);
        kcost.arg(&now).args(more).run().ended(0).stdout
    };
    let history = runs.display().to_string();
    let same = patch(&["--history", &history]);
    assert_ne!(same, patch(&[]));
    assert_eq!(patch(&["--history", &history, "--no-learning"]), patch(&[]));
}

#[test]
fn verify_says_what_it_teaches_and_records_keep_it() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let then = bundle(folder.path(), "then.kcost", 0..2, false);
    let now = bundle(folder.path(), "now.kcost", 1..3, true);
    let later = bundle(folder.path(), "later.kcost", 3..5, true);
    analyze(&then, &runs, &[]);
    let verify = |more: &[&str]| {
        let kcost = Kcost::new().arg("verify").arg(&runs).arg("--snapshot");
        kcost.arg(&now).args(more).run().ended(0)
    };
    let report = verify(&["-o", "json"]).json();
    assert_eq!(report["teaches"][0]["promise"], "cpu_time_over_request");
    assert!(report["teaches"][0]["probability"].as_f64().unwrap() < 0.025);
    let table = verify(&[]).stdout;
    assert!(table.contains("teaches: in 1 earlier run"), "{table}");
    // A run that learns nothing judges all the same, for those that do.
    analyze(&now, &runs, &["--no-learning"]);
    let mut records: Vec<PathBuf> = fs::read_dir(&runs)
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    records.sort();
    let text = |path: &Path| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    assert_eq!(text(&records[0])["outcomes"], Value::Null);
    let outcomes = text(&records[1])["outcomes"].clone();
    assert_eq!(outcomes[0]["taken_at"], text(&records[0])["taken_at"]);
    assert_eq!(outcomes[0]["containers"].as_array().unwrap().len(), 16);
    // The window of this bundle holds nothing of the week after the first run.
    let seen = analyze(&later, &runs, &[]);
    let learned = &seen.json()["learned"];
    assert!(learned[0]["runs"].as_u64().unwrap() >= 1, "{}", seen.stderr);
    // A bundle of before does not learn from what came later.
    let early = analyze(&then, &runs, &[]).json();
    assert_eq!(early["learned"], Value::Null);
}

#[test]
fn a_file_of_settings_and_the_environment_turn_it_off() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let then = bundle(folder.path(), "then.kcost", 0..2, false);
    let now = bundle(folder.path(), "now.kcost", 1..3, true);
    analyze(&then, &runs, &[]);
    let file = folder.path().join("kcost.yaml");
    fs::write(&file, "no-learning: true\n").unwrap();
    let by_file = analyze(&now, &runs, &["--config", file.to_str().unwrap()]);
    assert_eq!(by_file.json()["learned"], Value::Null);
    let kcost = Kcost::new()
        .args(["analyze", "-o", "json", "--snapshot"])
        .arg(&now);
    let kcost = kcost
        .env("KCOST_HISTORY", &runs)
        .env("KCOST_NO_PROGRESS", "yes")
        .env("KCOST_NO_LEARNING", "1");
    assert_eq!(kcost.run().ended(0).json()["learned"], Value::Null);
    assert_ne!(analyze(&now, &runs, &[]).json()["learned"], Value::Null);
}

#[test]
fn a_lower_limit_that_holds_use_back_says_nothing_of_the_advice() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let then = bundle(folder.path(), "then.kcost", 0..2, false);
    analyze(&then, &runs, &[]);
    // The record says what it was: a limit above what the container has.
    let path = fs::read_dir(&runs).unwrap().next().unwrap().unwrap().path();
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for workload in record["workloads"].as_array_mut().unwrap() {
        workload["containers"][0]["advised"]["memory_limit_bytes"] = json!(64e9);
    }
    fs::write(&path, record.to_string()).unwrap();
    let judged = |level: f64| {
        let mut usage = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n".to_owned();
        for slot in SLOTS..3 * SLOTS {
            let at = START + 1800 * slot;
            writeln!(usage, "shop,w00-1-a,app,{at},0.1,{level}").unwrap();
        }
        let now = bundle_of(folder.path(), "now.kcost", &fleet(), &usage);
        let report = Kcost::new()
            .arg("verify")
            .arg(&path)
            .arg("--snapshot")
            .arg(&now);
        let report = report.args(["-o", "json"]).run().ended(0).json();
        fs::remove_dir_all(now).unwrap();
        report["workloads"][0]["containers"][0]["memory_over_limit"].clone()
    };
    // Its limit is 8 GiB: at it, nobody knows what it would have used.
    assert_eq!(judged(8.0 * 1_073_741_824.0), Value::Null);
    assert_eq!(judged(2e9), Value::Bool(false));
}

/// Each goal without and with what earlier moments taught.
fn replayed(
    snapshot: &Snapshot,
    goals: &[Goal],
    fit: u32,
    horizon: u32,
    origins: usize,
) -> Vec<Score> {
    let contenders = goals.iter().flat_map(|goal| {
        [false, true].map(|learning| Contender {
            label: format!(
                "{}{}",
                goal.name(),
                if learning { ", learning" } else { "" }
            ),
            options: Options {
                goal: *goal,
                targets: goal.targets(),
                ..Options::default()
            },
            cohorts: true,
            learning,
        })
    });
    let plan = Plan {
        contenders: contenders.collect(),
        fit: Span::days(fit),
        horizon: Span::days(horizon),
        origins: Some(origins),
    };
    let seen = backtest::replay(snapshot, &plan, &Book::default(), &Silent);
    seen.unwrap().scores
}

fn off(score: &Score, about: About) -> f64 {
    let found = score.calibration.iter().find(|it| it.about == about);
    found.unwrap().off()
}

#[test]
fn a_replay_looks_only_back_and_promises_are_kept_more_closely() {
    // What comes is always busier than what was: in each week a day of the next is lived.
    let mut snapshot = cluster(42);
    for number in 0..24 {
        let one = workload(
            "Deployment",
            &format!("w{number:02}"),
            1,
            vec![container("app", 4_000, 4_096)],
        );
        play(&mut snapshot, one, |_, slot| {
            let slot = i64::from(slot);
            let rise = 1.06_f64.powf(f64::from(i32::try_from(slot).unwrap()) / 48.0);
            (0.05 * rise / luck(number, slot).max(1e-4).powf(0.4), 400e6)
        });
    }
    let scores = replayed(&snapshot, &[Goal::Balanced], 7, 3, 20);
    let [without, with] = &scores[..] else {
        panic!("two rows")
    };
    assert_eq!(without.learning, None);
    assert!(with.learning.unwrap() > 5, "{:?}", with.learning);
    let apart = |score| off(score, About::CpuRequest);
    assert!(apart(without) > 0.012, "{}", apart(without));
    assert!(
        apart(with) < 0.9 * apart(without),
        "{} {}",
        apart(with),
        apart(without)
    );
    // The first origin has nothing to learn from: alone, both are the same.
    let first = replayed(&snapshot, &[Goal::Balanced], 7, 3, 1);
    assert_eq!(first[1].learning, Some(0));
    assert_eq!(first[0].calibration, first[1].calibration);
}

#[test]
fn the_backtest_has_a_row_with_and_one_without() {
    let run = |format: &str| {
        let args = [
            "backtest",
            "--demo",
            "--strategies",
            "calibrated,peak",
            "--origins",
            "1",
        ];
        let kcost = Kcost::new().args(args);
        let kcost = kcost.args(["--learning", "-o", format]);
        kcost.args(SHORT).run().ended(0)
    };
    let rows = run("json").json()["strategies"].clone();
    let labels: Vec<&Value> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["label"])
        .collect();
    assert_eq!(
        labels,
        [
            "calibrated balanced",
            "calibrated balanced, learning",
            "peak"
        ]
    );
    assert_eq!(rows[0]["origins_learned"], Value::Null);
    assert_eq!(rows[1]["origins_learned"], 0);
    assert!(rows[0]["calibration"][0]["kinds"].as_array().unwrap().len() > 2);
    let table = run("table").stdout;
    assert!(
        table.contains("BY KIND") && table.contains("0 of 1"),
        "{table}"
    );
}

/// CPU in cores and memory in bytes of each machine of the trace, half hour by half hour.
fn trace() -> Option<Vec<Vec<(f64, f64)>>> {
    let folder = std::env::var_os("KCOST_TEST_DATA")?;
    let file = Path::new(&folder).join("bitbrains_rnd_2013-07_60vm.csv.gz");
    let raw = flate2::read::MultiGzDecoder::new(fs::File::open(file).ok()?);
    let mut all: BTreeMap<String, BTreeMap<i64, (f64, f64)>> = BTreeMap::new();
    let mut reader = csv::Reader::from_reader(raw);
    for row in reader.records() {
        let row = row.unwrap();
        let number = |at: usize| row[at].parse().unwrap_or(f64::NAN);
        let time: i64 = row[1].parse().unwrap();
        let slots = all.entry(row[0].to_owned()).or_default();
        let most = slots.entry(time / 1_800).or_insert((f64::NAN, f64::NAN));
        *most = (most.0.max(number(2)), most.1.max(number(3) * 1024.0));
    }
    let first = all
        .values()
        .filter_map(|it| it.keys().next())
        .min()
        .copied()?;
    let of = |slots: BTreeMap<i64, (f64, f64)>| {
        let none = (f64::NAN, f64::NAN);
        let at = |slot: i64| slots.get(&(first + slot)).copied().unwrap_or(none);
        (0..30 * 48).map(at).collect()
    };
    Some(all.into_values().map(of).collect())
}

#[test]
#[expect(clippy::print_stderr, reason = "figures are what it is for")]
fn promises_on_a_real_trace_are_kept_at_least_as_closely() {
    let Some(trace) = trace() else {
        return skipped("KCOST_TEST_DATA names no folder with real traces");
    };
    let days: Vec<usize> = (0..30).collect();
    let back: Vec<usize> = (0..30).rev().collect();
    for (name, days) in [("as it was", &days), ("days in reverse", &back)] {
        let mut snapshot = cluster(30);
        for (number, series) in trace.iter().enumerate() {
            let one = workload(
                "Deployment",
                &format!("vm-{number}"),
                1,
                vec![container("app", 4_000, 65_536)],
            );
            play(&mut snapshot, one, |_, slot| {
                let slot = usize::try_from(slot).unwrap();
                series[days[slot / 48] * 48 + slot % 48]
            });
        }
        for (fit, horizon) in [(7, 3), (4, 2), (7, 7)] {
            let scores = replayed(&snapshot, &Goal::ALL, fit, horizon, 26);
            for pair in scores.chunks(2) {
                let [without, with] = pair else { continue };
                for about in About::ALL {
                    let of = |score: &Score| {
                        score
                            .calibration
                            .iter()
                            .find(|it| it.about == about)
                            .cloned()
                            .unwrap()
                    };
                    let (before, after) = (of(without), of(with));
                    eprintln!(
                        "{name}, {fit} days for {horizon}, {} {}: said {:.2} % came {:.2} %, off {:.2} (kinds {:.2}); learning: said {:.2} % came {:.2} %, off {:.2} (kinds {:.2}), cost {} to {}, learned {:?}",
                        without.label,
                        about.name(),
                        before.said * 100.0,
                        before.came * 100.0,
                        before.off() * 100.0,
                        before.off_by_kind * 100.0,
                        after.said * 100.0,
                        after.came * 100.0,
                        after.off() * 100.0,
                        after.off_by_kind * 100.0,
                        without.monthly,
                        with.monthly,
                        with.learning,
                    );
                    // Never further from what was said than a twentieth of it.
                    assert!(after.off() <= before.off() + 0.05 * before.said);
                }
            }
        }
    }
}
