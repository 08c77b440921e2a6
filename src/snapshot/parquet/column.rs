//! Columns of some rows, ready to be written.

use std::collections::HashMap;
use std::io;

use polars_arrow::array::{Array, DictionaryArray, PrimitiveArray, Utf8ViewArray};
use polars_arrow::datatypes::{ArrowDataType, Field, IntegerType, TimeUnit};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    Texts,
    /// Milliseconds since 1970, in UTC.
    Times,
    /// Of 32 bits.
    Numbers,
}

/// A column of some rows; any value may be missing.
pub(crate) struct Column(pub(super) Box<dyn Array>);

impl ColumnKind {
    pub(super) fn field(self, name: &str) -> Field {
        let kind = match self {
            Self::Texts => ArrowDataType::Utf8View,
            Self::Times => ArrowDataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
            Self::Numbers => ArrowDataType::Float32,
        };
        Field::new(name.into(), kind, true)
    }
}

impl Column {
    /// Texts that come in runs: each with how many rows have it.
    ///
    /// Every text is held once, as it is in the file.
    pub(crate) fn texts<'a>(
        runs: impl Iterator<Item = (Option<&'a str>, usize)>,
    ) -> io::Result<Self> {
        let mut places: HashMap<&str, u32> = HashMap::new();
        let mut texts: Vec<&str> = Vec::new();
        let mut rows: Vec<Option<u32>> = Vec::new();
        for (text, length) in runs {
            let place = text.map(|text| {
                *places.entry(text).or_insert_with(|| {
                    texts.push(text);
                    u32::try_from(texts.len() - 1).unwrap_or(u32::MAX)
                })
            });
            rows.resize(rows.len() + length, place);
        }
        let kind = ArrowDataType::Utf8View;
        let kind = ArrowDataType::Dictionary(IntegerType::UInt32, Box::new(kind), false);
        let texts = Utf8ViewArray::from_slice_values(texts);
        let rows: PrimitiveArray<u32> = rows.into_iter().collect();
        let column = DictionaryArray::try_new(kind, rows, Box::new(texts));
        let column = column.map_err(io::Error::other)?;
        Ok(Self(Box::new(column)))
    }

    /// Milliseconds since 1970, in UTC.
    pub(crate) fn times(times: Vec<i64>) -> Self {
        let kind = ColumnKind::Times.field("").dtype;
        Self(Box::new(PrimitiveArray::from_vec(times).to(kind)))
    }

    /// Numbers, of which `NaN` are missing.
    pub(crate) fn numbers(numbers: impl Iterator<Item = f32>) -> Self {
        let known = numbers.map(|number| (!number.is_nan()).then_some(number));
        Self(Box::new(known.collect::<PrimitiveArray<f32>>()))
    }
}
