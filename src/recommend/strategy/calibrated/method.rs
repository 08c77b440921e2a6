//! How each number was found, as numbers; [`words`](super::words) says the same.

use super::Sizes;
use super::limit::{Limit, Source};
use super::request::Request;
use super::words;
use crate::recommend::{Method, Methods};
use crate::units::len_f64;

/// The quantile of memory from which a request moves towards the peak.
const MEMORY: f64 = 0.99;
/// The quantile of a request that is what is usual.
const USUAL: f64 = 0.95;

impl Sizes<'_> {
    pub(super) fn methods(&self) -> Methods {
        let limit = self.limit.map(|limit| self.limit(limit));
        let limit = limit.unwrap_or_default();
        Methods {
            cpu_request: self.cpu_request(),
            // Moved only by what throttles.
            cpu_limit: Method::default(),
            memory_request: self
                .request
                .map_or(Method::default(), |request| self.request(&request, limit)),
            memory_limit: limit,
        }
    }

    fn cpu_request(&self) -> Method {
        let Some(size) = self.cpu else {
            return Method::default();
        };
        let targets = &self.asked.targets;
        if size.bursts {
            return Method {
                judged: Some(size.work_over),
                promise: Some(targets.cpu_work_over_request),
                ..Method::default()
            };
        }
        Method {
            judged: Some(size.time_over),
            promise: Some(targets.cpu_time_over_request),
            evidence: Some(len_f64(size.containers)),
            ..Method::quantile(size.quantile)
        }
    }

    fn limit(&self, limit: &Limit) -> Method {
        let judged = Method {
            judged: Some(limit.risk),
            promise: Some(self.asked.targets.memory_over_limit),
            ..Method::default()
        };
        let Source::Margin { records } = limit.source else {
            return judged;
        };
        let base = limit.grown.unwrap_or(limit.peak).to_f64();
        Method {
            // What it grows to is no quantile of what it used.
            quantile: limit.grown.is_none().then_some(1.0),
            multiplier: (base > 0.0).then(|| limit.size.to_f64() / base),
            evidence: Some(records),
            ..judged
        }
    }

    fn request(&self, request: &Request, limit: Method) -> Method {
        let targets = &self.asked.targets;
        if request.tied && self.asked.tie.is_some() {
            return limit;
        }
        let judged = Method {
            judged: request.overflow,
            promise: request.overflow.map(|_| targets.node_memory_overflow),
            ..Method::default()
        };
        if words::bounded(request, &self.bounds, targets).is_some() {
            return judged;
        }
        let quantile = if request.usual { USUAL } else { MEMORY };
        Method {
            quantile: Some(quantile),
            multiplier: (!request.usual).then_some(request.factor),
            ..judged
        }
    }
}
