//! What earlier runs make of sizes, in words with the numbers.

use super::cpu::CpuSize;
use super::limit::Limit;
use crate::recommend::{Lesson, Reason};
use crate::text::percent_exact;

/// Sizes that differ by less are the same.
const SAME: f64 = 0.005;

/// Of the CPU request.
pub(super) fn cpu((size, lesson): (CpuSize, &Lesson)) -> Reason {
    reason("learned_cpu", lesson, "CPU request", size.taught)
}

/// Of the memory limit.
pub(super) fn memory((limit, lesson): (&Limit, &Lesson)) -> Reason {
    reason("learned_memory", lesson, "memory limit", limit.taught)
}

/// `code` where the size moved: that is what is told to people.
fn reason(code: &'static str, lesson: &Lesson, size: &str, times: f64) -> Reason {
    let (evidence, verdict) = (lesson.evidence(), lesson.verdict());
    let (code, moved) = if times > 1.0 + SAME {
        (
            code,
            format!("the {size} is {} larger", percent_exact(times - 1.0)),
        )
    } else if times < 1.0 - SAME {
        (
            code,
            format!("the {size} is {} smaller", percent_exact(1.0 - times)),
        )
    } else {
        ("learned", format!("that moves the {size} by nothing"))
    };
    Reason::new(code, format!("{evidence}, {verdict}: {moved}"))
}
