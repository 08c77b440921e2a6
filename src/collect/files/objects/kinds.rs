use k8s_openapi::Resource;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::{v1, v2};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    Event, LimitRange, Node, PersistentVolume, PersistentVolumeClaim, Pod, ReplicationController,
    ResourceQuota, Service,
};
use k8s_openapi::api::events::v1 as events;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::storage::v1::{CSINode, StorageClass};
use kube::core::DynamicObject;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::object::Piece;
use super::reader::Reader;
use crate::collect::objects::{
    Meta, ResourceClaim, ResourceClaimTemplate, ResourceSlice, group, group_today,
    is_ignored_group, renew_autoscaler, unreadable,
};
use crate::collect::{Objects, Record, misfit};

const DEVICES: &str = "resource.k8s.io";

impl Reader<'_> {
    /// Records one object of a type.
    pub(super) fn record(
        &mut self,
        piece: &impl Piece,
        api_version: &str,
        kind: &str,
    ) -> Result<(), String> {
        let objects = &mut self.objects;
        match (group_today(group(api_version), kind), kind) {
            ("", "Pod") => typed::<Pod>(piece, objects),
            ("", "Node") => typed::<Node>(piece, objects),
            ("", "LimitRange") => typed::<LimitRange>(piece, objects),
            ("", "ResourceQuota") => typed::<ResourceQuota>(piece, objects),
            ("", "PersistentVolumeClaim") => typed::<PersistentVolumeClaim>(piece, objects),
            ("", "PersistentVolume") => typed::<PersistentVolume>(piece, objects),
            ("storage.k8s.io", "CSINode") => plain::<CSINode>(piece, objects),
            ("storage.k8s.io", "StorageClass") => plain::<StorageClass>(piece, objects),
            ("", "Event") => plain::<Event>(piece, objects),
            ("events.k8s.io", "Event") => plain::<events::Event>(piece, objects),
            ("", "Service") => typed::<Service>(piece, objects),
            ("", "ReplicationController") => typed::<ReplicationController>(piece, objects),
            ("apps", "Deployment") => typed::<Deployment>(piece, objects),
            ("apps", "ReplicaSet") => typed::<ReplicaSet>(piece, objects),
            ("apps", "DaemonSet") => typed::<DaemonSet>(piece, objects),
            ("apps", "StatefulSet") => typed::<StatefulSet>(piece, objects),
            ("batch", "Job") => typed::<Job>(piece, objects),
            ("batch", "CronJob") => typed::<CronJob>(piece, objects),
            ("policy", "PodDisruptionBudget") => typed::<PodDisruptionBudget>(piece, objects),
            ("autoscaling", "HorizontalPodAutoscaler") => autoscaler(piece, api_version, objects),
            (DEVICES, "ResourceClaim") => plain::<ResourceClaim>(piece, objects),
            (DEVICES, "ResourceClaimTemplate") => plain::<ResourceClaimTemplate>(piece, objects),
            (DEVICES, "ResourceSlice") => plain::<ResourceSlice>(piece, objects),
            (group, kind) if is_ignored_group(group) && kind != "VerticalPodAutoscaler" => {
                *objects.skipped.entry(kind.to_owned()).or_default() += 1;
                Ok(())
            }
            _ => dynamic(piece, api_version, kind, objects),
        }
    }
}

/// Records an object of a type that kcost knows. What people write and the API
/// server never prints, such as `cpu: 1`, is mended first.
fn typed<T>(piece: &impl Piece, objects: &mut Objects) -> Result<(), String>
where
    T: Record + Resource + DeserializeOwned,
{
    let object = piece.parse::<T>().or_else(|_| {
        let mended = mended(piece, T::API_VERSION).map_err(|error| misfit::problem(&error))?;
        misfit::value::<T>(&mended)
    })?;
    object.record(objects);
    Ok(())
}

/// Records an autoscaler as `extensions/v1beta1` had it: with the fields of today
/// under other names.
fn first_autoscaler(piece: &impl Piece, objects: &mut Objects) -> Result<(), String> {
    let say = |error: serde_json::Error| misfit::problem(&error);
    let mut object: Value = piece.parse().map_err(say)?;
    object["apiVersion"] = "autoscaling/v1".into();
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        if let Some(target) = spec.remove("scaleRef") {
            spec.insert("scaleTargetRef".to_owned(), target);
        }
        let held = spec.remove("cpuUtilization");
        if let Some(percent) = held.and_then(|mut it| Some(it.get_mut("targetPercentage")?.take()))
        {
            spec.insert("targetCPUUtilizationPercentage".to_owned(), percent);
        }
    }
    misfit::value::<v1::HorizontalPodAutoscaler>(&object)?.record(objects);
    Ok(())
}

