//! What forecasts are worth on real series, where `KCOST_TEST_DATA` names the folder with
//! them: seven moments, a day apart, against three rules of thumb, and the next hour at each
//! hour of the day once, against the last hour too.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use kcost::forecast::{Clock, HORIZONS, Hours, Judged, NAIVE, Season, replay, seasons};
use kcost::units::{float, len_f64};
use rayon::prelude::*;

use crate::common::skipped;

/// Files of series, and the columns of values in them.
const FILES: [(&str, &[usize]); 4] = [
    ("crane_dsp_4.csv.gz", &[2]),
    ("cloud_pools_6.csv.gz", &[2, 4]),
    ("microsoft_cloud_monitoring_10.csv.gz", &[2]),
    ("nab_aws_6.csv.gz", &[2]),
];

/// Every series as hourly means, by name.
fn all() -> Option<BTreeMap<String, Hours>> {
    let folder = std::env::var_os("KCOST_TEST_DATA")?;
    let mut all = BTreeMap::new();
    for (file, columns) in FILES {
        let path = Path::new(&folder).join(file);
        for column in columns {
            all.extend(read(&path, *column)?);
        }
    }
    Some(all)
}

fn read(path: &Path, column: usize) -> Option<BTreeMap<String, Hours>> {
    let raw = flate2::read::MultiGzDecoder::new(fs::File::open(path).ok()?);
    let mut reader = csv::Reader::from_reader(raw);
    let head = reader.headers().unwrap().get(column).unwrap().to_owned();
    let mut sums: BTreeMap<String, BTreeMap<i64, (f64, u64)>> = BTreeMap::new();
    for row in reader.records() {
        let row = row.unwrap();
        let (time, value) = (row[1].parse::<f64>().unwrap(), row[column].parse::<f64>());
        let Ok(value) = value else { continue };
        let hour = i64::try_from(kcost::units::count_from(time)).unwrap() / 3_600;
        let name = row[0].rsplit('/').next().unwrap();
        let name = if head == "value" {
            name.to_owned()
        } else {
            format!("{name} {head}")
        };
        let sum = sums.entry(name).or_default().entry(hour).or_default();
        *sum = (sum.0 + value, sum.1 + 1);
    }
    Some(
        sums.into_iter()
            .map(|(name, sums)| (name, hours(&sums)))
            .collect(),
    )
}

/// The longest stretch without a week's gap.
fn hours(sums: &BTreeMap<i64, (f64, u64)>) -> Hours {
    let times: Vec<i64> = sums.keys().copied().collect();
    let stretch = times
        .chunk_by(|a, b| b - a <= 7 * 24)
        .max_by_key(|it| it.len())
        .unwrap();
    let (first, last) = (stretch[0], stretch[stretch.len() - 1]);
    let mean = |hour: i64| {
        sums.get(&hour)
            .map_or(f64::NAN, |(sum, count)| sum / float(*count))
    };
    Hours {
        first,
        values: (first..=last).map(mean).collect(),
    }
}

/// What there is of the newest five weeks.
fn newest(hours: &Hours) -> Hours {
    let from = hours.values.len().saturating_sub(35 * 24);
    Hours {
        first: hours.first + i64::try_from(from).unwrap(),
        values: hours.values[from..].to_vec(),
    }
}

/// The error of the best rule of thumb: of those with a season, further than the next hour.
fn best(judged: &Judged) -> f64 {
    let with_season = judged.naive[..3].iter().copied();
    match judged.horizon {
        1 => judged.best_naive(),
        _ => with_season.fold(f64::INFINITY, f64::min),
    }
}

fn row(name: &str, judged: &Judged, seasons: &[Season]) -> String {
    let naive = judged.naive.map(|it| format!("{it:.3}")).join(" ");
    let kinds: Vec<&str> = seasons.iter().map(Season::name).collect();
    format!(
        "{:>4} h  {:.3} against {naive}  ratio {:.2}  inside {:.0} %  {name} {}",
        judged.horizon,
        judged.error,
        judged.error / best(judged),
        100.0 * len_f64(judged.inside.0) / len_f64(judged.inside.1.max(1)),
        kinds.join(",")
    )
}

/// How all series did, so many hours ahead.
struct Summary {
    /// Of the error of the best rule of thumb, as a geometric mean.
    ratio: f64,
    /// Share of series on which none of them is better, and on which none is by a twentieth.
    better: f64,
    as_good: f64,
    /// Share of all hours within the bands.
    inside: f64,
}

impl Summary {
    fn of(judged: &[&Judged]) -> Self {
        let ratios = judged.iter().map(|it| it.error / best(it));
        let ratios: Vec<f64> = ratios.filter(|it| it.is_finite() && *it > 0.0).collect();
        let count = len_f64(ratios.len());
        let share = |most: f64| len_f64(ratios.iter().filter(|it| **it <= most).count()) / count;
        let inside: usize = judged.iter().map(|it| it.inside.0).sum();
        let all: usize = judged.iter().map(|it| it.inside.1).sum();
        Self {
            ratio: (ratios.iter().map(|it| it.ln()).sum::<f64>() / count).exp(),
            better: share(1.0),
            as_good: share(1.05),
            inside: len_f64(inside) / len_f64(all),
        }
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "figures are what it is for")]
fn forecasts_of_real_series() {
    let Some(all) = all() else {
        return skipped("KCOST_TEST_DATA names no folder with real series");
    };
    let clock = Clock::default();
    let all: Vec<(String, Hours)> = all.into_iter().collect();
    let judged: Vec<(&str, Vec<Judged>, Vec<Season>)> = all
        .par_iter()
        .map(|(name, hours)| {
            (
                &**name,
                replay(&newest(hours), &clock),
                seasons(&newest(hours)),
            )
        })
        .collect();
    eprintln!("against {}", NAIVE.join(", "));
    let mut summaries = Vec::new();
    for horizon in HORIZONS {
        let mut of_horizon = Vec::new();
        for (name, judged, seasons) in &judged {
            if let Some(judged) = judged.iter().find(|it| it.horizon == horizon) {
                eprintln!("{}", row(name, judged, seasons));
                of_horizon.push(judged);
            }
        }
        let summary = Summary::of(&of_horizon);
        eprintln!(
            "{horizon} h: ratio {:.3}, better {:.2}, within a twentieth {:.2}, inside {:.3}",
            summary.ratio, summary.better, summary.as_good, summary.inside
        );
        summaries.push(summary);
    }
    let [hour, day, week] = &summaries[..] else {
        unreachable!()
    };
    assert!(hour.ratio < 0.85 && hour.better > 0.7);
    assert!(day.ratio < 0.88 && day.better > 0.7 && day.as_good > 0.75);
    assert!(week.ratio < 1.0 && week.better > 0.6);
    assert!(summaries.iter().all(|it| (0.8..=0.97).contains(&it.inside)));
    let control = judged.iter().find(|it| it.0 == "crane-05").unwrap();
    assert!(control.2.is_empty(), "{:?}", control.2);
}
