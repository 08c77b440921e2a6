//! One test binary: runs the built kcost, and the library where a binary cannot show it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
#![allow(unreachable_pub, reason = "nothing outside a test binary reaches it")]

mod backtest;
mod bundle;
mod calibrated;
mod cli;
mod cohort;
mod common;
mod complete;
mod config;
mod contexts;
mod data_quality;
mod demo;
mod doctor;
mod event;
mod explain;
mod finding;
mod foreign;
mod fuzz;
mod gate;
mod guard;
mod hostile;
mod import;
mod live;
mod made;
mod measured;
mod methods;
mod objects;
mod parts;
mod patch;
mod played;
mod price;
mod profile;
mod prometheus;
mod rbac;
mod reach;
mod readme;
mod record;
mod render;
mod risks;
mod settled;
mod short;
mod standin;
mod strategy;
mod tidy;
mod typed;
