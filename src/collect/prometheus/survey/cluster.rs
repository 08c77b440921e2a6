//! Whether what was counted is of one cluster.

use std::collections::{BTreeMap, BTreeSet};

use super::super::clusters::{Mixed, Seen, Told, Twins};
use super::super::error::Failure;
use super::super::promql::Selection;
use super::super::server::Query;
use super::counts::Sums;
use super::{Asked, Source, Unsurveyed};
use crate::snapshot::Gap;

/// Containers that are looked at of those with several series at a time.
const MOST_TWINS: u32 = 50;

/// Seconds before the newest moment at which they are looked at again.
const EARLIER: i64 = 3_600;

impl Asked<'_> {
    /// Refuses several clusters that a label names.
    pub(super) async fn one_cluster(
        &self,
        clusters: &BTreeMap<String, Seen>,
    ) -> Result<(), Unsurveyed> {
        let mut seen = Seen::default();
        for one in clusters.values() {
            seen.extend(one.clone());
        }
        let mut mixed = seen.mixed();
        if let [only] = &mixed[..]
            && self.is_half_labelled(only).await?
        {
            mixed.clear();
        }
        if mixed.is_empty() {
            Ok(())
        } else {
            Err(Unsurveyed::Mixed(mixed))
        }
    }

    /// Whether the label is missing on some series of the containers that have it
    /// on others: where one scrape job sets it and another does not.
    async fn is_half_labelled(&self, mixed: &Mixed) -> Result<bool, Failure> {
        let [empty, _] = &mixed.values[..] else {
            return Ok(false);
        };
        if !empty.is_empty() {
            return Ok(false);
        }
        let text = self.words.shared(&mixed.label, self.everything());
        let query = Query::instant(text, self.grid.end().as_second());
        let found = self.ask(&query, || Sums::by(&["what"])).await?.found;
        let of = |what: &str| found.get(&vec![what.to_owned()]).copied().unwrap_or(0);
        let fewer = of("with").min(of("without"));
        Ok(fewer > 0 && of("both") * 2 >= fewer)
    }

    /// Refuses several clusters that no label names, told by containers that run at
    /// two places at a time; a gap where nothing tells which is which.
    pub(super) async fn no_twins(
        &self,
        source: Option<&Source>,
        newest: i64,
    ) -> Result<Vec<Gap>, Unsurveyed> {
        let selection = Selection {
            source,
            ..self.everything()
        };
        // Which they are is asked only where there are any: it costs twice as much. And a
        // server that does not answer this one may answer all that matters.
        let several = Query::instant(self.words.several(selection, MOST_TWINS), newest);
        let several = self.ask(&several, || Sums::by(&[])).await;
        if several.map_or(true, |several| several.found.is_empty()) {
            return Ok(Vec::new());
        }
        let ask = async |text: String, time: i64| {
            let query = Query::instant(text, time);
            self.ask(&query, || Twins::new(self.words)).await
        };
        let Ok(now) = ask(self.words.twins(selection, MOST_TWINS), newest).await else {
            return Ok(Vec::new());
        };
        let names = now.names();
        let pods: BTreeSet<&str> = names.iter().map(|[_, pod, _]| pod.as_str()).collect();
        if pods.is_empty() {
            return Ok(Vec::new());
        }
        let pods: Vec<&str> = pods.into_iter().collect();
        let before = ask(self.words.of_pods(&pods, selection), newest - EARLIER).await;
        match before.ok().and_then(|before| now.tell(&before)) {
            None => Ok(Vec::new()),
            Some(Told::Label(mixed)) => Err(Unsurveyed::Mixed(vec![mixed])),
            Some(Told::Nothing { example, places }) => Ok(vec![twins(&example, &places)]),
        }
    }
}

/// Several clusters, or one twice, without a label that tells them apart.
fn twins(example: &[String; 3], [here, there]: &[String; 2]) -> Gap {
    let [namespace, pod, container] = example;
    let text = format!(
        "containers run at two places at a time, such as {namespace}/{pod}/{container} on \
         {here} and {there}, and no label tells them apart: it may hold several clusters"
    );
    Gap::new("several-clusters", "usage from Prometheus", text).hint(
        "give each cluster a label in `external_labels` of its Prometheus, and choose with \
         `--prometheus-label cluster=NAME`",
    )
}
