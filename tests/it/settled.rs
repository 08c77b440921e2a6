//! Advice that was followed comes to rest, and does not depend on what else is asked for.

use kcost::cohort;
use kcost::profile::profile;
use kcost::recommend::{self, Advised, Options};
use kcost::snapshot::{Sizes, Snapshot};

use crate::common::demo;
use crate::demo::DEMO;
use crate::played::apply;

fn advised(snapshot: &Snapshot, options: &Options) -> Advised {
    let profiles = profile(snapshot);
    let cohorts = cohort::group(snapshot, &profiles);
    recommend::recommend(snapshot, &profiles, &cohorts, options)
}

/// Fields that would change.
fn changes(advised: &Advised) -> usize {
    let containers = advised.workloads.iter().flat_map(|it| &it.containers);
    let fields = containers.map(|it| {
        let sizing = it.sizing;
        let keep = |it: bool| usize::from(!it);
        keep(sizing.cpu_request == recommend::Advice::Keep)
            + keep(sizing.cpu_limit == recommend::Advice::Keep)
            + keep(sizing.memory_request == recommend::Advice::Keep)
            + keep(sizing.memory_limit == recommend::Advice::Keep)
    });
    fields.sum()
}

/// As a bundle keeps it: the usage stays that of the sizes before.
fn follow(snapshot: &mut Snapshot, advised: &Advised) {
    for container in snapshot
        .workloads
        .iter_mut()
        .flat_map(|it| &mut it.containers)
    {
        let (requests, limits) = (container.requests.clone(), container.limits.clone());
        container.ran_with.get_or_insert(Sizes { requests, limits });
    }
    apply(snapshot, advised);
}

#[test]
fn one_round_settles_the_demo_with_any_strategy() {
    for strategy in recommend::ALL {
        let options = Options {
            strategy: *strategy,
            ..Options::default()
        };
        let mut snapshot = DEMO.clone();
        let first = advised(&snapshot, &options);
        assert!(changes(&first) > 50, "{}", strategy.name());
        follow(&mut snapshot, &first);
        let second = advised(&snapshot, &options);
        assert_eq!(changes(&second), 0, "{}", strategy.name());
    }
}

#[test]
fn a_namespace_gets_the_advice_that_the_whole_bundle_gives() {
    let workloads = |more: &[&str]| {
        let seen = demo(&[&["analyze", "-o", "json"], more].concat());
        let seen = seen.ended(0).json();
        let mut found = seen["workloads"].as_array().unwrap().clone();
        found.retain(|workload| workload["namespace"] == "payments");
        found
    };
    let (whole, part) = (workloads(&[]), workloads(&["-n", "payments"]));
    assert!(whole.len() > 3);
    assert_eq!(whole, part);
}
