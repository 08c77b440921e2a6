use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum, ValueHint};

use crate::ui::{ColorChoice, Ui, Verbosity};

/// How kcost talks while it works.
#[derive(Debug, Args)]
#[command(next_help_heading = "Messages")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(in crate::cli) struct GlobalArgs {
    /// Say more: what each step did (`-v`), and each request (`-vv`).
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,

    /// Say less: no warnings (`-q`), or nothing but errors (`-qq`).
    #[arg(short, long, global = true, action = ArgAction::Count)]
    quiet: u8,

    /// Read settings from this file instead of `./kcost.yaml` and the user's file.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "KCOST_CONFIG",
        hide_env_values = true,
        hide_short_help = true,
        value_hint = ValueHint::FilePath,
        conflicts_with = "no_config"
    )]
    config: Option<PathBuf>,

    /// Read no file of settings.
    #[arg(long, global = true, hide_short_help = true)]
    no_config: bool,

    /// Draw no progress bars.
    #[arg(
        long,
        global = true,
        env = "KCOST_NO_PROGRESS",
        value_parser = BoolishValueParser::new(),
        hide_env_values = true,
        hide_short_help = true
    )]
    no_progress: bool,

    /// When to use colour: `auto` follows `NO_COLOR`, `FORCE_COLOR` and the terminal.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        ignore_case = true,
        alias = "colour",
        default_value_t = When::Auto,
        env = "KCOST_COLOR",
        hide_env_values = true,
        hide_short_help = true
    )]
    color: When,

    /// What other tools call `--color never`.
    #[arg(long, global = true, hide = true, alias = "no-colour")]
    no_color: bool,

    /// Use ASCII only, in reports and progress bars [default: where the locale is not UTF-8].
    #[arg(
        long,
        global = true,
        env = "KCOST_ASCII",
        value_parser = BoolishValueParser::new(),
        hide_env_values = true,
        hide_short_help = true
    )]
    ascii: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

impl GlobalArgs {
    pub(in crate::cli) fn ui(&self) -> Ui {
        let verbosity = match (self.quiet, self.verbose) {
            (0, 0) => Verbosity::Normal,
            (0, 1) => Verbosity::Verbose,
            (0, _) => Verbosity::Trace,
            (1, _) => Verbosity::Quiet,
            (_, _) => Verbosity::Silent,
        };
        let color = match self.color {
            _ if self.no_color => ColorChoice::Never,
            When::Auto => ColorChoice::Auto,
            When::Always => ColorChoice::Always,
            When::Never => ColorChoice::Never,
        };
        Ui::new(verbosity, color, !self.no_progress).in_ascii(self.ascii)
    }
}
