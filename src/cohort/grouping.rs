//! From profiles to named groups.

use super::features::{Point, coordinates, features, medians};
use super::kmeans::{Grouping, best_grouping};
use super::words::{description, names, word};
use super::{Cohort, Cohorts, FEWEST, GROUPS};
use crate::profile::Profile;
use crate::snapshot::Snapshot;

/// A profile that has a place.
struct Placed {
    profile: usize,
    point: Point,
}

/// Groups the profiles. The same profiles, in any order, always give the same groups.
pub fn group(snapshot: &Snapshot, profiles: &[Profile]) -> Cohorts {
    let mut placed: Vec<Placed> = (0..profiles.len())
        .filter_map(|profile| {
            let point = features(snapshot, &profiles[profile])?;
            Some(Placed { profile, point })
        })
        .collect();
    // By what they are and not by where they stand: the order of the input then
    // decides nothing.
    placed.sort_by(|a, b| compare(&a.point, &b.point));
    let (members, criterion) = if placed.len() < FEWEST {
        (by_word(&placed), by_word_criterion(placed.len()))
    } else {
        by_distance(&placed)
    };
    name(&placed, members, profiles.len(), criterion)
}

fn compare(a: &Point, b: &Point) -> std::cmp::Ordering {
    let pairs = a.iter().zip(b);
    let mut unequal = pairs.map(|(a, b)| a.total_cmp(b));
    unequal
        .find(|order| order.is_ne())
        .unwrap_or(std::cmp::Ordering::Equal)
}

/// One group for each word that describes a member.
fn by_word(placed: &[Placed]) -> Vec<Vec<usize>> {
    let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
    for (place, one) in placed.iter().enumerate() {
        let word = word(&one.point);
        match groups.iter_mut().find(|(other, _)| *other == word) {
            Some((_, members)) => members.push(place),
            None => groups.push((word, vec![place])),
        }
    }
    groups.into_iter().map(|(_, members)| members).collect()
}

fn by_word_criterion(count: usize) -> String {
    match count {
        0 => "no container has enough usage to be grouped".to_owned(),
        _ => format!(
            "{count} of the containers can be grouped, and fewer than {FEWEST} are grouped by rules instead of by distance"
        ),
    }
}

/// Groups of points that are near each other.
fn by_distance(placed: &[Placed]) -> (Vec<Vec<usize>>, String) {
    let points: Vec<Point> = placed.iter().map(|one| coordinates(&one.point)).collect();
    let smallest = smallest_group(points.len());
    let Grouping {
        groups,
        count,
        silhouette,
    } = best_grouping(&points, smallest);
    let mut members = vec![Vec::new(); count];
    for (place, group) in groups.into_iter().enumerate() {
        members[group].push(place);
    }
    let tried = format!("{} to {}", GROUPS.start, GROUPS.end - 1);
    let criterion = if count == 1 {
        format!("one group: none of {tried} groups of at least {smallest} members stand apart")
    } else {
        format!(
            "{count} groups: the largest mean silhouette, {silhouette:.2}, of {tried} groups of at least {smallest} members"
        )
    };
    (members, criterion)
}

/// A group lends its members each other's history, and of fewer than eight
/// there is little to lend. In a small cluster a twelfth of it has to do.
fn smallest_group(points: usize) -> usize {
    (points / 12).clamp(2, 8)
}

/// Largest group first, each with its words.
fn name(
    placed: &[Placed],
    members: Vec<Vec<usize>>,
    profiles: usize,
    criterion: String,
) -> Cohorts {
    let mut groups: Vec<(Point, Vec<usize>)> = members
        .into_iter()
        .filter(|members| !members.is_empty())
        .map(|members| {
            let centre = medians(members.iter().map(|place| &placed[*place].point));
            (centre, members)
        })
        .collect();
    groups.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(compare(&a.0, &b.0)));
    let centres: Vec<Point> = groups.iter().map(|(centre, _)| *centre).collect();
    let mut of_profile = vec![None; profiles];
    let mut cohorts = Vec::with_capacity(groups.len());
    for (id, ((centre, places), name)) in groups.into_iter().zip(names(&centres)).enumerate() {
        let mut members: Vec<usize> = places.iter().map(|place| placed[*place].profile).collect();
        members.sort_unstable();
        for member in &members {
            of_profile[*member] = Some(id);
        }
        cohorts.push(Cohort {
            name,
            description: description(&centre),
            members,
        });
    }
    Cohorts {
        groups: cohorts,
        of_profile,
        criterion,
    }
}
