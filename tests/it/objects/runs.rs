//! What runs to completion: of every kind, and under names that are made up.

use kcost::collect::{Resolved, Scope, files::read_objects, resolve_with_ended};
use kcost::progress::Silent;
use kcost::snapshot::Workload;

use super::{dump, file, ids, only, sized, summary};

fn runs_once(text: &str) -> String {
    text.replace(
        "spec: {containers",
        "spec: {restartPolicy: Never, containers",
    )
}

fn ended(text: &str) -> String {
    text.replace("phase: Running", "phase: Succeeded")
}

#[test]
fn kinds_of_every_sort_that_run_to_completion_are_batch() {
    for (api_version, kind, batch) in [
        ("batch/v1", "Job", true),
        ("keda.sh/v1alpha1", "ScaledJob", true),
        ("argoproj.io/v1alpha1", "Workflow", true),
        ("argoproj.io/v1alpha1", "CronWorkflow", true),
        ("sparkoperator.k8s.io/v1beta2", "SparkApplication", true),
        ("kubeflow.org/v2beta1", "MPIJob", true),
        ("batch.volcano.sh/v1alpha1", "Job", true),
        ("tekton.dev/v1", "TaskRun", true),
        ("ray.io/v1", "RayJob", true),
        ("ray.io/v1", "RayCluster", false),
        ("kubevirt.io/v1", "VirtualMachineInstance", false),
        ("apps/v1", "StatefulSet", false),
    ] {
        let text = runs_once(&sized(
            "some-x7k2p",
            Some((api_version, kind, "some")),
            &[("app", 1.0)],
        ));
        assert_eq!(only(dump(&text)).is_batch(), batch, "{kind}");
    }
    // Of a kind that nobody knows, pods tell.
    let owner = Some(("example.com/v1", "Burst", "some"));
    let stays = only(dump(&sized("some-0", owner, &[("app", 1.0)])));
    assert!(!stays.is_batch());
    let ends = only(dump(&runs_once(&sized("some-0", owner, &[("app", 1.0)]))));
    assert!(ends.is_batch());
}

#[test]
fn bare_pods_that_are_started_again_and_again_are_one_workload() {
    let task = |name: &str, cores: f64| runs_once(&sized(name, None, &[("base", cores)]));
    let text = [
        task("load-users-k3j9x0ab", 1.0),
        ended(&task("load-users-m2n8q1cd", 1.0)),
        // By chance without a number.
        task("load-users-abcdefgh", 1.0),
        ended(&task(
            "load-users-5f3a8c1e-0b1c-4d5e-8f90-123456789abc",
            1.0,
        )),
        // Of another size, so of another template.
        task("load-users-z9y8x7w6", 4.0),
        task("load-orders-a1b2c3d4", 1.0),
        // Not started again where they end.
        sized("worker-0", None, &[("app", 1.0)]),
        sized("worker-1", None, &[("app", 1.0)]),
    ]
    .concat();
    let resolved = dump(&text);
    assert_eq!(
        summary(&resolved),
        [
            ("shop/Pod/load-orders-a1b2c3d4".to_owned(), 1, 1.0),
            ("shop/Pod/load-users/main".to_owned(), 2, 1.0),
            ("shop/Pod/load-users/main-2".to_owned(), 1, 4.0),
            ("shop/Pod/worker-0".to_owned(), 1, 1.0),
            ("shop/Pod/worker-1".to_owned(), 1, 1.0),
        ]
    );
    assert!(resolved.workloads[1].is_batch());
    let find = |pod: &str| resolved.pods.workload("shop", pod);
    assert_eq!(find("load-users-m2n8q1cd"), Some(1));
    // One that is alone may have had others before it.
    assert_eq!(find("load-orders-0123abcd"), Some(0));
    // What was called otherwise was something else.
    assert_eq!(find("load-orders-7d764666f9-qdcxt"), None);
    assert_eq!(find("load-orders"), None);
}

#[test]
fn bare_pods_of_which_some_have_ended_or_that_are_many_are_one_workload() {
    // No policy is named, and yet one has come to its end.
    let task = |name: &str| sized(name, None, &[("app", 1.0)]);
    let text = [task("task-0001"), ended(&task("task-0002"))].concat();
    let workload = only(dump(&text));
    assert_eq!(
        (workload.id.to_string().as_str(), workload.is_batch()),
        ("shop/Pod/task", true)
    );
    // Ends that look like words, of what was given a prefix and of what was not.
    let words = [
        "apple", "banana", "cherry", "dahlia", "elder", "fennel", "ginger", "hazel", "iris",
        "jasmine",
    ];
    let all: Vec<String> = words
        .iter()
        .map(|word| runs_once(&task(&format!("run-{word}"))))
        .collect();
    let resolved = dump(&all.concat());
    assert_eq!(resolved.pods.workload("shop", "run-kiwi"), Some(0));
    assert_eq!(only(resolved).id.to_string(), "shop/Pod/run");
    assert_eq!(ids(&dump(&all[..4].concat())).len(), 4);
    let prefixed =
        |text: &String| text.replace("namespace: shop", "namespace: shop\n  generateName: run-");
    let few: Vec<String> = all[..2].iter().map(prefixed).collect();
    assert_eq!(only(dump(&few.concat())).id.to_string(), "shop/Pod/run");
    let many: Vec<String> = (0..20)
        .map(|number| task(&format!("node-{number}")))
        .collect();
    let workload = only(dump(&many.concat()));
    assert_eq!((workload.pods.len(), workload.is_batch()), (20, false));
}

