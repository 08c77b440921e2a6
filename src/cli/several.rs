//! `analyze` over several clusters: one report, and the worst verdict.

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use super::analyze::{AnalyzeArgs, refuse_empty, verdict, written_or_cut_off};
use super::args::Cluster;
use super::invocation::Invocation;
use crate::error::Error;
use crate::exit::Exit;
use crate::gate;
use crate::gate::Outcome;
use crate::pipeline::{self, Settings};
use crate::render::{Fleet, Member};
use crate::snapshot::Node;
use crate::ui::Ui;

impl AnalyzeArgs {
    pub(super) fn run_several(
        &self,
        invocation: &Invocation,
        ui: &Ui,
        out: &mut dyn Write,
    ) -> Result<Exit, Error> {
        let settings = self.settings(&invocation.policy)?;
        if self.learning.shelf().is_some() {
            ui.warning(
                "`--history` is of one cluster a run: of several, nothing is kept or learned",
                Some("run kcost once for each of them"),
            );
        }
        let mut clusters = self.source.read_all(ui)?;
        clusters.iter_mut().for_each(refuse_if_empty);
        let of_each = side_by_side(&settings, &clusters);
        let members =
            clusters
                .iter_mut()
                .zip(&of_each)
                .map(|(cluster, settings)| match &mut cluster.snapshot {
                    Ok(snapshot) => Member::Analyzed {
                        command: invocation.of_cluster(&cluster.name),
                        analysis: Box::new(pipeline::analyze_part(
                            snapshot,
                            &cluster.asked,
                            settings,
                            ui,
                        )),
                    },
                    Err(error) => Member::Failed {
                        name: cluster.name.clone(),
                        error: chain(error),
                        hint: error.hint(),
                    },
                });
        let fleet = Fleet {
            members: members.collect(),
        };
        ui.clear();
        let look = invocation.look(ui, self.show.view());
        let renderer = self.show.renderer();
        // Judged before anything is written, so that no reader can cut it off.
        let verdict = self.worst(&fleet);
        let written = renderer.render_fleet(&fleet, &look, out);
        written_or_cut_off(written.and_then(|()| out.flush()))?;
        for (name, error, hint) in fleet.failed() {
            ui.warning(&format!("{name}: {error}"), hint);
        }
        if !renderer.for_people() {
            for analysis in fleet.analyses().filter(|it| !it.outcomes.is_empty()) {
                let name = &analysis.snapshot.cluster.name;
                ui.message(&format!("{name}: {}", gate::verdict(&analysis.outcomes)));
            }
        }
        verdict
    }

    /// How the run ends: a cluster that could not be read comes before doubtful
    /// data, and that before the gate.
    fn worst(&self, fleet: &Fleet<'_>) -> Result<Exit, Error> {
        let failed = fleet.failed().count();
        if failed > 0 {
            let all = fleet.members.len();
            return Err(Error::Clusters { failed, all });
        }
        let gaps = fleet.analyses().map(|it| it.snapshot.gaps.len()).sum();
        if self.strict && gaps > 0 {
            return Err(Error::Strict { gaps });
        }
        let outcomes: Vec<&Outcome> = fleet.analyses().flat_map(|it| &it.outcomes).collect();
        verdict(outcomes.iter().copied(), self.exit_zero)
    }
}

/// The settings for each cluster: they share what is committed.
fn side_by_side(settings: &Settings, clusters: &[Cluster]) -> Vec<Settings> {
    let nodes = |it: &Cluster| match &it.snapshot {
        Ok(snapshot) => snapshot.cluster.nodes.clone(),
        Err(_) => Vec::new(),
    };
    let nodes: Vec<Vec<Node>> = clusters.iter().map(nodes).collect();
    let mut first = 0;
    let own = nodes.iter().map(|it| {
        first += it.len();
        first - it.len()..first
    });
    let own: Vec<Range<usize>> = own.collect();
    let all: Arc<[Node]> = nodes.into_iter().flatten().collect();
    let each = own.into_iter().map(|own| Settings {
        prices: settings.prices.clone().one_of(all.clone(), own),
        ..settings.clone()
    });
    each.collect()
}

fn refuse_if_empty(cluster: &mut Cluster) {
    let refused = cluster
        .snapshot
        .as_ref()
        .ok()
        .and_then(|snapshot| refuse_empty(snapshot, &cluster.asked).err());
    if let Some(error) = refused {
        cluster.snapshot = Err(error);
    }
}

/// An error and its causes in one line, each once.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let why = inner.to_string();
        if !text.contains(&why) {
            text = format!("{text}: {why}");
        }
        cause = inner.source();
    }
    text
}
