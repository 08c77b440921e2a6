//! Parquet, one row a sample.

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;

use jiff::Timestamp;
use rayon::prelude::*;

use super::Reading;
use super::cells;
use super::days::Place;
use super::header::{DEVICE, Header};
use crate::collect::Column;
use crate::collect::files::ImportError;
use crate::snapshot::parquet::{Footer, Kind, Numbers, Part, Source, Texts};
use crate::snapshot::{check_room, guarded};

/// The columns of names.
const NAMES: [&str; 3] = ["namespace", "pod", "container"];
/// The column of times.
const TIME: &str = "timestamp";
/// Readers of one table at most: each holds a row group.
const MOST_READERS: usize = 4;

/// Reads the rows of a table, some row groups at a time, on all cores where it is a file.
pub(super) fn read(reading: &mut Reading<'_>, mut table: Source) -> Result<(), ImportError> {
    let path = reading.path;
    let fail = |problem| ImportError::Parquet {
        path: path.to_owned(),
        problem,
    };
    let footer = guarded(|| Footer::of(&mut table)).map_err(fail)?;
    let names = footer.names();
    let header = Header::of(&names).map_err(|problem| ImportError::Columns {
        path: path.to_owned(),
        problem,
    })?;
    reading.begin(&header);
    if let Some(problem) = strange(&footer, &names, &header) {
        return Err(fail(problem));
    }
    // Standard input is there once.
    let more = if path == Path::new("-") {
        0
    } else {
        rayon::current_num_threads().min(MOST_READERS) - 1
    };
    let mut readers = vec![(reading.beside(1 + more), table)];
    for table in (0..more).filter_map(|_| File::open(path).ok()) {
        readers.push((reading.beside(1 + more), Source::File(table)));
    }
    let count = readers.len();
    // A part each, and then the next, so that the first bad row is the first that is told.
    for parts in footer.parts(&(0..footer.rows())).chunks(count) {
        let each = readers.par_iter_mut().zip(parts);
        let read = each.map(|((reading, table), part)| {
            let batch = guarded(|| Batch::read(&footer, table, part, &header));
            fold(reading, &header, &batch.map_err(fail)?, part.before)
        });
        let read: Vec<Result<(), ImportError>> = read.collect();
        read.into_iter().collect::<Result<(), ImportError>>()?;
    }
    for (more, _) in readers {
        reading.join(more);
    }
    Ok(())
}

/// Takes the rows of a batch, of which `before` stand before it.
fn fold(
    reading: &mut Reading<'_>,
    header: &Header,
    batch: &Batch,
    before: usize,
) -> Result<(), ImportError> {
    let mut row = 0;
    while row < batch.rows {
        let names = batch.names(row);
        let alike = (row + 1..batch.rows).take_while(|other| batch.names(*other) == names);
        let end = row + 1 + alike.count();
        let checked = checked(header, names);
        for row in row..end {
            // Row 1 is the first: a table of numbers has no header line.
            let line = u64::try_from(before + row + 1).unwrap_or(u64::MAX);
            let time = || batch.times.get(row).map_err(|p| (header.timestamp, p));
            match checked.clone().and_then(|names| Ok((names, time()?))) {
                Ok((names, time)) => {
                    let place = Place {
                        file: reading.file,
                        line,
                        column: header.timestamp,
                        time,
                    };
                    let device = batch.device(row);
                    reading.row((names, &device), place, batch.values(header, row));
                }
                Err((column, problem)) => reading.bad(line, column + 1, problem)?,
            }
        }
        reading.kept((end - row) as u64)?;
        row = end;
    }
    Ok(())
}

/// Names that name a container; fails with the column, from 0, and what is wrong there.
fn checked<'a>(
    header: &Header,
    [namespace, pod, container]: [&'a str; 3],
) -> Result<[&'a str; 3], (usize, String)> {
    let name = |at: usize, text: &'a str, what: &str| {
        cells::name(text.as_bytes(), what).map_err(|problem| (header.names[at], problem))
    };
    Ok([
        name(0, namespace, "namespace")?,
        name(1, pod, "pod")?,
        name(2, container, "container")?,
    ])
}

