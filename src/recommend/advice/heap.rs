use crate::snapshot::HeapSize;
use crate::units::Bytes;

/// What becomes of a heap that a setting bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct HeapAdvice {
    /// The largest heap now (of Go, all memory); `None` where it is not known.
    pub before: Option<Bytes>,
    /// The same once the advice is followed.
    pub after: Option<Bytes>,
    /// What to set together with the memory limit; `None` where the setting stays.
    pub change: Option<HeapChange>,
}

/// An environment variable of a container that sizes its heap.
#[derive(Debug, Clone, PartialEq)]
pub struct HeapChange {
    pub variable: String,
    /// Its whole new value.
    pub value: String,
    /// The size in it.
    pub size: HeapSize,
}
