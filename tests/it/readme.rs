//! What the README shows is what kcost says and does.
//!
//! `KCOST_UPDATE=1` draws its picture anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anstyle_svg::Term;
use serde_json::json;

use crate::common::{Kcost, repository};
use crate::live::whole::with;
use crate::prometheus::lively;
use crate::prometheus::openmetrics::{Container, until_now};
use crate::prometheus::server::{Server, prometheus};
use crate::standin::{Setup, Standin, Store};

const PICTURE: &str = ".images/analyze.svg";

fn readme() -> String {
    fs::read_to_string(repository("README.md")).unwrap()
}

/// As a terminal of 100 columns shows it.
fn picture() -> String {
    let seen = Kcost::new()
        .args(["analyze", "--demo", "--top", "8", "--color", "always"])
        .run()
        .ended(0);
    // Totals and the list; findings, cohorts and notes follow in the terminal.
    let end = seen.stdout.find("Findings").unwrap_or(seen.stdout.len());
    let start = seen.stdout[..end].rfind('\n').map_or(end, |line| line + 1);
    let shown = format!("$ kcost analyze --demo --top 8\n{}", &seen.stdout[..start]);
    Term::new().render_svg(shown.trim_end())
}

#[test]
fn the_picture_is_what_a_terminal_shows() {
    let drawn = picture();
    let path = repository(PICTURE);
    if std::env::var_os("KCOST_UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &drawn).unwrap();
    }
    assert!(readme().contains(&format!("({PICTURE})")));
    let held = fs::read_to_string(&path).unwrap_or_default();
    assert!(held == drawn, "draw it anew with KCOST_UPDATE=1");
}

/// What the README shows below a command is what it prints.
#[test]
fn the_schedule_of_the_demo_is_what_the_binary_prints() {
    const COMMAND: &str = "$ kcost schedule --demo shop/promotions\n";
    let seen = Kcost::new()
        .args(["schedule", "--demo", "shop/promotions"])
        .env("COLUMNS", "100")
        .run()
        .ended(0);
    let readme = readme();
    let from = readme.find(COMMAND).unwrap() + COMMAND.len();
    let until = from + readme[from..].find("```").unwrap();
    if std::env::var_os("KCOST_UPDATE").is_some() {
        let drawn = format!("{}{}{}", &readme[..from], seen.stdout, &readme[until..]);
        fs::write(repository("README.md"), drawn).unwrap();
    } else {
        assert_eq!(
            &readme[from..until],
            seen.stdout,
            "draw it anew with KCOST_UPDATE=1"
        );
    }
}

/// A cluster with usage, in which every command of the README has something to say.
struct World {
    folder: tempfile::TempDir,
    server: Server,
    config: PathBuf,
    _standin: Standin,
}

impl World {
    fn new() -> Option<Self> {
        let containers: Vec<Container> = [("shop", "api"), ("shop", "web"), ("team-a", "jobs")]
            .into_iter()
            .zip(0..)
            .map(|((namespace, name), number)| Container {
                namespace: namespace.to_owned(),
                pod: format!("{name}-6dfdf5796f-x2x{number}b"),
                name: "main".to_owned(),
                number,
            })
            .collect();
        let server = prometheus(&until_now(&lively::text(&containers, 28, 300)), &[])?;
        let standin = Setup::new(containers.iter().fold(Store::empty(), with)).start();
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("kubeconfig");
        let mut text: serde_json::Value =
            serde_yaml::from_str(&standin.kubeconfig_text("token")).unwrap();
        let context = text["contexts"][0]["context"].clone();
        text["contexts"] = json!([
            {"name": "prod-eu", "context": context},
            {"name": "prod-us", "context": context},
        ]);
        text["current-context"] = json!("prod-eu");
        fs::write(&config, text.to_string()).unwrap();
        let program = folder.path().join("kcost");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kcost"), program).unwrap();
        Some(Self {
            folder,
            server,
            config,
            _standin: standin,
        })
    }

    /// Runs a line as a shell does; its exit code and what it said.
    fn run(&self, line: &str) -> (Option<i32>, String) {
        let line = line.replace("http://127.0.0.1:9090", &self.server.url);
        let line = line.replace("cargo run --profile quick -- ", "kcost ");
        let home: &Path = self.folder.path();
        let output = Command::new("sh")
            .args(["-c", &line])
            .current_dir(home)
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", home.display()))
            .env("HOME", home)
            .env("KUBECONFIG", &self.config)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (output.status.code(), said)
    }
}

/// The commands of all blocks that show a console.
fn commands(readme: &str) -> Vec<&str> {
    let blocks = readme.split("```console\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(str::lines);
    lines.filter_map(|line| line.strip_prefix("$ ")).collect()
}

#[test]
fn every_command_of_the_readme_works() {
    let Some(world) = World::new() else { return };
    let readme = readme();
    let commands = commands(&readme);
    assert!(commands.len() > 8, "{commands:?}");
    for command in commands {
        let (exit, said) = world.run(command);
        // A gate may fail: that is what it is for.
        let fine = exit == Some(0) || (exit == Some(10) && command.contains("--fail-on"));
        assert!(fine, "{command}: {exit:?}\n{said}");
        assert!(!said.contains("error:"), "{command}\n{said}");
    }
    let patch = fs::read_to_string(world.folder.path().join("patch.yaml")).unwrap();
    assert!(patch.contains("name: api"), "{patch}");
}

#[test]
fn exit_codes_and_gates_of_the_readme_are_all_there_are() {
    let readme = readme();
    let listed = |row: &str| readme.lines().any(|line| line.starts_with(row));
    for code in [0, 1, 2, 3, 10, 130] {
        assert!(listed(&format!("| {code} | ")), "{code}");
    }
    for rule in kcost::gate::names() {
        assert!(readme.contains(&format!("`{rule}`")), "{rule}");
    }
}
