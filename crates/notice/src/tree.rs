//! A notice as a tree of names and texts, whichever notation it came in.

use crate::{Limits, Problem};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};
use serde_json::Value;
use std::borrow::Cow;

/// An XML declaration ends before.
const DECLARATION_BYTES_MAX: usize = 128;

/// An element of XML or a value of JSON. Attributes and namespaces are left out: no notice says anything by them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// The name without its prefix; empty for an element of a JSON array's own and for a JSON document.
    pub name: String,
    /// The text of an element, a JSON text, number or truth value as it is written.
    pub text: String,
    /// What lies within, in order. The values of a JSON array lie in its place, each under its name.
    pub children: Vec<Self>,
}

impl Tree {
    /// Reads XML or JSON, by how it begins.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self, Problem> {
        let text = decode(bytes);
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.starts_with('{') || text.starts_with('[') {
            let value = serde_json::from_str(text).map_err(|error| Problem::Json(error.to_string()))?;
            let mut count = Count { left: limits.nodes_max, limits: *limits };
            return from_json(String::new(), value, 0, &mut count);
        }
        from_xml(text, limits)
    }

    /// The first child of one of these names, whatever its case; the first name goes before the others.
    pub fn child(&self, names: &[&str]) -> Option<&Self> {
        names.iter().find_map(|name| self.children.iter().find(|child| child.name.eq_ignore_ascii_case(name)))
    }

    /// All children of a name.
    pub fn children<'t>(&'t self, name: &'t str) -> impl Iterator<Item = &'t Self> {
        self.children.iter().filter(move |child| child.name.eq_ignore_ascii_case(name))
    }

    /// The text of the first child of one of these names that has any; "" where none has.
    pub fn text(&self, names: &[&str]) -> &str {
        let texts = names.iter().filter_map(|name| self.child(&[name])).map(|child| child.text.as_str());
        texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// The number of the first child of one of these names.
    pub fn number(&self, names: &[&str]) -> Option<f64> {
        self.text(names).parse().ok().filter(|number: &f64| number.is_finite())
    }
}

/// UTF-8, or GB 18030 where the document declares it (GB2312, GBK) or is no UTF-8, as older devices write whatever they declare.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let head = bytes.get(..DECLARATION_BYTES_MAX).unwrap_or(bytes).to_ascii_lowercase();
    let declaration = head.split(|byte| *byte == b'>').next().unwrap_or_default();
    let declares_gb = [&b"encoding=\"gb"[..], b"encoding='gb"]
        .iter()
        .any(|words| declaration.windows(words.len()).any(|window| window == *words));
    match std::str::from_utf8(bytes) {
        Ok(text) if !declares_gb => text.into(),
        _ => encoding_rs::GB18030.decode(bytes).0,
    }
}

struct Count {
    left: usize,
    limits: Limits,
}

impl Count {
    fn one_at(&mut self, depth: usize) -> Result<(), Problem> {
        let Limits { nodes_max, depth_max, .. } = self.limits;
        if self.left == 0 || depth > depth_max {
            return Err(Problem::TooLarge { nodes_max, depth_max });
        }
        self.left -= 1;
        Ok(())
    }
}

fn from_json(name: String, value: Value, depth: usize, count: &mut Count) -> Result<Tree, Problem> {
    count.one_at(depth)?;
    let mut tree = Tree { name, ..Tree::default() };
    match value {
        Value::Null => {}
        Value::Bool(is_so) => tree.text = is_so.to_string(),
        Value::Number(number) => tree.text = number.to_string(),
        Value::String(text) => text.trim().clone_into(&mut tree.text),
        Value::Array(values) => {
            for value in values {
                tree.children.push(from_json(String::new(), value, depth + 1, count)?);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::Array(values) => {
                        for value in values {
                            tree.children.push(from_json(name.clone(), value, depth + 1, count)?);
                        }
                    }
                    value => tree.children.push(from_json(name, value, depth + 1, count)?),
                }
            }
        }
    }
    Ok(tree)
}

