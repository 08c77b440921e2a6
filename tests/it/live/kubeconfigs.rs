//! Kubeconfigs as people have them: several, with gaps, with commands.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{listed_with, outcome, run};
use crate::standin::{Setup, Standin, Store, TOKEN};

/// Files of a kubeconfig, as `KUBECONFIG` names them.
fn files(folder: &Path, texts: &[&str]) -> OsString {
    let paths = texts.iter().enumerate().map(|(number, text)| {
        let path = folder.join(number.to_string());
        std::fs::write(&path, text).unwrap();
        path
    });
    std::env::join_paths(paths).unwrap()
}

#[test]
fn an_empty_current_context_is_none_and_the_next_file_says_it() {
    let other = "
clusters: [{name: other, cluster: {server: 'http://127.0.0.1:9'}}]
users: [{name: other, user: {}}]
contexts: [{name: other, context: {cluster: other, user: other}}]
";
    for current in ["\"\"", "null", ""] {
        let standin = Standin::recorded();
        let folder = tempfile::tempdir().unwrap();
        let first = format!("apiVersion: v1\nkind: Config\ncurrent-context: {current}{other}");
        let config = files(folder.path(), &[&first, &standin.kubeconfig_text(TOKEN)]);
        run(&standin, config, &["--no-discovery"]).ended(0);
        assert!(
            standin.paths().contains(&"/api/v1/pods".to_owned()),
            "{current}"
        );
    }
}

#[test]
fn the_first_file_that_says_something_wins() {
    let (first, second) = (Standin::recorded(), Standin::recorded());
    let folder = tempfile::tempdir().unwrap();
    let texts = [&first, &second].map(|standin| standin.kubeconfig_text(TOKEN));
    let config = files(folder.path(), &["", &texts[0], &texts[1]]);
    run(&first, config, &["--no-discovery"]).ended(0);
    assert!(second.asked().is_empty());
}

#[test]
fn parts_that_are_missing_are_named() {
    let standin = Standin::recorded();
    let text = standin.kubeconfig_text(TOKEN);
    let said = |text: &str| listed_with(&standin, text);
    insta::assert_snapshot!(said(&text.replace("cluster: standin", "cluster: gone")), @"
    error: the context `standin` names the cluster `gone`, which the kubeconfig does not have
    hint: check it with `kubectl config get-clusters`, or name other files in `KUBECONFIG`
    ");
    insta::assert_snapshot!(said(&text.replace(&standin.url(), "")), @"
    error: the server `` of the kubeconfig is not a URL
    hint: write it like `https://kube.example.com:6443`
    ");
    insta::assert_snapshot!(said(&text.replace(&standin.url(), "https://")), @"
    error: the server `https://` of the kubeconfig is not a URL
    hint: write it like `https://kube.example.com:6443`
    ");
    // As client-go has it, such a user is nobody.
    assert_eq!(said(&text.replace("user: tester}", "user: gone}")), "");
}

#[test]
fn a_server_without_a_scheme_is_one() {
    let standin = Standin::recorded();
    let bare = standin.kubeconfig_text(TOKEN).replace("http://", "");
    assert_eq!(listed_with(&standin, &bare), "");
    let secure = Setup::new(Store::recorded()).secure().start();
    let bare = secure.kubeconfig_text(TOKEN).replace("https://", "");
    assert_eq!(listed_with(&secure, &bare), "");
}

/// A kubeconfig whose user is asked of a script.
struct Plugin {
    folder: tempfile::TempDir,
    standin: Standin,
}

impl Plugin {
    fn new(script: &str) -> Self {
        let plugin = Self {
            folder: tempfile::tempdir().unwrap(),
            standin: Setup::new(Store::recorded()).secure().start(),
        };
        let path = plugin.folder.path().join("plugin");
        let count = plugin.folder.path().join("count");
        let script = format!("#!/bin/sh\necho x >> {}\n{script}\n", count.display());
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        plugin
    }

    /// What listing brings with this command, from the folder of the kubeconfig.
    fn said(&self, command: &str) -> String {
        let exec = format!(
            "
    exec:
      apiVersion: client.authentication.k8s.io/v1
      interactiveMode: Never
      command: {command}
      args: [get-token]
      env: null
      installHint: |
        Install the plugin
        from its home page.
"
        );
        let text = self.standin.kubeconfig_text("x");
        let path = self.folder.path().join("config");
        std::fs::write(&path, text.replace("\n    token: x\n", &exec)).unwrap();
        let said = outcome(&path, &[]);
        said.replace(&*self.folder.path().to_string_lossy(), "[FOLDER]")
    }

    /// How often it ran.
    fn runs(&self) -> usize {
        let count = std::fs::read_to_string(self.folder.path().join("count"));
        count.map_or(0, |text| text.lines().count())
    }
}

fn credential(status: &str) -> String {
    format!(
        "echo 'a newer version is there' >&2
echo '{{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", \"status\": {status}}}'"
    )
}

#[test]
fn a_command_beside_the_kubeconfig_runs_once() {
    let token =
        format!("{{\"token\": \"{TOKEN}\", \"expirationTimestamp\": \"2099-01-01T00:00:00Z\"}}");
    let plugin = Plugin::new(&credential(&token));
    assert_eq!(plugin.said("./plugin"), "");
    assert_eq!(plugin.runs(), 1);
}

#[test]
fn a_command_that_gives_nothing_is_named() {
    let failing = Plugin::new("echo 'SSO session has expired' >&2; exit 255");
    insta::assert_snapshot!(failing.said("./plugin"), @"
    error: the kubeconfig gives no credentials
      caused by: the command `[FOLDER]/./plugin` of the kubeconfig failed with exit status: 255: SSO session has expired
    hint: check that the same works in kubectl: `kubectl auth whoami`
    ");
    assert_eq!(failing.runs(), 1);
    insta::assert_snapshot!(Plugin::new("echo usage: plugin").said("./plugin"), @"
    error: the kubeconfig gives no credentials
      caused by: the command `[FOLDER]/./plugin` of the kubeconfig printed no ExecCredential
    hint: check that the same works in kubectl: `kubectl auth whoami`
    ");
    insta::assert_snapshot!(Plugin::new(&credential("{}")).said("./plugin"), @"
    error: the kubeconfig gives no credentials
      caused by: `[FOLDER]/./plugin` printed a credential without a token or a certificate
    hint: check that the same works in kubectl: `kubectl auth whoami`
    ");
}

#[test]
fn a_command_that_is_not_there_is_told_with_how_to_get_it() {
    insta::assert_snapshot!(Plugin::new("").said("no-such-plugin"), @"
    error: the kubeconfig gives no credentials
      caused by: the command `no-such-plugin` of the kubeconfig is not installed
    hint: Install the plugin from its home page
    ");
}

#[test]
fn a_token_that_runs_out_is_asked_for_again() {
    let with = |expires: &str| {
        let status = format!(r#"{{"token": "{TOKEN}", "expirationTimestamp": "{expires}"}}"#);
        let plugin = Plugin::new(&credential(&status));
        assert_eq!(plugin.said("./plugin"), "", "{expires}");
        plugin.runs()
    };
    assert_eq!(with("2100-01-01T00:00:00Z"), 1);
    assert!(with("2020-01-01T00:00:00Z") > 5);
}
