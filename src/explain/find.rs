use crate::snapshot::{Workload, WorkloadId, owners};
use crate::units::Cpu;

/// Why a name points at no one workload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    #[error("there is no workload `{name}`")]
    None { name: String, near: Option<String> },
    #[error("`{name}` names {} workloads", found.len())]
    Several { name: String, found: Vec<String> },
}

impl FindError {
    /// One next step.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::None {
                near: Some(near), ..
            } => Some(format!("did you mean `{near}`?")),
            Self::None { near: None, .. } => {
                Some("`kcost analyze -o wide` lists all workloads".to_owned())
            }
            Self::Several { found, .. } => {
                let shown: Vec<_> = found.iter().take(5).map(String::as_str).collect();
                Some(format!("name one in full: {}", shown.join(", ")))
            }
        }
    }
}

/// The index of the workload that `name` means: `NAMESPACE/KIND/NAME`,
/// `NAMESPACE/NAME`, `KIND/NAME` or `NAME`, and of one template of several
/// `NAMESPACE/KIND/NAME/TEMPLATE`; kinds in any case, in the plural, and by the
/// short names that kubectl takes. Only of those that are `asked` for.
pub fn find(workloads: &[Workload], asked: &[bool], name: &str) -> Result<usize, FindError> {
    let found: Vec<usize> = (0..workloads.len())
        .filter(|index| asked.get(*index) == Some(&true) && means(&workloads[*index].id, name))
        .collect();
    let is_one = owners(found.iter().map(|index| &workloads[*index].id)) == 1;
    let mut own = found
        .iter()
        .filter(|index| workloads[**index].id.template.is_none());
    match (found.as_slice(), own.next()) {
        ([index], _) => Ok(*index),
        // The owner's own template goes before what else it makes.
        (_, Some(index)) if is_one => Ok(*index),
        ([], _) => Err(FindError::None {
            name: name.to_owned(),
            near: nearest(workloads, name),
        }),
        (several, _) => Err(FindError::Several {
            name: name.to_owned(),
            found: several
                .iter()
                .map(|index| workloads[*index].id.to_string())
                .collect(),
        }),
    }
}

/// The same, where a name that all parts of one owner have means the one that holds most: the
/// others are named on its page.
pub fn find_main(workloads: &[Workload], asked: &[bool], name: &str) -> Result<usize, FindError> {
    let error = match find(workloads, asked, name) {
        Err(error @ FindError::Several { .. }) => error,
        other => return other,
    };
    let all = workloads.iter().enumerate();
    let parts = || {
        let named = all.clone().filter(|(_, it)| means(&it.id, name));
        named.filter(|(index, _)| asked.get(*index) == Some(&true))
    };
    if owners(parts().map(|(_, it)| &it.id)) > 1 {
        return Err(error);
    }
    let main = parts().max_by(|a, b| {
        let ((gpus, cores), (other_gpus, other_cores)) = (holds(a.1), holds(b.1));
        let devices = gpus.total_cmp(&other_gpus);
        let cores = cores.total_cmp(&other_cores);
        devices.then(cores).then(b.0.cmp(&a.0))
    });
    main.map(|(index, _)| index).ok_or(error)
}

/// Devices and cores that all pods of a workload ask for.
fn holds(workload: &Workload) -> (f64, f64) {
    let pods = f64::from(workload.replicas.max(1));
    let (mut gpus, mut cores) = (0.0, 0.0);
    for container in &workload.containers {
        gpus += container.requests.gpus().max(container.limits.gpus());
        cores += container.requests.cpu.map_or(0.0, Cpu::get);
    }
    (gpus * pods, cores * pods)
}

fn means(id: &WorkloadId, name: &str) -> bool {
    let kind = |text: &str| is_kind(&id.kind, &text.to_ascii_lowercase());
    match name.split('/').collect::<Vec<_>>().as_slice() {
        [name] => *name == id.name,
        [first, name] => *name == id.name && (*first == id.namespace || kind(first)),
        [namespace, middle, name] => *name == id.name && *namespace == id.namespace && kind(middle),
        [namespace, middle, name, template] => {
            let owner = *name == id.name && *namespace == id.namespace && kind(middle);
            owner && id.template.as_deref() == Some(*template)
        }
        _ => false,
    }
}

/// Short names of built-in kinds, as `kubectl api-resources` lists them.
const SHORT: [(&str, &str); 6] = [
    ("deploy", "deployment"),
    ("sts", "statefulset"),
    ("ds", "daemonset"),
    ("rs", "replicaset"),
    ("cj", "cronjob"),
    ("po", "pod"),
];

/// Whether `text`, in lower case, names a kind.
fn is_kind(kind: &str, text: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    let short = SHORT.contains(&(text, kind.as_str()));
    text == kind || text.strip_suffix('s') == Some(kind.as_str()) || short
}

/// The workload whose full or last name is most like `name`, if any is at all.
fn nearest(workloads: &[Workload], name: &str) -> Option<String> {
    let likeness = |id: &WorkloadId| {
        let full = strsim::jaro_winkler(&id.to_string(), name);
        full.max(strsim::jaro_winkler(&id.name, name))
    };
    let scored = workloads
        .iter()
        .map(|workload| (likeness(&workload.id), &workload.id));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)));
    best.filter(|(score, _)| *score > 0.75)
        .map(|(_, id)| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_plurals_and_short_names() {
        for text in ["deployment", "deployments", "deploy"] {
            assert!(is_kind("Deployment", text), "{text}");
        }
        assert!(is_kind("StatefulSet", "sts") && is_kind("Rollout", "rollouts"));
        assert!(!is_kind("StatefulSet", "ds") && !is_kind("Pod", "p"));
    }
}
