//! Prices in another currency: nothing that is known in dollars stands for it.

use std::collections::BTreeMap;
use std::fs;

use kcost::price::{Basis, Billed, BilledNode, Book, NodePrice, OfVolume, Rates, Rules, Sheet};
use kcost::snapshot::{CapacityType, Cluster, Node};
use kcost::units::Money;
use serde_json::Value;

use crate::common::Kcost;
use crate::made::node;

/// A node of 4 cores and 16 GiB with two GPUs.
fn with_gpus(product: &str) -> Node {
    let mut node = node("n0", CapacityType::OnDemand);
    node.gpu_product = Some(product.to_owned());
    let gpus = ("nvidia.com/gpu".to_owned(), 2.0);
    node.capacity.extended.extend([gpus]);
    node
}

const H100: &str = "NVIDIA-H100-80GB-HBM3";

fn book(text: &str) -> Book {
    Book::with_sheet(Sheet::parse("mine.yaml", text).unwrap())
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn near(rate: Option<f64>, expected: f64) {
    let rate = rate.unwrap();
    assert!((rate - expected).abs() < 1e-9, "{rate}");
}

/// What a core, a GiB and a GPU cost of it.
fn parts(price: &NodePrice) -> Rates {
    price.rates.clone()
}

#[test]
fn what_a_row_leaves_out_the_next_one_says_and_never_dollars() {
    let own = book(
        "currency: EUR\nprices:\n- {gpu_model: '*A10*', gpu: 1.5}\n- {core: 0.05, gib: 0.005}\n",
    );
    let known = own.price(&with_gpus("NVIDIA-A10G"));
    near(known.rates.gpu_hour, 1.5);
    near(Some(known.rates.cpu_core_hour), 0.05);
    // 4 × 0.05 + 16 × 0.005 + 2 × 1.5.
    assert_eq!((known.hourly, known.basis), (money("3.28"), Basis::Quoted));
    let nodes = [with_gpus(H100)];
    let prices = own.prices(&nodes);
    assert_eq!(prices[0].rates.gpu_hour, None);
    assert_eq!(prices[0].hourly, money("0.28"));
    let origin = &prices[0].origin;
    assert!(
        origin.ends_with("nothing says what one costs in EUR"),
        "{origin}"
    );
    let told = own.told(&nodes, &prices);
    insta::assert_snapshot!(told, @"mine.yaml; the GPUs of 1 node have no price in EUR and are not counted: give `gpu` in a row of `--prices`, or `usd:` with what a dollar costs; 1 row of the sheet (line 3) fits no node here");
    assert_eq!(own.rates(None).gpu_hour, None);
    assert_eq!(own.list(&nodes[0]), None);
}

#[test]
fn what_no_row_names_is_in_dollars_at_their_price() {
    let row = "prices:\n- {core: 0.05, gib: 0.005}\n";
    let dollars = book(row).price(&with_gpus(H100));
    let euros = book(&format!("currency: EUR\nusd: 0.5\n{row}")).price(&with_gpus(H100));
    // The user's own rates are in euros already.
    near(Some(euros.rates.cpu_core_hour), 0.05);
    near(euros.rates.gpu_hour, dollars.rates.gpu_hour.unwrap() * 0.5);
    assert_eq!(euros.basis, Basis::Estimated);
    let origin = &euros.origin;
    assert!(
        origin.ends_with("GPUs as H100-80GB in the list, a dollar at 0.5 EUR"),
        "{origin}"
    );
}

#[test]
fn the_price_of_a_whole_node_is_divided_in_its_own_currency() {
    // 4 × 5 + 16 × 0.7 is 31.2 yen, and the rest the GPUs.
    let own = book("currency: JPY\nprices:\n- {pool: a, price: 931.2}\n- {core: 5, gib: 0.7}\n");
    let mut yen = with_gpus(H100);
    yen.pool = Some("a".to_owned());
    let yen = parts(&own.price(&yen));
    near(Some(yen.cpu_core_hour), 5.0);
    near(Some(yen.memory_gib_hour), 0.7);
    near(yen.gpu_hour, 450.0);
    let listed = |book: &Book| {
        let mut node = with_gpus("NVIDIA-L4");
        node.instance_type = Some("g6.12xlarge".to_owned());
        node.region = Some("us-east-1".to_owned());
        let price = book.price(&node);
        assert_eq!(price.source, "list");
        parts(&price)
    };
    let dollars = listed(&Book::default());
    let yen = listed(&book("currency: JPY\nusd: 100\n"));
    near(Some(yen.cpu_core_hour), dollars.cpu_core_hour * 100.0);
    near(yen.gpu_hour, dollars.gpu_hour.unwrap() * 100.0);
}

/// An OpenCost that says 2 dollars an hour of the node, and prices of a disk and a balancer.
fn billed() -> Billed {
    let two = BilledNode {
        hourly: Some(money("2")),
        rates: None,
    };
    Billed {
        nodes: BTreeMap::from([("n0".to_owned(), two)]),
        storage: BTreeMap::from([("gp3".to_owned(), money("1"))]),
        load_balancer: Some(money("1")),
        ..Billed::default()
    }
}

#[test]
fn what_is_billed_in_dollars_takes_their_price() {
    let nodes = [node("n0", CapacityType::OnDemand)];
    let own = book("currency: EUR\nprices:\n- {core: 0.05, gib: 0.005}\n").with_billed(billed());
    let prices = own.prices(&nodes);
    assert_eq!(prices[0].hourly, money("0.28"));
    let cluster = Cluster::default();
    let disk = OfVolume {
        class: Some("gp3"),
        ..OfVolume::default()
    };
    let one = Rules {
        ports: 1,
        protocols: 1,
    };
    assert_eq!(own.volume(disk, &cluster).price, None);
    assert_eq!(own.load_balancers(&[one], &cluster).1.price, None);
    let told = own.told(&nodes, &prices);
    assert!(told.contains("what OpenCost says is in dollars"), "{told}");
    // It is net of discounts already.
    let sheet = "currency: EUR\nusd: 0.5\ndiscounts:\n- {percent: 10}\n";
    let known = book(sheet).with_billed(billed());
    assert_eq!(known.price(&nodes[0]).hourly, money("1"));
    assert_eq!(known.volume(disk, &cluster).price, Some(money("0.5")));
    let told = known.remarks(&nodes).join("; ");
    assert!(
        told.contains("1 discount of the sheet fits no node"),
        "{told}"
    );
}

#[test]
fn what_nodes_say_is_in_the_currency_of_the_sheet_and_after_it() {
    let mut own = node("n0", CapacityType::OnDemand);
    let key = "example.com/hourly-price";
    own.prices = vec![(key.to_owned(), "3".to_owned())];
    let usd = book("currency: EUR\nusd: 0.5\n").with_node_prices(key);
    assert_eq!(usd.price(&own).hourly, money("3"));
    let all = book("currency: EUR\nprices:\n- {core: 0.05, gib: 0.005}\n").with_node_prices(key);
    assert_eq!(all.price(&own).hourly, money("0.28"));
    let told = all.remarks(&[own]).join("; ");
    assert!(
        told.contains("the sheet says another, which comes first"),
        "{told}"
    );
}

#[test]
fn a_dollar_has_one_price_and_in_dollars_none() {
    let wrong = Sheet::parse("mine.yaml", "usd: 0.92\n").unwrap_err();
    assert!(
        wrong.to_string().contains("the sheet is in dollars"),
        "{wrong}"
    );
    assert!(Sheet::parse("mine.yaml", "currency: USD\nusd: 1\n").is_ok());
    let text = "currency: EUR\nprices:\n- {pool: a, core: 0.05, gib: 0.005}\n";
    let wrong = Sheet::parse("mine.yaml", text).unwrap_err();
    assert!(wrong.hint.unwrap().contains("`usd: 0.92`"));
}

#[test]
fn gpus_without_a_price_are_named_wherever_money_is() {
    let folder = tempfile::tempdir().unwrap();
    let sheet = folder.path().join("p.yaml");
    fs::write(
        &sheet,
        "currency: EUR\nprices:\n- {core: 0.05, gib: 0.005}\n",
    )
    .unwrap();
    let run = |args: &[&str]| -> Value {
        let seen = Kcost::new()
            .args(args)
            .args(["--demo", "--window", "1d", "-o", "json", "--prices"]);
        seen.arg(&sheet).run().ended(0).json()
    };
    let costs = run(&["costs"]);
    assert!(costs["unpriced_gpus"].as_f64().unwrap() > 0.0);
    let has_rate = |it: &Value| !it["gpu_hourly_cost"].is_null();
    assert!(!costs["nodes"].as_array().unwrap().iter().any(has_rate));
    let gpus = run(&["gpus"]);
    let gaps = gpus["gaps"].as_array().unwrap();
    assert!(
        gaps.iter().any(|it| it["code"] == "no-gpu-price"),
        "{gaps:?}"
    );
    let fleet = run(&["nodes", "--fleet"]).to_string();
    assert!(
        fleet.contains("nothing says what its devices cost"),
        "{fleet}"
    );
    let text = run(&["analyze"]).to_string();
    assert!(text.contains("have no price in EUR"), "{text}");
}
