//! A workload as its team wrote it, and how it behaves.

use super::curve::{Bursts, Device, Held, Load, Serving};
use super::rhythm::Rhythm;
use crate::snapshot::{ContainerKind, Heap, HeapPlace, HeapSetting, HeapSize, Resources};
use crate::units::{Bytes, Cpu};

/// A workload before it has pods.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) namespace: &'static str,
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    /// Pods at a time; for a DaemonSet, of the nodes.
    pub(super) replicas: usize,
    pub(super) pool: Pool,
    pub(super) pace: Pace,
    pub(super) parts: Vec<Part>,
    /// Size of each replica's volume.
    pub(super) volume_gib: Option<u64>,
    /// The type of its Service.
    pub(super) service: Option<&'static str>,
    /// Pods that its budget lets be drained at once.
    pub(super) budget: Option<i32>,
}

/// The kinds of workload in the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Deployment,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob(&'static str),
}

/// Where pods may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pool {
    General,
    Spot,
    Gpu,
    /// One device in slices.
    Sliced,
}

/// How pods come and go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Pace {
    /// The same pod template for longer than the window.
    Settled,
    /// Rolled out this many days ago; CPU and memory before it, as factors.
    RolledOut { days: usize, before: (f32, f32) },
    /// First deployed this many days ago.
    New { days: usize },
    /// Between so many replicas, at this percentage of the CPU request.
    Scaled { max: usize, percent: u32 },
    /// Pods that run for so many slots, every so many slots from `offset` on.
    Runs {
        every: usize,
        offset: usize,
        slots: usize,
    },
}

/// One container of the plan.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) kind: ContainerKind,
    pub(super) requests: Resources,
    pub(super) limits: Resources,
    pub(super) heap: Option<Heap>,
    pub(super) load: Load,
    pub(super) held: Held,
    pub(super) device: Option<Device>,
    pub(super) serving: Option<Serving>,
}

/// A Deployment in the general pool.
pub(super) fn deployment(namespace: &'static str, name: &'static str, replicas: usize) -> Plan {
    Plan {
        namespace,
        kind: Kind::Deployment,
        name,
        replicas,
        pool: Pool::General,
        pace: Pace::Settled,
        parts: Vec::new(),
        volume_gib: None,
        service: None,
        budget: None,
    }
}

/// A StatefulSet in the general pool.
pub(super) fn stateful_set(namespace: &'static str, name: &'static str, replicas: usize) -> Plan {
    Plan {
        kind: Kind::StatefulSet,
        ..deployment(namespace, name, replicas)
    }
}

/// A DaemonSet on every node.
pub(super) fn daemon_set(namespace: &'static str, name: &'static str) -> Plan {
    Plan {
        kind: Kind::DaemonSet,
        ..deployment(namespace, name, 0)
    }
}

/// A CronJob in the spot pool, whose pods run side by side.
pub(super) fn cron_job(
    namespace: &'static str,
    name: &'static str,
    schedule: &'static str,
    pods: usize,
) -> Plan {
    Plan {
        kind: Kind::CronJob(schedule),
        pool: Pool::Spot,
        ..deployment(namespace, name, pods)
    }
}

/// A Job that still runs.
pub(super) fn job(namespace: &'static str, name: &'static str, days: usize) -> Plan {
    Plan {
        kind: Kind::Job,
        pace: Pace::New { days },
        ..deployment(namespace, name, 1)
    }
}

impl Plan {
    pub(super) fn on(self, pool: Pool) -> Self {
        Self { pool, ..self }
    }

    pub(super) fn pace(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    pub(super) fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    pub(super) fn volume(self, gib: u64) -> Self {
        Self {
            volume_gib: Some(gib),
            ..self
        }
    }

    pub(super) fn served(self, service: &'static str) -> Self {
        Self {
            service: Some(service),
            ..self
        }
    }

    pub(super) fn budget(self, disruptions: i32) -> Self {
        Self {
            budget: Some(disruptions),
            ..self
        }
    }

    /// What the scheduler counts for one pod: containers and sidecars together,
    /// or an init container beside the sidecars, whichever is more. See KEP-753.
    pub(super) fn pod_requests(&self) -> Resources {
        let mut running = Resources::default();
        let mut starting = Resources::default();
        for part in &self.parts {
            match part.kind {
                ContainerKind::Init => starting = starting.max(&running.plus(&part.requests)),
                ContainerKind::App | ContainerKind::Sidecar => {
                    running = running.plus(&part.requests);
                }
            }
        }
        running.max(&starting)
    }

    /// The quality of service that Kubernetes gives its pods.
    pub(super) fn qos(&self) -> &'static str {
        let guaranteed = |part: &Part| {
            let (asked, held) = (&part.requests, &part.limits);
            asked.cpu.is_some()
                && asked.memory.is_some()
                && asked.cpu == held.cpu
                && asked.memory == held.memory
        };
        let nothing = |part: &Part| part.requests.is_empty() && part.limits.is_empty();
        if self.parts.iter().all(guaranteed) {
            "Guaranteed"
        } else if self.parts.iter().all(nothing) {
            "BestEffort"
        } else {
            "Burstable"
        }
    }
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::CronJob(_) => "CronJob",
        }
    }

    pub(super) fn api_version(self) -> &'static str {
        match self {
            Self::Deployment | Self::StatefulSet | Self::DaemonSet => "apps/v1",
            Self::Job | Self::CronJob(_) => "batch/v1",
        }
    }

    /// From the object's root to its pod spec.
    pub(super) fn pod_spec(self) -> &'static [&'static str] {
        match self {
            Self::CronJob(_) => &["spec", "jobTemplate", "spec", "template", "spec"],
            _ => &["spec", "template", "spec"],
        }
    }
}

