//! Dumps as people have them: encodings, lists, YAML of every style.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use kcost::collect::Scope;
use kcost::collect::files::read_objects;
use kcost::error::Error;
use kcost::progress::Silent;

use super::{dump, file, ids, only, read};
use crate::bundle::explain;

/// A pod of namespace `shop`, as JSON, without its type.
fn body(name: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"{name}","namespace":"shop"}},"spec":{{"containers":[{{"name":"app","resources":{{"requests":{{"cpu":"1"}}}}}}]}}}}"#
    )
}

/// The same with its type.
fn typed(name: &str) -> String {
    body(name).replacen('{', r#"{"apiVersion":"v1","kind":"Pod","#, 1)
}

/// A list as the API server answers a request for pods.
pub(super) fn listed(names: &[&str]) -> String {
    let items: Vec<String> = names.iter().map(|name| body(name)).collect();
    let items = items.join(",");
    format!(r#"{{"kind":"PodList","apiVersion":"v1","metadata":{{}},"items":[{items}]}}"#)
}

/// The names of the pods that a dump has, without a gap.
fn pods(content: impl AsRef<[u8]>) -> Vec<String> {
    let file = file(content);
    let (resolved, gaps) = read(&[file.path().to_owned()]);
    assert_eq!(gaps, []);
    let names = resolved.workloads.iter().map(|it| it.id.name.clone());
    names.collect()
}

/// What is said of a dump of which nothing can be read.
pub(super) fn refused(content: impl AsRef<[u8]>) -> String {
    let file = file(content);
    said(file.path())
}

pub(super) fn said(path: &Path) -> String {
    let error = read_objects(&[path.to_owned()], &Scope::default(), &Silent).unwrap_err();
    explain(&Error::from(error)).replace(&*path.to_string_lossy(), "FILE")
}

fn wide(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

pub(super) fn packed(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn dumps_are_read_in_the_encodings_of_windows() {
    let yaml = "kind: List\r\nitems:\r\n- kind: Pod\r\n  apiVersion: v1\r\n  metadata: {name: größe, namespace: shop}\r\n";
    for (text, names) in [
        (listed(&["a", "b"]), vec!["a", "b"]),
        (yaml.to_owned(), vec!["größe"]),
    ] {
        let marked = format!("\u{feff}{text}");
        assert_eq!(pods(&marked), names);
        assert_eq!(pods(wide(&marked, u16::to_le_bytes)), names);
        assert_eq!(pods(wide(&marked, u16::to_be_bytes)), names);
        assert_eq!(pods(wide(&text, u16::to_le_bytes)), names);
        assert_eq!(pods(packed(&wide(&marked, u16::to_le_bytes))), names);
    }
    insta::assert_snapshot!(refused(b"\xff\xfe\0\0{\0\0\0"), @"
    error: failed to read FILE
    caused by: the text is UTF-32; save it as UTF-8
    hint: create the file again
    ");
    insta::assert_snapshot!(refused(b"kind: Pod\nmetadata: {name: gr\xf6\xdfe}\n"), @"
    error: failed to understand FILE at line 2, column 20: the text is not UTF-8
    hint: give objects as `kubectl get KINDS -A -o json` or `-o yaml` prints them
    ");
}

#[test]
fn lists_may_hold_lists_of_any_kind() {
    let lists = format!(
        r#"{{"apiVersion":"v1","kind":"List","items":[{},{},{{"kind":"List","apiVersion":"v1","items":[{}]}}]}}"#,
        listed(&["a", "b"]),
        typed("c"),
        listed(&["d"]),
    );
    assert_eq!(pods(&lists), ["a", "b", "c", "d"]);
    assert_eq!(
        pods(format!("[{lists},[{}]]", typed("e"))),
        ["a", "b", "c", "d", "e"]
    );
    assert_eq!(pods(format!("# YAML\n{lists}")), ["a", "b", "c", "d"]);
    assert_eq!(
        pods(format!("# YAML\n[{lists},[{}]]", typed("e"))),
        ["a", "b", "c", "d", "e"]
    );
}

#[test]
fn items_without_a_type_have_that_of_their_list() {
    let behind = format!(
        r#"{{"items":[{}],"metadata":{{}},"apiVersion":"v1","kind":"PodList"}}"#,
        body("a")
    );
    let empty = format!(
        r#"{{"apiVersion":"v1","kind":"PodList","items":[{}]}}"#,
        body("a").replacen('{', r#"{"kind":"","apiVersion":"","#, 1)
    );
    let gathered = "apiVersion: v1\nitems:\n- metadata: {name: a, namespace: shop}\n  spec: {containers: []}\n- null\nkind: PodList\nmetadata: {}\n";
    for text in [
        behind.clone(),
        empty,
        gathered.to_owned(),
        format!("# YAML\n{behind}"),
    ] {
        assert_eq!(pods(&text), ["a"], "{text}");
    }
    let deployments = r#"{"kind":"DeploymentList","apiVersion":"apps/v1","items":[{"metadata":{"name":"web","namespace":"shop"},
        "spec":{"replicas":2,"template":{"spec":{"containers":[{"name":"app"}]}}}}]}"#;
    assert_eq!(ids(&dump(deployments)), ["shop/Deployment/web"]);
}

#[test]
fn what_a_kind_that_is_no_list_calls_items_is_its_own() {
    for order in [
        r#""kind":"Pod","items":[1]"#,
        r#""items":[{"key":"a"}],"kind":"Pod""#,
    ] {
        let object = body("a").replacen('{', &format!(r#"{{"apiVersion":"v1",{order},"#), 1);
        assert_eq!(pods(&object), ["a"]);
        assert_eq!(pods(format!("# YAML\n{object}")), ["a"]);
    }
}

#[test]
fn flow_style_is_yaml_however_much_it_looks_like_json() {
    for text in [
        "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}}",
        "{\"apiVersion\": v1, \"kind\": \"Pod\", \"metadata\": {\"name\": 'a', \"namespace\": shop},}",
        "[{kind: Pod, apiVersion: v1, metadata: {name: a, namespace: shop}}] # all",
        "{'kind': 'Pod', 'apiVersion': 'v1', 'metadata': {'name': 'a', 'namespace': 'shop'}}\n---\n",
        "  kind: Pod\n  apiVersion: v1\n  metadata: {name: a, namespace: shop}\n",
    ] {
        assert_eq!(pods(text), ["a"], "{text}");
    }
}

#[test]
fn documents_of_json_may_be_parted_as_those_of_yaml() {
    let text = format!("---\n{}\n---\n{}\n", typed("a"), typed("b"));
    assert_eq!(pods(text), ["a", "b"]);
}

#[test]
fn anchors_and_merge_keys_are_read_as_kubectl_reads_them() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec:\n  containers:\n  \
        - name: app\n    resources: &all\n      requests: &small {cpu: 250m, memory: 64Mi}\n  \
        - name: other\n    resources:\n      requests: {<<: *small, cpu: 500m}\n  - {name: third, resources: *all}\n";
    let workload = only(dump(text));
    let cores = workload
        .containers
        .iter()
        .map(|it| it.requests.cpu.unwrap().get());
    assert_eq!(cores.collect::<Vec<_>>(), [0.25, 0.5, 0.25]);
    assert!(
        workload
            .containers
            .iter()
            .all(|it| it.requests.memory == workload.containers[0].requests.memory)
    );
}

#[test]
fn logs_between_objects_are_passed_over() {
    let logs = "==== START logs for container app of pod shop/a ====\n\
        {\"kind\": \"Pod\"\n==== END logs for container b of pod shop/a ====\n\
        ---\n==== END logs for container app of pod shop/a ====\n";
    let (a, b) = (listed(&["a"]), listed(&["b"]));
    assert_eq!(pods(format!("{a}\n{logs}{logs}{b}\n{logs}")), ["a", "b"]);
    let yaml = |name: &str| {
        format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: shop\n")
    };
    assert_eq!(
        pods(format!("{}{logs}---\n{}{logs}", yaml("a"), yaml("b"))),
        ["a", "b"]
    );
    insta::assert_snapshot!(refused(format!("{a}\n==== START logs for container app of pod shop/a ====\n")), @"
    error: failed to understand FILE at line 2, column 1: the logs that begin here have no end
    hint: give objects as `kubectl get KINDS -A -o json` or `-o yaml` prints them
    ");
    insta::assert_snapshot!(refused("==== other\n"), @"
    error: failed to understand FILE at line 1, column 1: neither an object nor the start of logs
    hint: give objects as `kubectl get KINDS -A -o json` or `-o yaml` prints them
    ");
}

#[test]
fn what_is_no_dump_is_called_what_it_is() {
    for (content, is) in [
        (
            "NAME   READY   STATUS\na      1/1     Running\n",
            "it is a table for people",
        ),
        (
            "NAMESPACE   NAME   READY   STATUS\nshop   a      1/1     Running\n",
            "it is a table for people",
        ),
        (
            "namespace,pod,container,timestamp,cpu_cores,memory_bytes\n",
            "it is a table of usage",
        ),
        ("<!DOCTYPE html>\n<html></html>", "it is a page of HTML"),
        ("PK\u{3}\u{4}", "it is a zip archive"),
        ("PAR1", "it is a Parquet table"),
        ("BZh9", "it is compressed with something other than gzip"),
        ("error: You must be logged in\n", "it has no `kind`"),
        ("just text", "it is a text, not an object"),
    ] {
        let said = refused(content);
        assert!(said.contains(is), "{said}");
    }
}

#[test]
fn objects_without_a_status_are_read_as_they_are_meant() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec: {nodeName: n, containers: [{name: app, resources: {requests: {cpu: 1}}}]}\n\
        ---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {replicas: 3, selector: {}, template: {spec: {containers: [{name: app}]}}}\n\
        ---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: once, namespace: shop}\nspec: {parallelism: 2, template: {spec: {containers: [{name: app}]}}}\n\
        ---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web, namespace: shop}\nspec: {maxReplicas: 5, scaleTargetRef: {kind: Deployment, name: web, apiVersion: apps/v1}}\n";
    let resolved = dump(text);
    let replicas = resolved
        .workloads
        .iter()
        .map(|it| (it.id.name.as_str(), it.replicas));
    assert_eq!(
        replicas.collect::<Vec<_>>(),
        [("web", 3), ("once", 2), ("a", 1)]
    );
}

#[test]
fn dumps_of_two_moments_that_overlap_count_each_object_once() {
    let at = |used: u32| {
        let quota = format!(
            "apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: all, namespace: shop}}\n\
             spec: {{hard: {{requests.cpu: '10'}}}}\n\
             status: {{hard: {{requests.cpu: '10'}}, used: {{requests.cpu: '{used}'}}}}\n"
        );
        let claim = format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data, namespace: shop}}\n\
             spec: {{resources: {{requests: {{storage: {used}Gi}}}}}}\n"
        );
        file(format!("{quota}---\n{claim}"))
    };
    let (first, second) = (at(4), at(5));
    let paths = [first.path().to_owned(), second.path().to_owned()];
    let (resolved, _) = read(&paths);
    assert_eq!(resolved.cluster.quotas.len(), 1);
    assert_eq!(resolved.cluster.volume_claims.len(), 1);
}
