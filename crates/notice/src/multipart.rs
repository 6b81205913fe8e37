//! Bodies of several parts (RFC 2046, RFC 7578), as cameras write them: line ends of one byte or two, lengths that are wrong, no
//! final boundary.

use crate::{Limits, Problem};

/// One part of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part<'b> {
    /// `name` of its Content-Disposition; "" without.
    pub name: &'b str,
    /// `filename` of its Content-Disposition; "" without.
    pub file_name: &'b str,
    /// Its Content-Type in the case it is written; "" without.
    pub content_type: &'b str,
    /// What it holds, without the line end before the boundary.
    pub body: &'b [u8],
}

impl Part<'_> {
    /// Whether it is a picture, by what it says of itself or by how it begins.
    pub fn is_picture(&self) -> bool {
        let is_named = [".jpg", ".jpeg", ".png", ".bmp"].iter().any(|end| {
            let tail = self.file_name.len().checked_sub(end.len()).and_then(|at| self.file_name.get(at..));
            tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end))
        });
        is_named
            || self.content_type.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("image/"))
            || self.body.starts_with(&[0xff, 0xd8, 0xff])
            || self.body.starts_with(b"\x89PNG")
    }

    /// Whether it is XML or JSON, by how it begins.
    pub fn is_notice(&self) -> bool {
        let body = self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.body);
        matches!(body.trim_ascii_start().first(), Some(b'<' | b'{')) && !self.is_picture()
    }
}

/// The boundary that a Content-Type names.
pub fn boundary(content_type: &str) -> Option<&str> {
    let mut parameters = content_type.split(';');
    let kind = parameters.next()?.trim();
    if !kind.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("multipart/")) {
        return None;
    }
    parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })
}

/// The parts of a whole body. Without a `boundary` the first line of the body is taken for it.
pub fn parts<'b>(body: &'b [u8], boundary: Option<&str>, limits: &Limits) -> Result<Vec<Part<'b>>, Problem> {
    let own_line = || {
        let line = body.trim_ascii_start().split(|byte| *byte == b'\n').next()?.trim_ascii_end();
        line.starts_with(b"--").then(|| line.to_vec())
    };
    let named =
        boundary.filter(|boundary| !boundary.is_empty()).map(|name| [b"--", name.as_bytes()].concat());
    // Some devices name the boundary with the dashes that go before it.
    let delimiter = named.filter(|named| find(body, named).is_some()).or_else(own_line);
    let delimiter = delimiter.ok_or(Problem::NoBoundary)?;
    let mut rest = match find(body, &delimiter) {
        Some(at) => body.get(at + delimiter.len()..).unwrap_or_default(),
        None => return Err(Problem::NoBoundary),
    };
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") && !rest.trim_ascii().is_empty() {
        if parts.len() == limits.parts_max {
            return Err(Problem::TooManyParts(limits.parts_max));
        }
        let (part, after) = match find_line(rest, &delimiter) {
            Some(at) => {
                (rest.get(..at).unwrap_or_default(), rest.get(at + delimiter.len()..).unwrap_or_default())
            }
            // Cut off, or a device that leaves the last boundary out.
            None => (rest, &[][..]),
        };
        parts.push(one(part));
        rest = after;
    }
    Ok(parts)
}

/// A part from the end of its boundary's line to before the next boundary.
fn one(part: &[u8]) -> Part<'_> {
    let part = skip_line_end(part);
    let (head, body) = split_head(part);
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    let body = body.strip_suffix(b"\r").unwrap_or(body);
    let mut found = Part { body, ..Part::default() };
    for line in head.split(|byte| *byte == b'\n') {
        // A name in another encoding only costs itself.
        let Ok(line) = std::str::from_utf8(line.trim_ascii()) else { continue };
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-type") {
            found.content_type = value.trim();
        } else if name.eq_ignore_ascii_case("content-disposition") {
            for parameter in value.split(';') {
                match parameter.split_once('=') {
                    Some((name, value)) if name.trim().eq_ignore_ascii_case("name") => {
                        found.name = value.trim().trim_matches('"');
                    }
                    Some((name, value)) if name.trim().eq_ignore_ascii_case("filename") => {
                        found.file_name = value.trim().trim_matches('"');
                    }
                    _ => {}
                }
            }
        }
    }
    found
}

