//! The command line: one file a subcommand, each with its `Args` and its `run`.

mod analyze;
mod apply;
mod args;
mod backtest;
mod complete;
mod completions;
mod config;
mod costs;
mod cronjob;
mod diff;
mod doctor;
mod environment;
mod explain;
mod forecast;
mod given;
mod gpus;
mod groups;
mod history;
mod ignored;
mod into;
mod invocation;
mod last;
mod man;
mod nodes;
mod patch;
mod prices;
mod program;
mod put;
mod rbac;
mod records;
mod risks;
mod rollback;
mod schedule;
mod settings;
mod several;
mod snapshot;
mod tips;
mod unasked;
mod values;
mod verify;
mod workload;
mod written;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::apply::Window;
use crate::error::Error;
use crate::exit::Exit;
use crate::snapshot as snapshot_files;
use crate::ui::{self, ColorChoice, Ui, Verbosity};
use args::GlobalArgs;
use invocation::Invocation;
use settings::Files;

/// What `kcost --help` ends with.
const START: &str = "\
Start with `{program} analyze --demo`; `{program} COMMAND -h` shows the flags of every day.";

/// What to request in Kubernetes, what it saves, and at which risk.
///
/// kcost takes a snapshot of what a cluster requests and what it uses, groups
/// workloads by how they behave, finds what is idle, over- or
/// under-provisioned, and says what to change. It only reads, but for `apply`,
/// `rollback` and records in a ConfigMap.
#[derive(Debug, Parser)]
#[command(
    name = "kcost",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = START
)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    global: GlobalArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(alias = "analyse")]
    Analyze(Box<analyze::AnalyzeArgs>),
    Explain(Box<explain::ExplainArgs>),
    Risks(Box<risks::RisksArgs>),
    Forecast(Box<forecast::ForecastArgs>),
    Schedule(Box<schedule::ScheduleArgs>),
    Costs(Box<costs::CostsArgs>),
    Nodes(Box<nodes::NodesArgs>),
    Gpus(Box<gpus::GpusArgs>),
    Prices(Box<prices::PricesArgs>),
    Patch(Box<patch::PatchArgs>),
    Apply(Box<apply::ApplyArgs>),
    Rollback(Box<rollback::RollbackArgs>),
    Diff(Box<diff::DiffArgs>),
    History(history::HistoryArgs),
    Verify(Box<verify::VerifyArgs>),
    Backtest(Box<backtest::BacktestArgs>),
    Snapshot(Box<snapshot::SnapshotArgs>),
    Doctor(Box<doctor::DoctorArgs>),
    Config(config::ConfigArgs),
    Rbac(rbac::RbacArgs),
    #[command(name = "cronjob")]
    CronJob(cronjob::CronJobArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// The whole program: reads `argv`, writes the result to `out` and all else to stderr.
pub fn main(argv: &[OsString], out: &mut dyn Write) -> Exit {
    if let Some(answered) = complete::answer(argv, out) {
        // A shell shows nothing that goes wrong here.
        return answered.map_or(Exit::Failed, |()| Exit::Done);
    }
    let mut invocation = Invocation::new(argv);
    let files = Files::read(argv).and_then(|files| {
        invocation.policy = files.policy()?;
        Ok(files)
    });
    let files = match files {
        Ok(files) => files,
        Err(error) => return refused(&Error::Config(error)),
    };
    let settled = match unasked::settle(&files, invocation.program, argv) {
        Ok(settled) => settled,
        Err(error) => return refused(&error),
    };
    let cli = match parse(argv, settled.command) {
        Ok(cli) => cli,
        Err(error) => return clap_exit(&error),
    };
    let ui = cli.global.ui();
    if cli.command.is_settled() {
        for it in &settled.left_out {
            ui.warning(&it.text(), Some(&it.hint()));
        }
    }
    for it in environment::unknown(&command(invocation.program)) {
        ui.warning(&it.text(), Some(&it.hint()));
    }
    let ended = cli.command.run(&invocation, &files, &ui, out);
    // Whatever is still buffered belongs to the result, and may be what fails.
    let ended = match out.flush() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            ended.and(Err(Error::Write(error)))
        }
        // What is still buffered has no reader any more: see below.
        _ => ended,
    };
    match ended {
        Ok(exit) => exit,
        // `kcost … | head`: the reader has what it wanted.
        Err(Error::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            ui.report(&error, error.hint().as_deref());
            error.exit()
        }
    }
}

/// The command tree, as `kcost` or as a plugin of kubectl sees it.
pub fn command(program: &'static str) -> clap::Command {
    let command = values::forgiving(Cli::command());
    program::rename(groups::grouped(command), program)
}

