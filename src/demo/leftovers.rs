//! What is paid for although nobody uses it any more.

use super::around;
use super::rules::NAME;
use crate::snapshot::{Cluster, Service, Volume, VolumeClaim};
use crate::units::Bytes;

/// A database that was replaced left its claim, a shop that was closed its volume, and last
/// year's sale its load balancer.
pub(super) fn leave(cluster: &mut Cluster) {
    let class = || Some(around::CLASS.to_owned());
    let volume = |name: &str, gib: u64, phase: &str, claim: (&str, &str)| Volume {
        name: name.to_owned(),
        storage_class: class(),
        capacity: Bytes::gib(gib),
        phase: phase.to_owned(),
        claim: Some((claim.0.to_owned(), claim.1.to_owned())),
        driver: Some(around::DRIVER.to_owned()),
        home: None,
        node_terms: None,
    };
    let (old, closed) = (
        ("data", "data-orders-db-v13-0"),
        ("shop", "data-outlet-db-0"),
    );
    cluster
        .volumes
        .push(volume("pvc-orders-db-v13-0", 200, "Bound", old));
    cluster
        .volumes
        .push(volume("pvc-outlet-db-0", 80, "Released", closed));
    cluster.volumes.sort_by(|a, b| a.name.cmp(&b.name));
    cluster.volume_claims.push(VolumeClaim {
        namespace: old.0.to_owned(),
        name: old.1.to_owned(),
        storage_class: class(),
        requested: Bytes::gib(200),
        phase: "Bound".to_owned(),
        volume: Some("pvc-orders-db-v13-0".to_owned()),
        ..VolumeClaim::default()
    });
    let key = |it: &VolumeClaim| (it.namespace.clone(), it.name.clone());
    cluster.volume_claims.sort_by_key(key);
    cluster.services.push(Service {
        namespace: "shop".to_owned(),
        name: "spring-sale".to_owned(),
        service_type: "LoadBalancer".to_owned(),
        selector: vec![(NAME.to_owned(), "spring-sale".to_owned())],
        ..Service::default()
    });
    let key = |it: &Service| (it.namespace.clone(), it.name.clone());
    cluster.services.sort_by_key(key);
}
