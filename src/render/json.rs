//! JSON for programs, whatever it says.

use std::io::{self, BufWriter, Write};

use serde::Serialize;

/// Bytes that are written at once: line by line a large report would take longer to write
/// than to make.
const AT_ONCE: usize = 1 << 16;

/// Writes a value over several lines, and the end of the last.
pub(super) fn write(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(AT_ONCE, out);
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    out.flush()
}
