//! Proxies on the way to a cluster, as the environment or the kubeconfig names them.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::common::{Kcost, Seen};
use crate::standin::{Setup, Standin, Store, TOKEN};

/// A proxy that leads to one server, wherever it is asked to.
struct Proxy {
    address: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Says this instead, where it is no success.
    fn new(server: &str, status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap().to_string(),
            heard: Arc::default(),
        };
        let (_, server) = server.split_once("://").unwrap();
        let (server, heard) = (server.to_owned(), Arc::clone(&proxy.heard));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (server, heard) = (server.clone(), Arc::clone(&heard));
                std::thread::spawn(move || serve(client, &server, status, &heard));
            }
        });
        proxy
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

fn serve(mut client: TcpStream, server: &str, status: &str, heard: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    heard.lock().unwrap().push(head);
    let answered = write!(client, "HTTP/1.1 {status}\r\n\r\n");
    if answered.is_err() || !status.starts_with("200") {
        return;
    }
    let there = TcpStream::connect(server).unwrap();
    let (mut from, mut to) = (client.try_clone().unwrap(), there.try_clone().unwrap());
    std::thread::spawn(move || pump(&mut from, &mut to));
    pump(&mut there.try_clone().unwrap(), &mut client);
}

fn pump(from: &mut impl Read, to: &mut impl Write) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length) = from.read(&mut buffer) {
        if length == 0 || to.write_all(&buffer[..length]).is_err() {
            return;
        }
    }
}

/// A cluster that is called `kube.test` and that only a proxy leads to.
struct Far {
    standin: Standin,
    folder: tempfile::TempDir,
}

impl Far {
    fn new() -> Self {
        Self {
            standin: Setup::new(Store::recorded()).secure().start(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Lists it with this proxy in the kubeconfig, where there is one, and this environment.
    fn run(&self, own: Option<&str>, environment: &[(&str, &str)]) -> Seen {
        let own = own.map_or(String::new(), |own| format!("\n    proxy-url: {own}"));
        let text = self.standin.kubeconfig_text(TOKEN).replace(
            &self.standin.url(),
            &format!("https://kube.test:6443\n    tls-server-name: 127.0.0.1{own}"),
        );
        let config = self.folder.path().join("config");
        std::fs::write(&config, text).unwrap();
        let kcost = Kcost::new().env("KUBECONFIG", &config);
        let kcost = environment
            .iter()
            .fold(kcost, |kcost, (name, value)| kcost.env(name, value));
        let bundle = self.folder.path().join("a.kcost");
        kcost
            .args(["snapshot", "--no-discovery", "--timeout", "5s", "-o"])
            .arg(bundle)
            .run()
    }
}

#[test]
fn a_proxy_is_taken_with_and_without_a_scheme() {
    let far = Far::new();
    let proxy = Proxy::new(&far.standin.url(), "200 OK");
    let with_scheme = format!("http://{}", proxy.address);
    let bare = proxy.address.as_str();
    far.run(None, &[("HTTPS_PROXY", &with_scheme)]).ended(0);
    far.run(None, &[("HTTPS_PROXY", bare)]).ended(0);
    far.run(None, &[("https_proxy", bare)]).ended(0);
    far.run(Some(&with_scheme), &[("HTTPS_PROXY", "127.0.0.1:9")])
        .ended(0);
    let heard = proxy.heard();
    assert!(heard.len() >= 4);
    let to_cluster = |head: &String| head.starts_with("CONNECT kube.test:6443 ");
    assert!(heard.iter().all(to_cluster), "{heard:?}");
}

#[test]
fn what_no_proxy_names_is_never_asked_of_the_proxy() {
    let far = Far::new();
    for (no_proxy, is_bypassed) in [
        ("kube.test:6443", true),
        ("other, .test", true),
        ("kube.test", true),
        ("*", true),
        ("kube.test:443", false),
        ("10.0.0.0/8,kube.test:80", false),
    ] {
        let proxy = Proxy::new(&far.standin.url(), "200 OK");
        let environment = [
            ("HTTPS_PROXY", proxy.address.as_str()),
            ("NO_PROXY", no_proxy),
        ];
        let seen = far.run(None, &environment);
        assert_eq!(
            proxy.heard().is_empty(),
            is_bypassed,
            "{no_proxy}: {}",
            seen.stderr
        );
        assert_eq!(seen.exit, i32::from(is_bypassed), "{no_proxy}");
    }
}

#[test]
fn a_login_of_a_proxy_is_sent_and_never_shown() {
    let far = Far::new();
    let proxy = Proxy::new(&far.standin.url(), "407 Proxy Authentication Required");
    let url = format!("http://me:hu%40sh@{}", proxy.address);
    let seen = far.run(None, &[("HTTPS_PROXY", &url)]).ended(1);
    let text = seen.stderr.replace(&proxy.address, "PROXY");
    insta::assert_snapshot!(text, @"
    error: failed to reach the cluster at https://kube.test:6443 through the proxy http://PROXY
      caused by: tunnel error: proxy authorization required

    hint: check `HTTPS_PROXY` and `proxy-url` of the kubeconfig; what needs no proxy belongs in `NO_PROXY`
    ");
    let heard = proxy.heard().join("");
    assert!(
        heard.contains("Basic bWU6aHVAc2g=") || heard.contains("basic bWU6aHVAc2g="),
        "{heard}"
    );
}

#[test]
fn a_proxy_that_cannot_be_used_is_told() {
    let far = Far::new();
    let said = |value: &str| far.run(None, &[("HTTPS_PROXY", value)]).ended(1).stderr;
    insta::assert_snapshot!(said("socks5://me:hush@127.0.0.1:1080"), @"
    error: `HTTPS_PROXY` names a proxy of the scheme `socks5`, which is not supported

    hint: SOCKS is not supported: name an HTTP proxy, as `http://HOST:PORT`, or run a forwarder in front of it and set `HTTPS_PROXY`
    ");
    insta::assert_snapshot!(said("http://a b"), @"
    error: `HTTPS_PROXY` is not the URL of a proxy

    hint: write it like `http://proxy.example.com:3128`
    ");
    insta::assert_snapshot!(said("127.0.0.1:9"), @"
    error: failed to reach the cluster at https://kube.test:6443 through the proxy http://127.0.0.1:9
      caused by: Connection refused (os error 111)

    hint: check `HTTPS_PROXY` and `proxy-url` of the kubeconfig; what needs no proxy belongs in `NO_PROXY`
    ");
}
