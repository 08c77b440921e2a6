//! What several parts come to, each device as much as any other, and the fullest for what must
//! be enough for all.

use super::card::Card;
use super::part::{KNOWN, Of, Part};
use super::seen::{Busiest, Level, Levels, Seen};

impl Seen {
    /// What is judged where devices are told of alone: those that work, without what does
    /// nothing, or next to nothing, beside them.
    pub(super) fn of_working(&self, card: Option<&Card>) -> Option<Self> {
        if self.beyond.is_some() || !self.parts.iter().any(Part::is_device) {
            return None;
        }
        let known: Vec<&Part> = self.parts.iter().filter(|it| it.is_known()).collect();
        let slack = self.slack(card);
        let works =
            |it: &&Part| !it.is_lost(card) && !slack.iter().any(|own| std::ptr::eq(*own, *it));
        let working: Vec<&Part> = known.iter().copied().filter(works).collect();
        let parts = if working.is_empty() { known } else { working };
        if parts.is_empty() {
            return None;
        }
        let of = |of: fn(&Levels) -> Option<Level>| together(&parts, of);
        let most = |of: fn(&Busiest) -> Option<f64>| {
            let each = parts.iter().filter_map(|it| of(&it.levels.busiest));
            each.reduce(f64::max)
        };
        let turns: f64 = parts.iter().map(|it| it.devices * it.levels.turns).sum();
        Some(Self {
            busy: of(|it| it.busy),
            sm: of(|it| it.sm),
            tensor: of(|it| it.tensor),
            dram: of(|it| it.dram),
            full: of(|it| it.full),
            watts: of(|it| it.watts),
            memory: of(|it| it.memory),
            memory_total: of(|it| it.memory_total).or(self.memory_total),
            busiest: Busiest {
                sm: most(|it| it.sm),
                dram: most(|it| it.dram),
                full: most(|it| it.full),
            },
            turns: turns / devices(&parts).max(f64::MIN_POSITIVE),
            ..self.clone()
        })
    }
}

impl Seen {
    /// Where devices are told of one by one, power and memory are the mean over those that tell
    /// them: a sum over a container hides that one is missing, or was another.
    pub(super) fn tell_by_devices(&mut self) {
        if self.beyond.is_some() || !self.parts.iter().any(Part::is_device) {
            return;
        }
        let parts = self.parts.iter().filter(|it| it.of != Of::Untold);
        let parts: Vec<&Part> = parts.collect();
        let of = |of: fn(&Levels) -> Option<Level>| together(&parts, of);
        let some = |of: fn(&Levels) -> Option<Level>| of_some(&parts, of).map(|it| it.0);
        self.watts = some(|it| it.watts);
        self.memory = some(|it| it.memory);
        self.memory_total = of(|it| it.memory_total).or(self.memory_total);
        // What few of them tell is not what all do.
        let told = |own: Option<Level>, every: Option<Level>| own.filter(|_| every.is_some());
        self.sm = told(self.sm, of(|it| it.sm));
        self.tensor = told(self.tensor, of(|it| it.tensor));
        self.dram = told(self.dram, of(|it| it.dram));
        self.full = told(self.full, of(|it| it.full));
    }
}

fn devices(parts: &[&Part]) -> f64 {
    parts.iter().map(|it| it.devices).sum()
}

/// The mean over devices, and the most that any of them has; `None` where it is told of too
/// few of them.
fn together(parts: &[&Part], of: fn(&Levels) -> Option<Level>) -> Option<Level> {
    let (level, told) = of_some(parts, of)?;
    (told >= KNOWN * devices(parts)).then_some(level)
}

/// The same of however few tell it, and how many those are.
fn of_some(parts: &[&Part], of: fn(&Levels) -> Option<Level>) -> Option<(Level, f64)> {
    let each = || {
        parts
            .iter()
            .filter_map(|it| Some((it.devices, of(&it.levels)?)))
    };
    let told: f64 = each().map(|it| it.0).sum();
    if told <= 0.0 {
        return None;
    }
    let sum = |figure: fn(&Level) -> f64| each().map(|it| it.0 * figure(&it.1)).sum::<f64>();
    let most = |figure: fn(&Level) -> f64| each().map(|it| figure(&it.1)).fold(0.0, f64::max);
    let level = Level {
        mean: sum(|it| it.mean) / told,
        p95: most(|it| it.p95),
        p99: most(|it| it.p99),
        max: most(|it| it.max),
        samples: each().map(|it| it.1.samples).sum(),
    };
    Some((level, told))
}
