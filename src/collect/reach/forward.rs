//! Connections into a pod, through the API server and its kubelet.
//!
//! No port is opened here: requests go straight over the stream. When it drops,
//! the next request looks for a ready pod again.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection as Connects};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use serde::Deserialize;
use tokio::io::DuplexStream;
use tower::Service;

use super::candidate::{Candidate, Target};
use crate::collect::at_most::AtMost;
use crate::collect::kubernetes::{Connection, Failure, encode, get, list_path};
use crate::collect::misfit;
use crate::progress::Silent;

/// Makes connections to any ready pod behind a service.
#[derive(Clone)]
pub(super) struct Forward(Arc<Inner>);

/// Pods behind a service, at most.
const MOST: usize = 5_000;

struct Inner {
    connection: Connection,
    namespace: String,
    pods: Api<Pod>,
    selector: String,
    target: Target,
    timeout: Duration,
    /// Why the last connection could not be made, or be used.
    said: Mutex<Option<String>>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct ForwardError(String);

/// A stream into a pod.
pub(super) struct Stream(TokioIo<DuplexStream>);

impl Forward {
    pub(super) fn new(connection: &Connection, candidate: &Candidate) -> Self {
        let equal = candidate.selector.iter();
        let equal = equal.map(|(key, value)| format!("{key}={value}"));
        Self(Arc::new(Inner {
            connection: connection.clone(),
            namespace: candidate.namespace.clone(),
            pods: Api::namespaced(connection.client.clone(), &candidate.namespace),
            selector: equal.collect::<Vec<_>>().join(","),
            target: candidate.target.clone(),
            timeout: connection.timeout,
            said: Mutex::default(),
        }))
    }

    /// Why the last connection could not be made, or be used.
    pub(super) fn said(&self) -> Option<String> {
        self.0.said().clone()
    }
}

impl Inner {
    async fn connect(self: Arc<Self>) -> Result<Stream, ForwardError> {
        let waited = tokio::time::timeout(self.timeout, self.open()).await;
        let seconds = self.timeout.as_secs();
        let late = || ForwardError(format!("no connection within {seconds} s"));
        let opened = waited.unwrap_or_else(|_| Err(late()));
        *self.said() = opened.as_ref().err().map(ToString::to_string);
        opened
    }

    /// The pods behind the service.
    async fn list(&self) -> Result<Vec<Pod>, Failure> {
        #[derive(Deserialize)]
        struct List {
            items: Option<AtMost<Pod, MOST>>,
        }
        let path = list_path("", "v1", "pods", Some(&self.namespace));
        let path = format!("{path}?labelSelector={}", encode(&self.selector));
        let body = get(&self.connection, &path, &Silent).await?;
        let list: List = serde_json::from_slice(&body)
            .map_err(|error| Failure::Garbled(misfit::problem(&error)))?;
        Ok(list.items.map_or_else(Vec::new, |AtMost(pods)| pods))
    }

    async fn open(self: &Arc<Self>) -> Result<Stream, ForwardError> {
        let pods = self.list().await;
        let pods =
            pods.map_err(|failure| ForwardError(format!("pods cannot be listed: {failure}")))?;
        let ready = pods.iter().find(|pod| is_ready(pod));
        let pod = ready.ok_or_else(|| {
            ForwardError(format!("none of its pods is ready (of {})", pods.len()))
        })?;
        let name = pod.metadata.name.clone().unwrap_or_default();
        let port = port(pod, &self.target)
            .ok_or_else(|| ForwardError(format!("the pod {name} has no port `{}`", self.target)))?;
        let opened = self.pods.portforward(&name, &[port]).await;
        let mut forwarder = opened.map_err(|error| fail(&format!("pod {name}"), &error))?;
        let stream = forwarder.take_stream(port);
        let error = forwarder.take_error(port);
        let inner = Arc::clone(self);
        tokio::spawn(async move {
            let Some(error) = error else { return };
            // Only an error ends the stream here: the kubelet keeps it open.
            if let Some(text) = error.await {
                let text = text.trim().to_owned();
                *inner.said() = Some(format!("pod {name}, port {port}: {text}"));
                forwarder.abort();
            }
        });
        let stream = stream.ok_or_else(|| ForwardError("there is no stream".to_owned()))?;
        Ok(Stream(TokioIo::new(stream)))
    }

    fn said(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The API server's own words, where it has any.
fn fail(what: &str, error: &kube::Error) -> ForwardError {
    let why = match error {
        kube::Error::Api(status) => status.message.clone(),
        error => {
            let mut cause: &dyn std::error::Error = error;
            while let Some(source) = cause.source() {
                cause = source;
            }
            cause.to_string()
        }
    };
    ForwardError(format!("{what}: {why}"))
}

fn is_ready(pod: &Pod) -> bool {
    let leaving = pod.metadata.deletion_timestamp.is_some();
    let status = pod.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_ref());
    let ready = conditions
        .into_iter()
        .flatten()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    ready && !leaving
}

/// The number of a port that may be known by its name.
fn port(pod: &Pod, target: &Target) -> Option<u16> {
    let name = match target {
        Target::Number(number) => return Some(*number),
        Target::Name(name) => name,
    };
    let spec = pod.spec.as_ref()?;
    // A native sidecar may own the port.
    let containers = spec
        .containers
        .iter()
        .chain(spec.init_containers.iter().flatten());
    let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
    let found = ports.find(|port| port.name.as_ref() == Some(name))?;
    u16::try_from(found.container_port).ok()
}

impl Service<Uri> for Forward {
    type Response = Stream;
    type Error = ForwardError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ForwardError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ForwardError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        Box::pin(Arc::clone(&self.0).connect())
    }
}

impl Connects for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, buffer)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
