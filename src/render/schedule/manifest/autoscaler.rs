//! A HorizontalPodAutoscaler.

use serde_json::{Value, json};

use super::{Piece, Scaled};
use crate::snapshot::{Behavior, Change, ScalingRules, SelectPolicy};
use crate::text::quote;
use crate::units::{Cpu, count_from};

impl Scaled<'_> {
    /// One of CPU use alone; the behavior is the default of the API, which is what was
    /// played.
    pub(super) fn hpa(self) -> Value {
        json!({
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": self.metadata(self.name()),
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

    /// The target of the one that there is.
    pub(super) fn retarget(self) -> Piece {
        let own = self.workload.autoscaler.as_ref();
        let name = own.map_or(self.name(), |it| &it.name);
        let max = json!({"spec": {"maxReplicas": self.plan.max}});
        Piece::Command(format!(
            "set the CPU target of HPA {name} to {}%: kubectl edit hpa {} -n {}; the most: \
             kubectl patch hpa {} -n {} --type=merge -p {}",
            self.percent(),
            quote(name),
            self.namespace(),
            quote(name),
            self.namespace(),
            quote(&max.to_string())
        ))
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
