use std::collections::BTreeMap;

use super::{Pool, Reason};
use crate::recommend::samples;
use crate::snapshot::WorkloadId;
use crate::units::Bytes;

/// A batch workload by run.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::recommend) struct Runs {
    /// Largest working set of any pod of each run, oldest first, in bytes.
    pub in_turn: Vec<f64>,
}

impl Runs {
    pub(super) fn reason(&self) -> Reason {
        let runs = match self.in_turn.len() {
            1 => "1 run".to_owned(),
            runs => format!("{runs} runs"),
        };
        let largest = samples::largest(self.in_turn.iter().copied());
        let median = samples::quantile_of(self.in_turn.clone(), 0.5);
        let text = match median.zip(largest) {
            Some((median, largest)) => format!(
                "judged by run: the usual one of {runs} used {} at most, the largest {}",
                Bytes::from_f64(median).human(),
                Bytes::from_f64(largest).human()
            ),
            None => format!("judged by run: {runs}"),
        };
        Reason::new("batch", text)
    }
}

/// How kinds begin whose objects start runs again and again.
const RUN_AGAIN: [&str; 4] = ["Cron", "AdvancedCron", "Scheduled", "Scaled"];

pub(in crate::recommend) fn find(pool: &Pool<'_>) -> Option<Runs> {
    if !pool.workload.is_batch() {
        return None;
    }
    // Start and peak of each run.
    let mut runs: BTreeMap<&str, (u32, f64)> = BTreeMap::new();
    for series in &pool.series {
        let peak = samples::largest(samples::known(&series.memory_bytes));
        let run = runs
            .entry(run_of(&pool.workload.id, &series.pod))
            .or_insert((series.first, 0.0));
        run.0 = run.0.min(series.first);
        run.1 = run.1.max(peak.unwrap_or(0.0));
    }
    let mut runs: Vec<(u32, f64)> = runs.into_values().collect();
    runs.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let in_turn: Vec<f64> = runs.into_iter().map(|(_, peak)| peak).collect();
    (!in_turn.is_empty()).then_some(Runs { in_turn })
}

/// What the pods of one run share: of a CronJob and its like the name of the Job
/// or workflow, which is called by the time of its schedule. Each pod of a Job
/// does a part of its own.
fn run_of<'p>(id: &WorkloadId, pod: &'p str) -> &'p str {
    let rest = pod
        .strip_prefix(&id.name)
        .and_then(|rest| rest.strip_prefix('-'))
        .filter(|_| RUN_AGAIN.iter().any(|word| id.kind.starts_with(word)));
    let job = rest.and_then(|rest| rest.split('-').next());
    job.filter(|job| !job.is_empty()).unwrap_or(pod)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_of_one_scheduled_time_are_one_run() {
        let run = |kind: &str, pod| {
            let id = WorkloadId {
                namespace: "shop".to_owned(),
                kind: kind.to_owned(),
                name: "night".to_owned(),
                template: None,
            };
            run_of(&id, pod)
        };
        assert_eq!(run("CronJob", "night-29000001-x2x"), "29000001");
        assert_eq!(run("CronJob", "night-29000001-3-abcde"), "29000001");
        assert_eq!(run("CronJob", "by-hand-x2x"), "by-hand-x2x");
        let workflow = "night-1700000000-load-123456";
        assert_eq!(run("CronWorkflow", workflow), "1700000000");
        assert_eq!(run("Job", "night-x2x"), "night-x2x");
    }
}
