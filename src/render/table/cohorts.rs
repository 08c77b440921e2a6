//! The groups of workloads that behave alike.

use std::io;

use super::Page;
use crate::render::grid::{Cell, Column, Grid};
use crate::render::style::{BOLD, DIM};
use crate::snapshot::owners;
use crate::text::escape;

impl Page<'_> {
    /// The groups that were found.
    pub(super) fn cohorts(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let cohorts = &self.analysis.cohorts;
        if cohorts.groups.is_empty() {
            self.heading("Cohorts", "", out)?;
            return writeln!(out, "  none: too little usage to tell how workloads behave");
        }
        self.heading("Cohorts", "workloads that behave alike", out)?;
        let mut grid = Grid::new(vec![
            Column::name("NAME"),
            Column::number("WORKLOADS"),
            Column::number("CONTAINERS").drop(2),
            Column::prose("BEHAVIOUR").drop(1),
        ]);
        for group in &cohorts.groups {
            let profiles = group.members.iter();
            let profiles = profiles.filter_map(|it| self.analysis.profiles.get(*it));
            let workloads = profiles.map(|it| &self.analysis.snapshot.workloads[it.workload]);
            grid.row(vec![
                Cell::styled(escape(&group.name), BOLD),
                Cell::new(owners(workloads.map(|it| &it.id)).to_string()),
                Cell::new(group.members.len().to_string()),
                Cell::styled(escape(definition(&group.description)), DIM),
            ]);
        }
        grid.write(self.look.width, self.paint, out)
    }
}

/// What is true of every member; what a usual one is like is for `explain -v`.
fn definition(description: &str) -> &str {
    description
        .split_once("; ")
        .map_or(description, |(definition, _)| definition)
}
