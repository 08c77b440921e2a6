//! Changes of a cluster, and back: the built kcost against the stand-in.

mod governed;
mod interrupted;
mod kept;
mod kinds;
mod meanwhile;
mod throttled;
mod together;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::common::{Kcost, Seen};
use crate::standin::{Goes, Setup, Standin, Store};

/// A kind of workload, its name, its CPU request, its memory, and how many pods it has.
const WORKLOADS: [(&str, &str, &str, &str, usize); 4] = [
    ("Deployment", "api", "2", "4Gi", 2),
    ("Deployment", "web", "50m", "384Mi", 2),
    ("StatefulSet", "db", "2", "4Gi", 2),
    ("DaemonSet", "agent", "1", "2Gi", 1),
];

/// A cluster, usage of it until now, and a folder for all that a run writes.
struct World {
    standin: Standin,
    folder: tempfile::TempDir,
    /// Kinds beside those that every cluster has.
    kinds: Vec<(&'static str, &'static str)>,
}

fn plural(kind: &str) -> String {
    format!("{}s", kind.to_lowercase())
}

fn owner(kind: &str, name: &str, uid: &str) -> Value {
    json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true}])
}

/// The workload, the ReplicaSet of a Deployment, and the pods.
fn objects() -> Vec<(&'static str, String, Value)> {
    let size = json!({"cpu": "64", "memory": "256Gi", "pods": "110"});
    let mut all = vec![
        (
            "v1",
            "nodes".to_owned(),
            json!({"metadata": {"name": "n0", "uid": "n0"},
            "status": {"allocatable": size, "capacity": size}}),
        ),
        (
            "v1",
            "namespaces".to_owned(),
            json!({"metadata": {"name": "shop", "uid": "shop"}}),
        ),
    ];
    for (kind, name, cpu, memory, pods) in WORKLOADS {
        let spec = json!({"containers": [{"name": "app", "image": "i", "resources": {
            "requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}}]});
        let labels = json!({"app": name});
        let status = json!({
            "observedGeneration": 1, "replicas": pods, "updatedReplicas": pods, "readyReplicas": pods,
            "availableReplicas": pods, "currentRevision": "r", "updateRevision": "r",
            "desiredNumberScheduled": pods, "currentNumberScheduled": pods, "numberReady": pods,
            "updatedNumberScheduled": pods, "numberAvailable": pods, "numberMisscheduled": 0,
        });
        all.push(("apps/v1", plural(kind), json!({
            "metadata": {"name": name, "namespace": "shop", "uid": name, "generation": 1, "resourceVersion": "7"},
            "spec": {"replicas": pods, "serviceName": name, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec}},
            "status": status,
        })));
        let mut above = owner(kind, name, name);
        if kind == "Deployment" {
            all.push(("apps/v1", "replicasets".to_owned(), json!({
                "metadata": {"name": format!("{name}-1"), "namespace": "shop", "uid": format!("{name}-r"),
                    "ownerReferences": above, "labels": labels},
                "spec": {"replicas": pods, "selector": {"matchLabels": labels}},
            })));
            above = owner("ReplicaSet", &format!("{name}-1"), &format!("{name}-r"));
        }
        for number in 0..pods {
            let mut spec = spec.clone();
            spec["nodeName"] = "n0".into();
            let pod = format!("{name}-{number}");
            all.push(("v1", "pods".to_owned(), json!({
                "metadata": {"name": pod, "namespace": "shop", "uid": pod, "labels": labels,
                    "ownerReferences": above},
                "spec": spec,
                "status": {"phase": "Running", "containerStatuses": [{"name": "app",
                    "restartCount": 0, "ready": true, "image": "i", "imageID": "", "state": {"running": {}}}]},
            })));
        }
    }
    all
}

/// Two weeks, up to now: a tenth of a core and more, about 200 MB.
fn usage() -> String {
    usage_until(0)
}

/// The same up to so many seconds from now.
fn usage_until(ahead: i64) -> String {
    let now = Timestamp::now().as_second() + ahead;
    let mut text = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n".to_owned();
    for slot in 0..14 * 48 {
        let at = now - 1800 * (14 * 48 - slot);
        for (_, name, _, _, pods) in WORKLOADS {
            for pod in 0..pods {
                let cpu = 0.2 + 0.01 * f64::from(u32::try_from(slot % 7).unwrap());
                let memory = 200_000_000 + 1_000_000 * (slot % 11);
                writeln!(text, "shop,{name}-{pod},app,{at},{cpu},{memory}").unwrap();
            }
        }
    }
    text
}

impl World {
    fn new() -> Self {
        Self::with(|store| store)
    }

    /// The same with something else about it.
    fn with(change: impl FnOnce(Store) -> Store) -> Self {
        let mut store = Store::empty();
        for (api_version, plural, object) in objects() {
            store = store.with(api_version, &plural, &object);
        }
        Self::on(Setup::new(change(store)))
    }

    /// The same on a server that is set up like this.
    fn on(setup: Setup) -> Self {
        let standin = setup.start();
        let folder = tempfile::tempdir().unwrap();
        let world = Self {
            standin,
            folder,
            kinds: Vec::new(),
        };
        fs::write(world.path("usage.csv"), usage()).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A bundle of the cluster as it is now.
    fn bundle(&self, name: &str) -> PathBuf {
        let kinds = ["nodes", "pods"].map(|plural| ("v1", plural)).into_iter();
        let sets = ["deployments", "replicasets", "statefulsets", "daemonsets"];
        let kinds = kinds.chain(sets.map(|plural| ("apps/v1", plural)));
        let kinds = kinds.chain([
            ("autoscaling/v2", "horizontalpodautoscalers"),
            ("policy/v1", "poddisruptionbudgets"),
        ]);
        let kinds = kinds.chain(self.kinds.iter().copied());
        let items: Vec<Value> = kinds
            .flat_map(|(api_version, plural)| self.standin.objects(api_version, plural))
            .collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        let objects = self.path("objects.json");
        fs::write(&objects, list.to_string()).unwrap();
        let bundle = self.path(name);
        Kcost::new()
            .args(["snapshot", "--context", "standin", "--objects"])
            .arg(&objects)
            .arg("--usage")
            .arg(self.path("usage.csv"))
            .arg("-o")
            .arg(&bundle)
            .run()
            .ended(0);
        bundle
    }

    fn command(&self, command: &str) -> Kcost {
        let config = self.standin.kubeconfig(self.folder.path());
        Kcost::new()
            .env("KUBECONFIG", config)
            .env("KCOST_LOG", self.path("log"))
            .arg(command)
    }

    /// Applies from a bundle of now, without waiting for pods to go wrong.
    fn apply(&self, args: &[&str]) -> Seen {
        let bundle = self.bundle("now.kcost");
        self.apply_of(&bundle, args)
    }

    fn apply_of(&self, bundle: &std::path::Path, args: &[&str]) -> Seen {
        self.applying(bundle).args(args).run()
    }

    fn applying(&self, bundle: &std::path::Path) -> Kcost {
        self.command("apply").arg("--snapshot").arg(bundle).args([
            "--watch",
            "1s",
            "--max-cut",
            "100%",
            "--rollout-timeout",
            "10s",
        ])
    }

    fn rollback(&self, args: &[&str]) -> Seen {
        self.command("rollback").args(args).run()
    }

    fn object(&self, kind: &str, name: &str) -> Value {
        let all = self.standin.objects("apps/v1", &plural(kind));
        all.into_iter()
            .find(|it| it["metadata"]["name"] == name)
            .unwrap()
    }

    fn resources(&self, kind: &str, name: &str) -> Value {
        let object = self.object(kind, name);
        object["spec"]["template"]["spec"]["containers"][0]["resources"].clone()
    }

    /// What every workload holds, without what writes leave on it.
    fn specs(&self) -> Vec<Value> {
        let all = WORKLOADS.map(|(kind, name, ..)| self.object(kind, name)["spec"].clone());
        all.to_vec()
    }

    /// What the advice still wants to change.
    fn wanted(&self) -> Vec<Value> {
        let bundle = self.bundle("again.kcost");
        let seen = self
            .command("patch")
            .args(["-o", "json", "--snapshot"])
            .arg(bundle);
        let report = seen.run().ended(0).json();
        report["changes"].as_array().unwrap().clone()
    }

    /// Real writes that were taken, by their paths.
    fn taken(&self) -> Vec<String> {
        let written = self.standin.written().into_iter();
        written
            .filter(|it| it.taken && !it.dry)
            .map(|it| it.path)
            .collect()
    }

    /// The runs of the log.
    fn runs(&self) -> Vec<Value> {
        let report = self.rollback(&["--list", "-o", "json"]).ended(0).json();
        report["runs"].as_array().unwrap().clone()
    }

    fn last_run(&self) -> String {
        self.runs().last().unwrap()["run"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

fn outcomes(report: &Value) -> Vec<(String, String)> {
    let changes = report["changes"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    changes
        .map(|it| (text(&it["name"]), text(&it["outcome"])))
        .collect()
}

#[test]
fn what_is_applied_is_advised_no_more_and_goes_back_whole() {
    let world = World::new();
    let before = world.specs();
    let seen = world.apply(&["--yes", "-o", "json"]).ended(0);
    let report = seen.json();
    assert_eq!(report["schema"], "kcost.changes/v1");
    let all: Vec<(String, String)> = ["agent", "api", "web", "db"]
        .map(|name| (name.to_owned(), "applied".to_owned()))
        .to_vec();
    assert_eq!(outcomes(&report), all);
    // What needs more comes first, and alone.
    let web = report["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["name"] == "web");
    assert_eq!(web.unwrap()["wave"], 1);
    assert!(world.taken()[0].ends_with("/web"), "{:?}", world.taken());
    assert_ne!(world.specs(), before);
    assert_eq!(world.wanted(), [Value::Null; 0]);
    let managers = world.object("Deployment", "api")["metadata"]["managedFields"].clone();
    assert_eq!(managers[0]["manager"], "kcost");
    assert_eq!(managers[0]["operation"], "Apply");

    let run = report["run"].as_str().unwrap();
    world.rollback(&[run, "--yes"]).ended(0);
    assert_eq!(world.specs(), before);
    let again = world
        .rollback(&[run, "--yes", "-o", "json"])
        .ended(0)
        .json();
    assert!(
        outcomes(&again)
            .iter()
            .all(|(_, outcome)| outcome == "already"),
        "{again}"
    );
    assert_eq!(world.specs(), before);
}

#[test]
fn a_dry_run_writes_nothing_and_a_run_without_a_person_needs_a_yes() {
    let world = World::new();
    let before = world.specs();
    let seen = world.apply(&["--dry-run"]).ended(0);
    assert!(
        seen.stdout.contains("4 changes in 4 waves"),
        "{}",
        seen.stdout
    );
    assert!(
        seen.stdout.contains("the server takes 4 changes"),
        "{}",
        seen.stdout
    );
    assert!(world.standin.written().iter().all(|it| it.dry && it.taken));
    assert_eq!(world.specs(), before);
    assert!(!world.path("log").exists());

    let seen = world.apply(&[]).ended(2);
    assert!(
        seen.stderr.contains("nobody can be asked"),
        "{}",
        seen.stderr
    );
    world.apply(&["-o", "json"]).ended(2);
    assert!(world.taken().is_empty());
}

#[test]
fn a_rollout_that_fails_takes_its_wave_back_and_ends_the_run() {
    for goes in [Goes::Stuck, Goes::Killed] {
        let world = World::new();
        let before = world.specs();
        world.standin.writing(|it| {
            it.goes.insert("api".to_owned(), goes);
        });
        let report = world
            .apply(&["--yes", "-o", "json", "--wave", "2"])
            .ended(1)
            .json();
        let outcomes = outcomes(&report);
        let of = |name: &str| outcomes.iter().find(|it| it.0 == name).unwrap().1.clone();
        assert_eq!(of("web"), "applied");
        assert_eq!(of("api"), "rolled_back", "{report}");
        assert_eq!(of("agent"), "rolled_back");
        assert_eq!(of("db"), "not_tried");
        let api = report["changes"]
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["name"] == "api");
        let why = api.unwrap()["why"]["text"].as_str().unwrap();
        let said = if goes == Goes::Stuck {
            "timed out progressing"
        } else {
            "OOMKilled"
        };
        assert!(why.contains(said), "{why}");
        // The raise stays; of the rest nothing is left.
        assert_eq!(world.specs()[0], before[0]);
        assert_eq!(world.specs()[2..], before[2..]);
        assert_ne!(world.specs()[1], before[1]);
        assert_eq!(world.runs()[0]["ended"], "stopped");
        let list = world.rollback(&["--list"]).ended(0).stdout;
        assert!(list.contains("stopped, 1 object changed"), "{list}");
        let run = world.last_run();
        world.rollback(&[&run, "--yes"]).ended(0);
        assert_eq!(world.specs(), before);
    }
}

#[test]
fn a_rollout_is_waited_for() {
    let world = World::new();
    world.standin.writing(|it| {
        it.goes.insert("api".to_owned(), Goes::After(4));
    });
    let seen = world.apply(&["--yes", "api"]).ended(0);
    assert!(
        seen.stdout
            .contains("shop/Deployment/api: applied, well after"),
        "{}",
        seen.stdout
    );
    let looks = world.standin.asked().into_iter();
    let looks = looks.filter(|it| it.verb == "GET" && it.path.ends_with("/deployments/api"));
    assert!(looks.count() > 5);
}

#[test]
fn a_workload_is_named_once_and_a_folder_that_is_not_there_is_told() {
    let world = World::new();
    world.standin.writing(|it| {
        it.goes.insert("api".to_owned(), Goes::Killed);
    });
    let seen = world.apply(&["--yes", "api"]).ended(1);
    let mut lines = seen.stdout.lines();
    let line = lines.find(|it| it.contains(": rolled back: ")).unwrap();
    assert_eq!(line.matches("shop/Deployment/api").count(), 1, "{line}");
    assert!(line.contains("OOMKilled"), "{line}");
    let run = world.last_run();
    let said = format!("applied none of 1 change; nothing is left of run {run}");
    assert!(seen.stdout.contains(&said), "{}", seen.stdout);

    let none = world.path("none");
    for args in [&["--list"][..], &["some-run", "--dry-run"]] {
        let seen = world
            .rollback(&[args, &["--log", none.to_str().unwrap()]].concat())
            .ended(2);
        assert!(seen.stderr.contains("does not exist"), "{}", seen.stderr);
        assert!(!none.exists());
    }
}

#[test]
fn a_wave_that_changes_nothing_is_refused() {
    let world = World::new();
    for wave in ["0%", "0", "101%", "abc"] {
        let seen = world.command("apply").args(["--dry-run", "--wave", wave]);
        let seen = seen.run().ended(2);
        for said in ["such as `10%`", "a whole number of at least 1"] {
            assert!(seen.stderr.contains(said), "{}", seen.stderr);
        }
    }
}
