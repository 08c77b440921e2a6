//! Manifests of a Git tree, and changes of amounts in them that leave every other byte alone.
//!
//! A text is read by a YAML parser that tells where each value stands, and only those bytes
//! are replaced. Whatever cannot be changed without a guess is refused, with the reason:
//! aliases, anchors, merge keys, values of several lines. What a chart of Helm makes is
//! changed in its values.

mod drift;
mod edit;
mod find;
mod helm;
mod inline;
mod kustomize;
mod object;
mod place;
mod splice;
mod tree;

pub use edit::{Step, edit};
pub use find::{Manifest, Tree};
pub use object::{Object, Spot};
pub use place::{Outcome, Refused, place};
