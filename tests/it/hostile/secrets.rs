//! What nobody may read in a message or in a bundle, and tokens that are none.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::Raw;
use crate::common::{Kcost, Seen};

const SECRET: &str = "hush4711";

/// Nothing that was said holds the secret; what it was, where it does.
fn keeps(seen: &Seen) {
    let said = format!("{}{}", seen.stdout, seen.stderr);
    assert!(!said.contains(SECRET), "{said}");
    assert!(!said.contains("panicked") && seen.exit != 101, "{said}");
}

fn with_kubeconfig(text: &str) -> Seen {
    let kcost = Kcost::new().with_kubeconfig(text);
    let kcost = kcost.args(["analyze", "-vv", "--no-discovery", "--timeout", "2s"]);
    kcost.run()
}

/// A kubeconfig of this cluster and this user.
fn kubeconfig(cluster: &Value, user: &Value) -> String {
    let config = json!({
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
    });
    config.to_string()
}

#[test]
fn a_kubeconfig_that_is_none_is_told_by_its_fields() {
    let server = json!({"server": "http://127.0.0.1:9"});
    let block = format!("clusters: []\nusers:\n- name: u\n  user: {{token: {SECRET}\n  x: ]\n");
    let plain = SECRET.to_owned();
    let typed = [
        json!(SECRET),
        json!({"token": [SECRET]}),
        json!({"exec": SECRET}),
        json!({"exec": {"command": "x", "env": [SECRET]}}),
        json!({"as-groups": SECRET}),
    ];
    let typed = typed.map(|user| kubeconfig(&server, &user));
    let said = typed.iter().chain([&block, &plain]).map(|text| {
        let seen = with_kubeconfig(text).ended(1);
        keeps(&seen);
        let causes = seen
            .stderr
            .lines()
            .filter(|line| line.contains("caused by"));
        causes.collect::<Vec<_>>().join("\n")
    });
    insta::assert_snapshot!(said.collect::<Vec<_>>().join("\n"), @"
    caused by: [HOME]/kubeconfig:1:183: `users[0].user`: invalid type: string, expected struct AuthInfo
    caused by: [HOME]/kubeconfig:1:192: `users[0].user.token`: invalid type: sequence, expected a string
    caused by: [HOME]/kubeconfig:1:191: `users[0].user.exec`: invalid type: string, expected struct ExecConfig
    caused by: [HOME]/kubeconfig:1:213: `users[0].user.exec.env[0]`: invalid type: string, expected a map
    caused by: [HOME]/kubeconfig:1:196: `users[0].user.as-groups`: invalid type: string, expected a sequence
    caused by: [HOME]/kubeconfig:5:4: did not find expected ',' or '}'
    caused by: [HOME]/kubeconfig:1:1: invalid type: string, expected struct Kubeconfig
    ");
}

#[test]
fn keys_certificates_and_addresses_of_a_kubeconfig_are_not_repeated() {
    let server = |url: &str| json!({"server": url});
    for user in [
        json!({"client-key-data": format!("{SECRET}!"), "client-certificate-data": "x"}),
        json!({"client-certificate-data": SECRET, "client-key-data": SECRET}),
        json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh",
            "args": ["-c", format!("echo {SECRET}")]}}),
        json!({"auth-provider": {"name": "oidc", "config": {"id-token": SECRET}}}),
        json!({"username": "u", "password": SECRET}),
        json!({"tokenFile": format!("/no/such/{SECRET}", SECRET = "file")}),
    ] {
        keeps(&with_kubeconfig(&kubeconfig(
            &server("http://127.0.0.1:9"),
            &user,
        )));
    }
    for login in [
        "u:hush4711",
        "u:a/hush4711",
        "u:a#hush4711",
        "u:a?hush4711",
        "hush4711",
    ] {
        for url in [
            format!("http://{login}@127.0.0.1:9"),
            format!("https://{login}@no host"),
            format!("{login}@127.0.0.1:9"),
            format!("ftp://{login}@127.0.0.1:9"),
            format!("http://127.0.0.1:9/?token={SECRET}"),
        ] {
            keeps(&with_kubeconfig(&kubeconfig(&server(&url), &json!({}))));
            let proxied = json!({"server": "http://192.0.2.1", "proxy-url": url});
            keeps(&with_kubeconfig(&kubeconfig(&proxied, &json!({}))));
            let cluster = Raw::cluster();
            let config = kubeconfig(&server(&cluster.url), &json!({}));
            let kcost = || {
                Kcost::new()
                    .with_kubeconfig(&config)
                    .args(["analyze", "-vv"])
            };
            keeps(&kcost().args(["--prometheus-url", &url]).run());
            keeps(&kcost().env("KCOST_PROMETHEUS_URL", &url).run());
        }
    }
}

