//! Runs that are ended from outside, and a log that is not what was written.

use std::fs;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::World;
use crate::common::needs;
use crate::standin::{Moment, PATIENCE};

/// Ends a run at one of its writes.
pub fn killed(world: &World, number: usize, moment: Moment, args: &[&str]) {
    let bundle = world.bundle("then.kcost");
    let mut held = None;
    world.standin.writing(|it| {
        held = Some(it.held());
        it.hold(number, moment);
    });
    let mut child = world
        .applying(&bundle)
        .args(["--yes", "--wave", "100%"])
        .args(args)
        .start();
    held.unwrap().recv_timeout(PATIENCE).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    world.standin.writing(|it| it.hold = None);
}

#[test]
fn a_run_that_is_killed_at_any_write_is_brought_to_its_end() {
    for number in 1..=4 {
        for moment in [Moment::Before, Moment::After] {
            let world = World::new();
            let before = world.specs();
            killed(&world, number, moment, &[]);
            let there = number - usize::from(moment == Moment::Before);
            assert_eq!(world.taken().len(), there);
            assert_eq!(world.runs()[0]["ended"], serde_json::Value::Null);

            // It knows what is there, and writes the rest.
            let seen = world
                .apply(&["--yes", "-o", "json", "--wave", "100%"])
                .ended(0);
            assert!(seen.stderr.contains("was interrupted"), "{}", seen.stderr);
            let taken = world.taken();
            let mut once = taken.clone();
            once.sort();
            once.dedup();
            assert_eq!(
                (taken.len(), once.len()),
                (4, 4),
                "{number} {moment:?}: {taken:?}"
            );
            assert_eq!(world.wanted(), [serde_json::Value::Null; 0]);

            // Nothing is lost: both runs together take all of it back.
            let runs = world.runs();
            assert_eq!(runs[0]["ended"], "interrupted");
            assert_eq!(runs[0]["objects_changed"], there, "{number} {moment:?}");
            for run in runs.iter().rev() {
                world
                    .rollback(&[run["run"].as_str().unwrap(), "--yes"])
                    .ended(0);
            }
            assert_eq!(world.specs(), before);
        }
    }
}

#[test]
fn a_run_that_was_killed_can_be_rolled_back_at_once() {
    for (number, moment) in [(1, Moment::Before), (1, Moment::After), (3, Moment::After)] {
        let world = World::new();
        let before = world.specs();
        killed(&world, number, moment, &[]);
        let run = world.last_run();
        world.rollback(&[&run, "--yes"]).ended(0);
        assert_eq!(world.specs(), before);
        assert_eq!(world.runs()[0]["ended"], "interrupted");
    }
}

#[test]
fn a_log_that_somebody_changed_is_refused() {
    let world = World::new();
    world.apply(&["--yes", "api"]).ended(0);
    let path = world.path("log").join("audit.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"2\"", "\"3\"", 1)).unwrap();
    let run = world.rollback(&["--list"]).ended(1);
    assert!(
        run.stderr.contains("is not what was written: line"),
        "{}",
        run.stderr
    );
    let taken = world.taken();
    let seen = world.apply(&["--yes"]).ended(1);
    assert!(
        seen.stderr.contains("keep it for whoever looks into that"),
        "{}",
        seen.stderr
    );
    assert_eq!(world.taken(), taken);
    let lines: Vec<&str> = text.lines().collect();
    fs::write(&path, format!("{}\n", lines[1..].join("\n"))).unwrap();
    world.rollback(&["--list"]).ended(1);
    // Lines that are gone from the end.
    let (number, kept) = (lines.len(), lines.len() - 2);
    fs::write(&path, format!("{}\n", lines[..kept].join("\n"))).unwrap();
    for args in [&["--list"][..], &["some-run", "--yes"]] {
        let seen = world.rollback(args).ended(1);
        let said = format!("it has {kept} lines, its head says {number}");
        assert!(seen.stderr.contains(&said), "{}", seen.stderr);
    }
    let seen = world.apply(&["--yes"]).ended(1);
    assert!(
        seen.stderr.contains("is shorter than what was written"),
        "{}",
        seen.stderr
    );
    assert_eq!(world.taken(), taken);
    fs::write(&path, &text).unwrap();
    let seen = world.rollback(&["--list"]).ended(0);
    assert!(
        seen.stdout
            .contains("apply on standin by tester: done, 1 object changed"),
        "{}",
        seen.stdout
    );
    assert!(seen.stdout.contains("The log is whole"), "{}", seen.stdout);
    // Its end together with its head.
    let head = world.path("log").join("audit.head");
    let whole = fs::read(&head).unwrap();
    fs::remove_file(&head).unwrap();
    fs::write(&path, format!("{}\n", lines[..kept].join("\n"))).unwrap();
    for args in [&["--list"][..], &["some-run", "--yes"]] {
        let seen = world.rollback(args).ended(1);
        let said = format!("has lost its head: it has {kept} lines");
        assert!(seen.stderr.contains(&said), "{}", seen.stderr);
    }
    world.apply(&["--yes"]).ended(1);
    assert_eq!(world.taken(), taken);
    // All of it: the file of the run tells.
    fs::remove_file(&path).unwrap();
    let seen = world.rollback(&["--list"]).ended(1);
    assert!(
        seen.stderr.contains("it has no line, and 1 run beside it"),
        "{}",
        seen.stderr
    );
    fs::write(&head, whole).unwrap();
}

