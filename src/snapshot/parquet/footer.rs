//! What a table says of itself: its columns, and where the rows of each are.

use std::ops::Range;

use polars_arrow::datatypes::{ArrowDataType, ArrowSchema, TimeUnit};
use polars_parquet::read::{ColumnChunkMetadata, FileMetadata, infer_schema};

use super::super::guard::check_footer;
use super::source::Source;
use super::values::Chunk;

/// Rows of a row group that is unpacked whole: what pyarrow writes. `DuckDB` writes an eighth.
const MOST_ROWS: usize = 1 << 20;
/// Rows that are unpacked at a time of a row group that is larger.
const ROWS: usize = 1 << 18;

/// The end of a table, held against its size.
#[derive(Debug)]
pub(crate) struct Footer {
    metadata: FileMetadata,
    schema: ArrowSchema,
}

/// Rows that are unpacked together: of a row group, or a stretch of one that is large.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    group: usize,
    /// Of the group.
    rows: Range<usize>,
    /// Rows of the table before these.
    pub(crate) before: usize,
}

/// What the values of a column can be read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    /// Whole numbers since 1970, and how many of them are a second.
    Time(i64),
    Other,
}

impl Footer {
    /// Fails with a text where this is no table, or its end does not fit its size.
    pub(crate) fn of(source: &mut Source) -> Result<Self, String> {
        let (mut metadata, size) = source.metadata()?;
        check_footer(&metadata, size)?;
        // Without the types that Arrow notes beside the table: what pandas calls a
        // category is plain text in Parquet.
        metadata.key_value_metadata = None;
        let schema = infer_schema(&metadata).map_err(|error| error.to_string())?;
        Ok(Self { metadata, schema })
    }

    pub(crate) fn rows(&self) -> usize {
        self.metadata.num_rows
    }

    /// The names of all columns, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.schema.iter_names().map(ToString::to_string).collect()
    }

    /// `None` where there is no such column.
    pub(crate) fn kind(&self, name: &str) -> Option<Kind> {
        use ArrowDataType::{
            Decimal, Float32, Float64, Int8, Int16, Int32, Int64, LargeUtf8, Timestamp, UInt8,
            UInt16, UInt32, UInt64, Utf8, Utf8View,
        };
        Some(match &self.schema.get(name)?.dtype {
            Utf8 | LargeUtf8 | Utf8View => Kind::Text,
            Int8
            | Int16
            | Int32
            | Int64
            | UInt8
            | UInt16
            | UInt32
            | UInt64
            | Float32
            | Float64
            | Decimal(_, _) => Kind::Number,
            Timestamp(unit, _) => Kind::Time(match unit {
                TimeUnit::Second => 1,
                TimeUnit::Millisecond => 1_000,
                TimeUnit::Microsecond => 1_000_000,
                TimeUnit::Nanosecond => 1_000_000_000,
            }),
            _ => Kind::Other,
        })
    }

    /// The parts that some of the rows are in.
    pub(crate) fn parts(&self, wanted: &Range<usize>) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut before = 0;
        for (group, held) in self.metadata.row_groups.iter().enumerate() {
            let length = if held.num_rows() > MOST_ROWS {
                ROWS
            } else {
                MOST_ROWS
            };
            let from = wanted.start.saturating_sub(before);
            let to = wanted.end.saturating_sub(before).min(held.num_rows());
            parts.extend((from..to).step_by(length).map(|from| Part {
                group,
                rows: from..to.min(from + length),
                before: before + from,
            }));
            before += held.num_rows();
        }
        parts
    }

    /// What some columns of the row group of a part are unpacked, in bytes.
    pub(crate) fn unpacked<'a>(
        &self,
        part: &Part,
        columns: impl Iterator<Item = &'a str>,
    ) -> Result<u64, String> {
        let mut sum = 0_u64;
        for name in columns {
            let size = u64::try_from(self.column(part, name)?.uncompressed_size());
            let size = size.map_err(|_| format!("its column `{name}` has less than no bytes"))?;
            sum = sum.saturating_add(size);
        }
        Ok(sum)
    }

    /// The values of one column, still packed.
    pub(crate) fn chunk(
        &self,
        source: &mut Source,
        part: &Part,
        name: &str,
    ) -> Result<Chunk<'_>, String> {
        let column = self.column(part, name)?;
        let field = self.schema.get(name).ok_or_else(|| missing(name))?;
        let rows = self.metadata.row_groups[part.group].num_rows();
        // A column of lists has more values than rows, and no such column is read.
        if usize::try_from(column.num_values()) != Ok(rows) {
            return Err(format!("its column `{name}` has not one value a row"));
        }
        let whole = part.rows.len() == rows;
        Ok(Chunk {
            column,
            field: field.clone(),
            rows: part.rows.clone(),
            whole,
            bytes: source.bytes(column.byte_range(), whole)?,
        })
    }

    /// Where the values of a column are that is no group of others.
    fn column(&self, part: &Part, name: &str) -> Result<&ColumnChunkMetadata, String> {
        let group = &self.metadata.row_groups[part.group];
        let mut columns = group.columns_under_root_iter(name).into_iter().flatten();
        match (columns.next(), columns.next()) {
            (Some(column), None) => Ok(column),
            _ => Err(missing(name)),
        }
    }
}

fn missing(name: &str) -> String {
    format!("a row group has no column `{name}`")
}

impl Part {
    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}
