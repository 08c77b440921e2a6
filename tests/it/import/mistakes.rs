//! What people get wrong on the command line and in their files, and what they are told.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{HEADER, START, objects};
use crate::common::{Kcost, Seen};

/// A folder with good objects and usage of `shop`, for mistakes beside them.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.put("objects.json", objects()).put(
            "usage.csv",
            format!("{HEADER}shop,a,app,{START},0.1,1000\n"),
        )
    }

    fn put(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.path().join(name), content).unwrap();
        self
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs a command line within the folder.
    fn run(&self, line: &str) -> Seen {
        Kcost::new().inside(self.path()).args(line.split(' ')).run()
    }

    /// The exit code and all that is said on stderr.
    fn told(&self, line: &str) -> String {
        let seen = self.run(line);
        let folder = self.path().display().to_string();
        let told = seen.stderr.replace(&folder, "[DESK]");
        format!("exit {}\n{}", seen.exit, told.trim_end())
    }

    /// What `analyze` says of these objects.
    fn objects(content: impl AsRef<[u8]>) -> String {
        let desk = Self::new().put("bad", content);
        desk.told("analyze --objects bad --usage usage.csv")
    }
}

fn half_of_a_gzip(content: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content.as_ref()).unwrap();
    let whole = encoder.finish().unwrap();
    whole[..whole.len() / 2].to_vec()
}

