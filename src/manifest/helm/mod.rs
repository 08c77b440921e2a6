//! Values of Helm charts: which key of which file a container takes its sizes from.
//!
//! Templates are read as text and never rendered. A workload is found by its kind, by what is
//! known of its name, by its labels and containers; a value is one that a template puts into
//! one place as it is. And what the files say has to be what the cluster has: where it is
//! not, something else sets it. Whatever is less than certain is refused, with the reason.

mod action;
mod chart;
mod find;
mod outside;
mod places;
mod sizes;
mod template;
mod users;
mod values;

use std::path::PathBuf;

use super::edit::Step;
use super::place::Refused;
use crate::change::Change;
use crate::snapshot::Workload;
use find::Made;
use values::{Chosen, Turn, Wanted};

pub(super) use chart::Charts;

/// Charts, held against what runs.
pub(super) struct Helm<'a> {
    charts: &'a Charts,
    workloads: &'a [Workload],
    changes: &'a [Change<'a>],
    /// Of each workload, what may make it.
    homes: Vec<Vec<Made<'a>>>,
}

/// What changes in files of values.
pub(super) struct Placed {
    pub(super) steps: Vec<(PathBuf, Step)>,
    /// Whether the targets of the autoscaler are among it.
    pub(super) scales: bool,
}

/// Why values have no place.
enum Why {
    /// What the template says.
    Template(String),
    Files(Vec<PathBuf>, String),
}

impl From<String> for Why {
    fn from(why: String) -> Self {
        Self::Template(why)
    }
}

impl<'a> Helm<'a> {
    pub(super) fn new(
        charts: &'a Charts,
        workloads: &'a [Workload],
        changes: &'a [Change<'a>],
    ) -> Self {
        let home = |workload: &'a Workload| match &workload.patch {
            Some(target) if !charts.instances.is_empty() => {
                let object = (target.kind.as_str(), target.name.as_str());
                find::find(charts, workload, object, workloads)
            }
            _ => Vec::new(),
        };
        Self {
            charts,
            workloads,
            changes,
            homes: workloads.iter().map(home).collect(),
        }
    }

    /// What changes in files of values; `None` where no chart of the tree is known to make
    /// the workload.
    pub(super) fn place(&self, change: &Change<'_>, base: bool) -> Option<Result<Placed, Refused>> {
        let refused = |paths: Vec<PathBuf>, why: String| Some(Err(Refused { paths, why }));
        let mut homes = self.homes_of(change.workload).iter();
        let Some(made) = homes.next() else {
            let near = find::of_its_chart(self.charts, change.workload);
            let why = "its chart is here, and no template that can be followed makes it: \
                       change its values by hand";
            return near.and_then(|folder| refused(vec![folder], why.to_owned()));
        };
        if homes.len() > 0 {
            let all = self.homes_of(change.workload).iter();
            let paths = all.map(|it| it.path.to_owned()).collect();
            return refused(paths, "several templates may make it".to_owned());
        }
        match self.put(made, change, base) {
            Ok(placed) => Some(Ok(placed)),
            Err(Why::Template(why)) => refused(vec![made.path.to_owned()], why),
            Err(Why::Files(paths, why)) => refused(paths, why),
        }
    }

    fn homes_of(&self, workload: &Workload) -> &[Made<'a>] {
        let place = self.workloads.iter().position(|it| it.id == workload.id);
        let homes = place.and_then(|it| self.homes.get(it));
        homes.map_or(&[], Vec::as_slice)
    }

    fn put(&self, made: &Made<'a>, change: &Change<'_>, base: bool) -> Result<Placed, Why> {
        let scaler = places::scaler(self.charts, made, change)?;
        let mut wanted = places::of_change(made, change)?;
        wanted.extend(scaler.iter().flat_map(|it| it.wanted.iter().cloned()));
        let outside = self.charts.outside(made.instance, &wanted);
        if !outside.is_empty() {
            let why = "outside the chart, and may be what the cluster has its sizes from: change \
                       them where the release is given them";
            return Err(Why::Files(outside, why.to_owned()));
        }
        let files = chosen(made, &wanted, base)?;
        self.alone(made, &wanted, scaler.as_ref())?;
        self.alike(change, made, (&wanted, &files))?;
        let changing = wanted.into_iter().filter(|it| it.turn != Turn::Stays);
        Ok(Placed {
            steps: files.into_iter().zip(changing.map(step)).collect(),
            scales: scaler.is_some(),
        })
    }
}

/// The files, one for each value that changes.
fn chosen(made: &Made<'_>, wanted: &[Wanted], base: bool) -> Result<Vec<PathBuf>, Why> {
    match made.instance.layers.choose(wanted) {
        Chosen::Files(files, places) if places.len() > 1 && !base => {
            let places: Vec<String> = places.iter().map(|it| it.display().to_string()).collect();
            let places = places.join(", ");
            let why = format!("{places} share it: `--base` changes it for all of them");
            let mut files = files;
            files.dedup();
            Err(Why::Files(files, why))
        }
        Chosen::Files(files, _) => Ok(files),
        Chosen::Elsewhere(why) => Err(Why::Files(vec![made.instance.values()], why)),
        Chosen::Several(files) => {
            let why = "each of them may be what the cluster has its sizes from".to_owned();
            Err(Why::Files(files, why))
        }
    }
}

fn step(wanted: Wanted) -> Step {
    let mut path = wanted.path;
    let key = path.pop().unwrap_or_default();
    Step {
        path,
        key,
        value: match wanted.turn {
            Turn::Becomes(value) => Some(value),
            Turn::Goes | Turn::Stays => None,
        },
        make_from: 0,
        number: wanted.number,
    }
}
