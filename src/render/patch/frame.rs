//! What stands around the text of a form: what changes, why, and what it is worth.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::Patches;
use super::form::{Form, Kind, Sheet};
use crate::change::{Change, Changed, Unplaced};
use crate::price::WorkloadBill;
use crate::recommend::{Confidence, WorkloadAdvice};
use crate::render::words::{pods, state, worth};
use crate::snapshot::{Keeper, Tool, Workload};
use crate::text::{count, escape, for_file, percent};
use crate::units::Money;

/// A file of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub text: String,
}

/// All changes as one text.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn patch_stream(form: &dyn Form, told: &Patches<'_>, out: &mut dyn Write) -> io::Result<()> {
    head(told, out)?;
    total(form, told, out)?;
    if told.changes.is_empty() {
        writeln!(out, "# Nothing needs to change.")?;
    } else {
        let kept = told.changes.iter().filter(|it| is_client_side(it)).count();
        for line in usage(form, ("FILE", false), (kept, told.changes.len())) {
            writeln!(out, "# {line}")?;
        }
    }
    out.write_all(form.opening(told.changes.len()).as_bytes())?;
    for change in &told.changes {
        separate(form.kind(), out)?;
        why(form, change, told, out)?;
        let sheet = Sheet {
            file: None,
            workloads: told.workloads(),
        };
        form.write(change, sheet, out)?;
    }
    for unplaced in &told.unplaced {
        separate(form.kind(), out)?;
        without(unplaced, told, out)?;
    }
    Ok(())
}

/// One file a workload, and what the form has beside them. What has no place is in none.
///
/// # Errors
///
/// Where a text cannot be made.
pub fn patch_files(form: &dyn Form, told: &Patches<'_>) -> io::Result<Vec<File>> {
    let mut files: Vec<File> = Vec::new();
    let mut taken = BTreeSet::new();
    for change in &told.changes {
        let name = free_name(change.workload, form.extension(), &mut taken);
        let mut text = Vec::new();
        head(told, &mut text)?;
        let kept = usize::from(is_client_side(change));
        for line in usage(form, (&name, true), (kept, 1)) {
            writeln!(text, "# {line}")?;
        }
        if form.kind() == Kind::Documents {
            writeln!(text, "---")?;
        }
        why(form, change, told, &mut text)?;
        let sheet = Sheet {
            file: Some(&name),
            workloads: told.workloads(),
        };
        form.write(change, sheet, &mut text)?;
        files.push(File {
            name,
            text: String::from_utf8(text).map_err(io::Error::other)?,
        });
    }
    if let Some((name, body)) = form.beside(&files, &told.changes, told.workloads()) {
        let mut text = Vec::new();
        head(told, &mut text)?;
        total(form, told, &mut text)?;
        text.extend(body.bytes());
        let text = String::from_utf8(text).map_err(io::Error::other)?;
        files.push(File { name, text });
    }
    Ok(files)
}

fn separate(kind: Kind, out: &mut dyn Write) -> io::Result<()> {
    match kind {
        Kind::Documents => writeln!(out, "---"),
        Kind::Commands => writeln!(out),
        Kind::List => Ok(()),
    }
}

/// What the sizes are from.
fn head(told: &Patches<'_>, out: &mut dyn Write) -> io::Result<()> {
    let snapshot = told.snapshot;
    let cluster = escape(&snapshot.cluster.name);
    writeln!(
        out,
        "# Sizes for cluster {cluster}, from usage up to {}.",
        snapshot.taken_at
    )
}

/// Whether fields of it are those of a client-side `kubectl apply`.
fn is_client_side(change: &Change<'_>) -> bool {
    let keeper = change.workload.keeper.as_ref();
    keeper.is_some_and(|it| it.tool == Tool::KubectlApply)
}

/// How to use a form, of objects of which so many are kept by a client-side apply.
fn usage(form: &dyn Form, (file, alone): (&str, bool), (kept, all): (usize, usize)) -> Vec<String> {
    if form.leaves_owners() || kept == 0 {
        return form.usage(file, alone);
    }
    let whose = if kept == all {
        "Made by a client-side `kubectl apply`".to_owned()
    } else {
        format!(
            "{kept} of {} made by a client-side `kubectl apply`",
            count(all, "workload")
        )
    };
    vec![
        format!("{whose}: a server-side apply would take all fields over."),
        "Use `-o strategic` instead, which leaves them to their owner.".to_owned(),
    ]
}

/// What changes, all together.
fn total(form: &dyn Form, told: &Patches<'_>, out: &mut dyn Write) -> io::Result<()> {
    if told.changes.is_empty() {
        return Ok(());
    }
    let changing = || told.changes.iter().filter(|it| form.objects(it) > 0);
    let number: usize = changing().map(|it| form.objects(it)).sum();
    let verb = if number == 1 { "changes" } else { "change" };
    let objects = count(number, "object");
    let restarts: usize = changing().map(Change::restarts).sum();
    let pods = if form.restarts() {
        let verb = if restarts == 1 { "restarts" } else { "restart" };
        format!("{} {verb}", count(restarts, "pod"))
    } else {
        "no pod restarts".to_owned()
    };
    let savings = changing().map(|it| savings(it.advice, told));
    let savings = savings.fold(Money::ZERO, |sum, one| sum + one);
    let worth = worth(savings, &told.bill.currency);
    let condition = form.condition();
    writeln!(
        out,
        "# {objects} {verb}, {pods}; {worth} a month{condition}."
    )
}

