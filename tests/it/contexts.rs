//! Several clusters in one run.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{Kcost, Seen};
use crate::standin::{Standin, TOKEN};

/// Two clusters that answer and one that is gone, in one kubeconfig.
struct Clusters {
    folder: tempfile::TempDir,
    config: PathBuf,
    gone: String,
    _standins: [Standin; 2],
}

impl Clusters {
    fn new() -> Self {
        let [eu, us, gone] = [(); 3].map(|()| Standin::recorded());
        let folder = tempfile::tempdir().unwrap();
        let named = |standin: &Standin, name: &str| {
            let path = folder.path().join(name);
            let text = standin.kubeconfig_text(TOKEN).replace("standin", name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let paths = [named(&eu, "eu"), named(&us, "us"), named(&gone, "gone")];
        let config = std::env::join_paths(paths).unwrap();
        Self {
            config: config.into(),
            gone: gone.url(),
            _standins: [eu, us],
            folder,
        }
    }

    fn run(&self, args: &[&str]) -> Seen {
        let mut seen = Kcost::new()
            .env("KUBECONFIG", &self.config)
            .args(args)
            .run();
        seen.stderr = seen.stderr.replace(&self.gone, "[GONE]");
        seen.stdout = seen.stdout.replace(&self.gone, "[GONE]");
        seen
    }

    fn analyze(&self, args: &[&str]) -> Seen {
        let scope = ["analyze", "--no-discovery", "-n", "extras"];
        self.run(&[&scope, args].concat())
    }

    fn place(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

const BOTH: [&str; 4] = ["--context", "eu", "--context", "us"];

#[test]
fn one_report_of_two_clusters_and_one_that_is_gone() {
    let clusters = Clusters::new();
    let seen = clusters.analyze(&["--all-contexts"]).ended(1);
    let lines = seen.stdout.lines();
    let heads = lines.filter(|line| !line.starts_with(' ') && line.contains("  "));
    let heads: Vec<&str> = heads.filter_map(|line| line.split("  ").next()).collect();
    assert_eq!(
        heads.iter().filter(|it| **it == "eu").count(),
        1,
        "{heads:?}"
    );
    assert_eq!(
        heads.iter().filter(|it| **it == "us").count(),
        1,
        "{heads:?}"
    );
    let (_, end) = seen.stdout.split_once("\ngone  ").unwrap();
    insta::assert_snapshot!(end, @"
    failed
      failed to reach the cluster at [GONE]: Connection refused (os error 111)
      hint: check that the cluster runs and that your VPN is up: `kubectl version`

    All clusters
      CLUSTER  WORKLOADS  COST A MONTH  ADVISED  CHANGE  FREED
      eu               6        $67.31   $67.31    same  $0.00
      us               6        $67.31   $67.31    same  $0.00
      gone                      failed
      total           12       $134.62  $134.62    same  $0.00
    ");
    // What to run next is for a person, and this is a pipe.
    assert!(!seen.stdout.contains("next:"), "{}", seen.stdout);
    insta::assert_snapshot!(seen.stderr, @"
    warning: gone: failed to reach the cluster at [GONE]: Connection refused (os error 111)
      hint: check that the cluster runs and that your VPN is up: `kubectl version`
    error: 1 of 3 clusters could not be read

    hint: each failure is shown above, with what to do about it
    ");
}

#[test]
fn json_of_several_is_a_document_of_its_own() {
    let clusters = Clusters::new();
    let both = clusters.analyze(&[&BOTH[..], &["-o", "json"]].concat());
    let document = both.ended(0).json();
    assert_eq!(document["schema"], "kcost.analyses/v1");
    let names = document["clusters"].as_array().unwrap().iter();
    let names: Vec<&Value> = names.map(|it| &it["cluster"]["name"]).collect();
    assert_eq!(names, ["eu", "us"]);
    assert_eq!(document["summary"]["clusters"], 2);
    assert_eq!(document["errors"], Value::Array(Vec::new()));
    // Each is what it is alone, but for the time it was taken.
    let alone = clusters.analyze(&["--context", "us", "-o", "json"]);
    let mut alone = alone.ended(0).json();
    let mut second = document["clusters"][1].clone();
    assert_eq!(alone["schema"], "kcost.analysis/v1");
    for document in [&mut alone, &mut second] {
        document["taken_at"].take();
    }
    assert_eq!(second, alone);
    let sum = |key: &str| {
        let number = |it: &Value| it["summary"][key].as_u64().unwrap();
        let each = document["clusters"].as_array().unwrap().iter();
        assert_eq!(each.map(number).sum::<u64>(), number(&document), "{key}");
    };
    ["workloads", "containers", "pods"]
        .into_iter()
        .for_each(sum);
    let requested = |it: &Value| it["summary"]["cpu_cores"]["requested"].as_f64().unwrap();
    assert!((requested(&document) - 2.0 * requested(&alone)).abs() < 1e-6);
    let yaml = clusters.analyze(&[&BOTH[..], &["-o", "yaml"]].concat());
    assert!(
        yaml.ended(0)
            .stdout
            .starts_with("schema: kcost.analyses/v1\n")
    );
}

#[test]
fn a_cluster_that_fails_is_an_error_in_the_report_and_the_others_stay() {
    let clusters = Clusters::new();
    let args = [
        "--context",
        "gone",
        "--context",
        "nowhere",
        "--context",
        "eu",
        "-o",
        "json",
    ];
    let seen = clusters.analyze(&args).ended(1);
    let document = seen.json();
    assert_eq!(document["clusters"].as_array().unwrap().len(), 1);
    let errors = document["errors"].as_array().unwrap();
    assert_eq!(errors[0]["cluster"], "gone");
    let text = errors[0]["text"].as_str().unwrap();
    assert!(
        text.starts_with("failed to reach the cluster at [GONE]: "),
        "{text}"
    );
    assert_eq!(errors[1]["text"], "the kubeconfig has no context `nowhere`");
    assert!(
        seen.stderr.contains("warning: gone: failed to reach"),
        "{}",
        seen.stderr
    );
    assert!(
        seen.stderr
            .contains("error: 2 of 3 clusters could not be read"),
        "{}",
        seen.stderr
    );
}

#[test]
fn csv_gets_the_cluster_at_the_end_of_each_row() {
    let clusters = Clusters::new();
    let seen = clusters
        .analyze(&[&BOTH[..], &["-o", "csv"]].concat())
        .ended(0);
    let mut lines = seen.stdout.lines();
    assert!(lines.next().unwrap().ends_with(",headline,why,cluster"));
    let last: Vec<&str> = lines.map(|line| line.rsplit(',').next().unwrap()).collect();
    let of = |name: &str| last.iter().filter(|cluster| **cluster == name).count();
    assert!(of("eu") > 0);
    assert_eq!((of("eu"), of("us")), (last.len() / 2, last.len() / 2));
    let alone = clusters.analyze(&["--context", "eu", "-o", "csv"]).ended(0);
    assert!(
        alone
            .stdout
            .lines()
            .next()
            .unwrap()
            .ends_with(",headline,why")
    );
}

#[test]
fn a_patch_says_which_cluster_each_part_is_for() {
    let clusters = Clusters::new();
    let seen = clusters
        .analyze(&[&BOTH[..], &["-o", "patch"]].concat())
        .ended(0);
    for name in ["eu", "us"] {
        let line = format!("# Cluster {name}: apply this part to this cluster only.\n");
        assert!(seen.stdout.contains(&line), "{}", seen.stdout);
    }
}

/// A bundle of the demo under another name.
fn demo(folder: &Path, name: &str) -> String {
    let path = folder.join(name).display().to_string();
    let args = ["snapshot", "--demo", "-q", "-o", &path];
    Kcost::new().args(args).run().ended(0);
    path
}

#[test]
fn bundles_of_several_clusters_make_one_report_and_the_worst_decides() {
    let clusters = Clusters::new();
    let recorded = clusters.place("recorded.kcost");
    let scope = ["-n", "extras", "--no-discovery", "--context", "eu"];
    let args = ["snapshot", "-q", "-o", &recorded];
    clusters.run(&[&args[..], &scope].concat()).ended(0);
    let demo = demo(clusters.folder.path(), "demo.kcost");
    let both = [
        "analyze",
        "--strategy",
        "krr",
        "--snapshot",
        &recorded,
        "--snapshot",
        &demo,
    ];
    let gate = |limit: &str| {
        let fail_on = format!("cost-waste>{limit}");
        clusters.run(&[&both[..], &["--fail-on", &fail_on]].concat())
    };
    // Nothing is advised from one sample, and so there is nothing to judge.
    let failed = gate("1%").ended(10);
    assert_eq!(failed.stdout.lines().last().unwrap(), "gate failed in demo");
    let unjudged = gate("99%").ended(1);
    let last = unjudged.stdout.lines().last().unwrap();
    assert!(last.starts_with("gate not judged in "), "{last}");
    let json = [&both[..], &["--fail-on", "cost-waste>1%", "-o", "json"]].concat();
    let json = clusters.run(&json).ended(10);
    assert!(
        json.stderr.contains("demo: gate failed: cost-waste>1%"),
        "{}",
        json.stderr
    );
    assert!(
        json.stderr.contains("eu: gate not judged: "),
        "{}",
        json.stderr
    );
    let strict = clusters.run(&[&both[..], &["--strict", "-o", "json"]].concat());
    assert!(strict.ended(1).stderr.contains("gap"));
}

#[test]
fn a_bundle_is_written_for_each_context() {
    let clusters = Clusters::new();
    let output = clusters.place("prod.kcost");
    let args = [
        "snapshot",
        "--all-contexts",
        "--no-discovery",
        "-n",
        "extras",
        "-o",
        &output,
    ];
    let seen = clusters.run(&args).ended(1);
    assert!(
        seen.stderr.contains("warning: gone: failed to reach"),
        "{}",
        seen.stderr
    );
    for name in ["eu", "us"] {
        let bundle = clusters.place(&format!("prod-{name}.kcost"));
        let one = clusters.run(&["analyze", "--snapshot", &bundle, "-o", "json"]);
        assert_eq!(one.ended(0).json()["cluster"]["name"], name);
    }
    assert!(!Path::new(&clusters.place("prod-gone.kcost")).exists());
    assert!(!Path::new(&output).exists());
}

#[test]
fn one_store_for_several_clusters_needs_a_label() {
    let clusters = Clusters::new();
    let url = ["--prometheus-url", "http://127.0.0.1:1"];
    let seen = clusters
        .run(&[&["analyze"], &BOTH[..], &url].concat())
        .ended(2);
    assert!(seen.stderr.contains("cluster={context}"), "{}", seen.stderr);
    let label = ["--prometheus-label", "cluster={context}"];
    let args = [&["analyze"], &BOTH[..], &url, &label].concat();
    assert!(
        clusters
            .run(&args)
            .ended(1)
            .stderr
            .contains("2 of 2 clusters")
    );
}

#[test]
fn what_looks_at_one_cluster_refuses_several() {
    let clusters = Clusters::new();
    let args = [&["explain", "agent"], &BOTH[..]].concat();
    let seen = clusters.run(&args).ended(2);
    assert!(
        seen.stderr.contains("one cluster at a time"),
        "{}",
        seen.stderr
    );
}
