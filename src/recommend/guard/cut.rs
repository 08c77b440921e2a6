use super::{Field, Plan, Planned};

/// Gives back so much of a field, in cores or bytes, of what the containers of a
/// plan that count are cut by: each at the same share of its way, and never more
/// than all of it. Leaves reasons.
pub(super) fn give_back(
    plan: &mut Plan<'_>,
    field: Field,
    short: f64,
    counts: impl Fn(&Planned<'_>) -> bool,
    (code, why): (&'static str, &str),
) {
    let counted = plan.containers.iter().filter(|planned| counts(planned));
    let given: f64 = counted.filter_map(|planned| cut(planned, field)).sum();
    if given <= 0.0 {
        return;
    }
    let back = (short / given).min(1.0);
    for planned in plan.containers.iter_mut().filter(|planned| counts(planned)) {
        if let (Some(cut), Some(now)) = (cut(planned, field), field.of(planned.now())) {
            planned.put(field, now - cut * (1.0 - back), now, code, why);
        }
    }
}

/// By how much a field is cut.
fn cut(planned: &Planned<'_>, field: Field) -> Option<f64> {
    let (now, after) = (field.of(planned.now())?, field.of(planned.after())?);
    (planned.known && after < now).then_some(now - after)
}
