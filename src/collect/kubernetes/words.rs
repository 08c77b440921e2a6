//! What errors say, and what to do about them.

use kube::client::AuthError;

use super::gaps::Missed;
use super::kinds::Rule;
use super::plugin::Plugin;
use crate::collect::cause::CauseKind;
use crate::text::most_like;

pub(super) fn through(proxy: Option<&str>) -> String {
    proxy.map_or_else(String::new, |proxy| format!(" through the proxy {proxy}"))
}

pub(super) fn unreachable_hint(cause: CauseKind, proxied: bool) -> String {
    match cause {
        CauseKind::Proxy => "check `HTTPS_PROXY` and `proxy-url` of the kubeconfig; what needs no proxy belongs in `NO_PROXY`",
        CauseKind::Name => "check the name in the kubeconfig, your DNS and your VPN",
        CauseKind::Plain => "check the address in the kubeconfig: `http://` instead of `https://`, or another port",
        CauseKind::Authority | CauseKind::Tls => {
            "check `certificate-authority-data` and the address in the kubeconfig"
        }
        CauseKind::Host => {
            "use a name of the certificate in the kubeconfig, or set `tls-server-name` to one"
        }
        CauseKind::Time => "renew the certificate of the server, and check the clock here",
        CauseKind::Client => "check `client-certificate-data` in the kubeconfig: `kubectl auth whoami`",
        CauseKind::Connection if proxied => {
            "check that the proxy runs, or name the cluster in `NO_PROXY`"
        }
        CauseKind::Connection => {
            "check that the cluster runs and that your VPN is up: `kubectl version`"
        }
    }
    .to_owned()
}

pub(super) fn other_proxy(setting: &str, scheme: &str) -> String {
    let instead = "name an HTTP proxy, as `http://HOST:PORT`";
    if scheme.starts_with("socks") {
        format!(
            "SOCKS is not supported: {instead}, or run a forwarder in front of it and set `{setting}`"
        )
    } else {
        instead.to_owned()
    }
}

/// So many kinds that may not be listed are named beside the one that ends it.
const NAMED: usize = 5;

pub(super) fn forbidden(rule: &str, others: &[String], cluster_wide: bool) -> String {
    let mut text = format!("allow it with the rule {rule}");
    if cluster_wide {
        text = format!("name the namespaces that you may read with `-n NAMESPACE`, or {text}");
    }
    if others.is_empty() {
        return text;
    }
    let rest = others.len().saturating_sub(NAMED);
    let more = if rest == 0 {
        String::new()
    } else {
        format!(" and {rest} more kinds")
    };
    let others = others[..others.len() - rest].join(", ");
    format!("{text}; {others}{more} are not allowed either: `kcost rbac` prints every rule")
}

/// Resources besides this one that may not be listed, each once.
pub(super) fn also_forbidden(rule: &Rule, others: &[Missed]) -> Vec<String> {
    let forbidden = others
        .iter()
        .filter(|miss| miss.failure.code() == Some(403));
    let others = forbidden.filter(|miss| miss.rule != *rule);
    let mut names: Vec<String> = others.map(|miss| miss.rule.resource.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// The rule that allows what a server says is not: `users "ci" is forbidden: User "me"
/// cannot impersonate resource "users" in API group "" …`.
pub(super) fn impersonation(message: &str) -> String {
    let after = |word: &str| {
        let (_, rest) = message.split_once(word)?;
        rest.split_once('"').map(|(value, _)| value)
    };
    let resource = after("resource \"").unwrap_or("users");
    let group = after("API group \"").unwrap_or_default();
    let named = after(&format!("{resource} \"")).filter(|name| !name.is_empty());
    let names = named.map_or_else(String::new, |name| {
        format!(r#", "resourceNames": ["{name}"]"#)
    });
    format!(
        r#"{{"apiGroups": ["{group}"], "resources": ["{resource}"]{names}, "verbs": ["impersonate"]}}"#
    )
}

pub(super) fn named(plugin: Option<&Plugin>) -> String {
    plugin.map_or_else(
        || "the command that the kubeconfig names".to_owned(),
        ToString::to_string,
    )
}

/// Whose token it is.
pub(super) fn token_of(plugin: Option<&Plugin>) -> String {
    plugin.map_or_else(
        || "the token from the kubeconfig".to_owned(),
        |plugin| format!("the token that the command {plugin} of the kubeconfig gave"),
    )
}

/// Why there are no credentials, without what a command printed: that may be a token.
pub(super) fn credentials(error: &AuthError, plugin: Option<&Plugin>) -> String {
    let named_one = plugin.is_some();
    let plugin = named(plugin);
    match error {
        AuthError::AuthExecStart(error) if error.kind() == std::io::ErrorKind::NotFound => {
            format!("the command {plugin} of the kubeconfig is not installed")
        }
        AuthError::AuthExecStart(error) => {
            format!("the command {plugin} of the kubeconfig does not start: {error}")
        }
        AuthError::AuthExecRun { out, .. } => {
            let said = String::from_utf8_lossy(&out.stderr);
            let said = said.lines().find(|line| !line.trim().is_empty());
            let said = said.map(|line| format!(": {}", line.trim()));
            let status = out.status;
            format!(
                "the command {plugin} of the kubeconfig failed with {status}{}",
                said.unwrap_or_default()
            )
        }
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => {
            format!("the command {plugin} of the kubeconfig printed no ExecCredential")
        }
        AuthError::AuthExec(problem) if named_one => {
            format!("the command {plugin} of the kubeconfig {problem}")
        }
        AuthError::MalformedTokenExpirationDate(_) => {
            format!("the command {plugin} of the kubeconfig printed an invalid time of expiry")
        }
        AuthError::ParseTokenKey(_) => {
            format!("the command {plugin} of the kubeconfig printed no JSON with a token")
        }
        error => error.to_string(),
    }
}

/// The context that was meant, else those that there are.
pub(super) fn other_context(context: &str, known: &[String]) -> String {
    let alike = most_like(context, known.iter().map(String::as_str));
    match alike.filter(|(likeness, _)| *likeness > 0.8) {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None if known.is_empty() => "it has no contexts at all".to_owned(),
        None => format!("it has {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::impersonation;

    #[test]
    fn the_rule_to_act_as_somebody_is_read_from_the_refusal() {
        let user = r#"users "ci" is forbidden: User "me" cannot impersonate resource "users" in API group "" at the cluster scope"#;
        assert_eq!(
            impersonation(user),
            r#"{"apiGroups": [""], "resources": ["users"], "resourceNames": ["ci"], "verbs": ["impersonate"]}"#
        );
        let extra = r#"userextras.authentication.k8s.io "x" is forbidden: User "me" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope"#;
        assert_eq!(
            impersonation(extra),
            r#"{"apiGroups": ["authentication.k8s.io"], "resources": ["userextras/scopes"], "verbs": ["impersonate"]}"#
        );
    }
}
