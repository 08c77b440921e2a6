//! What a run has changed, back to what it was.

use std::time::Instant;

use super::follow::Followed;
use super::{ApplyError, Outcome, Place, Session, State};
use crate::apply::back::Back;
use crate::apply::log::Ended;
use crate::apply::server::Put;
use crate::apply::together::parted;

impl Session<'_> {
    /// Brings single objects back to what they were, but for fields that somebody has changed
    /// since. Each stands for itself, but for a request and the target of an autoscaler that
    /// is a share of it: neither goes back without the other.
    pub async fn restore(&mut self, backs: &[Back]) -> Result<Vec<Outcome>, ApplyError> {
        let mut outcomes: Vec<Outcome> = Vec::new();
        let mut followed: Vec<Followed> = Vec::new();
        let mut failed = Vec::new();
        for (place, back) in backs.iter().enumerate() {
            let kept = back.kept();
            if failed
                .iter()
                .any(|other: &usize| back.is_with(&backs[*other]))
            {
                outcomes.push(Outcome::of(State::Refused, Some(parted(back))));
                continue;
            }
            if back.write.fields.is_empty() {
                outcomes.push(Outcome::of(State::Refused, kept));
                continue;
            }
            let at = Place {
                step: place,
                parts: 1,
                workload: &back.workload,
                reasons: &[],
                undo: false,
            };
            // What goes back goes back, whether it can be followed or not.
            let object = &back.write.object;
            let before = self.watched(place, &back.workload, object).await;
            let before = before.ok().flatten();
            let put = self.put(&back.write, at).await?;
            if matches!(put, Ok(Put::Written)) {
                followed.extend(before);
            }
            // Of an object that is gone there is nothing to hold together.
            if put.as_ref().is_err_and(|why| why.code != "gone") {
                failed.push(place);
                self.rejoin((place, back), backs, &mut outcomes).await?;
            }
            outcomes.push(match (put, kept) {
                (Ok(Put::Written), None) => Outcome::of(State::Applied, None),
                (Ok(Put::Written), kept) => Outcome::of(State::Partly, kept),
                (Ok(Put::Already), None) => Outcome::of(State::Already, None),
                (Ok(Put::Already), kept) => Outcome::of(State::Refused, kept),
                (Err(why), _) => Outcome::of(State::Refused, Some(why)),
            });
        }
        let begun = Instant::now();
        self.settle_down(&mut followed).await;
        for it in followed.iter().filter(|it| it.through) {
            outcomes[it.step].seconds = Some(begun.elapsed().as_secs());
        }
        self.end(Ended::Done)?;
        Ok(outcomes)
    }

    /// Where one could not be restored, what has gone back already and belongs to it goes
    /// forward again.
    async fn rejoin(
        &mut self,
        (place, back): (usize, &Back),
        backs: &[Back],
        outcomes: &mut [Outcome],
    ) -> Result<(), ApplyError> {
        for (other, it) in backs.iter().enumerate().take(place) {
            let written = matches!(outcomes[other].state, State::Applied | State::Partly);
            if !written || !it.is_with(back) {
                continue;
            }
            let at = Place {
                step: other,
                parts: 1,
                workload: &it.workload,
                reasons: &[],
                undo: true,
            };
            let put = self.put(&it.write.turned(), at).await?;
            outcomes[other] = match put {
                Ok(_) => Outcome::of(State::Refused, Some(parted(it))),
                Err(why) => Outcome::of(State::LeftBehind, Some(why)),
            };
        }
        Ok(())
    }
}
