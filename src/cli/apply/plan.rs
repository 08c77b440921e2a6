//! What a run is to write, as far as the rules and the server let it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::Writing;
use crate::apply::{
    ApplyError, Beside, Found, Server, Step, Why, autoscaler, borrower, is_on_delete, refused,
    selector, step, target, waves,
};
use crate::change::Change;
use crate::ui::Ui;

/// What there is to do.
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) waves: Vec<Vec<usize>>,
    /// Places of changes, and why they are not among the steps.
    pub(super) skipped: Vec<(usize, Why)>,
    /// Whether a server refused any of it.
    pub(super) refused: bool,
}

impl Writing<'_> {
    /// Changes that are allowed, as far as the server has what they were made for, and those
    /// that are not.
    pub(super) async fn plan(
        &self,
        server: &Server<'_>,
        ui: &Ui,
    ) -> Result<(Vec<Step>, Vec<(usize, Why)>), ApplyError> {
        let now = Timestamp::now();
        let mut finder = Finder {
            server,
            namespaces: BTreeMap::new(),
            beside: BTreeMap::new(),
            resizes: None,
        };
        let measured = &self.snapshot.cluster.disruption_budgets;
        let (mut steps, mut skipped) = (Vec::new(), Vec::new());
        // Where not all fit into the run, the most urgent do.
        for place in self.patches.by_urgency() {
            let change = &self.patches.changes()[place];
            let allowed = match self.rules.refuse(change, now) {
                Some(why) => Err(why),
                None => match finder.found(change).await? {
                    Ok(found) => step((place, change), &found, self.rules, measured),
                    Err(why) => Err(why),
                },
            };
            let full = self.rules.max_changes.filter(|most| steps.len() >= *most);
            match (allowed, full) {
                (Err(why), _) => skipped.push((place, why)),
                (Ok(_), Some(most)) => {
                    let text = format!("a run changes no more than `--max-changes {most}`");
                    skipped.push((place, Why::new("max_changes", text)));
                }
                (Ok(step), None) => steps.push(step),
            }
        }
        steps.sort_by_key(|step| step.change);
        skipped.sort_by_key(|(place, _)| *place);
        let unknown = finder.beside.values().flat_map(|it| &it.unknown);
        for why in unknown {
            ui.warning(
                &format!("what came since the usage ended is not known: {why}"),
                None,
            );
        }
        Ok((steps, skipped))
    }

    /// Lets the server check every write; what it refuses is left out.
    pub(super) async fn checked(
        &self,
        server: &Server<'_>,
        (planned, mut skipped): (Vec<Step>, Vec<(usize, Why)>),
    ) -> Result<Plan, ApplyError> {
        let number = planned.len();
        let mut steps = Vec::new();
        for step in planned {
            match first_refused(server, &step).await? {
                None => steps.push(step),
                Some(why) => skipped.push((step.change, why)),
            }
        }
        Ok(Plan {
            waves: waves(&steps, self.rules.wave),
            refused: steps.len() < number,
            steps,
            skipped,
        })
    }
}

/// Why the server would not take the first write that it would not take.
async fn first_refused(server: &Server<'_>, step: &Step) -> Result<Option<Why>, ApplyError> {
    for write in &step.writes {
        if let Some(why) = refused(server, write).await? {
            return Ok(Some(why));
        }
    }
    Ok(None)
}

/// Finds what changes are made for. What many have in common is asked for once.
struct Finder<'a> {
    server: &'a Server<'a>,
    namespaces: BTreeMap<String, Option<Value>>,
    beside: BTreeMap<String, Beside>,
    /// Whether the server can resize pods; `None` until that was asked.
    resizes: Option<bool>,
}

impl Finder<'_> {
    /// What the server has now of a change.
    async fn found(&mut self, change: &Change<'_>) -> Result<Result<Found, Why>, ApplyError> {
        let target = target(change);
        let Some(object) = self.server.get(&target).await? else {
            let why = Why::new("gone", "the cluster does not have it any more".to_owned());
            return Ok(Err(why));
        };
        let namespace = self.namespace(&target.namespace).await?;
        let beside = self.beside(&target.namespace).await?;
        let rollout = match borrower(change) {
            Some(object) => self.server.get(&object).await?,
            None => None,
        };
        let autoscaler = match autoscaler(change) {
            Some(object) => self.server.get(&object).await?,
            None => None,
        };
        // Pods of all others are made anew from their template.
        let pods = match selector(&object).filter(|_| is_on_delete(&object)) {
            Some(selector) if self.resizes().await => {
                let mut pods = self.server.pods(&target.namespace, &selector).await?;
                pods.retain(|pod| {
                    pod["metadata"]["ownerReferences"][0]["uid"] == object["metadata"]["uid"]
                });
                pods
            }
            _ => Vec::new(),
        };
        Ok(Ok(Found {
            object,
            rollout,
            namespace,
            autoscaler,
            pods,
            beside,
        }))
    }

    async fn namespace(&mut self, name: &str) -> Result<Option<Value>, ApplyError> {
        if let Some(known) = self.namespaces.get(name) {
            return Ok(known.clone());
        }
        let found = self.server.namespace(name).await?;
        self.namespaces.insert(name.to_owned(), found.clone());
        Ok(found)
    }

    async fn beside(&mut self, namespace: &str) -> Result<Beside, ApplyError> {
        if let Some(known) = self.beside.get(namespace) {
            return Ok(known.clone());
        }
        let found = Beside::of(self.server, namespace).await?;
        self.beside.insert(namespace.to_owned(), found.clone());
        Ok(found)
    }

    async fn resizes(&mut self) -> bool {
        match self.resizes {
            Some(known) => known,
            None => *self.resizes.insert(self.server.resizes().await),
        }
    }
}
