//! Commands that give credentials: they run for so long and print so much, and no more.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// The most that is taken of what a command prints; a credential is far shorter.
const LONGEST: usize = 1 << 20;
/// Between two looks at whether it has ended.
const LOOKS: Duration = Duration::from_millis(10);
/// What is still on its way when it has ended; a child of its own may never close it.
const GRACE: Duration = Duration::from_millis(500);

/// Why a command gave nothing.
#[derive(Debug)]
pub(super) enum Stopped {
    /// It did not start.
    Start(io::Error),
    /// It did not end in its time.
    Late(Duration),
    /// It printed more than this many bytes.
    Long(usize),
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Start(error) => write!(f, "does not start: {error}"),
            Self::Late(wait) => write!(f, "did not finish within {} s", wait.as_secs_f64()),
            Self::Long(most) => write!(f, "printed more than {most} bytes"),
        }
    }
}

/// What comes out of which pipe.
enum Piece {
    Out(Vec<u8>),
    Err(Vec<u8>),
}

/// Runs a command whose streams are set but for stdout, and gives what it printed.
///
/// `alone`: whether it may be put into a process group of its own, to be ended with all
/// that it started; what asks a person may not, it would lose the terminal.
pub(super) fn run(command: &mut Command, wait: Duration, alone: bool) -> Result<Output, Stopped> {
    command.stdout(Stdio::piped());
    #[cfg(unix)]
    if alone {
        std::os::unix::process::CommandExt::process_group(command, 0);
    }
    let until = Instant::now() + wait;
    let mut child = command.spawn().map_err(Stopped::Start)?;
    let (sender, pieces) = mpsc::channel();
    if let Some(out) = child.stdout.take() {
        read(out, sender.clone(), Piece::Out);
    }
    if let Some(err) = child.stderr.take() {
        read(err, sender.clone(), Piece::Err);
    }
    drop(sender);
    let ended = wait_for(&mut child, &pieces, until);
    ended.map_err(|over| {
        end(&mut child, alone);
        match over {
            Over::Late => Stopped::Late(wait),
            Over::Long => Stopped::Long(LONGEST),
        }
    })
}

enum Over {
    Late,
    Long,
}

fn wait_for(child: &mut Child, pieces: &Receiver<Piece>, until: Instant) -> Result<Output, Over> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        let open = match pieces.recv_timeout(LOOKS) {
            Ok(Piece::Out(bytes)) => {
                stdout.extend(bytes);
                true
            }
            Ok(Piece::Err(bytes)) => {
                stderr.extend(bytes);
                true
            }
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(LOOKS);
                false
            }
        };
        if stdout.len() + stderr.len() > LONGEST {
            return Err(Over::Long);
        }
        if ended.is_none() {
            // What cannot be asked for its end has none that can be waited for.
            let status = child.try_wait().map_err(|_| Over::Late)?;
            ended = status.map(|status| (status, Instant::now()));
        }
        match ended {
            Some((status, at)) if !open || at.elapsed() > GRACE => {
                return Ok(Output {
                    status,
                    stdout,
                    stderr,
                });
            }
            None if Instant::now() >= until => return Err(Over::Late),
            _ => {}
        }
    }
}

/// Hands on what comes, until nobody takes it.
fn read(mut from: impl Read + Send + 'static, to: Sender<Piece>, piece: fn(Vec<u8>) -> Piece) {
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if to.send(piece(buffer[..length].to_vec())).is_err() {
                return;
            }
        }
    });
}

fn end(child: &mut Child, alone: bool) {
    #[cfg(unix)]
    if alone {
        let group = rustix::process::Pid::from_child(child);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = alone;
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn ran(script: &str) -> Result<Output, Stopped> {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null());
        run(&mut command, Duration::from_millis(700), true)
    }

    #[test]
    fn what_ends_gives_what_it_printed() {
        let output = ran("echo a; exit 3").unwrap();
        assert_eq!(
            (output.status.code(), &*output.stdout),
            (Some(3), &b"a\n"[..])
        );
        // A child that goes on keeps nobody waiting.
        let output = ran("echo a; sleep 60 &").unwrap();
        assert_eq!(&*output.stdout, b"a\n");
    }

    #[test]
    fn what_never_ends_or_prints_for_ever_is_ended() {
        let started = Instant::now();
        assert!(matches!(ran("sleep 60; echo a"), Err(Stopped::Late(_))));
        assert!(matches!(ran("exec >&-; sleep 60"), Err(Stopped::Late(_))));
        assert!(matches!(ran("yes"), Err(Stopped::Long(_))));
        assert!(matches!(
            run(&mut Command::new("/no/such"), GRACE, true),
            Err(Stopped::Start(_))
        ));
        assert!(started.elapsed() < Duration::from_secs(20));
    }
}
