//! Makes the list of prices that the program holds from the figures that people keep, and
//! holds the one against the other: `KCOST_UPDATE=1 cargo test --test it figures`.

use std::fmt::Write as _;
use std::fs;

use kcost::price::{Book, entries, regions};
use kcost::snapshot::{CapacityType, Node};
use kcost::units::Money;

use crate::common::repository;

const FIGURES: &str = "src/price/list/figures";
const LIST: &str = "src/price/list/list.txt";

/// Files, and what the provider is called in nodes.
const PROVIDERS: [(&str, &str); 3] = [("aws", "aws"), ("azure", "azure"), ("gcp", "gce")];

fn rows(file: &str) -> Vec<Vec<String>> {
    let path = repository(FIGURES).join(file);
    let text = fs::read_to_string(&path).unwrap();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| row.iter().map(str::to_owned).collect())
        .collect()
}

/// `.384` of `0.3840`.
fn amount(text: &str) -> String {
    let money: Money = text.parse().unwrap_or_else(|error| panic!("{error}"));
    assert!(money > Money::ZERO, "{text} is no price");
    let exact = money.exact();
    let short = exact.trim_end_matches('0').trim_end_matches('.');
    short.strip_prefix('0').unwrap_or(short).to_owned()
}

fn cell(text: &str, first: Option<&str>) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    let (mark, rest) = match text.strip_prefix('~') {
        Some(rest) => ("~", rest),
        None => ("", text),
    };
    let (on_demand, spot) = match rest.split_once('/') {
        Some((on_demand, spot)) => (amount(on_demand), format!("/{}", amount(spot))),
        None => (amount(rest), String::new()),
    };
    let shown = if first == Some(&*on_demand) {
        "="
    } else {
        &on_demand
    };
    format!("{mark}{shown}{spot}")
}

/// One type.
fn line(row: &[String]) -> String {
    let size = |text: &str| match text {
        "" => "?".to_owned(),
        text => text.to_owned(),
    };
    let gpus = match (&*row[3], &*row[4]) {
        ("", _) => "-".to_owned(),
        (model, "") => format!("{model}*?"),
        (model, count) => format!("{model}*{count}"),
    };
    let on_demand = row[5]
        .trim_start_matches('~')
        .split('/')
        .next()
        .unwrap_or("");
    let first = (!on_demand.is_empty()).then(|| amount(on_demand));
    let cells = row[5..].iter().enumerate().map(|(at, text)| {
        let first = first.as_deref().filter(|_| at > 0);
        cell(text, first)
    });
    let mut words = vec![row[0].clone(), size(&row[1]), size(&row[2]), gpus];
    words.extend(cells);
    while words.last().is_some_and(|it| it == "-") && words.len() > 4 {
        words.pop();
    }
    words.join(" ")
}

/// The whole list.
fn generated() -> String {
    let mut list = String::from(
        "# Made from figures/ by `KCOST_UPDATE=1 cargo test --test it figures`: change those.\n",
    );
    let dates = rows("regions.csv");
    for (file, provider) in PROVIDERS {
        let table = rows(&format!("{file}.csv"));
        let _ = write!(list, "@{provider}");
        for region in &table[0][5..] {
            let dated = dates.iter().find(|it| it[0] == file && it[1] == *region);
            let dated = dated.unwrap_or_else(|| panic!("{region} has no date"));
            let _ = write!(list, " {region}={}", dated[2]);
        }
        list.push('\n');
        let mut names: Vec<&str> = Vec::new();
        for row in &table[1..] {
            assert!(!names.contains(&&*row[0]), "{} is there twice", row[0]);
            names.push(&row[0]);
            list.push_str(&line(row));
            list.push('\n');
        }
    }
    list
}

#[test]
fn the_list_is_made_from_the_figures() {
    let path = repository(LIST);
    let made = generated();
    if std::env::var_os("KCOST_UPDATE").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let held = fs::read_to_string(&path).unwrap();
    let mut lines = held.lines().zip(made.lines());
    let differs = lines.find(|(held, made)| held != made);
    assert!(
        held == made,
        "{LIST} is not what its figures make, first at {differs:?}: see {FIGURES}/README.md"
    );
}

/// The program says of every figure what the file does, quote or not.
#[test]
fn every_figure_is_what_the_program_says() {
    let book = Book::default();
    let mut compared = 0;
    for (file, provider) in PROVIDERS {
        let table = rows(&format!("{file}.csv"));
        for row in &table[1..] {
            for (region, text) in table[0][5..].iter().zip(&row[5..]) {
                let known = regions().find(|it| it.name == *region).unwrap();
                let entry = entries().find(|it| it.name == row[0]).unwrap();
                assert_eq!(entry.cell(known).is_some(), !text.is_empty());
                if text.is_empty() {
                    continue;
                }
                let price = book.price(&Node {
                    instance_type: Some(row[0].clone()),
                    region: Some(region.clone()),
                    provider: Some(provider.to_owned()),
                    capacity_type: CapacityType::OnDemand,
                    ..Node::default()
                });
                let (mark, figure) = match text.strip_prefix('~') {
                    Some(rest) => ("inferred", rest),
                    None => ("quoted", &**text),
                };
                let figure = figure.split('/').next().unwrap_or_default();
                assert_eq!(price.hourly, figure.parse().unwrap(), "{}", row[0]);
                assert_eq!(price.basis.name(), mark, "{} in {region}", row[0]);
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 9_721);
}
