//! A typed condition and what it comes to. It allocates for texts longer than 23 bytes, and for lists
//! that `exists` and `all` walk over.

use super::words::{Counter, Field};
use domain::observation::{Behaviour, Behaviours};
use smol_str::{SmolStr, format_smolstr};
use std::cmp::Ordering;

/// What a condition is evaluated over.
pub trait Facts {
    /// The value of a field; `None` when it is not known. Its type is that of the field's signature.
    fn field(&self, field: Field) -> Option<Value>;
    /// The value of a counter; `None` when it is not known.
    fn counter(&self, counter: &Counter) -> Option<i64>;
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `double`
    Double(f64),
    /// `string`
    Text(SmolStr),
    /// `list(string)`: the behaviours that a camera reports.
    Behaviours(Behaviours),
}

impl Value {
    /// As a warning shows it.
    pub(super) fn to_text(&self) -> SmolStr {
        match self {
            Self::Bool(value) => SmolStr::new_static(if *value { "true" } else { "false" }),
            Self::Int(value) => format_smolstr!("{value}"),
            Self::Double(value) => format_smolstr!("{value}"),
            Self::Text(value) => value.clone(),
            Self::Behaviours(value) => value.iter().map(Behaviour::key).collect::<Vec<_>>().join(", ").into(),
        }
    }
}

/// Why a condition came to no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    /// It depends on something that is not known.
    Unknown,
    /// It calculates something that has no result.
    Failed(Failure),
}

/// A calculation without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A division by zero.
    DivisionByZero,
    /// A number beyond 64 bits.
    Overflow,
    /// The facts gave a value of another type than the field has.
    Mistyped,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A calculation with two numbers of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// A question about two texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
}

/// A list.
#[derive(Clone, Debug)]
pub(super) enum List {
    Field(Field),
    /// Elements of one type.
    Of(Box<[Node]>),
}

/// A typed part of a condition.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Constant(Value),
    Field(Field),
    /// Whether a field is known.
    Known(Field),
    Counter(Box<Counter>),
    /// The element that `exists` or `all` looks at.
    Element,
    Not(Box<Node>),
    /// `&&`, cheapest first.
    All(Box<[Node]>),
    /// `||`, cheapest first.
    Any(Box<[Node]>),
    If(Box<[Node; 3]>),
    Compare(Comparison, Box<[Node; 2]>),
    Arithmetic(Arithmetic, Box<[Node; 2]>),
    Negate(Box<Node>),
    In(Box<Node>, List),
    TextTest(TextTest, Box<[Node; 2]>),
    TextSize(Box<Node>),
    ListSize(List),
    /// `exists`, or `all`.
    Each {
        is_all: bool,
        list: List,
        body: Box<Node>,
    },
    ToInt(Box<Node>),
    ToDouble(Box<Node>),
}

/// What typing excludes as long as [`Facts`] keep to the types of the fields.
const MISTYPED: Miss = Miss::Failed(Failure::Mistyped);

type Evaluated = Result<Value, Miss>;

