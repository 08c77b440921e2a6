//! Tables of usage, whatever their form, into samples on one grid.

mod cells;
mod csv_rows;
mod days;
mod devices;
mod grid;
mod header;
mod parquet_rows;
mod rows;
mod samples;
mod times;
mod waiting;

use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::Path;

use super::input::{self, Bytes};
use super::{FileOptions, Foreign, ImportError};
use crate::collect::devices::OfContainers;
use crate::collect::usage::stays_in_memory;
use crate::collect::{Column, Scope, UsageBuilder};
use crate::progress::{Progress, Task};
use crate::snapshot::parquet::Source;
use crate::snapshot::{Gap, check_room};
use days::{Days, Place, Strays};
use header::Header;
use jiff::Timestamp;
use samples::{Recall, Samples};
use waiting::Waiting;

pub(super) use header::REQUIRED;

/// What the usage files hold.
pub(super) struct Found {
    pub(super) builder: UsageBuilder,
    pub(super) newest: Timestamp,
    /// What single devices did, slot by slot.
    pub(super) devices: OfContainers,
}

/// What a reader of rows needs, and what it has read.
struct Reading<'a> {
    path: &'a Path,
    scope: &'a Scope,
    lenient: bool,
    samples: Samples,
    /// Bytes of samples that all readers hold together at most, and where the rest waits.
    most: usize,
    waiting: Waiting,
    days: Days,
    /// Which of the files this is.
    file: usize,
    skipped: Skipped,
    /// Rows read so far, good or bad.
    rows: u64,
    /// How many read at a time.
    readers: usize,
    /// What the samples of one row take, in bytes.
    row: usize,
    /// Whether some files have no CPU, and no memory.
    lacks: [bool; 2],
}

/// Rows read between two looks at how much memory there is.
const ROWS_A_CHECK: u64 = 1 << 16;
/// What has to be left for all else, in bytes.
const LEAST_ROOM: u64 = 64 << 20;

/// Rows that `--lenient` passes over.
#[derive(Default)]
struct Skipped {
    rows: u64,
    /// The line of the first, and what is wrong there.
    first: Option<(u64, String)>,
}

/// Reads all files; `None` where there is no sample at all. Of samples so many bytes are held,
/// where `held` says so: the rest waits in a temporary file.
pub(super) fn read(
    options: &FileOptions,
    held: Option<u64>,
    progress: &dyn Progress,
) -> Result<(Option<Found>, Vec<Gap>), ImportError> {
    let sizes = options.usage.iter().filter_map(|path| path.metadata().ok());
    let total: u64 = sizes.map(|file| file.len()).sum();
    let task = progress.task("reading usage", (total > 0).then_some(total));
    let waiting = Waiting::default();
    let most = held.map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX));
    let mut reading = Reading {
        path: Path::new(""),
        scope: &options.scope,
        lenient: options.lenient,
        samples: Samples::holding(most, 1, &waiting),
        most,
        waiting: waiting.clone(),
        days: Days::default(),
        file: 0,
        skipped: Skipped::default(),
        rows: 0,
        readers: 1,
        row: 0,
        lacks: [false; 2],
    };
    let mut gaps = Vec::new();
    for (file, path) in options.usage.iter().enumerate() {
        (reading.path, reading.file) = (path, file);
        read_file(&mut reading, &*task)?;
        gaps.extend(std::mem::take(&mut reading.skipped).gap(path));
        let rows = reading.rows;
        progress.detail(&format!("rows of usage up to {}: {rows}", path.display()));
    }
    gaps.extend(lacking(reading.lacks));
    if let Some(error) = waiting.unwritten() {
        progress.detail(&stays_in_memory(error));
    }
    let Reading { samples, days, .. } = reading;
    let mut recall = Recall {
        waiting,
        times: None,
    };
    if let Some(torn) = days.torn(options.window) {
        if let Some(strays) = &torn.strays {
            gaps.push(skip(strays, &torn.history, options)?);
        }
        recall.times = Some(torn.history);
    }
    let found = grid::place((samples, &recall), options.step, options.window, held)?;
    Ok(match found {
        Some((found, mixed)) => {
            gaps.extend(mixed);
            (Some(found), gaps)
        }
        None => (None, gaps),
    })
}

/// What files tell of devices alone.
fn lacking(lacks: [bool; 2]) -> Option<Gap> {
    let names = REQUIRED[4..].iter().zip(lacks).filter(|it| it.1);
    let names: Vec<String> = names.map(|it| format!("`{}`", it.0)).collect();
    let s = if names.len() > 1 { "s" } else { "" };
    let text = format!(
        "a file tells of GPUs and has no column{s} {}: how much of that is used is not known",
        names.join(", ")
    );
    let hint = "export CPU and memory of the same containers beside them";
    (!names.is_empty()).then(|| Gap::new("no-cpu-or-memory", "usage", text).hint(hint))
}

