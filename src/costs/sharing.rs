//! What is there for all: namespaces of the platform, and what the kubelet keeps back.

use std::fmt;
use std::str::FromStr;

use globset::{Glob, GlobMatcher};

use super::{Owner, Piece};
use crate::snapshot::Snapshot;
use crate::units::Money;

/// Namespaces that are there for all, unless others are named.
pub const SHARED: &str = "kube-*";

/// Which namespaces are there for all, and who pays for them.
#[derive(Debug, Clone, Default)]
pub struct Sharing {
    namespaces: Vec<GlobMatcher>,
    pub spread: Spread,
}

/// Who pays for what is there for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spread {
    /// It has lines of its own.
    #[default]
    None,
    /// The others, in proportion to what they cost.
    ByCost,
    /// The others, each the same.
    Evenly,
}

impl Spread {
    pub const ALL: [Self; 3] = [Self::None, Self::ByCost, Self::Evenly];

    /// As it is given.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ByCost => "by-cost",
            Self::Evenly => "evenly",
        }
    }

    /// The one of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// Why a text is no pattern of namespaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseSharedError(String);

impl fmt::Display for ParseSharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a namespace or a pattern of some", self.0)
    }
}

impl std::error::Error for ParseSharedError {}

/// A namespace, or a pattern: `kube-*`.
#[derive(Debug, Clone)]
pub struct Shared(GlobMatcher);

impl FromStr for Shared {
    type Err = ParseSharedError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let glob = Glob::new(text).map_err(|_| ParseSharedError(text.to_owned()))?;
        Ok(Self(glob.compile_matcher()))
    }
}

impl Sharing {
    pub fn new(namespaces: &[Shared], spread: Spread) -> Self {
        Self {
            namespaces: namespaces.iter().map(|it| it.0.clone()).collect(),
            spread,
        }
    }

    /// Whether this namespace is there for all.
    pub fn is_shared(&self, namespace: &str) -> bool {
        self.namespaces.iter().any(|it| it.is_match(namespace))
    }

    /// Whether a part of the bill is paid by others.
    pub(super) fn spreads(&self, piece: &Piece, snapshot: &Snapshot) -> bool {
        if self.spread == Spread::None {
            return false;
        }
        let own = piece.owner.namespace(snapshot);
        piece.owner == Owner::System || own.is_some_and(|it| self.is_shared(it))
    }

    /// An amount over those who pay for it, by what each costs.
    pub(super) fn divide(
        &self,
        amount: Money,
        costs: &[Money],
        pay: impl Iterator<Item = bool>,
    ) -> Vec<Money> {
        let weights = costs.iter().zip(pay).map(|(cost, pays)| match self.spread {
            _ if !pays => 0.0,
            Spread::Evenly => 1.0,
            Spread::None | Spread::ByCost => cost.to_f64(),
        });
        amount.divided(&weights.collect::<Vec<f64>>())
    }
}
