//! Checks of a snapshot and of what was seen of its sources, without any edge.

use std::collections::BTreeMap;

use kcost::collect::prometheus::known_metrics;
use kcost::doctor::{Examination, Grade, Point, Seen, Status, examine};
use kcost::snapshot::{Gap, Snapshot};
use kcost::units::Span;
use kcost::vitals::{Api, Clusters, Counted, MetricsApi, Right, Store, Tls, Trouble, Vitals};

use crate::demo::DEMO;

fn examined(vitals: &Vitals, snapshot: Option<&Snapshot>) -> Examination {
    examine(&Seen::of(vitals, snapshot))
}

fn of(snapshot: &Snapshot) -> Examination {
    examined(&Vitals::default(), Some(snapshot))
}

fn points<'a>(examination: &'a Examination, check: &str) -> Vec<&'a Point> {
    let points = examination.points.iter();
    points.filter(|point| point.check == check).collect()
}

fn worst(examination: &Examination, check: &str) -> Status {
    let points = points(examination, check).into_iter();
    points.map(|point| point.status).max().unwrap()
}

/// A cluster and a store in which nothing is wrong.
fn sound() -> Vitals {
    let right = |resource: &str| Right {
        group: String::new(),
        resource: resource.to_owned(),
        verb: "list".to_owned(),
        namespace: None,
        allowed: Some(true),
        discovery: false,
        rule: format!("rule of {resource}"),
    };
    Vitals {
        api: Some(Ok(Api {
            context: "prod".to_owned(),
            url: "https://prod".to_owned(),
            version: Some("v1.35.1".to_owned()),
            ahead: Some(1),
            rights: ["pods", "nodes"].map(right).to_vec(),
            metrics_api: MetricsApi::Answers,
            ..Api::default()
        })),
        store: Some(Ok(Store {
            detail: "monitoring/prometheus:9090".to_owned(),
            product: Some("Prometheus 3.5.0".to_owned()),
            ahead: Some(-0.2),
            metrics: Some(known_metrics().into_iter().map(|it| (it, 9)).collect()),
            counted: Some(Counted {
                series: 9,
                interval: (30, 30),
                sources: vec!["job=\"kubelet\"".to_owned()],
                source: None,
                resets: Some(0.01),
            }),
            ..Store::default()
        })),
        ..Vitals::default()
    }
}

fn with_api(change: impl Fn(&mut Api)) -> Examination {
    let mut vitals = sound();
    change(vitals.api.as_mut().unwrap().as_mut().unwrap());
    examined(&vitals, Some(&DEMO))
}

fn with_store(change: impl Fn(&mut Store)) -> Examination {
    let mut vitals = sound();
    change(vitals.store.as_mut().unwrap().as_mut().unwrap());
    examined(&vitals, Some(&DEMO))
}

fn counted(store: &mut Store) -> &mut Counted {
    store.counted.as_mut().unwrap()
}

#[test]
fn what_is_sound_has_nothing_to_mend() {
    let examination = examined(&sound(), Some(&DEMO));
    let wrong = examination.points.iter();
    let wrong: Vec<&Point> = wrong.filter(|it| it.status != Status::Ok).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!((examination.grade, examination.score), (Grade::A, 100));
}

#[test]
fn every_point_that_is_not_well_says_what_it_does_and_what_mends_it() {
    let mut vitals = sound();
    vitals.store = Some(Ok(Store {
        metrics: Some(BTreeMap::new()),
        ahead: Some(4_000.0),
        counted: Some(Counted {
            series: 1,
            interval: (600, 1_200),
            sources: vec!["a".to_owned(), "b".to_owned()],
            source: None,
            resets: Some(40.0),
        }),
        ..Store::default()
    }));
    let mut snapshot = DEMO.clone();
    snapshot.usage.keep_newest(Span::days(2));
    let examination = examined(&vitals, Some(&snapshot));
    let wrong = examination
        .points
        .iter()
        .filter(|it| it.status >= Status::Warn);
    assert!(wrong.clone().count() > 8, "{:?}", examination.points);
    for point in wrong {
        assert!(point.cost > 0 && !point.text.is_empty(), "{point:?}");
        assert!(point.effect.is_some() && point.mend.is_some(), "{point:?}");
    }
    assert_eq!(examination.grade, Grade::F);
}

