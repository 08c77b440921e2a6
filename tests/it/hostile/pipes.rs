//! A reader that goes away takes no verdict with it.

use super::{Raw, command};

#[test]
fn a_closed_pipe_keeps_the_verdict() {
    let (cluster, store) = (Raw::cluster(), Raw::store(|_| {}));
    let ends = |format: &str, more: &[&str]| {
        let shown = ["--prometheus-url", &store.url, "-o", format];
        command(&cluster, more).args(shown).cut_off()
    };
    for format in ["table", "json", "csv", "patch"] {
        let failing = ["--min-history", "1d", "--fail-on", "cpu-waste>1%"];
        assert_eq!(ends(format, &failing), 10, "{format}");
        let passing = ["--min-history", "1d", "--fail-on", "idle>9"];
        assert_eq!(ends(format, &passing), 0, "{format}");
        let unjudged = ["--fail-on", "idle>9", "--min-history", "9d"];
        assert_eq!(ends(format, &unjudged), 1, "{format}");
    }
}
