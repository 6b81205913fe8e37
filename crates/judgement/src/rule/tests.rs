//! What the language accepts, what it refuses and where, and what conditions come to.

use super::*;
use domain::observation::{Behaviour, Behaviours};
use proptest::prelude::*;
use std::cell::Cell;

/// A truck at night of which the speed and the file are not known; counts what it is asked.
#[derive(Default)]
struct Truck {
    counted: Cell<u32>,
}

impl Facts for Truck {
    fn field(&self, field: Field) -> Option<Value> {
        Some(match field {
            Field::Plate => Value::Text("鲁Q12345".into()),
            Field::PlateColor => Value::Text("yellow".into()),
            Field::Theatre => Value::Text("rural".into()),
            Field::Hour => Value::Int(23),
            Field::Weekday => Value::Int(7),
            Field::TotalKg => Value::Int(52_000),
            Field::AxleCount => Value::Int(0),
            Field::IsNight => Value::Bool(true),
            Field::Behaviours => {
                Value::Behaviours(Behaviours::default().with(Behaviour::NoBelt).with(Behaviour::Phone))
            }
            Field::IsRegistered => Value::Bool(false),
            _ => return None,
        })
    }

    fn counter(&self, counter: &Counter) -> Option<i64> {
        self.counted.set(self.counted.get() + 1);
        match counter {
            Counter::Count { minutes } => Some(minutes / 10),
            Counter::MinutesSinceLast => None,
            _ => Some(2),
        }
    }
}

fn holds(condition: &str) -> Result<bool, Miss> {
    Condition::compile(condition).expect(condition).holds(&Truck::default())
}

/// The place of the only error, as text of the condition, and its sentence.
fn error(condition: &str) -> (String, String) {
    let errors = check(condition).expect_err(condition);
    let [error] = errors.as_slice() else { panic!("{condition}: {errors:#?}") };
    let place = condition.chars().skip(error.start).take(error.end - error.start).collect();
    (place, error.message_zh.clone())
}

#[test]
fn each_example_of_the_vocabulary_passes_the_check_and_uses_its_word() {
    let words = vocabulary();
    for word in &words {
        assert_eq!(check(word.example), Ok(()), "{}", word.example);
        assert!(word.example.contains(word.name), "{}", word.example);
        assert!(
            !word.zh.is_empty() && word.zh.ends_with(['。', '…']) && word.en.ends_with(['.', '…']),
            "{}",
            word.name
        );
    }
    let mut names: Vec<_> = words.iter().map(|word| word.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), words.len(), "a word stands twice");
}

#[test]
fn conditions_come_to_what_they_say() {
    for condition in [
        "passage.hour >= 22 || passage.hour < 6",
        "passage.plate.startsWith(\"鲁Q\") && !passage.plate.endsWith('8')",
        "passage.plate_color in [\"blue\", \"yellow\"]",
        "\"phone\" in passage.behaviours && !(\"no_helmet\" in passage.behaviours)",
        "passage.behaviours.exists(b, b == \"phone\") && size(passage.behaviours) == 2",
        "passage.behaviours.all(b, b.size() > 3)",
        "[\"鲁L\", \"鲁Q\"].exists(head, passage.plate.startsWith(head))",
        "double(passage.total_kg) / 1000.0 == 52.0 && passage.total_kg > 51999.5",
        "passage.total_kg / 1000 % 10 == 2 && -passage.total_kg < 0",
        "int(double(passage.total_kg) / 1000.0 + 0.9) == 52",
        "passage.is_night ? count(60) == 6 : count(60) == 0",
        "passage.weekday in [6, 7] && passage.plate.contains(\"Q1\") // 周末",
        "1 + 2 * 3 == 7 && (1 + 2) * 3 == 9 && 10 - 3 - 2 == 5 && -2 - -3 == 1",
        "true || false && false",
        "0x10 == 16 && 1.5e1 == 15.0 && \"\\\"\" == '\"' && r\"\\n\" == \"\\\\n\"",
        "passage.plate.size() == 7 && \"a\" < \"b\"",
    ] {
        assert_eq!(holds(condition), Ok(true), "{condition}");
        assert_eq!(holds(&format!("!({condition}\n)")), Ok(false), "not {condition}");
    }
}

