//! A template as YAML, with a mark for each of its actions.
//!
//! Nothing is rendered: all branches of a condition stand one after the other, and what an
//! action puts there is a mark. What is the same whatever the values are can be read of it.

use super::super::splice::column;
use super::super::tree::{Kind, Node, parse};
use super::action::{Dot, Piece, Value, indent, mentions, pieces, value, words};

/// Around the number of an action; characters of nobody, which YAML allows.
const MARK: (char, char) = ('\u{e000}', '\u{e001}');

/// A template, read.
#[derive(Debug, Default)]
pub(super) struct Template {
    pub(super) documents: Vec<Node>,
    /// Also those that put nothing there and take values to where they are not followed.
    pub(super) actions: Vec<Action>,
    /// Under which conditions each line of its YAML is there.
    lines: Vec<Vec<Guard>>,
    yaml: String,
}

/// An action that puts something where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Action {
    pub(super) expression: String,
    pub(super) dot: Dot,
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guard {
    /// The value that it asks for, where it asks for nothing else.
    pub(super) path: Option<Vec<String>>,
    /// Which condition of the text it is.
    number: usize,
}

/// What stands in a place: a text with marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'t> {
    Text(&'t str),
    /// Of this action.
    Put(usize),
}

impl Action {
    pub(super) fn value(&self) -> Option<Value> {
        value(&self.expression, &self.dot)
    }

    pub(super) fn mentions(&self) -> Vec<Vec<String>> {
        mentions(&self.expression, &self.dot)
    }
}

/// The parts of a scalar.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(MARK.0) {
        let Some((number, after)) = after.split_once(MARK.1) else {
            break;
        };
        if !before.is_empty() {
            parts.push(Part::Text(before));
        }
        parts.extend(number.parse().ok().map(Part::Put));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// Why what is left without its actions is no YAML; the actions are there all the same.
    pub(super) fn new(text: &str) -> Result<Self, (Self, String)> {
        let mut reader = Reader::default();
        if text.contains(MARK.0) {
            return Err((
                Self::default(),
                "it has characters of no meaning".to_owned(),
            ));
        }
        reader.read(text);
        let (yaml, lines) = laid_out(&reader.lines);
        let mut template = Self {
            documents: Vec::new(),
            actions: reader.actions,
            lines,
            yaml,
        };
        match parse(&template.yaml) {
            Ok(documents) => {
                template.documents = documents;
                Ok(template)
            }
            Err((_, problem)) => Err((template, problem)),
        }
    }

    /// Conditions under which `inner` stands and `outer` does not.
    pub(super) fn guards(&self, outer: &Node, inner: &Node) -> Vec<Guard> {
        let of = |node: &Node| self.lines.get(self.line(node)).cloned().unwrap_or_default();
        let outer = of(outer);
        let mut guards = of(inner);
        guards.retain(|guard| !outer.contains(guard));
        guards
    }

    /// Whether a node stands there whatever the values are.
    pub(super) fn is_sure(&self, node: &Node) -> bool {
        self.lines.get(self.line(node)).is_some_and(Vec::is_empty)
    }

    fn line(&self, node: &Node) -> usize {
        let before = self.yaml.get(..node.span.start).unwrap_or_default();
        before.matches('\n').count()
    }
}

/// The action whose mark a node is, and nothing else.
pub(super) fn put(node: &Node) -> Option<usize> {
    match parts(node.text()?).as_slice() {
        [Part::Put(number)] => Some(*number),
        _ => None,
    }
}

/// The action that fills a value: its only text, or all of its mapping.
pub(super) fn filled(node: &Node) -> Option<usize> {
    match &node.kind {
        Kind::Map { entries, .. } => match entries.as_slice() {
            [entry] => put(&entry.key),
            _ => None,
        },
        _ => put(node),
    }
}

/// Every action with a mark in a node.
pub(super) fn all_below(node: &Node) -> Vec<usize> {
    let mut found = Vec::new();
    below(node, &mut found);
    found
}

fn below(node: &Node, found: &mut Vec<usize>) {
    for part in node.text().map_or_else(Vec::new, parts) {
        if let Part::Put(number) = part {
            found.push(number);
        }
    }
    for entry in node.entries() {
        below(&entry.key, found);
        below(&entry.value, found);
    }
    node.items().iter().for_each(|item| below(item, found));
}

/// A line of what is left.
enum Line {
    Text(String),
    /// An action alone, so far to the right.
    Put(usize, usize),
}

