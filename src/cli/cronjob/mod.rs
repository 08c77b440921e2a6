mod cron;

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::rbac;
use super::records::{ConfigMap, Shelf};
use super::values::time_zone;
use crate::apply::Window;
use crate::config;
use crate::error::Error;
use crate::exit::Exit;
use crate::render::{self, Regular};
use crate::ui::Ui;
use crate::units::Bytes;
use cron::Cron;

const EXAMPLES: &str = "\
Examples:
  {program} cronjob --image registry.example.com/kcost:0.1.0 | kubectl apply -f -
  {program} cronjob --image IMAGE --schedule '0 6 * * 1' --time-zone Europe/Berlin --policy kcost.yaml
  {program} cronjob --image IMAGE --apply --policy kcost.yaml -- --max-changes 5
  {program} cronjob --image IMAGE -- --fail-on 'cost-waste>30%' -n 'team-*'";

/// Print what runs kcost in a cluster for ever, for `kubectl apply`.
///
/// A service account that may only read, the policy, and a CronJob of `kcost analyze`; with
/// `--apply` one of `kcost apply`, with an account of its own and a volume for the audit log.
/// Both keep records of their runs in one ConfigMap, `kcost-history`, and learn from them.
/// What stands behind `--` are flags of that command.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CronJobArgs {
    /// The image that holds kcost.
    #[arg(long, value_name = "IMAGE", value_parser = image)]
    image: String,

    /// The namespace that it runs in; it is created.
    #[arg(long, value_name = "NAMESPACE", default_value = "kcost", value_parser = rbac::namespace)]
    in_namespace: String,

    /// Change the cluster to the advised sizes, by an account that may.
    #[arg(long)]
    apply: bool,

    /// When it runs, as cron writes it.
    #[arg(long, value_name = "CRON", default_value = "0 6 * * *", value_parser = cron)]
    schedule: String,

    /// The time zone of the schedule [default: that of the control plane].
    #[arg(long, value_name = "ZONE", value_parser = time_zone)]
    time_zone: Option<TimeZone>,

    /// A `kcost.yaml` with the rules that every run heeds.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Size of the volume for the audit log, with `--apply`.
    #[arg(long, value_name = "SIZE", default_value = "1Gi", value_parser = super::values::memory)]
    volume: Bytes,

    /// Flags of `analyze`, or of `apply`.
    #[arg(last = true, value_name = "FLAGS")]
    flags: Vec<String>,
}

/// Any text without spaces that begins like a name: registries have rules of their own.
fn image(text: &str) -> Result<String, String> {
    let fits = |it: char| it.is_ascii_alphanumeric() || "./:@_-".contains(it);
    if text.starts_with(|it: char| it.is_ascii_alphanumeric()) && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("write it as a registry takes it: registry.example.com/kcost:0.1.0".to_owned())
    }
}

/// Five fields, or a word such as `@daily`.
fn cron(text: &str) -> Result<String, String> {
    match Cron::parse(text) {
        Some(cron) if cron.never() => Err("no month has such a day: it would never run".to_owned()),
        Some(_) => Ok(text.to_owned()),
        None => Err("write five fields: `0 6 * * 1` is Monday at 06:00".to_owned()),
    }
}

/// Of the ConfigMap with records of runs.
const HISTORY: &str = "kcost-history";

/// A year of starts is looked at.
const AHEAD: i64 = 366 * 24 * 60;

impl CronJobArgs {
    pub(super) fn run(
        &self,
        program: &'static str,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let policy = self.policy.as_ref().map(|path| {
            // A file that no run could use is told now, not at six in the morning.
            config::read(path)?;
            fs::read_to_string(path).map_err(|error| Error::Usage {
                text: format!("{}: {error}", path.display()),
                hint: None,
            })
        });
        let policy = policy.transpose()?;
        let shelf = ConfigMap {
            namespace: self.in_namespace.clone(),
            name: HISTORY.to_owned(),
        };
        let roles = rbac::for_account(&self.in_namespace, self.apply, &shelf);
        let history = Shelf::ConfigMap(shelf).to_string();
        self.check(&history, ui)?;
        let regular = Regular {
            program,
            image: &self.image,
            namespace: &self.in_namespace,
            schedule: &self.schedule,
            time_zone: self.time_zone.as_ref().and_then(TimeZone::iana_name),
            policy,
            volume: self.volume,
            args: self.args(render::POLICY_FILE, &history),
            history,
            apply: self.apply,
            roles,
        };
        render::cronjob(&regular, out).map_err(Error::Write)?;
        Ok(Exit::Done)
    }

    /// The command line of a run. A policy is named: what is not named is not trusted with
    /// credentials.
    fn args(&self, policy: &str, history: &str) -> Vec<String> {
        let mut args = Vec::new();
        if self.policy.is_some() {
            args.extend(["--config", policy]);
        }
        if self.apply {
            args.extend(["apply", "--yes", "--log", render::AUDIT]);
        } else {
            args.push("analyze");
        }
        args.extend(["--history", history]);
        let args = args.into_iter().map(str::to_owned);
        args.chain(self.flags.iter().cloned()).collect()
    }

    /// Refuses what a run would refuse, and tells of a schedule that no window lets begin.
    fn check(&self, history: &str, ui: &Ui) -> Result<(), Error> {
        let here = self.policy.as_ref().map(|it| it.display().to_string());
        let args = self.args(&here.unwrap_or_default(), history);
        // What is in this folder is not in the pod's.
        let alone = self.policy.is_none().then(|| "--no-config".to_owned());
        let argv = ["kcost".to_owned()].into_iter().chain(alone).chain(args);
        let windows = super::windows_of(&argv.map(OsString::from).collect::<Vec<_>>())?;
        if windows.is_empty() || self.meets(&windows) {
            return Ok(());
        }
        let zone = self.time_zone.as_ref().and_then(TimeZone::iana_name);
        ui.warning(
            &format!(
                "no run of `{}` in {} begins within a maintenance window: nothing would ever change",
                self.schedule,
                zone.unwrap_or("UTC")
            ),
            Some("move `--schedule` into a window; `--time-zone` says which clock it goes by"),
        );
        Ok(())
    }

    fn meets(&self, windows: &[Window]) -> bool {
        let Some(cron) = Cron::parse(&self.schedule) else {
            return true;
        };
        let zone = self.time_zone.clone().unwrap_or(TimeZone::UTC);
        let now = Timestamp::now().as_second() / 60;
        let minutes = (0..AHEAD).filter_map(|it| Timestamp::from_second((now + it) * 60).ok());
        let mut starts = minutes.filter(|it| cron.fires(&it.to_zoned(zone.clone())));
        starts.any(|at| windows.iter().any(|it| it.is_open(at)))
    }
}
