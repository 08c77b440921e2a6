//! From a pod of the cluster: its service account, its DNS, its network.
//!
//! The real program in a mount namespace of its own: token and authority are
//! where a pod has them, the environment is that of a pod, and names are looked
//! up by the system. Only the API server is a stand-in, and /etc/hosts answers
//! for the cluster's DNS.

use std::path::{Path, PathBuf};

use kcost::record;

use super::front::Front;
use super::secure::store;
use super::told;
use crate::common::{Kcost, Seen, needs, skipped};
use crate::prometheus::openmetrics::{CADVISOR, containers, text, until_now};
use crate::prometheus::server::prometheus;
use crate::standin::{Authority, Setup, Standin, TOKEN};

const POD: &str = r#"
set -e
mount -t tmpfs none /var/run
mkdir -p /var/run/secrets/kubernetes.io
cp -r "$1" /var/run/secrets/kubernetes.io/serviceaccount
mount --bind "$2" /etc/hosts
shift 2
exec "$@"
"#;

const NAMESPACES: [&str; 3] = ["--user", "--map-root-user", "--mount"];

/// `unshare`, where the system lets us use it.
fn unshare() -> Option<PathBuf> {
    let program = needs("unshare")?;
    let tried = Kcost::program(&program)
        .args(NAMESPACES)
        .args(["mount", "-t", "tmpfs", "none", "/var/run"])
        .run();
    if tried.exit == 0 {
        return Some(program);
    }
    skipped(&format!(
        "no namespaces of our own: {}",
        tried.stderr.trim()
    ));
    None
}

/// Files that a pod has.
struct Pod {
    folder: tempfile::TempDir,
    unshare: PathBuf,
}

impl Pod {
    /// In the cluster of this server, with these names in its DNS.
    fn new(unshare: PathBuf, standin: &Standin, names: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let account = folder.path().join("account");
        std::fs::create_dir(&account).unwrap();
        let put = |path: PathBuf, text: &str| std::fs::write(path, text).unwrap();
        put(account.join("token"), TOKEN);
        put(account.join("ca.crt"), &standin.authority().unwrap());
        put(account.join("namespace"), "tools");
        let hosts = names.iter().map(|name| format!("127.0.0.1 {name}\n"));
        put(folder.path().join("hosts"), &hosts.collect::<String>());
        Self { folder, unshare }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `kcost snapshot` in it.
    fn snapshot(&self, standin: &Standin, authority: &Path) -> Seen {
        let url = standin.url();
        let (_, port) = url.rsplit_once(':').unwrap();
        Kcost::program(&self.unshare)
            .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
            .env("KUBERNETES_SERVICE_PORT", port)
            .args(NAMESPACES)
            .args(["sh", "-c", POD, "sh"])
            .args([self.path("account"), self.path("hosts")])
            .arg(env!("CARGO_BIN_EXE_kcost"))
            .args(["snapshot", "-n", "team-00", "--window", "1d", "-o"])
            .arg(self.path("a.kcost"))
            .arg("--prometheus-ca")
            .arg(authority)
            .run()
    }
}

#[test]
fn a_pod_finds_prometheus_by_dns_and_tls_with_its_service_account() {
    let Some(unshare) = unshare() else { return };
    let data = text(&containers(4), &[CADVISOR], 2 * 86_400, 60);
    let Some(server) = prometheus(&until_now(&data), &[]) else {
        return;
    };
    let authority = Authority::new();
    let acceptor = authority.acceptor(&["prom.monitoring.svc"]);
    let front = Front::before(&server.url, Some(acceptor));
    let port = front.address.port();
    let standin = Setup::new(store(port)).secure().start();
    let pod = Pod::new(unshare, &standin, &["prom.monitoring.svc"]);
    let trusted = pod.path("ca.pem");
    std::fs::write(&trusted, authority.pem()).unwrap();

    pod.snapshot(&standin, &trusted).ended(0);
    let snapshot = record::read(&pod.path("a.kcost")).unwrap();
    assert_eq!(snapshot.cluster.name, "in-cluster");
    let way = format!("prometheus: https://prom.monitoring.svc:{port}, Prometheus by ");
    assert!(told(&snapshot).starts_with(&way), "{}", told(&snapshot));
    assert!(
        snapshot.usage.samples() > 250,
        "{}",
        snapshot.usage.samples()
    );
    let paths = standin.paths();
    assert!(!paths.iter().any(|path| path.contains("prom")), "{paths:?}");
}

#[test]
fn a_pod_whose_dns_knows_nothing_goes_through_the_api_server() {
    let Some(unshare) = unshare() else { return };
    let data = text(&containers(4), &[CADVISOR], 2 * 86_400, 60);
    let Some(server) = prometheus(&until_now(&data), &[]) else {
        return;
    };
    let standin = Setup::new(super::with_prometheus(true))
        .secure()
        .backend("monitoring/prom:80", &server.url)
        .start();
    let pod = Pod::new(unshare, &standin, &[]);
    let unused = pod.path("ca.pem");
    std::fs::write(&unused, Authority::new().pem()).unwrap();
    pod.snapshot(&standin, &unused).ended(0);
    let snapshot = record::read(&pod.path("a.kcost")).unwrap();
    let way = "prometheus: monitoring/prom:80 by the API server's proxy";
    assert!(told(&snapshot).starts_with(way), "{}", told(&snapshot));
}
