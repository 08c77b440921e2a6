//! Reaching a cluster, and the words for each way that it fails.

use std::time::Duration;

use super::{faulty, listed, listed_with, outcome, run, snapshot};
use crate::standin::{Fault, Setup, Standin, Store, TOKEN};

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
fn a_server_that_does_not_answer_ends_it() {
    let standin = faulty("/version", Fault::Slow(Duration::from_secs(3)));
    insta::assert_snapshot!(listed(&standin, &[]), @r"
    error: no answer from the cluster at [SERVER] within 1 s
    hint: raise `--timeout`, or check the connection with `kubectl version`
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
      caused by: its certificate is signed by another authority of the same name
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
      caused by: it does not use TLS
    hint: check the address in the kubeconfig: `http://` instead of `https://`, or another port
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
    error: the kubeconfig gives no credentials
      caused by: the command `no-such-plugin` of the kubeconfig is not installed
    hint: install `no-such-plugin`, or put the folder that it is in on `PATH`
    ");
}

#[test]
fn a_command_that_fails_ends_it() {
    let standin = Setup::new(Store::recorded()).secure().start();
    let config = with_command(&standin, "false", "");
    insta::assert_snapshot!(listed_with(&standin, &config), @r"
    error: the kubeconfig gives no credentials
      caused by: the command `false` of the kubeconfig failed with exit status: 1
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
