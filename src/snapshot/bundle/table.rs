//! `usage.parquet`: sorted by series and time, a few row groups at a time.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::super::guard::guarded;
use super::super::parquet::{Chunk, Column, ColumnKind, Footer, Part, Source, Writer};
use super::super::{Grid, Metric, Series, Values, Workload};
use super::manifest::SeriesHead;

/// Rows that are in memory at a time, and rows of a row group: about what `DuckDB`
/// writes, and 15 MB as columns of names, time and numbers.
const ROWS: usize = 1 << 17;
/// Rows of the row groups that are unpacked side by side at most.
const TOGETHER: usize = 4 * ROWS;

/// The columns of names, which come first.
const NAMES: [&str; 5] = ["namespace", "workload_kind", "workload", "pod", "container"];

/// Rows of one series that go into a batch.
struct Piece<'a> {
    series: &'a Series,
    from: usize,
    to: usize,
}

/// A table as it is written, from series that come in their order.
pub(super) struct Rows<'a, W: Write + Send> {
    writer: Writer<W>,
    workloads: &'a [Workload],
    grid: &'a Grid,
    metrics: Vec<Metric>,
    /// The next rows, made ready while those before are packed.
    ready: Vec<Column>,
    /// Rows that are fewer than a batch so far.
    rest: Vec<Series>,
}

impl<'a, W: Write + Send> Rows<'a, W> {
    /// Of a table with these metrics beside CPU and memory.
    pub(super) fn new(
        out: W,
        workloads: &'a [Workload],
        grid: &'a Grid,
        found: &BTreeSet<Metric>,
    ) -> io::Result<Self> {
        let metrics = metrics(found.iter().copied());
        Ok(Self {
            writer: Writer::new(out, &kinds(&metrics))?,
            workloads,
            grid,
            metrics,
            ready: Vec::new(),
            rest: Vec::new(),
        })
    }

    /// Writes these series, but for the last rows, which wait until they fill a batch.
    pub(super) fn add(&mut self, series: &[Series]) -> io::Result<()> {
        let before = std::mem::take(&mut self.rest);
        let (batches, rest) = batches(before.iter().chain(series));
        for batch in batches {
            self.write(&batch)?;
        }
        self.rest = rest.iter().map(Piece::alone).collect();
        Ok(())
    }

    /// Writes what is left, and the end.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.rest);
        let (_, rest) = batches(rest.iter());
        self.write(&rest)?;
        self.writer.write(&self.ready)?;
        self.writer.finish()
    }

    fn write(&mut self, batch: &[Piece<'_>]) -> io::Result<()> {
        let columns = || columns(batch, self.workloads, self.grid, &self.metrics);
        let (packed, next) = rayon::join(|| self.writer.write(&self.ready), columns);
        packed?;
        self.ready = next?;
        Ok(())
    }
}

impl Piece<'_> {
    /// A series of these rows alone.
    fn alone(&self) -> Series {
        let (series, rows) = (self.series, self.from..self.to);
        let more = series.more.iter();
        Series {
            workload: series.workload,
            pod: series.pod.clone(),
            container: series.container.clone(),
            first: series.first + u32::try_from(self.from).unwrap_or(0),
            cpu_cores: series.cpu_cores[rows.clone()].to_vec(),
            memory_bytes: series.memory_bytes[rows.clone()].to_vec(),
            more: more
                .map(|(metric, values)| (*metric, values.part(rows.clone())))
                .collect(),
        }
    }
}

/// The rows of all series, [`ROWS`] in each batch, and those that are left.
fn batches<'s>(series: impl Iterator<Item = &'s Series>) -> (Vec<Vec<Piece<'s>>>, Vec<Piece<'s>>) {
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
    (batches, batch)
}

/// The metrics that occur, in the order of [`Metric::ALL`].
fn metrics(found: impl Iterator<Item = Metric>) -> Vec<Metric> {
    let found: BTreeSet<Metric> = found.collect();
    Metric::ALL
        .into_iter()
        .filter(|metric| found.contains(metric))
        .collect()
}

/// The columns of the table, in order.
fn kinds(metrics: &[Metric]) -> Vec<(&'static str, ColumnKind)> {
    let names = NAMES.iter().map(|name| (*name, ColumnKind::Texts));
    let numbers = numbers(metrics).map(|name| (name, ColumnKind::Numbers));
    let times = ("time", ColumnKind::Times);
    names.chain([times]).chain(numbers).collect()
}

/// The columns that kcost itself reads.
fn numbers(metrics: &[Metric]) -> impl Iterator<Item = &'static str> {
    let more = metrics.iter().map(|metric| metric.column());
    ["cpu_cores", "memory_bytes"].into_iter().chain(more)
}

