//! What is on the bill beside nodes: volumes and load balancers.

use super::book::Book;
use crate::snapshot::VolumeHome;
use crate::units::Money;

/// USD for a GiB and month, by a part of the name of the storage class, the first that
/// fits. Source: price pages of AWS us-east-1, GCP us-central1 and Azure eastus, 2026.
const VOLUMES: [(&str, &str, f64); 18] = [
    ("aws", "gp2", 0.10),
    ("aws", "gp3", 0.08),
    ("aws", "io1", 0.125),
    ("aws", "io2", 0.125),
    ("aws", "st1", 0.045),
    ("aws", "sc1", 0.015),
    ("aws", "efs", 0.30),
    ("gce", "ssd", 0.17),
    ("gce", "premium", 0.17),
    ("gce", "hdd", 0.04),
    ("gce", "pd-standard", 0.04),
    ("gce", "filestore", 0.16),
    ("azure", "premium", 0.154),
    ("azure", "file", 0.16),
    ("azure", "hdd", 0.046),
    // What a cloud gives without being asked.
    ("aws", "", 0.08),
    ("gce", "", 0.10),
    ("azure", "", 0.075),
];

/// Elsewhere. Source: OpenCost's default, 0.00005479452 an hour.
const VOLUME_ANYWHERE: f64 = 0.04;

/// USD for an hour. Source: price pages of 2026: a network load balancer of AWS, a
/// forwarding rule of GCP, rules of a standard one of Azure; traffic is not in it.
const BALANCERS: [(&str, f64); 3] = [("aws", 0.0225), ("gce", 0.025), ("azure", 0.025)];

/// Elsewhere: as on AWS.
const BALANCER_ANYWHERE: f64 = 0.0225;

impl Book {
    /// A GiB of a volume of this class for a month: the sheet's, else what its cloud asks;
    /// nothing on a disk of a node, and `None` on a server of which nobody says what it costs,
    /// or where the sheet has another currency and does not say what a dollar is.
    pub fn volume(
        &self,
        class: Option<&str>,
        home: Option<VolumeHome>,
        provider: Option<&str>,
    ) -> Option<Money> {
        let class = class.unwrap_or_default();
        let sheet = self.sheet();
        let mut own = sheet.into_iter().flat_map(|it| &it.storage);
        let named = |name: &str| name == class || (name == "default" && home.is_none());
        if let Some((_, price)) = own.find(|(name, _)| named(name)) {
            return Some(*price);
        }
        if let Some(price) = self.billed().and_then(|it| it.storage.get(class)) {
            return self.of_dollars(*price);
        }
        match home {
            Some(VolumeHome::Node) => return Some(Money::ZERO),
            Some(VolumeHome::Server) => return None,
            None => {}
        }
        let lower = class.to_lowercase();
        let mut known = VOLUMES.iter();
        let found = known.find(|(cloud, part, _)| provider == Some(*cloud) && lower.contains(part));
        let dollars = found.map_or(VOLUME_ANYWHERE, |(_, _, price)| *price);
        self.of_dollars(Money::from_f64(dollars))
    }

    /// A load balancer for an hour; `None` where the sheet has another currency and does not
    /// say what a dollar is.
    pub fn load_balancer(&self, provider: Option<&str>) -> Option<Money> {
        if let Some(own) = self.sheet().and_then(|it| it.load_balancer) {
            return Some(own);
        }
        if let Some(price) = self.billed().and_then(|it| it.load_balancer) {
            return self.of_dollars(price);
        }
        let found = BALANCERS.iter().find(|(cloud, _)| provider == Some(*cloud));
        let dollars = found.map_or(BALANCER_ANYWHERE, |(_, price)| *price);
        self.of_dollars(Money::from_f64(dollars))
    }
}
