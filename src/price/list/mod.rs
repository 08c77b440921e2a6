//! The embedded list: what the main clouds ask for their machines.

mod attached;
mod custom;
mod family;
mod gpu;
mod table;

use super::book::{Basis, PriceSource, Quote};
use crate::snapshot::{CapacityType, Node};
use crate::units::{Cpu, Money};

pub use gpu::{is_listed, is_model};
pub use table::{Entry, Region, entries, entry, regions};

pub(super) use gpu::gpu_rate;

/// Spot against on demand where the list has no spot price of the type: the median over
/// all types of which it knows both.
pub(super) use table::spot_share;

/// List prices of the main types and regions of AWS, Azure and Google Cloud.
#[derive(Debug)]
pub(super) struct ListPrices;

impl PriceSource for ListPrices {
    fn name(&self) -> &'static str {
        "list"
    }

    fn description(&self) -> String {
        let dates = regions().map(|it| it.date);
        format!(
            "list prices of AWS, Azure and Google Cloud of {} and before",
            dates.max().unwrap_or_default()
        )
    }

    fn quote(&self, node: &Node) -> Option<Quote> {
        let name = node.instance_type.as_deref()?;
        let found = Found::of(name, node)?;
        let quote = found.bought(node.capacity_type);
        Some(attached::with(quote, name, node))
    }
}

/// An on-demand price, and the spot price where the list has it.
struct Found {
    on_demand: Money,
    spot: Option<Money>,
    basis: Basis,
    /// `m6i.2xlarge in eu-west-1, list of 2025-03-02`.
    origin: String,
}

impl Found {
    /// The cell of the type and region; else the type in another region; else its family.
    fn of(name: &str, node: &Node) -> Option<Self> {
        let place = node.region.as_deref();
        let provider = node.provider.as_deref().and_then(table::provider);
        if let Some(entry) = table::entry(name, provider) {
            return Self::here(entry, place).or_else(|| Self::elsewhere(entry, place));
        }
        if let Some(custom) = custom::price(name, place, provider) {
            return Some(Self {
                on_demand: custom.hourly,
                spot: None,
                basis: Basis::Estimated,
                origin: custom.origin,
            });
        }
        let cores = node.capacity.cpu.or(node.allocatable.cpu).map(Cpu::get);
        Self::relative(name, place, provider, cores?)
    }

    fn here(entry: &Entry, place: Option<&str>) -> Option<Self> {
        let region = table::region(entry.provider, place?)?;
        let cell = entry.cell(region)?;
        let how = if cell.inferred { ", inferred" } else { "" };
        Some(Self {
            on_demand: cell.on_demand,
            spot: cell.spot,
            basis: if cell.inferred {
                Basis::Inferred
            } else {
                Basis::Quoted
            },
            origin: format!(
                "{} in {}, list of {}{how}",
                entry.name, region.name, region.date
            ),
        })
    }

    /// In the first region that has the type, times what its family costs here against
    /// there, where the list knows this region.
    fn elsewhere(entry: &Entry, place: Option<&str>) -> Option<Self> {
        let mut known = regions().filter(|it| it.provider == entry.provider);
        let (region, cell) = known.find_map(|it| Some((it, entry.cell(it)?)))?;
        let here = place.and_then(|name| table::region(entry.provider, name));
        let ratio = here.and_then(|here| family::ratio(entry, region, here));
        let why = match (place, ratio) {
            (None, _) => "whose region is not known".to_owned(),
            (Some(place), Some(_)) => format!("as its family is in {place}"),
            (Some(place), None) => format!("{place} is not in the list"),
        };
        let ratio = ratio.unwrap_or(1.0);
        Some(Self {
            on_demand: cell.on_demand.scale(ratio),
            spot: cell.spot.map(|spot| spot.scale(ratio)),
            basis: Basis::Estimated,
            origin: format!(
                "{} by its price in {}, {why}; list of {}",
                entry.name, region.name, region.date
            ),
        })
    }

    /// A type that is not in the list, by what its family costs a vCPU.
    fn relative(
        name: &str,
        place: Option<&str>,
        provider: Option<table::Provider>,
        cores: f64,
    ) -> Option<Self> {
        let (rate, region) = family::rate(name, place, provider)?;
        Some(Self {
            on_demand: Money::from_f64(rate * cores),
            spot: None,
            basis: Basis::Estimated,
            origin: format!(
                "{name} by what its family costs a vCPU in {}, list of {}",
                region.name, region.date
            ),
        })
    }

    fn bought(self, capacity: CapacityType) -> Quote {
        let (hourly, basis, how) = match (capacity, self.spot) {
            (CapacityType::Spot, Some(spot)) => (spot, self.basis, "; spot".to_owned()),
            (CapacityType::Spot, None) => {
                let share = spot_share();
                let how = format!("; spot at {:.0} % of on demand", share * 100.0);
                (self.on_demand.scale(share), Basis::Estimated, how)
            }
            (CapacityType::OnDemand, _) => (self.on_demand, self.basis, "; on demand".to_owned()),
            (CapacityType::Unknown, _) => {
                let how = "; taken as on demand".to_owned();
                (self.on_demand, self.basis, how)
            }
        };
        Quote {
            hourly,
            rates: None,
            basis,
            origin: self.origin + &how,
        }
    }
}
