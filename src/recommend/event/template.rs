use super::{Pool, Reason, days};
use crate::snapshot::Grid;

/// A pod template that changed inside the window: what was used before counts less.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::recommend) struct NewTemplate {
    /// The first slot of the new template.
    pub since: u32,
    /// Days from there to the end of the window.
    pub days: f64,
}

impl NewTemplate {
    /// `halved` where the days before it still count for the memory limit, by half.
    pub(super) fn reason(&self, halved: bool) -> Reason {
        let ago = days(self.days);
        let text = if halved {
            format!(
                "the pod template changed {ago} ago: days before it count half as history \
                 for the margin on memory"
            )
        } else {
            format!("the pod template changed {ago} ago")
        };
        Reason::new("template_changed", text)
    }
}

pub(super) fn find(pool: &Pool<'_>, grid: &Grid) -> Option<NewTemplate> {
    let since = grid.slot(pool.workload.template_changed?)?;
    let slots = f64::from(grid.len.saturating_sub(since));
    (since > 0).then(|| NewTemplate {
        since,
        days: slots / f64::from(grid.per_day()),
    })
}
