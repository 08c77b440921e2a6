//! What owners ask for in annotations that start with `kcost.dev/`.

use std::str::FromStr;

use super::options::{CpuLimits, Effective, Options};
use super::{Goal, Reason};
use crate::snapshot::Workload;
use crate::units::{Bytes, Cpu, Quantity, Ratio};

const PREFIX: &str = "kcost.dev/";

/// The annotations that are known, for the message about one that is not.
const KNOWN: &str = "goal, strategy, ignore, min-cpu, max-cpu, min-memory, max-memory";

/// `options` with the workload's annotations applied. A value that cannot be
/// read changes nothing and is a problem.
pub(super) fn apply(options: &Options, workload: &Workload) -> Effective {
    let mut effective = Effective {
        options: options.clone(),
        ignore: None,
        problems: Vec::new(),
    };
    if let Some(rule) = options.policy.rule(workload) {
        for (name, value) in &rule.sets {
            // The file was checked when it was read; what is wrong all the same is said.
            if let Err(problem) = rule_out(&mut effective, name, value) {
                let text = format!("`{name}` of `kcost.yaml` is ignored: {problem}");
                effective.problems.push(Reason::new("policy", text));
            }
        }
    }
    for (key, value) in &workload.annotations {
        let Some(name) = key.strip_prefix(PREFIX) else {
            continue;
        };
        if let Err(problem) = set(&mut effective, name, value.trim()) {
            let text = format!("annotation `{key}` is ignored: {problem}");
            effective.problems.push(Reason::new("annotation", text));
        }
    }
    check_order(&mut effective, options);
    effective
}

fn set(effective: &mut Effective, name: &str, value: &str) -> Result<(), String> {
    let options = &mut effective.options;
    match name {
        "goal" => {
            let goal = Goal::by_name(value)
                .ok_or_else(|| format!("`{value}` is not one of savings, balanced, reliability"))?;
            let horizon = options.targets.horizon;
            options.goal = goal;
            options.targets = goal.targets();
            options.targets.horizon = horizon;
        }
        "strategy" => {
            options.strategy = super::by_name(value)
                .ok_or_else(|| format!("`{value}` is not one of {}", super::names().join(", ")))?;
        }
        "ignore" => {
            let ignored = "annotation `kcost.dev/ignore` asks for no advice";
            effective.ignore = switch(value)?.then_some(ignored);
        }
        "min-cpu" => options.min_cpu = Cpu::from(&quantity(value)?),
        "max-cpu" => options.max_cpu = Some(Cpu::from(&quantity(value)?)),
        "min-memory" => options.min_memory = Bytes::from(&quantity(value)?),
        "max-memory" => options.max_memory = Some(Bytes::from(&quantity(value)?)),
        _ => return Err(format!("there is only {KNOWN}")),
    }
    Ok(())
}

/// What only a policy may set, else the same as an annotation.
fn rule_out(effective: &mut Effective, name: &str, value: &str) -> Result<(), String> {
    let options = &mut effective.options;
    match name {
        "max-oom-risk" => options.targets.memory_over_limit = share(value)?,
        "max-cpu-over" => options.targets.cpu_time_over_request = share(value)?,
        "cpu-limits" => {
            options.cpu_limits = CpuLimits::by_name(value)
                .ok_or_else(|| format!("`{value}` is not one of keep, remove, ratio"))?;
        }
        "largest-step" => options.max_step = Some(Ratio::new(share(value)?)),
        "tie-memory" => options.tie_memory = switch(value)?,
        "allow-qos-change" => options.change_qos = switch(value)?,
        "protected" => {
            let protected = "`kcost.yaml` protects it: no advice";
            effective.ignore = switch(value)?.then_some(protected);
        }
        _ => set(effective, name, value)?,
    }
    Ok(())
}

fn switch(value: &str) -> Result<bool, String> {
    match value {
        "true" | "" => Ok(true),
        "false" => Ok(false),
        other => Err(format!("`{other}` is neither true nor false")),
    }
}

fn share(value: &str) -> Result<f64, String> {
    let share = value
        .parse::<f64>()
        .ok()
        .filter(|share| *share > 0.0 && *share < 1.0);
    share.ok_or_else(|| format!("`{value}` is not a share between 0 and 1"))
}

fn quantity(value: &str) -> Result<Quantity, String> {
    let quantity = Quantity::from_str(value).map_err(|error| error.to_string())?;
    if quantity.to_f64() > 0.0 {
        Ok(quantity)
    } else {
        Err(format!("`{value}` is not above zero"))
    }
}

/// A floor above its cap sets neither.
fn check_order(effective: &mut Effective, run: &Options) {
    let options = &mut effective.options;
    let mut problem = |resource: &str| {
        let text = format!(
            "annotations `{PREFIX}min-{resource}` and `{PREFIX}max-{resource}` are ignored: the floor is above the cap"
        );
        effective.problems.push(Reason::new("annotation", text));
    };
    if options.max_cpu.is_some_and(|max| max < options.min_cpu) {
        (options.min_cpu, options.max_cpu) = (run.min_cpu, run.max_cpu);
        problem("cpu");
    }
    if options
        .max_memory
        .is_some_and(|max| max < options.min_memory)
    {
        (options.min_memory, options.max_memory) = (run.min_memory, run.max_memory);
        problem("memory");
    }
}
