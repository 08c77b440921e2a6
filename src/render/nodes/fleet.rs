//! The cheapest mix of machine types: for people, for programs, and for Karpenter.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::{Page, Planned};
use crate::plan::{Fleet, Mix, Pool, Unmixed};
use crate::render::grid::{Cell, Column, Grid};
use crate::render::style::{BOLD, DIM, GOOD_BOLD};
use crate::text::{count, escape};
use crate::units::{Money, len_f64};

/// What a fleet is called that has no pool.
const NO_POOL: &str = "(no pool)";

#[derive(Serialize)]
pub(super) struct Shape<'a> {
    monthly_cost: Money,
    /// Null where a pool has no mix.
    monthly_cost_of_mix: Option<Money>,
    pools: Vec<PoolShape<'a>>,
}

#[derive(Serialize)]
struct PoolShape<'a> {
    pool: Option<&'a str>,
    capacity_type: &'static str,
    architecture: Option<&'a str>,
    nodes: usize,
    monthly_cost: Money,
    pods: usize,
    /// Null where there is none: see `unknown`.
    mix: Option<MixShape>,
    unknown: Option<Unknown>,
}

#[derive(Serialize)]
struct MixShape {
    monthly_cost: Money,
    /// What no mix can be cheaper than.
    monthly_cost_at_least: Money,
    types: Vec<TypeShape>,
}

#[derive(Serialize)]
struct TypeShape {
    instance_type: &'static str,
    count: usize,
    monthly_cost_each: Money,
    cpu_cores: f64,
    memory_gib: f64,
}

#[derive(Serialize)]
struct Unknown {
    code: &'static str,
    text: String,
}

pub(super) fn shape(fleet: &Fleet) -> Shape<'_> {
    let mixes: Result<Vec<Money>, _> = fleet.pools.iter().map(cost).collect();
    Shape {
        monthly_cost: fleet.pools.iter().map(|it| it.cost).sum(),
        monthly_cost_of_mix: mixes.ok().map(|it| it.into_iter().sum()),
        pools: fleet.pools.iter().map(pool).collect(),
    }
}

/// What a pool costs anew; an empty one nothing.
fn cost(pool: &Pool) -> Result<Money, ()> {
    match &pool.mix {
        Ok(mix) => Ok(mix.cost),
        Err(_) if pool.pods == 0 => Ok(Money::ZERO),
        Err(Unmixed::NoneCheaper) => Ok(pool.cost),
        Err(_) => Err(()),
    }
}

fn pool(pool: &Pool) -> PoolShape<'_> {
    PoolShape {
        pool: (!pool.name.is_empty()).then_some(&*pool.name),
        capacity_type: if pool.spot { "spot" } else { "on_demand" },
        architecture: pool.architecture.as_deref(),
        nodes: pool.nodes,
        monthly_cost: pool.cost,
        pods: pool.pods,
        mix: pool.mix.as_ref().ok().map(mix),
        unknown: pool.mix.as_ref().err().map(|it| Unknown {
            code: it.code(),
            text: it.text(),
        }),
    }
}

fn mix(mix: &Mix) -> MixShape {
    let types = mix.picks.iter().map(|it| TypeShape {
        instance_type: it.instance_type,
        count: it.count,
        monthly_cost_each: it.each,
        cpu_cores: it.cores,
        memory_gib: it.gib,
    });
    MixShape {
        monthly_cost: mix.cost,
        monthly_cost_at_least: mix.least,
        types: types.collect(),
    }
}

impl Page<'_> {
    /// Pool by pool what would do.
    pub(super) fn fleet(&self, fleet: &Fleet, out: &mut dyn io::Write) -> io::Result<()> {
        let title = "the cheapest mix of machine types, once the advice is followed";
        writeln!(out, "\n{}", self.paint.on(BOLD, title))?;
        let mut grid = Grid::new(vec![
            Column::name("POOL"),
            Column::number("NODES").drop(2),
            Column::number("NOW"),
            Column::number("MIX"),
            Column::number("AT LEAST").drop(1),
            Column::prose("TYPES"),
        ]);
        for pool in &fleet.pools {
            let name = told(pool, fleet);
            let (cost, least, types) = match &pool.mix {
                Ok(mix) => (self.money(mix.cost), self.money(mix.least), types(mix)),
                Err(why) => (String::new(), String::new(), why.text()),
            };
            grid.row(vec![
                Cell::new(escape(&name)),
                Cell::new(pool.nodes.to_string()),
                Cell::new(self.money(pool.cost)),
                Cell::styled(cost, GOOD_BOLD),
                Cell::styled(least, DIM),
                Cell::new(types),
            ]);
        }
        grid.write(self.width, self.paint, out)
    }
}

/// A pool by its name, with the architecture where it has several: `web (arm64)`.
fn told(pool: &Pool, fleet: &Fleet) -> String {
    let name = if pool.name.is_empty() {
        NO_POOL
    } else {
        &pool.name
    };
    let same = fleet.pools.iter().filter(|it| it.name == pool.name);
    match &pool.architecture {
        Some(architecture) if same.count() > 1 => format!("{name} ({architecture})"),
        _ => name.to_owned(),
    }
}

