//! Usage from the chunks in which a server stores it, as they are.
//!
//! Remote read with streamed chunks sends them compressed as they lie on disk, so that
//! the server evaluates and writes nothing: a twentieth of its work, and a tenth of the
//! bytes where series are scraped about as often as slots are long. What `PromQL` does
//! for the other engines is done here, the same way, one series at a time.
//!
//! <https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/>

mod beside;
mod frames;
mod joined;
mod offer;
mod reader;
mod request;
mod series;
mod slots;
mod wire;
mod xor;

use super::answer::{Broken, Labels, Sink};
use super::promql::Look;
use crate::snapshot::Grid;
use crate::units::Span;

pub(super) use beside::read;
use frames::Frames;
pub(super) use offer::{Offer, Samples, Weighed, offered, weigh};
pub(super) use reader::{Reader, Wanted, Way};
pub(super) use request::{CONTENT_TYPE, HEADERS, PATH, Request, body};

/// The values of slots in a whole answer of remote read, which comes in pieces of
/// `piece` bytes: for what is apart from any server.
///
/// # Errors
///
/// With what is wrong, where it is no such answer.
pub fn values(answer: &[u8], piece: usize) -> Result<Vec<(u32, f64)>, String> {
    struct All(Vec<(u32, f64)>);

    impl Sink for All {
        fn series(&mut self, _: &Labels) {}

        fn point(&mut self, _: f64, _: f64) {}
    }

    impl Slots for All {
        fn values(&mut self, values: &[(u32, f64)]) {
            self.0.extend_from_slice(values);
        }
    }

    let grid = Grid {
        step: Span::from_secs(300),
        len: 100,
        ..Grid::default()
    };
    let look = Look {
        far: Some(1_200),
        ..Look::of(330)
    };
    let ways = [Way::Largest, Way::Rates("cpu".to_owned()), Way::Ratio];
    let broken = |broken: Broken| format!("{broken:?}");
    let mut values = Vec::new();
    for way in ways {
        let slots = 0..grid.len;
        let wanted = Wanted {
            way,
            grid,
            slots,
            look,
            closed: false,
            witness: None,
        };
        let (mut frames, mut reader) = (Frames::default(), Reader::new(All(Vec::new()), wanted));
        for piece in answer.chunks(piece.max(1)) {
            let read = frames.feed(piece, |message| reader.message(message));
            read.map_err(broken)?;
        }
        frames.finish().map_err(broken)?;
        values.extend(reader.finish().0.0);
    }
    Ok(values)
}

/// Where the values of slots go.
pub(super) trait Slots {
    /// All that are known of the series that was opened last, in the order of slots; it
    /// may be called again for the same series.
    fn values(&mut self, values: &[(u32, f64)]);
}

/// Takes the messages of an answer, in their order.
pub(super) trait Messages {
    fn message(&mut self, message: &[u8]) -> Result<(), Broken>;
}
