//! What the anomalies of [`kcost::risk`] are worth on labelled series of others, where
//! `KCOST_TEST_DATA` names the folder with them, and on series that are made here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kcost::risk;
use kcost::snapshot::{Grid, Snapshot};
use kcost::units::Span;

use super::measure::look;
use super::noise::{self, Random};
use super::wild::{self, Wild};
use crate::common::skipped;
use crate::made::{container, workload};
use crate::played::{cluster, play};

/// A series with what experts found in it, as times in seconds.
struct Labelled {
    step: i64,
    from: i64,
    /// One value a step; `NaN` where there is none.
    values: Vec<f64>,
    windows: Vec<(i64, i64)>,
}

impl Labelled {
    /// Of times that ascend, with the distance that most of them have.
    fn of(samples: &[(i64, f64)], windows: Vec<(i64, i64)>) -> Self {
        let mut apart: Vec<i64> = samples.windows(2).map(|it| it[1].0 - it[0].0).collect();
        apart.sort_unstable();
        let (step, from) = (apart[apart.len() / 2], samples[0].0);
        let slots = usize::try_from((samples[samples.len() - 1].0 - from) / step + 1).unwrap();
        let mut values = vec![f64::NAN; slots];
        for (time, value) in samples {
            values[usize::try_from((time - from) / step).unwrap()] = *value;
        }
        Self {
            step,
            from,
            values,
            windows,
        }
    }

    /// Pieces of so many days, one after the other.
    fn cut(&self, days: i64) -> Vec<Self> {
        let long = usize::try_from(days * 86_400 / self.step).unwrap();
        let pieces = self.values.chunks(long).enumerate();
        let whole = pieces.filter(|(_, it)| 20 * it.len() >= 19 * long);
        let piece = |(number, values): (usize, &[f64])| {
            let from = self.from + i64::try_from(number * long).unwrap() * self.step;
            let until = from + days * 86_400;
            let inside = self
                .windows
                .iter()
                .filter(|it| it.1 >= from && it.0 < until);
            Self {
                step: self.step,
                from,
                values: values.to_vec(),
                windows: inside.copied().collect(),
            }
        };
        whole.map(piece).collect()
    }

    fn months(&self) -> f64 {
        let seconds = i64::try_from(self.values.len()).unwrap() * self.step;
        f64::from(i32::try_from(seconds / 60).unwrap()) / 1_440.0 / 30.44
    }
}

fn folder() -> Option<PathBuf> {
    std::env::var_os("KCOST_TEST_DATA").map(PathBuf::from)
}

fn rows(file: &Path) -> BTreeMap<String, Vec<(i64, f64, bool)>> {
    let raw = flate2::read::MultiGzDecoder::new(fs::File::open(file).unwrap());
    let mut all: BTreeMap<String, Vec<(i64, f64, bool)>> = BTreeMap::new();
    for row in csv::Reader::from_reader(raw).records() {
        let row = row.unwrap();
        let (time, value) = (row[1].parse().unwrap(), row[2].parse().unwrap_or(f64::NAN));
        let own = all.entry(row[0].to_owned()).or_default();
        own.push((time, value, &row[3] == "1"));
    }
    for own in all.values_mut() {
        own.sort_by_key(|it| it.0);
    }
    all
}

/// Labels of single points: those within an hour of each other, or two steps, are one window.
fn labelled(file: &Path) -> Vec<Labelled> {
    let of = |rows: Vec<(i64, f64, bool)>| {
        let samples: Vec<(i64, f64)> = rows.iter().map(|it| (it.0, it.1)).collect();
        let mut one = Labelled::of(&samples, Vec::new());
        for (time, _, _) in rows.iter().filter(|it| it.2) {
            match one.windows.last_mut() {
                Some(last) if time - last.1 <= 3_600.max(2 * one.step) => last.1 = time + one.step,
                _ => one.windows.push((*time, time + one.step)),
            }
        }
        one
    };
    rows(file).into_values().map(of).collect()
}

/// Each a Deployment of one pod, whose CPU is the series.
fn snapshot(all: &[&Labelled]) -> Snapshot {
    let mut snapshot = cluster(1);
    snapshot.usage.grid = Grid {
        start: Timestamp::from_second(all[0].from).unwrap(),
        step: Span::from_secs(u32::try_from(all[0].step).unwrap()),
        len: u32::try_from(all.iter().map(|it| it.values.len()).max().unwrap()).unwrap(),
    };
    for (number, one) in all.iter().enumerate() {
        let name = format!("series-{number}");
        let own = workload("Deployment", &name, 1, vec![container("app", 100, 128)]);
        play(&mut snapshot, own, |_, slot| {
            let value = one.values.get(usize::try_from(slot).unwrap());
            (value.copied().unwrap_or(f64::NAN), f64::NAN)
        });
    }
    snapshot
}

