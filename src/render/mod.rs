//! An analysis into bytes, one file a format.
//!
//! A renderer knows nothing of files, streams or terminals: width and colour
//! come in with [`Look`].

use std::io;

use crate::pipeline::Analysis;

mod backtest;
mod costs;
mod cronjob;
mod csv;
mod doctor;
mod emit;
mod events;
mod explain;
mod findings;
mod fleet;
mod forecast;
mod gpu;
mod grid;
mod history;
mod json;
mod json_v1;
mod nodes;
mod patch;
mod pick;
mod plain;
mod prices;
mod risks;
mod schedule;
mod style;
mod table;
mod urgent;
mod view;
mod whole;
mod words;
mod wrap;
mod yaml;

pub use backtest::{backtest_json, backtest_table};
pub use costs::{Told, costs_csv, costs_focus, costs_json, costs_table};
pub use cronjob::{AUDIT, POLICY_FILE, Regular, cronjob};
pub use doctor::{doctor_json, doctor_table, doctor_verdict};
pub use explain::{explanation_json, explanation_text};
pub use fleet::{Fleet, Member};
pub use forecast::{
    Foretold, forecast_json, forecast_table, forecast_text, replayed_json, replayed_table,
};
pub use gpu::{gpus_json, gpus_table, together_text};
pub use history::{
    Verified, diff_json, diff_table, history_json, history_table, learned, trend, verify_json,
    verify_table,
};
pub use nodes::{Planned, nodes_csv, nodes_groups, nodes_json, nodes_karpenter, nodes_table};
pub use patch::{
    Applied, FORMS, File, Form, Patches, Sheet, applied_json, applied_outcome, applied_plan,
    form_by_name, patch_files, patch_json, patch_stream, placed_markdown, placed_text,
    restored_json, restored_text, runs_json, runs_text,
};
pub use prices::{
    PriceRow, price_explained, price_list, price_list_json, prices_json, prices_table,
};
pub use risks::{RulesFor, alert_rules, replay_json, replay_table, risks_json, risks_table};
pub use schedule::{
    Mover, Scheduled, schedule_json, schedule_manifests, schedule_table, schedule_text,
};
pub use table::choices;
pub use view::{Sort, View};

/// How a report looks. Machine formats heed only [`Look::view`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Columns of the terminal; `None` when there is none, so nothing is cut.
    pub width: Option<usize>,
    pub color: bool,
    /// Whether text for people may go beyond ASCII.
    pub unicode: bool,
    /// Whether people are told how each number was found.
    pub verbose: bool,
    /// How the program was called: `kcost` or `kubectl kcost`.
    pub program: &'static str,
    /// The command that made this report, without what only decides its looks.
    pub command: String,
    /// The command that explains a workload of the same source, whose name follows;
    /// `None` where nobody asks for next steps.
    pub explain: Option<String>,
    /// Which workloads are listed.
    pub view: View,
}

/// One output format.
///
/// Implement it in a new file of this folder, add the value to [`ALL`], and add
/// a test file of the same name.
pub trait Renderer: Sync {
    /// The `--output` value. Never renamed.
    fn name(&self) -> &'static str;
    /// One line for the help.
    fn summary(&self) -> &'static str;
    /// Whether people read it: then it ends with the verdict of the gate.
    fn for_people(&self) -> bool {
        false
    }
    fn render(
        &self,
        analysis: &Analysis<'_>,
        look: &Look,
        out: &mut dyn io::Write,
    ) -> io::Result<()>;
    /// Several clusters; one after the other unless the format has a better way.
    fn render_fleet(
        &self,
        fleet: &Fleet<'_>,
        look: &Look,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        for member in &fleet.members {
            if let Member::Analyzed { analysis, command } = member {
                self.render(analysis, &look.of(command), out)?;
            }
        }
        Ok(())
    }
}

/// Every format, in the order shown to users; the first is the default.
pub static ALL: &[&dyn Renderer] = &[
    &table::TABLE,
    &table::WIDE,
    &json_v1::Json,
    &yaml::Yaml,
    &csv::Csv,
    &patch::Patch,
];

/// The names of [`ALL`].
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|renderer| renderer.name()).collect()
}

/// The format of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Renderer> {
    ALL.iter().copied().find(|renderer| renderer.name() == name)
}
