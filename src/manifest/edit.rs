use super::object::Spot;
use super::splice::{begins_line, column, ends_line, line_end, line_start, line_stop, replaced};
use super::tree::{Entry, Kind, Node, Style, parse};
use crate::units::Quantity;

/// One amount that changes, or one variable, or one target of an autoscaler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Keys from the root of the object to the mapping that holds the value; `[name=app]`
    /// stands for the item of a list with that name.
    pub path: Vec<String>,
    /// The key, and its new value; `None` removes it.
    pub key: String,
    pub value: Option<String>,
    /// Whether mappings on the way may be made, from this one of the path on.
    pub make_from: usize,
    /// Whether the value is a number in every style.
    pub number: bool,
}

/// Makes the steps, one after the other, in the object at `spot`.
///
/// What comes out is read again and held against what was wanted: nothing else differs.
///
/// # Errors
///
/// Why a step cannot be made without a guess; then nothing is changed.
pub fn edit(text: &str, spot: &Spot, steps: &[Step]) -> Result<String, String> {
    let mut edited = text.to_owned();
    for step in steps {
        edited = one(&edited, spot, step)?;
    }
    let (before, after) = (read(text)?, read(&edited)?);
    let mut wanted: Vec<Plain> = before.iter().map(Plain::of).collect();
    let object = wanted.get_mut(spot.document);
    let mut object = object.and_then(|it| it.below(&spot.items));
    for step in steps {
        if let Some(object) = object.as_deref_mut() {
            object.follow(step);
        }
    }
    let mut seen: Vec<Plain> = after.iter().map(Plain::of).collect();
    wanted.iter_mut().chain(&mut seen).for_each(Plain::sort);
    if seen == wanted {
        Ok(edited)
    } else {
        Err("it could not be changed without changing more".to_owned())
    }
}

fn read(text: &str) -> Result<Vec<Node>, String> {
    parse(text).map_err(|(line, problem)| format!("line {line}: {problem}"))
}

fn one(text: &str, spot: &Spot, step: &Step) -> Result<String, String> {
    let documents = read(text)?;
    let root = spot.of(&documents).ok_or("the object is gone")?;
    let mut node = root;
    let mut holders: Vec<(&Node, &Entry)> = Vec::new();
    for (depth, key) in step.path.iter().enumerate() {
        sound(node)?;
        if let Some(item) = Item::of(key) {
            node = item
                .find(node)
                .ok_or_else(|| format!("`{key}` is not in it"))?;
            continue;
        }
        let entry = entry(node, key)?;
        let next = entry.filter(|entry| !is_nothing(&entry.value));
        let Some(next) = next else {
            if depth < step.make_from {
                return Err(format!("`{key}` is not in it"));
            }
            let Some(value) = &step.value else {
                return Ok(text.to_owned());
            };
            let rest: Vec<&str> = step.path[depth..].iter().map(String::as_str).collect();
            let rest: Vec<&str> = rest.into_iter().chain([step.key.as_str()]).collect();
            return make(text, node, entry, &rest, value);
        };
        holders.push((node, next));
        node = &next.value;
    }
    sound(node)?;
    let entry = entry(node, &step.key)?;
    if let Some(held) = entry {
        settled(step, &held.value)?;
    }
    match (entry, &step.value) {
        (Some(entry), Some(value)) => set(text, entry, value, step.number),
        (Some(entry), None) => remove(text, node, entry, &holders),
        (None, Some(value)) => add(text, node, &[&step.key], value),
        (None, None) => Ok(text.to_owned()),
    }
}

/// An item of a list: `[name=app]`, `[2]`.
enum Item<'k> {
    Named(&'k str),
    At(usize),
}

impl<'k> Item<'k> {
    fn of(key: &'k str) -> Option<Self> {
        let inner = key.strip_prefix('[')?.strip_suffix(']')?;
        match inner.strip_prefix("name=") {
            Some(name) => Some(Self::Named(name)),
            None => inner.parse().ok().map(Self::At),
        }
    }

    fn find<'n>(&self, node: &'n Node) -> Option<&'n Node> {
        match self {
            Self::At(place) => node.items().get(*place),
            Self::Named(name) => {
                let mut items = node.items().iter();
                items.find(|item| item.at(&["name"]).and_then(Node::text) == Some(name))
            }
        }
    }

    fn find_plain<'n>(&self, node: &'n mut Plain) -> Option<&'n mut Plain> {
        let Plain::List(items) = node else {
            return None;
        };
        match self {
            Self::At(place) => items.get_mut(*place),
            Self::Named(name) => {
                let wanted = Plain::Scalar((*name).to_owned());
                let mut items = items.iter_mut();
                items.find_map(|item| {
                    let is_it = item.get("name").is_some_and(|it| *it == wanted);
                    is_it.then_some(item)
                })
            }
        }
    }
}

