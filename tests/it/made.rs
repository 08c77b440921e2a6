//! A small cluster made by hand, with advice, for tests of what comes after advice.

use jiff::Timestamp;
use kcost::cohort::{Cohort, Cohorts};
use kcost::gpu::Gpus;
use kcost::pipeline::{self, Analysis, Evidence, Settings};
use kcost::price::Book;
use kcost::profile::Profile;
use kcost::progress::Silent;
use kcost::recommend::guard::Field;
use kcost::recommend::{
    Advice, Advised, Confidence, ContainerAdvice, CpuBounds, DataQuality, Methods, NodeRisk,
    Options, Reason, Risk, Sizing, State, Why, WorkloadAdvice,
};
use kcost::risk::Risks;
use kcost::snapshot::{
    Accelerator, CapacityType, Cluster, Container, ContainerKind, Gap, Node, PatchTarget, Pod,
    Resources, Snapshot, Source, SourceKind, Termination, Usage, Workload, WorkloadId,
};
use kcost::units::{Bytes, Cpu, Ratio, Span};

/// A snapshot and what was made of it.
pub struct Made {
    pub snapshot: Snapshot,
    pub profiles: Vec<Profile>,
    pub cohorts: Cohorts,
    pub advised: Advised,
}

pub fn settings() -> Settings {
    Settings {
        prices: Book::named("default").expect("a book"),
        ..Settings::new(Options::default())
    }
}

pub fn resources(cpu: u64, memory: u64) -> Resources {
    Resources {
        cpu: (cpu > 0).then(|| Cpu::millicores(cpu)),
        memory: (memory > 0).then(|| Bytes::mib(memory)),
        ..Resources::default()
    }
}

pub fn container(name: &str, cpu: u64, memory: u64) -> Container {
    Container {
        name: name.to_owned(),
        requests: resources(cpu, memory),
        limits: resources(0, memory),
        in_template: true,
        ..Container::default()
    }
}

/// A workload of `pods` pods on node `n0`; each pod requests what its app containers do.
pub fn workload(kind: &str, name: &str, pods: u32, containers: Vec<Container>) -> Workload {
    let sum = containers
        .iter()
        .filter(|it| it.kind != ContainerKind::Init)
        .fold(Resources::default(), |sum, it| sum.plus(&it.requests));
    let (api_version, path) = match kind {
        "CronJob" => (
            "batch/v1",
            vec!["spec", "jobTemplate", "spec", "template", "spec"],
        ),
        "Rollout" => ("argoproj.io/v1alpha1", vec!["spec", "template", "spec"]),
        _ => ("apps/v1", vec!["spec", "template", "spec"]),
    };
    let pod = |index| Pod {
        name: format!("{name}-{index}"),
        node: Some("n0".to_owned()),
        phase: "Running".to_owned(),
        qos: None,
        created: None,
        requests: sum.clone(),
        ..Pod::default()
    };
    Workload {
        id: WorkloadId {
            namespace: "shop".to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            template: None,
        },
        api_version: api_version.to_owned(),
        replicas: pods,
        patch: (kind != "Pod").then(|| PatchTarget {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            pod_spec: path.into_iter().map(str::to_owned).collect(),
        }),
        pods: (0..pods).map(pod).collect(),
        containers,
        ..Workload::default()
    }
}

pub fn set(cpu: u64, memory: u64, limit: u64) -> Sizing {
    Sizing {
        cpu_request: Advice::Set(Cpu::millicores(cpu)),
        memory_request: Advice::Set(Bytes::mib(memory)),
        memory_limit: Advice::Set(Bytes::mib(limit)),
        ..Sizing::KEEP
    }
}

impl Made {
    /// No workloads, no usage, no nodes.
    pub fn empty() -> Self {
        Self {
            snapshot: Snapshot {
                taken_at: Timestamp::from_second(1_763_000_000).unwrap(),
                tool_version: "0.1.0".to_owned(),
                cluster: Cluster {
                    name: "test".to_owned(),
                    ..Cluster::default()
                },
                sources: vec![Source {
                    kind: SourceKind::Files,
                    detail: "objects.json".to_owned(),
                }],
                workloads: Vec::new(),
                usage: Usage::default(),
                gaps: Vec::new(),
            },
            profiles: Vec::new(),
            cohorts: Cohorts::default(),
            advised: Advised {
                workloads: Vec::new(),
                node_risk: None,
            },
        }
    }

