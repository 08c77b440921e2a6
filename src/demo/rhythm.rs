//! The shop's days and weeks: how much there is to do in each slot.

use super::noise::Noise;
use super::{SLOTS, START, STEP};

/// What drives the load of a workload. One table each, shared by all of its
/// kind, so that they rise and fall together as in a real shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rhythm {
    /// The same at all times.
    Flat,
    /// Customers: low at night, most in the evening, more on weekends, a little more every week.
    Shop,
    /// Employees: weekdays from 8 to 18.
    Office,
    /// Quiet customers all week, and the sale on Friday at 20:00.
    FridaySale,
    /// Work after midnight.
    Night,
    /// A load that doubles in four weeks.
    Growing,
}

/// The load of each rhythm in each slot, 0 to about 1.
#[derive(Debug)]
pub(super) struct Rhythms([Vec<f32>; 6]);

/// Load at each full hour in UTC; between them it is interpolated.
type Day = [f32; 24];

const CUSTOMERS: Day = [
    0.22, 0.13, 0.08, 0.06, 0.06, 0.09, 0.17, 0.29, 0.40, 0.48, 0.54, 0.59, //
    0.64, 0.61, 0.56, 0.56, 0.60, 0.67, 0.77, 0.90, 1.00, 0.93, 0.68, 0.41,
];
const EMPLOYEES: Day = [
    0.02, 0.02, 0.02, 0.02, 0.02, 0.03, 0.08, 0.32, 0.72, 0.92, 1.00, 0.95, //
    0.68, 0.80, 0.96, 0.93, 0.82, 0.50, 0.22, 0.12, 0.07, 0.05, 0.03, 0.02,
];
const SALE: Day = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, //
    0.0, 0.0, 0.0, 0.0, 0.02, 0.05, 0.12, 0.38, 1.0, 0.62, 0.22, 0.05,
];
const NIGHT_SHIFT: Day = [
    0.35, 1.0, 1.0, 0.9, 0.3, 0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, //
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.05,
];
/// How busy customers make each day of the week, from Monday.
const CUSTOMER_WEEK: [f32; 7] = [0.90, 0.86, 0.88, 0.92, 1.0, 1.06, 1.10];
const FRIDAY: usize = 4;
const SATURDAY: usize = 5;
/// Before the holidays customers get more by this share in four weeks.
const SEASON: f32 = 0.10;

impl Rhythms {
    pub(super) fn new() -> Self {
        let mut tables = std::array::from_fn(|_| Vec::with_capacity(SLOTS));
        let mut noise = Noise::named(&["rhythm"]);
        let days: Vec<f32> = (0..=SLOTS / 288 + 1)
            .map(|_| 1.0 + 0.04 * noise.pair()[0])
            .collect();
        let (mut drift, mut elapsed) = (0.0, 0.0);
        for slot in 0..SLOTS {
            drift = 0.96 * drift + 0.28 * noise.pair()[0];
            elapsed += 1.0 / f32::from(u16::try_from(SLOTS).unwrap_or(u16::MAX));
            let seconds = START.as_second() + i64::from(STEP) * i64::try_from(slot).unwrap_or(0);
            let moment = Moment::at(seconds, days[slot / 288], drift, elapsed);
            for (table, rhythm) in tables.iter_mut().zip(Rhythm::ALL) {
                table.push(moment.load(rhythm));
            }
        }
        Self(tables)
    }

    pub(super) fn table(&self, rhythm: Rhythm) -> &[f32] {
        let place = Rhythm::ALL.iter().position(|other| *other == rhythm);
        &self.0[place.unwrap_or(0)]
    }
}

impl Rhythm {
    const ALL: [Self; 6] = [
        Self::Flat,
        Self::Shop,
        Self::Office,
        Self::FridaySale,
        Self::Night,
        Self::Growing,
    ];
}

/// One slot, as far as load depends on it.
struct Moment {
    /// From Monday.
    weekday: usize,
    hour: usize,
    /// Into the hour, 0 to 1.
    within: f32,
    /// How this day differs from others.
    day: f32,
    /// Slow noise that all of the shop shares, deviation about 1.
    drift: f32,
    /// Of the window, 0 to 1.
    elapsed: f32,
}

impl Moment {
    fn at(seconds: i64, day: f32, drift: f32, elapsed: f32) -> Self {
        let index = |value: i64| usize::try_from(value).unwrap_or(0);
        let minute = u16::try_from(seconds.rem_euclid(3_600) / 60).unwrap_or(0);
        Self {
            // 1970-01-01 was a Thursday.
            weekday: index((seconds.div_euclid(86_400) + 3).rem_euclid(7)),
            hour: index(seconds.rem_euclid(86_400) / 3_600),
            within: f32::from(minute) / 60.0,
            day,
            drift,
            elapsed,
        }
    }

    fn load(&self, rhythm: Rhythm) -> f32 {
        let steady = 1.0 + 0.02 * self.drift;
        let wave = self.day * (1.0 + 0.04 * self.drift);
        let customers = self.of(&CUSTOMERS)
            * CUSTOMER_WEEK[self.weekday]
            * (1.0 - SEASON + SEASON * self.elapsed)
            * wave;
        match rhythm {
            Rhythm::Flat => steady,
            Rhythm::Shop => customers,
            Rhythm::Office if self.weekday >= SATURDAY => 0.03 * wave,
            Rhythm::Office => self.of(&EMPLOYEES) * wave,
            Rhythm::FridaySale if self.weekday == FRIDAY => {
                0.22 * customers + 0.8 * self.of(&SALE) * self.day
            }
            Rhythm::FridaySale => 0.22 * customers,
            Rhythm::Night => self.of(&NIGHT_SHIFT) * wave,
            Rhythm::Growing => (0.5 + 0.5 * self.elapsed) * steady,
        }
    }

    fn of(&self, day: &Day) -> f32 {
        let (now, next) = (day[self.hour], day[(self.hour + 1) % 24]);
        now + (next - now) * self.within
    }
}
