//! Waste and freed by namespace or label, and gates on a part of the cluster.

use kcost::costs::{By, Shares};
use kcost::gate;
use kcost::pipeline::{Analysis, Settings};
use kcost::recommend::State;
use kcost::render::{self, Look, View};
use kcost::units::Money;
use proptest::prelude::*;
use serde_json::Value;

use crate::common::{demo, demo_week};
use crate::made::{Made, container, node, set, settings, workload};

/// Of namespace `shop` half is wasted, of `pay` nothing, and a workload without a team asks
/// for more.
fn made() -> Made {
    let mut made = Made::empty();
    made.snapshot.cluster.nodes = vec![node("n0", kcost::snapshot::CapacityType::OnDemand)];
    for (namespace, team, cpu, advised) in [
        ("shop", Some("web"), 1000, 500),
        ("pay", Some("ledger"), 1000, 1000),
        ("pay", None, 100, 300),
    ] {
        let name = format!("{namespace}-{}", team.unwrap_or("none"));
        let mut one = workload("Deployment", &name, 1, vec![container("app", cpu, 1024)]);
        namespace.clone_into(&mut one.id.namespace);
        one.labels = team
            .map(|it| ("team".to_owned(), it.to_owned()))
            .into_iter()
            .collect();
        made.add(one, State::OverProvisioned, &[set(advised, 1024, 1024)]);
    }
    made
}

fn by(text: &str) -> By {
    text.parse().unwrap()
}