/// What kcost finds in each, as times.
fn found(all: &[&Labelled]) -> Vec<Vec<(i64, i64)>> {
    let snapshot = snapshot(all);
    let mut told = vec![Vec::new(); all.len()];
    look(&snapshot, |seen| {
        for risk in risk::by_name("anomaly").unwrap().look(seen).risks {
            let until = risk.until.unwrap_or(seen.now).as_second();
            told[risk.workload.unwrap()].push((risk.since.unwrap().as_second(), until));
        }
    });
    told
}

/// Values beyond a threshold, those within six hours of each other as one.
fn beyond(one: &Labelled, scores: &[f64], threshold: f64) -> Vec<(i64, i64)> {
    let mut told: Vec<(i64, i64)> = Vec::new();
    for (slot, _) in scores.iter().enumerate().filter(|(_, it)| **it > threshold) {
        let at = one.from + i64::try_from(slot).unwrap() * one.step;
        match told.last_mut() {
            Some(last) if at - last.1 <= 6 * 3_600 => last.1 = at + one.step,
            _ => told.push((at, at + one.step)),
        }
    }
    told
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.filter(|it| it.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn scored(middle: f64, spread: f64, at: f64) -> f64 {
    (at - middle).abs() / spread.max(0.01 * middle.abs()).max(1e-9)
}

/// Distance from the median of the day before, in its spreads.
fn rolling(one: &Labelled) -> Vec<f64> {
    let day = usize::try_from(86_400 / one.step).unwrap();
    let score = |slot: usize| {
        let before = &one.values[slot.saturating_sub(day)..slot];
        let middle = median(before.iter().copied());
        let spread = 1.4826 * median(before.iter().map(|it| (it - middle).abs()));
        scored(middle, spread, one.values[slot])
    };
    (0..one.values.len())
        .map(|slot| if slot < day / 4 { 0.0 } else { score(slot) })
        .collect()
}

/// Distance from the median of this hour of the day, in the spreads of all of them.
fn seasonal(one: &Labelled) -> Vec<f64> {
    let hour = |slot: usize| {
        let time = one.from + i64::try_from(slot).unwrap() * one.step;
        usize::try_from(time.rem_euclid(86_400) / 3_600).unwrap()
    };
    let mut hours = vec![Vec::new(); 24];
    for (slot, value) in one.values.iter().enumerate() {
        hours[hour(slot)].push(*value);
    }
    let usual: Vec<f64> = hours.iter().map(|it| median(it.iter().copied())).collect();
    let slots = one.values.iter().enumerate();
    let left: Vec<f64> = slots.map(|(slot, it)| it - usual[hour(slot)]).collect();
    let spread = 1.4826 * median(left.iter().map(|it| it.abs()));
    let level = median(one.values.iter().copied());
    left.iter()
        .map(|it| it.abs() / spread.max(0.01 * level.abs()).max(1e-9))
        .collect()
}

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    found: u32,
    windows: u32,
    alarms: u32,
    months: f64,
}

impl Tally {
    fn add(&mut self, one: &Labelled, told: &[(i64, i64)]) {
        let meets = |a: &(i64, i64), b: &(i64, i64)| a.0 <= b.1 && a.1 >= b.0;
        let hit = one
            .windows
            .iter()
            .filter(|window| told.iter().any(|it| meets(it, window)));
        self.found += u32::try_from(hit.count()).unwrap();
        self.windows += u32::try_from(one.windows.len()).unwrap();
        let wrong = told
            .iter()
            .filter(|it| !one.windows.iter().any(|window| meets(it, window)));
        self.alarms += u32::try_from(wrong.count()).unwrap();
        self.months += one.months();
    }

    fn a_month(&self) -> f64 {
        f64::from(self.alarms) / self.months
    }

    #[expect(clippy::print_stderr, reason = "figures are what it is for")]
    fn tell(&self, of: &str) {
        eprintln!(
            "{of:<34} found {:>2} of {}, {:.2} false alarms a series-month",
            self.found,
            self.windows,
            self.a_month()
        );
    }
}

#[test]
fn anomalies_on_labelled_series() {
    let Some(folder) = folder() else {
        return skipped("KCOST_TEST_DATA names no folder with labelled series");
    };
    let mut all = labelled(&folder.join("microsoft_cloud_monitoring_10.csv.gz"));
    all.extend(labelled(&folder.join("nab_aws_6.csv.gz")));
    for days in [14, 28] {
        let pieces: Vec<Labelled> = all.iter().flat_map(|it| it.cut(days)).collect();
        let mut own = Tally::default();
        for one in &pieces {
            own.add(one, &found(&[one])[0]);
        }
        own.tell(&format!("{days} d, kcost"));
        let mut dear = 0;
        for (name, score) in [
            ("rolling median + MAD", rolling as fn(&Labelled) -> Vec<f64>),
            ("seasonal residual", seasonal),
        ] {
            let scores: Vec<Vec<f64>> = pieces.iter().map(score).collect();
            for threshold in [5.0, 7.0, 10.0, 15.0, 20.0] {
                let mut tally = Tally::default();
                for (one, scores) in pieces.iter().zip(&scores) {
                    tally.add(one, &beyond(one, scores, threshold));
                }
                tally.tell(&format!("{days} d, {name} > {threshold}"));
                if name.starts_with("rolling") && tally.a_month() <= 5.0 {
                    dear = dear.max(tally.found);
                }
            }
        }
        assert!(own.a_month() <= 1.0, "{own:?}");
        assert!(10 * own.found >= 9 * dear, "{own:?} of {dear}");
    }
}

/// A series of our own, with the times of what was put into it.
fn made(values: Vec<f64>, step: i64, windows: &[(usize, usize)]) -> Labelled {
    // A Thursday, in the middle of the week.
    let from = 1_761_782_400;
    let time = |slot: usize| from + i64::try_from(slot).unwrap() * step;
    let windows = windows.iter().map(|it| (time(it.0), time(it.1)));
    Labelled {
        step,
        from,
        values,
        windows: windows.collect(),
    }
}

/// Rhythms and noises of many kinds, none of which is an anomaly.
#[test]
#[expect(clippy::print_stderr, reason = "figures are what it is for")]
fn series_without_an_anomaly_stay_quiet() {
    if folder().is_none() {
        return skipped("KCOST_TEST_DATA is not set: series are made where traces are");
    }
    let mut worst = Vec::new();
    for (step, days) in [(300, 14), (3_600, 28), (60, 14)] {
        let mut whole = Tally::default();
        for kind in noise::QUIET {
            let seeds = if step == 60 { 0..4 } else { 0..25 };
            let all: Vec<Labelled> = seeds
                .map(|seed| made(noise::series(*kind, seed, step, days), step, &[]))
                .collect();
            let told = found(&all.iter().collect::<Vec<_>>());
            let mut tally = Tally::default();
            for (one, told) in all.iter().zip(&told) {
                tally.add(one, told);
                whole.add(one, told);
            }
            eprintln!("{step} s, {kind:?}: {:.2} a series-month", tally.a_month());
        }
        eprintln!("{step} s: {:.2} a series-month", whole.a_month());
        worst.push(whole.a_month());
    }
    assert!(worst.iter().all(|it| *it <= 0.5), "{worst:?}");
}

/// What is wild by nature is an anomaly once a month at the most: its own tail says so.
#[test]
#[expect(clippy::print_stderr, reason = "figures are what it is for")]
fn series_that_are_wild_by_nature_stray_once_a_month_at_the_most() {
    let mut shapes = vec![(3_600, 14, 60), (3_600, 28, 30)];
    if folder().is_some() {
        shapes.extend([(300, 14, 60), (300, 28, 30), (60, 14, 10)]);
    }
    let mut worst = Vec::new();
    for kind in wild::ALL {
        let mut whole = Tally::default();
        let mut told = format!("{kind:?}:");
        for (step, days, seeds) in &shapes {
            let mut tally = Tally::default();
            let all = (0..*seeds).map(|seed| wild::series(*kind, seed, *step, *days));
            let all: Vec<Labelled> = all.map(|values| made(values, *step, &[])).collect();
            for (one, own) in all.iter().zip(&found(&all.iter().collect::<Vec<_>>())) {
                tally.add(one, own);
                whole.add(one, own);
            }
            write!(told, " {:.2} ({step} s, {days} d)", tally.a_month()).unwrap();
        }
        eprintln!("{told}, {:.2} a series-month", whole.a_month());
        // A burst or two in the window are the same to see, whether they are news or come
        // a few times every month: of those up to two in a fortnight are told.
        let most = match *kind {
            Wild::SeldomBursts => 1.6,
            // Its tail is the heaviest of all, and at hours alone a little is left above one.
            Wild::Student => 1.2,
            _ => 1.0,
        };
        if whole.a_month() > most {
            worst.push((kind, whole));
        }
    }
    assert!(worst.is_empty(), "{worst:?}");
}

/// What is put into them is found.
#[test]
fn what_is_put_into_a_series_is_found() {
    if folder().is_none() {
        return skipped("KCOST_TEST_DATA is not set: series are made where traces are");
    }
    for step in [300, 3_600] {
        for change in noise::CHANGES {
            let mut tally = Tally::default();
            let mut all = Vec::new();
            for kind in noise::QUIET.iter().filter(|it| change.shows_in(**it)) {
                for seed in 0..6 {
                    let mut values = noise::series(*kind, seed, step, 14);
                    let at = noise::put(&mut values, *change, step, &mut Random::new(seed + 77));
                    all.push(made(values, step, &[at]));
                }
            }
            let told = found(&all.iter().collect::<Vec<_>>());
            for (one, told) in all.iter().zip(&told) {
                tally.add(one, told);
            }
            tally.tell(&format!("{step} s, {change:?}"));
            // What wanders, or rests at weekends, takes a new level for its own.
            assert!(
                10 * tally.found >= 7 * tally.windows,
                "{change:?}: {tally:?}"
            );
        }
    }
}
