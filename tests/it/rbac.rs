//! The printed roles: just what is asked for, and what a real kubectl reads.

use std::collections::BTreeSet;
use std::fs;

use serde::Deserialize;
use serde_json::Value;

use crate::common::{Kcost, needs, repository};
use crate::live::{rollout, snapshot};
use crate::reach::responder::Responder;
use crate::reach::with_prometheus;
use crate::standin::{Fault, Setup, Standin, Store};

const RBAC: &str = "rbac.authorization.k8s.io/v1";

/// A right to do one thing to one kind; without a namespace, everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Right {
    namespace: Option<String>,
    group: String,
    resource: String,
    verb: String,
}

fn printed_by(args: &[&str]) -> String {
    Kcost::new().args(args).run().ended(0).stdout
}

fn printed(args: &[&str]) -> String {
    let seen = Kcost::new().arg("rbac").args(args).run().ended(0);
    assert_eq!(seen.stderr, "");
    seen.stdout
}

fn documents(yaml: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(yaml);
    documents
        .map(|it| Value::deserialize(it).unwrap())
        .collect()
}

/// Every right that the roles of a text grant.
fn granted(yaml: &str) -> BTreeSet<Right> {
    let texts = |value: &Value| -> Vec<String> {
        let items = value.as_array().unwrap().iter();
        items.map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    let mut rights = BTreeSet::new();
    for role in documents(yaml) {
        let namespace = role["metadata"]["namespace"].as_str().map(str::to_owned);
        for rule in role["rules"].as_array().unwrap() {
            for group in texts(&rule["apiGroups"]) {
                for resource in texts(&rule["resources"]) {
                    for verb in texts(&rule["verbs"]) {
                        rights.insert(Right {
                            namespace: namespace.clone(),
                            group: group.clone(),
                            resource: resource.clone(),
                            verb,
                        });
                    }
                }
            }
        }
    }
    rights
}

/// Every right that the requests to a stand-in needed; discovery needs none.
fn needed(standin: &Standin) -> BTreeSet<Right> {
    let asked = standin.asked();
    let rights = asked.iter().filter_map(|asked| {
        let parts: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
        let (group, rest) = match parts.as_slice() {
            ["api", _, rest @ ..] => ("", rest),
            ["apis", group, _, rest @ ..] => (*group, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] => (Some((*namespace).to_owned()), rest),
            rest => (None, rest),
        };
        let (resource, verb) = match rest {
            [resource] => ((*resource).to_owned(), "list"),
            [resource, _] => ((*resource).to_owned(), "get"),
            [resource, _, part, ..] => (format!("{resource}/{part}"), "get"),
            [] => return None,
        };
        let verb = if asked.verb == "POST" { "create" } else { verb };
        Some(Right {
            namespace,
            group: group.to_owned(),
            resource,
            verb: verb.to_owned(),
        })
    });
    rights.collect()
}

/// The same rights in all namespaces.
fn everywhere(rights: BTreeSet<Right>) -> BTreeSet<Right> {
    let rights = rights.into_iter();
    rights
        .map(|right| Right {
            namespace: None,
            ..right
        })
        .collect()
}

#[test]
fn the_cluster_role_is_just_what_is_asked_for() {
    let standin = Setup::new(Store::with_add_ons()).start();
    snapshot(&standin, &[]).ended(0);
    assert_eq!(granted(&printed(&[])), needed(&standin));
}

#[test]
fn the_role_that_applies_is_another_one_and_reads_as_much() {
    let (reading, writing) = (granted(&printed(&[])), granted(&printed(&["--apply"])));
    assert!(writing.is_superset(&reading));
    let more: BTreeSet<String> = writing
        .difference(&reading)
        .map(|it| format!("{} {}", it.verb, it.resource))
        .collect();
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    insta::assert_snapshot!(more.join(", "), @"get alertmanagers, get cronjobs, get daemonsets, get deploymentconfigs, get deployments, get horizontalpodautoscalers, get kafkas, get namespaces, get pods, get prometheusagents, get prometheuses, get rollouts, get statefulsets, get thanosrulers, patch alertmanagers, patch cronjobs, patch daemonsets, patch deploymentconfigs, patch deployments, patch horizontalpodautoscalers, patch kafkas, patch pods/resize, patch prometheusagents, patch prometheuses, patch rollouts, patch statefulsets, patch thanosrulers");
    assert!(reading.iter().all(|it| it.verb == "list"));
    let names = |args: &[&str]| -> BTreeSet<String> {
        let roles = documents(&printed(args)).into_iter();
        roles
            .map(|it| it["metadata"]["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let account = ["--service-account", "kcost/kcost", "-n", "shop"];
    let apart = names(&account);
    assert!(apart.is_disjoint(&names(&[&account[..], &["--apply"]].concat())));
}

#[test]
fn roles_are_just_what_is_asked_for_in_their_namespaces() {
    let standin = Setup::new(Store::with_add_ons()).start();
    // Looking for a Prometheus asks for all services, and goes on where that is forbidden.
    let args = ["-n", "extras", "-n", "team-00", "--no-discovery"];
    snapshot(&standin, &args).ended(0);
    let yaml = printed(&["-n", "team-00,extras"]);
    assert_eq!(granted(&yaml), needed(&standin));
    let outside = granted(&yaml).into_iter();
    let outside: Vec<Right> = outside.filter(|it| it.namespace.is_none()).collect();
    assert_eq!(outside.len(), 1);
    assert_eq!(outside[0].resource, "nodes");
}

#[test]
fn owners_of_other_kinds_take_a_rule_of_their_own() {
    let standin = Setup::new(rollout()).start();
    snapshot(&standin, &[]).ended(0);
    // Every owner is read in its own namespace, which a ClusterRole allows.
    let needed = everywhere(needed(&standin));
    let allows = |yaml: &str| granted(yaml).is_superset(&needed);
    assert!(!allows(&printed(&[])));
    assert!(allows(&printed(&["--owner", "rollouts.argoproj.io"])));
}

/// What is asked for where a Prometheus is found or named, by the API server's
/// proxy and, where that is closed, by port-forward.
fn needed_to_reach(args: &[&str]) -> BTreeSet<Right> {
    let responder = Responder::new(&[""]);
    let proxy = "/api/v1/namespaces/monitoring/services/prom:80/proxy*";
    let mut rights = BTreeSet::new();
    for (named, closed) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut setup = Setup::new(with_prometheus(true))
            .backend("monitoring/prom:80", &responder.url)
            .backend("monitoring/prom-0:9090", &responder.url);
        if closed {
            setup = setup.fault(proxy, Fault::Forbidden);
        }
        let standin = setup.start();
        let service = ["--prometheus-service", "monitoring/prom:http-web"];
        let more = if named { &service[..] } else { &[] };
        snapshot(&standin, &[args, more].concat());
        rights.append(&mut needed(&standin));
    }
    // kcost asks for chunks, and does without where it may not.
    let all = rights.len();
    rights.retain(|it| it.resource != "services/proxy" || it.verb != "create");
    assert_eq!(all - rights.len(), 1);
    rights
}

#[test]
fn discovery_is_just_what_finding_and_reaching_prometheus_asks_for() {
    let more = granted(&printed(&["--with-discovery"]));
    let least = granted(&printed(&[]));
    assert!(more.is_superset(&least));
    let needed = everywhere(needed_to_reach(&[]));
    let mut asked: BTreeSet<Right> = needed.difference(&least).cloned().collect();
    // A server from 1.35 on asks for this too when a connection is upgraded.
    asked.insert(Right {
        namespace: None,
        group: String::new(),
        resource: "pods/portforward".to_owned(),
        verb: "create".to_owned(),
    });
    assert_eq!(
        more.difference(&least).cloned().collect::<BTreeSet<_>>(),
        asked
    );
}

#[test]
fn discovery_reaches_beyond_the_namespaces_of_roles() {
    let namespace = ["-n", "team-00"];
    let roles = granted(&printed(&[&namespace[..], &["--with-discovery"]].concat()));
    for right in needed_to_reach(&namespace) {
        let everywhere = Right {
            namespace: None,
            ..right.clone()
        };
        assert!(
            roles.contains(&right) || roles.contains(&everywhere),
            "{right:?}"
        );
    }
}

#[test]
fn roles_of_a_namespace_with_bindings() {
    let args = ["-n", "shop", "--service-account", "shop/kcost"];
    insta::assert_snapshot!(printed(&args), @r#"
    # What kcost needs to read; made by `kcost rbac`.
    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata:
      name: kcost
      namespace: shop
    rules:
    - apiGroups: [""]
      resources: [events, limitranges, persistentvolumeclaims, pods, replicationcontrollers, resourcequotas, services]
      verbs: [list]
    - apiGroups: [apps]
      resources: [daemonsets, deployments, replicasets, statefulsets]
      verbs: [list]
    - apiGroups: [autoscaling]
      resources: [horizontalpodautoscalers]
      verbs: [list]
    - apiGroups: [autoscaling.k8s.io]
      resources: [verticalpodautoscalers]
      verbs: [list]
    - apiGroups: [batch]
      resources: [cronjobs, jobs]
      verbs: [list]
    - apiGroups: [keda.sh]
      resources: [scaledobjects]
      verbs: [list]
    - apiGroups: [kueue.x-k8s.io]
      resources: [workloads]
      verbs: [list]
    - apiGroups: [metrics.k8s.io]
      resources: [pods]
      verbs: [list]
    - apiGroups: [policy]
      resources: [poddisruptionbudgets]
      verbs: [list]
    - apiGroups: [resource.k8s.io]
      resources: [resourceclaims, resourceclaimtemplates]
      verbs: [list]
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleBinding
    metadata:
      name: kcost
      namespace: shop
    roleRef:
      apiGroup: rbac.authorization.k8s.io
      kind: Role
      name: kcost
    subjects:
    - kind: ServiceAccount
      namespace: shop
      name: kcost
    ---
    # No Role can grant this. Leave it out where you may not create a ClusterRole:
    # the report then has a gap for what is missing.
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRole
    metadata:
      name: kcost-cluster
    rules:
    - apiGroups: [""]
      resources: [nodes]
      verbs: [list]
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: ClusterRoleBinding
    metadata:
      name: kcost-cluster
    roleRef:
      apiGroup: rbac.authorization.k8s.io
      kind: ClusterRole
      name: kcost-cluster
    subjects:
    - kind: ServiceAccount
      namespace: shop
      name: kcost
    "#);
}

#[test]
fn a_real_kubectl_reads_every_form() {
    let Some(kubectl) = needs("kubectl") else {
        return;
    };
    let kinds = [
        ("clusterroles", "ClusterRole", false),
        ("clusterrolebindings", "ClusterRoleBinding", false),
        ("roles", "Role", true),
        ("rolebindings", "RoleBinding", true),
    ];
    let store = kinds.iter().fold(Store::empty(), |store, kind| {
        store.kind(RBAC, kind.0, kind.1, kind.2)
    });
    let standin = Setup::new(store).start();
    let folder = tempfile::tempdir().unwrap();
    let config = standin.kubeconfig(folder.path());
    let forms: [&[&str]; 3] = [
        &[],
        &[
            "--with-discovery",
            "--service-account",
            "a/b",
            "--owner",
            "rollouts.argoproj.io",
        ],
        &["-n", "007,shop", "--service-account", "007/kcost"],
    ];
    let mut names = String::new();
    for form in forms {
        let file = folder.path().join("roles.yaml");
        fs::write(&file, printed(form)).unwrap();
        let read = Kcost::program(&kubectl)
            .env("KUBECONFIG", &config)
            .args([
                "create",
                "--dry-run=client",
                "--validate=false",
                "-o",
                "name",
                "-f",
            ])
            .arg(&file)
            .run()
            .ended(0);
        names.push_str(&read.stdout);
    }
    insta::assert_snapshot!(names, @"
    clusterrole.rbac.authorization.k8s.io/kcost
    clusterrole.rbac.authorization.k8s.io/kcost
    clusterrolebinding.rbac.authorization.k8s.io/kcost
    role.rbac.authorization.k8s.io/kcost
    rolebinding.rbac.authorization.k8s.io/kcost
    role.rbac.authorization.k8s.io/kcost
    rolebinding.rbac.authorization.k8s.io/kcost
    clusterrole.rbac.authorization.k8s.io/kcost-cluster
    clusterrolebinding.rbac.authorization.k8s.io/kcost-cluster
    ");
}

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = fs::read_to_string(repository("README.md")).unwrap();
    let block = format!("```yaml\n{}```\n", printed(&[]));
    assert!(readme.contains(&block), "put this into README.md:\n{block}");
}

#[test]
fn names_that_cannot_be_granted_are_wrong_usage() {
    for args in [
        ["-n", "team-*"],
        ["-n", "!shop"],
        ["--service-account", "kcost"],
        ["--owner", "rollouts"],
    ] {
        let seen = Kcost::new().arg("rbac").args(args).run().ended(2);
        assert_eq!(seen.stdout, "");
    }
}

#[test]
fn a_real_kubectl_reads_the_cron_job_and_its_account_only_reads() {
    let printed = printed_by(&[
        "cronjob",
        "--image",
        "registry.example.com/kcost:1",
        "--schedule",
        "0 6 * * 1",
        "--time-zone",
        "Europe/Berlin",
        "--",
        "--fail-on",
        "cost-waste>30%",
    ]);
    let documents = documents(&printed);
    let kinds: Vec<&str> = documents
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    let wanted = [
        "Namespace",
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
        "CronJob",
    ];
    assert_eq!(kinds, wanted);
    let rules = documents[2]["rules"].as_array().unwrap();
    let verbs = rules
        .iter()
        .flat_map(|rule| rule["verbs"].as_array().unwrap());
    let verbs: BTreeSet<&str> = verbs.map(|verb| verb.as_str().unwrap()).collect();
    assert!(
        verbs.iter().all(|verb| ["get", "list"].contains(verb)),
        "{verbs:?}"
    );
    let spec = &documents[6]["spec"];
    assert_eq!(spec["timeZone"], "Europe/Berlin");
    let pod = &spec["jobTemplate"]["spec"]["template"]["spec"];
    let args = pod["containers"][0]["args"].to_string();
    assert_eq!(
        args,
        r#"["analyze","--history","configmap:kcost/kcost-history","--fail-on","cost-waste>30%"]"#
    );
    // It may change its own records, and nothing else.
    let own = &documents[4];
    assert_eq!(own["metadata"]["namespace"], "kcost");
    assert_eq!(own["rules"][0]["resourceNames"][0], "kcost-history");
    assert_eq!(own["rules"][1]["verbs"][0], "create");
    let Some(kubectl) = needs("kubectl") else {
        return;
    };
    // Without a server: kubectl knows the built-in kinds itself, and refuses unknown fields.
    let folder = tempfile::tempdir().unwrap();
    for (number, document) in printed.split("---\n").enumerate() {
        let file = folder.path().join(format!("{number}.yaml"));
        fs::write(&file, document).unwrap();
        Kcost::program(&kubectl)
            .args(["label", "--local", "a=b", "-o", "name", "-f"])
            .arg(&file)
            .run()
            .ended(0);
    }
}

#[test]
fn a_schedule_that_never_comes_is_refused() {
    for schedule in ["0 0 31 2 *", "0 0 31 apr,jun *"] {
        let args = ["cronjob", "--image", "kcost:1", "--schedule", schedule];
        let seen = Kcost::new().args(args).run().ended(2);
        assert!(
            seen.stderr.contains("it would never run"),
            "{}",
            seen.stderr
        );
        assert_eq!(seen.stdout, "");
    }
    printed_by(&["cronjob", "--image", "kcost:1", "--schedule", "0 0 29 2 *"]);
}

#[test]
fn what_applies_for_ever_has_an_account_of_its_own() {
    let cronjob = ["cronjob", "--image", "kcost:1"];
    let (reading, writing) = (
        printed_by(&cronjob),
        printed_by(&[&cronjob[..], &["--apply", "--", "--max-changes", "5"]].concat()),
    );
    let names = |text: &str| -> BTreeSet<String> {
        let all = documents(text)
            .into_iter()
            .filter(|it| it["kind"] != "Namespace");
        all.map(|it| it["metadata"]["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(names(&reading).is_disjoint(&names(&writing)));
    let documents = documents(&writing);
    let role = documents
        .iter()
        .find(|it| it["kind"] == "ClusterRole")
        .unwrap();
    assert!(role.to_string().contains("patch"), "{role}");
    let read = reading
        .split("---\n")
        .find(|it| it.contains("kind: ClusterRole\n"));
    assert!(!read.unwrap().contains("patch"), "{reading}");
    let job = documents.iter().find(|it| it["kind"] == "CronJob").unwrap();
    let pod = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(pod["serviceAccountName"], "kcost-apply");
    let args = pod["containers"][0]["args"].to_string();
    assert_eq!(
        args,
        r#"["apply","--yes","--log","/audit","--history","configmap:kcost/kcost-history","--max-changes","5"]"#
    );
}

#[test]
fn a_policy_that_no_run_could_use_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("kcost.yaml");
    fs::write(&policy, "goal: savings\n").unwrap();
    let args = ["cronjob", "--image", "kcost:1", "--policy"];
    let seen = Kcost::new().args(args).arg(&policy).run().ended(0);
    assert!(
        seen.stdout.contains("kcost.yaml: \"goal: savings\\n\""),
        "{}",
        seen.stdout
    );
    assert!(
        seen.stdout
            .contains("- '--config'\n            - /policy/kcost.yaml"),
        "{}",
        seen.stdout
    );
    fs::write(&policy, "goal: saving\n").unwrap();
    Kcost::new().args(args).arg(&policy).run().ended(2);
    for wrong in ["0 6 * *", "x", "0 6 * * 1; rm"] {
        Kcost::new()
            .args(["cronjob", "--image", "kcost:1", "--schedule", wrong])
            .run()
            .ended(2);
    }
    Kcost::new()
        .args(["cronjob", "--image", "a b"])
        .run()
        .ended(2);
}

#[test]
fn what_no_run_would_take_is_told_at_once() {
    let run = |args: &[&str]| {
        let kcost = Kcost::new().args(["cronjob", "--image", "kcost:1"]);
        kcost.args(args).run()
    };
    for (args, why) in [
        (&["--", "--no-such-flag"][..], "--no-such-flag"),
        (&["--", "--history", "x"], "--history"),
        (&["--apply", "--", "--log", "x"], "--log"),
        (
            &["--apply", "--", "--fail-on", "cost-waste>3%"],
            "--fail-on",
        ),
    ] {
        let seen = run(args).ended(2);
        assert!(seen.stderr.contains(why), "{}", seen.stderr);
    }
    let window = ["--apply", "--", "--maintenance-window", "Sat 01:00-05:00"];
    let seen = run(&window).ended(0);
    assert!(
        seen.stderr
            .contains("no run of `0 6 * * *` in UTC begins within a maintenance window"),
        "{}",
        seen.stderr
    );
    let seen = run(&[&["--schedule", "30 2 * * 6"], &window[..]].concat()).ended(0);
    assert_eq!(seen.stderr, "");
    let zone = ["--schedule", "0 8 * * *", "--time-zone", "Asia/Tokyo"];
    let evening = ["--apply", "--", "--maintenance-window", "Fri 22:00-23:30"];
    assert_eq!(run(&[&zone[..], &evening].concat()).ended(0).stderr, "");
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("kcost.yaml");
    fs::write(&policy, "maintenance-window: 'Sat 01:00-05:00'\n").unwrap();
    let seen = run(&["--apply", "--policy", policy.to_str().unwrap()]).ended(0);
    assert!(
        seen.stderr.contains("begins within a maintenance window"),
        "{}",
        seen.stderr
    );
}

#[test]
fn records_in_a_config_map_take_a_role_of_their_own() {
    let yaml = printed(&[
        "--history",
        "runs/kcost",
        "--service-account",
        "kcost/kcost",
    ]);
    let all = documents(&yaml);
    let role = all.iter().find(|it| it["kind"] == "Role").unwrap();
    assert_eq!(role["metadata"]["namespace"], "runs");
    assert_eq!(role["rules"][0]["resourceNames"][0], "kcost");
    assert_eq!(role["rules"][0]["verbs"].to_string(), r#"["get","patch"]"#);
    assert_eq!(
        all.iter().filter(|it| it["kind"] == "RoleBinding").count(),
        1
    );
}
