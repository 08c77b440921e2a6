//! Pods that have sizes as a whole.

use kcost::recommend::{Advice, Options, Sizing, State, WorkloadAdvice};
use kcost::snapshot::{Resources, Workload};
use kcost::units::{Bytes, Cpu};

use super::{busy, first};
use crate::made::{container, resources, workload};
use crate::played::{MIB, by_labels, cluster, label, play};

fn text(advice: &WorkloadAdvice) -> Vec<&str> {
    let pod = advice.pod.as_ref().expect("the pod has sizes");
    pod.reasons.iter().map(|it| it.text.as_str()).collect()
}

/// Two containers without sizes that share 4 cores and 8Gi.
fn shared() -> Workload {
    let bare = |name: &str| {
        let mut bare = container(name, 0, 0);
        bare.requests = Resources::default();
        bare.limits = Resources::default();
        bare
    };
    let mut shared = workload("Deployment", "api", 2, vec![bare("app"), bare("log")]);
    shared.pod_requests = resources(4000, 8192);
    shared
}

#[test]
fn advice_is_on_what_the_pod_has_and_its_containers_get_nothing_of_their_own() {
    let mut snapshot = cluster(14);
    play(&mut snapshot, shared(), |_, _| (0.4, 600.0 * MIB));
    let mut series = snapshot.usage.series.clone();
    for one in &mut series {
        one.container = "log".to_owned();
        let quarter = |all: &[f32]| all.iter().map(|value| value / 4.0).collect();
        one.cpu_cores = quarter(&one.cpu_cores);
        one.memory_bytes = quarter(&one.memory_bytes);
    }
    snapshot.usage.series.extend(series);
    let advice = first(&snapshot, &Options::default());
    let all = advice.containers.iter();
    assert!(all.clone().all(|it| it.sizing == Sizing::KEEP), "{all:?}");
    let pod = advice.pod.as_ref().expect("the pod has sizes").sizing;
    let cpu = pod.cpu_request.value().expect("less CPU");
    assert!(
        cpu >= Cpu::millicores(500) && cpu < Cpu::cores(1.0),
        "{cpu}"
    );
    let memory = pod.memory_request.value().expect("less memory");
    assert!(
        memory >= Bytes::mib(700) && memory < Bytes::gib(4),
        "{memory}"
    );
    assert_eq!(advice.state, State::OverProvisioned);
    assert_eq!(pod.memory_limit, Advice::Keep);
}

#[test]
fn a_pod_is_never_below_what_its_containers_request_themselves() {
    let wanted = [("cpu-request", "700m"), ("memory-request", "256Mi")];
    let mut whole = label(
        workload("Deployment", "api", 2, vec![container("app", 500, 512)]),
        &wanted,
    );
    whole.pod_requests = resources(2000, 2048);
    whole.pod_limits = resources(4000, 4096);
    let advice = first(&busy(whole), &by_labels());
    let pod = advice.pod.as_ref().expect("the pod has sizes").sizing;
    assert_eq!(pod.cpu_request, Advice::Set(Cpu::millicores(700)));
    assert_eq!(pod.memory_request, Advice::Set(Bytes::mib(256)));
    assert_eq!(pod.cpu_limit, Advice::Keep);
    let sizing = &advice.containers[0].sizing;
    assert_eq!(sizing.cpu_request, Advice::Set(Cpu::millicores(700)));
    assert_eq!(
        text(&advice),
        [
            "the pod's CPU request 2 to 700m: what its containers need together",
            "the pod's memory request 2Gi to 256Mi: what its containers need together"
        ]
    );
}