/// Wrong times would stretch the grid over years: an error, or a gap where bad
/// rows may be skipped.
fn skip(strays: &Strays, history: &Range<i64>, options: &FileOptions) -> Result<Gap, ImportError> {
    let first = strays.first;
    let path = &options.usage[first.file];
    let (days, side) = strays.distance(history);
    let time = grid::timestamp(first.time);
    let ends = [history.start, history.end - 1];
    let [from, until] = ends.map(|day| grid::timestamp(day).strftime("%F"));
    let problem = format!("`{time}` is {days} days {side} the rows of {from} to {until}");
    if !options.lenient {
        return Err(ImportError::Row {
            path: path.clone(),
            line: first.line,
            column: first.column + 1,
            problem,
        });
    }
    let noun = if strays.rows == 1 {
        "row is"
    } else {
        "rows are"
    };
    let text = format!(
        "{} {noun} more than {} days from all others and skipped, the first at line {} of {}: {problem}",
        strays.rows,
        days::LONGEST_HOLE,
        first.line,
        path.display()
    );
    Ok(Gap::new("bad-rows", "usage", text))
}

fn read_file(reading: &mut Reading<'_>, task: &dyn Task) -> Result<(), ImportError> {
    let path = reading.path;
    let fail = |source: io::Error| ImportError::Read {
        path: path.to_owned(),
        source,
    };
    // The content says what it is, so that a name cannot lie and stdin needs none.
    let raw = input::open(path, task).and_then(|raw| input::peek(raw, 8));
    let (start, raw) = raw.map_err(fail)?;
    match Foreign::starting(&start) {
        Some(Foreign::Parquet) => {
            let table = table(path, raw).map_err(fail)?;
            parquet_rows::read(reading, table)
        }
        Some(foreign) => Err(foreign.of(path)),
        None => {
            let text = input::unpacked(raw)
                .and_then(input::decoded)
                .map_err(fail)?;
            csv_rows::read(reading, text)
        }
    }
}

/// What can be read from its end too, as Parquet must be.
fn table(path: &Path, mut raw: Bytes<'_>) -> io::Result<Source> {
    if path != Path::new("-") {
        return File::open(path).map(Source::File);
    }
    let mut whole = Vec::new();
    raw.read_to_end(&mut whole)?;
    Ok(Source::memory(whole))
}

impl<'a> Reading<'a> {
    /// Another reader of the same file, of so many.
    fn beside(&self, readers: usize) -> Reading<'a> {
        Reading {
            samples: Samples::holding(self.most, readers, &self.waiting),
            waiting: self.waiting.clone(),
            readers,
            days: Days::default(),
            skipped: Skipped::default(),
            rows: 0,
            ..*self
        }
    }

    /// Notes what a file has, and what not.
    fn begin(&mut self, header: &Header) {
        // A time and each number; the time mostly less.
        self.row = (1 + header.numbers.len()) * size_of::<f32>();
        for (own, lacks) in self.lacks.iter_mut().zip(header.lacks) {
            *own |= lacks;
        }
    }

    /// Takes what another has read.
    fn join(&mut self, other: Self) {
        self.samples.join(other.samples);
        self.days.join(other.days);
        self.rows += other.rows;
        self.skipped.rows += other.skipped.rows;
        let both = self.skipped.first.take().into_iter();
        self.skipped.first = both.chain(other.skipped.first).min();
    }

    /// Keeps a row, unless it is out of scope.
    ///
    /// What is of one of several devices is put to that one, and all else to the container.
    fn row(
        &mut self,
        (names, device): ([&str; 3], &str),
        place: Place,
        values: impl Iterator<Item = (Column, f32)> + Clone,
    ) {
        if self.scope.namespace(names[0]) {
            self.days.add(place);
            if device.is_empty() {
                self.samples.open(names).add(place.time, values);
                return;
            }
            let of_device = values.clone().filter(|(column, _)| column.is_of_devices());
            self.samples
                .device(names, device)
                .add(place.time, of_device);
            let others = values.filter(|(column, _)| !column.is_of_devices());
            self.samples.open(names).add(place.time, others);
        } else {
            self.samples.beside = self.samples.beside.max(Some(place.time));
        }
    }

    /// Counts rows that were kept: what is too much to be held goes to the file. Fails where
    /// these and those to come until the next look have no room.
    fn kept(&mut self, rows: u64) -> Result<(), ImportError> {
        let bytes = usize::try_from(rows).unwrap_or(usize::MAX);
        self.samples.took(bytes.saturating_mul(self.row));
        let before = self.rows / ROWS_A_CHECK;
        self.rows += rows;
        if self.rows / ROWS_A_CHECK == before {
            return Ok(());
        }
        let readers = u64::try_from(self.readers).unwrap_or(u64::MAX);
        let held = self.samples.bytes().saturating_mul(readers);
        check_room(held + LEAST_ROOM).map_err(|problem| ImportError::Read {
            path: self.path.to_owned(),
            source: io::Error::new(io::ErrorKind::OutOfMemory, problem),
        })
    }

    /// Passes over a bad row where that is allowed.
    fn bad(&mut self, line: u64, column: usize, problem: String) -> Result<(), ImportError> {
        if self.lenient {
            self.skipped.rows += 1;
            let first = || (line, format!("line {line}, column {column}: {problem}"));
            self.skipped.first.get_or_insert_with(first);
            return Ok(());
        }
        Err(ImportError::Row {
            path: self.path.to_owned(),
            line,
            column,
            problem,
        })
    }
}

impl Skipped {
    fn gap(self, path: &Path) -> Option<Gap> {
        let (rows, (_, first)) = (self.rows, self.first?);
        let noun = if rows == 1 { "row is" } else { "rows are" };
        let text = format!("{rows} {noun} bad and skipped, the first at {first}");
        Some(Gap::new("bad-rows", path.display().to_string(), text))
    }
}
