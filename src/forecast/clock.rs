//! Hours as the people who cause load count them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Hours;

/// The time zone that days and weeks are counted in.
#[derive(Debug, Clone)]
pub struct Clock {
    zone: TimeZone,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            zone: TimeZone::UTC,
        }
    }
}

impl Clock {
    pub fn new(zone: TimeZone) -> Self {
        Self { zone }
    }

    /// The local hour in which an hour since the epoch begins.
    pub fn local(&self, hour: i64) -> i64 {
        let seconds = hour.saturating_mul(3_600);
        let time = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        let offset = self.zone.to_offset(time).seconds();
        (seconds + i64::from(offset)).div_euclid(3_600)
    }

    /// The local second at a second since the epoch.
    pub fn local_second(&self, second: i64) -> i64 {
        let time = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
        second + i64::from(self.zone.to_offset(time).seconds())
    }

    /// Its name in the tz database; `UTC` where it has none.
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The same values by local hour: of an hour that comes twice the mean, and nothing
    /// for one that is left out.
    pub fn localized(&self, hours: &Hours) -> Hours {
        let first = self.local(hours.first);
        let mut sums: Vec<(f64, f64)> = Vec::with_capacity(hours.values.len() + 1);
        for (value, hour) in hours.values.iter().zip(hours.first..) {
            let place = usize::try_from(self.local(hour) - first).unwrap_or(0);
            if sums.len() <= place {
                sums.resize(place + 1, (0.0, 0.0));
            }
            if value.is_finite() {
                sums[place].0 += value;
                sums[place].1 += 1.0;
            }
        }
        let values = sums.into_iter().map(|(sum, count)| sum / count);
        Hours {
            first,
            values: values.collect(),
        }
    }
}
