use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag, options};
use serde_json::{Map, Value};

use super::object::{Lists, Object, Type};
use super::reader::Reader;
use super::scalar;
use super::source::{LARGEST, NESTED};

/// Collections within each other.
const DEEPEST: usize = 128;

/// What is wrong, and where.
#[derive(Debug)]
pub(super) struct Problem {
    /// From 1.
    pub(super) line: u64,
    /// From 1.
    pub(super) column: usize,
    pub(super) text: String,
}

/// Holds a text against the limits of YAML that others wrote, before it is given to
/// a reader that knows none: nothing lies deeper than 128 collections.
///
/// # Errors
///
/// With line and column, from 1, and what is wrong there.
pub fn check_yaml(text: &str) -> Result<(), (usize, usize, String)> {
    let limits = options! {
        emit_comments: false,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    let mut events = Parser::new_from_str_with_options(text, limits);
    while let Some(event) = events.next_event() {
        if let Err(error) = event {
            let place = error.marker();
            return Err((place.line(), place.col() + 1, error.info()));
        }
    }
    Ok(())
}

/// Records the objects of all documents of a text, each as soon as it is read;
/// `before` lines stand in front of the text.
pub(super) fn read(text: &str, before: u64, reader: &mut Reader<'_>) -> Result<(), Problem> {
    let limits = options! {
        emit_comments: false,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    let mut yaml = Yaml {
        events: Parser::new_from_str_with_options(text, limits),
        reader,
        anchors: HashMap::new(),
        anchored: 0,
        before,
        at: (before + 1, 1),
    };
    loop {
        match yaml.event()? {
            Event::StreamEnd => return Ok(()),
            Event::DocumentStart(..) => {
                yaml.anchors.clear();
                yaml.anchored = 0;
            }
            Event::StreamStart | Event::DocumentEnd => {}
            event => {
                if let Some(object) = yaml.element(event, None)? {
                    yaml.reader.object(&object, None);
                }
            }
        }
    }
}

type Untyped = Object<Value>;

struct Yaml<'t, 'r, 'p> {
    events: Parser<'t, StrInput<'t>>,
    reader: &'r mut Reader<'p>,
    /// What aliases stand for, and what each takes.
    anchors: HashMap<usize, (Value, u64)>,
    /// What all of these take.
    anchored: u64,
    before: u64,
    /// Line and column of the last event.
    at: (u64, usize),
}

impl<'t> Yaml<'t, '_, '_> {
    fn event(&mut self) -> Result<Event<'t>, Problem> {
        let next = self.events.next_event();
        let (event, span): (Event<'t>, Span) = match next {
            Some(Ok(next)) => next,
            Some(Err(error)) => return Err(self.wrong(&error)),
            None => return Ok(Event::StreamEnd),
        };
        let line = u64::try_from(span.start.line()).unwrap_or(u64::MAX);
        self.at = (self.before + line, span.start.col() + 1);
        self.reader.place.set_line(self.at.0);
        Ok(event)
    }

    fn wrong(&self, error: &ScanError) -> Problem {
        let place = error.marker();
        Problem {
            line: self.before + u64::try_from(place.line()).unwrap_or(u64::MAX),
            column: place.col() + 1,
            text: error.info(),
        }
    }

    fn problem(&self, text: impl Into<String>) -> Problem {
        let (line, column) = self.at;
        let text = text.into();
        Problem { line, column, text }
    }

    /// Fails where an object takes too much.
    fn take(&self, bytes: usize) -> Result<(), Problem> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let taken = self.reader.place.take(bytes.saturating_add(NESTED));
        taken.map_err(|error| self.problem(error.to_string()))
    }

    /// Records what stands where an object is expected; one whose type nothing
    /// tells yet is given back.
    fn element(&mut self, event: Event<'t>, of: Option<&Type>) -> Result<Option<Untyped>, Problem> {
        match event {
            Event::MappingStart(_, 0, _) => self.object(of),
            Event::SequenceStart(_, 0, _) => loop {
                match self.event()? {
                    Event::SequenceEnd => return Ok(None),
                    event => {
                        if let Some(object) = self.element(event, None)? {
                            self.reader.object(&object, None);
                        }
                    }
                }
            },
            // What has an anchor, or stands for what has one, is read as a whole.
            event => {
                let mut object = Untyped::at(self.at.0);
                match self.value(event)? {
                    Value::Object(fields) => {
                        for (name, value) in fields {
                            object.insert(name, value);
                        }
                        Ok(self.reader.item(object, of))
                    }
                    // An empty document between two `---`.
                    Value::Null => Ok(None),
                    other => {
                        self.reader.odd(kind(&other));
                        Ok(None)
                    }
                }
            }
        }
    }

    fn object(&mut self, of: Option<&Type>) -> Result<Option<Untyped>, Problem> {
        let mut object = Untyped::at(self.at.0);
        let mut items: Option<Vec<Untyped>> = None;
        let mut merged = Vec::new();
        while let Some(name) = self.key()? {
            let event = self.event()?;
            let lists = if name == "items" {
                object.lists()
            } else {
                Lists::Nothing
            };
            match event {
                Event::SequenceStart(_, 0, _) if lists != Lists::Nothing => {
                    items = Some(self.items(lists.only())?);
                }
                event if name == MERGE => merged.push(self.value(event)?),
                event => object.insert(name, self.value(event)?),
            }
        }
        for (name, value) in merged.into_iter().flat_map(fields_of) {
            object.insert_missing(name, value);
        }
        let lists = object.lists();
        let Some(items) = items.filter(|_| lists != Lists::Nothing) else {
            return Ok(self.reader.item(object, of));
        };
        self.reader.release();
        for item in items {
            self.reader.object(&item, lists.only());
        }
        Ok(None)
    }

    /// Records the items of a list, and gives back those whose type nothing tells yet.
    fn items(&mut self, of: Option<&Type>) -> Result<Vec<Untyped>, Problem> {
        let mut untyped = Vec::new();
        loop {
            match self.event()? {
                Event::SequenceEnd => return Ok(untyped),
                event => {
                    if let Some(object) = self.element(event, of)? {
                        self.reader.hold().map_err(|text| self.problem(text))?;
                        untyped.push(object);
                    }
                }
            }
        }
    }

    /// The next key of a mapping; `None` at its end.
    fn key(&mut self) -> Result<Option<String>, Problem> {
        match self.event()? {
            Event::MappingEnd => Ok(None),
            Event::Scalar(text, ..) => {
                self.take(text.len())?;
                Ok(Some(text.into_owned()))
            }
            _ => Err(self.problem("a key that is not text")),
        }
    }

    fn value(&mut self, event: Event<'t>) -> Result<Value, Problem> {
        let (anchor, before) = (anchor(&event), self.reader.place.taken());
        let value = match event {
            Event::Scalar(text, style, _, tag) => {
                self.take(text.len())?;
                scalar::value(
                    &text,
                    style == ScalarStyle::Plain,
                    tag.as_deref().and_then(core),
                )
            }
            Event::SequenceStart(..) => self.sequence()?,
            Event::MappingStart(..) => self.mapping()?,
            Event::Alias(anchor) => {
                let Some((value, taken)) = self.anchors.get(&anchor).cloned() else {
                    return Err(self.problem("an alias within what it stands for"));
                };
                self.take(usize::try_from(taken).unwrap_or(usize::MAX))?;
                value
            }
            _ => return Err(self.problem("did not find what a value is")),
        };
        if anchor > 0 {
            let taken = self.reader.place.taken() - before;
            self.anchored += taken;
            if self.anchored > LARGEST {
                return Err(self.problem("anchors that hold too much"));
            }
            self.anchors.insert(anchor, (value.clone(), taken));
        }
        Ok(value)
    }

    fn sequence(&mut self) -> Result<Value, Problem> {
        self.take(0)?;
        let mut items = Vec::new();
        loop {
            match self.event()? {
                Event::SequenceEnd => return Ok(Value::Array(items)),
                event => items.push(self.value(event)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Value, Problem> {
        self.take(0)?;
        let mut fields = Map::new();
        let mut merged = Vec::new();
        while let Some(name) = self.key()? {
            let event = self.event()?;
            let value = self.value(event)?;
            if name == MERGE {
                merged.push(value);
            } else {
                fields.insert(name, value);
            }
        }
        for (name, value) in merged.into_iter().flat_map(fields_of) {
            fields.entry(name).or_insert(value);
        }
        Ok(Value::Object(fields))
    }
}

/// The key whose value gives fields that a mapping does not name itself.
///
/// Source: the merge key of YAML 1.1, which kubectl reads.
const MERGE: &str = "<<";

fn fields_of(merged: Value) -> Vec<(String, Value)> {
    match merged {
        Value::Object(fields) => fields.into_iter().collect(),
        Value::Array(several) => several.into_iter().flat_map(fields_of).collect(),
        _ => Vec::new(),
    }
}

fn anchor(event: &Event<'_>) -> usize {
    match event {
        Event::Scalar(_, _, anchor, _)
        | Event::SequenceStart(_, anchor, _)
        | Event::MappingStart(_, anchor, _) => *anchor,
        _ => 0,
    }
}

/// What a tag of the core schema says: `str` of `!!str`.
fn core(tag: &Tag) -> Option<&str> {
    tag.core_suffix()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
