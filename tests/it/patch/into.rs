//! Amounts changed in files of a tree, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use kcost::manifest::{Spot, Step, edit};
use proptest::prelude::{Just, Strategy, prop_oneof, proptest};
use proptest::sample::select;
use proptest::test_runner::Config;
use serde_yaml::Value;

use crate::common::Kcost;

const FIRST: Spot = Spot {
    document: 0,
    items: Vec::new(),
};

/// Sets or removes one amount of the container `app`.
fn amount(section: &str, resource: &str, value: Option<&str>) -> Step {
    let path = ["spec", "template", "spec", "containers", "[name=app]"];
    let path = path.into_iter().chain(["resources", section]);
    Step {
        path: path.map(str::to_owned).collect(),
        key: resource.to_owned(),
        value: value.map(str::to_owned),
        make_from: 5,
        number: false,
    }
}

fn deployment(container: &str) -> String {
    format!(
        "# head\napiVersion: apps/v1\nkind: Deployment   # kind\nmetadata:\n  name: api\nspec:\n  \
         template:\n    spec:\n      containers:\n      # before\n{container}      - name: other\n        image: o\n"
    )
}

fn both() -> [Step; 2] {
    [
        amount("requests", "cpu", Some("250m")),
        amount("limits", "memory", Some("1Gi")),
    ]
}

fn assert_edit(before: &str, after: &str, steps: &[Step]) {
    let (before, after) = (deployment(before), deployment(after));
    assert_eq!(edit(&before, &FIRST, steps).as_deref(), Ok(after.as_str()));
    let (before, after) = (before.replace('\n', "\r\n"), after.replace('\n', "\r\n"));
    assert_eq!(edit(&before, &FIRST, steps).as_deref(), Ok(after.as_str()));
}

#[test]
fn a_value_keeps_its_quotes_its_comment_and_its_place() {
    assert_edit(
        "      - name: app\n        resources:\n          limits: {memory: \"2Gi\" , cpu: 1} # flow\n          requests:\n            cpu:   '1'   # one\n            memory: 1Gi\n        image: a\n",
        "      - name: app\n        resources:\n          limits: {memory: \"1Gi\" , cpu: 1} # flow\n          requests:\n            cpu:   '250m'   # one\n            memory: 1Gi\n        image: a\n",
        &both(),
    );
}

#[test]
fn what_is_missing_is_made_where_it_belongs() {
    assert_edit(
        "      - name: app # first\n        image: a\n",
        "      - name: app # first\n        image: a\n        resources:\n          requests:\n            cpu: 250m\n          limits:\n            memory: 1Gi\n",
        &both(),
    );
    assert_edit(
        "      - image: a\n        name: app\n        resources: {} # nothing yet\n        env: []\n",
        "      - image: a\n        name: app\n        resources: # nothing yet\n          requests:\n            cpu: 250m\n          limits:\n            memory: 1Gi\n        env: []\n",
        &both(),
    );
    assert_edit(
        "      - name: app\n        resources:\n        image: a\n",
        "      - name: app\n        resources:\n          requests:\n            cpu: 250m\n          limits:\n            memory: 1Gi\n        image: a\n",
        &both(),
    );
    assert_edit(
        "      - {name: app, image: a}\n",
        "      - {name: app, image: a, resources: {requests: {cpu: 250m}, limits: {memory: 1Gi}}}\n",
        &both(),
    );
    assert_edit(
        "      - name: app\n        command:\n        - sh\n        - |\n          echo resources\n",
        "      - name: app\n        resources:\n          requests:\n            cpu: 250m\n          limits:\n            memory: 1Gi\n        command:\n        - sh\n        - |\n          echo resources\n",
        &both(),
    );
}