#[test]
fn objects_of_which_none_can_be_read_are_a_failure_with_a_place() {
    let yaml = "# a dump\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n---\n\
        apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: shop}\nspec: {containers: 5}\n";
    insta::assert_snapshot!(Desk::objects(yaml), @"
    exit 1
    error: failed to understand Pod shop/x in bad at line 7: `spec.containers`: invalid type: integer, expected a sequence

    hint: give objects as `kubectl get KINDS -A -o json` or `-o yaml` prints them
    ");
    let json = "[\n{\"kind\": \"ConfigMap\"},\n\n{\"kind\": \"Pod\", \"apiVersion\": \"v1\",\n\"spec\": 7}]";
    insta::assert_snapshot!(Desk::objects(json), @"
    exit 1
    error: failed to understand Pod 2 in bad at line 4: `spec`: invalid type: integer, expected PodSpec

    hint: give objects as `kubectl get KINDS -A -o json` or `-o yaml` prints them
    ");
    let long = Desk::objects(format!("{}: x", "shop,a,app,1,1,1 ".repeat(1_000)));
    assert!(
        long.starts_with("exit 1\nerror: failed to understand bad at line 1"),
        "{long}"
    );
    assert!(long.len() < 500, "{long}");
    insta::assert_snapshot!(Desk::objects(""), @"
    exit 3
    error: there is nothing to analyze: no workloads were found (there are no objects; usage of 1 pod belongs to no known workload and is left out: shop/a)

    hint: dump them with `kubectl get nodes,pods,deployments,replicasets -A -o json`
    ");
}

#[test]
fn files_that_are_cut_off_say_so() {
    let desk = Desk::new()
        .put("objects.json.gz", half_of_a_gzip(objects()))
        .put(
            "objects.yaml.gz",
            half_of_a_gzip(format!("# YAML\n{}", objects())),
        )
        .put(
            "usage.csv.gz",
            half_of_a_gzip(format!("{HEADER}shop,a,app,{START},0.1,1000\n")),
        )
        .put("open.yaml", "kind: Pod\nmetadata: {name: x\nspec: {");
    insta::assert_snapshot!(desk.told("analyze --objects objects.json.gz --usage usage.csv"), @"
    exit 1
    error: failed to read objects.json.gz
      caused by: incomplete deflate stream

    hint: the file is incomplete: copy it or create it again
    ");
    insta::assert_snapshot!(desk.told("analyze --objects objects.yaml.gz --usage usage.csv"), @"
    exit 1
    error: failed to read objects.yaml.gz
      caused by: incomplete deflate stream

    hint: the file is incomplete: copy it or create it again
    ");
    insta::assert_snapshot!(desk.told("analyze --objects objects.json --usage usage.csv.gz"), @"
    exit 1
    error: failed to read usage.csv.gz
      caused by: incomplete deflate stream

    hint: the file is incomplete: copy it or create it again
    ");
    insta::assert_snapshot!(desk.told("analyze --objects open.yaml --usage usage.csv"), @"
    exit 1
    error: failed to understand open.yaml at line 3, column 5: while parsing a flow mapping, did not find expected ',' or '}'

    hint: give objects as `kubectl get KINDS -A -o json` or `-o yaml` prints them
    ");
}

#[test]
fn what_is_not_there_is_named_with_a_way_on() {
    let desk = Desk::new();
    insta::assert_snapshot!(desk.told("analyze --objects no.json --usage usage.csv"), @"
    exit 1
    error: failed to read no.json
      caused by: No such file or directory (os error 2)

    hint: check the path: a relative path starts at the current folder
    ");
    insta::assert_snapshot!(desk.told("analyze --objects objects.json --usage no.csv"), @"
    exit 1
    error: failed to read no.csv
      caused by: No such file or directory (os error 2)

    hint: check the path: a relative path starts at the current folder
    ");
    insta::assert_snapshot!(desk.told("analyze --objects objects.json --usage ."), @"
    exit 1
    error: failed to read .
      caused by: Is a directory (os error 21)

    hint: name the files in the folder
    ");
    insta::assert_snapshot!(desk.told("analyze --demo --config no.yaml"), @"
    exit 2
    error: failed to read no.yaml
      caused by: No such file or directory (os error 2)

    hint: check `--config` and `KCOST_CONFIG`, or use none with `--no-config`
    ");
    insta::assert_snapshot!(desk.told("analyze --snapshot nope"), @"
    exit 1
    error: failed to read nope
      caused by: No such file or directory (os error 2)

    hint: name the folder that `kcost snapshot -o NAME.kcost` wrote
    ");
    insta::assert_snapshot!(desk.told("snapshot --demo -o no/such/a.kcost"), @"
    exit 1
    error: there is no folder [DESK]/no/such to write [DESK]/no/such/a.kcost into

    hint: make it with `mkdir -p [DESK]/no/such`
    ");
    insta::assert_snapshot!(desk.told("analyze --kubeconfig no.config"), @"
    exit 1
    error: there is no kubeconfig at no.config

    hint: check `--kubeconfig` and `KUBECONFIG`, or try `--demo`
    ");
    insta::assert_snapshot!(desk.told("analyze"), @"
    exit 1
    error: there is no kubeconfig at [HOME]/no-such-kubeconfig

    hint: check `--kubeconfig` and `KUBECONFIG`, or try `--demo`
    ");
    insta::assert_snapshot!(desk.told("analyze --context prod"), @"
    exit 1
    error: there is no kubeconfig at [HOME]/no-such-kubeconfig

    hint: check `--kubeconfig` and `KUBECONFIG`, or try `--demo`
    ");
}

#[test]
fn a_namespace_without_workloads_is_nothing_to_analyze_or_a_gap() {
    let desk = Desk::new();
    insta::assert_snapshot!(desk.told("analyze --objects objects.json --usage usage.csv -n nosuch"), @"
    exit 3
    error: there is nothing to analyze: no workloads were found (there are no samples; there are no workloads in the namespace `nosuch`)

    hint: list them with `kubectl get namespaces`
    ");
    insta::assert_snapshot!(desk.told("analyze --demo -n shpo"), @"
    exit 3
    error: there is nothing to analyze: no workloads were found (there are no workloads in the namespace `shpo`)

    hint: did you mean `shop`?
    ");
    let seen = desk
        .run("analyze --demo --window 7d -n shop -n nosuch -o json")
        .ended(0)
        .json();
    let gap = &seen["gaps"][0];
    assert_eq!(gap["subject"], "namespace nosuch");
    assert_eq!(
        gap["text"],
        "there are no workloads in the namespace `nosuch`"
    );
    desk.run("analyze --demo --window 7d -n shop -n nosuch --strict")
        .ended(1);
    desk.run("analyze --demo --window 7d -n shop --strict")
        .ended(0);
}

#[test]
fn a_negative_amount_is_a_gap_and_counts_as_not_set() {
    let bad = objects().replace("\"1\"", "\"-500m\"");
    let desk = Desk::new().put("bad.json", bad);
    let seen = desk
        .run("analyze --objects bad.json --usage usage.csv -o json")
        .ended(0)
        .json();
    let gap = &seen["gaps"][0];
    assert_eq!(gap["text"], "cpu `-500m` is negative");
    let container = &seen["workloads"][0]["containers"][0];
    assert!(container["cpu_request_cores"]["current"].is_null());
    assert_eq!(container["memory_request_bytes"]["current"], 1 << 30);
}

#[test]
fn one_snapshot_is_not_added_up_with_itself() {
    let desk = Desk::new();
    let take = "snapshot --objects objects.json --usage usage.csv -o";
    desk.run(&format!("{take} a.kcost")).ended(0);
    desk.run(&format!("{take} b.kcost")).ended(0);
    insta::assert_snapshot!(desk.told("analyze --snapshot a.kcost --snapshot a.kcost"), @"
    exit 2
    error: the bundle a.kcost is named twice

    hint: name each bundle once: each counts as a cluster
    ");
    insta::assert_snapshot!(desk.told("analyze --snapshot a.kcost --snapshot b.kcost"), @"
    exit 2
    error: a.kcost and b.kcost are the same snapshot

    hint: name each bundle once: each counts as a cluster
    ");
    desk.run("analyze --snapshot a.kcost --snapshot no.kcost")
        .ended(1);
    let once = "analyze --objects objects.json --usage usage.csv -o json";
    let twice = "analyze --objects objects.json objects.json --usage usage.csv usage.csv -o json";
    let [once, twice] = [once, twice].map(|line| desk.run(line).ended(0).json());
    assert_eq!(once["summary"], twice["summary"]);
    assert_eq!(once["workloads"], twice["workloads"]);
}

#[test]
fn a_workload_may_be_named_behind_files() {
    let desk = Desk::new();
    let named = desk
        .run("explain shop/Pod/a --objects objects.json --usage usage.csv")
        .ended(0);
    for line in [
        "explain --objects objects.json --usage usage.csv shop/Pod/a",
        "explain --usage usage.csv --objects objects.json shop/Pod/a",
    ] {
        let behind = desk.run(line).ended(0);
        let sizes = |seen: &Seen| seen.stdout.lines().take(8).collect::<String>();
        assert_eq!(sizes(&behind), sizes(&named));
    }
    // Without a name those that stand out are listed; programs have to name one.
    let listed = desk
        .run("explain --objects objects.json --usage usage.csv")
        .ended(0);
    assert!(
        listed.stdout.contains("Worth acting on"),
        "{}",
        listed.stdout
    );
    insta::assert_snapshot!(desk.told("explain --objects objects.json --usage usage.csv -o json"), @"
    exit 2
    error: no workload is named

    hint: name it first: `kcost explain WORKLOAD --objects FILE…`
    ");
}
