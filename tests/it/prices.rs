//! Where prices come from: the list, a sheet, and what is done where neither knows.

use std::fs;
use std::path::PathBuf;

use kcost::price::{Basis, Book, NodePrice, OfVolume, Rules, Sheet, Worth};
use kcost::snapshot::{CapacityType, Cluster, Node};
use kcost::units::{Currency, Money};
use serde_json::Value;

use crate::common::{Kcost, demo, skipped};
use crate::demo::DEMO;
use crate::made::node;

fn machine(name: &str, region: &str, capacity: CapacityType) -> Node {
    Node {
        instance_type: Some(name.to_owned()),
        region: Some(region.to_owned()),
        ..node("n0", capacity)
    }
}

fn listed(name: &str, region: &str, capacity: CapacityType) -> NodePrice {
    Book::default().price(&machine(name, region, capacity))
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

#[test]
fn the_list_knows_a_type_where_it_is_quoted() {
    let price = listed("m6i.2xlarge", "us-east-1", CapacityType::OnDemand);
    assert_eq!((price.hourly, price.basis), (money("0.384"), Basis::Quoted));
    assert_eq!(price.source, "list");
    assert_eq!(
        price.origin,
        "m6i.2xlarge in us-east-1, list of 2026-07-20; on demand"
    );
}

#[test]
fn the_rates_of_a_node_make_up_its_price() {
    let price = listed("m5.xlarge", "us-east-1", CapacityType::OnDemand);
    let whole = 4.0 * price.rates.cpu_core_hour + 16.0 * price.rates.memory_gib_hour;
    assert!((whole - price.hourly.to_f64()).abs() < 1e-9);
    let ratio = price.rates.cpu_core_hour / price.rates.memory_gib_hour;
    assert!((ratio - 7.461).abs() < 0.001);
}

#[test]
fn a_price_that_is_no_quote_is_said_to_be_none() {
    let inferred = listed("m6i.2xlarge", "eu-west-1", CapacityType::OnDemand);
    assert_eq!(inferred.basis, Basis::Inferred);
    // A region that is not in the list, a type that is not, spot without a quote.
    let elsewhere = listed("m6i.2xlarge", "eu-north-1", CapacityType::OnDemand);
    assert_eq!(elsewhere.basis, Basis::Estimated);
    assert!(elsewhere.origin.contains("eu-north-1 is not in the list"));
    let unlisted = listed("m6i.9xlarge", "us-east-1", CapacityType::OnDemand);
    assert_eq!(unlisted.basis, Basis::Estimated);
    // Its family's rate for the 4 cores of the node: as an m6i.xlarge.
    let xlarge = listed("m6i.xlarge", "us-east-1", CapacityType::OnDemand);
    assert_eq!(unlisted.hourly, xlarge.hourly);
    let spot = listed("m6i.2xlarge", "us-east-1", CapacityType::Spot);
    assert_eq!(spot.basis, Basis::Estimated);
    assert!(spot.hourly < xlarge.hourly.scale(2.0));
    let unknown = listed("thing-1", "mars", CapacityType::OnDemand);
    assert_eq!((unknown.basis, unknown.source), (Basis::Default, "default"));
}

#[test]
fn a_sheet_comes_before_the_list_and_its_closest_row_before_the_others() {
    let text = "\
instance_type,region,capacity_type,price
m6i.*,,,0.5
m6i.2xlarge,,,0.4
m6i.2xlarge,us-east-1,spot,0.1
";
    let book = Book::with_sheet(Sheet::parse("mine.csv", text).unwrap());
    let price = |name: &str, capacity| book.price(&machine(name, "us-east-1", capacity));
    let hourly = |name: &str, capacity| price(name, capacity).hourly;
    assert_eq!(hourly("m6i.large", CapacityType::OnDemand), money("0.5"));
    assert_eq!(hourly("m6i.2xlarge", CapacityType::OnDemand), money("0.4"));
    assert_eq!(hourly("m6i.2xlarge", CapacityType::Spot), money("0.1"));
    assert_eq!(
        price("m6i.2xlarge", CapacityType::Spot).origin,
        "mine.csv line 4"
    );
    // What it does not name is priced by the list.
    let other = price("m5.xlarge", CapacityType::OnDemand);
    assert_eq!((other.source, other.hourly), ("list", money("0.192")));
}

#[test]
fn discounts_and_commitments_come_off_list_prices() {
    let text = "\
date: 2026-11-01
discounts:
- {provider: aws, percent: 10}
commitments:
- {instance_type: 'm5.*', covered_percent: 50, discount_percent: 40}
";
    let book = Book::with_sheet(Sheet::parse("mine.yaml", text).unwrap());
    let mut m5 = machine("m5.xlarge", "us-east-1", CapacityType::OnDemand);
    m5.provider = Some("aws".to_owned());
    let price = book.price(&m5);
    assert_eq!(price.hourly, money("0.192").scale(0.9 * 0.8));
    assert!(
        price
            .origin
            .ends_with("less 10 %, 50 % of it committed at 40 % less")
    );
}

#[test]
fn commitments_of_amounts_cover_what_they_reach() {
    let text = "\
prices:
- {instance_type: m5.xlarge, price: 1}
- {instance_type: m5.2xlarge, price: 2}
commitments:
- {instance_type: m5.xlarge, covered_nodes: 1, discount_percent: 40}
- {instance_type: m5.2xlarge, committed_hourly: 1.4, discount_percent: 30}
";
    let book = Book::with_sheet(Sheet::parse("mine.yaml", text).unwrap());
    let of = |name: &str| machine(name, "us-east-1", CapacityType::OnDemand);
    // One of four nodes is reserved; 1.4 dollars at 30 % less cover 2 of the 4 an hour.
    let nodes = [
        of("m5.xlarge"),
        of("m5.xlarge"),
        of("m5.xlarge"),
        of("m5.xlarge"),
        of("m5.2xlarge"),
        of("m5.2xlarge"),
    ];
    let prices = book.prices(&nodes);
    assert_eq!(prices[0].hourly, money("0.9"));
    assert!((prices[0].committed - 0.15 / 0.9).abs() < 1e-9);
    assert_eq!(prices[4].hourly, money("1.7"));
    assert!((prices[4].committed - 0.7 / 1.7).abs() < 1e-9);
    // What reaches further than there are nodes covers them, and no more.
    assert_eq!(book.prices(&nodes[..1])[0].hourly, money("0.6"));
    let half = prices.iter().map(|it| it.hourly).sum::<Money>();
    assert_eq!(half, money("7"));
}

fn sheet(text: &str) -> Book {
    Book::with_sheet(Sheet::parse("mine.yaml", text).unwrap())
}

#[test]
fn what_one_commitment_leaves_of_a_node_the_next_covers() {
    // The one with more conditions is used up first, wherever it stands.
    let book = sheet(
        "\
prices:
- {price: 1}
commitments:
- {provider: aws, committed_hourly: 0.7, discount_percent: 30}
- {provider: aws, instance_type: m5.xlarge, covered_nodes: 2, discount_percent: 40}
",
    );
    let mut own = machine("m5.xlarge", "us-east-1", CapacityType::OnDemand);
    own.provider = Some("aws".to_owned());
    let nodes = vec![own.clone(), own.clone(), own.clone(), own];
    let prices = book.prices(&nodes);
    // Of four dollars two are reserved for 1.2, 0.7 cover one, and one is left.
    let all: Money = prices.iter().map(|it| it.hourly).sum();
    assert_eq!(all, money("2.9"));
    assert!(
        prices[0]
            .origin
            .contains("50 % of it committed at 40 % less, 25 % of it committed at 30 % less"),
        "{}",
        prices[0].origin
    );
    assert!((prices[0].covered - 0.75).abs() < 1e-9);
    assert!((prices[0].committed - 0.475 / 0.725).abs() < 1e-9);
    assert_eq!(book.unused(&nodes).hourly, Money::ZERO);
    // What nothing covers leaves first: one dollar an hour, whoever goes.
    assert_eq!(prices[0].leaves(), money("730"));
    let worth = || prices.iter().map(NodePrice::worth);
    assert_eq!(Worth::of_all(worth().take(3)), money("730"));
    assert_eq!(Worth::of_all(worth()), money("730"));
    // With two nodes left the second commitment covers none.
    assert_eq!(book.unused(&nodes[..2]).hourly, money("0.7"));
}

#[test]
fn clusters_of_one_report_share_what_is_committed() {
    for commitment in [
        "instance_type: 'm5.*', covered_nodes: 4, discount_percent: 40",
        "instance_type: 'm5.*', committed_hourly: 2.4, discount_percent: 40",
        "instance_type: 'm5.*', covered_percent: 50, discount_percent: 40",
    ] {
        let book = sheet(&format!(
            "prices:\n- {{price: 1}}\ncommitments:\n- {{{commitment}}}\n"
        ));
        let own = machine("m5.xlarge", "us-east-1", CapacityType::OnDemand);
        let all: std::sync::Arc<[Node]> = vec![own; 8].into();
        let of = |own: std::ops::Range<usize>| {
            let book = book.clone().one_of(all.clone(), own.clone());
            let prices = book.prices(&all[own]);
            let hourly: Money = prices.iter().map(|it| it.hourly).sum();
            let leaves = Worth::of_all(prices.iter().map(NodePrice::worth));
            (hourly, leaves)
        };
        let parts = [of(0..2), of(2..8)];
        let hourly: Money = parts.iter().map(|it| it.0).sum();
        // Four of eight at 40 % less, and four that leave the bill.
        assert_eq!(hourly, money("6.4"), "{commitment}");
        let leaves: Money = parts.iter().map(|it| it.1).sum();
        assert_eq!(leaves, money("2920"), "{commitment}");
    }
}

#[test]
fn of_discounts_the_closest_counts_alone() {
    let book = sheet(
        "discounts:\n- {provider: aws, percent: 10}\n- {provider: aws, instance_type: 'm5.*', percent: 14.5}\n",
    );
    let of = |name: &str| {
        let mut own = machine(name, "us-east-1", CapacityType::OnDemand);
        own.provider = Some("aws".to_owned());
        book.price(&own)
    };
    assert_eq!(of("m5.xlarge").hourly, money("0.192").scale(0.855));
    assert!(of("m5.xlarge").origin.ends_with("less 14.5 %"));
    assert_eq!(of("m6i.2xlarge").hourly, money("0.384").scale(0.9));
}

#[test]
fn regions_and_pools_are_names_or_patterns() {
    let book = sheet(
        "prices:\n- {instance_type: 'm5.*', region: 'us-*', price: 2}\n\
         - {instance_type: 'm5.*', region: us-east-1, price: 1}\n- {pool: 'gpu-*', price: 9}\n",
    );
    let of = |region: &str| {
        book.price(&machine("m5.xlarge", region, CapacityType::OnDemand))
            .hourly
    };
    assert_eq!([of("us-west-2"), of("us-east-1")], [money("2"), money("1")]);
    assert_eq!(
        book.price(&machine("m5.xlarge", "eu-west-1", CapacityType::OnDemand))
            .source,
        "list"
    );
    let mut own = node("n1", CapacityType::OnDemand);
    own.pool = Some("gpu-large".to_owned());
    assert_eq!(book.price(&own).hourly, money("9"));
}

#[test]
fn what_a_sheet_says_of_nodes_that_are_not_here_is_told() {
    let text = "instance_type,region,price\nm5.xlarg,us-east-1,0.1\nm5.xlarge,us-*,0.1\n";
    let book = Book::with_sheet(Sheet::parse("mine.csv", text).unwrap());
    let nodes = [machine("m5.xlarge", "us-east-1", CapacityType::OnDemand)];
    assert_eq!(
        book.remarks(&nodes),
        ["1 row of the sheet (line 2) fits no node here"]
    );
    assert_eq!(book.remarks(&[]), [""; 0]);
    let book =
        sheet("commitments:\n- {provider: nobody, covered_percent: 50, discount_percent: 5}\n");
    assert_eq!(
        book.remarks(&nodes),
        ["1 commitment of the sheet fits no node here"]
    );
}

#[test]
fn gpus_that_are_attached_to_a_machine_are_paid_for() {
    let mut plain = machine("n1-standard-4", "us-central1", CapacityType::OnDemand);
    plain.provider = Some("gce".to_owned());
    let mut own = plain.clone();
    own.gpu_product = Some("nvidia-tesla-t4".to_owned());
    for size in [&mut own.capacity, &mut own.allocatable] {
        size.extended.insert("nvidia.com/gpu".to_owned(), 4.0);
    }
    let [without, with] = [&plain, &own].map(|it| Book::default().price(it));
    let each = with.rates.gpu_hour.unwrap();
    assert!((0.2..0.5).contains(&each), "{each}");
    assert_eq!(with.hourly, without.hourly + Money::from_f64(4.0 * each));
    assert_eq!(
        (without.basis, with.basis),
        (Basis::Quoted, Basis::Estimated)
    );
    assert!(
        with.origin.ends_with("and GPUs as T4 in the list"),
        "{}",
        with.origin
    );
    assert!((with.rates.cpu_core_hour - without.rates.cpu_core_hour).abs() < 1e-9);
    // Of a model that is not in the list nobody knows it, and that is told.
    own.gpu_product = Some("nvidia-tesla-k9".to_owned());
    let odd = Book::default().price(&own);
    assert_eq!((odd.hourly, odd.rates.gpu_hour), (without.hourly, None));
    let told = Book::default().remarks(&[own]).join(" ");
    assert!(told.contains("the GPUs of 1 node have no price"), "{told}");
}

#[test]
fn a_machine_of_a_size_of_ones_own_is_priced_by_its_series() {
    let mut own = machine("n2-custom-6-20480", "us-central1", CapacityType::OnDemand);
    own.provider = Some("gce".to_owned());
    let price = Book::default().price(&own);
    assert_eq!((price.source, price.basis), ("list", Basis::Estimated));
    assert!(
        price.hourly > money("0.2") && price.hourly < money("0.4"),
        "{:?}",
        price.hourly
    );
}

#[test]
fn gpus_of_a_model_have_a_rate_of_their_own() {
    let text = "gpu_model,core,gib,gpu\n*h100*,,,2.5\n*,0.01,0.001,1\n";
    let book = Book::with_sheet(Sheet::parse("mine.csv", text).unwrap());
    let with = |product: &str| {
        let mut gpu = machine("own-1", "here", CapacityType::OnDemand);
        gpu.gpu_product = Some(product.to_owned());
        gpu.capacity
            .extended
            .insert("nvidia.com/gpu".to_owned(), 2.0);
        book.price(&gpu)
    };
    let h100 = with("NVIDIA-H100-80GB-HBM3");
    assert!((h100.rates.gpu_hour.unwrap() - 2.5).abs() < 1e-9);
    // What the row does not name is that of the next one.
    let beside = 4.0 * 0.01 + 16.0 * 0.001;
    assert!((h100.hourly.to_f64() - 5.0 - beside).abs() < 1e-6);
    assert!((with("NVIDIA-A10").rates.gpu_hour.unwrap() - 1.0).abs() < 1e-9);
}

#[test]
fn gpus_of_machines_that_nobody_lists_cost_what_their_model_does() {
    let mut own = machine("metal-1", "basement", CapacityType::OnDemand);
    own.gpu_product = Some("NVIDIA-H100-80GB-HBM3".to_owned());
    own.capacity
        .extended
        .insert("nvidia.com/gpu".to_owned(), 8.0);
    let price = Book::default().price(&own);
    assert_eq!(price.basis, Basis::Default);
    assert_eq!(price.origin, "default rates, GPUs as H100-80GB in the list");
    assert!(price.rates.gpu_hour.unwrap() > 4.0, "{:?}", price.rates);
    let devices = 8.0 * price.rates.gpu_hour.unwrap();
    let beside = 4.0 * 0.031_611 + 16.0 * 0.004_237;
    assert!((price.hourly.to_f64() - devices - beside).abs() < 1e-5);
    // Who asks for the same rates for any node gets them.
    let alike = Book::named("default").unwrap().price(&own);
    assert!((alike.rates.gpu_hour.unwrap() - 0.95).abs() < 1e-9);
}

#[test]
fn prices_finds_types_by_their_gpus() {
    let args = [
        "prices",
        "--gpu",
        "h100",
        "--region",
        "us-east-1",
        "-o",
        "json",
    ];
    let report = Kcost::new().args(args).run().ended(0).json();
    let found = report["prices"].as_array().unwrap();
    assert!(found.iter().any(|it| it["instance_type"] == "p5.48xlarge"));
    let model = |it: &Value| it["gpu_product"].as_str().unwrap().starts_with("H100");
    assert!(found.iter().all(model));
    let seen = Kcost::new().args(["prices", "--gpu", "h10"]).run().ended(2);
    assert!(
        seen.stderr.contains("did you mean `H100`?"),
        "{}",
        seen.stderr
    );
}

#[test]
fn nodes_can_say_what_they_cost_themselves() {
    let mut own = machine("metal-1", "basement", CapacityType::OnDemand);
    own.prices = vec![("example.com/hourly-price".to_owned(), "0.42".to_owned())];
    let book = Book::default().with_node_prices("example.com/hourly-price");
    let price = book.price(&own);
    assert_eq!((price.source, price.hourly), ("node", money("0.42")));
    assert_eq!(price.origin, "`example.com/hourly-price` of the node");
    // Two nodes that say different things are not taken for one kind.
    let mut other = own.clone();
    other.prices[0].1 = "0.84".to_owned();
    let both = book.prices(&[own.clone(), other]);
    assert_eq!(both[1].hourly, money("0.84"));
    // Nobody is given machines.
    own.prices[0].1 = "0".to_owned();
    assert_eq!(book.price(&own).source, "default");
    assert!(book.remarks(&[own.clone()])[0].contains("1 node without a plain number above 0"));
    own.prices[0].1 = "0.42".to_owned();
    // A sheet comes first, and what says nothing is priced by the list.
    let sheet = Sheet::parse("mine.csv", "instance_type,price\nmetal-1,0.1\n").unwrap();
    let book = Book::with_sheet(sheet).with_node_prices("example.com/hourly-price");
    assert_eq!(book.price(&own).source, "sheet");
    let m5 = machine("m5.xlarge", "us-east-1", CapacityType::OnDemand);
    assert_eq!(book.price(&m5).source, "list");
}

#[test]
fn labels_and_annotations_of_nodes_are_read_as_prices() {
    let folder = tempfile::tempdir().unwrap();
    let objects = folder.path().join("objects.yaml");
    let node = |name: &str, meta: &str| {
        format!(
            "apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, {meta}}}\n\
             status: {{capacity: {{cpu: '4', memory: 16Gi}}, allocatable: {{cpu: '4', memory: 16Gi}}}}\n---\n"
        )
    };
    let text = node("n0", "labels: {example.com/price: '0.5'}")
        + &node(
            "n1",
            "annotations: {example.com/price: '0.25', example.com/token: '1234'}",
        )
        + &node("n2", "labels: {example.com/price: cheap}");
    fs::write(&objects, text).unwrap();
    let config = folder.path().join("kcost.yaml");
    fs::write(&config, "node-price: example.com/price\n").unwrap();
    let run = |args: &[&str]| {
        let base = ["costs", "-o", "json", "--objects"];
        let seen = Kcost::new().inside(folder.path()).args(base).arg(&objects);
        seen.args(args).run()
    };
    let report: Value = run(&[]).ended(0).json();
    let nodes = report["nodes"].as_array().unwrap();
    let of = |at: usize| (&nodes[at]["hourly_cost"], &nodes[at]["price_source"]);
    assert_eq!(of(0), (&"0.50".into(), &"node".into()));
    assert_eq!(of(1), (&"0.25".into(), &"node".into()));
    assert_eq!(nodes[2]["price_source"], "default");
    let seen = run(&["--node-price", "example.com/team"]).ended(2);
    assert!(
        seen.stderr.contains("neither `price` nor `cost`"),
        "{}",
        seen.stderr
    );
}

#[test]
fn prices_explains_a_node() {
    let name = DEMO.cluster.nodes[0].name.clone();
    let args = ["prices", "--demo", "--node", &name];
    let seen = Kcost::new().args(args).run().ended(0);
    insta::assert_snapshot!(seen.stdout);
    let report = Kcost::new()
        .args(args)
        .args(["-o", "json"])
        .run()
        .ended(0)
        .json();
    let one = &report["prices"][0];
    assert_eq!(one["node"], name.as_str());
    assert!(one["cpu_core_hourly_cost"].is_string());
    let wrong = ["prices", "--demo", "--node", "ip-10-0-19-49"];
    let seen = Kcost::new().args(wrong).run().ended(2);
    assert!(seen.stderr.contains("there is no node"), "{}", seen.stderr);
}

#[test]
fn another_currency_needs_a_way_from_dollars() {
    let text = "currency: EUR\nusd: 0.9\nprices:\n- {pool: own, core: 0.01, gib: 0.002}\n";
    let book = Book::with_sheet(Sheet::parse("mine.yaml", text).unwrap());
    assert_eq!(&*book.currency(), "EUR");
    let listed = book.price(&machine("m5.xlarge", "us-east-1", CapacityType::OnDemand));
    assert_eq!(listed.hourly, money("0.192").scale(0.9));
    let mut own = node("n1", CapacityType::OnDemand);
    own.pool = Some("own".to_owned());
    let own = book.price(&own);
    assert_eq!(own.hourly, money("0.072"));
    let without = "instance_type,price,currency\nm5.xlarge,0.1,EUR\n";
    let error = Sheet::parse("mine.csv", without).unwrap_err();
    assert!(
        error.to_string().contains("in EUR what nodes cost"),
        "{error}"
    );
    assert!(error.hint.is_some());
    let for_any = "instance_type,price,core,gib,currency\nm5.xlarge,0.1,,,EUR\n,,0.02,0.003,EUR\n";
    let sheet = Sheet::parse("mine.csv", for_any).unwrap();
    assert_eq!(sheet.currency, "EUR".parse::<Currency>().unwrap());
    // Nor are dollars of disks and load balancers euros.
    let book = Book::with_sheet(sheet);
    let mut own = node("n0", CapacityType::OnDemand);
    own.provider = Some("aws".to_owned());
    let cluster = Cluster {
        nodes: vec![own],
        ..Cluster::default()
    };
    let volume = OfVolume {
        class: Some("gp3"),
        ..OfVolume::default()
    };
    assert_eq!(book.volume(volume, &cluster).price, None);
    let one = Rules {
        ports: 1,
        protocols: 1,
    };
    assert_eq!(book.load_balancers(&[one], &cluster).1.price, None);
}

#[test]
fn a_wrong_sheet_says_where_and_what_was_meant() {
    let wrong = |name: &str, text: &str| Sheet::parse(name, text).unwrap_err().to_string();
    insta::assert_snapshot!(wrong("p.csv", "instance_typ,price\nx,1\n"), @"p.csv:1:1: `instance_typ` is not a column; did you mean `instance_type`?");
    insta::assert_snapshot!(wrong("p.csv", "instance_type,price\nx,1\ny,\"1,5\"\n"), @"p.csv:3:2: `1,5` is not an amount such as `0.384`");
    insta::assert_snapshot!(wrong("p.csv", "instance_type,price\nx,-1\n"), @"p.csv:2:2: `-1` is below 0");
    insta::assert_snapshot!(wrong("p.csv", "instance_type,price\nx\n"), @"p.csv:2:1: the row has more or fewer cells than the header");
    insta::assert_snapshot!(wrong("p.csv", "instance_type,capacity_type,price\nx,reserved,1\n"), @"p.csv:2:2: `reserved` is not `on-demand` or `spot`");
    insta::assert_snapshot!(wrong("p.csv", "instance_type,price\n"), @"p.csv: the sheet has no row with a price");
    insta::assert_snapshot!(wrong("p.csv", "instance_type,region,price\nx,y,\n"), @"p.csv:2:1: the row has no price: fill `price`, or `core` and `gib`");
    let yaml = [
        "prices:\n- {instance_type: x, price: 1}\ndiscount: 3\n",
        "discounts:\n- {percent: 120}\n",
        "prices:\n- {instance_type: x}\n",
        "prices:\n- {instance_type: x, prize: 1}\n",
        "prices: [\n",
        "date: 2026\ncurrency: EURO\n",
        "prices:\n- {instance_type: x, price: 1}\n- instance_type: y\n  price: 1\n  capacity_type: spto\n",
        "prices:\n- instance_type: y\n  price: 1,5\n",
        "commitments:\n- instance_type: x\n  covered_nodes: 0\n  discount_percent: 10\n",
        "commitments:\n- {instance_type: x, discount_percent: 10}\n",
        "discounts:\n- {provider: aws, percnt: 10}\n",
        "storage: {gp3: cheap}\n",
        "load_balancer: 99999999999999999999\n",
        "usd: 1e300\ncurrency: EUR\n",
    ];
    insta::assert_snapshot!(wrong("p.csv", "instance_type,price,price\nx,1,2\n"), @"p.csv:1:3: `price` is a column twice");
    insta::assert_snapshot!(yaml.map(|it| wrong("p.yaml", it)).join("\n"));
}

#[test]
fn a_sheet_is_read_by_every_command_that_shows_money() {
    let folder = tempfile::tempdir().unwrap();
    let sheet = folder.path().join("p.yaml");
    fs::write(
        &sheet,
        "currency: EUR\nprices:\n- {core: 0.05, gib: 0.005, gpu: 1}\n",
    )
    .unwrap();
    let sheet = sheet.to_str().unwrap();
    for command in [
        &["analyze"][..],
        &["explain", "shop/api-gateway"],
        &["costs"],
    ] {
        let more = ["-o", "json", "--window", "1d", "--prices", sheet];
        let seen = demo(&[command, &more].concat());
        assert_eq!(seen.exit, 0, "{command:?} {}", seen.stderr);
        let report: Value = serde_json::from_str(&seen.stdout).unwrap();
        assert_eq!(report["currency"], "EUR", "{command:?}");
    }
    let missing = Kcost::new()
        .args(["analyze", "--demo", "--prices", "lits"])
        .run();
    assert_eq!(missing.exit, 2);
    assert!(
        missing.stderr.contains("did you mean `list`?"),
        "{}",
        missing.stderr
    );
}

#[test]
fn prices_explains_a_type() {
    let seen = Kcost::new()
        .args(["prices", "m7i.2xlarge", "--region", "eu-west-1"])
        .run();
    assert_eq!(seen.exit, 0);
    insta::assert_snapshot!(seen.stdout);
    let seen = Kcost::new().args(["prices"]).run();
    insta::assert_snapshot!(seen.stdout);
    let seen = Kcost::new().args(["prices", "m6i.2xlrge"]).run();
    assert_eq!(seen.exit, 2);
    assert!(
        seen.stderr.contains("did you mean `m6i.2xlarge`?"),
        "{}",
        seen.stderr
    );
    let seen = Kcost::new()
        .args(["prices", "p5.48xlarge", "-o", "json"])
        .run();
    let report: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(report["prices"][0]["hourly_cost"], "55.04");
    assert_eq!(report["prices"][0]["gpus"], 8.0);
}

/// Where `KCOST_TEST_DATA` has a list of prices beside it: every figure of the embedded
/// one is in it.
#[test]
fn the_list_agrees_with_published_prices() {
    let folder = std::env::var_os("KCOST_TEST_DATA").map(PathBuf::from);
    let file = folder.and_then(|it| Some(it.parent()?.join("prices.csv")));
    let Some(text) = file.and_then(|it| fs::read_to_string(it).ok()) else {
        return skipped("KCOST_TEST_DATA names no folder with prices beside it");
    };
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let (mut compared, mut wrong) = (0, Vec::new());
    for row in rows.records().map(Result::unwrap) {
        let (provider, region, name) = (&row[0], &row[1], &row[2]);
        if !matches!(provider, "aws" | "azure" | "gcp") {
            continue;
        }
        compared += 1;
        let mut asked = machine(name, region, CapacityType::OnDemand);
        let of = |node: &Node| Book::default().price(node).hourly;
        if of(&asked) != money(&row[7]) {
            wrong.push(format!("{region} {name}"));
        }
        if !row[8].is_empty() {
            asked.capacity_type = CapacityType::Spot;
            if of(&asked) != money(&row[8]) {
                wrong.push(format!("{region} {name} spot"));
            }
        }
    }
    assert!(
        compared > 9_000 && wrong.is_empty(),
        "{wrong:?} of {compared}"
    );
}
