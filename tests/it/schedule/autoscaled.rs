//! Schedules of what an autoscaler scales already: what is written fits what is there.

use serde_json::{Value, json};

use super::{Made, bundle, friday, hpa, told};
use crate::common::Kcost;

const HOUR: i64 = 3_600;

/// What is printed for the steep peak of a Friday, scaled by these.
fn printed(form: &str, beside: &[Value]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let sale = friday(20 * HOUR, 22 * HOUR, 0.3, 4.3);
    let made = Made {
        start: 900,
        cores: &sale,
        beside: beside.to_vec(),
        ..Made::default()
    };
    let bundle = bundle(folder.path(), &[made]);
    let args = ["schedule", "--snapshot", &bundle, "-o", form];
    Kcost::new().args(args).run().ended(0).stdout
}

/// The patch of a ScaledObject in it.
fn patch(text: &str) -> Vec<Value> {
    let line = text
        .lines()
        .find(|it| it.contains("kubectl patch scaledobject"));
    let line = line.unwrap_or_else(|| panic!("{text}"));
    let from = line.find("-p '").unwrap_or_else(|| panic!("{line}")) + 4;
    serde_json::from_str(line[from..].trim_end_matches('\'')).unwrap()
}

fn scaled_object(max: u32, triggers: &[Value]) -> Value {
    json!({
        "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
        "metadata": {"namespace": "shop", "name": "api"},
        "spec": {"scaleTargetRef": {"name": "api"}, "minReplicaCount": 2,
            "maxReplicaCount": max, "triggers": triggers},
    })
}

fn cpu(percent: u32) -> Value {
    let value = percent.to_string();
    json!({"type": "cpu", "metricType": "Utilization", "metadata": {"value": value}})
}

/// As a ScaledObject is once a JSON patch was applied to its triggers.
fn patched(triggers: &[Value], patch: &[Value]) -> Vec<Value> {
    let mut triggers = triggers.to_vec();
    for it in patch {
        let path = it["path"].as_str().unwrap();
        let Some(rest) = path.strip_prefix("/spec/triggers/") else {
            continue;
        };
        match (it["op"].as_str().unwrap(), rest.split_once('/')) {
            ("add", None) => triggers.push(it["value"].clone()),
            ("remove", None) => {
                triggers.remove(rest.parse::<usize>().unwrap());
            }
            ("test", Some((place, "name"))) => {
                assert_eq!(
                    triggers[place.parse::<usize>().unwrap()]["name"],
                    it["value"]
                );
            }
            ("replace", Some((place, "metadata/value"))) => {
                triggers[place.parse::<usize>().unwrap()]["metadata"]["value"] =
                    it["value"].clone();
            }
            other => panic!("{other:?}"),
        }
    }
    triggers
}

#[test]
fn the_least_is_never_above_the_most_and_a_raise_is_said() {
    for (beside, form) in [
        (hpa("api", "api", (2, 2), 70), "cronjobs"),
        (hpa("api", "api", (2, 2), 70), "keda"),
        (scaled_object(2, &[cpu(70)]), "keda"),
    ] {
        let text = printed(form, &[beside]);
        assert!(
            text.contains("maxReplicas has to rise from 2 to "),
            "{text}"
        );
        let mut patches = text.split("{\"spec\":").skip(1);
        let fits = patches.all(|it| {
            let it = format!("{{\"spec\":{}", &it[..=it.find('}').unwrap()]);
            let it: Value = serde_json::from_str(&format!("{it}}}")).unwrap();
            let spec = &it["spec"];
            spec["minReplicas"].as_u64() <= spec["maxReplicas"].as_u64()
        });
        assert!(fits, "{text}");
        if form == "keda" {
            assert!(text.contains("maxReplicaCount"), "{text}");
        }
    }
}

#[test]
fn an_autoscaler_of_keda_is_changed_in_its_scaled_object_alone() {
    let mut own = hpa("keda-hpa-api", "api", (2, 40), 60);
    own["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "api", "uid": "s",
        "controller": true,
    }]);
    let text = printed("cronjobs", &[scaled_object(40, &[cpu(60)]), own]);
    assert!(
        text.contains("ScaledObject `api`") && text.contains("take -o keda"),
        "{text}"
    );
    assert!(!text.contains("kind: CronJob"), "{text}");
}

