//! A HorizontalPodAutoscaler.

use serde_json::{Value, json};

use super::{LONGEST, Piece, Scaled, cut};
use crate::snapshot::{Behavior, Change, ScalingRules, SelectPolicy};
use crate::text::{escape, quote};
use crate::units::{Cpu, count_from};

impl Scaled<'_> {
    /// One of CPU use alone; the behavior is the default of the API, which is what was
    /// played.
    pub(super) fn hpa(self) -> Value {
        json!({
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": self.metadata(&cut(self.called, LONGEST)),
            "spec": {
                "scaleTargetRef": self.target(),
                "minReplicas": self.plan.base,
                "maxReplicas": self.plan.max,
                "metrics": [{"type": "Resource", "resource": {
                    "name": "cpu",
                    "target": {"type": "Utilization", "averageUtilization": self.percent()},
                }}],
                "behavior": behavior(&Behavior::default()),
            },
        })
    }

    /// What the one that there is has to be told: another target, and a higher most.
    pub(super) fn retarget(self) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = self.another_target().into_iter().collect();
        if let (Some(own), Some((from, to))) = (&self.workload.autoscaler, self.plan.raised()) {
            let most = json!({"spec": {"maxReplicas": to}});
            pieces.push(Piece::Command(format!(
                "its maxReplicas from {from} to {to}: kubectl patch hpa {} -n {} --type=merge -p {}",
                quote(&own.name),
                self.namespace(),
                quote(&most.to_string())
            )));
        }
        pieces
    }

    /// The target of the one that there is, where it is to be another.
    pub(super) fn another_target(self) -> Option<Piece> {
        let own = self.workload.autoscaler.as_ref()?;
        let target = self.plan.advice.target()?;
        let now = own.cpu_share(self.plan.cores?)?;
        if (target - now).abs() < 1e-9 {
            return None;
        }
        let (from, to) = match own.cpu_average() {
            Some(cores) => (Cpu::cores(cores).to_string(), self.cpu_value()),
            None => (
                format!("{:.0}%", now * 100.0),
                format!("{}%", self.percent()),
            ),
        };
        Some(Piece::Command(format!(
            "first the CPU target of HPA {}, from {from} to {to}: kubectl edit hpa {} -n {}",
            escape(&own.name),
            quote(&own.name),
            self.namespace(),
        )))
    }

    /// The target as its autoscaler has it: in percent, or cores of each pod.
    pub(super) fn cpu_value(self) -> String {
        let own = self.workload.autoscaler.as_ref();
        let by_cores =
            own.is_some_and(|it| it.cpu_target().is_none() && it.cpu_average().is_some());
        match (self.plan.advice.target(), self.plan.cores) {
            (Some(target), Some(cores)) if by_cores => Cpu::cores(target * cores).to_string(),
            _ => self.percent().to_string(),
        }
    }

    /// The target in percent; the API's default where the plan has none.
    pub(super) fn percent(self) -> u64 {
        count_from(self.plan.advice.target().unwrap_or(0.8) * 100.0)
    }
}

/// As the API has it.
pub(super) fn behavior(behavior: &Behavior) -> Value {
    let rules = |rules: &ScalingRules| {
        let policies = rules.policies.iter().map(|policy| {
            let (kind, value) = match policy.change {
                Change::Pods(pods) => ("Pods", pods),
                Change::Percent(percent) => ("Percent", percent),
            };
            json!({"type": kind, "value": value, "periodSeconds": policy.period_seconds})
        });
        let select = match rules.select {
            SelectPolicy::Max => "Max",
            SelectPolicy::Min => "Min",
            SelectPolicy::Disabled => "Disabled",
        };
        let mut told = json!({
            "stabilizationWindowSeconds": rules.stabilization_seconds,
            "selectPolicy": select,
            "policies": policies.collect::<Vec<Value>>(),
        });
        if let Some(tolerance) = rules.tolerance {
            told["tolerance"] = json!(Cpu::cores(tolerance).to_string());
        }
        told
    };
    json!({"scaleUp": rules(&behavior.up), "scaleDown": rules(&behavior.down)})
}
