//! Sizes where kustomizations, other namespaces and other tools have a say in them, too.

use std::fs;

use serde_json::{Value, json};

use super::helm::{World, live};
use crate::common::{Kcost, needs};

const API: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: api\nspec:\n  selector: {matchLabels: {app: api}}\n  template:\n    metadata: {labels: {app: api}}\n    spec:\n      containers:\n      - name: app\n        image: i\n        resources:\n          requests: {cpu: 1000m, memory: 2Gi}\n          limits: {memory: 2048Mi}\n";

const BASE: &str = "resources: [api.yaml]\n";

/// A base with an overlay that has these lines more.
fn overlay(more: &str) -> World {
    let world = World::new(&[live("api", "app")]);
    world
        .put("base/api.yaml", API)
        .put("base/kustomization.yaml", BASE)
        .put(
            "prod/kustomization.yaml",
            &format!("namespace: shop\nresources: [../base]\n{more}"),
        );
    world
}

/// What kustomize makes of the container of a tree; nothing without a kubectl.
fn built(world: &World) -> Option<Value> {
    let seen = Kcost::program(&needs("kubectl")?)
        .arg("kustomize")
        .arg(world.tree().join("prod"))
        .run()
        .ended(0);
    let documents = seen.stdout.split("---\n");
    let documents = documents.map(|it| serde_yaml::from_str::<Value>(it).unwrap());
    let mut deployments = documents.filter(|it| it["kind"] == "Deployment");
    let found = deployments.next().unwrap();
    Some(found["spec"]["template"]["spec"]["containers"][0]["resources"].clone())
}

#[test]
fn what_an_overlay_changes_too_is_not_changed_in_its_base() {
    let at = "/spec/template/spec/containers/0/resources";
    let sizes = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sizes}\ndata: {cpu: \"1\"}\n";
    let refused = [
        format!("patches:\n- target: {{kind: Deployment, name: a.*}}\n  patch: |-\n    - op: replace\n      path: {at}/requests/cpu\n      value: \"1\"\n"),
        "patches:\n- target: {kind: Deployment}\n  path: ops.json\n".to_owned(),
        "patchesJson6902:\n- target: {group: apps, version: v1, kind: Deployment, name: api}\n  path: ops.json\n".to_owned(),
        "components: [../comp]\n".to_owned(),
        "components: [../gone]\n".to_owned(),
        "replacements:\n- source: {kind: ConfigMap, name: sizes, fieldPath: data.cpu}\n  targets:\n  - select: {kind: Deployment, name: api}\n    fieldPaths: [\"spec.template.spec.containers.[name=app].resources.requests.cpu\"]\n".to_owned(),
        "transformers: [other.yaml]\n".to_owned(),
    ];
    for more in refused {
        let world = overlay(&more);
        world
            .put("prod/ops.json", &format!("[{{\"op\": \"add\", \"path\": \"{at}/requests/cpu\", \"value\": \"1\"}}]"))
            .put("prod/sizes.yaml", sizes)
            .put("prod/other.yaml", "apiVersion: example.com/v1\nkind: Sizer\nmetadata: {name: x}\n")
            .put("comp/kustomization.yaml", &format!("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- target: {{kind: Deployment}}\n  patch: |-\n    - {{op: add, path: {at}/limits, value: {{memory: 2Gi}}}}\n"));
        let told = world.refused();
        assert!(
            told.contains("may change the same fields of it"),
            "{more}: {told}"
        );
        assert_eq!(world.read("base/api.yaml"), API);
    }
}

#[test]
fn what_an_overlay_changes_of_something_else_is_in_nobodys_way() {
    let allowed = [
        "patches:\n- target: {kind: Deployment, name: other}\n  patch: |-\n    - {op: remove, path: /spec/template/spec/containers/0/resources}\n",
        "patches:\n- target: {kind: Deployment}\n  patch: |-\n    - {op: replace, path: /spec/template/spec/containers/0/image, value: j}\n    - {op: add, path: /spec/replicas, value: 3}\n",
        "patches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: api}\n    spec: {replicas: 3}\n",
    ];
    for more in allowed {
        let world = overlay(more);
        if more.contains("name: other") {
            world.put(
                "base/api.yaml",
                &format!("{API}---\n{}", API.replace("name: api", "name: other")),
            );
        }
        let seen = world.patch().run().ended(0);
        assert!(
            seen.stdout.contains("in base/api.yaml"),
            "{more}: {}",
            seen.stdout
        );
        let Some(resources) = built(&world) else {
            continue;
        };
        let text = resources["requests"]["cpu"].as_str().unwrap();
        assert!(
            seen.stdout.contains(&format!("CPU request 1 → {text}")),
            "{more}: {resources}"
        );
    }
}

#[test]
fn a_patch_with_sizes_is_changed_where_it_is_the_only_one() {
    let sizes = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: any}\nspec: {template: {spec: {containers: [{name: app, resources: {requests: {cpu: 1}}}]}}}\n";
    let world = overlay("patches:\n- target: {kind: Deployment, name: api}\n  path: sizes.yaml\n");
    world.put("prod/sizes.yaml", sizes);
    let seen = world.patch().run().ended(0);
    assert!(
        seen.stdout.contains("in prod/sizes.yaml"),
        "{}",
        seen.stdout
    );
    assert_eq!(world.read("base/api.yaml"), API);
    if let Some(resources) = built(&world) {
        let cpu = resources["requests"]["cpu"].as_str().unwrap();
        let memory = resources["limits"]["memory"].as_str().unwrap();
        for text in [
            format!("CPU request 1 → {cpu}"),
            format!("memory limit 2Gi → {memory}"),
        ] {
            assert!(seen.stdout.contains(&text), "{text}: {}", seen.stdout);
        }
    }
    // Another overlay without a namespace may be the one that runs.
    let world = overlay("patches:\n- path: sizes.yaml\n");
    world
        .put("prod/sizes.yaml", &sizes.replace("name: any", "name: api"))
        .put("test/kustomization.yaml", "resources: [../base]\n");
    let told = world.refused();
    assert!(
        told.contains("prod/sizes.yaml may change the same fields"),
        "{told}"
    );
}

