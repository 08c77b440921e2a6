//! Every form of a change, as a real kubectl takes it: what changes is what was advised,
//! and nothing else.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use kcost::change::{Change, Edit, Unplaced, change, changes};
use kcost::pipeline;
use kcost::progress::Silent;
use kcost::recommend::{Advised, Sizing, State};
use kcost::render::{FORMS, Form, Sheet, form_by_name};
use kcost::snapshot::{Container, Resources, Snapshot, Workload};
use kcost::units::Span;
use serde_json::{Map, Value, json};

use crate::common::{Kcost, demo, demo_week, needs};
use crate::demo::DEMO;
use crate::made::{self, Made};

/// An object as its pod template says it, with more in it than what changes.
fn object(change: &Change<'_>) -> Value {
    let list = |wanted: &str| -> Vec<Value> {
        let containers = change.workload.containers.iter();
        let of = containers.filter(|it| it.in_template);
        let of = of.filter(|it| {
            let app = it.kind.name() == "app";
            app == (wanted == "containers")
        });
        of.map(container).collect()
    };
    let mut spec = json!({
        "serviceAccountName": "of-its-own",
        "containers": list("containers"),
        "initContainers": list("initContainers"),
    });
    if spec["initContainers"] == json!([]) {
        spec.as_object_mut().unwrap().remove("initContainers");
    }
    let path = change.target.pod_spec.iter().rev();
    let body: Value = path.fold(spec, |inner, field| json!({field.as_str(): inner}));
    let mut object = json!({
        "apiVersion": change.target.api_version,
        "kind": change.target.kind,
        "metadata": {
            "name": change.target.name,
            "namespace": change.workload.id.namespace,
            "annotations": {"note": "stays"},
        },
    });
    let fields = object.as_object_mut().unwrap();
    fields.extend(body.as_object().unwrap().clone());
    object
}

fn container(container: &Container) -> Value {
    let mut resources = Map::new();
    let mut add = |name: &str, sizes: &Resources| {
        let mut section = Map::new();
        if let Some(cpu) = sizes.cpu {
            section.insert("cpu".to_owned(), cpu.to_string().into());
        }
        if let Some(memory) = sizes.memory {
            section.insert("memory".to_owned(), memory.to_string().into());
        }
        if !section.is_empty() {
            resources.insert(name.to_owned(), section.into());
        }
    };
    add("requests", container.declared_requests());
    add("limits", container.declared_limits());
    let mut made = json!({
        "name": container.name, "image": "registry.example.com/app:1",
        "env": [{"name": "STAYS", "value": "1"}],
    });
    if !resources.is_empty() {
        made["resources"] = resources.into();
    }
    made
}

/// The object once the change is made, by the change alone.
fn expected(change: &Change<'_>, with_heap: bool) -> Value {
    let mut object = object(change);
    let root = change.target.pod_spec.iter();
    let root = root.fold(String::new(), |path, field| format!("{path}/{field}"));
    for changed in &change.containers {
        let at = format!("{root}/{}/{}", changed.container.kind.list(), changed.place);
        let container = object.pointer_mut(&at).unwrap();
        assert_eq!(container["name"], changed.container.name.as_str());
        for edit in &changed.edits {
            edited(container, edit);
        }
        if let Some(heap) = changed.heap.as_ref().filter(|_| with_heap) {
            let env = container["env"].as_array_mut().unwrap();
            env.push(json!({"name": heap.variable, "value": heap.value}));
        }
    }
    object
}

fn edited(container: &mut Value, edit: &Edit) {
    let (section, resource) = (edit.section.name(), edit.resource.name());
    if container.get("resources").is_none() {
        container["resources"] = json!({});
    }
    let resources = container["resources"].as_object_mut().unwrap();
    let section = resources.entry(section).or_insert_with(|| json!({}));
    let section = section.as_object_mut().unwrap();
    match edit.after {
        Some(after) => section.insert(resource.to_owned(), after.to_string().into()),
        None => section.remove(resource),
    };
}

/// Empty sections, orders of variables and empty statuses say nothing.
fn plain(mut value: Value) -> Value {
    fn prune(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.values_mut().for_each(prune);
                fields.retain(|name, value| {
                    let nothing = value.is_null() || *value == json!({}) || *value == json!([]);
                    !nothing && name != "status" && name != "creationTimestamp"
                });
                for name in ["env", "containers", "initContainers"] {
                    if let Some(Value::Array(list)) = fields.get_mut(name) {
                        list.sort_by_key(|it| it["name"].to_string());
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(prune),
            _ => {}
        }
    }
    prune(&mut value);
    value
}

/// What kubectl makes of the object with these arguments.
fn locally(kubectl: &Path, object: &Value, args: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("object.json");
    fs::write(&file, object.to_string()).unwrap();
    let seen = Kcost::program(kubectl)
        .args(args)
        .args(["--local", "-o", "json", "-f"])
        .arg(&file)
        .run()
        .ended(0);
    seen.json()
}

/// Of a set without others.
fn sheet(file: Option<&str>) -> Sheet<'_> {
    Sheet {
        file,
        workloads: &[],
    }
}

