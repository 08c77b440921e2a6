//! Volumes by class, and what is paid for although nobody uses it.

use std::io;

use super::Page;
use crate::costs::{Balancer, LooseVolume, Storage};
use crate::render::grid::{Cell, Column, Grid};
use crate::render::style::{BOLD, DIM, WARN};
use crate::render::wrap::wrap;
use crate::text::{count, escape};
use crate::units::Money;

/// So many that nobody uses are named; the rest is counted.
const NAMED: usize = 10;

impl Page<'_> {
    /// Where there are volumes or load balancers.
    pub(super) fn beside(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let (costs, snapshot) = (self.told.costs, self.told.snapshot);
        let storage = costs.storage(snapshot);
        if !storage.classes.is_empty() {
            self.classes(&storage, out)?;
        }
        let balancers = costs.balancers(snapshot);
        let idle = balancers.iter().filter(|it| it.has_pods == Some(false));
        let idle: Vec<&Balancer> = idle.collect();
        let mut lines: Vec<String> = storage.loose.iter().map(|it| self.volume(it)).collect();
        lines.extend(idle.iter().map(|it| self.balancer(it)));
        if lines.is_empty() {
            return Ok(());
        }
        let waste: Money = storage.loose.iter().map(|it| it.cost).sum();
        let waste = waste + idle.iter().map(|it| it.cost).sum::<Money>();
        let head = format!("paid for and not used: {} a month", self.money(waste));
        writeln!(out, "\n{}", self.paint.on(BOLD, &head))?;
        let rest = lines.len().saturating_sub(NAMED);
        lines.truncate(NAMED);
        if rest > 0 {
            lines.push(format!(
                "and {}: `-o json` names them all",
                count(rest, "more")
            ));
        }
        for line in lines {
            let room = self.width.map(|it| it.saturating_sub(2).max(20));
            writeln!(out, "  {}", wrap(&escape(&line), room, 4))?;
        }
        Ok(())
    }

    fn classes(&self, storage: &Storage, out: &mut dyn io::Write) -> io::Result<()> {
        let mut grid = Grid::new(vec![
            Column::name("").titled("STORAGE CLASS".to_owned()),
            Column::number("A MONTH"),
            Column::number("VOLUMES").drop(1),
            Column::number("SIZE"),
            Column::number("NOT USED"),
        ]);
        for class in &storage.classes {
            let loose = match (storage.mounts_known, class.loose) {
                (_, loose) if loose > Money::ZERO => self.money(loose),
                (true, _) => String::new(),
                (false, _) => "?".to_owned(),
            };
            grid.row(vec![
                Cell::new(escape(class.name.as_deref().unwrap_or("none"))),
                Cell::new(self.money(class.cost)),
                Cell::styled(class.volumes.to_string(), DIM),
                Cell::new(class.size.human()),
                Cell::styled(loose, WARN),
            ]);
        }
        writeln!(out)?;
        grid.write(self.width, self.paint, out)
    }

    fn volume(&self, volume: &LooseVolume) -> String {
        let what = match &volume.namespace {
            Some(namespace) => format!("claim {namespace}/{}", volume.name),
            None => format!("volume {}", volume.name),
        };
        let class = volume.class.as_deref().unwrap_or("no class");
        let size = volume.size.human();
        let cost = self.money(volume.cost);
        format!("{what} ({size} of {class}): {cost}, {}", volume.why.text())
    }

    fn balancer(&self, balancer: &Balancer) -> String {
        let cost = self.money(balancer.cost);
        format!(
            "load balancer {}/{}: {cost}, no pod is behind it",
            balancer.namespace, balancer.name
        )
    }
}
