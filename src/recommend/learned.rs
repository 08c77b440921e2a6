//! What earlier runs taught: by how much the risks that replays say are to be trusted.

use std::sync::Arc;

use crate::text::{count, percent_exact, short};
use crate::units::len_f64;

/// No size is smaller or larger than these multiples of what it would be without lessons,
/// both rounded to what is written.
/// What bursts may ask for many times as much to halve a risk: then the risk is told.
pub const MOST_MOVED: (f64, f64) = (0.8, 1.25);

/// Corrections of risks, one a kind of behaviour and promise at most. Empty where nothing
/// was learned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Learned(Arc<[Lesson]>);

/// What kept and broken promises of one kind of behaviour say.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesson {
    pub about: About,
    /// The cohort's kind, see [`crate::cohort::Cohort::kind`]; `None` for all kinds that
    /// have no lesson of their own.
    pub kind: Option<String>,
    /// By this the risk that replays say is multiplied: above 1 sizes grow, below 1 they
    /// shrink.
    pub factor: f64,
    /// Workloads that it is learned from, each counted once.
    pub workloads: usize,
    /// Runs whose promises were held against what came after.
    pub runs: usize,
    /// What replays said of them: mean share of time, or mean probability.
    pub said: f64,
    /// What came.
    pub came: f64,
    /// How likely it is that what came is at least so far off, if what was said is true.
    pub chance: f64,
}

/// Which promise a lesson is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// The share of time above the CPU request.
    CpuRequest,
    /// The probability of a working set above the memory limit.
    MemoryLimit,
}

impl About {
    pub const ALL: [Self; 2] = [Self::CpuRequest, Self::MemoryLimit];

    /// As in machine output: the promise.
    pub fn name(self) -> &'static str {
        match self {
            Self::CpuRequest => "cpu_time_over_request",
            Self::MemoryLimit => "memory_over_limit",
        }
    }
}

impl Lesson {
    /// Whether it moves any size.
    pub fn moves(&self) -> bool {
        (self.factor - 1.0).abs() > 1e-9
    }

    /// What came and what was said, without a period: `in 3 earlier runs 9 of 40 bursty
    /// workloads outgrew their memory limit where 2 were expected`.
    pub fn evidence(&self) -> String {
        let runs = count(self.runs, "earlier run");
        let kind = self
            .kind
            .as_ref()
            .map_or(String::new(), |kind| format!("{kind} "));
        match self.about {
            About::CpuRequest => format!(
                "in {runs} {} {kind}workloads were above their CPU request {} of the time where {} was said",
                self.workloads,
                percent_exact(self.came),
                percent_exact(self.said),
            ),
            About::MemoryLimit => {
                let all = len_f64(self.workloads);
                // Of several runs it is how many in the mean of them.
                let in_mean = if self.runs > 1 { " in the mean" } else { "" };
                format!(
                    "in {runs}{in_mean} {} of {} {kind}workloads outgrew their memory limit where {} were expected",
                    short(self.came * all, 1),
                    self.workloads,
                    short(self.said * all, 1),
                )
            }
        }
    }

    /// What becomes of the risk, without a period.
    pub fn verdict(&self) -> String {
        if !self.moves() {
            return "so it counts as it is".to_owned();
        }
        format!("so that risk counts {} times", short(self.factor, 2))
    }
}

impl Learned {
    pub fn new(lessons: Vec<Lesson>) -> Self {
        Self(lessons.into())
    }

    pub fn lessons(&self) -> &[Lesson] {
        &self.0
    }

    /// What holds for a container of this kind: its kind's own lesson, else that of the
    /// others.
    pub fn of(&self, about: About, kind: Option<&str>) -> Option<&Lesson> {
        let mut all = self.0.iter().filter(|it| it.about == about);
        let own = |it: &&Lesson| it.kind.is_some() && it.kind.as_deref() == kind;
        all.clone()
            .find(own)
            .or_else(|| all.find(|it| it.kind.is_none()))
    }

    /// By how much a risk that replays say is multiplied; 1 where nothing was learned.
    pub fn factor(&self, about: About, kind: Option<&str>) -> f64 {
        self.of(about, kind).map_or(1.0, |lesson| lesson.factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson(kind: Option<&str>, factor: f64) -> Lesson {
        Lesson {
            about: About::CpuRequest,
            kind: kind.map(str::to_owned),
            factor,
            workloads: 20,
            runs: 3,
            said: 0.04,
            came: 0.08,
            chance: 0.001,
        }
    }

    #[test]
    fn a_kind_without_a_lesson_of_its_own_takes_that_of_the_others() {
        let learned = Learned::new(vec![lesson(Some("daily"), 2.0), lesson(None, 0.8)]);
        let is =
            |kind, factor: f64| (learned.factor(About::CpuRequest, kind) - factor).abs() < 1e-12;
        assert!(is(Some("daily"), 2.0) && is(Some("bursty"), 0.8) && is(None, 0.8));
        assert_eq!(learned.of(About::MemoryLimit, Some("daily")), None);
        let own = Learned::new(vec![lesson(Some("daily"), 2.0)]);
        assert!((own.factor(About::CpuRequest, Some("bursty")) - 1.0).abs() < 1e-12);
    }
}
