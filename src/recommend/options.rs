use super::{Goal, Learned, Policy, Reason, Strategy, Targets, annotations};
use crate::snapshot::Workload;
use crate::text::short;
use crate::units::{Bytes, Cpu, Ratio, Span};

/// What the user decides about advice.
#[derive(Clone)]
pub struct Options {
    pub strategy: &'static dyn Strategy,
    pub goal: Goal,
    /// From the goal, where no flag sets them.
    pub targets: Targets,
    /// No request is advised below these.
    pub min_cpu: Cpu,
    pub min_memory: Bytes,
    /// No request or limit is advised above these.
    pub max_cpu: Option<Cpu>,
    pub max_memory: Option<Bytes>,
    /// Less history than this is too little to advise from.
    pub min_history: Span,
    pub cpu_limits: CpuLimits,
    /// Largest share that a request or limit is cut by in one run; raises are
    /// never held back. `None` cuts at once.
    pub max_step: Option<Ratio>,
    /// Whether advice may move pods to another QoS class.
    pub change_qos: bool,
    /// Whether the memory request is to equal the memory limit.
    pub tie_memory: bool,
    /// Whether guards correct what the strategy proposes. Without, its sizes are
    /// taken as they are, as far as Kubernetes can hold them.
    pub guards: bool,
    /// What the policy file rules for single workloads.
    pub policy: Policy,
    /// What earlier runs taught.
    pub learned: Learned,
}

/// What becomes of CPU limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CpuLimits {
    /// What the owner chose; raised where it throttles or the request passes it.
    #[default]
    Keep,
    /// None, wherever the cluster allows that.
    Remove,
    /// The same multiple of the request as now.
    Ratio,
}

/// What holds for one workload.
#[derive(Debug, Clone)]
pub struct Effective {
    pub options: Options,
    /// Why no advice is wanted.
    pub ignore: Option<&'static str>,
    /// Settings of the owner that could not be read.
    pub problems: Vec<Reason>,
}

impl Options {
    /// What holds for this workload: the options of the run, then the first rule
    /// of the policy that matches it, then the owner's annotations. The one place where this is decided.
    pub fn of(&self, workload: &Workload) -> Effective {
        annotations::apply(self, workload)
    }
}

impl Options {
    /// What of them is not what the goal and the defaults say, as flags have it, so that two
    /// runs can be told apart: `max-oom-risk 20%`.
    pub fn beside_goal(&self) -> Vec<String> {
        let usual = Self {
            targets: self.goal.targets(),
            ..Self::default()
        };
        let mut all: Vec<String> = Vec::new();
        let mut share = |name: &str, own: f64, usual: f64| {
            if (own - usual).abs() > f64::EPSILON {
                all.push(format!("{name} {}%", short(100.0 * own, 2)));
            }
        };
        let (own, of_goal) = (&self.targets, &usual.targets);
        share(
            "max-oom-risk",
            own.memory_over_limit,
            of_goal.memory_over_limit,
        );
        share(
            "max-cpu-over",
            own.cpu_time_over_request,
            of_goal.cpu_time_over_request,
        );
        share(
            "max-cpu-work-over",
            own.cpu_work_over_request,
            of_goal.cpu_work_over_request,
        );
        share(
            "max-node-overflow",
            own.node_memory_overflow,
            of_goal.node_memory_overflow,
        );
        let step = self.max_step.map(Ratio::get);
        all.extend(step.map(|step| format!("largest-step {}%", short(100.0 * step, 2))));
        let mut named = |name: &str, own: String, usual: String| {
            if own != usual {
                all.push(format!("{name} {own}"));
            }
        };
        let cpu = |cpu: Option<Cpu>| cpu.map_or_else(String::new, |it| it.to_string());
        let memory = |memory: Option<Bytes>| memory.map_or_else(String::new, |it| it.to_string());
        named(
            "cpu-limits",
            self.cpu_limits.name().to_owned(),
            usual.cpu_limits.name().to_owned(),
        );
        named("min-cpu", cpu(Some(self.min_cpu)), cpu(Some(usual.min_cpu)));
        named("max-cpu", cpu(self.max_cpu), cpu(usual.max_cpu));
        named(
            "min-memory",
            memory(Some(self.min_memory)),
            memory(Some(usual.min_memory)),
        );
        named(
            "max-memory",
            memory(self.max_memory),
            memory(usual.max_memory),
        );
        named(
            "min-history",
            self.min_history.to_string(),
            usual.min_history.to_string(),
        );
        for (name, own) in [
            ("tie-memory", self.tie_memory),
            ("allow-qos-change", self.change_qos),
        ] {
            if own {
                all.push(name.to_owned());
            }
        }
        all
    }
}

impl CpuLimits {
    pub const ALL: [Self; 3] = [Self::Keep, Self::Remove, Self::Ratio];

    /// The `--cpu-limits` value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Remove => "remove",
            Self::Ratio => "ratio",
        }
    }

    /// The choice of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            strategy: super::ALL[0],
            goal: Goal::Balanced,
            targets: Goal::Balanced.targets(),
            // Small enough not to inflate small pods, large enough to start a process.
            min_cpu: Cpu::millicores(5),
            min_memory: Bytes::mib(16),
            max_cpu: None,
            max_memory: None,
            min_history: Span::days(3),
            cpu_limits: CpuLimits::Keep,
            max_step: None,
            change_qos: false,
            tie_memory: false,
            guards: true,
            policy: Policy::default(),
            learned: Learned::default(),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("strategy", &self.strategy.name())
            .field("goal", &self.goal)
            .field("targets", &self.targets)
            .finish_non_exhaustive()
    }
}