#[test]
fn a_right_that_is_denied_costs_what_it_is_for() {
    let deny = |resource: &'static str| {
        move |api: &mut Api| {
            let mut right = api.rights[0].clone();
            right.resource = resource.to_owned();
            right.allowed = Some(false);
            right.rule = format!("rule of {resource}");
            api.rights[0] = right;
        }
    };
    let nodes = with_api(deny("nodes"));
    let point = points(&nodes, "permissions")[0];
    assert_eq!(point.status, Status::Warn);
    assert_eq!(point.text, "you may not list nodes in the cluster");
    assert!(
        point
            .effect
            .as_ref()
            .unwrap()
            .contains("prices are guessed")
    );
    assert_eq!(point.mend.as_deref(), Some("rule of nodes"));
    assert_eq!(worst(&with_api(deny("pods")), "permissions"), Status::Bad);
    let silent = with_api(|api| api.rights[0].allowed = None);
    assert_eq!(worst(&silent, "permissions"), Status::Unknown);
}

#[test]
fn a_way_to_prometheus_that_is_not_needed_is_not_missed() {
    let deny = |api: &mut Api| {
        api.rights[0].discovery = true;
        api.rights[0].allowed = Some(false);
    };
    assert_eq!(worst(&with_api(deny), "permissions"), Status::Ok);
    let mut vitals = sound();
    deny(vitals.api.as_mut().unwrap().as_mut().unwrap());
    vitals.store = None;
    assert_eq!(worst(&examined(&vitals, None), "permissions"), Status::Warn);
}

#[test]
fn clocks_may_differ_by_seconds_and_not_by_minutes() {
    let ahead = |seconds| worst(&with_api(|api| api.ahead = seconds), "clocks");
    assert_eq!(ahead(Some(10)), Status::Ok);
    assert_eq!(ahead(Some(-11)), Status::Warn);
    assert_eq!(ahead(Some(301)), Status::Bad);
    assert_eq!(ahead(None), Status::Unknown);
    let store = with_store(|store| store.ahead = Some(-400.0));
    let text = &points(&store, "clocks")[0].text;
    assert_eq!(
        text,
        "the clock of the metrics store is 6.7m behind the one here"
    );
}

#[test]
fn sources_of_the_same_containers_are_told_with_what_drops_one() {
    let two = |source: Option<&str>, labels: [&str; 2]| {
        with_store(|store| {
            counted(store).sources = labels.map(str::to_owned).to_vec();
            counted(store).source = source.map(str::to_owned);
        })
    };
    let jobs = two(Some("job=\"a\""), ["job=\"a\"", "job=\"b\""]);
    let [point] = points(&jobs, "duplicates")[..] else {
        panic!()
    };
    assert!(
        point.text.ends_with("only job=\"a\" is read"),
        "{}",
        point.text
    );
    assert!(
        point
            .mend
            .as_ref()
            .unwrap()
            .contains("metric_relabel_configs")
    );
    let pair = two(
        None,
        ["prometheus_replica=\"a\"", "prometheus_replica=\"b\""],
    );
    let [point] = points(&pair, "duplicates")[..] else {
        panic!()
    };
    assert!(point.mend.as_ref().unwrap().contains("ha_replica_label"));
    assert_eq!(worst(&with_store(|_| ()), "duplicates"), Status::Ok);
}

#[test]
fn a_store_that_answers_and_gives_nothing_is_bad() {
    let mut snapshot = DEMO.clone();
    let gap = Gap::new("no-prometheus", "usage", "it was found, but gave no answer");
    snapshot.gaps.push(gap);
    let examination = examined(&sound(), Some(&snapshot));
    assert_eq!(worst(&examination, "metrics_store"), Status::Bad);
    assert_eq!(
        worst(&examined(&sound(), None), "metrics_store"),
        Status::Ok
    );
}

