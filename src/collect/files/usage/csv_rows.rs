//! CSV, one row a sample.

use std::cell::Cell;
use std::io::{self, Read};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread;

use csv::{ByteRecord, ErrorKind, ReaderBuilder};

use super::Reading;
use super::cells;
use super::days::Place;
use super::header::Header;
use crate::collect::files::ImportError;

/// What is read at a time, in bytes.
const BUFFER: usize = 1 << 17;
/// Rows that go to the other thread together, and how many such batches may wait there.
const BATCH: usize = 2_048;
const WAITING: usize = 2;
/// What one row may have at most, in bytes; a name has at most 253.
const LONGEST_ROW: usize = 1 << 20;

/// Fails where a row does not end.
struct Bounded<'a, R> {
    source: R,
    /// What was read since the last row.
    taken: &'a Cell<usize>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken.get() > LONGEST_ROW {
            let text = format!("a row of more than {} MiB", LONGEST_ROW >> 20);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        let read = self.source.read(buffer)?;
        self.taken.set(self.taken.get() + read);
        Ok(read)
    }
}

/// Reads the rows of a table with a header: splits them on this thread, and takes them on
/// another.
pub(super) fn read(reading: &mut Reading<'_>, source: impl Read) -> Result<(), ImportError> {
    let taken = Cell::new(0);
    let mut rows = ReaderBuilder::new()
        .flexible(true)
        .buffer_capacity(BUFFER)
        .from_reader(Bounded {
            source,
            taken: &taken,
        });
    let names: Vec<String> = match rows.byte_headers() {
        Ok(header) => header.iter().map(column_name).collect(),
        Err(error) => return Err(failed(reading.path, error)),
    };
    let header = Header::of(&names).map_err(|problem| ImportError::Columns {
        path: reading.path.to_owned(),
        problem,
    })?;
    reading.begin(&header);
    let (path, width) = (reading.path, names.len());
    let (sender, receiver) = sync_channel(WAITING);
    let (back, spare) = channel();
    thread::scope(|scope| {
        let taking = scope.spawn(|| take(reading, (&header, width), receiver, &back));
        let mut split = Ok(true);
        while let Ok(true) = split {
            let mut batch: Vec<ByteRecord> = spare.try_recv().unwrap_or_default();
            batch.resize_with(BATCH, ByteRecord::new);
            let mut filled = 0;
            while filled < BATCH && matches!(split, Ok(true)) {
                split = rows.read_byte_record(&mut batch[filled]);
                taken.set(0);
                filled += usize::from(matches!(split, Ok(true)));
            }
            batch.truncate(filled);
            if sender.send(batch).is_err() {
                // A row was bad, which is what is told.
                break;
            }
        }
        drop(sender);
        // What rows say is told before what is behind them.
        taking.join().unwrap_or_else(|panic| resume_unwind(panic))?;
        split.map(|_| ()).map_err(|error| failed(path, error))
    })
}

/// Takes the rows of batches in their order, and hands what held them back.
fn take(
    reading: &mut Reading<'_>,
    (header, width): (&Header, usize),
    batches: Receiver<Vec<ByteRecord>>,
    back: &Sender<Vec<ByteRecord>>,
) -> Result<(), ImportError> {
    let mut values = vec![f32::NAN; header.numbers.len()];
    for batch in batches {
        for row in &batch {
            let line = row.position().map_or(0, csv::Position::line);
            if let Err((column, problem)) = one(reading, header, row, width, &mut values) {
                reading.bad(line, column + 1, problem)?;
            }
            reading.kept(1)?;
        }
        // Whoever splits may have ended.
        let _ = back.send(batch);
    }
    Ok(())
}

/// Keeps one row; fails with the column, from 0, and what is wrong there.
fn one(
    reading: &mut Reading<'_>,
    header: &Header,
    row: &ByteRecord,
    width: usize,
    values: &mut [f32],
) -> Result<(), (usize, String)> {
    if row.len() != width {
        let (found, last) = (row.len(), row.len().min(width).saturating_sub(1));
        let noun = if found == 1 { "column" } else { "columns" };
        return Err((
            last,
            format!("the row has {found} {noun}, the header {width}"),
        ));
    }
    let name = |place: usize, what: &str| cells::name(&row[place], what).map_err(|p| (place, p));
    let namespace = name(header.names[0], "namespace")?;
    let pod = name(header.names[1], "pod")?;
    let container = name(header.names[2], "container")?;
    let time = cells::time(&row[header.timestamp]).map_err(|p| (header.timestamp, p))?;
    for (value, (column, place)) in values.iter_mut().zip(&header.numbers) {
        let cell = &row[*place];
        *value = match cells::number(cell) {
            Ok(number) => number,
            Err(_) if column.is_of_devices() && cells::is_no_reading(cell) => cells::IMPOSSIBLE,
            Err(problem) => return Err((*place, format!("`{}`: {problem}", column.name()))),
        };
    }
    let columns = header.numbers.iter().map(|(column, _)| *column);
    let place = Place {
        file: reading.file,
        line: row.position().map_or(0, csv::Position::line),
        column: header.timestamp,
        time,
    };
    let device = |place: usize| cells::name_or_none(&row[place], "device").map_err(|p| (place, p));
    let device = header.device.map_or(Ok(""), device)?;
    let names = [namespace, pod, container];
    reading.row((names, device), place, columns.zip(values.iter().copied()));
    Ok(())
}

fn column_name(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).trim().to_owned()
}

fn failed(path: &Path, error: csv::Error) -> ImportError {
    let text = error.to_string();
    ImportError::Read {
        path: path.to_owned(),
        source: match error.into_kind() {
            ErrorKind::Io(source) => source,
            _ => io::Error::new(io::ErrorKind::InvalidData, text),
        },
    }
}
