//! Whether files say what the cluster has. Where they do not, advice for the cluster is no
//! advice for them.

use super::kustomize::{Field, Key};
use super::tree::{Kind, Node};
use crate::change::{Amount, Change, Edit, Section};
use crate::snapshot::{Container, Target};
use crate::units::Quantity;

/// What a change is about, in the object that holds its pod template.
pub(super) fn fields(change: &Change<'_>) -> Vec<Field> {
    let sizes = sized(change).into_iter().map(|it| it.0);
    let heaps = change.containers.iter().filter_map(|changed| {
        let heap = changed.heap.as_ref()?;
        let env = [
            Key::name("env"),
            Key::Item(heap.variable.clone()),
            Key::name("value"),
        ];
        Some([container(change, changed.container), env.to_vec()].concat())
    });
    sizes.chain(heaps).collect()
}

/// The fields of all amounts that change, and whose they are.
fn sized<'c>(change: &'c Change<'_>) -> Vec<(Field, &'c str, &'c Edit)> {
    let of = |home: &[Key], edit: &Edit| {
        let names = [edit.section.name(), edit.resource.name()].map(Key::name);
        [home, &names].concat()
    };
    let mut all = Vec::new();
    let pod = [root(change), vec![Key::name("resources")]].concat();
    all.extend(change.pod.iter().map(|edit| (of(&pod, edit), "pod", edit)));
    for changed in &change.containers {
        let home = match changed.home {
            Some(home) => home.iter().map(|it| Key::name(it)).collect(),
            None => [
                container(change, changed.container),
                vec![Key::name("resources")],
            ]
            .concat(),
        };
        let name = changed.container.name.as_str();
        all.extend(
            changed
                .edits
                .iter()
                .map(|edit| (of(&home, edit), name, edit)),
        );
    }
    all
}

fn root(change: &Change<'_>) -> Field {
    change
        .target
        .pod_spec
        .iter()
        .map(|it| Key::name(it))
        .collect()
}

fn container(change: &Change<'_>, of: &Container) -> Field {
    let list = [Key::name(of.kind.list()), Key::Item(of.name.clone())];
    [root(change), list.to_vec()].concat()
}

/// What files say of a field.
enum Said<'n> {
    Nothing,
    Text(&'n str),
    Unclear,
}

/// Refuses a change of what the cluster has otherwise than these files, of which the first
/// goes before the others. What is as advised already is no drift.
pub(super) fn refuse(change: &Change<'_>, layers: &[Node]) -> Result<(), String> {
    for (field, whose, edit) in sized(change) {
        let said = said(layers, &field)?;
        let after = edit.after.map(Amount::get);
        let before = edit.before.map(Amount::get);
        let here = amount(said);
        if edit.after.is_none() && layers.iter().skip(1).any(|it| has(it, &field)) {
            return Err(format!(
                "{whose}: {} goes, and what it patches sets it, too",
                shown(edit)
            ));
        }
        if is_same(here, after) || is_same(here, before) {
            continue;
        }
        // A request that is left out is as large as its limit.
        let limit = || {
            let mut field = field.clone();
            let at = field.len().checked_sub(2)?;
            field[at] = Key::name(Section::Limits.name());
            self::said(layers, &field).ok().and_then(amount)
        };
        let left_out = edit.section == Section::Requests && here.is_none();
        if left_out && is_same(limit(), before) {
            continue;
        }
        let cluster = edit
            .before
            .map_or_else(|| "none".to_owned(), |it| it.to_string());
        return Err(format!(
            "{whose}: the file says {} for its {}, and the cluster has {cluster}: bring them \
             together first",
            said_in_words(said),
            shown(edit),
        ));
    }
    heaps(change, layers)
}

fn heaps(change: &Change<'_>, layers: &[Node]) -> Result<(), String> {
    for changed in &change.containers {
        let Some(heap) = &changed.heap else { continue };
        let env = [
            Key::name("env"),
            Key::Item(heap.variable.clone()),
            Key::name("value"),
        ];
        let field = [container(change, changed.container), env.to_vec()].concat();
        let alike = said(layers, &field)?.is_some_and(|it| heap.is_alike(it));
        if !alike {
            return Err(format!(
                "{}: the file does not say of {} what the cluster has: bring them together first",
                changed.container.name, heap.variable
            ));
        }
    }
    Ok(())
}

/// Refuses to move a target of an autoscaler that is another one in the cluster.
pub(super) fn refuse_target(
    target: &Node,
    name: &str,
    (before, after): (Target, Target),
) -> Result<(), String> {
    let fits = |wanted: Target| {
        let (key, wanted) = match wanted {
            Target::Utilization(percent) => ("averageUtilization", f64::from(percent)),
            Target::AverageValue(amount) => ("averageValue", amount),
            Target::Value(amount) => ("value", amount),
        };
        let text = target.at(&[key]).and_then(Node::text);
        is_same(amount(text), Some(wanted))
    };
    if fits(before) || fits(after) {
        return Ok(());
    }
    Err(format!(
        "the target of `{name}` is not the one that the cluster has: bring them together first"
    ))
}

/// `CPU request`
fn shown(edit: &Edit) -> String {
    let section = edit.section.name().trim_end_matches('s');
    format!("{} {section}", edit.resource.name())
}

fn said_in_words(said: Option<&str>) -> &str {
    said.unwrap_or("nothing")
}

fn amount(text: Option<&str>) -> Option<f64> {
    text?.trim().parse::<Quantity>().ok().map(|it| it.to_f64())
}

fn is_same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
        (None, None) => true,
        _ => false,
    }
}

fn has(layer: &Node, field: &[Key]) -> bool {
    !matches!(look(layer, field), Said::Nothing)
}

/// What the first says that says anything.
fn said<'n>(layers: &'n [Node], field: &[Key]) -> Result<Option<&'n str>, String> {
    for layer in layers {
        match look(layer, field) {
            Said::Nothing => {}
            Said::Text(text) => return Ok(Some(text)),
            Said::Unclear => return Err("what it says of these sizes cannot be read".to_owned()),
        }
    }
    Ok(None)
}

fn look<'n>(root: &'n Node, field: &[Key]) -> Said<'n> {
    let mut node = root;
    for key in field {
        if matches!(node.kind, Kind::Alias) || node.entry("<<").is_some() {
            return Said::Unclear;
        }
        let next = match key {
            Key::Name(name) => node.entry(name).map(|it| &it.value),
            Key::Item(name) => {
                let mut items = node.items().iter();
                items.find(|it| it.at(&["name"]).and_then(Node::text) == Some(name))
            }
        };
        match next {
            Some(next) => node = next,
            None => return Said::Nothing,
        }
    }
    match node.text() {
        Some(_) if node.is_null() => Said::Nothing,
        Some(text) => Said::Text(text),
        None => Said::Unclear,
    }
}
