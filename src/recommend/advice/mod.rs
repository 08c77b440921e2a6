//! What the stage gives: what to change in every workload, and what may go wrong then.

mod autoscaler;
mod data_quality;
mod field;
mod heap;
mod method;
mod risk;
mod workload;

pub use autoscaler::{AutoscalerAdvice, TargetChange};
pub use data_quality::DataQuality;
pub use field::{Advice, Sizing};
pub use heap::{HeapAdvice, HeapChange};
pub use method::{Method, Methods};
pub use risk::{NodeRisk, Replayed, Risk};
pub use workload::{Advised, ContainerAdvice, PodAdvice, WorkloadAdvice};
