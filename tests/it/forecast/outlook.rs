//! What comes of one series: values, bands, and where nothing can be said.

use jiff::tz::TimeZone;
use kcost::forecast::{Clock, Hours, outlook};
use kcost::units::len_f64;

use super::{MONDAY, Noise, by_day, hours};

fn next(hours: &Hours) -> i64 {
    hours.first + i64::try_from(hours.values.len()).unwrap()
}

#[test]
fn less_than_two_days_say_nothing() {
    let clock = Clock::default();
    let day = hours(2, |hour| {
        if hour < 1 {
            f64::NAN
        } else {
            1.0 + by_day(hour)
        }
    });
    assert_eq!(outlook(&day, next(&day), 24, &clock), None);
    let two = hours(2, |hour| 2.0 + by_day(hour));
    assert!(outlook(&two, next(&two), 24, &clock).is_some());
}

#[test]
fn what_was_not_seen_for_a_day_is_not_forecast() {
    let clock = Clock::default();
    let series = hours(14, |hour| 2.0 + by_day(hour));
    assert_eq!(outlook(&series, next(&series) + 24, 24, &clock), None);
    let later = outlook(&series, next(&series) + 3, 24, &clock).unwrap();
    assert!(
        (later.points[0].value - 2.0 - by_day(3)).abs() < 0.05,
        "{:?}",
        later.points[0]
    );
}

#[test]
fn what_never_moved_stays() {
    let steady = hours(7, |_| 3.0);
    let outlook = outlook(&steady, next(&steady), 48, &Clock::default()).unwrap();
    assert_eq!(outlook.model(), "same_hour_yesterday");
    assert_eq!(outlook.error, Some(0.0));
    let is_level = |it: f64| (it - 3.0).abs() < 1e-9;
    let stays = |it: &kcost::forecast::Point| [it.value, it.low, it.high].into_iter().all(is_level);
    assert!(outlook.points.len() == 48 && outlook.points.iter().all(stays));
}

#[test]
fn a_friday_evening_is_seen_before_it_comes() {
    let mut noise = Noise::new(11);
    let friday = |hour: i64| (hour / 24) % 7 == 4 && (20..22).contains(&(hour % 24));
    let series = hours(28, |hour| {
        1.0 + 8.0 * f64::from(u8::from(friday(hour))) + 0.05 * noise.next()
    });
    let outlook = outlook(&series, next(&series), 168, &Clock::default()).unwrap();
    for (point, hour) in outlook.points.iter().zip(28 * 24..) {
        let came = if friday(hour) { 9.0 } else { 1.0 };
        assert!((point.value - came).abs() < 0.5, "{hour}: {point:?}");
    }
}

#[test]
fn a_gap_is_not_a_quiet_day() {
    let mut noise = Noise::new(12);
    let mut series = hours(21, |hour| 10.0 + 4.0 * by_day(hour) + 0.3 * noise.next());
    let len = series.values.len();
    series.values[len - 60..len - 20].fill(f64::NAN);
    let outlook = outlook(&series, next(&series), 24, &Clock::default()).unwrap();
    for (point, hour) in outlook.points.iter().zip(0..) {
        assert!(
            (point.value - 10.0 - 4.0 * by_day(hour)).abs() < 1.0,
            "{hour}: {point:?}"
        );
    }
}

/// Clocks in Berlin go back on 2025-10-26: what people do at nine is at eight UTC from then on.
#[test]
fn a_habit_stays_at_its_hour_when_clocks_change() {
    let clock = Clock::new(TimeZone::get("Europe/Berlin").unwrap());
    // 2025-10-27 00:00 UTC, a Monday.
    let change = 489_312;
    assert_eq!(change, MONDAY);
    let value = |hour: i64| {
        let busy = clock.local(hour).rem_euclid(24) == 9;
        1.0 + 9.0 * f64::from(u8::from(busy))
    };
    let first = change - 21 * 24;
    let series = Hours {
        first,
        values: (first..change).map(value).collect(),
    };
    let outlook = outlook(&series, change, 72, &clock).unwrap();
    for (point, hour) in outlook.points.iter().zip(change..) {
        assert!((point.value - value(hour)).abs() < 0.5, "{hour}: {point:?}");
    }
}

#[test]
fn nine_hours_of_ten_lie_within_the_bands() {
    let (mut inside, mut all) = (0, 0);
    for seed in 0..12 {
        let mut noise = Noise::new(100 + seed);
        let mut level = 0.0;
        let series = hours(29, |hour| {
            level = 0.8 * level + 0.6 * noise.next();
            10.0 + 3.0 * by_day(hour) + level
        });
        let known = Hours {
            first: series.first,
            values: series.values[..28 * 24].to_vec(),
        };
        let outlook = outlook(&known, next(&known), 24, &Clock::default()).unwrap();
        for (point, came) in outlook.points.iter().zip(&series.values[28 * 24..]) {
            assert!(point.low <= point.value && point.value <= point.high);
            inside += usize::from((point.low..=point.high).contains(came));
            all += 1;
        }
    }
    let share = len_f64(inside) / len_f64(all);
    assert!((0.82..=0.98).contains(&share), "{share}");
}

