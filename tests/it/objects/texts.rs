//! Texts: lists, documents, what is broken, what is out of scope.

use kcost::collect::files::read_objects;
use kcost::collect::{Scope, resolve};
use kcost::progress::Silent;
use kcost::units::Cpu;

use super::{APP, dump, file, ids, pod, read};

#[test]
fn one_broken_object_is_a_gap_and_the_rest_is_read() {
    let dump = file(
        r#"{"kind":"List","apiVersion":"v1","items":[
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad","namespace":"shop"},"spec":{"containers":7}},
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"odd","namespace":"shop"},
         "spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"much"}}}]}},
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"good","namespace":"shop"},
         "spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":2}}}]}},
        {"metadata":{"name":"what"}},
        {"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"a":"aHVudGVyMg=="}}]}"#,
    );
    let (mut objects, mut gaps) =
        read_objects(&[dump.path().to_owned()], &Scope::default(), &Silent).unwrap();
    assert_eq!(objects.skipped["Secret"], 1);
    gaps.append(&mut objects.gaps);
    let gaps: Vec<String> = gaps
        .iter()
        .map(|gap| format!("{}: {}", gap.subject, gap.text))
        .collect();
    insta::assert_snapshot!(gaps.join("\n"), @r"
    Pod shop/bad: `spec.containers`: invalid type: integer, expected a sequence
    object what: it has no `kind`
    Pod shop/odd: cpu `much` is not a quantity
    ");
    let resolved = resolve(objects);
    assert_eq!(ids(&resolved), ["shop/Pod/good", "shop/Pod/odd"]);
    assert_eq!(
        resolved.workloads[0].containers[0].requests.cpu,
        Some(Cpu::cores(2.0))
    );
}

#[test]
fn lists_of_lists_items_alone_and_documents_in_a_row_are_read() {
    let pod = |name: &str| {
        format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}","namespace":"a"}}}}"#
        )
    };
    let untyped = r#"{"items":[{"metadata":{"name":"late","namespace":"a"}}],"apiVersion":"v1","kind":"PodList"}"#;
    let text = format!("{}\n{untyped}\n[{}]\n", pod("one"), pod("two"));
    let resolved = dump(&text);
    assert_eq!(ids(&resolved), ["a/Pod/late", "a/Pod/one", "a/Pod/two"]);
    for nothing in ["", "---\n---\n"] {
        let file = file(nothing);
        let (resolved, gaps) = read(&[file.path().to_owned()]);
        assert_eq!(
            (resolved.workloads.len(), gaps[0].code.as_str()),
            (0, "no-objects")
        );
    }
}

#[test]
fn broken_text_is_an_error_with_its_place() {
    let fails = |content: &str| {
        let dump = file(content);
        let path = dump.path().to_owned();
        let error =
            read_objects(std::slice::from_ref(&path), &Scope::default(), &Silent).unwrap_err();
        let text = error.to_string().replace(&*path.to_string_lossy(), "FILE");
        format!("{text}\nhint: {}", error.hint().unwrap_or_default())
    };
    insta::assert_snapshot!(fails("{\"kind\": \"List\",\n \"items\": [{]}"), @r"
    failed to understand FILE at line 2, column 13: key must be a string
    hint: give objects as `kubectl get KINDS -A -o json` or `-o yaml` prints them
    ");
    insta::assert_snapshot!(fails("kind: List\nitems:\n- a: [\n"), @"
    failed to understand FILE at line 3, column 6: unclosed bracket '['
    hint: give objects as `kubectl get KINDS -A -o json` or `-o yaml` prints them
    ");
    insta::assert_snapshot!(fails("just text"), @"
    failed to understand object 1 in FILE at line 1: it is a text, not an object
    hint: give objects as `kubectl get KINDS -A -o json` or `-o yaml` prints them
    ");
}

#[test]
fn a_selector_and_namespaces_narrow_a_dump() {
    let labelled = |name: &str, app: &str| {
        pod(name, None, APP).replace(
            "namespace: shop",
            &format!("namespace: shop\n  labels: {{app: {app}}}"),
        )
    };
    let dump = file([labelled("a", "x"), labelled("b", "y")].concat());
    let ids = |patterns: &[&str], selector: Option<&str>| {
        let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
        let scope = Scope::new(&patterns, selector.map(str::to_owned)).unwrap();
        let (objects, _) = read_objects(&[dump.path().to_owned()], &scope, &Silent).unwrap();
        ids(&resolve(objects))
    };
    assert_eq!(ids(&[], Some("app=y")), ["shop/Pod/b"]);
    assert_eq!(ids(&["!shop"], None), [""; 0]);
    assert_eq!(ids(&["sh*"], Some("app")), ["shop/Pod/a", "shop/Pod/b"]);
}
