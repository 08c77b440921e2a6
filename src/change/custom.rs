//! Custom kinds that take the resources of a container elsewhere than from a pod template.

/// Where a custom kind takes resources of a container from.
struct Home {
    group: &'static str,
    kind: &'static str,
    container: &'static str,
    /// Fields from the root to the mapping that holds `requests` and `limits`.
    path: &'static [&'static str],
}

const fn home(
    group: &'static str,
    kind: &'static str,
    container: &'static str,
    path: &'static [&'static str],
) -> Home {
    Home {
        group,
        kind,
        container,
        path,
    }
}

/// From the API references of the Prometheus operator, Strimzi, CloudNativePG, the
/// RabbitMQ cluster operator and the Postgres operator of Zalando.
const HOMES: [Home; 13] = [
    home(
        "monitoring.coreos.com",
        "Prometheus",
        "prometheus",
        &["spec", "resources"],
    ),
    home(
        "monitoring.coreos.com",
        "PrometheusAgent",
        "prometheus",
        &["spec", "resources"],
    ),
    home(
        "monitoring.coreos.com",
        "Alertmanager",
        "alertmanager",
        &["spec", "resources"],
    ),
    home(
        "monitoring.coreos.com",
        "ThanosRuler",
        "thanos-ruler",
        &["spec", "resources"],
    ),
    home(
        "kafka.strimzi.io",
        "Kafka",
        "kafka",
        &["spec", "kafka", "resources"],
    ),
    home(
        "kafka.strimzi.io",
        "Kafka",
        "zookeeper",
        &["spec", "zookeeper", "resources"],
    ),
    home(
        "kafka.strimzi.io",
        "Kafka",
        "topic-operator",
        &["spec", "entityOperator", "topicOperator", "resources"],
    ),
    home(
        "kafka.strimzi.io",
        "Kafka",
        "user-operator",
        &["spec", "entityOperator", "userOperator", "resources"],
    ),
    home(
        "kafka.strimzi.io",
        "Kafka",
        "cruise-control",
        &["spec", "cruiseControl", "resources"],
    ),
    home(
        "kafka.strimzi.io",
        "KafkaNodePool",
        "kafka",
        &["spec", "resources"],
    ),
    home(
        "postgresql.cnpg.io",
        "Cluster",
        "postgres",
        &["spec", "resources"],
    ),
    home(
        "rabbitmq.com",
        "RabbitmqCluster",
        "rabbitmq",
        &["spec", "resources"],
    ),
    home(
        "acid.zalan.do",
        "postgresql",
        "postgres",
        &["spec", "resources"],
    ),
];

/// Fields from the root of the object to the resources of this container, where that is known.
pub(super) fn path(
    api_version: &str,
    kind: &str,
    container: &str,
) -> Option<&'static [&'static str]> {
    let group = api_version.split_once('/')?.0;
    let home = HOMES
        .iter()
        .find(|it| it.group == group && it.kind == kind && it.container == container);
    home.map(|it| it.path)
}
