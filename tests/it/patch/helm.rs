//! Sizes in the values of charts.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use kcost::manifest::{Spot, Step, edit};
use proptest::prelude::{Strategy, proptest};
use proptest::sample::select;
use proptest::test_runner::Config;
use serde_json::{Value, json};

use super::START;
use crate::common::{Kcost, bundle_of};

/// A Deployment that a release made.
pub(super) struct Live {
    pub(super) namespace: &'static str,
    name: &'static str,
    labels: Value,
    /// Its name, what it has, and how much CPU it uses.
    pub(super) containers: Vec<(&'static str, Value, f64)>,
    pub(super) scaled: bool,
}

/// A Deployment with one container, of the chart `shop`.
pub(super) fn live(name: &'static str, container: &'static str) -> Live {
    Live {
        namespace: "shop",
        name,
        labels: json!({
            "helm.sh/chart": "shop-1.2.0", "app.kubernetes.io/instance": "prod",
            "app.kubernetes.io/managed-by": "Helm",
        }),
        containers: vec![(container, sizes(), 0.2)],
        scaled: false,
    }
}

fn sizes() -> Value {
    json!({"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "2Gi"}})
}

impl Live {
    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn objects(&self, all: &mut Vec<Value>, usage: &mut String) {
        let Self {
            namespace, name, ..
        } = self;
        let id = format!("{namespace}-{name}");
        let containers = self.containers.iter();
        let containers: Vec<Value> = containers
            .map(|(name, resources, _)| json!({"name": name, "image": "i", "resources": resources}))
            .collect();
        let spec = json!({"containers": containers, "nodeName": "n0"});
        let labels = json!({"app": name});
        let owner = |kind: &str, uid: &str, name: &str| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true}]);
        all.push(json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "namespace": namespace, "uid": id, "labels": self.labels,
                "annotations": {"meta.helm.sh/release-name": "prod", "meta.helm.sh/release-namespace": namespace}},
            "spec": {"replicas": 2, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}}},
        }));
        all.push(json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": format!("{name}-1"), "namespace": namespace, "uid": format!("{id}-r"),
                "ownerReferences": owner("Deployment", &id, name)},
            "spec": {"replicas": 2, "selector": {"matchLabels": labels}},
        }));
        for number in 0..2 {
            let pod = format!("{name}-1-{number}");
            all.push(json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": pod, "namespace": namespace, "uid": format!("{id}-{number}"),
                    "ownerReferences": owner("ReplicaSet", &format!("{id}-r"), &format!("{name}-1"))},
                "spec": spec, "status": {"phase": "Running"},
            }));
            for slot in 0..14 * 48 {
                let at = START + 1800 * slot;
                for (container, _, cpu) in &self.containers {
                    let cpu = cpu + 0.001 * f64::from(u32::try_from(slot % 7).unwrap());
                    let memory = 220_000_000 + 1_000_000 * (slot % 11);
                    writeln!(usage, "{namespace},{pod},{container},{at},{cpu},{memory}").unwrap();
                }
            }
        }
        if self.scaled {
            all.push(json!({
                "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
                "metadata": {"name": name, "namespace": namespace, "uid": format!("{id}-h")},
                "spec": {"maxReplicas": 9,
                    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                    "metrics": [{"type": "Resource", "resource": {"name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": 30}}}]},
            }));
        }
    }
}

/// A bundle of what runs, and a tree.
pub(super) struct World {
    folder: tempfile::TempDir,
    bundle: PathBuf,
}

impl World {
    pub(super) fn new(all: &[Live]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let size = json!({"cpu": "32", "memory": "128Gi", "pods": "110"});
        let mut items = vec![
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n0"},
            "status": {"allocatable": size, "capacity": size}}),
        ];
        let mut usage = "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n".to_owned();
        for live in all {
            live.objects(&mut items, &mut usage);
        }
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        let bundle = bundle_of(folder.path(), "a.kcost", &list, &usage);
        Self { folder, bundle }
    }

    pub(super) fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    pub(super) fn put(&self, path: &str, text: &str) -> &Self {
        let path = self.tree().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.tree().join(path)).unwrap()
    }

    pub(super) fn patch(&self) -> Kcost {
        Kcost::new()
            .args(["patch", "--snapshot"])
            .arg(&self.bundle)
            .arg("--into")
            .arg(self.tree())
    }

    /// What is said where nothing is placed.
    pub(super) fn refused(&self) -> String {
        let seen = self.patch().arg("--check").run().ended(0);
        assert!(
            seen.stdout.contains("would change 0 files"),
            "{}",
            seen.stdout
        );
        seen.stdout
    }
}

