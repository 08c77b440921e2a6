//! Names on the command line that go into YAML as they are.

use super::manifest::Account;

/// A namespace by name: patterns cannot be granted.
pub(in crate::cli) fn namespace(text: &str) -> Result<String, String> {
    if is_label(text) {
        Ok(text.to_owned())
    } else {
        Err("roles need a namespace by its name".to_owned())
    }
}

/// `NAMESPACE/NAME` of a service account.
pub(super) fn account(text: &str) -> Result<Account, String> {
    let (namespace, name) = object(text)?;
    Ok(Account { namespace, name })
}

/// `NAMESPACE/NAME`.
pub(in crate::cli) fn object(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((namespace, name)) if is_label(namespace) && is_subdomain(name) => {
            Ok((namespace.to_owned(), name.to_owned()))
        }
        _ => Err("write it as NAMESPACE/NAME".to_owned()),
    }
}

/// `rollouts.argoproj.io` as plural and group.
pub(super) fn resource(text: &str) -> Result<(String, String), String> {
    match text.split_once('.') {
        Some((plural, group)) if is_label(plural) && is_subdomain(group) => {
            Ok((plural.to_owned(), group.to_owned()))
        }
        _ => {
            Err("write it as PLURAL.GROUP, as `kubectl api-resources -o name` prints it".to_owned())
        }
    }
}

/// Source: RFC 1123 labels, as the API server checks names of namespaces.
fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len())
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_pass() {
        assert!(namespace("team-0").is_ok());
        for text in ["", "team-*", "!shop", "-a", "A", "a: b", "a\nb"] {
            assert!(namespace(text).is_err(), "{text}");
        }
        assert!(account("shop/kcost.v1").is_ok());
        assert!(account("kcost").is_err() && account("shop/").is_err());
        let rollouts = ("rollouts".to_owned(), "argoproj.io".to_owned());
        assert_eq!(resource("rollouts.argoproj.io"), Ok(rollouts));
        assert!(resource("pods").is_err());
    }
}