/// Records an autoscaler of any version. One that cannot be read still scales
/// what it names.
fn autoscaler(piece: &impl Piece, version: &str, objects: &mut Objects) -> Result<(), String> {
    let read = match version {
        version if group(version) == "extensions" => first_autoscaler(piece, objects),
        "autoscaling/v1" => typed::<v1::HorizontalPodAutoscaler>(piece, objects),
        "autoscaling/v2beta1" => older(piece, objects),
        _ => typed::<v2::HorizontalPodAutoscaler>(piece, objects),
    };
    if read.is_err() {
        let object: Value = piece.parse().unwrap_or_default();
        let meta = object.get("metadata");
        let meta = meta.and_then(|it| misfit::value(it).ok()).map(Meta::new);
        unreadable(&meta.unwrap_or_default(), &object, objects);
    }
    read
}

fn older(piece: &impl Piece, objects: &mut Objects) -> Result<(), String> {
    let say = |error: serde_json::Error| misfit::problem(&error);
    let mut object = mended(piece, v2::HorizontalPodAutoscaler::API_VERSION).map_err(say)?;
    renew_autoscaler(&mut object);
    // The older fields hold quantities under other names.
    quote_amounts(&mut object);
    misfit::value::<v2::HorizontalPodAutoscaler>(&object)?.record(objects);
    Ok(())
}

/// Records an object of a type that holds no quantities.
fn plain<T: Record + DeserializeOwned>(
    piece: &impl Piece,
    objects: &mut Objects,
) -> Result<(), String> {
    let object = piece.parse::<T>().or_else(|error| {
        let value = piece
            .parse::<Value>()
            .map_err(|_| misfit::problem(&error))?;
        misfit::value::<T>(&value)
    })?;
    object.record(objects);
    Ok(())
}

fn mended(piece: &impl Piece, api_version: &str) -> Result<Value, serde_json::Error> {
    let mut object: Value = piece.parse()?;
    if let Some(field) = object.get_mut("apiVersion") {
        *field = api_version.into();
    }
    quote_amounts(&mut object);
    Ok(object)
}

/// Numbers for quantities become texts: `cpu: 1` is valid, and `"1"` is meant.
fn quote_amounts(value: &mut Value) {
    const AMOUNTS: [&str; 12] = [
        "requests",
        "limits",
        "overhead",
        "allocatable",
        "capacity",
        "hard",
        "used",
        "min",
        "max",
        "default",
        "defaultRequest",
        "maxLimitRequestRatio",
    ];
    /// How fast an autoscaler scales: its values are numbers of pods.
    const NUMBERS: &str = "policies";
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if AMOUNTS.contains(&name.as_str()) {
                    quote_numbers(field);
                } else if matches!(name.as_str(), "averageValue" | "value" | "tolerance")
                    && field.is_number()
                {
                    *field = Value::String(field.to_string());
                } else if name != NUMBERS {
                    quote_amounts(field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(quote_amounts),
        _ => {}
    }
}

fn quote_numbers(amounts: &mut Value) {
    match amounts {
        Value::Object(fields) => {
            for field in fields.values_mut().filter(|field| field.is_number()) {
                *field = Value::String(field.to_string());
            }
        }
        // `limits` of a LimitRange is a list.
        other => quote_amounts(other),
    }
}

/// Records an object of any other kind.
fn dynamic(
    piece: &impl Piece,
    api_version: &str,
    kind: &str,
    objects: &mut Objects,
) -> Result<(), String> {
    let say = |error: serde_json::Error| misfit::problem(&error);
    let mut object: Value = piece.parse().map_err(say)?;
    quote_amounts(&mut object);
    if let Some(fields) = object.as_object_mut() {
        fields.insert("apiVersion".to_owned(), api_version.into());
        fields.insert("kind".to_owned(), kind.into());
    }
    misfit::value::<DynamicObject>(&object)?.record(objects);
    Ok(())
}
