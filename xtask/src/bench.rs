//! `cargo xtask bench`: the measured figures of the design page, as a table. Speed is shown here and never by a timed test.

use crate::product::{Ports, Product, build};
use crate::shell::{Options, Result, Running, root};
use crate::{http, peers, setup, shell};
use std::process::Command;
use std::time::{Duration, Instant};

/// Port of the measured product.
const PORT: u16 = 28_700;
/// Rate at which P3 is asked for.
const P3_PASSAGES_PER_S: &str = "5000";

pub(crate) fn run(options: &Options) -> Result {
    let mut rows = Vec::new();
    if !options.has("--peers-alone") {
        setup::for_tests()?;
        if !options.has("--no-build") {
            build("release")?;
        }
        let seconds = options.value("--seconds", "10");
        rows.extend(judging(options.value("--plates", "5000000"))?);
        rows.extend([p2(seconds)?, p3(seconds)?, p8()?]);
    }
    if options.has("--peers") || options.has("--peers-alone") {
        rows.extend(peers::rows(options)?);
    }
    if options.has("--all") {
        shell::run("cargo run --release --quiet -p judgement --example week")?;
        shell::run(&format!(
            "cargo run --release --quiet -p journal --example bench -- {} 2",
            root().join("var/bench-journal").display()
        ))?;
        shell::run("cargo run --release --quiet -p gat1400 --example throughput")?;
    }
    println!("\n| figure | measured | aim |\n|---|---|---|");
    for row in rows {
        println!("{row}");
    }
    println!("\nThe load and the server share this machine's cores{}.", beside());
    Ok(())
}

/// What the machine does besides, as it says itself.
fn beside() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().map_or_else(String::new, |load| format!("; load of the machine {load}"))
}

