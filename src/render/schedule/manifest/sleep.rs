//! Objects that run no replica in hours in which nobody asks.

use serde_json::{Value, json};

use super::cron::expression;
use super::cron_jobs::Patched;

use super::{Piece, Scaled};
use crate::schedule::{Days, Nap, OURS, Sleep};

impl Scaled<'_> {
    /// Replicas that it wakes to.
    fn awake(self) -> u32 {
        let plan = self.plan;
        if plan.advice.acts() {
            plan.base
        } else {
            plan.now
        }
    }

    /// Triggers that hold its replicas outside of its sleep: with none of them open, KEDA
    /// goes down to none.
    pub(super) fn awake_crons(self, sleep: &Sleep) -> Vec<Value> {
        let replicas = self.awake().to_string();
        let gaps = awake(&sleep.naps).into_iter().enumerate();
        gaps.map(|(number, (from, until))| {
            json!({
                "type": "cron",
                "name": format!("{OURS}awake-{}", number + 1),
                "metadata": {
                    "timezone": self.zone,
                    "start": from,
                    "end": until,
                    "desiredReplicas": replicas,
                },
            })
        })
        .collect()
    }

    /// CronJobs that set its replicas to none and back. An autoscaler leaves a workload of no
    /// replicas alone, and goes on once it has some: its own least cannot be none.
    pub(super) fn sleep_jobs(self, sleep: &Sleep) -> Vec<Piece> {
        let Some(patched) = Patched::workload(&self.workload.id.kind, self.name()) else {
            let text = "no CronJob can scale this kind: take -o keda".to_owned();
            return vec![Piece::Command(text)];
        };
        let account = self.named("sleep", 63);
        let mut pieces = self.rights(&account, &patched);
        for (number, nap) in sleep.naps.iter().enumerate() {
            for (word, minute, replicas) in
                [("sleep", nap.start, 0), ("wake", nap.end, self.awake())]
            {
                let name = self.named(&format!("{word}-{}", number + 1), 52);
                let schedule = expression(nap.days, minute);
                let patch = patched.patch(replicas);
                pieces.push(self.cron_job(&name, &account, &schedule, &patched, &patch));
            }
        }
        pieces
    }
}

/// Cron expressions from where each sleep ends to where the next begins. KEDA takes the next
/// end and the next start of a trigger to tell whether it is open, so one for each stretch.
fn awake(naps: &[Nap]) -> Vec<(String, String)> {
    const DAY: u32 = 24 * 60;
    const WEEK: u32 = 7 * DAY;
    let mut asleep: Vec<(u32, u32)> = naps
        .iter()
        .flat_map(|nap| {
            let of_day = |day: usize| {
                let midnight = u32::try_from(day).unwrap_or(0) * DAY;
                (midnight + nap.start, midnight + nap.end)
            };
            nap.days.iter().map(of_day)
        })
        .collect();
    asleep.sort_unstable();
    let mut stretches: Vec<(Days, u32, Days, u32)> = Vec::new();
    for (number, (_, end)) in asleep.iter().enumerate() {
        let next = asleep.get(number + 1).or(asleep.first());
        let Some((start, _)) = next else { continue };
        let (end, start) = (end % WEEK, start % WEEK);
        let day = |minute: u32| Days::one(usize::try_from(minute / DAY).unwrap_or(0));
        let same = stretches.iter_mut().find(|it| {
            // Days that begin and end alike are one trigger where none reaches into the next.
            (it.1, it.3) == (end % DAY, start % DAY) && end / DAY == start / DAY && it.0 == it.2
        });
        match same {
            Some(it) => {
                it.0 = it.0.with(day(end));
                it.2 = it.2.with(day(start));
            }
            None => stretches.push((day(end), end % DAY, day(start), start % DAY)),
        }
    }
    let text = |days: Days, minute: u32| expression(days, minute);
    stretches
        .into_iter()
        .map(|(from, begin, until, end)| (text(from, begin), text(until, end)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_days_are_one_trigger() {
        let nap = |days: &[usize], start: u32, end: u32| Nap {
            days: days
                .iter()
                .fold(Days::default(), |all, it| all.with(Days::one(*it))),
            start,
            end,
            seen: 4,
        };
        // Nights from Monday to Thursday, and from Friday evening to Monday morning.
        let naps = [
            nap(&[0, 1, 2, 3], 20 * 60, 31 * 60),
            nap(&[4], 20 * 60, (24 + 72 + 7) * 60 - 24 * 60),
        ];
        let found = awake(&naps);
        assert_eq!(
            found,
            [("0 7 * * 1-5".to_owned(), "0 20 * * 1-5".to_owned())]
        );
    }
}
