//! Corrections of a proposal, applied in order; each leaves its reason.
