//! `kcost.yaml`: precedence, policy by workload, origins, errors with their place.

use std::fs;

use crate::common::{Kcost, Seen};

/// A folder with this `kcost.yaml` in it.
fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("kcost.yaml"), text).unwrap();
    folder
}

fn run(folder: &tempfile::TempDir, args: &[&str]) -> Seen {
    Kcost::new().inside(folder.path()).args(args).run()
}

/// What is advised on the last week of the demo.
fn week(folder: &tempfile::TempDir) -> Seen {
    let args = ["analyze", "--demo", "--window", "7d", "-o", "json"];
    run(folder, &args).ended(0)
}

/// The request that is advised for the first container of a workload of the demo.
fn workload(seen: &Seen, name: &str) -> serde_json::Value {
    let report = seen.json();
    let workloads = report["workloads"].as_array().unwrap();
    workloads
        .iter()
        .find(|workload| workload["name"] == name)
        .unwrap()
        .clone()
}

#[test]
fn flags_win_over_variables_over_the_file() {
    let folder = folder("goal: savings\n");
    let goal = |seen: &Seen| seen.json()["settings"]["goal"].clone();
    let args = ["analyze", "--demo", "--window", "1d", "-o", "json"];
    assert_eq!(goal(&run(&folder, &args).ended(0)), "savings");
    let variable = Kcost::new()
        .inside(folder.path())
        .args(args)
        .env("KCOST_GOAL", "reliability");
    assert_eq!(goal(&variable.run().ended(0)), "reliability");
    let flag = run(&folder, &[&args[..], &["--goal", "balanced"]].concat());
    assert_eq!(goal(&flag.ended(0)), "balanced");
    let none = run(&folder, &[&args[..], &["--no-config"]].concat());
    assert_eq!(goal(&none.ended(0)), "balanced");
}

#[test]
fn rules_hold_for_what_they_match() {
    let folder = folder(
        "workloads:\n- match: {namespace: shop, name: catalog}\n  min-cpu: 1\n- match: {name: 'search'}\n  protected: true\n",
    );
    let seen = week(&folder);
    let catalog = workload(&seen, "catalog");
    let request = &catalog["containers"][0]["cpu_request_cores"];
    assert!(request["recommended"].as_f64().unwrap() >= 1.0, "{request}");
    let search = workload(&seen, "search");
    assert_eq!(
        search["containers"][0]["cpu_request_cores"]["advice"],
        "keep"
    );
    let reasons = search["containers"][0]["reasons"].to_string();
    assert!(reasons.contains("protects"), "{reasons}");
}

