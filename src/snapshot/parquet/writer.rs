//! A table as it is written, a row group at a time.

use std::io::{self, Write};

use polars_parquet::write::{
    CompressedPage, CompressionOptions, Compressor, DynIter, DynStreamingIterator, Encoding,
    FileWriter, ParquetType, StatisticsOptions, Version, WriteOptions, array_to_columns,
    fallible_streaming_iterator,
};
use rayon::prelude::*;

use super::column::{Column, ColumnKind};

/// Packed as any program that opens Parquet can read it, with the least, the largest and
/// the missing values of each column.
const OPTIONS: fn() -> WriteOptions = || WriteOptions {
    statistics: StatisticsOptions::default(),
    version: Version::V1,
    compression: CompressionOptions::Zstd(None),
    data_page_size: None,
};

/// Writes a table.
pub(crate) struct Writer<W: Write>(FileWriter<W>);

impl<W: Write> Writer<W> {
    pub(crate) fn new(out: W, columns: &[(&str, ColumnKind)]) -> io::Result<Self> {
        let fields = columns.iter().map(|(name, kind)| kind.field(name));
        let schema = fields.map(|field| (field.name.clone(), field)).collect();
        let file = FileWriter::try_new(out, schema, OPTIONS());
        file.map(Self).map_err(io::Error::other)
    }

    /// Writes a row group, whose columns are packed side by side.
    pub(crate) fn write(&mut self, columns: &[Column]) -> io::Result<()> {
        let rows = columns.first().map_or(0, |column| column.0.len());
        if rows == 0 {
            return Ok(());
        }
        let kinds = self.0.parquet_schema().fields();
        let packed = columns
            .par_iter()
            .zip(kinds)
            .map(|(column, kind)| pack(column, kind));
        let packed: Vec<Vec<CompressedPage>> = packed.collect::<io::Result<_>>()?;
        let packed = packed.iter().map(|pages| {
            let pages = fallible_streaming_iterator::convert(pages.iter().map(Ok));
            Ok(DynStreamingIterator::new(pages))
        });
        let written = self.0.write(rows as u64, DynIter::new(packed));
        written.map_err(io::Error::other)
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.0.end(None).map(drop).map_err(io::Error::other)
    }
}

/// The pages of a column: each value once where many are alike.
fn pack(column: &Column, kind: &ParquetType) -> io::Result<Vec<CompressedPage>> {
    let encoding = [Encoding::RleDictionary];
    let columns = array_to_columns(&column.0, kind.clone(), OPTIONS(), &encoding);
    let pages = columns.map_err(io::Error::other)?.into_iter().flatten();
    let pages = pages.map(|page| page.map_err(Into::into));
    let packed = Compressor::new(pages, OPTIONS().compression, Vec::new());
    packed.map(|page| page.map_err(io::Error::other)).collect()
}
