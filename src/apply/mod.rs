//! Changes into a cluster, and back.
//!
//! Planning is pure: which changes are allowed ([`Rules`]), what each writes and whether the
//! server still has what the advice was made for ([`step`]), and which go together
//! ([`waves`]). [`Server`] is the only place of kcost that writes to a cluster; [`Session`]
//! writes a line of the [`log`] before and after each write.

mod back;
mod beside;
mod field;
mod freeze;
mod health;
pub mod log;
mod owners;
mod plan;
mod pods;
mod rules;
mod server;
mod session;
mod shelf;
mod throttle;
mod together;
mod wave;
mod window;

use serde::Serialize;

use crate::snapshot::Keeper;

pub use back::{Back, back};
pub use beside::Beside;
pub use field::{Field, Part, Path};
pub use health::is_on_delete;
pub use plan::{Found, Object, Step, Verb, Write, autoscaler, borrower, step, target};
pub use pods::selector;
pub use rules::{CLOSED, PROTECTED, Rules, Wave, protected};
pub use server::{Refusal, Server};
pub use session::{ApplyError, Outcome, Pace, Recovered, Session, State, refused};
pub use shelf::Shelf;
pub use throttle::Throttle;
pub use together::together;
pub use wave::waves;
pub use window::{ParseWindowError, Window};

/// Why something is not applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Why {
    pub code: &'static str,
    /// For people, a sentence without its period.
    pub text: String,
}

impl Why {
    pub fn new(code: &'static str, text: String) -> Self {
        Self { code, text }
    }

    /// That another tool writes its own sizes back.
    fn kept(keeper: &Keeper) -> Self {
        let text = format!(
            "{keeper} writes its own sizes back: change them there, `kcost patch --into DIR` \
             edits a Git tree"
        );
        Self::new("kept_by", text)
    }
}
