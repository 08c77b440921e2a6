//! A live cluster: what is asked for, and what happens when it fails.

use std::ffi::OsStr;
use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use kcost::collect::Scope;
use kcost::collect::kubernetes::{self, ClusterOptions, Rule};
use kcost::progress::Silent;
use serde_json::json;

use crate::common::{Kcost, Seen, needs};
use crate::standin::{Fault, Setup, Standin, Store, TOKEN};

/// `kcost snapshot` of a stand-in, with its changing port taken out of the words.
fn snapshot(standin: &Standin, args: &[&str]) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let config = standin.kubeconfig(folder.path());
    run(standin, config, args)
}

fn run(standin: &Standin, config: impl AsRef<OsStr>, args: &[&str]) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("live.kcost");
    let mut seen = Kcost::new()
        .env("KUBECONFIG", config)
        .args(["snapshot", "-o"])
        .arg(&bundle)
        .args(args)
        .run();
    let bundle = bundle.to_string_lossy();
    seen.stderr = seen
        .stderr
        .replace(&standin.url(), "[SERVER]")
        .replace(&*bundle, "live.kcost");
    seen
}

/// What listing brings: gaps, or the error that ends it.
fn listed(standin: &Standin, namespaces: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let config = standin.kubeconfig(folder.path());
    outcome(&config, namespaces).replace(&standin.url(), "[SERVER]")
}

/// The same with a kubeconfig of this text.
fn listed_with(standin: &Standin, kubeconfig: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(&config, kubeconfig).unwrap();
    let text = outcome(&config, &[]).replace(&standin.url(), "[SERVER]");
    text.replace(&*folder.path().to_string_lossy(), "[FOLDER]")
}

fn outcome(kubeconfig: &Path, namespaces: &[&str]) -> String {
    let options = ClusterOptions {
        kubeconfig: Some(kubeconfig.to_owned()),
        timeout: Duration::from_secs(1),
        ..ClusterOptions::default()
    };
    let namespaces: Vec<String> = namespaces.iter().map(ToString::to_string).collect();
    let scope = Scope::new(&namespaces, None).unwrap();
    let work = async {
        let connection = kubernetes::connect(&options, &Silent).await?;
        kubernetes::list(&connection, &scope, &Silent).await
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut text = String::new();
    match runtime.block_on(work) {
        Ok((_, gaps)) => {
            for gap in gaps {
                writeln!(text, "{} {}: {}", gap.code, gap.subject, gap.text).unwrap();
                if let Some(hint) = gap.hint {
                    writeln!(text, "  hint: {hint}").unwrap();
                }
            }
        }
        Err(error) => {
            writeln!(text, "error: {error}").unwrap();
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                writeln!(text, "  caused by: {cause}").unwrap();
                source = cause.source();
            }
            writeln!(text, "hint: {}", error.hint().unwrap_or_default()).unwrap();
        }
    }
    text
}

fn faulty(path: &str, fault: Fault) -> Standin {
    Setup::new(Store::recorded()).fault(path, fault).start()
}

/// How often a path was asked for.
fn count(standin: &Standin, path: &str) -> usize {
    standin
        .asked()
        .iter()
        .filter(|asked| asked.path == path)
        .count()
}

#[test]
fn a_healthy_cluster_leaves_no_gap() {
    let standin = Standin::recorded();
    assert_eq!(listed(&standin, &[]), "");
    let asked = standin.asked();
    assert!(asked.iter().all(|asked| asked.gzip), "gzip is asked for");
    assert!(
        asked
            .iter()
            .all(|asked| asked.user_agent.starts_with("kcost/"))
    );
}

#[test]
fn nothing_is_asked_for_but_what_the_rules_allow() {
    let store = Store::recorded()
        .kind(
            "autoscaling.k8s.io/v1",
            "verticalpodautoscalers",
            "VerticalPodAutoscaler",
            true,
        )
        .kind("keda.sh/v1alpha1", "scaledobjects", "ScaledObject", true);
    let standin = Setup::new(store).start();
    snapshot(&standin, &[]);
    let mut asked: Vec<String> = standin.paths();
    asked.retain(|path| path != "/version" && path != "/apis");
    let path = |rule: &Rule| {
        let plural = &rule.resource;
        match rule.group.as_str() {
            "" => format!("/api/v1/{plural}"),
            "keda.sh" => format!("/apis/keda.sh/v1alpha1/{plural}"),
            "autoscaling" => format!("/apis/autoscaling/v2/{plural}"),
            "metrics.k8s.io" => format!("/apis/metrics.k8s.io/v1beta1/{plural}"),
            group => format!("/apis/{group}/v1/{plural}"),
        }
    };
    let mut allowed: Vec<String> = kubernetes::rules().iter().map(path).collect();
    allowed.sort();
    assert_eq!(asked, allowed);
    assert!(standin.asked().iter().all(|asked| asked.verb == "GET"));
}

