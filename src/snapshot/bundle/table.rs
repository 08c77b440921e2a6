//! `usage.parquet`: sorted by series and time, a few row groups at a time.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::ops::Range;

use polars::prelude::{
    Column, DataFrame, FileMetadata, FileMetadataRef, Float32Chunked, IdxCa, Int64Chunked,
    IntoColumn, IntoSeries, NewChunkedArray, ParquetCompression, ParquetReader, ParquetWriter,
    PolarsResult, SerReader, StringChunked, TimeUnit, TimeZone,
};

use super::super::guard::{check_footer, guarded};
use super::super::{Grid, Metric, Series, Values, Workload};
use super::manifest::SeriesHead;

/// Rows that are in memory at a time, and rows of a row group: about what `DuckDB`
/// writes, and 15 MB as columns of names, time and numbers.
const ROWS: usize = 1 << 17;
/// Rows that are read at a time at most.
const MOST_ROWS: usize = 1 << 20;
/// Rows of the row groups that are unpacked side by side at most.
const TOGETHER: usize = 4 * ROWS;

/// Rows of one series that go into a batch.
struct Piece<'a> {
    series: &'a Series,
    from: usize,
    to: usize,
}

/// Writes all series, `ROWS` rows at a time.
pub(super) fn write(
    out: impl Write + Send,
    series: &[Series],
    workloads: &[Workload],
    grid: &Grid,
) -> PolarsResult<()> {
    let metrics = metrics(series.iter().flat_map(|s| s.more.keys().copied()));
    let empty = frame(&[], workloads, grid, &metrics)?;
    let mut writer = ParquetWriter::new(out)
        .with_compression(ParquetCompression::Zstd(None))
        .with_row_group_size(Some(ROWS))
        .batched(empty.schema())?;
    // The next rows are made ready while those before are packed.
    let frame = |batch: &[Piece<'_>]| frame(batch, workloads, grid, &metrics);
    let mut ready: Option<DataFrame> = None;
    for batch in batches(series) {
        let mut pack = |rows: &Option<DataFrame>| match rows {
            Some(rows) => writer.write_batch(rows),
            None => Ok(()),
        };
        let (packed, next) = rayon::join(|| pack(&ready), || frame(&batch));
        packed?;
        ready = Some(next?);
    }
    if let Some(rows) = ready {
        writer.write_batch(&rows)?;
    }
    writer.finish()?;
    Ok(())
}

/// The rows of all series, [`ROWS`] in each batch.
fn batches(series: &[Series]) -> Vec<Vec<Piece<'_>>> {
    let mut batches = Vec::new();
    let mut batch = Vec::new();
    let mut rows = 0;
    for one in series {
        let mut from = 0;
        while from < one.len() {
            let to = one.len().min(from + ROWS - rows);
            batch.push(Piece {
                series: one,
                from,
                to,
            });
            rows += to - from;
            from = to;
            if rows == ROWS {
                batches.push(std::mem::take(&mut batch));
                rows = 0;
            }
        }
    }
    if rows > 0 {
        batches.push(batch);
    }
    batches
}

/// The metrics that occur, in the order of [`Metric::ALL`].
fn metrics(found: impl Iterator<Item = Metric>) -> Vec<Metric> {
    let found: BTreeSet<Metric> = found.collect();
    Metric::ALL
        .into_iter()
        .filter(|metric| found.contains(metric))
        .collect()
}

