//! What lets kcost in is shown nowhere, not even where a server repeats it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::options::{Access, Credentials, Secret};

/// Shorter texts are words that may stand anywhere.
const SHORTEST: usize = 8;

/// Everything in requests that a server could repeat and nobody may read.
pub(super) fn secrets(access: &Access) -> Vec<Secret> {
    let mut all = match &access.credentials {
        Credentials::Token(token) => vec![token.clone()],
        Credentials::Basic { user, password } => {
            let login = format!("{user}:{}", password.expose());
            vec![password.clone(), Secret::new(BASE64_STANDARD.encode(login))]
        }
        Credentials::None | Credentials::TokenFile(_) | Credentials::TokenCommand(_) => Vec::new(),
    };
    all.extend(access.headers.iter().map(|header| header.value.clone()));
    if let Some(parameters) = &access.parameters {
        let values = form_urlencoded::parse(parameters.expose().as_bytes());
        all.extend(values.map(|(_, value)| Secret::new(value)));
        let encoded = parameters.expose().split('&');
        let encoded = encoded.filter_map(|pair| pair.split_once('='));
        all.extend(encoded.map(|(_, value)| Secret::new(value)));
    }
    all
}

/// The text without them.
pub(super) fn hide<'a>(text: &str, secrets: impl Iterator<Item = &'a Secret>) -> String {
    let long = secrets.filter(|secret| secret.expose().len() >= SHORTEST);
    long.fold(text.to_owned(), |text, secret| {
        text.replace(secret.expose(), "***")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_repeated_is_hidden() {
        let access = Access {
            credentials: Credentials::Basic {
                user: "me".to_owned(),
                password: Secret::new("pass-word"),
            },
            headers: vec!["X-Key: key-of-mine".parse().unwrap()],
            parameters: Some(Secret::new("token=hush%20hush&a=b")),
            ..Access::default()
        };
        let text = "no key-of-mine, bWU6cGFzcy13b3Jk (pass-word), hush hush or hush%20hush: b";
        let hidden = hide(text, secrets(&access).iter());
        assert_eq!(hidden, "no ***, *** (***), *** or ***: b");
    }
}
