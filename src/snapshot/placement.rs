//! What the scheduler reads of a pod, and what keeps a pod from being moved.

use serde::{Deserialize, Serialize};

use super::{Resources, SPOT_LABELS};
use crate::units::Bytes;

/// Labels, sorted by key.
pub type Labels = Vec<(String, String)>;

/// Stands for a node's name among the keys of a [`NodeTerm`], as `matchFields` has it.
const NODE_NAME: &str = "metadata.name";

/// Where the scheduler may put a pod: what it must keep, without what it would rather do.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Placement {
    /// Labels that its node must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub node_selector: Labels,
    /// Required node affinity: one of them must hold, where it is there at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_terms: Option<Vec<NodeTerm>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// Required: pods that it must be beside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub affinity: Vec<PodTerm>,
    /// Required: pods that it must not be beside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anti_affinity: Vec<PodTerm>,
    /// Constraints with `DoNotSchedule`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spread: Vec<Spread>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_ports: Vec<HostPort>,
    /// Whether it keeps files on its node: `hostPath`, or `emptyDir` that is not in memory,
    /// but for those that its owner says may go.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local_storage: bool,
}

/// What a label must be.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Requirement {
    pub key: String,
    pub operator: Operator,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// How a label is held against values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    /// A whole number above the value.
    Gt,
    Lt,
    /// One that kcost does not know, which nothing meets.
    Other,
}

/// One alternative of required node affinity: all of these hold. Without any it holds
/// nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct NodeTerm(pub Vec<Requirement>);

/// Which pods are meant, by their labels. Without any condition all are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct PodSelector {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Labels,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expressions: Vec<Requirement>,
}

/// One term of pod affinity or anti-affinity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct PodTerm {
    /// `None` means no pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<PodSelector>,
    pub topology_key: String,
    /// Where pods are looked for; in the namespace of the pod itself where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_namespaces: bool,
    /// Whether namespaces are chosen by labels that were not read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unclear: bool,
    /// Labels whose values are those of the pod itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_label_keys: Vec<String>,
}

/// A topology spread constraint that the scheduler must keep.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Spread {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<PodSelector>,
    pub topology_key: String,
    pub max_skew: u32,
    /// With fewer domains than this the emptiest counts as empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_domains: Option<u32>,
    /// Whether nodes that the pod does not select count too (`nodeAffinityPolicy: Ignore`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub any_node: bool,
    /// Whether nodes whose taints it does not stand are left out (`nodeTaintsPolicy: Honor`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub honor_taints: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_label_keys: Vec<String>,
}

/// A port of the node that a pod takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HostPort {
    pub port: u16,
    /// `TCP`, `UDP`, `SCTP`.
    pub protocol: String,
    /// `None` for every address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
}

/// A taint that a pod stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Toleration {
    /// `None` for every key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `None` for every value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// `None` for every effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
}

/// Where a volume is that is no disk of a cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VolumeHome {
    /// On a disk of its node, which is paid for with the node.
    Node,
    /// On a server that is not of the cluster, whatever that costs.
    Server,
}

/// A PersistentVolume, as far as it matters for cost and for where its pods may run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Volume {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    #[serde(default)]
    pub capacity: Bytes,
    /// `Available`, `Bound`, `Released`, `Failed`.
    pub phase: String,
    /// Namespace and name of the claim that it is or was bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<(String, String)>,
    /// The CSI driver that attaches it, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// Where it is, where that is no disk of a cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<VolumeHome>,
    /// Nodes that it can be used on: one of them holds; anywhere where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_terms: Option<Vec<NodeTerm>>,
}

impl Requirement {
    /// Whether labels are as they must be. As in Kubernetes, `NotIn` also holds where the
    /// label is absent.
    pub fn holds(&self, value: Option<&str>) -> bool {
        let is_in = || value.is_some_and(|it| self.values.iter().any(|own| own == it));
        let number = |text: &str| text.parse::<i64>().ok();
        let bound = || number(self.values.first()?);
        let both = || value.and_then(number).zip(bound());
        match self.operator {
            Operator::In => is_in(),
            Operator::NotIn => !is_in(),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Gt => both().is_some_and(|(value, bound)| value > bound),
            Operator::Lt => both().is_some_and(|(value, bound)| value < bound),
            Operator::Other => false,
        }
    }
}

