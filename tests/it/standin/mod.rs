//! A stand-in for the Kubernetes API server, on 127.0.0.1 and a free port.
//!
//! It answers with what a real server was recorded to answer (`fixtures/standin`)
//! or with generated objects of any number, in pages with tokens that can expire,
//! and fails where a test tells it to. It writes down every request.

mod change;
mod fault;
mod generate;
mod reply;
mod review;
mod serve;
mod store;
mod tls;
mod tunnel;

use std::collections::HashMap;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

pub use crate::common::repository;
pub use change::{Goes, Moment, PATIENCE, ROLLOUTS, Writing, Written};
pub use fault::Fault;
use serve::State;
pub use store::Store;
pub use tls::Authority;
use tokio_rustls::TlsAcceptor;

/// What a client must send when the stand-in asks for it.
pub const TOKEN: &str = "a-token-that-is-not-a-secret";

/// A server that runs until it is dropped.
pub struct Standin {
    address: SocketAddr,
    authority: Option<Authority>,
    tls: bool,
    state: Arc<State>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// One request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub verb: &'static str,
    /// Without the query.
    pub path: String,
    pub query: String,
    /// `Impersonate-User` and `Impersonate-Group`, in the order they were sent.
    pub acting_as: Vec<String>,
    pub user_agent: String,
    pub gzip: bool,
}

/// How a stand-in is set up.
#[derive(Default)]
pub struct Setup {
    store: Store,
    tls: bool,
    acceptor: Option<TlsAcceptor>,
    token: bool,
    /// Namespaces that may be read; `None` allows everything.
    only: Option<Vec<String>>,
    faults: Vec<(String, Fault)>,
    backends: HashMap<String, SocketAddr>,
    ticking: bool,
}

impl Setup {
    pub fn new(store: Store) -> Self {
        Self {
            store,
            ..Self::default()
        }
    }

    /// Speak TLS with a certificate of a private authority, and ask for the token.
    pub fn secure(mut self) -> Self {
        self.tls = true;
        self.token = true;
        self
    }

    /// Speak TLS in this way.
    pub fn acceptor(mut self, acceptor: TlsAcceptor) -> Self {
        self.acceptor = Some(acceptor);
        self
    }

    /// Allow lists in these namespaces alone, as a Role does.
    pub fn only(mut self, namespaces: &[&str]) -> Self {
        self.only = Some(namespaces.iter().map(ToString::to_string).collect());
        self
    }

    /// Measure usage anew every second, instead of saying what was recorded.
    pub fn ticking(mut self) -> Self {
        self.ticking = true;
        self
    }

    /// Fail on this path; `*` at its end means all that start so.
    pub fn fault(mut self, path: &str, fault: Fault) -> Self {
        self.faults.push((path.to_owned(), fault));
        self
    }

    /// What answers behind a service's or a pod's port: `shop/api:80`.
    pub fn backend(mut self, place: &str, url: &str) -> Self {
        let address = url.trim_start_matches("http://").parse().unwrap();
        self.backends.insert(place.to_owned(), address);
        self
    }

    pub fn start(self) -> Standin {
        let authority = self.tls.then(Authority::new);
        let own = authority.as_ref().map(|it| it.acceptor(&["127.0.0.1"]));
        let acceptor = self.acceptor.or(own);
        let tls = acceptor.is_some();
        let token = self.token.then(|| TOKEN.to_owned());
        let state = Arc::new(State::new(
            self.store,
            token,
            self.only,
            self.faults,
            self.backends,
            self.ticking,
        ));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let served = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(serve::run(listener, acceptor, served, stopped));
        });
        Standin {
            address,
            authority,
            tls,
            state,
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Standin {
    /// The recorded cluster without faults.
    pub fn recorded() -> Self {
        Setup::new(Store::recorded()).start()
    }

    /// The certificate of its authority, where it speaks TLS.
    pub fn authority(&self) -> Option<String> {
        self.authority.as_ref().map(Authority::pem)
    }

    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Every request so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().unwrap().clone()
    }

    /// Changes what there is from now on.
    pub fn change(&self, change: impl FnOnce(Store) -> Store) {
        let mut store = self.state.store.lock().unwrap();
        *store = change(std::mem::take(&mut *store));
    }

    /// Says how writes go from now on.
    pub fn writing(&self, change: impl FnOnce(&mut Writing)) {
        change(&mut self.state.writing.lock().unwrap());
    }

    /// Every write so far.
    pub fn written(&self) -> Vec<Written> {
        self.state.writing.lock().unwrap().written.clone()
    }

    /// Objects of a kind as they are.
    pub fn objects(&self, api_version: &str, plural: &str) -> Vec<serde_json::Value> {
        self.state
            .store
            .lock()
            .unwrap()
            .objects(api_version, plural)
    }

    /// Paths that were asked for, sorted, each once.
    pub fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = self.asked().into_iter().map(|asked| asked.path).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// Writes a kubeconfig for it, with a context `standin`.
    pub fn kubeconfig(&self, folder: &Path) -> PathBuf {
        let path = folder.join("kubeconfig");
        std::fs::write(&path, self.kubeconfig_text(TOKEN)).unwrap();
        path
    }

    /// A kubeconfig with this token.
    pub fn kubeconfig_text(&self, token: &str) -> String {
        let authority = match &self.authority {
            Some(authority) => format!(
                "\n    certificate-authority-data: {}",
                authority.certificate_base64()
            ),
            None => String::new(),
        };
        format!(
            "apiVersion: v1
kind: Config
current-context: standin
clusters:
- name: standin
  cluster:
    server: {}{authority}
users:
- name: tester
  user:
    token: {token}
contexts:
- name: standin
  context: {{cluster: standin, user: tester}}
",
            self.url()
        )
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A recorded answer.
fn recorded(name: &str) -> Vec<u8> {
    let path = repository("fixtures/standin").join(format!("{name}.json.gz"));
    let file = std::fs::File::open(path).unwrap();
    let mut body = Vec::new();
    flate2::read::GzDecoder::new(file)
        .read_to_end(&mut body)
        .unwrap();
    body
}

type Shared<T> = Mutex<T>;
