use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Error, Value};

use super::super::LONGEST_NAME;

/// The value of a field, not yet of any type.
///
/// Whatever it stands in, types are read from JSON text alone: each source more that serde
/// knows has the code of all objects of Kubernetes once more in the program.
pub(super) trait Field: 'static {
    /// Adds it as JSON.
    fn write(&self, json: &mut Vec<u8>) -> Result<(), Error>;

    fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let mut json = Vec::new();
        self.write(&mut json)?;
        serde_json::from_slice(&json)
    }
}

impl Field for Box<RawValue> {
    fn write(&self, json: &mut Vec<u8>) -> Result<(), Error> {
        json.extend_from_slice(self.get().as_bytes());
        Ok(())
    }
}

impl Field for Value {
    fn write(&self, json: &mut Vec<u8>) -> Result<(), Error> {
        serde_json::to_writer(json, self)
    }
}

/// One object as it stands in a file, not yet of any type.
pub(super) trait Piece {
    /// Without what says its type: that may stand in its list alone, or say an
    /// older version.
    fn parse<T: DeserializeOwned>(&self) -> Result<T, Error>;
}

/// The fields of one object.
#[derive(Debug)]
pub(super) struct Object<F> {
    /// The line that it begins at, from 1.
    pub(super) line: u64,
    fields: BTreeMap<String, F>,
}

impl<F: Field> Object<F> {
    pub(super) fn at(line: u64) -> Self {
        let fields = BTreeMap::new();
        Self { line, fields }
    }

    /// Of a field that stands twice, the last counts.
    pub(super) fn insert(&mut self, name: String, value: F) {
        self.fields.insert(name, value);
    }

    /// Sets a field that it does not have.
    pub(super) fn insert_missing(&mut self, name: String, value: F) {
        self.fields.entry(name).or_insert(value);
    }

    /// What tells its type and its name.
    pub(super) fn label(&self) -> Label {
        let text = |name: &str| {
            let text = self.fields.get(name)?.parse::<String>().ok();
            text.filter(|text| !text.is_empty())
        };
        let name = self.fields.get("metadata");
        Label {
            api_version: text("apiVersion"),
            kind: text("kind"),
            name: name.and_then(|name| name.parse().ok()),
        }
    }

    /// What its items are, as far as it tells: items of a `PodList` do not name
    /// their own type.
    pub(super) fn lists(&self) -> Lists {
        let label = self.label();
        let Some(kind) = label.kind else {
            return Lists::Unknown;
        };
        match kind.strip_suffix("List") {
            None => Lists::Nothing,
            Some("") => Lists::Any,
            Some(kind) => match label.api_version {
                Some(api_version) => Lists::Only(Type {
                    api_version,
                    kind: kind.to_owned(),
                }),
                None => Lists::Any,
            },
        }
    }
}

impl<F: Field> Piece for Object<F> {
    fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let fields = self.fields.iter();
        let fields = fields.filter(|(name, _)| !matches!(name.as_str(), "apiVersion" | "kind"));
        let mut json = vec![b'{'];
        for (place, (name, value)) in fields.enumerate() {
            if place > 0 {
                json.push(b',');
            }
            serde_json::to_writer(&mut json, name)?;
            json.push(b':');
            value.write(&mut json)?;
        }
        json.push(b'}');
        serde_json::from_slice(&json)
    }
}

/// What the items of an object are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lists {
    /// It has said nothing of its kind yet.
    Unknown,
    /// They are its own: it is no list of objects.
    Nothing,
    /// Objects that name their types themselves.
    Any,
    Only(Type),
}

impl Lists {
    pub(super) fn only(&self) -> Option<&Type> {
        match self {
            Self::Only(of) => Some(of),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) api_version: String,
    pub(super) kind: String,
}

/// What tells an object's type and name, of all that it holds.
#[derive(Debug, Default)]
pub(super) struct Label {
    pub(super) api_version: Option<String>,
    pub(super) kind: Option<String>,
    /// `None` without metadata.
    pub(super) name: Option<Name>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Name {
    pub(super) namespace: Option<String>,
    pub(super) name: Option<String>,
}

impl Name {
    /// Longer than any that the API server takes.
    pub(super) fn is_too_long(&self) -> bool {
        let mut parts = [&self.namespace, &self.name].into_iter().flatten();
        parts.any(|part| part.len() > LONGEST_NAME)
    }
}
