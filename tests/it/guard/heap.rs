//! Heaps and the memory limits above them move together, or not at all.

use kcost::recommend::{Advice, ContainerAdvice, Goal, HeapAdvice, Options};
use kcost::snapshot::{
    Autoscaler, AutoscalerMetric, Heap, HeapPlace, HeapSetting, HeapSize, LimitRange, Resources,
    Snapshot, Target, Termination, Workload,
};
use kcost::units::{Bytes, Ratio};

use super::{api, container_of, reason};
use crate::played::{MIB, advised, apply, by_labels, cluster, label, play};

/// A heap of `mib` in `JAVA_TOOL_OPTIONS`, among other options.
fn xmx(mib: u64) -> Heap {
    let value = format!("-XX:+UseG1GC -Xmx{mib}m");
    Heap {
        setting: HeapSetting::JavaXmx,
        bytes: Some(Bytes::mib(mib)),
        percent: None,
        place: Some(variable("JAVA_TOOL_OPTIONS", &value)),
    }
}

fn share(percent: f64) -> Heap {
    let value = format!("-XX:MaxRAMPercentage={percent}");
    Heap {
        setting: HeapSetting::JavaMaxRamPercentage,
        bytes: None,
        percent: Some(percent),
        place: Some(variable("JAVA_OPTS", &value)),
    }
}

fn go(mib: u64) -> Heap {
    Heap {
        setting: HeapSetting::GoMemLimit,
        bytes: Some(Bytes::mib(mib)),
        percent: None,
        place: Some(variable("GOMEMLIMIT", &format!("{mib}MiB"))),
    }
}

fn variable(name: &str, value: &str) -> HeapPlace {
    HeapPlace::Variable {
        name: name.to_owned(),
        value: Some(value.to_owned()),
    }
}

/// A container of this limit and heap, for which the strategy says `wanted`.
fn java(limit: u64, heap: Heap, wanted: &str) -> Workload {
    let mut workload = label(api(500, limit), &[("memory-limit", wanted)]);
    workload.containers[0].requests.memory = Some(Bytes::mib(128));
    workload.containers[0].heap = Some(heap);
    workload
}

fn killed(mut workload: Workload) -> Workload {
    workload.containers[0].terminations = vec![Termination {
        pod: "api-0".to_owned(),
        reason: "OOMKilled".to_owned(),
        exit_code: 137,
        started: None,
        finished: None,
    }];
    workload
}

/// The workload, using `mib` all the time.
fn using(workload: Workload, mib: f64) -> Snapshot {
    let mut snapshot = cluster(14);
    play(&mut snapshot, workload, |_, slot| {
        (0.2 + f64::from(slot % 5) * 0.01, mib * MIB)
    });
    snapshot
}

fn said(workload: Workload, mib: f64) -> ContainerAdvice {
    container_of(&using(workload, mib), &by_labels())
}

fn limit(advice: &ContainerAdvice) -> Option<Bytes> {
    advice.sizing.memory_limit.value()
}

fn heap(advice: &ContainerAdvice) -> &HeapAdvice {
    advice.heap.as_ref().unwrap()
}

fn value(advice: &ContainerAdvice) -> Option<&str> {
    let change = heap(advice).change.as_ref();
    change.map(|change| change.value.as_str())
}

#[test]
fn a_heap_that_was_never_needed_goes_down_with_the_limit() {
    let advice = said(java(2048, xmx(1536), "500Mi"), 300.0);
    // 500 MiB are 512 of heap as a person writes it, and a quarter beside it.
    assert_eq!(limit(&advice), Some(Bytes::mib(640)));
    assert_eq!(value(&advice), Some("-XX:+UseG1GC -Xmx512m"));
    assert_eq!(heap(&advice).before, Some(Bytes::mib(1536)));
    assert_eq!(heap(&advice).after, Some(Bytes::mib(512)));
    let advice = said(java(2048, go(1900), "500Mi"), 300.0);
    assert_eq!(limit(&advice), Some(Bytes::mib(544)));
    assert_eq!(value(&advice), Some("512MiB"));
}

