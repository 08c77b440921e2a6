//! Values of one column, packed and unpacked.

use std::io::Cursor;
use std::ops::Range;

use polars_arrow::array::{Array, PrimitiveArray, StaticArray as _, Utf8ViewArray};
use polars_arrow::bitmap::Bitmap;
use polars_arrow::compute::concatenate::concatenate;
use polars_arrow::datatypes::{ArrowDataType, Field};
use polars_arrow::types::NativeType;
use polars_buffer::Buffer;
use polars_parquet::read::{
    BasicDecompressor, ColumnChunkMetadata, Filter, PageReader, column_iter_to_arrays,
};

/// Values as they are in the file.
pub(crate) struct Chunk<'a> {
    pub(super) column: &'a ColumnChunkMetadata,
    pub(super) field: Field,
    /// Of the row group.
    pub(super) rows: Range<usize>,
    /// Whether these are all rows of the row group.
    pub(super) whole: bool,
    pub(super) bytes: Buffer<u8>,
}

/// Values of any kind, one a row.
pub(crate) struct Values(Box<dyn Array>);

/// Texts, of which some may be missing.
pub(crate) struct Texts(Utf8ViewArray);

/// Numbers, of which some may be missing.
pub(crate) struct Numbers<T: NativeType>(PrimitiveArray<T>);

impl Chunk<'_> {
    /// The name of the column.
    pub(crate) fn name(&self) -> &str {
        &self.field.name
    }

    pub(crate) fn unpack(self) -> Result<Values, String> {
        let fail = |error: &dyn ToString| error.to_string();
        let rows = self.rows.len();
        let pages = Cursor::new(self.bytes);
        let pages = PageReader::new(pages, self.column, Vec::new(), usize::MAX);
        let pages = BasicDecompressor::new(pages, Vec::new());
        let kind = &self.column.descriptor().descriptor.primitive_type;
        let some = (!self.whole).then(|| Filter::new_ranged(self.rows.start, self.rows.end));
        let name = self.field.name.clone();
        let arrays = column_iter_to_arrays(vec![pages], vec![kind], self.field, some);
        let (mut arrays, _) = arrays.map_err(|error| fail(&error))?;
        let array = if arrays.len() == 1 {
            arrays.remove(0)
        } else {
            let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
            concatenate(&arrays).map_err(|error| fail(&error))?
        };
        if array.len() == rows {
            Ok(Values(array))
        } else {
            let found = array.len();
            Err(format!(
                "its column `{name}` ends after {found} of {rows} rows"
            ))
        }
    }
}

impl Values {
    fn are<A: Array + Clone>(&self) -> Option<&A> {
        self.0.as_any().downcast_ref()
    }

    fn primitive<T: NativeType>(&self) -> Option<&PrimitiveArray<T>> {
        self.are()
    }

    pub(crate) fn texts(&self) -> Option<Texts> {
        self.are().cloned().map(Texts)
    }

    /// Whole numbers of 64 bits, such as times are.
    pub(crate) fn whole(&self) -> Option<Numbers<i64>> {
        self.are().cloned().map(Numbers)
    }

    /// Numbers of any kind.
    pub(crate) fn doubles(&self) -> Option<Numbers<f64>> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "usage of more than 2^53 is none, and is refused by its size"
        )]
        let large = || {
            let signed = self
                .primitive()
                .map(|it| doubles(it, |value: i64| value as f64));
            signed.or_else(|| Some(doubles(self.primitive()?, |value: u64| value as f64)))
        };
        let array = (self.primitive().cloned())
            .or_else(|| Some(doubles::<f32>(self.primitive()?, f64::from)))
            .or_else(large)
            .or_else(|| Some(doubles::<i32>(self.primitive()?, f64::from)))
            .or_else(|| Some(doubles::<u32>(self.primitive()?, f64::from)))
            .or_else(|| Some(doubles::<i16>(self.primitive()?, f64::from)))
            .or_else(|| Some(doubles::<u16>(self.primitive()?, f64::from)))
            .or_else(|| Some(doubles::<i8>(self.primitive()?, f64::from)))
            .or_else(|| Some(doubles::<u8>(self.primitive()?, f64::from)))
            .or_else(|| self.decimals())?;
        Some(Numbers(array))
    }

    /// Numbers that are held as whole ones, with so many digits behind the point.
    #[expect(
        clippy::cast_precision_loss,
        reason = "usage has no more than 15 digits that matter"
    )]
    fn decimals(&self) -> Option<PrimitiveArray<f64>> {
        let array: &PrimitiveArray<i128> = self.primitive()?;
        let ArrowDataType::Decimal(_, scale) = array.dtype() else {
            return None;
        };
        let unit = 10_f64.powi(i32::try_from(*scale).ok()?);
        let values = array.values_iter().map(|value| *value as f64 / unit);
        let values = PrimitiveArray::from_vec(values.collect());
        Some(values.with_validity_typed(array.validity().cloned()))
    }

    /// Numbers of 32 bits, with `NaN` for those that are missing.
    pub(crate) fn singles(self) -> Option<Vec<f32>> {
        let array: PrimitiveArray<f32> = self.are().cloned()?;
        // The last to hold it, so that nothing is copied.
        drop(self);
        let (_, values, known) = array.into_inner();
        let mut values = values.into_mut().right_or_else(Buffer::to_vec);
        if let Some(known) = known {
            forget(&mut values, &known);
        }
        Some(values)
    }
}

/// Makes `NaN` of values that are not known: of many together mostly all or none.
fn forget(values: &mut [f32], known: &Bitmap) {
    /// As many as a word of `known` tells of.
    const MANY: usize = 64;
    let words = known.chunks::<u64>();
    let last = words.remainder();
    for (values, known) in values.chunks_mut(MANY).zip(words.chain([last])) {
        if known == 0 {
            values.fill(f32::NAN);
        } else if known != u64::MAX {
            for (bit, value) in values.iter_mut().enumerate() {
                let is_known = known >> bit & 1 == 1;
                *value = if is_known { *value } else { f32::NAN };
            }
        }
    }
}

fn doubles<T: NativeType>(array: &PrimitiveArray<T>, double: fn(T) -> f64) -> PrimitiveArray<f64> {
    let values: Vec<f64> = array.values_iter().map(|value| double(*value)).collect();
    PrimitiveArray::from_vec(values).with_validity_typed(array.validity().cloned())
}

impl Texts {
    pub(crate) fn get(&self, row: usize) -> Option<&str> {
        self.0.get(row)
    }
}

impl<T: NativeType> Numbers<T> {
    pub(crate) fn get(&self, row: usize) -> Option<T> {
        self.0.get(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_forgotten_wherever_it_lies() {
        let patterns: [fn(usize) -> bool; 4] = [|_| true, |_| false, |at| at % 3 > 0, |at| at > 70];
        for is_known in patterns {
            for (from, count) in [(0, 0), (0, 64), (3, 1), (5, 150), (64, 128), (1, 200)] {
                let known: Bitmap = (0..from + count).map(is_known).collect();
                let mut values = vec![1.0; count];
                forget(&mut values, &known.sliced(from, count));
                for (at, value) in values.iter().enumerate() {
                    assert_eq!(value.is_nan(), !is_known(from + at), "{from} {count} {at}");
                }
            }
        }
    }
}
