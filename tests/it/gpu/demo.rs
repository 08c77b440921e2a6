//! What the demo shows of accelerators.

use serde_json::Value;

use super::workload;
use crate::common::{demo, demo_week};

fn report() -> Value {
    demo(&["gpus", "-o", "json"]).ended(0).json()
}

#[test]
fn it_has_a_starved_run_an_idle_notebook_a_server_at_batch_one_and_an_unused_slice() {
    let report = report();
    for (name, state, action) in [
        ("embedding-training", "starved", "add_cpu"),
        ("notebook", "idle", "scale_to_zero"),
        ("product-ranking", "underused", "batch_more"),
        ("assistant-canary", "held", "scale_to_zero"),
    ] {
        let it = workload(&report, name);
        assert_eq!(it["state"], state, "{name}");
        let first = &it["advice"][0];
        assert_eq!(first["action"], action, "{name}");
        let money = |key: &Value| key.as_str().unwrap().parse::<f64>().unwrap();
        let (saved, cost) = (money(&first["monthly_savings"]), money(&it["monthly_cost"]));
        assert!(saved > 100.0 && saved <= cost, "{name}: {saved} of {cost}");
    }
    // One of two replicas is enough; a third waits for a node, and costs nothing.
    let ranking = workload(&report, "product-ranking");
    assert_eq!(ranking["pods"], 3);
    let money = |key: &Value| key.as_str().unwrap().parse::<f64>().unwrap();
    let saved = money(&ranking["advice"][0]["monthly_savings"]);
    assert!(
        (2.0 * saved - money(&ranking["monthly_cost"])).abs() < 0.02,
        "{saved}"
    );
    assert_eq!(workload(&report, "assistant")["state"], "right_sized");
    assert_eq!(
        workload(&report, "assistant-canary")["mig_profile"],
        "1g.10gb"
    );
    assert_eq!(
        workload(&report, "product-ranking")["serving"]["requests_running"]["p95"],
        1.0
    );
    assert_eq!(report["summary"]["gpus"], 5.0);
    assert_eq!(report["summary"]["unrequested_gpus"], 0.428_571);
}

#[test]
fn people_read_it_in_the_width_of_a_terminal() {
    let run = demo(&["gpus"]).ended(0);
    for words in [
        "ml/notebook  idle: nothing was computed in 28d",
        "1 MIG slice of 1g.10gb did nothing in 28d",
        "let it take more requests at a time",
        "give its loader more CPU than 4 cores a GPU",
        "a month (low risk)",
    ] {
        assert!(
            run.stdout.replace("\n      ", " ").contains(words),
            "{words}\n{}",
            run.stdout
        );
    }
    let explained = demo_week(&["explain", "ml/notebook"]).ended(0);
    assert!(
        explained.stdout.contains("GPUs  idle, "),
        "{}",
        explained.stdout
    );
    let analyzed = demo(&["analyze"]).ended(0);
    assert!(
        analyzed
            .stdout
            .contains("ml/notebook  $849.36 a month  idle: nothing was computed")
    );
}
