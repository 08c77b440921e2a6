//! What machines cost beside commitments: those are paid for with nodes or without, and cost
//! nothing more where they cover a new one.

use crate::price::Book;
use crate::snapshot::Node;
use crate::units::Money;

/// The nodes of a cluster as pool after pool is chosen anew, and what is paid for them.
pub(super) struct Paid {
    /// With commitments to the amounts that they cover today.
    book: Book,
    nodes: Vec<Node>,
}

impl Paid {
    /// `None` where nothing is committed.
    pub(super) fn new(book: &Book, nodes: &[Node]) -> Option<Self> {
        Some(Self {
            book: book.committed_to(nodes)?,
            nodes: nodes.to_vec(),
        })
    }

    /// Without these nodes.
    pub(super) fn without(&self, names: &[&str]) -> Rest<'_> {
        let rest = self.nodes.iter();
        let rest = rest.filter(|it| !names.contains(&it.name.as_str()));
        let others: Vec<Node> = rest.cloned().collect();
        let own = self.nodes.iter();
        let own = own.filter(|it| names.contains(&it.name.as_str()));
        let unused = self.book.unused(&self.nodes);
        Rest {
            now: self.book.hourly(&self.nodes),
            least: self.book.hourly(&others),
            full: own.map(|it| self.book.uncommitted(it).hourly).sum(),
            used_up: unused.hourly <= Money::CENT && unused.unpriced == 0,
            book: &self.book,
            others,
        }
    }

    /// Puts machines in the place of these nodes.
    pub(super) fn replace(&mut self, names: &[&str], by: impl IntoIterator<Item = Node>) {
        self.nodes.retain(|it| !names.contains(&it.name.as_str()));
        self.nodes.extend(by);
    }
}

/// A cluster without one of its pools.
pub(super) struct Rest<'a> {
    book: &'a Book,
    others: Vec<Node>,
    /// What is paid an hour with the pool as it is, and without it.
    now: Money,
    least: Money,
    /// What the pool would cost an hour without commitments.
    full: Money,
    /// Whether all that is committed covers something.
    used_up: bool,
}

impl Rest<'_> {
    /// What is paid an hour beyond what is paid without the pool.
    pub(super) fn more(&self, machines: impl IntoIterator<Item = Node>) -> Money {
        let mut nodes = self.others.clone();
        nodes.extend(machines);
        self.book.hourly(&nodes) - self.least
    }

    /// What is paid an hour with these machines beyond what is paid with the pool as it is;
    /// below zero where they are cheaper.
    pub(super) fn paid(&self, machines: &[Node]) -> Money {
        self.more(machines.iter().cloned()) - self.leaves()
    }

    /// What commitments cover at most of machines in the place of the pool, by what those cost
    /// an hour without; `None` where that is not known.
    pub(super) fn covered(&self) -> Option<Money> {
        self.used_up.then(|| self.full - self.leaves())
    }

    /// What leaves the bill with the nodes of the pool, an hour.
    pub(super) fn leaves(&self) -> Money {
        self.now - self.least
    }
}
