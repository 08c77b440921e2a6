//! What an anomaly is called, and from when to when it lasts: each form on each rhythm, under
//! noise of several kinds.

use jiff::Timestamp;
use kcost::risk::Risk;

use super::anomalies::{kind, with};
use super::found;
use super::noise::Random;
use crate::played::cluster;

/// Half hours.
const DAY: usize = 48;
const SLOTS: usize = 14 * DAY;
/// It begins on a Wednesday, away from the edge of a day.
const AT: usize = 9 * DAY + 17;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Noise {
    /// The same at every level.
    White,
    /// More of what is more.
    Times,
    /// Of a few hours together.
    Red,
    /// With samples far out.
    Heavy,
}

const NOISES: [Noise; 4] = [Noise::White, Noise::Times, Noise::Red, Noise::Heavy];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    RhythmGone,
    RhythmGoneForTwoDays,
    RhythmLater,
    StepUp,
    StepDown,
    TwiceAsMuch,
    StepThatEnds,
    Ramp,
    Spike,
    SpikeJustOver,
}

const FORMS: [Form; 10] = [
    Form::RhythmGone,
    Form::RhythmGoneForTwoDays,
    Form::RhythmLater,
    Form::StepUp,
    Form::StepDown,
    Form::TwiceAsMuch,
    Form::StepThatEnds,
    Form::Ramp,
    Form::Spike,
    Form::SpikeJustOver,
];

impl Form {
    /// Whether the rhythm is what changes.
    fn is_of_rhythm(self) -> bool {
        matches!(
            self,
            Self::RhythmGone | Self::RhythmGoneForTwoDays | Self::RhythmLater
        )
    }

    /// The slots that it lasts.
    fn lasts(self) -> (usize, usize) {
        match self {
            Self::RhythmGoneForTwoDays => (AT, AT + 2 * DAY),
            Self::StepThatEnds => (AT, AT + 3 * DAY),
            Self::Spike => (AT, AT + 3),
            Self::SpikeJustOver => (SLOTS - 5, SLOTS - 2),
            _ => (AT, SLOTS),
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Spike | Self::SpikeJustOver => "spike",
            it if it.is_of_rhythm() => "lost_rhythm",
            _ => "level_shift",
        }
    }

    /// What it makes of a slot, of a rhythm that is this around 1.
    fn of(self, slot: usize, rhythm: impl Fn(usize) -> f64) -> f64 {
        let (from, until) = self.lasts();
        let usual = 1.0 + rhythm(slot);
        if !(from..until).contains(&slot) {
            return usual;
        }
        match self {
            Self::RhythmGone | Self::RhythmGoneForTwoDays => 1.0,
            Self::RhythmLater => 1.0 + rhythm(slot + SLOTS - 16),
            Self::StepUp | Self::StepThatEnds => usual + 1.0,
            Self::StepDown => 0.5 * usual,
            Self::TwiceAsMuch => 2.0 * usual,
            Self::Ramp => {
                let hours = u32::try_from((slot - AT) / 2).unwrap();
                usual + (f64::from(hours) / 12.0).min(2.0)
            }
            Self::Spike | Self::SpikeJustOver => usual + 3.0,
        }
    }

    fn series(self, rhythm: f64, noise: Noise, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        let mut red = 0.0;
        let wave = |slot: usize| {
            let day = f64::from(u32::try_from(slot % DAY).unwrap()) / 48.0;
            rhythm * (std::f64::consts::TAU * day).sin()
        };
        let mut next = |slot: usize| {
            let (value, normal) = (self.of(slot, wave), random.normal());
            red = 0.8 * red + 0.6 * normal;
            match noise {
                Noise::White => value + 0.05 * normal,
                Noise::Times => value * (0.1 * normal).exp(),
                Noise::Red => value + 0.06 * red,
                Noise::Heavy => value + 0.03 * normal / random.even().max(0.1).sqrt(),
            }
        };
        (0..SLOTS).map(|slot| next(slot).max(0.0)).collect()
    }
}

/// Slots from the begin of the window to a time.
fn slot(at: Option<Timestamp>) -> Option<i64> {
    let start = cluster(14).usage.grid.start.as_second();
    at.map(|at| (at.as_second() - start) / 1_800)
}

/// What is wrong with what is told of it; empty where nothing is.
fn wrong(form: Form, told: &[Risk]) -> String {
    let [one] = told else {
        let all = told.iter().map(|it| it.text.clone());
        return format!("{} told: {:?}", told.len(), all.collect::<Vec<_>>());
    };
    let (from, until) = form.lasts();
    let near = |at: Option<i64>, truth: usize, by: i64| {
        at.is_some_and(|at| (at - i64::try_from(truth).unwrap()).abs() <= by)
    };
    // Where a rhythm or a ramp leaves its course cannot be told to the hour.
    let by = match form {
        it if it.is_of_rhythm() => 20,
        Form::Ramp => 30,
        _ => 6,
    };
    let (since, ended) = (slot(one.since), slot(one.until));
    let ends = if until == SLOTS {
        ended.is_none()
    } else {
        near(ended, until, by)
    };
    if kind(one) == form.kind() && near(since, from, by) && ends {
        return String::new();
    }
    format!("{} {since:?} to {ended:?}: {}", kind(one), one.text)
}

#[test]
fn each_form_has_its_name_and_its_time() {
    let mut told = Vec::new();
    let (mut all, mut unseen) = (0, 0);
    for form in FORMS {
        let rhythms: &[f64] = if form.is_of_rhythm() {
            &[0.4, 0.6]
        } else {
            &[0.0, 0.3, 0.5]
        };
        let each = rhythms
            .iter()
            .flat_map(|it| NOISES.map(|noise| (*it, noise)));
        for ((rhythm, noise), seed) in each.flat_map(|it| [(it, 1), (it, 2)]) {
            let risks = found(&with(&form.series(rhythm, noise, seed)), "anomaly");
            all += 1;
            if risks.is_empty() {
                unseen += 1;
                continue;
            }
            let said = wrong(form, &risks);
            if !said.is_empty() {
                told.push(format!("{form:?} {noise:?} {rhythm} {seed}: {said}"));
            }
        }
    }
    assert!(
        told.is_empty(),
        "{} of {all}:\n{}",
        told.len(),
        told.join("\n")
    );
    // A tenth of the level in noise hides a few.
    assert!(20 * unseen <= all, "{unseen} of {all} are not seen");
}
