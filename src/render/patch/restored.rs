//! What is taken back from a cluster.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::applied::became;
use crate::apply::{Back, Field, Outcome, State, Why};
use crate::render::json;
use crate::render::json_v1::Window;
use crate::text::escape;
use crate::units::Currency;

/// What is taken back, and what became of that; before it is written, what is to be.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn restored_text(backs: &[Back], outcomes: &[Outcome], out: &mut dyn Write) -> io::Result<()> {
    for (place, back) in backs.iter().enumerate() {
        let object = escape(&back.write.object.to_string());
        match (outcomes.get(place), &back.refused) {
            (Some(outcome), _) => writeln!(out, "{object}: {}", ended(back, outcome))?,
            (None, Some(why)) => {
                writeln!(out, "{object}: cannot be restored: {}", escape(&why.text))?;
            }
            (None, None) => {
                writeln!(out, "{object}")?;
                for field in &back.write.fields {
                    writeln!(out, "  {}", escape(&turn(field)))?;
                }
            }
        }
        for (_, why) in &back.stays {
            writeln!(out, "  left alone: {}", escape(&why.text))?;
        }
    }
    Ok(())
}

fn ended(back: &Back, outcome: &Outcome) -> String {
    let what = match outcome.state {
        State::Applied => "restored",
        State::Partly => "restored in part",
        // The fields say why, each on a line of its own.
        State::Refused if back.kept().is_some() && outcome.why == back.kept() => {
            return "not restored".to_owned();
        }
        State::Refused => {
            let text = became(outcome, &back.workload);
            return text.replacen("not applied", "not restored", 1);
        }
        _ => return became(outcome, &back.workload),
    };
    match outcome.seconds {
        Some(seconds) => format!("{what}, through after {seconds} s"),
        None => what.to_owned(),
    }
}

/// `spec.….cpu: 250m → 1`, from what is there to what was.
fn turn(field: &Field) -> String {
    let shown = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => "none".to_owned(),
    };
    let (now, then) = (shown(field.before.as_ref()), shown(field.after.as_ref()));
    if field.stands() {
        return format!("{}: {now} already", field.path);
    }
    format!("{}: {now} → {then}", field.path)
}

#[derive(Serialize)]
struct Restored<'a> {
    schema: &'static str,
    tool_version: &'static str,
    taken_at: Option<String>,
    cluster: Name<'a>,
    window: Option<Window>,
    currency: Option<Currency>,
    action: &'static str,
    run: Option<&'a str>,
    of: &'a str,
    dry_run: bool,
    changes: Vec<Restoring<'a>>,
    gaps: [(); 0],
}

#[derive(Serialize)]
struct Name<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Restoring<'a> {
    namespace: &'a str,
    kind: &'a str,
    name: &'a str,
    fields: Vec<Turned<'a>>,
    /// Null where nothing was tried and nothing stands against it.
    outcome: Option<&'static str>,
    why: Option<Why>,
    seconds: Option<u64>,
}

/// One field, from what is there now to what was there before the run.
#[derive(Serialize)]
struct Turned<'a> {
    #[serde(flatten)]
    field: &'a Field,
    outcome: Option<&'static str>,
    why: Option<&'a Why>,
}

/// For programs, `kcost.changes/v1`.
///
/// # Errors
///
/// Where `out` takes no more.
pub fn restored_json(
    (cluster, of, run): (&str, &str, Option<&str>),
    backs: &[Back],
    outcomes: &[Outcome],
    out: &mut dyn Write,
) -> io::Result<()> {
    let changes = backs.iter().enumerate();
    let changes = changes.map(|(place, back)| restoring(back, outcomes.get(place)));
    let report = Restored {
        schema: "kcost.changes/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        taken_at: None,
        cluster: Name { name: cluster },
        window: None,
        currency: None,
        action: "rollback",
        run,
        of,
        dry_run: run.is_none(),
        changes: changes.collect(),
        gaps: [],
    };
    json::write(&report, out)
}

fn restoring<'a>(back: &'a Back, outcome: Option<&'a Outcome>) -> Restoring<'a> {
    let object = &back.write.object;
    let refused = State::Refused.name();
    let (state, why) = if let Some(outcome) = outcome {
        (Some(outcome.state.name()), outcome.why.clone())
    } else {
        let nothing = back.refused.is_some() || back.write.fields.is_empty();
        let why = back.refused.clone().or_else(|| back.kept());
        (nothing.then_some(refused), why)
    };
    let written = back.write.fields.iter().map(|field| {
        let (outcome, why) = of_field(back, field, outcome);
        Turned {
            field,
            outcome,
            why,
        }
    });
    let stays = back.stays.iter().map(|(field, why)| Turned {
        field,
        outcome: Some(refused),
        why: Some(why),
    });
    Restoring {
        namespace: &object.namespace,
        kind: &object.kind,
        name: &object.name,
        fields: written.chain(stays).collect(),
        outcome: state,
        why,
        seconds: outcome.and_then(|it| it.seconds),
    }
}

/// What became of a field that nobody has changed since.
fn of_field<'a>(
    back: &'a Back,
    field: &Field,
    outcome: Option<&'a Outcome>,
) -> (Option<&'static str>, Option<&'a Why>) {
    let Some(outcome) = outcome else {
        let refused = back.refused.as_ref();
        return (refused.map(|_| State::Refused.name()), refused);
    };
    match outcome.state {
        _ if field.stands() => (Some(State::Already.name()), None),
        State::Applied | State::Partly => (Some(State::Applied.name()), None),
        state => (Some(state.name()), outcome.why.as_ref()),
    }
}
