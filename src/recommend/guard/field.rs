use crate::recommend::rounding::{cpu_step, round_cpu, round_memory};
use crate::recommend::{Advice, Sizing};
use crate::units::{Bytes, Cpu};

/// The four fields of a container's resources, as they hold; `None` is not set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    pub cpu_request: Option<Cpu>,
    pub cpu_limit: Option<Cpu>,
    pub memory_request: Option<Bytes>,
    pub memory_limit: Option<Bytes>,
}

impl Held {
    /// What holds once this is followed.
    pub(super) fn after(self, sizing: &Sizing) -> Self {
        Self {
            cpu_request: sizing.cpu_request.after(self.cpu_request),
            cpu_limit: sizing.cpu_limit.after(self.cpu_limit),
            memory_request: sizing.memory_request.after(self.memory_request),
            memory_limit: sizing.memory_limit.after(self.memory_limit),
        }
    }
}

/// One field of a container's resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    CpuRequest,
    CpuLimit,
    MemoryRequest,
    MemoryLimit,
}

impl Field {
    pub(in crate::recommend) const ALL: [Self; 4] = [
        Self::CpuRequest,
        Self::CpuLimit,
        Self::MemoryRequest,
        Self::MemoryLimit,
    ];

    /// As a person says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CpuRequest => "CPU request",
            Self::CpuLimit => "CPU limit",
            Self::MemoryRequest => "memory request",
            Self::MemoryLimit => "memory limit",
        }
    }

    /// As in machine output.
    pub fn key(self) -> &'static str {
        match self {
            Self::CpuRequest => "cpu_request",
            Self::CpuLimit => "cpu_limit",
            Self::MemoryRequest => "memory_request",
            Self::MemoryLimit => "memory_limit",
        }
    }

    /// `cpu` or `memory`.
    pub(super) fn resource(self) -> &'static str {
        match self {
            Self::CpuRequest | Self::CpuLimit => "cpu",
            Self::MemoryRequest | Self::MemoryLimit => "memory",
        }
    }

    /// The amount, in cores or bytes.
    pub(in crate::recommend) fn of(self, held: Held) -> Option<f64> {
        match self {
            Self::CpuRequest => held.cpu_request.map(Cpu::get),
            Self::CpuLimit => held.cpu_limit.map(Cpu::get),
            Self::MemoryRequest => held.memory_request.map(Bytes::to_f64),
            Self::MemoryLimit => held.memory_limit.map(Bytes::to_f64),
        }
    }

    /// Sets an amount, rounded up but not above `most`.
    pub(super) fn set(self, sizing: &mut Sizing, amount: f64, most: f64) {
        let cpu = || Advice::Set(round_cpu(Cpu::cores(amount)).min(Cpu::cores(most)));
        let memory = || {
            let round = round_memory(Bytes::from_f64(amount.ceil()));
            Advice::Set(round.min(Bytes::from_f64(most)))
        };
        match self {
            Self::CpuRequest => sizing.cpu_request = cpu(),
            Self::CpuLimit => sizing.cpu_limit = cpu(),
            Self::MemoryRequest => sizing.memory_request = memory(),
            Self::MemoryLimit => sizing.memory_limit = memory(),
        }
    }

    /// An amount that a person would write, not above this one.
    pub(super) fn round_down(self, amount: f64) -> f64 {
        let down = |step: f64| (amount / step).floor() * step;
        match self.resource() {
            "cpu" => down(cpu_step(Cpu::cores(amount)).get()),
            _ if amount < Bytes::mib(256).to_f64() => down(Bytes::mib(1).to_f64()),
            _ => down(Bytes::mib(16).to_f64()),
        }
    }

    pub(super) fn keep(self, sizing: &mut Sizing) {
        match self {
            Self::CpuRequest => sizing.cpu_request = Advice::Keep,
            Self::CpuLimit => sizing.cpu_limit = Advice::Keep,
            Self::MemoryRequest => sizing.memory_request = Advice::Keep,
            Self::MemoryLimit => sizing.memory_limit = Advice::Keep,
        }
    }

    /// What is said of it, in cores or bytes.
    pub(super) fn advised(self, sizing: Sizing) -> Advice<f64> {
        match self {
            Self::CpuRequest => number(sizing.cpu_request, Cpu::get),
            Self::CpuLimit => number(sizing.cpu_limit, Cpu::get),
            Self::MemoryRequest => number(sizing.memory_request, Bytes::to_f64),
            Self::MemoryLimit => number(sizing.memory_limit, Bytes::to_f64),
        }
    }

    /// An amount for people: `250m`, `1.5Gi`.
    pub(in crate::recommend) fn shown(self, amount: f64) -> String {
        match self {
            Self::CpuRequest | Self::CpuLimit => Cpu::cores(amount).to_string(),
            Self::MemoryRequest | Self::MemoryLimit => Bytes::from_f64(amount).human(),
        }
    }
}

fn number<T>(advice: Advice<T>, amount: impl FnOnce(T) -> f64) -> Advice<f64> {
    match advice {
        Advice::Set(value) => Advice::Set(amount(value)),
        Advice::Unset => Advice::Unset,
        Advice::Keep => Advice::Keep,
    }
}
