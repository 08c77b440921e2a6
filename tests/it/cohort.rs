//! Groups of workloads that behave alike, and the words for them.

use std::collections::BTreeSet;

use kcost::cohort::{Cohorts, group};
use kcost::profile::{CpuProfile, MemoryProfile, Profile, Quality, profile};
use kcost::snapshot::{Resources, Snapshot};
use kcost::units::{Bytes, Cpu, Ratio, Span};

use crate::demo::DEMO;

/// A workload that is calm in every way. `nudge` makes it differ a little from others.
fn steady(nudge: f64) -> Profile {
    let mib = |mebibytes: f64| Bytes::from_f64(mebibytes * 1_048_576.0 * (1.0 + nudge / 50.0));
    Profile {
        workload: 0,
        container: 0,
        quality: Quality {
            samples: 8064,
            pods: 1,
            first: None,
            last: None,
            span: Span::days(28),
            coverage: Ratio::ONE,
            cpu_missing: Ratio::ZERO,
            gaps: 0,
            longest_gap: Span::default(),
        },
        cpu: Some(CpuProfile {
            mean: Cpu::cores(0.1),
            p50: Cpu::cores(0.1),
            p90: Cpu::cores(0.11),
            p95: Cpu::cores(0.11),
            p98: Cpu::cores(0.12),
            p99: Cpu::cores(0.12),
            max: Cpu::cores(0.15),
            hour_of_week: vec![0.1; 168],
            daily_peaks: vec![0.15; 28],
            variation: 0.1 + nudge / 100.0,
            burstiness: 1.2 + nudge / 100.0,
            daily_strength: 0.05,
            weekly_strength: 0.0,
            trend_per_day: 0.0,
            idle_share: Ratio::ZERO,
        }),
        memory: Some(MemoryProfile {
            mean: mib(200.0),
            p50: mib(200.0),
            p90: mib(202.0),
            p95: mib(203.0),
            p98: mib(204.0),
            p99: mib(205.0),
            max: mib(210.0),
            daily_peaks: vec![2.1e8; 28],
            hourly_peaks: vec![2.1e8; 28 * 24],
            variation: 0.01,
            trend_per_day: 0.0,
            rising_share: 0.5,
        }),
        throttling: None,
        pressure: None,
        gpu: None,
        network_bytes_per_second: None,
    }
}

fn cpu(mut profile: Profile, change: impl FnOnce(&mut CpuProfile)) -> Profile {
    change(profile.cpu.as_mut().unwrap());
    profile
}

fn memory(mut profile: Profile, change: impl FnOnce(&mut MemoryProfile)) -> Profile {
    change(profile.memory.as_mut().unwrap());
    profile
}

fn idle(nudge: f64) -> Profile {
    cpu(steady(nudge), |cpu| {
        (cpu.mean, cpu.p50) = (Cpu::millicores(2), Cpu::millicores(2));
        (cpu.p99, cpu.max) = (Cpu::millicores(4), Cpu::cores(0.02 + nudge / 1000.0));
    })
}

fn daily(nudge: f64) -> Profile {
    cpu(steady(nudge), |cpu| {
        (cpu.daily_strength, cpu.variation, cpu.burstiness) = (0.85 + nudge / 100.0, 0.5, 2.0);
    })
}

fn weekly(nudge: f64) -> Profile {
    cpu(steady(nudge), |cpu| {
        (cpu.daily_strength, cpu.weekly_strength) = (0.25, 0.6 + nudge / 100.0);
        (cpu.variation, cpu.burstiness) = (1.2, 7.0);
    })
}

fn bursty(nudge: f64) -> Profile {
    let profile = cpu(steady(nudge), |cpu| {
        (cpu.variation, cpu.burstiness) = (2.0, 18.0 + nudge);
    });
    memory(profile, |memory| {
        memory.max = memory.p50.scale(2.6);
        memory.daily_peaks[7] *= 1.8;
        memory.variation = 0.2;
    })
}

