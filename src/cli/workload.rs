//! Workloads that are named on the command line.

use super::args::Whole;
use super::given::Given;
use crate::error::Error;
use crate::explain::{self, FindError};
use crate::text::quote;

/// A file in the place of a name needs its flag.
pub(super) fn refuse_files<'a>(
    names: impl IntoIterator<Item = &'a String>,
    command: &str,
    program: &str,
) -> Result<(), Error> {
    for name in names {
        let Some(given) = Given::named(name) else {
            continue;
        };
        let words = given.words(&quote(name));
        return Err(Error::Usage {
            text: format!("`{name}` is {}, not the name of a workload", given.noun()),
            hint: Some(format!("write `{program} {command} WORKLOAD {words}`")),
        });
    }
    Ok(())
}

/// Where the workload of this name stands among those that are asked for.
pub(super) fn place(whole: &Whole, name: &str) -> Result<usize, Error> {
    let Whole { snapshot, asked } = whole;
    explain::find(&snapshot.workloads, asked, name).map_err(|error| unfound(&error))
}

/// The same, where the name of an owner of several parts means its main one.
pub(super) fn main_place(whole: &Whole, name: &str) -> Result<usize, Error> {
    let Whole { snapshot, asked } = whole;
    explain::find_main(&snapshot.workloads, asked, name).map_err(|error| unfound(&error))
}

fn unfound(error: &FindError) -> Error {
    Error::Usage {
        text: error.to_string(),
        hint: error.hint(),
    }
}

/// Of all workloads the one that is named; those that are asked for where none is.
pub(super) fn only(whole: &Whole, place: Option<usize>) -> Vec<bool> {
    let one = |place| (0..whole.asked.len()).map(|it| it == place).collect();
    place.map_or_else(|| whole.asked.clone(), one)
}

/// Whether each workload that is asked for is named; `None` where no name is given. The
/// others are gone from a report, so there is no place for them.
pub(super) fn among(whole: &Whole, names: &[String]) -> Result<Option<Vec<bool>>, Error> {
    let places = names.iter().map(|name| place(whole, name));
    let places: Vec<usize> = places.collect::<Result<_, _>>()?;
    let kept = (0..whole.asked.len()).filter(|place| whole.asked[*place]);
    let named = || kept.map(|place| places.contains(&place)).collect();
    Ok((!places.is_empty()).then(named))
}
