use super::super::json::{Lexed, Token, number_of, token};
use super::{Broken, Head, Labels, Sink};
use crate::collect::body::{DEEPEST, LONGEST_TOKEN};
use crate::text::cut;

/// So much of what a server says besides its answer is kept.
const MOST_NOTES: usize = 100;
const LONGEST_NOTE: usize = 500;
/// The labels of one series, in bytes.
const LONGEST_LABELS: usize = 1 << 20;

/// Reads one answer.
pub(in super::super) struct Reader<S> {
    sink: S,
    head: Head,
    /// Whether each is an object, else a list.
    stack: Vec<(Frame, bool)>,
    expect: Expect,
    key: String,
    labels: Labels,
    /// Bytes of the labels.
    held: usize,
    /// The labels are those of the item being read.
    named: bool,
    point: Point,
    rest: Vec<u8>,
    read: u64,
    /// Blanks since the last token.
    blanks: usize,
}

/// Where in the answer the reader stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Frame {
    Root,
    Data,
    Results,
    /// Label sets, as `/api/v1/series` gives them.
    Sets,
    Item,
    Metric,
    Values,
    /// `[time, "value"]`.
    Point,
    Warnings,
    Infos,
    /// What is not used.
    Skip,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    Done,
}

#[derive(Debug, Default)]
struct Point {
    fields: u8,
    time: f64,
    value: f64,
}

impl<S: Sink> Reader<S> {
    pub(in super::super) fn new(sink: S) -> Self {
        Self {
            sink,
            head: Head::default(),
            stack: Vec::new(),
            expect: Expect::Value,
            key: String::new(),
            labels: Labels::default(),
            held: 0,
            named: false,
            point: Point::default(),
            rest: Vec::new(),
            read: 0,
            blanks: 0,
        }
    }

    /// Takes the next bytes.
    pub(in super::super) fn feed(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        if self.rest.is_empty() {
            let used = self.consume(bytes)?;
            self.rest.extend_from_slice(&bytes[used..]);
        } else {
            let mut held = std::mem::take(&mut self.rest);
            held.extend_from_slice(bytes);
            let used = self.consume(&held)?;
            held.drain(..used);
            self.rest = held;
        }
        self.sink.fault().map_or(Ok(()), Err)
    }

    /// The end of the answer.
    pub(in super::super) fn finish(self) -> Result<(S, Head), Broken> {
        if self.expect == Expect::Done {
            Ok((self.sink, self.head))
        } else if self.stack.is_empty() && self.rest.is_empty() {
            Err(Broken::Empty)
        } else {
            Err(Broken::Truncated(self.read))
        }
    }

    /// Reads whole tokens; gives the number of bytes that they took.
    fn consume(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        let mut at = 0;
        loop {
            if self.frame() == Some(Frame::Values) {
                at += self.points(&bytes[at..]);
            }
            let rest = bytes[at..].iter();
            let blanks = rest.take_while(|b| b.is_ascii_whitespace()).count();
            self.blanks += blanks;
            at += blanks;
            if self.blanks > LONGEST_TOKEN {
                return Err(self.garbage(at, bytes));
            }
            match token(&bytes[at..]) {
                Lexed::Token(token, length) => {
                    self.blanks = 0;
                    self.take(token).ok_or_else(|| self.garbage(at, bytes))?;
                    at += length;
                }
                Lexed::More => {
                    self.read += at as u64;
                    return Ok(at);
                }
                Lexed::Garbage => return Err(self.garbage(at, bytes)),
            }
        }
    }

    fn garbage(&self, at: usize, bytes: &[u8]) -> Broken {
        let first = bytes[at..].iter().find(|b| !b.is_ascii_whitespace());
        if self.expect == Expect::Value && self.stack.is_empty() && first == Some(&b'<') {
            Broken::Html
        } else {
            Broken::Garbage(self.read + at as u64)
        }
    }

    /// The fast way over `[1795461765,"0.25"],[…`: nine tenths of all bytes.
    /// Stops before anything else, and before a point that is not whole.
    fn points(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        loop {
            let from = match (self.expect, bytes.get(at)) {
                (Expect::CommaOrEnd, Some(b',')) => at + 1,
                (Expect::Value | Expect::ValueOrEnd, Some(b'[')) => at,
                _ => return at,
            };
            let Some((time, value, length)) = point(&bytes[from..]) else {
                return at;
            };
            self.sink.point(time, value);
            self.expect = Expect::CommaOrEnd;
            at = from + length;
        }
    }

    /// One token; `None` where it may not stand here.
    fn take(&mut self, token: Token<'_>) -> Option<()> {
        match (self.expect, token) {
            (Expect::Colon, Token::Colon) => self.expect = Expect::Value,
            (Expect::Key | Expect::KeyOrEnd, Token::Text(key)) => {
                self.key.clear();
                self.key.push_str(&key);
                self.expect = Expect::Colon;
            }
            (Expect::CommaOrEnd, Token::Comma) => {
                self.expect = if self.in_object() {
                    Expect::Key
                } else {
                    Expect::Value
                };
            }
            (Expect::KeyOrEnd | Expect::CommaOrEnd, Token::CloseObject) if self.in_object() => {
                self.close()?;
            }
            (Expect::ValueOrEnd | Expect::CommaOrEnd, Token::CloseList) if !self.in_object() => {
                self.close()?;
            }
            (Expect::Value | Expect::ValueOrEnd, token) => self.value(token)?,
            _ => return None,
        }
        Some(())
    }