fn is_nothing(node: &Node) -> bool {
    node.is_null() || matches!(&node.kind, Kind::Map { entries, .. } if entries.is_empty())
}

/// Whether a change here is a change of nothing else.
fn sound(node: &Node) -> Result<(), String> {
    if node.anchored {
        return Err("it has an anchor, so that others may have the same value".to_owned());
    }
    match &node.kind {
        Kind::Alias => Err("it is an alias of a value elsewhere".to_owned()),
        Kind::Map { entries, .. } if entries.iter().any(|it| it.key.text() == Some("<<")) => {
            Err("it is merged from a value elsewhere".to_owned())
        }
        _ if node.tagged => Err("it has a tag".to_owned()),
        _ => Ok(()),
    }
}

/// Whether a size is one: what something else fills in, as `${CPU}`, is not changed here.
fn settled(step: &Step, held: &Node) -> Result<(), String> {
    let last = step.path.last().map(String::as_str);
    let text = held.text().filter(|_| !held.is_null());
    match text {
        Some(text) if matches!(last, Some("requests" | "limits")) => {
            let is_amount = text.trim().parse::<Quantity>().is_ok();
            let why = || format!("`{text}` is no amount: change it where it is filled in");
            is_amount.then_some(()).ok_or_else(why)
        }
        _ => Ok(()),
    }
}

/// The only entry with this key.
fn entry<'n>(node: &'n Node, key: &str) -> Result<Option<&'n Entry>, String> {
    let same = node.entries().iter();
    let mut same = same.filter(|entry| entry.key.text() == Some(key));
    let found = same.next();
    if same.next().is_some() {
        return Err(format!("`{key}` is in it twice"));
    }
    if let Some(entry) = found {
        sound(&entry.value)?;
    }
    Ok(found)
}

/// The value as the entry is written.
fn worded(key: &Node, value: &str, style: Style, number: bool) -> String {
    match style {
        _ if number => value.to_owned(),
        Style::Single => format!("'{}'", value.replace('\'', "''")),
        Style::Double => quoted(value),
        _ if is_json(key) => quoted(value),
        _ if is_plain(value) => value.to_owned(),
        _ => quoted(value),
    }
}

fn quoted(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

/// Whether it is the same text without quotes, in a flow too.
fn is_plain(value: &str) -> bool {
    !value.is_empty()
        && value
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || matches!(it, '.' | '_'))
}

fn set(text: &str, entry: &Entry, value: &str, number: bool) -> Result<String, String> {
    let Kind::Scalar { style, .. } = &entry.value.kind else {
        return Err("it is no single value".to_owned());
    };
    let worded = worded(&entry.key, value, *style, number);
    let span = entry.value.span.clone();
    if *style == Style::Block || text[span.clone()].contains('\n') {
        return Err("its value has several lines".to_owned());
    }
    let put = if span.is_empty() {
        let after = colon(text, entry).ok_or("it has no value")?;
        replaced(text, after..after, &format!(" {worded}"))
    } else {
        replaced(text, span, &worded)
    };
    put.ok_or_else(|| "it could not be changed".to_owned())
}

/// The byte behind the colon of an entry.
fn colon(text: &str, entry: &Entry) -> Option<usize> {
    let end = entry.key.span.end;
    let colon = text.get(end..)?.find(':')?;
    let between = text.get(end..end + colon)?;
    between.trim().is_empty().then_some(end + colon + 1)
}

/// The keys and the value within each other, from this column on; the first line begins
/// where the writer stands.
fn block(keys: &[&str], value: &str, column: usize, step: usize, end: &str) -> String {
    let mut text = String::new();
    for (depth, key) in keys.iter().enumerate() {
        if depth > 0 {
            text.push_str(end);
            text.extend(std::iter::repeat_n(' ', column + depth * step));
        }
        text.push_str(key);
        text.push(':');
    }
    text.push(' ');
    text.push_str(value);
    text
}

/// The same on one line: `a: {b: 1}`.
fn flow(keys: &[&str], value: &str, json: bool) -> String {
    let [first, rest @ ..] = keys else {
        return value.to_owned();
    };
    let key = if json {
        quoted(first)
    } else {
        (*first).to_owned()
    };
    if rest.is_empty() {
        return format!("{key}: {value}");
    }
    format!("{key}: {{{}}}", flow(rest, value, json))
}

