//! The only writer of stderr: progress bars, log lines, the error report.
//!
//! Results go to stdout through a renderer and never through here. What may be
//! said is decided once, by [`Ui::new`]; the rest of kcost speaks through
//! [`Progress`](crate::progress::Progress) and does not know who listens.

mod bars;
mod color;
mod report;
mod width;

use std::io::{self, Write};
use std::sync::OnceLock;

use anstyle::{AnsiColor, Style};

use crate::progress::{Progress, Task};
use crate::text::escape;
use bars::Bars;
use color::{Stream, colored};

pub use color::ColorChoice;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// The bars of this process, for whoever ends it early.
static DRAWN: OnceLock<Bars> = OnceLock::new();

/// How much is said on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// `-qq`: only errors.
    Silent,
    /// `-q`: no warnings and no bars.
    Quiet,
    Normal,
    /// `-v`: what each stage did and how long it took.
    Verbose,
    /// `-vv`: single requests too.
    Trace,
}

/// Everything that is said on stderr, and how stdout looks.
pub struct Ui {
    bars: Bars,
    verbosity: Verbosity,
    color: ColorChoice,
    paint: Paint,
    ascii: bool,
}

impl Ui {
    /// Bars are drawn only on a terminal, and not beside log lines, which would
    /// push them around.
    pub fn new(verbosity: Verbosity, color: ColorChoice, progress: bool) -> Self {
        let paint = Paint(colored(color, Stream::Stderr));
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let watched = verbosity == Verbosity::Normal && Stream::Stderr.is_terminal() && !dumb;
        let ascii = !is_utf8();
        let bars = Bars::new(progress && watched, paint, ascii);
        let _ = DRAWN.set(bars.clone());
        Self {
            bars,
            verbosity,
            color,
            paint,
            ascii,
        }
    }

    /// The same, for a terminal that shows nothing else where that is wanted.
    #[must_use]
    pub fn in_ascii(self, ascii: bool) -> Self {
        if !ascii {
            return self;
        }
        Self {
            ascii,
            bars: self.bars.in_ascii(),
            ..self
        }
    }

    /// Columns of a report on stdout; `None` where nothing has to be cut.
    pub fn width(&self) -> Option<usize> {
        width::width()
    }

    /// Whether reports may go beyond ASCII.
    pub fn unicode(&self) -> bool {
        !self.ascii
    }

    /// Whether stdout gets colour.
    pub fn color_stdout(&self) -> bool {
        colored(self.color, Stream::Stdout)
    }

    /// Whether more than the result is wanted: `-v`.
    pub fn is_verbose(&self) -> bool {
        self.verbosity >= Verbosity::Verbose
    }

    /// Whether next steps are of use: to a person at a terminal, not in a pipe.
    pub fn suggests(&self) -> bool {
        self.verbosity >= Verbosity::Normal && Stream::Stdout.is_terminal()
    }

    /// What was done besides the result, such as a file that was written.
    pub fn message(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.line(&report::lines(text));
        }
    }

    /// Something that the user should know, though the run goes on.
    pub fn warning(&self, text: &str, hint: Option<&str>) {
        if self.verbosity < Verbosity::Normal {
            return;
        }
        let label = self.paint.on(WARNING, "warning:");
        self.line(&format!("{label} {}", report::lines(text)));
        if let Some(hint) = hint {
            let label = self.paint.on(HINT, "hint:");
            self.line(&format!("  {label} {}", report::lines(hint)));
        }
    }

    /// What failed, why, and what to do.
    pub fn report(&self, error: &dyn std::error::Error, hint: Option<&str>) {
        self.clear();
        self.line(report::report(error, hint, self.paint).trim_end());
    }

    /// Begins work of unknown length.
    pub fn begin(&self, label: &str) -> Box<dyn Task> {
        self.task(label, None)
    }

    /// Takes every bar off the screen.
    pub fn clear(&self) {
        self.bars.clear();
    }

    /// A line above the bars. Nobody is left to tell when stderr is closed.
    fn line(&self, text: &str) {
        self.bars.above(|| {
            let _ = writeln!(io::stderr().lock(), "{text}");
        });
    }
}

impl Progress for Ui {
    fn task(&self, label: &str, total: Option<u64>) -> Box<dyn Task> {
        Box::new(
            self.bars
                .task(&escape(label), total, self.verbosity >= Verbosity::Verbose),
        )
    }

    fn note(&self, text: &str) {
        self.message(text);
    }

    fn detail(&self, text: &str) {
        if self.verbosity >= Verbosity::Verbose {
            self.line(&escape(text));
        }
    }

    fn trace(&self, text: &str) {
        if self.verbosity >= Verbosity::Trace {
            self.line(&self.paint.on(DIM, &escape(text)));
        }
    }
}

/// Whether the locale's text is UTF-8; where none is set, it is.
fn is_utf8() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    set.is_none_or(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}

/// Leaves the terminal clean when Ctrl-C ends the program.
pub fn interrupted() {
    if let Some(bars) = DRAWN.get() {
        bars.clear();
    }
}

/// Puts style on text, or leaves it plain.
#[derive(Debug, Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn on(self, style: Style, text: &str) -> String {
        if self.0 {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}