/// What an action begins.
struct Scope {
    dot: Dot,
    /// Of what is around it.
    outer: Dot,
    guard: Guard,
    /// Whether what it holds is for others to include.
    silent: bool,
}

#[derive(Default)]
struct Reader {
    scopes: Vec<Scope>,
    actions: Vec<Action>,
    lines: Vec<(Line, Vec<Guard>)>,
    guards: usize,
}

impl Reader {
    fn read(&mut self, text: &str) {
        let mut line: Vec<Piece<'_>> = Vec::new();
        for piece in pieces(text) {
            let Piece::Text(mut rest) = piece else {
                line.push(piece);
                continue;
            };
            while let Some((before, after)) = rest.split_once('\n') {
                line.push(Piece::Text(before.trim_end_matches('\r')));
                self.line(&std::mem::take(&mut line));
                rest = after;
            }
            line.push(Piece::Text(rest));
        }
        self.line(&line);
    }

    fn dot(&self) -> Dot {
        self.scopes.last().map_or(Dot::Root, |it| it.dot.clone())
    }

    fn is_silent(&self) -> bool {
        self.scopes.iter().any(|it| it.silent)
    }

    fn in_force(&self) -> Vec<Guard> {
        self.scopes.iter().map(|it| it.guard.clone()).collect()
    }

    fn line(&mut self, pieces: &[Piece<'_>]) {
        let text = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => (*text).to_owned(),
            Piece::Action(_) => String::new(),
        };
        let bare: String = pieces.iter().map(text).collect();
        let is_comment = bare.trim_start().starts_with('#');
        let alone = bare.trim().is_empty() || is_comment;
        let has_control = pieces.iter().any(|piece| match piece {
            Piece::Action(action) => is_control(action),
            Piece::Text(_) => false,
        });
        let mut whole = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => whole.push_str(text),
                Piece::Action(action) if is_control(action) => {
                    self.control(action);
                    // What a condition within a line leaves of it is not known.
                    if !alone {
                        let number = self.action("");
                        whole.push_str(&mark(number));
                    }
                }
                Piece::Action(action) => {
                    let number = self.action(action);
                    if alone {
                        let at = indent(action).unwrap_or_else(|| column(&whole, whole.len()));
                        if !self.is_silent() && !is_comment {
                            let guards = self.in_force();
                            self.lines.push((Line::Put(number, at), guards));
                        }
                    } else {
                        whole.push_str(&mark(number));
                    }
                }
            }
        }
        let nothing = alone && (has_control || pieces.len() > 1);
        if !self.is_silent() && !nothing {
            let guards = self.in_force();
            self.lines.push((Line::Text(whole), guards));
        }
    }

    /// Notes an action that puts something there.
    fn action(&mut self, expression: &str) -> usize {
        self.actions.push(Action {
            expression: expression.to_owned(),
            dot: self.dot(),
        });
        self.actions.len() - 1
    }

    fn guard(&mut self, path: Option<Vec<String>>) -> Guard {
        self.guards += 1;
        let number = self.guards;
        Guard { path, number }
    }

    fn control(&mut self, action: &str) {
        let (word, rest) = action
            .split_once(char::is_whitespace)
            .unwrap_or((action, ""));
        let outer = self.dot();
        let asked = |dot: &Dot| value(rest, dot).filter(|it| !it.whole).map(|it| it.path);
        let followed = match word {
            "with" => asked(&outer).is_some(),
            "range" => false,
            "else" => !rest.starts_with("with"),
            _ => !word.starts_with('$') && !rest.contains(":="),
        };
        if !followed {
            self.action(action);
        }
        match word {
            "if" | "with" => {
                let path = asked(&outer);
                let dot = match (word, &path) {
                    ("if", _) => outer.clone(),
                    (_, Some(path)) => Dot::At(path.clone()),
                    _ => Dot::Unknown,
                };
                let guard = self.guard(path);
                self.scopes.push(Scope {
                    dot,
                    outer,
                    guard,
                    silent: false,
                });
            }
            "range" | "define" | "block" => {
                let guard = self.guard(None);
                self.scopes.push(Scope {
                    dot: Dot::Unknown,
                    outer,
                    guard,
                    silent: word != "range",
                });
            }
            "else" => {
                let guard = self.guard(None);
                if let Some(scope) = self.scopes.last_mut() {
                    let again = rest.starts_with("with");
                    scope.dot = if again {
                        Dot::Unknown
                    } else {
                        scope.outer.clone()
                    };
                    scope.guard = guard;
                }
            }
            "end" => drop(self.scopes.pop()),
            _ => {}
        }
    }
}

