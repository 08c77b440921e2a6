//! Ways to say what comes, one file each.

mod adjusted;
mod alike;
mod days;
mod drift;
mod halves;
mod hour_of;
mod like_last;
mod naive;
mod recent;
mod shape;
mod smooth;
mod trend;
mod working_day;

use super::Past;
use super::cycles::Center;
use super::{DAY, WEEK};
use adjusted::{Adjusted, By};
use alike::Alike;
use days::Days;
use drift::Drift;
use halves::Halves;
use hour_of::HourOf;
use like_last::LikeLast;
use naive::SameHour;
use recent::Recent;
use shape::Shape;
use smooth::Smooth;
use trend::Trend;
use working_day::WorkingDay;

/// One way to say what comes from what was.
///
/// Implement it in a new file of this folder and add the value to [`ALL`].
pub trait Model: Send + Sync {
    /// The name in machine output, in snake_case. Never renamed.
    fn name(&self) -> &'static str;
    /// The next hours; `None` where too little is known for this way.
    fn ahead(&self, past: &Past<'_>, hours: usize) -> Option<Vec<f64>>;
    /// What it expected of the last day, by what came before; `None` where it cannot say.
    fn last_day(&self, _: &Past<'_>) -> Option<Vec<f64>> {
        None
    }
}

static YESTERDAY: SameHour = SameHour {
    name: "same_hour_yesterday",
    period: DAY,
};
static LAST_WEEK: SameHour = SameHour {
    name: "same_hour_last_week",
    period: WEEK,
};
static WEEK_MEAN: HourOf = HourOf {
    name: "hour_of_week_mean",
    period: WEEK,
    cycles: 3,
    least: 2,
    center: Center::Mean,
};
static WEEK_MEDIAN: HourOf = HourOf {
    name: "hour_of_week_median",
    period: WEEK,
    cycles: 4,
    least: 3,
    center: Center::Median,
};
static DAY_3: HourOf = HourOf {
    name: "hour_of_day_3d",
    period: DAY,
    cycles: 3,
    least: 2,
    center: Center::Median,
};
static DAY_7: HourOf = HourOf {
    name: "hour_of_day_7d",
    period: DAY,
    cycles: 7,
    least: 4,
    center: Center::Median,
};
static DAY_14: HourOf = HourOf {
    name: "hour_of_day_14d",
    period: DAY,
    cycles: 14,
    least: 8,
    center: Center::Median,
};

/// Models of a period, in hours, that is proven beside days and weeks.
pub(super) fn of_period(period: usize) -> [Box<dyn Model>; 2] {
    [
        Box::new(SameHour {
            name: "same_hour_of_period",
            period,
        }),
        Box::new(HourOf {
            name: "hour_of_period_median",
            period,
            cycles: 6,
            least: 3,
            center: Center::Median,
        }),
    ]
}

const fn adjusted(name: &'static str, base: &'static dyn Model, by: By) -> Adjusted {
    Adjusted { name, base, by }
}

/// Every model. The first is always possible, and what others are measured against.
#[rustfmt::skip]
pub static ALL: &[&dyn Model] = &[
    &YESTERDAY,
    &LAST_WEEK,
    &WEEK_MEAN,
    &WEEK_MEDIAN,
    &DAY_3,
    &DAY_7,
    &DAY_14,
    &WorkingDay,
    &Alike,
    &Smooth,
    &Halves { name: "yesterday_and_last_week", models: [&YESTERDAY, &LAST_WEEK] },
    &Halves { name: "hour_of_day_and_last_week", models: [&DAY_3, &LAST_WEEK] },
    &Recent { name: "last_hour", hours: 1 },
    &Recent { name: "last_day", hours: DAY },
    &Recent { name: "last_week", hours: WEEK },
    &Drift,
    &Days(&Trend),
    &Days(&LikeLast),
    &Days(&Shape),
    &adjusted("yesterday_fading", &YESTERDAY, By::LastHour { kept: 0.75 }),
    &adjusted("yesterday_lasting", &YESTERDAY, By::LastHour { kept: 1.0 }),
    &adjusted("hour_of_day_level", &DAY_7, By::Level),
    &adjusted("hour_of_day_fading", &DAY_7, By::LastHour { kept: 0.75 }),
    &adjusted("hour_of_day_lasting", &DAY_7, By::LastHour { kept: 0.95 }),
    &adjusted("working_day_level", &WorkingDay, By::Level),
    &adjusted("working_day_ratio", &WorkingDay, By::Ratio),
    &adjusted("working_day_fading", &WorkingDay, By::LastHour { kept: 0.75 }),
    &adjusted("working_day_lasting", &WorkingDay, By::LastHour { kept: 0.95 }),
    &adjusted("days_alike_level", &Alike, By::Level),
    &Days(&adjusted("days_alike_ratio", &Alike, By::Ratio)),
    &adjusted("last_week_level", &LAST_WEEK, By::Level),
    &adjusted("last_week_lasting", &LAST_WEEK, By::LastHour { kept: 0.95 }),
    &adjusted("hour_of_week_level", &WEEK_MEDIAN, By::Level),
    &adjusted("hour_of_week_ratio", &WEEK_MEDIAN, By::Ratio),
    &adjusted("hour_of_week_lasting", &WEEK_MEDIAN, By::LastHour { kept: 0.95 }),
];

/// The names of [`ALL`].
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|model| model.name()).collect()
}

/// The model of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Model> {
    ALL.iter().copied().find(|model| model.name() == name)
}
