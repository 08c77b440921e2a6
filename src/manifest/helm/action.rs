//! Actions of Go templates, as far as they put a value where they stand.

/// A text, cut at its actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Text(&'t str),
    /// What is between the braces, without the marks that trim space.
    Action(&'t str),
}

/// What `.` is at an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dot {
    Root,
    /// Below the values.
    At(Vec<String>),
    Unknown,
}

/// A value that an action puts where it stands, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    /// Keys from the root of the values of the chart.
    pub(super) path: Vec<String>,
    /// Whether it is written as YAML, a mapping most likely.
    pub(super) whole: bool,
}

/// The pieces of a text. Braces that nothing closes are text.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let Some(close) = end(&rest[open + 2..]) else {
            break;
        };
        if open > 0 {
            pieces.push(Piece::Text(&rest[..open]));
        }
        let inner = &rest[open + 2..open + 2 + close];
        pieces.push(Piece::Action(trimmed(inner)));
        rest = &rest[open + close + 4..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// Where the braces close, from behind those that open.
fn end(text: &str) -> Option<usize> {
    let comment = text.trim_start_matches(['-', ' ', '\t', '\r', '\n']);
    if comment.starts_with("/*") {
        let stop = text.find("*/")? + 2;
        return Some(stop + text[stop..].find("}}")?);
    }
    let mut quote = None;
    let mut escaped = false;
    for (at, it) in text.char_indices() {
        match quote {
            Some(open) => {
                if !escaped && it == open {
                    quote = None;
                }
                escaped = !escaped && it == '\\' && open != '`';
            }
            None if matches!(it, '"' | '\'' | '`') => quote = Some(it),
            None if text[at..].starts_with("}}") => return Some(at),
            None => {}
        }
    }
    None
}

fn trimmed(inner: &str) -> &str {
    let spaced = |text: &str| text.starts_with(char::is_whitespace);
    let inner = match inner.strip_prefix('-') {
        Some(rest) if spaced(rest) => rest,
        _ => inner,
    };
    let inner = match inner.strip_suffix('-') {
        Some(rest) if rest.ends_with(char::is_whitespace) => rest,
        _ => inner,
    };
    inner.trim()
}

/// Cuts at a character that is in no quotes and no brackets.
fn cut(text: &str, at: impl Fn(char) -> bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    let mut quote = None;
    let mut escaped = false;
    for (place, it) in text.char_indices() {
        if let Some(open) = quote {
            if !escaped && it == open {
                quote = None;
            }
            escaped = !escaped && it == '\\' && open != '`';
            continue;
        }
        match it {
            '"' | '\'' | '`' => quote = Some(it),
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 && at(it) => {
                parts.push(&text[start..place]);
                start = place + it.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
        .into_iter()
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .collect()
}

/// The words of an expression.
pub(super) fn words(expression: &str) -> Vec<&str> {
    cut(expression, char::is_whitespace)
}

/// The value that an action puts there; `None` where it does anything else than that, which
/// is not followed.
pub(super) fn value(expression: &str, dot: &Dot) -> Option<Value> {
    let stages = cut(expression, |it| it == '|');
    let (first, more) = stages.split_first()?;
    let mut value = match words(first).as_slice() {
        ["toYaml" | "toJson", operand] => Value {
            path: path(operand, dot)?,
            whole: true,
        },
        ["index", ".Values" | "$.Values", keys @ ..]
            if *dot == Dot::Root || first.contains('$') =>
        {
            let keys = keys.iter().map(|key| {
                let key = key.strip_prefix('"')?.strip_suffix('"')?;
                (!key.contains('\\')).then(|| key.to_owned())
            });
            Value {
                path: keys.collect::<Option<Vec<String>>>()?,
                whole: false,
            }
        }
        [operand] => Value {
            path: path(operand, dot)?,
            whole: false,
        },
        _ => return None,
    };
    for stage in more {
        match words(stage).as_slice() {
            ["toYaml" | "toJson"] if !value.whole => value.whole = true,
            ["indent" | "nindent", _] | ["trim"] => {}
            ["quote" | "squote" | "toString"] if !value.whole => {}
            _ => return None,
        }
    }
    (!value.path.is_empty()).then_some(value)
}

/// The path of a field below the values.
fn path(operand: &str, dot: &Dot) -> Option<Vec<String>> {
    if let Some(inner) = operand.strip_prefix('(') {
        let inner = value(inner.strip_suffix(')')?, dot)?;
        return (!inner.whole).then_some(inner.path);
    }
    let (fields, dot) = match operand.strip_prefix('$') {
        Some(fields) => (fields, &Dot::Root),
        None => (operand, dot),
    };
    let fields = fields.strip_prefix('.')?;
    let fields: Vec<&str> = fields.split('.').filter(|it| !it.is_empty()).collect();
    let plain = |it: &&str| it.chars().all(|it| it.is_alphanumeric() || it == '_');
    if !fields.iter().all(plain) {
        return None;
    }
    let (outer, fields) = match (dot, fields.as_slice()) {
        (Dot::Root, ["Values", fields @ ..]) => (&[][..], fields),
        (Dot::At(outer), fields) if fields.first() != Some(&"Values") => (outer.as_slice(), fields),
        _ => return None,
    };
    let fields = fields.iter().map(|it| (*it).to_owned());
    Some(outer.iter().cloned().chain(fields).collect())
}

/// How far to the right a text of its own is put.
pub(super) fn indent(expression: &str) -> Option<usize> {
    let stages = cut(expression, |it| it == '|');
    match words(stages.last()?).as_slice() {
        ["indent" | "nindent", amount] | ["indent" | "nindent", amount, _] => amount.parse().ok(),
        _ => None,
    }
}

/// Every value that an expression speaks of, whatever it does with it; where it takes all
/// values at once, the path without keys.
pub(super) fn mentions(expression: &str, dot: &Dot) -> Vec<Vec<String>> {
    let apart = |it: char| it.is_whitespace() || matches!(it, '(' | ')' | '|' | ',');
    let words: Vec<&str> = expression
        .split(apart)
        .filter(|it| !it.is_empty())
        .collect();
    let each = words.iter().enumerate();
    let found = each.filter_map(|(place, word)| {
        let below = word
            .find(".Values.")
            .map(|at| &word[at + ".Values.".len()..]);
        if let Some(fields) = below {
            let fields = fields.split('.').filter(|it| !it.is_empty());
            return Some(fields.map(str::to_owned).collect());
        }
        if word.ends_with(".Values") {
            return Some(looked_up(&words[..place], &words[place + 1..]));
        }
        match dot {
            Dot::At(_) => path(word, dot),
            Dot::Root | Dot::Unknown => None,
        }
    });
    let indexed = value(expression, dot).map(|it| it.path);
    found.chain(indexed).collect()
}

/// The keys that a function looks up in the values between these words; none where it is
/// not one that does, so that it may take any.
fn looked_up(before: &[&str], after: &[&str]) -> Vec<String> {
    let most = match before.last() {
        Some(&"index") => usize::MAX,
        Some(&("get" | "hasKey")) => 1,
        _ => 0,
    };
    let keys = after.iter().take(most);
    let keys = keys.map_while(|it| it.strip_prefix('"')?.strip_suffix('"'));
    keys.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(expression: &str, dot: &Dot) -> Option<(String, bool)> {
        value(expression, dot).map(|it| (it.path.join("."), it.whole))
    }

    #[test]
    fn a_text_is_cut_at_its_actions() {
        let text = "a: {{- .Values.x | default \"}}\" -}} b {{/* c }} */}}{{ open";
        let cut = [
            Piece::Text("a: "),
            Piece::Action(".Values.x | default \"}}\""),
            Piece::Text(" b "),
            Piece::Action("/* c }} */"),
            Piece::Text("{{ open"),
        ];
        assert_eq!(pieces(text), cut);
    }

    #[test]
    fn only_what_puts_a_value_as_it_is_is_followed() {
        let yes = |path: &str, whole| Some((path.to_owned(), whole));
        let root = &Dot::Root;
        let web = &Dot::At(vec!["web".to_owned()]);
        assert_eq!(
            told("toYaml .Values.resources | nindent 12", root),
            yes("resources", true)
        );
        assert_eq!(
            told(".Values.a.b | toYaml | indent 8", root),
            yes("a.b", true)
        );
        assert_eq!(told(".Values.cpu | quote", root), yes("cpu", false));
        assert_eq!(
            told("toYaml (index .Values \"a-b\" \"c\")", root),
            yes("a-b.c", true)
        );
        assert_eq!(told("toYaml .resources", web), yes("web.resources", true));
        assert_eq!(told("toYaml . | nindent 2", web), yes("web", true));
        assert_eq!(told("toYaml $.Values.x", web), yes("x", true));
        for other in [
            "include \"x\" . | nindent 4",
            "tpl (toYaml .Values.x) .",
            ".Values.cpu | default 1",
            "toYaml (default dict .Values.x)",
            ".Chart.Name",
            ".",
            "$x.resources",
        ] {
            assert_eq!(told(other, root), None, "{other}");
        }
        assert_eq!(told("toYaml .Values.x", &Dot::Unknown), None);
    }

    #[test]
    fn every_value_that_is_spoken_of_is_seen() {
        let seen = mentions(
            "include \"x\" (dict \"r\" .Values.web.resources \"c\" $.Values.y)",
            &Dot::Unknown,
        );
        assert_eq!(seen, [vec!["web", "resources"], vec!["y"]]);
        let seen = |text: &str| mentions(text, &Dot::Root).concat().join(".");
        assert_eq!(seen("default 1 (index .Values \"a-b\" \"c\")"), "a-b.c");
        assert_eq!(seen("get .Values \"web\" | toYaml"), "web");
        for all in [
            "$v := .Values",
            "with .Values",
            "get $.Values $x",
            "pick .Values \"a\"",
            "merge (dict) .Values",
        ] {
            assert_eq!(mentions(all, &Dot::Root), [Vec::<String>::new()], "{all}");
        }
        assert_eq!(indent("toYaml .Values.x | nindent 12"), Some(12));
        assert_eq!(indent("indent 2 (toYaml .)"), Some(2));
    }
}