const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.2.0\n";

/// What a new chart of Helm looks like, in short.
const TEMPLATE: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "shop.fullname" . }}
  labels:
    {{- include "shop.labels" . | nindent 4 }}
spec:
  {{- if not .Values.autoscaling.enabled }}
  replicas: {{ .Values.replicaCount }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "shop.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      {{- with .Values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      labels:
        {{- include "shop.labels" . | nindent 8 }}
    spec:
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          ports:
            - name: http
              containerPort: {{ .Values.service.port }}
          {{- with .Values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
"#;

const VALUES: &str = "# Values of the shop.\nreplicaCount: 2\n\nimage:\n  repository: shop   # ours\n  tag: \"\"\n\nresources:\n  # Measured once.\n  requests:\n    cpu: 1 # a core\n    memory: \"2Gi\"\n  limits:\n    memory: 2Gi\n\nautoscaling:\n  enabled: false\n";

fn chart(world: &World) -> &World {
    world
        .put("charts/shop/Chart.yaml", CHART)
        .put("charts/shop/values.yaml", VALUES)
        .put("charts/shop/templates/deployment.yaml", TEMPLATE)
        .put(
            "charts/shop/templates/_helpers.tpl",
            "{{- define \"shop.fullname\" -}}\n{{ .Release.Name }}-{{ .Values.nameOverride }}\n{{- end }}\n",
        )
}

/// A template with the container's resources written otherwise.
fn sized(resources: &str) -> String {
    let (before, rest) = TEMPLATE
        .split_once("          {{- with .Values.resources }}\n")
        .unwrap();
    let (_, after) = rest.split_once("          {{- end }}\n").unwrap();
    format!("{before}{resources}{after}")
}

#[test]
fn values_are_checked_then_changed_and_then_at_rest() {
    let world = World::new(&[live("prod-shop", "shop")]);
    chart(&world);
    let seen = world.patch().arg("--check").run().ended(10);
    assert!(
        seen.stdout.contains("in charts/shop/values.yaml")
            && seen
                .stdout
                .contains("would change 1 file for 1 of 1 workload"),
        "{}",
        seen.stdout
    );
    assert_eq!(world.read("charts/shop/values.yaml"), VALUES);
    let seen = world.patch().args(["--summary", "markdown"]).run().ended(0);
    assert!(
        seen.stdout.contains("| shop/Deployment/prod-shop |"),
        "{}",
        seen.stdout
    );
    let edited = world.read("charts/shop/values.yaml");
    let kept = edited
        .lines()
        .zip(VALUES.lines())
        .filter(|(a, b)| a == b)
        .count();
    assert_eq!(kept, VALUES.lines().count() - 3, "{edited}");
    assert!(
        edited.contains("m # a core") && edited.contains("memory: \""),
        "{edited}"
    );
    assert_eq!(
        world.read("charts/shop/templates/deployment.yaml"),
        TEMPLATE
    );
}

#[test]
fn what_is_empty_is_filled_and_keeps_its_comments() {
    let none = live("prod-shop", "shop").with(|it| it.containers[0].1 = json!({}));
    let world = World::new(&[none]);
    let empty =
        "resources: {} # none yet\n  # limits:\n  #   cpu: 100m\nautoscaling: {enabled: false}\n";
    chart(&world).put("charts/shop/values.yaml", empty);
    world.patch().run().ended(0);
    let edited = world.read("charts/shop/values.yaml");
    let values: Value = serde_yaml::from_str(&edited).unwrap();
    assert!(
        values["resources"]["requests"]["cpu"].is_string(),
        "{edited}"
    );
    assert!(
        values["resources"]["requests"]["memory"].is_string(),
        "{edited}"
    );
    assert!(
        edited.starts_with("resources: # none yet\n  requests:\n"),
        "{edited}"
    );
    assert!(
        edited.contains("  # limits:\n  #   cpu: 100m\n"),
        "{edited}"
    );
}

#[test]
fn many_ways_to_write_a_template_are_followed() {
    let ways = [
        "          resources: {{- toYaml .Values.resources | nindent 12 }}\n",
        "          resources:\n{{ toYaml .Values.resources | indent 12 }}\n",
        "          resources:\n            {{- .Values.resources | toYaml | nindent 12 }}\n",
        "          resources:\n            {{- toYaml $.Values.resources | trim | nindent 12 }}\n",
        "          {{- if .Values.resources }}\n          resources: {{- toYaml .Values.resources | nindent 12 }}\n          {{- else if ne .Values.preset \"none\" }}\n          resources: {{- include \"preset\" . | nindent 12 }}\n          {{- end }}\n",
        "          resources:\n            requests: {{- toYaml .Values.resources.requests | nindent 14 }}\n            limits:\n              {{- toYaml .Values.resources.limits | nindent 14 }}\n",
        "          resources:\n            requests:\n              cpu: {{ .Values.resources.requests.cpu }}\n              memory: {{ .Values.resources.requests.memory | quote }}\n            limits:\n              memory: \"{{ .Values.resources.limits.memory }}\"\n",
    ];
    let world = World::new(&[live("prod-shop", "shop")]);
    for way in ways {
        chart(&world).put("charts/shop/templates/deployment.yaml", &sized(way));
        let seen = world.patch().run().ended(0);
        assert!(
            seen.stdout.contains("changed 1 file for 1 of 1"),
            "{way}: {}",
            seen.stdout
        );
        let values: Value = serde_yaml::from_str(&world.read("charts/shop/values.yaml")).unwrap();
        assert_ne!(values["resources"]["requests"]["cpu"], 1, "{way}");
        assert_ne!(values["resources"]["limits"]["memory"], "2Gi", "{way}");
    }
}

#[test]
fn what_cannot_be_followed_is_listed_with_why() {
    let ways = [
        (
            "          resources: {{- include \"shop.resources\" . | nindent 12 }}\n",
            "what it includes is not followed",
        ),
        (
            "          resources:\n            {{- toYaml (default dict .Values.resources) | nindent 12 }}\n",
            "not followed",
        ),
        (
            "          resources: {requests: {cpu: 1, memory: 2Gi}, limits: {memory: 2Gi}}\n",
            "stands in the template itself",
        ),
        (
            "          resources: {{- toYaml .Values.global.resources | nindent 12 }}\n",
            "global values",
        ),
        (
            "          env: [{name: LIMIT, value: {{ .Values.resources.limits.memory | quote }}}]\n          resources: {{- toYaml .Values.resources | nindent 12 }}\n",
            "is taken for something else, too",
        ),
        (
            "          {{- toYaml .Values.more | nindent 10 }}\n",
            "names no `resources` for it",
        ),
    ];
    let world = World::new(&[live("prod-shop", "shop")]);
    let other = "          {{- if .Values.resources }}\n          resources: {{- toYaml .Values.resources | nindent 12 }}\n          {{- else }}\n          resources: {requests: {cpu: 1, memory: 2Gi}}\n          {{- end }}\n";
    chart(&world)
        .put("charts/shop/templates/deployment.yaml", &sized(other))
        .put("charts/shop/values.yaml", "resources: {}\n");
    let told = world.refused();
    assert!(
        told.contains("`resources` is empty, so that the template takes sizes from elsewhere"),
        "{told}"
    );
    for (way, why) in ways {
        chart(&world).put("charts/shop/templates/deployment.yaml", &sized(way));
        let told = world.refused();
        assert!(told.contains(why), "{way}: {told}");
    }
    chart(&world).put(
        "charts/shop/values.yaml",
        &VALUES.replace("cpu: 1 ", "cpu: 3 "),
    );
    let told = world.refused();
    assert!(
        told.contains("`resources.requests.cpu` is `3`, and the cluster has something else"),
        "{told}"
    );
    world.put(
        "charts/shop/values.yaml",
        &VALUES.replace("resources:", "resources: &r"),
    );
    assert!(world.refused().contains("anchor"));
    let other = CHART.replace("shop", "other");
    chart(&world).put("charts/shop/Chart.yaml", &other);
    assert!(
        world
            .refused()
            .contains("no manifest of Deployment `prod-shop`")
    );
}

#[test]
fn a_value_of_several_containers_changes_where_all_want_the_same() {
    let worker = TEMPLATE
        .replace("\"shop.fullname\" . }}", "\"shop.fullname\" . }}-worker")
        .replace("- name: {{ .Chart.Name }}", "- name: worker");
    let both = |cpu: f64| {
        let worker = live("prod-shop-worker", "worker").with(|it| it.containers[0].2 = cpu);
        World::new(&[live("prod-shop", "shop"), worker])
    };
    let world = both(0.2);
    chart(&world).put("charts/shop/templates/worker.yaml", &worker);
    let seen = world.patch().run().ended(0);
    assert!(
        seen.stdout.contains("changed 1 file for 2 of 2"),
        "{}",
        seen.stdout
    );

    let world = both(0.5);
    chart(&world).put("charts/shop/templates/worker.yaml", &worker);
    let told = world.refused();
    assert!(
        told.contains("sizes worker of shop/Deployment/prod-shop-worker too"),
        "{told}"
    );
    // Of one of the two nothing is known.
    let world = World::new(&[live("prod-shop", "shop")]);
    chart(&world).put("charts/shop/templates/worker.yaml", &worker);
    assert!(world.refused().contains("of which nothing is known to run"));
    let off = format!("{{{{- if .Values.worker.enabled }}}}\n{worker}{{{{- end }}}}\n");
    chart(&world).put("charts/shop/templates/worker.yaml", &off);
    world.patch().run().ended(0);
    assert_ne!(world.read("charts/shop/values.yaml"), VALUES);
}

#[test]
fn workloads_of_one_chart_are_told_apart() {
    let worker = TEMPLATE
        .replace("\"shop.fullname\" . }}", "\"shop.fullname\" . }}-worker")
        .replace(".Values.resources", ".Values.worker.resources");
    let world = World::new(&[live("prod-shop", "shop"), live("prod-shop-worker", "shop")]);
    let worked = format!(
        "{VALUES}worker:\n  resources: {{requests: {{cpu: 1, memory: 2Gi}}, limits: {{memory: 2Gi}}}}\n"
    );
    chart(&world)
        .put("charts/shop/templates/worker.yaml", &worker)
        .put("charts/shop/values.yaml", &worked);
    let seen = world.patch().run().ended(0);
    assert!(
        seen.stdout.contains("changed 1 file for 2 of 2"),
        "{}",
        seen.stdout
    );
    let edited = world.read("charts/shop/values.yaml");
    assert!(
        !edited.contains("2Gi") && edited.contains("  resources: {requests: {cpu: "),
        "{edited}"
    );
}

#[test]
fn the_file_is_the_one_that_says_what_the_cluster_has() {
    let world = World::new(&[live("prod-shop", "shop")]);
    let place = |cpu: &str| {
        format!("resources:\n  requests: {{cpu: {cpu}, memory: 2Gi}}\n  limits: {{memory: 2Gi}}\n")
    };
    chart(&world)
        .put(
            "charts/shop/values.yaml",
            &VALUES.replace("cpu: 1 ", "cpu: 100m "),
        )
        .put("charts/shop/values-prod.yaml", &place("1000m"))
        .put("charts/shop/values-test.yaml", &place("2"));
    let seen = world.patch().run().ended(0);
    assert!(
        seen.stdout.contains("in charts/shop/values-prod.yaml\n"),
        "{}",
        seen.stdout
    );
    assert_eq!(world.read("charts/shop/values-test.yaml"), place("2"));
    // Two that say the same.
    chart(&world).put("charts/shop/values-prod.yaml", &place("1"));
    assert!(
        world
            .refused()
            .contains("each of them may be what the cluster has its sizes from")
    );
    // A base of several places.
    for place in ["prod", "test"] {
        world.put(
            &format!("charts/shop/values-{place}.yaml"),
            "replicaCount: 3\n",
        );
    }
    let told = world.refused();
    assert!(
        told.contains(
            "charts/shop/values-prod.yaml, charts/shop/values-test.yaml share it: `--base`"
        ),
        "{told}"
    );
    world.patch().args(["--check", "--base"]).run().ended(10);
}

#[test]
fn values_of_a_part_stand_in_those_of_the_whole() {
    let part =
        live("prod-cache", "cache").with(|it| it.labels["helm.sh/chart"] = json!("cache-0.3.0"));
    let world = World::new(&[part]);
    let template = TEMPLATE.replace("shop.", "kv.");
    world
        .put(
            "shop/Chart.yaml",
            "apiVersion: v2\nname: shop\nversion: 1.2.0\ndependencies:\n- {name: kv, alias: cache, version: 0.3.0, repository: \"https://charts.example.com\"}\n",
        )
        .put("shop/values.yaml", "cache:\n  replicaCount: 2\n  resources:\n    requests: {memory: 2Gi}\n")
        .put("shop/charts/kv/Chart.yaml", "apiVersion: v2\nname: kv\nversion: 0.3.0\n")
        .put(
            "shop/charts/kv/values.yaml",
            "resources:\n  requests: {cpu: 1, memory: 1Gi}\n  limits: {memory: 2Gi}\n",
        )
        .put("shop/charts/kv/templates/deployment.yaml", &template);
    let own = world.read("shop/charts/kv/values.yaml");
    let seen = world.patch().run().ended(0);
    assert!(
        seen.stdout.contains("in shop/values.yaml\n"),
        "{}",
        seen.stdout
    );
    assert_eq!(world.read("shop/charts/kv/values.yaml"), own);
    let edited = world.read("shop/values.yaml");
    let values: Value = serde_yaml::from_str(&edited).unwrap();
    let resources = &values["cache"]["resources"];
    assert!(resources["requests"]["cpu"].is_string(), "{edited}");
    assert!(resources["limits"]["memory"].is_string(), "{edited}");
    assert_ne!(resources["requests"]["memory"], "2Gi");
}

const SCALER: &str = r#"{{- if .Values.autoscaling.enabled }}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "shop.fullname" . }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "shop.fullname" . }}
  metrics:
    {{- if .Values.autoscaling.targetCPUUtilizationPercentage }}
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .Values.autoscaling.targetCPUUtilizationPercentage }}
    {{- end }}
{{- end }}
"#;

#[test]
fn the_target_of_an_autoscaler_goes_along() {
    let world = World::new(&[live("prod-shop", "shop").with(|it| {
        it.scaled = true;
        it.containers[0].2 = 0.42;
    })]);
    let scaled = VALUES.replace(
        "enabled: false",
        "enabled: true\n  targetCPUUtilizationPercentage: 30 # of the request",
    );
    chart(&world)
        .put("charts/shop/values.yaml", &scaled)
        .put("charts/shop/templates/hpa.yaml", SCALER);
    let seen = world.patch().run().ended(0);
    assert!(seen.stdout.contains("changed 1 file"), "{}", seen.stdout);
    let edited = world.read("charts/shop/values.yaml");
    assert!(
        edited.contains(" # of the request") && !edited.contains("Percentage: 30 "),
        "{edited}"
    );
    let values: Value = serde_yaml::from_str(&edited).unwrap();
    assert!(
        values["autoscaling"]["targetCPUUtilizationPercentage"].is_number(),
        "{edited}"
    );
    chart(&world).put(
        "charts/shop/templates/hpa.yaml",
        &SCALER.replace("averageUtilization: {{", "averageUtilization: 3{{"),
    );
    assert!(world.refused().contains("is no single value of the chart"));
}

#[test]
fn releases_of_one_chart_share_its_values() {
    let test = |name, cpu| {
        live("prod-shop", "shop").with(|it| {
            it.namespace = name;
            it.containers[0].2 = cpu;
        })
    };
    let world = World::new(&[live("prod-shop", "shop"), test("test", 0.2)]);
    chart(&world);
    let seen = world.patch().run().ended(0);
    assert!(
        seen.stdout.contains("changed 1 file for 2 of 2"),
        "{}",
        seen.stdout
    );
    let world = World::new(&[live("prod-shop", "shop"), test("test", 0.6)]);
    chart(&world);
    assert!(
        world
            .refused()
            .contains("sizes shop of test/Deployment/prod-shop too")
    );
    // One that is left alone is not changed by way of the other.
    let seen = world
        .patch()
        .args(["--check", "shop/Deployment/prod-shop"])
        .run()
        .ended(0);
    assert!(
        seen.stdout.contains("which is not to get the same"),
        "{}",
        seen.stdout
    );
}

/// Values of two containers, in one of many ways to write them.
fn written() -> impl Strategy<Value = String> {
    let comment = || select(vec!["", " # c", "   # cpu: 1", " "]);
    let extra = || {
        select(vec![
            "",
            "hosts: [a, 'b: {c', \"d # e\"]\n",
            "script: |\n  resources:\n    cpu: 9\n",
            "# resources:\n#   cpu: 1\n\n",
            "probe: {path: /x, port: 80}   # probe\n",
            "anchors: &a\n  user: 1\n",
        ])
    };
    let sizes = (
        select(vec!["1", "'1'", "\"1\"", "100m"]),
        select(vec!["2Gi", "'2Gi'", "2e9"]),
    );
    (sizes, (comment(), comment()), (extra(), extra()), (1_usize..5, 0_usize..7)).prop_map(
        |((cpu, memory), (one, two), (before, behind), (step, shape))| {
            let (deep, deeper) = (" ".repeat(step), " ".repeat(2 * step));
            let resources = match shape {
                0 => format!(
                    "{deep}resources:{one}\n{deeper}requests:\n{deeper}{deep}cpu: {cpu}{one}\n{deeper}{deep}memory: {memory}{two}\n"
                ),
                1 => format!("{deep}resources: {{requests: {{cpu: {cpu}, memory: {memory}}}}}{one}\n"),
                2 => format!("{deep}resources: {{}}{two}\n{deep}  # limits:\n{deep}  #   cpu: 100m\n"),
                3 => format!("{deep}resources:{one}\n"),
                4 => String::new(),
                5 => format!(
                    "{deep}resources:\n{deeper}limits: {{ memory: {memory} }}{one}\n{deeper}requests: {{cpu: {cpu} }}{two}\n"
                ),
                _ => format!(
                    "{deep}resources:\n\n{deeper}# limits\n{deeper}limits:\n{deeper}{deep}memory: {memory}{one}\n\n"
                ),
            };
            let behind = behind.replace("hosts", "others").replace("script", "text");
            let behind = behind.replace("probe:", "check:").replace("anchors: &a", "marks: &b");
            format!(
                "# Values.\n{before}web:{two}\n{deep}replicas: 2{one}\n{resources}{deep}image: i\n{behind}worker:\n{deep}resources: {{requests: {{cpu: 7}}}}\n"
            )
        },
    )
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn nothing_but_one_container_changes_in_values(text in written(), crlf in select(vec![false, true])) {
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        let wanted = [("requests", "cpu", "250m"), ("requests", "memory", "512Mi"), ("limits", "memory", "1Gi")];
        let steps = wanted.map(|(section, key, value)| Step {
            path: ["web", "resources", section].map(str::to_owned).to_vec(),
            key: key.to_owned(),
            value: Some(value.to_owned()),
            make_from: 0,
            number: false,
        });
        let spot = Spot { document: 0, items: Vec::new() };
        let edited = edit(&text, &spot, &steps).unwrap();
        let others = |text: &str| -> Vec<String> {
            let about = |line: &&str| ["resources", "requests", "limits", "cpu", "memory"].iter().any(|word| line.contains(word));
            let lines = text.split_inclusive('\n').filter(|line| !about(line));
            lines.map(|it| it.trim_end_matches(['\r', '\n']).to_owned()).collect()
        };
        proptest::prop_assert_eq!(others(&edited), others(&text));
        let ends = edited.matches("\r\n").count();
        proptest::prop_assert_eq!(ends, if crlf { edited.matches('\n').count() } else { 0 });
        let (mut was, mut is): (Value, Value) = (serde_yaml::from_str(&text).unwrap(), serde_yaml::from_str(&edited).unwrap());
        for (section, key, value) in wanted {
            proptest::prop_assert_eq!(&is["web"]["resources"][section][key], value);
        }
        for values in [&mut was, &mut is] {
            values["web"].as_object_mut().unwrap().remove("resources");
        }
        proptest::prop_assert_eq!(was, is);
        proptest::prop_assert_eq!(edit(&edited, &spot, &steps).unwrap(), edited);
    }
}

#[test]
fn values_given_from_outside_the_chart_are_named_and_not_guessed() {
    let same = "resources: {requests: {cpu: 1, memory: 2Gi}, limits: {memory: 2Gi}}\n";
    let other = "resources: {requests: {cpu: 250m, memory: 1Gi}, limits: {memory: 1Gi}}\n";
    let flux = |chart: &str, values: &str| {
        format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: prod}}\nspec:\n  \
             chart: {{spec: {{chart: {chart}}}}}\n  values:\n    {values}"
        )
    };
    let argo = |path: &str, helm: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: prod}}\nspec:\n  \
             source:\n    path: {path}\n    helm:\n{helm}"
        )
    };
    let parameter = "      parameters:\n      - {name: resources.requests.cpu, value: '1'}\n";
    let text = format!("      values: |\n        {same}");
    let ways = [
        (same.to_owned(), true),
        (other.to_owned(), false),
        (flux("./charts/shop", same), true),
        (flux("./charts/shop", other), false),
        (flux("./charts/db", same), false),
        (argo("deploy/charts/shop/", parameter), true),
        (argo("deploy/charts/db", parameter), false),
        (argo("charts/shop", &text), true),
    ];
    for (given, may_set) in ways {
        let world = World::new(&[live("prod-shop", "shop")]);
        chart(&world).put("envs/prod.yaml", &given);
        let seen = world.patch().run().ended(0);
        let told = seen.stdout.contains("envs/prod.yaml")
            && seen.stdout.contains("outside the chart, and may be");
        assert_eq!(told, may_set, "{given}: {}", seen.stdout);
        let is_left = world.read("charts/shop/values.yaml") == VALUES;
        assert_eq!(is_left, may_set, "{given}: {}", seen.stdout);
        assert_eq!(world.read("envs/prod.yaml"), given);
    }
}

