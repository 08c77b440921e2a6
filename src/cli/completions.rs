use std::io::Write;

use clap::Args;
use clap_complete::env::Shells;

use super::complete;
use super::values::named;
use crate::error::Error;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  {program} completions bash > ~/.local/share/bash-completion/completions/kcost
  {program} completions fish > ~/.config/fish/completions/kcost.fish
  {program} completions zsh > ~/.zsh/completions/_kcost";

/// Print a completion script for a shell.
///
/// `kcost explain` completes the names of workloads: those of the `--snapshot` on the
/// line, else of the bundle that was read or written last. kcost keeps its place in
/// `$XDG_STATE_HOME/kcost/last` (`~/.local/state`), unless `KCOST_NO_STATE` is set.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CompletionsArgs {
    /// The shell.
    #[arg(value_parser = named(Shells::builtins().names().collect::<Vec<_>>()))]
    shell: String,
}

impl CompletionsArgs {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Exit, Error> {
        let shells = Shells::builtins();
        // clap has checked the name against the same list.
        if let Some(shell) = shells.completer(&self.shell) {
            let script = complete::script(shell).map_err(Error::Write)?;
            out.write_all(&script).map_err(Error::Write)?;
        }
        Ok(Exit::Done)
    }
}
