//! What a container is like, in a word: definitions that each member meets.
//!
//! A word depends on a container's own use alone: not on what else is looked at, and
//! not on what it requests, so that following advice moves nothing. Of the measures
//! none hangs on a single sample, except where a word promises that there is none.

use super::features::{Feature, Point};
use super::rise;
use crate::profile::{CpuProfile, Profile};
use crate::units::{Cpu, Span};

/// How a container behaves. The first that applies, in this order: what it is (a job,
/// unused) comes before how its use moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Batch,
    Idle,
    Growing,
    Weekly,
    Daily,
    Bursty,
    MemoryBursty,
    Steady,
    Uneven,
}

/// Hardly any work: a process that only waits stays below, and never did more than a
/// tenth of a core.
const IDLE_P99_MILLICORES: u64 = 10;
const IDLE_MAX_MILLICORES: u64 = 100;
/// Growth of memory a week.
const GROWS: f64 = 0.08;
/// A week shows once it has come three times: of two weeks, that both had their
/// busiest hours at the same time is often chance.
const WEEKS: Span = Span::days(20);
const WEEKLY: f64 = 0.25;
const DAILY: f64 = 0.4;
const BURSTY: f64 = 3.0;
const MEMORY_BURSTY: f64 = 1.5;
const STEADY: f64 = 0.45;

impl Class {
    /// From the profile and its features.
    pub(super) fn of(profile: &Profile, point: &Point) -> Self {
        let of = |feature: Feature| feature.of(point);
        let cpu = profile.cpu.as_ref();
        if of(Feature::Batch) > 0.0 {
            Self::Batch
        } else if cpu.is_some_and(is_idle) {
            Self::Idle
        } else if grows(profile) {
            Self::Growing
        } else if profile.quality.span >= WEEKS
            && of(Feature::Weekly) >= WEEKLY
            && of(Feature::Weekly) >= 0.5 * of(Feature::Daily)
        {
            Self::Weekly
        } else if of(Feature::Daily) >= DAILY {
            Self::Daily
        } else if of(Feature::CpuBurst) >= BURSTY {
            Self::Bursty
        } else if of(Feature::MemoryPeak) >= MEMORY_BURSTY {
            Self::MemoryBursty
        } else if of(Feature::CpuVariation) <= STEADY {
            Self::Steady
        } else {
            Self::Uneven
        }
    }

    /// The name of its group.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Idle => "idle",
            Self::Growing => "growing",
            Self::Weekly => "weekly",
            Self::Daily => "daily",
            Self::Bursty => "bursty",
            Self::MemoryBursty => "memory-bursty",
            Self::Steady => "steady",
            Self::Uneven => "uneven",
        }
    }

    /// What is true of every member, without a period.
    pub(super) fn definition(self) -> &'static str {
        match self {
            Self::Batch => "pods that run to completion",
            Self::Idle => "CPU below 10m 99% of the time, and never above 100m",
            Self::Growing => "memory whose daily peaks rise, by at least 8% a week",
            Self::Weekly => {
                "CPU follows the hour of the week: at least 25% of its ups and downs, beyond what the hour of the day explains"
            }
            Self::Daily => "CPU follows the hour of the day: at least 40% of its ups and downs",
            Self::Bursty => "CPU bursts to at least 3 × its median, without a rhythm",
            Self::MemoryBursty => {
                "memory peaks at 1.5 × its median or more, CPU is below 3 × its own 99% of the time"
            }
            Self::Steady => "CPU below 3 × its median 99% of the time, memory below 1.5 × its own",
            Self::Uneven => {
                "CPU that varies by more than 45% of its mean, without bursts or rhythm"
            }
        }
    }
}

fn is_idle(cpu: &CpuProfile) -> bool {
    cpu.p99 < Cpu::millicores(IDLE_P99_MILLICORES) && cpu.max < Cpu::millicores(IDLE_MAX_MILLICORES)
}

fn grows(profile: &Profile) -> bool {
    let memory = profile.memory.as_ref();
    let rise = memory.and_then(|memory| rise::a_week(&memory.daily_peaks));
    rise.is_some_and(|rise| rise >= GROWS)
}
