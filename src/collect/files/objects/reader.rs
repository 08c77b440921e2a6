use std::path::Path;

use serde_json::Value;

use super::super::{ImportError, LONGEST_NAME};
use super::broken::Broken;
use super::object::{Field, Label, Name, Object, Piece, Type};
use super::source::Place;
use crate::collect::{Objects, Scope};
use crate::snapshot::Gap;

/// The most that objects may take that wait for the type of their list, in bytes.
const MOST_HELD: u64 = 512 << 20;

/// Records the objects of one file.
pub(super) struct Reader<'a> {
    pub(super) path: &'a Path,
    scope: &'a Scope,
    pub(super) place: &'a Place,
    /// Whether the file was found, not named: not every file in a folder of
    /// dumps is one.
    found: bool,
    pub(super) objects: Objects,
    pub(super) broken: Broken,
    /// Objects seen, the skipped ones included.
    pub(super) read: usize,
    held: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(path: &'a Path, scope: &'a Scope, place: &'a Place, found: bool) -> Self {
        Self {
            path,
            scope,
            place,
            found,
            objects: Objects::default(),
            broken: Broken::default(),
            read: 0,
            held: 0,
        }
    }

    /// Records an item of a list of items of type `of`; one whose type nothing
    /// tells yet is given back.
    pub(super) fn item<F: Field>(
        &mut self,
        object: Object<F>,
        of: Option<&Type>,
    ) -> Option<Object<F>> {
        let label = object.label();
        if label.kind.is_none() && of.is_none() {
            return Some(object);
        }
        self.labelled(&object, label, of);
        None
    }

    /// Records an object; `of` is the type of items of the list that it is in.
    pub(super) fn object(&mut self, object: &Object<impl Field>, of: Option<&Type>) {
        self.labelled(object, object.label(), of);
    }

    /// Lets an object wait for its type.
    pub(super) fn hold(&mut self) -> Result<(), String> {
        self.held += self.place.next();
        if self.held <= MOST_HELD {
            return Ok(());
        }
        let most = MOST_HELD >> 20;
        Err(format!(
            "the `kind` of a list comes after more than {most} MiB of its items"
        ))
    }

    /// Those that waited are recorded.
    pub(super) fn release(&mut self) {
        self.held = 0;
    }

    /// Names what stands where an object should.
    pub(super) fn odd(&mut self, what: &str) {
        self.place.next();
        if !self.found {
            self.read += 1;
            let problem = format!("it is {what}, not an object");
            self.broken("object", Label::default(), self.place.line(), &problem);
        }
    }

    fn labelled(&mut self, object: &Object<impl Field>, label: Label, of: Option<&Type>) {
        self.place.next();
        let is_object = label.api_version.is_some() || label.name.is_some();
        if self.found && label.kind.is_none() && of.is_none() && !is_object {
            return;
        }
        self.read += 1;
        let namespace = label.name.as_ref().and_then(|name| name.namespace.as_ref());
        if namespace.is_some_and(|namespace| !self.scope.namespace(namespace)) {
            return;
        }
        let line = object.line;
        if label.name.as_ref().is_some_and(Name::is_too_long) {
            let problem = format!("its name has more than {LONGEST_NAME} bytes");
            self.broken("object", Label::default(), line, &problem);
            return;
        }
        let of = of.cloned().map(|of| (of.api_version, of.kind)).unzip();
        let api_version = label.api_version.clone().or(of.0).unwrap_or_default();
        let Some(kind) = label.kind.clone().or(of.1) else {
            self.broken("object", label, line, "it has no `kind`");
            return;
        };
        if kind == "Status" {
            let message = object.parse::<Value>().unwrap_or_default();
            let message = message.get("message").and_then(Value::as_str);
            let message = message.unwrap_or("the API server failed");
            self.broken("answer", label, line, message);
            return;
        }
        if let Err(problem) = self.record(object, &api_version, &kind) {
            self.broken(&kind, label, line, &problem);
        }
    }

    /// Names an object that cannot be read.
    fn broken(&mut self, kind: &str, label: Label, line: u64, problem: &str) {
        let (path, read) = (self.path, self.read);
        self.broken.note(|| {
            let name = label.name.unwrap_or_default();
            let place = name.namespace.map(|namespace| format!("{namespace}/"));
            let subject = match name.name {
                Some(name) => format!("{kind} {}{name}", place.unwrap_or_default()),
                None => format!("{kind} {read}"),
            };
            let gap = Gap::new("unreadable-object", subject.clone(), problem);
            let hint = format!("fix or remove it at line {line} of {}", path.display());
            let error = ImportError::Object {
                path: path.to_owned(),
                line,
                subject,
                problem: problem.to_owned(),
            };
            (gap.hint(hint), error)
        });
    }
}
