//! The command line as a person and a script see it.

use std::fs;

use crate::common::{Kcost, demo_week, repository};

const SHELLS: [(&str, &str); 5] = [
    ("bash", "kcost.bash"),
    ("elvish", "kcost.elv"),
    ("fish", "kcost.fish"),
    ("powershell", "_kcost.ps1"),
    ("zsh", "_kcost"),
];

/// The file in the repository, which `KCOST_UPDATE=1` rewrites.
fn assert_fresh(path: &str, made: &str) {
    let file = repository(path);
    if std::env::var_os("KCOST_UPDATE").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, made).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == made,
        "{path} is stale: run the tests with KCOST_UPDATE=1"
    );
}

#[test]
fn completions_are_fresh() {
    for (shell, file) in SHELLS {
        let made = Kcost::new().args(["completions", shell]).run().ended(0);
        assert_fresh(&format!("completions/{file}"), &made.stdout);
    }
}

/// Every subcommand, as `kcost --help` lists them.
fn subcommands() -> Vec<String> {
    let help = Kcost::new().arg("--help").run().ended(0).stdout;
    let (list, _) = help.split_once("\nOptions:").unwrap();
    let lines = list.lines().filter(|line| line.starts_with("  "));
    let names = lines.map(|line| line.split_whitespace().next().unwrap().to_owned());
    names.filter(|name| name != "help").collect()
}

#[test]
fn manual_pages_are_fresh() {
    let root = Kcost::new().arg("man").run().ended(0);
    assert_fresh("completions/kcost.1", &root.stdout);
    let pages = subcommands();
    assert!(pages.len() >= 8, "{pages:?}");
    for page in pages {
        let made = Kcost::new().args(["man", &page]).run().ended(0);
        assert_fresh(&format!("completions/kcost-{page}.1"), &made.stdout);
        assert!(
            root.stdout.contains(&format!("kcost\\-{page}(1)")),
            "{page}"
        );
    }
    let unknown = Kcost::new().args(["man", "nonsense"]).run().ended(2);
    assert_eq!(unknown.stdout, "");
}

#[test]
fn a_manual_page_tells_of_every_flag_what_it_does_and_where_else_it_is_set() {
    for page in subcommands() {
        let text = Kcost::new().args(["man", &page]).run().ended(0).stdout;
        let synopsis = text.split(".SH SYNOPSIS\n").nth(1).unwrap();
        let synopsis = synopsis.lines().next().unwrap();
        assert!(synopsis.len() < 80, "{synopsis}");
        for flag in text.split(".TP\n").skip(1) {
            let mut lines = flag.lines();
            let name = lines.next().unwrap();
            let says = lines.next().unwrap_or_default();
            assert!(says.len() > 5 && !says.starts_with('.'), "{page}: {name}");
        }
    }
    let analyze = Kcost::new().args(["man", "analyze"]).run().ended(0).stdout;
    let flag = |name: &str| {
        let mut flags = analyze.split(".TP\n");
        flags.find(|flag| flag.lines().next().unwrap().contains(name))
    };
    let flag = flag("min\\-history").unwrap();
    for text in ["[default: ", "less history", "KCOST_MIN_HISTORY"] {
        assert!(flag.contains(text), "{text}\n{flag}");
    }
}

#[test]
fn short_help_fits_a_screen_and_long_help_has_the_rest() {
    let short = Kcost::new().args(["analyze", "-h"]).run().ended(0);
    assert!(short.stdout.lines().count() <= 55, "{}", short.stdout);
    assert!(
        short.stdout.lines().all(|line| line.chars().count() <= 100),
        "{}",
        short.stdout
    );
    let long = Kcost::new().args(["analyze", "--help"]).run().ended(0);
    for text in [
        "Exit codes:",
        "10   a gate failed",
        "KCOST_GOAL",
        "Examples:",
        "cost-waste",
    ] {
        assert!(long.stdout.contains(text), "{text}\n{}", long.stdout);
    }
    assert_eq!(long.stderr, "");
}

#[test]
fn help_of_every_subcommand() {
    for args in [
        vec!["-h"],
        vec!["analyze", "-h"],
        vec!["explain", "-h"],
        vec!["backtest", "-h"],
        vec!["snapshot", "-h"],
        vec!["rbac", "-h"],
        vec!["man", "-h"],
        vec!["completions", "-h"],
    ] {
        let name = format!("help_{}", args.join("_").replace('-', ""));
        insta::assert_snapshot!(name, Kcost::new().args(args).run().ended(0).stdout);
    }
}

