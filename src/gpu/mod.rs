//! Accelerators: what workloads hold of them, what they really use, and what to do.
//!
//! That anything runs says little of a device: two toy loads together keep the engine of
//! one busy all the time and fill a tenth of it. How **full** a device is, is the larger of
//! what its multiprocessors do and what its memory moves; where neither is known, the
//! power that it draws above its floor stands for it ([`Fullness`]). Memory that is held
//! says nothing: servers of language models take most of it by design.
//!
//! A training run is one workload, whatever ranks it has, and a served model is one,
//! whatever replicas: those of one owner are judged together.

mod advice;
mod alternate;
mod card;
mod cheaper;
mod each;
mod finding;
mod free;
mod gather;
mod hang;
mod held;
mod joint;
mod part;
mod past;
mod products;
mod quiet;
mod replicas;
mod report;
mod run;
mod sample;
mod seen;
mod share;
mod sharing;
mod starved;
mod state;
mod stretch;
mod times;
mod trace;
mod turn;
mod untold;
mod vendor;
mod whole;

pub use advice::{Action, Advice, Danger};
pub use card::{Card, Layout, Profile};
pub use gather::{Gather, Gathered};
pub use hang::Hang;
pub use held::Held;
pub use part::{Lost, Of, Part};
pub use past::{Past, Silence};
pub use products::OfProduct;
pub use report::{Gpus, IdleNode, Judged, Options, Rate, gpus, gpus_from};
pub use seen::{Busiest, Fullness, Gone, Level, Levels, Seen};
pub use share::{FITS, FITTED, Kept, Load, Model, kept};
pub use sharing::{Member, Sharing, together};
pub use state::{Certainty, State};
pub use trace::Trace;
pub use vendor::Vendor;
