//! Where a pod may run, as a pod of its own has to say it.

use serde_json::{Map, Value, json};

use crate::snapshot::{Labels, NodeTerm, Operator, Placement, Requirement, Toleration};

/// The key that stands for a node's name, which is a field and no label.
const NODE_NAME: &str = "metadata.name";

/// The fields of a pod that keep it on the nodes that another may run on: node selector, required
/// node affinity, tolerations. What it must be beside, or not beside, is not among them: it is
/// another pod.
pub(super) fn fields(placement: &Placement) -> Map<String, Value> {
    let mut fields = Map::new();
    if !placement.node_selector.is_empty() {
        fields.insert("nodeSelector".to_owned(), labels(&placement.node_selector));
    }
    if let Some(terms) = &placement.node_terms {
        let terms: Vec<Value> = terms.iter().map(term).collect();
        let required = json!({"nodeSelectorTerms": terms});
        let affinity =
            json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}});
        fields.insert("affinity".to_owned(), affinity);
    }
    if !placement.tolerations.is_empty() {
        let all: Vec<Value> = placement.tolerations.iter().map(toleration).collect();
        fields.insert("tolerations".to_owned(), Value::Array(all));
    }
    fields
}

pub(super) fn labels(labels: &Labels) -> Value {
    let fields = labels
        .iter()
        .map(|(key, value)| (key.clone(), json!(value)));
    Value::Object(fields.collect())
}

fn term(term: &NodeTerm) -> Value {
    // What nobody can write is left out: a pod that waits on too many nodes waits on the right
    // ones too.
    let known = term.0.iter().filter(|it| it.operator != Operator::Other);
    let (fields, labels): (Vec<&Requirement>, Vec<&Requirement>) =
        known.partition(|it| it.key == NODE_NAME);
    let mut told = Map::new();
    for (key, all) in [("matchExpressions", labels), ("matchFields", fields)] {
        if !all.is_empty() {
            told.insert(key.to_owned(), all.into_iter().map(requirement).collect());
        }
    }
    Value::Object(told)
}

/// Of labels of nodes, or of pods.
pub(super) fn requirement(own: &Requirement) -> Value {
    let operator = match own.operator {
        Operator::In | Operator::Other => "In",
        Operator::NotIn => "NotIn",
        Operator::Exists => "Exists",
        Operator::DoesNotExist => "DoesNotExist",
        Operator::Gt => "Gt",
        Operator::Lt => "Lt",
    };
    let mut told = json!({"key": own.key, "operator": operator});
    if !own.values.is_empty() {
        told["values"] = json!(own.values);
    }
    told
}

fn toleration(own: &Toleration) -> Value {
    let mut told = Map::new();
    let operator = if own.value.is_some() {
        "Equal"
    } else {
        "Exists"
    };
    told.insert("operator".to_owned(), json!(operator));
    let texts = [
        ("key", &own.key),
        ("value", &own.value),
        ("effect", &own.effect),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            told.insert(name.to_owned(), json!(text));
        }
    }
    Value::Object(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_says_where_it_may_run_as_kubernetes_reads_it() {
        let of = |key: &str, operator, values: &[&str]| Requirement {
            key: key.to_owned(),
            operator,
            values: values.iter().map(|it| (*it).to_owned()).collect(),
        };
        let placement = Placement {
            node_selector: vec![("pool".to_owned(), "burst".to_owned())],
            node_terms: Some(vec![NodeTerm(vec![
                of("zone", Operator::In, &["a", "b"]),
                of("old", Operator::DoesNotExist, &[]),
                of(NODE_NAME, Operator::NotIn, &["n1"]),
            ])]),
            tolerations: vec![
                Toleration {
                    key: Some("dedicated".to_owned()),
                    value: Some("burst".to_owned()),
                    effect: Some("NoSchedule".to_owned()),
                },
                Toleration::default(),
            ],
            ..Placement::default()
        };
        let told = Value::Object(fields(&placement));
        assert_eq!(told["nodeSelector"], json!({"pool": "burst"}));
        let affinity = &told["affinity"]["nodeAffinity"];
        let term =
            &affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"][0];
        let labels = json!([
            {"key": "zone", "operator": "In", "values": ["a", "b"]},
            {"key": "old", "operator": "DoesNotExist"},
        ]);
        assert_eq!(term["matchExpressions"], labels);
        let names = json!([{"key": NODE_NAME, "operator": "NotIn", "values": ["n1"]}]);
        assert_eq!(term["matchFields"], names);
        let tolerations = json!([
            {"operator": "Equal", "key": "dedicated", "value": "burst", "effect": "NoSchedule"},
            {"operator": "Exists"},
        ]);
        assert_eq!(told["tolerations"], tolerations);
        assert!(fields(&Placement::default()).is_empty());
    }
}
