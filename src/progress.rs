//! How long work tells of itself. A leaf: says what, never how it is drawn.

/// Hears of work that may take a while.
pub trait Progress: Send + Sync {
    /// Begins a piece of work, of `total` units where that is known.
    fn task(&self, label: &str, total: Option<u64>) -> Box<dyn Task>;
    /// Something that everyone should know of what was read.
    fn note(&self, text: &str) {
        self.detail(text);
    }
    /// Something worth knowing with `-v`: what was done, how much, how long.
    fn detail(&self, text: &str);
    /// Something worth knowing with `-vv`: single requests.
    fn trace(&self, text: &str);
}

/// A piece of work; it is over when it is dropped.
pub trait Task: Send + Sync {
    fn advance(&self, units: u64);
    /// The number of units, when it becomes known later.
    fn set_total(&self, total: u64);
    /// What it is doing now, in the place of its label.
    fn describe(&self, _: &str) {}
}

/// Says whose work it is, where several go on side by side.
pub struct Named<'a> {
    pub name: &'a str,
    pub inner: &'a dyn Progress,
}

impl Progress for Named<'_> {
    fn task(&self, label: &str, total: Option<u64>) -> Box<dyn Task> {
        self.inner.task(&format!("{}: {label}", self.name), total)
    }

    fn note(&self, text: &str) {
        self.inner.note(&format!("{}: {text}", self.name));
    }

    fn detail(&self, text: &str) {
        self.inner.detail(&format!("{}: {text}", self.name));
    }

    fn trace(&self, text: &str) {
        self.inner.trace(&format!("{}: {text}", self.name));
    }
}

/// Says nothing.
pub struct Silent;

impl Progress for Silent {
    fn task(&self, _: &str, _: Option<u64>) -> Box<dyn Task> {
        Box::new(Silent)
    }

    fn detail(&self, _: &str) {}

    fn trace(&self, _: &str) {}
}

impl Task for Silent {
    fn advance(&self, _: u64) {}

    fn set_total(&self, _: u64) {}
}
