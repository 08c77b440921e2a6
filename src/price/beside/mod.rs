//! What is on the bill beside nodes: volumes and load balancers.

mod disk;

use super::book::{Basis, Book};
use super::sheet::Sheet;
use crate::snapshot::{Cluster, VolumeHome};
use crate::units::{Money, float};

use disk::of_cloud;

/// When the prices here were taken, and where they are asked.
const LIST: &str = "price pages of 2026 for us-east-1, us-central1 and eastus";

/// USD for an hour. Source: price pages of 2026, without traffic: a network load balancer of
/// AWS; the first five forwarding rules together of GCP, and as many of a standard load balancer
/// of Azure.
const BALANCERS: [(&str, f64); 3] = [("aws", 0.0225), ("gce", 0.025), ("azure", 0.025)];

/// USD for an hour of each rule more, on GCP and Azure.
const RULE_MORE: f64 = 0.01;
/// Rules that the first price is for.
const RULES: u64 = 5;

/// Elsewhere: as on AWS.
const BALANCER_ANYWHERE: f64 = 0.0225;

/// What something beside nodes costs, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// `None` where nobody says it.
    pub price: Option<Money>,
    pub basis: Basis,
    pub origin: String,
}

/// A volume whose price is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct OfVolume<'a> {
    /// The name of its class.
    pub class: Option<&'a str>,
    /// The CSI driver that attaches it.
    pub driver: Option<&'a str>,
    pub home: Option<VolumeHome>,
}

impl Book {
    /// A GiB of a volume for a month: the sheet's, else what its cloud asks for such disks, by
    /// what its class makes, else by the name of the class; nothing on a disk of a node, and no
    /// price on a server of which nobody says what it costs, or where the sheet has another
    /// currency and does not say what a dollar is.
    pub fn volume(&self, volume: OfVolume<'_>, cluster: &Cluster) -> Beside {
        let class = volume.class.unwrap_or_default();
        if let Some(price) = self.own_volume(class, volume.home) {
            return Beside {
                price: Some(price),
                basis: Basis::Quoted,
                origin: self.of_sheet(),
            };
        }
        if let Some((price, billed)) = self.billed().and_then(|it| {
            let price = it.storage.get(class)?;
            Some((*price, it.origin()))
        }) {
            return self.in_dollars(price, Basis::Quoted, billed);
        }
        match volume.home {
            Some(VolumeHome::Node) => {
                return Beside {
                    price: Some(Money::ZERO),
                    basis: Basis::Quoted,
                    origin: "on a disk of its node".to_owned(),
                };
            }
            Some(VolumeHome::Server) => {
                return Beside {
                    price: None,
                    basis: Basis::Default,
                    origin: "on a server of which nobody says what it costs".to_owned(),
                };
            }
            None => {}
        }
        let makes = cluster.storage_classes.iter().find(|it| it.name == class);
        let (price, basis, origin) = of_cloud(volume, makes, cluster.provider());
        self.in_dollars(Money::from_f64(price), basis, origin)
    }

    /// What each of these load balancers costs an hour, of which each is so many rules. GCP and
    /// Azure ask one price for the first five rules together, and another for each more.
    pub fn load_balancers(&self, rules: &[Rules], cluster: &Cluster) -> (Vec<Money>, Beside) {
        let each = |price: Beside| (vec![price.price.unwrap_or_default(); rules.len()], price);
        if let Some(price) = self.sheet().and_then(|it| it.load_balancer) {
            return each(Beside {
                price: Some(price),
                basis: Basis::Quoted,
                origin: self.of_sheet(),
            });
        }
        if let Some((price, billed)) = self.billed().and_then(|it| {
            let price = it.load_balancer?;
            Some((price, it.origin()))
        }) {
            return each(self.in_dollars(price, Basis::Quoted, billed));
        }
        let cloud = cluster.provider();
        let found = BALANCERS.iter().find(|(name, _)| cloud == Some(*name));
        let Some((name, first)) = found else {
            let origin = format!("as a network load balancer of AWS, {LIST}");
            let price = Money::from_f64(BALANCER_ANYWHERE);
            return each(self.in_dollars(price, Basis::Default, origin));
        };
        let first = Money::from_f64(*first);
        if *name == "aws" {
            let origin = format!("a network load balancer, {LIST}");
            return each(self.in_dollars(first, Basis::Quoted, origin));
        }
        // A rule of GCP is for an address and a protocol, one of Azure for a port.
        let count = |it: &Rules| {
            u64::from(if *name == "gce" {
                it.protocols
            } else {
                it.ports
            })
        };
        let counts: Vec<u64> = rules.iter().map(count).collect();
        let all: u64 = counts.iter().sum();
        let more = Money::from_f64(RULE_MORE).scale(float(all.saturating_sub(RULES)));
        let whole = if all == 0 { Money::ZERO } else { first + more };
        let weights: Vec<f64> = counts.iter().map(|it| float(*it)).collect();
        let origin = format!(
            "{all} rules, {} for the first {RULES} together and {} for each more, {LIST}",
            first.exact(),
            Money::from_f64(RULE_MORE).exact()
        );
        let price = self.in_dollars(whole, Basis::Quoted, origin);
        (price.price.unwrap_or_default().divided(&weights), price)
    }

    /// The sheet's price of a class.
    fn own_volume(&self, class: &str, home: Option<VolumeHome>) -> Option<Money> {
        let mut own = self.sheet()?.storage.iter();
        let named = |name: &str| name == class || (name == "default" && home.is_none());
        own.find(|(name, _)| named(name)).map(|(_, price)| *price)
    }

    /// Classes that the sheet prices and no volume here has.
    pub fn stray_storage(&self, cluster: &Cluster) -> Option<String> {
        let claims = cluster.volume_claims.iter();
        let claims = claims.map(|it| it.storage_class.as_deref());
        let volumes = cluster.volumes.iter().map(|it| it.storage_class.as_deref());
        let here: Vec<&str> = claims.chain(volumes).flatten().collect();
        let own = self.sheet()?.storage.iter().map(|(name, _)| name.as_str());
        let strays = own.filter(|it| *it != "default" && !here.contains(it));
        let strays: Vec<String> = strays.map(|it| format!("`{it}`")).collect();
        (!strays.is_empty()).then(|| {
            let strays = strays.join(", ");
            format!("no volume here has a storage class {strays} of the sheet")
        })
    }

    fn of_sheet(&self) -> String {
        self.sheet().map_or_else(String::new, Sheet::place)
    }

    /// Of what is known in dollars.
    fn in_dollars(&self, price: Money, basis: Basis, origin: String) -> Beside {
        match self.of_dollars(price) {
            Some(price) => Beside {
                price: Some(price),
                basis,
                origin,
            },
            None => Beside {
                price: None,
                basis: Basis::Default,
                origin: "in dollars alone, and the sheet does not say what one costs".to_owned(),
            },
        }
    }
}

/// How many rules of a load balancer a Service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    pub ports: u32,
    pub protocols: u32,
}