#[test]
fn what_goes_takes_what_held_it_alone() {
    assert_edit(
        "      - name: app\n        resources:\n          requests:\n            cpu: 1\n          limits:\n            cpu: 2 # gone\n            memory: 2Gi\n",
        "      - name: app\n        resources:\n          requests:\n            cpu: 1\n          limits:\n            memory: 2Gi\n",
        &[amount("limits", "cpu", None)],
    );
    assert_edit(
        "      - name: app\n        resources:\n          requests: {cpu: 1}\n          limits:\n            cpu: 2\n        image: a\n",
        "      - name: app\n        resources:\n          requests: {cpu: 1}\n        image: a\n",
        &[amount("limits", "cpu", None)],
    );
    assert_edit(
        "      - name: app\n        resources: {requests: {cpu: 1}, limits: {memory: 1Gi, cpu: 2}}\n",
        "      - name: app\n        resources: {requests: {cpu: 1}, limits: {memory: 1Gi}}\n",
        &[amount("limits", "cpu", None)],
    );
}

#[test]
fn json_stays_json() {
    let spec = serde_json::json!([{"name": "app", "resources": {"requests": {"cpu": 1}}}]);
    let object = serde_json::json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"},
        "spec": {"template": {"spec": {"containers": spec}}},
    });
    for text in [
        object.to_string(),
        serde_json::to_string_pretty(&object).unwrap(),
    ] {
        let edited = edit(&text, &FIRST, &both()).unwrap();
        let read: serde_json::Value = serde_json::from_str(&edited).unwrap();
        let container = &read["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["resources"]["requests"]["cpu"], "250m");
        assert_eq!(container["resources"]["limits"]["memory"], "1Gi");
    }
}

#[test]
fn what_cannot_be_changed_without_a_guess_is_refused() {
    let refused = |container: &str| {
        let text = deployment(container);
        edit(&text, &FIRST, &both()).unwrap_err()
    };
    let anchored = "      - name: app\n        resources: &r\n          requests: {cpu: 1}\n";
    assert!(refused(anchored).contains("anchor"));
    let aliased = "      - name: x\n        resources: &r {requests: {cpu: 1}}\n      - name: app\n        resources: *r\n";
    assert!(refused(aliased).contains("alias"));
    let merged = "      - name: x\n        resources: &r {requests: {cpu: 1}}\n      - name: app\n        resources:\n          <<: *r\n";
    assert!(refused(merged).contains("merged"));
    let twice = "      - name: app\n        resources: {requests: {cpu: 1}}\n        resources: {requests: {cpu: 2}}\n";
    assert!(!refused(twice).is_empty());
    for filled in ["\"${CPU}\"", "$(CPU)", "<cpu>", "'{{ cpu }}'"] {
        let text =
            format!("      - name: app\n        resources: {{requests: {{cpu: {filled}}}}}\n");
        assert!(refused(&text).contains("is filled in"), "{filled}");
    }
    let missing = "      - name: web\n";
    assert!(refused(missing).contains("app"));
}

/// A container in one of many ways to write it, with marks for what is around.
fn written() -> impl Strategy<Value = String> {
    let quoted = |value: &'static str| {
        prop_oneof![
            Just(value.to_owned()),
            Just(format!("'{value}'")),
            Just(format!("\"{value}\"")),
        ]
    };
    let comment = select(vec!["", " # c", "   #cpu: 1", " "]);
    let extra = select(vec![
        "",
        "pad  args: [a, 'b: {c', \"d # e\"]\n",
        "pad  env:\npad  - {name: A, value: 'cpu: 1'}\npad  - name: B\npad    value: |\npad      resources:\npad        cpu: 9\n",
        "pad  # resources:\npad  #   cpu: 1\n\n",
        "pad  livenessProbe: {httpGet: {path: /x, port: 80}}   # probe\n",
        "pad  securityContext: &s\npad    runAsUser: 1\n",
    ]);
    let sizes = (
        quoted("1"),
        quoted("2Gi"),
        comment.clone(),
        comment,
        1_usize..5,
    );
    let shape = 0_usize..7;
    let before = extra.clone();
    (sizes, shape, before, extra, 0_usize..7).prop_map(|(sizes, shape, before, behind, pad)| {
        let (cpu, memory, one, two, step) = sizes;
        let (deep, deeper) = (" ".repeat(step), " ".repeat(2 * step));
        let resources = match shape {
            0 => format!(
                "pad  resources:{one}\npad  {deep}requests:\npad  {deeper}cpu: {cpu}{one}\npad  {deeper}memory: {memory}{two}\n"
            ),
            1 => format!("pad  resources: {{requests: {{cpu: {cpu}, memory: {memory}}}}}{one}\n"),
            2 => format!("pad  resources: {{}}{two}\n"),
            3 => format!("pad  resources:{one}\n"),
            4 => String::new(),
            5 => format!(
                "pad  resources:\npad  {deep}limits: {{ memory: {memory} }}{one}\npad  {deep}requests: {{cpu: {cpu} }}{two}\n"
            ),
            _ => format!(
                "pad  resources:\n\npad  {deep}# limits\npad  {deep}limits:\npad  {deeper}memory: {memory}{one}\n\n"
            ),
        };
        // No key stands twice.
        let others = [("args", "command"), ("env", "mounts"), ("livenessProbe", "startupProbe"), ("securityContext: &s", "lifecycle: &l")];
        let behind = others.iter().fold(behind.to_owned(), |text, (from, to)| text.replace(from, to));
        let pad = " ".repeat(pad);
        format!("pad- name: app{one}\n{before}{resources}{behind}pad- name: last\n").replace("pad", &pad)
    })
}

