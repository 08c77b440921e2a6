//! Whether a stream gets colour: the flag, then the environment, then the terminal.

use std::io::IsTerminal;

/// The `--color` flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

/// A stream that may be a terminal of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// Whether `stream` gets colour.
pub(super) fn colored(choice: ColorChoice, stream: Stream) -> bool {
    decide(
        choice,
        |name| std::env::var(name).ok(),
        stream.is_terminal(),
    )
}

impl Stream {
    /// Whether a person looks at it.
    pub(super) fn is_terminal(self) -> bool {
        match self {
            Self::Stdout => std::io::stdout().is_terminal(),
            Self::Stderr => std::io::stderr().is_terminal(),
        }
    }
}

/// `NO_COLOR` wins over `FORCE_COLOR` and `CLICOLOR_FORCE`: who asked for
/// silence must get it. A variable that is empty is not set, and `0` is no.
fn decide(choice: ColorChoice, env: impl Fn(&str) -> Option<String>, terminal: bool) -> bool {
    let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
    let forced = |name: &str| env(name).is_some_and(|value| !value.is_empty() && value != "0");
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if set("NO_COLOR") => false,
        ColorChoice::Auto if forced("FORCE_COLOR") || forced("CLICOLOR_FORCE") => true,
        ColorChoice::Auto if env("TERM").is_some_and(|term| term == "dumb") => false,
        ColorChoice::Auto => terminal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(variables: &[(&str, &str)], terminal: bool) -> bool {
        let env = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        decide(ColorChoice::Auto, env, terminal)
    }

    #[test]
    fn the_terminal_decides_when_nothing_else_does() {
        assert!(auto(&[], true));
        assert!(!auto(&[], false));
        assert!(auto(&[("NO_COLOR", "")], true));
    }

    #[test]
    fn the_environment_is_asked_before_the_terminal() {
        assert!(!auto(&[("NO_COLOR", "1")], true));
        assert!(!auto(&[("TERM", "dumb")], true));
        assert!(auto(&[("FORCE_COLOR", "1")], false));
        assert!(auto(&[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")], false));
        assert!(!auto(&[("CLICOLOR_FORCE", "0")], false));
        assert!(!auto(&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], true));
    }

    #[test]
    fn the_flag_is_asked_before_the_environment() {
        let no_color = |name: &str| (name == "NO_COLOR").then(|| "1".to_owned());
        assert!(decide(ColorChoice::Always, no_color, false));
        assert!(!decide(ColorChoice::Never, |_| None, true));
    }
}
