//! Reports of analyses made by hand: each format, each width, and the odd cases.

use kcost::gate;
use kcost::pipeline::Settings;
use kcost::recommend::{Options, Sizing, State};
use kcost::render::{self, Look, Sort, View};
use kcost::snapshot::{Gap, Resources};
use kcost::units::Money;
use unicode_width::UnicodeWidthStr;

use crate::common::{Kcost, needs};
use crate::made::{Made, container, set, settings, workload};

fn look(width: Option<usize>) -> Look {
    Look {
        verbose: false,
        explain: Some("kcost explain --demo".to_owned()),
        width,
        color: false,
        unicode: true,
        program: "kcost",
        command: "kcost analyze --snapshot prod.kcost".to_owned(),
        view: View::default(),
    }
}

fn drawn(made: &Made, settings: &Settings, format: &str, look: &Look) -> String {
    let analysis = made.analysis(settings);
    let mut out = Vec::new();
    let renderer = render::by_name(format).unwrap();
    renderer.render(&analysis, look, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn table(made: &Made, width: usize) -> String {
    drawn(made, &settings(), "table", &look(Some(width)))
}

#[test]
fn a_table_at_80_100_and_160_columns() {
    for width in [80, 100, 160] {
        insta::assert_snapshot!(format!("table_{width}"), table(&Made::shop(), width));
    }
}

#[test]
fn a_wide_table_at_80_and_160_columns() {
    for width in [80, 160] {
        let text = drawn(&Made::shop(), &settings(), "wide", &look(Some(width)));
        insta::assert_snapshot!(format!("wide_{width}"), text);
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let settings = settings();
    for format in ["table", "wide"] {
        for width in [64, 72, 80, 100, 120, 160, 240] {
            let text = drawn(&Made::shop(), &settings, format, &look(Some(width)));
            for line in text.lines() {
                assert!(line.width() <= width, "{format} {width}: {line}");
            }
        }
    }
}

#[test]
fn a_pipe_gets_every_column_and_no_colour() {
    let text = drawn(&Made::shop(), &settings(), "table", &look(None));
    for head in ["KIND", "CONFIDENCE", "COHORT", "COST/MO", "FREED/MO"] {
        assert!(text.contains(head), "{head}\n{text}");
    }
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn colour_only_adds_to_what_is_said() {
    let settings = settings();
    let plain = look(Some(100));
    let coloured = Look {
        color: true,
        ..plain.clone()
    };
    for format in ["table", "wide"] {
        let plain = drawn(&Made::shop(), &settings, format, &plain);
        let coloured = drawn(&Made::shop(), &settings, format, &coloured);
        assert!(coloured.contains("\u{1b}["));
        assert_eq!(stripped(&coloured), plain);
    }
}

#[test]
fn ascii_alone_says_the_same_within_the_same_width() {
    let settings = settings();
    for format in ["table", "wide"] {
        for width in [80, 160] {
            let plain = Look {
                unicode: false,
                ..look(Some(width))
            };
            let text = drawn(&Made::shop(), &settings, format, &plain);
            assert!(text.is_ascii(), "{text}");
            assert!(text.contains("500mv100m"), "{text}");
            let widest = text.lines().map(str::len).max();
            assert!(widest <= Some(width), "{text}");
        }
    }
}

fn stripped(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            let _ = characters.by_ref().find(|it| *it == 'm');
        } else {
            plain.push(character);
        }
    }
    plain
}

#[test]
fn names_of_others_move_no_cursor() {
    let mut made = Made::shop();
    let evil = "evil\u{1b}[2J\r\u{202e}";
    made.snapshot.cluster.name = evil.to_owned();
    made.snapshot.workloads[0].id.name = evil.to_owned();
    made.snapshot.workloads[0].containers[0].name = evil.to_owned();
    made.snapshot.gaps = vec![Gap::new("odd", evil, evil).hint(evil)];
    made.advised.workloads[0].containers[0].reasons[0].text = evil.to_owned();
    for format in ["table", "wide", "patch"] {
        let text = drawn(&made, &settings(), format, &look(Some(120)));
        let sent = text
            .chars()
            .find(|it| (it.is_control() && *it != '\n') || *it == '\u{202e}');
        assert_eq!(sent, None, "{format}\n{text}");
        assert!(text.contains("evil\\u{1b}[2J"), "{format}\n{text}");
    }
}

#[test]
fn nothing_is_said_in_words() {
    insta::assert_snapshot!("table_empty", table(&Made::empty(), 80));
    insta::assert_snapshot!(
        "wide_empty",
        drawn(&Made::empty(), &settings(), "wide", &look(Some(80)))
    );
    let patch = drawn(&Made::empty(), &settings(), "patch", &look(None));
    insta::assert_snapshot!(patch, @"
    # Sizes for cluster test, from usage up to 2025-11-13T02:13:20Z.
    # Nothing needs to change.
    ");
}

#[test]
fn a_workload_without_requests_has_none() {
    let mut made = Made::shop();
    for container in &mut made.snapshot.workloads[2].containers {
        container.requests = Resources::default();
        container.limits = Resources::default();
    }
    let text = table(&made, 100);
    assert!(text.contains("none↑"), "{text}");
}

#[test]
fn more_memory_is_asked_for_in_words() {
    let mut made = Made::empty();
    made.add(
        workload("Deployment", "api", 2, vec![container("app", 1000, 1024)]),
        State::UnderProvisioned,
        &[set(1000, 2048, 2048)],
    );
    let text = table(&made, 100);
    let line = "more     asks for 2Gi more memory than now: for 1 workload, request and limit become equal";
    assert!(text.contains(line), "{text}");
}

#[test]
fn a_view_narrows_the_list_and_not_the_summary() {
    let settings = settings();
    let with = |view: View| Look {
        view,
        ..look(Some(100))
    };
    let idle = with(View {
        states: vec![State::Idle],
        ..View::default()
    });
    let json = |look: &Look| -> serde_json::Value {
        serde_json::from_str(&drawn(&Made::shop(), &settings, "json", look)).unwrap()
    };
    let (whole, narrow) = (json(&look(None)), json(&idle));
    assert_eq!(whole["summary"], narrow["summary"]);
    assert_eq!(narrow["workloads"].as_array().unwrap().len(), 1);
    assert_eq!(narrow["workloads"][0]["state"], "idle");
    let savings = with(View {
        min_freed: Some(Money::from_f64(5.0)),
        ..View::default()
    });
    for workload in json(&savings)["workloads"].as_array().unwrap() {
        let freed: f64 = workload["monthly_savings"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!(freed >= 5.0);
    }
    let top = with(View {
        sort: Some(Sort::Cost),
        top: Some(1),
        ..View::default()
    });
    assert_eq!(json(&top)["workloads"][0]["name"], "search");
    let csv = drawn(&Made::shop(), &settings, "csv", &idle);
    assert_eq!(csv.lines().count(), 2, "{csv}");
    let none = with(View {
        min_freed: Some(Money::from_f64(1e6)),
        ..View::default()
    });
    assert!(drawn(&Made::shop(), &settings, "table", &none).contains("nothing matches"));
}

#[test]
fn json_has_the_shape_that_is_promised() {
    let text = drawn(&Made::shop(), &settings(), "json", &look(None));
    insta::assert_snapshot!("json", text.replace(env!("CARGO_PKG_VERSION"), "[VERSION]"));
}

#[test]
fn yaml_says_the_same_as_json() {
    let settings = settings();
    let json = drawn(&Made::shop(), &settings, "json", &look(None));
    let yaml = drawn(&Made::shop(), &settings, "yaml", &look(None));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let yaml: serde_json::Value = serde_yaml::from_str(&yaml).unwrap();
    assert_eq!(json, yaml);
}

#[test]
fn pods_that_do_not_exist_are_named() {
    let mut made = Made::empty();
    let mut web = workload("Deployment", "web", 0, vec![container("web", 500, 512)]);
    (web.replicas, web.present) = (2, Some(0));
    made.add(web, State::Unknown, &[Sizing::KEEP]);
    let said = "missing  pods that do not exist are not billed: shop/web (0 of 2)";
    assert!(table(&made, 160).contains(said));
    let json: serde_json::Value =
        serde_json::from_str(&drawn(&made, &settings(), "json", &look(None))).unwrap();
    assert_eq!(json["findings"][0]["code"], "missing_pods");
    assert_eq!(json["workloads"][0]["monthly_cost"], "0.00");
}

/// A head and two workers, both with a container `ray`, and a workload beside them.
fn templates() -> Made {
    let mut made = Made::empty();
    let mut head = workload("RayCluster", "ray", 1, vec![container("ray", 1000, 1024)]);
    head.id.template = Some("head".to_owned());
    let mut worker = workload("RayCluster", "ray", 2, vec![container("ray", 4000, 4096)]);
    worker.id.template = Some("worker".to_owned());
    made.add(head, State::RightSized, &[Sizing::KEEP]);
    made.add(worker, State::OverProvisioned, &[set(2000, 2048, 2048)]);
    let web = workload("Rollout", "web", 1, vec![container("web", 500, 512)]);
    made.add(web, State::Unknown, &[Sizing::KEEP]);
    made
}

#[test]
fn templates_of_one_owner_are_one_workload_whose_containers_say_of_which_they_are() {
    let json = |view: View| -> serde_json::Value {
        let look = Look { view, ..look(None) };
        serde_json::from_str(&drawn(&templates(), &settings(), "json", &look)).unwrap()
    };
    let report = json(View::default());
    assert_eq!(report["summary"]["workloads"], 2);
    assert_eq!(report["summary"]["containers"], 3);
    assert_eq!(report["summary"]["states"]["over_provisioned"], 1);
    assert_eq!(report["summary"]["states"]["right_sized"], 0);
    let workloads = report["workloads"].as_array().unwrap();
    assert_eq!(workloads.len(), 2);
    let (ray, web) = (&workloads[0], &workloads[1]);
    assert_eq!(
        (ray["replicas"].as_u64(), ray["pods"].as_u64()),
        (Some(3), Some(3))
    );
    assert_eq!(ray["state"], "over_provisioned");
    let of = |key: &str, field: &str| {
        let all = ray[key].as_array().unwrap().iter();
        all.map(|it| it[field].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("containers", "template"), ["head", "worker"]);
    assert_eq!(of("containers", "name"), ["ray", "ray"]);
    assert_eq!(of("templates", "name"), ["head", "worker"]);
    assert_eq!(of("templates", "replicas"), [1, 2]);
    // 2 cores and 2 GiB of each of two workers.
    assert_eq!(ray["monthly_savings"], "104.68");
    assert_eq!(of("templates", "monthly_savings"), ["0.00", "104.68"]);
    assert!(web.get("templates").is_none());
    assert!(web["containers"][0].get("template").is_none());
    // A view takes a workload whole.
    let one = json(View {
        states: vec![State::RightSized],
        ..View::default()
    });
    assert_eq!(
        one["workloads"][0]["containers"].as_array().unwrap().len(),
        2
    );
    let first = json(View {
        top: Some(1),
        ..View::default()
    });
    assert_eq!(first["workloads"].as_array().unwrap().len(), 1);
}

#[test]
fn people_and_tables_see_templates_apart() {
    let wide = drawn(&templates(), &settings(), "wide", &look(None));
    assert!(wide.contains(" shop/ray/head"), "{wide}");
    assert!(table(&templates(), 160).contains("shop/ray/worker"));
    let csv = drawn(&templates(), &settings(), "csv", &look(None));
    let templates: Vec<&str> = csv
        .lines()
        .map(|line| line.rsplit(',').nth(4).unwrap())
        .collect();
    assert_eq!(templates, ["template", "head", "worker", ""]);
}

#[test]
fn csv_is_one_row_a_container() {
    insta::assert_snapshot!("csv", drawn(&Made::shop(), &settings(), "csv", &look(None)));
}

#[test]
fn patches_hold_only_what_changes() {
    insta::assert_snapshot!(
        "patch",
        drawn(&Made::shop(), &settings(), "patch", &look(None))
    );
}

#[test]
fn the_verdict_is_the_last_line() {
    let settings = Settings {
        thresholds: gate::parse("cost-waste>1%,idle>5").unwrap(),
        min_judged: 0.0,
        recommend: Options::default(),
        ..settings()
    };
    for format in ["table", "wide"] {
        let text = drawn(&Made::shop(), &settings, format, &look(Some(100)));
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("gate failed: cost-waste>1% ("), "{last}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for format in render::names() {
        let one = drawn(&Made::shop(), &settings(), format, &look(Some(100)));
        assert_eq!(
            one,
            drawn(&Made::shop(), &settings(), format, &look(Some(100))),
            "{format}"
        );
    }
}

/// The object that a patch is for, as the cluster has it.
const SEARCH: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: search, namespace: shop}
spec:
  selector: {matchLabels: {app: search}}
  template:
    metadata: {labels: {app: search}}
    spec:
      initContainers:
      - name: proxy
        image: proxy:1
        restartPolicy: Always
        resources: {requests: {cpu: 200m, memory: 256Mi}, limits: {memory: 256Mi}}
      containers:
      - name: search-engine
        image: search:1
        resources: {requests: {cpu: '2', memory: 4Gi}, limits: {cpu: '4', memory: 4Gi}}
";

/// What a real kubectl makes of `SEARCH` and a patch, and its pod spec.
fn kubectl_patch(kubectl: &std::path::Path, flag: &str, patch: &str) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let object = folder.path().join("object.yaml");
    std::fs::write(&object, SEARCH).unwrap();
    let seen = Kcost::program(kubectl)
        .args(["patch", "--local", "--type=strategic", "-o", "json", "-f"])
        .arg(&object)
        .args([flag, patch])
        .run()
        .ended(0);
    seen.json()["spec"]["template"]["spec"].clone()
}

#[test]
fn kubectl_merges_a_patch_and_keeps_the_rest() {
    let Some(kubectl) = needs("kubectl") else {
        return;
    };
    let text = drawn(&Made::shop(), &settings(), "patch", &look(None));
    let document = text
        .split("---\n")
        .find(|it| it.contains("name: search\n"))
        .unwrap();
    let spec = kubectl_patch(&kubectl, "--patch", document);
    let engine = &spec["containers"][0];
    assert_eq!(engine["image"], "search:1");
    assert_eq!(engine["resources"]["requests"]["cpu"], "450m");
    assert_eq!(engine["resources"]["requests"]["memory"], "1536Mi");
    assert_eq!(engine["resources"]["limits"]["memory"], "2Gi");
    let proxy = &spec["initContainers"][0];
    assert_eq!(proxy["restartPolicy"], "Always");
    assert_eq!(proxy["resources"]["requests"]["cpu"], "20m");
}

#[test]
fn kubectl_removes_a_limit_with_the_command_in_the_comment() {
    let Some(kubectl) = needs("kubectl") else {
        return;
    };
    let text = drawn(&Made::shop(), &settings(), "patch", &look(None));
    let command = text
        .lines()
        .find(|line| line.contains("kubectl patch deployment search"))
        .unwrap();
    let json = command.split('\'').nth(1).unwrap();
    let spec = kubectl_patch(&kubectl, "--patch", json);
    let limits = &spec["containers"][0]["resources"]["limits"];
    assert!(limits["cpu"].is_null());
    assert_eq!(limits["memory"], "4Gi");
}

#[test]
fn every_patch_document_is_one_object() {
    let text = drawn(&Made::shop(), &settings(), "patch", &look(None));
    for document in text.split("---\n").skip(1) {
        let value: serde_json::Value = serde_yaml::from_str(document).unwrap();
        // A document of comments alone is for a kind that cannot be merged.
        if !value.is_null() {
            assert!(value["apiVersion"].is_string() && value["metadata"]["namespace"] == "shop");
        }
    }
}
