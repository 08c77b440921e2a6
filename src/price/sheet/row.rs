//! One line of a sheet, and which nodes it is about.

use globset::{GlobBuilder, GlobMatcher};

use crate::snapshot::{CapacityType, Node, Sold};
use crate::text::suggestion;
use crate::units::Money;

/// Conditions on a node: those that are given must all hold.
#[derive(Debug, Clone, Default)]
pub struct Match {
    pub provider: Option<String>,
    pub region: Option<String>,
    pub pool: Option<String>,
    /// A name, or a pattern: `m6i.*`; `fargate` and `autopilot` where pods are paid for by
    /// their size.
    pub instance_type: Option<GlobMatcher>,
    /// What its GPUs are sold as: a name, or a pattern.
    pub gpu_model: Option<GlobMatcher>,
    pub capacity_type: Option<CapacityType>,
}

impl PartialEq for Match {
    fn eq(&self, other: &Self) -> bool {
        let all = |it: &Self| {
            let text = |it: &Option<GlobMatcher>| {
                let glob = it.as_ref();
                glob.map(|it| it.glob().glob().to_owned())
            };
            let globs = [&it.instance_type, &it.gpu_model].map(text);
            let words = [&it.provider, &it.region, &it.pool].map(Clone::clone);
            (words, globs, it.capacity_type)
        };
        all(self) == all(other)
    }
}

impl Match {
    /// What conditions are called.
    pub(super) const KEYS: [&'static str; 6] = [
        "provider",
        "region",
        "pool",
        "instance_type",
        "gpu_model",
        "capacity_type",
    ];

    /// Sets the condition of this name; `false` where there is none of it.
    ///
    /// # Errors
    ///
    /// What the value should be.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let text = || Some(value.to_owned());
        match name {
            // As nodes name it.
            "provider" if value == "gcp" => self.provider = Some("gce".to_owned()),
            "provider" => self.provider = text(),
            "region" => self.region = text(),
            "pool" => self.pool = text(),
            "instance_type" => self.instance_type = Some(pattern(value)?),
            "gpu_model" => self.gpu_model = Some(pattern(value)?),
            "capacity_type" => self.capacity_type = Some(capacity(value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub fn fits(&self, node: &Node) -> bool {
        let same = |want: &Option<String>, has: &Option<String>| {
            want.as_ref().is_none_or(|want| has.as_ref() == Some(want))
        };
        let is = |glob: &Option<GlobMatcher>, has: &Option<String>| {
            let has = has.as_deref();
            let mut each = glob.iter();
            each.all(|it| has.is_some_and(|name| it.is_match(name)))
        };
        // One that does not say how it is bought is bought on demand.
        let bought = match node.capacity_type {
            CapacityType::Unknown => CapacityType::OnDemand,
            known => known,
        };
        let sold = Sold::on(Some(node), &node.name).map(Sold::word);
        let sold = sold.map(str::to_owned);
        same(&self.provider, &node.provider)
            && same(&self.region, &node.region)
            && same(&self.pool, &node.pool)
            && (is(&self.instance_type, &node.instance_type) || is(&self.instance_type, &sold))
            && is(&self.gpu_model, &node.gpu_product)
            && self.capacity_type.is_none_or(|it| it == bought)
    }

    /// How many there are; a name counts more than a pattern.
    pub(super) fn conditions(&self) -> usize {
        let words = [&self.provider, &self.region, &self.pool];
        let words = words.into_iter().flatten().count() + usize::from(self.capacity_type.is_some());
        let exact = |it: &GlobMatcher| !it.glob().glob().contains(['*', '?', '[', '{']);
        let globs = [&self.instance_type, &self.gpu_model];
        let globs = globs.into_iter().flatten();
        2 * words + globs.map(|it| 2 + usize::from(exact(it))).sum::<usize>()
    }
}

impl Match {
    /// How much patterns say: `m6i.*` more than `*`.
    pub(super) fn said(&self) -> usize {
        let globs = [&self.instance_type, &self.gpu_model];
        let letters = globs.into_iter().flatten().map(|it| {
            let text = it.glob().glob().chars();
            text.filter(|it| !matches!(it, '*' | '?')).count()
        });
        letters.sum()
    }
}

/// Names of machines and GPUs are compared in any case.
fn pattern(text: &str) -> Result<GlobMatcher, String> {
    let glob = GlobBuilder::new(text).case_insensitive(true).build();
    let glob = glob.map_err(|_| format!("`{text}` is not a name or a pattern"))?;
    Ok(glob.compile_matcher())
}

/// An amount of money, not below 0.
pub(super) fn amount(text: &str) -> Result<Money, String> {
    let money: Money = text.parse().map_err(|error| format!("{error}"))?;
    if money.is_negative() {
        return Err(format!("`{text}` is below 0"));
    }
    Ok(money)
}

fn capacity(text: &str) -> Result<CapacityType, String> {
    match text.to_lowercase().replace(['-', ' '], "_").as_str() {
        "spot" | "preemptible" => Ok(CapacityType::Spot),
        "on_demand" | "ondemand" | "standard" => Ok(CapacityType::OnDemand),
        _ => Err(format!(
            "`{text}` is not `on-demand` or `spot`{}",
            suggestion(text, &["on-demand", "spot"])
        )),
    }
}

/// What a node costs, or what its resources do.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// Where it begins in its file; 0 where that is not known.
    pub line: u64,
    pub of: Match,
    /// The whole node, an hour.
    pub price: Option<Money>,
    /// Of a core, a GiB and a GPU an hour, those that it names.
    pub rates: Option<[Option<f64>; 3]>,
}

impl Row {
    /// What prices are called; beside them stand [`Match::KEYS`].
    pub(super) const KEYS: [&'static str; 4] = ["price", "core", "gib", "gpu"];

    /// Whether it says one thing.
    ///
    /// # Errors
    ///
    /// What is missing, or said twice.
    pub(super) fn check(&self) -> Result<(), String> {
        match (self.price, self.rates) {
            (None, None) => Err("there is no price: give `price`, or `core` and `gib`".to_owned()),
            (Some(_), Some(_)) => Err(
                "`price` is of the whole node: `core`, `gib` or `gpu` beside it mean nothing"
                    .to_owned(),
            ),
            _ => Ok(()),
        }
    }

    /// Sets a price or a condition of this name; `false` where there is none of it.
    ///
    /// # Errors
    ///
    /// What the value should be.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let rate = match name {
            "price" => {
                self.price = Some(amount(value)?);
                return Ok(true);
            }
            "core" => 0,
            "gib" => 1,
            "gpu" => 2,
            _ => return self.of.set(name, value),
        };
        amount(value)?;
        // A GiB-hour costs less than a millionth is exact for.
        let exact = value
            .parse()
            .map_err(|_| format!("`{value}` is not an amount"))?;
        self.rates.get_or_insert_default()[rate] = Some(exact);
        Ok(true)
    }
}
