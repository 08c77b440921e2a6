use serde_json::Value;

use super::{Amounts, Key, Meta, Objects, Record, group};
use crate::snapshot::{Autoscaler, Manager};

mod horizontal;
mod older;
mod scaled_object;
mod vertical;

pub(in crate::collect) use horizontal::unreadable;
pub(in crate::collect) use older::renew;
pub(super) use scaled_object::scaled_object;
pub(super) use vertical::vertical;

/// A HorizontalPodAutoscaler and what it scales.
#[derive(Debug)]
pub(crate) struct AutoscalerRecord {
    pub(crate) target: Key,
    pub(crate) autoscaler: Autoscaler,
}

/// A VerticalPodAutoscaler or ScaledObject and what it manages.
#[derive(Debug)]
pub(crate) struct ManagerRecord {
    pub(crate) target: Key,
    pub(crate) manager: Manager,
    /// The HorizontalPodAutoscaler that it makes.
    pub(crate) autoscaler: Option<Autoscaler>,
}

fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    value.pointer(path).and_then(Value::as_str)
}