/// Whether an action puts nothing where it stands.
fn is_control(action: &str) -> bool {
    let first = words(action).first().copied().unwrap_or_default();
    let assigns =
        || first.starts_with('$') && matches!(words(action).get(1), Some(&(":=" | "=" | ",")));
    let lists = || first.starts_with('$') && first.ends_with(',');
    matches!(
        first,
        "if" | "with" | "range" | "define" | "block" | "else" | "end" | "break" | "continue" | ""
    ) || action.starts_with("/*")
        || assigns()
        || lists()
}

fn mark(number: usize) -> String {
    format!("{}{number}{}", MARK.0, MARK.1)
}

/// The lines as a text, with an entry or an item for each action alone.
fn laid_out(lines: &[(Line, Vec<Guard>)]) -> (String, Vec<Vec<Guard>>) {
    let mut text = String::new();
    let mut guards = Vec::new();
    for (place, (line, of)) in lines.iter().enumerate() {
        match line {
            Line::Text(line) => text.push_str(line),
            Line::Put(number, at) => {
                text.extend(std::iter::repeat_n(' ', *at));
                if is_item(lines, place, *at) {
                    text.push_str("- ");
                }
                text.push_str(&mark(*number));
                text.push_str(": 0");
            }
        }
        text.push('\n');
        guards.push(of.clone());
    }
    (text, guards)
}

/// Whether what stands around a place, so far to the right, is a list.
fn is_item(lines: &[(Line, Vec<Guard>)], place: usize, at: usize) -> bool {
    let shown = |(line, _): &(Line, Vec<Guard>)| match line {
        Line::Text(line) => {
            let bare = line.trim_start_matches(' ');
            let none = bare.is_empty() || bare.starts_with('#');
            (!none).then(|| {
                (
                    line.len() - bare.len(),
                    bare.starts_with("- ") || bare == "-",
                )
            })
        }
        Line::Put(..) => None,
    };
    let before = lines[..place].iter().rev().filter_map(shown);
    let mut before = before.filter(|(column, _)| *column <= at);
    let after = lines[place + 1..].iter().find_map(shown);
    before.next() == Some((at, true)) || after == Some((at, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Template {
        Template::new(text).unwrap_or_else(|(it, why)| panic!("{why}: {}", it.yaml))
    }

    #[test]
    fn what_is_left_without_actions_is_read() {
        let template = read(
            "{{- if .Values.on }}\nkind: Deployment\nmetadata:\n  name: {{ include \"c.fullname\" . }}-web\n  labels:\n    {{- include \"c.labels\" . | nindent 4 }}\nspec:\n  containers:\n    {{- toYaml .Values.more | nindent 4 }}\n    - name: app\n      {{- with .Values.web.resources }}\n      resources:\n        {{- toYaml . | nindent 8 }}\n      {{- end }}\n  args:\n  {{- toYaml .Values.args | nindent 2 }}\n{{- end }}\n",
        );
        let document = &template.documents[0];
        let items = document
            .at(&["spec", "containers"])
            .map_or(&[][..], Node::items);
        assert_eq!(items.len(), 2);
        let resources = items[1].at(&["resources"]).expect("resources");
        let action = &template.actions[filled(resources).expect("one")];
        let value = action.value().expect("a value");
        assert_eq!(
            (value.path.join("."), value.whole),
            ("web.resources".to_owned(), true)
        );
        let guards = template.guards(&items[1], resources);
        assert_eq!(guards.len(), 1);
        assert_eq!(
            guards[0].path.as_deref(),
            Some(&["web".to_owned(), "resources".to_owned()][..])
        );
        let name = document.at(&["metadata", "name"]).and_then(Node::text);
        assert!(matches!(
            parts(name.expect("a name")).as_slice(),
            [Part::Put(_), Part::Text("-web")]
        ));
        assert!(!template.is_sure(document));
    }

    #[test]
    fn what_is_defined_for_others_is_not_there() {
        let template = read(
            "{{- define \"x\" -}}\na: {{ .Values.b }}\n{{- end }}\n{{- $y := .Values.c -}}\nd: {{ if .Values.e }}1{{ else }}2{{ end }}\n",
        );
        assert_eq!(template.documents[0].entries().len(), 1);
        assert_eq!(template.actions[0].mentions(), [["b"]]);
        let d = template.documents[0].at(&["d"]).expect("d");
        assert_eq!(put(d), None);
    }
}
