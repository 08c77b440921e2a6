//! The text of a `kcost.yaml` into checked values, each error with its place.

use std::fmt;

use serde::Deserializer;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Unexpected, Visitor};

use super::keys::{Key, Kind};
use super::mistake::{check_bounds, twice, unknown};
use super::{Parsed, Rule, Setting, place, table};
use crate::collect::prometheus;
use crate::text::suggestion;

/// Reads one document.
pub(super) fn parse(text: &str) -> Result<Parsed, serde_yaml::Error> {
    let mut parsed = Parsed::default();
    if text
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
    {
        return Ok(parsed);
    }
    let document = serde_yaml::Deserializer::from_str(text);
    document.deserialize_map(Top(&mut parsed))?;
    for setting in &mut parsed.settings {
        setting.line = place::of_setting(text, setting.key);
    }
    let lines = place::of_rules(text);
    if lines.len() == parsed.rules.len() {
        for (rule, line) in parsed.rules.iter_mut().zip(lines) {
            rule.line = line;
        }
    }
    Ok(parsed)
}

/// The whole file.
struct Top<'a>(&'a mut Parsed);

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("settings, `KEY: VALUE` a line")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == "workloads" {
                map.next_value_seed(Rules(&mut self.0.rules))?;
                continue;
            }
            let key = table::settings().find(|key| key.name == name);
            let key = key.ok_or_else(|| unknown(&name, table::settings(), "workloads"))?;
            if self.0.settings.iter().any(|setting| setting.key == name) {
                return Err(twice(&name));
            }
            let values = map.next_value_seed(Values(key))?;
            self.0.settings.push(Setting {
                key: key.name,
                values,
                line: 1,
            });
        }
        let settings = &self.0.settings;
        check_bounds(|name| {
            let found = settings.iter().find(|setting| setting.key == name);
            found?.values.first().map(String::as_str)
        })
    }
}

/// The list under `workloads`.
struct Rules<'a>(&'a mut Vec<Rule>);

impl<'de> DeserializeSeed<'de> for Rules<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rules<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rules, each with `match`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(rule) = seq.next_element_seed(OneRule)? {
            self.0.push(rule);
        }
        Ok(())
    }
}

/// One entry of `workloads`.
struct OneRule;

impl<'de> DeserializeSeed<'de> for OneRule {
    type Value = Rule;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Rule, D::Error> {
        source.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OneRule {
    type Value = Rule;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rule: `match`, and settings for what it matches")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rule, A::Error> {
        let mut rule = Rule::default();
        while let Some(name) = map.next_key::<String>()? {
            let known = rule.sets.iter().any(|(set, _)| *set == name);
            if known || (name == "match" && !rule.matches.is_empty()) {
                return Err(twice(&name));
            }
            if name == "match" {
                rule.matches = map.next_value_seed(Flat(table::MATCH))?;
                continue;
            }
            let key = table::rule().find(|key| key.name == name);
            let key = key.ok_or_else(|| unknown(&name, table::rule(), "match"))?;
            let values = map.next_value_seed(Values(key))?;
            rule.sets
                .extend(values.into_iter().map(|value| (key.name, value)));
        }
        if rule.matches.is_empty() {
            return Err(de::Error::custom(
                "a rule needs `match` with `namespace`, `kind`, `name` or `labels`",
            ));
        }
        check_bounds(|name| {
            let found = rule.sets.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| value.as_str())
        })?;
        Ok(rule)
    }
}

/// A map of plain values, such as `match`.
struct Flat(&'static [Key]);

impl<'de> DeserializeSeed<'de> for Flat {
    type Value = Vec<(&'static str, String)>;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Flat {
    type Value = Vec<(&'static str, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|key| key.name).collect();
        write!(f, "a map with {}", names.join(", "))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let key = self.0.iter().find(|key| key.name == name);
            let key = key.ok_or_else(|| unknown(&name, self.0.iter(), ""))?;
            if found.iter().any(|(known, _)| *known == name) {
                return Err(twice(&name));
            }
            let values = map.next_value_seed(Values(key))?;
            found.extend(values.into_iter().map(|value| (key.name, value)));
        }
        Ok(found)
    }
}

/// What one metric or label is called, as `NAME=OTHER`.
struct Renamed {
    key: &'static Key,
    name: String,
}

impl<'de> DeserializeSeed<'de> for Renamed {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<String, D::Error> {
        source.deserialize_str(self)
    }
}

impl Visitor<'_> for Renamed {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "what `{}` is called", self.name)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        let pair = format!("{}={text}", self.name);
        let checked = self.key.kind.check(&pair);
        checked.map(|()| pair).map_err(E::custom)
    }
}

/// The value of a key: a scalar, or a list where the key takes one; checked.
struct Values(&'static Key);

impl Values {
    fn one<E: de::Error>(&self, text: &str) -> Result<Vec<String>, E> {
        if self.0.kind == Kind::Names {
            return Err(E::invalid_type(Unexpected::Str(text), self));
        }
        let checked = self.0.kind.check(text);
        checked.map_err(E::custom)?;
        Ok(vec![self.0.kind.canonical(text)])
    }
}

impl<'de> DeserializeSeed<'de> for Values {
    type Value = Vec<String>;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Vec<String>, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Values {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a value for `{}`: {}", self.0.name, self.0.summary)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<String>, E> {
        self.one(text)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Vec<String>, E> {
        self.one(&value.to_string())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Vec<String>, E> {
        self.one(&value.to_string())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Vec<String>, E> {
        self.one(&value.to_string())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Vec<String>, E> {
        self.one(&value.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
        if self.0.kind == Kind::Selector {
            let mut labels = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, String>()? {
                labels.push(format!("{name}={value}"));
            }
            return self.one(&labels.join(","));
        }
        if self.0.kind != Kind::Names {
            return Err(de::Error::invalid_type(Unexpected::Map, &self));
        }
        let mut values = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let known = prometheus::known_names();
            if !name.ends_with('*') && !known.contains(&name.as_str()) {
                let near = suggestion(&name, &known);
                return Err(de::Error::custom(format_args!(
                    "unknown key `{name}`{near}"
                )));
            }
            values.push(map.next_value_seed(Renamed { key: self.0, name })?);
        }
        Ok(values)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<String>, A::Error> {
        if self.0.kind == Kind::Glob {
            return Err(de::Error::custom(
                "one value is needed, not a list; a glob can name several: '{a,b}'",
            ));
        }
        if !self.0.kind.takes_list() {
            return Err(de::Error::custom("one value is needed, not a list"));
        }
        let mut values = Vec::new();
        while let Some(value) = seq.next_element::<String>()? {
            self.0.kind.check(&value).map_err(de::Error::custom)?;
            values.push(value);
        }
        Ok(values)
    }
}
