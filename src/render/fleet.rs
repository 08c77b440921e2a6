//! Several clusters in one report.

use super::Look;
use crate::pipeline::Analysis;
use crate::price::Bill;
use crate::units::Currency;

/// Several clusters, in the order they were named.
pub struct Fleet<'a> {
    pub members: Vec<Member<'a>>,
}

/// One cluster of several.
pub enum Member<'a> {
    Analyzed {
        analysis: Box<Analysis<'a>>,
        /// The command that makes the report of this cluster alone.
        command: String,
    },
    /// What could not be read or analyzed.
    Failed {
        /// A context, or the place of a bundle.
        name: String,
        error: String,
        hint: Option<String>,
    },
}

impl Fleet<'_> {
    pub fn analyses(&self) -> impl Iterator<Item = &Analysis<'_>> {
        self.members.iter().filter_map(|member| match member {
            Member::Analyzed { analysis, .. } => Some(&**analysis),
            Member::Failed { .. } => None,
        })
    }

    /// Name, error and hint of each cluster that failed.
    pub fn failed(&self) -> impl Iterator<Item = (&str, &str, Option<&str>)> {
        self.members.iter().filter_map(|member| match member {
            Member::Analyzed { .. } => None,
            Member::Failed { name, error, hint } => Some((&**name, &**error, hint.as_deref())),
        })
    }

    pub(super) fn sum<T: std::iter::Sum>(&self, of: impl Fn(&Bill) -> T) -> T {
        self.analyses().map(|analysis| of(&analysis.bill)).sum()
    }

    pub(super) fn currency(&self) -> Currency {
        let mut analyses = self.analyses();
        analyses
            .next()
            .map_or(Currency::USD, |analysis| analysis.bill.currency)
    }
}

impl Look {
    /// The same for one cluster alone.
    pub(super) fn of(&self, command: &str) -> Self {
        Self {
            command: command.to_owned(),
            ..self.clone()
        }
    }
}