#[test]
fn settings_are_shown_without_what_lets_in() {
    let folder = tempfile::tempdir().unwrap();
    let shown = |text: &str| {
        fs::write(folder.path().join("kcost.yaml"), text).unwrap();
        let kcost = Kcost::new().inside(folder.path());
        let seen = kcost.args(["config", "--config", "kcost.yaml"]).run();
        keeps(&seen);
        seen
    };
    for header in [
        "Authorization Bearer hush4711",
        "Bearer hush4711: x",
        "hush4711",
    ] {
        shown(&format!("prometheus-header: ['{header}']\n"));
    }
    let seen = shown("prometheus-header: 'X-Key: hush4711'\n").ended(0);
    assert!(seen.stdout.contains("x-key: ***"), "{}", seen.stdout);
    let seen = shown("prometheus-token-command: 'pass hush4711'\n").ended(0);
    assert!(
        seen.stdout.contains("prometheus-token-command"),
        "{}",
        seen.stdout
    );
    for url in [
        "http://u:hush4711/a@h",
        "http://u:hush4711",
        "http://u:hush4711@h",
    ] {
        shown(&format!("prometheus-url: '{url}'\n"));
    }
    for text in [
        "hush4711",
        "'hush4711'",
        "workloads: hush4711",
        "goal: {hush4711: a}",
        "- hush4711",
    ] {
        shown(text).ended(2);
    }
    let variables = ["TOKEN", "LOGIN", "HEADER", "URL", "TOKEN_COMMAND"];
    for (variable, value) in variables.into_iter().zip([
        "hush4711",
        "u:hush4711",
        "A hush4711",
        "http://u:hush4711/x@h",
        "echo hush4711",
    ]) {
        let kcost = Kcost::new().env(&format!("KCOST_PROMETHEUS_{variable}"), value);
        keeps(&kcost.arg("config").run());
    }
}

/// A dump of one workload with this container, and the bundle of it as one text.
fn bundled(folder: &Path, container: &Value, annotations: &Value) -> String {
    let spec = json!({"containers": [container]});
    let objects = json!([
        {"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "api", "namespace": "shop", "annotations": annotations},
            "spec": {"replicas": 1, "selector": {}, "template": {"spec": spec}}},
        {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "other", "namespace": "shop", "annotations": annotations},
            "spec": {"containers": [{"name": "app"}]}, "status": {"phase": "Running"}}
    ]);
    let (file, bundle) = (folder.join("o.json"), folder.join("a.kcost"));
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    fs::write(&file, list.to_string()).unwrap();
    let kcost = Kcost::new().args(["snapshot", "-o"]).arg(&bundle);
    keeps(&kcost.arg("--objects").arg(&file).run().ended(0));
    let texts = fs::read_dir(&bundle).unwrap().map(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    texts.collect()
}

#[test]
fn a_value_in_a_wrong_place_is_in_no_gap() {
    let folder = tempfile::tempdir().unwrap();
    for (field, value) in [
        ("env", json!([SECRET])),
        ("env", json!(SECRET)),
        ("env", json!([{"name": "A", "valueFrom": SECRET}])),
        ("env", json!([{"name": ["A", SECRET], "value": "x"}])),
        ("ports", json!([{"containerPort": SECRET}])),
        ("resources", json!({"limits": SECRET})),
        ("args", json!([{"password": SECRET}, [SECRET]])),
        ("command", json!(SECRET)),
        ("envFrom", json!([SECRET])),
        (
            "livenessProbe",
            json!({"httpGet": {"httpHeaders": [SECRET]}}),
        ),
    ] {
        let container = json!({"name": "app", field: value});
        let text = bundled(folder.path(), &container, &json!({}));
        assert!(!text.contains(SECRET), "{field}: {text}");
        let path = "spec.template.spec.containers[0]";
        let named = text.contains(&format!("`{path}.{field}")) || field == "args";
        assert!(named, "{field}: {text}");
    }
}

#[test]
fn a_value_in_a_wrong_place_of_a_live_object_is_in_no_gap() {
    let cluster = Raw::new(|request, stream| {
        let mut answer = super::objects(&request.path);
        if request.path.ends_with("/deployments") {
            let container = &mut answer["items"][0]["spec"]["template"]["spec"]["containers"][0];
            container["env"] = json!([SECRET]);
        }
        super::say(stream, &answer)
    });
    let seen = super::command(&cluster, &["--no-discovery", "-o", "json", "-vv"]).run();
    keeps(&seen);
    let gaps = seen.json()["gaps"].to_string();
    assert!(gaps.contains("containers[0].env[0]"), "{gaps}");
}

