//! Metrics as versions before `autoscaling/v2beta2` wrote them.

use serde_json::{Value, json};

/// A metric of `autoscaling/v2beta1`, or of the annotation of `autoscaling/v1`, as
/// `autoscaling/v2` has it. What is not known stays as it is.
///
/// Source: the conversions of kubernetes `pkg/apis/autoscaling/v2beta1/conversion.go`.
pub(super) fn renewed(mut metric: Value) -> Value {
    if let Some(fields) = metric.as_object_mut() {
        for (name, source) in fields {
            match name.as_str() {
                "resource" | "containerResource" => put_target(source),
                "pods" => custom(source, "metricName", "selector"),
                "object" => described(source),
                "external" => custom(source, "metricName", "metricSelector"),
                _ => {}
            }
        }
    }
    metric
}

/// A HorizontalPodAutoscaler of `autoscaling/v2beta1` as `autoscaling/v2` has it.
pub(in crate::collect) fn renew(object: &mut Value) {
    if let Some(metrics) = object.pointer_mut("/spec/metrics")
        && let Some(metrics) = metrics.as_array_mut()
    {
        for metric in metrics {
            *metric = renewed(metric.take());
        }
    }
    // What it measured is not used, and has another form too.
    if let Some(status) = object.get_mut("status").and_then(Value::as_object_mut) {
        status.remove("currentMetrics");
    }
}

/// The object that a metric describes stood where its target stands now.
fn described(source: &mut Value) {
    if source.get("describedObject").is_some() {
        return;
    }
    if let Some(object) = take(source, "target") {
        source["describedObject"] = object;
    }
    custom(source, "metricName", "selector");
}

fn custom(source: &mut Value, name: &str, selector: &str) {
    if let Some(name) = take(source, name) {
        source["metric"] = json!({ "name": name });
        if let Some(selector) = take(source, selector) {
            source["metric"]["selector"] = selector;
        }
    }
    put_target(source);
}

/// Gathers what a metric is held at, from whichever field says it.
fn put_target(source: &mut Value) {
    let fields = [
        (
            "targetAverageUtilization",
            "Utilization",
            "averageUtilization",
        ),
        ("targetAverageValue", "AverageValue", "averageValue"),
        ("averageValue", "AverageValue", "averageValue"),
        ("targetValue", "Value", "value"),
    ];
    // All of them go, and the first that says something counts.
    for (old, kind, new) in fields.into_iter().rev() {
        if let Some(value) = take(source, old) {
            source["target"] = json!({ "type": kind, new: value });
        }
    }
}

/// Takes out a field that is there and says something.
fn take(source: &mut Value, name: &str) -> Option<Value> {
    let value = source.as_object_mut()?.remove(name)?;
    let is_zero = value.as_str().is_some_and(|text| text == "0");
    (!value.is_null() && !is_zero).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_metric_is_renewed() {
        let cpu = json!({"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 60}});
        assert_eq!(
            renewed(cpu)["resource"],
            json!({"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}})
        );
        let object = json!({"type": "Object", "object": {
            "target": {"kind": "Service", "name": "mq"}, "metricName": "ready", "targetValue": "0", "averageValue": "5"}});
        assert_eq!(
            renewed(object)["object"],
            json!({"describedObject": {"kind": "Service", "name": "mq"}, "metric": {"name": "ready"},
                "target": {"type": "AverageValue", "averageValue": "5"}})
        );
        let external = json!({"type": "External", "external": {
            "metricName": "queue", "metricSelector": {"matchLabels": {"q": "mail"}}, "targetValue": "30"}});
        assert_eq!(
            renewed(external)["external"],
            json!({"metric": {"name": "queue", "selector": {"matchLabels": {"q": "mail"}}},
                "target": {"type": "Value", "value": "30"}})
        );
        assert_eq!(renewed(Value::Null), Value::Null);
    }
}
