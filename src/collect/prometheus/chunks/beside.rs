//! Chunks that are decoded on a thread of their own while more of them arrive.

use hyper::body::Bytes;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::spawn_blocking;

use super::super::answer::{Broken, Sink};
use super::super::error::Failure;
use super::super::server::Server;
use super::request::Request;
use super::{Frames, Messages, Reader, Slots};

/// Stretches of bytes that may wait to be decoded: 4 MB, as they come from a socket.
const WAITING: usize = 16;

/// Some of an answer.
enum Part {
    Bytes(Bytes),
    /// All of it has come.
    End,
}

/// Asks for series in chunks and reads them; what they were folded into, and how many
/// chunks are of encodings that are not read here.
pub(in super::super) async fn read<S: Sink + Slots + Send + 'static>(
    server: &Server,
    requests: &[Request],
    reader: Reader<S>,
) -> Result<(S, u64), Failure> {
    let (sender, receiver) = channel(WAITING);
    let decoding = spawn_blocking(move || decode(reader, receiver));
    // Whoever decodes has ended where nothing more can be sent, and says why.
    let send = async |part| sender.send(part).await.map_err(|_| Broken::Empty);
    let take = async |bytes| send(Part::Bytes(bytes)).await;
    let read = match server.read(requests, take).await {
        Ok(()) => send(Part::End).await.map_err(Failure::Broken),
        Err(failure) => Err(failure),
    };
    drop(sender);
    let decoded = decoding.await;
    let decoded = decoded.map_err(|error| Failure::Error(error.to_string()))?;
    match (decoded, read) {
        (Err(broken), _) => Err(Failure::Broken(broken)),
        (_, Err(failure)) => Err(failure),
        (Ok(None), Ok(())) => Err(Failure::Broken(Broken::Empty)),
        (Ok(Some(done)), Ok(())) => Ok(done),
    }
}

/// `None` where not all of it came.
fn decode<S: Sink + Slots>(
    mut reader: Reader<S>,
    mut parts: Receiver<Part>,
) -> Result<Option<(S, u64)>, Broken> {
    let mut frames = Frames::default();
    while let Some(part) = parts.blocking_recv() {
        match part {
            Part::Bytes(bytes) => frames.feed(&bytes, |message| reader.message(message))?,
            Part::End => {
                frames.finish()?;
                if !reader.is_whole() {
                    return Err(Broken::Truncated(frames.length()));
                }
                return Ok(Some(reader.finish()));
            }
        }
    }
    Ok(None)
}
