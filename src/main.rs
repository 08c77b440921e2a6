//! Parse, run, exit: the only place that ends the process.

use std::ffi::OsString;
use std::process::{self, ExitCode};
use std::{env, io, panic, thread};

use kcost::cli;
use kcost::exit::Exit;
use kcost::signals;
use kcost::snapshot::is_reading_table;

fn main() -> ExitCode {
    human_panic::setup_panic!();
    keep_caught_panics_quiet();
    thread::spawn(end_when_told);
    let argv: Vec<OsString> = env::args_os().collect();
    cli::main(&argv, &mut io::stdout().lock()).into()
}

/// A table that makes its reader panic is told as an error, not as a fault of kcost.
fn keep_caught_panics_quiet() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !is_reading_table() {
            report(panic);
        }
    }));
}

/// Ends the program at once, wherever it is; a bundle is whole or absent.
#[expect(clippy::exit, reason = "the one place that may, see the module")]
fn end_when_told() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build();
    // Without a runtime the system's own handling of signals stays in place.
    let Ok(runtime) = runtime else { return };
    if runtime.block_on(signals::told_to_end()).is_ok() {
        cli::interrupted();
        process::exit(Exit::Interrupted as i32);
    }
}
