//! GPUs that are attached to a machine and no part of its type: those of N1 of Google Cloud.
//! Other types have theirs in their price. Source: Google Cloud, "GPU machine types".

use super::{gpu_rate, spot_share};
use crate::price::Rates;
use crate::price::book::{Basis, Quote, split};
use crate::price::default_rates::DefaultRates;
use crate::snapshot::{CapacityType, Node, Resources};
use crate::units::Money;

/// The price of the machine with what its GPUs cost, by their model in the list. Where that is
/// not there, they have no price.
pub(super) fn with(quote: Quote, name: &str, node: &Node) -> Quote {
    let devices = node.capacity.gpus().max(node.allocatable.gpus());
    if devices <= 0.0 || !takes_gpus(name) {
        return quote;
    }
    let product = node.gpu_product.as_deref();
    let known = product.and_then(gpu_rate).map(|(model, hourly)| {
        let bought = match node.capacity_type {
            CapacityType::Spot => hourly * spot_share(),
            CapacityType::OnDemand | CapacityType::Unknown => hourly,
        };
        (model, bought * node.cards(devices))
    });
    // What is left of the machine without them.
    let plain = Node {
        capacity: without_gpus(&node.capacity),
        allocatable: without_gpus(&node.allocatable),
        ..node.clone()
    };
    let usual = DefaultRates::of(node.capacity_type);
    let rates = Rates {
        gpu_hour: known.map(|(_, all)| all / devices),
        ..split(quote.hourly, &plain, &usual)
    };
    let origin = quote.origin;
    Quote {
        hourly: quote.hourly + Money::from_f64(known.map_or(0.0, |it| it.1)),
        rates: Some(rates),
        basis: quote.basis.max(Basis::Estimated),
        origin: match known {
            Some((model, _)) => format!("{origin}, and GPUs as {model} in the list"),
            None => format!("{origin}, without its GPUs: the list has no price of them"),
        },
    }
}

fn takes_gpus(name: &str) -> bool {
    name.starts_with("n1-") || name.starts_with("custom-")
}

fn without_gpus(resources: &Resources) -> Resources {
    Resources {
        extended: Resources::default().extended,
        ..resources.clone()
    }
}
