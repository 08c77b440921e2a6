//! `kcost rbac`: the rules that [`kubernetes::rules`] knows, as YAML for kubectl.

mod manifest;
mod names;

use std::io::Write;

use clap::Args;

use super::records::ConfigMap;
use crate::collect::kubernetes;
use crate::collect::kubernetes::Rule;
use crate::error::Error;
use crate::exit::Exit;
use manifest::{Account, Grant};
pub(super) use names::{namespace, object};

/// The name of every role and binding, and of what only concerns the cluster.
const NAMES: (&str, &str) = ("kcost", "kcost-cluster");

/// What reads, and what writes, keep records of runs in the same ConfigMap.
const SHELVES: (&str, &str) = ("kcost-history", "kcost-apply-history");

/// The same of an account that may write: it is another one.
const WRITING: (&str, &str) = ("kcost-apply", "kcost-apply-cluster");

const EXAMPLES: &str = "\
Examples:
  {program} rbac | kubectl apply -f -
  {program} rbac --service-account monitoring/kcost --with-discovery | kubectl apply -f -
  {program} rbac --apply --service-account kcost/kcost-apply | kubectl apply -f -
  {program} rbac -n shop -n pay --service-account shop/kcost > roles.yaml";

/// Print the least role that kcost needs, for `kubectl apply`.
///
/// A ClusterRole; with `-n` a Role for each namespace, and apart from them a
/// ClusterRole with what no Role can grant. Needs no cluster.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RbacArgs {
    /// Only for this namespace: a Role in it. Repeatable.
    #[arg(short, long, value_name = "NAMESPACE", value_delimiter = ',', value_parser = names::namespace)]
    namespace: Vec<String>,

    /// Bind the roles to this service account, which has to exist.
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = names::account)]
    service_account: Option<Account>,

    /// Add what finding and reaching Prometheus through the API server takes.
    #[arg(long)]
    with_discovery: bool,

    /// The role that `kcost apply` and `kcost rollback` need, with what they read.
    ///
    /// It has names of its own: what only reads has the other role, and cannot apply.
    #[arg(long)]
    apply: bool,

    /// Add keeping records of runs in this ConfigMap: `--history configmap:NAMESPACE/NAME`.
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = super::records::config_map)]
    history: Option<ConfigMap>,

    /// Add reading owners of this kind, such as `rollouts.argoproj.io`. Repeatable.
    ///
    /// Pods of operators belong to objects of their own kinds. Without the rule
    /// such pods are still grouped by their owner, and the report has a gap.
    #[arg(long, value_name = "PLURAL.GROUP", value_delimiter = ',', value_parser = names::resource)]
    owner: Vec<(String, String)>,
}

impl RbacArgs {
    pub(super) fn run(&self, program: &str, out: &mut dyn Write) -> Result<Exit, Error> {
        let mut text = if self.apply {
            format!("# What kcost needs to change sizes; made by `{program} rbac --apply`.\n")
        } else {
            format!("# What kcost needs to read; made by `{program} rbac`.\n")
        };
        let shelf = self.history.as_ref();
        let shelf = shelf.map(|it| kept_in(it, self.apply));
        let documents: Vec<String> = self
            .grants()
            .iter()
            .chain(&shelf)
            .flat_map(|grant| grant.documents(self.service_account.as_ref()))
            .collect();
        text.push_str(&documents.join("---\n"));
        out.write_all(text.as_bytes()).map_err(Error::Write)?;
        Ok(Exit::Done)
    }

    fn grants(&self) -> Vec<Grant> {
        let owners = self.owner.iter();
        let owners = owners.map(|(plural, group)| Rule::get(group, plural));
        let (name, of_cluster) = if self.apply { WRITING } else { NAMES };
        let written = if self.apply {
            kubernetes::apply_rules()
        } else {
            Vec::new()
        };
        let objects = kubernetes::rules().into_iter().chain(owners);
        let objects: Vec<Rule> = objects.chain(written).collect();
        let discovery = if self.with_discovery {
            kubernetes::discovery_rules()
        } else {
            Vec::new()
        };
        if self.namespace.is_empty() {
            let rules = objects.into_iter().chain(discovery).collect();
            return vec![Grant::everywhere(name, None, rules)];
        }
        let objects = objects.into_iter().filter(|rule| !rule.is_of_whole());
        let (inside, mut outside): (Vec<Rule>, Vec<Rule>) = objects.partition(Rule::is_namespaced);
        outside.extend(discovery);
        let mut namespaces = self.namespace.clone();
        namespaces.sort();
        namespaces.dedup();
        let mut grants: Vec<Grant> = namespaces
            .into_iter()
            .map(|namespace| Grant::within(name, namespace, inside.clone()))
            .collect();
        grants.push(Grant::everywhere(of_cluster, Some(NO_ROLE), outside));
        grants
    }
}

/// The right to keep records in a ConfigMap.
fn kept_in(shelf: &ConfigMap, apply: bool) -> Grant {
    let name = if apply { SHELVES.1 } else { SHELVES.0 };
    Grant::shelf(name, shelf.namespace.clone(), shelf.name.clone())
}

/// What an account needs that runs within the cluster, role and binding: it finds Prometheus
/// by its service and speaks to it by name, so that it needs no tunnel through the API server.
///
/// One that may write is another one, which has the name of its role.
pub(super) fn for_account(namespace: &str, apply: bool, shelf: &ConfigMap) -> Vec<String> {
    let (name, _) = if apply { WRITING } else { NAMES };
    let account = Account {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    let discovery = kubernetes::discovery_rules().into_iter();
    let found = discovery.filter(|rule| rule.verb == "list");
    let written = if apply {
        kubernetes::apply_rules()
    } else {
        Vec::new()
    };
    let rules = kubernetes::rules().into_iter().chain(found).chain(written);
    let read = Grant::everywhere(name, None, rules.collect());
    let grants = [read, kept_in(shelf, apply)];
    let documents = grants.iter().flat_map(|it| it.documents(Some(&account)));
    documents.collect()
}

/// Stands above the ClusterRole that comes with Roles.
const NO_ROLE: &str = "\
# No Role can grant this. Leave it out where you may not create a ClusterRole:
# the report then has a gap for what is missing.
";