#[test]
fn what_takes_all_values_at_once_leaves_nothing_certain() {
    let world = World::new(&[live("prod-shop", "shop")]);
    let job = |resources: &str| {
        format!(
            "{resources}\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec:\n  template:\n    spec:\n      containers:\n      - name: j\n        image: j\n"
        )
    };
    for taken in [
        "{{- with .Values }}\n# {{ .resources }}\n{{- end }}",
        "{{- $v := .Values }}\n# {{ $v.resources }}",
        "# {{ pick .Values \"resources\" | toYaml }}",
        "# {{ merge (dict) .Values | toYaml }}",
        "{{- $x := \"resources\" }}\n# {{ get $.Values $x | toYaml }}",
        "{{- range $k, $v := .Values }}\n# {{ $v }}\n{{- end }}",
    ] {
        chart(&world).put("charts/shop/templates/job.yaml", &job(taken));
        let told = world.refused();
        assert!(
            told.contains("it takes all values at once"),
            "{taken}: {told}"
        );
    }
    for taken in [
        "# {{ get .Values \"resources\" | toYaml }}",
        "{{- $r := .Values.resources }}\n# {{ $r.requests.cpu }}",
    ] {
        chart(&world).put("charts/shop/templates/job.yaml", &job(taken));
        let told = world.refused();
        assert!(
            told.contains("is taken for something else, too"),
            "{taken}: {told}"
        );
    }
    for other in [
        "# {{ get .Values \"image\" | toYaml }}",
        "{{- if hasKey .Values \"resources\" }}\n# x\n{{- end }}",
        "{{- range $k, $v := .Values.service }}\n# {{ $v }}\n{{- end }}",
    ] {
        chart(&world).put("charts/shop/templates/job.yaml", &job(other));
        world.patch().arg("--check").run().ended(10);
    }
}
