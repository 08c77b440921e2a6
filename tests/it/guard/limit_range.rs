//! What LimitRanges admit, of each container and of the sums over a pod.

use kcost::recommend::{Advice, ContainerAdvice, CpuLimits, Options};
use kcost::snapshot::{Container, ContainerKind, LimitRange, Manager, Resources, Workload};
use kcost::units::{Bytes, Cpu};

use super::{api, busy, container_of, reason};
use crate::made::{container, resources, sidecar, workload};
use crate::played::{by_labels, label};

#[test]
fn limit_ranges_bound_sizes_and_ratios_and_require_limits() {
    let wanted = [
        ("cpu-request", "50m"),
        ("cpu-limit", "unset"),
        ("memory-request", "128Mi"),
        ("memory-limit", "4Gi"),
    ];
    let mut workload = label(api(500, 512), &wanted);
    workload.containers[0].limits.cpu = Some(Cpu::cores(1.0));
    let mut snapshot = busy(workload);
    snapshot.cluster.limit_ranges = vec![LimitRange {
        namespace: "shop".to_owned(),
        name: "bounds".to_owned(),
        applies_to: "Container".to_owned(),
        min: resources(100, 0),
        max: resources(0, 2048),
        default_request: Resources::default(),
        default_limit: resources(500, 0),
        max_ratio_cpu: None,
        max_ratio_memory: Some(4.0),
    }];
    let advice = container_of(&snapshot, &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Set(Cpu::millicores(100)));
    assert_eq!(advice.sizing.cpu_limit, Advice::Keep);
    assert_eq!(advice.sizing.memory_limit, Advice::Set(Bytes::mib(2048)));
    // 2048 ÷ 4 is what is requested now.
    assert_eq!(advice.sizing.memory_request, Advice::Keep);
    assert!(reason(&advice, "limit_range").contains("50m to 100m"));
}

fn range(applies_to: &str) -> LimitRange {
    LimitRange {
        namespace: "shop".to_owned(),
        name: "sizes".to_owned(),
        applies_to: applies_to.to_owned(),
        min: Resources::default(),
        max: Resources::default(),
        default_request: Resources::default(),
        default_limit: Resources::default(),
        max_ratio_cpu: None,
        max_ratio_memory: None,
    }
}

/// A pod of a container of 500m and 512Mi that is advised on, and others that
/// are not.
fn pod(others: Vec<Container>, wanted: &[(&str, &str)]) -> Workload {
    let mut containers = vec![container("app", 500, 512)];
    containers.extend(others);
    label(workload("Deployment", "api", 2, containers), wanted)
}

fn under(range: LimitRange, workload: Workload, options: &Options) -> ContainerAdvice {
    let mut snapshot = busy(workload);
    snapshot.cluster.limit_ranges = vec![range];
    container_of(&snapshot, options)
}

#[test]
fn a_pod_is_cut_to_its_least_and_no_further() {
    let least = |min: Resources| LimitRange {
        min,
        ..range("Pod")
    };
    let wanted = [
        ("cpu-request", "100m"),
        ("memory-request", "128Mi"),
        ("memory-limit", "256Mi"),
    ];
    let alone = pod(Vec::new(), &wanted);
    let advice = under(least(resources(300, 320)), alone.clone(), &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Set(Cpu::millicores(300)));
    assert_eq!(advice.sizing.memory_request, Advice::Set(Bytes::mib(320)));
    assert_eq!(advice.sizing.memory_limit, Advice::Set(Bytes::mib(320)));
    let text = reason(&advice, "limit_range");
    assert!(
        text.contains("100m to 300m") && text.contains("no pod below 300m"),
        "{text}"
    );
    // What runs beside it counts, what starts before it only where it is larger.
    let beside = |kind| {
        let other = Container {
            kind,
            ..container("other", 250, 0)
        };
        let pod = pod(vec![other], &wanted);
        under(least(resources(300, 0)), pod, &by_labels())
            .sizing
            .cpu_request
    };
    assert_eq!(
        beside(ContainerKind::App),
        Advice::Set(Cpu::millicores(100))
    );
    assert_eq!(
        beside(ContainerKind::Sidecar),
        Advice::Set(Cpu::millicores(100))
    );
    assert_eq!(
        beside(ContainerKind::Init),
        Advice::Set(Cpu::millicores(300))
    );
    // Overhead counts for the scheduler, and not here.
    let mut overhead = alone.clone();
    overhead.overhead = resources(250, 0);
    let advice = under(least(resources(300, 0)), overhead, &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Set(Cpu::millicores(300)));
    // What the pod requests as a whole is checked instead.
    let mut whole = alone.clone();
    whole.pod_requests = resources(600, 0);
    let advice = under(least(resources(300, 0)), whole, &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Set(Cpu::millicores(100)));
    // One that is too small already is told so.
    let advice = under(least(resources(900, 0)), alone, &by_labels());
    assert_eq!(advice.sizing.cpu_request, Advice::Keep);
    let texts: Vec<&str> = advice.reasons.iter().map(|it| it.text.as_str()).collect();
    let told = "no new pod is admitted as it is: LimitRange `sizes` takes none below 900m of cpu";
    assert!(texts.contains(&told), "{texts:?}");
}

