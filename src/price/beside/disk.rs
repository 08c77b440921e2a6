//! What disks and shares of clouds cost.

use super::{LIST, OfVolume};
use crate::price::book::Basis;
use crate::snapshot::StorageClass;

/// Disks and shares of a cloud.
struct Disk {
    cloud: &'static str,
    /// How people call it.
    name: &'static str,
    /// Words of which all are in what a class, or its parameters, say.
    words: &'static [&'static str],
    /// USD for a GiB and month.
    price: f64,
}

const fn disk(
    cloud: &'static str,
    name: &'static str,
    words: &'static [&'static str],
    price: f64,
) -> Disk {
    Disk {
        cloud,
        name,
        words,
        price,
    }
}

/// The first that fits. What is paid for speed and for the size of disks that come in steps is
/// not in it. Source: price pages of AWS us-east-1, GCP us-central1 and Azure eastus, 2026.
const DISKS: [Disk; 26] = [
    disk("aws", "gp2", &["gp2"], 0.10),
    disk("aws", "gp3", &["gp3"], 0.08),
    disk("aws", "io1", &["io1"], 0.125),
    disk("aws", "io2", &["io2"], 0.125),
    disk("aws", "st1", &["st1"], 0.045),
    disk("aws", "sc1", &["sc1"], 0.015),
    disk("aws", "EFS", &["efs"], 0.30),
    disk("gce", "Filestore SSD", &["filestore", "premium"], 0.30),
    disk("gce", "Filestore SSD", &["filestore", "ssd"], 0.30),
    disk("gce", "Filestore HDD", &["filestore"], 0.16),
    disk("gce", "pd-balanced", &["pd-balanced"], 0.10),
    disk("gce", "pd-balanced", &["standard-rwo"], 0.10),
    disk("gce", "pd-standard", &["pd-standard"], 0.04),
    disk("gce", "pd-standard", &["hdd"], 0.04),
    disk("gce", "pd-ssd", &["ssd"], 0.17),
    disk("gce", "pd-ssd", &["premium"], 0.17),
    disk("azure", "Files premium", &["file", "premium"], 0.16),
    // What of them is used, with its transactions beside.
    disk("azure", "Files standard", &["file"], 0.06),
    disk("azure", "Premium SSD v2", &["premiumv2"], 0.081),
    disk("azure", "Standard SSD", &["standardssd"], 0.075),
    disk("azure", "Premium SSD", &["premium"], 0.154),
    disk("azure", "Standard HDD", &["hdd"], 0.046),
    disk("azure", "Standard HDD", &["standard_"], 0.046),
    // What a cloud gives without being asked.
    disk("aws", "gp3", &[], 0.08),
    disk("gce", "pd-balanced", &[], 0.10),
    disk("azure", "Standard SSD", &[], 0.075),
];

/// Elsewhere. Source: OpenCost's default, 0.00005479452 an hour.
const VOLUME_ANYWHERE: f64 = 0.04;

/// USD a GiB and month, and how that is known.
pub(super) fn of_cloud(
    volume: OfVolume<'_>,
    makes: Option<&StorageClass>,
    cloud: Option<&str>,
) -> (f64, Basis, String) {
    // Disks and shares of one name are told apart by who makes them.
    let by = makes.map_or(volume.driver, |it| Some(it.provisioner.as_str()));
    let by = by.unwrap_or_default();
    let shared = ["filestore", "file", "efs"].into_iter().find(|it| {
        let mut words = by.split('.');
        words.any(|word| word == *it)
    });
    let of = |said: &str| {
        let text = format!("{} {}", said.to_lowercase(), shared.unwrap_or_default());
        DISKS.iter().find(|it| {
            let words = it.words.iter().all(|word| text.contains(word));
            cloud == Some(it.cloud) && !it.words.is_empty() && words
        })
    };
    let class = volume.class.unwrap_or_default();
    let told = makes.and_then(|it| it.disks.as_deref());
    if let Some(disk) = told.and_then(of) {
        let text = format!("{}, {LIST}", disk.name);
        return (disk.price, Basis::Quoted, text);
    }
    if let Some(disk) = of(class).filter(|_| told.is_none()) {
        let text = format!("{} by the name of the class, {LIST}", disk.name);
        return (disk.price, Basis::Estimated, text);
    }
    let why = match told {
        Some(told) => format!("nothing says what `{told}` costs"),
        None => "nothing says what disks the class makes".to_owned(),
    };
    let usual = DISKS
        .iter()
        .find(|it| cloud == Some(it.cloud) && it.words.is_empty());
    if let Some(disk) = usual {
        let text = format!("as {}, as {why}, {LIST}", disk.name);
        (disk.price, Basis::Estimated, text)
    } else {
        let text = "OpenCost's default of 2026-08, as no cloud is known".to_owned();
        (VOLUME_ANYWHERE, Basis::Default, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_are_told_by_what_their_class_makes() {
        let of = |cloud: &str, class: &str, driver: &str, disks: Option<&str>| {
            let makes = StorageClass {
                name: class.to_owned(),
                provisioner: driver.to_owned(),
                disks: disks.map(str::to_owned),
            };
            let volume = OfVolume {
                class: Some(class),
                driver: Some(driver),
                home: None,
            };
            let known = disks.map(|_| &makes);
            let (price, basis, origin) = of_cloud(volume, known, Some(cloud));
            let name = origin.split(',').next().unwrap_or_default().to_owned();
            (price, basis, name)
        };
        let (ebs, pd) = ("ebs.csi.aws.com", "pd.csi.storage.gke.io");
        let (disk, file) = ("disk.csi.azure.com", "file.csi.azure.com");
        for (cloud, class, driver, disks, price) in [
            ("aws", "fast", ebs, Some("io2"), 0.125),
            ("aws", "gp3", ebs, Some("gp2"), 0.10),
            ("aws", "shared", "efs.csi.aws.com", Some("x"), 0.30),
            ("gce", "fast", pd, Some("pd-ssd"), 0.17),
            ("gce", "std", pd, Some("pd-balanced"), 0.10),
            (
                "gce",
                "x",
                "filestore.csi.storage.gke.io",
                Some("premium"),
                0.30,
            ),
            ("azure", "a", disk, Some("Premium_LRS"), 0.154),
            ("azure", "a", disk, Some("PremiumV2_LRS"), 0.081),
            ("azure", "a", disk, Some("StandardSSD_LRS"), 0.075),
            ("azure", "a", disk, Some("Standard_LRS"), 0.046),
            ("azure", "a", file, Some("Standard_LRS"), 0.06),
            ("azure", "a", file, Some("Premium_LRS"), 0.16),
        ] {
            let (found, basis, _) = of(cloud, class, driver, disks);
            assert!((found - price).abs() < 1e-9, "{class} {disks:?}: {found}");
            assert_eq!(basis, Basis::Quoted);
        }
        // By name where nothing says what a class makes.
        let premium = of("azure", "azurefile-premium", "", None);
        let plain = of("azure", "azurefile", "", None);
        assert_eq!(premium.1, Basis::Estimated);
        assert!(premium.0 > plain.0);
        assert_eq!(of("gce", "fast", pd, Some("weird")).2, "as pd-balanced");
    }
}
