//! Requests that are few and full: which namespaces, which pods, what time.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::promql::Endings;
use super::super::reading::Reading;
use super::piece::Piece;
use super::{MOST_IN_BODY, MOST_NAMESPACES, MOST_POINTS, Plan, spans};
use crate::collect::prometheus::Engine;

/// Requests that one cut of the time more has to save, as a share of all: stores keep
/// hours of a series in one chunk, which both sides of a cut read.
const WORTH_A_CUT: f64 = 0.02;

/// A namespace, and what reading it over some slots takes.
struct Load<'a> {
    namespace: &'a str,
    series: u64,
    cost: u64,
}

/// Namespaces that share a request.
#[derive(Default)]
struct Bin<'a> {
    namespaces: Vec<&'a str>,
    series: u64,
    cost: u64,
}

impl Plan {
    /// What to ask for to read all of this.
    ///
    /// The time is cut into as many parts as make the fewest requests, but not below a
    /// day; in each, namespaces share requests as they fit, and what is larger than a
    /// request is cut by pods.
    pub(super) fn cut(
        &self,
        reading: Reading,
        namespaces: &BTreeMap<String, u64>,
        whole: &Range<u32>,
    ) -> Vec<Piece> {
        let longest = match self.chosen.engine {
            Engine::Chunks => u32::MAX,
            Engine::Raw | Engine::Pushdown => MOST_POINTS,
        };
        let mut pieces = Vec::new();
        for slots in spans(whole, longest) {
            let parts = self.fewest(reading, namespaces, slots.end - slots.start);
            for slots in spans(&slots, (slots.end - slots.start).div_ceil(parts)) {
                pieces.extend(self.of_span(reading, namespaces, &slots));
            }
        }
        pieces
    }

    /// Into how many parts to cut so many slots.
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    fn fewest(&self, reading: Reading, namespaces: &BTreeMap<String, u64>, length: u32) -> u32 {
        let days = (length / self.grid.per_day()).max(1);
        let requests = |parts: u32| {
            let (bins, large) = self.shared_out(reading, namespaces, length.div_ceil(parts));
            let hands = large.iter().map(|load| self.hands(load.cost));
            (bins.len() + hands.sum::<usize>()) as f64 * f64::from(parts)
        };
        let (mut best, mut fewest) = (1, requests(1));
        for parts in 2..=days {
            let count = requests(parts);
            if count < fewest * (1.0 - WORTH_A_CUT * f64::from(parts - best)) {
                (best, fewest) = (parts, count);
            }
        }
        best
    }