/// Makes `keys[0]`, which is not there or holds nothing, with all below it.
fn make(
    text: &str,
    node: &Node,
    empty: Option<&Entry>,
    keys: &[&str],
    value: &str,
) -> Result<String, String> {
    let Some(entry) = empty else {
        return add(text, node, keys, value);
    };
    let rest = &keys[1..];
    if node.is_flow() {
        let json = is_json(&entry.key);
        let value = worded(&entry.key, value, Style::Plain, false);
        let body = format!("{{{}}}", flow(rest, &value, json));
        let span = entry.value.span.clone();
        if span.is_empty() {
            let after = colon(text, entry).ok_or("it has no value")?;
            return replaced(text, after..after, &format!(" {body}")).ok_or_else(unclear);
        }
        return replaced(text, span, &body).ok_or_else(unclear);
    }
    // `resources: {}` or nothing: the block goes below, the comment stays where it is.
    let stop = entry.value.span.end.max(entry.key.span.end + 1);
    if !ends_line(text, stop) {
        return Err(unclear());
    }
    let column = column(text, entry.key.span.start);
    let step = step(node, text);
    let end = line_end(text);
    let value = worded(&entry.key, value, Style::Plain, false);
    let body = block(rest, &value, column + step, step, end);
    let body = format!("{end}{}{body}", " ".repeat(column + step));
    let at = line_stop(text, stop);
    let with = replaced(text, at..at, &body).ok_or_else(unclear)?;
    let span = entry.value.span.clone();
    if span.is_empty() {
        return Ok(with);
    }
    // What stood there goes, with the space before it.
    let start = colon(text, entry).ok_or_else(unclear)?;
    replaced(&with, start..span.end, "").ok_or_else(unclear)
}

fn unclear() -> String {
    "it could not be changed without a guess".to_owned()
}

/// Whether a key is written as JSON has it, so that what stands beside it has to be too.
fn is_json(key: &Node) -> bool {
    matches!(
        key.kind,
        Kind::Scalar {
            style: Style::Double,
            ..
        }
    )
}

/// How far a mapping stands to the right of the one that holds it, in this text.
fn step(node: &Node, text: &str) -> usize {
    fn find(node: &Node, text: &str) -> Option<usize> {
        for entry in node.entries() {
            let inner = entry.value.entries().first();
            let inner = inner.filter(|_| !entry.value.is_flow());
            if let Some(inner) = inner {
                let deep = column(text, inner.key.span.start);
                return deep.checked_sub(column(text, entry.key.span.start));
            }
        }
        let below = node.entries().iter().map(|entry| &entry.value);
        below
            .chain(node.items())
            .find_map(|below| find(below, text))
    }
    find(node, text).filter(|step| *step > 0).unwrap_or(2)
}

/// Adds an entry to a mapping that has others.
fn add(text: &str, node: &Node, keys: &[&str], value: &str) -> Result<String, String> {
    let Kind::Map {
        entries,
        flow: is_flow,
    } = &node.kind
    else {
        return Err("it is no mapping".to_owned());
    };
    let Some(last) = entries.last() else {
        return Err(unclear());
    };
    let worded = worded(&last.key, value, Style::Plain, false);
    if *is_flow {
        let json = is_json(&last.key);
        let at = last.end().ok_or_else(unclear)?;
        let body = flow(keys, &worded, json);
        // One entry a line stays one entry a line.
        let first = entries.first().map_or(0, |it| it.key.span.start);
        let between = if begins_line(text, first) {
            format!(",{}{}", line_end(text), " ".repeat(column(text, first)))
        } else {
            ", ".to_owned()
        };
        return replaced(text, at..at, &format!("{between}{body}")).ok_or_else(unclear);
    }
    // Below the first entry that ends where its line does: lists and blocks may be long.
    let column = column(text, entries[0].key.span.start);
    let (step, end) = (step(node, text), line_end(text));
    let whole = entries.iter().rev().find_map(|entry| {
        let stop = entry.end()?;
        ends_line(text, stop).then(|| line_stop(text, stop))
    });
    let at = whole.ok_or_else(unclear)?;
    let padding = " ".repeat(column);
    let body = block(keys, &worded, column, step, end);
    replaced(text, at..at, &format!("{end}{padding}{body}")).ok_or_else(unclear)
}

