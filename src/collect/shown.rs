//! Addresses as people may be told of them: without login and parameters.

/// A URL in its parts, as far as it is one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<'t> {
    pub(super) scheme: &'t str,
    pub(super) login: Option<&'t str>,
    /// Host, port and path, without a slash at the end.
    pub(super) place: &'t str,
    pub(super) parameters: &'t str,
}

impl<'t> Parts<'t> {
    /// All before the last `@` counts as the login, whatever it holds: a password with
    /// a `/`, `?` or `#` that is not encoded is still one.
    pub(super) fn of(url: &'t str) -> Self {
        let text = url.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (Some(login), rest),
            None => (None, rest),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        Self {
            scheme,
            login,
            place: place.trim_end_matches('/'),
            parameters,
        }
    }

    /// Whether the last `@` stands where a URL has its path: then it is either a
    /// path or a login that is not encoded, and nobody can tell which.
    pub(super) fn is_doubtful(&self) -> bool {
        self.login
            .is_some_and(|login| login.contains(['/', '?', '#']))
    }

    /// What it leads to. What cannot be a scheme or a port is left out, for it may
    /// belong to a login that lacks its host.
    pub(super) fn shown(&self) -> String {
        let is_scheme = self
            .scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c));
        let scheme = if is_scheme { self.scheme } else { "…" };
        let end = self.place.find('/').unwrap_or(self.place.len());
        let (authority, path) = self.place.split_at(end);
        let port = authority.rfind(']').map_or(0, |bracket| bracket + 1);
        let port = authority[port..].find(':').map(|colon| port + colon + 1);
        match port {
            Some(at) if !authority[at..].chars().all(|c| c.is_ascii_digit()) => {
                format!("{scheme}://{}…", &authority[..at])
            }
            _ => format!("{scheme}://{authority}{path}"),
        }
    }
}

/// A URL without what may be secret in it.
pub(super) fn url(url: &str) -> String {
    Parts::of(url).shown()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_login_is_shown() {
        for login in [
            "u:hush", "u:hush/x", "u:hush?x", "u:hush#x", "u:a@hush", "hush/x", "u:1/hush",
        ] {
            for scheme in ["http://", "ftp://", "", "u:hush://"] {
                let shown = url(&format!("{scheme}{login}@host:90/path/?token=hush#hush"));
                assert!(shown.ends_with("://host:90/path"), "{shown}");
                assert!(!shown.contains("hush"), "{shown}");
            }
        }
        assert_eq!(url("http://u:hush"), "http://u:…");
        assert_eq!(url("u:hush/path"), "http://u:…");
    }

    #[test]
    fn what_leads_there_is_shown_as_it_is() {
        for plain in [
            "http://a",
            "https://[::1]:9090/x",
            "http://10.0.0.1:80/a:b",
            "http://[fd00::1]",
        ] {
            assert_eq!(url(plain), plain);
        }
        assert_eq!(url(" prom:9090/ "), "http://prom:9090");
    }

    #[test]
    fn an_at_behind_the_host_is_in_doubt() {
        assert!(Parts::of("http://a/b@c").is_doubtful());
        assert!(Parts::of("http://a?b=c@d").is_doubtful());
        assert!(!Parts::of("http://a:b@c/d?e=f").is_doubtful());
        assert!(!Parts::of("http://c/d%40").is_doubtful());
    }
}
