use super::Rates;
use super::book::{Basis, PriceSource, Quote};
use super::list::{gpu_rate, spot_share};
use crate::snapshot::{CapacityType, Node};

/// List prices that stand for any cloud, where no real ones are known.
///
/// Source: OpenCost, `configs/default.json`, of 2026-08: on-demand and spot rates
/// of a general-purpose machine in us-central1.
#[derive(Debug)]
pub(super) struct DefaultRates {
    /// Whether GPUs cost what the list says of their model; else all the same.
    pub(super) gpus_by_model: bool,
}

const ON_DEMAND: Rates = Rates {
    cpu_core_hour: 0.031_611,
    memory_gib_hour: 0.004_237,
    gpu_hour: 0.95,
};

/// OpenCost has no spot rate for devices; its on-demand rate stands.
const SPOT: Rates = Rates {
    cpu_core_hour: 0.006_655,
    memory_gib_hour: 0.000_892,
    gpu_hour: 0.95,
};

impl DefaultRates {
    /// By how a node is bought.
    pub(super) fn of(capacity: CapacityType) -> Rates {
        match capacity {
            CapacityType::Spot => SPOT,
            CapacityType::OnDemand | CapacityType::Unknown => ON_DEMAND,
        }
    }

    /// Of a pod on no known node.
    pub(super) fn any() -> Rates {
        ON_DEMAND
    }

    /// What a node has, at these rates.
    pub(super) fn at(&self, node: &Node) -> Quote {
        let mut rates = Self::of(node.capacity_type);
        let mut origin = "default rates".to_owned();
        let product = node.gpu_product.as_deref().filter(|_| self.gpus_by_model);
        if let Some((model, hourly)) = product.and_then(gpu_rate) {
            rates.gpu_hour = hourly;
            if node.capacity_type == CapacityType::Spot {
                rates.gpu_hour *= spot_share();
            }
            origin = format!("{origin}, GPUs as {model} in the list");
        }
        Quote {
            hourly: rates.of_machine(node),
            rates: Some(rates),
            basis: Basis::Default,
            origin,
        }
    }
}

impl PriceSource for DefaultRates {
    fn name(&self) -> &'static str {
        "default"
    }

    fn description(&self) -> String {
        format!(
            "OpenCost's defaults of 2026-08 an hour: core ${}, GiB ${}, GPU ${:.2}; on spot ${} and ${}",
            ON_DEMAND.cpu_core_hour,
            ON_DEMAND.memory_gib_hour,
            ON_DEMAND.gpu_hour,
            SPOT.cpu_core_hour,
            SPOT.memory_gib_hour
        )
    }

    fn quote(&self, node: &Node) -> Option<Quote> {
        Some(self.at(node))
    }
}
