//! Pods that differ by node: advice for the many, the few named.

use kcost::recommend::{ContainerAdvice, Goal, Options, WorkloadAdvice};
use kcost::snapshot::{Snapshot, Termination, Workload};
use kcost::units::{Bytes, Cpu};

use super::{container_of, cpu_request, fortnight, memory_request, reason};
use crate::made::{container, workload};
use crate::played::{MIB, advised};

/// Ten pods on nodes of their own; the eighth uses ten times the memory and CPU.
fn agents(kind: &str) -> Snapshot {
    let mut app = container("app", 1000, 2048);
    app.limits.memory = Some(Bytes::mib(1024));
    let mut agents: Workload = workload(kind, "agent", 10, vec![app]);
    for (number, pod) in agents.pods.iter_mut().enumerate() {
        pod.node = Some(format!("n{number}"));
    }
    fortnight(agents, |pod, slot| {
        let busy = if pod == 7 { 10.0 } else { 1.0 };
        let wave = 1.0 + f64::from(slot % 5) * 0.02;
        (0.05 * busy * wave, 90.0 * busy * wave * MIB)
    })
}

fn limit_after(advice: &ContainerAdvice) -> Bytes {
    let now = Some(Bytes::mib(1024));
    advice.sizing.memory_limit.after(now).unwrap()
}

#[test]
fn requests_of_a_daemon_are_for_the_many_and_its_limit_covers_the_few() {
    let advice = container_of(&agents("DaemonSet"));
    assert!(cpu_request(&advice) < Cpu::millicores(80));
    assert!(memory_request(&advice) < Bytes::mib(120));
    assert!(limit_after(&advice) > Bytes::mib(980));
    let text = reason(&advice, "odd_pods");
    for part in [
        "unlike the other 9 pods",
        "agent-7 on n7 (972Mi, 540m CPU)",
        "requests are for the many and the limit covers all",
        "requests of 992Mi and 540m CPU",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    reason(&advice, "memory_many");
    let odd = &advice.odd_pods[0];
    assert_eq!(
        (odd.pod.as_str(), odd.node.as_deref()),
        ("agent-7", Some("n7"))
    );
    assert_eq!(advice.odd_pods.len(), 1);
    assert!(odd.memory_peak > Some(Bytes::mib(900)) && odd.cpu_p95.is_some());
}

#[test]
fn any_pod_of_a_deployment_may_be_the_next_one() {
    let advice = container_of(&agents("Deployment"));
    assert!(cpu_request(&advice) > Cpu::millicores(450));
    assert!(memory_request(&advice) > Bytes::mib(900));
    assert!(reason(&advice, "odd_pods").ends_with("sizes cover all"));
}

#[test]
fn what_is_tied_covers_all_and_says_what_that_costs() {
    let options = Options {
        goal: Goal::Reliability,
        targets: Goal::Reliability.targets(),
        tie_memory: true,
        ..Options::default()
    };
    let advice: WorkloadAdvice = advised(&agents("DaemonSet"), &options).workloads.remove(0);
    let advice = &advice.containers[0];
    assert!(memory_request(advice) >= Bytes::mib(980));
    let text = reason(advice, "odd_pods");
    assert!(
        text.contains("request and limit are equal and cover all"),
        "{text}"
    );
    assert!(
        text.ends_with("the many need no more than 97.2Mi and 54m CPU"),
        "{text}"
    );
}

#[test]
fn a_kill_of_one_of_the_few_raises_the_limit_and_no_request() {
    let mut snapshot = agents("DaemonSet");
    let container = &mut snapshot.workloads[0].containers[0];
    container.terminations = vec![Termination {
        pod: "agent-7".to_owned(),
        reason: "OOMKilled".to_owned(),
        exit_code: 137,
        started: None,
        finished: None,
    }];
    let advice = container_of(&snapshot);
    // 1.2 times the limit of 1 GiB.
    assert!(limit_after(&advice) >= Bytes::mib(1229));
    assert!(memory_request(&advice) < Bytes::mib(120));
}
