//! Runtimes that take a share of their limit as heap, whether or not something says so.

use kcost::recommend::{Advice, ContainerAdvice};
use kcost::snapshot::{Heap, HeapPlace, HeapSetting, Workload};
use kcost::units::Bytes;

use super::{api, container_of, reason};
use crate::played::{MIB, advised, apply, by_labels, cluster, label, play};

/// A runtime with this share that nothing sets.
fn by_itself(setting: HeapSetting, percent: f64) -> Heap {
    Heap {
        setting,
        bytes: None,
        percent: Some(percent),
        place: Some(HeapPlace::Default),
    }
}

fn jvm() -> Heap {
    by_itself(HeapSetting::JavaMaxRamPercentage, 25.0)
}

fn unknown(place: HeapPlace) -> Heap {
    Heap {
        percent: None,
        place: Some(place),
        ..jvm()
    }
}

/// A share in a variable that a patch can change.
fn set(percent: f64) -> Heap {
    Heap {
        place: Some(HeapPlace::Variable {
            name: "JAVA_OPTS".to_owned(),
            value: Some(format!("-XX:+UseG1GC -XX:MaxRAMPercentage={percent:.1}")),
        }),
        percent: Some(percent),
        ..jvm()
    }
}

/// A container of this heap under 8 GiB, for which the strategy says `wanted`.
fn under_8_gib(heap: Heap, wanted: &str) -> Workload {
    let mut workload = label(api(500, 8192), &[("memory-limit", wanted)]);
    workload.containers[0].requests.memory = Some(Bytes::mib(128));
    workload.containers[0].heap = Some(heap);
    workload
}

/// What is said of it while it uses `mib` all the time.
fn said(workload: Workload, mib: f64) -> ContainerAdvice {
    let mut snapshot = cluster(14);
    play(&mut snapshot, workload, |_, slot| {
        (0.2 + f64::from(slot % 5) * 0.01, mib * MIB)
    });
    container_of(&snapshot, &by_labels())
}

fn limit(advice: &ContainerAdvice) -> Option<Bytes> {
    advice.sizing.memory_limit.value()
}

/// The heap now and after, in MiB, and what a patch sets.
fn heap(advice: &ContainerAdvice) -> (u64, u64, Option<&str>) {
    let heap = advice.heap.as_ref().unwrap();
    let mib = |size: Option<Bytes>| size.unwrap().0 >> 20;
    let change = heap.change.as_ref().map(|change| change.value.as_str());
    (mib(heap.before), mib(heap.after), change)
}

#[test]
fn a_heap_that_is_a_quarter_of_the_limit_keeps_it() {
    let advice = said(under_8_gib(jvm(), "2400Mi"), 1500.0);
    assert_eq!(advice.sizing.memory_limit, Advice::Keep);
    assert_eq!(heap(&advice), (2048, 2048, None));
    assert_eq!(
        reason(&advice, "heap_setting"),
        "the heap of a JVM without `-Xmx` is 25% of the limit, and has to hold 2.34Gi: memory \
         limit stays 8Gi, not 2.34Gi; a limit of 2.5Gi takes `-XX:MaxRAMPercentage=80.0` for its \
         runtime, for a heap of 2Gi"
    );
}

#[test]
fn a_limit_is_cut_as_far_as_a_share_of_it_holds_what_is_used() {
    for (heap_of, after) in [
        (jvm(), 1600),
        (by_itself(HeapSetting::NodeMaxOldSpace, 50.0), 800),
        (
            by_itself(HeapSetting::DotnetHeapHardLimitPercent, 75.0),
            544,
        ),
    ] {
        let advice = said(under_8_gib(heap_of, "400Mi"), 300.0);
        assert_eq!(limit(&advice), Some(Bytes::mib(after)));
        assert!(heap(&advice).1 >= 400, "{:?}", advice.heap);
    }
    // Node.js takes 4 GiB at most, so that what is beyond is no heap.
    let node = by_itself(HeapSetting::NodeMaxOldSpace, 50.0);
    let mut large = under_8_gib(node, "6Gi");
    large.containers[0].limits.memory = Some(Bytes::gib(16));
    assert_eq!(limit(&said(large, 5000.0)), Some(Bytes::gib(8)));
}

#[test]
fn a_share_that_can_be_set_moves_with_the_limit() {
    let advice = said(under_8_gib(set(25.0), "2400Mi"), 1500.0);
    assert_eq!(limit(&advice), Some(Bytes::mib(2560)));
    assert_eq!(
        heap(&advice),
        (2048, 2048, Some("-XX:+UseG1GC -XX:MaxRAMPercentage=80.0"))
    );
    // What stands in arguments is named.
    let heap_of = Heap {
        place: Some(HeapPlace::Arguments),
        ..set(25.0)
    };
    let advice = said(under_8_gib(heap_of, "2400Mi"), 1500.0);
    assert_eq!(advice.sizing.memory_limit, Advice::Keep);
    let text = reason(&advice, "heap_setting");
    assert!(text.contains("80.0` in the arguments"), "{text}");
}

#[test]
fn what_sizes_a_heap_by_itself_keeps_the_limit() {
    for (place, words) in [
        (
            HeapPlace::Image,
            "the image of a JVM sizes its heap by itself",
        ),
        (
            HeapPlace::EnvFrom,
            "variables from `envFrom` may size the heap of a JVM",
        ),
    ] {
        let advice = said(under_8_gib(unknown(place), "2400Mi"), 1500.0);
        assert_eq!(advice.sizing.memory_limit, Advice::Keep);
        let text = reason(&advice, "heap_setting");
        assert!(text.starts_with(words), "{text}");
    }
}

#[test]
fn a_limit_is_not_removed_above_a_share_of_it() {
    let advice = said(under_8_gib(jvm(), "unset"), 1500.0);
    assert_eq!(advice.sizing.memory_limit, Advice::Keep);
    let text = reason(&advice, "heap_setting");
    assert!(text.contains("would be of the node"), "{text}");
    let fixed = Heap {
        setting: HeapSetting::JavaXmx,
        bytes: Some(Bytes::gib(2)),
        percent: None,
        place: Some(HeapPlace::Arguments),
    };
    let advice = said(under_8_gib(fixed, "unset"), 1500.0);
    assert_eq!(advice.sizing.memory_limit, Advice::Unset);
}

#[test]
fn shares_come_to_rest() {
    for heap_of in [
        jvm(),
        set(25.0),
        set(50.0),
        by_itself(HeapSetting::NodeMaxOldSpace, 50.0),
    ] {
        let mut workload = under_8_gib(heap_of.clone(), "2400Mi");
        let mut limits = Vec::new();
        for _ in 0..3 {
            let mut snapshot = cluster(14);
            play(&mut snapshot, workload, |_, _| (0.2, 1500.0 * MIB));
            let advised = advised(&snapshot, &by_labels());
            apply(&mut snapshot, &advised);
            workload = snapshot.workloads.remove(0);
            let container = &workload.containers[0];
            let heap = container
                .heap
                .as_ref()
                .unwrap()
                .under(container.limits.memory);
            assert!(heap >= Some(Bytes::mib(1500)), "{heap_of:?} {heap:?}");
            limits.push(container.limits.memory);
        }
        assert_eq!(limits[0], limits[2], "{heap_of:?} {limits:?}");
    }
}