#[test]
fn each_namespace_and_team_has_its_own_waste() {
    let (made, settings) = (made(), settings());
    let analysis = made.analysis(&settings);
    let of = |by: By| {
        let shares = Shares::of(&analysis.bill, &by, &made.snapshot);
        let lines = shares.shares.iter().map(|it| {
            let waste = it.part.waste.cpu.ratio.get();
            format!(
                "{} {} {} {waste:.2}",
                it.name,
                it.part.current,
                it.part.freed()
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(of(by("namespace")), @"
    pay 31.57 -4.62 0.00
    shop 26.17 11.54 0.50
    ");
    insta::assert_snapshot!(of(by("label:team")), @"
    ledger 26.17 0.00 0.00
    web 26.17 11.54 0.50
    __unallocated__ 5.40 -4.62 0.00
    ");
}

#[test]
fn a_gate_judges_the_part_that_it_is_about() {
    let limits = "cpu-waste>30%,cpu-waste>30% in namespace:shop,cpu-waste>30% in namespace:pay,\
                  monthly-freed>10 in label:team=web,idle>0 in namespace:moon";
    let settings = Settings {
        thresholds: gate::parse(limits).unwrap(),
        ..settings()
    };
    let made = made();
    let outcomes = made.analysis(&settings).outcomes;
    let lines = outcomes
        .iter()
        .map(|it| format!("{it} failed={} judged={}", it.failed, it.judged));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @"
    cpu-waste>30% (14.3%, 0.3 of 2.1 cores) failed=false judged=true
    cpu-waste>30% in namespace:shop (50%, 0.5 of 1.0 cores) failed=true judged=true
    cpu-waste>30% in namespace:pay (0%, 0.0 of 1.1 cores) failed=false judged=true
    monthly-freed>10 in label:team=web ($11.54) failed=true judged=true
    idle>0 in namespace:moon (0) failed=false judged=false
    ");
    assert_eq!(
        gate::verdict(&outcomes[4..]),
        "gate not judged: idle>0 in namespace:moon (there is no workload in namespace:moon)"
    );
}

proptest! {
    /// Groups have no workload in common, so they add up to the bill, to the cent.
    #[test]
    fn groups_sum_up_to_the_bill(
        sizes in prop::collection::vec((1u64..4_000, 1u64..9_000, 1u64..4_000, 0usize..4), 1..30),
    ) {
        let mut made = Made::empty();
        for (at, (cpu, memory, advised, team)) in sizes.iter().enumerate() {
            let mut one = workload("Deployment", &format!("w{at}"), 2, vec![container("app", *cpu, *memory)]);
            one.id.namespace = format!("n{}", at % 3);
            if *team > 0 {
                one.labels = vec![("team".to_owned(), format!("t{team}"))];
            }
            made.add(one, State::OverProvisioned, &[set(*advised, *memory, *memory)]);
        }
        let settings = settings();
        let analysis = made.analysis(&settings);
        let bill = &analysis.bill;
        for by in [By::Namespace, By::Label("team".to_owned())] {
            let shares = Shares::of(bill, &by, &made.snapshot).shares;
            let sum = |of: fn(&kcost::costs::Share) -> Money| shares.iter().map(of).sum::<Money>();
            prop_assert_eq!(sum(|it| it.part.current), bill.current.to_cents());
            prop_assert_eq!(sum(|it| it.part.recommended), bill.recommended.to_cents());
            let wasted = sum(|it| it.part.waste.cost.requested).to_f64();
            prop_assert!((wasted - bill.waste.cost.requested.to_f64()).abs() < 1e-4);
            prop_assert_eq!(shares.iter().map(|it| it.workloads).sum::<usize>(), sizes.len());
        }
    }
}

fn cents(text: &str) -> i64 {
    text.replace('.', "").parse().unwrap()
}

/// As a format writes it.
fn written(analysis: &Analysis<'_>, format: &str) -> String {
    let look = Look {
        width: None,
        color: false,
        unicode: true,
        verbose: false,
        program: "kcost",
        command: String::new(),
        explain: None,
        view: View::default(),
    };
    let mut out = Vec::new();
    let renderer = render::by_name(format).unwrap();
    renderer.render(analysis, &look, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn every_format_has_the_same_groups() {
    let made = made();
    for by in ["namespace", "label:team"] {
        let settings = Settings {
            by: Some(by.parse().unwrap()),
            ..settings()
        };
        let analysis = made.analysis(&settings);
        let report: Value = serde_json::from_str(&written(&analysis, "json")).unwrap();
        let groups = report["groups"]["groups"].as_array().unwrap();
        assert_eq!(report["groups"]["by"], by);
        let of = |it: &Value, key: &str| cents(it["monthly_cost"][key].as_str().unwrap());
        for key in ["current", "recommended"] {
            let sum: i64 = groups.iter().map(|it| of(it, key)).sum();
            assert_eq!(sum, of(&report["summary"], key), "{by} {key}");
        }
        let yaml: Value = serde_yaml::from_str(&written(&analysis, "yaml")).unwrap();
        assert_eq!(yaml["groups"], report["groups"]);
        let csv = written(&analysis, "csv");
        let mut rows = csv::Reader::from_reader(csv.as_bytes());
        let freed: i64 = rows.records().map(|it| cents(&it.unwrap()[7])).sum();
        let sum: i64 = groups.iter().map(|it| of(it, "freed")).sum();
        assert_eq!(freed, sum, "{by}");
        for format in ["table", "wide"] {
            let text = written(&analysis, format);
            for group in groups.iter().map(|it| it["name"].as_str().unwrap()) {
                let shown = group.replace("__unallocated__", "without it");
                assert!(text.contains(&shown), "{shown}: {text}");
            }
        }
    }
    demo(&["analyze", "--by", "namespace", "-o", "patch"]).ended(2);
    demo(&["analyze", "--by", "node"]).ended(2);
}

#[test]
fn a_part_of_the_demo_fails_its_own_gate() {
    let scoped = |limits: &[&str], exit| {
        let mut args = vec!["analyze", "-o", "json", "--by", "namespace"];
        for limit in limits {
            args.extend(["--fail-on", limit]);
        }
        demo_week(&args).ended(exit)
    };
    let limits = [
        "cost-waste>1% in namespace:shop",
        "cost-waste>99%",
        "monthly-banked>1000000 in namespace:shop",
        "monthly-banked>1000000",
        "idle>0 in namespace:moon",
    ];
    let seen = scoped(&limits, 10);
    let report = seen.json();
    assert_eq!(report["groups"]["groups"][0]["name"], "ml");
    let gates = &report["gates"];
    assert_eq!(gates[0]["scope"], "namespace:shop");
    assert_eq!(gates[0]["failed"], true);
    assert!(gates[1]["scope"].is_null() && gates[1]["failed"] == false);
    // What one namespace banks is known, and no more than what all do.
    assert!(gates[2]["value"].as_f64() <= gates[3]["value"].as_f64());
    assert!(gates[2]["judged"] == true && gates[4]["judged"] == false);
    let seen = scoped(&["idle>0 in shop"], 2);
    assert!(seen.stderr.contains("namespace:NAME"), "{}", seen.stderr);
}
