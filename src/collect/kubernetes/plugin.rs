//! The command that a kubeconfig names for credentials, as far as errors tell of it.

use kube::config::ExecConfig;

/// A command that gives credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    command: String,
    /// What its kubeconfig says about getting it, in one line.
    install: Option<String>,
}

impl Plugin {
    /// Its arguments are left out: they may be long, and not for everybody.
    pub(super) fn of(exec: &ExecConfig) -> Self {
        let one_line = |text: &String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self {
            command: exec.command.clone().unwrap_or_default(),
            install: exec.install_hint.as_ref().map(one_line),
        }
    }

    /// One next step where it is not there.
    pub(super) fn install(&self) -> String {
        match &self.install {
            Some(hint) if !hint.is_empty() => hint.trim_end_matches('.').to_owned(),
            _ => format!(
                "install `{}`, or put the folder that it is in on `PATH`",
                self.command
            ),
        }
    }
}

impl std::fmt::Display for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.command)
    }
}
