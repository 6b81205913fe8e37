//! Other programs read the files as they lie: DuckDB, through its Python package. `cargo xtask test` installs it and says where by
//! `ANCHANG_DUCKDB_PYTHON`; without it nothing is tried, and that is said.

use crate::world::{START, opened, passage, seal};
use domain::Entry;
use domain::observation::{Fact, Weighing};
use domain::{Behaviour, Behaviours, PictureId};
use std::process::Command;

/// Asks, and prints each row as its values with `|` between.
const PROGRAM: &str = r"
import sys, duckdb
rows = duckdb.connect().execute(sys.argv[1]).fetchall()
print('\n'.join('|'.join(str(value) for value in row) for row in rows))
";

fn ask(python: &str, question: &str) -> Vec<String> {
    let output = Command::new(python).args(["-c", PROGRAM, question]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{question}: {errors}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn duckdb_reads_what_is_written() {
    let Ok(python) = std::env::var("ANCHANG_DUCKDB_PYTHON") else {
        println!("not tried: ANCHANG_DUCKDB_PYTHON names no Python with DuckDB (pip install duckdb)");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let history = opened(dir.path(), Vec::new());
    let mut rows: Vec<_> = (0..40_000)
        .map(|n| passage(&format!("鲁Q{:05}", n % 977), "37132700001210000001", START.plus_ms(n * 1_000)))
        .collect();
    if let Fact::Passage(passage) = &mut rows[7].fact {
        passage.pictures = vec![PictureId::from("j12"), PictureId::from("uhttp://10.0.0.9/a.jpg")];
        passage.behaviours = Behaviours::default().with(Behaviour::Phone);
        let axles_kg = vec![6_000, 11_000];
        passage.weighing =
            Some(Box::new(Weighing { total_kg: 17_000, axles_kg, axle_count: 2, is_train: None }));
        passage.speed_kmh = None;
    }
    let entries: Vec<Entry> = rows.into_iter().map(Entry::Observation).collect();
    seal(&history, 0, &entries[..20_000]);
    seal(&history, 200_000, &entries[20_000..]);
    let from = |projection: &str| {
        format!(
            "FROM read_parquet('{}/passages/by={projection}/*/*.parquet', hive_partitioning = true)",
            dir.path().display()
        )
    };
    let arrival = from("arrival");
    let sums = format!(
        "SELECT count(*), count(DISTINCT plate), sum(speed_kmh), count(speed_kmh), min(day) {arrival}"
    );
    assert_eq!(ask(&python, &sums), [format!("40000|977|{}|39999|2026-11-23", 39_999 * 63)]);
    let one = format!(
        "SELECT plate, plate_color, vehicle_type, pictures, behaviours, weight_total_kg, weight_axles_kg, id_recipe, \
         epoch_ms(captured_at) {arrival} WHERE weight_total_kg IS NOT NULL"
    );
    let at = START.unix_ms() + 7_000;
    assert_eq!(
        ask(&python, &one),
        [format!("鲁Q00007|blue|K33|['j12', 'uhttp://10.0.0.9/a.jpg']|['phone']|17000|[6000, 11000]|0|{at}")]
    );
    // The types are the logical ones, not numbers that one has to know.
    let types = format!("DESCRIBE SELECT captured_at, plate, plate_class, journal_offset {arrival}");
    let types: Vec<String> =
        ask(&python, &types).iter().map(|line| line.split('|').nth(1).unwrap().to_owned()).collect();
    assert_eq!(types, ["TIMESTAMP WITH TIME ZONE", "VARCHAR", "UTINYINT", "BIGINT"]);
    let trace = format!(
        "SELECT count(*), min(epoch_ms(captured_at)), max(delay_ms), any_value(checkpoint) {} \
         WHERE plate = '鲁Q00007' AND month = '2026-11'",
        from("plate")
    );
    assert_eq!(ask(&python, &trace), [format!("41|{at}|700|37132700001210000001")]);
}