/// What an example of judging prints.
pub(crate) fn example(name: &str, arguments: &str) -> Result<String> {
    let mut command = Command::new("cargo");
    command.args(["run", "--release", "--quiet", "-p", "judgement", "--example", name, "--"]);
    command.args(arguments.split_whitespace());
    let output = command.output().map_err(|error| format!("can't run cargo: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{text}");
    if output.status.success() {
        Ok(text)
    } else {
        Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// All models in process, and the memory of so many live plates.
fn judging(plates: &str) -> Result<Vec<String>> {
    let text = example("throughput", plates)?;
    let number =
        |name: &str| number_after(&text, name).ok_or_else(|| format!("throughput: no {name} in {text}"));
    let (threads, by_wall, by_cpu) =
        (number("threads")?, number("passages/s")?, number("passages/s of a core")?);
    let (bytes, vehicles) = (number("bytes per vehicle")?, number("live vehicles")?);
    Ok(vec![
        format!(
            "| P1 | {by_wall:.0} passages/s on {threads:.0} threads ({by_cpu:.0} by the time of each), {vehicles:.0} plates live | ≥ 1,000,000/s on two |"
        ),
        format!(
            "| P7 | {bytes:.0} bytes a vehicle, {:.2} GiB beside the register | ≤ 320 bytes, 1.5 GiB |",
            bytes * vehicles / f64::from(1 << 30)
        ),
    ])
}

/// Deadlines.
fn p8() -> Result<String> {
    let text = example("deadlines", "10000000")?;
    let number =
        |name: &str| number_after(&text, name).ok_or_else(|| format!("deadlines: no {name} in {text}"));
    let (armed, fired, idle) = (number("armed ")?, number("fired ")?, number("nothing due")?);
    Ok(format!(
        "| P8 | 10,000,000 timers: {armed:.0} ns to arm, {fired:.0} ns to fire, {idle:.0} ns a second without any due | ≤ 1 µs each |"
    ))
}

/// GA/T 1400 over HTTP to durable and judged.
fn p2(seconds: &str) -> Result<String> {
    let product = started()?;
    let entries = || -> Result<f64> {
        let (_, body) = http::send("GET", &product.http, "/api/v1/system", &product.token, "")?;
        number_after(&body, "\"entries_since_start\":").ok_or_else(|| format!("the system page says {body}"))
    };
    let before = entries()?;
    let started_at = Instant::now();
    let mut command = product.load("release", "gat1400");
    command.args(["--seconds", seconds, "--connections", "8", "--objects-per-post", "100"]);
    let output = command.output().map_err(|error| format!("can't run sim: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let answered = number_after(&text, "passages_per_s")
        .ok_or_else(|| format!("sim load: {text}{}", String::from_utf8_lossy(&output.stderr)))?;
    let stored = number_after(&text, "stored").unwrap_or(0.0);
    // Judged: the reader of the journal has come to its end.
    let judged = loop {
        let (_, body) = http::send("GET", &product.http, "/api/v1/system", &product.token, "")?;
        let lag = number_after(&body, "\"lag_ms\":").unwrap_or(f64::MAX);
        if lag == 0.0 {
            break started_at.elapsed().as_secs_f64();
        }
        if started_at.elapsed() > Duration::from_mins(5) {
            return Err("judgement did not catch up within five minutes".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let entries_judged = entries()? - before;
    let p99 = number_after(&text, "answer_p99_ms").unwrap_or(0.0);
    Ok(format!(
        "| P2 | {answered:.0} passages/s durable and answered (p99 {p99:.1} ms a post of 100); {:.0} passages/s until all were judged ({stored:.0} answered, {entries_judged:.0} judged, {judged:.1} s) | ≥ 100,000/s |",
        entries_judged / judged
    ))
}

/// Socket to browser at 5,000 passages a second.
fn p3(seconds: &str) -> Result<String> {
    let product = started()?;
    let load_seconds = seconds.parse::<u64>().unwrap_or(10) + 8;
    let mut command = product.load("release", "live");
    command.args([
        "--rate",
        P3_PASSAGES_PER_S,
        "--seconds",
        &load_seconds.to_string(),
        "--objects-per-post",
        "25",
    ]);
    command.stdout(std::process::Stdio::null());
    let _load = Running::start("sim", &mut command)?;
    std::thread::sleep(Duration::from_secs(3));
    let output = Command::new("node")
        .arg("bench/latency.mjs")
        .current_dir(root().join("ui"))
        .env("ANCHANG_URL", format!("http://{}", product.http))
        .env("ANCHANG_VIID", format!("http://{}", product.at("viid")))
        .env("ANCHANG_TOKEN", &product.token)
        .env("SECONDS", seconds)
        .output()
        .map_err(|error| format!("can't run node: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = |name: &str| number_after(&text, &format!("\"{name}\":"));
    let (Some(p50), Some(p99)) = (number("p50_ms"), number("p99_ms")) else {
        return Err(format!("latency: {text}{}", String::from_utf8_lossy(&output.stderr)));
    };
    let (sent, arrived) = (number("sent").unwrap_or(0.0), number("arrived").unwrap_or(0.0));
    Ok(format!(
        "| P3 | p50 {p50:.1} ms, p99 {p99:.1} ms at {P3_PASSAGES_PER_S} passages/s ({arrived:.0} of {sent:.0} warnings arrived) | p99 ≤ 20 ms |"
    ))
}

/// The product with the county's files imported and no devices at work.
fn started() -> Result<Product> {
    let product = Product::start("release", &root().join("var/bench"), Ports { http: PORT }, &[])?;
    let mut command = product.simulator("release", &["run", "--provision", "--backfill-hours", "0"]);
    command.args(["--run-seconds", "1", "--scale", "0.05"]);
    let output = command.output().map_err(|error| format!("can't run sim: {error}"))?;
    if output.status.success() {
        Ok(product)
    } else {
        Err(format!("importing the county: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// The number that follows a word.
pub(crate) fn number_after(text: &str, word: &str) -> Option<f64> {
    let after = text.split_once(word)?.1.trim_start();
    let end = after.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(after.len());
    after.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_after_their_words() {
        assert_eq!(number_after("passages_per_s 12345 stored 9", "stored"), Some(9.0));
        assert_eq!(number_after(r#"{"lag_ms":0,"x":1}"#, "\"lag_ms\":"), Some(0.0));
        assert_eq!(number_after("nothing", "stored"), None);
    }
}
