//! Machines of Google Cloud of a size of one's own: `n2-custom-6-20480` has 6 vCPUs and 20 GiB.

use super::table::{self, Entry, Provider, Region, entries, regions};
use crate::units::Money;

/// What custom machines cost beyond the rates of their series; those of E2 cost them. Source:
/// Google Cloud, "VM instance pricing", custom machine types.
const PREMIUM: f64 = 1.05;

/// What such a machine costs.
pub(super) struct Custom {
    pub(super) hourly: Money,
    pub(super) origin: String,
}

/// By what a vCPU and a GiB of its series cost here, or in the first region that has it; `None`
/// for a type of another name.
pub(super) fn price(name: &str, place: Option<&str>, provider: Option<Provider>) -> Option<Custom> {
    if provider.is_some_and(|it| it != Provider::Gcp) {
        return None;
    }
    let (series, cores, gib) = size(name)?;
    let here = place.and_then(|it| table::region(Provider::Gcp, it));
    let others = regions().filter(|it| it.provider == Provider::Gcp);
    let mut known = here.into_iter().chain(others);
    let (region, [core, more]) = known.find_map(|it| Some((it, rates(series, it)?)))?;
    let premium = if series == "e2" { 1.0 } else { PREMIUM };
    let dearer = if series == "e2" {
        String::new()
    } else {
        format!(" and {:.0} % more", (PREMIUM - 1.0) * 100.0)
    };
    Some(Custom {
        hourly: Money::from_f64((core * cores + more * gib) * premium),
        origin: format!(
            "{name} by what a vCPU and a GiB of {series} cost in {}{dearer}, list of {}",
            region.name, region.date
        ),
    })
}

/// The series, vCPUs and GiB: `n2-custom-6-20480`, `n2-custom-6-20480-ext`; those of N1 are
/// `custom-6-20480` too.
fn size(name: &str) -> Option<(&str, f64, f64)> {
    let (series, rest) = match name.strip_prefix("custom-") {
        Some(rest) => ("n1", rest),
        None => name.split_once("-custom-")?,
    };
    let mut numbers = rest.split('-').map(str::parse::<u32>);
    let (cores, mebibytes) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    (cores > 0 && mebibytes > 0).then(|| (series, f64::from(cores), f64::from(mebibytes) / 1024.0))
}

/// USD an hour of a vCPU and of a GiB: least squares over the plain types of the series.
fn rates(series: &str, region: &Region) -> Option<[f64; 2]> {
    let [mut cc, mut cg, mut gg, mut cp, mut gp] = [0.0; 5];
    for entry in entries().filter(|it| is_plain(it, series)) {
        let (Some(cores), Some(gib), Some(cell)) = (entry.vcpus, entry.gib, entry.cell(region))
        else {
            continue;
        };
        let price = cell.on_demand.to_f64();
        // Each type counts as much, whatever its size.
        let (c, g, p) = (cores / price, gib / price, 1.0);
        cc += c * c;
        cg += c * g;
        gg += g * g;
        cp += c * p;
        gp += g * p;
    }
    let whole = cc * gg - cg * cg;
    let rates = [(cp * gg - gp * cg) / whole, (gp * cc - cp * cg) / whole];
    rates
        .iter()
        .all(|it| it.is_finite() && *it > 0.0)
        .then_some(rates)
}

/// `n2-standard-8`, without disks or GPUs.
fn is_plain(entry: &Entry, series: &str) -> bool {
    let rest = entry
        .name
        .strip_prefix(series)
        .and_then(|it| it.strip_prefix('-'));
    let shape = rest.and_then(|it| it.split_once('-'));
    let is_plain = shape.is_some_and(|(shape, size)| {
        let sizes = size.chars().all(|it| it.is_ascii_digit());
        sizes && matches!(shape, "standard" | "highmem" | "highcpu")
    });
    entry.provider == Provider::Gcp && entry.gpu.is_none() && is_plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_of_ones_own_costs_the_rates_of_its_series() {
        let of = |name: &str| price(name, Some("us-central1"), Some(Provider::Gcp));
        // n2-standard-8 has 32 GiB: the custom one costs as much and the premium.
        let standard = table::entry("n2-standard-8", None).unwrap();
        let region = table::region(Provider::Gcp, "us-central1").unwrap();
        let plain = standard.cell(region).unwrap().on_demand.to_f64() * PREMIUM;
        let custom = of("n2-custom-8-32768").unwrap();
        assert!((custom.hourly.to_f64() / plain - 1.0).abs() < 0.005);
        assert!(custom.origin.contains("a GiB of n2"), "{}", custom.origin);
        // Less of both costs less.
        let small = of("n2-custom-6-20480").unwrap().hourly;
        assert!(small < custom.hourly && small > Money::ZERO);
        assert!(of("custom-6-20480").is_some() && of("e2-custom-4-8192-ext").is_some());
        for name in [
            "n2-custom",
            "n2-custom-x-1",
            "n2-custom-0-0",
            "zz-custom-6-20480",
            "m5.xlarge",
        ] {
            assert!(of(name).is_none(), "{name}");
        }
        assert!(price("n2-custom-8-32768", None, Some(Provider::Aws)).is_none());
    }
}
