//! Whether the cluster that is written to is the one that was measured.

use jiff::Timestamp;

use super::Writing;
use crate::apply::{Server, target};
use crate::collect::kubernetes::Connection;
use crate::error::Error;
use crate::snapshot::Snapshot;
use crate::ui::Ui;

/// Whether a bundle is of the cluster that would be written to.
pub(super) fn is_of(snapshot: &Snapshot, connection: &Connection) -> Result<(), Error> {
    let name = &snapshot.cluster.name;
    if *name == connection.name || connection.names.contains(name) {
        return Ok(());
    }
    Err(Error::Usage {
        text: format!(
            "the bundle is of the cluster `{name}`, the current context is `{}`",
            connection.name
        ),
        hint: Some("name the cluster that is meant with `--context`".to_owned()),
    })
}

/// Objects that are asked for to tell clusters apart.
const PROBES: usize = 20;

/// Nodes that are named.
const NAMED: usize = 3;

impl Writing<'_> {
    /// Refuses a cluster that only has the name of the one in the bundle: no node of that is
    /// there, and nothing that was measured was made when it was there.
    pub(super) async fn refuse_other(&self, connection: &Connection, ui: &Ui) -> Result<(), Error> {
        let server = Server::new(connection, ui, false);
        let nodes = &self.snapshot.cluster.nodes;
        let Some(now) = server.nodes().await.filter(|_| !nodes.is_empty()) else {
            return Ok(());
        };
        if nodes.iter().any(|it| now.contains(&it.name)) {
            return Ok(());
        }
        for change in self.patches.changes().iter().take(PROBES) {
            let seen = change.workload.created;
            let found = server.get(&target(change)).await.ok().flatten();
            let made = found.as_ref().and_then(|it| {
                let made = it["metadata"]["creationTimestamp"].as_str()?;
                made.parse::<Timestamp>().ok()
            });
            if made.is_some() && made == seen {
                return Ok(());
            }
        }
        let list = |names: Vec<&str>| match names.as_slice() {
            [] => "none".to_owned(),
            names => names[..names.len().min(NAMED)].join(", "),
        };
        let before = list(nodes.iter().map(|it| it.name.as_str()).collect());
        let now = list(now.iter().map(String::as_str).collect());
        Err(Error::Usage {
            text: format!(
                "`{}` is not the cluster of the bundle: that has the nodes {before}, this one {now}",
                connection.name
            ),
            hint: Some(
                "name the cluster that is meant with `--context`, or take a new snapshot of this one"
                    .to_owned(),
            ),
        })
    }
}
