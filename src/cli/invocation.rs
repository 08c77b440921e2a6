use std::ffi::OsString;

use super::program;
use crate::recommend::Policy;
use crate::render::{Look, View};
use crate::text::quote;
use crate::ui::Ui;

/// How kcost was called, to write next commands that can be pasted.
#[derive(Debug, Clone)]
pub(super) struct Invocation {
    /// `kcost`, or `kubectl kcost`.
    pub(super) program: &'static str,
    arguments: Vec<String>,
    /// What `kcost.yaml` rules for single workloads.
    pub(super) policy: Policy,
}

/// Flags with a value that say how a report looks, not what it is about.
const LOOKS: [&str; 7] = [
    "-o",
    "--output",
    "--format",
    "--fail-on",
    "--min-judged",
    "--color",
    "--colour",
];

/// Flags with a value that choose among the workloads: what comes next is about the
/// same ones.
const CHOICES: [&str; 6] = [
    "--state",
    "--severity",
    "--min-freed",
    "--min-savings",
    "--sort",
    "--top",
];

/// Flags without a value of the same sort.
const SWITCHES: [&str; 14] = [
    "--ascii",
    "--no-color",
    "--no-colour",
    "-q",
    "-qq",
    "-v",
    "-vv",
    "-vvv",
    "--quiet",
    "--verbose",
    "--no-progress",
    "--strict",
    "--exit-zero",
    "--",
];

/// Flags that name one cluster of several, with a value.
const CLUSTERS: [&str; 2] = ["--context", "--snapshot"];

/// The flag that names them all.
const ALL: &str = "--all-contexts";

impl Invocation {
    pub(super) fn new(args: &[OsString]) -> Self {
        let lossy = |arg: &OsString| arg.to_string_lossy().into_owned();
        Self {
            program: program::name(args.first()),
            arguments: args.iter().skip(1).map(lossy).collect(),
            policy: Policy::default(),
        }
    }

    /// How a report on stdout looks.
    pub(super) fn look(&self, ui: &Ui, view: View) -> Look {
        Look {
            width: ui.width(),
            color: ui.color_stdout(),
            unicode: ui.unicode(),
            verbose: ui.is_verbose(),
            program: self.program,
            command: self.same_source(),
            explain: ui.suggests().then(|| self.explain()),
            view,
        }
    }

    /// The same command without what only decides how its report looks.
    pub(super) fn same_source(&self) -> String {
        self.without(|_| false, &[])
    }

    /// The same without `--goal`, for whoever wants to try another.
    pub(super) fn without_goal(&self) -> String {
        self.without(|argument| is_flag(argument, "--goal"), &[])
    }

    /// How to ask about one workload of the same source, whose name follows.
    fn explain(&self) -> String {
        let choice = |argument: &str| CHOICES.iter().any(|flag| is_flag(argument, flag));
        self.without(choice, &[])
            .replacen(" analyze", " explain", 1)
    }

    /// The same of several clusters for one alone, a context or a bundle.
    pub(super) fn of_cluster(&self, name: &str) -> String {
        let is_bundles = self.arguments.iter().any(|it| is_flag(it, "--snapshot"));
        let flag = CLUSTERS[usize::from(is_bundles)];
        let clusters = |argument: &str| CLUSTERS.iter().any(|flag| is_flag(argument, flag));
        self.without(clusters, &[flag, name])
    }

    /// Without these flags and their values, and with `more` at the end.
    fn without(&self, left_out: impl Fn(&str) -> bool, more: &[&str]) -> String {
        let mut words = vec![self.program.to_owned()];
        let mut rest = self.arguments.iter();
        while let Some(argument) = rest.next() {
            let dropped = left_out(argument);
            if LOOKS.contains(&argument.as_str()) || (dropped && !argument.contains('=')) {
                rest.next();
            } else if !dropped && !is_look(argument) && (more.is_empty() || argument != ALL) {
                words.push(quote(argument));
            }
        }
        words.extend(more.iter().map(|word| quote(word)));
        words.join(" ")
    }
}

fn is_flag(argument: &str, flag: &str) -> bool {
    let rest = argument.strip_prefix(flag);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

/// `--output=json`, `-ojson`, `-q`.
fn is_look(argument: &str) -> bool {
    let with_value = |flag: &&str| {
        flag.starts_with("--")
            && argument
                .strip_prefix(*flag)
                .is_some_and(|rest| rest.starts_with('='))
    };
    let short_output = argument.starts_with("-o") && !argument.starts_with("--");
    SWITCHES.contains(&argument) || short_output || LOOKS.iter().any(with_value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(line: &[&str]) -> String {
        let args: Vec<OsString> = line.iter().map(OsString::from).collect();
        Invocation::new(&args).same_source()
    }

    #[test]
    fn keeps_the_source_and_drops_the_looks() {
        let line = [
            "kcost", "analyze", "--demo", "-o", "wide", "--top=5", "-q", "-ojson",
        ];
        assert_eq!(same(&line), "kcost analyze --demo --top=5");
        let args: Vec<OsString> = line.iter().map(OsString::from).collect();
        let explain = Invocation::new(&args).explain();
        assert_eq!(explain, "kcost explain --demo");
    }

    #[test]
    fn one_of_several_clusters_has_a_command_of_its_own() {
        let one = |line: &[&str], name: &str| {
            let args: Vec<OsString> = line.iter().map(OsString::from).collect();
            Invocation::new(&args).of_cluster(name)
        };
        let contexts = [
            "kcost",
            "analyze",
            "--context",
            "a",
            "--context=b",
            "-n",
            "x",
        ];
        assert_eq!(one(&contexts, "b"), "kcost analyze -n x --context b");
        let all = ["kcost", "analyze", "--all-contexts", "-o", "json"];
        assert_eq!(one(&all, "a/b"), "kcost analyze --context a/b");
        let bundles = [
            "kcost",
            "analyze",
            "--snapshot",
            "a.kcost",
            "--snapshot=b.kcost",
        ];
        assert_eq!(one(&bundles, "a.kcost"), "kcost analyze --snapshot a.kcost");
    }

    #[test]
    fn another_goal_can_take_the_place_of_the_one_given() {
        let line = ["kcost", "explain", "--demo", "api", "--goal", "savings"];
        let args: Vec<OsString> = line.iter().map(OsString::from).collect();
        let other = Invocation::new(&args).without_goal();
        assert_eq!(other, "kcost explain --demo api");
    }

    #[test]
    fn quotes_what_a_shell_would_expand() {
        assert_eq!(
            same(&["kubectl-kcost", "analyze", "-n", "!kube-*"]),
            "kubectl kcost analyze -n '!kube-*'"
        );
    }
}