#[test]
fn no_heap_goes_below_what_was_used_whatever_the_strategy_says() {
    let advice = said(java(2048, xmx(1536), "200Mi"), 700.0);
    assert_eq!(value(&advice), Some("-XX:+UseG1GC -Xmx704m"));
    assert_eq!(limit(&advice), Some(Bytes::mib(896)));
}

#[test]
fn use_that_a_heap_bounds_asks_for_no_more_than_the_bound() {
    // Twice the largest use, as a margin for what knows no bound may be.
    let advice = said(java(1536, xmx(1024), "2300Mi"), 1150.0);
    assert_eq!(advice.sizing.memory_limit, Advice::Keep);
    assert!(reason(&advice, "heap_setting").contains("1.25Gi at most"));
    let advice = said(java(1200, xmx(1024), "2300Mi"), 1150.0);
    assert_eq!(limit(&advice), Some(Bytes::mib(1280)));
    // What is beside the heap is twice what was seen beside it.
    let advice = said(java(1536, xmx(1024), "2900Mi"), 1450.0);
    assert_eq!(limit(&advice), Some(Bytes::mib(1920)));
}

#[test]
fn a_heap_that_is_full_may_be_lazy_and_stays() {
    let advice = said(java(2048, xmx(1024), "1200Mi"), 1100.0);
    assert_eq!(value(&advice), None);
    assert_eq!(limit(&advice), Some(Bytes::mib(1280)));
    // Nor does a limit grow for it without a kill.
    let advice = said(java(1100, xmx(1024), "1000Mi"), 900.0);
    assert_eq!((limit(&advice), value(&advice)), (None, None));
}

#[test]
fn what_a_patch_cannot_change_keeps_the_limit_and_says_what_to_change() {
    let foreign = HeapPlace::Variable {
        name: "JAVA_OPTS".to_owned(),
        value: None,
    };
    for (place, words) in [
        (
            Some(HeapPlace::Arguments),
            "set `-Xmx512m` in the arguments",
        ),
        (Some(HeapPlace::Injected), "where it is injected"),
        (Some(foreign), "set `-Xmx512m` in `JAVA_OPTS`"),
        (None, "where it stands"),
    ] {
        let advice = said(java(2048, at(&xmx(1536), place), "500Mi"), 300.0);
        assert_eq!(limit(&advice), Some(Bytes::mib(1920)), "{words}");
        assert_eq!(value(&advice), None);
        let text = reason(&advice, "heap_setting");
        assert!(text.contains(words) && text.contains("640Mi"), "{text}");
    }
}

fn at(heap: &Heap, place: Option<HeapPlace>) -> Heap {
    Heap {
        place,
        ..heap.clone()
    }
}

#[test]
fn a_value_from_elsewhere_holds_every_cut_and_no_raise() {
    let unknown = || Heap {
        bytes: None,
        place: Some(HeapPlace::Reference {
            name: "JAVA_OPTS".to_owned(),
        }),
        ..xmx(0)
    };
    let advice = said(java(1024, unknown(), "500Mi"), 300.0);
    assert_eq!(advice.sizing.memory_limit, Advice::Keep);
    assert!(reason(&advice, "heap_setting").contains("`JAVA_OPTS`"));
    assert_eq!(heap(&advice).before, None);
    let advice = said(java(1024, unknown(), "2Gi"), 1000.0);
    assert_eq!(limit(&advice), Some(Bytes::gib(2)));
}

