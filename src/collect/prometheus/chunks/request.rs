//! What is asked of remote read: series by conditions on their labels, over some time.

use super::super::options::Matcher;
use super::wire::Message;

/// Where it is sent, below the address of the server.
pub(in super::super) const PATH: &str = "/api/v1/read";

/// Headers that a server wants to see; bodies are written in snappy's block format.
pub(in super::super) const HEADERS: [(&str, &str); 3] = [
    ("content-type", "application/x-protobuf"),
    ("content-encoding", "snappy"),
    ("x-prometheus-remote-read-version", "0.1.0"),
];

/// How an answer in chunks says that it is one.
pub(in super::super) const CONTENT_TYPE: &str = "application/x-streamed-protobuf";

/// Chunks as they are, in the numbers of the protocol.
const STREAMED_XOR_CHUNKS: u64 = 1;

/// Series of one metric over some time.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Request {
    pub(in super::super) matchers: Vec<Matcher>,
    /// Unix seconds, both included.
    pub(in super::super) start: i64,
    pub(in super::super) end: i64,
}

/// All of `requests` in one body, compressed; `None` where it is longer than snappy takes.
pub(in super::super) fn body(requests: &[Request]) -> Option<Vec<u8>> {
    let mut all = Message::default();
    for request in requests {
        all.message(1, &query(request));
    }
    all.number(2, STREAMED_XOR_CHUNKS);
    snap::raw::Encoder::new().compress_vec(all.written()).ok()
}

fn query(request: &Request) -> Message {
    let mut query = Message::default();
    query.number(1, milliseconds(request.start));
    query.number(2, milliseconds(request.end));
    for matcher in &request.matchers {
        let kind = match matcher.operator {
            "!=" => 1,
            "=~" => 2,
            "!~" => 3,
            _ => 0,
        };
        let mut message = Message::default();
        message.number(1, kind);
        message.bytes(2, matcher.label.as_bytes());
        message.bytes(3, matcher.value.as_bytes());
        query.message(3, &message);
    }
    query
}

/// As the protocol has it: in two's complement, without a sign of its own.
fn milliseconds(seconds: i64) -> u64 {
    seconds.saturating_mul(1_000).cast_unsigned()
}