/// Takes an entry away, and what holds nothing else.
fn remove(
    text: &str,
    node: &Node,
    entry: &Entry,
    holders: &[(&Node, &Entry)],
) -> Result<String, String> {
    if node.entries().len() == 1 {
        let Some(((outer, holder), rest)) = holders.split_last() else {
            return Err(unclear());
        };
        return remove(text, outer, holder, rest);
    }
    let stop = entry.end().ok_or_else(unclear)?;
    let start = entry.key.span.start;
    if node.is_flow() {
        let place = node.entries().iter().position(|it| it == entry);
        let place = place.ok_or_else(unclear)?;
        let range = match node.entries().get(place + 1) {
            Some(next) => start..next.key.span.start,
            None => node.entries()[place - 1].end().ok_or_else(unclear)?..stop,
        };
        return replaced(text, range, "").ok_or_else(unclear);
    }
    if !begins_line(text, start) || !ends_line(text, stop) {
        return Err(unclear());
    }
    let from = line_start(text, start);
    let to = line_stop(text, stop);
    let to = to + text[to..].find('\n').map_or(0, |found| found + 1);
    // The last line of a text without an end of its own.
    let from = if to == text.len() && !text.ends_with('\n') {
        from.saturating_sub(line_end(text).len())
    } else {
        from
    };
    replaced(text, from..to, "").ok_or_else(unclear)
}

/// A value without its place and style.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plain {
    Map(Vec<(Self, Self)>),
    List(Vec<Self>),
    Scalar(String),
    Null,
    Alias,
}

impl Plain {
    pub(super) fn of(node: &Node) -> Self {
        match &node.kind {
            Kind::Map { entries, .. } => {
                let entries = entries.iter();
                Self::Map(
                    entries
                        .map(|it| (Self::of(&it.key), Self::of(&it.value)))
                        .collect(),
                )
            }
            Kind::List { items, .. } => Self::List(items.iter().map(Self::of).collect()),
            Kind::Alias => Self::Alias,
            Kind::Scalar { .. } if node.is_null() => Self::Null,
            Kind::Scalar { value, .. } => Self::Scalar(value.clone()),
        }
    }

    /// The order of keys says nothing.
    fn sort(&mut self) {
        match self {
            Self::Map(entries) => {
                for (_, value) in entries.iter_mut() {
                    value.sort();
                }
                entries.sort_by_cached_key(|(key, _)| format!("{key:?}"));
            }
            Self::List(items) => items.iter_mut().for_each(Self::sort),
            Self::Scalar(_) | Self::Null | Self::Alias => {}
        }
    }

    fn below(&mut self, items: &[usize]) -> Option<&mut Self> {
        let mut node = self;
        for item in items {
            let list = match node {
                Self::Map(_) => node.get("items")?,
                other => other,
            };
            let Self::List(items) = list else {
                return None;
            };
            node = items.get_mut(*item)?;
        }
        Some(node)
    }

    fn get(&mut self, key: &str) -> Option<&mut Self> {
        let Self::Map(entries) = self else {
            return None;
        };
        let wanted = Self::Scalar(key.to_owned());
        let found = entries.iter_mut().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| value)
    }

    /// What a step makes of it, as the step means it.
    fn follow(&mut self, step: &Step) {
        let mut keys = step.path.clone();
        let Some(value) = &step.value else {
            self.drop(&keys, &step.key);
            return;
        };
        keys.push(step.key.clone());
        let mut node = self;
        for key in &keys {
            if let Some(item) = Item::of(key) {
                let Some(found) = item.find_plain(node) else {
                    return;
                };
                node = found;
                continue;
            }
            if *node == Self::Null {
                *node = Self::Map(Vec::new());
            }
            if node.get(key).is_none() {
                let Self::Map(entries) = node else {
                    return;
                };
                entries.push((Self::Scalar(key.clone()), Self::Null));
            }
            let Some(next) = node.get(key) else {
                return;
            };
            node = next;
        }
        *node = Self::Scalar(value.clone());
    }

    fn drop(&mut self, keys: &[String], key: &str) {
        let Some((first, rest)) = keys.split_first() else {
            if let Self::Map(entries) = self {
                entries.retain(|(name, _)| *name != Self::Scalar(key.to_owned()));
            }
            return;
        };
        let item = Item::of(first);
        let below = match &item {
            Some(item) => item.find_plain(self),
            None => self.get(first),
        };
        let Some(below) = below else {
            return;
        };
        below.drop(rest, key);
        // What holds nothing else goes with it.
        let gone = *below == Self::Map(Vec::new());
        if let Self::Map(entries) = self
            && gone
        {
            entries.retain(|(name, _)| *name != Self::Scalar(first.clone()));
        }
    }
}
