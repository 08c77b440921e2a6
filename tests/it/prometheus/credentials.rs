//! Tokens and headers: sent to the server, never told, and asked for anew.

use std::time::Duration;

use kcost::collect::prometheus::{Access, Credentials, Secret};
use kcost::units::Span;

use super::faulty::Answer::{Header, Status};
use super::faulty::{Faulty, Then, outcome, whole};
use super::{options, read};

#[test]
fn credentials_and_headers_are_sent_and_never_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "hush-file\n").unwrap();
    let basic = Credentials::Basic {
        user: "me".to_owned(),
        password: Secret::new("hush-basic"),
    };
    for (credentials, sent) in [
        (
            Credentials::Token(Secret::new("hush-token")),
            "bearer hush-token",
        ),
        (Credentials::TokenFile(file), "bearer hush-file"),
        (
            Credentials::TokenCommand("echo hush-command".to_owned()),
            "bearer hush-command",
        ),
        (basic, "basic bwu6ahvzac1iyxnpyw=="),
    ] {
        let server = Faulty::new(Some(Status(401, "", "who?")), &[], Then::Well);
        let mut options = server.options();
        options.access = Access {
            credentials,
            headers: vec!["X-Scope-OrgID: hush-team".parse().unwrap()],
            ..Access::default()
        };
        let error = read(&options).unwrap_err();
        let heard = server.first();
        let heard = heard.unwrap_or_else(|| panic!("{error:?}")).to_lowercase();
        assert!(heard.contains(&format!("authorization: {sent}")), "{heard}");
        assert!(heard.contains("x-scope-orgid: hush-team"), "{heard}");
        let told = format!(
            "{error} {error:?} {:?} {:?}",
            error.hint(),
            options.access.headers
        );
        assert!(!told.contains("hush"), "{told}");
        let shown = format!("{options:?}");
        assert!(
            !shown.contains("hush-token") && !shown.contains("hush-basic"),
            "{shown}"
        );
    }
}

#[test]
fn a_token_file_that_is_written_anew_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "first").unwrap();
    let server = Faulty::new(None, &[Header(429, "Retry-After: 1\r\n")], Then::Well);
    let mut options = server.options();
    options.access.credentials = Credentials::TokenFile(file.clone());
    let (pods, gaps) = std::thread::scope(|scope| {
        // While kcost pauses, as it was asked to.
        scope.spawn(|| {
            while server.usage_queries() == 0 {
                std::thread::sleep(Duration::from_millis(5));
            }
            std::thread::sleep(Duration::from_millis(300));
            std::fs::write(&file, "second\n").unwrap();
        });
        outcome(&options)
    });
    assert_eq!((pods, gaps), (whole(), vec![]));
    assert_eq!(server.tokens(), ["first", "second"]);
}

#[test]
fn a_token_that_has_run_out_is_asked_for_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let command = |body: &str| {
        let count = folder.path().join("count");
        Credentials::TokenCommand(body.replace("COUNT", &count.display().to_string()))
    };
    let counting = command("echo x >> COUNT; echo token-$(wc -l < COUNT)");
    let server = Faulty::new(None, &[Status(401, "", "expired")], Then::Well);
    let mut options = server.options();
    options.access.credentials = counting;
    assert_eq!(outcome(&options), (whole(), vec![]));
    assert_eq!(server.tokens(), ["token-1", "token-2"]);

    // The same token is not tried again.
    let server = Faulty::new(Some(Status(401, "", "expired")), &[], Then::Well);
    let mut options = server.options();
    options.access.credentials = command("echo always");
    assert!(read(&options).is_err());
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_token_that_cannot_be_had_is_an_error() {
    let mut options = options("http://127.0.0.1:9", Span::HOUR);
    options.access.credentials = Credentials::TokenFile("/no/such/token".into());
    assert_eq!(
        read(&options).unwrap_err().to_string(),
        "failed to read /no/such/token"
    );
    options.access.credentials = Credentials::TokenCommand("exit 3".to_owned());
    let error = read(&options).unwrap_err().to_string();
    assert!(error.contains("exit status: 3"), "{error}");
}
