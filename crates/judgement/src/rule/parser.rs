//! From tokens to the tree of a condition: the grammar of CEL by precedence climbing, bounded in depth and size.

use super::lexer::Token;
use super::{Fault, NESTING_MAX, NODES_MAX};
use std::ops::Range;

/// A part of a condition with its place in bytes.
#[derive(Clone, Debug)]
pub(super) struct Expr {
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Bool(bool),
    Null,
    Int(i64),
    Double(f64),
    Text(String),
    Name(String),
    Select {
        of: Box<Expr>,
        field: String,
    },
    Call {
        of: Option<Box<Expr>>,
        name: String,
        name_span: Range<usize>,
        args: Vec<Expr>,
    },
    List(Vec<Expr>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    /// A chain of one of `&&`, `||`.
    Chain {
        is_and: bool,
        parts: Vec<Expr>,
    },
    /// Any other operator with two sides, with its place.
    Binary {
        sign: &'static str,
        sign_span: Range<usize>,
        sides: Box<[Expr; 2]>,
    },
    /// Condition, then, else.
    If(Box<[Expr; 3]>),
}

/// Words that CEL keeps for languages around it.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "namespace",
    "package",
    "return",
    "var",
    "void",
    "while",
];

/// How strongly a sign binds; greater binds more. `None` when it is no operator with two sides.
fn precedence(token: &Token) -> Option<(&'static str, u8)> {
    Some(match token {
        Token::Sign(sign) => match *sign {
            "||" => (sign, 1),
            "&&" => (sign, 2),
            "==" | "!=" | "<" | "<=" | ">" | ">=" => (sign, 3),
            "+" | "-" => (sign, 4),
            "*" | "/" | "%" => (sign, 5),
            _ => return None,
        },
        Token::Name(name) if name == "in" => ("in", 3),
        _ => return None,
    })
}

/// The tree; `None` after a fault. Reading stops at the first.
pub(super) fn parse(
    tokens: &[(Token, Range<usize>)],
    text_bytes: usize,
    faults: &mut Vec<Fault>,
) -> Option<Expr> {
    let mut parser = Parser { tokens, at: 0, end: text_bytes, nodes: 0, depth: 0 };
    let tree = parser.expression().and_then(|tree| match parser.tokens.get(parser.at) {
        None => Ok(tree),
        Some(_) => Err(parser.unexpected()),
    });
    tree.map_err(|fault| faults.push(fault)).ok()
}

struct Parser<'a> {
    tokens: &'a [(Token, Range<usize>)],
    at: usize,
    /// Length of the text.
    end: usize,
    nodes: usize,
    depth: usize,
}

