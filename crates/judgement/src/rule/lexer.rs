//! The tokens of a condition, with their places; characters that a Chinese keyboard slips in are named.

use super::Fault;
use std::ops::Range;

/// What stands at one place.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Int(i64),
    Double(f64),
    Text(String),
    Name(String),
    /// An operator or a bracket.
    Sign(&'static str),
}

/// Longer signs first: the first that fits is taken.
const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "(", ")", "[", "]", "{", "}",
    ",", ".", "?", ":",
];

/// What is easily written in place of a sign, and the sign.
const SLIPS: [(char, &str); 26] = [
    ('“', "\""),
    ('”', "\""),
    ('‘', "'"),
    ('’', "'"),
    ('＂', "\""),
    ('＇', "'"),
    ('（', "("),
    ('）', ")"),
    ('【', "["),
    ('】', "]"),
    ('［', "["),
    ('］', "]"),
    ('，', ","),
    ('、', ","),
    ('。', "."),
    ('．', "."),
    ('＞', ">"),
    ('＜', "<"),
    ('≥', ">="),
    ('≤', "<="),
    ('≠', "!="),
    ('！', "!"),
    ('？', "?"),
    ('：', ":"),
    ('＝', "=="),
    ('×', "*"),
];

/// The tokens in their order; `None` when something was no token, each such place a fault.
pub(super) fn tokens(text: &str, faults: &mut Vec<Fault>) -> Option<Vec<(Token, Range<usize>)>> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    let before = faults.len();
    while let Some(next) = lexer.next() {
        match next {
            Ok(token) => tokens.push(token),
            Err(fault) => faults.push(fault),
        }
    }
    (faults.len() == before).then_some(tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

type Next = Result<(Token, Range<usize>), Fault>;

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Steps over what `is_in` takes, and gives it.
    fn take_while(&mut self, is_in: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !is_in(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn next(&mut self) -> Option<Next> {
        loop {
            self.take_while(char::is_whitespace);
            if !self.rest().starts_with("//") {
                break;
            }
            self.take_while(|c| c != '\n');
        }
        let start = self.at;
        let first = self.peek()?;
        let mut following = self.rest().chars().skip(1);
        let second = following.next();
        Some(match first {
            'r' | 'R' if matches!(second, Some('"' | '\'')) => {
                self.at += 1;
                self.string(start, true)
            }
            '"' | '\'' => self.string(start, false),
            '0'..='9' => self.number(start),
            '.' if second.is_some_and(|c| c.is_ascii_digit()) => self.number(start),
            'a'..='z' | 'A'..='Z' | '_' => {
                let name = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
                Ok((Token::Name(name.into()), start..self.at))
            }
            _ => self.sign(start, first),
        })
    }

    fn sign(&mut self, start: usize, first: char) -> Next {
        if let Some(sign) = SIGNS.into_iter().find(|sign| self.rest().starts_with(sign)) {
            self.at += sign.len();
            return Ok((Token::Sign(sign), start..self.at));
        }
        self.at += first.len_utf8();
        let span = start..self.at;
        if let Some((slip, sign)) = SLIPS.into_iter().find(|(slip, _)| *slip == first) {
            return Err(Fault::new(
                span,
                format!("“{slip}”是中文符号，请改成英文符号 {sign} 。"),
                format!("“{slip}” is not an ASCII sign; write {sign} instead."),
            ));
        }
        Err(match first {
            '=' => Fault::new(
                span,
                "比较是否相等要写两个等号 == 。",
                "Write == to ask whether two values are equal.",
            ),
            '&' => Fault::new(span, "“并且”要写 && 。", "Write && for “and”."),
            '|' => Fault::new(span, "“或者”要写 || 。", "Write || for “or”."),
            _ => {
                // One fault for a whole word in another script.
                self.take_while(|c| {
                    !c.is_ascii() && !c.is_whitespace() && SLIPS.iter().all(|(slip, _)| *slip != c)
                });
                let word = self.text.get(start..self.at).unwrap_or_default();
                Fault::new(
                    start..self.at,
                    format!("不认识“{word}”。文字要写在英文双引号里，例如 \"urban\"。"),
                    format!(
                        "“{word}” means nothing here. Write text between double quotes, such as \"urban\"."
                    ),
                )
            }
        })
    }

    fn number(&mut self, start: usize) -> Next {
        let too_large = |span: Range<usize>| {
            Fault::new(span, "这个数写得不对或太大。", "This number is malformed or too large.")
        };
        let is_hex = self.rest().starts_with("0x") || self.rest().starts_with("0X");
        if is_hex {
            self.at += 2;
            let digits = self.take_while(|c| c.is_ascii_hexdigit());
            let span = start..self.at;
            return i64::from_str_radix(digits, 16)
                .map(|number| (Token::Int(number), span.clone()))
                .map_err(|_| too_large(span));
        }
        let mut is_double = false;
        self.take_while(|c| c.is_ascii_digit());
        // `1.` is no number in CEL: the point belongs to it only before a digit.
        if self.peek() == Some('.') && self.rest().chars().nth(1).is_some_and(|c| c.is_ascii_digit()) {
            is_double = true;
            self.at += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            is_double = true;
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            self.take_while(|c| c.is_ascii_digit());
        }
        let digits = self.text.get(start..self.at).unwrap_or_default();
        let unit = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        let span = start..self.at;
        if !unit.is_empty() {
            return Err(Fault::new(
                span,
                format!("数后面不能跟“{unit}”；单位不用写，数就写 {digits} 。"),
                format!("“{unit}” can't follow a number; leave units out and write {digits}."),
            ));
        }
        let token = if is_double {
            digits.parse().ok().filter(|number: &f64| number.is_finite()).map(Token::Double)
        } else {
            digits.parse().ok().map(Token::Int)
        };
        token.map(|token| (token, span.clone())).ok_or_else(|| too_large(span))
    }

    /// From the opening quote on.
    fn string(&mut self, start: usize, is_raw: bool) -> Next {
        let quote = self.peek().expect("it was seen to be a quote");
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.peek().filter(|c| *c != '\n') {
            let at = self.at;
            self.at += c.len_utf8();
            match c {
                _ if c == quote => return Ok((Token::Text(text), start..self.at)),
                '\\' if !is_raw => {
                    let escaped = self.peek();
                    self.at += escaped.map_or(0, char::len_utf8);
                    text.push(match escaped {
                        Some('n') => '\n',
                        Some('t') => '\t',
                        Some('r') => '\r',
                        Some(c @ ('\\' | '"' | '\'' | '`' | '?')) => c,
                        _ => {
                            let span = at..self.at;
                            // The rest of the string is read over, so that it makes no errors of its own.
                            self.take_while(|c| c != quote && c != '\n');
                            self.at += usize::from(self.peek() == Some(quote));
                            return Err(Fault::new(
                                span,
                                "反斜线后面的字符不对；要写反斜线本身，请写 \\\\ 。",
                                "This can't follow a backslash; write \\\\ for a backslash.",
                            ));
                        }
                    });
                }
                _ => text.push(c),
            }
        }
        Err(Fault::new(
            start..self.at,
            format!("文字没有写完，缺少后面的引号 {quote} 。"),
            format!("The text does not end; the closing {quote} is missing."),
        ))
    }
}
