use std::fmt::Write as _;
use std::io::Write;

use clap::{Args, Command};
use clap_mangen::Man;

use crate::error::Error;
use crate::exit::Exit;

/// Print a manual page: of kcost, or of one of its subcommands.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// A subcommand; without it, kcost as a whole.
    subcommand: Option<String>,
}

impl ManArgs {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<Exit, Error> {
        let page = page(self.command()?).map_err(Error::Write)?;
        out.write_all(&page).map_err(Error::Write)?;
        Ok(Exit::Done)
    }

    fn command(&self) -> Result<Command, Error> {
        let mut root = super::command("kcost");
        root.build();
        let Some(name) = &self.subcommand else {
            return Ok(root.override_usage("kcost [OPTIONS] <COMMAND>"));
        };
        let found = root
            .find_subcommand(name)
            .filter(|found| found.get_name() != "help")
            .cloned()
            .ok_or_else(|| Error::Usage {
                text: format!("there is no subcommand `{name}`"),
                hint: Some("see `kcost --help`".to_owned()),
            })?;
        let usage = usage(&found);
        // `man kcost-analyze`, as git and cargo name theirs.
        let page = format!("kcost-{}", found.get_name());
        Ok(found
            .name(page.clone())
            .display_name(page)
            .override_usage(usage))
    }
}

/// How roff is told of an apostrophe.
const PROLOGUE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// `kcost explain [OPTIONS] [WORKLOAD]`: what a person reads, not every flag in a row.
fn usage(command: &Command) -> String {
    let mut words = vec![format!("kcost {}", command.get_name())];
    words.push("[OPTIONS]".to_owned());
    let required = command.get_opts().filter(|arg| arg.is_required_set());
    words.extend(required.filter_map(|arg| {
        let value = arg.get_value_names()?.first()?;
        Some(format!("--{} <{value}>", arg.get_long()?))
    }));
    words.extend(command.get_positionals().map(|arg| {
        let name = arg.get_value_names().and_then(|names| names.first());
        let name = name.map_or_else(
            || arg.get_id().to_string().to_uppercase(),
            ToString::to_string,
        );
        if arg.is_required_set() {
            format!("<{name}>")
        } else {
            format!("[{name}]")
        }
    }));
    words.join(" ")
}

fn page(command: Command) -> std::io::Result<Vec<u8>> {
    let extra = command.get_after_long_help().or(command.get_after_help());
    let extra = extra.map(ToString::to_string).unwrap_or_default();
    // What `-h` leaves out, the page has.
    let command = command.mut_args(|arg| arg.hide_short_help(false));
    let has_subcommands = command.has_subcommands();
    let man = Man::new(command);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if has_subcommands {
        man.render_subcommands_section(&mut page)?;
    }
    page.extend(sections(&extra).bytes());
    // Each section comes with it; once is enough.
    let mut page = String::from_utf8_lossy(&page).into_owned();
    if let Some(first) = page.find(PROLOGUE) {
        let rest = page.split_off(first + PROLOGUE.len());
        page.push_str(&rest.replace(PROLOGUE, ""));
    }
    Ok(page.into_bytes())
}

/// `Examples:` and what is indented below it as a section of its own, each line as it is.
fn sections(text: &str) -> String {
    let mut page = String::new();
    for part in text.split("\n\n") {
        let (title, lines) = match part.split_once(":\n") {
            Some((title, lines)) => (title.to_uppercase(), lines),
            None => ("NOTES".to_owned(), part),
        };
        let _ = writeln!(page, ".SH {}\n.nf", quoted(&title));
        for line in lines.lines() {
            page.push_str(&escaped(line.strip_prefix("  ").unwrap_or(line)));
            page.push('\n');
        }
        page.push_str(".fi\n");
    }
    page
}

/// One argument of a macro.
fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text).replace('"', "\\(dq"))
}

/// A line of text that roff takes for no macro, with hyphens that can be copied.
fn escaped(line: &str) -> String {
    let text = line
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq");
    if text.starts_with('.') {
        format!("\\&{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_as_it_is() {
        assert_eq!(escaped(".SH 'a' -b \\"), "\\&.SH \\(aqa\\(aq \\-b \\e");
        assert_eq!(
            sections("Exit codes:\n  0  done\n\nExamples:\n  kcost man"),
            ".SH \"EXIT CODES\"\n.nf\n0  done\n.fi\n.SH \"EXAMPLES\"\n.nf\nkcost man\n.fi\n"
        );
    }
}
