//! Names of pods that are gone, and the controllers that may have made them.

/// How controllers name their pods, and names their children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `name-<n>`: StatefulSet.
    Ordinal,
    /// `name-<5>`: DaemonSet, ReplicaSet, Job.
    Random,
    /// `name-<hash>-<5>`: Deployment.
    HashRandom,
    /// `name-<minutes>-<5>`: CronJob.
    MinutesRandom,
    /// `name-<n>-<5>`: indexed Job.
    OrdinalRandom,
    /// `name-<minutes>-<n>-<5>`: CronJob of indexed Jobs.
    MinutesOrdinalRandom,
}

/// Longest name that the API server makes up, and what it leaves of the base.
///
/// Source: `k8s.io/apiserver/pkg/storage/names/generate.go`.
const LONGEST: usize = 63;
const LONGEST_BASE: usize = LONGEST - 5;

impl Shape {
    /// Whether controllers of this kind name pods so. Kinds of others may do
    /// as any built-in kind does.
    pub(super) fn fits(self, kind: &str) -> bool {
        match kind {
            "Deployment" => self == Self::HashRandom,
            "StatefulSet" => self == Self::Ordinal,
            "DaemonSet" | "ReplicaSet" | "ReplicationController" => self == Self::Random,
            "Job" => matches!(self, Self::Random | Self::OrdinalRandom),
            "CronJob" => matches!(self, Self::MinutesRandom | Self::MinutesOrdinalRandom),
            "Pod" | "StaticPod" => false,
            _ => matches!(self, Self::Ordinal | Self::Random | Self::HashRandom),
        }
    }
}

/// The names of controllers that a pod's name can come from, longest first.
pub(super) fn bases(pod: &str) -> impl Iterator<Item = (&str, Shape)> {
    let mut found = Vec::new();
    if let Some((base, last)) = pod.rsplit_once('-') {
        if is_number(last) {
            found.push((base, Shape::Ordinal));
        }
        if is_random(last) {
            found.push((base, Shape::Random));
            after_random(base, &mut found);
        }
    }
    found.into_iter()
}

/// What a pod with a random end can come from, beyond its direct owner.
fn after_random<'a>(owner: &'a str, found: &mut Vec<(&'a str, Shape)>) {
    let Some((base, middle)) = owner.rsplit_once('-') else {
        return;
    };
    if is_hash(middle) {
        found.push((base, Shape::HashRandom));
    }
    if is_minutes(middle) {
        found.push((base, Shape::MinutesRandom));
    }
    if is_number(middle) {
        found.push((base, Shape::OrdinalRandom));
        if let Some((base, minutes)) = base.rsplit_once('-')
            && is_minutes(minutes)
        {
            found.push((base, Shape::MinutesOrdinalRandom));
        }
    }
}

/// The part of a name that was cut to make room for its random end, when the
/// name is as long as it may be.
pub(super) fn cut_base(pod: &str) -> Option<&str> {
    let whole = pod.len() == LONGEST && pod.is_char_boundary(LONGEST_BASE);
    let (base, end) = whole.then(|| pod.split_at(LONGEST_BASE))?;
    is_random(end).then_some(base)
}

/// The Deployment of a ReplicaSet: `api` of `api-7d764666f9`.
pub(super) fn deployment_of(replica_set: &str) -> Option<&str> {
    let (base, hash) = replica_set.rsplit_once('-')?;
    is_hash(hash).then_some(base)
}

/// The CronJob of a Job: `nightly` of `nightly-29386440`.
pub(super) fn cron_job_of(job: &str) -> Option<&str> {
    let (base, minutes) = job.rsplit_once('-')?;
    is_minutes(minutes).then_some(base)
}

/// Stands for a part of a name that was made up.
const MADE_UP: &str = "#";

/// A name without what was made up for this one object: numbers, hashes, random
/// ends and UUIDs, wherever they stand. What runs of the same thing share.
pub(super) fn stem(name: &str) -> String {
    let mut parts = parts(name);
    parts.retain(|part| *part != MADE_UP);
    parts.join("-")
}

/// The same with a mark for each part that was made up: `load-#` of `load-17`.
pub(super) fn pattern(name: &str) -> String {
    parts(name).join("-")
}

fn parts(name: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = name.split(['-', '.']).collect();
    let mut found: Vec<&str> = Vec::with_capacity(parts.len());
    let mut at_end = true;
    while let Some(part) = parts.pop() {
        if let Some(before) = before_uuid(&parts, part) {
            parts.truncate(before);
            found.push(MADE_UP);
        } else if is_made_up(part, at_end) {
            found.push(MADE_UP);
        } else {
            at_end = false;
            found.push(part);
        }
    }
    found.reverse();
    found
}

/// Whether a part of a name was made up by a program, rather than counted by hand.
pub(super) fn is_generated(name: &str) -> bool {
    let mut parts = name.split(['-', '.']).rev().enumerate();
    parts.any(|(place, part)| is_made_up(part, place == 0) && !(is_number(part) || part.is_empty()))
}

