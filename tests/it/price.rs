//! Sizes into money.

use kcost::finding::Severity;
use kcost::price::{Bill, Book};
use kcost::profile::profile;
use kcost::recommend::{Advice, Growth, Sizing, State};
use kcost::snapshot::{CapacityType, ContainerKind, Grid, Series};
use kcost::units::{Bytes, Cpu, Money, Span};

use crate::made::{Made, container, node, resources, set, settings, sidecar, workload};

/// What a core and a GiB cost a month on demand: 730 hours at the default rates.
const CORE: f64 = 0.031_611 * 730.0;
const GIB: f64 = 0.004_237 * 730.0;

fn bill(made: &Made) -> Bill {
    made.analysis(&settings()).bill
}

/// What is freed, which is told in hundredths.
fn frees(bill: &Bill, expected: f64) {
    let found = bill.current.to_cents() - bill.recommended.to_cents();
    assert_eq!(bill.freed, found);
    let freed = bill.freed.to_f64();
    assert!(
        (freed - expected).abs() < 0.0101,
        "{freed} is not {expected}"
    );
}

fn near(money: Money, expected: f64) {
    assert!(
        (money.to_f64() - expected).abs() < 0.0051,
        "{money} is not {expected}"
    );
}

fn one(state: State, sizing: Sizing) -> Made {
    let mut made = Made::empty();
    made.snapshot.cluster.nodes = vec![node("n0", CapacityType::OnDemand)];
    made.add(
        workload("Deployment", "api", 3, vec![container("app", 1000, 1024)]),
        state,
        &[sizing],
    );
    made
}

#[test]
fn a_workload_costs_what_all_its_pods_request() {
    let bill = bill(&one(State::OverProvisioned, set(250, 512, 512)));
    near(bill.current, 3.0 * (CORE + GIB));
    near(bill.recommended, 3.0 * (0.25 * CORE + 0.5 * GIB));
    frees(&bill, 3.0 * (0.75 * CORE + 0.5 * GIB));
    near(bill.workloads[0].savings(), 3.0 * (0.75 * CORE + 0.5 * GIB));
    assert!((bill.waste.cpu.ratio.get() - 0.75).abs() < 1e-9);
    assert!((bill.waste.memory.ratio.get() - 0.5).abs() < 1e-9);
    assert_eq!(bill.cpu.requested, Cpu::cores(3.0));
    assert_eq!(bill.memory.recommended, Bytes::mib(1536));
}

#[test]
fn a_pod_that_waits_for_a_node_is_not_paid_for() {
    let mut made = one(State::OverProvisioned, set(250, 512, 512));
    made.snapshot.workloads[0].pods[1].node = None;
    let bill = bill(&made);
    near(bill.current, 2.0 * (CORE + GIB));
    frees(&bill, 2.0 * (0.75 * CORE + 0.5 * GIB));
    // It is requested all the same.
    assert_eq!(bill.cpu.requested, Cpu::cores(3.0));
}

#[test]
fn a_spot_node_is_cheaper() {
    let mut made = one(State::RightSized, Sizing::KEEP);
    made.snapshot.cluster.nodes = vec![node("n0", CapacityType::Spot)];
    near(bill(&made).current, 3.0 * 730.0 * (0.006_655 + 0.000_892));
}

#[test]
fn what_is_too_small_is_taken_off_what_is_freed() {
    let mut made = one(State::OverProvisioned, set(500, 1024, 1024));
    let small = workload("Deployment", "small", 1, vec![container("app", 100, 1024)]);
    made.add(small, State::UnderProvisioned, &[set(600, 1024, 1024)]);
    frees(&bill(&made), 1.5 * CORE - 0.5 * CORE);
    let growing = one(State::UnderProvisioned, set(2000, 1024, 1024));
    let bill = bill(&growing);
    // More is needed than is given back.
    assert!(bill.freed < Money::ZERO);
    assert!(bill.recommended > bill.current);
    assert!(bill.waste.cpu.ratio.get() == 0.0 && bill.waste.cost.ratio.get() == 0.0);
}

#[test]
fn waste_counts_only_what_could_be_judged() {
    let mut made = one(State::OverProvisioned, set(500, 1024, 1024));
    let thin = workload("Deployment", "thin", 1, vec![container("app", 8000, 1024)]);
    made.add(thin, State::Unknown, &[Sizing::KEEP]);
    assert!((bill(&made).waste.cpu.ratio.get() - 0.5).abs() < 1e-9);
}

