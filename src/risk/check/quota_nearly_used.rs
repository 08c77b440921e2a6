use crate::finding::Severity;
use crate::risk::{Action, Check, Evidence, Risk, Seen, Sought, Subject};
use crate::snapshot::{Quota, Resources, Workload};
use crate::text::percent_said;
use crate::units::{Bytes, Cpu};

/// A ResourceQuota with hardly any room for another pod.
pub(super) struct QuotaNearlyUsed;

/// Share of a quota in use, from which on it is told.
const NEARLY: f64 = 0.9;

impl Check for QuotaNearlyUsed {
    fn name(&self) -> &'static str {
        "quota_nearly_used"
    }

    fn summary(&self) -> &'static str {
        "quotas that have no room for the next pod, or are nearly used up"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        let quotas = seen.snapshot.cluster.quotas.iter();
        seen.once(|| quotas.map(|quota| self.of(seen, quota)).collect())
    }
}

/// One resource of a quota.
struct Part {
    /// `requests.cpu`, `limits.memory`, `pods`.
    name: String,
    used: f64,
    hard: f64,
}

impl Part {
    /// Whether each pod takes some of it.
    fn is_of_pods(&self) -> bool {
        let sizes = [
            "requests.cpu",
            "requests.memory",
            "limits.cpu",
            "limits.memory",
        ];
        sizes.contains(&self.name.as_str()) || matches!(self.name.as_str(), "pods" | "count/pods")
    }

    fn share(&self) -> f64 {
        self.used / self.hard
    }
}

impl Part {
    /// Sizes free only what is counted by size.
    fn action(&self) -> String {
        let name = &self.name;
        let less = match name.as_str() {
            "requests.cpu" | "requests.memory" => {
                "cut requests in the namespace by what is advised".to_owned()
            }
            "limits.cpu" | "limits.memory" => {
                "cut limits in the namespace by what is advised".to_owned()
            }
            "pods" | "count/pods" => "run fewer pods in the namespace".to_owned(),
            "ephemeral-storage" => "request less of it".to_owned(),
            name if name.contains("storage") => "delete volumes that nobody uses".to_owned(),
            // A device, by the domain of its maker.
            name if name.contains('/') && !name.starts_with("count/") => "request fewer".to_owned(),
            name => {
                let counted = name.strip_prefix("count/").unwrap_or(name);
                let kind = counted.split_once('.').map_or(counted, |(kind, _)| kind);
                format!("delete {kind} that nobody uses")
            }
        };
        format!("raise {name} of the quota, or {less}")
    }
}

impl QuotaNearlyUsed {
    fn of(&self, seen: &Seen<'_>, quota: &Quota) -> Sought {
        let mut parts = parts("requests", &quota.hard_requests, &quota.used_requests);
        parts.extend(parts_of_limits(quota));
        // A quota of nothing forbids, and is no shortage.
        parts.retain(|part| part.hard > 0.0 && part.share() >= NEARLY);
        let fullest = parts.iter().max_by(|a, b| a.share().total_cmp(&b.share()));
        let Some(part) = fullest else {
            return Sought::fine();
        };
        let concerns = seen.in_namespace(&quota.namespace);
        let workloads = concerns
            .iter()
            .map(|index| &seen.snapshot.workloads[*index]);
        // By scopes it may count none of these pods.
        let blocked = workloads.filter(|it| quota.scopes.is_empty() && !fits(it, part));
        let blocked = blocked.map(|it| it.id.name.as_str()).next();
        let left = if part.share() >= 1.0 {
            "and nothing new can be created".to_owned()
        } else if let Some(name) = blocked {
            format!("and another pod of `{name}` does not fit: a rollout would stop")
        } else if part.is_of_pods() {
            "and few more pods fit".to_owned()
        } else {
            "and few more fit".to_owned()
        };
        Sought::risk(Risk {
            concerns,
            severity: if part.share() >= 1.0 || blocked.is_some() {
                Severity::Medium
            } else {
                Severity::Low
            },
            text: format!(
                "quota `{}` has {} of {} in use, {left}",
                quota.name,
                percent_said(part.share()),
                part.name
            ),
            evidence: vec![
                Evidence::text("resource", part.name.clone()),
                Evidence::number("used", part.used),
                Evidence::number("hard", part.hard),
            ],
            action: Action::new(part.action()),
            ..Risk::on(
                self.name(),
                Subject::of("ResourceQuota", &quota.namespace, &quota.name),
            )
        })
    }
}

fn parts(prefix: &str, hard: &Resources, used: &Resources) -> Vec<Part> {
    let amount = |it: &Resources, name: &str| match name {
        "cpu" => it.cpu.map(Cpu::get),
        "memory" => it.memory.map(Bytes::to_f64),
        _ => it.extended.get(name).copied(),
    };
    let extended = hard.extended.keys().map(String::as_str);
    let names = ["cpu", "memory"].into_iter().chain(extended);
    names
        .filter_map(|name| {
            Some(Part {
                name: if matches!(name, "cpu" | "memory") {
                    format!("{prefix}.{name}")
                } else {
                    name.to_owned()
                },
                used: amount(used, name)?,
                hard: amount(hard, name)?,
            })
        })
        .collect()
}

fn parts_of_limits(quota: &Quota) -> Vec<Part> {
    parts("limits", &quota.hard_limits, &quota.used_limits)
}

/// Whether one more pod of a workload fits into what is left.
fn fits(workload: &Workload, part: &Part) -> bool {
    let left = part.hard - part.used;
    let Some(pod) = workload.pods.first() else {
        return true;
    };
    let wanted = match part.name.as_str() {
        "requests.cpu" => pod.requests.cpu.map_or(0.0, Cpu::get),
        "requests.memory" => pod.requests.memory.map_or(0.0, Bytes::to_f64),
        "limits.cpu" => limits(workload, |it| it.cpu.map(Cpu::get)),
        "limits.memory" => limits(workload, |it| it.memory.map(Bytes::to_f64)),
        "pods" | "count/pods" => 1.0,
        name => pod.requests.extended.get(name).copied().unwrap_or(0.0),
    };
    wanted <= left
}

fn limits(workload: &Workload, of: impl Fn(&Resources) -> Option<f64>) -> f64 {
    let stay = workload.containers.iter();
    let stay = stay.filter(|it| it.kind.name() != "init");
    stay.filter_map(|it| of(&it.limits)).sum()
}
