//! How many replicas a workload needs when, proven on its own past.
//!
//! Needed are so many replicas as hold the total work ([`Need`]) with no more than a given
//! chance of being short. Dynamic programming cuts the week into as few [`Window`]s as that
//! takes ([`segments`]), each early by what pods and nodes take to start ([`Lead`]).
//! What that is worth is played on the workload's own history, against what runs today, a
//! size for the peak, and a HorizontalPodAutoscaler by its own algorithm ([`Way`]): every
//! stretch of it against windows that were made without it. What wins is advised, and that
//! may be nothing.

mod advice;
mod alike;
mod apart;
mod batch;
mod bound;
mod calendar;
mod choose;
mod cron;
mod days;
mod draft;
mod event;
mod fleet;
mod hindered;
mod history;
mod hpa;
mod lead;
mod line;
mod making;
mod month;
mod month_days;
mod moved;
mod need;
mod peak;
mod plan;
mod play;
mod playing;
mod replica;
mod report;
mod seen;
mod segment;
mod sleep;
mod step;
mod subject;
mod traffic;
mod trial;
mod window;
mod words;
mod zone;

pub use advice::{Advice, Leave};
pub use alike::{Alike, Cycle};
pub use apart::Apart;
pub use batch::{Move, moves};
pub use bound::{Bound, Limit};
pub use calendar::{Days, clock_time};
pub use cron::OURS;
pub use event::Coming;
pub use hpa::{Hpa, Metrics};
pub use lead::{Lead, Measured};
pub use month::{MonthEvidence, MonthWindow};
pub use month_days::MonthDays;
pub use need::Need;
pub use peak::{Peak, Peaks, findings};
pub use plan::{Options, Plan, ToZero};
pub use replica::{Replica, replicas};
pub use report::{Schedules, plans_from, schedule_from};
pub use segment::{Segment, segments};
pub use sleep::{Nap, Sign, Sleep};
pub use traffic::{Traffic, Unused};
pub use trial::{Outcome, Way};
pub use window::{Evidence, Window, levels};
pub use words::{date, evidence, month_evidence};
pub use zone::{UNKNOWN_ZONE, clock_of, clocks, zone_gaps};

/// Quarters of an hour of a day: what needs are told by.
const DAY: usize = 96;

/// And of a week.
const WEEK: usize = 7 * DAY;

/// Minutes of a quarter.
const QUARTER: u32 = 15;

/// Minutes of a day.
const MINUTES: u32 = 24 * 60;
