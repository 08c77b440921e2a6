//! Reports for terminals that show ASCII alone.

use std::io;

use super::Look;
use crate::text::ascii;

/// Spells out what is beyond ASCII on its way out.
struct Plain<'a>(&'a mut dyn io::Write);

impl io::Write for Plain<'_> {
    /// Texts arrive whole, as [`io::Write::write_fmt`] passes them on.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .write_all(ascii(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes a report as the terminal can show it.
pub(super) fn plain(
    look: &Look,
    out: &mut dyn io::Write,
    report: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> io::Result<()> {
    if look.unicode {
        report(out)
    } else {
        report(&mut Plain(out))
    }
}