#[test]
fn long_lists_come_in_pages() {
    let standin = Setup::new(Store::generated(1_200, 3)).start();
    assert_eq!(listed(&standin, &[]), "");
    assert_eq!(count(&standin, "/api/v1/pods"), 3);
    let first = standin
        .asked()
        .into_iter()
        .find(|asked| asked.path == "/api/v1/pods");
    assert_eq!(first.unwrap().query, "limit=500");
}

#[test]
fn an_expired_token_starts_the_list_again() {
    let standin = Setup::new(Store::generated(1_200, 3))
        .fault("/api/v1/pods", Fault::Expired { times: 1 })
        .start();
    assert_eq!(listed(&standin, &[]), "");
    // One page and the expired one, then three pages.
    assert_eq!(count(&standin, "/api/v1/pods"), 5);
}

#[test]
fn tokens_that_always_expire_lead_to_one_long_list() {
    let standin = Setup::new(Store::generated(1_200, 3))
        .fault("/api/v1/pods", Fault::Expired { times: 100 })
        .start();
    assert_eq!(listed(&standin, &[]), "");
    let last = standin
        .asked()
        .into_iter()
        .rfind(|asked| asked.path == "/api/v1/pods");
    assert_eq!(last.unwrap().query, "");
}

#[test]
fn an_overloaded_server_is_waited_for_as_long_as_it_says() {
    let fault = Fault::Passing {
        status: 429,
        times: 1,
        retry_after: Some(1),
    };
    let standin = faulty("/api/v1/pods", fault);
    let started = Instant::now();
    assert_eq!(listed(&standin, &[]), "");
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(count(&standin, "/api/v1/pods"), 2);
}

#[test]
fn a_passing_500_is_passed_over() {
    let fault = Fault::Passing {
        status: 500,
        times: 2,
        retry_after: None,
    };
    let standin = faulty("/api/v1/nodes", fault);
    assert_eq!(listed(&standin, &[]), "");
    assert_eq!(count(&standin, "/api/v1/nodes"), 3);
}

#[test]
fn dropped_and_cut_connections_are_passed_over() {
    let standin = Setup::new(Store::recorded())
        .fault("/api/v1/pods", Fault::Dropped { times: 1 })
        .fault("/apis/apps/v1/deployments", Fault::Cut { times: 2 })
        .start();
    assert_eq!(listed(&standin, &[]), "");
}

