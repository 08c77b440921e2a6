use super::Reading;
use crate::finding::Severity;
use crate::recommend::{Confidence, Pool};
use crate::risk::seen::at_most;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought};
use crate::snapshot::{Probe, ProbeKind, Termination};
use crate::text::count;
use crate::units::{Span, days_between, len_f64};

/// Containers that a probe kills: their process was well, but did not answer in time.
pub(super) struct ProbeKills;

/// Kills that are no accident. Of each pod the API server remembers the last alone, so
/// that one counts where the container has restarted as often as this.
const FEWEST: usize = 2;
/// Days that count.
const RECENT: f64 = 7.0;

impl Check for ProbeKills {
    fn name(&self) -> &'static str {
        "probe_kills"
    }

    fn summary(&self) -> &'static str {
        "containers that their liveness or startup probe kills"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        seen.each_container(|_, pool| {
            let kills: Vec<&Termination> = kills(seen, pool).collect();
            let restarts = usize::try_from(pool.container.restarts).unwrap_or(usize::MAX);
            if kills.is_empty() || kills.len().max(restarts) < FEWEST {
                return Sought::fine();
            }
            if let Some(unknown) = Reading::of(pool.workload).unknown() {
                return unknown;
            }
            let mut probes = pool.container.probes.iter();
            let kills_it = |probe: &&Probe| probe.kind != ProbeKind::Readiness;
            match probes.find(kills_it) {
                Some(probe) => Sought::risk(self.risk(seen, pool, &kills, probe)),
                None => Sought::fine(),
            }
        })
    }
}

/// Ends by SIGKILL or SIGTERM within a living pod that were not for memory.
fn kills<'a>(seen: &Seen<'_>, pool: &Pool<'a>) -> impl Iterator<Item = &'a Termination> {
    let now = seen.now;
    let pods: Vec<&str> = pool
        .workload
        .pods
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    pool.container.terminations.iter().filter(move |end| {
        let recent = end
            .finished
            .is_some_and(|at| days_between(at, now) <= RECENT);
        let lives = pods.contains(&end.pod.as_str());
        recent && lives && end.reason != "OOMKilled" && matches!(end.exit_code, 137 | 143)
    })
}

impl ProbeKills {
    fn risk(
        &self,
        seen: &Seen<'_>,
        pool: &Pool<'_>,
        kills: &[&Termination],
        probe: &Probe,
    ) -> Risk {
        let startup = pool.container.probes.iter();
        let has_startup = startup.clone().any(|it| it.kind == ProbeKind::Startup);
        let patience = Span::from_secs(probe.patience_seconds());
        let first = Span::from_secs(
            probe
                .patience_seconds()
                .saturating_add(probe.initial_delay_seconds),
        );
        let throttled = pool.profile.throttling.as_ref();
        let slowed = throttled.filter(|it| it.mean.get() > 0.05);
        let action = match (slowed, has_startup) {
            (Some(_), _) => {
                "raise its CPU limit: what is throttled answers late; or raise `timeoutSeconds`"
            }
            (None, false) => {
                "give it a startupProbe, so that a slow start is not taken for a hang, and raise \
                 `timeoutSeconds`"
            }
            (None, true) => "raise `timeoutSeconds` and `failureThreshold` of the probe",
        };
        let confidence = seen.risk_of(self.name(), pool).confidence;
        Risk {
            severity: Severity::Medium,
            // Others send the same signals: a node that shuts down, an administrator.
            confidence: at_most(confidence, Confidence::Medium),
            since: kills.iter().filter_map(|end| end.finished).min(),
            text: format!(
                "killed {} without being out of memory: its probe waits {} at most, {} after a start",
                count(kills.len(), "time"),
                patience.human(),
                first.human()
            ),
            evidence: vec![
                Evidence::number("kills", len_f64(kills.len())),
                Evidence::number("restarts", f64::from(pool.container.restarts)),
                Evidence::number("probe_patience_seconds", f64::from(patience.as_secs())),
                Evidence::number("probe_timeout_seconds", f64::from(probe.timeout_seconds)),
                Evidence::number("start_budget_seconds", f64::from(first.as_secs())),
            ],
            action: Action::new(action),
            ..seen.risk_of(self.name(), pool)
        }
    }
}
