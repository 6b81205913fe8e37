//! Answers in the two forms of the specification: JSON, and XML with the same names.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

/// A value.
pub(super) enum Field {
    Text(String),
    Flag(bool),
    Number(f64),
    Nothing,
    /// Things of a name.
    List(&'static str, Vec<Vec<(&'static str, Field)>>),
}

impl Field {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(text.as_str()),
            Self::Flag(flag) => Value::from(*flag),
            Self::Number(number) => Value::from(*number),
            Self::Nothing => Value::Null,
            Self::List(_, items) => items.iter().map(|fields| object(fields)).collect(),
        }
    }

    fn xml(&self, out: &mut String) {
        match self {
            Self::Text(text) => escape(text, out),
            Self::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Self::Number(number) => out.push_str(&number.to_string()),
            Self::Nothing => {}
            Self::List(name, items) => items.iter().for_each(|fields| element(name, fields, out)),
        }
    }
}

/// One thing, or a list.
pub(super) enum Answer {
    One(Vec<(&'static str, Field)>),
    Many(Vec<Vec<(&'static str, Field)>>),
}

fn object(fields: &[(&'static str, Field)]) -> Value {
    let fields: Map<String, Value> =
        fields.iter().map(|(name, field)| ((*name).to_owned(), field.json())).collect();
    Value::Object(fields)
}

fn element(name: &str, fields: &[(&'static str, Field)], out: &mut String) {
    tag(name, "", out);
    for (name, field) in fields {
        tag(name, "", out);
        field.xml(out);
        tag(name, "/", out);
    }
    tag(name, "/", out);
}

fn tag(name: &str, slash: &str, out: &mut String) {
    for part in ["<", slash, name, ">"] {
        out.push_str(part);
    }
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0 has no other control characters.
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => {}
            c => out.push(c),
        }
    }
}

/// An answer in the form that the address ends in.
pub(super) fn answer(format: &str, list: &str, item: &str, answer: &Answer) -> Response {
    with_status(StatusCode::OK, format, list, item, answer)
}

/// An error, as the specification wants it.
pub(super) fn fault(format: &str, status: StatusCode, text: &str) -> Response {
    let fields =
        vec![("code", Field::Number(f64::from(status.as_u16()))), ("description", Field::text(text))];
    with_status(status, format, "errors", "error", &Answer::Many(vec![fields]))
}

fn with_status(status: StatusCode, format: &str, list: &str, item: &str, answer: &Answer) -> Response {
    if format == "xml" {
        let mut out = String::from(r#"<?xml version="1.0" encoding="utf-8"?>"#);
        match answer {
            Answer::One(fields) => element(item, fields, &mut out),
            Answer::Many(items) => {
                tag(list, "", &mut out);
                for fields in items {
                    element(item, fields, &mut out);
                }
                tag(list, "/", &mut out);
            }
        }
        return (status, [(header::CONTENT_TYPE, "text/xml; charset=utf-8")], out).into_response();
    }
    let value = match answer {
        Answer::One(fields) => object(fields),
        Answer::Many(items) => items.iter().map(|fields| object(fields)).collect(),
    };
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], value.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_an_element() {
        let mut out = String::new();
        element("a", &[("b", Field::text("<x>&\"\u{1}"))], &mut out);
        assert_eq!(out, "<a><b>&lt;x&gt;&amp;&quot;</b></a>");
    }
}
