//! What one container of one pod uses, slot by slot.

use super::SLOTS;
use super::noise::Noise;
use super::rhythm::Rhythm;
use crate::snapshot::Metric;

/// CPU of one container.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) rhythm: Rhythm,
    /// Cores that are used with nothing to do.
    pub(super) floor: f32,
    /// Cores more at a load of 1.
    pub(super) peak: f32,
    /// Noise, relative.
    pub(super) wobble: f32,
    pub(super) bursts: Option<Bursts>,
}

/// Work that arrives all at once, for all replicas alike.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bursts {
    pub(super) per_day: f32,
    /// Cores of a burst of the usual size.
    pub(super) cores: f32,
    /// Longest, in slots.
    pub(super) slots: usize,
}

/// Working set of one container, in MiB.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// From the start.
    pub(super) base: f32,
    /// Page cache or heap that fills while the pod gets older; given back at the limit.
    pub(super) cache: f32,
    /// Days until about two thirds of it are filled.
    pub(super) fill_days: f32,
    /// More at a load of 1.
    pub(super) load: f32,
    /// Lost every day.
    pub(super) leak: f32,
    /// Noise, relative to the base.
    pub(super) wobble: f32,
    /// Large requests a day and the memory that the usual one takes.
    pub(super) spikes: Option<(f32, f32)>,
}

/// Use of an accelerator, of one device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Device {
    pub(super) rhythm: Rhythm,
    pub(super) floor: f32,
    pub(super) peak: f32,
    pub(super) memory_gib: f32,
    /// Of one device.
    pub(super) total_gib: f32,
    /// What multiprocessors, memory and tensor units do while anything runs.
    pub(super) fill: [f32; 3],
    /// Watts with a context and at full load; none of a slice.
    pub(super) watts: Option<(f32, f32)>,
}

/// What a server of models has in work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Serving {
    pub(super) rhythm: Rhythm,
    /// Requests at a time that it would have at a load of 1.
    pub(super) peak: f32,
    /// Requests that it takes at a time.
    pub(super) most: f32,
    /// Share of its cache in use with all that it takes.
    pub(super) cache: f32,
}

/// The columns that a device or a server fills.
pub(super) type Columns = Vec<(Metric, Vec<f32>)>;

/// Of how much of its load a pod has its part, and since when it runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch<'a> {
    pub(super) first: usize,
    pub(super) end: usize,
    /// Slots that the pod had been running before `first`.
    pub(super) age: f32,
    /// CPU and memory against other pods.
    pub(super) weight: (f32, f32),
    /// The share of each slot, where an autoscaler changes it.
    pub(super) share: Option<&'a [f32]>,
}

impl Stretch<'_> {
    fn share(&self, slot: usize) -> f32 {
        self.share.map_or(1.0, |share| share[slot])
    }
}

const MIB: f32 = 1_048_576.0;
/// From 2^23 on every `f32` is a whole number, as bytes must be.
const SMALLEST: f32 = 9_437_184.0;
const SLOTS_A_DAY: f32 = 288.0;

impl Bursts {
    /// Cores in each slot. `rhythm` says when work arrives.
    pub(super) fn draw(&self, rhythm: &[f32], noise: &mut Noise) -> Vec<f32> {
        let mut cores = vec![0.0_f32; SLOTS];
        let chance = self.per_day / SLOTS_A_DAY;
        for slot in 0..SLOTS {
            if noise.uniform() < chance * rhythm[slot] {
                let tall = noise.uniform();
                let height = self.cores * (0.5 + 1.2 * tall * tall);
                let end = (slot + 1 + noise.below(self.slots)).min(SLOTS);
                for core in &mut cores[slot..end] {
                    *core = core.max(height);
                }
            }
        }
        cores
    }
}

impl Load {
    /// Cores that it would use if nothing held it back.
    pub(super) fn draw(
        &self,
        stretch: &Stretch<'_>,
        rhythm: &[f32],
        bursts: Option<&[f32]>,
        noise: &mut Noise,
    ) -> Vec<f32> {
        let own = (1.0 + 0.06 * noise.pair()[0]) * stretch.weight.0;
        let mut slow = 0.0;
        (stretch.first..stretch.end)
            .map(|slot| {
                let [walk, now] = noise.pair();
                slow = 0.94 * slow + 0.34 * walk;
                let mixed = 0.6 * slow + 0.8 * now;
                // Use is skewed: it stands out upward further than downward.
                let noisy = 1.0 + self.wobble * (mixed + 0.25 * (mixed * mixed - 1.0));
                let burst = bursts.map_or(0.0, |bursts| bursts[slot]);
                let due = (self.floor + self.peak * rhythm[slot]) * stretch.share(slot) + burst;
                (due * own * noisy).max(0.0002)
            })
            .collect()
    }
}