#[test]
fn a_pod_is_not_raised_above_its_most() {
    let most = |max: Resources| LimitRange {
        max,
        ..range("Pod")
    };
    let wanted = [("cpu-request", "100m"), ("memory-limit", "1Gi")];
    let raised = |others, max| {
        let advice = under(most(max), pod(others, &wanted), &by_labels());
        advice.sizing.memory_limit
    };
    assert_eq!(
        raised(Vec::new(), resources(0, 1024)),
        Advice::Set(Bytes::gib(1))
    );
    assert_eq!(
        raised(vec![sidecar("proxy", 0, 1)], resources(0, 1024)),
        Advice::Keep
    );
    let init = Container {
        kind: ContainerKind::Init,
        ..container("init", 0, 1024)
    };
    assert_eq!(
        raised(vec![init], resources(0, 1024)),
        Advice::Set(Bytes::gib(1))
    );
    // A maximum requires some limit.
    let mut limited = pod(Vec::new(), &wanted);
    limited.containers[0].limits.cpu = Some(Cpu::cores(1.0));
    let remove = Options {
        cpu_limits: CpuLimits::Remove,
        ..by_labels()
    };
    let advice = under(most(resources(2000, 0)), limited.clone(), &remove);
    assert_eq!(advice.sizing.cpu_limit, Advice::Keep);
    let advice = under(most(resources(0, 2048)), limited, &remove);
    assert_eq!(advice.sizing.cpu_limit, Advice::Unset);
}

#[test]
fn the_ratio_of_a_pod_raises_its_requests() {
    let ratio = LimitRange {
        max_ratio_memory: Some(2.0),
        ..range("Pod")
    };
    let wanted = [("memory-request", "128Mi"), ("memory-limit", "512Mi")];
    let advice = under(ratio.clone(), pod(Vec::new(), &wanted), &by_labels());
    assert_eq!(advice.sizing.memory_request, Advice::Set(Bytes::mib(256)));
    let text = reason(&advice, "limit_range");
    assert!(
        text.contains("128Mi to 256Mi") && text.contains("at 2"),
        "{text}"
    );
    // Another container without a limit larger than its request makes up for it.
    let other = pod(vec![container("other", 0, 512)], &wanted);
    let advice = under(ratio, other, &by_labels());
    assert_eq!(advice.sizing.memory_request, Advice::Set(Bytes::mib(128)));
}

#[test]
fn what_another_controller_sets_is_not_raised_for_a_ratio() {
    for kind in ["Container", "Pod"] {
        let ratio = LimitRange {
            max_ratio_memory: Some(1.5),
            ..range(kind)
        };
        let mut managed = pod(Vec::new(), &[("cpu-request", "100m")]);
        managed.containers[0].requests.memory = Some(Bytes::mib(128));
        managed.managers = vec![Manager {
            kind: "VerticalPodAutoscaler".to_owned(),
            name: "api".to_owned(),
            mode: "Auto".to_owned(),
            resources: vec!["memory".to_owned()],
            container: None,
            triggers: Vec::new(),
            except: Vec::new(),
        }];
        let advice = under(ratio, managed, &by_labels());
        assert_eq!(advice.sizing.memory_request, Advice::Keep, "{kind}");
    }
}