#[test]
fn triggers_are_replaced_by_name_and_twice_is_once() {
    let theirs = json!({"type": "cron", "name": "kcost", "metadata": {"timezone": "UTC",
        "start": "0 8 * * *", "end": "0 9 * * *", "desiredReplicas": "4"}});
    let old = json!({"type": "cron", "name": "kcost-window-1", "metadata": {"timezone": "UTC",
        "start": "0 6 * * *", "end": "0 7 * * *", "desiredReplicas": "9"}});
    let before = [cpu(60), old, theirs.clone()];
    let text = printed("keda", &[scaled_object(40, &before)]);
    let after = patched(&before, &patch(&text));
    let names: Vec<&str> = after.iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names, ["kcost", "kcost-window-1"], "{text}");
    assert_eq!(after[1], theirs);
    assert_ne!(after[2]["metadata"]["start"], json!("0 6 * * *"));
    // What was followed is not told again.
    let again = printed("keda", &[scaled_object(40, &after)]);
    assert!(again.contains("says so already"), "{again}");
    // Nor where somebody gave it another name.
    let mut renamed = after.clone();
    renamed[2]["name"] = json!("sale");
    let again = printed("keda", &[scaled_object(40, &renamed)]);
    assert!(again.contains("Nothing is to be scaled"), "{again}");
}