fn growing(nudge: f64) -> Profile {
    memory(steady(nudge), |memory| {
        (memory.rising_share, memory.trend_per_day) = (0.97, 0.03 + nudge / 1000.0);
        let rise = |day: u32| 2.1e8 * (1.0 + f64::from(day) * (0.03 + nudge / 1000.0));
        memory.daily_peaks = (0..28).map(rise).collect();
        (memory.max, memory.variation) = (memory.p50.scale(1.6), 0.3);
    })
}

/// A workload for each profile, none of them a job.
fn group_all(profiles: &mut [Profile]) -> Cohorts {
    let job = |place: &usize| DEMO.workloads[*place].is_batch();
    let steady = (0..DEMO.workloads.len()).find(|place| !job(place)).unwrap();
    for profile in profiles.iter_mut() {
        profile.workload = steady;
    }
    group(&DEMO, profiles)
}

fn many(makers: &[fn(f64) -> Profile], each: u32) -> Vec<Profile> {
    let all = makers
        .iter()
        .flat_map(|make| (0..each).map(move |n| make(f64::from(n % 9))));
    all.collect()
}

const ALL: [fn(f64) -> Profile; 6] = [steady, idle, daily, weekly, bursty, growing];

#[test]
fn what_behaves_alike_is_found_together_under_its_word() {
    let mut profiles = many(&ALL, 12);
    let cohorts = group_all(&mut profiles);
    let names: BTreeSet<&str> = cohorts.groups.iter().map(|one| one.name.as_str()).collect();
    let expected = ["bursty", "daily", "growing", "idle", "steady", "weekly"];
    assert_eq!(
        names.into_iter().collect::<Vec<_>>(),
        expected,
        "{}",
        cohorts.criterion
    );
    for kind in 0..ALL.len() {
        let found: BTreeSet<_> = cohorts.of_profile[kind * 12..(kind + 1) * 12]
            .iter()
            .collect();
        assert_eq!(found.len(), 1);
    }
    assert!(
        cohorts
            .criterion
            .starts_with("6 kinds of behaviour, each with a definition")
    );
}

#[test]
fn members_and_places_say_the_same() {
    let mut profiles = many(&ALL, 20);
    let cohorts = group_all(&mut profiles);
    for (id, cohort) in cohorts.groups.iter().enumerate() {
        assert!(cohort.members.is_sorted() && !cohort.members.is_empty());
        assert!(
            cohort
                .members
                .iter()
                .all(|member| cohorts.of_profile[*member] == Some(id))
        );
        assert!(!cohort.description.is_empty());
    }
    assert!(
        cohorts
            .groups
            .is_sorted_by(|a, b| a.members.len() >= b.members.len())
    );
}

#[test]
fn the_order_of_profiles_decides_nothing() {
    let mut straight = many(&ALL, 11);
    let count = straight.len();
    // 7 has no divisor in common with 66.
    let places: Vec<usize> = (0..count).map(|index| index * 7 % count).collect();
    let mut shuffled: Vec<Profile> = places
        .iter()
        .map(|place| straight[*place].clone())
        .collect();
    let (one, other) = (group_all(&mut straight), group_all(&mut shuffled));
    for (index, place) in places.iter().enumerate() {
        assert_eq!(other.of_profile[index], one.of_profile[*place]);
    }
    let words = |cohorts: &Cohorts| -> Vec<(String, String)> {
        cohorts
            .groups
            .iter()
            .map(|c| (c.name.clone(), c.description.clone()))
            .collect()
    };
    assert_eq!(words(&one), words(&other));
}

#[test]
fn a_name_depends_on_nothing_else_that_is_looked_at() {
    let mut few = vec![steady(0.0), idle(0.0), idle(1.0), bursty(0.0)];
    let cohorts = group_all(&mut few);
    let names: Vec<&str> = cohorts.groups.iter().map(|one| one.name.as_str()).collect();
    assert_eq!((names.len(), names[0]), (3, "idle"));
    assert!(names.contains(&"steady") && names.contains(&"bursty"));
    let mut many = many(&ALL, 15);
    many.extend(few.iter().cloned());
    let among = group_all(&mut many);
    let name = |cohorts: &Cohorts, place: usize| -> String {
        cohorts.groups[cohorts.of_profile[place].unwrap()]
            .name
            .clone()
    };
    for place in 0..few.len() {
        assert_eq!(name(&cohorts, place), name(&among, 90 + place));
    }
}

