//! Tables of Parquet, as other programs write and read them.

use std::io::Cursor;

use polars_arrow::array::Array;
use polars_arrow::datatypes::{ArrowSchema, Field};
use polars_arrow::record_batch::RecordBatchT;
use polars_parquet::read::{
    BasicDecompressor, PageReader, column_iter_to_arrays, infer_schema, read_metadata,
};
use polars_parquet::write::{
    CompressionOptions, FileWriter, StatisticsOptions, Version, WriteOptions, get_dtype_encoding,
    row_group_iter,
};

/// One row group of these columns.
pub fn written<'a>(columns: impl IntoIterator<Item = (&'a str, Box<dyn Array>)>) -> Vec<u8> {
    let mut schema = ArrowSchema::default();
    let mut arrays = Vec::new();
    for (name, array) in columns {
        let field = Field::new(name.into(), array.dtype().clone(), true);
        schema.insert(name.into(), field);
        arrays.push(array);
    }
    let options = WriteOptions {
        statistics: StatisticsOptions::default(),
        version: Version::V1,
        compression: CompressionOptions::Snappy,
        data_page_size: None,
    };
    let encodings = schema.iter_values().map(|it| get_dtype_encoding(&it.dtype));
    let encodings = encodings.collect();
    let rows = arrays[0].len();
    let mut file = FileWriter::try_new(Vec::new(), schema.clone(), options).unwrap();
    let kinds = file.parquet_schema().fields().to_vec();
    let rows_of = RecordBatchT::new(rows, schema.into(), arrays);
    let group = row_group_iter(rows_of, encodings, kinds, options);
    file.write(rows as u64, group).unwrap();
    file.end(None).unwrap();
    file.into_inner()
}

/// The columns of a table of one row group.
pub fn read(bytes: &[u8]) -> Vec<(Field, Box<dyn Array>)> {
    let metadata = read_metadata(&mut Cursor::new(bytes)).unwrap();
    let schema = infer_schema(&metadata).unwrap();
    let [group] = &metadata.row_groups[..] else {
        panic!("it has {} row groups", metadata.row_groups.len());
    };
    let columns = schema.iter_values().zip(group.parquet_columns());
    let array = |(field, column): (&Field, _)| {
        let range = polars_parquet::read::ColumnChunkMetadata::byte_range(column);
        let places = range.start.try_into().unwrap()..range.end.try_into().unwrap();
        let packed = Cursor::new(bytes[places].to_vec().into());
        let pages = PageReader::new(packed, column, Vec::new(), usize::MAX);
        let pages = vec![BasicDecompressor::new(pages, Vec::new())];
        let kinds = vec![&column.descriptor().descriptor.primitive_type];
        let read = column_iter_to_arrays(pages, kinds, field.clone(), None);
        (field.clone(), read.unwrap().0.remove(0))
    };
    columns.map(array).collect()
}
