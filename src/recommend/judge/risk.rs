use crate::recommend::guard::Planned;
use crate::recommend::over::{count_over, work_over};
use crate::recommend::{Replayed, Risk, samples};
use crate::snapshot::Grid;
use crate::units::{Bytes, Cpu, Span, len_f64};

/// What may go wrong with the sizes that the guards left.
///
/// A strategy's word stands where the size is about what it proposed. Where it is
/// smaller, and where nothing was said, the pool's own samples speak; where it is
/// far larger, they may speak for it. What was killed at a limit that stays may be
/// killed again.
pub(super) fn complete(planned: &Planned<'_>, risk: Risk, grid: &Grid) -> Risk {
    let memory = memory(planned, risk);
    let again = killed_again(planned, grid, risk.horizon);
    let memory = memory.map(|said| again.map_or(said, |again| said.max(again)));
    let cpu = cpu(planned, risk.cpu_time_over_request);
    let stands = |replayed: Option<f64>, drafted: Option<f64>, told: Option<f64>| {
        replayed.filter(|_| drafted == told)
    };
    let replayed = Replayed {
        memory_over_limit: stands(
            risk.replayed.memory_over_limit,
            risk.memory_over_limit,
            memory,
        ),
        cpu_time_over_request: stands(
            risk.replayed.cpu_time_over_request,
            risk.cpu_time_over_request,
            cpu,
        ),
    };
    Risk {
        cpu_time_over_request: cpu,
        cpu_work_over_request: planned
            .after()
            .cpu_request
            .and_then(|request| work_over(&planned.pool, request)),
        memory_over_limit: memory,
        replayed,
        ..risk
    }
}

/// A request this many times what a strategy proposed is another one.
const FAR_LARGER: f64 = 1.25;

/// Share of time above the request.
fn cpu(planned: &Planned<'_>, promised: Option<f64>) -> Option<f64> {
    let request = planned.after().cpu_request?;
    let draft = planned.draft.cpu_request.value();
    let lowered = draft.is_none_or(|draft| {
        let same = request.to_quantity() == draft.to_quantity();
        request < draft.scale(FORGIVEN) && !same
    });
    let raised = draft.is_some_and(|draft| request > draft.scale(FAR_LARGER));
    if promised.is_some() && !lowered && !raised {
        return promised;
    }
    let seen = time_over(planned, request)?;
    Some(match promised {
        Some(promised) if raised => seen.min(promised),
        Some(promised) => seen.max(promised),
        None => seen,
    })
}

/// By Laplace's rule over the horizons of the window, those with a kill; `None`
/// unless the limit stays below what the last kill asks for.
fn killed_again(planned: &Planned<'_>, grid: &Grid, horizon: Span) -> Option<f64> {
    let short = planned.pool.events.memory_shortage()?;
    let limit = planned.after().memory_limit?;
    let horizons = (grid.span().as_days() / horizon.as_days()).max(1.0);
    let hit = len_f64(short.times).min(horizons);
    (limit < short.floor).then(|| (hit + 1.0) / (horizons + 2.0))
}

/// What is this little below what a strategy proposed is no other size.
const FORGIVEN: f64 = 0.99;

/// Share of samples above `request`, plus two standard errors of as many
/// independent hours: neighbouring samples say little that is new.
fn time_over(planned: &Planned<'_>, request: Cpu) -> Option<f64> {
    let (above, all) = count_over(&planned.pool, request);
    if all <= 0.0 {
        return None;
    }
    let share = above / all;
    let span = planned.pool.profile.quality.span;
    let hours = (span.as_days() * 24.0).min(all).max(1.0);
    // Laplace's rule keeps the error above zero where nothing was seen above.
    let smoothed = (share * hours + 1.0) / (hours + 2.0);
    let error = (smoothed * (1.0 - smoothed) / hours).sqrt();
    Some((share + 2.0 * error).min(1.0))
}

/// Probability of exceeding the limit within the horizon.
fn memory(planned: &Planned<'_>, risk: Risk) -> Option<f64> {
    let limit = planned.after().memory_limit?;
    let draft = planned.draft.memory_limit.value();
    let lowered = draft.is_none_or(|draft| limit < draft);
    if risk.memory_over_limit.is_some() && !lowered {
        return risk.memory_over_limit;
    }
    let peaks = &planned.pool.profile.memory.as_ref()?.daily_peaks;
    let seen = weeks_over(peaks, limit, risk.horizon);
    match (risk.memory_over_limit, seen) {
        (Some(promised), Some(seen)) => Some(promised.max(seen)),
        (Some(promised), None) => Some(draft.map_or(promised, |draft| {
            between(peaks, limit, draft, promised, risk.horizon)
        })),
        (None, seen) => seen,
    }
}

/// The risk of a limit between the peak, which the horizon exceeds as often as it
/// brings a record, and a larger one of which the risk is known: a straight line on
/// logarithmic scales.
fn between(daily_peaks: &[f64], limit: Bytes, draft: Bytes, said: f64, horizon: Span) -> f64 {
    let days = daily_peaks.iter().filter(|peak| peak.is_finite()).count();
    let due = horizon.as_days() / (horizon.as_days() + len_f64(days));
    let peak = samples::largest(daily_peaks.iter().copied()).unwrap_or(0.0);
    let (whole, part) = (draft.to_f64() / peak, limit.to_f64() / peak);
    if part >= whole || part <= 1.0 || !(0.0..due).contains(&said) || said <= 0.0 {
        return said;
    }
    due * (said / due).powf(part.ln() / whole.ln())
}

/// Share of horizons in the window with a peak above the limit, by Laplace's
/// rule over as many as fit without overlap; `None` for a limit that is well
/// above all that was seen, of which the window says nothing.
fn weeks_over(daily_peaks: &[f64], limit: Bytes, horizon: Span) -> Option<f64> {
    let days = daily_peaks.iter().filter(|peak| peak.is_finite());
    let horizons = len_f64(days.count()) / horizon.as_days().max(1.0);
    let largest = samples::largest(daily_peaks.iter().copied())?;
    if largest <= limit.to_f64() {
        // The largest of all horizons is as likely to be the next one as any of
        // those seen. A limit with a margin is safer by how much cannot be said.
        let tight = limit.to_f64() < largest * 1.05;
        return tight.then(|| 1.0 / (horizons + 1.0));
    }
    let length = usize::try_from(horizon.as_secs() / Span::DAY.as_secs()).unwrap_or(1);
    let windows = daily_peaks.windows(length.clamp(1, daily_peaks.len().max(1)));
    let over: Vec<f64> = windows
        .map(|days| samples::largest(days.iter().copied()).unwrap_or(0.0))
        .collect();
    let share = samples::share_above(&samples::sorted(over), limit.to_f64())?;
    Some((share * horizons + 1.0) / (horizons + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_of_a_fortnight_is_passed_in_a_third_of_weeks() {
        let mut peaks = vec![100.0; 14];
        peaks[3] = 200.0;
        let risk = |limit| weeks_over(&peaks, Bytes(limit), Span::WEEK);
        assert!((risk(200).unwrap() - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!(risk(400), None);
        // A third at the peak, a hundredth at four times: the mean of both halfway.
        let halfway = between(&peaks, Bytes(400), Bytes(800), 0.01, Span::WEEK);
        assert!((halfway - (0.01_f64 / 3.0).sqrt()).abs() < 1e-9);
        // Four of the eight weeks of the window contain the peak of day 3.
        assert!((risk(150).unwrap() - (0.5 * 2.0 + 1.0) / 3.0).abs() < 1e-9);
    }
}
