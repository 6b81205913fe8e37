//! The engines that a user would take instead, on the same rows, in the same run: `cargo xtask bench --peers`.
//!
//! Their programs are in `bench/peers/` and install themselves below `var/peers/`: Apache Flink through Maven, DuckDB and
//! ClickHouse (chdb) through pip. A machine without one of the tools leaves that peer out, and the table says so.

use crate::bench::{example, number_after};
use crate::shell::{Options, Result, has_program, root, run_in};
use std::path::PathBuf;
use std::process::Command;

/// Rows of P1 for Flink and for us: plates and passages of each.
const ROWS_OF: (&str, &str) = ("1000000", "10");

fn folder() -> PathBuf {
    root().join("var/peers")
}

/// The rows of the table.
pub(crate) fn rows(options: &Options) -> Result<Vec<String>> {
    std::fs::create_dir_all(folder()).map_err(|error| error.to_string())?;
    let mut rows = Vec::new();
    match flink() {
        Ok(row) => rows.push(row),
        Err(why) => rows.push(format!("| P1 beside Apache Flink | left out: {why} | ≥ 50 × |")),
    }
    match history(options.value("--million-rows", "100")) {
        Ok(more) => rows.extend(more),
        Err(why) => rows.push(format!("| P4, P5 beside DuckDB and ClickHouse | left out: {why} | ≥ 10 × |")),
    }
    Ok(rows)
}

/// Three rules on Flink, and all models here, on the same rows.
fn flink() -> Result<String> {
    if !has_program("mvn") || !has_program("java") {
        return Err("it needs mvn and a JDK (apt-get install maven default-jdk-headless)".into());
    }
    let project = root().join("bench/peers/flink");
    let target = folder().join("flink");
    run_in(
        &project,
        &format!(
            "mvn -q -DbuildDirectory={target} compile dependency:build-classpath -Dmdep.outputFile={target}/classpath.txt",
            target = target.display()
        ),
    )?;
    let rows = folder().join("rows");
    let (plates, passages) = ROWS_OF;
    run_in(
        &root(),
        &format!(
            "cargo run --release --quiet -p judgement --example rows -- {} {plates} {passages}",
            rows.display()
        ),
    )?;
    let classpath =
        std::fs::read_to_string(target.join("classpath.txt")).map_err(|error| error.to_string())?;
    let output = Command::new("java")
        .args([
            "--add-opens",
            "java.base/java.util=ALL-UNNAMED",
            "--add-opens",
            "java.base/java.lang=ALL-UNNAMED",
        ])
        .args(["-Xmx8g", "-cp", &format!("{}:{classpath}", target.join("classes").display()), "Peer"])
        .arg(&rows)
        .arg("2")
        .output()
        .map_err(|error| format!("can't run java: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let theirs = number_after(&text, "\"rows_per_s\":")
        .ok_or_else(|| format!("flink said {text}{}", String::from_utf8_lossy(&output.stderr)))?;
    let text = example("throughput", &format!("{plates} {passages}"))?;
    let ours = number_after(&text, "passages/s").ok_or_else(|| format!("throughput said {text}"))?;
    Ok(format!(
        "| P1 beside Apache Flink 2.3 | Flink, three rules, two cores: {theirs:.0} passages/s; here, all models: {ours:.0}/s; {:.1} × | ≥ 50 × |",
        ours / theirs
    ))
}

/// Traces and bytes a row.
fn history(million_rows: &str) -> Result<Vec<String>> {
    if !has_program("python3") {
        return Err("it needs python3 with venv".into());
    }
    let venv = folder().join("venv");
    if !venv.join("bin/pip").exists() {
        run_in(&root(), &format!("python3 -m venv {}", venv.display()))?;
    }
    run_in(&root(), &format!("{}/bin/pip install -q -r bench/peers/requirements.txt", venv.display()))?;
    let rows = folder().join("history");
    if rows.exists() {
        std::fs::remove_dir_all(&rows).map_err(|error| error.to_string())?;
    }
    let output = Command::new("cargo")
        .args(["run", "--release", "--quiet", "-p", "history", "--example", "measure", "--"])
        .arg(&rows)
        .args([million_rows, "1"])
        .output()
        .map_err(|error| format!("can't run cargo: {error}"))?;
    let ours = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{ours}");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let output = Command::new(venv.join("bin/python"))
        .arg(root().join("bench/peers/history.py"))
        .arg(rows.join("year"))
        .output()
        .map_err(|error| format!("can't run python: {error}"))?;
    let theirs = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{theirs}");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let of = |engine: &str, name: &str| -> f64 {
        let after = theirs.split_once(&format!("\"{engine}\": {{")).map_or("", |(_, after)| after);
        number_after(after, &format!("\"{name}\":")).unwrap_or(f64::NAN)
    };
    let line = ours.lines().filter(|line| line.contains("trace")).collect::<Vec<_>>().join("; ");
    Ok(vec![
        format!(
            "| P4 trace of a plate over a year, {million_rows} million rows | here: {line}; ClickHouse p50 {:.1}, p99 {:.1} ms; DuckDB p50 {:.1}, p99 {:.1} ms; DuckDB on our files p50 {:.1}, p99 {:.1} ms | p99 ≤ 20 ms, ≥ 10 × |",
            of("clickhouse", "p50_ms"),
            of("clickhouse", "p99_ms"),
            of("duckdb", "p50_ms"),
            of("duckdb", "p99_ms"),
            of("duckdb_on_parquet", "p50_ms"),
            of("duckdb_on_parquet", "p99_ms"),
        ),
        format!(
            "| P5 bytes a passage | here: {}; ClickHouse {:.2}; DuckDB {:.2} | ≤ 10, below ClickHouse |",
            ours.lines().filter(|line| line.contains("bytes a row")).collect::<Vec<_>>().join("; "),
            of("clickhouse", "bytes_a_row"),
            of("duckdb", "bytes_a_row"),
        ),
    ])
}
