//! What pods of our own request, as LimitRanges and quotas of the namespace admit them.

use serde_json::{Value, json};

use super::Scaled;
use crate::snapshot::{LimitRange, Resources};
use crate::units::{Bytes, Cpu, float};

/// What a container asks for where nothing stands against it.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) cpu: Cpu,
    pub(super) memory: Bytes,
    /// Where one must have a limit.
    pub(super) cpu_limit: Cpu,
    pub(super) memory_limit: Option<Bytes>,
}

impl<'a> Scaled<'a> {
    /// The resources of a container that asks for so much, within what is admitted.
    pub(super) fn admitted(self, wanted: &Wanted) -> Value {
        let least = self.bound(|it| &it.min, Cpu::max, Bytes::max);
        let most = self.bound(|it| &it.max, Cpu::min, Bytes::min);
        let limited = self.limited();
        let within_cpu = |it: Cpu| {
            let it = least.cpu.map_or(it, |least| it.max(least));
            most.cpu.map_or(it, |most| it.min(most))
        };
        let within_memory = |it: Bytes| {
            let it = least.memory.map_or(it, |least| it.max(least));
            most.memory.map_or(it, |most| it.min(most))
        };
        let (mut cpu, mut memory) = (within_cpu(wanted.cpu), within_memory(wanted.memory));
        let mut limits = serde_json::Map::new();
        if limited.0 {
            let limit = within_cpu(wanted.cpu_limit.max(cpu));
            let ratio = self.ratio(|it| it.max_ratio_cpu);
            cpu = cpu.max(Cpu::cores(limit.get() / ratio).round_up_to(Cpu::millicores(1)));
            limits.insert("cpu".to_owned(), json!(limit.to_string()));
        }
        let limit = wanted.memory_limit.or_else(|| limited.1.then_some(memory));
        if let Some(limit) = limit.map(|it| within_memory(it.max(memory))) {
            let ratio = self.ratio(|it| it.max_ratio_memory);
            let least = Bytes::from_f64((limit.to_f64() / ratio).ceil());
            memory = memory.max(least.round_up_to(Bytes::mib(1))).min(limit);
            limits.insert("memory".to_owned(), json!(limit.to_string()));
        }
        let mut resources = json!({
            "requests": {"cpu": cpu.to_string(), "memory": memory.to_string()},
        });
        if !limits.is_empty() {
            resources["limits"] = Value::Object(limits);
        }
        resources
    }

    /// Over how many containers so much has to be spread, as none may have more than a
    /// LimitRange admits.
    pub(super) fn containers_of(self, cpu: Cpu, memory: Bytes) -> u64 {
        let most = self.bound(|it| &it.max, Cpu::min, Bytes::min);
        let mut count = 1;
        while count < 100 {
            let each = float(count);
            let cpu = most.cpu.is_none_or(|it| cpu.get() / each <= it.get());
            let memory = most
                .memory
                .is_none_or(|it| memory.to_f64() / each <= it.to_f64());
            if cpu && memory {
                break;
            }
            count += 1;
        }
        count
    }

    fn ranges(self) -> impl Iterator<Item = &'a LimitRange> {
        let namespace = self.namespace();
        let all = self.cluster.limit_ranges.iter();
        all.filter(move |it| it.namespace == namespace)
    }

    /// The strictest of what they say.
    fn bound(
        self,
        of: impl Fn(&LimitRange) -> &Resources,
        cpu: impl Fn(Cpu, Cpu) -> Cpu,
        memory: impl Fn(Bytes, Bytes) -> Bytes,
    ) -> Resources {
        Resources {
            cpu: self.ranges().filter_map(|it| of(it).cpu).reduce(cpu),
            memory: self.ranges().filter_map(|it| of(it).memory).reduce(memory),
            ..Resources::default()
        }
    }

    /// How many times a request its limit may be.
    fn ratio(self, of: impl Fn(&LimitRange) -> Option<f64>) -> f64 {
        let all = self.ranges().filter_map(of).filter(|it| *it >= 1.0);
        all.fold(f64::INFINITY, f64::min)
    }

    /// Whether a container must have a limit of CPU, and of memory.
    fn limited(self) -> (bool, bool) {
        let namespace = self.namespace();
        let quotas = self.cluster.quotas.iter();
        let (mut cpu, mut memory) = (false, false);
        for it in quotas.filter(|it| it.namespace == namespace) {
            cpu |= it.hard_limits.cpu.is_some();
            memory |= it.hard_limits.memory.is_some();
        }
        for it in self.ranges() {
            cpu |= it.max.cpu.is_some() || it.max_ratio_cpu.is_some();
            memory |= it.max.memory.is_some() || it.max_ratio_memory.is_some();
        }
        (cpu, memory)
    }
}
