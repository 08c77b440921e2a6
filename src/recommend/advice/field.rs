use crate::units::{Bytes, Cpu};

/// What is said about one field of one container.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Advice<T> {
    /// Set the field to this value.
    Set(T),
    /// Remove the field.
    Unset,
    /// Leave the field as it is; a reason says why.
    Keep,
}

/// The four fields of a container's resources that kcost advises on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizing {
    pub cpu_request: Advice<Cpu>,
    pub cpu_limit: Advice<Cpu>,
    pub memory_request: Advice<Bytes>,
    pub memory_limit: Advice<Bytes>,
}

impl Sizing {
    /// Nothing changes.
    pub const KEEP: Self = Self {
        cpu_request: Advice::Keep,
        cpu_limit: Advice::Keep,
        memory_request: Advice::Keep,
        memory_limit: Advice::Keep,
    };
}

impl<T: Copy> Advice<T> {
    /// What holds after the advice is followed.
    pub fn after(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Unset => None,
            Self::Keep => current,
        }
    }

    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Set(_) => "set",
            Self::Unset => "unset",
            Self::Keep => "keep",
        }
    }

    /// The value to set.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Unset | Self::Keep => None,
        }
    }
}
