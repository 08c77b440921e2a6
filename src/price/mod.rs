//! Sizes into money.
//!
//! **Freed** is the value of the requests given back, at the rate of the node.
//! What of it leaves the bill takes a plan of nodes.

use crate::finding::Severity;
use crate::snapshot::Node;
use crate::text::money;
use crate::units::{Bytes, Cpu, Currency, Money, Ratio};

mod beside;
mod bill;
mod billed;
mod book;
mod default_rates;
mod effective;
mod home;
mod list;
mod node_prices;
mod part;
mod place;
mod severity;
mod sheet;
mod waste;

pub use beside::{Beside, OfVolume, Rules};
pub use bill::price;
pub use billed::{Billed, BilledNode};
pub use book::{Basis, Book, NodePrice, PriceSource, Quote, Terms, Worth};
pub use effective::{Following, advised_requests, pod_requests};
pub use home::{Home, Homes, unknown_runs};
pub use list::{Entry, Region, entries, entry, is_listed, is_model, regions};
pub use part::Part;
pub use sheet::{Sheet, SheetError, Unused};
pub use waste::Sums;

use effective::Amount;

/// What resources cost an hour.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates {
    /// A core for an hour, in the book's currency.
    pub cpu_core_hour: f64,
    /// A GiB for an hour.
    pub memory_gib_hour: f64,
    /// A device for an hour; `None` where nothing says it in the book's currency.
    pub gpu_hour: Option<f64>,
}

impl Rates {
    fn scale(&self, factor: f64) -> Self {
        Self {
            cpu_core_hour: self.cpu_core_hour * factor,
            memory_gib_hour: self.memory_gib_hour * factor,
            gpu_hour: self.gpu_hour.map(|it| it * factor),
        }
    }

    /// What a machine has, for an hour.
    fn of_machine(&self, node: &Node) -> Money {
        let (all, usable) = (&node.capacity, &node.allocatable);
        let amount = Amount {
            cpu: all.cpu.or(usable.cpu).unwrap_or(Cpu::ZERO),
            memory: all.memory.or(usable.memory).unwrap_or(Bytes::ZERO),
        };
        let devices = all.gpus().max(usable.gpus());
        Money::from_f64(self.hourly(amount.cpu, amount.memory) + self.devices(devices))
    }

    /// So many devices for an hour: nothing where nothing says what one costs, which the
    /// report names.
    pub fn devices(&self, count: f64) -> f64 {
        count * self.gpu_hour.unwrap_or(0.0)
    }

    /// CPU and memory for an hour.
    pub fn hourly(&self, cpu: Cpu, memory: Bytes) -> f64 {
        cpu.get() * self.cpu_core_hour + memory.to_gib() * self.memory_gib_hour
    }
}

/// Amounts of one resource over the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Total<T> {
    pub requested: T,
    /// Mean use over the window, of the pods that run now and of whose use anything is
    /// known; `None` where nothing is.
    pub used_mean: Option<T>,
    /// Requested once the advice is followed.
    pub recommended: T,
}

/// What one workload costs a month, all its replicas.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WorkloadBill {
    pub current: Money,
    /// Once the advice is followed.
    pub recommended: Money,
    /// Of both what devices cost.
    pub gpus: Money,
    /// Of what is freed that which leaves the bill at once.
    pub freed_of_sold: Money,
    pub cpu: Total<Cpu>,
    pub memory: Total<Bytes>,
    pub wasted: Sums,
    pub severity: Severity,
}

impl WorkloadBill {
    /// Positive where the advice frees money, negative where it asks for more.
    pub fn savings(&self) -> Money {
        self.current - self.recommended
    }
}

/// The whole cluster a month.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bill {
    /// ISO 4217.
    pub currency: Currency,
    /// [`PriceSource::name`] of the source of most nodes.
    pub source: &'static str,
    /// Where the prices are from, of which date, and how good they are.
    pub description: String,
    /// One for each workload of the snapshot, in the same order.
    pub workloads: Vec<WorkloadBill>,
    pub cpu: Total<Cpu>,
    pub memory: Total<Bytes>,
    /// The requests of all workloads.
    pub current: Money,
    pub recommended: Money,
    /// The value of the requests given back; workloads that need more are taken off, so that
    /// it is below zero where they need more than that.
    pub freed: Money,
    /// Of it what leaves the bill at once, as its pods are paid for by their size.
    pub freed_of_sold: Money,
    pub waste: Waste,
}

/// What is requested beyond what the advice needs, of containers with advice.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Waste {
    pub cpu: Wasted<Cpu>,
    pub memory: Wasted<Bytes>,
    /// Of CPU and memory together a month, by their value; devices are left out.
    pub cost: Wasted<Money>,
}

/// One resource of [`Waste`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Wasted<T> {
    pub requested: T,
    pub recommended: T,
    /// `(requested − recommended) ÷ requested`, never below 0.
    pub ratio: Ratio,
}

impl<T: PartialOrd + Default> Wasted<T> {
    /// The ratio, where it is one of anything.
    pub fn known(&self) -> Option<Ratio> {
        (self.requested > T::default()).then_some(self.ratio)
    }
}

impl Wasted<Cpu> {
    /// `47.6 of 91.7 cores`.
    pub fn amounts(&self) -> String {
        let wasted = self.requested.minus(self.recommended);
        format!("{:.1} of {:.1} cores", wasted.get(), self.requested.get())
    }
}

impl Wasted<Bytes> {
    /// `100Gi of 229Gi`.
    pub fn amounts(&self) -> String {
        let wasted = self.requested.minus(self.recommended);
        format!("{} of {}", wasted.human(), self.requested.human())
    }
}

impl Wasted<Money> {
    /// `$1,264.33 of $2,534.10 a month`.
    pub fn amounts(&self, currency: &str) -> String {
        let wasted = (self.requested - self.recommended).floor_zero();
        let (wasted, requested) = (money(wasted, currency), money(self.requested, currency));
        format!("{wasted} of {requested} a month")
    }
}
