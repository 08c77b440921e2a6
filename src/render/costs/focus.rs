//! The bill in columns of FOCUS 1.2: one row for what each group pays of each sort. Own
//! columns begin with `x_`.

use std::io;

use jiff::SignedDuration;

use super::Told;
use crate::costs::{By, Group, Split, UNALLOCATED};
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
    let groups = told.costs.by(told.by, told.sharing, told.snapshot);
    for (at, charge) in charges(&groups, told.costs.asked()) {
        let group = &groups[at];
        let cost = charge.cost.to_string();
        let namespace = text(group.namespace.as_deref().unwrap_or_default());
        let [id, name, kind] = resource(group, told.by);
        let unit = charge.unit;
        let quantity = format!("{}", (charge.quantity * 1e6).round() / 1e6);
        let described = text(&format!("{} of {}", charge.what, group.name));
        table
            .write_record([
                &*cost,
                &cost,
                &charge.list.to_string(),
                &charge.contracted.to_string(),
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
                &text(id),
                &text(name),
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
                &tags(told, group),
                METHOD,
            ])
            .map_err(into_io)?;
    }
    table.flush()
}

/// Identity, name and type of what a group is, where it is one thing: what nobody requests
/// and the value of a label are none.
fn resource<'a>(group: &'a Group, by: &By) -> [&'a str; 3] {
    let name = group.name.as_str();
    match (&group.kind, by) {
        (Some(kind), _) => [name, group.workload.as_deref().unwrap_or(name), kind],
        (None, By::Namespace) if group.namespace.is_some() => [name, name, "Namespace"],
        (None, By::Node) if name != UNALLOCATED => [name, name, "Node"],
        (None, By::Pool) if name != UNALLOCATED => [name, name, "Node Pool"],
        _ => [""; 3],
    }
}

/// What a group pays of one sort that is bought in one way.
struct Charge {
    what: &'static str,
    category: &'static str,
    /// `Standard`; `Dynamic` on spot; `Committed`.
    pricing: &'static str,
    /// What is paid, in hundredths, and exactly.
    cost: Money,
    exact: Money,
    /// What anyone is asked for it on demand.
    list: Money,
    /// Before commitments.
    contracted: Money,
    /// How much of what.
    quantity: f64,
    unit: &'static str,
}

/// What the groups pay, each with its place among them. What a list asks and what is
/// contracted is rounded such that its sum is the same however the bill is grouped.
fn charges(groups: &[Group], [list, contracted]: [Money; 2]) -> Vec<(usize, Charge)> {
    let all: Money = groups.iter().map(|it| it.cost.shared).sum();
    let each = groups.iter().enumerate();
    let each = each.flat_map(|(at, it)| of(it, all).into_iter().map(move |it| (at, it)));
    let mut charges: Vec<(usize, Charge)> = each.collect();
    round(&mut charges, list, |it| &mut it.list);
    round(&mut charges, contracted, |it| &mut it.contracted);
    let some = |it: &Charge| [it.cost, it.list, it.contracted] != [Money::ZERO; 3];
    charges.retain(|(_, it)| some(it));
    charges
}

fn of(group: &Group, shared: Money) -> Vec<Charge> {
    const NODES: [(&str, &str, &str, f64); 3] = [
        ("CPU", "Compute", "Core-Hours", 1.0),
        ("memory", "Compute", "GiB-Hours", GIB),
        ("GPU", "AI and Machine Learning", "GPU-Hours", 1.0),
    ];
    const PRICING: [&str; 3] = ["Standard", "Dynamic", "Committed"];
    let sorts = |it: &Split| [it.cpu, it.memory, it.gpu];
    let mut charges = Vec::new();
    for (sort, (what, category, unit, one)) in NODES.into_iter().enumerate() {
        let exact: Vec<Money> = group
            .bought
            .iter()
            .map(|it| sorts(&it.cost)[sort])
            .collect();
        let cents = Money::rounded_to(sorts(&group.cost)[sort], &exact);
        for (way, bought) in group.bought.iter().enumerate() {
            charges.push(Charge {
                what,
                category,
                pricing: PRICING[way],
                cost: cents[way],
                exact: exact[way],
                list: sorts(&bought.asked.list)[sort],
                contracted: sorts(&bought.asked.contracted)[sort],
                quantity: bought.amounts[sort] / one * HOURS_PER_MONTH,
                unit,
            });
        }
    }
    let (cost, held) = (&group.cost, &group.held);
    let plain = |what, category, cost: Money, quantity, unit| Charge {
        what,
        category,
        pricing: PRICING[0],
        cost,
        exact: cost,
        list: cost,
        contracted: cost,
        quantity,
        unit,
    };
    let size = held.storage_bytes / GIB;
    charges.push(plain(
        "volumes",
        "Storage",
        cost.storage,
        size,
        "GiB-Months",
    ));
    let hours = held.load_balancers * HOURS_PER_MONTH;
    let balancers = plain(
        "load balancers",
        "Networking",
        cost.load_balancer,
        hours,
        "Hours",
    );
    charges.push(balancers);
    // What is there for all is paid for by the month, of which this is a part.
    let part = cost.shared.to_f64() / shared.to_f64().max(f64::MIN_POSITIVE);
    charges.push(Charge {
        exact: group.shared[0],
        list: group.shared[1],
        contracted: group.shared[2],
        ..plain("shared costs", "Compute", cost.shared, part, "Months")
    });
    charges
}

const GIB: f64 = 1_073_741_824.0;

/// Rounds one amount of all charges, which is so much in sum: where it is what is paid, to
/// that.
fn round(charges: &mut [(usize, Charge)], whole: Money, of: impl Fn(&mut Charge) -> &mut Money) {
    let mut left = whole;
    let mut exact = Vec::new();
    let mut own = Vec::new();
    for (at, (_, charge)) in charges.iter_mut().enumerate() {
        let asked = *of(charge);
        if asked == charge.exact {
            *of(charge) = charge.cost;
            left = left - charge.cost;
        } else {
            exact.push(asked);
            own.push(at);
        }
    }
    for (at, cents) in own.into_iter().zip(Money::rounded_to(left, &exact)) {
        *of(&mut charges[at].1) = cents;
    }
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
