use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use jiff::tz::TimeZone;

use super::rbac;
use super::values::time_zone;
use crate::config;
use crate::error::Error;
use crate::exit::Exit;
use crate::render::{self, Regular};
use crate::units::Bytes;

const EXAMPLES: &str = "\
Examples:
  {program} cronjob --image registry.example.com/kcost:0.1.0 | kubectl apply -f -
  {program} cronjob --image IMAGE --schedule '0 6 * * 1' --time-zone Europe/Berlin --policy kcost.yaml
  {program} cronjob --image IMAGE --apply --policy kcost.yaml -- --max-changes 5
  {program} cronjob --image IMAGE -- --fail-on 'cost-waste>30%' -n 'team-*'";

/// Print what runs kcost in a cluster for ever, for `kubectl apply`.
///
/// A service account that may only read, a volume for the records of runs, the policy, and
/// a CronJob of `kcost analyze`; with `--apply` one of `kcost apply`, with an account of its
/// own. What stands behind `--` are flags of that command.
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

    /// Size of the volume for records of runs.
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

/// Five fields, or a word such as `@daily`; the API server checks the rest.
fn cron(text: &str) -> Result<String, String> {
    const WORDS: [&str; 6] = [
        "@yearly",
        "@annually",
        "@monthly",
        "@weekly",
        "@daily",
        "@hourly",
    ];
    let fits = |it: char| it.is_ascii_alphanumeric() || "*/,-?".contains(it);
    let fields: Vec<&str> = text.split_whitespace().collect();
    let is_table = fields.len() == 5 && fields.iter().all(|field| field.chars().all(fits));
    if is_table || WORDS.contains(&text) {
        Ok(text.to_owned())
    } else {
        Err("write five fields: `0 6 * * 1` is Monday at 06:00".to_owned())
    }
}

impl CronJobArgs {
    pub(super) fn run(&self, program: &str, out: &mut dyn Write) -> Result<Exit, Error> {
        let policy = self.policy.as_ref().map(|path| {
            // A file that no run could use is told now, not at six in the morning.
            config::read(path)?;
            fs::read_to_string(path).map_err(|error| Error::Usage {
                text: format!("{}: {error}", path.display()),
                hint: None,
            })
        });
        let regular = Regular {
            program,
            image: &self.image,
            namespace: &self.in_namespace,
            schedule: &self.schedule,
            time_zone: self.time_zone.as_ref().and_then(TimeZone::iana_name),
            policy: policy.transpose()?,
            volume: self.volume,
            flags: &self.flags,
            apply: self.apply,
            roles: rbac::for_account(&self.in_namespace, self.apply),
        };
        render::cronjob(&regular, out).map_err(Error::Write)?;
        Ok(Exit::Done)
    }
}
