//! What deadlines cost (P8): `cargo run --release -p judgement --example deadlines [timers]`, by default 10,000,000.
//!
//! Timers of vehicles are armed over three days in no order; then the clock goes through these days second by second and
//! all of them fire. Told are the ns for each armed and each fired, and what a second costs in which nothing is due.

#![expect(clippy::print_stdout, reason = "prints its figures")]

mod county;

use county::{DAY, Dice, resident_bytes, thread_time};
use domain::VehicleKey;
use judgement::Deadlines;

const TIMERS_DEFAULT: u64 = 10_000_000;
const SPAN_MS: u64 = 3 * 86_400_000;
const IDLE_SECONDS: i64 = 10_000_000;

/// A key of the size of a vehicle's; keys come in no order.
fn key(number: u64) -> (u64, u8) {
    (Dice(number).below(u64::MAX), 1)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let timers = std::env::args().nth(1).map_or(Ok(TIMERS_DEFAULT), |text| text.parse::<u64>())?;
    let begin = DAY.start();
    let bytes_before = resident_bytes();
    let mut deadlines: Deadlines<(u64, u8)> = Deadlines::default();
    let mut dice = Dice(3);
    let started = thread_time();
    for number in 0..timers {
        deadlines.arm(begin.plus_ms(dice.below(SPAN_MS) as i64), key(number));
    }
    let arming = thread_time().saturating_sub(started);
    let bytes = resident_bytes().saturating_sub(bytes_before);

    // Before the first is due: keys that wait cost nothing.
    let started = thread_time();
    let mut due = 0;
    for second in 0..IDLE_SECONDS {
        due += usize::from(deadlines.take_due(begin.plus_ms(-second * 1_000)).is_some());
    }
    let idle = thread_time().saturating_sub(started);
    if due > 0 {
        return Err("a timer fired before its deadline".into());
    }

    let started = thread_time();
    let mut fired = 0;
    for second in 0..(SPAN_MS / 1_000 + 120) as i64 {
        while let Some(keys) = deadlines.take_due(begin.plus_ms(second * 1_000)) {
            fired += keys.len() as u64;
        }
    }
    let firing = thread_time().saturating_sub(started);
    if fired != timers || deadlines.armed_count() > 0 {
        return Err(format!("{fired} of {timers} fired").into());
    }
    println!("timers         {timers:>12}, {} bytes each", bytes as u64 / timers.max(1));
    println!("key            {:>9} bytes", size_of::<VehicleKey>());
    println!("armed          {:>9.0} ns each", arming.as_nanos() as f64 / timers as f64);
    println!("fired          {:>9.0} ns each", firing.as_nanos() as f64 / timers as f64);
    println!(
        "nothing due    {:>9.1} ns a second of the clock, whatever is armed",
        idle.as_nanos() as f64 / IDLE_SECONDS as f64
    );
    Ok(())
}
