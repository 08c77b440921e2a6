use clap::builder::BoolishValueParser;
use clap::{Args, ValueHint};

use super::{Parts, SourceArgs};
use crate::cli::records::{self, Shelf};
use crate::error::Error;
use crate::history::{Outcomes, Record, Teaching};
use crate::pipeline::Settings;
use crate::render;
use crate::ui::Ui;

/// What sizes learn from earlier runs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Advice")]
pub(in crate::cli) struct LearningArgs {
    /// Where the records of earlier runs are, which sizes learn from: a folder, or
    /// `configmap:NAMESPACE/NAME` in the cluster.
    ///
    /// `analyze` and `apply` keep a small record of each run there: advice, promises and
    /// money, and what was applied, never usage. A ConfigMap holds no more than 1 MiB: there
    /// the oldest make room.
    #[arg(
        long,
        value_name = "PLACE",
        value_parser = records::shelf,
        env = "KCOST_HISTORY",
        hide_env_values = true,
        hide_short_help = true,
        value_hint = ValueHint::DirPath
    )]
    history: Option<Shelf>,

    /// Learn nothing from earlier runs.
    ///
    /// Without this, promises of `--history` that were broken or kept more often than chance
    /// explains move the margins of sizes, by bounds, with a reason that says so.
    #[arg(
        long,
        env = "KCOST_NO_LEARNING",
        value_parser = BoolishValueParser::new(),
        hide_env_values = true,
        hide_short_help = true
    )]
    no_learning: bool,
}

/// Earlier runs, and what of them this one was the first to judge.
pub(in crate::cli) struct Earlier {
    pub(in crate::cli) records: Vec<Record>,
    pub(in crate::cli) outcomes: Vec<Outcomes>,
}

impl LearningArgs {
    /// Where records are kept.
    pub(in crate::cli) fn shelf(&self) -> Option<&Shelf> {
        self.history.as_ref()
    }

    /// The same where no record is kept: then a folder that is not there is a mistake.
    ///
    /// # Errors
    ///
    /// As [`Self::teach`], and without the folder.
    pub(in crate::cli) fn learn(
        &self,
        source: &SourceArgs,
        read: &Parts,
        settings: &mut Settings,
        ui: &Ui,
    ) -> Result<(), Error> {
        if let Some(shelf) = self.history.as_ref().filter(|it| it.is_missing()) {
            shelf.all(&source.nearest(), ui)?;
        }
        self.teach(source, read, settings, ui).map(drop)
    }

    /// Holds what earlier runs promised against what came after, and lets the sizes of this
    /// one learn from it. A folder that is not there yet has no records.
    ///
    /// # Errors
    ///
    /// Where the folder or usage cannot be read.
    pub(in crate::cli) fn teach(
        &self,
        source: &SourceArgs,
        read: &Parts,
        settings: &mut Settings,
        ui: &Ui,
    ) -> Result<Earlier, Error> {
        let mut records = match &self.history {
            Some(shelf) if !shelf.is_missing() => shelf.all(&source.nearest(), ui)?,
            _ => Vec::new(),
        };
        let snapshot = &read.whole.snapshot;
        source.leave_own(&mut records, snapshot, ui)?;
        let mut teaching = Teaching::new(&records, snapshot, source.part().as_deref());
        if teaching.wants_usage() {
            read.each(&mut |workloads, usage| teaching.look(workloads, usage))?;
        }
        let (learned, outcomes) = teaching.taught(&settings.recommend);
        if !self.no_learning {
            if let Some(line) = render::learned(&learned) {
                ui.message(&line);
            }
            settings.recommend.learned = learned;
        }
        Ok(Earlier { records, outcomes })
    }
}