fn parsed(text: &str) -> Vec<Value> {
    use serde::Deserialize as _;
    let documents = serde_yaml::Deserializer::from_str(text);
    documents
        .map(|it| Value::deserialize(it).unwrap())
        .collect()
}

/// The container `app`, with what it should have and without its resources.
fn container(document: &mut Value) -> &mut Value {
    let spec = &mut document["spec"]["template"]["spec"]["containers"];
    let mut items = spec.as_sequence_mut().unwrap().iter_mut();
    items.find(|it| it["name"] == "app").unwrap()
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn nothing_but_resources_changes(
        app in written(), crlf in select(vec![false, true]), before in select(vec!["", "a: 1\n---\n", "\u{feff}# bom\n---\n{x: [cpu]}\n---\n"]),
        behind in select(vec!["", "---\nb: &x {cpu: 1}\nc: *x\n", "...\n# end"]),
        last in select(vec![true, false]),
    ) {
        let head = "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: api}\nspec:\n template:\n  spec:\n   containers:\n";
        let indented: Vec<String> = app.lines().map(|line| format!("   {line}\n")).collect();
        let indented = indented.concat();
        let mut text = format!("{before}{head}{indented}{behind}");
        if !last { text = text.trim_end_matches('\n').to_owned(); }
        if crlf { text = text.replace('\n', "\r\n"); }
        let document = usize::from(!before.is_empty());
        let spot = Spot { document, items: Vec::new() };
        let steps = [
            amount("requests", "cpu", Some("250m")), amount("requests", "memory", Some("512Mi")),
            amount("limits", "memory", Some("1Gi")),
        ];
        let edited = edit(&text, &spot, &steps).unwrap();
        // What is no size is there as it was, in its order.
        let about = |line: &str| ["resources", "requests", "limits", "cpu", "memory"].iter().any(|word| line.contains(word));
        let others = |text: &str| -> Vec<String> {
            text.split_inclusive('\n').filter(|line| !about(line)).map(|it| it.trim_end_matches(['\r', '\n']).to_owned()).collect()
        };
        proptest::prop_assert_eq!(others(&edited), others(&text));
        let ends = edited.matches("\r\n").count();
        proptest::prop_assert_eq!(ends, if crlf { edited.matches('\n').count() } else { 0 });
        let (mut was, mut is) = (parsed(&text), parsed(&edited));
        let sizes = container(&mut is[document])["resources"].clone();
        proptest::prop_assert_eq!(&sizes["requests"]["cpu"], "250m");
        proptest::prop_assert_eq!(&sizes["requests"]["memory"], "512Mi");
        proptest::prop_assert_eq!(&sizes["limits"]["memory"], "1Gi");
        for texts in [&mut was, &mut is] {
            container(&mut texts[document]).as_mapping_mut().unwrap().remove("resources");
        }
        proptest::prop_assert_eq!(was, is);
        // Once is enough.
        proptest::prop_assert_eq!(edit(&edited, &spot, &steps).unwrap(), edited);
    }
}

