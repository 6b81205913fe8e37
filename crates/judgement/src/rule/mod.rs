//! The language of rules that users write: conditions in CEL, checked and typed once, then evaluated per passage.
//!
//! It is the part of CEL (Common Expression Language, cel-spec, `doc/langdef.md`) that a rule over one passage needs:
//! booleans, integers, doubles, strings, lists of them, `&& || ! ?:`, comparisons, `in`, arithmetic, `has`, `exists`,
//! `all` and a few functions. What it accepts means the same as in CEL; what it does not know is refused with a sentence.
//! Everything is typed before it runs, so an evaluation only fails by arithmetic.
//!
//! # What is not known
//!
//! A camera may give no speed, a vehicle may be in no register. A comparison with a value that is not known is neither
//! true nor false, and so is its negation; `&&` and `||` come to a result without it where the other side suffices (as
//! CEL does with errors). A condition whose result is not known does not hold: what is not known raises no
//! warning. `has(passage.speed_kmh)` asks whether it is known.

mod eval;
mod lexer;
mod parser;
mod typing;
mod words;

pub use eval::{Facts, Failure, Miss, Value};
pub use words::{Counter, Field, Place, Word, WordKind, vocabulary};

use eval::Node;
use smol_str::SmolStr;
use std::ops::Range;

/// Most characters of a condition.
pub const CONDITION_CHARS_MAX: usize = 2_000;
/// Most names, values and operators of a condition.
pub const NODES_MAX: usize = 300;
/// Deepest nesting of brackets and operators before an operand.
pub const NESTING_MAX: usize = 24;
/// Most errors that one check tells.
pub const ERRORS_MAX: usize = 20;
/// Longest window of a counter in minutes: a day.
pub const WINDOW_MINUTES_MAX: i64 = 24 * 60;

/// What is wrong with a condition, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// Where it begins, in characters from the beginning of the text.
    pub start: usize,
    /// Where it ends (exclusive), in characters.
    pub end: usize,
    /// The line of `start`, from 1.
    pub line: usize,
    /// The character of `start` in its line, from 1.
    pub column: usize,
    /// A sentence in Chinese.
    pub message_zh: String,
    /// The same in English.
    pub message_en: String,
}

/// Says everything that is wrong with a condition, in the order of the text; at most [`ERRORS_MAX`] errors.
pub fn check(condition: &str) -> Result<(), Vec<RuleError>> {
    Condition::compile(condition).map(|_| ())
}

/// A condition that was checked and is ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Condition {
    root: Node,
    sees: Vec<Seen>,
    window_minutes: i64,
}

/// Something of the world that a condition looks at.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Field(Field),
    Counter(Counter),
}

impl Condition {
    /// Reads, checks and types a condition.
    pub fn compile(text: &str) -> Result<Self, Vec<RuleError>> {
        let mut faults = Vec::new();
        let root = (|| {
            if text.chars().count() > CONDITION_CHARS_MAX {
                faults.push(Fault::new(
                    0..text.len(),
                    format!("条件太长，最多 {CONDITION_CHARS_MAX} 个字符。"),
                    format!("The condition is too long; it may have {CONDITION_CHARS_MAX} characters."),
                ));
                return None;
            }
            let tokens = lexer::tokens(text, &mut faults)?;
            let tree = parser::parse(&tokens, text.len(), &mut faults)?;
            typing::condition(&tree, &mut faults)
        })();
        match root {
            Some(root) if faults.is_empty() => Ok(Self::new(root)),
            _ => {
                faults.sort_by_key(|fault| (fault.span.start, fault.span.end));
                faults.truncate(ERRORS_MAX);
                Err(faults.into_iter().map(|fault| fault.located(text)).collect())
            }
        }
    }

    fn new(root: Node) -> Self {
        let mut sees = Vec::new();
        root.visit(&mut |node| {
            let seen = match node {
                Node::Field(field) | Node::Known(field) => Seen::Field(*field),
                Node::Counter(counter) => Seen::Counter((**counter).clone()),
                _ => return,
            };
            if !sees.contains(&seen) {
                sees.push(seen);
            }
        });
        let window_minutes = sees
            .iter()
            .map(|seen| match seen {
                Seen::Field(_) => 0,
                Seen::Counter(counter) => counter.window_minutes(),
            })
            .fold(0, i64::max);
        Self { root, sees, window_minutes }
    }

    /// Whether it holds. [`Miss::Unknown`] means that it does not, for want of knowledge.
    pub fn holds(&self, facts: &impl Facts) -> Result<bool, Miss> {
        self.root.is_true(facts, None)
    }

    /// How far back in minutes passages can matter to it; 0 when it looks at no other passage.
    pub fn window_minutes(&self) -> i64 {
        self.window_minutes
    }

    /// What it saw, by name, in the order in which it looks at them; what is not known is left out.
    pub fn values(&self, facts: &impl Facts) -> Vec<(SmolStr, SmolStr)> {
        self.sees
            .iter()
            .filter_map(|seen| match seen {
                Seen::Field(field) => facts.field(*field).map(|value| (field.name().into(), value.to_text())),
                Seen::Counter(counter) => facts
                    .counter(counter)
                    .map(|count| (counter.to_text(), smol_str::format_smolstr!("{count}"))),
            })
            .collect()
    }

    /// The counters that it asks for.
    pub fn counters(&self) -> impl Iterator<Item = &Counter> {
        self.sees.iter().filter_map(|seen| match seen {
            Seen::Counter(counter) => Some(counter),
            Seen::Field(_) => None,
        })
    }
}

/// An error by bytes of the text.
struct Fault {
    span: Range<usize>,
    zh: String,
    en: String,
}

impl Fault {
    fn new(span: Range<usize>, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { span, zh: zh.into(), en: en.into() }
    }

    fn located(self, text: &str) -> RuleError {
        let before = |end: usize| text.char_indices().take_while(move |(at, _)| *at < end);
        let start = before(self.span.start).count();
        RuleError {
            start,
            end: before(self.span.end).count().max(start),
            line: 1 + before(self.span.start).filter(|(_, c)| *c == '\n').count(),
            column: before(self.span.start).fold(1, |column, (_, c)| if c == '\n' { 1 } else { column + 1 }),
            message_zh: self.zh,
            message_en: self.en,
        }
    }
}

#[cfg(test)]
mod tests;
