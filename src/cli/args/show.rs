use clap::Args;
use clap::builder::PossibleValue;

use crate::cli::values::{Names, described, hyphenated, money, named, one_of, rows};
use crate::finding::Severity;
use crate::recommend::State;
use crate::render::{self, Renderer, Sort, View};
use crate::units::Money;

/// How the report is written, and which workloads it lists.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct ShowArgs {
    /// How to write the report.
    #[arg(
        short,
        long,
        alias = "format",
        value_name = "FORMAT",
        env = "KCOST_OUTPUT",
        hide_env_values = true,
        default_value = render::ALL[0].name(),
        value_parser = described(render::ALL.iter().map(|format| (format.name(), format.summary())))
    )]
    output: String,

    #[command(flatten)]
    view: ViewArgs,
}

/// Which workloads a report lists, and in which order.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct ViewArgs {
    /// List only workloads in these states; the summary stays that of the whole cluster.
    #[arg(
        long,
        value_name = "STATE",
        value_delimiter = ',',
        value_parser = hyphenated(State::ALL.map(State::name))
    )]
    state: Vec<String>,

    /// List only workloads of this severity or above.
    #[arg(
        long,
        value_name = "LEVEL",
        hide_short_help = true,
        value_parser = named(Severity::ALL.map(Severity::name))
    )]
    severity: Option<String>,

    /// List only workloads whose advice frees at least this much a month.
    #[arg(
        long,
        alias = "min-savings",
        value_name = "MONEY",
        hide_short_help = true,
        value_parser = money
    )]
    min_freed: Option<Money>,

    /// Order of the list [default: urgent first, then freed; in machine formats: name].
    #[arg(
        long,
        value_name = "KEY",
        hide_short_help = true,
        value_parser = sorts()
    )]
    sort: Option<String>,

    /// List only the first of them.
    #[arg(long, value_name = "COUNT", value_parser = rows)]
    top: Option<usize>,
}

/// The orders; what the advice frees was once called what it saves.
fn sorts() -> Names {
    one_of(Sort::ALL.into_iter().map(|sort| match sort {
        Sort::Freed => PossibleValue::new(sort.name()).alias("savings"),
        _ => PossibleValue::new(sort.name()),
    }))
}

impl ShowArgs {
    /// clap has checked every name against its registry.
    pub(in crate::cli) fn renderer(&self) -> &'static dyn Renderer {
        render::by_name(&self.output).unwrap_or(render::ALL[0])
    }

    pub(in crate::cli) fn view(&self) -> View {
        self.view.view()
    }
}

impl ViewArgs {
    pub(in crate::cli) fn view(&self) -> View {
        let state = |name: &String| State::ALL.into_iter().find(|state| state.name() == name);
        let level = |name: &String| Severity::ALL.into_iter().find(|level| level.name() == name);
        View {
            states: self.state.iter().filter_map(state).collect(),
            severity: self.severity.as_ref().and_then(level),
            min_freed: self.min_freed,
            sort: self.sort.as_ref().and_then(|name| Sort::by_name(name)),
            top: self.top,
        }
    }
}
