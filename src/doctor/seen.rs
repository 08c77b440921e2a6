use jiff::Timestamp;

use super::Overview;
use super::overview::STOPPED;
use crate::snapshot::{Gap, Snapshot};
use crate::units::Span;
use crate::vitals::{Api, Counted, Store, Vitals};

/// Everything that checks look at.
pub struct Seen<'a> {
    pub vitals: &'a Vitals,
    /// `None` where nothing could be read.
    pub snapshot: Option<&'a Snapshot>,
    /// What stands out of its usage.
    pub usage: Overview,
}

impl<'a> Seen<'a> {
    pub fn of(vitals: &'a Vitals, snapshot: Option<&'a Snapshot>) -> Self {
        Self {
            vitals,
            snapshot,
            usage: snapshot.map_or_else(Overview::default, Overview::of),
        }
    }

    /// The API server, where it answers.
    pub(super) fn api(&self) -> Option<&'a Api> {
        self.vitals.api.as_ref()?.as_ref().ok()
    }

    /// The metrics store, where it answers.
    pub(super) fn store(&self) -> Option<&'a Store> {
        self.vitals.store.as_ref()?.as_ref().ok()
    }

    /// What it has of usage.
    pub(super) fn counted(&self) -> Option<&'a Counted> {
        self.store()?.counted.as_ref()
    }

    /// Where samples have stopped: the end of the newest, and how old it is.
    pub(super) fn stopped(&self) -> Option<(Timestamp, Span)> {
        let (snapshot, (_, last)) = (self.snapshot?, self.usage.slots?);
        let newest = snapshot.usage.grid.time(last.saturating_add(1));
        let age = snapshot.taken_at.as_second() - newest.as_second();
        let is_old = age > STOPPED;
        is_old.then(|| {
            (
                newest,
                Span::from_secs(u32::try_from(age).unwrap_or(u32::MAX)),
            )
        })
    }

    /// Whether a cluster is read, rather than files or the demo.
    pub(super) fn is_live(&self) -> bool {
        self.vitals.api.is_some()
    }

    /// Gaps with one of these codes.
    pub(super) fn gaps(&self, codes: &[&str]) -> Vec<&'a Gap> {
        let all = self.snapshot.map_or(&[][..], |snapshot| &snapshot.gaps);
        let wanted = all.iter().filter(|gap| codes.contains(&&*gap.code));
        wanted.collect()
    }
}