#[test]
fn several_clusters_are_bad_unless_one_is_chosen() {
    let clusters = |clusters: Clusters| {
        with_store(|store| {
            store.clusters = clusters.clone();
            if matches!(clusters, Clusters::Several { .. }) {
                store.counted = None;
            }
        })
    };
    let several = clusters(Clusters::Several {
        text: "several clusters: `cluster` is `a`, `b`".to_owned(),
        flag: "--prometheus-label cluster=a".to_owned(),
    });
    let [point] = points(&several, "clusters")[..] else {
        panic!()
    };
    assert_eq!(point.status, Status::Bad);
    assert_eq!(point.mend.as_deref(), Some("--prometheus-label cluster=a"));
    // Told once.
    assert_eq!(worst(&several, "metrics_store"), Status::Ok);
    let chosen = clusters(Clusters::Chosen("cluster=a".to_owned()));
    assert_eq!(worst(&chosen, "clusters"), Status::Ok);
    let mut snapshot = DEMO.clone();
    snapshot.gaps.push(Gap::new(
        "several-clusters",
        "usage",
        "at two places at a time",
    ));
    assert_eq!(worst(&of(&snapshot), "clusters"), Status::Bad);
}

#[test]
fn each_missing_signal_is_told_where_the_cluster_has_a_use_for_it() {
    let without = |metrics: &[&'static str]| {
        with_store(|store| {
            for metric in metrics {
                store.metrics.as_mut().unwrap().remove(metric);
            }
        })
    };
    let told = |examination: &Examination| {
        let points = points(examination, "signals").into_iter();
        let wrong = points.filter(|point| point.status != Status::Ok);
        wrong.map(|point| point.text.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told(&without(&[])), [""; 0]);
    // One of several that tell the same is enough.
    assert_eq!(told(&without(&["container_oom_events_total"])), [""; 0]);
    assert_eq!(
        told(&without(&["kube_pod_container_status_restarts_total"])),
        ["nothing tells of restarts: `kube_pod_container_status_restarts_total` is missing"]
    );
    let cpu = without(&["container_cpu_usage_seconds_total"]);
    assert_eq!(worst(&cpu, "signals"), Status::Bad);
    // Who has no limit of CPU is not throttled.
    let throttling = [
        "container_cpu_cfs_throttled_periods_total",
        "container_cpu_cfs_periods_total",
    ];
    assert_eq!(told(&without(&throttling)).len(), 1);
    let mut snapshot = DEMO.clone();
    for container in snapshot
        .workloads
        .iter_mut()
        .flat_map(|it| &mut it.containers)
    {
        container.limits.cpu = None;
    }
    let mut vitals = sound();
    let store = vitals.store.as_mut().unwrap().as_mut().unwrap();
    store
        .metrics
        .as_mut()
        .unwrap()
        .retain(|it, _| !throttling.contains(it));
    assert_eq!(told(&examined(&vitals, Some(&snapshot))), [""; 0]);
}

#[test]
fn counters_that_fall_where_nothing_restarts_are_bad() {
    let resets = |resets| {
        worst(
            &with_store(|store| counted(store).resets = resets),
            "resets",
        )
    };
    assert_eq!(resets(Some(0.4)), Status::Ok);
    assert_eq!(resets(Some(2.0)), Status::Bad);
    assert_eq!(resets(None), Status::Unknown);
}

#[test]
fn the_interval_is_the_slowest_that_is_used() {
    let interval = |it| {
        worst(
            &with_store(|store| counted(store).interval = it),
            "scrape_interval",
        )
    };
    assert_eq!(interval((30, 300)), Status::Ok);
    assert_eq!(interval((30, 400)), Status::Warn);
    let mut vitals = sound();
    vitals.store = None;
    vitals.api = None;
    let text = &points(&examined(&vitals, Some(&DEMO)), "scrape_interval")[0]
        .text
        .clone();
    assert_eq!(text, "there is a sample every 5m");
}

#[test]
fn history_is_told_by_what_confidence_it_allows() {
    let days = |days| {
        let mut snapshot = DEMO.clone();
        snapshot.usage.keep_newest(Span::days(days));
        let examination = of(&snapshot);
        let point = points(&examination, "history")[0].clone();
        (point.status, point.cost)
    };
    assert_eq!(days(14), (Status::Ok, 0));
    assert!(days(8).1 < days(3).1);
    assert_eq!(days(8).0, Status::Warn);
}

#[test]
fn samples_that_stopped_are_told_by_their_age() {
    let older = |seconds: i64| {
        let mut snapshot = DEMO.clone();
        let later = snapshot.taken_at.as_second() + seconds;
        snapshot.taken_at = jiff::Timestamp::from_second(later).unwrap();
        worst(&of(&snapshot), "freshness")
    };
    assert_eq!(older(0), Status::Ok);
    assert_eq!(older(2_400), Status::Warn);
    assert_eq!(older(7_200), Status::Bad);
}

#[test]
fn a_running_pod_that_fell_silent_is_named() {
    let silent = |snapshot: &Snapshot| {
        let examination = of(snapshot);
        let points = points(&examination, "coverage").into_iter();
        let found = points.map(|it| it.text.clone());
        found
            .filter(|it| it.contains("had no sample in the last half hour"))
            .collect::<Vec<String>>()
    };
    let mut snapshot = DEMO.clone();
    assert_eq!(silent(&snapshot), Vec::<String>::new());
    let day = usize::try_from(snapshot.usage.grid.per_day()).unwrap();
    let place = snapshot
        .workloads
        .iter()
        .position(|it| it.id.kind == "Deployment" && !it.pods.is_empty())
        .unwrap();
    let workload = &snapshot.workloads[place];
    let (namespace, pod) = (workload.id.namespace.clone(), workload.pods[0].name.clone());
    for series in snapshot.usage.series.iter_mut().filter(|it| it.pod == pod) {
        for values in [&mut series.cpu_cores, &mut series.memory_bytes] {
            let from = values.len().saturating_sub(day);
            values[from..].fill(f32::NAN);
        }
    }
    let told = silent(&snapshot);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("1 running pod "), "{told:?}");
    assert!(told[0].ends_with(&format!("{namespace}/{pod}")), "{told:?}");
}