#[test]
fn what_is_requested_decides_nothing() {
    let names = |snapshot: &Snapshot| -> Vec<Option<String>> {
        let cohorts = group(snapshot, &profile(snapshot));
        let name = |group: &Option<usize>| group.map(|group| cohorts.groups[group].name.clone());
        cohorts.of_profile.iter().map(name).collect()
    };
    let mut without = DEMO.clone();
    let containers = without
        .workloads
        .iter_mut()
        .flat_map(|it| &mut it.containers);
    for container in containers {
        container.requests = Resources::default();
    }
    assert_eq!(names(&DEMO), names(&without));
}

#[test]
fn what_is_called_idle_hardly_works() {
    let mut busy = idle(0.0);
    // Most of the time it waits, and then it uses a core.
    busy = cpu(busy, |cpu| {
        (cpu.p99, cpu.max, cpu.burstiness) = (Cpu::cores(0.8), Cpu::cores(1.0), 400.0);
        cpu.idle_share = Ratio::new(0.97);
    });
    let mut once = idle(0.0);
    once = cpu(once, |cpu| cpu.max = Cpu::cores(1.0));
    let mut profiles = vec![idle(0.0), busy, once];
    let cohorts = group_all(&mut profiles);
    let idle = cohorts
        .groups
        .iter()
        .find(|one| one.name == "idle")
        .unwrap();
    assert_eq!(idle.members, [0]);
    assert!(
        idle.description
            .starts_with("CPU below 10m 99% of the time, and never above 100m; ty")
    );
}

#[test]
fn groups_are_nearly_the_same_a_day_later() {
    let names = |day: u32| -> Vec<Option<String>> {
        let past = DEMO.as_of(day * DEMO.usage.grid.per_day(), Span::days(14));
        let cohorts = group(&past, &profile(&past));
        let name = |group: &Option<usize>| group.map(|group| cohorts.groups[group].name.clone());
        cohorts.of_profile.iter().map(name).collect()
    };
    let mut before = names(20);
    for day in 21..=28 {
        let after = names(day);
        let moved = before.iter().zip(&after).filter(|(a, b)| a != b).count();
        assert!(moved * 20 <= after.len(), "{moved} on day {day}");
        before = after;
    }
}

#[test]
fn a_large_group_is_split_where_it_is_clearly_two() {
    let two = |each: u32| -> Vec<Profile> {
        let bursty = |nudge: f64| {
            memory(daily(nudge), |memory| {
                memory.max = memory.p50.scale(2.6 + nudge / 50.0);
                memory.daily_peaks[7] *= 1.9;
                memory.variation = 0.3;
            })
        };
        many(&[daily, bursty], each)
    };
    let mut large = two(40);
    let cohorts = group_all(&mut large);
    let names: BTreeSet<&str> = cohorts.groups.iter().map(|one| one.name.as_str()).collect();
    let expected = ["flat daily", "memory-bursty daily"];
    assert_eq!(
        names.into_iter().collect::<Vec<_>>(),
        expected,
        "{}",
        cohorts.criterion
    );
    assert!(
        cohorts
            .criterion
            .ends_with(", one of which splits clearly into two")
    );
    for group in &cohorts.groups {
        let flat = group.name.starts_with("flat");
        let range = if flat { 0..40 } else { 40..80 };
        assert_eq!(group.members, range.collect::<Vec<_>>());
        let said = if flat {
            "less than 1.5"
        } else {
            "at least 1.5"
        };
        assert!(
            group
                .description
                .contains(&format!(", memory peaks {said} × its median; ty"))
        );
    }
    // Without some of its members it is split the same way.
    let mut fewer: Vec<Profile> = two(40);
    let mut place = 0;
    fewer.retain(|_| {
        place += 1;
        place % 10 != 3
    });
    assert_eq!(group_all(&mut fewer).groups.len(), 2);
    // Of few, and of those that differ by degrees, there is one group.
    assert_eq!(group_all(&mut two(12)).groups.len(), 1);
    let by_degrees = |step: u32| {
        memory(daily(0.0), |memory| {
            memory.max = memory.p50.scale(1.0 + f64::from(step) / 40.0);
        })
    };
    let mut all: Vec<Profile> = (0..80).map(by_degrees).collect();
    assert_eq!(group_all(&mut all).groups.len(), 1);
}

