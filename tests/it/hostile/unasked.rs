//! A `kcost.yaml` that came with a checkout: what it may not make kcost do.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::{Raw, say, usage};
use crate::common::{Kcost, Seen};

/// A store that writes down the head of every request.
struct Listener {
    store: Raw,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    fn new() -> Self {
        let heads = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heads);
        let store = Raw::new(move |request, stream| {
            kept.lock().unwrap().push(request.head.clone());
            say(stream, &usage(request))
        });
        Self { store, heads }
    }

    /// Whether a request held this, of the many that came.
    fn heard(&self, text: &str) -> bool {
        let heads = std::mem::take(&mut *self.heads.lock().unwrap());
        assert!(!heads.is_empty(), "nothing was asked");
        heads.iter().any(|head| head.contains(text))
    }
}

/// A working directory of someone's making, and a home of the user's.
struct Place {
    folder: tempfile::TempDir,
    cluster: Raw,
}

impl Place {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for part in ["here", "home/kcost"] {
            fs::create_dir_all(folder.path().join(part)).unwrap();
        }
        fs::write(folder.path().join("here/kcost.yaml"), text).unwrap();
        fs::write(folder.path().join("token"), "filed-secret").unwrap();
        let cluster = Raw::cluster();
        Self { folder, cluster }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn own(&self, text: &str) -> &Self {
        fs::write(self.path("home/kcost/kcost.yaml"), text).unwrap();
        self
    }

    fn kcost(&self) -> Kcost {
        let kubeconfig = format!(
            "current-context: a\nclusters: [{{name: a, cluster: {{server: '{}'}}}}]\n\
             contexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n",
            self.cluster.url
        );
        let kcost = Kcost::new().with_kubeconfig(&kubeconfig);
        let kcost = kcost.inside(&self.path("here"));
        kcost.env("XDG_CONFIG_HOME", self.path("home"))
    }

    fn analyze(&self, args: &[&str]) -> Seen {
        let kcost = self
            .kcost()
            .args(["analyze", "--window", "1h", "-o", "json"]);
        kcost.args(args).run()
    }
}

#[test]
fn nothing_is_run_or_read_and_tls_stays_as_it_is() {
    let listener = Listener::new();
    let place = Place::new("");
    let pwned = place.path("pwned");
    let own = |key: &str, value: &str| {
        let text = format!("prometheus-url: {}\n{key}: {value}\n", listener.store.url);
        fs::write(place.path("here/kcost.yaml"), text).unwrap();
    };
    let token = place.path("token");
    let token = token.to_str().unwrap();
    for (key, value) in [
        (
            "prometheus-token-command",
            format!("touch {}; echo t", pwned.display()),
        ),
        ("prometheus-token-file", token.to_owned()),
        ("prometheus-ca", token.to_owned()),
        ("prometheus-certificate", token.to_owned()),
        ("prometheus-key", token.to_owned()),
        ("prometheus-insecure", "true".to_owned()),
    ] {
        own(key, &value);
        let seen = place.analyze(&[]).ended(0);
        let said = format!("warning: ./kcost.yaml:2: `{key}` is ignored");
        assert!(seen.stderr.contains(&said), "{}", seen.stderr);
        assert!(!listener.heard("filed-secret") && !pwned.exists(), "{key}");
        let shown = place.kcost().arg("config").run().ended(0).stdout;
        assert!(
            shown.contains(&format!("./kcost.yaml:2: `{key}` is ignored")),
            "{shown}"
        );
        let line = shown
            .lines()
            .find(|line| line.starts_with(&format!("{key} ")));
        let rest = line.unwrap().strip_prefix(key).unwrap();
        assert!(!rest.contains("./kcost.yaml"), "{shown}");
    }
}

