//! What ends the program from outside, apart from what the system does by itself.

use std::io;

/// Waits until the program is told to end: Ctrl-C, and where there are signals
/// SIGTERM, SIGHUP and SIGQUIT. Those that it was started to ignore, as `nohup` does,
/// stay ignored.
///
/// # Errors
///
/// When signals cannot be waited for.
pub async fn told_to_end() -> io::Result<()> {
    #[cfg(unix)]
    return of_unix::wait().await;
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

#[cfg(unix)]
mod of_unix {
    use std::fs;
    use std::future::{Future, pending, poll_fn};
    use std::io;
    use std::pin::pin;
    use std::task::Poll;

    use tokio::signal::unix::{SignalKind, signal};

    /// The number of SIGXFSZ where kcost runs: a file grows beyond what `ulimit -f` allows.
    const FILE_TOO_LARGE: i32 = 25;

    pub(super) async fn wait() -> io::Result<()> {
        // Whoever writes the file is told by an error then, and says so or has another way.
        let _told = signal(SignalKind::from_raw(FILE_TOO_LARGE))?;
        let ignored = ignored();
        let mut ends = [
            pin!(one(SignalKind::interrupt(), ignored)),
            pin!(one(SignalKind::terminate(), ignored)),
            pin!(one(SignalKind::hangup(), ignored)),
            pin!(one(SignalKind::quit(), ignored)),
        ];
        poll_fn(|context| {
            let polled = ends.iter_mut().map(|end| end.as_mut().poll(context));
            let ready: Vec<_> = polled.filter(Poll::is_ready).collect();
            ready.into_iter().next().unwrap_or(Poll::Pending)
        })
        .await
    }

    async fn one(kind: SignalKind, ignored: u64) -> io::Result<()> {
        if ignored & bit(kind) != 0 {
            return pending().await;
        }
        let mut told = signal(kind)?;
        told.recv().await;
        Ok(())
    }

    fn bit(kind: SignalKind) -> u64 {
        let number = u32::try_from(kind.as_raw_value()).unwrap_or(0);
        number.checked_sub(1).map_or(0, |shift| 1 << shift)
    }

    /// Signals that whoever started the program has set to be ignored, a bit each.
    ///
    /// Source: proc(5), `SigIgn`. Where that does not tell, hangups are left alone, so
    /// that `nohup` does what it says.
    fn ignored() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mut lines = status.lines();
        let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.unwrap_or_else(|| bit(SignalKind::hangup()))
    }
}
