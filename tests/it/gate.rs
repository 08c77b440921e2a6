//! `--fail-on`: which limits hold.

use kcost::gate;
use kcost::pipeline::{self, Settings};
use kcost::progress::Silent;
use kcost::render::{self, Look, View};
use kcost::units::Span;

use crate::demo::DEMO;
use crate::made::{Made, settings};

/// Each outcome of these limits on the shop, a line each.
fn judged(text: &str) -> String {
    let settings = Settings {
        thresholds: gate::parse(text).unwrap(),
        min_judged: 0.0,
        ..settings()
    };
    let made = Made::shop();
    let analysis = made.analysis(&settings);
    let outcomes = analysis.outcomes.iter();
    let lines = outcomes.map(|it| format!("{} {} {}", it.threshold, it.measured, it.failed));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_rule_measures_and_judges() {
    let text = judged(
        "cost-waste>30%,cpu-waste>=99%,memory-waste>0%,monthly-savings>100,idle>0,idle>1,severity>=critical",
    );
    insta::assert_snapshot!(text, @"
    cost-waste>30% 73.6% true
    cpu-waste>=99% 76.7% false
    memory-waste>0% 61.1% true
    monthly-savings>100 $615.53 true
    idle>0 1 true
    idle>1 1 false
    severity>=critical critical true
    ");
}

#[test]
fn above_and_at_least_differ_at_the_limit() {
    assert_eq!(judged("idle>1,idle>=1"), "idle>1 1 false\nidle>=1 1 true");
}

#[test]
fn severity_is_judged_in_its_order() {
    assert_eq!(
        judged("severity>=critical"),
        "severity>=critical critical true"
    );
    assert_eq!(judged("severity>none"), "severity>none critical true");
}

#[test]
fn the_verdict_names_what_failed() {
    let settings = Settings {
        thresholds: gate::parse("idle>0,idle>5").unwrap(),
        min_judged: 0.0,
        ..settings()
    };
    let made = Made::shop();
    let analysis = made.analysis(&settings);
    assert_eq!(gate::verdict(&analysis.outcomes), "gate failed: idle>0 (1)");
    assert_eq!(
        gate::verdict(&analysis.outcomes[1..]),
        "gate passed: idle>5 (1)"
    );
}

#[test]
fn every_rule_has_a_name_and_a_summary() {
    for rule in gate::ALL {
        assert!(!rule.name().is_empty() && !rule.summary().is_empty());
    }
    assert_eq!(gate::names().len(), gate::ALL.len());
}

#[test]
fn a_gate_over_nothing_is_not_judged() {
    let mut asked = Settings {
        thresholds: gate::parse("cost-waste>1%,idle>0").unwrap(),
        min_judged: 0.0,
        ..settings()
    };
    let mut snapshot = DEMO.clone();
    snapshot.usage.keep_newest(Span::WEEK);
    let mut without = snapshot.clone();
    without.usage.series.clear();
    let analysis = pipeline::analyze(&without, &asked, &Silent);
    for outcome in &analysis.outcomes {
        assert!(!outcome.judged && !outcome.failed, "{outcome:?}");
    }
    let verdict = gate::verdict(&analysis.outcomes);
    assert_eq!(
        verdict,
        "gate not judged: cost-waste>1%, idle>0 (0% of requests could be judged)"
    );
    let analysis = pipeline::analyze(&snapshot, &asked, &Silent);
    let share = analysis.outcomes[0].judged_share;
    assert!(share > 0.5 && analysis.outcomes.iter().all(|it| it.judged && it.failed));
    asked.min_judged = f64::midpoint(share, 1.0);
    let analysis = pipeline::analyze(&snapshot, &asked, &Silent);
    assert_eq!(analysis.outcomes[0].judged, share >= 1.0);
}

#[test]
fn a_threshold_that_can_never_fail_is_refused() {
    for text in ["cost-waste>101%", "cpu-waste>=101%", "severity>critical"] {
        let error = gate::parse(text).err().unwrap().to_string();
        assert!(error.contains("can never fail"), "{error}");
    }
    // What is never above a limit is still measured and reported.
    assert!(gate::parse("severity>=critical,cost-waste>=100%,cpu-waste>100%").is_ok());
}

/// The report on the shop with these limits, for programs.
fn report(limits: Option<&str>) -> serde_json::Value {
    let settings = Settings {
        thresholds: limits.map_or_else(Vec::new, |limits| gate::parse(limits).unwrap()),
        min_judged: 0.0,
        ..settings()
    };
    let made = Made::shop();
    let analysis = made.analysis(&settings);
    let look = Look {
        verbose: false,
        explain: None,
        width: None,
        color: false,
        unicode: true,
        program: "kcost",
        command: "kcost analyze".to_owned(),
        view: View::default(),
    };
    let mut out = Vec::new();
    let json = render::by_name("json").unwrap();
    json.render(&analysis, &look, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn machine_output_has_numbers_and_one_verdict() {
    let seen = report(Some("cost-waste>30%,idle>=100,severity>=critical"));
    let [waste, idle, severity] = [0, 1, 2].map(|place| &seen["gates"][place]);
    assert_eq!(waste["rule"], "cost-waste");
    assert_eq!(waste["operator"], ">");
    assert_eq!(waste["limit"], 0.3);
    assert!(
        (waste["value"].as_f64().unwrap() - 0.736).abs() < 1e-3,
        "{waste}"
    );
    assert_eq!(waste["passed"], false);
    assert_eq!(waste["judged"], true);
    assert_eq!(idle["operator"], ">=");
    assert_eq!(idle["limit"], 100.0);
    assert_eq!(idle["value"], 1.0);
    assert_eq!(idle["passed"], true);
    assert_eq!(severity["limit"], 4.0);
    assert_eq!(seen["gate"]["passed"], false);
    assert_eq!(seen["gate"]["judged"], true);
    assert_eq!(report(Some("idle>100"))["gate"]["passed"], true);
    assert!(report(None)["gate"].is_null());
}
