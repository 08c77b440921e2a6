//! What is told to a person fits a person: sentences, pages and lists.

use kcost::explain;
use kcost::pipeline::{self, Analysis};
use kcost::progress::Silent;
use kcost::render::{self, Look, View};

use crate::demo::DEMO;
use crate::made::settings;

/// Characters that a sentence may have.
const SENTENCE: usize = 160;

pub fn look(width: Option<usize>) -> Look {
    Look {
        verbose: false,
        explain: None,
        width,
        color: false,
        unicode: true,
        program: "kcost",
        command: "kcost analyze --demo".to_owned(),
        view: View::default(),
    }
}

pub fn drawn(analysis: &Analysis<'_>, format: &str, look: &Look) -> String {
    let mut out = Vec::new();
    let renderer = render::by_name(format).unwrap();
    renderer.render(analysis, look, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Every text that is told without `-v`.
fn told(analysis: &Analysis<'_>) -> Vec<String> {
    let mut told = Vec::new();
    for advice in &analysis.advised.workloads {
        told.extend(advice.headline.iter().map(|it| it.text.clone()));
        for container in &advice.containers {
            told.extend(container.whys.iter().map(|why| why.text.clone()));
            if container.whys.is_empty() && container.risk.is_none() {
                told.extend(container.reasons.first().map(|it| it.text.clone()));
            }
        }
    }
    for gap in &analysis.snapshot.gaps {
        told.push(gap.text.clone());
        told.extend(gap.hint.clone());
    }
    let table = drawn(analysis, "table", &look(None));
    // Cells of a table, and a fact beside its name, stand two spaces apart.
    let cells = table.lines().flat_map(|line| line.split("  "));
    told.extend(cells.map(|cell| cell.trim().to_owned()));
    told
}

#[test]
fn sentences_and_pages_of_the_demo_are_short() {
    let mut snapshot = DEMO.clone();
    let settings = settings();
    let asked = vec![true; snapshot.workloads.len()];
    let grid = snapshot.usage.grid;
    let analysis = pipeline::analyze_part(&mut snapshot, &asked, &settings, &Silent);
    for text in told(&analysis) {
        assert!(text.chars().count() <= SENTENCE, "{text}");
    }
    let wide = drawn(&analysis, "wide", &look(Some(100)));
    assert!(wide.lines().count() < 80, "{wide}");
    for index in 0..analysis.advised.workloads.len() {
        let story = explain::explain(&analysis, index, 200);
        let mut out = Vec::new();
        render::explanation_text(&story, grid, &look(Some(80)), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        // What is about to break comes on top of it, where there is something.
        let page = text.split("\nRisks\n").next().unwrap_or_default();
        assert!(page.lines().count() < 60, "{page}");
    }
}
