//! The bill in columns of FOCUS 1.2: one row for what each group pays of each sort. Own
//! columns begin with `x_`.

use std::io;

use jiff::SignedDuration;

use super::Told;
use crate::render::csv::text;
use crate::units::Money;

const HEADER: [&str; 21] = [
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
    "Provider",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "SubAccountName",
    "x_AllocatedMethodId",
];

/// What the split is called, so that a reader can tell it from a provider's.
const METHOD: &str = "kcost/requests-v1";

/// A month of 730 hours from when the snapshot was taken.
pub fn costs_focus(told: Told<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(HEADER).map_err(io::Error::other)?;
    let start = told.snapshot.taken_at;
    let end = start + SignedDuration::from_hours(730);
    let (start, end) = (start.to_string(), end.to_string());
    let mut nodes = told.snapshot.cluster.nodes.iter();
    let provider = nodes.find_map(|it| it.provider.clone()).unwrap_or_default();
    let groups = told.costs.by(told.by, told.snapshot);
    let mut rows = Vec::new();
    for group in &groups {
        let cost = &group.cost;
        for (what, category, amount) in [
            ("CPU", "Compute", cost.cpu),
            ("memory", "Compute", cost.memory),
            ("GPU", "AI and Machine Learning", cost.gpu),
            ("volumes", "Storage", cost.storage),
            ("load balancers", "Networking", cost.load_balancer),
        ] {
            if amount != Money::ZERO {
                rows.push((group, what, category, amount));
            }
        }
    }
    let exact: Vec<Money> = rows.iter().map(|it| it.3).collect();
    let cents = Money::rounded_together(&exact);
    for ((group, what, category, _), cents) in rows.into_iter().zip(cents) {
        let cost = cents.to_string();
        let kind = group.kind.as_deref().unwrap_or_default();
        let namespace = group.namespace.as_deref().unwrap_or_default();
        let name = group.workload.as_deref().unwrap_or(&group.name);
        table
            .write_record([
                &cost,
                &cost,
                &cost,
                &cost,
                &told.costs.currency.to_string(),
                &start,
                &end,
                &start,
                &end,
                "Usage",
                "",
                &format!("{what} of {}", group.name),
                "Usage-Based",
                &provider,
                &text(&group.name),
                &text(name),
                kind,
                category,
                "Kubernetes",
                &text(namespace),
                METHOD,
            ])
            .map_err(io::Error::other)?;
    }
    table.flush()
}
