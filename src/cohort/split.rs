//! A large group in two, where two kinds of members stand far apart in it.
//!
//! k-means finds them and a definition names them, so that each member of a part is
//! what the part is called. A group is split only where all agree: the parts are far
//! apart, either half of the members shows the same parts, and one definition tells
//! them apart. A few members more or less then change nothing.

use super::features::{Feature, Point, coordinates};
use super::kmeans::halves;
use super::silhouette::silhouette;
use crate::units::len_f64;

/// Members of the smaller part at least: of fewer there is little to tell.
const SMALLEST: usize = 16;
/// Mean silhouette from which on parts stand apart. Source: Kaufman and Rousseeuw,
/// "Finding Groups in Data", 1990: above 0.7 the structure is strong. Halves of what
/// differs by degrees alone have about 0.6.
const APART: f64 = 0.7;
/// Share of members on which two groupings agree at least. Source: Tibshirani and
/// Walther, "Cluster validation by prediction strength", 2005: 0.8 to 0.9.
const AGREE: f64 = 0.9;
/// Silhouettes are quadratic in the number of points, so they are of this many at most.
const MOST_JUDGED: usize = 500;
/// Centres are sought among so many points at most.
const MOST_FITTED: usize = 2_000;

/// What is less and more of a feature, told apart at one of a few fixed values.
#[derive(Debug)]
struct Words {
    feature: Feature,
    less: &'static str,
    more: &'static str,
    /// What the feature is, for people, before and after its value.
    what: (&'static str, &'static str),
    cuts: [f64; 3],
}

const WORDS: [Words; 5] = [
    Words {
        feature: Feature::MemoryPeak,
        less: "flat",
        more: "memory-bursty",
        what: ("memory peaks", "× its median"),
        cuts: [1.5, 1.25, 2.0],
    },
    Words {
        feature: Feature::MemoryDays,
        less: "even",
        more: "surprising",
        what: ("memory's worst day peaks", "× the usual one"),
        cuts: [1.25, 1.1, 1.5],
    },
    Words {
        feature: Feature::CpuBurst,
        less: "calm",
        more: "bursty",
        what: ("CPU bursts", "× its median"),
        cuts: [3.0, 6.0, 12.0],
    },
    Words {
        feature: Feature::CpuVariation,
        less: "quiet",
        more: "lively",
        what: ("CPU varies by", "× its mean"),
        cuts: [0.5, 0.25, 1.0],
    },
    Words {
        feature: Feature::Daily,
        less: "irregular",
        more: "regular",
        what: ("the hour of the day explains", "of CPU's ups and downs"),
        cuts: [0.7, 0.4, 0.2],
    },
];

/// One part of a group.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    /// What stands before the name of the group.
    pub(super) word: &'static str,
    /// What is true of every member besides.
    pub(super) definition: String,
    /// Indices into the points of the group, ascending.
    pub(super) members: Vec<usize>,
}

/// The two parts of a group whose points are sorted; `None` where it is one.
/// `word` is its own name, which says nothing as the name of a part.
pub(super) fn parts(points: &[Point], word: &str) -> Option<[Part; 2]> {
    if points.len() < 2 * SMALLEST {
        return None;
    }
    let places: Vec<Point> = points.iter().map(coordinates).collect();
    let fitted = thin_out(&places, MOST_FITTED);
    let found = halves(&fitted, &places)?;
    if is_small(&found) || !stands_apart(&places, &found) || !is_shown_by_halves(&fitted) {
        return None;
    }
    let ways = WORDS.iter().filter(|words| words.more != word);
    let ways = ways.flat_map(|words| words.cuts.map(|cut| (words, cut)));
    // Where several tell them apart as well, the first.
    let (words, cut) = ways
        .rev()
        .map(|way| (agreement(&found, &above(points, way)), way))
        .filter(|(agree, way)| *agree >= AGREE && !is_small(&above(points, *way)))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, way)| way)?;
    let is_more = above(points, (words, cut));
    let part = |more: bool| {
        let (before, after) = words.what;
        let members = is_more.iter().enumerate().filter(|(_, is)| **is == more);
        Part {
            word: if more { words.more } else { words.less },
            definition: if more {
                format!("{before} at least {cut} {after}")
            } else {
                format!("{before} less than {cut} {after}")
            },
            members: members.map(|(member, _)| member).collect(),
        }
    };
    Some([part(false), part(true)])
}

fn above(points: &[Point], (words, cut): (&Words, f64)) -> Vec<bool> {
    let points = points.iter();
    points.map(|point| words.feature.of(point) >= cut).collect()
}

fn is_small(second: &[bool]) -> bool {
    let count = second.iter().filter(|second| **second).count();
    count.min(second.len() - count) < SMALLEST
}

/// Share of members on which two groupings agree, whichever part is called the second.
fn agreement(one: &[bool], other: &[bool]) -> f64 {
    let same = one.iter().zip(other).filter(|(a, b)| a == b).count();
    len_f64(same.max(one.len() - same)) / len_f64(one.len().max(1))
}

fn stands_apart(places: &[Point], second: &[bool]) -> bool {
    let step = places.len().div_ceil(MOST_JUDGED).max(1);
    let groups: Vec<usize> = second
        .iter()
        .copied()
        .step_by(step)
        .map(usize::from)
        .collect();
    silhouette(&thin_out(places, MOST_JUDGED), &groups) >= APART
}

/// Whether the members in even places and those in odd places each show the same parts.
fn is_shown_by_halves(places: &[Point]) -> bool {
    let every_other =
        |from: usize| -> Vec<Point> { places.iter().skip(from).step_by(2).copied().collect() };
    let by = |from: usize| halves(&every_other(from), places);
    let (Some(even), Some(odd)) = (by(0), by(1)) else {
        return false;
    };
    agreement(&even, &odd) >= AGREE
}

/// Every so many-th point, so that at most `most` are left.
fn thin_out(points: &[Point], most: usize) -> Vec<Point> {
    let step = points.len().div_ceil(most).max(1);
    points.iter().copied().step_by(step).collect()
}
