use k8s_openapi::api::storage::v1::StorageClass;

use super::{Meta, Objects, Record};
use crate::snapshot;

/// Parameters that say what disks a class makes, in whatever case, of Azure and of others. Of
/// other parameters no value is read.
const AZURE: [&str; 2] = ["skuname", "storageaccounttype"];
const OTHERS: [&str; 2] = ["type", "tier"];

impl Record for StorageClass {
    fn record(self, objects: &mut Objects) {
        let meta = Meta::new(self.metadata);
        let parameters = self.parameters.unwrap_or_default().into_iter();
        let of_azure = self.provisioner.contains("azure");
        let own = if of_azure { AZURE } else { OTHERS };
        let says = |key: &str| own.iter().any(|it| it.eq_ignore_ascii_case(key));
        let mut said = parameters
            .filter(|(key, _)| says(key))
            .map(|(_, value)| value);
        objects
            .cluster
            .storage_classes
            .push(snapshot::StorageClass {
                name: meta.name,
                provisioner: self.provisioner,
                disks: said.next().filter(|it| !it.is_empty()),
            });
    }
}
