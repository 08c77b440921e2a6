//! Usage that cannot have been measured says nothing of its container.

use kcost::collect::refuse_impossible;
use kcost::profile::profile;
use kcost::recommend::{Advice, Confidence, Options, Sizing, State, WorkloadAdvice};
use kcost::snapshot::{CapacityType, Snapshot, Workload};
use kcost::units::{Bytes, Cpu};

use crate::made::{container, node, workload};
use crate::played::{MIB, advised, by_labels, cluster, label, play};

/// A Deployment with two pods, on nodes of 4 cores and 16 GiB.
fn database() -> Workload {
    let pods = workload("Deployment", "db", 2, vec![container("db", 1000, 4096)]);
    label(pods, &[("memory-request", "16Mi"), ("cpu-request", "100m")])
}

fn played(workload: Workload, use_of: impl Fn(usize, u32) -> (f64, f64)) -> Snapshot {
    let mut snapshot = cluster(14);
    snapshot.cluster.nodes = vec![node("n0", CapacityType::OnDemand)];
    play(&mut snapshot, workload, use_of);
    snapshot
}

fn wave(slot: u32) -> f64 {
    1.0 + 0.1 * f64::from(slot % 5)
}

/// What is said of the first workload once what cannot be is taken out.
fn said(snapshot: &mut Snapshot) -> WorkloadAdvice {
    refuse_impossible(snapshot);
    advised(snapshot, &by_labels()).workloads.remove(0)
}

fn gaps(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.gaps.iter().map(|gap| gap.text.as_str()).collect()
}

/// The workload is unknown for this reason, and nothing of it is to change.
#[track_caller]
fn is_unknown(advice: &WorkloadAdvice, why: &str) {
    let of = &advice.containers[0];
    assert_eq!(
        (advice.state, advice.confidence, of.sizing),
        (State::Unknown, Confidence::None, Sizing::KEEP)
    );
    let reason = &of.reasons[0];
    assert_eq!((reason.code, reason.text.as_str()), ("not_measured", why));
}

#[track_caller]
fn is_known(advice: &WorkloadAdvice) {
    assert_ne!(advice.state, State::Unknown, "{:?}", advice.containers);
}

#[test]
fn no_running_process_has_no_memory() {
    let mut snapshot = played(database(), |_, slot| (0.5 * wave(slot), 0.0));
    is_unknown(
        &said(&mut snapshot),
        "its memory is 0 in 672 samples, which no running process has: nothing was measured",
    );
    assert_eq!(
        gaps(&snapshot),
        [
            "1 container with memory of 0, which no running process has, and left out: db in \
             shop/Deployment/db"
        ]
    );
    assert_eq!(snapshot.gaps[0].code, "impossible-usage");
    // What was said once is not said again, as of a bundle that is read.
    let again = said(&mut snapshot);
    assert_eq!((again.state, snapshot.gaps.len()), (State::Unknown, 1));
    // The kubelet that knows neither.
    let mut neither = played(database(), |_, _| (0.0, 0.0));
    assert_eq!(said(&mut neither).state, State::Unknown);
    // Every strategy, with the options that everyone has.
    for strategy in kcost::recommend::names() {
        let options = Options {
            strategy: kcost::recommend::by_name(strategy).unwrap(),
            ..Options::default()
        };
        let advice = advised(&snapshot, &options).workloads.remove(0);
        assert_eq!(advice.containers[0].sizing, Sizing::KEEP, "{strategy}");
    }
}

#[test]
fn a_container_that_waits_is_idle_and_not_unknown() {
    let mut snapshot = played(database(), |_, _| (0.0, 20.0 * MIB));
    assert_eq!(said(&mut snapshot).state, State::Idle);
    assert_eq!(gaps(&snapshot), [""; 0]);
}

#[test]
fn one_pod_that_is_not_measured_says_nothing_and_the_others_speak() {
    let mut snapshot = played(database(), |pod, slot| match pod {
        0 => (0.5 * wave(slot), 3000.0 * MIB),
        _ => (0.5 * wave(slot), 0.0),
    });
    is_known(&said(&mut snapshot));
    let memory = profile(&snapshot).remove(0).memory.unwrap();
    assert_eq!(memory.p50, Bytes::mib(3000));
    assert_eq!(
        gaps(&snapshot),
        [
            "1 container with memory of 0, which no running process has, and left out: db in \
             shop/db-1"
        ]
    );
}

#[test]
fn what_is_off_for_a_while_uses_nothing_and_what_runs_has_memory() {
    let mut snapshot = played(database(), |_, slot| match slot % 48 {
        0 => (0.0, 0.0),
        _ => (0.5, 3000.0 * MIB),
    });
    is_known(&said(&mut snapshot));
    assert_eq!(gaps(&snapshot), [""; 0]);
    let profile = profile(&snapshot).remove(0);
    assert_eq!(profile.quality.samples, 2 * 672);
    assert_eq!(profile.memory.unwrap().p50, Bytes::mib(3000));
    // Busy without memory: no measurement of it.
    let mut snapshot = played(database(), |_, slot| match slot % 48 {
        0..12 => (0.5, 0.0),
        _ => (0.5, 3000.0 * MIB),
    });
    is_known(&said(&mut snapshot));
    let series = &snapshot.usage.series[0].memory_bytes;
    assert_eq!(
        series.iter().filter(|value| value.is_nan()).count(),
        14 * 12
    );
}

