use std::fmt;

use crate::recommend::{Advice, HeapChange, Sizing};
use crate::snapshot::Resources;
use crate::units::{Bytes, Cpu};

/// One amount of a container, or of a pod as a whole, that changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edit {
    pub section: Section,
    pub resource: Resource,
    /// What the pod template says; `None` where it says nothing.
    pub before: Option<Amount>,
    /// `None` where it goes.
    pub after: Option<Amount>,
}

/// `requests` or `limits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    Requests,
    Limits,
}

/// `cpu` or `memory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    Cpu,
    Memory,
}

/// An amount of CPU or of memory; shown as a canonical Kubernetes quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    Cpu(Cpu),
    Memory(Bytes),
}

/// The variable that bounds a heap, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heap {
    pub variable: String,
    pub value: String,
}

impl Section {
    pub const ALL: [Self; 2] = [Self::Requests, Self::Limits];

    /// As Kubernetes names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Limits => "limits",
        }
    }
}

impl Resource {
    pub const ALL: [Self; 2] = [Self::Cpu, Self::Memory];

    /// As Kubernetes names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
        }
    }
}

impl Amount {
    /// In cores or bytes.
    pub fn get(self) -> f64 {
        match self {
            Self::Cpu(cpu) => cpu.get(),
            Self::Memory(bytes) => bytes.to_f64(),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu(cpu) => cpu.fmt(f),
            Self::Memory(bytes) => bytes.fmt(f),
        }
    }
}

impl Edit {
    /// The key in machine output: `cpu_request_cores`.
    pub fn key(&self) -> &'static str {
        match (self.resource, self.section) {
            (Resource::Cpu, Section::Requests) => "cpu_request_cores",
            (Resource::Cpu, Section::Limits) => "cpu_limit_cores",
            (Resource::Memory, Section::Requests) => "memory_request_bytes",
            (Resource::Memory, Section::Limits) => "memory_limit_bytes",
        }
    }

    /// Whether there is more of it afterwards; a limit that goes is more.
    pub fn rises(&self) -> bool {
        match (self.before, self.after) {
            (Some(before), Some(after)) => after.get() > before.get(),
            (None, Some(_)) => self.section == Section::Requests,
            (Some(_), None) => self.section == Section::Limits,
            (None, None) => false,
        }
    }
}

impl Heap {
    /// Whether a text has the options that the advice was made from: the same but for sizes.
    pub fn is_alike(&self, text: &str) -> bool {
        let name = |word: &str| {
            let end = word
                .find(|it: char| it.is_ascii_digit())
                .unwrap_or(word.len());
            word[..end].to_owned()
        };
        let names = |text: &str| text.split_whitespace().map(name).collect::<Vec<_>>();
        names(text) == names(&self.value)
    }

    pub(super) fn of(change: &HeapChange) -> Self {
        Self {
            variable: change.variable.clone(),
            value: change.value.clone(),
        }
    }
}

/// What differs: the advice on what runs, held against what the template says.
///
/// A field that the advice leaves alone stays as the template has it, whatever filled in
/// the rest of it.
pub(super) fn edits(
    sizing: &Sizing,
    (now_requests, now_limits): (&Resources, &Resources),
    (requests, limits): (&Resources, &Resources),
) -> Vec<Edit> {
    let cpu = |advice: Advice<Cpu>, now: Option<Cpu>, says: Option<Cpu>| {
        turn(advice, now, says)
            .map(|(before, after)| (before.map(Amount::Cpu), after.map(Amount::Cpu)))
    };
    let memory = |advice: Advice<Bytes>, now: Option<Bytes>, says: Option<Bytes>| {
        let turned = turn(advice, now, says);
        turned.map(|(before, after)| (before.map(Amount::Memory), after.map(Amount::Memory)))
    };
    let all = [
        (
            Section::Requests,
            Resource::Cpu,
            cpu(sizing.cpu_request, now_requests.cpu, requests.cpu),
        ),
        (
            Section::Requests,
            Resource::Memory,
            memory(sizing.memory_request, now_requests.memory, requests.memory),
        ),
        (
            Section::Limits,
            Resource::Cpu,
            cpu(sizing.cpu_limit, now_limits.cpu, limits.cpu),
        ),
        (
            Section::Limits,
            Resource::Memory,
            memory(sizing.memory_limit, now_limits.memory, limits.memory),
        ),
    ];
    let edits = all.into_iter().filter_map(|(section, resource, turned)| {
        let (before, after) = turned?;
        Some(Edit {
            section,
            resource,
            before,
            after,
        })
    });
    edits.collect()
}

/// Before and after in the template, where that differs.
fn turn<T: Copy + PartialEq>(
    advice: Advice<T>,
    now: Option<T>,
    says: Option<T>,
) -> Option<(Option<T>, Option<T>)> {
    if matches!(advice, Advice::Keep) || advice.after(now) == now {
        return None;
    }
    let after = advice.after(now);
    (after != says).then_some((says, after))
}
