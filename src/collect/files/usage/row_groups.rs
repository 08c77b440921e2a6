//! The rows of a Parquet file, a row group at a time, read without mapping the file: what
//! is mapped counts as memory until the end.

use std::io::SeekFrom;
use std::ops::Range;
use std::sync::Arc;

use polars::io::mmap::MmapBytesReader;
use polars::io::parquet::read::_internal::to_deserializer;
use polars::prelude::{
    ArrowSchema, DataFrame, FileMetadata, IntoColumn, ParquetReader, SerReader, Series,
};

use crate::snapshot::{check_footer, check_room};

/// Rows of a group that are in memory at a time.
const ROWS: usize = 1 << 18;
/// Rows of a group that is read whole: what pyarrow writes. `DuckDB` writes an eighth.
const MOST_ROWS: usize = 1 << 20;

/// What is read of a file.
pub(super) struct Groups {
    pub(super) metadata: Arc<FileMetadata>,
    pub(super) schema: Arc<ArrowSchema>,
    pub(super) columns: Vec<String>,
}

/// What the end of a file says of it.
pub(super) fn footer(
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

/// Without the types that Arrow notes beside the table: what pandas calls a
/// category is plain text in Parquet.
fn plain(metadata: &FileMetadata) -> Arc<FileMetadata> {
    let mut metadata = metadata.clone();
    metadata.key_value_metadata = None;
    Arc::new(metadata)
}

impl Groups {
    /// Rows that are read together: of a group, or a stretch of one that is large.
    pub(super) fn parts(&self) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let mut start = 0;
        for group in &self.metadata.row_groups {
            let end = start + group.num_rows();
            let length = if end - start > MOST_ROWS {
                ROWS
            } else {
                MOST_ROWS
            };
            let starts = (start..end).step_by(length);
            parts.extend(starts.map(|from| from..end.min(from + length)));
            start = end;
        }
        parts
    }

    /// The rows of one of the parts.
    pub(super) fn rows(
        &self,
        table: &mut Box<dyn MmapBytesReader>,
        part: &Range<usize>,
    ) -> Result<DataFrame, String> {
        let mut start = 0;
        for (at, group) in self.metadata.row_groups.iter().enumerate() {
            let end = start + group.num_rows();
            if part.start < end {
                let sizes = group.parquet_columns().iter();
                let sizes = sizes.map(|column| column.uncompressed_size().cast_unsigned());
                check_room(sizes.fold(0, u64::saturating_add))?;
                return if part.start == start && part.end == end {
                    self.group(table, at)
                } else {
                    self.slice(table, part)
                };
            }
            start = end;
        }
        Ok(DataFrame::empty())
    }

    /// A whole row group: reads its columns and nothing else.
    fn group(&self, table: &mut Box<dyn MmapBytesReader>, at: usize) -> Result<DataFrame, String> {
        let group = &self.metadata.row_groups[at];
        let mut made = Vec::new();
        for name in &self.columns {
            let missing = || format!("a row group has no column `{name}`");
            let field = self.schema.get(name).ok_or_else(missing)?;
            let parts = group.columns_under_root_iter(name).ok_or_else(missing)?;
            let mut read = Vec::new();
            for column in parts {
                let range = column.byte_range();
                let length = usize::try_from(range.end - range.start);
                let mut bytes = vec![0; length.map_err(|e| e.to_string())?];
                let sought = table.seek(SeekFrom::Start(range.start));
                sought.map_err(|e| e.to_string())?;
                table.read_exact(&mut bytes).map_err(|e| e.to_string())?;
                read.push((column, bytes.into()));
            }
            let arrays = to_deserializer(read, field.clone(), None);
            let (arrays, _) = arrays.map_err(|e| e.to_string())?;
            let series = Series::try_from((field, arrays));
            made.push(series.map_err(|e| e.to_string())?.into_column());
        }
        DataFrame::new_infer_height(made).map_err(|e| e.to_string())
    }

    /// A stretch of a large row group.
    fn slice(
        &self,
        table: &mut Box<dyn MmapBytesReader>,
        part: &Range<usize>,
    ) -> Result<DataFrame, String> {
        let mut reader = ParquetReader::new(table)
            .with_columns(Some(self.columns.clone()))
            .with_slice(Some((part.start, part.len())));
        reader.set_metadata(self.metadata.clone());
        reader.finish().map_err(|e| e.to_string())
    }
}
