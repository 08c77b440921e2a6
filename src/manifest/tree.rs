//! YAML with the place of each value.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, StrInput, StructureStyle, options};

/// Collections within each other.
const DEEPEST: usize = 128;

/// A value, and where it stands in its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Bytes. Of a block collection only its start counts; empty where a value is left out.
    pub span: Range<usize>,
    /// Whether others may refer to it.
    pub anchored: bool,
    /// Whether a tag says what it is.
    pub tagged: bool,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Map { entries: Vec<Entry>, flow: bool },
    List { items: Vec<Node>, flow: bool },
    Scalar { value: String, style: Style },
    Alias,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: Node,
    pub value: Node,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Single,
    Double,
    /// Of lines of its own.
    Block,
}

impl Node {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// The entries of a mapping; none of anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map { entries, .. } => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List { items, .. } => items,
            _ => &[],
        }
    }

    /// The entry with this key: of several the last, as Kubernetes reads it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        let mut entries = self.entries().iter().rev();
        entries.find(|entry| entry.key.text() == Some(key))
    }

    /// The value below these keys.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter()
            .try_fold(self, |node, key| Some(&node.entry(key)?.value))
    }

    /// Whether it is left out, or `null`.
    pub fn is_null(&self) -> bool {
        let Kind::Scalar { value, style } = &self.kind else {
            return false;
        };
        let nothing = matches!(value.as_str(), "" | "~" | "null" | "Null" | "NULL");
        *style == Style::Plain && nothing
    }

    pub fn is_flow(&self) -> bool {
        matches!(
            self.kind,
            Kind::Map { flow: true, .. } | Kind::List { flow: true, .. }
        )
    }

    /// Where the last byte of it ends; `None` where that cannot be told, as of a scalar of
    /// several lines.
    pub fn end(&self) -> Option<usize> {
        match &self.kind {
            Kind::Map { flow: true, .. } | Kind::List { flow: true, .. } | Kind::Alias => {
                Some(self.span.end)
            }
            Kind::Map { entries, .. } => entries.last()?.end(),
            Kind::List { items, .. } => items.last()?.end(),
            Kind::Scalar { style, .. } => (*style != Style::Block).then_some(self.span.end),
        }
    }
}

impl Entry {
    /// Where the last byte of it ends.
    pub fn end(&self) -> Option<usize> {
        if self.value.span.is_empty() && self.value.is_null() {
            // The colon.
            return Some(self.key.span.end + 1);
        }
        self.value.end()
    }
}

/// All documents of a text.
///
/// # Errors
///
/// What is wrong with it, and the line, from 1.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, (usize, String)> {
    let limits = options! {
        emit_comments: false,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    let mut reader = Reader {
        events: Parser::new_from_str_with_options(text, limits),
        line: 1,
    };
    let mut documents = Vec::new();
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamEnd => return Ok(documents),
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            event => documents.push(reader.node(event, span)?),
        }
    }
}

struct Reader<'t> {
    events: Parser<'t, StrInput<'t>>,
    line: usize,
}

type Problem = (usize, String);

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Range<usize>), Problem> {
        match self.events.next_event() {
            Some(Ok((event, span))) => {
                self.line = span.start.line();
                let range = span.byte_range().ok_or_else(|| self.wrong("no place"))?;
                Ok((event, range))
            }
            Some(Err(error)) => Err((error.marker().line(), error.info())),
            None => Ok((Event::StreamEnd, 0..0)),
        }
    }

    fn wrong(&self, text: &str) -> Problem {
        (self.line, text.to_owned())
    }

    fn node(&mut self, event: Event<'t>, span: Range<usize>) -> Result<Node, Problem> {
        let start = span.start;
        let node = |span, anchor: usize, tagged: bool, kind| Node {
            span,
            anchored: anchor != 0,
            tagged,
            kind,
        };
        Ok(match event {
            Event::Scalar(value, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    _ => Style::Block,
                };
                let value = value.into_owned();
                node(span, anchor, tag.is_some(), Kind::Scalar { value, style })
            }
            Event::Alias(_) => node(span, 0, false, Kind::Alias),
            Event::SequenceStart(style, anchor, tag) => {
                let mut items = Vec::new();
                let end = loop {
                    match self.next()? {
                        (Event::SequenceEnd, span) => break span.end,
                        (event, span) => items.push(self.node(event, span)?),
                    }
                };
                let flow = style == StructureStyle::Flow;
                let kind = Kind::List { items, flow };
                node(start..end, anchor, tag.is_some(), kind)
            }
            Event::MappingStart(style, anchor, tag) => {
                let mut entries = Vec::new();
                let end = loop {
                    match self.next()? {
                        (Event::MappingEnd, span) => break span.end,
                        (event, span) => {
                            let key = self.node(event, span)?;
                            let (event, span) = self.next()?;
                            let value = self.node(event, span)?;
                            entries.push(Entry { key, value });
                        }
                    }
                };
                let flow = style == StructureStyle::Flow;
                let kind = Kind::Map { entries, flow };
                node(start..end, anchor, tag.is_some(), kind)
            }
            _ => return Err(self.wrong("a value is missing")),
        })
    }
}