#[test]
fn wrong_usage_exits_with_2_and_suggests() {
    let unknown = Kcost::new()
        .args(["analyze", "--gaol", "savings"])
        .run()
        .ended(2);
    assert!(unknown.stderr.contains("--goal"), "{}", unknown.stderr);
    assert_eq!(unknown.stdout, "");
    let strategy = Kcost::new()
        .args(["analyze", "--demo", "--strategy", "calibrate"])
        .run();
    assert!(strategy.ended(2).stderr.contains("calibrated"));
    let gate = Kcost::new()
        .args(["analyze", "--demo", "--fail-on", "cost-wast>30%"])
        .run();
    assert!(gate.ended(2).stderr.contains("cost-waste"));
    let order = Kcost::new()
        .args(["analyze", "--demo", "--min-cpu", "2", "--max-cpu", "1"])
        .run()
        .ended(2);
    insta::assert_snapshot!(order.transcript(), @r"
    exit: 2
    --- stdout
    --- stderr
    error: `--max-cpu` is below `--min-cpu`

    hint: raise `--max-cpu`, or lower `--min-cpu`
    ");
    Kcost::new()
        .args(["analyze", "--demo", "--snapshot", "x.kcost"])
        .run()
        .ended(2);
    Kcost::new()
        .args(["analyze", "--window", "5x"])
        .run()
        .ended(2);
    Kcost::new().run().ended(2);
}

#[test]
fn a_wrong_flag_is_told_with_the_one_that_is_meant() {
    let tip = |args: &[&str]| {
        let seen = Kcost::new().args(args).run().ended(2);
        let tip = seen
            .stderr
            .lines()
            .find_map(|line| line.trim().strip_prefix("tip: "));
        tip.map(str::to_owned)
    };
    let meant = "a similar argument exists: '--prometheus-url'";
    for command in ["analyze", "snapshot", "explain", "backtest"] {
        let said = tip(&[command, "--prometheus", "http://127.0.0.1:9090"]);
        assert_eq!(said.as_deref(), Some(meant), "{command}");
    }
    assert_eq!(tip(&["config", "--prometheus", "a"]), None);
    let other = tip(&["analyze", "--prometheus-ur", "a"]);
    assert_eq!(other.as_deref(), Some(meant));
}

#[test]
fn amounts_that_cannot_be_say_what_is_right() {
    let wrong = [
        ["--max-oom-risk", "0"],
        ["--max-oom-risk", "1"],
        ["--max-cpu-over", "-1"],
        ["--window", "0s"],
        ["--window", "-5d"],
        ["--top", "-3"],
        ["--min-cpu", "-1"],
        ["--min-cpu", "5Mi"],
        ["--min-memory", "5m"],
        ["--largest-step", "1.5"],
    ];
    let said = wrong.map(|args| {
        let run = Kcost::new().args(["analyze", "--demo"]).args(args).run();
        let first = run.ended(2).stderr.lines().next().unwrap().to_owned();
        first.replace("error: invalid value ", "")
    });
    insta::assert_snapshot!(said.join("\n"), @"
    '0' for '--max-oom-risk <RISK>': `0` is not a share above 0 and below 1, such as 0.02 for 2%
    '1' for '--max-oom-risk <RISK>': `1` is not a share above 0 and below 1, such as 0.02 for 2%; did you mean `0.01`?
    '-1' for '--max-cpu-over <SHARE>': `-1` is not a share above 0 and below 1, such as 0.02 for 2%
    '0s' for '--window <SPAN>': `0s` is not a length of time: it must be above 0, such as `14d` or `30s`
    '-5d' for '--window <SPAN>': `-5d` is not a length of time: it must be above 0, such as `14d` or `30s`
    '-3' for '--top <COUNT>': write a whole number of at least 1
    '-1' for '--min-cpu <CPU>': `-1` is not an amount of CPU: write cores, such as `250m` or `2`
    '5Mi' for '--min-cpu <CPU>': `5Mi` is not an amount of CPU: write cores, such as `250m` or `2`; did you mean `5m`?
    '5m' for '--min-memory <MEMORY>': `5m` is not an amount of memory: write bytes with a unit, such as `512Mi`; did you mean `5Mi`?
    '1.5' for '--largest-step <SHARE>': `1.5` is not a share above 0 and below 1, such as 0.02 for 2%; did you mean `0.015`?
    ");
}

#[test]
fn no_cluster_is_a_clear_error() {
    let seen = Kcost::new().arg("analyze").run().ended(1);
    assert_eq!(seen.stdout, "");
    assert!(seen.stderr.starts_with("error: "), "{}", seen.stderr);
    assert!(seen.stderr.contains("\n\nhint: "), "{}", seen.stderr);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let seen = Kcost::new()
        .args(["analyze", "--snapshot", "/no/such.kcost"])
        .run()
        .ended(1);
    assert_eq!(seen.stdout, "");
    assert!(seen.stderr.contains("/no/such.kcost"), "{}", seen.stderr);
}

#[test]
fn what_was_taken_can_be_put_on_a_multiple_of_its_step() {
    let step = |step| demo_week(&["analyze", "--step", step, "-o", "json"]);
    let seen = step("1h").ended(0).json();
    assert_eq!(seen["window"]["step_seconds"], 3_600);
    let seen = step("7m").ended(2);
    insta::assert_snapshot!(seen.stderr, @"
    error: `--step 7m` is not a multiple of 5m, the step of the data

    hint: leave out `--step`, or use a multiple, such as `--step 10m`
    ");
}

#[test]
fn a_window_that_is_no_whole_day_is_told_in_days() {
    let seen = Kcost::new()
        .args(["analyze", "--demo", "--window", "4255m", "--top", "1"])
        .run()
        .ended(0);
    assert!(seen.stdout.contains(", 3d of usage to "), "{}", seen.stdout);
}
