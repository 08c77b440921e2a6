use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::object::{Lists, Object, Type};
use super::reader::Reader;

type Raw = Object<Box<RawValue>>;

/// One value where an object is expected: an object, a list of them, which may
/// hold lists, or anything else. An object is recorded as soon as it is read; one
/// whose type nothing tells yet is given back.
pub(super) struct Element<'r, 'p> {
    pub(super) reader: &'r mut Reader<'p>,
    /// The type of the items of the list that it is in.
    pub(super) of: Option<&'r Type>,
}

impl Element<'_, '_> {
    fn odd(self, what: &str) -> Option<Raw> {
        self.reader.odd(what);
        None
    }
}

impl<'de> DeserializeSeed<'de> for Element<'_, '_> {
    type Value = Option<Raw>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Raw>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_, '_> {
    type Value = Option<Raw>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kubernetes object or a list of them")
    }

    fn visit_unit<E: Error>(self) -> Result<Option<Raw>, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Option<Raw>, E> {
        Ok(self.odd("a truth"))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Option<Raw>, E> {
        Ok(self.odd("a number"))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Option<Raw>, E> {
        Ok(self.odd("a number"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Option<Raw>, E> {
        Ok(self.odd("a number"))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Option<Raw>, E> {
        Ok(self.odd("a text"))
    }

    /// Items alone, as `jq .items` prints them, or whole dumps, as `jq -s` does.
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<Raw>, A::Error> {
        loop {
            let reader = &mut *self.reader;
            let Some(item) = items.next_element_seed(Element { reader, of: None })? else {
                return Ok(None);
            };
            if let Some(object) = item {
                self.reader.object(&object, None);
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Option<Raw>, A::Error> {
        let mut object = Raw::at(self.reader.place.line());
        let mut items: Option<Vec<Raw>> = None;
        while let Some(name) = fields.next_key::<String>()? {
            let lists = if name == "items" {
                object.lists()
            } else {
                Lists::Nothing
            };
            if lists == Lists::Nothing {
                object.insert(name, fields.next_value()?);
                continue;
            }
            let reader = &mut *self.reader;
            let of = lists.only();
            items = Some(fields.next_value_seed(Items { reader, of })?);
        }
        let Some(items) = items else {
            return Ok(self.reader.item(object, self.of));
        };
        // Items of what is no list after all are its own.
        let lists = object.lists();
        if lists == Lists::Nothing {
            return Ok(self.reader.item(object, self.of));
        }
        self.reader.release();
        for item in items {
            self.reader.object(&item, lists.only());
        }
        Ok(None)
    }
}

/// Records items, and gives back those whose type nothing tells yet.
struct Items<'r, 'p> {
    reader: &'r mut Reader<'p>,
    of: Option<&'r Type>,
}

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = Vec<Raw>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = Vec<Raw>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of Kubernetes objects")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    /// Of no list of objects.
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut untyped = Vec::new();
        loop {
            let reader = &mut *self.reader;
            let of = self.of;
            let Some(item) = items.next_element_seed(Element { reader, of })? else {
                return Ok(untyped);
            };
            if let Some(object) = item {
                self.reader.hold().map_err(A::Error::custom)?;
                untyped.push(object);
            }
        }
    }
}
