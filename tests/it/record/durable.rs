//! What is on disk at any moment: killed, torn, full, shared, gone on with.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use super::{Place, codes, lines, small, wait_for};
use crate::common::{Kcost, needs};
use crate::standin::Setup;

#[test]
fn what_was_recorded_survives_kill_9_at_any_moment() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    let mut before = 0;
    // From before anything is written to in the middle of new tables.
    for (round, wait) in [30, 120, 700, 1_450, 2_050, 1_233, 2_611]
        .into_iter()
        .enumerate()
    {
        let mut child = place.start("1h", &["--refresh", "1s"]);
        thread::sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
        if !place.bundle.exists() {
            assert_eq!(before, 0, "round {round}");
            continue;
        }
        let read = place.read();
        let samples = read.usage.samples();
        assert!(samples >= before, "{samples} of {before} in round {round}");
        before = samples;
        let analyzed = Kcost::new()
            .args(["analyze", "-o", "json", "--snapshot"])
            .arg(&place.bundle)
            .run()
            .ended(0);
        assert_eq!(analyzed.json()["workloads"][0]["state"], "unknown");
    }
    assert!(before >= 4, "{before}");
    let longer = format!("{}s", before + 4);
    place.record(&longer, &["--refresh", "2s"]).ended(0);
    let read = place.read();
    assert!(read.usage.samples() > before);
    assert_eq!(place.left_over(), Vec::<String>::new());
}

#[test]
fn every_round_is_on_disk_before_the_next() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    let mut child = place.start("1h", &[]);
    wait_for(|| lines(&place.log()) >= 4);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(place.read().usage.samples() >= 2);
    // The tables alone are whole too: what is not in them is in the log.
    fs::remove_file(place.log()).unwrap();
    assert_eq!(place.read().usage.samples(), 0);
}

#[test]
fn a_torn_line_costs_that_line_alone() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    let mut child = place.start("1h", &[]);
    wait_for(|| lines(&place.log()) >= 6);
    child.kill().unwrap();
    child.wait().unwrap();
    let log = fs::read(place.log()).unwrap();
    let before = place.read();
    assert_eq!(codes(&before), Vec::<&str>::new());
    for cut in [1, 2, 30] {
        fs::write(place.log(), &log[..log.len() - cut]).unwrap();
        let torn = place.read();
        assert_eq!(codes(&torn), ["recording-torn"]);
        assert_eq!(torn.usage.samples(), before.usage.samples() - 1, "{cut}");
    }
    let middle = log.len() / 2;
    let mut bent = log.clone();
    bent[middle] ^= 1;
    fs::write(place.log(), &bent).unwrap();
    assert_eq!(codes(&place.read()), ["recording-torn"]);
    // Going on keeps saying so, and starts a log that is whole.
    place.record("1s", &[]).ended(0);
    assert!(codes(&place.read()).contains(&"recording-torn"));
}

#[test]
fn what_is_no_recording_is_not_gone_on_with() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    fs::create_dir(&place.bundle).unwrap();
    fs::write(place.bundle.join("thesis.txt"), "mine").unwrap();
    place.record("2s", &[]).ended(1);
    assert!(place.bundle.join("thesis.txt").exists());
    fs::remove_dir_all(&place.bundle).unwrap();
    let taken = Kcost::new()
        .env("KUBECONFIG", &place.config)
        .args(["snapshot", "-q", "-o"])
        .arg(&place.bundle)
        .run();
    taken.ended(0);
    let before = place.read();
    insta::assert_snapshot!(place.record("2s", &[]).ended(1).transcript(), @"
    exit: 1
    --- stdout
    --- stderr
    error: r.kcost is a finished snapshot, not a recording that can be continued

    hint: choose another `-o`, or move it away
    ");
    assert_eq!(place.read(), before);
}

#[test]
fn two_recordings_do_not_share_a_folder() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    let mut child = place.start("1h", &[]);
    wait_for(|| lines(&place.log()) >= 3);
    insta::assert_snapshot!(place.record("2s", &[]).ended(1).transcript(), @"
    exit: 1
    --- stdout
    --- stderr
    error: another kcost is recording into r.kcost

    hint: wait for it, or choose another `-o`
    ");
    child.kill().unwrap();
    child.wait().unwrap();
    place.record("2s", &[]).ended(0);
}

