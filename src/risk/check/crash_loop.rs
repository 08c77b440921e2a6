use super::Reading;
use super::oom_loop::is_looping;
use crate::finding::Severity;
use crate::recommend::{Confidence, Pool};
use crate::risk::severity::by_replicas;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{Container, ContainerKind, Termination, Workload};
use crate::text::count;
use crate::trend::{comes_again, tail};
use crate::units::{days_between, len_f64};

/// Containers that start, end and start again, more often than they ever did.
pub(super) struct CrashLoop;

/// Restarts in a day that are worth a look at all.
const FEWEST: u32 = 3;
/// How rare so many must be by the container's own past. Far below one in a hundred: ten
/// thousand containers are looked at every day.
const RARE: f64 = 1e-4;

impl Check for CrashLoop {
    fn name(&self) -> &'static str {
        "crash_loop"
    }

    fn summary(&self) -> &'static str {
        "containers that crash in a loop, or restart more than in their own past"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        let stay = seen.each_container(|_, pool| {
            // Kills for memory have a check of their own.
            if is_looping(pool, seen) {
                return Sought::fine();
            }
            let looping = looping(pool.container);
            if looping > 0 {
                let of = (pool.profile.workload, pool.workload);
                return Sought::risk(self.looping(seen, of, pool.container, looping));
            }
            let recent = Recent::of(seen, pool);
            if recent.times >= FEWEST && recent.is_rare() {
                return Sought::risk(self.more_often(seen, pool, &recent));
            }
            if let Some(unknown) = Reading::of(pool.workload).unknown() {
                return unknown;
            }
            if pool.container.restarts >= FEWEST && pool.container.restarts_at.is_empty() {
                return Sought::unknown(
                    "container",
                    "that restarted, and when is known of the last time alone",
                    "scrape `kube_pod_container_status_restarts_total` of kube-state-metrics",
                );
            }
            Sought::fine()
        });
        stay.and(seen.each_workload(|index, workload| self.at_start(seen, (index, workload))))
    }
}

/// Restarts of the last day, and what was to be expected.
struct Recent {
    times: u32,
    expected: f64,
}

impl Recent {
    fn of(seen: &Seen<'_>, pool: &Pool<'_>) -> Self {
        let (mut times, mut before) = (0, 0);
        for restarts in &pool.container.restarts_at {
            let ago = days_between(restarts.until, seen.now);
            if ago < 1.0 {
                times += restarts.count;
            } else {
                before += restarts.count;
            }
        }
        let days = (seen.grid.span().as_days() - 1.0).max(0.0);
        // The rate that the past and half a restart in a fortnight before it make likely.
        let rate = -(1.0 - comes_again(f64::from(before), days, 1.0)).ln();
        Self {
            times,
            expected: rate,
        }
    }

    fn is_rare(&self) -> bool {
        tail(self.times, self.expected) < RARE
    }
}

impl CrashLoop {
    /// What runs before a pod's own containers: while it crashes, none of them starts.
    fn at_start(&self, seen: &Seen<'_>, of: (usize, &Workload)) -> Sought {
        let containers = of.1.containers.iter();
        let init = containers.filter(|it| it.kind == ContainerKind::Init);
        let looping = init.filter_map(|container| {
            let pods = looping(container);
            (pods > 0).then(|| Sought::risk(self.looping(seen, of, container, pods)))
        });
        looping.collect()
    }

    fn looping(
        &self,
        seen: &Seen<'_>,
        (index, workload): (usize, &Workload),
        container: &Container,
        pods: usize,
    ) -> Risk {
        let last = last_end(container);
        let (why, action) = cause(last);
        let starts = if container.kind == ContainerKind::Init {
            ", and nothing else in them starts"
        } else {
            ""
        };
        Risk {
            container: Some(container.name.clone()),
            severity: by_replicas(pods, workload.pods.len()),
            confidence: Confidence::High,
            since: last.and_then(|end| end.finished),
            text: format!(
                "crashes in a loop in {} of {}{why}{starts}",
                pods,
                count(workload.pods.len(), "pod")
            ),
            evidence: evidence(container, workload, last),
            action: Action::new(action),
            ..seen.risk(self.name(), index)
        }
    }

    fn more_often(&self, seen: &Seen<'_>, pool: &Pool<'_>, recent: &Recent) -> Risk {
        let last = last_end(pool.container);
        let (why, action) = cause(last);
        let mut evidence = evidence(pool.container, pool.workload, last);
        evidence.push(Evidence::number(
            "restarts_last_day",
            f64::from(recent.times),
        ));
        evidence.push(Evidence::number("restarts_expected_a_day", recent.expected));
        Risk {
            severity: Severity::Medium,
            since: last.and_then(|end| end.finished),
            text: format!(
                "restarted {} in the last day, where {:.1} are usual{why}",
                count(usize::try_from(recent.times).unwrap_or(usize::MAX), "time"),
                recent.expected
            ),
            evidence,
            action: Action::new(action),
            ..seen.risk_of(self.name(), pool)
        }
    }
}

/// Pods in which it waits to be started once more.
fn looping(container: &Container) -> usize {
    let waiting = container.waiting.iter();
    waiting.filter(|it| it.reason == "CrashLoopBackOff").count()
}

fn last_end(container: &Container) -> Option<&Termination> {
    let ends = container.terminations.iter();
    ends.max_by_key(|end| end.finished)
}

/// How it ended, and what to do.
fn cause(last: Option<&Termination>) -> (String, &'static str) {
    let Some(end) = last else {
        return (
            String::new(),
            "read what it said before it ended: `kubectl logs --previous`",
        );
    };
    match (end.reason.as_str(), end.exit_code) {
        ("OOMKilled", _) => (
            ", killed for its memory".to_owned(),
            "raise its memory limit, or find out what it needs it for",
        ),
        (_, 137 | 143) => (
            format!(", ended from outside (exit code {})", end.exit_code),
            "see whether its liveness probe gives it enough time",
        ),
        (_, 0) => (
            ", each time without an error".to_owned(),
            "let it go on running, or make it a Job",
        ),
        (_, code) => (
            format!(", with exit code {code}"),
            "read what it said before it ended: `kubectl logs --previous`",
        ),
    }
}

fn evidence(
    container: &Container,
    workload: &Workload,
    last: Option<&Termination>,
) -> Vec<Evidence> {
    let mut evidence = vec![
        Evidence::number("restarts", f64::from(container.restarts)),
        Evidence::number("pods", len_f64(workload.pods.len())),
    ];
    if let Some(end) = last {
        evidence.push(Evidence::text("last_end_reason", end.reason.clone()));
        evidence.push(Evidence::number("last_exit_code", f64::from(end.exit_code)));
        evidence.extend(end.finished.map(|at| Evidence::time("last_end", at)));
    }
    evidence
}
