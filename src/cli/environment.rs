//! `KCOST_*` variables that are no setting, and so do nothing.

use std::collections::BTreeSet;
use std::env;

use super::complete::ASKED;
use super::last::OFF;
use crate::text::{escape, most_like};

/// How every variable of kcost begins.
const PREFIX: &str = "KCOST_";

/// How near a name must be to be suggested; 1 is the same.
const SIMILAR: f64 = 0.85;

/// A variable that nothing reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unknown {
    name: String,
    meant: Option<String>,
}

impl Unknown {
    /// One sentence for people. Its value may be a secret and is never told.
    pub(super) fn text(&self) -> String {
        let name = escape(&self.name);
        format!("the environment variable `{name}` is not one of kcost's, so it is ignored")
    }

    /// One next step.
    pub(super) fn hint(&self) -> String {
        match &self.meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "`kcost config` lists the settings: each is `KCOST_` and its name".to_owned(),
        }
    }
}

/// The unknown ones of this process, by name.
pub(super) fn unknown(command: &clap::Command) -> Vec<Unknown> {
    let names = env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    of(names, &known(command))
}

/// Every variable that something reads.
fn known(command: &clap::Command) -> BTreeSet<String> {
    let mut known = BTreeSet::from([ASKED.to_owned(), OFF.to_owned()]);
    let subs = command.get_subcommands();
    let args = subs.flat_map(clap::Command::get_arguments);
    let args = args.chain(command.get_arguments());
    let names = args.filter_map(clap::Arg::get_env);
    known.extend(names.map(|name| name.to_string_lossy().into_owned()));
    known
}

fn of(names: impl Iterator<Item = String>, known: &BTreeSet<String>) -> Vec<Unknown> {
    let ours = names.filter(|name| name.starts_with(PREFIX));
    let unknown = ours.filter(|name| !known.contains(name) && !is_of_service(name));
    let unknown: BTreeSet<String> = unknown.collect();
    let told = |name: String| Unknown {
        meant: nearest(&name, known),
        name,
    };
    unknown.into_iter().map(told).collect()
}

fn nearest(name: &str, known: &BTreeSet<String>) -> Option<String> {
    // The prefix is the same for all, and would make all alike.
    let bare = |name| str::trim_start_matches(name, PREFIX);
    let nearest = most_like(bare(name), known.iter().map(|it| bare(it)));
    let nearest = nearest.filter(|(likeness, _)| *likeness >= SIMILAR);
    let nearest = nearest.and_then(|(_, near)| known.iter().find(|it| bare(it) == near));
    // `KCOST_TOKEN` is short for `KCOST_PROMETHEUS_TOKEN`.
    let end = format!("_{}", bare(name));
    let longer = || known.iter().find(|it| it.ends_with(&end));
    nearest.or_else(longer).cloned()
}

/// Whether Kubernetes sets it in every pod beside a service that is called `kcost` or
/// `kcost-…`.
fn is_of_service(name: &str) -> bool {
    let is_port = name.contains("_PORT_") || name.ends_with("_PORT");
    is_port || name.ends_with("_SERVICE_HOST")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(names: &[&str]) -> Vec<String> {
        let known = known(&super::super::command("kcost"));
        let names = names.iter().map(|name| (*name).to_owned());
        let unknown = of(names, &known).into_iter();
        unknown
            .map(|it| format!("{}; {}", it.text(), it.hint()))
            .collect()
    }

    #[test]
    fn what_nothing_reads_is_told_with_what_was_meant() {
        let known = ["KCOST_GOAL", "KCOST_COLOR", "KCOST_NO_STATE", "PATH"];
        assert!(told(&known).is_empty());
        insta::assert_snapshot!(
            told(&["KCOST_STRATGY", "KCOST_PROM_TOKEN", "KCOST_X\u{1b}", "KCOST_GAOL"]).join("\n"),
            @r"
            the environment variable `KCOST_GAOL` is not one of kcost's, so it is ignored; did you mean `KCOST_GOAL`?
            the environment variable `KCOST_PROM_TOKEN` is not one of kcost's, so it is ignored; did you mean `KCOST_PROMETHEUS_TOKEN`?
            the environment variable `KCOST_STRATGY` is not one of kcost's, so it is ignored; did you mean `KCOST_STRATEGY`?
            the environment variable `KCOST_X\u{1b}` is not one of kcost's, so it is ignored; `kcost config` lists the settings: each is `KCOST_` and its name
            "
        );
    }

    #[test]
    fn what_kubernetes_sets_for_a_service_is_none_of_ours() {
        let of_service = [
            "KCOST_SERVICE_HOST",
            "KCOST_SERVICE_PORT",
            "KCOST_SERVICE_PORT_HTTP",
            "KCOST_PORT",
            "KCOST_PORT_8080_TCP_ADDR",
            "KCOST_API_SERVICE_HOST",
        ];
        assert!(told(&of_service).is_empty());
    }
}