fn skip_line_end(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\r\n").or_else(|| bytes.strip_prefix(b"\n")).unwrap_or(bytes)
}

/// The head and the body, whichever line ends the head has.
fn split_head(part: &[u8]) -> (&[u8], &[u8]) {
    if let Some(body) = part.strip_prefix(b"\r\n").or_else(|| part.strip_prefix(b"\n")) {
        return (&[], body);
    }
    let two = find(part, b"\r\n\r\n").map(|at| (at, 4));
    let one = find(part, b"\n\n").map(|at| (at, 2));
    match two.into_iter().chain(one).min() {
        Some((at, len)) => (part.get(..at).unwrap_or_default(), part.get(at + len..).unwrap_or_default()),
        None => (&[], part),
    }
}

/// Where `needle` begins a line, counted from the start of `hay`.
fn find_line(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + find(hay.get(from..)?, needle)?;
        if at == 0 || hay.get(at - 1) == Some(&b'\n') {
            return Some(at);
        }
        from = at + 1;
    }
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(rest) = hay.get(from..) {
        let at = from + rest.iter().position(|byte| *byte == first)?;
        if hay.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read<'b>(body: &'b [u8], name: Option<&str>) -> Vec<Part<'b>> {
        parts(body, name, &Limits::default()).unwrap()
    }

    #[test]
    fn parts_are_read_with_either_line_end_and_with_or_without_the_boundary_named() {
        let lines = "--b\nContent-Disposition: form-data; name=\"a.xml\";filename=\"a.xml\"\nContent-Type: application/xml\n\n<A/>\n\
                     --b\nContent-Disposition: form-data; name=\"p\"\n\n\u{0}--b \n\n--b--\n";
        for body in [lines.to_owned(), lines.replace('\n', "\r\n")] {
            for name in [Some("b"), None, Some("other")] {
                let parts = read(body.as_bytes(), name);
                assert_eq!(parts.len(), 2, "{name:?}");
                assert_eq!((parts[0].name, parts[0].content_type), ("a.xml", "application/xml"));
                assert_eq!(parts[0].body, b"<A/>");
                assert!(parts[0].is_notice() && !parts[0].is_picture());
                // A boundary within a line is none.
                assert!(parts[1].body.starts_with(b"\0--b"));
            }
        }
    }

    #[test]
    fn a_body_cut_off_gives_what_came() {
        let parts = read(b"--b\r\n\r\n{}\r\n--b\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff", Some("b"));
        assert_eq!(parts.len(), 2);
        assert!(parts[1].is_picture());
        assert_eq!(parts[1].body, b"\xff\xd8\xff");
    }

    #[test]
    fn a_content_type_names_its_boundary() {
        assert_eq!(boundary("multipart/form-data; boundary=\"x y\""), Some("x y"));
        assert_eq!(boundary("Multipart/Form-Data;charset=utf-8; Boundary=b"), Some("b"));
        assert_eq!(boundary("application/xml; boundary=b"), None);
        assert_eq!(parts(b"nothing", None, &Limits::default()), Err(Problem::NoBoundary));
        let many = b"--b\n\na\n".repeat(40);
        assert_eq!(parts(&many, Some("b"), &Limits::default()), Err(Problem::TooManyParts(32)));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..6)) {
            let mut whole = Vec::new();
            for body in &bodies {
                whole.extend_from_slice(b"--7e13971310878\r\nContent-Type: application/octet-stream\r\n\r\n");
                whole.extend_from_slice(body);
                whole.extend_from_slice(b"\r\n");
            }
            whole.extend_from_slice(b"--7e13971310878--\r\n");
            let read: Vec<_> = read(&whole, Some("7e13971310878")).into_iter().map(|part| part.body.to_vec()).collect();
            prop_assert_eq!(read, bodies);
        }

        #[test]
        fn nothing_makes_it_fail_but_a_problem(body in proptest::collection::vec(any::<u8>(), 0..400), name in proptest::option::of("[a-c-]{0,3}")) {
            drop(parts(&body, name.as_deref(), &Limits::default()));
        }
    }
}
