use crate::finding::Severity;
use crate::recommend::Confidence;
use crate::risk::severity::{by_chance, in_days, within_a_week};
use crate::risk::words::lasting;
use crate::risk::{Action, Check, Evidence, Impact, Risk, Seen, Sought, Subject};
use crate::snapshot::{VolumeClaim, VolumeUse};
use crate::text::percent_said;
use crate::trend::{Course, since_fall};
use crate::units::{Bytes, float};

mod recent;

/// Volumes that fill, by bytes or by inodes, and when they are full.
pub(super) struct VolumeFilling;

/// Share that must be free, below which it is full for most that write to it.
const FULL: f64 = 0.03;
/// With more than this free there is time to look, whatever the trend.
const ROOMY: f64 = 0.30;
/// A volume that rests, to this share of the whole, has no trend.
const RESTS: f64 = 0.005;
/// Days until it is full that are told.
const SOON: f64 = 7.0;
/// Days that a trend needs.
const FEWEST: usize = 5;
/// A fall by this share of the whole is a cleanup, after which it begins anew.
const CLEANUP: f64 = 0.1;

impl Check for VolumeFilling {
    fn name(&self) -> &'static str {
        "volume_filling"
    }

    fn summary(&self) -> &'static str {
        "volumes that run out of bytes or inodes, and when"
    }

    fn look(&self, seen: &Seen<'_>) -> Sought {
        let claims = seen.snapshot.cluster.volume_claims.iter();
        let bound = claims.filter(|claim| claim.phase == "Bound" && !claim.may_be_full);
        seen.once(|| bound.map(|claim| self.of(seen, claim)).collect())
    }
}

/// What runs out.
#[derive(Clone, Copy)]
enum What {
    Bytes,
    Inodes,
}

/// One of the two, day by day.
struct Filling {
    what: What,
    used: f64,
    all: f64,
    /// Where it goes since it was last cleaned up; `None` where that is too short.
    course: Option<Course>,
    /// Where it goes of late, where that is faster than ever before.
    recent: Option<Course>,
    /// Days that it has not moved, to the end of the window; 0 where it does.
    rests: f64,
    /// Cleanups in the window.
    cleanups: usize,
    /// The largest use before one.
    survived: f64,
}

impl VolumeFilling {
    fn of(&self, seen: &Seen<'_>, claim: &VolumeClaim) -> Sought {
        let bytes = claim.capacity.filter(|it| !it.is_zero()).map(Bytes::to_f64);
        let Some(bytes) = bytes.filter(|_| claim.used.is_some()) else {
            return Sought::unknown(
                "volume",
                "whose use is not measured",
                "scrape `kubelet_volume_stats_used_bytes` and its capacity of the kubelet",
            );
        };
        let used = |it: &VolumeUse| it.used.map(Bytes::to_f64);
        let inodes = |it: &VolumeUse| it.inodes_used.map(float);
        let mut kinds = vec![Filling::of(seen, claim, What::Bytes, bytes, used)];
        if let Some(all) = claim.inodes.filter(|all| *all > 0) {
            kinds.push(Filling::of(seen, claim, What::Inodes, float(all), inodes));
        }
        let risks = kinds.into_iter().flatten();
        let risks = risks.filter_map(|it| self.risk(seen, claim, &it));
        risks.map(Sought::risk).collect()
    }

    fn risk(&self, seen: &Seen<'_>, claim: &VolumeClaim, it: &Filling) -> Option<Risk> {
        let free = 1.0 - it.used / it.all;
        let course = it.rising();
        let days = course.map(|course| course.days_to(it.all));
        let soon = days.is_some_and(|(middle, ..)| middle <= SOON) && free < ROOMY;
        if free >= FULL && !soon {
            return None;
        }
        // Nothing is known of what does not rise.
        let chance = |ahead: f64| course.map_or(0.0, |course| course.reaches(it.all, ahead));
        let (day, week) = (chance(1.0), chance(7.0));
        let noun = match it.what {
            What::Bytes => "space",
            What::Inodes => "inodes",
        };
        let when = days.filter(|(middle, ..)| middle.is_finite());
        let when = match when {
            Some((middle, ..)) => format!(", and none in about {}", lasting(middle)),
            None if it.rests > 0.0 => format!(", as for {}", lasting(it.rests)),
            None => String::new(),
        };
        let text = format!(
            "{} of its {noun} is left{when}",
            percent_said(free.max(0.0)),
        );
        Some(Risk {
            concerns: seen.in_namespace(&claim.namespace),
            severity: if it.rests > 0.0 {
                Severity::Low
            } else {
                by_chance(day, week).max(Severity::Medium)
            },
            confidence: if course.is_some_and(|course| course.days >= 7.0) {
                Confidence::High
            } else {
                Confidence::Medium
            },
            impact: days.and_then(|(middle, early, late)| {
                Some(Impact {
                    at: in_days(seen.now, middle)?,
                    earliest: in_days(seen.now, early)?,
                    latest: in_days(seen.now, late),
                })
            }),
            chance: course.map(|_| within_a_week(week)),
            text,
            evidence: evidence(it, course.as_ref()),
            action: action(it.what, claim),
            ..Risk::on(
                self.name(),
                Subject::of("PersistentVolumeClaim", &claim.namespace, &claim.name),
            )
        })
    }
}