/// The name of a pool that would be made; those of several architectures cannot share one,
/// and one for nodes of no pool takes a name of its own.
fn made(pool: &Pool, fleet: &Fleet) -> String {
    let same = fleet.pools.iter().filter(|it| it.name == pool.name);
    let name = if pool.name.is_empty() {
        "nodes"
    } else {
        &pool.name
    };
    match &pool.architecture {
        Some(architecture) if same.count() > 1 => format!("{name}-{architecture}"),
        _ => name.to_owned(),
    }
}

/// `3 × m6i.2xlarge, 1 × r6i.xlarge`.
fn types(mix: &Mix) -> String {
    let picks = mix.picks.iter();
    let picks = picks.map(|it| format!("{} × {}", it.count, it.instance_type));
    picks.collect::<Vec<_>>().join(", ")
}

/// Requirements and limits of Karpenter's NodePools, to be merged into those that there
/// are: `kubectl patch nodepool NAME --type merge --patch-file FILE`.
pub fn nodes_karpenter(
    planned: Planned<'_>,
    fleet: &Fleet,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let name = escape(&planned.snapshot.cluster.name);
    writeln!(
        out,
        "# Node pools of {name}, as `kcost nodes --fleet` would buy them."
    )?;
    writeln!(
        out,
        "# A merge takes the place of all requirements: add your own."
    )?;
    for pool in &fleet.pools {
        let mix = match &pool.mix {
            Ok(mix) => mix,
            Err(why) => {
                unmixed((pool, fleet), *why, out)?;
                continue;
            }
        };
        let cores: f64 = mix
            .picks
            .iter()
            .map(|it| it.cores * len_f64(it.count))
            .sum();
        let gib: f64 = mix.picks.iter().map(|it| it.gib * len_f64(it.count)).sum();
        let nodes: usize = mix.picks.iter().map(|it| it.count).sum();
        writeln!(out, "---")?;
        writeln!(out, "# {}: {}", count(nodes, "node"), types(mix))?;
        writeln!(out, "apiVersion: karpenter.sh/v1")?;
        writeln!(out, "kind: NodePool")?;
        writeln!(out, "metadata:")?;
        writeln!(out, "  name: {}", yaml(&made(pool, fleet)))?;
        writeln!(out, "spec:")?;
        writeln!(out, "  limits:")?;
        writeln!(out, "    cpu: \"{cores}\"")?;
        writeln!(out, "    memory: {}Gi", gib.ceil())?;
        writeln!(out, "  template:")?;
        writeln!(out, "    spec:")?;
        writeln!(out, "      requirements:")?;
        let types = mix.picks.iter().map(|it| it.instance_type);
        requirement(
            "node.kubernetes.io/instance-type",
            &types.collect::<Vec<_>>(),
            out,
        )?;
        let capacity = if pool.spot { "spot" } else { "on-demand" };
        requirement("karpenter.sh/capacity-type", &[capacity], out)?;
        if let Some(architecture) = &pool.architecture {
            requirement("kubernetes.io/arch", &[architecture.as_str()], out)?;
        }
    }
    Ok(())
}

/// Why a pool has no mix, as a comment.
fn unmixed(
    (pool, fleet): (&Pool, &Fleet),
    why: Unmixed,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    writeln!(out, "# {}: {}", escape(&told(pool, fleet)), why.text())
}

/// Sizes of node groups: of those that there are once nodes are drained, and of those that
/// the fleet would buy. A group has one machine type.
pub fn nodes_groups(
    planned: Planned<'_>,
    fleet: &Fleet,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let name = escape(&planned.snapshot.cluster.name);
    writeln!(
        out,
        "# Node groups of {name}. `nodes` is their size: once nodes are drained, and as a fleet."
    )?;
    writeln!(out, "drained:")?;
    let mut left: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for (at, node) in planned.snapshot.cluster.nodes.iter().enumerate() {
        let pool = node.pool.as_deref().unwrap_or_default();
        let kind = node.instance_type.as_deref().unwrap_or_default();
        let sizes = left.entry((pool, kind)).or_default();
        sizes.0 += 1;
        sizes.1 += usize::from(planned.main().stays[at].is_some());
    }
    for ((pool, kind), (now, then)) in left {
        writeln!(
            out,
            "- {{pool: {}, instance_type: {}, nodes_now: {now}, nodes: {then}}}",
            yaml(pool),
            yaml(kind)
        )?;
    }
    writeln!(out, "fleet:")?;
    for pool in &fleet.pools {
        let mix = match &pool.mix {
            Ok(mix) => mix,
            Err(why) => {
                unmixed((pool, fleet), *why, out)?;
                continue;
            }
        };
        let capacity = if pool.spot { "spot" } else { "on-demand" };
        for pick in &mix.picks {
            writeln!(
                out,
                "- {{pool: {}, instance_type: {}, capacity_type: {capacity}, nodes: {}}}",
                yaml(&pool.name),
                pick.instance_type,
                pick.count
            )?;
        }
    }
    Ok(())
}

fn requirement(key: &str, values: &[&str], out: &mut dyn io::Write) -> io::Result<()> {
    let values: Vec<String> = values.iter().map(|it| yaml(it)).collect();
    writeln!(out, "      - key: {key}")?;
    writeln!(out, "        operator: In")?;
    writeln!(out, "        values: [{}]", values.join(", "))
}

/// A text that is always one in YAML, which reads JSON.
fn yaml(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
