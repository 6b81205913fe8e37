//! From the tree of a condition to typed nodes: names, types, numbers of arguments, known values. All faults are told.

use super::eval::{Arithmetic, Comparison, List, Node, TextTest, Value};
use super::parser::{Expr, Kind};
use super::words::{self, Counter, Field, Place, Type};
use super::{Fault, WINDOW_MINUTES_MAX};
use domain::CheckpointId;
use std::ops::Range;

/// The typed condition; `None` after a fault.
pub(super) fn condition(tree: &Expr, faults: &mut Vec<Fault>) -> Option<Node> {
    let mut typing = Typing { faults, element: None };
    typing.expect(tree, Type::Bool)
}

struct Typing<'a> {
    faults: &'a mut Vec<Fault>,
    /// Inside `exists` and `all`: name and type of the element.
    element: Option<(String, Type)>,
}

type Typed = Option<(Node, Type)>;

impl Typing<'_> {
    /// Tells a fault; always `None`.
    fn fault<T>(&mut self, span: &Range<usize>, zh: impl Into<String>, en: impl Into<String>) -> Option<T> {
        self.faults.push(Fault::new(span.clone(), zh, en));
        None
    }

    fn mismatch<T>(&mut self, span: &Range<usize>, wanted: Type, found: Type) -> Option<T> {
        let (wanted_zh, found_zh) = (wanted.zh(), found.zh());
        let (wanted, found) = (wanted.signature(), found.signature());
        self.fault(
            span,
            format!(
                "这里要{wanted_zh}，写的却是{found_zh}。{}",
                if wanted == "bool" { "请写成比较，例如 passage.speed_kmh > 80。" } else { "" }
            ),
            format!("A {wanted} is needed here, not a {found}."),
        )
    }

    fn expect(&mut self, expr: &Expr, wanted: Type) -> Option<Node> {
        let (node, found) = self.typed(expr)?;
        if found == wanted {
            return Some(node);
        }
        self.mismatch(&expr.span, wanted, found)
    }

    fn typed(&mut self, expr: &Expr) -> Typed {
        let constant = |value, kind| Some((Node::Constant(value), kind));
        match &expr.kind {
            Kind::Bool(value) => constant(Value::Bool(*value), Type::Bool),
            Kind::Int(value) => constant(Value::Int(*value), Type::Int),
            Kind::Double(value) => constant(Value::Double(*value), Type::Double),
            Kind::Text(value) => constant(Value::Text(value.into()), Type::Text),
            Kind::Null => self.fault(
                &expr.span,
                "规则里不能写 null；要问某项是否已知，请写 has(passage.speed_kmh)。",
                "null can't be used in a rule; to ask whether a field is known write has(passage.speed_kmh).",
            ),
            Kind::Name(name) => self.name(name, &expr.span),
            Kind::Select { .. } => {
                let field = self.field(expr)?;
                Some((Node::Field(field), field.kind()))
            }
            Kind::Call { of, name, name_span, args } => match of {
                Some(of) => self.method(of, name, name_span, args),
                None => self.function(name, name_span, args),
            },
            Kind::List(_) => self.fault(
                &expr.span,
                "列表只能写在 in 后面，或用 exists、all 查看。",
                "A list can only stand after in, or before .exists or .all.",
            ),
            Kind::Not(of) => Some((Node::Not(Box::new(self.expect(of, Type::Bool)?)), Type::Bool)),
            Kind::Negate(of) => match self.typed(of)? {
                (node, kind @ (Type::Int | Type::Double)) => Some((Node::Negate(Box::new(node)), kind)),
                (_, found) => self.mismatch(&of.span, Type::Int, found),
            },
            Kind::Chain { is_and, parts } => {
                let typed: Vec<_> = parts.iter().map(|part| self.expect(part, Type::Bool)).collect();
                let mut parts = typed.into_iter().collect::<Option<Vec<_>>>()?;
                // What decides cheaply decides first. The result is the same: neither what is not known nor a failure
                // stops the other parts from deciding.
                parts.sort_by_key(Node::cost);
                let parts = parts.into_boxed_slice();
                Some((if *is_and { Node::All(parts) } else { Node::Any(parts) }, Type::Bool))
            }
            Kind::If(parts) => {
                let [condition, then, other] = &**parts;
                let condition = self.expect(condition, Type::Bool);
                let (then, kind) = self.typed(then)?;
                let other = self.expect(other, kind)?;
                Some((Node::If(Box::new([condition?, then, other])), kind))
            }
            Kind::Binary { sign, sign_span, sides } => self.binary(sign, sign_span, sides),
        }
    }

    fn name(&mut self, name: &str, span: &Range<usize>) -> Typed {
        if let Some((_, kind)) = self.element.as_ref().filter(|(element, _)| element == name) {
            return Some((Node::Element, *kind));
        }
        if matches!(name, "passage" | "vehicle") {
            return self.fault(
                span,
                format!("“{name}”后面要写“.”和项目名称，例如 {}。", example_of(name)),
                format!("“{name}” needs a field, such as {}.", example_of(name)),
            );
        }
        if words::function_names().any(|function| function == name) {
            return self.fault(
                span,
                format!("“{name}”是函数，后面要写括号。"),
                format!("“{name}” is a function; brackets must follow it."),
            );
        }
        let of = ["passage", "vehicle"].into_iter().find(|of| Field::find(of, name).is_some());
        if let Some(of) = of {
            return self.fault(
                span,
                format!("“{name}”前面要写“{of}.”，即 {of}.{name}。"),
                format!("“{name}” is a field; write {of}.{name}."),
            );
        }
        self.unknown_name(
            name,
            span,
            "名称",
            "name",
            ["passage", "vehicle"].into_iter().chain(words::function_names()),
        )
    }

    /// Names the word that was probably meant.
    fn unknown_name<T>(
        &mut self,
        name: &str,
        span: &Range<usize>,
        what_zh: &str,
        what_en: &str,
        known: impl Iterator<Item = &'static str>,
    ) -> Option<T> {
        match nearest(name, known) {
            Some(meant) => self.fault(
                span,
                format!("没有“{name}”这个{what_zh}，是否要写“{meant}”？"),
                format!("There is no {what_en} “{name}”; do you mean “{meant}”?"),
            ),
            None => self.fault(
                span,
                format!("没有“{name}”这个{what_zh}。"),
                format!("There is no {what_en} “{name}”."),
            ),
        }
    }

    /// The field that an expression names.
    fn field(&mut self, expr: &Expr) -> Option<Field> {
        let Kind::Select { of, field } = &expr.kind else {
            return self.fault(
                &expr.span,
                "这里要写一个项目，例如 passage.speed_kmh。",
                "A field is needed here, such as passage.speed_kmh.",
            );
        };
        match &of.kind {
            Kind::Name(variable) if matches!(variable.as_str(), "passage" | "vehicle") => {
                if let Some(found) = Field::find(variable, field) {
                    return Some(found);
                }
                let other = if variable == "passage" { "vehicle" } else { "passage" };
                if Field::find(other, field).is_some() {
                    return self.fault(
                        &expr.span,
                        format!("“{variable}”没有“{field}”这一项，它在“{other}”里：{other}.{field}。"),
                        format!("“{variable}” has no field “{field}”; write {other}.{field}."),
                    );
                }
                match nearest(field, words::field_names(variable)) {
                    Some(meant) => self.fault(
                        &expr.span,
                        format!("“{variable}”没有“{field}”这一项，是否要写“{variable}.{meant}”？"),
                        format!("“{variable}” has no field “{field}”; do you mean “{variable}.{meant}”?"),
                    ),
                    None => self.fault(
                        &expr.span,
                        format!("“{variable}”没有“{field}”这一项。"),
                        format!("“{variable}” has no field “{field}”."),
                    ),
                }
            }
            Kind::Name(variable) => {
                let known = ["passage", "vehicle"].into_iter();
                self.unknown_name(variable, &of.span, "名称", "name", known)
            }
            _ => self.fault(
                &expr.span,
                format!("“{field}”前面只能是 passage 或 vehicle；若是函数，后面要写括号。"),
                format!("Only passage or vehicle may stand before “{field}”; a function needs brackets."),
            ),
        }
    }

    fn binary(&mut self, sign: &str, sign_span: &Range<usize>, sides: &[Expr; 2]) -> Typed {
        let [left, right] = sides;
        if sign == "in" {
            return self.is_in(left, right);
        }
        let (typed_left, typed_right) = (self.typed(left), self.typed(right));
        let ((left_node, left_kind), (right_node, right_kind)) = (typed_left?, typed_right?);
        let arithmetic = match sign {
            "+" => Arithmetic::Add,
            "-" => Arithmetic::Subtract,
            "*" => Arithmetic::Multiply,
            "/" => Arithmetic::Divide,
            "%" => Arithmetic::Remainder,
            _ => {
                let kinds = [left_kind, right_kind];
                return self.compared(sign, sign_span, sides, Box::new([left_node, right_node]), kinds);
            }
        };
        for (side, kind) in [(left, left_kind), (right, right_kind)] {
            if !is_number(kind) {
                return self.fault(
                    &side.span,
                    format!("“{sign}”两边要是数，这里却是{}。", kind.zh()),
                    format!("“{sign}” calculates with numbers, this is a {}.", kind.signature()),
                );
            }
        }
        if left_kind != right_kind {
            return self.fault(
                sign_span,
                "整数与小数不能一起计算，请用 double(…) 把整数变成小数。",
                "An int and a double can't be calculated with; write double(…) around the int.",
            );
        }
        if left_kind == Type::Double && arithmetic == Arithmetic::Remainder {
            return self.fault(sign_span, "取余数“%”只能用于整数。", "“%” needs integers.");
        }
        Some((Node::Arithmetic(arithmetic, Box::new([left_node, right_node])), left_kind))
    }

    fn compared(
        &mut self,
        sign: &str,
        sign_span: &Range<usize>,
        [left, right]: &[Expr; 2],
        nodes: Box<[Node; 2]>,
        [left_kind, right_kind]: [Type; 2],
    ) -> Typed {
        let comparison = match sign {
            "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            _ => Comparison::GreaterOrEqual,
        };
        let is_order = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if left_kind == Type::Texts || right_kind == Type::Texts {
            return self.fault(
                sign_span,
                "列表不能比较；要问其中有没有某项，请写 \"no_helmet\" in passage.behaviours。",
                "Lists can't be compared; write \"no_helmet\" in passage.behaviours to ask for an element.",
            );
        }
        if left_kind != right_kind && !(is_number(left_kind) && is_number(right_kind)) {
            return self.fault(
                &(left.span.start..right.span.end),
                format!("{}不能与{}比较。", left_kind.zh(), right_kind.zh())
                    + if left_kind == Type::Int && right_kind == Type::Text {
                        "数不要加引号。"
                    } else {
                        ""
                    },
                format!("A {} can't be compared with a {}.", left_kind.signature(), right_kind.signature()),
            );
        }
        if is_order && left_kind == Type::Bool {
            return self.fault(sign_span, "是非值不能比大小。", "Bools have no order.");
        }
        if let [Node::Field(field), _] = &*nodes {
            self.word_of(*field, right)?;
        }
        if let [_, Node::Field(field)] = &*nodes {
            self.word_of(*field, left)?;
        }
        Some((Node::Compare(comparison, nodes), Type::Bool))
    }

    /// A text that is compared with a field of given words must be one of these.
    fn word_of(&mut self, field: Field, expr: &Expr) -> Option<()> {
        let values = field.values();
        let Kind::Text(text) = &expr.kind else { return Some(()) };
        if values.is_empty() || values.contains(&text.as_str()) {
            return Some(());
        }
        let (name, all) = (field.name(), values.join("、"));
        match field.value_of_name(text).or_else(|| nearest(text, values.iter().copied())) {
            Some(meant) => self.fault(
                &expr.span,
                format!("{name} 没有“{text}”这个值，请写 \"{meant}\"；可用的值：{all}。"),
                format!("{name} is never “{text}”; write \"{meant}\", or one of {}.", values.join(", ")),
            ),
            None => self.fault(
                &expr.span,
                format!("{name} 没有“{text}”这个值；可用的值：{all}。"),
                format!("{name} is never “{text}”; its values are {}.", values.join(", ")),
            ),
        }
    }

    fn is_in(&mut self, item: &Expr, list: &Expr) -> Typed {
        let (item_node, item_kind) = self.typed(item)?;
        if let (Node::Field(field), Kind::List(items)) = (&item_node, &list.kind) {
            items.iter().map(|value| self.word_of(*field, value)).collect::<Option<Vec<_>>>()?;
        }
        let (list_node, kind) = self.list(list)?;
        if let List::Field(field) = list_node {
            self.word_of(field, item)?;
        }
        if kind.is_some_and(|kind| kind != item_kind && !(is_number(kind) && is_number(item_kind))) {
            return self.mismatch(&item.span, kind.unwrap_or(item_kind), item_kind);
        }
        Some((Node::In(Box::new(item_node), list_node), Type::Bool))
    }

    /// A list with the type of its elements; that of an empty list is open.
    fn list(&mut self, expr: &Expr) -> Option<(List, Option<Type>)> {
        let Kind::List(items) = &expr.kind else {
            let (node, kind) = self.typed(expr)?;
            return match node {
                Node::Field(field) if kind == Type::Texts => Some((List::Field(field), Some(Type::Text))),
                _ => self.mismatch(&expr.span, Type::Texts, kind),
            };
        };
        let typed: Vec<_> = items.iter().map(|item| self.typed(item)).collect();
        let typed = typed.into_iter().collect::<Option<Vec<_>>>()?;
        let kind = typed.first().map(|(_, kind)| *kind);
        if let Some(index) = typed.iter().position(|(_, other)| Some(*other) != kind) {
            return self.fault(
                &items[index].span,
                "列表里各项的类型要相同。",
                "All elements of a list must be of one type.",
            );
        }
        Some((List::Of(typed.into_iter().map(|(node, _)| node).collect()), kind))
    }

    fn count_of(&mut self, name: &str, span: &Range<usize>, args: &[Expr], wanted: usize) -> Option<()> {
        if args.len() == wanted {
            return Some(());
        }
        let signature = words::signature_of(name);
        self.fault(
            span,
            format!("“{name}”要 {wanted} 个参数，写了 {} 个。用法：{signature}。", args.len()),
            format!("“{name}” takes {wanted} arguments, not {}: {signature}.", args.len()),
        )
    }

    fn function(&mut self, name: &str, span: &Range<usize>, args: &[Expr]) -> Typed {
        let counter = |counter| Some((Node::Counter(Box::new(counter)), Type::Int));
        match name {
            "count" | "places" | "minutes_since_first" => {
                self.count_of(name, span, args, 1)?;
                let minutes = self.minutes(&args[0])?;
                counter(match name {
                    "count" => Counter::Count { minutes },
                    "places" => Counter::Places { minutes },
                    _ => Counter::MinutesSinceFirst { minutes },
                })
            }
            "count_at" => {
                self.count_of(name, span, args, 2)?;
                let (place, minutes) = (self.place(&args[0]), self.minutes(&args[1]));
                counter(Counter::CountAt { place: place?, minutes: minutes? })
            }
            "minutes_since_last" => {
                self.count_of(name, span, args, 0)?;
                counter(Counter::MinutesSinceLast)
            }
            "has" => {
                self.count_of(name, span, args, 1)?;
                Some((Node::Known(self.field(&args[0])?), Type::Bool))
            }
            "size" => {
                self.count_of(name, span, args, 1)?;
                self.size(&args[0])
            }
            "int" | "double" => {
                self.count_of(name, span, args, 1)?;
                let (node, kind) = self.typed(&args[0])?;
                if !matches!(kind, Type::Int | Type::Double) {
                    return self.mismatch(&args[0].span, Type::Int, kind);
                }
                let node = Box::new(node);
                Some(if name == "int" {
                    (Node::ToInt(node), Type::Int)
                } else {
                    (Node::ToDouble(node), Type::Double)
                })
            }
            "startsWith" | "endsWith" | "contains" | "exists" | "all" => self.fault(
                span,
                format!("“{name}”要写在值的后面。用法：{}。", words::signature_of(name)),
                format!("“{name}” must follow a value: {}.", words::signature_of(name)),
            ),
            _ => self.unknown_name(name, span, "函数", "function", words::function_names()),
        }
    }

    fn method(&mut self, of: &Expr, name: &str, span: &Range<usize>, args: &[Expr]) -> Typed {
        match name {
            "startsWith" | "endsWith" | "contains" => {
                self.count_of(name, span, args, 1)?;
                let (text, part) = (self.expect(of, Type::Text), self.expect(&args[0], Type::Text));
                let test = match name {
                    "startsWith" => TextTest::StartsWith,
                    "endsWith" => TextTest::EndsWith,
                    _ => TextTest::Contains,
                };
                Some((Node::TextTest(test, Box::new([text?, part?])), Type::Bool))
            }
            "size" => {
                self.count_of(name, span, args, 0)?;
                self.size(of)
            }
            "exists" | "all" => self.each(of, name, span, args),
            "matches" => self.fault(
                span,
                "规则里不能用 matches；请用 startsWith、endsWith 或 contains。",
                "matches can't be used in a rule; use startsWith, endsWith or contains.",
            ),
            "exists_one" | "map" | "filter" => self.fault(
                span,
                format!("规则里不能用 {name}；请用 exists 或 all。"),
                format!("{name} can't be used in a rule; use exists or all."),
            ),
            _ if words::function_names().any(|function| function == name) => self.fault(
                span,
                format!("“{name}”前面不能写值。用法：{}。", words::signature_of(name)),
                format!("Nothing may stand before “{name}”: {}.", words::signature_of(name)),
            ),
            _ => self.unknown_name(name, span, "函数", "function", words::function_names()),
        }
    }

    fn size(&mut self, of: &Expr) -> Typed {
        if matches!(of.kind, Kind::List(_)) {
            return Some((Node::ListSize(self.list(of)?.0), Type::Int));
        }
        match self.typed(of)? {
            (node, Type::Text) => Some((Node::TextSize(Box::new(node)), Type::Int)),
            (Node::Field(field), Type::Texts) => Some((Node::ListSize(List::Field(field)), Type::Int)),
            (_, found) => self.mismatch(&of.span, Type::Texts, found),
        }
    }

    fn each(&mut self, of: &Expr, name: &str, span: &Range<usize>, args: &[Expr]) -> Typed {
        self.count_of(name, span, args, 2)?;
        if self.element.is_some() {
            return self.fault(
                span,
                "exists、all 里面不能再写 exists、all。",
                "exists and all can't stand inside each other.",
            );
        }
        let (list, kind) = self.list(of)?;
        let Kind::Name(element) = &args[0].kind else {
            return self.fault(
                &args[0].span,
                "这里要给列表中的每一项取个名称，例如 x。",
                "A name for the elements is needed here, such as x.",
            );
        };
        self.element = Some((element.clone(), kind.unwrap_or(Type::Text)));
        let body = self.expect(&args[1], Type::Bool);
        self.element = None;
        Some((Node::Each { is_all: name == "all", list, body: Box::new(body?) }, Type::Bool))
    }

    /// Windows are written as numbers, so that it is known how far back a condition looks.
    fn minutes(&mut self, expr: &Expr) -> Option<i64> {
        let Kind::Int(minutes) = expr.kind else {
            return self.fault(
                &expr.span,
                format!("分钟数要直接写成整数，1 至 {WINDOW_MINUTES_MAX}。"),
                format!("Minutes must be written as a whole number, 1 to {WINDOW_MINUTES_MAX}."),
            );
        };
        if !(1..=WINDOW_MINUTES_MAX).contains(&minutes) {
            return self.fault(
                &expr.span,
                format!("分钟数须在 1 至 {WINDOW_MINUTES_MAX} 之间（最长一天）。"),
                format!("Minutes must be 1 to {WINDOW_MINUTES_MAX}, a day at most."),
            );
        }
        Some(minutes)
    }

    fn place(&mut self, expr: &Expr) -> Option<Place> {
        match &expr.kind {
            Kind::Text(text) => Some(Place::Named(CheckpointId::from(text.as_str()))),
            Kind::Select { .. } if self.field(expr)? == Field::Checkpoint => Some(Place::Here),
            _ => self.fault(
                &expr.span,
                "卡口要写编号（加引号），或写 passage.checkpoint。",
                "The checkpoint must be its number between quotes, or passage.checkpoint.",
            ),
        }
    }
}

fn is_number(kind: Type) -> bool {
    matches!(kind, Type::Int | Type::Double)
}

fn example_of(variable: &str) -> &'static str {
    if variable == "passage" { "passage.speed_kmh" } else { "vehicle.key_class" }
}

/// The known word that differs least, if it differs little.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = name.chars().count().div_ceil(3).min(3);
    known
        .map(|word| (distance(name, word), word))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// How many characters must be changed, added or left out (Levenshtein), case aside.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
