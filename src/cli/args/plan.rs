use clap::Args;

/// A look at the cost before anything is read.
#[derive(Debug, Args)]
#[command(next_help_heading = super::prometheus::WHICH)]
pub(in crate::cli) struct PlanArgs {
    /// Say what Prometheus would be asked for and what that costs, and end.
    ///
    /// It is only asked to count, with a handful of cheap queries.
    #[arg(
        long,
        conflicts_with_all = ["demo", "snapshot", "objects"],
        hide_short_help = true
    )]
    plan: bool,
}

impl PlanArgs {
    pub(in crate::cli) fn wanted(&self) -> bool {
        self.plan
    }
}
