//! Prices of an OpenCost, against a server that answers as its documentation says.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use serde_json::{Value, json};

use crate::common::{Kcost, Seen};
use crate::demo::DEMO;

/// Answers each request by its path; what it gives is where.
fn served(answer: impl Fn(&str) -> (u16, String) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut first = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            reader.read_line(&mut first).unwrap();
            let mut line = String::from("more");
            while !line.trim().is_empty() {
                line.clear();
                reader.read_line(&mut line).unwrap();
            }
            let path = first.split(' ').nth(1).unwrap_or_default();
            let (status, body) = answer(path);
            let _ = write!(
                stream,
                "HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    url
}

/// The names of the demo's nodes.
fn names() -> Vec<String> {
    let nodes = &DEMO.cluster.nodes;
    nodes.iter().map(|it| it.name.clone()).collect()
}

/// Assets of a day: every node for half of it, a disk and a load balancer.
fn assets() -> Value {
    let mut data = serde_json::Map::new();
    for name in names() {
        data.insert(
            format!("aws//123/prod/Compute/{name}"),
            json!({
                "type": "Node",
                "properties": {"category": "Compute", "cluster": "demo", "name": name},
                "window": {"start": "2026-11-22T18:00:00Z", "end": "2026-11-23T18:00:00Z"},
                "start": "2026-11-23T06:00:00Z", "end": "2026-11-23T18:00:00Z",
                "minutes": 720.0, "nodeType": "m6i.2xlarge", "cpuCores": 8.0,
                "cpuCoreHours": 96.0, "ramByteHours": 412_316_860_416.0, "GPUHours": 0.0,
                "cpuCost": 2.0, "gpuCost": 0.0, "ramCost": 1.2, "adjustment": -0.2,
                "discount": 0.0, "preemptible": 0.0, "totalCost": 3.0,
            }),
        );
    }
    let disk = json!({
        "type": "Disk", "properties": {"name": "pvc-1"}, "end": "2026-11-23T18:00:00Z",
        "minutes": 1440.0, "byteHours": 2_576_980_377_600.0, "totalCost": 0.24,
        "storageClass": "gp3",
    });
    data.insert("disk".to_owned(), disk);
    let balancer = json!({
        "type": "LoadBalancer", "properties": {"name": "web"}, "minutes": 1440.0,
        "end": "2026-11-23T18:00:00Z", "totalCost": 0.48,
    });
    data.insert("balancer".to_owned(), balancer);
    json!({"code": 200, "data": data})
}

fn costs(url: &str) -> Seen {
    let args = ["costs", "--demo", "-o", "json", "--window", "1d"];
    Kcost::new().args(args).args(["--opencost-url", url]).run()
}

#[test]
fn assets_say_what_nodes_volumes_and_load_balancers_cost() {
    let url = served(|path| {
        assert!(path.starts_with("/model/assets?window=1d"), "{path}");
        (200, assets().to_string())
    });
    let seen = costs(&format!("{url}/model/")).ended(0);
    let report = seen.json();
    for node in report["nodes"].as_array().unwrap() {
        // 3 dollars for 12 hours, adjustment and discount included.
        assert_eq!(node["hourly_cost"], "0.25", "{node}");
        assert_eq!(node["price_source"], "opencost");
        assert_eq!(node["price_basis"], "quoted");
    }
    let bill = &report["bill"];
    assert_eq!(bill["nodes"], "3467.50");
    // 0.24 dollars for 2,400 GiB-hours are 0.073 for a GiB and month, of 3,600 GiB.
    assert_eq!(bill["storage"], "283.24");
    assert_eq!(bill["load_balancers"], "43.80");
    let prices = report["prices"].as_str().unwrap();
    assert!(prices.contains("OpenCost at http://127.0.0.1"), "{prices}");
    assert!(prices.contains("to 2026-11-23"), "{prices}");
}

#[test]
fn without_assets_allocations_say_what_resources_cost() {
    let url = served(|path| {
        if path.starts_with("/assets") {
            return (404, "404 page not found".to_owned());
        }
        assert!(
            path.starts_with("/allocation?window=1d&aggregate=node"),
            "{path}"
        );
        let mut data = serde_json::Map::new();
        for name in names() {
            let allocation = json!({
                "name": name, "properties": {"cluster": "demo", "node": name},
                "start": "2026-11-22T18:00:00Z", "end": "2026-11-23T18:00:00Z",
                "minutes": 1440.0, "cpuCoreHours": 48.0, "cpuCost": 1.2,
                "ramByteHours": 103_079_215_104.0, "ramCost": 0.288, "gpuHours": 0.0, "gpuCost": 0.0,
            });
            data.insert(name, allocation);
        }
        data.insert(
            "__idle__".to_owned(),
            json!({"cpuCoreHours": 1.0, "cpuCost": 9.0}),
        );
        (200, json!({"code": 200, "data": [data]}).to_string())
    });
    let report = costs(&url).ended(0).json();
    let nodes = report["nodes"].as_array().unwrap();
    let general = nodes.iter().find(|it| it["instance_type"] == "m6i.2xlarge");
    let general = general.unwrap();
    assert_eq!(general["cpu_core_hourly_cost"], "0.025000000");
    assert_eq!(general["memory_gib_hourly_cost"], "0.003000000");
    // Of 8 cores and not quite 32 GiB.
    assert_eq!(general["hourly_cost"], "0.292659", "{general}");
    assert_eq!(general["price_source"], "opencost");
}

#[test]
fn your_own_prices_come_first_and_list_prices_after_it() {
    let url = served(|_| {
        let one = names().into_iter().next().unwrap();
        let node = json!({
            "type": "Node", "properties": {"name": one}, "minutes": 60.0, "totalCost": 7.0,
        });
        (
            200,
            json!({"code": 200, "data": [{"one": node}]}).to_string(),
        )
    });
    let report = costs(&url).ended(0).json();
    let nodes = report["nodes"].as_array().unwrap();
    let of = |source: &str| {
        nodes
            .iter()
            .filter(|it| it["price_source"] == source)
            .count()
    };
    assert_eq!((of("opencost"), of("list")), (1, nodes.len() - 1));
    let folder = tempfile::tempdir().unwrap();
    let sheet = folder.path().join("own.csv");
    std::fs::write(&sheet, "pool,price\ngeneral,0.1\n").unwrap();
    let args = [
        "costs",
        "--demo",
        "-o",
        "json",
        "--opencost-url",
        &url,
        "--prices",
    ];
    let report = Kcost::new().args(args).arg(&sheet).run().ended(0).json();
    let nodes = report["nodes"].as_array().unwrap();
    let own = nodes.iter().filter(|it| it["pool"] == "general");
    assert!(own.clone().count() > 0);
    assert!({ own }.all(|it| it["price_source"] == "sheet"));
}

#[test]
fn what_does_not_answer_or_is_something_else_is_an_error_with_a_way_out() {
    let wrong = |url: &str, exit: i32, words: &str| {
        let seen = costs(url);
        assert_eq!(seen.exit, exit, "{}", seen.stderr);
        assert!(seen.stderr.contains(words), "{}", seen.stderr);
        assert!(seen.stderr.contains("hint:"), "{}", seen.stderr);
    };
    wrong(
        &served(|_| (404, String::new())),
        1,
        "answers 404 Not Found to /allocation",
    );
    wrong(&served(|_| (200, "<html>".to_owned())), 1, "no OpenCost");
    wrong(
        &served(|_| {
            (
                200,
                json!({"code": 500, "message": "boom", "data": null}).to_string(),
            )
        }),
        1,
        "answers 500 to /assets: boom",
    );
    for cost in [1e300, 1e12] {
        let node = json!({"type": "Node", "properties": {"name": "n0"}, "minutes": 60.0, "totalCost": cost});
        wrong(
            &served(move |_| (200, json!({"code": 200, "data": {"n0": node}}).to_string())),
            1,
            "node n0 costs more than a billion an hour",
        );
    }
    wrong(
        &served(|_| (200, json!({"code": 200, "data": [{}]}).to_string())),
        1,
        "knows no price",
    );
    // A port that nobody listens on any more.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    wrong(&format!("http://{address}"), 1, "cannot be reached");
    wrong("opencost:9003", 1, "not the address of an OpenCost");
    // A login in an address is neither sent nor shown.
    let seen = costs("http://me:hush@127.0.0.1:1");
    assert_eq!(seen.exit, 1);
    assert!(!seen.stderr.contains("hush"), "{}", seen.stderr);
}
