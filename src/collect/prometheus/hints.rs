//! What to do about a server that does not answer as it should.

use super::access::{base, page};
use crate::collect::cause::CauseKind;
use crate::text::quote;

pub(super) fn overloaded() -> String {
    "the server may be overloaded: try again with `--prometheus-concurrency 1` or a smaller \
     `--max-samples-per-query`"
        .to_owned()
}

pub(super) fn parts() -> String {
    "check `--prometheus-label`, `--prometheus-names` and `-n`, which are part of every query"
        .to_owned()
}

pub(super) fn unreachable(url: &str, cause: CauseKind) -> String {
    match cause {
        CauseKind::Authority => format!(
            "trust its authority with `--prometheus-ca FILE`, or check {url} with `curl -v`"
        ),
        CauseKind::Host => {
            "use a name of its certificate in the URL, or a certificate for this one".to_owned()
        }
        CauseKind::Time => "renew its certificate, and check the clock here".to_owned(),
        CauseKind::Client => {
            "show a certificate with `--prometheus-certificate FILE` and `--prometheus-key FILE`"
                .to_owned()
        }
        CauseKind::Plain => format!(
            "ask it without TLS: `--prometheus-url {}`",
            quote(&url.replacen("https://", "http://", 1))
        ),
        CauseKind::Tls => format!("check {url} with `curl -v`"),
        _ if !url.contains("://") => "run again, or name a URL with `--prometheus-url`".to_owned(),
        _ => {
            let place = format!("{url}/api/v1/status/buildinfo");
            format!("try `curl {}`", quote(&place))
        }
    }
}

pub(super) fn refused(url: &str, status: u16, text: &str) -> Option<String> {
    let says = |words: &[&str]| {
        let text = text.to_lowercase();
        words.iter().any(|word| text.contains(word))
    };
    Some(match status {
        400 | 497 if says(&["https server", "https port"]) => format!(
            "it speaks TLS: `--prometheus-url {}`",
            quote(&url.replacen("http://", "https://", 1))
        ),
        // Of proxies that part tenants; Prometheus itself says what is wrong with a query.
        400 if says(&["parameter", "bad request"]) => format!(
            "a proxy may want a parameter with every request: `--prometheus-url {}`",
            quote(&format!("{url}?namespace=NAMESPACE"))
        ),
        401 | 403 | 407 => "give a token with `--prometheus-token-file FILE`, or a header with \
             `--prometheus-header 'X-Scope-OrgID: TENANT'`"
            .to_owned(),
        300..=399 => "use a URL behind the login, or give a token with \
             `--prometheus-token-file FILE`"
            .to_owned(),
        404 => without_page(url).unwrap_or_else(|| {
            "the URL may lack a path, such as `/prometheus` for Mimir or \
             `/select/0/prometheus` for VictoriaMetrics"
                .to_owned()
        }),
        400 => parts(),
        422 => format!(
            "a store behind it is down: bring it back, or take what the others have with \
             `--prometheus-url {}`",
            quote(&format!("{url}?partial_response=true"))
        ),
        429 | 500.. => overloaded(),
        _ => return None,
    })
}

/// What to do about a page of a browser at the end of a URL.
pub(super) fn without_page(url: &str) -> Option<String> {
    let page = page(url)?;
    let mut base = base(url);
    if page == "/vmui" && base.contains("/select/") {
        base.push_str("/prometheus");
    }
    let base = quote(&base);
    Some(format!("leave out `{page}`: `--prometheus-url {base}`"))
}

/// The place itself is another server of the same API, or a login.
pub(super) fn redirected(url: &str, place: &str) -> String {
    let Some((there, _)) = place.split_once("/api/v1/") else {
        return "it redirects as login pages do: use a URL behind the login, or give a token \
                with `--prometheus-token-file FILE`"
            .to_owned();
    };
    let there = if there.contains("://") {
        there.to_owned()
    } else {
        let start = url.find("://").map_or(0, |at| at + 3);
        let end = url[start..].find('/').map_or(url.len(), |at| start + at);
        format!("{}{there}", &url[..end])
    };
    format!("name it: `--prometheus-url {}`", quote(&there))
}
