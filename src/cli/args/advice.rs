use clap::Args;
use clap::builder::BoolishValueParser;

use super::BookArgs;
use crate::cli::values::{cpu, described, memory, named, share};
use crate::error::Error;
use crate::pipeline::Settings;
use crate::recommend::{self, CpuLimits, Goal, Learned, Options, Policy, Targets};
use crate::units::{Bytes, Cpu, Ratio, Span};

/// How usage becomes sizes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Advice")]
pub(in crate::cli) struct AdviceArgs {
    /// How usage becomes requests and limits.
    #[arg(
        long,
        value_name = "NAME",
        env = "KCOST_STRATEGY",
        hide_env_values = true,
        hide_short_help = true,
        default_value = recommend::ALL[0].name(),
        value_parser = described(recommend::ALL.iter().map(|it| (it.name(), it.summary())))
    )]
    strategy: String,

    /// How much risk to take for how much money.
    ///
    /// Largest probability of exceeding the memory limit within a week, share of
    /// time above the CPU request, and probability that the pods of a node exceed
    /// its memory within a week: `savings` 5%, 10%, 5%; `balanced` 2%, 5%,
    /// 2%; `reliability` 0.5%, 1%, 0.1%.
    #[arg(
        long,
        value_name = "GOAL",
        env = "KCOST_GOAL",
        hide_env_values = true,
        default_value = Goal::Balanced.name(),
        value_parser = named(Goal::ALL.map(Goal::name))
    )]
    goal: String,

    /// Largest probability of exceeding the memory limit within a week, such as 0.02 [default: from the goal].
    #[arg(long, value_name = "RISK", env = "KCOST_MAX_OOM_RISK", hide_env_values = true, hide_short_help = true, value_parser = share)]
    max_oom_risk: Option<f64>,

    /// Largest share of time above the CPU request, such as 0.05 [default: from the goal].
    #[arg(long, value_name = "SHARE", env = "KCOST_MAX_CPU_OVER", hide_env_values = true, hide_short_help = true, value_parser = share)]
    max_cpu_over: Option<f64>,

    /// Largest share of CPU work above the CPU request, such as 0.1 [default: from the goal].
    #[arg(long, value_name = "SHARE", env = "KCOST_MAX_CPU_WORK_OVER", hide_env_values = true, hide_short_help = true, value_parser = share)]
    max_cpu_work_over: Option<f64>,

    /// Largest probability that the pods of a node exceed its memory within a week, such as 0.02
    /// [default: from the goal].
    #[arg(long, value_name = "RISK", env = "KCOST_MAX_NODE_OVERFLOW", hide_env_values = true, hide_short_help = true, value_parser = share)]
    max_node_overflow: Option<f64>,

    /// What to do with CPU limits.
    ///
    /// `keep` leaves them, and raises those that throttle; `remove` takes them away;
    /// `ratio` keeps their multiple of the request.
    #[arg(
        long,
        value_name = "CHOICE",
        env = "KCOST_CPU_LIMITS",
        hide_env_values = true,
        hide_short_help = true,
        default_value = CpuLimits::default().name(),
        value_parser = named(CpuLimits::ALL.map(CpuLimits::name))
    )]
    cpu_limits: String,

    /// Advise no CPU request below this.
    #[arg(long, value_name = "CPU", env = "KCOST_MIN_CPU", hide_env_values = true, hide_short_help = true, default_value_t = Options::default().min_cpu, value_parser = cpu)]
    min_cpu: Cpu,

    /// Advise no memory request below this.
    #[arg(long, value_name = "MEMORY", env = "KCOST_MIN_MEMORY", hide_env_values = true, hide_short_help = true, default_value_t = Options::default().min_memory, value_parser = memory)]
    min_memory: Bytes,

    /// Advise no CPU request or limit above this.
    #[arg(
        long,
        value_name = "CPU",
        env = "KCOST_MAX_CPU",
        hide_env_values = true,
        hide_short_help = true,
        value_parser = cpu
    )]
    max_cpu: Option<Cpu>,

    /// Advise no memory request or limit above this.
    #[arg(
        long,
        value_name = "MEMORY",
        env = "KCOST_MAX_MEMORY",
        hide_env_values = true,
        hide_short_help = true,
        value_parser = memory
    )]
    max_memory: Option<Bytes>,

    /// Advise nothing from less history than this.
    #[arg(long, value_name = "SPAN", env = "KCOST_MIN_HISTORY", hide_env_values = true, hide_short_help = true, default_value_t = Options::default().min_history)]
    min_history: Span,

    /// Cut no request or limit by more than this share in one run [default: cut at once].
    ///
    /// Raises are never held back.
    #[arg(
        long,
        value_name = "SHARE",
        env = "KCOST_LARGEST_STEP",
        hide_env_values = true,
        hide_short_help = true,
        value_parser = share
    )]
    largest_step: Option<f64>,

    /// Advise memory requests as large as their limits, whatever the goal.
    #[arg(
        long,
        value_name = "BOOL",
        env = "KCOST_TIE_MEMORY",
        value_parser = BoolishValueParser::new(),
        hide_env_values = true,
        hide_short_help = true,
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true"
    )]
    tie_memory: bool,

    /// Let the advice change the QoS class of pods.
    #[arg(
        long,
        value_name = "BOOL",
        env = "KCOST_ALLOW_QOS_CHANGE",
        value_parser = BoolishValueParser::new(),
        hide_env_values = true,
        hide_short_help = true,
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true"
    )]
    allow_qos_change: bool,
}

