//! Why a store has no usage of containers: the labels that tell containers may be
//! missing, or be called otherwise.

use super::answer::{Broken, Labels, Room, Sink};
use super::names::Names;
use super::options::PrometheusOptions;
use super::promql::{MEMORY, Words};
use super::server::{Query, Server};
use crate::collect::Scope;
use crate::snapshot::Gap;
use crate::text::quote;

/// Series whose labels are looked at.
const LOOKED_AT: u32 = 50;

/// What other exporters and older kubelets call the labels of a container.
const ALIASES: [(&str, &[&str]); 3] = [
    (
        "namespace",
        &[
            "exported_namespace",
            "kubernetes_namespace",
            "k8s_namespace_name",
            "namespace_name",
            "container_label_io_kubernetes_pod_namespace",
            "io_kubernetes_pod_namespace",
        ],
    ),
    (
        "pod",
        &[
            "exported_pod",
            "pod_name",
            "kubernetes_pod_name",
            "k8s_pod_name",
            "container_label_io_kubernetes_pod_name",
            "io_kubernetes_pod_name",
        ],
    ),
    (
        "container",
        &[
            "exported_container",
            "container_name",
            "kubernetes_container_name",
            "k8s_container_name",
            "container_label_io_kubernetes_container_name",
            "io_kubernetes_container_name",
        ],
    ),
];

/// Labels of some series.
#[derive(Debug)]
struct Found(Vec<Labels>, Room);

/// What they may take, in bytes.
const ROOM: usize = 8 << 20;

impl Default for Found {
    fn default() -> Self {
        Self(Vec::new(), Room::new(ROOM))
    }
}

impl Sink for Found {
    fn series(&mut self, labels: &Labels) {
        self.1.take(labels.size());
        self.0.push(labels.clone());
    }

    fn point(&mut self, _: f64, _: f64) {}

    fn fault(&self) -> Option<Broken> {
        self.1.fault()
    }
}

/// The gap for a store without usage of any container in scope.
pub(super) async fn gap(server: &Server, options: &PrometheusOptions, scope: &Scope) -> Gap {
    let words = Words::new(options);
    let end = options.end.as_second();
    let ask = async |text: String| {
        let asked = server
            .ask(&Query::instant(text, end), Found::default())
            .await;
        asked.map_or_else(|_| Vec::new(), |(Found(series, _), _)| series)
    };
    let exact = scope.exact_namespaces().unwrap_or_default();
    let exact: Vec<String> = exact.into_iter().map(str::to_owned).collect();
    // Those of pods first: cgroups of the whole node never have these labels.
    let mut series = ask(words.without_container(true, &exact, LOOKED_AT)).await;
    series.retain(|labels| scope.namespace(labels.get(words.name("namespace"))));
    if series.is_empty() && ask(words.any_container()).await.is_empty() {
        series = ask(words.without_container(false, &[], LOOKED_AT)).await;
    }
    let subject = format!("Prometheus at {}", server.url);
    tell(&series, &subject, &options.names)
}

fn tell(series: &[Labels], subject: &str, names: &Names) -> Gap {
    let memory = names.get(MEMORY);
    let gap = |text: String| Gap::new("no-usage", subject, text);
    let called = renamed(series, names);
    if !called.is_empty() {
        let text = format!("its `{memory}` has other names for the labels of containers");
        let called = quote(&called.join(","));
        return gap(text).hint(format!("set them: `--prometheus-names {called}`"));
    }
    let has = |label: &str| {
        series
            .iter()
            .any(|labels| !labels.get(names.get(label)).is_empty())
    };
    if has("pod") {
        let text = format!(
            "it has `{memory}` of pods, but of no container: the label `{}` is missing or empty",
            names.get("container")
        );
        return gap(text).hint(
            "look at `/metrics/cadvisor` of a kubelet: where it has the label, \
             `metric_relabel_configs` drop it; where not, the kubelet does not reach its \
             container runtime, as with cri-dockerd or a socket at another path",
        );
    }
    if series.is_empty() {
        return gap(format!(
            "it has no `{memory}` of any container in scope within the window"
        ))
        .hint(format!(
            "ask it for `count({memory})`; it must scrape the kubelets' `/metrics/cadvisor`, and \
             other names of metrics or labels belong in `prometheus-names` of kcost.yaml"
        ));
    }
    let text = format!(
        "it has `{memory}` of cgroups, but of no pod: the labels `{}`, `{}` and `{}` are missing",
        names.get("namespace"),
        names.get("pod"),
        names.get("container")
    );
    gap(text).hint(
        "scrape the kubelets' `/metrics/cadvisor`, which has these labels where a cAdvisor of \
         its own has not, and see that `metric_relabel_configs` keep them",
    )
}

/// The settings for labels that are called otherwise, where that of the container is.
fn renamed(series: &[Labels], names: &Names) -> Vec<String> {
    let has = |label: &str| series.iter().any(|labels| !labels.get(label).is_empty());
    let alias = |known: &str, aliases: &[&str]| {
        let found = aliases.iter().find(|alias| has(alias));
        let found = found.filter(|_| !has(names.get(known)))?;
        Some(format!("{known}={found}"))
    };
    let [.., (container, aliases)] = ALIASES;
    if alias(container, aliases).is_none() {
        return Vec::new();
    }
    let all = ALIASES.iter();
    all.filter_map(|(known, aliases)| alias(known, aliases))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::answer::Reader;
    use super::*;

    /// What is told of series with these labels, as JSON objects.
    fn told(series: &[&str]) -> String {
        let items = series
            .iter()
            .map(|labels| format!(r#"{{"metric":{labels},"value":[1,"2"]}}"#));
        let items = items.collect::<Vec<_>>().join(",");
        let text = format!(r#"{{"status":"success","data":{{"result":[{items}]}}}}"#);
        let mut reader = Reader::new(Found::default());
        reader.feed(text.as_bytes()).unwrap();
        let (Found(series, _), _) = reader.finish().unwrap();
        let gap = tell(&series, "", &Names::default());
        format!("{}\n{}", gap.text, gap.hint.unwrap())
    }

    #[test]
    fn labels_that_are_lost_are_told_from_those_called_otherwise() {
        insta::assert_snapshot!(told(&[r#"{"namespace":"a","pod":"b","id":"/kubepods/x"}"#]), @r"
        it has `container_memory_working_set_bytes` of pods, but of no container: the label `container` is missing or empty
        look at `/metrics/cadvisor` of a kubelet: where it has the label, `metric_relabel_configs` drop it; where not, the kubelet does not reach its container runtime, as with cri-dockerd or a socket at another path
        ");
        insta::assert_snapshot!(told(&[r#"{"id":"/"}"#, r#"{"id":"/kubepods"}"#]), @r"
        it has `container_memory_working_set_bytes` of cgroups, but of no pod: the labels `namespace`, `pod` and `container` are missing
        scrape the kubelets' `/metrics/cadvisor`, which has these labels where a cAdvisor of its own has not, and see that `metric_relabel_configs` keep them
        ");
        insta::assert_snapshot!(told(&[r#"{"namespace":"a","pod_name":"b","container_name":"c"}"#]), @"
        its `container_memory_working_set_bytes` has other names for the labels of containers
        set them: `--prometheus-names pod=pod_name,container=container_name`
        ");
        insta::assert_snapshot!(told(&[]), @r"
        it has no `container_memory_working_set_bytes` of any container in scope within the window
        ask it for `count(container_memory_working_set_bytes)`; it must scrape the kubelets' `/metrics/cadvisor`, and other names of metrics or labels belong in `prometheus-names` of kcost.yaml
        ");
    }
}
