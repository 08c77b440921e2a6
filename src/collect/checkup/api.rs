//! What an API server that answers is asked besides.

use jiff::Timestamp;

use super::rights;
use crate::collect::kubernetes::{self, Connection};
use crate::collect::{Scope, metrics_api};
use crate::progress::Progress;
use crate::vitals::{Api, MetricsApi};

/// Timeouts that all of it takes together without an answer.
const PATIENCE: u32 = 2;

/// What it says, and whether it keeps silent after all.
pub(super) async fn look(
    connection: &Connection,
    scope: &Scope,
    progress: &dyn Progress,
) -> (Api, bool) {
    let deadline = connection.deadline.part(connection.timeout * PATIENCE);
    let ahead = async {
        let before = Timestamp::now().as_second();
        let said = kubernetes::clock(connection, &deadline, progress).await?;
        let after = Timestamp::now().as_second();
        Some(said - i64::midpoint(before, after))
    };
    let (ahead, (rights, silent), metrics_api) = tokio::join!(
        ahead,
        rights::ask(connection, &deadline, scope, progress),
        metrics(connection, progress),
    );
    let api = Api {
        context: connection.name.clone(),
        url: connection.url.clone(),
        proxy: connection.proxy.clone(),
        tls: connection.tls,
        version: connection.server_version.clone(),
        ahead,
        rights,
        metrics_api,
    };
    (api, silent)
}

/// Whether what stands behind the API server answers.
async fn metrics(connection: &Connection, progress: &dyn Progress) -> MetricsApi {
    if !metrics_api::is_served(connection) {
        return MetricsApi::Absent;
    }
    match metrics_api::answers(connection, progress).await {
        Ok(()) => MetricsApi::Answers,
        Err(failure) if failure.code() == Some(404) => MetricsApi::Absent,
        Err(failure) => MetricsApi::Fails(failure.to_string()),
    }
}
