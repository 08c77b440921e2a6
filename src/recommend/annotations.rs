//! What owners ask for in annotations that start with `kcost.dev/`.

use jiff::tz::TimeZone;

use super::options::{CpuLimits, Effective, Options};
use super::{Goal, Reason, SettingError};
use crate::snapshot::Workload;
use crate::snapshot::annotation::PREFIX;
use crate::units::{Bytes, Cpu, Ratio};

/// `options` with the workload's annotations applied. A value that cannot be
/// read changes nothing and is a problem.
pub(super) fn apply(options: &Options, workload: &Workload) -> Effective {
    let mut effective = Effective {
        options: options.clone(),
        ignore: None,
        problems: Vec::new(),
    };
    if let Some(rule) = options.policy.rule(workload) {
        // A goal stands for risks, which the same rule may name on their own.
        let (goals, rest): (Vec<_>, Vec<_>) =
            rule.sets.iter().partition(|(name, _)| name == "goal");
        for (name, value) in goals.into_iter().chain(rest) {
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

fn set(effective: &mut Effective, name: &str, value: &str) -> Result<(), SettingError> {
    let options = &mut effective.options;
    match name {
        "goal" => {
            let goal = Goal::by_name(value).ok_or_else(|| {
                SettingError::choice(value, &["savings", "balanced", "reliability"])
            })?;
            let horizon = options.targets.horizon;
            options.goal = goal;
            options.targets = goal.targets();
            options.targets.horizon = horizon;
        }
        "strategy" => {
            options.strategy = super::by_name(value)
                .ok_or_else(|| SettingError::choice(value, &super::names()))?;
        }
        "ignore" => {
            let ignored = "annotation `kcost.dev/ignore` asks for no advice";
            effective.ignore = switch(value)?.then_some(ignored);
        }
        // It keeps sizes from being applied, not from being advised.
        "freeze" => {
            switch(value)?;
        }
        "min-cpu" => options.min_cpu = cpu(value)?,
        "max-cpu" => options.max_cpu = Some(cpu(value)?),
        "min-memory" => options.min_memory = memory(value)?,
        "max-memory" => options.max_memory = Some(memory(value)?),
        // Sizes do not depend on it: schedules do.
        "time-zone" => {
            TimeZone::get(value).map_err(|_| SettingError::Zone(value.to_owned()))?;
        }
        _ => return Err(SettingError::unknown(name)),
    }
    Ok(())
}

/// What only a policy may set, else the same as an annotation.
fn rule_out(effective: &mut Effective, name: &str, value: &str) -> Result<(), SettingError> {
    let options = &mut effective.options;
    match name {
        "max-oom-risk" => options.targets.memory_over_limit = share(value)?,
        "max-cpu-over" => options.targets.cpu_time_over_request = share(value)?,
        "max-cpu-work-over" => options.targets.cpu_work_over_request = share(value)?,
        "cpu-limits" => {
            options.cpu_limits = CpuLimits::by_name(value)
                .ok_or_else(|| SettingError::choice(value, &["keep", "remove", "ratio"]))?;
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

fn switch(value: &str) -> Result<bool, SettingError> {
    match value {
        "true" | "" => Ok(true),
        "false" => Ok(false),
        other => Err(SettingError::Switch(other.to_owned())),
    }
}

fn share(value: &str) -> Result<f64, SettingError> {
    let share = value
        .parse::<f64>()
        .ok()
        .filter(|share| *share > 0.0 && *share < 1.0);
    share.ok_or_else(|| SettingError::Share(value.to_owned()))
}

fn cpu(value: &str) -> Result<Cpu, SettingError> {
    let cpu: Cpu = value.parse()?;
    if cpu.is_zero() {
        return Err(SettingError::Zero(value.to_owned()));
    }
    Ok(cpu)
}

fn memory(value: &str) -> Result<Bytes, SettingError> {
    Ok(value.parse()?)
}

/// A floor above its cap sets neither: they come from several places, each of
/// which is right alone.
fn check_order(effective: &mut Effective, run: &Options) {
    let options = &mut effective.options;
    let mut problem = |resource: &str, floor: String, cap: String| {
        let text = format!(
            "of `kcost.yaml` and annotations `min-{resource}` {floor} is above `max-{resource}` \
             {cap}: neither holds"
        );
        effective.problems.push(Reason::new("policy", text));
    };
    if let Some(cap) = options.max_cpu.filter(|cap| *cap < options.min_cpu) {
        problem("cpu", options.min_cpu.to_string(), cap.to_string());
        (options.min_cpu, options.max_cpu) = (run.min_cpu, run.max_cpu);
    }
    if let Some(cap) = options.max_memory.filter(|cap| *cap < options.min_memory) {
        problem("memory", options.min_memory.to_string(), cap.to_string());
        (options.min_memory, options.max_memory) = (run.min_memory, run.max_memory);
    }
}
