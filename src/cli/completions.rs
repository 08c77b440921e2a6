use std::io::Write;

use clap::Args;
use clap_complete::Shell;

use crate::error::Error;
use crate::exit::Exit;

/// Print a completion script for a shell.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Exit, Error> {
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut super::command("kcost"),
            "kcost",
            &mut script,
        );
        out.write_all(&script).map_err(Error::Write)?;
        Ok(Exit::Done)
    }
}
