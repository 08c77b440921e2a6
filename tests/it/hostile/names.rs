//! Names of others in what is copied, pasted, completed and opened elsewhere.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::{Kcost, Seen, needs};

/// What no name may be, and what each would do somewhere.
const NAMES: [&str; 10] = [
    "x\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: evil}\n#",
    "x\r---\rkind: Secret",
    "x\u{85}kind: Secret",
    "x\u{2028}kind: Secret",
    "x'; touch pwned; '",
    "$(touch pwned)",
    "`touch pwned`",
    "--kubeconfig=pwned",
    "\u{1b}[2Jx",
    "=1+1",
];

/// Objects and usage of a stateful set and its container by these names, which has a
/// CPU limit to be removed.
fn files(folder: &Path, name: &str, container: &str) -> [PathBuf; 2] {
    let resources =
        json!({"requests": {"cpu": "2", "memory": "2Gi"}, "limits": {"cpu": "4", "memory": "2Gi"}});
    let spec = json!({"containers": [{"name": container, "image": "i", "resources": resources}]});
    let owner = json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name, "uid": "s", "controller": true}]);
    let items = json!([
        {"apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": {"name": name, "namespace": "shop", "uid": "s"},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": spec}}},
        {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "pod-0", "namespace": "shop", "uid": "p", "ownerReferences": owner},
            "spec": spec, "status": {"phase": "Running"}}
    ]);
    let objects = json!({"apiVersion": "v1", "kind": "List", "items": items});
    let mut usage = csv::Writer::from_writer(Vec::new());
    let columns = [
        "namespace",
        "pod",
        "container",
        "timestamp",
        "cpu_cores",
        "memory_bytes",
    ];
    usage.write_record(columns).unwrap();
    for slot in 0..14 * 48 {
        let at = (1_760_000_000 + 1800 * slot).to_string();
        let row = ["shop", "pod-0", container, &at, "0.3", "220000000"];
        usage.write_record(row).unwrap();
    }
    let paths = ["objects.json", "usage.csv"].map(|name| folder.join(name));
    fs::write(&paths[0], objects.to_string()).unwrap();
    fs::write(&paths[1], usage.into_inner().unwrap()).unwrap();
    paths
}

fn analyzed(folder: &Path, name: &str, container: &str, format: &str) -> Seen {
    let [objects, usage] = files(folder, name, container);
    let kcost = Kcost::new().args(["analyze", "-o", format, "--cpu-limits", "remove"]);
    let kcost = kcost.arg("--objects").arg(objects);
    kcost.arg("--usage").arg(usage).run().ended(0)
}

/// Lines as YAML 1.1 and terminals part them.
fn lines(text: &str) -> Vec<&str> {
    text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
        .collect()
}

#[test]
fn a_name_stays_in_the_comment_and_out_of_the_command() {
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        for (workload, container) in [(name, "app"), ("api", name)] {
            let patch = analyzed(folder.path(), workload, container, "patch").stdout;
            let lines = lines(&patch);
            assert!(
                lines
                    .iter()
                    .any(|line| line.starts_with("# Remove limits.cpu of"))
            );
            for line in lines {
                let acts = line.starts_with("kind: Secret") || line.contains("kubectl patch");
                assert!(!acts, "{name:?}: {patch}");
            }
        }
    }
    let patch = analyzed(folder.path(), "api", "app", "patch").stdout;
    let command = lines(&patch)
        .into_iter()
        .find(|line| line.contains("kubectl patch"))
        .unwrap();
    insta::assert_snapshot!(command, @r##"#   kubectl patch statefulset api -n shop --type=strategic -p '{"spec":{"template":{"spec":{"containers":[{"name":"app","resources":{"limits":{"cpu":null}}}]}}}}'"##);
}

#[test]
fn no_cell_runs_in_a_spreadsheet_or_moves_a_cursor() {
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        let text = analyzed(folder.path(), name, name, "csv").stdout;
        let moves = |c: char| (c.is_control() && c != '\n') || c == '\u{2028}';
        assert!(!text.contains(moves), "{name:?}: {text:?}");
        let mut rows = csv::Reader::from_reader(text.as_bytes());
        for row in rows.records().map(Result::unwrap) {
            for cell in row.iter().filter(|cell| cell.parse::<f64>().is_err()) {
                assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
            }
        }
    }
}

/// What kcost offers bash for the last word of this line.
fn offered(kcost: Kcost, line: &[&str]) -> String {
    let index = (line.len() - 1).to_string();
    let asked = kcost.arg("--").args(line).env("KCOST_COMPLETE", "bash");
    let asked = asked
        .env("_CLAP_COMPLETE_INDEX", index)
        .env("_CLAP_IFS", "\n");
    asked.run().ended(0).stdout
}

#[test]
fn only_plain_names_are_completed() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("a.kcost");
    fs::create_dir(&bundle).unwrap();
    fs::write(bundle.join("snapshot.json"), "{}").unwrap();
    let name =
        |name: &&str| json!({"namespace": "shop", "kind": "Pod", "name": format!("z{name}")});
    let named: Vec<Value> = NAMES.iter().chain(&["", "-1.a_b"]).map(name).collect();
    fs::write(bundle.join("workloads.json"), json!(named).to_string()).unwrap();
    for path in ["z$(touch pwned).kcost", "z;id", "z a", "z'", "zed.kcost"] {
        fs::create_dir(folder.path().join(path)).unwrap();
    }
    let kcost = || Kcost::new().inside(folder.path());
    let line = ["kcost", "explain", "--snapshot", "a.kcost", "z"];
    assert_eq!(offered(kcost(), &line), "z\nz-1.a_b");
    let line = ["kcost", "analyze", "--snapshot", "z"];
    assert_eq!(offered(kcost(), &line), "zed.kcost/");
}

#[test]
fn the_state_file_is_our_own_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("kcost");
    let last = state.join("last");
    let run = || {
        let kcost = Kcost::new().env("XDG_STATE_HOME", folder.path());
        let kcost = kcost.args(["snapshot", "--demo", "-n", "payments", "-o"]);
        kcost.arg(folder.path().join("a.kcost")).run().ended(0);
    };
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    run();
    assert!(fs::read_to_string(&last).unwrap().ends_with("a.kcost"));
    assert_eq!((mode(&state), mode(&last)), (0o700, 0o600));
    let complete = || {
        let kcost = Kcost::new().env("XDG_STATE_HOME", folder.path());
        offered(kcost, &["kcost", "explain", "payments-"])
    };
    assert!(complete().contains("payments-api"));

    let mine = folder.path().join("mine");
    fs::rename(&last, &mine).unwrap();
    fs::write(&mine, "mine").unwrap();
    symlink(&mine, &last).unwrap();
    run();
    assert_eq!(fs::read_to_string(&mine).unwrap(), "mine");
    assert!(fs::symlink_metadata(&last).unwrap().is_symlink());
    assert_eq!(complete(), "");

    let Some(mkfifo) = needs("mkfifo") else {
        return;
    };
    fs::remove_file(&last).unwrap();
    Kcost::program(&mkfifo).arg(&last).run().ended(0);
    run();
    assert_eq!(complete(), "");
}