#[test]
fn holes_in_everything_are_told_apart_from_holes_in_series() {
    let mut outage = DEMO.clone();
    let mut holes = DEMO.clone();
    let third = outage.usage.grid.len / 3;
    for series in &mut outage.usage.series {
        for (slot, value) in (series.first..).zip(&mut series.cpu_cores) {
            if (third..2 * third).contains(&slot) {
                *value = f32::NAN;
            }
        }
        let same = series.cpu_cores.clone();
        for (memory, cpu) in series.memory_bytes.iter_mut().zip(same) {
            if cpu.is_nan() {
                *memory = f32::NAN;
            }
        }
    }
    for (number, series) in holes.usage.series.iter_mut().enumerate() {
        let pairs = series.cpu_cores.iter_mut().zip(&mut series.memory_bytes);
        for (cpu, memory) in pairs.skip(number % 2).step_by(2) {
            *cpu = f32::NAN;
            *memory = f32::NAN;
        }
    }
    let statuses = |snapshot: &Snapshot| {
        let examination = of(snapshot);
        let points = points(&examination, "coverage");
        points.iter().map(|it| it.status).collect::<Vec<_>>()
    };
    assert_eq!(statuses(&DEMO), [Status::Ok, Status::Ok]);
    assert_eq!(statuses(&outage)[0], Status::Warn);
    assert_eq!(statuses(&holes)[1], Status::Warn);
}