/// Without a trigger of CPU nothing is simulated below the windows, and nothing is said of it.
#[test]
fn what_scales_by_other_things_is_no_autoscaler_of_cpu() {
    let rps = json!({"type": "prometheus", "name": "rps", "metadata": {
        "serverAddress": "http://p:9090", "query": "secret", "threshold": "100"}});
    let text = printed("keda", &[scaled_object(40, &[rps])]);
    assert!(
        text.contains("other things than CPU") && !text.contains("HPA at"),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
}

/// Who paused it had a reason, and a second autoscaler would fight for the replicas.
#[test]
fn nothing_is_written_for_what_is_paused() {
    for (key, value) in [
        ("paused", "true"),
        ("paused-replicas", "2"),
        ("paused-scale-out", "true"),
    ] {
        let mut own = scaled_object(40, &[cpu(60)]);
        own["metadata"]["annotations"] = json!({format!("autoscaling.keda.sh/{key}"): value});
        for form in ["keda", "cronjobs"] {
            let text = printed(form, std::slice::from_ref(&own));
            assert!(text.contains("Nothing is to be scaled"), "{text}");
        }
        let text = printed("table", &[own]);
        assert!(text.contains("paused"), "{text}");
    }
}

/// A trigger that a formula does not name changes nothing.
#[test]
fn what_scales_by_a_formula_is_changed_by_hand() {
    let rps = json!({"type": "prometheus", "name": "rps", "metadata": {"threshold": "100"}});
    let mut own = scaled_object(40, &[rps]);
    own["spec"]["advanced"] = json!({"scalingModifiers": {"formula": "rps + 1", "target": "5"}});
    for form in ["keda", "cronjobs"] {
        let text = printed(form, std::slice::from_ref(&own));
        assert!(text.contains("by a formula, which has to name"), "{text}");
        assert!(
            text.contains("nothing is written: ScaledObject api"),
            "{text}"
        );
        assert!(!text.contains("kubectl patch scaledobject"), "{text}");
        assert!(!text.contains("kind:"), "{text}");
    }
}

/// A window that somebody wrote a cron for is there already.
#[test]
fn crons_of_others_are_part_of_what_there_is() {
    let cron = json!({"type": "cron", "metadata": {"timezone": "Europe/Berlin",
        "start": "30 20 * * 5", "end": "0 23 * * FRI", "desiredReplicas": "36"}});
    let text = printed("keda", &[scaled_object(40, &[cpu(70), cron.clone()])]);
    assert!(text.contains("Nothing is to be scaled"), "{text}");
    // Not where it asks for too few.
    let mut few = cron;
    few["metadata"]["desiredReplicas"] = json!("3");
    let text = printed("keda", &[scaled_object(40, &[cpu(70), few])]);
    assert!(text.contains("kubectl patch scaledobject"), "{text}");
}

/// Cores of each pod are CPU as much as a share of what it requests.
#[test]
fn an_average_of_cores_is_cpu() {
    let mut own = hpa("api", "api", (2, 40), 70);
    own["spec"]["metrics"][0]["resource"]["target"] =
        json!({"type": "AverageValue", "averageValue": "300m"});
    let text = printed("cronjobs", &[own]);
    assert!(
        text.contains("its HPA at") && !text.contains("other things"),
        "{text}"
    );
    // In cores as before, whatever the size of replicas.
    let moved = text.contains("first the CPU target of HPA api, from 300m to ");
    assert!(moved || !text.contains("CPU target"), "{text}");
}

#[test]
fn what_goes_to_zero_goes_on_to_do_so_or_says_why_not() {
    let rps = json!({"type": "prometheus", "name": "rps", "metadata": {"threshold": "100"}});
    let to_zero = |triggers: &[Value]| {
        let mut own = scaled_object(40, triggers);
        own["spec"]["minReplicaCount"] = json!(0);
        printed("keda", &[own])
    };
    let text = to_zero(std::slice::from_ref(&rps));
    assert!(text.contains("goes to zero as it does now"), "{text}");
    assert!(!text.contains("minReplicaCount"), "{text}");
    let text = to_zero(&[cpu(60), rps]);
    assert!(
        text.contains("its minReplicaCount has to rise from 0 to 1"),
        "{text}"
    );
    let least = json!({"op": "add", "path": "/spec/minReplicaCount", "value": 1});
    assert!(patch(&text).contains(&least), "{text}");
}

/// Whose zone has another offset to UTC since its clocks went back on 2025-11-02.
#[test]
fn a_cron_is_played_at_the_hours_at_which_it_fired() {
    let (early, late) = (
        friday(20 * HOUR, 22 * HOUR, 0.3, 4.3),
        friday(21 * HOUR, 23 * HOUR, 0.3, 4.3),
    );
    let in_zone = |second: i64| {
        let week = if second < 6 * 86_400 {
            &early as &dyn Fn(i64) -> f64
        } else {
            &late
        };
        week(second)
    };
    for zone in ["America/New_York", "Etc/GMT+5"] {
        let cron = json!({"type": "cron", "metadata": {"timezone": zone,
            "start": "30 15 * * 5", "end": "0 18 * * 5", "desiredReplicas": "26"}});
        let folder = tempfile::tempdir().unwrap();
        let made = Made {
            start: 900,
            cores: &in_zone,
            beside: vec![scaled_object(40, &[cpu(70), cron])],
            ..Made::default()
        };
        let report = super::told(&bundle(folder.path(), &[made]), &[]);
        let ways = report["workloads"][0]["simulation"]["ways"]
            .as_array()
            .unwrap();
        let alone = ways.iter().find(|it| it["way"] == "hpa").unwrap();
        let short = alone["short_minutes_per_week"].as_f64().unwrap();
        // A zone without such clocks is an hour late in the first week.
        let is_late = zone == "Etc/GMT+5";
        assert_eq!(short > 1.0, is_late, "{zone}: {alone}");
    }
}

/// An autoscaler goes to its least at once, and follows a metric as fast as it may.
#[test]
fn one_that_is_slow_goes_to_a_higher_least_at_once() {
    let slow = json!({"scaleUp": {"policies":
        [{"type": "Pods", "value": 1, "periodSeconds": 300}]}});
    let mut own = hpa("api", "api", (2, 40), 60);
    own["spec"]["behavior"] = slow.clone();
    let mut of_keda = scaled_object(40, &[cpu(60)]);
    of_keda["spec"]["advanced"] = json!({"horizontalPodAutoscalerConfig": {"behavior": slow}});
    let short = |beside: Value| {
        let folder = tempfile::tempdir().unwrap();
        let sale = friday(20 * HOUR, 22 * HOUR, 0.3, 4.3);
        let made = Made {
            start: 30,
            cores: &sale,
            beside: vec![beside],
            ..Made::default()
        };
        let plan = told(&bundle(folder.path(), &[made]), &[])["workloads"][0].clone();
        let ways = plan["simulation"]["ways"].as_array().unwrap().iter();
        let mut ways = ways.filter(|it| it["way"] == "schedule_and_hpa");
        let way = ways.next().unwrap_or_else(|| panic!("{plan}"));
        way["short_minutes_per_week"].as_f64().unwrap()
    };
    assert!(short(own.clone()) < 1.0);
    assert!(short(of_keda) > 5.0);
    let text = printed("keda", &[own]);
    assert!(text.contains("take -o cronjobs"), "{text}");
}

/// From zero no least wakes an autoscaler.
#[test]
fn what_may_stand_at_zero_gets_no_least_by_cron() {
    let mut own = hpa("api", "api", (2, 40), 60);
    own["spec"]["minReplicas"] = json!(0);
    own["spec"]["metrics"] = json!([{"type": "External", "external": {
        "metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "10"}}}]);
    let text = printed("cronjobs", &[own]);
    assert!(text.contains("may stand at zero"), "{text}");
    assert!(!text.contains("kind: CronJob"), "{text}");
}

fn hindered(beside: &[Value]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let sale = friday(20 * HOUR, 22 * HOUR, 0.3, 4.3);
    let made = Made {
        start: 900,
        cores: &sale,
        beside: beside.to_vec(),
        ..Made::default()
    };
    let plan = told(&bundle(folder.path(), &[made]), &[])["workloads"][0].clone();
    let texts = plan["hindered"].as_array().unwrap().iter();
    let texts: Vec<&str> = texts.filter_map(Value::as_str).collect();
    texts.join("\n")
}

#[test]
fn what_keeps_a_schedule_from_working_is_told_beside_it() {
    let own = || hpa("api", "api", (2, 40), 70);
    assert_eq!(hindered(&[own()]), "");
    let mut other = own();
    other["metadata"]["name"] = json!("web");
    let text = hindered(&[own(), other]);
    assert!(text.contains("scale the same pods"), "{text}");
    let mut kept = own();
    kept["metadata"]["annotations"] = json!({"argocd.argoproj.io/tracking-id":
        "app:autoscaling/HorizontalPodAutoscaler:shop/api"});
    let text = hindered(&[kept]);
    let told = "Argo CD application `app` keeps HPA api and sets minReplicas";
    assert!(text.contains(told), "{text}");
    let cron = json!({"type": "cron", "metadata": {"timezone": "UTC",
        "start": "61 25 * * *", "end": "0 22 * * *", "desiredReplicas": "9"}});
    let text = hindered(&[scaled_object(40, &[cpu(70), cron])]);
    assert!(text.contains("for its cron `61 25 * * *`"), "{text}");
    let mut of_flux = scaled_object(40, &[cpu(70)]);
    of_flux["metadata"]["labels"] = json!({"kustomize.toolkit.fluxcd.io/name": "apps"});
    let text = hindered(&[of_flux]);
    assert!(text.contains("keeps ScaledObject api"), "{text}");
}

/// Source: KEDA, "Pausing, idle replicas": it has so many while no trigger is active.
#[test]
fn idle_replicas_are_read() {
    let rps = json!({"type": "prometheus", "name": "rps", "metadata": {"threshold": "100"}});
    let idle = |least: u32, idle: u32, triggers: &[Value]| {
        let mut own = scaled_object(40, triggers);
        own["spec"]["minReplicaCount"] = json!(least);
        own["spec"]["idleReplicaCount"] = json!(idle);
        own
    };
    let text = hindered(&[idle(2, 2, std::slice::from_ref(&rps))]);
    assert!(text.contains("not below minReplicaCount"), "{text}");
    let text = hindered(&[idle(2, 0, std::slice::from_ref(&rps))]);
    assert!(
        text.contains("`prometheus` decides, which is not played"),
        "{text}"
    );
    let text = printed("keda", &[idle(2, 0, std::slice::from_ref(&rps))]);
    assert!(text.contains("goes to zero as it does now"), "{text}");
    // Beside CPU it would end all pods whenever no cron asks.
    let text = printed("keda", &[idle(2, 0, &[cpu(60), rps])]);
    assert!(text.contains("idleReplicaCount has to go"), "{text}");
    let gone = json!({"op": "remove", "path": "/spec/idleReplicaCount"});
    assert!(patch(&text).contains(&gone), "{text}");
}
