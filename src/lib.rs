//! kcost: a cost-optimization advisor for Kubernetes.
//!
//! One binary takes a snapshot of what a cluster requests and what it uses,
//! groups containers by how they behave, and says what to change. This page is
//! the map of the code.
//!
//! ```text
//!   edge: async, may fail             core: sync, pure, no clock, no I/O              edge
//!
//!   Kubernetes API ┐               demo
//!   metrics API    │                ▼
//!   Prometheus     ├─ collect ─▶ Snapshot ─▶ profile ─▶ cohort ─▶ recommend ─▶ price ─▶ gate ─▶ render ─▶ stdout
//!   dumps, CSV     ┘     │          ▲ ▼
//!                        └▶ record ─▶ bundle on disk
//! ```
//!
//! In reading order:
//!
//! - [`units`]: CPU, bytes, Kubernetes quantities, money, spans of time. A leaf.
//! - [`snapshot`]: what was true, without judgement, and its form on disk.
//! - [`collect`]: the edge: a live cluster, Prometheus, the metrics API, files.
//! - [`record`]: samples the metrics API into a bundle that grows, and reads bundles back.
//! - [`demo`]: a generator of the cluster that `--demo` shows. No edge.
//! - [`profile`]: usage into one row of statistics a container.
//! - [`cohort`]: profiles into groups that behave alike, with words for how.
//! - [`finding`]: what to do that is no size, one type for whatever finds it. A leaf.
//! - [`calendar`]: holidays and one-off events, from a file. A leaf.
//! - [`trend`]: whether something rises, how fast, how often it comes again. A leaf.
//! - [`pack`]: pods onto nodes by the scheduler's rules, for everything that advises.
//! - [`recommend`]: sizes, from a strategy and the guards behind it; states, confidence, and
//!   why, in a plain sentence a field.
//! - [`risk`]: what is about to break, when, how likely, and what to do.
//! - [`forecast`]: what workloads will use, and which seasons they have.
//! - [`price`]: what nodes cost, by the first source that knows, and sizes into money.
//! - [`schedule`]: how many replicas a workload needs when, played on its own past.
//! - [`change`]: advice as changes of objects, with what they hold now.
//! - [`apply`]: changes into a cluster wave by wave, each in a log, and back.
//! - [`learn`]: what kept and broken promises teach the next sizes.
//! - [`history`]: what earlier runs said, and what became of it.
//! - [`manifest`]: files of a Git tree, and changes in them that leave all else alone.
//! - [`costs`]: the bill of what is there, and whose it is.
//! - [`plan`]: which nodes can be drained, in which order, and what that saves.
//! - [`gpu`]: what accelerators are held, used and worth, and which could be shared.
//! - [`vitals`]: what was seen of the sources themselves. A leaf.
//! - [`doctor`]: whether what kcost needs is there and sound, and how to mend it.
//! - [`gate`]: limits that a CI job fails on.
//! - [`render`]: the report, one file a format.
//! - [`pipeline`]: the stages in order, nothing else; the analysis has a section for each.
//! - [`backtest`]: replays strategies over the past and scores them.
//! - [`explain`]: one workload's way from usage to size.
//! - [`config`]: `kcost.yaml`, settings and policy.
//! - [`cli`], [`ui`], [`error`], [`exit`], [`progress`], [`signals`], [`text`]: the program around it.
//!
//! # A new capability
//!
//! It shows as one folder here, whose own type is a section of [`pipeline::Analysis`];
//! one file in [`cli`], where it has a command; one line a format in [`render`]; and one
//! file in `tests/it`. What it finds beside that is a list of [`finding::Finding`].
//!
//! # Invariants
//!
//! - The core (profile to render) cannot fail, reads no clock, no environment and
//!   no file: the same snapshot and settings give the same bytes.
//! - Usage may be more than fits into memory: what a stage wants of samples it takes while they are
//!   at hand ([`snapshot::Supply`], [`recommend::Looks`]), and what it keeps is small. Of a bundle
//!   it stays there, of a live cluster it waits in a temporary file ([`collect::Aside`]).
//! - A stage may read the types of earlier stages and of no later one.
//! - What could not be read is a [`snapshot::Gap`] in the report. Only what leaves
//!   nothing to analyze is an [`error::Error`].
//! - No secret enters a snapshot: of environment variables only the settings that
//!   size a heap and options of a list in the source, of annotations only
//!   those of [`snapshot::annotation`]. Of what cannot be read the field is named,
//!   never the value.
//! - `main.rs` ends the process, [`ui`] alone writes to stderr, results go through
//!   a writer. [`apply::Server`] alone writes to a cluster.
//! - Strategies, guards, checks, renderers and gate rules are registries:
//!   a trait, `static ALL`, `names()`. Flags, help and completions read them.

pub mod apply;
pub mod backtest;
pub mod calendar;
pub mod change;
pub mod cli;
pub mod cohort;
pub mod collect;
pub mod config;
pub mod costs;
pub mod demo;
pub mod doctor;
pub mod error;
pub mod exit;
pub mod explain;
pub mod finding;
pub mod forecast;
pub mod gate;
pub mod gpu;
pub mod history;
pub mod learn;
pub mod manifest;
pub mod pack;
pub mod pipeline;
pub mod plan;
pub mod price;
pub mod profile;
pub mod progress;
pub mod recommend;
pub mod record;
pub mod render;
pub mod risk;
pub mod schedule;
pub mod signals;
pub mod snapshot;
pub mod text;
pub mod trend;
pub mod ui;
pub mod units;
pub mod vitals;