#[test]
fn a_lasting_500_is_a_gap() {
    let standin = faulty("/apis/batch/v1/jobs", Fault::Status(500));
    insta::assert_snapshot!(listed(&standin, &[]), @r"
    unreadable jobs: the server answered 500
      hint: run again; `-vv` shows every request
    ");
    assert_eq!(count(&standin, "/apis/batch/v1/jobs"), 4);
}

#[test]
fn a_slow_list_is_a_gap() {
    let standin = faulty("/api/v1/services", Fault::Slow(Duration::from_secs(3)));
    insta::assert_snapshot!(listed(&standin, &[]), @r"
    unreadable services: no answer within 1 s
      hint: raise `--timeout`
    ");
}

#[test]
fn forbidden_kinds_are_gaps_with_the_rule_to_add() {
    let standin = Setup::new(Store::recorded())
        .fault("/api/v1/nodes", Fault::Forbidden)
        .fault(
            "/apis/autoscaling/v2/horizontalpodautoscalers",
            Fault::Forbidden,
        )
        .start();
    insta::assert_snapshot!(listed(&standin, &[]), @r#"
    forbidden horizontalpodautoscalers: horizontalpodautoscalers.autoscaling is forbidden: User "viewer" cannot list resource "horizontalpodautoscalers" in API group "autoscaling" at the cluster scope
      hint: allow it with the rule {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": ["list"]}
    forbidden nodes: nodes is forbidden: User "viewer" cannot list resource "nodes" in API group "" at the cluster scope
      hint: allow it with the rule {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}
    "#);
}

#[test]
fn a_role_in_one_namespace_is_enough() {
    let standin = Setup::new(Store::recorded()).only(&["extras"]).start();
    insta::assert_snapshot!(listed(&standin, &["extras"]), @r#"
    forbidden nodes: nodes is forbidden: User "viewer" cannot list resource "nodes" in API group "" at the cluster scope
      hint: allow it with the rule {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}
    "#);
}

#[test]
fn namespaces_that_share_a_gap_are_named_together() {
    let standin = Setup::new(Store::recorded()).only(&["extras"]).start();
    let gaps = listed(&standin, &["extras", "shop", "pay"]);
    let lines: Vec<&str> = gaps
        .lines()
        .filter(|line| line.contains(" pods "))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"forbidden pods in pay, shop: pods is forbidden: User "viewer" cannot list resource "pods" in API group "" in the namespace "pay""#);
}

#[test]
fn a_role_without_the_namespace_named_is_told_to_name_it() {
    let standin = Setup::new(Store::recorded()).only(&["extras"]).start();
    insta::assert_snapshot!(listed(&standin, &[]), @r#"
    error: pods may not be listed
      caused by: pods is forbidden: User "viewer" cannot list resource "pods" in API group "" at the cluster scope
    hint: name the namespaces that you may read with `-n NAMESPACE`, or allow it with the rule {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
    "#);
}

#[test]
fn an_api_that_is_not_served_is_a_gap_where_it_matters() {
    let store = Store::recorded().without("policy/v1", "poddisruptionbudgets");
    let standin = Setup::new(store).start();
    insta::assert_snapshot!(listed(&standin, &[]), @"not-served poddisruptionbudgets: the server does not have `poddisruptionbudgets` in its API group `policy`");
}

#[test]
fn odd_objects_do_not_hide_the_others() {
    let standin = faulty("/apis/apps/v1/deployments", Fault::OddObjects);
    insta::assert_snapshot!(listed(&standin, &[]), @"unreadable deployments: objects that cannot be read: 20; the first: invalid type: integer `7`, expected a string at line 1 column 21");
}

#[test]
fn a_login_page_instead_of_a_list_is_a_gap() {
    let standin = faulty("/apis/apps/v1/statefulsets", Fault::Garbage);
    insta::assert_snapshot!(listed(&standin, &[]), @r"
    unreadable statefulsets: the answer cannot be read: expected value at line 1 column 1
      hint: run again; `-vv` shows every request
    ");
}

#[test]
fn truncated_json_is_a_gap() {
    let standin = faulty("/apis/apps/v1/daemonsets", Fault::Truncated);
    insta::assert_snapshot!(listed(&standin, &[]), @r"
    unreadable daemonsets: the answer cannot be read: EOF while parsing a string at line 1 column 1559
      hint: run again; `-vv` shows every request
    ");
}

#[test]
fn a_list_without_end_is_a_gap() {
    let standin = faulty("/api/v1/limitranges", Fault::Endless);
    insta::assert_snapshot!(listed(&standin, &[]), @r"
    unreadable limitranges: the answer cannot be read: the server sends the same page again and again
      hint: run again; `-vv` shows every request
    ");
}

#[test]
fn a_stale_token_ends_it() {
    let standin = Setup::new(Store::recorded()).secure().start();
    let text = listed_with(&standin, &standin.kubeconfig_text("stale"));
    insta::assert_snapshot!(text, @r"
    error: the cluster at [SERVER] does not accept the credentials of `standin`
      caused by: Unauthorized
    hint: the token may have expired: sign in again, then check with `kubectl auth whoami`
    ");
}

#[test]
fn a_token_that_expires_on_the_way_ends_it() {
    let standin = faulty("/api/v1/nodes", Fault::Unauthorized);
    insta::assert_snapshot!(listed(&standin, &[]), @r"
    error: the cluster at [SERVER] does not accept the credentials of `standin`
      caused by: Unauthorized
    hint: the token may have expired: sign in again, then check with `kubectl auth whoami`
    ");
}

#[test]
fn pods_that_cannot_be_read_end_it() {
    let standin = faulty("/api/v1/pods", Fault::Garbage);
    insta::assert_snapshot!(listed(&standin, &[]), @r"
    error: failed to read pods from the cluster at [SERVER]
      caused by: the answer cannot be read: expected value at line 1 column 1
    hint: run again; `-vv` shows every request
    ");
}

#[test]
fn a_server_that_does_not_answer_ends_it() {
    let standin = faulty("/version", Fault::Slow(Duration::from_secs(3)));
    insta::assert_snapshot!(listed(&standin, &[]), @r"
    error: no answer from the cluster at [SERVER] within 1 s
    hint: raise `--timeout`, or check the way with `kubectl version`
    ");
}

#[test]
fn a_connection_that_always_breaks_ends_it() {
    let standin = faulty("/api/v1/pods", Fault::Dropped { times: 100 });
    insta::assert_snapshot!(listed(&standin, &[]), @r"
    error: failed to reach the cluster at [SERVER]
      caused by: connection closed before message completed
    hint: check that the cluster runs and that your VPN is up: `kubectl version`
    ");
}

#[test]
fn an_untrusted_certificate_ends_it() {
    let standin = Setup::new(Store::recorded()).secure().start();
    let other = Setup::new(Store::empty()).secure().start();
    let foreign = other
        .kubeconfig_text(TOKEN)
        .replace(&other.url(), &standin.url());
    insta::assert_snapshot!(listed_with(&standin, &foreign), @r"
    error: failed to reach the cluster at [SERVER]
      caused by: invalid peer certificate: BadSignature
    hint: check `certificate-authority-data` and the address in the kubeconfig
    ");
}

#[test]
fn plain_http_where_tls_is_expected_ends_it() {
    let standin = Standin::recorded();
    let config = standin
        .kubeconfig_text(TOKEN)
        .replace("http://", "https://");
    let text =
        listed_with(&standin, &config).replace(&standin.url().replace("http", "https"), "[SERVER]");
    insta::assert_snapshot!(text, @r"
    error: failed to reach the cluster at [SERVER]
      caused by: received corrupt message of type InvalidContentType
    hint: check `certificate-authority-data` and the address in the kubeconfig
    ");
}

#[test]
fn a_server_that_is_not_there_ends_it() {
    let standin = Standin::recorded();
    let folder = tempfile::tempdir().unwrap();
    let config = standin.kubeconfig(folder.path());
    let url = standin.url();
    drop(standin);
    insta::assert_snapshot!(outcome(&config, &[]).replace(&url, "[SERVER]"), @r"
    error: failed to reach the cluster at [SERVER]
      caused by: Connection refused (os error 111)
    hint: check that the cluster runs and that your VPN is up: `kubectl version`
    ");
}

#[test]
fn a_name_that_nobody_knows_ends_it() {
    let standin = Standin::recorded();
    let elsewhere = "https://kcost.invalid:6443";
    let config = standin
        .kubeconfig_text(TOKEN)
        .replace(&standin.url(), elsewhere);
    let text = listed_with(&standin, &config);
    // The system's own words differ from one to the next.
    let shown: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("caused by"))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    error: failed to reach the cluster at https://kcost.invalid:6443
    hint: check the name in the kubeconfig, your DNS and your VPN
    ");
}

#[test]
fn a_kubeconfig_that_is_no_yaml_ends_it() {
    let text = listed_with(&Standin::recorded(), "apiVersion: [");
    assert!(
        text.starts_with("error: the kubeconfig cannot be used"),
        "{text}"
    );
}

#[test]
fn an_unknown_context_is_told_from_those_there_are() {
    let standin = Standin::recorded();
    let config = standin.kubeconfig_text(TOKEN);
    let config = config.replace("current-context: standin", "current-context: standing");
    insta::assert_snapshot!(listed_with(&standin, &config), @r"
    error: the kubeconfig has no context `standing`
    hint: did you mean `standin`?
    ");
}

#[test]
fn credentials_can_come_from_a_command() {
    let standin = Setup::new(Store::recorded()).secure().start();
    let credential = format!(
        r#"{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {{"token": "{TOKEN}"}}}}"#
    );
    let config = with_command(&standin, "echo", &credential);
    assert_eq!(listed_with(&standin, &config), "");
}

#[test]
fn a_command_that_is_not_there_ends_it() {
    let standin = Setup::new(Store::recorded()).secure().start();
    let config = with_command(&standin, "no-such-plugin", "");
    insta::assert_snapshot!(listed_with(&standin, &config), @r"
    error: the kubeconfig does not lead to credentials
      caused by: the command that the kubeconfig names does not start: No such file or directory (os error 2)
    hint: check that the same works in kubectl: `kubectl auth whoami`
    ");
}

#[test]
fn a_command_that_fails_ends_it() {
    let standin = Setup::new(Store::recorded()).secure().start();
    let config = with_command(&standin, "false", "");
    insta::assert_snapshot!(listed_with(&standin, &config), @r"
    error: the kubeconfig does not lead to credentials
      caused by: the command that the kubeconfig names failed with exit status: 1
    hint: check that the same works in kubectl: `kubectl auth whoami`
    ");
}

/// A kubeconfig whose user is asked of a command with one argument.
fn with_command(standin: &Standin, command: &str, argument: &str) -> String {
    let exec = format!(
        "
    exec:
      apiVersion: client.authentication.k8s.io/v1
      interactiveMode: Never
      command: {command}
      args: ['{argument}']
"
    );
    standin
        .kubeconfig_text("x")
        .replace("\n    token: x\n", &exec)
}

#[test]
fn several_kubeconfigs_are_one() {
    let standin = Standin::recorded();
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first");
    std::fs::write(
        &first,
        "apiVersion: v1\nkind: Config\ncurrent-context: standin\n",
    )
    .unwrap();
    let second = standin.kubeconfig(folder.path());
    let missing = folder.path().join("missing");
    let config = std::env::join_paths([&missing, &first, &second]).unwrap();
    run(&standin, &config, &[]);
    assert!(standin.paths().contains(&"/api/v1/pods".to_owned()));
}

#[test]
fn impersonation_reaches_the_server() {
    let standin = Setup::new(Store::recorded()).secure().start();
    snapshot(
        &standin,
        &["--as", "ci", "--as-group", "dev", "--as-group", "ops"],
    );
    let asked = standin.asked();
    assert!(
        asked
            .iter()
            .all(|asked| asked.acting_as == ["ci", "dev", "ops"])
    );
    assert!(standin.paths().contains(&"/api/v1/pods".to_owned()));
}

/// A pod of a ReplicaSet of a Rollout, as Argo Rollouts makes them.
fn rollout() -> Store {
    let owned = |name: &str, api_version: &str, kind: &str, owner: &str| {
        json!({
            "name": name, "namespace": "shop", "uid": name,
            "ownerReferences": [{
                "apiVersion": api_version, "kind": kind, "name": owner,
                "uid": owner, "controller": true,
            }],
        })
    };
    let spec = json!({"containers": [{"name": "app", "image": "registry.local/x:1"}]});
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": spec});
    let selector = json!({"matchLabels": {"app": "web"}});
    Store::empty()
        .kind(ARGO, "rollouts", "Rollout", true)
        .with(
            ARGO,
            "rollouts",
            &json!({
                "apiVersion": ARGO, "kind": "Rollout",
                "metadata": {"name": "web", "namespace": "shop", "uid": "web"},
                "spec": {"replicas": 1, "selector": selector, "template": template},
            }),
        )
        .with(
            "apps/v1",
            "replicasets",
            &json!({
                "metadata": owned("web-5d4", ARGO, "Rollout", "web"),
                "spec": {"replicas": 1, "selector": selector, "template": template},
            }),
        )
        .with(
            "v1",
            "pods",
            &json!({
                "metadata": owned("web-5d4-x7k", "apps/v1", "ReplicaSet", "web-5d4"),
                "spec": spec, "status": {"phase": "Running"},
            }),
        )
}

const ARGO: &str = "argoproj.io/v1alpha1";

#[test]
fn owners_of_any_kind_are_found_by_discovery() {
    let standin = Setup::new(rollout()).start();
    assert_eq!(listed(&standin, &[]), "");
    let of_argo: Vec<String> = standin
        .paths()
        .into_iter()
        .filter(|path| path.contains("argoproj"))
        .collect();
    assert_eq!(
        of_argo,
        [
            "/apis/argoproj.io/v1alpha1",
            "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web"
        ]
    );
}

#[test]
fn an_owner_that_may_not_be_read_is_a_gap() {
    let path = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web";
    let standin = Setup::new(rollout()).fault(path, Fault::Forbidden).start();
    insta::assert_snapshot!(listed(&standin, &[]), @r#"
    forbidden rollouts in shop: rollouts.argoproj.io is forbidden: User "viewer" cannot get resource "rollouts" in API group "argoproj.io" in the namespace "shop"
      hint: allow it with the rule {"apiGroups": ["argoproj.io"], "resources": ["rollouts"], "verbs": ["get"]}
    "#);
}

#[test]
fn an_owner_that_is_gone_or_unknown_is_no_gap() {
    for store in [
        rollout().without(ARGO, "rollouts"),
        rollout().emptied(ARGO, "rollouts"),
    ] {
        let standin = Setup::new(store).start();
        assert_eq!(listed(&standin, &[]), "");
    }
}

#[test]
fn an_add_on_that_is_not_there_is_no_gap_and_one_that_is_forbidden_is() {
    let standin = faulty("/apis/keda.sh/*", Fault::Forbidden);
    assert_eq!(listed(&standin, &[]), "");
    let store = Store::recorded().kind("keda.sh/v1alpha1", "scaledobjects", "ScaledObject", true);
    let standin = Setup::new(store)
        .fault("/apis/keda.sh/*", Fault::Forbidden)
        .start();
    insta::assert_snapshot!(listed(&standin, &[]), @r#"
    forbidden scaledobjects: scaledobjects.keda.sh is forbidden: User "viewer" cannot list resource "scaledobjects" in API group "keda.sh" at the cluster scope
      hint: allow it with the rule {"apiGroups": ["keda.sh"], "resources": ["scaledobjects"], "verbs": ["list"]}
    "#);
}

#[test]
fn a_real_kubectl_takes_the_stand_in_for_a_cluster() {
    let Some(kubectl) = needs("kubectl") else {
        return;
    };
    let standin = Setup::new(Store::recorded()).secure().start();
    let folder = tempfile::tempdir().unwrap();
    let config = standin.kubeconfig(folder.path());
    let run = |args: &[&str]| {
        let seen = Kcost::program(&kubectl)
            .env("KUBECONFIG", &config)
            .args(args)
            .run();
        seen.ended(0)
    };
    let pods = run(&[
        "get",
        "pods",
        "-n",
        "extras",
        "-o",
        "json",
        "--chunk-size",
        "10",
    ])
    .json();
    assert_eq!(pods["items"].as_array().unwrap().len(), 23);
    let named = run(&["get", "statefulset", "db", "-n", "extras", "-o", "name"]);
    assert_eq!(named.stdout, "statefulset.apps/db\n");
    let chosen = run(&["get", "pods", "-A", "-l", "app=app-0000", "-o", "name"]);
    assert_eq!(chosen.stdout.lines().count(), 3);
}

#[test]
fn kubectl_runs_kcost_as_its_plugin() {
    let Some(kubectl) = needs("kubectl") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("kubectl-kcost");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kcost"), plugin).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = vec![folder.path().to_owned()];
    folders.extend(std::env::split_paths(&path));
    let path = std::env::join_paths(folders).unwrap();
    let run = |args: &[&str]| {
        let seen = Kcost::program(&kubectl).env("PATH", &path).args(args).run();
        seen.ended(0).stdout
    };
    let help = run(&["kcost", "analyze", "--help"]);
    assert!(help.contains("Usage: kubectl kcost analyze"), "{help}");
    let version = run(&["kcost", "--version"]);
    assert!(version.contains(env!("CARGO_PKG_VERSION")), "{version}");
}

/// Serves a cluster of a given size for as long as a file stays: for measuring
/// by hand, as `KCOST_STANDIN=10000,1000,/tmp/kubeconfig`.
#[test]
#[ignore = "serves until its kubeconfig is removed"]
fn serve_a_cluster_of_any_size() {
    let setting = std::env::var("KCOST_STANDIN").unwrap();
    let parts: Vec<&str> = setting.split(',').collect();
    let store = Store::generated(parts[0].parse().unwrap(), parts[1].parse().unwrap());
    let standin = Setup::new(store).secure().start();
    let config = Path::new(parts[2]);
    std::fs::write(config, standin.kubeconfig_text(TOKEN)).unwrap();
    while config.exists() {
        std::thread::sleep(Duration::from_millis(100));
    }
}