    /// Namespaces that share requests for so many slots, and those that are too large to.
    fn shared_out<'a>(
        &self,
        reading: Reading,
        namespaces: &'a BTreeMap<String, u64>,
        length: u32,
    ) -> (Vec<Bin<'a>>, Vec<Load<'a>>) {
        let each = namespaces.iter();
        let loads = each.map(|(namespace, series)| Load {
            namespace,
            series: *series,
            cost: self.cost(reading, *series, length),
        });
        let fits = |load: &Load| load.cost <= self.max_samples;
        let (fitting, large): (Vec<Load>, Vec<Load>) = loads.partition(fits);
        (self.pack(fitting), large)
    }

    /// Requests for what costs so much, if it shares none.
    pub(super) fn hands(&self, cost: u64) -> usize {
        let hands = usize::try_from(cost.div_ceil(self.max_samples)).unwrap_or(usize::MAX);
        hands.clamp(1, Endings::all().len())
    }

    fn of_span(
        &self,
        reading: Reading,
        namespaces: &BTreeMap<String, u64>,
        slots: &Range<u32>,
    ) -> Vec<Piece> {
        let (bins, large) = self.shared_out(reading, namespaces, slots.end - slots.start);
        let mut pieces = Vec::new();
        for load in large {
            let endings = Endings::all().split(self.hands(load.cost));
            let cost = load.cost / endings.len().max(1) as u64;
            pieces.extend(endings.into_iter().map(|endings| {
                let namespaces = vec![load.namespace.to_owned()];
                Piece {
                    endings,
                    ..Piece::new(reading, namespaces, slots.clone(), (load.series, cost))
                }
            }));
        }
        for bin in bins {
            let mut names: Vec<String> = bin.namespaces.iter().map(|&it| it.to_owned()).collect();
            names.sort();
            let (series, cost) = (bin.series, bin.cost);
            pieces.push(Piece::new(reading, names, slots.clone(), (series, cost)));
        }
        let in_chunks = self.chosen.engine == Engine::Chunks;
        for piece in &mut pieces {
            piece.in_chunks = in_chunks;
        }
        pieces
    }

    /// The largest first, each into the first request that has room for it.
    fn pack<'a>(&self, mut loads: Vec<Load<'a>>) -> Vec<Bin<'a>> {
        let most = match self.chosen.engine {
            Engine::Chunks => MOST_IN_BODY,
            Engine::Raw | Engine::Pushdown => MOST_NAMESPACES,
        };
        loads.sort_by(|a, b| b.cost.cmp(&a.cost).then(a.namespace.cmp(b.namespace)));
        let mut bins: Vec<Bin> = Vec::new();
        // Those before it have no room for the smallest.
        let mut open = 0;
        let smallest = loads.last().map_or(0, |load| load.cost);
        let room = |bin: &Bin, cost: u64| {
            bin.namespaces.len() < most && bin.cost.saturating_add(cost) <= self.max_samples
        };
        for load in loads {
            let mut rest = bins.iter_mut().skip(open);
            let found = rest.position(|bin| room(bin, load.cost));
            let at = found.map_or(bins.len(), |found| open + found);
            if at == bins.len() {
                bins.push(Bin::default());
            }
            let bin = &mut bins[at];
            bin.namespaces.push(load.namespace);
            bin.series += load.series;
            bin.cost += load.cost;
            while bins.get(open).is_some_and(|bin| !room(bin, smallest)) {
                open += 1;
            }
        }
        bins
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::super::super::options::PrometheusOptions;
    use super::super::super::survey::{Pace, Survey};
    use super::*;
    use crate::units::Span;

    const BUDGET: u64 = 1_000_000;

    /// A plan to read the memory of namespaces with so many containers over a fortnight.
    fn plan(containers: &[u64], budget: u64) -> Plan {
        let named = containers.iter().enumerate();
        let namespaces: BTreeMap<String, u64> = named
            .map(|(at, count)| (format!("team-{at}"), *count))
            .collect();
        let survey = Survey {
            namespaces,
            source: None,
            sources: Vec::new(),
            pace: Pace {
                usual: 300,
                slowest: 300,
            },
            reaches_back: false,
            closed: false,
            cpus: 1,
            throttled: 1.0,
            first: 0,
            readings: vec![Reading::Memory],
            longest: None,
            chunks: Err(String::new()),
            witness: None,
            gaps: Vec::new(),
        };
        let end = Timestamp::from_second(1_795_392_000).unwrap();
        let five = Span::from_secs(300);
        let mut options = PrometheusOptions::new("http://a", Span::days(14), five, end);
        options.max_samples = budget;
        options.engine = Some(Engine::Raw);
        Plan::new(
            &options,
            &survey,
            &Engine::Raw.grid(&options),
            ("http://a", false),
        )
    }

    /// What all of it costs, in requests that are full.
    #[expect(clippy::cast_precision_loss, reason = "test data is small")]
    fn full(plan: &Plan, budget: u64) -> f64 {
        plan.samples_of_usage() as f64 / budget as f64
    }

    #[test]
    fn namespaces_slightly_over_a_request_do_not_take_two_each() {
        // 1.1 requests each.
        let plan = plan(&[130; 30], BUDGET);
        let (pieces, full) = (plan.pieces.len(), full(&plan, BUDGET));
        assert!((32.0..36.0).contains(&full), "{full}");
        assert!(pieces <= 40, "{pieces} where {full:.1} would do");
    }

    #[test]
    fn what_fits_into_one_request_is_one() {
        assert_eq!(plan(&[3, 1, 20, 7], BUDGET).pieces.len(), 1);
    }

    proptest! {
        #[test]
        fn every_pod_of_every_slot_is_asked_for_once(
            containers in prop::collection::vec(1_u64..2_000, 1..40),
            budget in 20_000_u64..2_000_000,
        ) {
            let plan = plan(&containers, budget);
            let mut asked: BTreeMap<&str, Vec<(Range<u32>, usize)>> = BTreeMap::new();
            for piece in &plan.pieces {
                let smallest = piece.endings.len() == 1;
                prop_assert!(piece.cost <= budget || smallest, "{piece:?}");
                for namespace in &piece.namespaces {
                    let slots = (piece.slots.clone(), piece.endings.len());
                    asked.entry(namespace).or_default().push(slots);
                }
            }
            prop_assert_eq!(asked.len(), containers.len());
            for parts in asked.values() {
                // Slots by endings of names: a plane that is covered without overlap.
                let each = parts.iter().map(|(slots, endings)| slots.len() * endings);
                let all: usize = each.sum();
                prop_assert_eq!(all, 14 * 288 * Endings::all().len());
            }
        }
    }
}
