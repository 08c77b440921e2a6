//! Parquet, one row a sample.

use std::io::SeekFrom;
use std::sync::Arc;

use jiff::Timestamp;
use polars::datatypes::ArrowDataType;
use polars::io::mmap::MmapBytesReader;
use polars::prelude::{
    ArrowSchema, ChunkedArray, DataFrame, DataType, FileMetadata, Float64Type, Int64Type,
    ParquetReader, PolarsResult, SerReader, StringChunked, TimeUnit,
};

use super::Reading;
use super::cells;
use super::days::Place;
use super::header::Header;
use crate::collect::files::ImportError;
use crate::snapshot::{check_footer, check_room, guarded};

/// Rows that are in memory at a time.
const ROWS: usize = 1 << 18;

/// Reads the rows of a table, some row groups at a time.
pub(super) fn read(
    reading: &mut Reading<'_>,
    mut table: Box<dyn MmapBytesReader>,
) -> Result<(), ImportError> {
    let path = reading.path.to_owned();
    let fail = |problem| ImportError::Parquet {
        path: path.clone(),
        problem,
    };
    let (metadata, schema) = guarded(|| footer(&mut table)).map_err(fail)?;
    let names: Vec<String> = schema.iter_names().map(ToString::to_string).collect();
    let header = Header::of(&names).map_err(|problem| ImportError::Columns {
        path: path.clone(),
        problem,
    })?;
    let read: Vec<String> = header
        .names
        .iter()
        .chain([&header.timestamp])
        .chain(header.numbers.iter().map(|(_, place)| place))
        .map(|place| names[*place].clone())
        .collect();
    if let Some(problem) = strange(&schema, &names, &header) {
        return Err(ImportError::Parquet { path, problem });
    }
    let mut from = 0;
    while from < metadata.num_rows {
        let rows = || rows(&mut table, &metadata, &read, from);
        let batch = guarded(rows).map_err(fail)?;
        if batch.height() == 0 {
            return Ok(());
        }
        let columns =
            guarded(|| Batch::of(&batch, &header).map_err(|e| e.to_string())).map_err(fail)?;
        for row in 0..batch.height() {
            // Row 1 is the first: a table of numbers has no header line.
            let line = u64::try_from(from + row + 1).unwrap_or(u64::MAX);
            if let Err((column, problem)) = one(reading, &header, &columns, row, line) {
                reading.bad(line, column + 1, problem)?;
            }
            reading.check_room()?;
        }
        from += batch.height();
    }
    Ok(())
}

/// What the end of a file says of it.
fn footer(
    table: &mut Box<dyn MmapBytesReader>,
) -> Result<(Arc<FileMetadata>, Arc<ArrowSchema>), String> {
    let size = table.seek(SeekFrom::End(0)).map_err(|e| e.to_string())?;
    let mut reader = ParquetReader::new(table);
    let metadata = plain(reader.get_metadata().map_err(|e| e.to_string())?);
    check_footer(&metadata, size)?;
    reader.set_metadata(metadata.clone());
    let schema = reader.schema().map_err(|e| e.to_string())?;
    Ok((metadata, schema))
}

/// [`ROWS`] rows from one on, as far as there are so many.
fn rows(
    table: &mut Box<dyn MmapBytesReader>,
    metadata: &Arc<FileMetadata>,
    columns: &[String],
    from: usize,
) -> Result<DataFrame, String> {
    check_room(unpacked(metadata, from))?;
    let mut reader = ParquetReader::new(table)
        .with_columns(Some(columns.to_vec()))
        .with_slice(Some((from, ROWS)));
    reader.set_metadata(metadata.clone());
    reader.finish().map_err(|e| e.to_string())
}

/// What the row groups of these rows take, in bytes, by what they say.
fn unpacked(metadata: &FileMetadata, from: usize) -> u64 {
    let mut start = 0;
    let mut bytes = 0_u64;
    for group in &metadata.row_groups {
        let end = start + group.num_rows();
        if start < from + ROWS && end > from {
            let columns = group.parquet_columns().iter();
            let sizes = columns.map(|column| column.uncompressed_size().cast_unsigned());
            bytes = sizes.fold(bytes, u64::saturating_add);
        }
        start = end;
    }
    bytes
}

/// Without the types that Arrow notes beside the table: what pandas calls a
/// category is plain text in Parquet.
fn plain(metadata: &FileMetadata) -> Arc<FileMetadata> {
    let mut metadata = metadata.clone();
    metadata.key_value_metadata = None;
    Arc::new(metadata)
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

/// Keeps one row; fails with the column, from 0, and what is wrong there.
fn one(
    reading: &mut Reading<'_>,
    header: &Header,
    batch: &Batch,
    row: usize,
    line: u64,
) -> Result<(), (usize, String)> {
    let name = |place: usize, what: &str| {
        let text = batch.names[place].get(row).unwrap_or_default();
        cells::name(text.as_bytes(), what).map_err(|problem| (header.names[place], problem))
    };
    let names = [
        name(0, "namespace")?,
        name(1, "pod")?,
        name(2, "container")?,
    ];
    let time = batch.times.get(row).map_err(|p| (header.timestamp, p))?;
    let value =
        |numbers: &ChunkedArray<Float64Type>| numbers.get(row).map_or(f32::NAN, cells::sample);
    let columns = header.numbers.iter().map(|(column, _)| *column);
    let place = Place {
        file: reading.file,
        line,
        column: header.timestamp,
        time,
    };
    reading.row(names, place, columns.zip(batch.numbers.iter().map(value)));
    Ok(())
}
