//! A leak that restarts at its limit is named, and not fed.

use kcost::recommend::State;
use kcost::snapshot::{Container, Termination};
use kcost::units::Bytes;

use super::{first, fortnight, has_reason, reason};
use crate::made::{container, workload};
use crate::played::MIB;

fn limited(mib: u64) -> Container {
    let mut app = container("app", 250, mib);
    app.limits.memory = Some(Bytes::mib(mib));
    app
}

/// Rises by a step each half hour for two days, and starts over.
fn leak(slot: u32) -> f64 {
    (150.0 + 350.0 * f64::from(slot % 96) / 96.0) * MIB
}

#[test]
fn a_leak_that_restarts_at_its_limit_is_named_and_keeps_it() {
    let mut app = limited(512);
    app.terminations = (1..4)
        .map(|_| Termination {
            pod: "api-0".to_owned(),
            reason: "OOMKilled".to_owned(),
            exit_code: 137,
            started: None,
            finished: None,
        })
        .collect();
    let snapshot = fortnight(workload("Deployment", "api", 1, vec![app]), |_, slot| {
        (0.2, leak(slot))
    });
    let advice = first(&snapshot);
    let sizing = advice.containers[0].sizing;
    assert_eq!(sizing.memory_limit.value(), None, "{sizing:?}");
    let text = reason(&advice.containers[0], "leak_restarts");
    assert!(
        text.starts_with("memory rises to its limit of 512Mi about every 2 days, 6 times"),
        "{text}"
    );
    assert_eq!(advice.state, State::UnderProvisioned);
}

#[test]
fn what_works_in_rounds_far_below_its_limit_or_jumps_is_no_leak() {
    let rounds = fortnight(
        workload("Deployment", "api", 1, vec![limited(1024)]),
        |_, slot| (0.2, leak(slot)),
    );
    let jumps = fortnight(
        workload("Deployment", "api", 1, vec![limited(512)]),
        |_, slot| {
            let high = slot % 96 > 60;
            (0.2, if high { 480.0 * MIB } else { 150.0 * MIB })
        },
    );
    for snapshot in [rounds, jumps] {
        assert!(!has_reason(
            &first(&snapshot).containers[0],
            "leak_restarts"
        ));
    }
}
