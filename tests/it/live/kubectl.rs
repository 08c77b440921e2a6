//! A real kubectl: against the stand-in, and running kcost.

use crate::common::{Kcost, needs};
use crate::standin::{Setup, Store};

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
