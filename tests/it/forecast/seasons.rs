//! A season is told where there is one, and not where chance explains it.

use kcost::forecast::{Hours, Season, seasons};
use kcost::units::{Span, len_f64};

use super::{Noise, by_day, hours};

fn periods(hours: &Hours) -> Vec<&'static str> {
    seasons(hours).iter().map(Season::name).collect()
}

fn is_weekend(hour: i64) -> bool {
    (hour / 24) % 7 >= 5
}

#[test]
fn a_day_that_comes_again_is_a_season() {
    let mut noise = Noise::new(1);
    let found = seasons(&hours(14, |hour| 10.0 + 2.0 * by_day(hour) + noise.next()));
    let [
        Season {
            period,
            strength,
            p_value,
            ..
        },
    ] = found[..]
    else {
        panic!("{found:?}")
    };
    assert_eq!(period, Span::DAY);
    assert!(
        (0.5..0.8).contains(&strength) && p_value <= 0.01,
        "{found:?}"
    );
}

#[test]
fn a_part_of_a_day_is_told_as_such() {
    let mut noise = Noise::new(2);
    let found = seasons(&hours(14, |hour| {
        let busy = hour.rem_euclid(6) == 0;
        10.0 + 5.0 * f64::from(u8::from(busy)) + 0.3 * noise.next()
    }));
    assert_eq!(
        found.iter().map(|it| it.period).collect::<Vec<_>>(),
        [Span::from_secs(6 * 3_600)]
    );
    assert_eq!(found[0].name(), "part_of_day");
}

#[test]
fn weekends_are_told_apart_from_single_days() {
    let mut noise = Noise::new(3);
    let working = hours(28, |hour| {
        let load = if is_weekend(hour) { 0.2 } else { 1.0 };
        10.0 * load + 3.0 * load * by_day(hour) + 0.5 * noise.next()
    });
    assert_eq!(periods(&working), ["daily", "working_day"]);
    let mut noise = Noise::new(4);
    let fridays = hours(28, |hour| {
        let peak = (hour / 24) % 7 == 4 && (19..22).contains(&(hour % 24));
        1.0 + 8.0 * f64::from(u8::from(peak)) + 0.2 * noise.next()
    });
    assert!(
        periods(&fridays).contains(&"weekly"),
        "{:?}",
        seasons(&fridays)
    );
}

#[test]
fn gaps_outliers_and_new_levels_hide_no_season() {
    let mut noise = Noise::new(5);
    let mut series = hours(21, |hour| {
        // A deployment on the ninth day halves the work.
        let level = if hour < 9 * 24 { 20.0 } else { 10.0 };
        level + 3.0 * by_day(hour) + noise.next()
    });
    series.values[100..118].fill(f64::NAN);
    series.values[300..303].fill(f64::NAN);
    series.values[222] = 900.0;
    series.values[401] = 0.0;
    assert!(
        periods(&series).contains(&"daily"),
        "{:?}",
        seasons(&series)
    );
}

#[test]
fn growth_is_no_season() {
    let mut noise = Noise::new(6);
    let grows = hours(28, |hour| {
        100.0 + 0.5 * f64::from(i32::try_from(hour).unwrap()) + noise.next()
    });
    assert_eq!(periods(&grows), [""; 0]);
    assert_eq!(periods(&hours(28, |_| 3.0)), [""; 0]);
}

#[test]
fn a_season_needs_several_cycles() {
    let mut noise = Noise::new(7);
    assert_eq!(
        periods(&hours(5, |hour| 10.0 + 3.0 * by_day(hour) + noise.next())),
        [""; 0]
    );
    let two_weeks = hours(14, |hour| {
        10.0 - 8.0 * f64::from(u8::from(is_weekend(hour))) + noise.next()
    });
    assert!(!periods(&two_weeks).contains(&"working_day"));
}

/// Series of a sort with a season, of so many.
fn claimed(sort: &str, count: u64) -> f64 {
    let has_season = |seed: u64| {
        let mut noise = Noise::new(seed);
        let mut level = 0.0;
        let series = hours(21, |_| {
            let step = noise.next();
            let kept = match sort {
                "white" => 0.0,
                "red" => 0.9,
                "slow" => 0.99,
                _ => 1.0,
            };
            level = kept * level + step;
            100.0 + level
        });
        !seasons(&series).is_empty()
    };
    let claims = (0..count).filter(|seed| has_season(*seed)).count();
    len_f64(claims) / len_f64(usize::try_from(count).unwrap())
}

#[test]
fn noise_has_no_season_whatever_its_colour() {
    for sort in ["white", "red", "slow", "walk"] {
        let share = claimed(sort, 250);
        assert!(share <= 0.05, "{sort}: {share}");
    }
}

/// What goes up at the same hour of each day and never comes down again is growth.
#[test]
fn steps_that_never_come_back_are_no_season() {
    for (each, at) in [(1, 0), (2, 0), (1, 14), (3, 6)] {
        for sign in [1.0, -1.0] {
            let mut noise = Noise::new(11);
            let steps = hours(28, |hour| {
                let step = (hour - at).div_euclid(24).div_euclid(each);
                100.0 + sign * f64::from(i32::try_from(step).unwrap()) + 0.2 * noise.next()
            });
            assert_eq!(
                periods(&steps),
                [""; 0],
                "{each} {at} {:?}",
                seasons(&steps)
            );
        }
    }
    // Nor weeks, where it goes up each Monday.
    let mut noise = Noise::new(12);
    let weeks = hours(28, |hour| {
        let step = (hour / 24 - 4).div_euclid(7);
        100.0 + 3.0 * f64::from(i32::try_from(step).unwrap()) + 0.2 * noise.next()
    });
    assert_eq!(periods(&weeks), [""; 0], "{:?}", seasons(&weeks));
    // A season on what grows stays one.
    let mut noise = Noise::new(13);
    let both = hours(28, |hour| {
        let step = f64::from(i32::try_from(hour / 24).unwrap());
        100.0 + step + 5.0 * by_day(hour) + noise.next()
    });
    assert_eq!(periods(&both), ["daily"], "{:?}", seasons(&both));
}

/// What comes every other day, or every ten hours, is no day.
#[test]
fn other_periods_are_not_told_as_days() {
    let mut noise = Noise::new(14);
    let other_days = hours(28, |hour| {
        let busy = (hour / 24) % 2 == 0 && (10..12).contains(&(hour % 24));
        0.3 + 4.0 * f64::from(u8::from(busy)) + 0.02 * noise.next()
    });
    assert_eq!(periods(&other_days), [""; 0], "{:?}", seasons(&other_days));
    let mut noise = Noise::new(15);
    let ten_hours = hours(28, |hour| {
        let busy = hour.rem_euclid(10) == 0;
        0.3 + 4.0 * f64::from(u8::from(busy)) + 0.02 * noise.next()
    });
    assert_eq!(periods(&ten_hours), [""; 0], "{:?}", seasons(&ten_hours));
}