    /// One of each sort.
    pub fn shop() -> Self {
        let mut made = Self::empty();
        made.snapshot.cluster.nodes = vec![node("n0", CapacityType::OnDemand)];
        made.snapshot.usage.grid.start = Timestamp::from_second(1_761_790_400).unwrap();
        made.snapshot.usage.grid.len = 14 * 288;
        made.advised.node_risk = Some(NodeRisk {
            overflow: Ratio::new(0.0123),
            alone: Ratio::ZERO,
            surge: Ratio::new(0.05),
            fill_a_node: Vec::new(),
        });
        made.cohorts.groups = vec![Cohort {
            name: "steady".to_owned(),
            kind: "steady",
            description: "CPU hardly varies (0.1 of its mean), no daily pattern".to_owned(),
            members: Vec::new(),
        }];
        "the largest mean silhouette of 2 to 8 groups".clone_into(&mut made.cohorts.criterion);
        let none = [Sizing::KEEP];
        let nightly = workload(
            "CronJob",
            "nightly-report",
            0,
            vec![container("report", 1000, 1024)],
        );
        made.add(nightly, State::RightSized, &none);
        let agent = workload("DaemonSet", "agent", 4, vec![container("agent", 50, 64)]);
        made.add(agent, State::RightSized, &none);
        made.add(cart(), State::UnderProvisioned, &[set(300, 640, 768)]);
        let mut search = workload(
            "Deployment",
            "search",
            12,
            vec![
                sidecar("proxy", 200, 256),
                container("search-engine", 2000, 4096),
            ],
        );
        search.containers[1].limits.cpu = Some(Cpu::cores(4.0));
        let engine = Sizing {
            cpu_limit: Advice::Unset,
            ..set(450, 1536, 2048)
        };
        made.add(search, State::OverProvisioned, &[set(20, 64, 96), engine]);
        let admin = workload(
            "Deployment",
            "legacy-administration-console",
            1,
            vec![container("web", 500, 512)],
        );
        made.add(admin, State::Idle, &[set(5, 32, 48)]);
        let bare = workload("Pod", "debug", 1, vec![container("shell", 0, 0)]);
        made.add(bare, State::Unknown, &none);
        let rollout = workload("Rollout", "web", 3, vec![container("web", 500, 512)]);
        made.add(rollout, State::OverProvisioned, &[set(100, 256, 320)]);
        made.snapshot.gaps = vec![
            Gap::new(
                "no-usage",
                "Pod shop/debug",
                "there is no usage in the window",
            ),
            Gap::new(
                "forbidden",
                "horizontalpodautoscalers",
                "listing is forbidden",
            )
            .hint("allow `list` on horizontalpodautoscalers.autoscaling"),
        ];
        made
    }

    pub fn add(&mut self, workload: Workload, state: State, sizings: &[Sizing]) {
        let advice = |(container, sizing): (usize, &Sizing)| ContainerAdvice {
            container,
            profile: usize::MAX,
            kind: None,
            sizing: *sizing,
            methods: Methods::default(),
            heap: None,
            risk: (state != State::Unknown).then_some(Risk {
                horizon: Span::WEEK,
                memory_over_limit: Some(0.0123),
                cpu_time_over_request: Some(0.05),
                cpu_work_over_request: Some(0.04),
                replayed: kcost::recommend::Replayed::default(),
            }),
            whys: vec![Why {
                field: Field::CpuRequest,
                text: "CPU request 1 → 250m: it used more only 5% of the time".to_owned(),
            }],
            reasons: vec![Reason::new(
                "made",
                "P98 of 14 days of 5-minute samples, and a margin that held in 98 of 100 weeks of workloads like it",
            )],
            growth: None,
            odd_pods: Vec::new(),
        };
        let known = state != State::Unknown;
        self.advised.workloads.push(WorkloadAdvice {
            workload: self.snapshot.workloads.len(),
            state,
            headline: None,
            confidence: if known {
                Confidence::High
            } else {
                Confidence::None
            },
            data_quality: DataQuality::default(),
            cohort: known.then_some(0),
            cpu: CpuBounds::default(),
            containers: sizings.iter().enumerate().map(advice).collect(),
            autoscaler: None,
            pod: None,
        });
        self.snapshot.workloads.push(workload);
    }

    /// Prices and gates, as the pipeline does.
    pub fn analysis<'a>(&'a self, settings: &'a Settings) -> Analysis<'a> {
        let evidence = Evidence {
            profiles: self.profiles.clone(),
            cohorts: self.cohorts.clone(),
            advised: self.advised.clone(),
            risks: Risks::default(),
            peaks: Vec::new(),
            gpus: Gpus::default(),
            together: None,
            costs: None,
        };
        pipeline::report(&self.snapshot, evidence, settings, &Silent)
    }
}

pub fn node(name: &str, capacity_type: CapacityType) -> Node {
    Node {
        name: name.to_owned(),
        instance_type: Some("m5.xlarge".to_owned()),
        region: None,
        zone: None,
        capacity_type,
        pool: None,
        provider: None,
        architecture: None,
        gpu_product: None,
        accelerator: Accelerator::default(),
        allocatable: resources(4000, 16_384),
        capacity: resources(4000, 16_384),
        ready: true,
        unschedulable: false,
        ..Node::default()
    }
}

pub fn sidecar(name: &str, cpu: u64, memory: u64) -> Container {
    Container {
        kind: ContainerKind::Sidecar,
        ..container(name, cpu, memory)
    }
}

fn cart() -> Workload {
    let mut cart = workload("Deployment", "cart", 2, vec![container("cart", 200, 384)]);
    cart.containers[0].terminations = vec![Termination {
        pod: "cart-0".to_owned(),
        reason: "OOMKilled".to_owned(),
        exit_code: 137,
        started: None,
        finished: None,
    }];
    cart
}
