//! A live cluster: connects, and lists what kcost needs in pages, several kinds at a time.
//!
//! Asks for nothing but `get` and `list`. [`kinds`] is the whole of what is
//! listed; [`request`] is the only place that waits, repeats and gives up.

mod connect;
mod contexts;
mod error;
mod gaps;
mod kinds;
mod kubeconfig;
mod list;
mod owners;
mod page;
mod plugin;
mod proxy;
mod request;
mod services;
mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::Deadline;
use crate::vitals::Tls;

pub use connect::connect;
pub use contexts::contexts;
pub use error::KubernetesError;
pub(super) use gaps::{forbidden, unreadable};
pub(crate) use kinds::list_path;
pub use kinds::{Rule, apply_rules, discovery_rules, rules};
pub(super) use kubeconfig::names;
pub use list::list;
pub(super) use list::list_but_services;
pub use plugin::Plugin;
pub(crate) use request::{Failure, encode};
pub(super) use request::{clock, get, once, question};
pub(super) use services::{service, services};

/// How to reach the cluster.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The one kubeconfig to read; else the files of `KUBECONFIG`, else `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig; else the current one, else in-cluster credentials.
    pub context: Option<String>,
    /// `--as`.
    pub as_user: Option<String>,
    /// `--as-group`.
    pub as_groups: Vec<String>,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// Longest wait for the command that gives credentials; else the same.
    pub sign_in: Option<Duration>,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            kubeconfig: None,
            context: None,
            as_user: None,
            as_groups: Vec::new(),
            timeout: Duration::from_secs(30),
            sign_in: None,
        }
    }
}

/// A connection to one API server.
#[derive(Clone)]
pub struct Connection {
    pub client: kube::Client,
    /// The context, or `in-cluster`.
    pub name: String,
    /// What the kubeconfig calls the cluster: the context and the cluster's entry.
    pub names: Vec<String>,
    /// The server's URL, without credentials.
    pub url: String,
    /// The proxy on the way there, without credentials.
    pub proxy: Option<String>,
    /// The command that gives credentials.
    pub plugin: Option<Plugin>,
    /// `v1.35.1`.
    pub server_version: Option<String>,
    /// API groups that the server has, with the version of each that it
    /// prefers; `None` where it does not say.
    pub groups: Option<BTreeMap<String, String>>,
    /// How the way to the server is protected.
    pub tls: Tls,
    /// Whether kcost runs in a pod of this cluster, so that its names can be looked up.
    pub in_cluster: bool,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// When all that is read from it has to be there.
    pub deadline: Deadline,
}

impl Connection {
    /// Whether the server has this API group; taken as present where it does not say.
    pub fn serves(&self, group: &str) -> bool {
        let known = self.groups.as_ref();
        group.is_empty() || known.is_none_or(|groups| groups.contains_key(group))
    }

    /// Whether the server says that it has this API group.
    pub(super) fn has(&self, group: &str) -> bool {
        let known = self.groups.as_ref();
        known.is_some_and(|groups| groups.contains_key(group))
    }
}