#[test]
fn runs_of_owners_that_were_not_read_are_one_workload() {
    let of = |kind: &'static str, name: &'static str| {
        sized(
            &format!("{name}-bcdfg"),
            Some(("tekton.dev/v1", kind, name)),
            &[("step", 1.0)],
        )
    };
    let text = [
        of("PipelineRun", "build-x7k2p"),
        of("PipelineRun", "build-qdcxt"),
        of("PipelineRun", "other"),
    ]
    .concat();
    assert_eq!(
        ids(&dump(&text)),
        ["shop/PipelineRun/build", "shop/PipelineRun/other"]
    );
}

#[test]
fn jobs_and_runs_with_made_up_names_are_one_workload() {
    let job = |name: &str, status: &str| {
        format!(
            "---\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}, generateName: import-, namespace: shop}}\n\
            spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: app, image: x, resources: {{requests: {{cpu: '1', memory: 1Gi}}}}}}]}}}}}}\nstatus: {{{status}}}\n"
        )
    };
    let text = [
        job("import-x7k2p", "succeeded: 1"),
        job("import-qdcxt", "active: 1"),
        sized(
            "import-qdcxt-bcdfg",
            Some(("batch/v1", "Job", "import-qdcxt")),
            &[("app", 1.0)],
        ),
    ]
    .concat();
    let resolved = dump(&text);
    assert_eq!(summary(&resolved), [("shop/Job/import".to_owned(), 1, 1.0)]);
    assert_eq!(
        resolved.pods.workload("shop", "import-x7k2p-zzzzz"),
        Some(0)
    );
    assert_eq!(only(resolved).patch, None);
    // What people count by hand they know each by its name.
    let train = |name: &'static str| {
        sized(
            &format!("{name}-0"),
            Some(("kubeflow.org/v1", "TFJob", name)),
            &[("tf", 1.0)],
        )
    };
    let text = [train("train-1"), train("train-2")].concat();
    assert_eq!(
        ids(&dump(&text)),
        ["shop/TFJob/train-1", "shop/TFJob/train-2"]
    );
}

#[test]
fn runs_on_a_schedule_belong_to_what_starts_them() {
    let text = [
        runs_once(&sized(
            "report-1700000000-load-123456789",
            Some(("argoproj.io/v1alpha1", "Workflow", "report-1700000000")),
            &[("main", 1.0)],
        )),
        runs_once(&sized(
            "etl-1700000000000000000-driver",
            Some((
                "sparkoperator.k8s.io/v1beta2",
                "SparkApplication",
                "etl-1700000000000000000",
            )),
            &[("driver", 1.0)],
        )),
    ]
    .concat();
    assert_eq!(
        ids(&dump(&text)),
        [
            "shop/CronWorkflow/report",
            "shop/ScheduledSparkApplication/etl"
        ]
    );
}

#[test]
fn steps_of_a_workflow_are_templates_of_its_schedule() {
    let step = |name: &str, cpu: &str| {
        format!(
            "{{name: {name}, container: {{image: x, resources: {{requests: {{cpu: '{cpu}'}}}}}}}}"
        )
    };
    let text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\nmetadata: {{name: report, namespace: shop}}\n\
         spec: {{schedule: 0 3 * * *, workflowSpec: {{entrypoint: all, templates: [{{name: all, dag: {{tasks: []}}}}, {}, {}]}}}}\n",
        step("load", "2"),
        step("send", "100m")
    );
    let resolved = dump(&text);
    assert_eq!(
        ids(&resolved),
        [
            "shop/CronWorkflow/report/load",
            "shop/CronWorkflow/report/send"
        ]
    );
    let load = &resolved.workloads[0];
    assert_eq!(
        (load.replicas, load.schedule.as_deref(), load.patch.as_ref()),
        (0, Some("0 3 * * *"), None)
    );
    assert_eq!(
        resolved
            .pods
            .workload("shop", "report-1700000000-load-123456789"),
        Some(0)
    );
}

/// What is left where pods that have ended count.
fn with_ended(text: &str) -> Resolved {
    let file = file(text);
    let paths = [file.path().to_owned()];
    let (objects, _) = read_objects(&paths, &Scope::default(), &Silent).unwrap();
    resolve_with_ended(objects)
}

#[test]
fn training_that_has_come_to_its_end_is_none_but_for_its_usage() {
    let text = |status: &str| {
        format!(
            "apiVersion: kubeflow.org/v1\nkind: TFJob\nmetadata: {{name: train, namespace: shop}}\n\
             spec: {{tfReplicaSpecs: {{Worker: {{replicas: 4, template: {{spec: {{containers: [{{name: tensorflow, image: x}}]}}}}}}}}}}\nstatus: {{{status}}}\n"
        )
    };
    assert_eq!(only(dump(&text(""))).replicas, 4);
    let running = text("conditions: [{type: Running, status: 'True'}]");
    assert_eq!(only(dump(&running)).replicas, 4);
    for status in [
        "conditions: [{type: Succeeded, status: 'True'}]",
        "completionTime: '2026-01-01T00:00:00Z'",
        "phase: Failed",
    ] {
        assert_eq!(ids(&dump(&text(status))), [""; 0]);
        let resolved = with_ended(&text(status));
        let workload = &resolved.workloads[0];
        assert_eq!(
            (workload.replicas, resolved.ended.len()),
            (0, 1),
            "{status}"
        );
    }
}

#[test]
fn runs_of_which_all_have_ended_are_a_workload_where_they_have_usage() {
    let task = |name: &str| ended(&runs_once(&sized(name, None, &[("base", 1.0)])));
    let text = [task("load-k3j9x0ab"), task("load-m2n8q1cd")].concat();
    assert_eq!(ids(&dump(&text)), [""; 0]);
    let resolved = with_ended(&text);
    let found: Vec<&Workload> = resolved.workloads.iter().collect();
    assert_eq!(found.len(), 1);
    assert!(resolved.ended.contains(&found[0].id) && found[0].is_batch());
}