impl NodeTerm {
    /// Whether it holds for a node of this name with these labels.
    pub fn holds(&self, name: &str, labels: &[(String, String)]) -> bool {
        let holds = |it: &Requirement| match it.key.as_str() {
            NODE_NAME => it.holds(Some(name)),
            key => it.holds(label(labels, key)),
        };
        !self.0.is_empty() && self.0.iter().all(holds)
    }
}

impl PodSelector {
    /// Whether it means a pod with these labels.
    pub fn matches(&self, labels: &[(String, String)]) -> bool {
        meets(labels, &self.labels, &self.expressions)
    }

    /// The labels that it names.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let labels = self.labels.iter().map(|(key, _)| key.as_str());
        labels.chain(self.expressions.iter().map(|it| it.key.as_str()))
    }
}

impl Toleration {
    /// Whether a pod with it stands a taint of this key, value and effect.
    pub fn stands(&self, key: &str, value: &str, effect: &str) -> bool {
        self.effect.as_deref().is_none_or(|own| own == effect)
            && self.key.as_deref().is_none_or(|own| own == key)
            && self.value.as_deref().is_none_or(|own| own == value)
    }
}

impl HostPort {
    /// Whether both cannot be on one node. `0.0.0.0` means every address.
    pub fn clashes(&self, other: &Self) -> bool {
        let any = |it: &Option<String>| it.as_deref().is_none_or(|ip| ip == "0.0.0.0");
        let same_ip = any(&self.ip) || any(&other.ip) || self.ip == other.ip;
        (self.port, &self.protocol) == (other.port, &other.protocol) && same_ip
    }
}

impl Placement {
    /// Whether a pod may run on a node of this name with these labels.
    pub fn selects(&self, name: &str, labels: &[(String, String)]) -> bool {
        let terms = self.node_terms.as_ref();
        meets(labels, &self.node_selector, &[])
            && terms.is_none_or(|terms| terms.iter().any(|it| it.holds(name, labels)))
    }

    /// Whether no spot machine is among the nodes that a pod may run on.
    pub fn refuses_spot(&self) -> bool {
        let selector = SPOT_LABELS.iter().any(|(key, spot)| {
            let value = label(&self.node_selector, key);
            value.is_some_and(|it| !spot.contains(&it))
        });
        let refuses = |it: &Requirement| {
            let mut labels = SPOT_LABELS.iter().filter(|(key, _)| it.key == *key);
            labels.any(|(_, spot)| !spot.iter().any(|value| it.holds(Some(value))))
        };
        let terms = self.node_terms.as_deref().unwrap_or_default();
        selector || !terms.is_empty() && terms.iter().all(|it| it.0.iter().any(refuses))
    }

    /// Whether a taint does not keep it off: it stands it, or that only asks not to come.
    pub fn stands(&self, text: &str) -> bool {
        let (key, value, effect) = taint(text);
        !matches!(effect, "NoSchedule" | "NoExecute")
            || self
                .tolerations
                .iter()
                .any(|it| it.stands(key, value, effect))
    }

    /// Labels of pods that it names.
    pub fn pod_keys(&self) -> impl Iterator<Item = &str> {
        let terms = self.affinity.iter().chain(&self.anti_affinity);
        let terms = terms.map(|it| (&it.selector, &it.match_label_keys));
        let spread = self.spread.iter();
        let spread = spread.map(|it| (&it.selector, &it.match_label_keys));
        terms.chain(spread).flat_map(|(selector, keys)| {
            let own = selector.iter().flat_map(PodSelector::keys);
            own.chain(keys.iter().map(String::as_str))
        })
    }

