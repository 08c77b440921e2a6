use std::io::Write;

use clap::Args;
use clap_mangen::Man;

use crate::error::Error;
use crate::exit::Exit;

/// Print the manual page, of kcost or of one of its subcommands.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// A subcommand; without it, kcost as a whole.
    subcommand: Option<String>,
}

impl ManArgs {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Exit, Error> {
        let mut page = Vec::new();
        Man::new(self.command()?)
            .render(&mut page)
            .map_err(Error::Write)?;
        out.write_all(&page).map_err(Error::Write)?;
        Ok(Exit::Done)
    }

    fn command(&self) -> Result<clap::Command, Error> {
        let mut root = super::command("kcost");
        root.build();
        let Some(name) = &self.subcommand else {
            return Ok(root);
        };
        let found = root
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| Error::Usage {
                text: format!("there is no subcommand `{name}`"),
                hint: Some("see `kcost --help`".to_owned()),
            })?;
        // `man kcost-analyze`, as git and cargo name theirs.
        Ok(found
            .name(format!("kcost-{name}"))
            .display_name(format!("kcost-{name}")))
    }
}