impl AdviceArgs {
    /// Settings of an analysis without a gate, at these prices.
    pub(in crate::cli) fn settings(
        &self,
        prices: &BookArgs,
        policy: &Policy,
    ) -> Result<Settings, Error> {
        Ok(Settings {
            prices: prices.book()?,
            ..Settings::new(self.options(policy)?)
        })
    }

    /// Checked options.
    pub(in crate::cli) fn options(&self, policy: &Policy) -> Result<Options, Error> {
        // clap has checked both names against the registries.
        let strategy = recommend::by_name(&self.strategy).unwrap_or(recommend::ALL[0]);
        let goal = Goal::by_name(&self.goal).unwrap_or(Goal::Balanced);
        let options = Options {
            strategy,
            goal,
            targets: self.targets(goal),
            min_cpu: self.min_cpu,
            min_memory: self.min_memory,
            max_cpu: self.max_cpu,
            max_memory: self.max_memory,
            min_history: self.min_history,
            cpu_limits: CpuLimits::by_name(&self.cpu_limits).unwrap_or_default(),
            max_step: self.largest_step.map(Ratio::new),
            change_qos: self.allow_qos_change,
            tie_memory: self.tie_memory,
            guards: true,
            policy: policy.clone(),
            learned: Learned::default(),
        };
        check_order(
            options.max_cpu.is_some_and(|max| max < options.min_cpu),
            "cpu",
        )?;
        check_order(
            options
                .max_memory
                .is_some_and(|max| max < options.min_memory),
            "memory",
        )?;
        Ok(options)
    }

    fn targets(&self, goal: Goal) -> Targets {
        let targets = goal.targets();
        Targets {
            memory_over_limit: self.max_oom_risk.unwrap_or(targets.memory_over_limit),
            cpu_time_over_request: self.max_cpu_over.unwrap_or(targets.cpu_time_over_request),
            cpu_work_over_request: self
                .max_cpu_work_over
                .unwrap_or(targets.cpu_work_over_request),
            node_memory_overflow: self
                .max_node_overflow
                .unwrap_or(targets.node_memory_overflow),
            horizon: targets.horizon,
        }
    }
}

fn check_order(wrong: bool, resource: &str) -> Result<(), Error> {
    if !wrong {
        return Ok(());
    }
    Err(Error::Usage {
        text: format!("`--max-{resource}` is below `--min-{resource}`"),
        hint: Some(format!(
            "raise `--max-{resource}`, or lower `--min-{resource}`"
        )),
    })
}
