//! What a GPU costs an hour by its model, for machines that are not in the list.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::table::{entries, median, regions};
use crate::price::default_rates::DefaultRates;
use crate::snapshot::CapacityType;

/// The model of the list that a product is of, and what one costs an hour, on demand.
///
/// The median over the types of the list that have it, of each its price in the first
/// region that has it, less CPU and memory at default rates, over its GPUs.
pub(in crate::price) fn gpu_rate(product: &str) -> Option<(&'static str, f64)> {
    let own = words(product);
    let known = rates().iter().filter(|(model, _)| {
        let mut words = words(model).into_iter();
        words.all(|it| own.contains(&it))
    });
    // `A100-80GB` says more than `A100`.
    let closest = known.max_by_key(|(model, _)| (words(model).len(), model.len()))?;
    Some((*closest.0, *closest.1))
}

/// Whether the list has a model that a product is of.
pub fn is_listed(product: &str) -> bool {
    gpu_rate(product).is_some()
}

/// Whether a model of the list is what is asked for: `h100`, `A100-80GB`.
pub fn is_model(model: &str, asked: &str) -> bool {
    let own = words(model);
    let asked = words(asked);
    !asked.is_empty() && asked.iter().all(|it| own.contains(it))
}

/// `A100`, `SXM4` and `40GB` of `NVIDIA-A100-SXM4-40GB`.
fn words(name: &str) -> Vec<String> {
    let words = name.split(|it: char| !it.is_ascii_alphanumeric());
    let words = words.filter(|it| !it.is_empty());
    words.map(str::to_ascii_uppercase).collect()
}

fn rates() -> &'static BTreeMap<&'static str, f64> {
    static RATES: OnceLock<BTreeMap<&'static str, f64>> = OnceLock::new();
    RATES.get_or_init(|| {
        let usual = DefaultRates::of(CapacityType::OnDemand);
        let mut found: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
        for entry in entries() {
            let (Some(model), Some(cores), Some(gib)) = (entry.gpu, entry.vcpus, entry.gib) else {
                continue;
            };
            let mut cells = regions().filter_map(|it| entry.cell(it));
            let Some(cell) = cells.next().filter(|_| entry.gpus >= 1.0) else {
                continue;
            };
            let beside = cores * usual.cpu_core_hour + gib * usual.memory_gib_hour;
            let each = (cell.on_demand.to_f64() - beside) / entry.gpus;
            if each > 0.0 {
                found.entry(model).or_default().push(each);
            }
        }
        let medians = found.into_iter().filter_map(|(model, mut rates)| {
            let rate = median(&mut rates)?;
            Some((model, rate))
        });
        medians.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_told_by_their_words() {
        let model = |product: &str| gpu_rate(product).map(|it| it.0);
        assert_eq!(model("NVIDIA-A100-SXM4-40GB"), Some("A100-40GB"));
        assert_eq!(model("NVIDIA-A100-PCIE-80GB"), Some("A100-80GB"));
        assert_eq!(model("Tesla-T4"), Some("T4"));
        assert_eq!(model("nvidia-l4"), Some("L4"));
        assert_eq!(model("NVIDIA-H100-80GB-HBM3"), Some("H100-80GB"));
        assert_eq!(model("Something-Else"), None);
        for rate in rates().values() {
            assert!(*rate > 0.0 && *rate < 50.0);
        }
        assert!(is_model("A100-80GB", "a100") && !is_model("A100-80GB", "a10"));
    }
}
