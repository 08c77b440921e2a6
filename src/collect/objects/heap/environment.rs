//! The variables and arguments of a container, as words.

use k8s_openapi::api::core::v1::{Container, EnvVar};

use super::{dotnet, go, heap, java, node, reference, words};
use crate::snapshot::{Heap, HeapPlace, HeapSetting, OptionWord};

/// The variables of a container.
#[derive(Debug, Clone, Copy)]
pub(super) struct Environment<'a>(&'a [EnvVar]);

impl<'a> Environment<'a> {
    pub(super) fn of(container: &'a Container) -> Self {
        Self(container.env.as_deref().unwrap_or_default())
    }

    /// The last variable of a name is the one that counts.
    pub(super) fn find(&self, name: &str) -> Option<&'a EnvVar> {
        self.0.iter().rev().find(|variable| variable.name == name)
    }

    pub(super) fn value(&self, name: &str) -> Option<&'a str> {
        let variable = self.find(name)?;
        variable
            .value
            .as_deref()
            .filter(|_| variable.value_from.is_none())
    }

    pub(super) fn is_single(&self, name: &str) -> bool {
        self.0
            .iter()
            .filter(|variable| variable.name == name)
            .count()
            == 1
    }

    /// Every name, each once and in their order.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let all = self.0;
        let names = all.iter().enumerate().filter(|(index, variable)| {
            let before = all[..*index].iter();
            before.clone().all(|other| other.name != variable.name)
        });
        names.map(|(_, variable)| variable.name.as_str())
    }

    /// A variable that may size a heap, and whose value is not here.
    pub(super) fn elsewhere(&self) -> Option<Heap> {
        let java = [java::OVER_ARGUMENTS].into_iter().chain(java::VARIABLES);
        let java = java.map(|name| (name, HeapSetting::JavaXmx));
        let dotnet = dotnet::names().map(|name| (name, HeapSetting::DotnetHeapHardLimit));
        let all = java.chain(dotnet).chain([
            (java::RATIO, HeapSetting::JavaMaxMemRatio),
            (node::VARIABLE, HeapSetting::NodeMaxOldSpace),
            (go::VARIABLE, HeapSetting::GoMemLimit),
            (go::OF_LIMIT, HeapSetting::GoMemLimit),
        ]);
        let mut named = all.filter(|(name, _)| {
            let variable = self.find(name);
            variable.is_some_and(|variable| variable.value_from.is_some())
        });
        let (name, setting) = named.next()?;
        Some(heap(setting, None, None, reference(name)))
    }
}

/// Where options stand, and their words.
pub(super) struct Source<'a> {
    /// The variable and its whole value; `None` for the arguments.
    variable: Option<(&'a str, &'a str)>,
    pub(super) words: Vec<OptionWord>,
}

impl<'a> Source<'a> {
    pub(super) fn variable(env: &Environment<'a>, name: &'a str) -> Option<Self> {
        let value = env.value(name)?;
        Some(Self {
            variable: Some((name, value)),
            words: words(value).map(OptionWord::read).collect(),
        })
    }

    pub(super) fn arguments(arguments: &[&str]) -> Self {
        Self {
            variable: None,
            words: arguments
                .iter()
                .map(|word| OptionWord::read(word))
                .collect(),
        }
    }

    pub(super) fn place(
        &self,
        env: &Environment<'_>,
        setting: HeapSetting,
        alone: bool,
    ) -> HeapPlace {
        match self.variable {
            Some((name, value)) => {
                HeapPlace::variable(name, value, setting, alone && env.is_single(name))
            }
            None => HeapPlace::Arguments,
        }
    }
}
