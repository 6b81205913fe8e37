//! `sim`: makes the county, runs its devices against a server, loads a server.

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use domain::{CivilDay, Timestamp};
use sim::county::{County, export, vehicles};
use std::path::PathBuf;

/// A simulated county of one million people.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the county's tables (CSV) and maps (GeoJSON).
    County {
        /// What the county is made from.
        #[arg(long, default_value_t = 7)]
        seed: u64,
        /// The day of the register, 2026-11-23; today when left out.
        #[arg(long)]
        date: Option<String>,
        /// Folder to write to.
        #[arg(long)]
        out: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::County { seed, date, out } => {
            let day = match date {
                Some(text) => CivilDay::parse(&text).context("the date has the form 2026-11-23")?,
                None => today(),
            };
            export::write_all(&County::generate(seed, day), &out, vehicles::TERMINAL_COUNT)?;
        }
    }
    Ok(())
}

fn today() -> CivilDay {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(since_epoch.as_millis() as i64).beijing_day()
}
