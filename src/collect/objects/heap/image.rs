//! What the name of an image says of the runtime in it.

use super::runtime::Runtime;

/// Words of images with a JVM and nothing around it, or with a server that leaves it
/// as it is.
const JAVA: [&str; 20] = [
    "java",
    "jdk",
    "jre",
    "openjdk",
    "adoptopenjdk",
    "temurin",
    "corretto",
    "zulu",
    "liberica",
    "sapmachine",
    "dragonwell",
    "graalvm",
    "tomcat",
    "jetty",
    "jenkins",
    "wildfly",
    "payara",
    "spring",
    "springboot",
    "petclinic",
];
/// Words of images with the JVM of OpenJ9.
const OPENJ9: [&str; 6] = ["openj9", "semeru", "ibmjava", "liberty", "j9", "ibm-semeru"];
/// Words of images whose scripts size the heap.
const SIZED: [&str; 34] = [
    "activemq",
    "artemis",
    "artifactory",
    "bamboo",
    "bitbucket",
    "cassandra",
    "confluence",
    "debezium",
    "druid",
    "elasticsearch",
    "flink",
    "hadoop",
    "hazelcast",
    "hbase",
    "hive",
    "ignite",
    "jira",
    "kafka",
    "keycloak",
    "ksqldb",
    "logstash",
    "minecraft",
    "neo4j",
    "nexus",
    "nexus3",
    "nifi",
    "opensearch",
    "presto",
    "pulsar",
    "solr",
    "sonarqube",
    "teamcity",
    "trino",
    "zookeeper",
];
/// Words of images that are beside such a program, and are written in whatever.
const BESIDE: [&str; 16] = [
    "agent",
    "backup",
    "cli",
    "controller",
    "curator",
    "dashboard",
    "dashboards",
    "exporter",
    "init",
    "kibana",
    "lag",
    "manager",
    "operator",
    "proxy",
    "reloader",
    "ui",
];
const DOTNET: [&str; 3] = ["dotnet", "aspnet", "aspnetcore"];
/// Who publishes an image `node` that is Node.js; other nodes are those of clusters.
const NODE_FROM: [&str; 6] = [
    "library",
    "bitnami",
    "bitnamilegacy",
    "chainguard",
    "cimg",
    "circleci",
];

/// How a JVM image sizes the heap where nothing else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sizing {
    /// As the JVM does.
    Jvm,
    /// As OpenJ9 does.
    OpenJ9,
    /// By a script of its own.
    Script,
}

/// The runtime in an image of this name.
pub(super) fn runtime(image: &str) -> Option<Runtime> {
    let words = words(image);
    if words.iter().any(|word| DOTNET.contains(word)) {
        Some(Runtime::Dotnet)
    } else if is_node(image) {
        Some(Runtime::Node)
    } else if words.iter().any(|word| is_java(word)) || java(image) != Sizing::Jvm {
        Some(Runtime::Java)
    } else {
        None
    }
}

/// Of an image with a JVM.
pub(super) fn java(image: &str) -> Sizing {
    let words = words(image);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    if has(&OPENJ9) {
        Sizing::OpenJ9
    } else if has(&SIZED) && !has(&BESIDE) {
        Sizing::Script
    } else {
        Sizing::Jvm
    }
}

/// `java`, and with a version behind it: `jre17`, `openjdk11`.
fn is_java(word: &str) -> bool {
    let name = word.trim_end_matches(|letter: char| letter.is_ascii_digit());
    JAVA.contains(&name)
}

/// `node:20`, `distroless/nodejs20-debian12`; not `calico/node` or `node-exporter`.
fn is_node(image: &str) -> bool {
    let mut path = path(image).rsplit('/');
    let name = path.next().unwrap_or_default();
    let publisher = path.next();
    let known = publisher.is_none_or(|publisher| {
        NODE_FROM.contains(&publisher) || publisher.contains(['.', ':']) || publisher == "localhost"
    });
    (name == "node" && known) || name.starts_with("nodejs")
}

/// Without tag and digest.
fn path(image: &str) -> &str {
    let path = image.split('@').next().unwrap_or(image);
    let name = path.rfind('/').map_or(0, |slash| slash + 1);
    match path[name..].find(':') {
        Some(colon) => &path[..name + colon],
        None => path,
    }
}

/// The words of its path and tag, without the registry and the digest.
fn words(image: &str) -> Vec<&str> {
    let image = image.split('@').next().unwrap_or(image);
    let rest = match image.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest,
        _ => image,
    };
    rest.split(['/', ':', '-', '_', '.']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_say_what_runs_in_them() {
        for (image, expected) in [
            ("eclipse-temurin:21-jre", Some(Runtime::Java)),
            ("openjdk:8", Some(Runtime::Java)),
            ("gcr.io/distroless/java17-debian12", Some(Runtime::Java)),
            (
                "registry.corp:5000/shop/orders:1.4-jdk17",
                Some(Runtime::Java),
            ),
            ("docker.io/bitnami/kafka:3.7", Some(Runtime::Java)),
            ("node:20-alpine", Some(Runtime::Node)),
            ("registry.corp:5000/node:20", Some(Runtime::Node)),
            (
                "gcr.io/distroless/nodejs20-debian12@sha256:00",
                Some(Runtime::Node),
            ),
            ("mcr.microsoft.com/dotnet/aspnet:8.0", Some(Runtime::Dotnet)),
            ("quay.io/calico/node:v3.27", None),
            ("kindest/node:v1.30", None),
            ("quay.io/prometheus/node-exporter:v1.8", None),
            ("danielqsj/kafka-exporter:v1.7", None),
            ("elastic/eck-operator:2.12", None),
            ("javascript-obfuscator:1", None),
            ("java.corp/shop/web:1", None),
            ("redis:7", None),
            ("", None),
        ] {
            assert_eq!(runtime(image), expected, "{image}");
        }
        assert_eq!(java("bitnami/kafka:3.7"), Sizing::Script);
        assert_eq!(java("ibm-semeru-runtimes:open-17-jre"), Sizing::OpenJ9);
        assert_eq!(java("eclipse-temurin:21"), Sizing::Jvm);
    }
}