/// Says which column has a type that cannot be read as what it should be.
fn strange(footer: &Footer, names: &[String], header: &Header) -> Option<String> {
    let kind = |place: usize| footer.kind(&names[place]);
    let number = |place: &usize| kind(*place) == Some(Kind::Number);
    let text = |place: &usize| kind(*place) == Some(Kind::Text);
    let time = |place: &usize| !matches!(kind(*place), None | Some(Kind::Other));
    let numbers = || header.numbers.iter().map(|(_, place)| place);
    let device = header.device.iter();
    let mut device = device.filter(|place| !text(place) && !number(place));
    let (place, what) = (header
        .names
        .iter()
        .find(|place| !text(place))
        .map(|p| (p, "text")))
    .or_else(|| device.next().map(|p| (p, "text or a number")))
    .or_else(|| Some((&header.timestamp, "a time")).filter(|(place, _)| !time(place)))
    .or_else(|| {
        numbers()
            .find(|place| !number(place))
            .map(|p| (p, "a number"))
    })?;
    Some(format!("its column `{}` is not {what}", names[*place]))
}

/// The columns of some rows, in the types that are read.
struct Batch {
    rows: usize,
    names: [Texts; 3],
    times: Times,
    device: Option<Device>,
    numbers: Vec<Vec<f32>>,
}

/// Which device a row is of, by a name or a number.
enum Device {
    Name(Texts),
    Number(Numbers<f64>),
}

/// Times in whichever form the file has them.
enum Times {
    /// Since 1970, and how many are a second.
    Since(Numbers<i64>, i64),
    Seconds(Numbers<f64>),
    Text(Texts),
}

impl Batch {
    fn read(
        footer: &Footer,
        table: &mut Source,
        part: &Part,
        header: &Header,
    ) -> Result<Self, String> {
        let numbers = header.numbers.iter().map(|(column, _)| column.name());
        let device = header.device.map(|_| DEVICE);
        let columns = NAMES.into_iter().chain([TIME]).chain(device);
        let columns = columns.chain(numbers.clone());
        check_room(footer.unpacked(part, columns)?)?;
        let mut values = |name: &str| footer.chunk(table, part, name)?.unpack();
        let other = |name: &str| format!("a row group has another kind of `{name}`");
        let mut text = |name: &str| values(name)?.texts().ok_or_else(|| other(name));
        let names = [text(NAMES[0])?, text(NAMES[1])?, text(NAMES[2])?];
        let device = match footer.kind(DEVICE).filter(|_| device.is_some()) {
            Some(Kind::Number) => values(DEVICE)?.doubles().map(Device::Number),
            Some(_) => values(DEVICE)?.texts().map(Device::Name),
            None => None,
        };
        let times = values(TIME)?;
        let times = match footer.kind(TIME) {
            Some(Kind::Time(second)) => times.whole().map(|it| Times::Since(it, second)),
            Some(Kind::Text) => times.texts().map(Times::Text),
            _ => times.doubles().map(Times::Seconds),
        };
        let samples = numbers.map(|name| {
            let values = values(name)?.doubles().ok_or_else(|| other(name))?;
            let rows = 0..part.len();
            Ok(rows
                .map(|row| values.get(row).map_or(f32::NAN, cells::sample))
                .collect())
        });
        Ok(Self {
            rows: part.len(),
            names,
            times: times.ok_or_else(|| other(TIME))?,
            device,
            numbers: samples.collect::<Result<_, String>>()?,
        })
    }

    /// Namespace, pod and container of a row; empty where there is none.
    fn names(&self, row: usize) -> [&str; 3] {
        self.names
            .each_ref()
            .map(|names| names.get(row).unwrap_or_default())
    }

    /// Which device a row is of; empty where it says none.
    fn device(&self, row: usize) -> Cow<'_, str> {
        match &self.device {
            Some(Device::Name(names)) => names.get(row).unwrap_or_default().trim_ascii().into(),
            Some(Device::Number(numbers)) => {
                let number = numbers.get(row).map(|it| it.to_string());
                number.unwrap_or_default().into()
            }
            None => "".into(),
        }
    }

    fn values(&self, header: &Header, row: usize) -> impl Iterator<Item = (Column, f32)> + Clone {
        let columns = header.numbers.iter().map(|(column, _)| *column);
        columns.zip(self.numbers.iter().map(move |numbers| numbers[row]))
    }
}

impl Times {
    fn get(&self, row: usize) -> Result<i64, String> {
        let empty = || "the timestamp is empty".to_owned();
        match self {
            Self::Since(since, second) => {
                let since = since.get(row).ok_or_else(empty)?;
                let time = Timestamp::from_second(since.div_euclid(*second));
                cells::likely(time.map_err(|error| error.to_string())?)
            }
            Self::Seconds(seconds) => cells::whole_seconds(seconds.get(row).ok_or_else(empty)?),
            Self::Text(texts) => cells::time(texts.get(row).ok_or_else(empty)?.as_bytes()),
        }
    }
}
