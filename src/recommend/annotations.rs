//! What owners ask for in annotations that start with `kcost.dev/`.

use std::str::FromStr;

use super::options::{Effective, Options};
use super::{Goal, Reason};
use crate::snapshot::Workload;
use crate::units::{Bytes, Cpu, Quantity};

const PREFIX: &str = "kcost.dev/";

/// The annotations that are known, for the message about one that is not.
const KNOWN: &str = "goal, strategy, ignore, min-cpu, max-cpu, min-memory, max-memory";

/// `options` with the workload's annotations applied. A value that cannot be
/// read changes nothing and is a problem.
pub(super) fn apply(options: &Options, workload: &Workload) -> Effective {
    let mut effective = Effective {
        options: options.clone(),
        ignore: false,
        problems: Vec::new(),
    };
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
            effective.ignore = match value {
                "true" | "" => true,
                "false" => false,
                other => return Err(format!("`{other}` is neither true nor false")),
            };
        }
        "min-cpu" => options.min_cpu = Cpu::from(&quantity(value)?),
        "max-cpu" => options.max_cpu = Some(Cpu::from(&quantity(value)?)),
        "min-memory" => options.min_memory = Bytes::from(&quantity(value)?),
        "max-memory" => options.max_memory = Some(Bytes::from(&quantity(value)?)),
        _ => return Err(format!("there is only {KNOWN}")),
    }
    Ok(())
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