/// The rows of a batch, as the columns of [`kinds`].
fn columns(
    batch: &[Piece<'_>],
    workloads: &[Workload],
    grid: &Grid,
    metrics: &[Metric],
) -> io::Result<Vec<Column>> {
    let mut columns = names(batch, workloads)?;
    columns.push(times(batch, grid));
    columns.push(samples(batch, |s| Some(Cow::Borrowed(&s.cpu_cores))));
    columns.push(samples(batch, |s| Some(Cow::Borrowed(&s.memory_bytes))));
    for metric in metrics {
        columns.push(samples(batch, |s| Some(s.more.get(metric)?.every())));
    }
    Ok(columns)
}

fn names(batch: &[Piece<'_>], workloads: &[Workload]) -> io::Result<Vec<Column>> {
    let workload = |piece: &Piece<'_>| {
        let place = usize::try_from(piece.series.workload).ok()?;
        workloads.get(place).map(|workload| &workload.id)
    };
    let texts = NAMES.iter().map(|name| {
        Column::texts(batch.iter().map(|piece| {
            let text = match *name {
                "namespace" => workload(piece).map(|id| &*id.namespace),
                "workload_kind" => workload(piece).map(|id| &*id.kind),
                "workload" => workload(piece).map(|id| &*id.name),
                "pod" => Some(&*piece.series.pod),
                _ => Some(&*piece.series.container),
            };
            (text, piece.to - piece.from)
        }))
    });
    texts.collect()
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
    Column::times(times.collect())
}

/// A missing sample is a null in the file.
fn samples(batch: &[Piece<'_>], column: impl Fn(&Series) -> Option<Cow<'_, [f32]>>) -> Column {
    Column::numbers(batch.iter().flat_map(|piece| {
        let values = column(piece.series);
        (piece.from..piece.to).map(move |row| {
            let value = values.as_ref().and_then(|values| values.get(row));
            value.copied().unwrap_or(f32::NAN)
        })
    }))
}

/// A table whose end is read, and of which any series can be.
#[derive(Debug)]
pub(super) struct Table {
    /// One reads at a time, as the place in a file is one for all.
    source: Mutex<Source>,
    footer: Box<Footer>,
    metrics: Vec<Metric>,
    pub(super) heads: Vec<SeriesHead>,
    /// The row that each series begins at, and the number of all.
    starts: Vec<usize>,
}

impl Table {
    /// Fails with a text when the table does not fit the heads, or is no table.
    pub(super) fn open(file: File, heads: Vec<SeriesHead>) -> Result<Self, String> {
        guarded(|| Self::open_checked(Source::File(file), heads))
    }

    fn open_checked(mut source: Source, heads: Vec<SeriesHead>) -> Result<Self, String> {
        let footer = Footer::of(&mut source)?;
        let mut starts = vec![0_usize];
        for head in &heads {
            starts.push(starts[starts.len() - 1].saturating_add(rows(head)));
        }
        let (rows, found) = (starts[heads.len()], footer.rows());
        if rows != found {
            return Err(format!("it has {found} rows, and {rows} are expected"));
        }
        Ok(Self {
            source: Mutex::new(source),
            footer: Box::new(footer),
            metrics: metrics(heads.iter().flat_map(|head| head.more.iter().copied())),
            heads,
            starts,
        })
    }

    /// The series of some heads.
    pub(super) fn read(&self, heads: Range<usize>) -> Result<Vec<Series>, String> {
        guarded(|| self.read_checked(heads))
    }

    fn read_checked(&self, heads: Range<usize>) -> Result<Vec<Series>, String> {
        let columns: Vec<&str> = numbers(&self.metrics).collect();
        let wanted = self.starts[heads.start]..self.starts[heads.end];
        let mut filling = Filling::new(&self.heads[heads]);
        for parts in together(&self.footer.parts(&wanted)) {
            let packed = self.packed(parts, &columns)?;
            let unpacked = packed.into_par_iter().map(unpacked);
            let values: Vec<Vec<f32>> = unpacked.collect::<Result<_, _>>()?;
            let each = values.chunks(columns.len());
            each.for_each(|values| filling.add(values, &self.metrics));
        }
        Ok(filling.series)
    }

    /// All columns of each part, as they are in the file.
    fn packed(&self, parts: &[Part], columns: &[&str]) -> Result<Vec<Chunk<'_>>, String> {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let each = parts
            .iter()
            .flat_map(|part| columns.iter().map(move |name| (part, *name)));
        each.map(|(part, name)| self.footer.chunk(&mut source, part, name))
            .collect()
    }
}

/// Values of a column, with `NaN` for null.
fn unpacked(chunk: Chunk<'_>) -> Result<Vec<f32>, String> {
    let other = format!("its column `{}` is not of 32-bit numbers", chunk.name());
    chunk.unpack()?.singles().ok_or(other)
}

/// A few parts at a time, which are unpacked side by side.
fn together(parts: &[Part]) -> Vec<&[Part]> {
    let mut rows = 0;
    parts
        .chunk_by(move |part, next| {
            rows += part.len();
            let fits = rows + next.len() <= TOGETHER;
            if !fits {
                rows = 0;
            }
            fits
        })
        .collect()
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

    /// Deals out rows: a column of each of [`numbers`].
    fn add(&mut self, columns: &[Vec<f32>], metrics: &[Metric]) {
        let [cpu, memory, more @ ..] = columns else {
            return;
        };
        let mut from = 0;
        while from < cpu.len() && self.place < self.series.len() {
            let rows = self.rows[self.place];
            let series = &mut self.series[self.place];
            let to = cpu.len().min(from + rows - series.len());
            extend(&mut series.cpu_cores, &cpu[from..to], rows);
            extend(&mut series.memory_bytes, &memory[from..to], rows);
            for (metric, values) in metrics.iter().zip(more) {
                if let Some(held) = series.more.get_mut(metric) {
                    held.extend(&values[from..to]);
                }
            }
            from = to;
            if series.len() == rows {
                self.place += 1;
            }
        }
    }
}

fn extend(held: &mut Vec<f32>, values: &[f32], rows: usize) {
    held.reserve_exact(rows - held.len());
    held.extend_from_slice(values);
}

fn rows(head: &SeriesHead) -> usize {
    usize::try_from(head.rows).unwrap_or(usize::MAX)
}