#[test]
fn nothing_uses_more_than_its_node_has() {
    // Percent of a core; 30 at night is one that could be.
    let mut percent = played(database(), |_, slot| {
        let busy = if slot % 48 < 20 { 3.0 } else { 30.0 };
        (busy * wave(slot), 3000.0 * MIB)
    });
    is_unknown(
        &said(&mut percent),
        "its CPU reaches 42 cores where the node has 4: a counter of seconds or a percentage is \
         not usage: give cores",
    );
    let mut large = played(database(), |_, slot| (0.5 * wave(slot), 3e6 * MIB));
    is_unknown(
        &said(&mut large),
        "its memory reaches 2.86Ti where the node has 16Gi: give bytes",
    );
    // A rate that overshoots is one sample.
    let mut once = played(database(), |_, slot| {
        (if slot == 100 { 90.0 } else { 0.5 }, 3000.0 * MIB)
    });
    is_known(&said(&mut once));
    assert_eq!(profile(&once).remove(0).cpu.unwrap().max, Cpu::cores(0.5));
    assert_eq!(gaps(&once), [""; 0]);
}

#[test]
fn a_pod_that_is_gone_may_have_had_a_larger_node() {
    let gone = |cores: f64| {
        let mut snapshot = played(database(), |_, _| (cores, 3000.0 * MIB));
        for series in &mut snapshot.usage.series {
            series.pod = format!("{}-before", series.pod);
        }
        said(&mut snapshot).state
    };
    assert_ne!(gone(5.5), State::Unknown);
    assert_eq!(gone(6.5), State::Unknown);
}

#[test]
fn nothing_stays_far_above_a_limit() {
    let mut limited = database();
    limited.containers[0].limits.cpu = Some(Cpu::millicores(500));
    let mut percent = played(limited.clone(), |_, slot| (3.0 * wave(slot), 3000.0 * MIB));
    is_unknown(
        &said(&mut percent),
        "its CPU is 3.6 cores on average under a limit of 0.5: a percentage is not usage: give \
         cores",
    );
    limited.containers[0].limits.memory = Some(Bytes::mib(100));
    let mut large = played(limited.clone(), |_, _| (0.3, 600.0 * MIB));
    is_unknown(
        &said(&mut large),
        "its memory is 600Mi on average under a limit of 100Mi: give bytes",
    );
    // A limit that was cut too far is a lack, and no doubt.
    let mut cut = played(limited, |_, _| (0.6, 120.0 * MIB));
    is_known(&said(&mut cut));
}

#[test]
fn kilobytes_and_megabytes_are_no_bytes() {
    let mut megabytes = played(database(), |_, slot| (0.5 * wave(slot), 3000.0));
    is_unknown(
        &said(&mut megabytes),
        "its memory is 3000 bytes at most in 672 samples, less than any process has: give bytes",
    );
    let mut kilobytes = played(database(), |_, slot| (0.5 * wave(slot), 3.0 * MIB));
    is_unknown(
        &said(&mut kilobytes),
        "its memory reaches 3Mi while it uses 0.60 cores, as if kilobytes were taken \
         for bytes",
    );
    // What waits, and what asked for little, may be as small as that.
    let mut pause = played(database(), |_, _| (0.0, 0.5 * MIB));
    assert_eq!(said(&mut pause).state, State::Idle);
    let small = workload("Deployment", "dns", 2, vec![container("dns", 1000, 32)]);
    let mut small = played(small, |_, slot| (0.2 * wave(slot), 3.0 * MIB));
    is_known(&said(&mut small));
}

#[test]
fn kilobytes_show_where_everything_is_too_small() {
    let shop = |unit: f64| {
        let mut snapshot = cluster(14);
        for (name, cores, mib) in [
            ("cart", 0.01, 150.0),
            ("db", 0.02, 9000.0),
            ("idle", 0.0, 700.0),
            ("web", 0.03, 80.0),
        ] {
            let one = vec![container("app", 100, 16_384)];
            let workload = workload("Deployment", name, 1, one);
            play(&mut snapshot, workload, |_, slot| {
                (cores * wave(slot), mib * MIB * unit)
            });
        }
        refuse_impossible(&mut snapshot);
        let states = advised(&snapshot, &by_labels()).workloads.into_iter();
        (states.map(|it| it.state).collect::<Vec<_>>(), snapshot)
    };
    let (states, kilobytes) = shop(1.0 / 1024.0);
    assert_eq!(states, [State::Unknown; 4]);
    assert_eq!(
        gaps(&kilobytes),
        [
            "4 containers with memory too small for what runs, as kilobytes would be, and left \
             out: app in shop/Deployment/cart, app in shop/Deployment/db, app in \
             shop/Deployment/idle and 1 more"
        ]
    );
    let (states, bytes) = shop(1.0);
    assert!(!states.contains(&State::Unknown));
    assert_eq!(gaps(&bytes), [""; 0]);
}

#[test]
fn the_cpu_of_a_container_without_memory_stays_known() {
    let mut snapshot = played(database(), |_, slot| (0.5 * wave(slot), 0.0));
    let advice = said(&mut snapshot);
    assert_eq!(advice.containers[0].sizing.cpu_request, Advice::Keep);
    let profile = profile(&snapshot).remove(0);
    assert!(profile.memory.is_none() && profile.cpu.is_some());
}
