//! `kcost --help`: subcommands by what one does with them.

use std::fmt::Write as _;

use clap::Command;

/// What people do, and the subcommands for it. Each stands in one group.
const GROUPS: [(&str, &[&str]); 6] = [
    (
        "Look",
        &[
            "analyze", "explain", "forecast", "costs", "nodes", "gpus", "prices", "snapshot",
        ],
    ),
    ("Check", &["doctor", "risks"]),
    ("Decide", &["schedule", "backtest", "patch"]),
    ("Change", &["apply", "rollback"]),
    ("Learn", &["history", "diff", "verify"]),
    (
        "Set up",
        &["config", "rbac", "cronjob", "completions", "man", "help"],
    ),
];

/// What clap says of its own subcommand is longer than a line.
const HELP: &str = "Print the help of kcost or of a subcommand";

/// Lists the subcommands of the root in groups.
pub(super) fn grouped(command: Command) -> Command {
    let (list, options) = (list(&command), heading(&command, "Options"));
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{list}{options}\n{{options}}{{after-help}}"
    ))
}

fn list(command: &Command) -> String {
    let names = GROUPS.iter().flat_map(|(_, names)| names.iter());
    let width = names.map(|name| name.len()).max().unwrap_or(0);
    let literal = command.get_styles().get_literal();
    let mut text = String::new();
    for (title, names) in GROUPS {
        let _ = writeln!(text, "{}", heading(command, title));
        for name in names {
            let about = about(command, name);
            let _ = writeln!(text, "  {literal}{name:<width$}{literal:#}  {about}");
        }
        text.push('\n');
    }
    text
}

fn heading(command: &Command, title: &str) -> String {
    let style = command.get_styles().get_header();
    format!("{style}{title}:{style:#}")
}

fn about(command: &Command, name: &str) -> String {
    let found = command.find_subcommand(name);
    let about = found.and_then(Command::get_about);
    about.map_or_else(|| HELP.to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_subcommand_stands_in_one_group() {
        let mut command = super::super::command("kcost");
        command.build();
        let shown = command.get_subcommands().filter(|sub| !sub.is_hide_set());
        let shown: BTreeSet<&str> = shown.map(Command::get_name).collect();
        let grouped: Vec<&str> = GROUPS
            .iter()
            .flat_map(|(_, names)| names.to_vec())
            .collect();
        assert_eq!(grouped.len(), shown.len());
        assert_eq!(grouped.into_iter().collect::<BTreeSet<_>>(), shown);
    }
}
