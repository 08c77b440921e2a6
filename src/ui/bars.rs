//! Progress bars, and log lines that do not tear them.

use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{DIM, Paint};
use crate::progress::Task;
use crate::text::{ascii, escape};

/// How often a spinner turns; its first turn is drawn at once.
const TICK: Duration = Duration::from_millis(80);

/// What a bar is made of, done, under way and left, and a spinner turn by turn.
const DRAWN: (&str, &str) = ("━╸─", "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ");
/// The same where nothing but ASCII may be written.
const ASCII: (&str, &str) = ("=>-", "|/-\\ ");

/// All bars of the process.
#[derive(Debug, Clone)]
pub(super) struct Bars {
    all: MultiProgress,
    drawn: bool,
    paint: Paint,
    ascii: bool,
}

impl Bars {
    pub(super) fn new(drawn: bool, paint: Paint, ascii: bool) -> Self {
        let target = if drawn {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self {
            all: MultiProgress::with_draw_target(target),
            drawn,
            paint,
            ascii,
        }
    }

    /// The same bars, drawn with ASCII alone.
    pub(super) fn in_ascii(self) -> Self {
        Self {
            ascii: true,
            ..self
        }
    }

    /// A bar where `total` is known, else a spinner. With `told`, a line says
    /// what was done and how long it took, once it is.
    pub(super) fn task(&self, label: &str, total: Option<u64>, told: bool) -> Running {
        // Once it is among the others it is drawn, with whatever it has by then.
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let bar = if self.drawn {
            bar.set_style(self.style(total.is_some()));
            bar.set_message(self.words(label));
            let bar = self.all.add(bar);
            bar.enable_steady_tick(TICK);
            bar
        } else {
            bar
        };
        Running {
            bars: self.clone(),
            bar,
            label: label.to_owned(),
            told,
            started: Instant::now(),
        }
    }

    pub(super) fn clear(&self) {
        let _ = self.all.clear();
    }

    /// Writes while no bar is on the screen.
    pub(super) fn above(&self, write: impl FnOnce()) {
        self.all.suspend(write);
    }

    fn style(&self, counted: bool) -> ProgressStyle {
        let template = match (counted, self.paint.0) {
            (true, true) => {
                "{spinner:.cyan} {msg:<28} {bar:24.cyan/black.bright} {human_pos}/{human_len} {eta:.dim}"
            }
            (true, false) => "{spinner} {msg:<28} {bar:24} {human_pos}/{human_len} {eta}",
            (false, true) => "{spinner:.cyan} {msg:<28} {elapsed:.dim}",
            (false, false) => "{spinner} {msg:<28} {elapsed}",
        };
        // A plain bar is better than no program.
        let (bar, spinner) = if self.ascii { ASCII } else { DRAWN };
        ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .progress_chars(bar)
            .tick_chars(spinner)
    }

    /// A label that this terminal can show.
    fn words(&self, label: &str) -> String {
        let safe = escape(label);
        if self.ascii { ascii(&safe) } else { safe }
    }
}

/// One bar; gone when it is dropped.
pub(super) struct Running {
    bars: Bars,
    bar: ProgressBar,
    label: String,
    told: bool,
    started: Instant,
}

impl Task for Running {
    fn advance(&self, units: u64) {
        self.bar.inc(units);
    }

    fn describe(&self, text: &str) {
        self.bar.set_message(self.bars.words(text));
    }

    fn set_total(&self, total: u64) {
        if self.bar.length() != Some(total) {
            self.bar.set_length(total);
            self.bar.set_style(self.bars.style(true));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.bars.all.remove(&self.bar);
        if !self.told {
            return;
        }
        let took = duration(self.started.elapsed());
        let done = match (self.bar.position(), self.bar.length()) {
            (0, _) => String::new(),
            (done, Some(total)) if done != total => format!(" {done} of {total}"),
            (done, _) => format!(" {done}"),
        };
        let line = format!("{}{done} {}", self.label, self.bars.paint.on(DIM, &took));
        self.bars.above(|| {
            use std::io::Write;
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        });
    }
}

/// `12 ms`, `3.4 s`.
fn duration(elapsed: Duration) -> String {
    if elapsed < Duration::from_secs(1) {
        format!("{} ms", elapsed.as_millis())
    } else {
        format!("{:.1} s", elapsed.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_is_drawn_with_ascii() {
        let bars = Bars::new(false, Paint(false), false).in_ascii();
        assert_eq!(bars.words("größe 2 × 3…"), "gr??e 2 x 3...");
        assert!(ASCII.0.is_ascii() && ASCII.1.is_ascii());
        // A spinner of one turn stands still, and a bar needs two states.
        let _ = bars.style(true);
    }

    #[test]
    fn short_times_are_in_milliseconds() {
        assert_eq!(duration(Duration::from_millis(12)), "12 ms");
        assert_eq!(duration(Duration::from_millis(3_440)), "3.4 s");
    }
}
