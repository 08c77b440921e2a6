//! How long a time a query may look at, as stores say it that limit it.
//!
//! Mimir, Cortex, Thanos and Amazon: `the query time range exceeds the limit (query
//! length: 336h0m0s, limit: 72h0m0s)`. Others name days.

use crate::units::Span;

/// Whether a refusal, in lower case, is about the time that a query looks at.
pub(super) fn is_of_time(text: &str) -> bool {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    says(&["time range", "query range", "query length", "range of time"])
        && says(&[
            "exceed",
            "limit",
            "maximum",
            "too long",
            "too large",
            "longer",
            "larger",
            "greater",
            "less than",
            "at most",
        ])
}

/// The limit: of the spans that a refusal names, the shorter, because what was
/// asked for is above it. `None` where it names none.
pub(super) fn read(text: &str) -> Option<Span> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let next = words.iter().skip(1).copied().map(Some).chain([None]);
    let spans = words.iter().zip(next);
    let spans = spans.filter_map(|(word, next)| span(word).or_else(|| counted(word, next?)));
    spans.filter(|span| *span > Span::from_secs(0)).min()
}

/// What is asked for of such a limit: a little less, because a query looks back
/// behind its first point too.
pub(super) fn usable(limit: Span) -> Span {
    let seconds = limit.as_secs();
    Span::from_secs((seconds - seconds / 16).max(1))
}

/// Parts of a stretch of time that are no longer than this and have no point in
/// common, the last first; each begins and ends at a multiple of `step` after `start`.
pub(super) fn parts(start: i64, end: i64, step: u32, longest: u32) -> Vec<(i64, i64)> {
    let step = i64::from(step.max(1));
    let points = (end - start).max(0) / step;
    let length = (i64::from(longest) / step).min(points);
    let mut parts = Vec::new();
    let mut first = 0;
    while first <= points {
        let last = (first + length).min(points);
        // What is left over at the end belongs to the last part.
        let until = if last == points {
            end.max(start)
        } else {
            start + last * step
        };
        parts.push((start + first * step, until));
        first = last + 1;
    }
    parts.reverse();
    parts
}

/// Two halves, the later first; none where there is only one point.
pub(super) fn halves(start: i64, end: i64, step: u32) -> Vec<(i64, i64)> {
    let step = i64::from(step.max(1));
    let points = (end - start) / step;
    if points < 1 {
        return Vec::new();
    }
    let middle = start + points / 2 * step;
    vec![(middle + step, end), (start, middle)]
}

/// `72h0m0s`, `32d`, `1w`.
fn span(word: &str) -> Option<Span> {
    let mut seconds = 0.0;
    let mut rest = word;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| !c.is_ascii_alphabetic());
        let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
        seconds += number * unit(name)?;
        rest = after;
    }
    whole(seconds)
}

/// `32 days`.
fn counted(word: &str, next: &str) -> Option<Span> {
    let number: f64 = word.parse().ok()?;
    let name = next.strip_suffix('s').unwrap_or(next);
    let unit = match name {
        "second" => 1.0,
        "minute" => 60.0,
        "hour" => 3_600.0,
        "day" => 86_400.0,
        "week" => 604_800.0,
        _ => return None,
    };
    whole(number * unit)
}

fn unit(name: &str) -> Option<f64> {
    Some(match name {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        "y" => 31_536_000.0,
        _ => return None,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is cut at both ends"
)]
fn whole(seconds: f64) -> Option<Span> {
    (seconds >= 0.0).then(|| Span::from_secs(seconds.min(f64::from(u32::MAX)) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_every_point_once() {
        assert_eq!(parts(0, 100, 10, u32::MAX), [(0, 100)]);
        assert_eq!(parts(0, 100, 10, 40), [(100, 100), (50, 90), (0, 40)]);
        assert_eq!(parts(5, 25, 10, 3), [(25, 25), (15, 15), (5, 5)]);
        assert_eq!(parts(0, 7, 10, 40), [(0, 7)]);
        assert_eq!(halves(0, 100, 10), [(60, 100), (0, 50)]);
        assert_eq!(halves(0, 10, 10), [(10, 10), (0, 0)]);
        assert_eq!(halves(0, 5, 10), []);
    }

    #[test]
    fn limits_are_read_as_stores_say_them() {
        for (text, limit) in [
            (
                "the query time range exceeds the limit (query length: 336h0m0s, limit: 72h0m0s)",
                Some("3d"),
            ),
            (
                "the total query time range exceeds the limit (query length: 8760h0m0s, limit: \
                 721h0m0s) (err-mimir-max-total-query-length). to adjust the related limit, \
                 configure -query-frontend.max-total-query-length",
                Some("721h"),
            ),
            ("query time range exceeds 32 days", Some("32d")),
            ("the time range must be less than 744h", Some("31d")),
            ("query range is too long", None),
        ] {
            assert!(is_of_time(text), "{text}");
            let read = read(text).map(|span| span.to_string());
            assert_eq!(read.as_deref(), limit, "{text}");
        }
        for other in [
            "exceeded maximum resolution of 11,000 points per timeseries",
            "too long query; got 20000 bytes; mustn't exceed `-search.maxquerylen=16384` bytes",
            "query processing would load too many samples into memory in query execution",
            "query timed out in expression evaluation",
        ] {
            assert!(!is_of_time(other), "{other}");
        }
    }
}