#[test]
fn of_annotations_only_known_keys_enter_a_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let annotations = json!({
        "kcost.dev/goal": "savings", "kcost.dev/gaol": SECRET, "kcost.dev/x": SECRET,
        format!("kcost.dev/{SECRET}"): "x", "vault/token": SECRET,
    });
    let text = bundled(folder.path(), &json!({"name": "app"}), &annotations);
    assert!(!text.contains(SECRET), "{text}");
    assert!(text.contains(r#"["kcost.dev/goal","savings"]"#), "{text}");
    let explained = Kcost::new().args(["analyze", "-o", "json", "--snapshot"]);
    let report = explained
        .arg(folder.path().join("a.kcost"))
        .run()
        .ended(0)
        .stdout;
    assert!(
        report.contains("annotation `kcost.dev/gaol` is ignored: did you mean `kcost.dev/goal`?")
    );
    assert!(report.contains("annotation `kcost.dev/…` is ignored: known are goal"));
}

#[test]
fn a_token_of_two_lines_is_an_error_that_says_whose() {
    let cluster = Raw::cluster();
    let server = json!({"server": cluster.url});
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, format!("{SECRET}\nX: y")).unwrap();
    let printed = |token: &str, more: &str| {
        let credential = json!({"apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential", "status": {"token": token, more: "2099-01-01T00:00:00Z"}});
        let script = format!("printf %s '{credential}'");
        json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh",
            "args": ["-c", script], "interactiveMode": "Never"}})
    };
    let two = format!("{SECRET}\nX: y");
    let causes = [
        json!({"token": two}),
        json!({"token": format!("{SECRET}\r")}),
        json!({"tokenFile": file}),
        printed(&two, "other"),
        printed(&two, "expirationTimestamp"),
        json!({"auth-provider": {"name": "oidc", "config": {"id-token": two}}}),
    ]
    .map(|user| {
        let seen = with_kubeconfig(&kubeconfig(&server, &user)).ended(1);
        keeps(&seen);
        let cause = seen.stderr.lines().find(|line| line.contains("caused by"));
        cause.unwrap_or(&seen.stderr).to_owned()
    });
    insta::assert_snapshot!(causes.join("\n"), @"
    caused by: the `token` of the user in the kubeconfig holds line breaks or other control characters
    caused by: the `token` of the user in the kubeconfig holds line breaks or other control characters
    caused by: the token from the kubeconfig holds line breaks or other control characters
    caused by: the token that the command `sh` of the kubeconfig gave holds line breaks or other control characters
    caused by: the token that the command `sh` of the kubeconfig gave holds line breaks or other control characters
    caused by: the token from the kubeconfig holds line breaks or other control characters
    ");

    let given = |variable: &str, value: &str| {
        let config = kubeconfig(&server, &json!({}));
        let kcost = Kcost::new().with_kubeconfig(&config).env(variable, value);
        let seen = kcost
            .args(["analyze", "--prometheus-url", "http://127.0.0.1:9"])
            .run();
        keeps(&seen);
        seen.stderr
            .lines()
            .find(|line| line.starts_with("error"))
            .unwrap()
            .to_owned()
    };
    let command = format!("printf '{SECRET}\\nX: y'");
    let said = [
        given("KCOST_PROMETHEUS_TOKEN", &two),
        given("KCOST_PROMETHEUS_TOKEN", "größe"),
        given("KCOST_PROMETHEUS_TOKEN_COMMAND", &command),
        given("KCOST_PROMETHEUS_HEADER", &format!("A: {two}")),
    ];
    insta::assert_snapshot!(said.join("\n"), @"
    error: `--prometheus-token` or `KCOST_PROMETHEUS_TOKEN` is not a valid token: it must be ASCII without spaces or line breaks
    error: `--prometheus-token` or `KCOST_PROMETHEUS_TOKEN` is not a valid token: it must be ASCII without spaces or line breaks
    error: the command for the token of Prometheus failed: there is not one token in what it gives
    error: bad value of `--prometheus-header`: a header is written as `NAME: VALUE`
    ");
    let long = format!("http://127.0.0.1:9/{}", "a".repeat(65_000));
    given("KCOST_PROMETHEUS_URL", &long);
}
