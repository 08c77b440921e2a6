//! Commands that give credentials have a time to end in, and a length to print.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Raw, command};
use crate::common::{Kcost, Seen};

/// Ends well before the command would.
fn soon(run: impl FnOnce() -> Seen) -> Seen {
    let started = Instant::now();
    let seen = run().ended(1);
    assert!(started.elapsed() < Duration::from_secs(10));
    seen
}

#[test]
fn a_command_for_a_token_that_never_ends_is_ended() {
    let (cluster, store) = (Raw::cluster(), Raw::store(|_| {}));
    let with = |script: &str| {
        let token = ["--prometheus-token-command", script, "--timeout", "1s"];
        let url = ["--prometheus-url", &*store.url];
        soon(|| command(&cluster, &url).args(token).run()).stderr
    };
    insta::assert_snapshot!(with("echo hush; sleep 100"), @"error: the command for the token of Prometheus failed: it did not finish within 1 s");
    insta::assert_snapshot!(with("yes hush"), @"error: the command for the token of Prometheus failed: it printed more than 1048576 bytes");
}

#[test]
fn a_file_with_a_token_that_never_ends_holds_none() {
    let (cluster, store) = (Raw::cluster(), Raw::store(|_| {}));
    let args = [
        "--prometheus-url",
        &store.url,
        "--prometheus-token-file",
        "/dev/zero",
    ];
    let seen = soon(|| command(&cluster, &args).run());
    assert!(
        seen.stderr.contains("failed to read /dev/zero"),
        "{}",
        seen.stderr
    );
}

/// With this command for credentials.
fn plugin(cluster: &Raw, program: &str, arg: &str) -> Kcost {
    let exec = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "command": program, "args": [arg],
    });
    let config = json!({
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": cluster.url}}],
        "users": [{"name": "u", "user": {"exec": exec}}],
    });
    let kcost = Kcost::new().with_kubeconfig(&config.to_string());
    kcost.args(["analyze", "--no-discovery", "--timeout", "1s"])
}

#[test]
fn a_command_for_credentials_that_never_ends_is_ended() {
    let cluster = Raw::cluster();
    let said = |program, arg| soon(|| plugin(&cluster, program, arg).run()).stderr;
    insta::assert_snapshot!(said("sleep", "100"), @"
    error: the kubeconfig gives no credentials
      caused by: the command `sleep` of the kubeconfig did not finish within 1 s

    hint: check that the same works in kubectl: `kubectl auth whoami`
    ");
    insta::assert_snapshot!(said("yes", "hush"), @"
    error: the kubeconfig gives no credentials
      caused by: the command `yes` of the kubeconfig printed more than 1048576 bytes

    hint: check that the same works in kubectl: `kubectl auth whoami`
    ");
}
