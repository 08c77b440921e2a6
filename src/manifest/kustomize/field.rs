//! Fields of an object, and what may change them.

use super::super::tree::{Kind, Node};

/// A field that is to change, from the root of the object.
pub(in crate::manifest) type Field = Vec<Key>;

/// One step of the way to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::manifest) enum Key {
    Name(String),
    /// The item of a list that has this name.
    Item(String),
}

impl Key {
    pub(in crate::manifest) fn name(text: &str) -> Self {
        Self::Name(text.to_owned())
    }
}

/// Whether a strategic merge says anything of the resources, the variable or the list that a
/// field is in, be it only of one beside it.
pub(in crate::manifest) fn merges(patch: &Node, field: &[Key]) -> bool {
    let whole = field
        .iter()
        .position(|it| *it == Key::name("resources"))
        .map_or(field.len(), |at| at + 1);
    let mut nodes = vec![patch];
    for key in &field[..whole] {
        let mut below = Vec::new();
        for node in nodes {
            match step(node, key) {
                Below::Nothing => {}
                Below::Unclear => return true,
                Below::Nodes(found) => below.extend(found),
            }
        }
        nodes = below;
    }
    !nodes.is_empty()
}

enum Below<'n> {
    Nothing,
    /// It may be anything: an alias, a merged mapping, a directive of the patch.
    Unclear,
    Nodes(Vec<&'n Node>),
}

fn step<'n>(node: &'n Node, key: &Key) -> Below<'n> {
    let has = |node: &Node, key: &str| node.entry(key).is_some();
    if node.is_null() || matches!(node.kind, Kind::Alias) || has(node, "$patch") || has(node, "<<")
    {
        return Below::Unclear;
    }
    match key {
        Key::Name(name) => match node.entry(name) {
            Some(entry) => Below::Nodes(vec![&entry.value]),
            None => Below::Nothing,
        },
        Key::Item(name) => {
            let mut found = Vec::new();
            for item in node.items() {
                match item.at(&["name"]).and_then(Node::text) {
                    Some(other) if other != name => {}
                    Some(_) => found.push(item),
                    None => return Below::Unclear,
                }
            }
            Below::Nodes(found)
        }
    }
}

/// Whether an operation of a JSON patch at this place changes a field: of a list it may be
/// any item.
pub(super) fn operates(adds: bool, place: &[String], field: &[Key]) -> bool {
    let same = |(at, key): (&String, &Key)| match key {
        Key::Name(name) => at == name,
        Key::Item(_) => true,
    };
    if !place.iter().zip(field).all(same) {
        return false;
    }
    // An item that is added is another one.
    let is_item = place.len() < field.len()
        && place
            .len()
            .checked_sub(1)
            .is_some_and(|last| matches!(field[last], Key::Item(_)));
    !(adds && is_item)
}

/// The same of a path of a replacement: `spec.containers.[name=app].image`.
pub(super) fn replaces(path: &str, field: &[Key]) -> bool {
    let parts = parts(path);
    let same = |(part, key): (&String, &Key)| match key {
        Key::Name(name) => part == name || part == "*",
        Key::Item(name) => match part
            .strip_prefix("[name=")
            .and_then(|it| it.strip_suffix(']'))
        {
            Some(other) => other == name,
            None => true,
        },
    };
    parts.iter().zip(field).all(same)
}

/// The parts between dots that are in no brackets and behind no backslash.
fn parts(path: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut depth, mut escaped) = (0_usize, false);
    for it in path.chars() {
        let Some(last) = parts.last_mut() else {
            break;
        };
        match it {
            _ if escaped => last.push(it),
            '\\' => {}
            '.' if depth == 0 => parts.push(String::new()),
            _ => last.push(it),
        }
        escaped = it == '\\' && !escaped;
        match it {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::super::super::tree::parse;
    use super::*;

    fn cpu() -> Field {
        let names = ["spec", "containers"].map(Key::name);
        let rest = ["resources", "requests", "cpu"].map(Key::name);
        let item = [Key::Item("app".to_owned())];
        names.into_iter().chain(item).chain(rest).collect()
    }

    #[test]
    fn a_merge_changes_what_it_speaks_of() {
        let merges = |text: &str| merges(&parse(text).unwrap()[0], &cpu());
        let of = |container: &str| format!("{{spec: {{containers: [{container}]}}}}");
        for yes in [
            "{name: app, resources: {limits: {cpu: 1}}}",
            "{name: app, resources: null}",
            "{name: app, $patch: delete}",
            "{$patch: replace}",
            "{image: x}",
        ] {
            assert!(merges(&of(yes)), "{yes}");
        }
        for no in ["{name: app, image: x}", "{name: other, resources: {}}"] {
            assert!(!merges(&of(no)), "{no}");
        }
        assert!(merges("{spec: null}") && !merges("{metadata: {labels: {a: b}}}"));
    }

    #[test]
    fn an_operation_changes_what_is_below_or_above_its_place() {
        let operates = |adds, place: &str| {
            let place: Vec<String> = place.split('/').skip(1).map(str::to_owned).collect();
            operates(adds, &place, &cpu())
        };
        for yes in [
            "/spec",
            "/spec/containers",
            "/spec/containers/0/resources",
            "/spec/containers/0/resources/requests/cpu",
        ] {
            assert!(operates(true, yes), "{yes}");
        }
        assert!(!operates(true, "/spec/containers/-") && operates(false, "/spec/containers/0"));
        assert!(!operates(true, "/spec/containers/0/resources/limits/cpu"));
        assert!(!operates(true, "/spec/replicas"));
        assert!(replaces("spec.containers.*.resources", &cpu()));
        assert!(replaces(
            "spec.containers.[name=app].resources.requests.cpu",
            &cpu()
        ));
        assert!(!replaces("spec.containers.[name=other].resources", &cpu()));
        assert!(!replaces("metadata.annotations.a\\.b/c", &cpu()));
    }
}