impl Node {
    /// Shows every part to `see`, outer ones first, in the order of evaluation.
    pub(super) fn visit(&self, see: &mut dyn FnMut(&Self)) {
        see(self);
        match self {
            Self::Constant(_) | Self::Field(_) | Self::Known(_) | Self::Counter(_) | Self::Element => {}
            Self::Not(of) | Self::Negate(of) | Self::TextSize(of) | Self::ToInt(of) | Self::ToDouble(of) => {
                of.visit(see);
            }
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.visit(see)),
            Self::If(parts) => parts.iter().for_each(|part| part.visit(see)),
            Self::Compare(_, sides) | Self::Arithmetic(_, sides) | Self::TextTest(_, sides) => {
                sides.iter().for_each(|side| side.visit(see));
            }
            Self::In(item, list) => {
                item.visit(see);
                list.visit(see);
            }
            Self::ListSize(list) => list.visit(see),
            Self::Each { list, body, .. } => {
                list.visit(see);
                body.visit(see);
            }
        }
    }

    /// How dear it is to evaluate, in units of reading a field of the passage.
    pub(super) fn cost(&self) -> u32 {
        /// A counter walks over the vehicle's passages.
        const COUNTER: u32 = 50;
        let mut cost: u32 = 0;
        self.visit(&mut |node| {
            cost += if matches!(node, Self::Counter(_)) { COUNTER } else { 1 };
        });
        cost
    }

    pub(super) fn is_true(&self, facts: &impl Facts, element: Option<&Value>) -> Result<bool, Miss> {
        match self {
            Self::All(parts) => settled(false, parts.iter().map(|part| part.is_true(facts, element))),
            Self::Any(parts) => settled(true, parts.iter().map(|part| part.is_true(facts, element))),
            Self::Not(of) => of.is_true(facts, element).map(|is_true| !is_true),
            Self::Known(field) => Ok(facts.field(*field).is_some()),
            Self::Compare(comparison, sides) => {
                let [left, right] = &**sides;
                let (left, right) = (left.value(facts, element)?, right.value(facts, element)?);
                comparison.holds(&left, &right)
            }
            Self::In(item, list) => {
                let item = item.value(facts, element)?;
                match list {
                    List::Field(field) => Ok(behaviours(facts, *field)?
                        .iter()
                        .any(|behaviour| item == Value::Text(SmolStr::new_static(behaviour.key())))),
                    // As in CEL, a list is known when all its elements are.
                    List::Of(items) => items.iter().try_fold(false, |is_in, other| {
                        Ok(Comparison::Equal.holds(&item, &other.value(facts, element)?)? || is_in)
                    }),
                }
            }
            Self::TextTest(test, sides) => {
                let [of, part] = &**sides;
                let (of, part) = (of.text(facts, element)?, part.text(facts, element)?);
                Ok(match test {
                    TextTest::StartsWith => of.starts_with(part.as_str()),
                    TextTest::EndsWith => of.ends_with(part.as_str()),
                    TextTest::Contains => of.contains(part.as_str()),
                })
            }
            Self::Each { is_all, list, body } => match list {
                List::Field(field) => settled(
                    !is_all,
                    behaviours(facts, *field)?.iter().map(|behaviour| {
                        body.is_true(facts, Some(&Value::Text(SmolStr::new_static(behaviour.key()))))
                    }),
                ),
                List::Of(items) => {
                    let items: Vec<Value> =
                        items.iter().map(|item| item.value(facts, element)).collect::<Result<_, _>>()?;
                    settled(!is_all, items.iter().map(|item| body.is_true(facts, Some(item))))
                }
            },
            Self::If(parts) => {
                let [condition, then, other] = &**parts;
                let chosen = if condition.is_true(facts, element)? { then } else { other };
                chosen.is_true(facts, element)
            }
            _ => match self.value(facts, element)? {
                Value::Bool(is_true) => Ok(is_true),
                _ => Err(MISTYPED),
            },
        }
    }

    fn value(&self, facts: &impl Facts, element: Option<&Value>) -> Evaluated {
        Ok(match self {
            Self::Constant(value) => value.clone(),
            Self::Field(field) => facts.field(*field).ok_or(Miss::Unknown)?,
            Self::Counter(counter) => Value::Int(facts.counter(counter).ok_or(Miss::Unknown)?),
            Self::Element => element.cloned().ok_or(Miss::Unknown)?,
            Self::If(parts) => {
                let [condition, then, other] = &**parts;
                let chosen = if condition.is_true(facts, element)? { then } else { other };
                chosen.value(facts, element)?
            }
            Self::Negate(of) => match of.value(facts, element)? {
                Value::Int(number) => {
                    Value::Int(number.checked_neg().ok_or(Miss::Failed(Failure::Overflow))?)
                }
                Value::Double(number) => Value::Double(-number),
                _ => return Err(MISTYPED),
            },
            Self::Arithmetic(arithmetic, sides) => {
                let [left, right] = &**sides;
                arithmetic.of(&left.value(facts, element)?, &right.value(facts, element)?)?
            }
            Self::TextSize(of) => Value::Int(of.text(facts, element)?.chars().count() as i64),
            Self::ListSize(List::Field(field)) => {
                Value::Int(behaviours(facts, *field)?.iter().count() as i64)
            }
            Self::ListSize(List::Of(items)) => {
                items.iter().try_for_each(|item| item.value(facts, element).map(|_| ()))?;
                Value::Int(items.len() as i64)
            }
            Self::ToInt(of) => match of.value(facts, element)? {
                // 2⁶³ is the least double that is too large.
                Value::Double(number) if number.abs() < 9_223_372_036_854_775_808.0 => {
                    Value::Int(number as i64)
                }
                Value::Double(_) => return Err(Miss::Failed(Failure::Overflow)),
                same => same,
            },
            Self::ToDouble(of) => match of.value(facts, element)? {
                Value::Int(number) => Value::Double(number as f64),
                same => same,
            },
            _ => Value::Bool(self.is_true(facts, element)?),
        })
    }

    fn text(&self, facts: &impl Facts, element: Option<&Value>) -> Result<SmolStr, Miss> {
        match self.value(facts, element)? {
            Value::Text(text) => Ok(text),
            _ => Err(MISTYPED),
        }
    }
}

