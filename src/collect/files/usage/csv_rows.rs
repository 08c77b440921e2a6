//! CSV, one row a sample.

use std::io::{self, Read};

use csv::{ByteRecord, ErrorKind, ReaderBuilder};

use super::Reading;
use super::cells;
use super::days::Place;
use super::header::Header;
use crate::collect::files::ImportError;

/// Reads the rows of a table with a header.
pub(super) fn read(reading: &mut Reading<'_>, source: impl Read) -> Result<(), ImportError> {
    let mut rows = ReaderBuilder::new()
        .flexible(true)
        .buffer_capacity(1 << 17)
        .from_reader(source);
    let names: Vec<String> = match rows.byte_headers() {
        Ok(header) => header.iter().map(column_name).collect(),
        Err(error) => return Err(failed(reading, error)),
    };
    let header = Header::of(&names).map_err(|problem| ImportError::Columns {
        path: reading.path.to_owned(),
        problem,
    })?;
    let mut row = ByteRecord::new();
    let mut values = vec![f32::NAN; header.numbers.len()];
    loop {
        match rows.read_byte_record(&mut row) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(failed(reading, error)),
        }
        let line = row.position().map_or(0, csv::Position::line);
        if let Err((column, problem)) = one(reading, &header, &row, names.len(), &mut values) {
            reading.bad(line, column + 1, problem)?;
        }
    }
}

/// Keeps one row; fails with the column, from 0, and what is wrong there.
fn one(
    reading: &mut Reading<'_>,
    header: &Header,
    row: &ByteRecord,
    width: usize,
    values: &mut [f32],
) -> Result<(), (usize, String)> {
    if row.len() != width {
        let (found, last) = (row.len(), row.len().min(width).saturating_sub(1));
        let noun = if found == 1 { "column" } else { "columns" };
        return Err((
            last,
            format!("the row has {found} {noun}, the header {width}"),
        ));
    }
    let name = |place: usize, what: &str| cells::name(&row[place], what).map_err(|p| (place, p));
    let namespace = name(header.names[0], "namespace")?;
    let pod = name(header.names[1], "pod")?;
    let container = name(header.names[2], "container")?;
    let time = cells::time(&row[header.timestamp]).map_err(|p| (header.timestamp, p))?;
    for (value, (column, place)) in values.iter_mut().zip(&header.numbers) {
        *value = cells::number(&row[*place])
            .map_err(|problem| (*place, format!("`{}`: {problem}", column.name())))?;
    }
    let columns = header.numbers.iter().map(|(column, _)| *column);
    let place = Place {
        file: reading.file,
        line: row.position().map_or(0, csv::Position::line),
        column: header.timestamp,
        time,
    };
    let names = [namespace, pod, container];
    reading.row(names, place, columns.zip(values.iter().copied()));
    Ok(())
}

fn column_name(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).trim().to_owned()
}

fn failed(reading: &Reading<'_>, error: csv::Error) -> ImportError {
    let text = error.to_string();
    ImportError::Read {
        path: reading.path.to_owned(),
        source: match error.into_kind() {
            ErrorKind::Io(source) => source,
            _ => io::Error::new(io::ErrorKind::InvalidData, text),
        },
    }
}
