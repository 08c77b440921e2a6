//! Volumes: what was in use over time, after the last time that somebody cleaned up.

use super::{Ahead, Capacity, Days, Unit, What, along, full, rise};
use crate::snapshot::{Snapshot, VolumeClaim, VolumeUse};
use crate::trend::since_fall;
use crate::units::{Bytes, float};

/// A fall by this share of the whole is a cleanup, after which it begins anew.
const CLEANUP: f64 = 0.1;

/// What of a volume is in use at one time.
type Used = fn(&VolumeUse) -> Option<f64>;

/// Bytes and inodes of every bound claim whose use is measured.
pub(super) fn volumes(snapshot: &Snapshot, ahead: &Ahead<'_>) -> Vec<Capacity> {
    let claims = snapshot.cluster.volume_claims.iter();
    let bound = claims.filter(|claim| claim.phase == "Bound");
    let of = |claim: &VolumeClaim| {
        let mounts = mounted_by(snapshot, claim);
        let bytes = claim.capacity.map(Bytes::to_f64);
        let inodes = claim.inodes.map(float);
        let kinds: [(&str, Option<f64>, Used); 2] = [
            ("storage", bytes, |it| it.used.map(Bytes::to_f64)),
            ("inodes", inodes, |it| it.inodes_used.map(float)),
        ];
        let now = claim.used.map(Bytes::to_f64);
        let each = kinds.into_iter().filter_map(|(resource, hard, used)| {
            let hard = hard.filter(|it| *it > 0.0)?;
            let newest = claim.history.iter().rev().find_map(used);
            let now = now.filter(|_| resource == "storage").or(newest)?;
            let capacity = Capacity {
                what: What::Volume,
                namespace: Some(claim.namespace.clone()),
                name: claim.name.clone(),
                resource: resource.to_owned(),
                unit: Unit::of(resource),
                used: now,
                hard,
                per_day: None,
                full: None,
                days: Vec::new(),
                of: mounts.clone(),
            };
            let peaks = daily(ahead, &claim.history, used);
            let since = since_fall(&peaks, CLEANUP * hard).since;
            let course = rise::course(&peaks[since..]);
            let days = course.iter().flat_map(|it| along(it, ahead.days()));
            let days = days.collect();
            Some(full(
                capacity,
                Days::default(),
                course.as_ref(),
                days,
                ahead,
            ))
        });
        each.collect::<Vec<Capacity>>()
    };
    bound.flat_map(of).collect()
}

fn mounted_by(snapshot: &Snapshot, claim: &VolumeClaim) -> Vec<usize> {
    let all = snapshot.workloads.iter().enumerate();
    let mounts = all.filter(|(_, workload)| {
        let mut pods = workload.pods.iter();
        workload.id.namespace == claim.namespace
            && pods.any(|pod| pod.volume_claims.contains(&claim.name))
    });
    mounts.map(|(at, _)| at).collect()
}

/// The most of each day, counted back from the end of the window, oldest first.
fn daily(
    ahead: &Ahead<'_>,
    history: &[VolumeUse],
    used: impl Fn(&VolumeUse) -> Option<f64>,
) -> Vec<f64> {
    /// No volume is watched for longer.
    const MOST: usize = 400;
    let mut days: Vec<f64> = Vec::new();
    for point in history.iter().rev() {
        let passed = ahead.start().duration_since(point.at).as_secs().max(0) / 86_400;
        let Some(place) = usize::try_from(passed).ok().filter(|it| *it < MOST) else {
            continue;
        };
        if days.len() <= place {
            days.resize(place + 1, f64::NAN);
        }
        if let Some(value) = used(point) {
            days[place] = days[place].max(value);
        }
    }
    days.reverse();
    days
}
