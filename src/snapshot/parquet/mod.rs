//! Tables of Parquet, by polars' own layer for them.
//!
//! Of polars only what Parquet takes is used: `polars-parquet` packs and unpacks columns,
//! `polars-arrow` holds them, `polars-buffer` shares their bytes and `polars-utils` maps
//! files. Its frames and all that computes with them would be most of every build.
//!
//! A [`Source`] has the bytes, its [`Footer`] says where what is, and a [`Chunk`] of one
//! column and some rows becomes [`Values`] on any thread. A [`Writer`] takes
//! [`Column`]s, a row group at a time.

mod column;
mod footer;
mod source;
mod values;
mod writer;

pub(crate) use column::{Column, ColumnKind};
pub(crate) use footer::{Footer, Kind, Part};
pub(crate) use source::Source;
pub(crate) use values::{Chunk, Numbers, Texts};
pub(crate) use writer::Writer;