/// A bundle of one Deployment with an autoscaler, and a folder for files.
fn bundle(folder: &Path) -> PathBuf {
    super::bundle(folder)
}

fn into(bundle: &Path, tree: &Path) -> Kcost {
    into_by(Kcost::new(), bundle, tree)
}

fn into_by(kcost: Kcost, bundle: &Path, tree: &Path) -> Kcost {
    kcost
        .args(["patch", "--snapshot"])
        .arg(bundle)
        .arg("--into")
        .arg(tree)
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

const API: &str = "# The shop's API.\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: api\nspec:\n  selector: {matchLabels: {app: api}}\n  template:\n    metadata: {labels: {app: api}}\n    spec:\n      containers:\n      - name: app   # the one\n        image: i\n        env:\n        - name: JAVA_TOOL_OPTIONS\n          value: -XX:+UseG1GC -Xms256m -Xmx3g # heap\n        resources:\n          requests: {cpu: \"1\", memory: 2Gi}\n          limits:\n            memory: 4Gi\n";

const HPA: &str = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: api}\nspec:\n  maxReplicas: 9\n  metrics:\n  - type: Resource\n    resource: {name: cpu, target: {type: Utilization, averageUtilization: 30}}\n";

#[cfg(unix)]
#[test]
fn where_one_file_cannot_be_written_none_is() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(folder.path());
    let tree = folder.path().join("tree");
    for (name, closed) in [("z/hpa.yml", "z"), ("z/hpa.yml", "z/hpa.yml")] {
        let (api, hpa) = (tree.join("apps/api.yaml"), tree.join(name));
        put(&api, API);
        put(&hpa, HPA);
        let closed = tree.join(closed);
        let open = fs::metadata(&closed).unwrap().permissions();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
        let is_bound = tempfile::NamedTempFile::new_in(tree.join("z")).is_err()
            || fs::File::options().append(true).open(&hpa).is_err();
        let kcost = if is_bound {
            Kcost::new()
        } else if let Some(bound) = Kcost::bound_by_modes() {
            bound
        } else {
            return;
        };
        let seen = into_by(kcost, &bundle, &tree).run().ended(1);
        fs::set_permissions(&closed, open).unwrap();
        for said in [
            "hpa.yml cannot be written",
            "no file is changed",
            "see who may write",
        ] {
            assert!(seen.stderr.contains(said), "{}", seen.stderr);
        }
        assert_eq!(fs::read_to_string(&api).unwrap(), API);
        assert_eq!(fs::read_to_string(&hpa).unwrap(), HPA);
        // Nothing is left beside them either.
        assert_eq!(fs::read_dir(tree.join("apps")).unwrap().count(), 1);
        assert_eq!(fs::read_dir(tree.join("z")).unwrap().count(), 1);
    }
    into(&bundle, &tree).run().ended(0);
    assert_ne!(fs::read_to_string(tree.join("apps/api.yaml")).unwrap(), API);
}

#[test]
fn a_tree_is_checked_then_changed_and_then_at_rest() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(folder.path());
    let tree = folder.path().join("tree");
    put(&tree.join("apps/api.yaml"), API);
    put(&tree.join("apps/hpa.yml"), HPA);
    put(
        &tree.join("chart/templates/x.yaml"),
        "a: {{ .Values.x }}\n  b: - {{\n",
    );
    put(&tree.join(".git/api.yaml"), API);
    let seen = into(&bundle, &tree).arg("--check").run().ended(10);
    assert!(seen.stdout.contains("apps/api.yaml"), "{}", seen.stdout);
    assert!(
        seen.stdout.contains("would change 2 files for 1 of 1"),
        "{}",
        seen.stdout
    );
    assert_eq!(fs::read_to_string(tree.join("apps/api.yaml")).unwrap(), API);
    let seen = into(&bundle, &tree)
        .args(["--summary", "markdown"])
        .run()
        .ended(0);
    assert!(
        seen.stdout.contains("| shop/Deployment/api |"),
        "{}",
        seen.stdout
    );
    let edited = fs::read_to_string(tree.join("apps/api.yaml")).unwrap();
    let same = edited
        .lines()
        .zip(API.lines())
        .filter(|(a, b)| a == b)
        .count();
    assert_eq!(same, API.lines().count() - 3, "{edited}");
    assert!(
        edited.contains("requests: {cpu: \"") && edited.contains(" # heap"),
        "{edited}"
    );
    let scaled = fs::read_to_string(tree.join("apps/hpa.yml")).unwrap();
    assert!(!scaled.contains("averageUtilization: 30"), "{scaled}");
    assert_eq!(fs::read_to_string(tree.join(".git/api.yaml")).unwrap(), API);
    let seen = into(&bundle, &tree).arg("--check").run().ended(0);
    let rest = seen.stdout;
    assert!(
        rest.contains("apps/api.yaml, apps/hpa.yml: it is as advised already"),
        "{rest}"
    );
    assert!(rest.contains("would change 0 files for 0 of 1"), "{rest}");
}

