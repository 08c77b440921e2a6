//! Levels of which one number is enough: the most memory ever held, and volumes.

use super::Signals;
use super::ask::Asker;
use super::question::{Answer, Question};
use crate::units::{Bytes, Span};

const HIGH_WATER: &str = "container_memory_max_usage_bytes";
const USED: &str = "kubelet_volume_stats_used_bytes";
const CAPACITY: &str = "kubelet_volume_stats_capacity_bytes";

pub(super) const METRICS: [&str; 3] = [HIGH_WATER, USED, CAPACITY];

/// The kernel keeps the maximum since the start of the container, so that few
/// looks are enough.
const LOOKS: Span = Span::from_secs(6 * 3_600);

/// Larger than any memory or volume there is: a fault of the source.
const ABSURD: f64 = 1e18;

/// What [`read`] asks, where there is something to ask for.
pub(super) fn questions(asker: &Asker<'_>) -> Vec<Question> {
    let levels = [most(asker), level(asker, USED), level(asker, CAPACITY)];
    levels.into_iter().flatten().collect()
}

pub(super) async fn read(asker: &mut Asker<'_>, signals: &mut Signals) {
    high_water(asker, signals).await;
    volumes(asker, signals).await;
}

fn most(asker: &Asker<'_>) -> Option<Question> {
    let looks = LOOKS.as_secs().min(asker.grid.span().as_secs());
    asker.has(HIGH_WATER).then(|| Question {
        label: "largest memory ever held",
        text: asker.selector(&[HIGH_WATER], &asker.of_containers(), true),
        step: Some(asker.coarse().max(looks)),
        cost: asker.series(&[HIGH_WATER]),
    })
}

fn level(asker: &Asker<'_>, metric: &'static str) -> Option<Question> {
    asker.has(metric).then(|| Question {
        label: "use of volumes",
        text: asker.selector(&[metric], "", false),
        step: None,
        cost: asker.series(&[metric]),
    })
}

async fn high_water(asker: &mut Asker<'_>, signals: &mut Signals) {
    let Some(question) = most(asker) else {
        return;
    };
    let view = asker.view;
    let take = |answer: &Answer| {
        let values = answer.points.iter().map(|(_, value)| *value);
        if let Some(most) = values.filter(|value| is_true(*value)).reduce(f64::max)
            && let Some(place) = view.place(&answer.labels)
        {
            let held = signals.high_water.entry(place).or_default();
            *held = Bytes::from_f64(most).max(*held);
        }
    };
    asker.over_window(&question, take).await;
}

/// The volume of a claim that is mounted on two nodes has two series; the
/// larger counts.
async fn volumes(asker: &mut Asker<'_>, signals: &mut Signals) {
    for (metric, is_used) in [(USED, true), (CAPACITY, false)] {
        let Some(question) = level(asker, metric) else {
            continue;
        };
        for Answer { labels, points, .. } in asker.newest(&question).await {
            let namespace = asker.view.words.names.said(&labels, "namespace");
            let value = points.last().map(|(_, value)| *value);
            let wanted = asker.view.wants_namespace(namespace);
            let Some(value) = value.filter(|value| wanted && is_true(*value)) else {
                continue;
            };
            let claim = labels.get("persistentvolumeclaim").to_owned();
            let both = signals.volumes.entry((namespace.to_owned(), claim));
            let (used, capacity) = both.or_default();
            let held = if is_used { used } else { capacity };
            let value = Bytes::from_f64(value);
            *held = Some(held.map_or(value, |held| held.max(value)));
        }
    }
}

fn is_true(value: f64) -> bool {
    (0.0..ABSURD).contains(&value)
}
