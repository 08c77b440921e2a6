//! Variables that hold the size of a heap and nothing else.

use super::{HeapSetting, HeapSize};
use crate::units::{Bytes, Quantity};

/// `512MiB`, `1GiB`, `1000000`; not `off`. Source:
/// https://pkg.go.dev/runtime#hdr-Environment_Variables
pub(super) fn go_size(text: &str) -> Option<Bytes> {
    let quantity: Quantity = text.trim_end_matches('B').parse().ok()?;
    let bytes = Bytes::from(&quantity);
    (!bytes.is_zero()).then_some(bytes)
}

/// `0x4B` or `4b`; not zero. Source:
/// https://learn.microsoft.com/dotnet/core/runtime-config/garbage-collector
pub(super) fn hexadecimal(text: &str) -> Option<u64> {
    let digits = text
        .trim()
        .trim_start_matches("0x")
        .trim_start_matches("0X");
    let number = u64::from_str_radix(digits, 16).ok()?;
    (number > 0).then_some(number)
}

/// `80`; not zero, which turns it off, and not above 100.
pub(super) fn percent(text: &str) -> Option<f64> {
    let percent: f64 = text.trim().parse().ok()?;
    (percent > 0.0 && percent <= 100.0).then_some(percent)
}

/// The value for another size; `None` where the setting has no such size.
pub(super) fn resized(setting: HeapSetting, value: &str, size: HeapSize) -> Option<String> {
    let is_share = setting.read_share(value).is_some();
    if is_share != matches!(size, HeapSize::Share(_)) {
        return None;
    }
    let whole = setting.with(size);
    whole.split_once('=').map(|(_, value)| value.to_owned())
}
