//! What the owner of a cluster lets kcost do, as flags.

use clap::Args;
use jiff::Timestamp;

use crate::apply::{PROTECTED, Rules, Wave, Window, protected};
use crate::cli::values::{named, percent, rows};
use crate::error::Error;
use crate::recommend::Confidence;
use crate::units::Span;

/// So far two clocks may be apart.
const AHEAD: Span = Span::from_secs(600);

/// What may be changed, and how much at a time.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules")]
pub(super) struct RuleArgs {
    /// Change no more workloads than this in one run.
    #[arg(long, value_name = "COUNT", env = "KCOST_MAX_CHANGES", hide_env_values = true, value_parser = rows)]
    max_changes: Option<usize>,

    /// Cut no request or limit by more than this share in one run; the next run goes on.
    #[arg(long, value_name = "SHARE", env = "KCOST_MAX_CUT", hide_env_values = true, default_value = "30%", value_parser = percent)]
    max_cut: f64,

    /// The least confidence that is sure enough.
    #[arg(long, value_name = "LEVEL", env = "KCOST_CONFIDENCE", hide_env_values = true, default_value = "high", value_parser = named(["high", "medium", "low"]))]
    confidence: String,

    /// Largest age of the usage that the sizes come from.
    #[arg(
        long,
        value_name = "SPAN",
        env = "KCOST_MAX_AGE",
        hide_env_values = true,
        default_value = "24h"
    )]
    max_age: Span,

    /// Protect these namespaces too: names or globs. Repeatable.
    ///
    /// Those of the system itself, of networks and of meshes are protected: `kube-*`,
    /// `openshift-*`, `gke-*`, `gmp-*`, `calico-*`, `tigera-*`, `cilium*`, `istio-system`
    /// and `linkerd*`.
    #[arg(
        long,
        value_name = "NAMESPACE",
        env = "KCOST_PROTECT",
        hide_env_values = true,
        value_delimiter = ','
    )]
    protect: Vec<String>,

    /// Do not protect this namespace. Repeatable.
    #[arg(
        long,
        value_name = "NAMESPACE",
        value_delimiter = ',',
        hide_short_help = true
    )]
    unprotect: Vec<String>,

    /// Change only in this window: `Sat,Sun 01:00-05:00 Europe/Berlin`. Repeatable.
    ///
    /// Days are those on which it opens; without days it opens on all, without a zone it is
    /// in UTC.
    #[arg(
        long,
        value_name = "WINDOW",
        env = "KCOST_MAINTENANCE_WINDOW",
        hide_env_values = true
    )]
    maintenance_window: Vec<Window>,

    /// How many workloads change at a time: a share of all, or a number.
    #[arg(long, value_name = "SHARE", env = "KCOST_WAVE", hide_env_values = true, default_value = "10%", value_parser = wave)]
    wave: Wave,

    /// Change also what Argo CD, Flux, Helm or an operator writes back, for a trial.
    #[arg(long, hide_short_help = true)]
    live_only: bool,

    /// Take fields over that somebody else owns.
    #[arg(long, hide_short_help = true)]
    force_conflicts: bool,
}

/// `10%`, or a number.
fn wave(text: &str) -> Result<Wave, String> {
    let read = if text.ends_with('%') {
        let share = percent(text).ok().filter(|share| *share > 0.0);
        share.map(Wave::Share)
    } else {
        rows(text).ok().map(Wave::Count)
    };
    read.ok_or_else(|| {
        "write a share of all workloads above 0%, such as `10%`, or a whole number of at least 1"
            .to_owned()
    })
}

impl RuleArgs {
    pub(super) fn windows(&self) -> &[Window] {
        &self.maintenance_window
    }

    pub(super) fn rules(&self) -> Result<Rules, Error> {
        let wrong = |error: &dyn std::fmt::Display| Error::Usage {
            text: format!("`--protect`: {error}"),
            hint: Some("name namespaces as in `--protect pay,'team-*'`".to_owned()),
        };
        let lifted = protected(self.unprotect.iter().map(String::as_str));
        let all = PROTECTED
            .into_iter()
            .chain(self.protect.iter().map(String::as_str));
        let confidence = [Confidence::High, Confidence::Medium, Confidence::Low];
        let confidence = confidence
            .into_iter()
            .find(|it| it.name() == self.confidence);
        Ok(Rules {
            max_changes: self.max_changes,
            max_cut: self.max_cut,
            protected: protected(all).map_err(|error| wrong(&error))?,
            unprotected: lifted.map_err(|error| wrong(&error))?,
            confidence: confidence.unwrap_or(Confidence::High),
            windows: self.maintenance_window.clone(),
            wave: self.wave,
            kept_too: self.live_only,
            force: self.force_conflicts,
        })
    }

    /// Sizes from usage that is too old say nothing of today.
    pub(super) fn refuse_old(&self, taken: Timestamp, now: Timestamp) -> Result<(), Error> {
        let age = now.as_second() - taken.as_second();
        if age < -i64::from(AHEAD.as_secs()) {
            let ahead = Span::from_secs(u32::try_from(-age).unwrap_or(u32::MAX));
            return Err(Error::Usage {
                text: format!(
                    "the usage ends {} from now, at {taken}: nobody can have measured that",
                    ahead.human()
                ),
                hint: Some(
                    "a clock is wrong, or the times of the usage are of another time zone: they \
                     are read as UTC where they name none"
                        .to_owned(),
                ),
            });
        }
        if age <= i64::from(self.max_age.as_secs()) {
            return Ok(());
        }
        let age = Span::from_secs(u32::try_from(age).unwrap_or(u32::MAX));
        Err(Error::Usage {
            text: format!(
                "the usage ended {} ago, at {taken}: it is older than `--max-age {}`",
                age.human(),
                self.max_age
            ),
            hint: Some("take a new snapshot, or raise `--max-age`".to_owned()),
        })
    }
}