    fn value(&mut self, token: Token<'_>) -> Option<()> {
        match token {
            Token::OpenObject => self.open(true)?,
            Token::OpenList => self.open(false)?,
            Token::Text(text) => self.text(&text)?,
            Token::Number(number) => self.number(number)?,
            Token::Word(word) => {
                self.word(word)?;
                self.expect = Expect::CommaOrEnd;
            }
            _ => return None,
        }
        Some(())
    }

    /// `null` stands for a list or an object that is empty, as Go writes it.
    fn word(&mut self, word: bool) -> Option<()> {
        match (self.frame()?, self.key.as_str()) {
            (Frame::Root, "isPartial") => self.head.partial = word,
            (Frame::Item, "metric") => {
                self.labels.0.clear();
                self.named = true;
                self.sink.series(&self.labels);
            }
            (Frame::Point, _) => return None,
            _ => {}
        }
        Some(())
    }

    fn open(&mut self, object: bool) -> Option<()> {
        let frame = match (self.frame(), object, self.key.as_str()) {
            (None, true, _) => Frame::Root,
            (Some(Frame::Root), true, "data") => Frame::Data,
            (Some(Frame::Root), false, "warnings") => Frame::Warnings,
            (Some(Frame::Root), false, "infos") => Frame::Infos,
            (Some(Frame::Data), false, "result") => Frame::Results,
            (Some(Frame::Results), true, _) => {
                self.named = false;
                Frame::Item
            }
            // Points of a series that is not named yet would go to the last one.
            (Some(Frame::Item), false, "values" | "value") if !self.named => return None,
            (Some(Frame::Root), false, "data") => Frame::Sets,
            (Some(Frame::Item), true, "metric") | (Some(Frame::Sets), true, _) => {
                self.labels.0.clear();
                self.held = 0;
                Frame::Metric
            }
            (Some(Frame::Item), false, "values") => Frame::Values,
            (Some(Frame::Item), false, "value") | (Some(Frame::Values), false, _) => {
                self.point = Point::default();
                Frame::Point
            }
            _ => Frame::Skip,
        };
        if self.stack.len() == DEEPEST {
            return None;
        }
        self.stack.push((frame, object));
        self.expect = if object {
            Expect::KeyOrEnd
        } else {
            Expect::ValueOrEnd
        };
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let (frame, _) = self.stack.pop()?;
        match frame {
            Frame::Metric => {
                self.named = true;
                self.sink.series(&self.labels);
            }
            Frame::Point if self.point.fields == 2 => {
                self.sink.point(self.point.time, self.point.value);
            }
            Frame::Point => return None,
            _ => {}
        }
        self.expect = if self.stack.is_empty() {
            Expect::Done
        } else {
            Expect::CommaOrEnd
        };
        Some(())
    }

    fn text(&mut self, text: &str) -> Option<()> {
        match (self.frame()?, self.key.as_str()) {
            (Frame::Root, "status") => text.clone_into(&mut self.head.status),
            (Frame::Root, "errorType") => text.clone_into(&mut self.head.error_type),
            (Frame::Root, "error") => self.head.error = cut(text, LONGEST_NOTE),
            (Frame::Warnings, _) => note(&mut self.head.warnings, text),
            (Frame::Infos, _) => note(&mut self.head.infos, text),
            (Frame::Metric, _) => {
                self.held += self.key.len() + text.len() + 1;
                if self.held > LONGEST_LABELS {
                    return None;
                }
                self.labels.0.push((self.key.clone(), text.to_owned()));
            }
            (Frame::Point, _) if self.point.fields == 1 => {
                self.point.value = number_of(text.as_bytes())?;
                self.point.fields = 2;
            }
            (Frame::Root | Frame::Data | Frame::Skip | Frame::Item, _) => {}
            _ => return None,
        }
        self.expect = Expect::CommaOrEnd;
        Some(())
    }

    fn number(&mut self, number: f64) -> Option<()> {
        match self.frame()? {
            Frame::Point if self.point.fields == 0 => {
                self.point.time = number;
                self.point.fields = 1;
            }
            Frame::Root | Frame::Data | Frame::Skip | Frame::Item => {}
            _ => return None,
        }
        self.expect = Expect::CommaOrEnd;
        Some(())
    }

    fn frame(&self) -> Option<Frame> {
        self.stack.last().map(|(frame, _)| *frame)
    }

    fn in_object(&self) -> bool {
        self.stack.last().is_some_and(|(_, object)| *object)
    }
}

/// The first few, and of each no more than fits a line or two.
fn note(notes: &mut Vec<String>, text: &str) {
    if notes.len() < MOST_NOTES {
        notes.push(cut(text, LONGEST_NOTE));
    }
}