/// What weekends are off by is no width of a Wednesday.
#[test]
fn bands_of_working_days_do_not_reach_down_to_weekends() {
    let mut noise = Noise::new(21);
    let series = hours(28, |hour| {
        let weekend = (hour / 24) % 7 >= 5;
        let busy = !weekend && (8..18).contains(&(hour % 24));
        (0.3 + 4.0 * f64::from(u8::from(busy))) * (1.0 + 0.05 * noise.next())
    });
    let told = outlook(&series, next(&series), 120, &Clock::default()).unwrap();
    // From Monday on: hours at which it was busy on every working day.
    for (hour, point) in told.points.iter().enumerate() {
        if (9..17).contains(&(hour % 24)) {
            assert!(point.low > 2.5, "{hour}: {point:?}");
        }
    }
}

/// A season of days of the month is forecast where it is told.
#[test]
fn the_first_of_a_month_is_forecast() {
    let mut noise = Noise::new(22);
    // The series begin on a Monday, 2025-10-27: its first days of months are these.
    let firsts = [5_i64, 35, 66, 97];
    let series = hours(94, |hour| {
        let first = firsts.contains(&(hour / 24));
        (1.0 + 3.0 * f64::from(u8::from(first))) * (1.0 + 0.05 * noise.next())
    });
    let told = outlook(&series, next(&series), 168, &Clock::default()).unwrap();
    assert!(
        told.seasons.iter().any(|it| it.name() == "day_of_month"),
        "{:?}",
        told.seasons
    );
    // Three days on it is the first of February.
    let usual = |hour: usize| told.points[hour].value;
    assert!(
        (0..72).all(|hour| (0.8..1.3).contains(&usual(hour))),
        "{:?}",
        told.points
    );
    assert!(
        (72..96).all(|hour| (3.2..4.8).contains(&usual(hour))),
        "{:?}",
        told.points
    );
    assert!(
        (96..168).all(|hour| (0.8..1.3).contains(&usual(hour))),
        "{:?}",
        told.points
    );
}

/// A period that was named and is proven is forecast with.
#[test]
fn what_comes_every_other_day_is_forecast_by_its_period() {
    let mut noise = Noise::new(16);
    let busy = |hour: i64| (hour / 24) % 2 == 0 && (10..12).contains(&(hour % 24));
    let series = hours(28, |hour| {
        0.3 + 4.0 * f64::from(u8::from(busy(hour))) + 0.02 * noise.next()
    });
    let clock = Clock::default();
    let without = outlook(&series, next(&series), 96, &clock).unwrap();
    let with = outlook(&series, next(&series), 96, &clock.looking_for(&[48])).unwrap();
    assert!(with.model().contains("period"), "{:?}", with.mix);
    assert!(
        with.error.unwrap() < 0.3 * without.error.unwrap(),
        "{:?}",
        with.error
    );
    for (point, hour) in with.points.iter().zip(28 * 24..) {
        let came = if busy(hour) { 4.3 } else { 0.3 };
        assert!((point.value - came).abs() < 0.2, "{hour}: {point:?}");
    }
}

/// One Friday of eight days is no measure of how far the next week may go.
#[test]
fn bands_of_few_days_stay_near_what_ever_came() {
    for days in [8, 10, 15] {
        let mut noise = Noise::new(31);
        let series = hours(days, |hour| {
            let busy = (hour / 24) % 7 == 4 && (20..22).contains(&(hour % 24));
            (0.3 + 4.0 * f64::from(u8::from(busy))) * (1.0 + 0.05 * noise.next())
        });
        let most = series.values.iter().copied().fold(0.0, f64::max);
        let told = outlook(&series, next(&series), 168, &Clock::default()).unwrap();
        let high = told.points.iter().map(|it| it.high).fold(0.0, f64::max);
        assert!(high <= 1.6 * most, "{days}: {high} of {most}");
    }
}

#[test]
fn bands_of_few_days_hold_too() {
    let (mut inside, mut all) = (0, 0);
    for seed in 0..24 {
        let mut noise = Noise::new(400 + seed);
        let (mut level, rises) = (0.0, f64::from(u8::from(seed % 3 == 0)));
        let series = hours(11, |hour| {
            level = 0.8 * level + 0.6 * noise.next();
            10.0 + 3.0 * by_day(hour)
                + level
                + rises * f64::from(i32::try_from(hour).unwrap()) / 48.0
        });
        let known = Hours {
            first: series.first,
            values: series.values[..10 * 24].to_vec(),
        };
        let outlook = outlook(&known, next(&known), 24, &Clock::default()).unwrap();
        for (point, came) in outlook.points.iter().zip(&series.values[10 * 24..]) {
            inside += usize::from((point.low..=point.high).contains(came));
            all += 1;
        }
    }
    let share = len_f64(inside) / len_f64(all);
    assert!((0.8..=0.99).contains(&share), "{share}");
}
