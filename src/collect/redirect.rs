//! Where a server sends its clients. kcost does not follow: what answers there is
//! not what was named, and it would get the credentials.

use http::header::LOCATION;
use http::{Response, StatusCode, Uri};

/// The place that an answer redirects to: without a query, which may hold secrets.
pub(super) fn place<B>(response: &Response<B>) -> Option<String> {
    if !response.status().is_redirection() || response.status() == StatusCode::NOT_MODIFIED {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let uri: Uri = location.parse().ok()?;
    let path = uri.path();
    Some(match (uri.scheme_str(), uri.authority()) {
        (Some(scheme), Some(authority)) => {
            let authority = authority.as_str();
            let host = authority
                .rsplit_once('@')
                .map_or(authority, |(_, host)| host);
            format!("{scheme}://{host}{path}")
        }
        _ => path.to_owned(),
    })
}
