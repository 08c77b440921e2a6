//! What workloads will use: seasons that are proven, and forecasts with bands that hold.
//!
//! The signal is total work, hour by hour: what all pods of a workload use together
//! ([`Work`]), so that replicas that come and go do not look like load. Several simple
//! [`Model`]s forecast it from many moments of its own past, and are mixed by how far they
//! were off there ([`Trials`]); the bands are what was left over in these replays. What came
//! on one day alone ([`once`]) teaches them nothing, and where the newest days have a level of
//! their own, what was before is brought to it. A
//! [`Season`] is only told where chance does not explain it. What has a limit ([`Capacity`])
//! is forecast by what it holds of all of them.
//!
//! Everything is hours of local time, so that a habit of people stays where it is when
//! clocks change ([`Clock`]).

mod bands;
mod capacity;
mod clock;
mod cycles;
mod day_of_month;
mod level;
mod model;
mod month;
mod once;
mod outlook;
mod past;
mod replay;
mod report;
mod season;
mod trial;
mod work;

pub use capacity::{Capacity, Full, Most, SIGHT, Unit, What, Why};
pub use clock::{Clock, Clocks, Special};
pub use cycles::Cycles;
pub use day_of_month::{DayOfMonth, WeekdayOfMonth, number_in_month};
pub use model::{ALL, Model, by_name, names};
pub use month::MonthPeak;
pub use once::{Once, once, once_so_far};
pub use outlook::{Mixed, Outlook, Point, outlook, quiet_since, without_seasons};
pub use past::Past;
pub use replay::{HORIZONS, Judged, MOMENTS, NAIVE, NEXT, Replayed, replay, replay_from};
pub use report::{
    Forecast, Forecasts, Metric, Options, SeriesForecast, forecast, forecast_from, forecast_of,
    forecast_one, hours_of, seasons_of, works,
};
pub use season::{Kind, Season, may_tell_months, seasons, seasons_and};
pub use trial::{Trials, Weights};
pub use work::{Gather, Hours, Measured, Work};

/// Hours of a day.
const DAY: usize = 24;

/// Hours of a week.
const WEEK: usize = 168;