fn from_xml(text: &str, limits: &Limits) -> Result<Tree, Problem> {
    let problem = |error: quick_xml::Error| Problem::Xml(error.to_string());
    let mut reader = Reader::from_str(text);
    let mut count = Count { left: limits.nodes_max, limits: *limits };
    // The document holds its root as an element holds its children.
    let mut open = vec![Tree::default()];
    loop {
        let event = reader.read_event().map_err(problem)?;
        let depth = open.len();
        let Some(inner) = open.last_mut() else { break };
        match event {
            Event::Start(start) => {
                count.one_at(depth)?;
                open.push(Tree { name: start.local_name().as_ref().to_owned(), ..Tree::default() });
            }
            Event::Empty(start) => {
                count.one_at(depth)?;
                inner.children.push(Tree { name: start.local_name().as_ref().to_owned(), ..Tree::default() });
            }
            Event::End(_) => {
                if let Some(mut done) = open.pop() {
                    done.text = String::from(done.text.trim());
                    match open.last_mut() {
                        Some(outer) => outer.children.push(done),
                        None => return Err(Problem::Xml("an end without its beginning".into())),
                    }
                }
            }
            Event::Text(text) => inner.text.push_str(&text),
            Event::CData(text) => inner.text.push_str(&text),
            Event::GeneralRef(reference) => push_reference(&reference, &mut inner.text),
            Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(mut document), true) if !document.children.is_empty() => Ok(document.children.swap_remove(0)),
        (Some(_), true) => Err(Problem::Xml("no element".into())),
        _ => Err(Problem::Xml("it ends within an element".into())),
    }
}

/// A character reference or one of XML's five; what a document declares itself is never followed.
fn push_reference(reference: &BytesRef<'_>, text: &mut String) {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        text.push(character);
        return;
    }
    match reference.as_ref() {
        "lt" => text.push('<'),
        "gt" => text.push('>'),
        "amp" => text.push('&'),
        "quot" => text.push('"'),
        "apos" => text.push('\''),
        other => {
            text.push('&');
            text.push_str(other);
            text.push(';');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Tree, Problem> {
        Tree::read(text.as_bytes(), &Limits::default())
    }

    #[test]
    fn xml_and_json_are_the_same_tree() {
        let xml = read(
            "<?xml version=\"1.0\"?><n:A xmlns:n=\"x\"><n:b>1</n:b><c> &lt;&#x9c81;&amp; </c><c/></n:A>",
        )
        .unwrap();
        let json = read(r#"{"b": 1, "c": ["<鲁&", null]}"#).unwrap();
        assert_eq!(xml.name, "A");
        assert_eq!(xml.children, json.children);
        assert_eq!(xml.text(&["missing", "B"]), "1");
        assert_eq!(xml.children("C").count(), 2);
    }

    #[test]
    fn a_document_in_gb_18030_is_read() {
        // 0xc2 0xb3 is 鲁, and a sign of its own in UTF-8.
        for (declaration, plate) in
            [("<?xml version=\"1.0\" encoding=\"GB2312\"?>", "鲁Q12345"), ("", "黄鲁Q12345")]
        {
            let bytes = encoding_rs::GB18030.encode(&format!("<A><plate>{plate}</plate></A>")).0.into_owned();
            let bytes = [declaration.as_bytes(), &bytes].concat();
            let tree = Tree::read(&bytes, &Limits::default()).unwrap();
            assert_eq!(tree.text(&["plate"]), plate);
        }
    }

    #[test]
    fn each_bound_and_each_fault_has_its_problem() {
        for text in ["", "<A>", "<A></B>", "no", "<A><b></A>", "</A>"] {
            assert!(matches!(read(text), Err(Problem::Xml(_))), "{text}");
        }
        assert!(matches!(read("{\"a\":"), Err(Problem::Json(_))));
        let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
        assert!(matches!(read(&deep), Err(Problem::TooLarge { .. })));
        let wide = format!("<a>{}</a>", "<b/>".repeat(5_000));
        assert!(matches!(read(&wide), Err(Problem::TooLarge { .. })));
        let wide = format!("[{}1]", "1,".repeat(5_000));
        assert!(matches!(read(&wide), Err(Problem::TooLarge { .. })));
    }

    #[test]
    fn entities_of_a_document_are_not_followed() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;&c;</a>";
        assert_eq!(read(bomb).unwrap().text, "&b;&c;");
    }
}