#[test]
fn a_place_that_only_the_file_names_gets_no_credential() {
    let listener = Listener::new();
    let url = format!("prometheus-url: {}\n", listener.store.url);
    let place = Place::new(&url);
    let token = place.path("token");
    let token = token.to_str().unwrap();
    for (variable, value) in [
        ("KCOST_PROMETHEUS_TOKEN", "a-secret"),
        ("KCOST_PROMETHEUS_TOKEN_FILE", token),
        ("KCOST_PROMETHEUS_TOKEN_COMMAND", "echo a-secret"),
        ("KCOST_PROMETHEUS_LOGIN", "me:a-secret"),
        ("KCOST_PROMETHEUS_HEADER", "X-Key: a-secret"),
    ] {
        let kcost = place.kcost().args(["analyze", "--window", "1h"]);
        let seen = kcost.env(variable, value).run().ended(0);
        let said = format!("warning: {variable} is not sent: ./kcost.yaml");
        assert!(seen.stderr.contains(&said), "{}", seen.stderr);
        assert!(!listener.heard("secret"), "{variable}");
    }
    for own in [
        format!("prometheus-token-file: {token}\n"),
        "prometheus-header: 'X-Key: a-secret'\n".to_owned(),
        format!("prometheus-url: http://127.0.0.1:9\nprometheus-token-file: {token}\n"),
    ] {
        let seen = place.own(&own).analyze(&[]).ended(0);
        assert!(
            seen.stderr.contains("is not sent: ./kcost.yaml"),
            "{}",
            seen.stderr
        );
        assert!(!listener.heard("secret"), "{own}");
    }
    place.own("");
    let other = format!("{url}prometheus-namespace: shop\n");
    fs::write(place.path("here/kcost.yaml"), other).unwrap();
    let shown = place
        .kcost()
        .env("KCOST_PROMETHEUS_URL", "http://127.0.0.1:9");
    let shown = shown
        .env("KCOST_PROMETHEUS_HEADER", "X-Key: x")
        .arg("config")
        .run()
        .ended(0);
    assert!(shown.stdout.contains("x-key: ***"), "{}", shown.stdout);
    fs::write(
        place.path("here/kcost.yaml"),
        "prometheus-namespace: shop\n",
    )
    .unwrap();
    let shown = place
        .kcost()
        .env("KCOST_PROMETHEUS_HEADER", "X-Key: x")
        .arg("config");
    let shown = shown.run().ended(0).stdout;
    assert!(
        shown.contains("sets `prometheus-namespace`") && !shown.contains("x-key"),
        "{shown}"
    );
    fs::write(place.path("here/kcost.yaml"), &url).unwrap();
    let seen = place.analyze(&["--prometheus-token", "a-secret"]).ended(2);
    insta::assert_snapshot!(seen.stderr, @"
    error: the value of `--prometheus-token` is not sent: ./kcost.yaml, which you did not name, sets `prometheus-url`

    hint: name the file with `--config ./kcost.yaml`, or the place with `--prometheus-url`
    ");
}

#[test]
fn who_names_the_file_or_the_place_means_it() {
    let listener = Listener::new();
    let place = Place::new("");
    let token = place.path("token");
    let text = format!(
        "prometheus-url: {}\nprometheus-token-file: {}\n",
        listener.store.url,
        token.display()
    );
    fs::write(place.path("here/kcost.yaml"), &text).unwrap();
    let seen = place.analyze(&["--config", "./kcost.yaml"]).ended(0);
    assert!(listener.heard("Bearer filed-secret") && !seen.stderr.contains("warning"));
    let named = place.kcost().env("KCOST_CONFIG", "kcost.yaml");
    named.args(["analyze", "--window", "1h"]).run().ended(0);
    assert!(listener.heard("Bearer filed-secret"));
    // The place by a flag; the user's own file says the same place; it is the user's own file.
    let url = format!("prometheus-url: {}\n", listener.store.url);
    fs::write(place.path("here/kcost.yaml"), &url).unwrap();
    place
        .analyze(&[
            "--prometheus-url",
            &listener.store.url,
            "--prometheus-token",
            "t",
        ])
        .ended(0);
    assert!(listener.heard("Bearer t"));
    place.own(&text).analyze(&[]).ended(0);
    assert!(listener.heard("Bearer filed-secret"));
    let home = place.kcost().inside(&place.path("home/kcost"));
    let seen = home.args(["analyze", "--window", "1h"]).run().ended(0);
    assert!(listener.heard("Bearer filed-secret") && !seen.stderr.contains("warning"));
}

#[test]
fn a_file_of_settings_does_not_lead_out_of_its_folder() {
    let place = Place::new("");
    let here = place.path("here/kcost.yaml");
    fs::write(place.path("elsewhere"), "password of somebody").unwrap();
    fs::remove_file(&here).unwrap();
    symlink(place.path("elsewhere"), &here).unwrap();
    let day = ["analyze", "--demo", "--window", "1d"];
    let seen = place.kcost().args(day).run().ended(0);
    assert!(!seen.stderr.contains("password"), "{}", seen.stderr);
    assert!(
        seen.stderr.contains("leads out of this folder"),
        "{}",
        seen.stderr
    );
    fs::write(place.path("here/other.yaml"), "goal: savings\n").unwrap();
    fs::remove_file(&here).unwrap();
    symlink("other.yaml", &here).unwrap();
    let seen = place.kcost().args(day).args(["-o", "json"]).run();
    assert_eq!(seen.ended(0).json()["settings"]["goal"], "savings");
    fs::remove_file(&here).unwrap();
    fs::write(&here, " ".repeat(2 << 20)).unwrap();
    let seen = place.kcost().args(["analyze", "--demo"]).run().ended(2);
    assert!(seen.stderr.contains("more than 1 MiB"), "{}", seen.stderr);
}

/// The API server acts as whom a header says, for those who may.
#[test]
fn no_header_makes_the_api_server_act_as_somebody_else() {
    let place = Place::new(
        "prometheus-header: ['Impersonate-User: admin', 'Authorization: Bearer x', 'X-Scope-OrgID: team']\n\
         prometheus-service: shop/store:9090\n",
    );
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heads);
    let cluster = Raw::new(move |request, stream| {
        if request.path.contains("/proxy/") {
            kept.lock().unwrap().push(request.head.to_lowercase());
            return say(stream, &usage(request));
        }
        let mut answer = super::objects(&request.path);
        if request.path.ends_with("/services") {
            answer["items"] = json!([{
                "metadata": {"name": "store", "namespace": "shop"},
                "spec": {"clusterIP": "10.0.0.1", "selector": {"a": "b"},
                    "ports": [{"name": "http", "port": 9090}]}
            }]);
        }
        say(stream, &answer)
    });
    let place = Place { cluster, ..place };
    place.analyze(&[]);
    let heads = heads.lock().unwrap();
    assert!(
        heads
            .iter()
            .any(|head| head.contains("x-scope-orgid: team")),
        "{heads:?}"
    );
    let acts = |head: &String| head.contains("impersonate-") || head.contains("bearer x");
    assert!(!heads.iter().any(acts), "{heads:?}");
}
