//! Lists in pages, and what becomes of those that fail.

use std::time::{Duration, Instant};

use kcost::collect::kubernetes::{self, Rule};

use super::{ARGO, count, faulty, listed, rollout, snapshot};
use crate::standin::{Fault, Setup, Standin, Store};

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
    let standin = Setup::new(Store::with_add_ons()).start();
    snapshot(&standin, &[]);
    let mut asked: Vec<String> = standin.paths();
    asked.retain(|path| path != "/version" && path != "/apis");
    let path = |rule: &Rule| {
        let plural = &rule.resource;
        match rule.group.as_str() {
            "" => format!("/api/v1/{plural}"),
            "keda.sh" => format!("/apis/keda.sh/v1alpha1/{plural}"),
            "kueue.x-k8s.io" => format!("/apis/kueue.x-k8s.io/v1beta2/{plural}"),
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
    error: you are not allowed to list pods
      caused by: pods is forbidden: User "viewer" cannot list resource "pods" in API group "" at the cluster scope
    hint: name the namespaces that you may read with `-n NAMESPACE`, or allow it with the rule {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}; cronjobs, csinodes, daemonsets, deployments, events and 13 more kinds are not allowed either: `kcost rbac` prints every rule
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
    insta::assert_snapshot!(listed(&standin, &[]), @"unreadable deployments: objects that cannot be read: 20; the first: `metadata.name`: invalid type: integer, expected a string");
}

#[test]
fn a_login_page_instead_of_a_list_is_a_gap() {
    let standin = faulty("/apis/apps/v1/statefulsets", Fault::Garbage);
    insta::assert_snapshot!(listed(&standin, &[]), @r"
    unreadable statefulsets: the answer cannot be read: expected value
      hint: run again; `-vv` shows every request
    ");
}

#[test]
fn truncated_json_is_a_gap() {
    let standin = faulty("/apis/apps/v1/daemonsets", Fault::Truncated);
    insta::assert_snapshot!(listed(&standin, &[]), @r"
    unreadable daemonsets: the answer cannot be read: EOF while parsing a string
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
fn pods_that_cannot_be_read_end_it() {
    let standin = faulty("/api/v1/pods", Fault::Garbage);
    insta::assert_snapshot!(listed(&standin, &[]), @r"
    error: failed to read pods from the cluster at [SERVER]
      caused by: the answer cannot be read: expected value
    hint: run again; `-vv` shows every request
    ");
}

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
