use serde_json::{Number, Value};

/// The value of a scalar: only what stands without quotes can be anything but
/// text. `tag` is one of the core schema, such as `str` of `!!str`.
///
/// Source: YAML 1.2, core schema.
pub(super) fn value(text: &str, plain: bool, tag: Option<&str>) -> Value {
    let as_text = tag == Some("str") || (tag.is_none() && !plain);
    if as_text {
        return text.into();
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        _ => number(text).map_or_else(|| text.into(), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let (minus, digits) = match text.as_bytes() {
        [b'-', ..] => ("-", &text[1..]),
        [b'+', ..] => ("", &text[1..]),
        _ => ("", text),
    };
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    let radix = match digits.get(..2) {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => return decimal(minus, digits),
    };
    if !digits[2..].chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let whole = i64::from_str_radix(&format!("{minus}{}", &digits[2..]), radix);
    whole.ok().map(Number::from)
}

fn decimal(minus: &str, digits: &str) -> Option<Number> {
    // `007` is a name, `0` and `0.7` are numbers.
    let padded = digits.len() > 1 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if padded && digits.starts_with('0') {
        return None;
    }
    let text = format!("{minus}{digits}");
    let whole = text.parse::<i64>().ok().map(Number::from);
    let whole = whole.or_else(|| text.parse::<u64>().ok().map(Number::from));
    whole.or_else(|| Number::from_f64(text.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_scalars_are_what_yaml_says_and_all_else_is_text() {
        for (text, is) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("true", json!(true)),
            ("yes", json!("yes")),
            ("12", json!(12)),
            ("-12", json!(-12)),
            ("+1", json!(1)),
            ("18446744073709551615", json!(u64::MAX)),
            ("1.5", json!(1.5)),
            (".5", json!(0.5)),
            ("1e3", json!(1000.0)),
            ("0x10", json!(16)),
            ("0b11", json!(3)),
            ("0o17", json!(15)),
            ("0x", json!("0x")),
            ("0x-1", json!("0x-1")),
            ("007", json!("007")),
            ("1Gi", json!("1Gi")),
            ("1_000", json!("1_000")),
            ("1:30", json!("1:30")),
            (".inf", json!(".inf")),
            ("inf", json!("inf")),
            ("nan", json!("nan")),
            ("-", json!("-")),
            ("2026-11-23", json!("2026-11-23")),
        ] {
            assert_eq!(value(text, true, None), is, "{text}");
            assert_eq!(value(text, false, None), json!(text), "{text}");
            assert_eq!(value(text, true, Some("str")), json!(text), "{text}");
        }
        assert_eq!(value("12", false, Some("int")), json!(12));
    }
}
