//! Checks plates of a data folder: `cargo run -p domain --example conformance -- --data DIR`.

#![expect(clippy::print_stdout, reason = "a command line speaks to its terminal")]

use domain::plate::form::PlateForm;
use domain::{Plate, PlateClass};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let data = arguments.iter().position(|word| word == "--data").and_then(|index| arguments.get(index + 1));
    let folder = std::path::Path::new(data.map_or("../shared/data", String::as_str)).join("plates");
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).ok()?;
        serde_json::from_str::<serde_json::Value>(&text).ok()
    };
    let (Some(vectors), Some(classes)) = (read("plate_vectors.json"), read("plate_class_gat16_7.json"))
    else {
        println!("plates: there is no data in {}; nothing was checked", folder.display());
        return ExitCode::SUCCESS;
    };
    let mut disagreed = Vec::new();
    let mut agreed = 0;
    for (list, expected) in [("valid", true), ("invalid", false)] {
        for text in vectors[list].as_array().into_iter().flatten().filter_map(|value| value.as_str()) {
            // The vectors judge the text as it stands: what our reader would fold (lower case) is not a valid plate.
            let plate = Plate::parse(text).ok().filter(|plate| plate.to_string() == text);
            if plate.and_then(PlateForm::of).is_some() == expected {
                agreed += 1;
            } else {
                disagreed.push(format!("{text} should be {list}"));
            }
        }
    }
    for code in classes.as_object().into_iter().flat_map(|codes| codes.keys()) {
        match PlateClass::parse(code) {
            Some(class) if class.to_string() == *code => agreed += 1,
            _ => disagreed.push(format!("plate class {code}")),
        }
    }
    println!("plates: {agreed} agreed, {} disagreed, 0 left out", disagreed.len());
    for line in &disagreed {
        println!("  {line}");
    }
    if disagreed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
