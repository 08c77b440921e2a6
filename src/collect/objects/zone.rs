//! The region of a node that has no label of it.

/// By its zone; else by that in its providerID: `aws:///eu-west-1a/i-0abc`,
/// `gce://project/us-central1-a/name`.
pub(super) fn region(zone: Option<&str>, id: Option<&str>) -> Option<String> {
    let (scheme, path) = id.and_then(|it| it.split_once("://")).unwrap_or_default();
    let mut parts = path.split('/');
    let named = match scheme {
        // Nothing, the zone, the instance; and the project, the zone, the instance.
        "aws" | "gce" => parts.nth(1),
        _ => None,
    };
    let named = zone.or(named).filter(|it| !it.is_empty())?;
    let region = match scheme {
        "aws" => of_aws(named),
        "gce" => of_google(named),
        "azure" => of_azure(named),
        // Nobody says whose it is: what can be nothing else.
        "" => of_aws(named).or_else(|| of_google(named)),
        _ => None,
    };
    region.map(str::to_owned)
}

/// `us-west-2` of `us-west-2b` and of the local zone `us-west-2-lax-1a`.
fn of_aws(zone: &str) -> Option<&str> {
    let (at, _) = zone.match_indices('-').find(|(at, _)| {
        let next = zone[at + 1..].chars().next();
        next.is_some_and(|it| it.is_ascii_digit())
    })?;
    let digits = zone[at + 1..].chars().take_while(char::is_ascii_digit);
    let end = at + 1 + digits.count();
    let is_word = |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_lowercase());
    let words = zone[..at].split('-');
    let rest = &zone[end..];
    let is_zone = rest.starts_with('-') || (rest.len() == 1 && is_word(rest));
    (is_zone && words.clone().count() > 1 && words.clone().all(is_word)).then(|| &zone[..end])
}

/// `us-central1` of `us-central1-a`.
fn of_google(zone: &str) -> Option<&str> {
    let (region, letter) = zone.rsplit_once('-')?;
    let is_letter = letter.len() == 1 && letter.chars().all(|it| it.is_ascii_lowercase());
    let ends = region.ends_with(|it: char| it.is_ascii_digit());
    (is_letter && ends && region.contains('-')).then_some(region)
}

/// `eastus` of `eastus-1`; a node outside of any zone has `0`.
fn of_azure(zone: &str) -> Option<&str> {
    let (region, number) = zone.rsplit_once('-')?;
    let is_number = !number.is_empty() && number.chars().all(|it| it.is_ascii_digit());
    is_number.then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_say_their_region() {
        for (zone, id, expected) in [
            (None, "aws:///eu-west-1a/i-1", Some("eu-west-1")),
            (Some("us-west-2b"), "", Some("us-west-2")),
            (Some("us-west-2-lax-1a"), "aws:///x/i-1", Some("us-west-2")),
            (
                Some("us-gov-west-1a"),
                "aws:///x/i-1",
                Some("us-gov-west-1"),
            ),
            (None, "gce://p/us-central1-a/x", Some("us-central1")),
            (Some("europe-west1-b"), "", Some("europe-west1")),
            (Some("eastus-1"), "azure:///subscriptions/s", Some("eastus")),
            (Some("0"), "azure:///subscriptions/s", None),
            (None, "azure:///subscriptions/s", None),
            (None, "aws:///", None),
            (None, "gce://", None),
            (Some("rack-12"), "", None),
            (Some("dc-a"), "", None),
            (Some("use1-az1"), "aws:///x/i-1", None),
            (Some("ü-1é"), "aws:///x/i-1", None),
            (Some("us-west-2b"), "kind://docker/kind/x", None),
            (None, "", None),
        ] {
            let found = region(zone, Some(id));
            assert_eq!(found.as_deref(), expected, "{zone:?} {id}");
        }
    }
}
