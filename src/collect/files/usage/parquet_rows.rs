//! Parquet, one row a sample.

use std::fs::File;
use std::path::Path;

use jiff::Timestamp;
use polars::datatypes::ArrowDataType;
use polars::io::mmap::MmapBytesReader;
use polars::prelude::{
    ArrowSchema, ChunkedArray, DataFrame, DataType, Float64Type, Int64Type, PolarsResult,
    StringChunked, TimeUnit,
};
use rayon::prelude::*;

use super::Reading;
use super::cells;
use super::days::Place;
use super::header::Header;
use super::row_groups::{self, Groups};
use crate::collect::Column;
use crate::collect::files::ImportError;
use crate::snapshot::guarded;

/// Readers of one table at most: each holds a row group.
const MOST_READERS: usize = 4;

/// Reads the rows of a table, some row groups at a time, on all cores where it is a file.
pub(super) fn read(
    reading: &mut Reading<'_>,
    mut table: Box<dyn MmapBytesReader>,
) -> Result<(), ImportError> {
    let path = reading.path;
    let fail = |problem| ImportError::Parquet {
        path: path.to_owned(),
        problem,
    };
    let (metadata, schema) = guarded(|| row_groups::footer(&mut table)).map_err(fail)?;
    let names: Vec<String> = schema.iter_names().map(ToString::to_string).collect();
    let header = Header::of(&names).map_err(|problem| ImportError::Columns {
        path: path.to_owned(),
        problem,
    })?;
    if let Some(problem) = strange(&schema, &names, &header) {
        return Err(fail(problem));
    }
    let places = header.names.iter().chain([&header.timestamp]);
    let places = places.chain(header.numbers.iter().map(|(_, place)| place));
    let columns: Vec<String> = places.map(|place| names[*place].clone()).collect();
    let groups = Groups {
        metadata,
        schema,
        columns,
    };
    // Standard input is there once.
    let more = if path == Path::new("-") {
        0
    } else {
        rayon::current_num_threads().min(MOST_READERS) - 1
    };
    let mut readers = vec![(reading.beside(), table)];
    for table in (0..more).filter_map(|_| File::open(path).ok()) {
        readers.push((reading.beside(), Box::new(table)));
    }
    let count = readers.len();
    for (reading, _) in &mut readers {
        reading.readers = count as u64;
    }
    // A part each, and then the next, so that the first bad row is the first that is told.
    for parts in groups.parts().chunks(count) {
        let each = readers.par_iter_mut().zip(parts);
        let read = each.map(|((reading, table), part)| {
            let batch = guarded(|| {
                let rows = groups.rows(table, part)?;
                Batch::of(&rows, &header).map_err(|error| error.to_string())
            });
            fold(reading, &header, &batch.map_err(fail)?, part.start)
        });
        let read: Vec<Result<(), ImportError>> = read.collect();
        read.into_iter().collect::<Result<(), ImportError>>()?;
    }
    for (more, _) in readers {
        reading.join(more);
    }
    Ok(())
}

/// Takes the rows of a batch, of which `before` stand before it.
fn fold(
    reading: &mut Reading<'_>,
    header: &Header,
    batch: &Batch,
    before: usize,
) -> Result<(), ImportError> {
    let mut row = 0;
    while row < batch.rows {
        let names = batch.names(row);
        let alike = (row + 1..batch.rows).take_while(|other| batch.names(*other) == names);
        let end = row + 1 + alike.count();
        let checked = checked(header, names);
        for row in row..end {
            // Row 1 is the first: a table of numbers has no header line.
            let line = u64::try_from(before + row + 1).unwrap_or(u64::MAX);
            let time = || batch.times.get(row).map_err(|p| (header.timestamp, p));
            match checked.clone().and_then(|names| Ok((names, time()?))) {
                Ok((names, time)) => {
                    let place = Place {
                        file: reading.file,
                        line,
                        column: header.timestamp,
                        time,
                    };
                    reading.row(names, place, batch.values(header, row));
                }
                Err((column, problem)) => reading.bad(line, column + 1, problem)?,
            }
        }
        reading.check_room((end - row) as u64)?;
        row = end;
    }
    Ok(())
}

/// Names that name a container; fails with the column, from 0, and what is wrong there.
fn checked<'a>(
    header: &Header,
    [namespace, pod, container]: [&'a str; 3],
) -> Result<[&'a str; 3], (usize, String)> {
    let name = |at: usize, text: &'a str, what: &str| {
        cells::name(text.as_bytes(), what).map_err(|problem| (header.names[at], problem))
    };
    Ok([
        name(0, namespace, "namespace")?,
        name(1, pod, "pod")?,
        name(2, container, "container")?,
    ])
}