#[test]
fn what_is_not_known_makes_nothing_hold_unless_the_rest_suffices() {
    for condition in [
        "passage.speed_kmh > 80",
        "!(passage.speed_kmh > 80)",
        "passage.speed_kmh != 80",
        "vehicle.key_class == \"minivan\" || passage.hour < 6",
        "minutes_since_last() < 10",
        "passage.speed_kmh in [1, 2]",
        "passage.speed_kmh > 80 ? true : true",
    ] {
        assert_eq!(holds(condition), Err(Miss::Unknown), "{condition}");
    }
    assert_eq!(holds("passage.speed_kmh > 80 || passage.hour == 23"), Ok(true));
    assert_eq!(holds("passage.speed_kmh > 80 && passage.hour == 22"), Ok(false));
    assert_eq!(holds("has(passage.speed_kmh)"), Ok(false));
    assert_eq!(holds("!has(passage.speed_kmh) && has(passage.hour)"), Ok(true));
}

#[test]
fn calculations_without_a_result_are_told_and_never_panic() {
    let failed = |failure| Err(Miss::Failed(failure));
    assert_eq!(holds("passage.total_kg / passage.axle_count > 1"), failed(Failure::DivisionByZero));
    assert_eq!(holds("passage.total_kg % passage.axle_count > 1"), failed(Failure::DivisionByZero));
    assert_eq!(holds("9223372036854775807 + passage.hour > 1"), failed(Failure::Overflow));
    assert_eq!(holds("int(1e300) > 1 && passage.speed_kmh > 1"), failed(Failure::Overflow));
    assert_eq!(holds("1 / passage.axle_count > 1 || passage.hour == 23"), Ok(true));
}

#[test]
fn errors_say_where_and_what_in_plain_words() {
    for (condition, place, part) in [
        ("passage.sped_kmh > 80", "passage.sped_kmh", "passage.speed_kmh"),
        ("speed_kmh > 80", "speed_kmh", "passage.speed_kmh"),
        ("pasage.speed_kmh > 80", "pasage", "passage"),
        ("passage.key_class == \"minivan\"", "passage.key_class", "vehicle.key_class"),
        ("passage.speed_kmh > \"80\"", "passage.speed_kmh > \"80\"", "数不要加引号"),
        ("passage.speed_kmh", "passage.speed_kmh", "是非"),
        ("passage.speed_kmh = 80", "=", "=="),
        ("passage.speed_kmh＞80", "＞", "英文符号"),
        ("passage.is_night and passage.hour > 3", "and", "&&"),
        ("passage.is_night 并且 passage.hour > 3", "并且", "不认识"),
        ("passage.is_night &&", "", "没有写完"),
        ("", "", "还没有写条件"),
        ("(passage.is_night", "(", "没有合上"),
        ("passage.is_night)", ")", "左括号"),
        ("count() > 3", "count", "1 个参数"),
        ("count(passage.hour) > 3", "passage.hour", "直接写成整数"),
        ("count(2000) > 3", "2000", "1440"),
        ("cuont(20) > 3", "cuont", "count"),
        ("count > 3", "count", "括号"),
        ("count_at(123, 30) > 3", "123", "编号"),
        ("passage.theatre == \"农村\"", "\"农村\"", "rural"),
        ("vehicle.key_class in [\"minivan\", \"minvan2\"]", "\"minvan2\"", "minivan"),
        ("\"no_helmt\" in passage.behaviours", "\"no_helmt\"", "no_helmet"),
        ("passage.behaviours == \"phone\"", "==", "in"),
        ("passage.hour + 0.5 > 3.0", "+", "double"),
        ("passage.plate + 1 > 3", "passage.plate", "数"),
        ("passage.plate.matches(\"x\")", "matches", "startsWith"),
        ("passage.speed_kmh == null", "null", "has"),
        ("passage.behaviours[0] == \"phone\"", "[", "in"),
        ("passage == 3", "passage", "passage.speed_kmh"),
        ("passage.plate == \"鲁Q", "\"鲁Q", "引号"),
        ("passage.speed_kmh > 80km", "80km", "单位"),
        ("if passage.is_night", "if", "保留字"),
        ("passage.is_night == true < false", "<", "比大小"),
        ("[1].exists(x, [2].exists(y, x == y))", "exists", "再写"),
        ("passage.weekday in [6, \"7\"]", "\"7\"", "类型"),
        ("passage.plate_confidence.size() > 1", "passage.plate_confidence", "列表"),
    ] {
        let (found, message) = error(condition);
        assert_eq!(found, place, "{condition}: {message}");
        assert!(message.contains(part), "{condition}: {message}");
        assert!(message.ends_with(['。', '？']), "{message}");
    }
}

