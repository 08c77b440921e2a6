//! What scales and sizes workloads: autoscalers of any version, KEDA.

use kcost::snapshot::{Autoscaler, AutoscalerMetric, Gap, Target};

use super::{dump, file, only, read};

/// The autoscaler of a Deployment `api`, by other objects beside it.
fn autoscaler(others: &str) -> Autoscaler {
    let resolved = dump(&format!("{API}---\n{others}"));
    only(resolved).autoscaler.unwrap()
}

/// The same, of which not all can be read, and the gaps that say so.
fn partly(others: &str) -> (Autoscaler, Vec<Gap>) {
    let file = file(format!("{API}---\n{others}"));
    let (resolved, gaps) = read(&[file.path().to_owned()]);
    (only(resolved).autoscaler.unwrap(), gaps)
}

const API: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {template: {spec: {containers: [{name: app}]}}}
";

/// A HorizontalPodAutoscaler of the Deployment in this version, with these metrics.
fn versioned(version: &str, metrics: &str) -> String {
    format!(
        "apiVersion: {version}
kind: HorizontalPodAutoscaler
metadata: {{name: api, namespace: shop}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: api}}
  minReplicas: 2
  maxReplicas: 9
  metrics: [{metrics}]
"
    )
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
        partly(&format!(
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
    let (found, gaps) = v1(
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
    assert!(found.is_whole() && gaps.is_empty());
    let (external, _) = v1(r#"[{"type":"External","external":{"metricName":"queue"}}]"#);
    assert!(!external.is_whole() && external.unread_of.is_empty());
    let (nonsense, gaps) = v1("no JSON");
    assert_eq!((nonsense.unread, nonsense.metrics.len()), (1, 1));
    assert_eq!(nonsense.unread_of, ["cpu", "memory"]);
    assert_eq!(
        gaps[0].text,
        "a metric of it could not be read, and cpu and memory requests stay as they are"
    );
}

#[test]
fn betas_are_read_as_the_version_of_now() {
    let resource =
        r#"{"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 60}}"#;
    let average = "{type: ContainerResource, containerResource: {container: app, name: memory, targetAverageValue: 2Gi}}";
    let pods = "{type: Pods, pods: {metricName: calls, targetAverageValue: '100'}}";
    let object = "{type: Object, object: {metricName: ready, targetValue: 20, target: {kind: Service, name: mq}}}";
    let all = [resource, average, pods, object].join(", ");
    let found = autoscaler(&versioned("autoscaling/v2beta1", &all));
    let shorts: Vec<_> = found.metrics.iter().map(short).collect();
    assert_eq!(
        shorts,
        [
            ("Resource", "cpu", None, Target::Utilization(60)),
            (
                "ContainerResource",
                "memory",
                Some("app"),
                Target::AverageValue(2_147_483_648.0)
            ),
            ("Pods", "calls", None, Target::AverageValue(100.0)),
            ("Object", "ready", None, Target::Value(20.0)),
        ]
    );
    assert!(found.is_whole());
    let spec = found.metrics[3].spec.as_ref().unwrap();
    assert_eq!(spec["object"]["describedObject"]["name"], "mq");
    assert_eq!((found.min_replicas, found.max_replicas), (2, 9));
    let second = "{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}";
    let found = autoscaler(&versioned("autoscaling/v2beta2", second));
    assert_eq!(found.metrics[0].target, Target::Utilization(70));
}

#[test]
fn a_metric_that_cannot_be_read_says_whose_request_it_may_hold() {
    let of = |metric: &str| partly(&versioned("autoscaling/v2", metric)).0;
    for (metric, resources) in [
        (
            "{type: Forecast, forecast: {percent: 60}}",
            &["cpu", "memory"][..],
        ),
        (
            "{type: Resource, resource: {name: memory, target: {type: Share}}}",
            &["memory"],
        ),
        (
            "{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: -3}}}",
            &["cpu"],
        ),
        (
            "{type: External, external: {metric: {name: queue}, target: {type: Ratio}}}",
            &[],
        ),
    ] {
        let found = of(metric);
        assert_eq!((found.unread, &*found.unread_of), (1, &*owned(resources)));
    }
    // One that is no object at all still scales what it names.
    let (broken, gaps) = partly(&versioned("autoscaling/v2", "60"));
    assert_eq!(broken.unread_of, ["cpu", "memory"]);
    assert_eq!(gaps[0].code, "unreadable-object");
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn an_autoscaler_without_metrics_is_at_the_default_of_the_api_server() {
    let default = Target::Utilization(80);
    let found = autoscaler(&versioned("autoscaling/v2", ""));
    assert_eq!(short(&found.metrics[0]), ("Resource", "cpu", None, default));
    assert!(found.is_whole());
}

#[test]
fn what_made_an_autoscaler_would_write_it_again() {
    let owned = |owner: &str| {
        let owner =
            format!("namespace: shop, ownerReferences: [{{{owner}, uid: u, controller: true}}]");
        let own = versioned("autoscaling/v2", "");
        autoscaler(&own.replace("namespace: shop", &owner)).made_by
    };
    assert_eq!(
        owned("apiVersion: keda.sh/v1alpha1, kind: ScaledObject, name: api").as_deref(),
        Some("ScaledObject `api`")
    );
    assert_eq!(
        owned("apiVersion: apps/v1, kind: Deployment, name: api"),
        None
    );
}

#[test]
fn an_autoscaler_of_another_kind_keeps_what_it_may_hold() {
    let other = "apiVersion: datadoghq.com/v1alpha1
kind: WatermarkPodAutoscaler
metadata: {name: water, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}
  maxReplicas: 9
";
    let found = autoscaler(other);
    assert_eq!(found.unread_of, ["cpu", "memory"]);
    // Nor can one be written again that is not alone.
    let own = versioned(
        "autoscaling/v2",
        "{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}",
    );
    let both = autoscaler(&format!("{own}---\n{other}"));
    assert_eq!((both.name.as_str(), both.is_whole()), ("api", false));
    assert_eq!(both.metrics[0].target, Target::Utilization(60));
    // What counts calls holds nothing of what is requested.
    let knative = other
        .replace(
            "datadoghq.com/v1alpha1",
            "autoscaling.internal.knative.dev/v1alpha1",
        )
        .replace("WatermarkPodAutoscaler", "PodAutoscaler");
    assert_eq!(only(dump(&format!("{API}---\n{knative}"))).autoscaler, None);
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
  - {type: cpu, metricType: Utilization, metadata: {value: much}}
";
    let found = autoscaler(keda);
    assert_eq!((found.name.as_str(), found.unread), ("keda-hpa-api", 2));
    assert_eq!(found.unread_of, ["cpu"]);
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
