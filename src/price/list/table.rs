//! The figures, parsed once.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::units::Money;

/// Whose price list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    Aws,
    Azure,
    Gcp,
}

/// A region of a provider, and when its prices were taken.
#[derive(Debug, PartialEq, Eq)]
pub struct Region {
    pub provider: Provider,
    pub name: &'static str,
    /// `2026-07-20`.
    pub date: &'static str,
    /// Its column among those of the provider.
    column: usize,
}

/// What a type costs in one region, in USD an hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    pub on_demand: Money,
    pub spot: Option<Money>,
    /// By what its family costs here against elsewhere: no quote.
    pub inferred: bool,
}

/// A machine type.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub provider: Provider,
    pub name: &'static str,
    /// Unknown for some.
    pub vcpus: Option<f64>,
    /// Unknown for some.
    pub gib: Option<f64>,
    pub gpu: Option<&'static str>,
    pub gpus: f64,
    cells: Vec<Option<Cell>>,
}

impl Entry {
    pub fn cell(&self, region: &Region) -> Option<Cell> {
        let own = region.provider == self.provider;
        self.cells
            .get(region.column)
            .copied()
            .flatten()
            .filter(|_| own)
    }
}

const FILES: [(Provider, &str); 3] = [
    (Provider::Aws, include_str!("figures/aws.csv")),
    (Provider::Azure, include_str!("figures/azure.csv")),
    (Provider::Gcp, include_str!("figures/gcp.csv")),
];

const fn region_of(
    provider: Provider,
    name: &'static str,
    date: &'static str,
    column: usize,
) -> Region {
    Region {
        provider,
        name,
        date,
        column,
    }
}

/// In the order of the columns.
static REGIONS: [Region; 11] = [
    region_of(Provider::Aws, "us-east-1", "2026-07-20", 0),
    region_of(Provider::Aws, "us-west-2", "2025-03-02", 1),
    region_of(Provider::Aws, "eu-west-1", "2025-03-02", 2),
    region_of(Provider::Aws, "eu-central-1", "2025-03-02", 3),
    region_of(Provider::Aws, "ap-southeast-1", "2025-03-02", 4),
    region_of(Provider::Azure, "eastus", "2026-06-18", 0),
    region_of(Provider::Azure, "westeurope", "2026-06-18", 1),
    region_of(Provider::Azure, "southeastasia", "2026-06-18", 2),
    region_of(Provider::Gcp, "us-central1", "2026-08-03", 0),
    region_of(Provider::Gcp, "europe-west1", "2026-08-03", 1),
    region_of(Provider::Gcp, "asia-southeast1", "2026-08-03", 2),
];

impl Provider {
    /// `aws`, as in `spec.providerID`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Gcp => "gce",
        }
    }
}

/// By the scheme of `spec.providerID`.
pub(super) fn provider(scheme: &str) -> Option<Provider> {
    let all = [Provider::Aws, Provider::Azure, Provider::Gcp];
    all.into_iter().find(|it| it.name() == scheme)
}

/// Every region of the list, a provider's first the one that its other prices are inferred from.
pub fn regions() -> impl Iterator<Item = &'static Region> {
    REGIONS.iter()
}

pub(super) fn region(provider: Provider, name: &str) -> Option<&'static Region> {
    regions().find(|it| it.provider == provider && it.name == name)
}

/// Every type of the list, by name.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    table().values()
}

/// The type of this name, of this provider where it is known: no two share a name.
pub(super) fn entry(name: &str, provider: Option<Provider>) -> Option<&'static Entry> {
    let found = table().get(name);
    found.filter(|it| provider.is_none_or(|own| own == it.provider))
}

fn table() -> &'static BTreeMap<&'static str, Entry> {
    static TABLE: OnceLock<BTreeMap<&'static str, Entry>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let files = FILES.iter();
        let lines =
            files.flat_map(|(provider, text)| text.lines().skip(1).map(|it| (*provider, it)));
        let entries = lines.filter_map(|(provider, line)| parse(provider, line));
        entries.map(|it| (it.name, it)).collect()
    })
}

/// `m6i.2xlarge,8,32,,,0.384,0.384/0.144,~0.428,…`; a test reads every line.
fn parse(provider: Provider, line: &'static str) -> Option<Entry> {
    let mut fields = line.split(',');
    let name = fields.next()?;
    let vcpus = fields.next()?.parse().ok();
    let gib = fields.next()?.parse().ok();
    let gpu = fields.next().filter(|it| !it.is_empty());
    let gpus = fields.next()?.parse().unwrap_or(0.0);
    Some(Entry {
        provider,
        name,
        vcpus,
        gib,
        gpu,
        gpus,
        cells: fields.map(cell).collect(),
    })
}

fn cell(text: &str) -> Option<Cell> {
    let (inferred, text) = match text.strip_prefix('~') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (on_demand, spot) = match text.split_once('/') {
        Some((on_demand, spot)) => (on_demand, Some(spot)),
        None => (text, None),
    };
    Some(Cell {
        on_demand: on_demand.parse().ok()?,
        spot: spot.and_then(|it| it.parse().ok()),
        inferred,
    })
}

/// Spot over on demand: the median of all cells that have both.
pub(super) fn spot_share() -> f64 {
    static SHARE: OnceLock<f64> = OnceLock::new();
    *SHARE.get_or_init(|| {
        let cells = entries().flat_map(|it| it.cells.iter().flatten());
        let shares = cells.filter_map(|it| Some(it.spot?.to_f64() / it.on_demand.to_f64()));
        let mut shares: Vec<f64> = shares.filter(|it| it.is_finite()).collect();
        median(&mut shares).unwrap_or(1.0)
    })
}

/// The middle one.
pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_and_cell_of_the_figures_is_read() {
        for (provider, text) in FILES {
            let columns = regions().filter(|it| it.provider == provider).count();
            let names: Vec<&str> = regions()
                .filter(|it| it.provider == provider)
                .map(|it| it.name)
                .collect();
            let head = text.lines().next().unwrap_or_default();
            assert!(head.ends_with(&names.join(",")), "{head}");
            for line in text.lines().skip(1) {
                let entry = parse(provider, line);
                let entry = entry.unwrap_or_else(|| panic!("cannot read {line}"));
                assert_eq!(entry.cells.len(), columns, "{line}");
                let fields = line.split(',').skip(5);
                let written = fields.filter(|it| !it.is_empty()).count();
                let read = entry.cells.iter().flatten().count();
                assert_eq!(written, read, "{line}");
                let spots = line.matches('/').count();
                let read = entry.cells.iter().flatten().filter(|it| it.spot.is_some());
                assert_eq!(spots, read.count(), "{line}");
            }
        }
        let lines = FILES.iter().map(|(_, text)| text.lines().count() - 1);
        assert_eq!(
            entries().count(),
            lines.sum::<usize>(),
            "a name is there twice"
        );
    }
}
