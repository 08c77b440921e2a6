//! Levels of which one number is enough: the most memory ever held, and volumes.

use jiff::Timestamp;

use super::Signals;
use super::ask::{Asker, whole};
use super::question::{Answer, Question};
use crate::snapshot::Certificate;
use crate::units::{Bytes, Span};

const HIGH_WATER: &str = "container_memory_max_usage_bytes";
const USED: &str = "kubelet_volume_stats_used_bytes";
const CAPACITY: &str = "kubelet_volume_stats_capacity_bytes";

const INODES: &str = "kubelet_volume_stats_inodes";
const INODES_USED: &str = "kubelet_volume_stats_inodes_used";
/// Of cert-manager: Unix seconds.
const CERTIFICATE: &str = "certmanager_certificate_expiration_timestamp_seconds";
/// Of kubelets: seconds that are left.
const KUBELET: &str = "kubelet_certificate_manager_client_ttl_seconds";

/// What questions are about, for messages.
const VOLUMES: &str = "use of volumes";
const CERTIFICATES: &str = "certificates";

pub(super) const METRICS: [&str; 7] = [
    HIGH_WATER,
    USED,
    CAPACITY,
    INODES,
    INODES_USED,
    CERTIFICATE,
    KUBELET,
];

/// The kernel keeps the maximum since the start of the container, so that few
/// looks are enough.
const LOOKS: Span = Span::from_secs(6 * 3_600);

/// Larger than any memory or volume there is: a fault of the source.
const ABSURD: f64 = 1e18;

/// What [`read`] asks, where there is something to ask for.
pub(super) fn questions(asker: &Asker<'_>) -> Vec<Question> {
    let levels = [
        most(asker),
        level(asker, VOLUMES, USED),
        level(asker, VOLUMES, CAPACITY),
        level(asker, VOLUMES, INODES),
        course(asker, USED),
        course(asker, INODES_USED),
        level(asker, CERTIFICATES, CERTIFICATE),
        level(asker, CERTIFICATES, KUBELET),
    ];
    levels.into_iter().flatten().collect()
}

pub(super) async fn read(asker: &mut Asker<'_>, signals: &mut Signals) {
    high_water(asker, signals).await;
    volumes(asker, signals).await;
    courses(asker, signals).await;
    certificates(asker, signals).await;
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

fn level(asker: &Asker<'_>, label: &'static str, metric: &'static str) -> Option<Question> {
    asker.has(metric).then(|| Question {
        label,
        text: asker.selector(&[metric], "", false),
        step: None,
        cost: asker.series(&[metric]),
    })
}

/// The same level over the window: where it goes, and whether it began to fill of late.
fn course(asker: &Asker<'_>, metric: &'static str) -> Option<Question> {
    asker.has(metric).then(|| Question {
        label: "use of volumes over time",
        text: asker.selector(&[metric], "", false),
        step: Some(asker.coarse()),
        cost: asker.series(&[metric]),
    })
}

async fn courses(asker: &mut Asker<'_>, signals: &mut Signals) {
    for (metric, is_bytes) in [(USED, true), (INODES_USED, false)] {
        let Some(question) = course(asker, metric) else {
            continue;
        };
        let view = asker.view;
        let take = |answer: &Answer| {
            let namespace = view.words.names.said(&answer.labels, "namespace");
            if !view.wants_namespace(namespace) {
                return;
            }
            let claim = answer.labels.get("persistentvolumeclaim").to_owned();
            let key = (namespace.to_owned(), claim);
            let all = signals.courses.entry(key).or_default();
            for (time, value) in answer.points.iter().filter(|(_, it)| is_true(*it)) {
                let (bytes, inodes) = all.entry(*time).or_default();
                let held = if is_bytes { bytes } else { inodes };
                *held = Some(held.map_or(*value, |held| held.max(*value)));
            }
        };
        asker.over_window(&question, take).await;
    }
}

async fn certificates(asker: &mut Asker<'_>, signals: &mut Signals) {
    let end = asker.grid.end().as_second();
    for (metric, is_time) in [(CERTIFICATE, true), (KUBELET, false)] {
        let Some(question) = level(asker, CERTIFICATES, metric) else {
            continue;
        };
        for Answer { labels, points, .. } in asker.newest(&question).await {
            let value = points.last().map(|(_, value)| *value);
            let Some(value) = value.filter(|value| is_true(*value)) else {
                continue;
            };
            let names = &asker.view.words.names;
            let namespace = names.said(&labels, "namespace").to_owned();
            let at = if is_time { 0 } else { end };
            let second = at.saturating_add(i64::try_from(whole(value)).unwrap_or(i64::MAX));
            let (namespace, name) = if is_time {
                let name = labels.get("name").to_owned();
                (Some(namespace), name)
            } else {
                let node = labels.get("node");
                let node = if node.is_empty() {
                    labels.get("instance")
                } else {
                    node
                };
                (None, node.to_owned())
            };
            let wanted = namespace
                .as_ref()
                .is_none_or(|it| asker.view.wants_namespace(it));
            if let (true, false, Ok(expires)) =
                (wanted, name.is_empty(), Timestamp::from_second(second))
            {
                let certificate = Certificate {
                    namespace,
                    name,
                    expires,
                };
                signals.certificates.push(certificate);
            }
        }
    }
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
    for metric in [USED, CAPACITY, INODES] {
        let Some(question) = level(asker, VOLUMES, metric) else {
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
            let known = signals.volumes.entry((namespace.to_owned(), claim));
            let volume = known.or_default();
            let held = match metric {
                USED => &mut volume.used,
                CAPACITY => &mut volume.capacity,
                _ => &mut volume.inodes,
            };
            let value = Bytes::from_f64(value);
            *held = Some(held.map_or(value, |held| held.max(value)));
        }
    }
}

fn is_true(value: f64) -> bool {
    (0.0..ABSURD).contains(&value)
}
