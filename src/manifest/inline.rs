//! Changes in a patch that stands in a kustomization, as lines of its own.

use super::edit::{Plain, Step, edit};
use super::object::Spot;
use super::splice::{line_end, line_start, line_stop, replaced};
use super::tree::{Kind, Node, Style, parse};

/// A patch is one object.
const WHOLE: Spot = Spot {
    document: 0,
    items: Vec::new(),
};

/// Makes the steps in the patch that is an item of a list of a kustomization.
///
/// # Errors
///
/// Why a step cannot be made without a guess; then nothing is changed.
pub(super) fn edit_inline(
    text: &str,
    (list, item): (&str, usize),
    steps: &[Step],
) -> Result<String, String> {
    let read = |text: &str| parse(text).map_err(|(line, why)| format!("line {line}: {why}"));
    let before = read(text)?;
    let gone = || "the patch is gone".to_owned();
    let patch = patch(&before, list, item).ok_or_else(gone)?;
    let Kind::Scalar {
        style: Style::Block,
        ..
    } = patch.kind
    else {
        return Err("its patch is not on lines of its own".to_owned());
    };
    let head = head(text, &before, (list, item), patch).ok_or_else(gone)?;
    let (range, indent) = lines(text, head).ok_or_else(gone)?;
    let end = line_end(text);
    let bare = |line: &str| line.get(indent..).unwrap_or_default().to_owned();
    let inner: Vec<String> = text[range.clone()].lines().map(bare).collect();
    let inner = inner.join("\n") + "\n";
    let edited = edit(&inner, &WHOLE, steps)?;
    let padding = " ".repeat(indent);
    let outer = edited.lines().map(|line| match line {
        "" => end.to_owned(),
        line => format!("{padding}{line}{end}"),
    });
    let outer: String = outer.collect();
    // A last line without an end stays one.
    let outer = if text[range.clone()].ends_with('\n') {
        outer.as_str()
    } else {
        outer.trim_end_matches(['\r', '\n'])
    };
    let unclear = || "it could not be changed without changing more".to_owned();
    let edited_whole = replaced(text, range, outer).ok_or_else(unclear)?;
    let after = read(&edited_whole)?;
    let patched = self::patch(&after, list, item).and_then(Node::text);
    let same = patched.is_some_and(|it| it.trim_end() == edited.trim_end());
    let rest = |documents: &[Node]| -> Vec<Plain> {
        let all = documents.iter();
        all.map(|it| without(it, list, item)).collect()
    };
    if same && rest(&before) == rest(&after) {
        Ok(edited_whole)
    } else {
        Err(unclear())
    }
}

fn patch<'n>(documents: &'n [Node], list: &str, item: usize) -> Option<&'n Node> {
    let item = documents.first()?.at(&[list])?.items().get(item)?;
    match item.kind {
        Kind::Scalar { .. } => Some(item),
        _ => item.at(&["patch"]),
    }
}

/// A byte on the line on which a block begins, before its lines: that of its key, or of the
/// dash of the item that it is.
fn head(
    text: &str,
    documents: &[Node],
    (list, item): (&str, usize),
    patch: &Node,
) -> Option<usize> {
    let item = documents.first()?.at(&[list])?.items().get(item)?;
    if let Some(entry) = item.entry("patch") {
        return Some(entry.key.span.start);
    }
    let mut at = patch.span.start;
    loop {
        let start = line_start(text, at);
        let line = text[start..].trim_start_matches([' ', '-']);
        if text[start..].trim_start().starts_with('-') && line.starts_with(['|', '>']) {
            return Some(start);
        }
        at = start.checked_sub(1)?;
    }
}

/// All but the patch.
fn without(document: &Node, list: &str, item: usize) -> Plain {
    let mut document = document.clone();
    if let Kind::Map { entries, .. } = &mut document.kind
        && let Some(entry) = entries.iter_mut().find(|it| it.key.text() == Some(list))
        && let Kind::List { items, .. } = &mut entry.value.kind
        && let Some(item) = items.get_mut(item)
    {
        match &mut item.kind {
            Kind::Map { entries, .. } => entries.retain(|it| it.key.text() != Some("patch")),
            kind => *kind = Kind::Alias,
        }
    }
    Plain::of(&document)
}

/// The bytes of the lines of a block that begins at this byte, and how far they stand to the
/// right.
fn lines(text: &str, at: usize) -> Option<(std::ops::Range<usize>, usize)> {
    let head = line_stop(text, at);
    let start = head + text[head..].find('\n')? + 1;
    // A block may begin with lines of nothing.
    let first = text[start..].lines().find(|line| !line.trim().is_empty())?;
    let indent = first.len() - first.trim_start_matches(' ').len();
    let outer = text[line_start(text, at)..].lines().next()?;
    let outer = outer.len() - outer.trim_start_matches(' ').len();
    if indent <= outer {
        return None;
    }
    let mut stop = start;
    let mut place = start;
    for line in text[start..].split_inclusive('\n') {
        let depth = line.len() - line.trim_start_matches(' ').len();
        let is_empty = line.trim().is_empty();
        if !is_empty && depth < indent {
            break;
        }
        place += line.len();
        if !is_empty {
            stop = place;
        }
    }
    Some((start..stop, indent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_in_a_kustomization_is_changed_and_nothing_else() {
        let text = "# head\nresources: [../base]\npatches:\n- path: x.yaml\n- patch: |-  # ours\n    kind: Deployment # d\n    spec:\n\n      cpu: 1\n  target: {kind: Deployment}\n# end\n";
        let step = Step {
            path: vec!["spec".to_owned()],
            key: "cpu".to_owned(),
            value: Some("250m".to_owned()),
            make_from: 0,
            number: false,
        };
        let steps = std::slice::from_ref(&step);
        let edited = edit_inline(text, ("patches", 1), steps);
        assert_eq!(edited, Ok(text.replace("cpu: 1", "cpu: 250m")));
        let crlf = text.replace('\n', "\r\n");
        let edited = edit_inline(&crlf, ("patches", 1), steps);
        assert_eq!(edited, Ok(crlf.replace("cpu: 1", "cpu: 250m")));
        let merges = "patchesStrategicMerge:\n- |-\n  spec:\n    cpu: 1";
        let edited = edit_inline(merges, ("patchesStrategicMerge", 0), steps);
        assert_eq!(edited, Ok(merges.replace("cpu: 1", "cpu: 250m")));
        let quoted = "patches:\n- patch: \"{spec: {cpu: 1}}\"\n";
        assert!(edit_inline(quoted, ("patches", 0), steps).is_err());
    }
}
