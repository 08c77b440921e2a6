//! The documented exit codes. A leaf: imports nothing of kcost.

use std::process::ExitCode;

/// How kcost ends. The numbers are public and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// What was asked for is done.
    Done = 0,
    /// A cluster, a network or a file failed.
    Failed = 1,
    /// The command line or the configuration is wrong. Also clap's own code.
    Usage = 2,
    /// There is nothing to analyze.
    Empty = 3,
    /// A gate (`--fail-on`) failed.
    Gate = 10,
    /// Ended by Ctrl-C, SIGTERM, SIGHUP or SIGQUIT.
    Interrupted = 130,
}

impl Exit {
    /// One line for each code, as `--help` shows them.
    pub const HELP: &'static str = "\
  0    done
  1    failed: cluster, network or file
  2    wrong usage or configuration
  3    nothing to analyze
  10   a gate failed
  130  interrupted";
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