#[test]
fn pods_without_a_workload_are_told_by_their_share() {
    let lost = |lost| {
        let mut snapshot = DEMO.clone();
        let gap = Gap::new(
            "unowned-pods",
            "usage",
            "usage of some belongs to no workload",
        );
        snapshot.gaps.push(gap.count(lost));
        worst(&of(&snapshot), "owners")
    };
    assert_eq!(lost(3), Status::Ok);
    assert_eq!(lost(100), Status::Warn);
    assert_eq!(lost(100_000), Status::Bad);
    assert_eq!(worst(&of(&DEMO), "owners"), Status::Ok);
}

#[test]
fn fresh_samples_of_pods_that_are_gone_are_stale() {
    let mut snapshot = DEMO.clone();
    for workload in snapshot.workloads.iter_mut().step_by(2) {
        for pod in &mut workload.pods {
            pod.name.push_str("-renamed");
        }
    }
    assert_eq!(worst(&of(&snapshot), "stale_series"), Status::Warn);
    // Without a single pod nobody can say.
    for workload in &mut snapshot.workloads {
        workload.pods.clear();
    }
    assert!(points(&of(&snapshot), "stale_series").is_empty());
}

#[test]
fn use_that_cannot_be_is_the_fault_of_the_source_where_much_of_it_is() {
    let refused = |every: usize| {
        let mut snapshot = DEMO.clone();
        let containers = snapshot
            .workloads
            .iter_mut()
            .flat_map(|it| &mut it.containers);
        for container in containers.step_by(every) {
            container.not_measured = Some("its CPU is a percentage".to_owned());
        }
        worst(&of(&snapshot), "units")
    };
    assert_eq!(refused(2), Status::Bad);
    assert_eq!(refused(40), Status::Warn);
}

#[test]
fn what_no_other_check_tells_is_told_by_its_gap() {
    let mut snapshot = DEMO.clone();
    let gap = |subject: &str| Gap::new("bad-rows", subject, "rows are bad").hint("look at them");
    snapshot.gaps.extend([gap("a.csv"), gap("b.csv")]);
    let examination = of(&snapshot);
    let [point] = points(&examination, "gaps")[..] else {
        panic!()
    };
    assert_eq!(point.text, "a.csv: rows are bad (and 1 more of this kind)");
    assert_eq!(point.mend.as_deref(), Some("look at them"));
}

#[test]
fn where_nothing_can_be_read_nothing_is_ok() {
    let trouble = || Trouble {
        text: "no answer".to_owned(),
        hint: None,
    };
    for vitals in [
        Vitals {
            api: Some(Err(trouble())),
            ..Vitals::default()
        },
        Vitals {
            unread: Some(trouble()),
            ..Vitals::default()
        },
    ] {
        let examination = examined(&vitals, None);
        assert!(examination.points.iter().all(|it| it.status != Status::Ok));
        assert!(examination.is_bad());
        assert_eq!((examination.grade, examination.score), (Grade::F, 0));
    }
}

#[test]
fn what_is_empty_is_not_well() {
    let mut snapshot = DEMO.clone();
    snapshot.usage.series.clear();
    let examination = of(&snapshot);
    assert_eq!(worst(&examination, "metrics_store"), Status::Bad);
    assert!(examination.grade <= Grade::D, "{examination:?}");
    snapshot.workloads.clear();
    let examination = of(&snapshot);
    assert_eq!(worst(&examination, "connection"), Status::Bad);
    assert_eq!(examination.grade, Grade::F);
    let live = examined(&sound(), Some(&snapshot));
    assert_eq!(worst(&live, "connection"), Status::Bad);
}

#[test]
fn a_certificate_that_nobody_checks_is_told() {
    let unverified = with_api(|api| api.tls = Tls::Unverified);
    assert_eq!(worst(&unverified, "connection"), Status::Warn);
    let plain = with_api(|api| api.tls = Tls::Plain);
    assert_eq!(worst(&plain, "connection"), Status::Ok);
}
