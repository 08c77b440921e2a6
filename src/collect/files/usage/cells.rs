//! Single cells.

use std::str;

use jiff::Timestamp;

use crate::collect::files::LONGEST_NAME;
use crate::units::single;

/// What no builder takes, so that it is counted and named there.
pub(super) const IMPOSSIBLE: f32 = -1.0;

/// The year 2100 in Unix seconds: no usage is from then on.
const LATEST: i64 = 4_102_444_800;

/// Numbers from here on are of a finer unit: milliseconds since 1973, and so on.
const UNITS: [(f64, &str); 3] = [
    (1e17, "nanoseconds"),
    (1e14, "microseconds"),
    (1e11, "milliseconds"),
];

/// A number; `NaN` for an empty cell, which is a missing sample.
pub(super) fn number(cell: &[u8]) -> Result<f32, String> {
    let text = trimmed(cell)?;
    if text.is_empty() {
        return Ok(f32::NAN);
    }
    let value: f64 = text
        .parse()
        .map_err(|_| format!("`{}` is not a number", short(text)))?;
    Ok(sample(value))
}

/// What tools write where a device did not tell: DCGM's `ERROR - FAILED TO CONVERT TO
/// STRING` and its blanks in hexadecimal, `[N/A]` of `nvidia-smi`.
pub(super) fn is_no_reading(cell: &[u8]) -> bool {
    let text = trimmed(cell).unwrap_or_default().to_ascii_lowercase();
    let starts = [
        "error", "err!", "0x", "[", "n/a", "nan", "none", "null", "blank", "unknown",
    ];
    starts.iter().any(|start| text.starts_with(start))
}

/// A value as it is kept until it is placed. A `NaN` that was written is no
/// missing sample, but one that cannot be true.
pub(super) fn sample(value: f64) -> f32 {
    if value.is_nan() {
        IMPOSSIBLE
    } else {
        single(value)
    }
}

/// Unix seconds of an RFC 3339 time or of a number of seconds.
pub(super) fn time(cell: &[u8]) -> Result<i64, String> {
    let text = trimmed(cell)?;
    if text.is_empty() {
        return Err("the timestamp is empty".to_owned());
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return whole_seconds(seconds);
    }
    let time: Timestamp = text.parse().map_err(|_| {
        let text = short(text);
        format!("`{text}` is neither an RFC 3339 time with a zone nor Unix seconds")
    })?;
    likely(time)
}

/// Unix seconds of a time that usage can be of.
pub(super) fn likely(time: Timestamp) -> Result<i64, String> {
    match time.as_second() {
        seconds @ 0..LATEST => Ok(seconds),
        ..0 => Err(format!("`{time}` is before 1970")),
        _ => Err(format!("`{time}` is of the year {}", time.strftime("%Y"))),
    }
}

/// Rounds down.
pub(super) fn whole_seconds(seconds: f64) -> Result<i64, String> {
    let wrong = || format!("`{seconds}` is not a time in Unix seconds");
    if let Some((_, unit)) = UNITS.iter().find(|(least, _)| seconds >= *least) {
        return Err(format!("{}; {unit}?", wrong()));
    }
    if seconds.is_nan() || seconds < 0.0 {
        return Err(wrong());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "smaller than 2^53, and rounded down as it is meant"
    )]
    if seconds < LATEST as f64 {
        return Ok(seconds as i64);
    }
    // Exact: far below 2^53.
    let time = Timestamp::from_duration(jiff::SignedDuration::from_secs_f64(seconds));
    likely(time.map_err(|_| wrong())?)
}

/// A name, which may not be empty or endless.
pub(super) fn name<'a>(cell: &'a [u8], what: &str) -> Result<&'a str, String> {
    match name_or_none(cell, what)? {
        "" => Err(format!("the {what} is empty")),
        name => Ok(name),
    }
}

/// The same, where a cell may be empty.
pub(super) fn name_or_none<'a>(cell: &'a [u8], what: &str) -> Result<&'a str, String> {
    let text = trimmed(cell)?;
    let bytes = text.len();
    if bytes > LONGEST_NAME {
        return Err(format!(
            "the {what} has {bytes} bytes, and names have at most {LONGEST_NAME}"
        ));
    }
    Ok(text)
}

fn trimmed(cell: &[u8]) -> Result<&str, String> {
    str::from_utf8(cell)
        .map(str::trim_ascii)
        .map_err(|_| "the text is not UTF-8".to_owned())
}

/// The start of a text, for messages.
fn short(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_rfc_3339() {
        for text in [
            "1760000000",
            "1760000000.9",
            " 1.76e9 ",
            "2025-10-09T08:53:20Z",
            "2025-10-09T10:53:20.5+02:00",
        ] {
            assert_eq!(time(text.as_bytes()), Ok(1_760_000_000), "{text}");
        }
        for text in [
            "",
            "today",
            "2025-10-09T08:53:20",
            "1760000000000",
            "1760000000000000000",
            "4102444800",
            "2226-01-01T00:00:00Z",
            "1969-01-01T00:00:00Z",
            "-5",
            "nan",
            "inf",
        ] {
            assert!(time(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn what_a_device_did_not_tell_is_no_reading() {
        for text in [
            "ERROR - FAILED TO CONVERT TO STRING",
            "0x7ffffff0",
            "[N/A]",
            "N/A",
            "null",
        ] {
            assert!(is_no_reading(text.as_bytes()), "{text}");
        }
        for text in ["0,5", "250m", "0.5", ""] {
            assert!(!is_no_reading(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn an_empty_cell_is_a_missing_sample_and_nan_is_not() {
        assert!(number(b" ").unwrap().is_nan());
        assert!(number(b"NaN").unwrap() < 0.0);
        assert_eq!(number(b"2.5e6"), Ok(2.5e6));
        assert!(number(b"0,5").is_err());
        assert!(number(b"250m").is_err());
    }
}
