use super::Rule;

/// Every rule, in the order shown to users.
pub static ALL: &[&dyn Rule] = &[];