#[test]
fn nothing_to_group_is_no_group() {
    let cohorts = group_all(&mut []);
    assert!(cohorts.groups.is_empty() && cohorts.of_profile.is_empty());
    assert_eq!(
        cohorts.criterion,
        "no container has enough usage to be grouped"
    );
}

#[test]
fn workloads_that_are_all_the_same_are_one_group() {
    let mut profiles = vec![steady(0.0); 30];
    let cohorts = group_all(&mut profiles);
    assert_eq!(cohorts.groups.len(), 1);
    assert_eq!(cohorts.groups[0].name, "steady");
    assert!(
        cohorts.criterion.starts_with("1 kind of behaviour"),
        "{}",
        cohorts.criterion
    );
}

#[test]
fn what_is_not_a_number_does_not_spread() {
    let mut profiles = many(&ALL, 12);
    let broken = cpu(steady(0.0), |cpu| {
        cpu.variation = f64::NAN;
        cpu.burstiness = f64::INFINITY;
        cpu.trend_per_day = f64::NEG_INFINITY;
    });
    profiles.push(memory(broken, |memory| {
        memory.daily_peaks = vec![f64::NAN; 28];
        memory.p50 = Bytes::ZERO;
        memory.max = Bytes::ZERO;
        memory.rising_share = f64::NAN;
    }));
    let cohorts = group_all(&mut profiles);
    assert!(cohorts.groups.len() <= 7);
    assert!(cohorts.of_profile.iter().all(Option::is_some));
    assert!(
        cohorts
            .groups
            .iter()
            .all(|one| !one.description.contains("NaN"))
    );
}

#[test]
fn what_has_no_history_has_no_group() {
    let mut profiles = many(&ALL, 12);
    profiles.push(Profile {
        cpu: None,
        ..steady(0.0)
    });
    profiles.push(Profile {
        memory: None,
        ..steady(0.0)
    });
    let mut new = steady(0.0);
    new.quality.span = Span::HOUR;
    profiles.push(new);
    let cohorts = group_all(&mut profiles);
    assert_eq!(cohorts.of_profile[72..], [None, None, None]);
}

#[test]
fn a_large_cluster_is_grouped_like_a_small_one() {
    let mut profiles = many(&ALL, 500);
    let cohorts = group_all(&mut profiles);
    assert_eq!(cohorts.groups.len(), 6, "{}", cohorts.criterion);
    assert!(cohorts.groups.iter().all(|one| one.members.len() == 500));
}

#[test]
fn the_demo_falls_into_the_groups_that_a_person_would_make() {
    let profiles = profile(&DEMO);
    let cohorts = group(&DEMO, &profiles);
    let of = |name: &str| {
        let is_it = |one: &Profile| DEMO.workloads[one.workload].id.name == name;
        let place = profiles.iter().position(is_it).unwrap();
        cohorts.of_profile[place].map(|id| cohorts.groups[id].name.as_str())
    };
    for (name, word) in [
        ("api-gateway", "daily"),
        ("checkout", "weekly"),
        ("order-mailer", "bursty"),
        ("store-locator", "steady"),
        ("gift-cards", "idle"),
        ("nightly-report", "batch"),
    ] {
        assert_eq!(of(name), Some(word), "{}", cohorts.criterion);
    }
}
