//! The figures, parsed once.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::snapshot::{GPU, Resources};
use crate::units::{Bytes, Cpu, Money};

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

    /// What such a machine has, as far as that is known.
    pub fn capacity(&self) -> Resources {
        let gpus = Some(self.gpus).filter(|it| *it > 0.0);
        let memory = self.gib.map(|it| Bytes::from_f64(it * f64::from(1 << 30)));
        Resources {
            cpu: self.vcpus.map(Cpu::cores),
            memory,
            extended: gpus.map(|it| (GPU.to_owned(), it)).into_iter().collect(),
        }
    }
}

/// Made from `figures` by a test: see there how.
const LIST: &str = include_str!("list.txt");

/// All that the list has.
struct Table {
    /// A provider's first is the one that its other prices are inferred from.
    regions: Vec<Region>,
    /// By name.
    entries: BTreeMap<&'static str, Entry>,
}

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
    table().regions.iter()
}

pub(super) fn region(provider: Provider, name: &str) -> Option<&'static Region> {
    // Azure's are written in any case.
    regions().find(|it| it.provider == provider && it.name.eq_ignore_ascii_case(name))
}

/// Every type of the list, by name.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    table().entries.values()
}

/// The type of this name, of this provider where it is known: no two share a name.
pub fn entry(name: &str, provider: Option<Provider>) -> Option<&'static Entry> {
    let entries = &table().entries;
    // Azure's names are written in any case.
    let alike = || {
        entries
            .values()
            .find(|it| it.name.eq_ignore_ascii_case(name))
    };
    let found = entries.get(name).or_else(alike);
    found.filter(|it| provider.is_none_or(|own| own == it.provider))
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Table {
            regions: Vec::new(),
            entries: BTreeMap::new(),
        };
        let mut provider = None;
        for line in LIST.lines().filter(|it| !it.starts_with('#')) {
            if let Some(head) = line.strip_prefix('@') {
                provider = head.split(' ').next().and_then(self::provider);
                table
                    .regions
                    .extend(provider.into_iter().flat_map(|it| columns(it, head)));
                continue;
            }
            let entry = provider.and_then(|it| parse(it, line));
            table.entries.extend(entry.map(|it| (it.name, it)));
        }
        table
    })
}

/// `aws us-east-1=2026-07-20 us-west-2=2025-03-02`: regions in the order of the columns.
fn columns(provider: Provider, head: &'static str) -> impl Iterator<Item = Region> {
    let columns = head.split(' ').skip(1).enumerate();
    columns.filter_map(move |(column, text)| {
        let (name, date) = text.split_once('=')?;
        Some(Region {
            provider,
            name,
            date,
            column,
        })
    })
}

/// `m6i.2xlarge 8 32 - .384 .384/.144 ~.428`: the type, vCPUs, GiB, GPUs, and a cell for each
/// region; `?` is not known, `-` is nothing, `=` what the first region has. A test reads
/// every line.
fn parse(provider: Provider, line: &'static str) -> Option<Entry> {
    let mut fields = line.split(' ');
    let name = fields.next()?;
    let vcpus = fields.next()?.parse().ok();
    let gib = fields.next()?.parse().ok();
    let (gpu, gpus) = match fields.next()?.rsplit_once('*') {
        // A part of one counts as none that is whole.
        Some((model, count)) => (Some(model), count.parse().unwrap_or(0.0)),
        None => (None, 0.0),
    };
    let mut cells: Vec<Option<Cell>> = Vec::new();
    for text in fields {
        let first = cells.first().copied().flatten();
        cells.push(cell(text, first));
    }
    Some(Entry {
        provider,
        name,
        vcpus,
        gib,
        gpu,
        gpus,
        cells,
    })
}

fn cell(text: &str, first: Option<Cell>) -> Option<Cell> {
    let (inferred, text) = match text.strip_prefix('~') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (on_demand, spot) = match text.split_once('/') {
        Some((on_demand, spot)) => (on_demand, Some(spot)),
        None => (text, None),
    };
    let on_demand = match on_demand {
        "=" => first?.on_demand,
        amount => amount.parse().ok()?,
    };
    Some(Cell {
        on_demand,
        spot: spot.and_then(|it| it.parse().ok()),
        inferred,
    })
}

/// Spot over on demand: the median of all cells that have both.
pub(in crate::price) fn spot_share() -> f64 {
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
    fn every_line_and_cell_of_the_list_is_read() {
        let mut columns = 0;
        let mut types = 0;
        let mut provider = None;
        for line in LIST.lines().filter(|it| !it.starts_with('#')) {
            if let Some(head) = line.strip_prefix('@') {
                let mut words = head.split(' ');
                provider = words.next().and_then(super::provider);
                columns = words.count();
                let known = regions().filter(|it| Some(it.provider) == provider);
                assert_eq!(known.count(), columns, "{head}");
                continue;
            }
            types += 1;
            let entry = provider.and_then(|it| parse(it, line));
            let entry = entry.unwrap_or_else(|| panic!("cannot read {line}"));
            assert!(entry.cells.len() <= columns, "{line}");
            let written = line.split(' ').skip(4).filter(|it| *it != "-").count();
            assert_eq!(written, entry.cells.iter().flatten().count(), "{line}");
            let spots = entry.cells.iter().flatten().filter(|it| it.spot.is_some());
            assert_eq!(line.matches('/').count(), spots.count(), "{line}");
        }
        assert_eq!(entries().count(), types, "a name is there twice");
    }
}