#[test]
fn a_kill_below_a_heap_gives_room_beside_it_and_not_to_it() {
    let tight = said(killed(java(512, xmx(480), "640Mi")), 490.0);
    assert_eq!(limit(&tight), Some(Bytes::mib(640)));
    assert_eq!(value(&tight), None);
    let text = reason(&tight, "heap_setting");
    assert!(
        text.contains("leaves 32Mi") && text.contains("make it worse"),
        "{text}"
    );
    let other = said(killed(java(2048, xmx(512), "2458Mi")), 1900.0);
    assert!(reason(&other, "heap_setting").contains("what grows is not the heap"));
    assert_eq!(value(&other), None);
    // The heap bounds what a margin for use without a bound would ask for.
    let bounded = said(killed(java(512, xmx(480), "3Gi")), 490.0);
    assert_eq!(limit(&bounded), Some(Bytes::mib(640)));
    let shared = said(killed(java(512, share(90.0), "3Gi")), 490.0);
    assert_eq!(limit(&shared), Some(Bytes::mib(640)));
    assert_eq!(value(&shared), Some("-XX:MaxRAMPercentage=72.0"));
    // A floor that the heap needs is higher than what a kill asks for.
    let large = said(killed(java(512, xmx(1024), "640Mi")), 490.0);
    assert_eq!(limit(&large), Some(Bytes::mib(1280)));
}

#[test]
fn a_share_moves_with_the_limit_and_says_the_heap_before_and_after() {
    let advice = said(java(2048, share(75.0), "300Mi"), 200.0);
    assert_eq!(limit(&advice), Some(Bytes::mib(416)));
    assert_eq!(heap(&advice).before, Some(Bytes::mib(1536)));
    assert_eq!(heap(&advice).after, Some(Bytes::mib(312)));
    assert_eq!(value(&advice), None);
    let texts: Vec<&str> = advice.reasons.iter().map(|it| it.text.as_str()).collect();
    assert!(
        texts
            .iter()
            .any(|text| text.contains("1.5Gi now, 312Mi after")),
        "{texts:?}"
    );
    // A full heap is no need: the larger one would be filled as well.
    let full = said(java(1024, share(75.0), "1200Mi"), 900.0);
    assert_eq!(full.sizing.memory_limit, Advice::Keep);
    // After a kill the larger limit is room beside the heap, which stays.
    let starved = said(killed(java(1024, share(90.0), "1229Mi")), 1000.0);
    assert_eq!(limit(&starved), Some(Bytes::mib(1280)));
    assert_eq!(value(&starved), Some("-XX:MaxRAMPercentage=72.0"));
    assert!(heap(&starved).after <= heap(&starved).before);
    let texts: Vec<&str> = starved.reasons.iter().map(|it| it.text.as_str()).collect();
    assert!(
        texts
            .last()
            .unwrap()
            .contains("90% to -XX:MaxRAMPercentage=72.0"),
        "{texts:?}"
    );
}

#[test]
fn a_go_program_beyond_its_limit_gets_both_raised() {
    let advice = said(java(600, go(400), "800Mi"), 560.0);
    assert_eq!(limit(&advice), Some(Bytes::mib(800)));
    assert_eq!(value(&advice), Some("736MiB"));
}

#[test]
fn what_an_autoscaler_holds_by_its_memory_keeps_its_heap() {
    let scaled = |heap| {
        let mut workload = java(2048, heap, "500Mi");
        workload.autoscaler = Some(Autoscaler {
            conditions: Vec::new(),
            idle_replicas: None,
            others: Vec::new(),
            keeper: None,
            name: "api".to_owned(),
            min_replicas: 1,
            max_replicas: 9,
            current_replicas: None,
            metrics: vec![AutoscalerMetric {
                kind: "Resource".to_owned(),
                name: "memory".to_owned(),
                container: None,
                target: Target::AverageValue(400.0 * MIB),
                spec: None,
            }],
            unread: 0,
            unread_of: Vec::new(),
            made_by: None,
            behavior: None,
        });
        said(workload, 300.0)
    };
    let fixed = scaled(xmx(1536));
    assert_eq!(
        (limit(&fixed), value(&fixed)),
        (Some(Bytes::mib(1920)), None)
    );
    let text = reason(&fixed, "heap_setting");
    assert!(
        text.contains("autoscaler `api` scales on its memory"),
        "{text}"
    );
    assert_eq!(scaled(share(75.0)).sizing.memory_limit, Advice::Keep);
}

