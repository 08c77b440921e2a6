//! One line of a sheet, and which nodes it is about.

use globset::{GlobBuilder, GlobMatcher};

use crate::snapshot::{CapacityType, Node, Sold};
use crate::text::suggestion;
use crate::units::Money;

/// A name, or a pattern of names: `m6i.*`. Case does not count.
#[derive(Debug, Clone)]
pub struct Pattern(GlobMatcher);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        let glob = GlobBuilder::new(text).case_insensitive(true).build();
        let glob = glob.map_err(|_| format!("`{text}` is not a name or a pattern"))?;
        Ok(Self(glob.compile_matcher()))
    }

    fn text(&self) -> &str {
        self.0.glob().glob()
    }

    fn fits(&self, name: &str) -> bool {
        self.0.is_match(name)
    }

    fn is_name(&self) -> bool {
        !self.text().contains(['*', '?', '[', '{'])
    }

    /// Letters that names must have.
    fn said(&self) -> usize {
        let letters = self.text().chars();
        letters.filter(|it| !matches!(it, '*' | '?')).count()
    }
}

/// Conditions on a node: those that are given must all hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Match {
    pub provider: Option<Pattern>,
    pub region: Option<Pattern>,
    pub pool: Option<Pattern>,
    /// `fargate` and `autopilot` where pods are paid for by their size.
    pub instance_type: Option<Pattern>,
    /// What its GPUs are sold as.
    pub gpu_model: Option<Pattern>,
    pub capacity_type: Option<CapacityType>,
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
        let pattern = || Pattern::new(value).map(Some);
        match name {
            // As nodes name it.
            "provider" if value == "gcp" => self.provider = Some(Pattern::new("gce")?),
            "provider" => self.provider = pattern()?,
            "region" => self.region = pattern()?,
            "pool" => self.pool = pattern()?,
            "instance_type" => self.instance_type = pattern()?,
            "gpu_model" => self.gpu_model = pattern()?,
            "capacity_type" => self.capacity_type = Some(capacity(value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub fn fits(&self, node: &Node) -> bool {
        let is = |want: &Option<Pattern>, has: &Option<String>| {
            let fits = |it: &Pattern| has.as_deref().is_some_and(|name| it.fits(name));
            want.as_ref().is_none_or(fits)
        };
        // One that does not say how it is bought is bought on demand.
        let bought = match node.capacity_type {
            CapacityType::Unknown => CapacityType::OnDemand,
            known => known,
        };
        let sold = Sold::on(Some(node), &node.name).map(Sold::word);
        let sold = sold.map(str::to_owned);
        is(&self.provider, &node.provider)
            && is(&self.region, &node.region)
            && is(&self.pool, &node.pool)
            && (is(&self.instance_type, &node.instance_type) || is(&self.instance_type, &sold))
            && is(&self.gpu_model, &node.gpu_product)
            && self.capacity_type.is_none_or(|it| it == bought)
    }

    /// How closely it says which nodes it is about: by how many conditions there are; then by
    /// what they say of the type and the GPUs, names before patterns; then by other names; then
    /// by how much patterns say: `m6i.*` more than `*`.
    pub(super) fn closeness(&self) -> (usize, usize, usize, usize) {
        let places = [&self.provider, &self.region, &self.pool];
        let places = || places.into_iter().flatten();
        let kinds = [&self.instance_type, &self.gpu_model];
        let kinds = || kinds.into_iter().flatten();
        let bought = usize::from(self.capacity_type.is_some());
        let weight = |it: &Pattern| match (it.is_name(), it.said()) {
            (true, _) => 2,
            (false, 0) => 0,
            (false, _) => 1,
        };
        let loose = places().filter(|it| !it.is_name());
        (
            places().chain(kinds()).count() + bought,
            kinds().map(weight).sum(),
            places().filter(|it| it.is_name()).count() + bought,
            kinds().chain(loose).map(Pattern::said).sum(),
        )
    }
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
