//! Runs the built kcost with a scrubbed environment, and says all that it said.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

/// One run of kcost: no cluster, no user settings, no colour, nothing inherited.
pub struct Kcost {
    command: Command,
    home: tempfile::TempDir,
}

/// What a run said, and how it ended.
#[derive(Clone)]
pub struct Seen {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Kcost {
    pub fn new() -> Self {
        Self::program(Path::new(env!("CARGO_BIN_EXE_kcost")))
    }

    /// Root without its right to write what a mode forbids, or `None` after saying
    /// that the test is skipped.
    pub fn bound_by_modes() -> Option<Self> {
        let bound = Self::program(&needs("setpriv")?);
        Some(bound.args([
            "--bounding-set=-dac_override,-dac_read_search",
            "--",
            env!("CARGO_BIN_EXE_kcost"),
        ]))
    }

    /// Another program, such as kubectl, in the same clean environment.
    pub fn program(path: &Path) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(path);
        command
            .env_clear()
            .env("HOME", home.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("KUBECONFIG", home.path().join("no-such-kubeconfig"))
            .env("COLUMNS", "100")
            .stdin(Stdio::null());
        Self { command, home }
    }

    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// With a kubeconfig of this text, in the home.
    pub fn with_kubeconfig(self, text: &str) -> Self {
        let path = self.home.path().join("kubeconfig");
        std::fs::write(&path, text).unwrap();
        self.env("KUBECONFIG", path)
    }

    /// Runs in this folder.
    pub fn inside(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Runs for a reader that takes one byte and goes; gives the exit code.
    pub fn cut_off(mut self) -> i32 {
        use std::io::Read;
        let piped = self.command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = piped.spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0]).unwrap();
        drop(out);
        child.wait().unwrap().code().unwrap_or(-1)
    }

    /// Begins, and goes on by itself.
    pub fn start(mut self) -> std::process::Child {
        let quiet = self.command.stdout(Stdio::null()).stderr(Stdio::null());
        quiet.spawn().unwrap()
    }

    /// Begins, for whoever reads what it says on stderr in the end.
    pub fn begin(mut self) -> std::process::Child {
        let told = self.command.stdout(Stdio::null()).stderr(Stdio::piped());
        told.spawn().unwrap()
    }

    pub fn run(mut self) -> Seen {
        let output = self.command.output().unwrap();
        let text = |bytes: &[u8]| {
            let home = self.home.path().to_string_lossy().into_owned();
            String::from_utf8(bytes.to_vec())
                .unwrap()
                .replace(&home, "[HOME]")
        };
        Seen {
            exit: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

/// What kcost says of the demo with these arguments. That is always the same, and all four weeks
/// of it take a while: tests that ask the same share one run.
pub fn demo(args: &[&str]) -> Seen {
    static RUNS: Mutex<BTreeMap<Vec<String>, Arc<OnceLock<Seen>>>> = Mutex::new(BTreeMap::new());
    let line = args.iter().map(|&arg| arg.to_owned()).collect();
    let seen = Arc::clone(RUNS.lock().unwrap().entry(line).or_default());
    let run = || Kcost::new().args(args).arg("--demo").run();
    seen.get_or_init(run).clone()
}

/// The same of its last week, for tests of how things are told and not of what four weeks show.
pub fn demo_week(args: &[&str]) -> Seen {
    demo(&[args, &["--window", "7d"]].concat())
}

/// A bundle `name` in `folder`, of these objects and of usage as CSV, which stay beside it.
pub fn bundle_of(folder: &Path, name: &str, objects: &serde_json::Value, usage: &str) -> PathBuf {
    let (list, table) = (folder.join("objects.json"), folder.join("usage.csv"));
    std::fs::write(&list, objects.to_string()).unwrap();
    std::fs::write(&table, usage).unwrap();
    let bundle = folder.join(name);
    Kcost::new()
        .args(["snapshot", "--objects"])
        .arg(&list)
        .arg("--usage")
        .arg(&table)
        .arg("-o")
        .arg(&bundle)
        .run()
        .ended(0);
    bundle
}

impl Seen {
    /// Exit code, stdout and stderr as one text, so that a snapshot of it also
    /// says that nothing else was said.
    pub fn transcript(&self) -> String {
        format!(
            "exit: {}\n--- stdout\n{}--- stderr\n{}",
            self.exit, self.stdout, self.stderr
        )
    }

    /// Stdout as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON: {error}\n{}", self.transcript()))
    }

    /// The same, and it must have ended with `exit`.
    pub fn ended(self, exit: i32) -> Self {
        assert_eq!(self.exit, exit, "{}", self.transcript());
        self
    }
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A program that a test needs, or `None` after saying that the test is skipped.
///
/// With `CI=true` a missing program is a failure.
pub fn needs(program: &str) -> Option<PathBuf> {
    let variable = format!("KCOST_TEST_{}", program.to_uppercase().replace('-', "_"));
    let named = std::env::var_os(variable).map(PathBuf::from);
    let found = named.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .map(|folder| folder.join(program))
            .find(|file| file.is_file())
    });
    if found.is_none() {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "{program} is not installed"
        );
        skipped(&format!("{program} is not installed"));
    }
    found
}

/// Says that a test is skipped, past the capture of the test runner.
pub fn skipped(why: &str) {
    use std::io::Write;
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {why}");
    if let Some(list) = std::env::var_os("KCOST_TEST_SKIPPED") {
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(list);
        let _ = file.and_then(|mut file| writeln!(file, "{test}: {why}"));
    }
}
