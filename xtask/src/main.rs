//! The developers' tool: `cargo xtask <command>`. Needs nothing but what the README names.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line speaks to its terminal")]

mod bench;
mod conformance;
mod demo;
mod http;
mod peers;
mod product;
mod setup;
mod shell;
mod test;
mod tidy;
mod truth;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask <command>

  demo         build all and run the product with a simulated county  [--port 8700] [--scale 1.0] [--keep]
  test         format, lints, unit, property, integration, conformance and browser tests  [--no-browser]
               [--product: only the page on the running product]
  bench        print the measured figures of the design page           [--seconds 10] [--no-build] [--all]
               [--peers: Flink, DuckDB, ClickHouse on the same rows, or --peers-alone] [--million-rows 100]
  truth        precision and recall of a simulated month               [--days 30] [--seed 7] [--noise 1|2] [--models a,b]
               [--misses 3] [--json FILE] [--scale 1.0] [--no-verdicts] [--replay] [--kills 12] [--strict]
  conformance  decode the real packets of a data folder                [--data ../shared/data]
  tidy         check the arrows between rooms and the shape of files
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    let options = shell::Options::new(arguments.clone());
    let result = match command.as_str() {
        "demo" => demo::run(&options),
        "test" => test::run(&options),
        "bench" => bench::run(&options),
        "conformance" => conformance::run(&options),
        "truth" => truth::run(&arguments),
        "tidy" => tidy::run(),
        _ => {
            print!("{USAGE}");
            return if command.is_empty() || command == "help" {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(2)
            };
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask {command}: {error}");
            ExitCode::FAILURE
        }
    }
}