#[test]
fn sidecars_and_init_containers_count_as_the_scheduler_does() {
    let mut made = Made::empty();
    let mut init = container("migrate", 3000, 256);
    init.kind = ContainerKind::Init;
    let containers = vec![
        sidecar("proxy", 100, 128),
        init,
        container("app", 1000, 512),
    ];
    let mut api = workload("Deployment", "api", 1, containers);
    // 100m of the sidecar that runs already, and 3 cores of the init container.
    api.pods[0].requests = resources(3100, 640);
    made.add(
        api,
        State::OverProvisioned,
        &[set(50, 64, 64), Sizing::KEEP, set(200, 256, 256)],
    );
    let bill = bill(&made);
    assert_eq!(bill.cpu.requested, Cpu::millicores(3100));
    assert!((bill.cpu.recommended.get() - 3.05).abs() < 1e-9);
    // The init container now needs as much memory as the two that follow it.
    assert_eq!(bill.memory.recommended, Bytes::mib(320));
}

#[test]
fn devices_are_paid_for_before_and_after() {
    let mut made = one(State::OverProvisioned, set(500, 512, 512));
    let gpu = |requests: &mut kcost::snapshot::Resources| {
        requests.extended.insert("nvidia.com/gpu".to_owned(), 2.0);
    };
    for pod in &mut made.snapshot.workloads[0].pods {
        gpu(&mut pod.requests);
    }
    let bill = bill(&made);
    near(bill.current, 3.0 * (CORE + GIB + 2.0 * 0.95 * 730.0));
    frees(&bill, 3.0 * (0.5 * CORE + 0.5 * GIB));
}

#[test]
fn a_job_is_paid_for_while_it_runs() {
    let mut made = Made::empty();
    made.snapshot.usage.grid = Grid {
        len: 240,
        ..Grid::default()
    };
    made.add(
        workload("CronJob", "nightly", 0, vec![container("job", 1000, 1024)]),
        State::RightSized,
        &[Sizing::KEEP],
    );
    made.snapshot.usage.series = vec![Series {
        workload: 0,
        pod: "nightly-1".to_owned(),
        container: "job".to_owned(),
        first: 12,
        cpu_cores: vec![0.9; 24],
        memory_bytes: vec![1e8; 24],
        more: std::collections::BTreeMap::new(),
    }];
    made.profiles = profile(&made.snapshot);
    made.advised.workloads[0].containers[0].profile = 0;
    near(bill(&made).current, 0.1 * (CORE + GIB));
}

#[test]
fn cores_are_those_of_now_whatever_ran_before() {
    let mut made = one(State::RightSized, Sizing::KEEP);
    made.add(
        workload("CronJob", "nightly", 0, vec![container("job", 1000, 1024)]),
        State::RightSized,
        &[Sizing::KEEP],
    );
    made.snapshot.workloads[1].replicas = 6;
    let bill = bill(&made);
    assert_eq!(bill.cpu.requested, Cpu::cores(3.0));
    assert_eq!(bill.workloads[1].current, Money::ZERO);
}

#[test]
fn waste_says_what_it_is_a_share_of() {
    let mut made = one(State::OverProvisioned, set(500, 1024, 1024));
    let thin = workload("Deployment", "thin", 1, vec![container("app", 8000, 1024)]);
    made.add(thin, State::Unknown, &[Sizing::KEEP]);
    let waste = bill(&made).waste;
    assert_eq!(waste.cpu.amounts(), "1.5 of 3.0 cores");
    assert_eq!(waste.memory.amounts(), "0B of 3Gi");
    near(waste.cost.requested, 3.0 * (CORE + GIB));
    assert_eq!(waste.cost.amounts("USD"), "$34.61 of $78.51 a month");
}

#[test]
fn pods_that_should_run_count_where_none_is_known() {
    let mut made = one(State::RightSized, Sizing::KEEP);
    made.snapshot.workloads[0].pods.clear();
    near(bill(&made).current, 3.0 * (CORE + GIB));
}

#[test]
fn many_small_wastes_are_worse_than_one_large() {
    let mut made = Made::empty();
    let many = workload("Deployment", "many", 100, vec![container("app", 100, 64)]);
    made.add(many, State::OverProvisioned, &[set(10, 64, 64)]);
    let single = workload("Deployment", "single", 1, vec![container("app", 600, 64)]);
    made.add(single, State::OverProvisioned, &[set(100, 64, 64)]);
    let bill = bill(&made);
    assert_eq!(bill.workloads[0].severity, Severity::High);
    assert_eq!(bill.workloads[1].severity, Severity::Low);
}

