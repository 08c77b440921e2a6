//! When quotas, node pools and volumes are full, for people and for programs.

use std::io;

use serde::Serialize;

use crate::forecast::{Capacity, Forecasts, Full, SIGHT, Unit, What, Why};
use crate::render::Look;
use crate::render::grid::{Cell, Column, Grid};
use crate::render::json_v1::rounded;
use crate::render::style::{BAD, BOLD, DIM, PLAIN, Paint, WARN};
use crate::render::wrap::wrap;
use crate::text::{count, escape, percent, short};
use crate::units::{Bytes, Cpu};

/// From this share in use on something is told whatever comes.
const NEARLY: f64 = 0.9;

/// Full within so many days is bad.
const SOON: i64 = 7;

#[derive(Serialize)]
pub(super) struct Shape<'a> {
    /// `quota`, `node_pool`, `volume`.
    kind: &'static str,
    /// Null for a node pool.
    namespace: Option<&'a str>,
    /// Null for nodes that are of no pool.
    name: Option<&'a str>,
    /// `requests.cpu`, `limits.memory`, `pods`, `storage`, `inodes`.
    resource: &'a str,
    /// `cores`, `bytes`, `count`.
    unit: &'static str,
    used: f64,
    hard: f64,
    /// What its peaks rise by; null where no rise is sure.
    growth_per_day: Option<f64>,
    /// Days that are looked ahead at most.
    sight_days: usize,
    /// Null where it is not full within sight, however it turns out.
    full: Option<When>,
    /// The most of each day that comes; empty where its past is not known.
    days: Vec<Day>,
}

#[derive(Serialize)]
struct When {
    /// As likely before as after; null where that is beyond sight.
    at: Option<String>,
    earliest: String,
    latest: Option<String>,
    /// `now`, `peak`, `rise`.
    why: &'static str,
}

/// Of one day from the start of the forecast on.
#[derive(Serialize)]
struct Day {
    time: String,
    value: f64,
    low: f64,
    high: f64,
}

pub(super) fn shape<'a>(forecasts: &Forecasts, capacity: &'a Capacity) -> Shape<'a> {
    let days = capacity.days.iter().enumerate();
    Shape {
        kind: capacity.what.name(),
        namespace: capacity.namespace.as_deref(),
        name: Some(&*capacity.name).filter(|it| !it.is_empty()),
        resource: &capacity.resource,
        unit: capacity.unit.name(),
        used: rounded(capacity.used),
        hard: rounded(capacity.hard),
        growth_per_day: capacity.per_day.map(rounded),
        sight_days: SIGHT,
        full: capacity.full.map(|it| When {
            at: it.at.map(|at| at.to_string()),
            earliest: it.earliest.to_string(),
            latest: it.latest.map(|at| at.to_string()),
            why: it.why.name(),
        }),
        days: days
            .map(|(day, it)| Day {
                time: forecasts.time(day * 24).to_string(),
                value: rounded(it.value),
                low: rounded(it.low),
                high: rounded(it.high),
            })
            .collect(),
    }
}

/// What will be full, or nearly is; the others are counted.
pub(super) fn table(
    forecasts: &Forecasts,
    of: Option<usize>,
    look: &Look,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let own = |it: &&Capacity| of.is_none_or(|of| it.of.contains(&of));
    let all: Vec<&Capacity> = forecasts.capacities.iter().filter(own).collect();
    if all.is_empty() {
        return Ok(());
    }
    let paint = Paint::of(look);
    let told = |it: &&&Capacity| look.verbose || it.full.is_some() || it.share() >= NEARLY;
    let mut rows: Vec<&Capacity> = all.iter().filter(told).copied().collect();
    rows.sort_by_key(|it| it.full.map_or(jiff::Timestamp::MAX, |full| full.earliest));
    writeln!(out, "\n{}", paint.on(BOLD, "Room"))?;
    if !rows.is_empty() {
        let mut grid = Grid::new(vec![
            Column::name("WHAT"),
            Column::word("OF").drop(1),
            Column::number("USED"),
            Column::number("LIMIT").drop(3),
            Column::number("A DAY").drop(2),
            Column::word("FULL"),
            Column::word("BETWEEN"),
        ]);
        for capacity in &rows {
            grid.row(row(forecasts, capacity));
        }
        grid.write(look.width, paint, out)?;
    }
    let rest = all.len() - rows.len();
    if rest > 0 {
        let more = if rows.is_empty() { "" } else { " more" };
        let text = format!(
            "{}{more} of quotas, node pools and volumes {} room for {SIGHT} days as far as is known",
            count(rest, "limit"),
            if rest == 1 { "has" } else { "have" },
        );
        let room = look.width.map(|width| width.saturating_sub(2).max(20));
        writeln!(out, "  {}", paint.on(DIM, &wrap(&text, room, 2)))?;
    }
    Ok(())
}

fn row(forecasts: &Forecasts, capacity: &Capacity) -> Vec<Cell> {
    let amount = |value: f64| match capacity.unit {
        Unit::Cores if value < 10.0 => Cpu::cores(value).to_string(),
        Unit::Cores | Unit::Count => short(value, 1),
        Unit::Bytes => Bytes::from_f64(value).human(),
    };
    let style = match capacity.full {
        Some(full) if soon(forecasts, &full) => BAD,
        Some(_) => WARN,
        None => PLAIN,
    };
    vec![
        Cell::new(name(capacity)),
        Cell::new(escape(&capacity.resource)),
        Cell::new(percent(capacity.share())),
        Cell::new(amount(capacity.hard)),
        Cell::new(
            capacity
                .per_day
                .map_or_else(String::new, |it| format!("+{}", amount(it))),
        ),
        Cell::styled(when(capacity), style),
        Cell::new(between(capacity)),
    ]
}

fn soon(forecasts: &Forecasts, full: &Full) -> bool {
    let days = |at: jiff::Timestamp| at.duration_since(forecasts.start).as_secs() / 86_400;
    full.at.is_some_and(|at| days(at) < SOON)
}

/// `quota shop/compute`, `pool general`, `volume data/orders`.
fn name(capacity: &Capacity) -> String {
    let name = escape(&capacity.name);
    let namespace = capacity.namespace.as_deref().map(escape);
    let namespace = namespace.map_or_else(String::new, |it| format!("{it}/"));
    match capacity.what {
        What::Quota => format!("quota {namespace}{name}"),
        What::NodePool if name.is_empty() => "nodes of no pool".to_owned(),
        What::NodePool => format!("pool {name}"),
        What::Volume => format!("volume {namespace}{name}"),
    }
}

fn when(capacity: &Capacity) -> String {
    match capacity.full {
        Some(Full { why: Why::Now, .. }) => "now".to_owned(),
        Some(Full { at: Some(at), .. }) => day(at),
        Some(_) => "perhaps".to_owned(),
        None => "no".to_owned(),
    }
}

/// `12-01 and 12-20`.
fn between(capacity: &Capacity) -> String {
    let Some(full) = capacity.full.filter(|it| it.why != Why::Now) else {
        return String::new();
    };
    let latest = full.latest.map_or_else(|| "later".to_owned(), day);
    format!("{} and {latest}", day(full.earliest))
}

fn day(at: jiff::Timestamp) -> String {
    at.strftime("%m-%d").to_string()
}
