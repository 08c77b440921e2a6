//! Usage with a life of its own: noise, bursts, rhythms and rare peaks.
//!
//! Every value is a plain function of container and scrape, so that two runs are alike.

use std::fmt::Write as _;

use super::openmetrics::{Container, END, OFFSET};

/// Days of CPU and memory of these containers, eight kinds in turn, a sample
/// every `interval` seconds.
pub fn text(containers: &[Container], days: i64, interval: i64) -> String {
    let first = END - days * 86_400 + OFFSET;
    let scrapes = days * 86_400 / interval;
    let times: Vec<i64> = (0..scrapes).map(|at| first + at * interval).collect();
    let mut text = "# TYPE container_cpu_usage_seconds counter\n".to_owned();
    for container in containers {
        let mut seconds = 0.0;
        for time in &times {
            #[expect(clippy::cast_precision_loss, reason = "a few minutes")]
            let passed = interval as f64;
            seconds += cores(container.number, *time) * passed;
            line(
                &mut text,
                "container_cpu_usage_seconds_total",
                container,
                seconds,
                *time,
            );
        }
    }
    text.push_str("# TYPE container_memory_working_set_bytes gauge\n");
    for container in containers {
        for time in &times {
            let bytes = (mebibytes(container.number, *time) * 1_048_576.0).round();
            line(
                &mut text,
                "container_memory_working_set_bytes",
                container,
                bytes,
                *time,
            );
        }
    }
    text.push_str("# EOF\n");
    text
}

fn line(text: &mut String, metric: &str, container: &Container, value: f64, time: i64) {
    let _ = writeln!(
        text,
        "{metric}{{namespace=\"{}\",pod=\"{}\",container=\"{}\",job=\"kubelet\",\
         metrics_path=\"/metrics/cadvisor\"}} {value} {time}",
        container.namespace, container.pod, container.name
    );
}

/// Mean cores in the interval before a scrape.
fn cores(number: u32, time: i64) -> f64 {
    let chance = noise(number, time);
    let (minute, hour) = (time.rem_euclid(3_600) / 60, time.rem_euclid(86_400) / 3_600);
    let weekday = (time.div_euclid(86_400) + 3).rem_euclid(7);
    match number % 8 {
        // Steady.
        0 => 0.3 + 0.05 * chance,
        // By day.
        1 => (0.05 + 0.5 * daily(time)) * (0.8 + 0.4 * chance),
        // Bursts.
        2 => {
            if chance < 0.07 {
                1.0 + chance
            } else {
                0.05 + 0.02 * chance
            }
        }
        // Five minutes of each hour.
        3 => {
            if minute < 5 {
                0.9 + 0.1 * chance
            } else {
                0.02
            }
        }
        // Heavy noise.
        4 => -0.2 * chance.max(1e-6).ln(),
        // An hour of each night.
        5 => {
            if hour == 2 {
                1.5 + 0.5 * chance
            } else {
                0.03
            }
        }
        // Friday evenings.
        6 if weekday == 4 && (20..22).contains(&hour) => 1.2 + 0.3 * chance,
        6 => 0.1 + 0.2 * daily(time) * chance,
        // One peak in a fortnight.
        _ => {
            if (END - time) / 300 == 1_000 {
                0.8
            } else {
                0.004 + 0.002 * chance
            }
        }
    }
}

fn mebibytes(number: u32, time: i64) -> f64 {
    let chance = noise(number + 1_000, time);
    let base = 100.0 + 20.0 * f64::from(number);
    match number % 3 {
        0 => base + 10.0 * chance,
        1 => base * (1.0 + 0.5 * daily(time)) + 5.0 * chance,
        _ if chance > 0.999 => base * 1.6,
        _ => base + 40.0 * chance * chance,
    }
}

/// 0 at 02:00, 1 at 14:00.
fn daily(time: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "seconds of a day")]
    let turn = (time.rem_euclid(86_400) - 2 * 3_600) as f64 / 86_400.0;
    0.5 - 0.5 * (turn * std::f64::consts::TAU).cos()
}

/// Evenly between 0 and 1.
fn noise(number: u32, time: i64) -> f64 {
    let mut bits = u64::from(number) << 40 ^ time.unsigned_abs();
    // SplitMix64, Steele and others 2014.
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let high = u32::try_from((bits ^ (bits >> 31)) >> 32).unwrap();
    f64::from(high) / f64::from(u32::MAX)
}