/// `[time,"value"]` at the front, and its length; `None` where anything else
/// stands there, or it is not whole.
fn point(bytes: &[u8]) -> Option<(f64, f64, usize)> {
    let body = bytes.strip_prefix(b"[")?;
    let comma = body.iter().take(32).position(|b| *b == b',')?;
    let time = number_of(&body[..comma])?;
    let text = body[comma + 1..].strip_prefix(b"\"")?;
    let quote = text.iter().take(40).position(|b| *b == b'"')?;
    let value = number_of(&text[..quote])?;
    text[quote + 1..].strip_prefix(b"]")?;
    Some((time, value, comma + quote + 5))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps everything.
    #[derive(Default)]
    struct All(Vec<(String, Vec<(f64, f64)>)>);

    impl Sink for All {
        fn series(&mut self, labels: &Labels) {
            self.0.push((labels.get("pod").to_owned(), Vec::new()));
        }

        fn point(&mut self, time: f64, value: f64) {
            self.0.last_mut().unwrap().1.push((time, value));
        }
    }

    const MATRIX: &str = r#"{"status":"success","isPartial":true,"data":{"resultType":"matrix","result":[
        {"metric":{"pod":"a\"b","x":"y"},"values":[[10,"1"],[20.5,"NaN"],[30,"+Inf"]]},
        {"metric":{},"values":[]},{"metric":{"pod":"c"},"value":[40 , "-2.5e-3"]}
        ],"stats":{"a":[1,{"b":null}]}},"warnings":["one"],"infos":[]}"#;

    fn read(text: &[u8], chunk: usize) -> Result<(All, Head), Broken> {
        let mut reader = Reader::new(All::default());
        for part in text.chunks(chunk) {
            reader.feed(part)?;
        }
        reader.finish()
    }

    #[test]
    fn the_same_comes_out_however_the_bytes_arrive() {
        for chunk in 1..MATRIX.len() {
            let (all, head) = read(MATRIX.as_bytes(), chunk).unwrap();
            assert_eq!(head.status, "success");
            assert!(head.partial);
            assert_eq!(head.warnings, ["one"]);
            let names: Vec<&str> = all.0.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["a\"b", "", "c"]);
            let points = &all.0[0].1;
            assert_eq!(points[0], (10.0, 1.0));
            assert!(points[1].1.is_nan() && points[2].1.is_infinite());
            assert_eq!(all.0[2].1, [(40.0, -2.5e-3)]);
        }
    }

    #[test]
    fn an_answer_cut_anywhere_is_never_whole() {
        for length in 0..MATRIX.len() {
            let seen = read(&MATRIX.as_bytes()[..length], 7);
            assert!(
                matches!(seen, Err(Broken::Empty | Broken::Truncated(_))),
                "{length}"
            );
        }
    }

    #[test]
    fn label_sets_are_series_without_points() {
        let text = br#"{"status":"success","data":[{"pod":"a"},{"pod":"b","x":"y"},{}]}"#;
        let (all, head) = read(text, 3).unwrap();
        assert_eq!(head.status, "success");
        let names: Vec<&str> = all.0.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b", ""]);
    }

    #[test]
    fn null_is_a_list_without_anything_in_it() {
        for empty in [
            r#"{"status":"success","data":{"resultType":"matrix","result":null},"warnings":null}"#,
            r#"{"status":"success","data":null,"infos":null}"#,
            r#"{"status":"success","data":{"result":[null]}}"#,
        ] {
            let (all, head) = read(empty.as_bytes(), 4).unwrap();
            assert_eq!(
                (all.0.len(), head.status.as_str()),
                (0, "success"),
                "{empty}"
            );
        }
        let text = r#"{"status":"success","data":{"result":[
            {"metric":{"pod":"a"},"values":null},{"metric":null,"values":[[1,"2"],null]}]}}"#;
        let (all, _) = read(text.as_bytes(), 4).unwrap();
        assert_eq!(
            all.0,
            [("a".to_owned(), vec![]), (String::new(), vec![(1.0, 2.0)])]
        );
    }

    #[test]
    fn other_things_are_called_by_their_name() {
        let broken = |text: &str| read(text.as_bytes(), 5).map(|_| ()).unwrap_err();
        assert_eq!(broken(" <!DOCTYPE html><html>"), Broken::Html);
        assert_eq!(broken("   "), Broken::Empty);
        assert!(matches!(broken("ok"), Broken::Garbage(_)));
        assert!(matches!(
            broken("{\"status\":\"success\"}{"),
            Broken::Garbage(_)
        ));
        assert!(matches!(broken("{]"), Broken::Garbage(_)));
        let wrong = r#"{"data":{"result":[{"metric":{},"values":[["10","1"]]}]}}"#;
        assert!(matches!(broken(wrong), Broken::Garbage(_)));
        let wrong = r#"{"data":{"result":[{"metric":{},"values":[[10,1]]}]}}"#;
        assert!(matches!(broken(wrong), Broken::Garbage(_)));
    }
}
