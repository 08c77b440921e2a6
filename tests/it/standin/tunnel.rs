//! Through the server to what runs behind it: the service proxy, and port-forwards.

use std::io;
use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::fault::Fault;
use super::reply::failure;
use super::serve::{Answer, State, whole};

/// Messages that a forward carries to the pod before it is cut, fewer than a run takes.
const MESSAGES: usize = 3;

/// Where a path leads behind the server.
pub enum Tunnel {
    /// A service's port, and the path there.
    Proxy { place: String, path: String },
    /// A pod's port.
    Forward { place: String, port: u16 },
}

impl Tunnel {
    /// `None` for every other path.
    pub fn parse(path: &str, query: &str) -> Option<Self> {
        let rest = path.strip_prefix("/api/v1/namespaces/")?;
        let (namespace, rest) = rest.split_once('/')?;
        if let Some(rest) = rest.strip_prefix("services/") {
            let (service, path) = rest.split_once("/proxy")?;
            return Some(Self::Proxy {
                place: format!("{namespace}/{service}"),
                path: path.to_owned(),
            });
        }
        let pod = rest.strip_prefix("pods/")?.strip_suffix("/portforward")?;
        let mut pairs = query.split('&');
        let port = pairs.find_map(|pair| pair.strip_prefix("ports="))?;
        let port = port.parse().ok()?;
        Some(Self::Forward {
            place: format!("{namespace}/{pod}:{port}"),
            port,
        })
    }
}

pub async fn answer(
    tunnel: Tunnel,
    request: Request<Incoming>,
    fault: Option<Fault>,
    state: &State,
) -> Result<Answer, io::Error> {
    let resource = match tunnel {
        Tunnel::Proxy { .. } => "services/proxy",
        Tunnel::Forward { .. } => "pods/portforward",
    };
    let refused = |code: u16, reason: &str, message: &str| {
        let reply = failure(code, reason, message);
        let answer = Response::builder()
            .status(reply.status)
            .header(CONTENT_TYPE, "application/json");
        Ok(answer.body(whole(Bytes::from(reply.body))).unwrap())
    };
    match fault {
        Some(Fault::Unauthorized) => return refused(401, "Unauthorized", "Unauthorized"),
        Some(Fault::Forbidden) => {
            let message = format!("User \"viewer\" cannot use resource \"{resource}\"");
            return refused(403, "Forbidden", &message);
        }
        Some(Fault::Status(code)) => return refused(code, "", ""),
        _ => {}
    }
    match tunnel {
        Tunnel::Proxy { place, path } => {
            let Some(backend) = state.backends.get(&place) else {
                let message = format!("no endpoints available for service \"{place}\"");
                return refused(503, "ServiceUnavailable", &message);
            };
            match proxy(*backend, &path, request).await {
                Ok(answer) => Ok(answer),
                Err(error) => {
                    let message = format!("error trying to reach service: {error}");
                    refused(503, "ServiceUnavailable", &message)
                }
            }
        }
        Tunnel::Forward { place, port } => {
            let most = match fault {
                Some(Fault::Cut { .. }) => MESSAGES,
                _ => usize::MAX,
            };
            let backend = state.backends.get(&place).copied();
            Ok(forward(backend, port, request, most))
        }
    }
}

/// Sends the request on without its credentials, as the real server does.
async fn proxy(
    backend: SocketAddr,
    path: &str,
    mut request: Request<Incoming>,
) -> Result<Answer, io::Error> {
    let query = request.uri().query().map(|query| format!("?{query}"));
    *request.uri_mut() = format!("{path}{}", query.unwrap_or_default())
        .parse()
        .unwrap();
    request.headers_mut().remove(AUTHORIZATION);
    let stream = TcpStream::connect(backend).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await;
    let response = response.map_err(io::Error::other)?;
    Ok(response.map(|body| body.map_err(io::Error::other).boxed()))
}

/// Switches to a WebSocket of two channels: data, and errors.
fn forward(
    backend: Option<SocketAddr>,
    port: u16,
    mut request: Request<Incoming>,
    most: usize,
) -> Answer {
    let key = request.headers().get(SEC_WEBSOCKET_KEY).unwrap();
    let accept = derive_accept_key(key.as_bytes());
    tokio::spawn(async move {
        let Ok(upgraded) = hyper::upgrade::on(&mut request).await else {
            return;
        };
        let socket =
            WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        // However it ends, the client is what is tested.
        let _ = carry(socket, backend, port, most).await;
    });
    Response::builder()
        .status(101)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, accept)
        .header(SEC_WEBSOCKET_PROTOCOL, "v4.channel.k8s.io")
        .body(Full::default().map_err(|never| match never {}).boxed())
        .unwrap()
}

async fn carry(
    socket: WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>,
    backend: Option<SocketAddr>,
    port: u16,
    most: usize,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (mut to_client, mut from_client) = socket.split();
    let framed = |channel: u8, bytes: &[u8]| {
        let mut frame = vec![channel];
        frame.extend_from_slice(bytes);
        Message::binary(frame)
    };
    for channel in [0, 1] {
        to_client.send(framed(channel, &port.to_le_bytes())).await?;
    }
    let Some(backend) = backend else {
        let text = format!("failed to connect to localhost:{port}: connection refused");
        to_client.send(framed(1, text.as_bytes())).await?;
        // The kubelet leaves the rest to the client.
        while let Some(Ok(_)) = from_client.next().await {}
        return Ok(());
    };
    let stream = TcpStream::connect(backend).await?;
    let (mut from_pod, mut to_pod) = stream.into_split();
    let down = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            match from_pod.read(&mut buffer).await? {
                0 => {
                    return to_client
                        .send(Message::Close(None))
                        .await
                        .map_err(Into::into);
                }
                read => to_client.send(framed(0, &buffer[..read])).await?,
            }
        }
    };
    let up = async {
        let mut messages = from_client.take(most);
        while let Some(message) = messages.next().await {
            match message? {
                Message::Binary(bytes) if bytes.len() > 1 && bytes[0] == 0 => {
                    to_pod.write_all(&bytes[1..]).await?;
                }
                Message::Close(_) => break,
                _ => {}
            }
        }
        Ok(())
    };
    tokio::select! { ended = down => ended, ended = up => ended }
}
