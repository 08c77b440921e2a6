use crate::doctor::{Check, Point, Seen};
use crate::text::short;
use crate::units::Span;

/// Whether the clocks here, of the API server and of the metrics store agree.
pub(super) struct Clocks;

/// Seconds that clocks may differ: a header tells whole seconds, an answer takes time.
const DOUBTFUL: f64 = 10.0;
/// From here on the newest samples are missed, or lie in the future. Ours: the usual step.
const WRONG: f64 = 300.0;

impl Check for Clocks {
    fn name(&self) -> &'static str {
        "clocks"
    }

    fn summary(&self) -> &'static str {
        "of the API server and the metrics store against the one here"
    }

    fn look(&self, seen: &Seen<'_>) -> Vec<Point> {
        #[expect(clippy::cast_precision_loss, reason = "seconds between clocks")]
        let api = seen
            .api()
            .map(|api| ("the API server", api.ahead.map(|it| it as f64)));
        let store = seen.store().map(|store| ("the metrics store", store.ahead));
        let known = [api, store].into_iter().flatten();
        let mut points: Vec<Point> = known.filter_map(|(of, ahead)| off(of, ahead)).collect();
        let outside = seen.gaps(&["outside-window"]);
        points.extend(outside.into_iter().map(|gap| {
            Point::warn(5, &gap.text)
                .effect("samples of other times are left out")
                .hint(gap.hint.as_deref())
        }));
        let looked = [api, store]
            .into_iter()
            .flatten()
            .any(|(_, it)| it.is_some());
        if points.is_empty() && looked {
            points.push(Point::ok("the clocks agree within 10 s"));
        }
        points
    }
}

/// A clock that is ahead or behind by too much.
fn off(of: &str, ahead: Option<f64>) -> Option<Point> {
    let Some(ahead) = ahead else {
        return Some(Point::unknown(0, format!("{of} does not tell its time")));
    };
    let by = ahead.abs();
    if by <= DOUBTFUL {
        return None;
    }
    let way = if ahead > 0.0 { "ahead of" } else { "behind" };
    let text = format!("the clock of {of} is {} {way} the one here", length(by));
    let mend = "set the clocks by NTP: `timedatectl status` shows whether one is";
    let point = if by >= WRONG {
        Point::bad(30, text).effect("the newest samples are missed, and ages of pods are wrong")
    } else {
        Point::warn(3, text).effect("the newest samples may be missed")
    };
    Some(point.mend(mend))
}

fn length(seconds: f64) -> String {
    if seconds < 120.0 {
        return format!("{} s", short(seconds, 0));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least 120, and saturates"
    )]
    let span = Span::from_secs(seconds as u32);
    span.human()
}
