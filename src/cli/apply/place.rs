//! Where the audit log is, and how long a run waits.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueHint};
use serde_json::json;

use crate::apply::log::ROLLBACK;
use crate::apply::{Pace, Step};
use crate::cli::last;
use crate::cli::put::lasting;
use crate::error::Error;
use crate::units::Span;

/// Where every write is held.
#[derive(Debug, Args)]
#[command(next_help_heading = "Log")]
pub(in crate::cli) struct LogArgs {
    /// The folder of the audit log [default: `kcost/audit` below `$XDG_STATE_HOME`].
    ///
    /// `audit.jsonl` grows by one line before and one after each write, each with the hash
    /// of the line before it; `audit.head` says how many there are, so that lines that are
    /// gone show; `rollback` has one file a run.
    #[arg(long = "log", value_name = "FOLDER", env = "KCOST_LOG", hide_env_values = true, value_hint = ValueHint::DirPath)]
    log: Option<PathBuf>,
}

impl LogArgs {
    pub(in crate::cli) fn folder(&self) -> Result<PathBuf, Error> {
        let named = self.log.clone();
        let folder = named.or_else(|| Some(last::state()?.join("kcost").join("audit")));
        folder.ok_or_else(|| Error::Usage {
            text:
                "there is no folder for the audit log: neither `XDG_STATE_HOME` nor `HOME` is set"
                    .to_owned(),
            hint: Some("name one with `--log FOLDER`".to_owned()),
        })
    }

    /// The same to read what is there: one that somebody has named has to be there.
    pub(in crate::cli) fn kept(&self) -> Result<PathBuf, Error> {
        let folder = self.folder()?;
        if self.log.is_none() || folder.is_dir() {
            return Ok(folder);
        }
        Err(Error::Usage {
            text: format!(
                "the folder {} of the audit log does not exist",
                folder.display()
            ),
            hint: Some("name the folder that the run was given with `--log FOLDER`".to_owned()),
        })
    }
}

/// How long a run waits for what it has changed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Pace")]
pub(in crate::cli) struct PaceArgs {
    /// Longest time of a rollout.
    #[arg(
        long,
        value_name = "SPAN",
        env = "KCOST_ROLLOUT_TIMEOUT",
        hide_env_values = true,
        default_value = "10m"
    )]
    rollout_timeout: Span,
}

impl PaceArgs {
    /// Pods are watched for so long once their rollout is through.
    pub(in crate::cli) fn pace(&self, watch: Option<Span>) -> Pace {
        Pace {
            rollout: self.rollout_timeout.into(),
            watch: watch.map_or(Duration::ZERO, Duration::from),
        }
    }
}

/// What a run may change, with what was there before, for whoever has nothing but this file.
pub(super) fn rollback_file(folder: &Path, run: &str, steps: &[Step]) -> Result<(), Error> {
    let folder = folder.join(ROLLBACK);
    let path = folder.join(format!("{run}.json"));
    let writes = steps.iter().flat_map(|step| &step.writes);
    let text =
        json!({"schema": "kcost.rollback/v1", "run": run, "objects": writes.collect::<Vec<_>>()});
    let written = fs::create_dir_all(&folder).and_then(|()| lasting(&path, &text));
    written.map_err(|error| Error::Usage {
        text: format!("{}: {error}", path.display()),
        hint: Some("name a folder that can be written with `--log FOLDER`".to_owned()),
    })
}
