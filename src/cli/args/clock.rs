use std::fs;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use jiff::tz::TimeZone;

use crate::calendar::{Calendar, is_icalendar};
use crate::cli::values::time_zone;
use crate::collect::files::check_yaml;
use crate::error::Error;
use crate::forecast::{Clock, hours_of};
use crate::units::{ParseSpanError, Span};

/// What a calendar may have at most, in bytes.
const LARGEST: u64 = 4 << 20;

/// How days and weeks are counted, for every subcommand that looks at habits.
#[derive(Debug, Args)]
#[command(next_help_heading = "Days and weeks")]
pub(in crate::cli) struct ClockArgs {
    /// The time zone that days and weeks are counted in: `Europe/Berlin` [default: UTC].
    ///
    /// `time-zone` in a rule of `kcost.yaml`, or the annotation `kcost.dev/time-zone`, gives a
    /// namespace or a workload one of its own.
    #[arg(long, value_name = "ZONE", env = "KCOST_TIME_ZONE", hide_env_values = true, hide_short_help = true, value_parser = time_zone)]
    time_zone: Option<TimeZone>,

    /// A file of holidays and one-off events, YAML or iCalendar.
    ///
    /// What lies in them is no evidence of what is usual; those that come are forecast as what
    /// they are like. In YAML: `events`, each with a `name`, a `date` or `from` and `until`,
    /// and `like: sunday` (what a whole day is unless it is said otherwise) or `times: 3`.
    #[arg(
        long,
        value_name = "FILE",
        env = "KCOST_CALENDAR",
        hide_env_values = true,
        hide_short_help = true,
        value_hint = ValueHint::FilePath
    )]
    calendar: Option<PathBuf>,

    /// A period that may come again besides days, weeks and months: `10h`, `14d`. Repeatable.
    ///
    /// Where it is proven, forecasts go by it too.
    #[arg(long, value_name = "SPAN", env = "KCOST_PERIOD", hide_env_values = true, hide_short_help = true, value_delimiter = ',', value_parser = period)]
    period: Vec<Span>,
}

/// Whole hours, from two on.
fn period(text: &str) -> Result<Span, String> {
    let span: Span = text
        .parse()
        .map_err(|error: ParseSpanError| error.to_string())?;
    if span.as_secs() >= 7_200 && span.as_secs().is_multiple_of(3_600) {
        Ok(span)
    } else {
        Err("a period is of whole hours, two at least, such as `10h`".to_owned())
    }
}

impl ClockArgs {
    /// # Errors
    ///
    /// What is wrong in the calendar, with its place.
    pub(in crate::cli) fn clock(&self) -> Result<Clock, Error> {
        let periods: Vec<usize> = self.period.iter().map(|it| hours_of(*it)).collect();
        let clock = Clock::new(self.time_zone.clone().unwrap_or(TimeZone::UTC));
        let clock = clock.looking_for(&periods);
        let Some(path) = &self.calendar else {
            return Ok(clock);
        };
        let wrong = |problem: String| Error::Usage {
            text: format!("the calendar {}{problem}", path.display()),
            hint: Some("`kcost forecast --help` shows what a calendar looks like".to_owned()),
        };
        let size =
            fs::metadata(path).map_err(|error| wrong(format!(" cannot be read: {error}")))?;
        if size.len() > LARGEST {
            return Err(wrong(format!(" has more than {} MiB", LARGEST >> 20)));
        }
        let text = fs::read_to_string(path);
        let text = text.map_err(|error| wrong(format!(" cannot be read: {error}")))?;
        // What lies within each other without end takes the reader of YAML too long.
        let checked = if is_icalendar(&text) {
            Ok(())
        } else {
            check_yaml(&text)
        };
        checked.map_err(|(line, column, problem)| wrong(format!(":{line}:{column}: {problem}")))?;
        let calendar = Calendar::parse(&text);
        let calendar = calendar.map_err(|error| {
            wrong(format!(
                ":{}:{}: {}",
                error.line, error.column, error.problem
            ))
        })?;
        Ok(clock.with(calendar))
    }
}