/// Lengths of the parts of a UUID.
const UUID: [usize; 5] = [8, 4, 4, 4, 12];

/// How many parts come before the UUID that ends here, if one does.
fn before_uuid(parts: &[&str], last: &str) -> Option<usize> {
    let before = (parts.len() + 1).checked_sub(UUID.len())?;
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts = parts[before..].iter().chain([&last]);
    let mut fits = parts
        .zip(UUID)
        .map(|(part, length)| part.len() == length && is_hex(part));
    fits.all(|fits| fits).then_some(before)
}

/// Whether a part of a name is a number or looks as if nobody had thought of it;
/// `at_end` is whether only such parts follow.
fn is_made_up(part: &str, at_end: bool) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let is_hex = part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_word = part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    // A version or number behind a word is part of the word.
    let mixed = part.trim_end_matches(|c: char| c.is_ascii_digit());
    let mixed = mixed.bytes().any(|byte| byte.is_ascii_digit());
    let is_random = is_word && part.len() >= 8 && mixed;
    digits == part.len()
        || (is_hex && part.len() >= 6 && digits > 0)
        || (is_random && (at_end || digits >= 2))
        || (at_end && is_hash(part))
}

/// A name without the number that tells it from its like: `db` of `db-0`.
pub(super) fn without_ordinal(name: &str) -> &str {
    let found = name.rsplit_once('-').filter(|(_, end)| is_number(end));
    found.map_or(name, |(base, _)| base)
}

fn is_number(text: &str) -> bool {
    matches!(text.len(), 1..=6) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Minutes since 1970: eight digits until 2160. CronJobs of old put seconds.
fn is_minutes(text: &str) -> bool {
    matches!(text.len(), 8 | 10) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_random(text: &str) -> bool {
    text.len() == 5 && text.bytes().all(is_safe)
}

/// Hash of a pod template: a 32-bit number in decimal, each digit made safe.
fn is_hash(text: &str) -> bool {
    matches!(text.len(), 5..=10) && text.bytes().all(is_safe)
}

/// The characters of random ends: no vowels, nothing that looks like another.
///
/// Source: `k8s.io/apimachinery/pkg/util/rand/rand.go`.
fn is_safe(byte: u8) -> bool {
    b"bcdfghjklmnpqrstvwxz2456789".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pod: &str) -> Vec<(&str, Shape)> {
        bases(pod).collect()
    }

    #[test]
    fn names_come_apart_longest_first() {
        assert_eq!(
            all("api-7d764666f9-qdcxt"),
            [
                ("api-7d764666f9", Shape::Random),
                ("api", Shape::HashRandom)
            ]
        );
        assert_eq!(all("db-0"), [("db", Shape::Ordinal)]);
        assert_eq!(
            all("nightly-29386440-x7k2p"),
            [
                ("nightly-29386440", Shape::Random),
                ("nightly", Shape::MinutesRandom)
            ]
        );
        assert_eq!(
            all("nightly-29386440-3-x7k2p"),
            [
                ("nightly-29386440-3", Shape::Random),
                ("nightly-29386440", Shape::OrdinalRandom),
                ("nightly", Shape::MinutesOrdinalRandom)
            ]
        );
    }

    #[test]
    fn vowels_and_short_ends_are_no_random_ends() {
        assert!(all("api-gateway").is_empty());
        assert!(all("api-house").is_empty());
        assert!(all("standalone").is_empty());
        assert!(all("é-é").is_empty());
    }

    #[test]
    fn what_was_made_up_for_one_run_is_no_part_of_a_stem() {
        for (name, expected) in [
            ("train-worker-0", "train-worker"),
            ("ray-head-x7k2p", "ray-head"),
            ("etl-49ac0e8b7d8e4b2a-exec-12", "etl-exec"),
            (
                "runner-t1-project-17-concurrent-0-qdcxt",
                "runner-t1-project-concurrent",
            ),
            (
                "load-users-5f3a8c1e-0b1c-4d5e-8f90-123456789abc",
                "load-users",
            ),
            ("load-users-k3j9x0ab", "load-users"),
            ("nightly-29386440-x7k2p", "nightly"),
            ("import-qdcxt-bcdfg", "import"),
            ("api-v2-gateway", "api-v2-gateway"),
            ("pg-postgres14-0", "pg-postgres14"),
            ("standalone", "standalone"),
            ("12345", ""),
        ] {
            assert_eq!(stem(name), expected, "{name}");
        }
    }

    #[test]
    fn a_name_at_the_limit_has_lost_the_end_of_its_base() {
        let pod = format!("{}7k2px", "a".repeat(58));
        assert_eq!(cut_base(&pod), Some(&pod[..58]));
        assert_eq!(cut_base("api-7k2px"), None);
    }
}