/// Holds `demand` below `limit` and says which share of periods was throttled.
///
/// Within five minutes use varies, so periods are throttled well before the mean
/// reaches the limit.
pub(super) fn throttle(demand: &mut [f32], limit: f32) -> Vec<f32> {
    demand
        .iter_mut()
        .map(|cores| {
            let pressure = *cores / limit;
            *cores = cores.min(limit * 0.995);
            let over = ((pressure - 0.6) / 0.8).clamp(0.0, 1.0);
            (over * over * 1.1).min(0.97)
        })
        .collect()
}

impl Held {
    /// Working set in bytes, and the slots in which it was killed at `limit`.
    pub(super) fn draw(
        &self,
        stretch: &Stretch<'_>,
        rhythm: &[f32],
        limit: Option<f32>,
        noise: &mut Noise,
    ) -> (Vec<f32>, Vec<usize>) {
        let own = (1.0 + 0.03 * noise.pair()[0]) * stretch.weight.1;
        let limit = limit.unwrap_or(f32::INFINITY);
        let fill = 1.0 / (self.fill_days.max(0.01) * SLOTS_A_DAY);
        let mut age = stretch.age;
        // Without a logarithm or exponential: what fills slowly is 1 − 1 ÷ (1 + x) at first.
        let mut cache = self.cache * (age * fill) / (1.0 + age * fill);
        let (mut slow, mut warm) = (0.0, rhythm[stretch.first] * stretch.share(stretch.first));
        let mut kills = Vec::new();
        let mut drawn = Vec::with_capacity(stretch.end - stretch.first);
        for (slot, busy) in (stretch.first..stretch.end).zip(&rhythm[stretch.first..]) {
            let [walk, luck] = noise.pair();
            slow = 0.97 * slow + 0.24 * walk;
            warm += 0.12 * (busy * stretch.share(slot) - warm);
            cache += (self.cache - cache) * fill;
            age += 1.0;
            let spike = self.spike(*busy, luck, noise);
            let grown = self.base * (1.0 + self.wobble * slow) + self.load * warm;
            let held = (grown + self.leak * age / SLOTS_A_DAY + spike) * own;
            if held >= limit {
                drawn.push((limit * MIB).max(SMALLEST));
                kills.push(slot);
                (age, cache) = (0.0, 0.0);
            } else {
                // Near the limit the kernel takes page cache back instead of killing.
                let with_cache = (held + cache * own).min((limit * 0.985).max(held));
                drawn.push((with_cache * MIB).max(SMALLEST));
            }
        }
        (drawn, kills)
    }

    /// MiB of a large request, where one comes; more come when there is more to do.
    fn spike(&self, busy: f32, luck: f32, noise: &mut Noise) -> f32 {
        match self.spikes {
            Some((per_day, mib)) if noise.uniform() < per_day / SLOTS_A_DAY * (0.3 + busy) => {
                mib * (1.0 + 0.3 * luck)
            }
            _ => 0.0,
        }
    }
}

impl Device {
    /// What an exporter tells of the device.
    pub(super) fn draw(&self, stretch: &Stretch<'_>, rhythm: &[f32], noise: &mut Noise) -> Columns {
        let busy: Vec<f32> = (stretch.first..stretch.end)
            .map(|slot| {
                let due = self.floor + self.peak * rhythm[slot];
                (due * (1.0 + 0.08 * noise.pair()[0])).clamp(0.0, 1.0)
            })
            .collect();
        let bytes = |gib: f32| vec![(gib * 1024.0 * MIB).round(); busy.len()];
        let times = |share: f32| busy.iter().map(|it| it * share).collect::<Vec<f32>>();
        let [sm, dram, tensor] = self.fill;
        let mut columns = vec![
            (Metric::GpuMemoryBytes, bytes(self.memory_gib)),
            (Metric::GpuMemoryTotalBytes, bytes(self.total_gib)),
            (Metric::GpuSmActive, times(sm)),
            (Metric::GpuDramActive, times(dram)),
            (Metric::GpuTensorActive, times(tensor)),
        ];
        if let Some((floor, limit)) = self.watts {
            let full = times(sm.max(dram)).into_iter();
            let watts = full.map(|it| floor + (limit - floor) * it);
            columns.push((Metric::GpuPowerWatts, watts.collect()));
        }
        columns.push((Metric::GpuUtilization, busy));
        columns
    }
}

impl Serving {
    /// What the server tells of its requests.
    pub(super) fn draw(&self, stretch: &Stretch<'_>, rhythm: &[f32]) -> Columns {
        let due = |slot: usize| self.peak * rhythm[slot];
        let slots = || stretch.first..stretch.end;
        let running: Vec<f32> = slots().map(|slot| due(slot).min(self.most)).collect();
        let waiting = slots().map(|slot| (due(slot) - self.most).max(0.0));
        let cache = running.iter().map(|it| it / self.most * self.cache);
        vec![
            (Metric::KvCacheRatio, cache.collect()),
            (Metric::RequestsWaiting, waiting.collect()),
            (Metric::RequestsRunning, running),
        ]
    }
}
