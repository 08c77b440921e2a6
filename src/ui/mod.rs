//! The only writer of stderr: progress bars, log lines, the error report.

use crate::progress::{Progress, Silent, Task};

#[derive(Clone, Copy)]
pub enum Verbosity {
    Silent,
    Quiet,
    Normal,
    Verbose,
    Trace,
}
pub enum ColorChoice {
    Auto,
    Always,
    Never,
}
pub struct Ui;
impl Ui {
    pub fn new(_: Verbosity, _: ColorChoice, _: bool) -> Self {
        Self
    }
    pub fn report(&self, _: &dyn std::error::Error, _: Option<&str>) {}
    pub fn clear(&self) {}
    pub fn width(&self) -> Option<usize> {
        None
    }
    pub fn color_stdout(&self) -> bool {
        false
    }
    pub fn message(&self, _: &str) {}
    pub fn warning(&self, _: &str, _: Option<&str>) {}
    pub fn begin(&self, _: &str) -> Box<dyn Task> {
        Box::new(Silent)
    }
}
impl Progress for Ui {
    fn task(&self, _: &str, _: Option<u64>) -> Box<dyn Task> {
        Box::new(Silent)
    }
    fn detail(&self, _: &str) {}
    fn trace(&self, _: &str) {}
}

/// `1 gap`, `2 gaps`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

pub fn interrupted() {}
