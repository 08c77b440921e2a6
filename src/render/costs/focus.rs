//! The bill in columns of FOCUS 1.2: one row for what each group pays of each sort. Own
//! columns begin with `x_`.

use std::io;

use jiff::SignedDuration;

use super::Told;
use crate::costs::{By, Group, Split};
use crate::render::csv::{into_io, text};
use crate::snapshot::Snapshot;
use crate::units::{HOURS_PER_MONTH, Money};

const HEADER: [&str; 33] = [
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "ContractedCost",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ProviderName",
    "PublisherName",
    "InvoiceIssuerName",
    "BillingAccountId",
    "BillingAccountName",
    "RegionId",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "SubAccountId",
    "SubAccountName",
    "ConsumedQuantity",
    "ConsumedUnit",
    "PricingQuantity",
    "PricingUnit",
    "PricingCategory",
    "Tags",
    "x_AllocatedMethodId",
];

/// What the split is called, so that a reader can tell it from a provider's.
const METHOD: &str = "kcost/requests-v1";

/// A month of 730 hours from when the snapshot was taken.
pub fn costs_focus(told: Told<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(HEADER).map_err(into_io)?;
    let start = told.snapshot.taken_at;
    let end = start + SignedDuration::from_hours(730);
    let (start, end) = (start.to_string(), end.to_string());
    let provider = told.snapshot.cluster.provider().unwrap_or_default();
    let region = region(told.snapshot);
    let account = text(&told.snapshot.cluster.name);
    let currency = told.costs.currency.to_string();
    for group in told.costs.by(told.by, told.sharing, told.snapshot) {
        for charge in charges(&group) {
            let cost = charge.amount.to_string();
            let kind = group.kind.as_deref().unwrap_or_default();
            let namespace = text(group.namespace.as_deref().unwrap_or_default());
            let name = text(group.workload.as_deref().unwrap_or(&group.name));
            let (quantity, unit) = charge.quantity.unwrap_or_default();
            let described = text(&format!("{} of {}", charge.what, group.name));
            table
                .write_record([
                    &*cost,
                    &cost,
                    &charge.list.to_string(),
                    &cost,
                    &currency,
                    &start,
                    &end,
                    &start,
                    &end,
                    "Usage",
                    "",
                    &described,
                    "Usage-Based",
                    provider,
                    provider,
                    provider,
                    &account,
                    &account,
                    &region,
                    &text(&group.name),
                    &name,
                    kind,
                    charge.category,
                    "Kubernetes",
                    &namespace,
                    &namespace,
                    &quantity,
                    unit,
                    &quantity,
                    unit,
                    charge.pricing,
                    &tags(told, &group),
                    METHOD,
                ])
                .map_err(into_io)?;
        }
    }
    table.flush()
}

/// What a group pays of one sort.
struct Charge {
    what: &'static str,
    category: &'static str,
    amount: Money,
    /// What anyone is asked for it on demand.
    list: Money,
    /// `Standard`; `Dynamic` on spot; `Committed`.
    pricing: &'static str,
    /// How much of what, where there is one measure for it.
    quantity: Option<(String, &'static str)>,
}

fn charges(group: &Group) -> Vec<Charge> {
    let cost = &group.cost;
    let all = [
        ("CPU", "Compute", cost.cpu),
        ("memory", "Compute", cost.memory),
        ("GPU", "AI and Machine Learning", cost.gpu),
        ("volumes", "Storage", cost.storage),
        ("load balancers", "Networking", cost.load_balancer),
        ("shared costs", "Compute", cost.shared),
    ];
    let all = all.into_iter().enumerate();
    let all = all.filter(|(_, (.., amount))| *amount != Money::ZERO);
    let all = all.flat_map(|(sort, (what, category, amount))| {
        let bought = bought(group, sort, amount).into_iter();
        bought.map(move |it| Charge {
            what,
            category,
            amount: it.cost,
            list: it.list,
            pricing: it.pricing,
            quantity: it.amount.zip(UNITS.get(sort)).map(|(amount, (unit, of))| {
                let hours = amount / of * HOURS_PER_MONTH;
                (format!("{}", (hours * 1e6).round() / 1e6), *unit)
            }),
        })
    });
    all.collect()
}

/// Measures of CPU, memory and GPUs, and what one of them is of.
const UNITS: [(&str, f64); 3] = [
    ("Core-Hours", 1.0),
    ("GiB-Hours", 1_073_741_824.0),
    ("GPU-Hours", 1.0),
];

/// A part of one sort that is bought in one way.
struct Part {
    pricing: &'static str,
    cost: Money,
    list: Money,
    /// Cores, bytes or GPUs.
    amount: Option<f64>,
}

/// An amount of one sort by how it is bought.
fn bought(group: &Group, sort: usize, amount: Money) -> Vec<Part> {
    const CATEGORIES: [&str; 3] = ["Standard", "Dynamic", "Committed"];
    let of = |it: &Split| [it.cpu, it.memory, it.gpu].get(sort).copied();
    let exact: Option<Vec<Money>> = group.bought.iter().map(|it| of(&it.cost)).collect();
    let Some(exact) = exact else {
        return vec![Part {
            pricing: CATEGORIES[0],
            cost: amount,
            list: amount,
            amount: None,
        }];
    };
    let cents = Money::rounded_to(amount, &exact);
    let each = CATEGORIES.into_iter().zip(cents).zip(&group.bought);
    let each = each.zip(exact).map(|(((pricing, cost), bought), exact)| {
        let list = of(&bought.list).filter(|it| *it != exact);
        Part {
            pricing,
            cost,
            list: list.map_or(cost, Money::to_cents),
            amount: bought.amounts.get(sort).copied(),
        }
    });
    each.filter(|it| it.cost != Money::ZERO || it.list != Money::ZERO)
        .collect()
}

/// The region of all nodes; empty where they are in several.
fn region(snapshot: &Snapshot) -> String {
    let nodes = snapshot.cluster.nodes.iter();
    let mut regions: Vec<&str> = nodes.filter_map(|it| it.region.as_deref()).collect();
    regions.sort_unstable();
    regions.dedup();
    match regions[..] {
        [region] => region.to_owned(),
        _ => String::new(),
    }
}

/// What the group is of, as keys and values.
fn tags(told: Told<'_>, group: &Group) -> String {
    let mut tags = serde_json::Map::new();
    let own = match told.by {
        By::Label(key) => Some((key.clone(), &group.name)),
        By::Pool => Some(("pool".to_owned(), &group.name)),
        By::Node => Some(("node".to_owned(), &group.name)),
        By::Namespace | By::Workload => None,
    };
    if let Some(namespace) = &group.namespace {
        tags.insert("namespace".to_owned(), namespace.as_str().into());
    }
    if let Some((key, value)) = own {
        tags.insert(key, value.as_str().into());
    }
    serde_json::Value::Object(tags).to_string()
}
