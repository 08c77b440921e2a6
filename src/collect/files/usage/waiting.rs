//! Rows that wait in a temporary file until there is a grid for them.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytemuck::cast_slice;

use super::rows::Rows;
use super::samples::Raw;
use super::times::{Run, Times};
use crate::collect::Column;
use crate::collect::usage::Spill;

/// The one file of an import, which all readers share; there once it is needed.
#[derive(Debug, Clone, Default)]
pub(super) struct Waiting(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    spill: Option<Spill>,
    /// Why no more is put there.
    unwritten: Option<io::Error>,
}

/// Bytes of a number in the file, and how many numbers are written at once.
const WORD: usize = size_of::<u32>();
const AT_ONCE: usize = 1 << 18;

/// Rows of one series in the file: first the runs of their times, then each column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    at: u64,
    /// A bit for each of [`Column::all`].
    columns: u64,
    rows: usize,
    runs: usize,
}

impl Waiting {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts rows of all these series into the file; whether that could be written.
    pub(super) fn put<'a>(&self, series: impl Iterator<Item = &'a mut Raw>) -> bool {
        let state = &mut *self.state();
        if state.unwritten.is_none() {
            let written = put_all(&mut state.spill, series);
            state.unwritten = written.err();
        }
        state.unwritten.is_none()
    }

    /// Why rows stay in memory that should be in the file.
    pub(super) fn unwritten(&self) -> Option<String> {
        self.state().unwritten.as_ref().map(ToString::to_string)
    }

    /// The times of stretches, one after the other.
    pub(super) fn times(&self, stretches: &[Stretch]) -> io::Result<Times> {
        let mut times = Times::default();
        self.each(stretches, &mut |spill, stretch| {
            times.extend(&stretch.times(spill)?);
            Ok(())
        })?;
        Ok(times)
    }

    /// Stretches, one after the other.
    pub(super) fn rows(&self, stretches: &[Stretch]) -> io::Result<Rows> {
        let mut all = Rows::default();
        self.each(stretches, &mut |spill, stretch| {
            all.join(stretch.rows(spill)?);
            Ok(())
        })?;
        Ok(all)
    }

    fn each(
        &self,
        stretches: &[Stretch],
        read: &mut dyn FnMut(&mut Spill, &Stretch) -> io::Result<()>,
    ) -> io::Result<()> {
        if stretches.is_empty() {
            return Ok(());
        }
        let mut state = self.state();
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        let spill = state.spill.as_mut().ok_or_else(gone)?;
        stretches.iter().try_for_each(|it| read(spill, it))
    }
}

/// What is held of a series goes once it is written: a disk may be full.
fn put_all<'a>(
    spill: &mut Option<Spill>,
    series: impl Iterator<Item = &'a mut Raw>,
) -> io::Result<()> {
    let spill = match spill {
        Some(spill) => spill,
        none => none.insert(Spill::new()?),
    };
    let (mut words, mut written) = (Vec::new(), Vec::new());
    let mut series = series.filter(|raw| raw.rows.times.len() > 0).peekable();
    while let Some(raw) = series.next() {
        let at = spill.end() + bytes(words.len());
        written.push((Stretch::write(&mut raw.rows, at, &mut words), raw));
        if words.len() >= AT_ONCE || series.peek().is_none() {
            spill.append(&words)?;
            words.clear();
            for (stretch, raw) in written.drain(..) {
                raw.aside.push(stretch);
                raw.rows = Rows::default();
            }
        }
    }
    Ok(())
}

impl Stretch {
    /// Puts rows behind others into what will be at a place of the file.
    fn write(rows: &mut Rows, at: u64, words: &mut Vec<u32>) -> Self {
        let (runs, len) = (rows.times.runs(), rows.times.len());
        words.extend_from_slice(runs.as_flattened());
        let mut columns = 0;
        for (bit, column) in Column::all().enumerate() {
            let held = rows.columns.iter_mut().find(|(known, _)| *known == column);
            if let Some((_, values)) = held {
                values.resize(len, f32::NAN);
                words.extend_from_slice(cast_slice(values));
                columns |= 1 << bit;
            }
        }
        Self {
            at,
            columns,
            rows: len,
            runs: runs.len(),
        }
    }

    fn times(&self, spill: &mut Spill) -> io::Result<Times> {
        let mut runs = vec![Run::default(); self.runs];
        spill.read(self.at, &mut runs)?;
        Ok(Times::of(runs))
    }

    fn rows(&self, spill: &mut Spill) -> io::Result<Rows> {
        let columns = usize::try_from(self.columns.count_ones()).unwrap_or(0);
        let times = self.runs * size_of::<Run>() / WORD;
        let mut words = vec![0_u32; times + columns * self.rows];
        spill.read(self.at, &mut words)?;
        let (times, mut values) = words.split_at(times);
        let times = Times::of(times.as_chunks().0.to_vec());
        let mut columns = Vec::with_capacity(columns);
        for (bit, column) in Column::all().enumerate() {
            if self.columns & (1 << bit) != 0 {
                let (own, others) = values.split_at(self.rows);
                columns.push((column, cast_slice(own).to_vec()));
                values = others;
            }
        }
        Ok(Rows { times, columns })
    }
}

fn bytes(words: usize) -> u64 {
    u64::try_from(words * WORD).unwrap_or(u64::MAX)
}
