//! The pods of a workload, from when they are asked for to when they count in every respect.

use super::hpa::{INITIALIZATION, SYNC};
use super::lead::Lead;
use super::line::OLD;

/// Seconds over which a kubelet measures use: before so long after it was ready nothing
/// counts of a pod.
const WINDOW: i64 = 30;

/// Seconds after which a pod that is ready is like any other.
const SETTLED: i64 = 120;

struct Pod {
    created: i64,
    ready: i64,
}

/// The pods of a workload.
pub(super) struct Fleet<'a> {
    lead: &'a Lead,
    /// Pods that count in every respect.
    settled: u32,
    /// The others, oldest first.
    young: Vec<Pod>,
    started: usize,
}

impl<'a> Fleet<'a> {
    pub(super) fn of(size: u32, lead: &'a Lead) -> Self {
        Self {
            lead,
            settled: size,
            young: Vec::new(),
            started: 0,
        }
    }

    pub(super) fn size(&self) -> u32 {
        self.settled + u32::try_from(self.young.len()).unwrap_or(0)
    }

    /// Pods that are ready.
    pub(super) fn ready(&mut self, now: i64) -> u32 {
        let settled = |pod: &Pod| now >= pod.ready + SETTLED && now >= pod.created + INITIALIZATION;
        while self.young.first().is_some_and(settled) {
            self.young.remove(0);
            self.settled += 1;
        }
        let ready = self.young.iter().filter(|pod| pod.ready <= now).count();
        self.settled + u32::try_from(ready).unwrap_or(0)
    }

    /// Pods whose use an autoscaler counts: ready for as long as it takes to measure that,
    /// or past the time in which it waits for it.
    pub(super) fn measured(&self, now: i64) -> u32 {
        let old = i64::from(SYNC) * i64::try_from(OLD).unwrap_or(0);
        let counts = |pod: &&Pod| {
            let measured = now - old >= pod.ready + WINDOW;
            measured || (pod.ready <= now && now >= pod.created + INITIALIZATION)
        };
        let count = self.young.iter().filter(counts).count();
        self.settled + u32::try_from(count).unwrap_or(0)
    }

    /// Starts or ends pods: of those that end, first those that came last.
    pub(super) fn scale(&mut self, now: i64, wanted: u32) {
        while self.size() > wanted {
            if self.young.pop().is_none() {
                self.settled -= 1;
            }
        }
        while self.size() < wanted {
            let starts = &self.lead.starts;
            let start = i64::from(starts[self.started % starts.len()]);
            let node = if self.lead.waits(self.size() + 1) {
                i64::from(self.lead.node.span.as_secs())
            } else {
                0
            };
            self.started += 1;
            self.young.push(Pod {
                created: now,
                ready: now + node + start,
            });
        }
    }
}