#[test]
fn a_disk_that_is_full_ends_it_and_loses_nothing() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    place.record("2s", &[]).ended(0);
    let before = place.read();
    // No file may grow beyond this: what a full disk does, without one.
    let limited = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_kcost"))
        .env("KUBECONFIG", &place.config)
        .args(["snapshot", "--record", "1h", "--every", "1s", "-q", "-o"])
        .arg(&place.bundle)
        .output()
        .unwrap();
    let said = String::from_utf8(limited.stderr).unwrap();
    assert_eq!(limited.status.code(), Some(1), "{said}");
    assert!(said.contains("failed to write"), "{said}");
    assert!(said.contains("check space and permissions there"), "{said}");
    let after = place.read();
    assert!(after.usage.samples() >= before.usage.samples());
    assert_eq!(place.left_over(), Vec::<String>::new());
}

/// Sends a signal to a recording that is under way; gives its exit code, if it ends.
fn signalled(place: &Place, child: &mut Child, kill: &Path, signal: &str) -> Option<i32> {
    wait_for(|| lines(&place.log()) >= 5);
    let sent = Command::new(kill)
        .args([&format!("-{signal}"), &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(5) {
        if let Some(ended) = child.try_wait().unwrap() {
            return ended.code();
        }
        thread::sleep(Duration::from_millis(20));
    }
    None
}

#[test]
fn ctrl_c_and_orderly_signals_leave_all_samples_and_nothing_else() {
    let Some(kill) = needs("kill") else { return };
    let standin = Setup::new(small()).ticking().start();
    for signal in ["INT", "TERM", "HUP", "QUIT"] {
        let place = Place::new(&standin);
        let mut child = place.start("1h", &[]);
        let ended = signalled(&place, &mut child, &kill, signal);
        assert_eq!(ended, Some(130), "{signal}");
        assert!(place.read().usage.samples() >= 3);
        assert_eq!(place.left_over(), Vec::<String>::new());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_hangup_that_was_to_be_ignored_ends_nothing() {
    let Some(kill) = needs("kill") else { return };
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    // As `nohup` does.
    let mut child = Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_kcost"))
        .env("KUBECONFIG", &place.config)
        .args(["snapshot", "--record", "1h", "--every", "1s", "-qq", "-o"])
        .arg(&place.bundle)
        .spawn()
        .unwrap();
    assert_eq!(signalled(&place, &mut child, &kill, "HUP"), None);
    assert_eq!(signalled(&place, &mut child, &kill, "TERM"), Some(130));
}

#[test]
fn of_two_recordings_that_begin_at_once_one_goes_on() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    let mut both = [place.start("1h", &[]), place.start("1h", &[])];
    wait_for(|| {
        let ended = both.iter_mut().filter_map(|it| it.try_wait().unwrap());
        ended.count() == 1
    });
    let before = lines(&place.log());
    wait_for(|| lines(&place.log()) > before);
    let mut codes = Vec::new();
    for child in &mut both {
        codes.extend(child.try_wait().unwrap().map(|ended| ended.code()));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(codes, [Some(1)]);
    assert_eq!(place.left_over(), Vec::<String>::new());
}

#[test]
fn what_someone_puts_into_a_recording_outlives_its_new_tables() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    place.record("1s", &[]).ended(0);
    fs::write(place.bundle.join("notes.md"), "mine").unwrap();
    place.record("2s", &[]).ended(0);
    assert_eq!(fs::read(place.bundle.join("notes.md")).unwrap(), b"mine");
    assert_eq!(place.left_over(), Vec::<String>::new());
}

#[test]
fn a_recording_ends_where_something_else_takes_its_place() {
    let standin = Setup::new(small()).ticking().start();
    let place = Place::new(&standin);
    let other = place.folder.path().join("demo.kcost");
    Kcost::new()
        .args(["snapshot", "--demo", "-q", "-o"])
        .arg(&other)
        .run()
        .ended(0);
    let mut child = place.start("1h", &["--refresh", "2s"]);
    wait_for(|| lines(&place.log()) >= 3);
    fs::rename(&place.bundle, place.folder.path().join("moved.kcost")).unwrap();
    fs::rename(&other, &place.bundle).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(place.read().cluster.name, "demo");
}
