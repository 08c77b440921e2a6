//! What the program is called: `kcost`, or `kubectl kcost` when kubectl runs it.

use std::ffi::OsString;
use std::path::Path;

/// Placeholder for the program's name in help and examples.
const PROGRAM: &str = "{program}";

/// From `argv[0]`: kubectl finds plugins by the name `kubectl-NAME`.
pub(super) fn name(argv0: Option<&OsString>) -> &'static str {
    let stem = argv0.and_then(|path| Path::new(path).file_stem());
    if stem.is_some_and(|stem| stem == "kubectl-kcost") {
        "kubectl kcost"
    } else {
        "kcost"
    }
}

/// Writes the program's name into help, usage and examples of the whole tree.
pub(super) fn rename(command: clap::Command, program: &'static str) -> clap::Command {
    let command = command.bin_name(program).display_name(program);
    with_examples(command, program)
}

fn with_examples(mut command: clap::Command, program: &'static str) -> clap::Command {
    if let Some(text) = command.get_after_help().map(ToString::to_string) {
        command = command.after_help(text.replace(PROGRAM, program));
    }
    if let Some(text) = command.get_after_long_help().map(ToString::to_string) {
        command = command.after_long_help(text.replace(PROGRAM, program));
    }
    command.mut_subcommands(|sub| with_examples(sub, program))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubectl_runs_plugins_by_their_file_name() {
        assert_eq!(
            name(Some(&"/usr/bin/kubectl-kcost".into())),
            "kubectl kcost"
        );
        assert_eq!(name(Some(&"./kcost".into())), "kcost");
        assert_eq!(name(None), "kcost");
    }
}
