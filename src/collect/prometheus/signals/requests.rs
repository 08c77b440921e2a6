//! Requests a second, by an expression of the user's.

use std::collections::BTreeMap;

use super::Signals;
use super::ask::Asker;
use super::place::{Place, identity};
use super::question::{Answer, Question};
use crate::snapshot::{Gap, Metric};
use crate::units::single;

/// As a gap or a plan names it.
const LABEL: &str = "traffic";

/// Samples that a point of it is taken to touch: nothing says how many it really does.
const COST: u64 = 5_000;

/// What is asked, where the user names an expression.
pub(super) fn questions(asker: &Asker<'_>, traffic: Option<&str>) -> Vec<Question> {
    let of = |text: &str| Question {
        label: LABEL,
        text: text.to_owned(),
        step: Some(asker.coarse()),
        cost: COST,
    };
    traffic.map(of).into_iter().collect()
}

/// Its series are of pods, by their labels; of several of one pod the sum.
pub(super) async fn read(asker: &mut Asker<'_>, traffic: Option<&str>, signals: &mut Signals) {
    let Some(question) = questions(asker, traffic).pop() else {
        return;
    };
    let view = asker.view;
    let (mut named, mut unnamed) = (0_usize, 0_usize);
    let mut sums: BTreeMap<(Place, i64), BTreeMap<String, f64>> = BTreeMap::new();
    let take = |answer: &Answer| {
        let Some(place) = view.place(&answer.labels) else {
            unnamed += 1;
            return;
        };
        named += 1;
        let pod = Place {
            container: String::new(),
            ..place
        };
        let series = identity(&answer.labels, &[]);
        for (time, rate) in &answer.points {
            if *rate >= 0.0 {
                // A piece begins with the last point of the one before.
                let rates = sums.entry((pod.clone(), *time)).or_default();
                rates.insert(series.clone(), *rate);
            }
        }
    };
    asker.over_window(&question, take).await;
    for ((place, time), rates) in sums {
        let rate = rates.values().sum::<f64>();
        signals.put(&place, Metric::RequestsPerSecond, time, single(rate));
    }
    if named == 0 {
        let text = if unnamed == 0 {
            "the query of `--traffic` gave nothing".to_owned()
        } else {
            format!("none of {unnamed} series of `--traffic` names a pod that is looked at")
        };
        let hint = "let it give one series a pod, with the labels `namespace` and `pod`, such as \
                    `sum by (namespace, pod) (rate(http_requests_total[1h]))`";
        asker.gap(Gap::new("no-traffic", LABEL, text).hint(hint));
    }
}