#[test]
fn labels_are_a_selector_or_a_map_and_a_goal_leaves_named_risks() {
    let limit = |rule: &str| {
        let folder = folder(&format!("workloads:\n- {rule}\n"));
        let seen = week(&folder);
        let catalog = workload(&seen, "storefront-bff");
        let container = &catalog["containers"][0];
        container["risk"]["memory_over_limit"].as_f64().unwrap()
    };
    let usual = limit("match: {name: none}\n  goal: savings");
    let before = limit("match: {name: storefront-bff}\n  max-oom-risk: 0.001\n  goal: savings");
    let after = limit("match: {name: storefront-bff}\n  goal: savings\n  max-oom-risk: 0.001");
    assert!(before < usual, "{before} {usual}");
    assert!((before - after).abs() < 1e-12, "{before} {after}");
    let folder = folder(
        "# ours\nworkloads:\n- match: {labels: {app: web, tier: front}}\n  goal: savings\n\n- match: {kind: '{Job,CronJob}'}\n  protected: true\n",
    );
    let seen = run(&folder, &["config"]).ended(0);
    let rules = seen.stdout.split_once("\n\n").unwrap().1;
    insta::assert_snapshot!(rules, @"
    workloads with labels=app=web,tier=front: goal=savings
      from ./kcost.yaml:3

    workloads with kind={Job,CronJob}: protected=true
      from ./kcost.yaml:6
    ");
}

#[test]
fn every_value_has_its_origin() {
    let folder = folder("# ours\nmin-cpu: 20m\nfail-on: [cost-waste>30%]\n");
    let seen = Kcost::new()
        .inside(folder.path())
        .arg("config")
        .env("KCOST_GOAL", "savings")
        .run()
        .ended(0);
    for (key, expected) in [
        ("goal", "goal savings KCOST_GOAL"),
        ("min-cpu", "min-cpu 20m ./kcost.yaml:2"),
        ("fail-on", "fail-on cost-waste>30% ./kcost.yaml:3"),
        ("strategy", "strategy calibrated default"),
        ("max-cpu", "max-cpu - not set"),
    ] {
        assert_eq!(line(&seen, key), expected);
    }
}

/// The line of `kcost config` for a setting, with single blanks.
fn line(seen: &Seen, key: &str) -> String {
    let named = |line: &&str| line.split_whitespace().next() == Some(key);
    let found = seen.stdout.lines().find(named);
    let words: Vec<&str> = found.unwrap().split_whitespace().collect();
    words.join(" ")
}

#[test]
fn settings_of_prometheus_have_their_origin_and_no_secret() {
    let folder = folder(
        "engine: pushdown\nno-discovery: true\nprometheus-names:\n  pod: pod_name\n  container_*: k8s:*\n\
         prometheus-header: ['X-Scope-OrgID: hush']\nprometheus-url: http://me:hush@prom:9090\n",
    );
    let seen = run(&folder, &["config"]).ended(0);
    assert!(!seen.stdout.contains("hush"), "{}", seen.stdout);
    for (key, expected) in [
        ("engine", "engine pushdown ./kcost.yaml:1"),
        ("no-discovery", "no-discovery true ./kcost.yaml:2"),
        (
            "prometheus-names",
            "prometheus-names pod=pod_name, container_*=k8s:* ./kcost.yaml:3",
        ),
        (
            "prometheus-header",
            "prometheus-header x-scope-orgid: *** ./kcost.yaml:6",
        ),
        (
            "prometheus-url",
            "prometheus-url http://prom:9090 ./kcost.yaml:7",
        ),
        ("timeout", "timeout 60s default"),
    ] {
        assert_eq!(line(&seen, key), expected);
    }
}

/// What is given leaves nothing of its rivals in a file.
#[test]
fn a_flag_wins_over_a_rival_in_the_file() {
    let folder = folder(
        "prometheus-url: http://127.0.0.1:1\nprometheus-token-file: /no/such/token\nprometheus-key: a.pem\n",
    );
    let config = |name: &str, value: &str| {
        let config = Kcost::new().inside(folder.path());
        let config = config.args(["config", "--config", "kcost.yaml"]);
        config.env(name, value).run().ended(0)
    };
    let seen = config("KCOST_PROMETHEUS_SERVICE", "a/b");
    assert_eq!(line(&seen, "prometheus-url"), "prometheus-url - not set");
    let seen = config("KCOST_PROMETHEUS_TOKEN", "t");
    assert_eq!(
        line(&seen, "prometheus-token-file"),
        "prometheus-token-file - not set"
    );
    let half = run(&folder, &["analyze", "--plan", "--config", "kcost.yaml"]).ended(2);
    assert!(half.stderr.contains("needs its key"), "{}", half.stderr);
}

#[test]
fn the_default_file_and_the_schema_can_be_used() {
    let written = Kcost::new()
        .args(["config", "--default"])
        .run()
        .ended(0)
        .stdout;
    let plain = run(&folder(&written), &["config"]).ended(0);
    let settings = written.lines().filter_map(|line| line.strip_prefix("# "));
    let set: Vec<&str> = settings
        .filter(|line| line.contains(": ") && !line.contains(", "))
        .collect();
    assert!(set.contains(&"goal: balanced"), "{written}");
    assert!(plain.stdout.contains("default"));
    let schema = Kcost::new()
        .args(["config", "--schema"])
        .run()
        .ended(0)
        .json();
    assert_eq!(schema["properties"]["goal"]["enum"][1], "balanced");
    let names = &schema["properties"]["prometheus-names"]["properties"];
    for name in [
        "pod",
        "container_memory_working_set_bytes",
        "kube_pod_owner",
    ] {
        assert!(names[name].is_object(), "{name}");
    }
    assert!(schema["properties"]["workloads"]["items"]["properties"]["match"].is_object());
}

#[test]
fn a_wrong_file_is_an_error_of_usage_with_its_place() {
    let seen = run(
        &folder("goal: balanced\nmin-cpu: 1Gi\n"),
        &["analyze", "--demo"],
    );
    insta::assert_snapshot!(seen.transcript(), @"
    exit: 2
    --- stdout
    --- stderr
    error: ./kcost.yaml:2:10: min-cpu: `1Gi` is not an amount of CPU: write cores, such as `250m` or `2`

    hint: see `kcost config --schema` for what a file may say
    ");
    let seen = run(
        &folder("workloads:\n- match: {name: '['}\n  goal: savings\n"),
        &["config"],
    );
    insta::assert_snapshot!(seen.transcript(), @"
    exit: 2
    --- stdout
    --- stderr
    error: ./kcost.yaml:2:17: workloads[0].match.name: `[` is not a valid glob: unclosed character class; missing ']'

    hint: see `kcost config --schema` for what a file may say
    ");
    let missing = Kcost::new()
        .args(["config", "--config", "/no/such.yaml"])
        .run()
        .ended(2);
    assert!(
        missing.stderr.contains("/no/such.yaml"),
        "{}",
        missing.stderr
    );
    let twice = run(&folder("goal: savings\ngoal: balanced\n"), &["config"]).ended(2);
    assert!(twice.stderr.contains("twice"), "{}", twice.stderr);
    let variable = Kcost::new()
        .arg("config")
        .env("KCOST_GOAL", "foo")
        .run()
        .ended(2);
    assert!(variable.stderr.contains("foo"), "{}", variable.stderr);
}
