//! Completion of names, as shells ask for it.

use std::fs;
use std::path::Path;

use crate::common::{Kcost, needs};

/// What kcost offers for the last word of this line, a line each.
fn offered(kcost: Kcost, line: &[&str]) -> Vec<String> {
    let index = (line.len() - 1).to_string();
    let seen = kcost
        .arg("--")
        .args(line)
        .env("KCOST_COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", index)
        .env("_CLAP_IFS", "\n")
        .run()
        .ended(0);
    seen.stdout.lines().map(str::to_owned).collect()
}

/// A bundle with the demo's names and nothing else: completion reads no usage.
fn bundle(folder: &Path, name: &str) -> String {
    let path = folder.join("names.kcost");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("snapshot.json"), "{}").unwrap();
    let workload = format!(r#"[{{"namespace": "shop", "kind": "Deployment", "name": "{name}"}}]"#);
    fs::write(path.join("workloads.json"), workload).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn names_come_from_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = bundle(folder.path(), "api");
    let line = ["kcost", "explain", "--snapshot", &path, ""];
    assert_eq!(offered(Kcost::new(), &line), ["shop/Deployment/api"]);
    let demo = offered(Kcost::new(), &["kcost", "explain", "--demo", "check"]);
    assert_eq!(demo, ["checkout"]);
    let demo = offered(Kcost::new(), &["kcost", "explain", "--demo", ""]);
    assert!(demo.len() > 40 && demo.iter().all(|name| name.matches('/').count() == 2));
}

#[test]
fn names_come_from_the_last_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let (state, saved) = (
        folder.path().join("state"),
        folder.path().join("demo.kcost"),
    );
    let kcost = || Kcost::new().env("XDG_STATE_HOME", &state);
    let line = ["kcost", "explain", "pay"];
    assert!(offered(kcost(), &line).is_empty());
    let save = kcost().args(["snapshot", "--demo", "-n", "payments", "-o"]);
    save.arg(&saved).run().ended(0);
    let names = offered(kcost(), &line);
    assert!(
        names.contains(&"payments/Deployment/payments-api".to_owned()),
        "{names:?}"
    );
    assert!(names.contains(&"payments-api".to_owned()), "{names:?}");
    let forgetful = kcost().env("KCOST_NO_STATE", "1");
    assert!(offered(forgetful, &line).is_empty());
}

#[test]
fn what_cannot_be_remembered_fails_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let save = Kcost::new().env("XDG_STATE_HOME", &file);
    let seen = save
        .args(["snapshot", "--demo", "-n", "payments", "-o"])
        .arg(folder.path().join("demo.kcost"))
        .run()
        .ended(0);
    assert!(!seen.stderr.contains("error"), "{}", seen.stderr);
    let broken = folder.path().join("broken.kcost");
    let line = [
        "kcost",
        "explain",
        "--snapshot",
        broken.to_str().unwrap(),
        "",
    ];
    let offers = offered(Kcost::new(), &line);
    assert!(
        offers.iter().all(|offer| offer.starts_with('-')),
        "{offers:?}"
    );
}

#[test]
fn flags_and_their_values_are_offered_too() {
    let flags = offered(Kcost::new(), &["kcost", "analyze", "--str"]);
    assert_eq!(flags, ["--strict", "--strategy"]);
    let goals = offered(Kcost::new(), &["kcost", "analyze", "--goal", ""]);
    assert_eq!(goals, ["savings", "balanced", "reliability"]);
    let formats = offered(Kcost::new(), &["kcost", "analyze", "-o", "p"]);
    assert_eq!(formats, ["patch"]);
}

/// Sources the script in a real bash and completes the last word there.
#[test]
fn bash_completes_names() {
    let Some(bash) = needs("bash") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = bundle(folder.path(), "api");
    let binary = Path::new(env!("CARGO_BIN_EXE_kcost")).parent().unwrap();
    let search = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let script = r#"
        source <(kcost completions bash)
        COMP_WORDS=(kcost explain --snapshot "$BUNDLE" sho)
        COMP_CWORD=4 COMP_TYPE=9
        complete_kcost=$(complete -p kcost | sed 's/.* -F \([^ ]*\).*/\1/')
        "$complete_kcost" kcost sho "$BUNDLE"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let seen = Kcost::program(&bash)
        .args(["-c", script])
        .env("PATH", search)
        .env("BUNDLE", &path)
        .run()
        .ended(0);
    assert_eq!(
        seen.stdout,
        "shop/Deployment/api\n",
        "{}",
        seen.transcript()
    );
}
