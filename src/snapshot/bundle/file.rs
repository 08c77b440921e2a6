//! Files that others wrote: plain ones, as large as is said of them, and read no further.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::BundleError;

/// The most that a file of JSON may have, in bytes: it is in memory as a whole.
/// 300,000 pods take half of it.
pub(super) const LARGEST_JSON: u64 = 512 << 20;

/// Opens a plain file: no link, pipe or device, which may lead anywhere or never end.
pub(crate) fn open(path: &Path) -> io::Result<(fs::File, u64)> {
    let odd = |what| io::Error::new(io::ErrorKind::Unsupported, what);
    if fs::symlink_metadata(path)?.is_symlink() {
        return Err(odd("it is a link, and links in a bundle are not followed"));
    }
    let file = at_once().read(true).open(path)?;
    let held = file.metadata()?;
    if held.is_file() {
        return Ok((file, held.len()));
    }
    Err(odd("it is not a regular file"))
}

/// Waits for nobody, should the file have become a pipe or a link since it was looked at.
#[cfg(unix)]
fn at_once() -> fs::OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;

    let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits();
    let mut options = fs::OpenOptions::new();
    options.custom_flags(flags.cast_signed());
    options
}

#[cfg(not(unix))]
fn at_once() -> fs::OpenOptions {
    fs::OpenOptions::new()
}

/// The whole of a small file: at most `most` bytes, and no more than it has at first.
pub(super) fn text(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let (file, size) = open(path)?;
    if size > most {
        let problem = format!("it has more than {} MiB", most >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
    }
    let mut text = Vec::new();
    file.take(size).read_to_end(&mut text)?;
    Ok(text)
}

/// What is wrong where a file of a bundle is not read.
pub(super) fn unread(path: &Path, error: io::Error) -> BundleError {
    match error.kind() {
        io::ErrorKind::NotFound => BundleError::damaged(path, "it is missing"),
        io::ErrorKind::Unsupported | io::ErrorKind::FileTooLarge => {
            BundleError::damaged(path, error.to_string())
        }
        _ => BundleError::read(path, error),
    }
}
