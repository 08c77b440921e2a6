use std::fmt;

use serde::{Deserialize, Serialize};

/// What wrote an object, and may write it again: where a change has to be made to last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keeper {
    pub tool: Tool,
    /// The Argo CD application, the Flux or Helm release; where the object tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A tool that writes objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    ArgoCd,
    /// A Flux Kustomization.
    FluxKustomize,
    /// A Flux HelmRelease.
    FluxHelm,
    Helm,
    /// `kubectl apply`, which merges on the client's side.
    KubectlApply,
    /// `kubectl apply --server-side`.
    KubectlServerSide,
}

impl Tool {
    /// As in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::ArgoCd => "argo_cd",
            Self::FluxKustomize => "flux_kustomize",
            Self::FluxHelm => "flux_helm",
            Self::Helm => "helm",
            Self::KubectlApply => "kubectl_apply",
            Self::KubectlServerSide => "kubectl_server_side",
        }
    }

    /// Whether it writes its own values back sooner or later, whatever a cluster holds.
    pub fn reverts(self) -> bool {
        !matches!(self, Self::KubectlApply | Self::KubectlServerSide)
    }
}

/// ``Argo CD application `shop` ``, or `Helm`.
impl fmt::Display for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tool, part) = match self.tool {
            Tool::ArgoCd => ("Argo CD", "application"),
            Tool::FluxKustomize => ("Flux", "Kustomization"),
            Tool::FluxHelm => ("Flux", "HelmRelease"),
            Tool::Helm => ("Helm", "release"),
            Tool::KubectlApply => ("kubectl apply", ""),
            Tool::KubectlServerSide => ("kubectl apply --server-side", ""),
        };
        match &self.name {
            Some(name) if !part.is_empty() => write!(f, "{tool} {part} `{name}`"),
            _ => f.write_str(tool),
        }
    }
}