type Parsed = Result<Expr, Fault>;

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn is_at(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    /// Place of the next token; of the end of the text when there is none.
    fn place(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or(self.end..self.end, |(_, span)| span.clone())
    }

    fn take(&mut self, sign: &str) -> bool {
        let is_at = self.is_at(sign);
        self.at += usize::from(is_at);
        is_at
    }

    fn node(&mut self, span: Range<usize>, kind: Kind) -> Parsed {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(Fault::new(
                span,
                format!("条件太复杂，名称、数值、运算合计不能超过 {NODES_MAX} 个；请拆成几条规则。"),
                format!(
                    "The condition has more than {NODES_MAX} names, values and operators; make several rules of it."
                ),
            ));
        }
        Ok(Expr { span, kind })
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.depth == NESTING_MAX {
            return Err(Fault::new(
                self.place(),
                format!("括号嵌套太深，最多 {NESTING_MAX} 层。"),
                format!("Brackets are nested too deep; {NESTING_MAX} levels are the most."),
            ));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// The next token does not fit: says why as plainly as can be told.
    fn unexpected(&self) -> Fault {
        let span = self.place();
        match self.peek() {
            None if self.tokens.is_empty() => {
                Fault::new(span, "还没有写条件。", "There is no condition yet.")
            }
            None => Fault::new(
                span,
                "条件没有写完，后面还缺内容。",
                "The condition is not finished; something is missing here.",
            ),
            Some(Token::Name(name)) => match name.to_ascii_lowercase().as_str() {
                "and" => Fault::new(span, "“并且”要写 && 。", "Write && for “and”."),
                "or" => Fault::new(span, "“或者”要写 || 。", "Write || for “or”."),
                "not" => Fault::new(span, "“不是”要写 ! 。", "Write ! for “not”."),
                _ => Fault::new(
                    span,
                    format!("这里不该出现“{name}”；前面可能少了 && 、 || 或比较符号。"),
                    format!("“{name}” can't stand here; an operator such as && may be missing before it."),
                ),
            },
            Some(Token::Sign(sign @ (")" | "]" | "}"))) => Fault::new(
                span,
                format!("“{sign}”的位置不对：前面少了内容，或没有与它对应的左括号。"),
                format!("“{sign}” can't stand here: something is missing before it, or it closes nothing."),
            ),
            Some(Token::Sign("{")) => {
                Fault::new(span, "规则里不能用花括号。", "Braces can't be used in a rule.")
            }
            Some(Token::Sign(sign)) => Fault::new(
                span,
                format!("这里不该出现“{sign}”，它前面或后面少了内容。"),
                format!("“{sign}” can't stand here; something is missing before or after it."),
            ),
            Some(_) => Fault::new(
                span,
                "这里不该出现数值或文字；前面可能少了 && 、 || 或比较符号。",
                "A value can't stand here; an operator such as && may be missing before it.",
            ),
        }
    }

    fn expect(&mut self, sign: &'static str, opened: &Range<usize>) -> Result<(), Fault> {
        if self.take(sign) {
            return Ok(());
        }
        if self.peek().is_some() {
            return Err(self.unexpected());
        }
        Err(Fault::new(
            opened.clone(),
            format!("这个括号没有合上，缺少“{sign}”。"),
            format!("This bracket is not closed; “{sign}” is missing."),
        ))
    }

    fn expression(&mut self) -> Parsed {
        self.deeper(|parser| {
            let condition = parser.operators(1)?;
            if !parser.take("?") {
                return Ok(condition);
            }
            let then = parser.operators(1)?;
            if !parser.take(":") {
                return Err(if parser.peek().is_some() {
                    parser.unexpected()
                } else {
                    Fault::new(
                        parser.place(),
                        "“?”后面要写两种结果，用“:”隔开。",
                        "Two results, parted by “:”, must follow “?”.",
                    )
                });
            }
            let other = parser.expression()?;
            let span = condition.span.start..other.span.end;
            parser.node(span, Kind::If(Box::new([condition, then, other])))
        })
    }

    /// Operators that bind at least so strongly.
    fn operators(&mut self, weakest: u8) -> Parsed {
        let mut left = self.unary()?;
        while let Some((sign, strength)) =
            self.peek().and_then(precedence).filter(|(_, strength)| *strength >= weakest)
        {
            let sign_span = self.place();
            self.at += 1;
            let right = self.operators(strength + 1)?;
            let span = left.span.start..right.span.end;
            left = match (sign, left.kind) {
                ("&&" | "||", Kind::Chain { is_and, mut parts }) if is_and == (sign == "&&") => {
                    parts.push(right);
                    self.node(span, Kind::Chain { is_and, parts })?
                }
                ("&&" | "||", kind) => {
                    let parts = vec![Expr { span: left.span, kind }, right];
                    self.node(span, Kind::Chain { is_and: sign == "&&", parts })?
                }
                (_, kind) => {
                    let sides = Box::new([Expr { span: left.span, kind }, right]);
                    self.node(span, Kind::Binary { sign, sign_span, sides })?
                }
            };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        let start = self.place().start;
        let is_not = self.is_at("!");
        if !is_not && !self.is_at("-") {
            return self.member();
        }
        self.at += 1;
        let operand = Box::new(self.deeper(Self::unary)?);
        let span = start..operand.span.end;
        self.node(span, if is_not { Kind::Not(operand) } else { Kind::Negate(operand) })
    }

    fn member(&mut self) -> Parsed {
        let mut of = self.primary()?;
        loop {
            if self.is_at("[") {
                return Err(Fault::new(
                    self.place(),
                    "规则里不能用方括号取列表中的某一个；可以用 in 或 exists。",
                    "Elements of a list can't be taken by number; use in or exists.",
                ));
            }
            if !self.take(".") {
                return Ok(of);
            }
            let name_span = self.place();
            let Some(Token::Name(name)) = self.peek().cloned() else {
                return Err(Fault::new(
                    name_span,
                    "“.”后面要写名称，例如 passage.speed_kmh。",
                    "A name must follow “.”, such as passage.speed_kmh.",
                ));
            };
            self.at += 1;
            let start = of.span.start;
            of = if self.is_at("(") {
                let (args, end) = self.arguments()?;
                self.node(start..end, Kind::Call { of: Some(Box::new(of)), name, name_span, args })?
            } else {
                self.node(start..name_span.end, Kind::Select { of: Box::new(of), field: name })?
            };
        }
    }

    /// From the opening bracket to the closing one, with the end of that.
    fn arguments(&mut self) -> Result<(Vec<Expr>, usize), Fault> {
        let opened = self.place();
        self.at += 1;
        let args = self.list(")")?;
        let end = self.place().end;
        self.expect(")", &opened)?;
        Ok((args, end))
    }

    /// Expressions parted by commas, up to the closing sign.
    fn list(&mut self, close: &str) -> Result<Vec<Expr>, Fault> {
        let mut items = Vec::new();
        while !self.is_at(close) {
            items.push(self.expression()?);
            if !self.take(",") {
                break;
            }
        }
        Ok(items)
    }

    fn primary(&mut self) -> Parsed {
        let span = self.place();
        let Some(token) = self.peek().cloned() else { return Err(self.unexpected()) };
        match token {
            Token::Sign("(") => {
                self.at += 1;
                let mut inner = self.expression()?;
                let end = self.place().end;
                self.expect(")", &span)?;
                inner.span = span.start..end;
                Ok(inner)
            }
            Token::Sign("[") => {
                self.at += 1;
                let items = self.list("]")?;
                let end = self.place().end;
                self.expect("]", &span)?;
                self.node(span.start..end, Kind::List(items))
            }
            Token::Sign(_) => Err(self.unexpected()),
            Token::Name(name) if name == "in" => Err(self.unexpected()),
            Token::Name(name) if RESERVED.contains(&name.as_str()) => Err(Fault::new(
                span,
                format!("“{name}”是保留字，不能在规则里使用；“如果…则…否则”请写 条件 ? 甲 : 乙。"),
                format!("“{name}” is a reserved word; for a choice write condition ? a : b."),
            )),
            Token::Name(name) => {
                self.at += 1;
                if self.is_at("(") {
                    let (args, end) = self.arguments()?;
                    let kind = Kind::Call { of: None, name, name_span: span.clone(), args };
                    return self.node(span.start..end, kind);
                }
                let kind = match name.as_str() {
                    "true" => Kind::Bool(true),
                    "false" => Kind::Bool(false),
                    "null" => Kind::Null,
                    _ => Kind::Name(name),
                };
                self.node(span, kind)
            }
            Token::Int(number) => self.value(span, Kind::Int(number)),
            Token::Double(number) => self.value(span, Kind::Double(number)),
            Token::Text(text) => self.value(span, Kind::Text(text)),
        }
    }

    fn value(&mut self, span: Range<usize>, kind: Kind) -> Parsed {
        self.at += 1;
        self.node(span, kind)
    }
}