fn frame(
    batch: &[Piece<'_>],
    workloads: &[Workload],
    grid: &Grid,
    metrics: &[Metric],
) -> PolarsResult<DataFrame> {
    let mut columns = names(batch, workloads)?;
    columns.push(times(batch, grid));
    columns.push(numbers("cpu_cores", batch, |s| {
        Some(Cow::Borrowed(&s.cpu_cores))
    }));
    columns.push(numbers("memory_bytes", batch, |s| {
        Some(Cow::Borrowed(&s.memory_bytes))
    }));
    for metric in metrics {
        columns.push(numbers(metric.column(), batch, |s| {
            Some(s.more.get(metric)?.every())
        }));
    }
    DataFrame::new_infer_height(columns)
}

/// Names are written once a piece and then repeated, which copies no text.
fn names(batch: &[Piece<'_>], workloads: &[Workload]) -> PolarsResult<Vec<Column>> {
    let workload = |piece: &Piece<'_>| {
        let place = usize::try_from(piece.series.workload).ok()?;
        workloads.get(place).map(|workload| &workload.id)
    };
    let column = |name: &str, text: &dyn Fn(&Piece<'_>) -> Option<String>| {
        let texts = batch.iter().map(text);
        StringChunked::from_iter_options(name.into(), texts).into_column()
    };
    let once = DataFrame::new_infer_height(vec![
        column("namespace", &|p| Some(workload(p)?.namespace.clone())),
        column("workload_kind", &|p| Some(workload(p)?.kind.clone())),
        column("workload", &|p| Some(workload(p)?.name.clone())),
        column("pod", &|p| Some(p.series.pod.clone())),
        column("container", &|p| Some(p.series.container.clone())),
    ])?;
    let places = (0_u32..).zip(batch);
    let rows = places.flat_map(|(place, piece)| (piece.from..piece.to).map(move |_| place));
    let rows = IdxCa::from_vec("".into(), rows.collect());
    Ok(once.take(&rows)?.into_columns())
}

fn times(batch: &[Piece<'_>], grid: &Grid) -> Column {
    let (start, step) = (
        grid.start.as_millisecond(),
        i64::from(grid.step.as_secs()) * 1000,
    );
    let times = batch.iter().flat_map(|piece| {
        let first = i64::from(piece.series.first);
        let slot = move |row: usize| first + i64::try_from(row).unwrap_or(0);
        (piece.from..piece.to).map(move |row| start + slot(row) * step)
    });
    Int64Chunked::from_vec("time".into(), times.collect())
        .into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC))
        .into_series()
        .into_column()
}

