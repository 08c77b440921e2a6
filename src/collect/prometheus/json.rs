//! Bytes of an answer into tokens of JSON, as they arrive.

use std::borrow::Cow;

use crate::collect::body::LONGEST_TOKEN;

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    OpenObject,
    CloseObject,
    OpenList,
    CloseList,
    Comma,
    Colon,
    Text(Cow<'a, str>),
    Number(f64),
    /// `true`, `false` or `null`; whether it is `true`.
    Word(bool),
}

/// What stands at the front of some bytes.
#[derive(Debug, PartialEq)]
pub(super) enum Lexed<'a> {
    /// A token, and how many bytes it takes.
    Token(Token<'a>, usize),
    /// More bytes are needed to tell.
    More,
    /// This is no JSON.
    Garbage,
}

/// Reads the token at the front of `bytes`, which may end anywhere.
pub(super) fn token(bytes: &[u8]) -> Lexed<'_> {
    let blank = bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let rest = &bytes[blank..];
    let Some(first) = rest.first() else {
        return Lexed::More;
    };
    let simple = |token| Lexed::Token(token, blank + 1);
    match first {
        b'{' => simple(Token::OpenObject),
        b'}' => simple(Token::CloseObject),
        b'[' => simple(Token::OpenList),
        b']' => simple(Token::CloseList),
        b',' => simple(Token::Comma),
        b':' => simple(Token::Colon),
        b'"' => text(rest, blank),
        b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => bare(rest, blank),
        _ => Lexed::Garbage,
    }
}

fn text(rest: &[u8], blank: usize) -> Lexed<'_> {
    let mut escaped = false;
    let mut at = 1;
    loop {
        match rest.get(at) {
            None if at > LONGEST_TOKEN => return Lexed::Garbage,
            None => return Lexed::More,
            Some(b'"') => break,
            Some(b'\\') => {
                escaped = true;
                at += 2;
            }
            Some(_) => at += 1,
        }
    }
    let text = if escaped {
        serde_json::from_slice::<String>(&rest[..=at])
            .ok()
            .map(Cow::Owned)
    } else {
        std::str::from_utf8(&rest[1..at]).ok().map(Cow::Borrowed)
    };
    text.map_or(Lexed::Garbage, |text| {
        Lexed::Token(Token::Text(text), blank + at + 1)
    })
}

/// Numbers and words end at the first byte that cannot be theirs.
fn bare(rest: &[u8], blank: usize) -> Lexed<'_> {
    let belongs = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
    let length = rest.iter().take_while(|b| belongs(b)).count();
    if length == rest.len() {
        return if length > LONGEST_TOKEN {
            Lexed::Garbage
        } else {
            Lexed::More
        };
    }
    let token = match &rest[..length] {
        word @ (b"true" | b"false" | b"null") => Some(Token::Word(word == b"true")),
        number => number_of(number).map(Token::Number),
    };
    token.map_or(Lexed::Garbage, |token| Lexed::Token(token, blank + length))
}

/// A number as Prometheus writes it: `1.5`, `NaN`, `+Inf`.
pub(super) fn number_of(bytes: &[u8]) -> Option<f64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_one_by_one() {
        let text = br#" {"a\u00e9":-1.5e3, "b":null}"#;
        let mut rest = &text[..];
        let mut seen = Vec::new();
        while let Lexed::Token(token, length) = token(rest) {
            seen.push(token);
            rest = &rest[length..];
        }
        assert_eq!(
            seen,
            [
                Token::OpenObject,
                Token::Text("a\u{e9}".into()),
                Token::Colon,
                Token::Number(-1500.0),
                Token::Comma,
                Token::Text("b".into()),
                Token::Colon,
                Token::Word(false),
                Token::CloseObject,
            ]
        );
        assert_eq!(token(rest), Lexed::More);
    }

    #[test]
    fn half_a_token_asks_for_more() {
        for text in ["", "  ", "\"a", "\"a\\", "12", "tru"] {
            assert_eq!(token(text.as_bytes()), Lexed::More, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_garbage() {
        for text in ["<html>", "trux,", "\"\\q\"", "1.2.3,", "\"\u{1}\\\""] {
            let bytes = text.as_bytes();
            let seen = token(bytes);
            assert!(matches!(seen, Lexed::Garbage | Lexed::More), "{text}");
        }
        assert_eq!(token(b"<html>"), Lexed::Garbage);
    }
}
