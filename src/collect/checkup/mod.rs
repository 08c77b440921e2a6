//! A look at the sources themselves: do they answer, what do they allow, what have they?
//!
//! Nothing here is an error: what fails is what was found. The first answers have to come
//! within the timeout of the options, so that a dead server costs no more than that; what
//! is read once they came has the time that other commands give it.

mod api;
mod rights;

use std::error::Error as _;
use std::time::Duration;

use super::kubernetes::{self, ClusterOptions, Connection};
use super::live::{self, LiveOptions, UsageFrom};
use super::prometheus::{self, PrometheusOptions};
use super::reach;
use super::{Deadline, Scope};
use crate::error::Error;
use crate::progress::Progress;
use crate::snapshot::{Gap, Snapshot};
use crate::vitals::{Store, Trouble, Vitals};

/// Longest wait for a command that gives credentials: signing in takes longer than an
/// answer of a server that is there.
const SIGN_IN: Duration = Duration::from_secs(15);

/// What was seen, and what could be read.
#[derive(Debug)]
pub struct Checkup {
    pub vitals: Vitals,
    pub snapshot: Option<Snapshot>,
}

/// A metrics store that was found: how to ask it, and which it is.
struct Found {
    options: PrometheusOptions,
    detail: String,
}

/// Looks at a cluster and its metrics store, and reads both where that is possible.
///
/// `reading` is the longest wait for an answer once the servers have answered at all.
pub async fn look(options: &LiveOptions, reading: Duration, progress: &dyn Progress) -> Checkup {
    let cluster = ClusterOptions {
        sign_in: Some(SIGN_IN.max(options.cluster.timeout)),
        ..options.cluster.clone()
    };
    let mut vitals = Vitals::default();
    // Side by side, so that two that do not answer cost no more than one.
    let connected = kubernetes::connect(&cluster, progress);
    let (connected, named) = tokio::join!(connected, alone(options, progress));
    let connection = match connected {
        Ok(connection) => connection,
        Err(error) => {
            vitals.api = Some(Err(trouble(&Error::from(error))));
            vitals.store = named.map(|(_, seen)| seen);
            return Checkup {
                vitals,
                snapshot: None,
            };
        }
    };
    let ((api, silent), found) = tokio::join!(
        api::look(&connection, &options.scope, progress),
        find(&connection, options, named, progress)
    );
    vitals.api = Some(Ok(api));
    if silent {
        vitals.unread = Some(Trouble {
            text: "the API server told its version, and answers nothing else".to_owned(),
            hint: Some(
                "raise `--timeout`, or look with `kubectl get --raw /readyz?verbose`".to_owned(),
            ),
        });
    }
    let patient = Connection {
        timeout: reading.max(options.cluster.timeout),
        deadline: Deadline::new(reading.max(options.cluster.timeout)),
        ..connection.clone()
    };
    let mut readable = None;
    if let Some((found, seen)) = found {
        if matches!(&seen, Ok(store) if store.uncounted.is_none()) {
            readable = found.map(|found| PrometheusOptions {
                timeout: patient.timeout,
                deadline: Some(patient.deadline.clone()),
                ..found.options
            });
        }
        vitals.store = Some(seen);
    }
    if silent {
        return Checkup {
            vitals,
            snapshot: None,
        };
    }
    let detail = match &vitals.store {
        Some(Ok(store)) => store.detail.clone(),
        _ => String::new(),
    };
    let store = readable.as_ref().map(|options| (options, &*detail));
    let snapshot = live::read(&patient, store, &options.scope, progress).await;
    let snapshot = snapshot.map_err(|error| vitals.unread = Some(trouble(&error)));
    Checkup {
        vitals,
        snapshot: snapshot.ok(),
    }
}

/// A store, and what was seen of it; `None` where it was not found.
type Looked = (Option<Found>, Result<Store, Trouble>);

/// The store that is meant; `None` where none is asked for.
async fn find(
    connection: &Connection,
    options: &LiveOptions,
    named: Option<Looked>,
    progress: &dyn Progress,
) -> Option<Looked> {
    let scope = &options.scope;
    let found = match &options.usage {
        UsageFrom::MetricsApi => return None,
        UsageFrom::Url(_) => return named,
        UsageFrom::Service(name, prometheus) => {
            let prometheus = live::within(prometheus, connection);
            let found = reach::named(connection, name, &prometheus, progress).await;
            found.map_err(|error| trouble(&error))
        }
        UsageFrom::Search(prometheus) => {
            let prometheus = live::within(prometheus, connection);
            let looked = reach::look(connection, &prometheus, scope, progress).await;
            match looked {
                Err(error) => Err(trouble(&error)),
                Ok(looked) => looked.found.ok_or_else(|| not_found(looked.gaps)),
            }
        }
    };
    match found {
        Err(trouble) => Some((None, Err(trouble))),
        Ok(reach::Found { options, detail }) => {
            let found = Found { options, detail };
            let seen = store(&found, scope, progress).await;
            Some((Some(found), seen))
        }
    }
}

fn not_found(gaps: Vec<Gap>) -> Trouble {
    let gap = gaps.into_iter().find(|gap| gap.code == "no-prometheus");
    let gap = gap.unwrap_or_else(|| Gap::new("no-prometheus", "usage", "no Prometheus was found"));
    Trouble {
        text: gap.text,
        hint: gap.hint,
    }
}

/// A store that is named by its URL needs no cluster to be looked at.
async fn alone(options: &LiveOptions, progress: &dyn Progress) -> Option<Looked> {
    let UsageFrom::Url(prometheus) = &options.usage else {
        return None;
    };
    let cluster = &options.cluster;
    let names = kubernetes::names(cluster.kubeconfig.as_deref(), cluster.context.as_deref());
    let found = Found {
        options: live::called(prometheus, &names),
        detail: prometheus.url.clone(),
    };
    let seen = store(&found, &options.scope, progress).await;
    Some((Some(found), seen))
}

async fn store(found: &Found, scope: &Scope, progress: &dyn Progress) -> Result<Store, Trouble> {
    let seen = prometheus::vitals(&found.options, scope, progress).await;
    let store = seen.map_err(|error| trouble(&Error::from(error)))?;
    Ok(Store {
        detail: found.detail.clone(),
        ..store
    })
}

fn trouble(error: &Error) -> Trouble {
    Trouble {
        text: causes(error),
        hint: error.hint(),
    }
}

/// What failed and why, each once, as one sentence.
pub fn causes(error: &Error) -> String {
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
