use super::{Pool, Reason};
use crate::recommend::samples;
use crate::units::{Bytes, len_f64};

/// A few pods that use far more memory than the many, as DaemonSets have them
/// on a few nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::recommend) struct OddPods {
    /// Those that stand out, sorted by name.
    pub pods: Vec<String>,
    /// The largest peak of the many.
    pub usual: Bytes,
    pub largest: Bytes,
}

/// Pods from which on there are many and few.
const MIN_PODS: usize = 5;
/// A pod stands out from this multiple of the median peak on.
const STANDS_OUT: f64 = 2.0;
/// More than this share is not a few.
const FEW: f64 = 0.2;
/// As many are named.
const NAMED: usize = 3;

impl OddPods {
    pub(super) fn reason(&self) -> Reason {
        let mut names: Vec<&str> = self.pods.iter().take(NAMED).map(String::as_str).collect();
        let more = format!("{} more", self.pods.len().saturating_sub(NAMED));
        if self.pods.len() > NAMED {
            names.push(&more);
        }
        let text = format!(
            "unlike the others: {} with up to {}, the other pods no more than {}",
            names.join(", "),
            self.largest.human(),
            self.usual.human()
        );
        Reason::new("odd_pods", text)
    }
}

pub(super) fn find(pool: &Pool<'_>) -> Option<OddPods> {
    if pool.workload.is_batch() {
        return None;
    }
    let mut peaks: Vec<(f64, &str)> = pool
        .series
        .iter()
        .filter_map(|series| {
            let peak = samples::largest(samples::known(&series.memory_bytes))?;
            Some((peak, series.pod.as_str()))
        })
        .collect();
    if peaks.len() < MIN_PODS {
        return None;
    }
    peaks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let median = peaks[peaks.len() / 2].0;
    let many = peaks.partition_point(|(peak, _)| *peak <= STANDS_OUT * median);
    let few = &peaks[many..];
    if few.is_empty() || len_f64(few.len()) > FEW * len_f64(peaks.len()) {
        return None;
    }
    let mut pods: Vec<String> = few.iter().map(|(_, pod)| (*pod).to_owned()).collect();
    pods.sort();
    Some(OddPods {
        pods,
        usual: Bytes::from_f64(peaks[many - 1].0),
        largest: Bytes::from_f64(few[few.len() - 1].0),
    })
}