/// The text of a form for one change, as a file of its own.
fn written(form: &dyn Form, change: &Change<'_>) -> String {
    let mut text = Vec::new();
    form.write(change, sheet(Some("a.yaml")), &mut text)
        .unwrap();
    String::from_utf8(text).unwrap()
}

/// The commands of a form for one change.
fn commands(form: &dyn Form, change: &Change<'_>) -> Vec<String> {
    let mut text = Vec::new();
    form.write(change, sheet(None), &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("kubectl "));
    lines.map(str::to_owned).collect()
}

/// The last week of the demo.
static WEEK: LazyLock<Snapshot> = LazyLock::new(|| {
    let mut week = DEMO.clone();
    week.usage.keep_newest(Span::WEEK);
    week
});

static ADVISED: LazyLock<Advised> =
    LazyLock::new(|| pipeline::advise(&WEEK, &made::settings(), &Silent).advised);

/// Everything that changes in the demo.
fn of_demo() -> Vec<Change<'static>> {
    let (placed, unplaced) = changes(&WEEK.workloads, &ADVISED.workloads);
    assert!(placed.len() > 30 && unplaced.is_empty(), "{}", placed.len());
    placed
}

/// One workload, and what is said of it.
fn advised(workload: Workload, sizing: Sizing) -> Made {
    let mut made = Made::empty();
    made.add(workload, State::OverProvisioned, &[sizing]);
    made
}

fn only(made: &Made) -> Result<Change<'_>, Unplaced<'_>> {
    change(&made.snapshot.workloads[0], &made.advised.workloads[0]).unwrap()
}

#[test]
fn merge_and_json_patches_change_what_was_advised_and_nothing_else() {
    let Some(kubectl) = needs("kubectl") else {
        return;
    };
    let strategic = form_by_name("strategic").unwrap();
    let by_json = form_by_name("json-patch").unwrap();
    for change in &of_demo() {
        let folder = tempfile::tempdir().unwrap();
        for (form, kind, with_heap) in [(strategic, "strategic", true), (by_json, "json", false)] {
            let file = folder.path().join(kind);
            fs::write(&file, written(form, change)).unwrap();
            let file = file.to_str().unwrap();
            let args = ["patch", "--type", kind, "--patch-file", file];
            let seen = locally(&kubectl, &object(change), &args);
            let wanted = expected(change, with_heap);
            assert_eq!(plain(seen), plain(wanted), "{}", change.workload.id);
        }
    }
}

#[test]
fn a_component_changes_what_was_advised_and_nothing_else() {
    let Some(kubectl) = needs("kubectl") else {
        return;
    };
    let placed = of_demo();
    let folder = tempfile::tempdir().unwrap();
    let (base, parts) = (folder.path().join("base"), folder.path().join("kcost"));
    fs::create_dir(&base).unwrap();
    let mut resources = String::new();
    for (number, change) in placed.iter().enumerate() {
        fs::write(
            base.join(format!("{number}.json")),
            object(change).to_string(),
        )
        .unwrap();
        writeln!(resources, "- {number}.json").unwrap();
        if let Some(scaling) = change.autoscaler {
            let namespace = &change.workload.id.namespace;
            let before = json!({
                "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
                "metadata": {"name": scaling.name, "namespace": namespace},
                "spec": {"maxReplicas": 9, "minReplicas": 2},
            });
            fs::write(base.join(format!("{number}-hpa.json")), before.to_string()).unwrap();
            writeln!(resources, "- {number}-hpa.json").unwrap();
        }
    }
    let text = format!("resources:\n{resources}components:\n- ../kcost\n");
    fs::write(base.join("kustomization.yaml"), text).unwrap();
    for streamed in [true, false] {
        if streamed {
            fs::create_dir(&parts).unwrap();
            let seen = demo_week(&["patch", "-o", "kustomize"]).ended(0);
            fs::write(parts.join("kustomization.yaml"), seen.stdout).unwrap();
        } else {
            fs::remove_dir_all(&parts).unwrap();
            let folder = parts.to_str().unwrap();
            demo_week(&["patch", "-o", "kustomize", "--output-dir", folder]).ended(0);
        }
        let seen = Kcost::program(&kubectl)
            .arg("kustomize")
            .arg(&base)
            .run()
            .ended(0);
        let built: Vec<Value> = seen
            .stdout
            .split("\n---\n")
            .map(|document| serde_yaml::from_str(document).unwrap())
            .collect();
        for change in &placed {
            let wanted = plain(expected(change, true));
            let same =
                |it: &&Value| it["kind"] == wanted["kind"] && it["metadata"] == wanted["metadata"];
            let found = built.iter().find(same).cloned().unwrap();
            assert_eq!(plain(found), wanted, "{}", change.workload.id);
            if let Some(scaling) = change.autoscaler {
                let named = |it: &&Value| {
                    it["kind"] == "HorizontalPodAutoscaler"
                        && it["metadata"]["name"] == *scaling.name
                };
                let found = built.iter().find(named).unwrap();
                assert_eq!(found["spec"]["maxReplicas"], 9);
                let metrics = found["spec"]["metrics"].as_array().unwrap();
                assert_eq!(metrics.len(), scaling.metrics.len());
            }
        }
    }
}

