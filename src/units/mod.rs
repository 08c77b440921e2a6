//! Quantities with their unit in the type. A leaf: imports nothing of kcost.
//!
//! Casts between floating point and integers happen here and nowhere else.

mod amount;
mod bytes;
mod cpu;
mod currency;
mod money;
mod quantity;
mod ratio;
mod span;

use jiff::Timestamp;

pub use amount::ParseAmountError;
pub use bytes::Bytes;
pub use cpu::Cpu;
pub use currency::{Currency, ParseCurrencyError};
pub use money::{Money, ParseMoneyError};
pub use quantity::{ParseQuantityError, Quantity, Suffix};
pub use ratio::{Ratio, wilson};
pub use span::{ParseSpanError, Span};

/// Hours in a month, for prices. Source: the clouds' own convention, 365 × 24 ÷ 12.
pub const HOURS_PER_MONTH: f64 = 730.0;

/// The nearest count for a non-negative float; 0 for NaN and negatives, the largest `u64` beyond it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float-to-integer `as` saturates, which is what this function promises"
)]
#[inline]
pub fn count_from(value: f64) -> u64 {
    value.round() as u64
}

/// The whole part of a non-negative float; 0 for NaN and negatives, the largest `u32` beyond it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float-to-integer `as` saturates, which is what this function promises"
)]
#[inline]
pub fn whole_part(value: f64) -> u32 {
    value as u32
}

/// A count as a float. Exact up to 2^53, which no count in kcost reaches.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts and byte sizes stay below 2^53"
)]
#[inline]
pub fn float(value: u64) -> f64 {
    value as f64
}

/// A length or index as a float.
#[inline]
pub fn len_f64(value: usize) -> f64 {
    float(u64::try_from(value).unwrap_or(u64::MAX))
}

/// Of two amounts those that are known, together.
pub fn known<T>(a: Option<T>, b: Option<T>, plus: impl Fn(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(plus(a, b)),
        (a, b) => a.or(b),
    }
}

/// From one time to another, in days; below zero where `to` is earlier.
pub fn days_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 86_400.0
}

/// The nearest `f32`, for storage of samples.
#[expect(
    clippy::cast_possible_truncation,
    reason = "samples are stored with 24 bits of precision"
)]
#[inline]
pub fn single(value: f64) -> f32 {
    value as f32
}
