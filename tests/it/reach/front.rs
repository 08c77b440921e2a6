//! A door before a server: plain or TLS, and it listens to all that passes.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

type Log = Arc<Mutex<Vec<u8>>>;

/// Whether the next connection is let through.
type Guard = Box<dyn FnMut() -> bool + Send>;

/// Stands until the tests end.
pub struct Front {
    pub address: SocketAddr,
    asked: Log,
    answered: Log,
    connections: Arc<AtomicUsize>,
}

impl Front {
    /// Before the server with this URL; speaks TLS where there is an acceptor.
    pub fn before(url: &str, acceptor: Option<TlsAcceptor>) -> Self {
        Self::guarded(url, acceptor, |_| true)
    }

    /// The same; breaks connections that the guard, who is told their number
    /// from 0, does not let through.
    pub fn guarded(
        url: &str,
        acceptor: Option<TlsAcceptor>,
        mut guard: impl FnMut(usize) -> bool + Send + 'static,
    ) -> Self {
        let backend: SocketAddr = url.trim_start_matches("http://").parse().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let front = Self {
            address: listener.local_addr().unwrap(),
            asked: Log::default(),
            answered: Log::default(),
            connections: Arc::default(),
        };
        let connections = Arc::clone(&front.connections);
        let guard = Box::new(move || guard(connections.fetch_add(1, Ordering::Relaxed)));
        let logs = (Arc::clone(&front.asked), Arc::clone(&front.answered));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(serve(listener, backend, acceptor, guard, logs));
        });
        front
    }

    /// As a backend of the stand-in.
    pub fn place(&self) -> String {
        self.address.to_string()
    }

    /// How many connections there were so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Whether a request had this in it.
    pub fn asked(&self, text: &str) -> bool {
        holds(&self.asked, text)
    }

    pub fn answered(&self, text: &str) -> bool {
        holds(&self.answered, text)
    }
}

fn holds(log: &Log, text: &str) -> bool {
    let log = log.lock().unwrap();
    let text = text.as_bytes();
    log.windows(text.len())
        .any(|window| window.eq_ignore_ascii_case(text))
}

async fn serve(
    listener: std::net::TcpListener,
    backend: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    mut guard: Guard,
    (asked, answered): (Log, Log),
) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((client, _)) = listener.accept().await {
        if !guard() {
            continue;
        }
        let (asked, answered) = (Arc::clone(&asked), Arc::clone(&answered));
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let server = TcpStream::connect(backend).await?;
            match acceptor {
                Some(acceptor) => {
                    let client = acceptor.accept(client).await?;
                    between(client, server, &asked, &answered).await
                }
                None => between(client, server, &asked, &answered).await,
            }
        });
    }
}

async fn between(
    client: impl AsyncRead + AsyncWrite,
    server: TcpStream,
    asked: &Log,
    answered: &Log,
) -> io::Result<()> {
    let (from_client, to_client) = tokio::io::split(client);
    let (from_server, to_server) = tokio::io::split(server);
    tokio::select! {
        ended = pass(from_client, to_server, asked) => ended,
        ended = pass(from_server, to_client, answered) => ended,
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    log: &Log,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        log.lock().unwrap().extend_from_slice(&buffer[..read]);
        to.write_all(&buffer[..read]).await?;
    }
}
