//! The only writer of stderr: progress bars, log lines, the error report.

/// `1 gap`, `2 gaps`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}