#[test]
fn lines_of_set_change_what_was_advised_but_for_what_goes() {
    let Some(kubectl) = needs("kubectl") else {
        return;
    };
    let placed = of_demo();
    let form = form_by_name("set").unwrap();
    let kept = placed.iter().filter(|change| !change.removes());
    for change in kept.step_by(3) {
        let root = change.target.pod_spec.iter();
        let root = root.fold(String::new(), |path, field| format!("{path}/{field}"));
        let mut object = object(change);
        for line in commands(form, change) {
            let Some(rest) = line.strip_prefix("kubectl set ") else {
                // The autoscaler.
                assert!(line.contains(" hpa "), "{line}");
                continue;
            };
            let words: Vec<&str> = rest.split(' ').collect();
            // Verb, kind, name, `-n`, namespace: the object is in a file here.
            let words = [&["set", words[0]], &words[5..]].concat();
            let words: Vec<String> = words.iter().map(|it| it.replace('\'', "")).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            object = locally(&kubectl, &object, &words);
        }
        // What else the kind has is filled in with nothing.
        let spec = |object: &Value| plain(object.pointer(&root).unwrap().clone());
        assert_eq!(
            spec(&object),
            spec(&expected(change, true)),
            "{}",
            change.workload.id
        );
    }
}

#[test]
fn a_running_pod_keeps_its_class_or_stays_as_it_is() {
    let mut container = made::container("app", 1000, 1024);
    container.limits = container.requests.clone();
    let guaranteed = made::workload("Deployment", "api", 2, vec![container]);
    let form = form_by_name("resize").unwrap();
    // What the advice says is made up here: its cut leaves the limit of CPU where it is.
    let made = advised(guaranteed.clone(), made::set(500, 512, 512));
    let moved = only(&made).unwrap();
    assert!(moved.moves_qos);
    assert_eq!(commands(form, &moved), [""; 0]);
    let mut burstable = guaranteed;
    burstable.containers[0].limits.cpu = None;
    let made = advised(burstable, made::set(500, 512, 512));
    let kept = only(&made).unwrap();
    assert!(!kept.moves_qos);
    let lines = commands(form, &kept);
    assert_eq!(lines.len(), 2, "{lines:?}");
    let body = r#"-p '{"spec":{"containers":[{"name":"app","resources":{"limits":{"memory":"512Mi"},"requests":{"cpu":"500m","memory":"512Mi"}}}]}}'"#;
    assert!(lines[0].ends_with(body), "{}", lines[0]);
    assert!(lines[0].contains("pod api-0 -n shop --subresource resize"));
}

#[test]
fn what_a_custom_kind_holds_is_patched_by_place_or_at_its_home() {
    let rollout = made::workload(
        "Rollout",
        "web",
        2,
        vec![made::container("app", 1000, 1024)],
    );
    let made = advised(rollout, made::set(500, 512, 512));
    let lines = commands(form_by_name("json-patch").unwrap(), &only(&made).unwrap());
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].starts_with("kubectl patch rollout.v1alpha1.argoproj.io web -n shop --type=json")
    );
    assert!(
        lines[0].contains(
            r#"{"op":"test","path":"/spec/template/spec/containers/0/name","value":"app"}"#
        )
    );
    let mut prometheus = made::workload(
        "Pod",
        "k8s",
        2,
        vec![made::container("prometheus", 1000, 1024)],
    );
    prometheus.id.kind = "Prometheus".to_owned();
    prometheus.api_version = "monitoring.coreos.com/v1".to_owned();
    let made = advised(prometheus, made::set(500, 512, 512));
    let without = only(&made).unwrap_err();
    assert_eq!(without.homes, [Some(["spec", "resources"].as_slice())]);
}

#[test]
fn every_form_has_a_name_and_a_summary_of_its_own() {
    let names: Vec<&str> = FORMS.iter().map(|form| form.name()).collect();
    let wanted = [
        "apply",
        "strategic",
        "json-patch",
        "kustomize",
        "vpa",
        "resize",
        "set",
    ];
    assert_eq!(names, wanted);
    assert!(FORMS.iter().all(|form| !form.summary().is_empty()));
}

#[test]
fn a_cut_below_a_peak_that_comes_says_what_covers_it() {
    let args = ["patch", "shop/Deployment/promotions"];
    let text = demo(&args).ended(0).stdout;
    let peak = text
        .lines()
        .find(|line| line.contains("comes a peak of"))
        .unwrap();
    assert!(
        peak.starts_with("# Fri 20:00") && peak.contains("covers it"),
        "{peak}"
    );
    let report = demo(&[&args[..], &["-o", "json"]].concat());
    let report = report.ended(0).json();
    assert!(
        report["changes"][0]["known_peak"]
            .as_str()
            .unwrap()
            .contains("Fri 20:00")
    );
}
