//! What came once is no habit, and a new level is one.

use kcost::forecast::{Clock, Hours, Point, outlook};
use kcost::units::len_f64;

use super::{Noise, by_day, hours};

fn ahead(series: &Hours, hours: usize) -> (Vec<Point>, f64) {
    let next = series.first + i64::try_from(series.values.len()).unwrap();
    let told = outlook(series, next, hours, &Clock::default()).unwrap();
    let weekly = told.seasons.iter().find(|it| it.name() == "weekly");
    let strength = weekly.map_or(0.0, |it| it.strength);
    (told.points, strength)
}

fn is_friday_evening(hour: i64) -> bool {
    (hour / 24) % 7 == 4 && (20..22).contains(&(hour % 24))
}

/// One bad day takes no habit out of the forecast, whenever it was.
#[test]
fn a_day_that_was_other_hides_no_season_and_is_none() {
    // First hour, hours, and cores: afternoons, the same evening, a whole day, a spike.
    let odd = [
        (8 * 24 + 12, 4, 9.3),
        (15 * 24 + 12, 4, 9.3),
        (11 * 24 + 20, 2, 20.0),
        (16 * 24, 24, 9.3),
        (26 * 24 + 12, 1, 40.0),
    ];
    for (from, count, cores) in odd {
        let mut noise = Noise::new(31);
        let series = hours(28, |hour| {
            let usual = if is_friday_evening(hour) { 4.3 } else { 0.3 };
            let cores = if (from..from + count).contains(&hour) {
                cores
            } else {
                usual
            };
            cores + 0.02 * noise.next().abs()
        });
        let (points, strength) = ahead(&series, 168);
        // Of a whole day there stays what other days have at the hour of the habit.
        assert!(strength > 0.4, "{from}: {strength}");
        for (point, hour) in points.iter().zip(28 * 24..) {
            let came = if is_friday_evening(hour) { 4.3 } else { 0.3 };
            assert!((point.value - came).abs() < 0.5, "{from} {hour}: {point:?}");
        }
    }
}

/// Where work doubles for good, the days after are forecast at what it is now, and weekends
/// are still weekends.
#[test]
fn a_new_level_is_forecast_from_its_third_day_on() {
    for days in [23, 24, 25] {
        let mut noise = Noise::new(32);
        let usual = |hour: i64| {
            let level = if hour < 21 * 24 { 1.0 } else { 2.0 };
            let weekend = (hour / 24) % 7 >= 5;
            level * (10.0 + 4.0 * by_day(hour)) * if weekend { 0.4 } else { 1.0 }
        };
        let series = hours(days, |hour| usual(hour) * (1.0 + 0.03 * noise.next()));
        let (points, _) = ahead(&series, 120);
        let came = |hour: usize| usual(days * 24 + i64::try_from(hour).unwrap());
        let off: f64 = points
            .iter()
            .enumerate()
            .map(|(hour, it)| (it.value - came(hour)).abs())
            .sum();
        let all: f64 = (0..points.len()).map(came).sum();
        assert!(off / all < 0.15, "{days}: {}", off / all);
    }
}

/// Series of known kinds, hour by hour.
fn made(kind: &str, seed: u64) -> Hours {
    let mut noise = Noise::new(400 + seed);
    let at = i64::try_from(seed).unwrap() * 5 % 24;
    let (mut walk, mut burst) = (0.0, 0.0);
    hours(35, |hour| {
        let step = noise.next();
        let day = 10.0 + 5.0 * by_day(hour + at);
        let value = match kind {
            "weekly" if (hour / 24) % 7 >= 5 => 0.3 * (day + step),
            "other_days" if (hour / 24) % 2 == 0 => 2.0 + 0.5 * step,
            "level" if hour >= 29 * 24 => 2.0 * day + step,
            "daily" | "weekly" | "level" | "other_days" => day + step,
            "growing" => day + 0.02 * len_f64(usize::try_from(hour).unwrap()) + step,
            "one_busy_hour" if hour % 24 == at => 20.0 + 4.0 * step,
            "one_busy_hour" => 1.0 + 0.1 * step,
            "often_nothing" if step > 1.0 => step,
            "often_nothing" => 0.0,
            "bursty" => {
                burst = 0.6 * burst + if step > 1.8 { 15.0 } else { 0.0 };
                2.0 + burst
            }
            "walk" => {
                walk += 0.5 * step;
                30.0 + walk
            }
            _ => 10.0 + 6.0 * step,
        };
        value.max(0.0)
    })
}

/// Beside the best of the rules of thumb, known only afterwards: seven days, a day ahead.
#[test]
#[expect(clippy::print_stderr, reason = "figures are what it is for")]
fn no_kind_of_series_is_far_worse_than_the_best_rule_of_thumb() {
    let kinds = [
        ("daily", 1.0),
        ("weekly", 1.05),
        // The first day of a new level may be a holiday: it is not believed at once.
        ("level", 1.5),
        ("growing", 1.0),
        // No rule of thumb knows days that take turns.
        ("other_days", 0.6),
        ("one_busy_hour", 1.3),
        ("often_nothing", 1.0),
        ("bursty", 1.0),
        ("walk", 1.1),
        ("noise", 1.0),
    ];
    for (kind, most) in kinds {
        let ratio = (0..2)
            .map(|seed| ratio(&made(kind, seed)).ln())
            .sum::<f64>()
            / 2.0;
        eprintln!("{kind}: {:.2}", ratio.exp());
        assert!(ratio.exp() < most, "{kind}: {}", ratio.exp());
    }
}

/// Of what was off in all, to that of the best of yesterday, last week and three weeks.
fn ratio(series: &Hours) -> f64 {
    let off = |rule: &dyn Fn(usize) -> f64, from: usize| -> f64 {
        let hours = from..from + 24;
        hours
            .map(|hour| (rule(hour) - series.values[hour]).abs())
            .sum()
    };
    let ago = |hour: usize, weeks: usize| series.values[hour - weeks * 168];
    let (mut own, mut rules) = (0.0, [0.0; 3]);
    for from in (28..35).map(|day| day * 24) {
        let before = Hours {
            first: series.first,
            values: series.values[..from].to_vec(),
        };
        let (points, _) = ahead(&before, 24);
        own += off(&|hour| points[hour - from].value, from);
        rules[0] += off(&|hour| series.values[hour - 24], from);
        rules[1] += off(&|hour| ago(hour, 1), from);
        rules[2] += off(
            &|hour| (ago(hour, 1) + ago(hour, 2) + ago(hour, 3)) / 3.0,
            from,
        );
    }
    own / rules.into_iter().fold(f64::INFINITY, f64::min)
}