fn evidence(it: &Filling, course: Option<&Course>) -> Vec<Evidence> {
    let (used, all, growth) = match it.what {
        What::Bytes => ("used_bytes", "capacity_bytes", "growth_bytes_per_day"),
        What::Inodes => ("used_inodes", "inodes", "growth_inodes_per_day"),
    };
    let mut evidence = vec![
        Evidence::number(used, it.used),
        Evidence::number(all, it.all),
    ];
    evidence.extend(course.map(|course| Evidence::number(growth, course.per_day)));
    evidence
}

fn action(what: What, claim: &VolumeClaim) -> Action {
    let larger = Bytes(claim.requested.0.saturating_add(claim.requested.0 / 2));
    match what {
        What::Inodes => Action::new("remove small files, or move to a volume with more inodes"),
        What::Bytes if claim.requested.is_zero() => Action::new("remove data, or make it larger"),
        What::Bytes => Action::new(format!(
            "remove data, or make it {} where its StorageClass allows expansion",
            larger.human()
        )),
    }
}

impl Filling {
    fn of(
        seen: &Seen<'_>,
        claim: &VolumeClaim,
        what: What,
        all: f64,
        used: impl Fn(&VolumeUse) -> Option<f64>,
    ) -> Option<Self> {
        let days = daily(seen, &claim.history, &used);
        let known = claim.history.iter().rev().find_map(&used);
        let now = match what {
            What::Bytes => claim.used.map(Bytes::to_f64),
            What::Inodes => None,
        };
        let now = now.or(known)?;
        let falls = since_fall(&days, CLEANUP * all);
        let rest = &days[falls.since..];
        let course = (rest.len() >= FEWEST).then(|| Course::of(rest, rest, 1));
        let points = claim.history.iter().filter_map(|it| {
            let ago = seen.now.duration_since(it.at).as_secs_f64() / 86_400.0;
            Some((ago, used(it)?))
        });
        let points: Vec<(f64, f64)> = points.collect();
        Some(Self {
            what,
            used: now,
            all,
            course: course.flatten(),
            recent: recent::course(&points, now),
            rests: recent::rests(&points, now, RESTS * all),
            cleanups: falls.count,
            survived: falls.survived,
        })
    }

    /// Where it goes, if that is up: by what comes first of the trend of days and of late.
    fn rising(&self) -> Option<Course> {
        // Where it was cleaned up before, it will be again, unless it is fuller than ever.
        let fuller = self.cleanups == 0 || self.used > self.survived;
        let long = self.course.filter(|_| fuller && self.rests <= 0.0);
        let both = long.into_iter().chain(self.recent);
        let rising = both.filter(|course| course.per_day > 0.0);
        rising.min_by(|a, b| a.days_to(self.all).0.total_cmp(&b.days_to(self.all).0))
    }
}

/// The most of each day, counted back from the end of the window, oldest first: what
/// comes and goes by day is no trend.
fn daily(
    seen: &Seen<'_>,
    history: &[VolumeUse],
    used: &impl Fn(&VolumeUse) -> Option<f64>,
) -> Vec<f64> {
    let mut days: Vec<f64> = Vec::new();
    for point in history.iter().rev() {
        let passed = seen.now.duration_since(point.at).as_secs().max(0) / 86_400;
        let Some(place) = usize::try_from(passed).ok().filter(|it| *it < 400) else {
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