impl List {
    fn visit(&self, see: &mut dyn FnMut(&Node)) {
        match self {
            Self::Field(field) => see(&Node::Field(*field)),
            Self::Of(items) => items.iter().for_each(|item| item.visit(see)),
        }
    }
}

fn behaviours(facts: &impl Facts, field: Field) -> Result<Behaviours, Miss> {
    match facts.field(field).ok_or(Miss::Unknown)? {
        Value::Behaviours(behaviours) => Ok(behaviours),
        _ => Err(MISTYPED),
    }
}

/// One part that is `decisive` decides; else a failure is told before what is not known; else it is the opposite.
fn settled(decisive: bool, parts: impl Iterator<Item = Result<bool, Miss>>) -> Result<bool, Miss> {
    let mut missed = None;
    for part in parts {
        match part {
            Ok(is_true) if is_true == decisive => return Ok(decisive),
            Ok(_) => {}
            Err(miss @ Miss::Failed(_)) => missed = Some(miss),
            Err(Miss::Unknown) => {
                missed.get_or_insert(Miss::Unknown);
            }
        }
    }
    missed.map_or(Ok(!decisive), Err)
}

impl Comparison {
    fn holds(self, left: &Value, right: &Value) -> Result<bool, Miss> {
        let order = match (left, right) {
            (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
            (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
            (Value::Double(left), Value::Double(right)) => left.partial_cmp(right),
            (Value::Int(left), Value::Double(right)) => int_to_double(*left, *right),
            (Value::Double(left), Value::Int(right)) => int_to_double(*right, *left).map(Ordering::reverse),
            (Value::Text(left), Value::Text(right)) => Some(left.as_str().cmp(right.as_str())),
            _ => return Err(MISTYPED),
        };
        Ok(match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => order.is_some_and(Ordering::is_le),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
        })
    }
}

/// By value, without loss where the double has a fraction or the integer more digits.
fn int_to_double(int: i64, double: f64) -> Option<Ordering> {
    let order = (int as f64).partial_cmp(&double)?;
    // Equal as doubles: both are whole, and the integer may have been rounded.
    Some(if order.is_eq() { i128::from(int).cmp(&(double as i128)) } else { order })
}

impl Arithmetic {
    fn of(self, left: &Value, right: &Value) -> Evaluated {
        match (left, right) {
            (Value::Int(left), Value::Int(right)) => {
                let result = match self {
                    Self::Add => left.checked_add(*right),
                    Self::Subtract => left.checked_sub(*right),
                    Self::Multiply => left.checked_mul(*right),
                    Self::Divide | Self::Remainder if *right == 0 => {
                        return Err(Miss::Failed(Failure::DivisionByZero));
                    }
                    Self::Divide => left.checked_div(*right),
                    Self::Remainder => left.checked_rem(*right),
                };
                result.map(Value::Int).ok_or(Miss::Failed(Failure::Overflow))
            }
            (Value::Double(left), Value::Double(right)) => Ok(Value::Double(match self {
                Self::Add => left + right,
                Self::Subtract => left - right,
                Self::Multiply => left * right,
                Self::Divide => left / right,
                Self::Remainder => return Err(MISTYPED),
            })),
            _ => Err(MISTYPED),
        }
    }
}
