//! What resources cost by a sheet: as the closest row says, what that leaves out as the next
//! one does, and what no row names at default rates, where the sheet says what a dollar is.

use std::cmp::Reverse;

use super::Sheet;
use super::row::{Match, Row};
use crate::price::Rates;
use crate::price::book::Basis;
use crate::price::default_rates::{ALIKE, BY_MODEL};
use crate::snapshot::Node;

/// What no row names of what a node has.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// What default rates stand for.
    lent: Vec<&'static str>,
    /// The model that its GPUs are priced as, where it is by that.
    model: Option<&'static str>,
    /// Whether its GPUs have no price.
    without_gpus: bool,
}

impl Notes {
    pub(super) fn basis(&self) -> Basis {
        if self.lent.is_empty() && self.model.is_none() {
            Basis::Quoted
        } else {
            Basis::Estimated
        }
    }

    /// After the name of the sheet.
    pub(super) fn texts(&self, sheet: &Sheet) -> Vec<String> {
        let mut texts = Vec::new();
        if !self.lent.is_empty() {
            texts.push(format!("{} at default rates", self.lent.join(" and ")));
        }
        if let Some(model) = self.model {
            texts.push(format!("GPUs as {model} in the list"));
        }
        if let Some(usd) = sheet.usd.filter(|_| !texts.is_empty()) {
            texts.push(format!("a dollar at {usd} {}", sheet.currency));
        }
        if self.without_gpus {
            let currency = sheet.currency;
            texts.push(format!(
                "without its GPUs: nothing says what one costs in {currency}"
            ));
        }
        texts
    }
}

impl Sheet {
    /// The rows that are about a node: of those with most conditions first, of equals those
    /// whose patterns say most, of equals in their order.
    pub(super) fn fitting(&self, node: &Node) -> Vec<&Row> {
        let rows = self.rows.iter().filter(|it| it.of.fits(node));
        let mut rows: Vec<&Row> = rows.collect();
        rows.sort_by_key(|it| Reverse(it.of.closeness()));
        rows
    }

    /// What the resources of a node cost by the rows that fit, and what of it these leave out.
    pub(super) fn rates(&self, node: &Node, fitting: &[&Row]) -> (Rates, Notes) {
        let [core, gib, gpu] = named(fitting);
        let usual = self.dollar().map(|dollar| {
            let (rates, model) = BY_MODEL.rates(node);
            (rates.scale(dollar), model)
        });
        let has_gpus = node.capacity.gpus().max(node.allocatable.gpus()) > 0.0;
        let lends_gpu = has_gpus && gpu.is_none();
        let model = usual.as_ref().and_then(|it| it.1).filter(|_| lends_gpu);
        let mut notes = Notes {
            model,
            without_gpus: lends_gpu && usual.is_none(),
            ..Notes::default()
        };
        let lends_gpu = lends_gpu && usual.is_some() && model.is_none();
        let lent = [
            (core.is_none(), "cores"),
            (gib.is_none(), "GiB"),
            (lends_gpu, "GPUs"),
        ];
        let lent = lent.into_iter().filter(|it| it.0).map(|it| it.1);
        notes.lent.extend(lent);
        (filled([core, gib, gpu], usual.map(|it| it.0)), notes)
    }

    /// What the price of a whole node is divided by.
    pub(in crate::price) fn beside(&self, node: &Node) -> Rates {
        let usual = self.dollar().map(|it| ALIKE.rates(node).0.scale(it));
        filled(named(&self.fitting(node)), usual)
    }

    /// Of a pod on no known node.
    pub(in crate::price) fn any_rates(&self) -> Rates {
        let usual = ALIKE.rates(&Node::default()).0;
        filled(self.of_any(), self.dollar().map(|it| usual.scale(it)))
    }

    /// Whether it says what a core and a GiB cost of whatever node.
    pub(super) fn prices_any(&self) -> bool {
        let [core, gib, _] = self.of_any();
        core.is_some() && gib.is_some()
    }

    /// By the rows that are about every node.
    fn of_any(&self) -> [Option<f64>; 3] {
        let rows = self.rows.iter();
        let rows = rows.filter(|it| it.of == Match::default());
        named(&rows.collect::<Vec<_>>())
    }
}

/// Of a core, a GiB and a GPU what the first row says that names it.
fn named(rows: &[&Row]) -> [Option<f64>; 3] {
    let rates = || rows.iter().filter_map(|it| it.rates);
    [0, 1, 2].map(|at| rates().find_map(|it| it[at]))
}

/// What no row names as usual. A core and a GiB of a sheet without dollars are always named.
fn filled([core, gib, gpu]: [Option<f64>; 3], usual: Option<Rates>) -> Rates {
    let usual = usual.unwrap_or(Rates {
        cpu_core_hour: 0.0,
        memory_gib_hour: 0.0,
        gpu_hour: None,
    });
    Rates {
        cpu_core_hour: core.unwrap_or(usual.cpu_core_hour),
        memory_gib_hour: gib.unwrap_or(usual.memory_gib_hour),
        gpu_hour: gpu.or(usual.gpu_hour),
    }
}
