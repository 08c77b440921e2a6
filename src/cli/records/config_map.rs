use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::{LARGEST, free_name, parsed};
use crate::apply::{ApplyError, Server, Shelf};
use crate::cli::block_on;
use crate::collect::kubernetes::{self, ClusterOptions};
use crate::error::Error;
use crate::history::Record;
use crate::text::count;
use crate::ui::Ui;

/// What names of records end with here: they are compressed.
const COMPRESSED: &str = ".gz";

/// A ConfigMap with one compressed record a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct ConfigMap {
    pub(in crate::cli) namespace: String,
    pub(in crate::cli) name: String,
}

/// `kcost/kcost-history`
impl fmt::Display for ConfigMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl ConfigMap {
    /// The command that prints the role for it.
    fn role(&self) -> String {
        format!("kcost rbac --history {self}")
    }

    pub(super) fn all(&self, cluster: &ClusterOptions, ui: &Ui) -> Result<Vec<Record>, Error> {
        let files = block_on(async {
            let connection = kubernetes::connect(cluster, ui).await?;
            let server = Server::new(&connection, ui, false).with_role(self.role());
            let shelf = Shelf::new(&server, &self.namespace, &self.name);
            let files = shelf.files().await;
            Ok(files.map_err(ApplyError::from)?)
        })?;
        let mut records = Vec::new();
        for (name, bytes) in files {
            match unpacked(&bytes) {
                Ok(record) => records.push(record),
                Err(why) => ui.warning(&format!("{name} in {self}: {why}"), None),
            }
        }
        Ok(records)
    }

    pub(super) async fn keep(
        &self,
        record: &Record,
        cluster: &ClusterOptions,
        ui: &Ui,
    ) -> Result<(), Error> {
        let bytes = packed(record).map_err(Error::Write)?;
        let gone = {
            let connection = kubernetes::connect(cluster, ui).await?;
            let server = Server::new(&connection, ui, false).with_role(self.role());
            let shelf = Shelf::new(&server, &self.namespace, &self.name);
            let files = shelf.files().await.map_err(ApplyError::from)?;
            let put = shelf.put(&own_name(record, &files), &bytes).await;
            put.map_err(ApplyError::from)?
        };
        if gone > 0 {
            ui.message(&format!(
                "{} left {self}: a ConfigMap holds no more",
                count(gone, "old record")
            ));
        }
        Ok(())
    }
}

fn own_name(record: &Record, files: &BTreeMap<String, Vec<u8>>) -> String {
    let key = |name: &str| format!("{}{COMPRESSED}", plain(name));
    let name = free_name(record, |name| {
        let bytes = files.get(&key(name))?;
        Some(unpacked(bytes).ok())
    });
    key(&name)
}

/// Keys of a ConfigMap have letters, digits, dashes, underscores and dots alone.
fn plain(name: &str) -> String {
    let fits = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    name.chars()
        .map(|it| if fits(it) { it } else { '_' })
        .collect()
}

fn packed(record: &Record) -> io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&serde_json::to_vec(record)?)?;
    packed.finish()
}

fn unpacked(bytes: &[u8]) -> Result<Record, String> {
    let mut text = Vec::new();
    let read = GzDecoder::new(bytes).take(LARGEST).read_to_end(&mut text);
    read.map_err(|error| error.to_string())?;
    parsed(&text)
}