#[test]
fn all_wrong_names_and_types_are_told_at_once_by_line_and_column() {
    let errors = check("passage.plate == \"鲁Q1\" &&\n  passage.hr > 3 &&\n  cont(3) > 1").unwrap_err();
    let places: Vec<_> = errors.iter().map(|error| (error.line, error.column, error.start)).collect();
    assert_eq!(places, [(2, 3, 28), (3, 3, 48)]);
}

#[test]
fn bounds_hold_and_deep_or_long_texts_are_refused_on_a_small_stack() {
    let long = format!("passage.hour > {}", "1 + ".repeat(NODES_MAX));
    for text in [
        "(".repeat(CONDITION_CHARS_MAX),
        "!".repeat(CONDITION_CHARS_MAX),
        "[".repeat(CONDITION_CHARS_MAX),
        "f(".repeat(CONDITION_CHARS_MAX / 2),
        "true?true:".repeat(CONDITION_CHARS_MAX / 10),
        "a".repeat(CONDITION_CHARS_MAX + 1),
        format!("passage{}", ".a".repeat(NODES_MAX)),
        format!("{}true{}", "(".repeat(NESTING_MAX), ")".repeat(NESTING_MAX)),
        format!("{long}1"),
    ] {
        assert_eq!(check(&text).map_err(|errors| errors.len()), Err(1), "{text}");
    }
    let deepest = NESTING_MAX - 1;
    assert_eq!(check(&format!("{}true{}", "(".repeat(deepest), ")".repeat(deepest))), Ok(()));
}

#[test]
fn cheap_parts_decide_before_counters_are_asked() {
    let truck = Truck::default();
    let condition = Condition::compile("count(60) > 3 && passage.hour == 1 && places(30) > 1").unwrap();
    assert_eq!(condition.holds(&truck), Ok(false));
    assert_eq!(truck.counted.get(), 0);
    assert_eq!(condition.window_minutes(), 60);
}

#[test]
fn a_condition_tells_what_it_saw_by_name() {
    let condition = Condition::compile(
        "passage.hour > 20 && passage.hour < 24 && vehicle.use != \"F\" && count_at(\"371\", 30) > 1 && passage.is_night",
    )
    .unwrap();
    let mut values: Vec<(String, String)> = condition
        .values(&Truck::default())
        .into_iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    values.sort();
    let expected = [("count_at(\"371\", 30)", "2"), ("passage.hour", "23"), ("passage.is_night", "true")];
    assert_eq!(values, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

proptest! {
    #[test]
    fn no_text_makes_the_check_panic_and_errors_lie_in_the_text(text in "\\PC{0,60}") {
        if let Err(errors) = check(&text) {
            prop_assert!(!errors.is_empty());
            for error in errors {
                prop_assert!(error.start <= error.end && error.end <= text.chars().count());
            }
        }
    }

    #[test]
    fn no_mixture_of_words_makes_check_or_evaluation_panic(
        parts in prop::collection::vec(prop::sample::select(vec![
            "passage.hour", "passage.speed_kmh", "passage.behaviours", "vehicle.use", "count(5)", "1", "0", "2.5",
            "\"x\"", "(", ")", "[", "]", ",", "&&", "||", "!", "-", "+", "/", "%", "==", "<", "in", "?", ":", ".size()",
            ".exists(x, x == \"a\")", "true", "has(", "double(", "int(",
        ]), 0..12)
    ) {
        if let Ok(condition) = Condition::compile(&parts.join(" ")) {
            let truck = Truck::default();
            prop_assert!(!matches!(condition.holds(&truck), Err(Miss::Failed(Failure::Mistyped))));
            condition.values(&truck);
        }
    }
}
