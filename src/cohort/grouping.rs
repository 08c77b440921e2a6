//! From profiles to named groups.

use std::collections::BTreeMap;

use super::class::Class;
use super::features::{Point, features, medians};
use super::split::parts;
use super::words::description;
use super::{Cohort, Cohorts};
use crate::profile::Profile;
use crate::snapshot::Snapshot;

/// A profile that has a place.
struct Placed {
    profile: usize,
    point: Point,
}

/// A group before it has its place among the others.
struct Group {
    name: String,
    kind: &'static str,
    description: String,
    middle: Point,
    members: Vec<usize>,
}

/// Groups the profiles. The same profiles, in any order, always give the same groups.
pub fn group(snapshot: &Snapshot, profiles: &[Profile]) -> Cohorts {
    let mut classes: BTreeMap<Class, Vec<Placed>> = BTreeMap::new();
    for (index, profile) in profiles.iter().enumerate() {
        let Some(point) = features(snapshot, profile) else {
            continue;
        };
        classes
            .entry(Class::of(profile, &point))
            .or_default()
            .push(Placed {
                profile: index,
                point,
            });
    }
    let kinds = classes.len();
    let groups: Vec<Group> = classes
        .into_iter()
        .flat_map(|(class, placed)| groups(class, placed))
        .collect();
    let split = groups.len() - kinds;
    in_order(groups, profiles.len(), criterion(kinds, split))
}

/// One group, or two where they are clearly two.
fn groups(class: Class, mut placed: Vec<Placed>) -> Vec<Group> {
    // By what they are and not by where they stand: the order of the input then
    // decides nothing.
    placed.sort_by(|a, b| compare(&a.point, &b.point));
    let points: Vec<Point> = placed.iter().map(|one| one.point).collect();
    let make = |name: String, definitions: &[&str], members: &[usize]| {
        let middle = medians(members.iter().map(|member| &points[*member]));
        let mut profiles: Vec<usize> = members.iter().map(|it| placed[*it].profile).collect();
        profiles.sort_unstable();
        Group {
            name,
            kind: class.word(),
            description: description(definitions, &middle),
            middle,
            members: profiles,
        }
    };
    let (word, definition) = (class.word(), class.definition());
    let Some(parts) = parts(&points, word) else {
        let all: Vec<usize> = (0..points.len()).collect();
        return vec![make(word.to_owned(), &[definition], &all)];
    };
    let parts = parts.iter().map(|part| {
        let name = format!("{} {word}", part.word);
        make(name, &[definition, &part.definition], &part.members)
    });
    parts.collect()
}

fn compare(a: &Point, b: &Point) -> std::cmp::Ordering {
    let pairs = a.iter().zip(b);
    let mut unequal = pairs.map(|(a, b)| a.total_cmp(b));
    unequal
        .find(|order| order.is_ne())
        .unwrap_or(std::cmp::Ordering::Equal)
}

fn criterion(kinds: usize, split: usize) -> String {
    if kinds == 0 {
        return "no container has enough usage to be grouped".to_owned();
    }
    let plural = if kinds == 1 { "" } else { "s" };
    let parts = match split {
        0 => String::new(),
        1 => ", one of which splits clearly into two".to_owned(),
        many => format!(", {many} of which split clearly into two"),
    };
    format!(
        "{kinds} kind{plural} of behaviour, each with a definition that every member meets{parts}"
    )
}

/// Largest group first.
fn in_order(mut groups: Vec<Group>, profiles: usize, criterion: String) -> Cohorts {
    groups.sort_by(|a, b| {
        let by_size = b.members.len().cmp(&a.members.len());
        by_size.then(compare(&a.middle, &b.middle))
    });
    let mut of_profile = vec![None; profiles];
    for (id, group) in groups.iter().enumerate() {
        for member in &group.members {
            of_profile[*member] = Some(id);
        }
    }
    let groups = groups.into_iter().map(|group| Cohort {
        name: group.name,
        kind: group.kind,
        description: group.description,
        members: group.members,
    });
    Cohorts {
        groups: groups.collect(),
        of_profile,
        criterion,
    }
}