/// A missing sample is a null in the file.
fn numbers(
    name: &str,
    batch: &[Piece<'_>],
    column: impl Fn(&Series) -> Option<Cow<'_, [f32]>>,
) -> Column {
    let values = batch.iter().flat_map(|piece| {
        let values = column(piece.series);
        (piece.from..piece.to).map(move |row| {
            let value = values.as_ref().and_then(|values| values.get(row)).copied();
            value.filter(|value| !value.is_nan())
        })
    });
    Float32Chunked::from_iter_options(name.into(), values).into_column()
}

/// A table whose end is read, and of which any series can be.
#[derive(Debug)]
pub(super) struct Table {
    file: File,
    metadata: FileMetadataRef,
    metrics: Vec<Metric>,
    pub(super) heads: Vec<SeriesHead>,
    /// The row that each series begins at, and the number of all.
    starts: Vec<usize>,
}

impl Table {
    /// Fails with a text when the table does not fit the heads, or is no table.
    pub(super) fn open(file: File, heads: Vec<SeriesHead>) -> Result<Self, String> {
        guarded(|| Self::open_checked(file, heads))
    }

    fn open_checked(mut file: File, heads: Vec<SeriesHead>) -> Result<Self, String> {
        let size = file.metadata().map_err(|error| error.to_string())?.len();
        let metadata = ParquetReader::new(&mut file)
            .get_metadata()
            .map_err(|error| error.to_string())?
            .clone();
        check_footer(&metadata, size)?;
        let mut starts = vec![0_usize];
        for head in &heads {
            starts.push(starts[starts.len() - 1].saturating_add(rows(head)));
        }
        let rows = starts[heads.len()];
        if rows != metadata.num_rows {
            return Err(format!(
                "it has {} rows, and {rows} are expected",
                metadata.num_rows
            ));
        }
        Ok(Self {
            metrics: metrics(heads.iter().flat_map(|head| head.more.iter().copied())),
            file,
            metadata,
            heads,
            starts,
        })
    }

    /// The series of some heads.
    pub(super) fn read(&self, heads: Range<usize>) -> Result<Vec<Series>, String> {
        guarded(|| self.read_checked(heads))
    }

    fn read_checked(&self, heads: Range<usize>) -> Result<Vec<Series>, String> {
        let fail = |error: polars::prelude::PolarsError| error.to_string();
        let mut columns = vec!["cpu_cores".to_owned(), "memory_bytes".to_owned()];
        columns.extend(self.metrics.iter().map(|it| it.column().to_owned()));
        let wanted = self.starts[heads.start]..self.starts[heads.end];
        let mut filling = Filling::new(&self.heads[heads]);
        let mut file = self.file.try_clone().map_err(|error| error.to_string())?;
        let mut at = wanted.start;
        for (start, end) in slices(&self.metadata) {
            let (start, end) = (start.max(wanted.start), end.min(wanted.end));
            if start >= end {
                continue;
            }
            let mut reader = ParquetReader::new(&mut file)
                .with_columns(Some(columns.clone()))
                .with_slice(Some((start, end - start)));
            reader.set_metadata(self.metadata.clone());
            let batch = reader.finish().map_err(fail)?;
            at += batch.height();
            filling.add(&batch, &self.metrics).map_err(fail)?;
        }
        if at != wanted.end {
            let rows = self.metadata.num_rows;
            return Err(format!("it ends after {at} of {rows} rows"));
        }
        Ok(filling.series)
    }
}

/// A few row groups at a time, which are unpacked side by side, and of those that others
/// wrote larger no more than [`MOST_ROWS`].
fn slices(metadata: &FileMetadata) -> Vec<(usize, usize)> {
    let mut slices: Vec<(usize, usize)> = Vec::new();
    let mut from = 0;
    for group in &metadata.row_groups {
        let end = from + group.num_rows();
        match slices.last_mut() {
            Some(slice) if end - slice.0 <= TOGETHER => slice.1 = end,
            _ => {
                let parts = (from..end).step_by(MOST_ROWS);
                slices.extend(parts.map(|part| (part, end.min(part + MOST_ROWS))));
            }
        }
        from = end;
    }
    slices
}

/// Series that rows are dealt out to, in order.
struct Filling {
    series: Vec<Series>,
    rows: Vec<usize>,
    /// The series that the next row belongs to.
    place: usize,
}

impl Filling {
    fn new(heads: &[SeriesHead]) -> Self {
        let rows = heads.iter().map(rows).collect();
        let empty = |head: &SeriesHead| Series {
            workload: head.workload,
            pod: head.pod.clone(),
            container: head.container.clone(),
            first: head.first,
            cpu_cores: Vec::new(),
            memory_bytes: Vec::new(),
            more: head
                .more
                .iter()
                .map(|metric| (*metric, Values::unknown(0)))
                .collect(),
        };
        Self {
            series: heads.iter().map(empty).collect(),
            rows,
            place: 0,
        }
    }

    fn add(&mut self, batch: &DataFrame, metrics: &[Metric]) -> PolarsResult<()> {
        let column = |name: &str| PolarsResult::Ok(dense(batch.column(name)?.f32()?));
        let cpu = column("cpu_cores")?;
        let memory = column("memory_bytes")?;
        let mut more = Vec::new();
        for metric in metrics {
            more.push((*metric, column(metric.column())?));
        }
        let mut from = 0;
        while from < batch.height() && self.place < self.series.len() {
            let rows = self.rows[self.place];
            let series = &mut self.series[self.place];
            let to = batch.height().min(from + rows - series.len());
            extend(&mut series.cpu_cores, &cpu[from..to], rows);
            extend(&mut series.memory_bytes, &memory[from..to], rows);
            for (metric, values) in &more {
                if let Some(held) = series.more.get_mut(metric) {
                    held.extend(&values[from..to]);
                }
            }
            from = to;
            if series.len() == rows {
                self.place += 1;
            }
        }
        Ok(())
    }
}

fn extend(held: &mut Vec<f32>, values: &[f32], rows: usize) {
    held.reserve_exact(rows - held.len());
    held.extend_from_slice(values);
}

/// Values with `NaN` for null.
fn dense(column: &Float32Chunked) -> Cow<'_, [f32]> {
    if let Ok(whole) = column.cont_slice() {
        return Cow::Borrowed(whole);
    }
    let mut dense = Vec::with_capacity(column.len());
    for chunk in column.downcast_iter() {
        let before = dense.len();
        dense.extend_from_slice(chunk.values());
        if let Some(known) = chunk.validity() {
            for (value, known) in dense[before..].iter_mut().zip(known.iter()) {
                if !known {
                    *value = f32::NAN;
                }
            }
        }
    }
    Cow::Owned(dense)
}

fn rows(head: &SeriesHead) -> usize {
    usize::try_from(head.rows).unwrap_or(usize::MAX)
}
