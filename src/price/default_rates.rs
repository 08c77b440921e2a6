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

/// After the list, which knows what GPUs of a model cost.
pub(super) const BY_MODEL: DefaultRates = DefaultRates {
    gpus_by_model: true,
};
/// The same rates for any node.
pub(super) const ALIKE: DefaultRates = DefaultRates {
    gpus_by_model: false,
};

/// OpenCost has one rate for devices, whatever they are and however they are bought.
const GPU: f64 = 0.95;

const ON_DEMAND: Rates = Rates {
    cpu_core_hour: 0.031_611,
    memory_gib_hour: 0.004_237,
    gpu_hour: Some(GPU),
};

const SPOT: Rates = Rates {
    cpu_core_hour: 0.006_655,
    memory_gib_hour: 0.000_892,
    gpu_hour: Some(GPU),
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

    /// By what a node is; and the model of the list that its GPUs are priced as, where it is
    /// by that.
    pub(super) fn rates(&self, node: &Node) -> (Rates, Option<&'static str>) {
        let mut rates = Self::of(node.capacity_type);
        let product = node.gpu_product.as_deref().filter(|_| self.gpus_by_model);
        let Some((model, hourly)) = product.and_then(gpu_rate) else {
            return (rates, None);
        };
        rates.gpu_hour = Some(match node.capacity_type {
            CapacityType::Spot => hourly * spot_share(),
            CapacityType::OnDemand | CapacityType::Unknown => hourly,
        });
        (rates, Some(model))
    }

    /// What a node has, at these rates.
    pub(super) fn at(&self, node: &Node) -> Quote {
        let (rates, model) = self.rates(node);
        let origin = match model {
            Some(model) => format!("default rates, GPUs as {model} in the list"),
            None => "default rates".to_owned(),
        };
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
            "OpenCost's defaults of 2026-08 an hour: core ${}, GiB ${}, GPU ${GPU:.2}; on spot ${} and ${}",
            ON_DEMAND.cpu_core_hour,
            ON_DEMAND.memory_gib_hour,
            SPOT.cpu_core_hour,
            SPOT.memory_gib_hour
        )
    }

    fn quote(&self, node: &Node) -> Option<Quote> {
        Some(self.at(node))
    }
}