#[test]
fn an_oom_kill_is_critical_whatever_it_costs() {
    let shop = Made::shop();
    let bill = bill(&shop);
    let cart = shop
        .snapshot
        .workloads
        .iter()
        .position(|it| it.id.name == "cart");
    assert_eq!(bill.workloads[cart.unwrap()].severity, Severity::Critical);
}

#[test]
fn the_parts_add_up_to_the_bill() {
    let bill = bill(&Made::shop());
    let sum: Money = bill.workloads.iter().map(|it| it.current).sum();
    assert_eq!(sum, bill.current);
    assert!(bill.freed <= bill.current);
}

#[test]
fn removing_a_request_gives_it_back() {
    let sizing = Sizing {
        cpu_request: Advice::Unset,
        ..Sizing::KEEP
    };
    frees(&bill(&one(State::OverProvisioned, sizing)), 3.0 * CORE);
}

#[test]
fn the_default_rates_say_where_they_come_from() {
    let rates = Book::named("default").unwrap();
    insta::assert_snapshot!(rates.description(&[]), @"OpenCost's defaults of 2026-08 an hour: core $0.031611, GiB $0.004237, GPU $0.95; on spot $0.006655 and $0.000892");
}

#[test]
fn what_grows_into_its_limit_is_in_danger() {
    let severity = |limit: u64| {
        let mut made = one(State::UnderProvisioned, set(1000, 1200, 1200));
        made.advised.workloads[0].containers[0].growth = Some(Growth {
            per_day: Bytes::mib(20),
            now: Bytes::mib(700),
            at_horizon: Bytes::mib(840),
            horizon: Span::WEEK,
            limit: Some(Bytes::mib(limit)),
        });
        bill(&made).workloads[0].severity
    };
    assert_eq!(severity(800), Severity::High);
    assert_eq!(severity(1024), Severity::Medium);
}

#[test]
fn pods_of_an_older_template_cost_what_they_request_and_then_what_is_advised() {
    let mut made = one(State::OverProvisioned, set(250, 512, 512));
    let pods = &mut made.snapshot.workloads[0].pods;
    // Far below what is taken off a pod of the template, and far above it.
    pods[1].requests = resources(100, 256);
    pods[2].requests = resources(8000, 1024);
    for pod in &mut pods[1..] {
        pod.outdated = true;
    }
    let bill = bill(&made);
    near(bill.current, 9.1 * CORE + 2.25 * GIB);
    near(bill.recommended, 3.0 * (0.25 * CORE + 0.5 * GIB));
    assert!((bill.waste.cpu.requested.get() - 9.1).abs() < 1e-9);
}

#[test]
fn pods_of_an_older_template_go_with_it_where_its_size_stays() {
    let outdated = |state| {
        let mut made = one(state, Sizing::KEEP);
        let pod = &mut made.snapshot.workloads[0].pods[0];
        (pod.requests, pod.outdated) = (resources(4000, 1024), true);
        bill(&made)
    };
    let judged = outdated(State::RightSized);
    near(judged.current, 6.0 * CORE + 3.0 * GIB);
    near(judged.recommended, 3.0 * CORE + 3.0 * GIB);
    // Of what cannot be judged nothing is freed.
    assert_eq!(outdated(State::Unknown).freed, Money::ZERO);
}

#[test]
fn what_the_advice_leaves_alone_each_pod_keeps() {
    let advice = Sizing {
        cpu_request: Advice::Set(Cpu::millicores(250)),
        ..Sizing::KEEP
    };
    let mut made = one(State::OverProvisioned, advice);
    made.snapshot.workloads[0].pods[0].requests = resources(1000, 3072);
    near(bill(&made).recommended, 0.75 * CORE + 5.0 * GIB);
}

#[test]
fn pods_that_could_not_be_created_cost_nothing() {
    let mut made = one(State::RightSized, Sizing::KEEP);
    made.snapshot.workloads[0].pods.clear();
    near(bill(&made).current, 3.0 * (CORE + GIB));
    made.snapshot.workloads[0].present = Some(1);
    near(bill(&made).current, CORE + GIB);
    made.snapshot.workloads[0].present = Some(0);
    assert_eq!(bill(&made).current, Money::ZERO);
}