    /// Labels of nodes that it names.
    pub fn node_keys(&self) -> impl Iterator<Item = &str> {
        let selector = self.node_selector.iter().map(|(key, _)| key.as_str());
        let terms = self.node_terms.iter().flatten();
        let terms = terms.flat_map(|term| term.0.iter().map(|it| it.key.as_str()));
        let pods = self.affinity.iter().chain(&self.anti_affinity);
        let topologies = pods.map(|it| it.topology_key.as_str());
        let spread = self.spread.iter().map(|it| it.topology_key.as_str());
        selector.chain(terms).chain(topologies).chain(spread)
    }
}

/// Whether labels have these values, and are else as they must be.
pub(super) fn meets(
    labels: &[(String, String)],
    values: &[(String, String)],
    requirements: &[Requirement],
) -> bool {
    let same = |(key, value): &(String, String)| label(labels, key) == Some(value);
    let holds = |it: &Requirement| it.holds(label(labels, &it.key));
    values.iter().all(same) && requirements.iter().all(holds)
}

/// The value of a label.
pub fn label<'a>(labels: &'a [(String, String)], key: &str) -> Option<&'a str> {
    let found = labels.iter().find(|(name, _)| name == key);
    found.map(|(_, value)| value.as_str())
}

/// A taint as a node has it: `key=value:effect` or `key:effect`.
fn taint(text: &str) -> (&str, &str, &str) {
    let (rest, effect) = text.rsplit_once(':').unwrap_or((text, ""));
    let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
    (key, value, effect)
}

/// Amounts by name, one for each resource that is set: `cpu` in cores, `memory` in bytes.
pub fn amounts(resources: &Resources) -> impl Iterator<Item = (&str, f64)> {
    let cpu = resources.cpu.map(|it| ("cpu", it.get()));
    let memory = resources.memory.map(|it| ("memory", it.to_f64()));
    let others = resources.extended.iter();
    let others = others.map(|(name, count)| (name.as_str(), *count));
    cpu.into_iter().chain(memory).chain(others)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(operator: Operator, values: &[&str]) -> Requirement {
        Requirement {
            key: "size".to_owned(),
            operator,
            values: values.iter().map(|&it| it.to_owned()).collect(),
        }
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let above = requirement(Operator::Gt, &["9"]);
        assert!(above.holds(Some("10")));
        assert!(!above.holds(Some("9")) && !above.holds(Some("ten")) && !above.holds(None));
        assert!(requirement(Operator::Lt, &["9"]).holds(Some("-1")));
    }

    #[test]
    fn what_is_absent_is_not_in_anything() {
        assert!(requirement(Operator::NotIn, &["a"]).holds(None));
        assert!(!requirement(Operator::In, &["a"]).holds(None));
        assert!(requirement(Operator::DoesNotExist, &[]).holds(None));
        assert!(!requirement(Operator::Other, &[]).holds(Some("a")));
    }

    #[test]
    fn a_term_without_conditions_holds_nowhere() {
        assert!(!NodeTerm::default().holds("n", &[]));
        assert!(PodSelector::default().matches(&[]));
    }

    #[test]
    fn ports_clash_by_protocol_and_address() {
        let port = |port, protocol: &str, ip: Option<&str>| HostPort {
            port,
            protocol: protocol.to_owned(),
            ip: ip.map(str::to_owned),
        };
        let any = port(80, "TCP", None);
        assert!(any.clashes(&port(80, "TCP", Some("10.0.0.1"))));
        assert!(!any.clashes(&port(80, "UDP", None)) && !any.clashes(&port(81, "TCP", None)));
        let one = port(80, "TCP", Some("10.0.0.1"));
        assert!(!one.clashes(&port(80, "TCP", Some("10.0.0.2"))));
        assert!(one.clashes(&port(80, "TCP", Some("0.0.0.0"))));
    }

    #[test]
    fn taints_are_taken_apart() {
        assert_eq!(taint("a/b=c:NoSchedule"), ("a/b", "c", "NoSchedule"));
        assert_eq!(taint("a:NoExecute"), ("a", "", "NoExecute"));
        let stands = Toleration {
            key: Some("a".to_owned()),
            ..Toleration::default()
        };
        assert!(stands.stands("a", "", "NoExecute") && !stands.stands("b", "", "NoExecute"));
    }
}
