//! Small files in a ConfigMap, of which the oldest make room.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Why;
use super::plan::Object;
use super::server::{Refusal, Server};

/// Bytes of all files and their names. The API server takes 1 MiB (`core.MaxSecretSize`, which
/// its validation of ConfigMaps uses, too); the rest is left for what others put there.
const MOST: usize = 1000 << 10;

/// How often a file is put there anew where somebody else was faster.
const TRIES: usize = 5;

/// A ConfigMap that holds files.
pub struct Shelf<'a> {
    server: &'a Server<'a>,
    object: Object,
}

impl<'a> Shelf<'a> {
    pub fn new(server: &'a Server<'a>, namespace: &str, name: &str) -> Self {
        Self {
            server,
            object: Object {
                api_version: "v1".to_owned(),
                kind: "ConfigMap".to_owned(),
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            },
        }
    }

    /// All files by their names; none where there is no ConfigMap yet.
    ///
    /// # Errors
    ///
    /// Where the server does not let it.
    pub async fn files(&self) -> Result<BTreeMap<String, Vec<u8>>, Refusal> {
        let object = self.server.get(&self.object).await?;
        Ok(object.as_ref().map(files).unwrap_or_default())
    }

    /// Puts a file there, over one of its name. The first by their names go where there is no
    /// room; gives how many.
    ///
    /// # Errors
    ///
    /// Where the server does not let it, or the file is too large by itself.
    pub async fn put(&self, name: &str, bytes: &[u8]) -> Result<usize, Refusal> {
        if name.len() + bytes.len() > MOST {
            let text = format!(
                "{} takes {} KiB, and a ConfigMap holds {} KiB",
                name,
                bytes.len() >> 10,
                MOST >> 10
            );
            return Err(Refusal::known(Why::new("too_large", text)));
        }
        let text = STANDARD.encode(bytes);
        for _ in 0..TRIES {
            let Some(object) = self.server.get(&self.object).await? else {
                let body = json!({
                    "apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": {"namespace": self.object.namespace, "name": self.object.name},
                    "binaryData": {name: text},
                });
                if self.server.make(&self.object, &body).await? {
                    return Ok(0);
                }
                continue;
            };
            let gone = surplus(&files(&object), name, bytes.len());
            let mut data = json!({name: text});
            for name in &gone {
                data[name] = Value::Null;
            }
            let version = &object["metadata"]["resourceVersion"];
            let body = json!({"metadata": {"resourceVersion": version}, "binaryData": data});
            if self.server.merge(&self.object, &body).await? {
                return Ok(gone.len());
            }
        }
        let text = format!("{} changes all the time", self.object);
        Err(Refusal::known(Why::new("changed", text)))
    }
}

fn files(object: &Value) -> BTreeMap<String, Vec<u8>> {
    let data = object["binaryData"].as_object().into_iter().flatten();
    let files = data.filter_map(|(name, text)| {
        let bytes = STANDARD.decode(text.as_str()?).ok()?;
        Some((name.clone(), bytes))
    });
    files.collect()
}

/// The first files that have to go, so that a new one has room.
fn surplus(files: &BTreeMap<String, Vec<u8>>, name: &str, size: usize) -> Vec<String> {
    let others = || files.iter().filter(|(other, _)| *other != name);
    let mut all: usize = others().map(|(name, bytes)| name.len() + bytes.len()).sum();
    all += name.len() + size;
    let mut gone = Vec::new();
    for (name, bytes) in others() {
        if all <= MOST {
            break;
        }
        all -= name.len() + bytes.len();
        gone.push(name.clone());
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_make_room() {
        let file = |name: &str, kib: usize| (name.to_owned(), vec![0; kib << 10]);
        let files = BTreeMap::from([file("1", 300), file("2", 400), file("3", 250)]);
        let none: [&str; 0] = [];
        assert_eq!(surplus(&files, "4", 10 << 10), none);
        assert_eq!(surplus(&files, "4", 100 << 10), ["1"]);
        assert_eq!(surplus(&files, "4", 500 << 10), ["1", "2"]);
        // It takes its own place.
        assert_eq!(surplus(&files, "1", 300 << 10), none);
    }
}
