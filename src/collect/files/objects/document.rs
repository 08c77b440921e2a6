use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;
use serde_json::value::RawValue;

use super::Label;
use super::kinds::Reader;
use super::source;

/// One object as it stands in a file, not yet of any type.
pub(super) trait Piece: DeserializeOwned {
    fn label(&self) -> Label;
    fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error>;
    /// How many lines end in it, as it stands in the file.
    fn lines(&self) -> u64;
    /// As one object of these fields.
    fn join(fields: Vec<(String, Self)>) -> Result<Self, serde_json::Error>;
}

impl Piece for Box<RawValue> {
    fn label(&self) -> Label {
        self.parse().unwrap_or_default()
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.get())
    }

    fn lines(&self) -> u64 {
        source::lines(self.get().as_bytes())
    }

    fn join(fields: Vec<(String, Self)>) -> Result<Self, serde_json::Error> {
        let mut object = String::from("{");
        for (index, (name, value)) in fields.iter().enumerate() {
            if index > 0 {
                object.push(',');
            }
            object.push_str(&serde_json::to_string(name)?);
            object.push(':');
            object.push_str(value.get());
        }
        object.push('}');
        RawValue::from_string(object)
    }
}

impl Piece for Value {
    fn label(&self) -> Label {
        self.parse().unwrap_or_default()
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(self.clone())
    }

    /// Of YAML only the line that a document begins at is known.
    fn lines(&self) -> u64 {
        0
    }

    fn join(fields: Vec<(String, Self)>) -> Result<Self, serde_json::Error> {
        Ok(Self::Object(fields.into_iter().collect()))
    }
}

/// A document of a dump: a list, of which each item is recorded as it is read,
/// or a single object.
pub(super) struct Document<'r, 'p, P> {
    reader: &'r mut Reader<'p>,
    piece: PhantomData<P>,
}

impl<'r, 'p> Document<'r, 'p, Box<RawValue>> {
    pub(super) fn of_json(reader: &'r mut Reader<'p>) -> Self {
        let piece = PhantomData;
        Self { reader, piece }
    }
}

impl<'r, 'p> Document<'r, 'p, Value> {
    pub(super) fn of_yaml(reader: &'r mut Reader<'p>) -> Self {
        let piece = PhantomData;
        Self { reader, piece }
    }
}

impl<'de, P: Piece> DeserializeSeed<'de> for Document<'_, '_, P> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, P: Piece> Visitor<'de> for Document<'_, '_, P> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kubernetes object or a list of them")
    }

    /// An empty document between two `---`.
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    /// Items alone, as `jq .items` prints them.
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<P>()? {
            let line = self.reader.line() - item.lines();
            self.reader.object(&item, None, line);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let line = self.reader.line();
        let mut others: Vec<(String, P)> = Vec::new();
        let mut untyped: Option<Vec<(u64, P)>> = None;
        while let Some(name) = fields.next_key::<String>()? {
            if name == "items" {
                let of = list_of(&others);
                let items = Items {
                    reader: &mut *self.reader,
                    of: of.as_ref(),
                    piece: PhantomData,
                };
                untyped = Some(fields.next_value_seed(items)?);
            } else {
                others.push((name, fields.next_value()?));
            }
        }
        let Some(untyped) = untyped else {
            let object = P::join(others).map_err(A::Error::custom)?;
            self.reader.object(&object, None, line);
            return Ok(());
        };
        let of = list_of(&others);
        for (line, item) in untyped {
            self.reader.object(&item, of.as_ref(), line);
        }
        Ok(())
    }
}

/// The type of a list's items by the type of the list, as far as it is known:
/// items of a `PodList` do not name their own.
fn list_of<P: Piece>(fields: &[(String, P)]) -> Option<(String, String)> {
    let text = |wanted: &str| {
        let (_, value) = fields.iter().find(|(name, _)| name == wanted)?;
        value.parse::<String>().ok()
    };
    let kind = text("kind")?;
    let kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty())?;
    Some((text("apiVersion")?, kind.to_owned()))
}

/// Records items, and gives back those whose type nothing tells yet, with their lines.
struct Items<'r, 'p, 'l, P> {
    reader: &'r mut Reader<'p>,
    of: Option<&'l (String, String)>,
    piece: PhantomData<P>,
}

impl<'de, P: Piece> DeserializeSeed<'de> for Items<'_, '_, '_, P> {
    type Value = Vec<(u64, P)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, P: Piece> Visitor<'de> for Items<'_, '_, '_, P> {
    type Value = Vec<(u64, P)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of Kubernetes objects")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut untyped = Vec::new();
        while let Some(item) = items.next_element::<P>()? {
            let line = self.reader.line() - item.lines();
            if !self.reader.typed(&item, self.of, line) {
                untyped.push((line, item));
            }
        }
        Ok(untyped)
    }
}
