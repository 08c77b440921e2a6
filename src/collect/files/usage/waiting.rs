//! Rows that wait in a temporary file until there is a grid for them.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

fn put_all<'a>(
    spill: &mut Option<Spill>,
    mut series: impl Iterator<Item = &'a mut Raw>,
) -> io::Result<()> {
    let spill = match spill {
        Some(spill) => spill,
        none => none.insert(Spill::new()?),
    };
    series.try_for_each(|raw| {
        if raw.rows.times.len() > 0 {
            let stretch = Stretch::write(&mut raw.rows, spill)?;
            raw.aside.push(stretch);
            raw.rows = Rows::default();
        }
        Ok(())
    })
}

impl Stretch {
    fn write(rows: &mut Rows, spill: &mut Spill) -> io::Result<Self> {
        let (runs, len) = (rows.times.runs(), rows.times.len());
        let at = spill.append(runs)?;
        let mut columns = 0;
        for (bit, column) in Column::all().enumerate() {
            let held = rows.columns.iter_mut().find(|(known, _)| *known == column);
            if let Some((_, values)) = held {
                values.resize(len, f32::NAN);
                spill.append(values)?;
                columns |= 1 << bit;
            }
        }
        Ok(Self {
            at,
            columns,
            rows: len,
            runs: runs.len(),
        })
    }

    fn times(&self, spill: &mut Spill) -> io::Result<Times> {
        let mut runs = vec![Run::default(); self.runs];
        spill.read(self.at, &mut runs)?;
        Ok(Times::of(runs))
    }

    fn rows(&self, spill: &mut Spill) -> io::Result<Rows> {
        let times = self.times(spill)?;
        let mut at = self.at + bytes::<Run>(self.runs);
        let mut columns = Vec::new();
        for (bit, column) in Column::all().enumerate() {
            if self.columns & (1 << bit) != 0 {
                let mut values = vec![f32::NAN; self.rows];
                spill.read(at, &mut values)?;
                at += bytes::<f32>(self.rows);
                columns.push((column, values));
            }
        }
        Ok(Rows { times, columns })
    }
}

fn bytes<T>(count: usize) -> u64 {
    u64::try_from(count * size_of::<T>()).unwrap_or(u64::MAX)
}