pub(super) fn savings(advice: &WorkloadAdvice, told: &Patches<'_>) -> Money {
    let bill = told.bill.workloads.get(advice.workload);
    bill.map_or(Money::ZERO, WorkloadBill::savings)
}

/// The comment before a change.
fn why(
    form: &dyn Form,
    change: &Change<'_>,
    told: &Patches<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    first_line(change.workload, change.advice, told, out)?;
    if let Some(pod) = &change.advice.pod {
        for reason in &pod.reasons {
            writeln!(out, "#   {}", escape(&reason.text))?;
        }
    }
    for changed in change.containers.iter().chain(&change.injected) {
        reasons(changed, out)?;
    }
    if let Some(undone) = form.undone(change) {
        writeln!(out, "# {}", escape(&undone))?;
    }
    if let Some(peak) = told.peak(change.advice.workload) {
        writeln!(out, "# {}", escape(&peak))?;
    }
    for changed in &change.injected {
        let name = escape(&changed.container.name);
        writeln!(
            out,
            "# {name} is not in the pod template: change it where it is injected"
        )?;
    }
    if let Some(keeper) = &change.workload.keeper {
        kept(keeper, out)?;
    }
    if change.workload.on_delete {
        writeln!(
            out,
            "# Pods that run stay as they are until they are deleted"
        )?;
    }
    if change.workload.is_batch() {
        writeln!(out, "# From the next run on")?;
    }
    Ok(())
}

/// Who, how it is, how many pods, and what the change is worth and takes.
fn first_line(
    workload: &Workload,
    advice: &WorkloadAdvice,
    told: &Patches<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        "# {}: {}, {}, {} a month{}",
        escape(&workload.id.to_string()),
        state(advice.state),
        pods(workload),
        worth(savings(advice, told), &told.bill.currency),
        risk(advice),
    )
}

/// The largest risk that any of its containers takes, and how sure that is.
fn risk(advice: &WorkloadAdvice) -> String {
    let risks = advice.containers.iter().filter_map(|it| it.risk.as_ref());
    let over = risks.filter_map(|risk| Some((risk.memory_over_limit?, risk.horizon)));
    let worst = over.max_by(|a, b| a.0.total_cmp(&b.0));
    let chance = worst.map_or_else(String::new, |(chance, horizon)| {
        let chance = percent(chance);
        format!(
            ", over its memory limit within {}: {chance}",
            horizon.human()
        )
    });
    match advice.confidence {
        Confidence::None => chance,
        confidence => format!("{chance}, confidence {}", confidence.name()),
    }
}

fn reasons(changed: &Changed<'_>, out: &mut dyn Write) -> io::Result<()> {
    let name = escape(&changed.container.name);
    for why in &changed.advice.whys {
        writeln!(out, "#   {name}: {}", escape(&why.text))?;
    }
    Ok(())
}

/// What somebody else keeps has to be changed there, or how not to take it from them.
fn kept(keeper: &Keeper, out: &mut dyn Write) -> io::Result<()> {
    let name = escape(&keeper.to_string());
    match keeper.tool {
        Tool::KubectlApply => writeln!(
            out,
            "# Made by {name}: a server-side apply takes all its fields over, `-o strategic` none"
        ),
        Tool::KubectlServerSide => Ok(()),
        Tool::Helm => writeln!(
            out,
            "# Kept by {name}: change its values too, or its next upgrade may bring the old back"
        ),
        Tool::ArgoCd | Tool::FluxKustomize | Tool::FluxHelm => writeln!(
            out,
            "# Kept by {name}: change its source, or it brings the old sizes back"
        ),
    }
}

/// What has no place in an object.
fn without(unplaced: &Unplaced<'_>, told: &Patches<'_>, out: &mut dyn Write) -> io::Result<()> {
    first_line(unplaced.workload, unplaced.advice, told, out)?;
    let mut unknown = Vec::new();
    for (changed, home) in unplaced.containers.iter().zip(&unplaced.homes) {
        reasons(changed, out)?;
        match home.and_then(|home| super::form::at_home(unplaced, changed, home)) {
            Some(command) => writeln!(out, "#   {command}")?,
            None => unknown.push(changed.container.name.as_str()),
        }
    }
    if unknown.len() == unplaced.containers.len() {
        writeln!(out, "# No patch: {}", escape(&unplaced.why))?;
    } else if !unknown.is_empty() {
        let (names, kind) = (
            escape(&unknown.join(", ")),
            escape(&unplaced.workload.id.kind),
        );
        writeln!(
            out,
            "# No patch of {names}: kcost does not know where a {kind} takes its sizes from"
        )?;
    }
    Ok(())
}

/// A name of a file that no other has: `shop-deployment-api.yaml`.
fn free_name(workload: &Workload, extension: &str, taken: &mut BTreeSet<String>) -> String {
    let id = &workload.id;
    let template = id.template.iter().map(String::as_str);
    let words: Vec<&str> = [id.namespace.as_str(), &id.kind, &id.name]
        .into_iter()
        .chain(template)
        .collect();
    let stem = for_file(&words.join("-").to_lowercase(), '_');
    // File names have 255 bytes.
    let stem: String = stem.chars().take(200).collect();
    let mut name = format!("{stem}.{extension}");
    let mut number = 1;
    while !taken.insert(name.clone()) {
        number += 1;
        name = format!("{stem}-{number}.{extension}");
    }
    name
}
