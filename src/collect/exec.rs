//! The command that a kubeconfig names for credentials, run as client-go runs it, but
//! with a time to end in.

use std::io::{IsTerminal as _, stdin};
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use jiff::Timestamp;
use kube::Config;
use kube::client::{AuthError, Body};
use kube::config::{ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tower::{BoxError, Service};

use super::command::{self, Stopped};

/// How long a command may take that asks a person, who may have to sign in first.
const SIGNING_IN: Duration = Duration::from_secs(300);
/// How long one may take where nothing else is said.
const WAIT: Duration = Duration::from_secs(60);
/// A token is asked for anew so long before it expires, seconds.
const EARLY: i64 = 60;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_version: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default, skip_deserializing)]
    spec: Option<Spec>,
    #[serde(default, skip_serializing)]
    status: Option<Status>,
}

#[derive(Serialize)]
struct Spec {
    interactive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<ExecAuthCluster>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// A token that runs out, and where the next one comes from.
pub(super) struct Renewing {
    exec: ExecConfig,
    wait: Duration,
    last: Mutex<(SecretString, Timestamp)>,
}

/// Runs the command where the settings lead to one, and puts what it gave in its place.
///
/// A token that expires is not among the settings: it is sent by [`Renewed`].
pub(super) fn settle(config: &mut Config) -> Result<Option<Arc<Renewing>>, AuthError> {
    let info = &mut config.auth_info;
    // The order of client-go, as kube has it.
    let other = info.auth_provider.is_some()
        || (info.username.is_some() && info.password.is_some())
        || info.token.is_some()
        || info.token_file.is_some();
    let Some(exec) = info.exec.clone().filter(|_| !other) else {
        return Ok(None);
    };
    let wait = config.connect_timeout.unwrap_or(WAIT);
    let status = run(&exec, wait)?;
    let expires = expiry(&status)?;
    if let (Some(certificate), Some(key)) = (status.client_certificate_data, status.client_key_data)
    {
        info.client_certificate_data = Some(STANDARD.encode(certificate));
        info.client_key_data = Some(STANDARD.encode(key).into());
    }
    let token = status.token.filter(|token| !token.is_empty());
    let Some(token) = token.map(SecretString::from) else {
        return Ok(None);
    };
    let Some(expires) = expires else {
        info.token = Some(token);
        return Ok(None);
    };
    Ok(Some(Arc::new(Renewing {
        exec,
        wait,
        last: Mutex::new((token, expires)),
    })))
}

fn expiry(status: &Status) -> Result<Option<Timestamp>, AuthError> {
    let text = status.expiration_timestamp.as_deref();
    let parsed = text.map(str::parse).transpose();
    parsed.map_err(AuthError::MalformedTokenExpirationDate)
}

fn run(exec: &ExecConfig, wait: Duration) -> Result<Status, AuthError> {
    let program = exec.command.as_ref().ok_or(AuthError::MissingCommand)?;
    let interactive = exec.interactive_mode != Some(ExecInteractiveMode::Never);
    let mut command = Command::new(program);
    command.args(exec.args.iter().flatten());
    for pair in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (pair.get("name"), pair.get("value")) {
            command.env(name, value);
        }
    }
    command.env("KUBERNETES_EXEC_INFO", told(exec, interactive)?);
    for name in exec.drop_env.iter().flatten() {
        command.env_remove(name);
    }
    let asks = interactive && stdin().is_terminal();
    if interactive {
        command.stdin(Stdio::inherit()).stderr(Stdio::inherit());
    } else {
        command.stdin(Stdio::null()).stderr(Stdio::piped());
    }
    let wait = if asks { wait.max(SIGNING_IN) } else { wait };
    let output = command::run(&mut command, wait, !asks).map_err(|stopped| match stopped {
        Stopped::Start(error) => AuthError::AuthExecStart(error),
        stopped => AuthError::AuthExec(stopped.to_string()),
    })?;
    if !output.status.success() {
        return Err(AuthError::AuthExecRun {
            cmd: String::new(),
            out: Box::new(output),
        });
    }
    // YAML as JSON, as client-go takes it.
    let given: Option<Credential> = serde_json::from_slice(&output.stdout)
        .ok()
        .or_else(|| serde_yaml::from_slice(&output.stdout).ok());
    let status = given.and_then(|given| given.status);
    status.ok_or(AuthError::ExecPluginFailed)
}

/// What the command is told of who asks.
fn told(exec: &ExecConfig, interactive: bool) -> Result<String, AuthError> {
    let cluster = if exec.provide_cluster_info {
        let cluster = exec.cluster.clone();
        Some(cluster.ok_or(AuthError::ExecMissingClusterInfo)?)
    } else {
        None
    };
    serde_json::to_string(&Credential {
        api_version: exec.api_version.clone(),
        kind: Some("ExecCredential".to_owned()),
        spec: Some(Spec {
            interactive,
            cluster,
        }),
        status: None,
    })
    .map_err(AuthError::AuthExecSerialize)
}

impl Renewing {
    async fn header(&self) -> Result<HeaderValue, AuthError> {
        let mut last = self.last.lock().await;
        if Timestamp::now().as_second() + EARLY >= last.1.as_second() {
            let (exec, wait) = (self.exec.clone(), self.wait);
            let ran = tokio::task::spawn_blocking(move || run(&exec, wait)).await;
            let status = ran.map_err(|error| AuthError::AuthExec(error.to_string()))??;
            let expires = expiry(&status)?;
            let token = status.token.ok_or(AuthError::UnrefreshableTokenResponse)?;
            *last = (token.into(), expires.unwrap_or(Timestamp::MAX));
        }
        header(&last.0)
    }
}

fn header(token: &SecretString) -> Result<HeaderValue, AuthError> {
    let value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
    let mut value = value.map_err(AuthError::InvalidBearerToken)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A client whose requests carry a token that is renewed, where there is one.
#[derive(Clone)]
pub(super) struct Renewed<S> {
    pub(super) inner: S,
    pub(super) renewing: Option<Arc<Renewing>>,
}

impl<S> Service<Request<Body>> for Renewed<S>
where
    S: Service<Request<Body>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let Some(renewing) = self.renewing.clone() else {
            return Box::pin(self.inner.call(request));
        };
        // The one that is ready does the work.
        let other = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, other);
        Box::pin(async move {
            // As kube tells errors of its own.
            let header = renewing.header().await;
            let header = header.map_err(|error| Box::new(kube::Error::Auth(error)))?;
            request.headers_mut().insert(AUTHORIZATION, header);
            inner.call(request).await
        })
    }
}