#[test]
fn other_guards_move_the_heap_along() {
    let snapshot = || using(java(2048, xmx(1536), "500Mi"), 300.0);
    let step = Options {
        max_step: Some(Ratio::new(0.3)),
        ..by_labels()
    };
    let advice = container_of(&snapshot(), &step);
    assert_eq!(limit(&advice), Some(Bytes::mib(1472)));
    assert_eq!(heap(&advice).after, Some(Bytes::mib(1152)));
    // What nothing may change, as a maximum of the namespace forces, is named.
    let mut capped = using(
        java(2048, at(&xmx(1536), Some(HeapPlace::Arguments)), "500Mi"),
        300.0,
    );
    capped.cluster.limit_ranges = vec![maximum(1024)];
    let advice = container_of(&capped, &by_labels());
    assert_eq!(limit(&advice), Some(Bytes::gib(1)));
    let texts: Vec<&str> = advice.reasons.iter().map(|it| it.text.as_str()).collect();
    let last =
        "`-Xmx` in the arguments has to go with the memory limit: set `-Xmx800m` in the arguments";
    assert_eq!(texts.last(), Some(&last), "{texts:?}");
}

fn maximum(mib: u64) -> LimitRange {
    let none = Resources::default;
    LimitRange {
        namespace: "shop".to_owned(),
        name: "sizes".to_owned(),
        applies_to: "Container".to_owned(),
        min: none(),
        max: Resources {
            memory: Some(Bytes::mib(mib)),
            ..none()
        },
        default_request: none(),
        default_limit: none(),
        max_ratio_cpu: None,
        max_ratio_memory: None,
    }
}

/// Usage of a program that needs `mib` and fills a heap lazily up to `lazy` of it.
fn live(template: &Workload, mib: f64, lazy: f64) -> Snapshot {
    let container = &template.containers[0];
    let bound = container.heap.as_ref().unwrap();
    let bound = bound.under(container.limits.memory).unwrap().to_f64();
    let mut snapshot = cluster(14);
    play(&mut snapshot, template.clone(), |_, slot| {
        let wave = 1.0 + 0.1 * (f64::from(slot) / 7.0).sin();
        (0.2, (mib * MIB * wave).max(bound * lazy) + 40.0 * MIB)
    });
    snapshot
}

#[test]
fn heaps_and_limits_come_to_rest() {
    let goals = [Goal::Savings, Goal::Balanced, Goal::Reliability];
    for goal in goals {
        for lazy in [0.0, 0.5, 1.0] {
            for heap in [xmx(3072), share(75.0), go(3900)] {
                let mut workload = api(500, 4096);
                workload.containers[0].heap = Some(heap.clone());
                let options = Options {
                    goal,
                    targets: goal.targets(),
                    ..Options::default()
                };
                let mut rounds = Vec::new();
                for _ in 0..20 {
                    let mut snapshot = live(&workload, 150.0, lazy);
                    let advised = advised(&snapshot, &options);
                    apply(&mut snapshot, &advised);
                    workload = snapshot.workloads.remove(0);
                    let container = workload.containers[0].clone();
                    let set = container.heap.as_ref().unwrap();
                    rounds.push((
                        container.limits.memory,
                        container.requests.memory,
                        set.size(),
                    ));
                    let bound = set.under(container.limits.memory).unwrap();
                    assert!(
                        bound >= Bytes::mib(150),
                        "{goal:?} {lazy} {heap:?} {rounds:?}"
                    );
                    assert!(
                        container.limits.memory <= Some(Bytes::mib(4096)),
                        "{goal:?} {lazy} {heap:?} {rounds:?}"
                    );
                }
                assert_eq!(
                    rounds[18], rounds[19],
                    "{goal:?} {lazy} {heap:?} {rounds:?}"
                );
                if lazy == 0.0 {
                    assert_ne!(rounds[19].0, Some(Bytes::mib(4096)), "{goal:?} {heap:?}");
                    let fixed = heap.bytes.map(HeapSize::Fixed);
                    assert!(
                        fixed.is_none() || rounds[19].2 != fixed,
                        "{goal:?} {heap:?} {rounds:?}"
                    );
                }
            }
        }
    }
}