/// A file of settings that cannot be used ends the run before the command line is read.
fn refused(error: &Error) -> Exit {
    let ui = Ui::new(Verbosity::Normal, ColorChoice::Auto, false);
    ui.report(error, error.hint().as_deref());
    error.exit()
}

fn parse(argv: &[OsString], mut command: clap::Command) -> Result<Cli, clap::Error> {
    if argv.iter().any(|word| word == "-h") {
        command = command.mut_subcommands(|sub| sub.mut_args(|arg| arg.hide_env(true)));
    }
    let matches = command.try_get_matches_from_mut(argv);
    let matches = matches.map_err(|error| tips::tip(error, &command, argv))?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Reads a command line that a CronJob is to have, with the settings that it names, and gives
/// its maintenance windows.
///
/// # Errors
///
/// What kcost would say of it.
fn windows_of(argv: &[OsString]) -> Result<Vec<Window>, Error> {
    let files = Files::read(argv)?;
    let settled = unasked::settle(&files, "kcost", argv)?;
    let cli = parse(argv, settled.command).map_err(|error| {
        let shown = error.to_string();
        let mut lines = shown.lines();
        let first = lines.next().unwrap_or_default();
        Error::Usage {
            text: first.trim_start_matches("error: ").to_owned(),
            hint: Some("what stands behind `--` are flags of the command that runs".to_owned()),
        }
    })?;
    Ok(match cli.command {
        Command::Apply(args) => args.windows().to_vec(),
        _ => Vec::new(),
    })
}

/// Shows help, the version, or what is wrong with the command line.
fn clap_exit(error: &clap::Error) -> Exit {
    let shown = error.print();
    match (error.use_stderr(), shown) {
        (true, _) => Exit::Usage,
        (false, Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => Exit::Failed,
        (false, _) => Exit::Done,
    }
}

impl Command {
    /// Whether settings decide what it does, beside showing them.
    fn is_settled(&self) -> bool {
        matches!(
            self,
            Self::Analyze(_)
                | Self::Explain(_)
                | Self::Risks(_)
                | Self::Forecast(_)
                | Self::Schedule(_)
                | Self::Costs(_)
                | Self::Nodes(_)
                | Self::Gpus(_)
                | Self::Prices(_)
                | Self::Patch(_)
                | Self::Apply(_)
                | Self::Rollback(_)
                | Self::Diff(_)
                | Self::History(_)
                | Self::Verify(_)
                | Self::Backtest(_)
                | Self::Snapshot(_)
                | Self::Doctor(_)
        )
    }

    fn run(
        self,
        invocation: &Invocation,
        files: &Files,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        match self {
            Self::Analyze(args) => args.run(invocation, ui, out),
            Self::Explain(args) => args.run(invocation, ui, out),
            Self::Risks(args) => args.run(invocation, ui, out),
            Self::Forecast(args) => args.run(invocation, ui, out),
            Self::Schedule(args) => args.run(invocation, ui, out),
            Self::Costs(args) => args.run(invocation, ui, out),
            Self::Nodes(args) => args.run(invocation, ui, out),
            Self::Gpus(args) => args.run(invocation, ui, out),
            Self::Prices(args) => args.run(invocation, ui, out),
            Self::Diff(args) => args.run(invocation, ui, out),
            Self::History(args) => args.run(invocation, ui, out),
            Self::Verify(args) => args.run(invocation, ui, out),
            Self::Patch(args) => args.run(invocation, ui, out),
            Self::Apply(args) => args.run(invocation, ui, out),
            Self::Rollback(args) => args.run(invocation, ui, out),
            Self::Backtest(args) => args.run(invocation, ui, out),
            Self::Snapshot(args) => args.run(invocation.program, ui, out),
            Self::Doctor(args) => args.run(invocation, ui, out),
            Self::Config(args) => args.run(invocation.program, files, out),
            Self::CronJob(args) => args.run(invocation.program, ui, out),
            Self::Rbac(args) => args.run(invocation.program, out),
            Self::Completions(args) => args.run(out),
            Self::Man(args) => args.run(out),
        }
    }
}

/// Runs the async edge to its end.
fn block_on<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::Runtime)?;
    let ended = runtime.block_on(work);
    // Name lookups run on threads that cannot be stopped; nobody waits for them.
    runtime.shutdown_background();
    ended
}

/// Leaves terminal and disk clean when Ctrl-C ends the program, and tells of a cluster that
/// is changed.
pub fn interrupted() {
    ui::interrupted();
    apply::interrupted();
    snapshot_files::abandon();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command("kcost").debug_assert();
        command("kubectl kcost").debug_assert();
    }
}