/// Says which column has a type that cannot be read as what it should be.
fn strange(schema: &ArrowSchema, names: &[String], header: &Header) -> Option<String> {
    let kind = |place: usize| schema.get(&names[place]).map(|field| &field.dtype);
    let number = |place: &usize| kind(*place).is_some_and(is_number);
    let text = |place: &usize| kind(*place).is_some_and(is_text);
    let time = |place: &usize| {
        let dated = matches!(kind(*place), Some(ArrowDataType::Timestamp(_, _)));
        dated || number(place) || text(place)
    };
    let numbers = || header.numbers.iter().map(|(_, place)| place);
    let (place, what) = (header
        .names
        .iter()
        .find(|place| !text(place))
        .map(|p| (p, "text")))
    .or_else(|| Some((&header.timestamp, "a time")).filter(|(place, _)| !time(place)))
    .or_else(|| {
        numbers()
            .find(|place| !number(place))
            .map(|p| (p, "a number"))
    })?;
    Some(format!("its column `{}` is not {what}", names[*place]))
}

fn is_text(kind: &ArrowDataType) -> bool {
    use ArrowDataType::{LargeUtf8, Utf8, Utf8View};
    matches!(kind, Utf8 | LargeUtf8 | Utf8View)
}

fn is_number(kind: &ArrowDataType) -> bool {
    use ArrowDataType::{
        Float32, Float64, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64,
    };
    let whole = matches!(
        kind,
        Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64
    );
    whole || matches!(kind, Float32 | Float64)
}

/// The columns of some rows, in the types that are read.
struct Batch {
    rows: usize,
    names: [StringChunked; 3],
    times: Times,
    numbers: Vec<ChunkedArray<Float64Type>>,
}

/// Times in whichever form the file has them.
enum Times {
    /// Since 1970, and how many are a second.
    Since(ChunkedArray<Int64Type>, i64),
    Seconds(ChunkedArray<Float64Type>),
    Text(StringChunked),
}

impl Batch {
    fn of(batch: &DataFrame, header: &Header) -> PolarsResult<Self> {
        let text = |name: &str| {
            let column = batch.column(name)?.cast(&DataType::String)?;
            PolarsResult::Ok(column.str()?.rechunk().into_owned())
        };
        let mut numbers = Vec::new();
        for (column, _) in &header.numbers {
            let column = batch.column(column.name())?.cast(&DataType::Float64)?;
            numbers.push(column.f64()?.rechunk().into_owned());
        }
        let times = batch.column("timestamp")?;
        Ok(Self {
            rows: batch.height(),
            names: [text("namespace")?, text("pod")?, text("container")?],
            times: match times.dtype() {
                DataType::Datetime(unit, _) => {
                    let since = times.to_physical_repr().cast(&DataType::Int64)?;
                    let second = match unit {
                        TimeUnit::Nanoseconds => 1_000_000_000,
                        TimeUnit::Microseconds => 1_000_000,
                        TimeUnit::Milliseconds => 1_000,
                    };
                    Times::Since(since.i64()?.rechunk().into_owned(), second)
                }
                DataType::String => Times::Text(text("timestamp")?),
                _ => {
                    let seconds = times.cast(&DataType::Float64)?;
                    Times::Seconds(seconds.f64()?.rechunk().into_owned())
                }
            },
            numbers,
        })
    }
}

impl Batch {
    /// Namespace, pod and container of a row; empty where there is none.
    fn names(&self, row: usize) -> [&str; 3] {
        self.names
            .each_ref()
            .map(|names| names.get(row).unwrap_or_default())
    }

    fn values(&self, header: &Header, row: usize) -> impl Iterator<Item = (Column, f32)> {
        let columns = header.numbers.iter().map(|(column, _)| *column);
        let value = move |numbers: &ChunkedArray<Float64Type>| {
            numbers.get(row).map_or(f32::NAN, cells::sample)
        };
        columns.zip(self.numbers.iter().map(value))
    }
}

impl Times {
    fn get(&self, row: usize) -> Result<i64, String> {
        let empty = || "the timestamp is empty".to_owned();
        match self {
            Self::Since(since, second) => {
                let since = since.get(row).ok_or_else(empty)?;
                let time = Timestamp::from_second(since.div_euclid(*second));
                cells::likely(time.map_err(|error| error.to_string())?)
            }
            Self::Seconds(seconds) => cells::whole_seconds(seconds.get(row).ok_or_else(empty)?),
            Self::Text(texts) => cells::time(texts.get(row).ok_or_else(empty)?.as_bytes()),
        }
    }
}
