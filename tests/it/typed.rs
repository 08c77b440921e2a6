//! What people type who know other tools, or type in a hurry.

use std::fs;

use crate::common::Kcost;

/// The `tip:` or `hint:` of a line that is refused.
fn advice(args: &[&str]) -> String {
    let seen = Kcost::new().args(args).run().ended(2);
    assert_eq!(seen.stdout, "");
    let mut lines = seen.stderr.lines().map(str::trim);
    let line = lines.find(|line| line.starts_with("tip: ") || line.starts_with("hint: "));
    line.unwrap_or(&seen.stderr).to_owned()
}

#[test]
fn a_file_without_a_flag_is_told_its_flag() {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("dump");
    fs::create_dir(&dump).unwrap();
    let dump = dump.to_str().unwrap();
    let said = [
        advice(&["analyze", "prod.kcost"]),
        advice(&["analyze", "--goal", "savings", "pods.yaml"]),
        advice(&["backtest", "usage.csv.gz"]),
        advice(&["analyze", "kcost.yaml"]),
        advice(&["snapshot", "prod.kcost"]),
        advice(&["snapshot", dump]).replace(dump, "DUMP"),
        advice(&["explain", "prod.kcost"]),
        advice(&["prod.kcost"]),
        advice(&["analyze", "shop"]),
    ];
    insta::assert_snapshot!(said.join("\n"), @"
    tip: did you mean '--snapshot prod.kcost'?
    tip: did you mean '--objects pods.yaml'?
    tip: did you mean '--objects FILE --usage usage.csv.gz'?
    tip: did you mean '--config kcost.yaml'?
    tip: did you mean '--output prod.kcost'?
    tip: did you mean '--objects DUMP'?
    hint: write `kcost explain WORKLOAD --snapshot prod.kcost`
    tip: did you mean 'kcost analyze --snapshot prod.kcost'?
    tip: did you mean '--namespace shop'?
    ");
}

#[test]
fn flags_of_other_tools_are_told_what_they_are_called() {
    let said = [
        advice(&["analyze", "--json"]),
        advice(&["analyze", "--since", "7d"]),
        advice(&["snapshot", "--filename=a.yaml"]),
        advice(&["analyze", "--cluster", "prod"]),
    ];
    insta::assert_snapshot!(said.join("\n"), @"
    tip: a similar argument exists: '--output json'
    tip: a similar argument exists: '--window'
    tip: a similar argument exists: '--objects'
    tip: a similar argument exists: '--context'
    ");
    // It has no formats.
    assert!(!advice(&["snapshot", "--json"]).contains("output json"));
}

/// A workload of two namespaces each, as kubectl prints them.
const OBJECTS: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: app, resources: {requests: {cpu: 500m, memory: 1Gi}}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: jobs, namespace: payments}
spec:
  replicas: 1
  selector: {matchLabels: {app: jobs}}
  template:
    metadata: {labels: {app: jobs}}
    spec: {containers: [{name: app, resources: {requests: {cpu: 250m}}}]}
";

/// A run over the two workloads, in their folder.
fn run(folder: &tempfile::TempDir, words: &str) -> Kcost {
    fs::write(folder.path().join("objects.yaml"), OBJECTS).unwrap();
    let words = words.split_whitespace();
    let kcost = Kcost::new()
        .inside(folder.path())
        .arg("analyze")
        .args(words);
    kcost.args(["--objects", "objects.yaml"])
}

#[test]
fn names_are_taken_in_any_case_and_states_as_tables_print_them() {
    let folder = tempfile::tempdir().unwrap();
    let listed = |state: &str| {
        let run = run(&folder, &format!("-o CSV --state {state}"));
        run.run().ended(0).stdout.lines().count()
    };
    assert_eq!(listed("Unknown"), 3);
    for state in ["over_provisioned", "over-provisioned", "Over-Provisioned"] {
        assert_eq!(listed(state), 1, "{state}");
    }
    let words = "--strategy KRR --goal Savings --severity NONE --sort SAVINGS -o Json";
    let seen = run(&folder, words).run().ended(0).json();
    assert_eq!(seen["settings"]["strategy"], "krr");
    assert_eq!(seen["settings"]["goal"], "savings");
    assert_eq!(seen["workloads"].as_array().unwrap().len(), 2);
    let wrong = run(&folder, "--state overprovisioned").run().ended(2);
    assert!(
        wrong.stderr.contains("'over-provisioned'"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn a_file_of_settings_may_name_in_any_case_too() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        "goal: Savings\nstrategy: KRR\nworkloads:\n- match: {name: api}\n  goal: Reliability\n";
    fs::write(folder.path().join("kcost.yaml"), settings).unwrap();
    let seen = run(&folder, "-o json").run().ended(0).json();
    assert_eq!(seen["settings"]["strategy"], "krr");
    assert_eq!(seen["settings"]["goal"], "savings");
    let shown = Kcost::new()
        .inside(folder.path())
        .arg("config")
        .run()
        .ended(0);
    assert!(
        shown.stdout.contains("goal=reliability"),
        "{}",
        shown.stdout
    );
}

#[test]
fn flags_that_other_tools_have_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let out = |kcost: Kcost| kcost.run().ended(0).stdout;
    let plain = out(run(&folder, "-n payments -o csv"));
    assert_eq!(plain.lines().count(), 2);
    let same = run(&folder, "-n payments --format=csv --no-color");
    assert_eq!(out(same), plain);
    let all = run(&folder, "-A -o csv").env("KCOST_NAMESPACE", "payments");
    assert_eq!(out(all).lines().count(), 3);
    let grey = run(&folder, "--no-color").env("KCOST_COLOR", "always");
    assert!(!out(grey).contains('\u{1b}'));
}

#[test]
fn what_was_called_savings_is_still_taken() {
    let folder = tempfile::tempdir().unwrap();
    let listed = |words: &str| run(&folder, words).run().ended(0).stdout;
    let new = listed("-o csv --min-freed 0 --sort freed");
    assert_eq!(listed("-o csv --min-savings 0 --sort savings"), new);
    for rule in ["monthly-freed>1", "monthly-savings>1"] {
        let words = format!("-o json --exit-zero --fail-on {rule}");
        let seen = run(&folder, &words).run().ended(0).json();
        assert_eq!(seen["gates"][0]["threshold"], rule);
        assert_eq!(seen["gates"][0]["rule"], "monthly-freed");
    }
}

#[test]
fn a_variable_that_nothing_reads_is_named_and_its_value_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let said = |words: &str| {
        let kcost = run(&folder, words)
            .env("KCOST_STRATGY", "hunter2")
            .env("KCOST_TOKEN", "hunter2")
            .env("KCOST_SERVICE_HOST", "10.0.0.1")
            .env("KCOST_GOAL", "savings");
        kcost.run().ended(0).stderr
    };
    insta::assert_snapshot!(said("-o csv"), @"
    warning: the environment variable `KCOST_STRATGY` is not one of kcost's, so it is ignored
      hint: did you mean `KCOST_STRATEGY`?
    warning: the environment variable `KCOST_TOKEN` is not one of kcost's, so it is ignored
      hint: did you mean `KCOST_PROMETHEUS_TOKEN`?
    ");
    assert_eq!(said("-o csv -q"), "");
}
