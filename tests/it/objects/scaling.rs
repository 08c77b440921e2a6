//! What scales and sizes workloads: autoscalers of any version, KEDA.

use kcost::snapshot::{Autoscaler, AutoscalerMetric, Target};

use super::{dump, only};

/// The autoscaler of a Deployment `api`, by other objects beside it.
fn autoscaler(others: &str) -> Autoscaler {
    let api = "apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {template: {spec: {containers: [{name: app}]}}}
";
    let resolved = dump(&format!("{api}---\n{others}"));
    only(resolved).autoscaler.unwrap()
}

fn short(metric: &AutoscalerMetric) -> (&str, &str, Option<&str>, Target) {
    let container = metric.container.as_deref();
    (&metric.kind, &metric.name, container, metric.target)
}

#[test]
fn metrics_that_a_patch_has_to_repeat_are_kept_whole() {
    let found = autoscaler(
        "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: api, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}
  maxReplicas: 9
  metrics:
  - type: Resource
    resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}
  - type: External
    external:
      metric: {name: queue, selector: {matchLabels: {queue: mail}}}
      target: {type: AverageValue, averageValue: '30'}
",
    );
    assert!(found.is_whole());
    assert_eq!(found.metrics[0].spec, None);
    let spec = found.metrics[1].spec.as_ref().unwrap();
    let labels = &spec["external"]["metric"]["selector"]["matchLabels"];
    assert_eq!(labels["queue"], "mail");
    assert_eq!(found.metrics[1].target, Target::AverageValue(30.0));
}

#[test]
fn the_older_version_keeps_metrics_in_an_annotation() {
    let v1 = |annotation: &str| {
        autoscaler(&format!(
            "apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata:
  name: api
  namespace: shop
  annotations:
    autoscaling.alpha.kubernetes.io/metrics: '{annotation}'
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: api}}
  maxReplicas: 9
  targetCPUUtilizationPercentage: 70
"
        ))
    };
    let found = v1(
        r#"[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1500Mi"}},
            {"type":"ContainerResource","containerResource":{"name":"cpu","targetAverageUtilization":60,"container":"app"}}]"#,
    );
    let shorts: Vec<_> = found.metrics.iter().map(short).collect();
    assert_eq!(
        shorts,
        [
            (
                "Resource",
                "memory",
                None,
                Target::AverageValue(1_572_864_000.0)
            ),
            (
                "ContainerResource",
                "cpu",
                Some("app"),
                Target::Utilization(60)
            ),
            ("Resource", "cpu", None, Target::Utilization(70)),
        ]
    );
    assert!(found.is_whole());
    let external = v1(r#"[{"type":"External","external":{"metricName":"queue"}}]"#);
    assert!(!external.is_whole() && !v1("no JSON").is_whole());
}

#[test]
fn a_scaled_object_stands_for_the_autoscaler_that_it_makes() {
    let keda = "apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: api, namespace: shop}
spec:
  scaleTargetRef: {name: api}
  minReplicaCount: 2
  triggers:
  - {type: cpu, metricType: Utilization, metadata: {value: '60'}}
  - {type: memory, metadata: {type: AverageValue, value: 1Gi, containerName: app}}
  - {type: kafka, metadata: {topic: mail}}
";
    let found = autoscaler(keda);
    assert_eq!((found.name.as_str(), found.unread), ("keda-hpa-api", 1));
    assert_eq!((found.min_replicas, found.max_replicas), (2, 100));
    let shorts: Vec<_> = found.metrics.iter().map(short).collect();
    let gib = Target::AverageValue(1_073_741_824.0);
    assert_eq!(
        shorts,
        [
            ("Resource", "cpu", None, Target::Utilization(60)),
            ("ContainerResource", "memory", Some("app"), gib),
        ]
    );
    // The one that it has made says more.
    let made = "---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: keda-hpa-api, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}
  maxReplicas: 9
";
    assert_eq!(autoscaler(&format!("{keda}{made}")).max_replicas, 9);
}