#[test]
fn an_overlay_goes_before_a_base_that_others_share() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(folder.path());
    let tree = folder.path().join("tree");
    put(&tree.join("base/api.yaml"), API);
    put(&tree.join("base/hpa.yaml"), HPA);
    put(
        &tree.join("base/kustomization.yaml"),
        "resources: [api.yaml, hpa.yaml]\n",
    );
    for overlay in ["prod", "test"] {
        put(
            &tree.join(overlay).join("kustomization.yaml"),
            &format!(
                "resources: [../base]\nnamespace: {}\n",
                if overlay == "prod" {
                    "shop"
                } else {
                    "shop-test"
                }
            ),
        );
    }
    let seen = into(&bundle, &tree).run().ended(0);
    assert!(
        seen.stdout.contains("prod, test share it: `--base`"),
        "{}",
        seen.stdout
    );
    assert_eq!(fs::read_to_string(tree.join("base/api.yaml")).unwrap(), API);
    into(&bundle, &tree)
        .args(["--base", "--check"])
        .run()
        .ended(10);
    // A patch that has sizes is where they are changed.
    put(
        &tree.join("prod/sizes.yaml"),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        env: [{name: JAVA_TOOL_OPTIONS, value: -Xmx3g}]\n        resources: {requests: {cpu: 1}}\n",
    );
    put(
        &tree.join("prod/hpa.yaml"),
        &HPA.replace("name: api", "name: api, namespace: shop"),
    );
    put(
        &tree.join("prod/kustomization.yaml"),
        "resources: [../base]\nnamespace: shop\npatches:\n- path: sizes.yaml\n- path: hpa.yaml\n",
    );
    let seen = into(&bundle, &tree).run().ended(0);
    assert!(seen.stdout.contains("prod/sizes.yaml"), "{}", seen.stdout);
    assert_eq!(fs::read_to_string(tree.join("base/api.yaml")).unwrap(), API);
}

#[test]
fn what_has_no_one_place_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = bundle(folder.path());
    let tree = folder.path().join("tree");
    fs::create_dir(&tree).unwrap();
    let seen = into(&bundle, &tree).run().ended(0);
    assert!(
        seen.stdout.contains("no manifest of Deployment `api`"),
        "{}",
        seen.stdout
    );
    put(&tree.join("a.yaml"), API);
    put(&tree.join("b.yaml"), API);
    let seen = into(&bundle, &tree).run().ended(0);
    assert!(
        seen.stdout.contains("a.yaml, b.yaml: several manifests"),
        "{}",
        seen.stdout
    );
    fs::remove_file(tree.join("b.yaml")).unwrap();
    let seen = into(&bundle, &tree).run().ended(0);
    assert!(
        seen.stdout
            .contains("no manifest of its HorizontalPodAutoscaler"),
        "{}",
        seen.stdout
    );
    assert_eq!(fs::read_to_string(tree.join("a.yaml")).unwrap(), API);
    fs::write(tree.join("latin.yaml"), b"# caf\xe9\n").unwrap();
    for summary in [&[][..], &["--summary", "markdown"]] {
        let seen = into(&bundle, &tree).args(summary).run().ended(0);
        let told = seen.stdout.contains("latin.yaml: it is not in UTF-8");
        assert!(told, "{}", seen.stdout);
    }
    into(&bundle, &folder.path().join("none")).run().ended(2);
}
