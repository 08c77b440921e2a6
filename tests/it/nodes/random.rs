//! What holds of any cluster.

use kcost::plan::{Options, PodRef, Repacking, plan};
use kcost::price::{Book, NodePrice};
use kcost::snapshot::Snapshot;
use kcost::units::Money;
use proptest::prelude::*;

use super::checker::Replay;
use super::generated::{pods, small};

fn of(snapshot: &Snapshot, options: &Options) -> Repacking {
    let book = Book::named("default").unwrap();
    let prices = book.prices(&snapshot.cluster.nodes);
    plan(snapshot, &prices, None, None, options).unwrap().today
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Nothing is placed against a rule, nothing is lost, and what is said sums up.
    #[test]
    fn a_plan_can_be_followed(seed in any::<u64>(), reserve in 0..3) {
        let mut snapshot = small(seed);
        for workload in &mut snapshot.workloads {
            workload.pods.retain(|pod| pod.node.is_some());
        }
        let options = Options {
            reserve: f64::from(reserve) * 0.1,
            ..Options::default()
        };
        let packed = of(&snapshot, &options);
        let requests = |at: PodRef| snapshot.workloads[at.workload].pods[at.pod].requests.clone();
        prop_assert_eq!(&packed.homeless, &[]);
        Replay::new(&snapshot, &requests).run(&packed, &options);
        let nodes = snapshot.cluster.nodes.len();
        prop_assert_eq!(packed.stays.iter().flatten().count() + packed.drains.len(), nodes);
        let saved: Money = packed.drains.iter().map(|it| it.saved).sum();
        prop_assert_eq!(packed.saved, saved);
        let after: usize = packed.after.iter().map(|it| it.pods).sum();
        let gone = packed.drains.len();
        // A daemon goes with each node; all others are still there.
        prop_assert_eq!(after + gone, pods(&snapshot).count());
    }

    /// No plan is better than the bound, and a reserve only ever makes it worse.
    #[test]
    fn the_bound_holds(seed in any::<u64>()) {
        let snapshot = small(seed);
        let free = of(&snapshot, &Options { reserve: 0.0, ..Options::default() });
        let left = snapshot.cluster.nodes.len() - free.drains.len();
        prop_assert!(left >= free.least.nodes, "{left} of at least {}", free.least.nodes);
        let book = Book::named("default").unwrap();
        let all: Money = book.prices(&snapshot.cluster.nodes).iter().map(NodePrice::leaves).sum();
        prop_assert!(all - free.saved + Money::from_f64(0.01) >= free.least.cost);
    }

    /// The same twice, whatever thread it runs on.
    #[test]
    fn a_plan_is_the_same_every_time(seed in any::<u64>()) {
        let snapshot = small(seed);
        let options = Options::default();
        prop_assert_eq!(of(&snapshot, &options), of(&snapshot, &options));
    }
}