/// What a run says that Ctrl-C ends.
fn ended(child: Child, kill: &std::path::Path) -> String {
    let id = child.id().to_string();
    let sent = Command::new(kill).args(["-INT", &id]).status();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(sent.unwrap().success(), "{said}");
    assert_eq!(output.status.code(), Some(130), "{said}");
    said
}

#[test]
fn ctrl_c_tells_what_is_changed_and_the_next_run_watches_it() {
    let Some(kill) = needs("kill") else { return };
    let world = World::new();
    let before = world.specs();
    let bundle = world.bundle("then.kcost");
    let run = world.command("apply").arg("--snapshot").arg(&bundle);
    let watched = ["--watch", "10m", "--max-cut", "100%", "--yes", "api"];
    let mut child = run.args(watched).begin();
    let begun = Instant::now();
    let is_there = || !world.taken().is_empty() && world.runs()[0]["objects_changed"] == 1;
    while !is_there() && child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < PATIENCE);
        sleep(Duration::from_millis(50));
    }
    let said = ended(child, &kill);
    let run = world.last_run();
    for told in [
        format!("run {run} was interrupted: 1 object changed, and nobody watches that now"),
        "\n  shop/Deployment/api\n".to_owned(),
        format!("rollback {run}` takes it back"),
        "apply` again".to_owned(),
    ] {
        assert!(said.contains(&told), "{told}: {said}");
    }

    let seen = world.apply_of(&bundle, &["--yes", "api"]).ended(0);
    let told = "the watch of its last wave, 1 workload, had never ended: it was watched anew";
    assert!(seen.stderr.contains(told), "{}", seen.stderr);
    world.rollback(&[&run, "--yes"]).ended(0);
    assert_eq!(world.specs(), before);
}

#[test]
fn ctrl_c_tells_of_a_write_that_has_no_answer() {
    let Some(kill) = needs("kill") else { return };
    let world = World::new();
    let bundle = world.bundle("then.kcost");
    let mut held = None;
    world.standin.writing(|it| {
        held = Some(it.held());
        it.hold(2, Moment::Before);
    });
    let run = world.applying(&bundle).args(["--yes", "--wave", "100%"]);
    let child = run.args(["api", "db"]).begin();
    held.unwrap().recv_timeout(PATIENCE).unwrap();
    let said = ended(child, &kill);
    assert!(said.contains("1 object changed"), "{said}");
    assert!(said.contains("may be changed, no answer came"), "{said}");
    world.standin.writing(|it| it.hold = None);
    let run = world.last_run();
    let seen = world.rollback(&[&run, "--yes"]).ended(0);
    let told = "had never ended: what that changed is unwatched";
    assert!(seen.stderr.contains(told), "{}", seen.stderr);
}

#[test]
fn ctrl_c_of_a_rollback_tells_what_is_restored_and_the_way_on() {
    let Some(kill) = needs("kill") else { return };
    let world = World::new();
    let before = world.specs();
    let bundle = world.bundle("then.kcost");
    let run = world.applying(&bundle).args(["--yes", "--wave", "100%"]);
    run.args(["api", "db"]).run().ended(0);
    let run = world.last_run();
    let mut held = None;
    world.standin.writing(|it| {
        held = Some(it.held());
        it.hold(2, Moment::Before);
    });
    let child = world.command("rollback").args([&*run, "--yes"]).begin();
    held.unwrap().recv_timeout(PATIENCE).unwrap();
    let said = ended(child, &kill);
    let own = world.last_run();
    assert_ne!(own, run);
    for told in [
        format!("run {own} was interrupted: 1 object restored"),
        "may be changed, no answer came".to_owned(),
        format!("rollback {run}` again"),
    ] {
        assert!(said.contains(&told), "{told}: {said}");
    }
    world.standin.writing(|it| it.hold = None);
    world.rollback(&[&run, "--yes"]).ended(0);
    assert_eq!(world.specs(), before);
}
