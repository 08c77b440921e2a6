//! Test data of our own, as OpenMetrics text for promtool and VictoriaMetrics.
//!
//! Every value is a plain function of the container and the slot, so that a test
//! knows what must come back.

use std::fmt::Write as _;

/// The end of all test data: a Monday, 2026-11-23 00:00:00 UTC.
pub const END: i64 = 1_795_392_000;

/// Scrapes are so many seconds after a whole minute, as they are at no round time.
pub const OFFSET: i64 = 7;

/// A scrape job.
#[derive(Clone, Copy)]
pub struct Job {
    pub path: &'static str,
    /// Extra labels, each after a comma.
    pub labels: &'static str,
    /// Whether it has the CFS counters.
    pub throttling: bool,
}

pub const CADVISOR: Job = Job {
    path: "/metrics/cadvisor",
    labels: "",
    throttling: true,
};

pub const RESOURCE: Job = Job {
    path: "/metrics/resource",
    labels: "",
    throttling: false,
};

/// One container of one pod.
#[derive(Clone)]
pub struct Container {
    pub namespace: String,
    pub pod: String,
    pub name: String,
    pub number: u32,
}

/// CPU of a container in an hour, in thousandths of a core: constant within the
/// hour, so that any window inside it sees the same rate.
pub fn millicores(number: u32, hour: i64) -> i64 {
    let busy = hour.rem_euclid(24) / 8;
    50 + 10 * i64::from(number) + 100 * busy
}

/// Memory of a container in a minute: bytes.
pub fn memory(number: u32, time: i64) -> i64 {
    (100 + i64::from(number) + time.div_euclid(60) % 7) << 20
}

/// `count` containers in namespaces of four; the last namespace has one.
pub fn containers(count: u32) -> Vec<Container> {
    (0..count)
        .map(|number| Container {
            namespace: format!("team-{:02}", number / 4),
            pod: format!("app-{number}-6dfdf5796f-{}", suffix(number)),
            name: "main".to_owned(),
            number,
        })
        .collect()
}

/// As ReplicaSets end the names of their pods.
fn suffix(number: u32) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut left = number.wrapping_mul(2_654_435_761) as usize;
    (0..5)
        .map(|_| {
            let letter = ALPHABET[left % ALPHABET.len()];
            left /= ALPHABET.len();
            char::from(letter)
        })
        .collect()
}

/// The text: from `END - seconds` to `END`, scraped every `interval`.
pub fn text(containers: &[Container], jobs: &[Job], seconds: i64, interval: i64) -> String {
    let mut text = String::new();
    let times: Vec<i64> = (0..=seconds / interval)
        .map(|scrape| END - seconds + scrape * interval + OFFSET)
        .filter(|time| *time < END)
        .collect();
    family(&mut text, "container_cpu_usage_seconds", "counter", || {
        series(
            containers,
            jobs,
            &times,
            "container_cpu_usage_seconds_total",
            |c, _| ratio_counter(c.number, 1.0),
        )
    });
    family(
        &mut text,
        "container_memory_working_set_bytes",
        "gauge",
        || {
            series(
                containers,
                jobs,
                &times,
                "container_memory_working_set_bytes",
                |c, _| {
                    let number = c.number;
                    Box::new(move |time| memory(number, time).to_string())
                },
            )
        },
    );
    let throttling: Vec<Job> = jobs.iter().copied().filter(|job| job.throttling).collect();
    for (name, share) in [
        ("container_cpu_cfs_periods", 10.0),
        ("container_cpu_cfs_throttled_periods", 2.5),
    ] {
        family(&mut text, name, "counter", || {
            let metric = format!("{name}_total");
            series(containers, &throttling, &times, &metric, |_, start| {
                #[expect(clippy::cast_precision_loss, reason = "test data is small")]
                Box::new(move |time| format!("{:.1}", (time - start) as f64 * share))
            })
        });
    }
    text.push_str("# EOF\n");
    text
}

/// The same text as if it ended now, for what reads the clock.
pub fn until_now(text: &str) -> String {
    let now = jiff::Timestamp::now().as_second();
    // By whole minutes, so that scrapes stay where they are within the minute.
    let shift = (now - END).div_euclid(60) * 60;
    let moved = |line: &str| {
        let sample = line.rsplit_once(' ').filter(|_| !line.starts_with('#'));
        let (rest, time) = sample?;
        let time: i64 = time.parse().ok()?;
        Some(format!("{rest} {}\n", time + shift))
    };
    let lines = text.lines();
    lines
        .map(|line| moved(line).unwrap_or_else(|| format!("{line}\n")))
        .collect()
}

/// What kube-state-metrics says, an hour long, of Deployments' pods whose names
/// say nothing.
pub fn owners(pods: &[(&str, &str, &str)]) -> String {
    let mut text = String::new();
    let series = |text: &mut String, metric: &str, labels: &str| {
        for time in [END - 7_200, END - 3_600] {
            let _ = writeln!(text, "{metric}{{{labels},job=\"ksm\"}} 1 {time}");
        }
    };
    text.push_str("# TYPE kube_pod_owner gauge\n");
    for (pod, set, _) in pods {
        let labels = format!(
            "namespace=\"ksm\",exported_namespace=\"team-00\",pod=\"ksm-0\",exported_pod=\"{pod}\",\
             owner_kind=\"ReplicaSet\",owner_name=\"{set}\",owner_is_controller=\"true\""
        );
        series(&mut text, "kube_pod_owner", &labels);
    }
    text.push_str("# TYPE kube_replicaset_owner gauge\n");
    for (_, set, deployment) in pods {
        let labels = format!(
            "namespace=\"team-00\",replicaset=\"{set}\",owner_kind=\"Deployment\",\
             owner_name=\"{deployment}\",owner_is_controller=\"true\""
        );
        series(&mut text, "kube_replicaset_owner", &labels);
    }
    text.push_str("# EOF\n");
    text
}

type Values = Box<dyn FnMut(i64) -> String>;

fn ratio_counter(number: u32, scale: f64) -> Values {
    let mut last = None;
    let mut milliseconds = 0;
    Box::new(move |time| {
        // The seconds since the last scrape, each at the rate of its hour.
        let from = last.replace(time).unwrap_or(time);
        milliseconds += (from..time)
            .map(|second| millicores(number, second.div_euclid(3_600)))
            .sum::<i64>();
        #[expect(clippy::cast_precision_loss, reason = "test data is small")]
        let seconds = milliseconds as f64 / 1_000.0 * scale;
        format!("{seconds:.3}")
    })
}

fn family(text: &mut String, name: &str, kind: &str, lines: impl FnOnce() -> String) {
    let lines = lines();
    if !lines.is_empty() {
        let _ = writeln!(text, "# TYPE {name} {kind}");
        text.push_str(&lines);
    }
}

fn series(
    containers: &[Container],
    jobs: &[Job],
    times: &[i64],
    metric: &str,
    values: impl Fn(&Container, i64) -> Values,
) -> String {
    let mut text = String::new();
    for container in containers {
        for job in jobs {
            let mut value = values(container, times[0]);
            let labels = format!(
                "namespace=\"{}\",pod=\"{}\",container=\"{}\",job=\"kubelet\",metrics_path=\"{}\",cpu=\"total\"{}",
                container.namespace, container.pod, container.name, job.path, job.labels
            );
            for time in times {
                let _ = writeln!(text, "{metric}{{{labels}}} {} {time}", value(*time));
            }
        }
    }
    text
}