#[test]
fn a_patch_inside_a_kustomization_is_changed_there() {
    let more = "patches:\n- patch: |-   # sizes\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: api}\n    spec:\n      template:\n        spec:\n          containers:\n          - name: app\n            resources:\n              requests:\n                cpu: 1 # one\n# end\n";
    let world = overlay(more);
    let seen = world.patch().run().ended(0);
    assert!(
        seen.stdout.contains("in prod/kustomization.yaml"),
        "{}",
        seen.stdout
    );
    assert_eq!(world.read("base/api.yaml"), API);
    let edited = world.read("prod/kustomization.yaml");
    assert!(
        edited.contains("m # one\n") && edited.ends_with("# end\n"),
        "{edited}"
    );
    if let Some(resources) = built(&world) {
        let cpu = resources["requests"]["cpu"].as_str().unwrap();
        let memory = resources["limits"]["memory"].as_str().unwrap();
        for text in [
            format!("CPU request 1 → {cpu}"),
            format!("memory limit 2Gi → {memory}"),
        ] {
            assert!(seen.stdout.contains(&text), "{text}: {}", seen.stdout);
        }
    }
}

#[test]
fn one_manifest_is_of_one_workload() {
    let world = World::new(&[
        live("api", "app"),
        live("api", "app").with(|it| it.namespace = "test"),
    ]);
    world.put("api.yaml", API);
    let told = world.refused();
    let said =
        told.matches("api.yaml: it names no namespace, and shop, test each have one of its name");
    assert_eq!(said.count(), 2, "{told}");
    world.put(
        "test.yaml",
        &API.replace("  name: api\n", "  name: api\n  namespace: test\n"),
    );
    let seen = world.patch().run().ended(0);
    assert!(
        seen.stdout.contains("shop/Deployment/api: frees")
            && seen.stdout.contains("changed 2 files for 2 of 2"),
        "{}",
        seen.stdout
    );
}

#[test]
fn what_a_file_has_otherwise_than_the_cluster_is_not_changed() {
    let world = World::new(&[live("api", "app")]);
    for (file, why) in [
        (
            API.replace("1000m", "3"),
            "the file says 3 for its cpu request, and the cluster has 1",
        ),
        (
            API.replace("cpu: 1000m, ", ""),
            "the file says nothing for its cpu request",
        ),
    ] {
        world.put("api.yaml", &file);
        let told = world.refused();
        assert!(told.contains(why), "{told}");
    }
    world.put("api.yaml", API);
    let seen = world.patch().run().ended(0);
    assert!(seen.stdout.contains("changed 1 file"), "{}", seen.stdout);
    // A request that is left out is as large as its limit.
    let world = World::new(&[live("api", "app")]);
    world.put("api.yaml", &API.replace(", memory: 2Gi}", "}"));
    let seen = world.patch().run().ended(0);
    assert!(seen.stdout.contains("changed 1 file"), "{}", seen.stdout);
}

#[test]
fn what_others_make_is_left_alone_and_listed() {
    let world = World::new(&[live("api", "app")]);
    fs::create_dir_all(world.tree().join(".git")).unwrap();
    world
        .put(".gitignore", "/build/\n*.out.yaml\n!kept.out.yaml\n")
        .put("build/api.yaml", API)
        .put("apps/.gitignore", "made.yaml\n")
        .put("apps/made.yaml", API)
        .put("apps/x.out.yaml", API)
        .put(
            "gen/api.yaml",
            &format!("# Code generated by a tool. DO NOT EDIT.\n{API}"),
        );
    let told = world.refused();
    for line in [
        "build: Git ignores it",
        "apps/made.yaml: Git ignores it",
        "apps/x.out.yaml: Git ignores it",
        "gen/api.yaml: its head says that it is generated",
        "no manifest of Deployment `api`",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    world.put("kept.out.yaml", API);
    let seen = world.patch().run().ended(0);
    assert!(seen.stdout.contains("in kept.out.yaml"), "{}", seen.stdout);
}

#[test]
fn a_target_that_becomes_an_amount_is_written_as_one() {
    let world = World::new(&[live("api", "app").with(|it| {
        it.scaled = true;
        it.containers[0].1 =
            json!({"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "2Gi"}});
    })]);
    let hpa = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: api}\nspec:\n  maxReplicas: 9\n  metrics:\n  - type: Resource\n    resource:\n      name: cpu\n      target:\n        type: Utilization\n        averageUtilization: 40\n";
    world.put("api.yaml", API).put("hpa.yaml", hpa);
    let told = world.refused();
    assert!(
        told.contains("the target of `cpu` is not the one that the cluster has"),
        "{told}"
    );
    world.put("hpa.yaml", &hpa.replace("40", "30"));
    world.patch().run().ended(0);
    let target: Value = serde_yaml::from_str(&world.read("hpa.yaml")).unwrap();
    let target = &target["spec"]["metrics"][0]["resource"]["target"];
    assert_eq!(target.as_object().unwrap().len(), 2, "{target}");
    assert_ne!(target["averageUtilization"], 30, "{target}");
}