/// A container that asks for millicores and MiB and sets no limit.
pub(super) fn app(name: &'static str, millicores: u64, mib: u64) -> Part {
    Part {
        requests: Resources {
            cpu: Some(Cpu::millicores(millicores)),
            memory: Some(Bytes::mib(mib)),
            ..Resources::default()
        },
        ..bare(name)
    }
}

/// A container that asks for nothing.
pub(super) fn bare(name: &'static str) -> Part {
    Part {
        name,
        kind: ContainerKind::App,
        requests: Resources::default(),
        limits: Resources::default(),
        heap: None,
        load: load(Rhythm::Flat, 0.001, 0.0),
        held: held(20.0),
        device: None,
        serving: None,
    }
}

impl Part {
    pub(super) fn kind(self, kind: ContainerKind) -> Self {
        Self { kind, ..self }
    }

    pub(super) fn cpu_limit(mut self, millicores: u64) -> Self {
        self.limits.cpu = Some(Cpu::millicores(millicores));
        self
    }

    pub(super) fn memory_limit(mut self, mib: u64) -> Self {
        self.limits.memory = Some(Bytes::mib(mib));
        self
    }

    /// One device, as request and limit.
    pub(super) fn gpu(self, device: Device) -> Self {
        self.device("nvidia.com/gpu", device)
    }

    /// One device or slice of this resource, as request and limit.
    pub(super) fn device(mut self, resource: &str, device: Device) -> Self {
        for resources in [&mut self.requests, &mut self.limits] {
            resources.extended.insert(resource.to_owned(), 1.0);
        }
        self.device = Some(device);
        self
    }

    pub(super) fn serves(self, serving: Serving) -> Self {
        Self {
            serving: Some(serving),
            ..self
        }
    }

    pub(super) fn heap(self, setting: HeapSetting, mib: u64) -> Self {
        let size = setting.with(HeapSize::Fixed(Bytes::mib(mib)));
        let (variable, value) = match setting {
            HeapSetting::NodeMaxOldSpace => ("NODE_OPTIONS", size),
            HeapSetting::GoMemLimit => ("GOMEMLIMIT", format!("{mib}MiB")),
            _ => ("JAVA_TOOL_OPTIONS", format!("-XX:+UseG1GC {size}")),
        };
        let heap = Heap {
            setting,
            bytes: Some(Bytes::mib(mib)),
            percent: None,
            place: Some(HeapPlace::variable(variable, &value, setting, true)),
        };
        Self {
            heap: Some(heap),
            ..self
        }
    }

    pub(super) fn heap_percent(self, percent: f64) -> Self {
        let setting = HeapSetting::JavaMaxRamPercentage;
        let value = setting.with(HeapSize::Share(percent));
        let heap = Heap {
            setting,
            bytes: None,
            percent: Some(percent),
            place: Some(HeapPlace::variable("JAVA_OPTS", &value, setting, true)),
        };
        Self {
            heap: Some(heap),
            ..self
        }
    }

    pub(super) fn uses(self, load: Load) -> Self {
        Self { load, ..self }
    }

    pub(super) fn holds(self, held: Held) -> Self {
        Self { held, ..self }
    }
}

/// Cores with nothing to do, and more at full load.
pub(super) fn load(rhythm: Rhythm, floor: f32, peak: f32) -> Load {
    Load {
        rhythm,
        floor,
        peak,
        wobble: 0.12,
        bursts: None,
    }
}

impl Load {
    pub(super) fn wobble(self, wobble: f32) -> Self {
        Self { wobble, ..self }
    }

    pub(super) fn bursts(self, per_day: f32, cores: f32, slots: usize) -> Self {
        let bursts = Bursts {
            per_day,
            cores,
            slots,
        };
        Self {
            bursts: Some(bursts),
            ..self
        }
    }
}

/// MiB from the start.
pub(super) fn held(base: f32) -> Held {
    Held {
        base,
        cache: 0.0,
        fill_days: 1.0,
        load: 0.0,
        leak: 0.0,
        wobble: 0.02,
        spikes: None,
    }
}

impl Held {
    pub(super) fn cache(self, mib: f32, fill_days: f32) -> Self {
        Self {
            cache: mib,
            fill_days,
            ..self
        }
    }

    pub(super) fn load(self, mib: f32) -> Self {
        Self { load: mib, ..self }
    }

    pub(super) fn leak(self, mib_per_day: f32) -> Self {
        Self {
            leak: mib_per_day,
            ..self
        }
    }

    pub(super) fn wobble(self, wobble: f32) -> Self {
        Self { wobble, ..self }
    }

    pub(super) fn spikes(self, per_day: f32, mib: f32) -> Self {
        Self {
            spikes: Some((per_day, mib)),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_init_container_runs_beside_the_sidecars_before_it() {
        let plan = deployment("shop", "api", 1)
            .part(app("proxy", 100, 128).kind(ContainerKind::Sidecar))
            .part(app("migrate", 1000, 64).kind(ContainerKind::Init))
            .part(app("app", 500, 512));
        let asked = plan.pod_requests();
        assert_eq!(asked.cpu, Some(Cpu::millicores(1100)));
        assert_eq!(asked.memory, Some(Bytes::mib(640)));
    }
}
