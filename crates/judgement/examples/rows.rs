//! Writes the rows of the measurements for other engines: `cargo run --release -p judgement --example rows -- FOLDER [plates
//! [passages per plate]]`.
//!
//! `rows.bin`: 24 bytes a passage, little-endian: plate (packed, u64), captured at (Unix ms, i64), number of the checkpoint
//! (u16), speed in km/h (u16), 1 for a large vehicle (u8), padding. `reference.bin`: number of checkpoints (u32); for each pair
//! of them length in m, limit, limit for large vehicles in km/h (u32 each, 0 without a section), shortest travel time in
//! ms (u64); number of watched plates (u32) and the plates (u64 each).

#![expect(clippy::print_stdout, reason = "says what it wrote")]

mod county;

use county::{County, Dice};
use domain::observation::Fact;
use domain::{Entry, PlateClass, ReferenceChange};
use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("the first argument is the folder to write to")?);
    let plates: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let passages_per_plate: u64 = arguments.next().map_or(Ok(10), |text| text.parse())?;
    let county = County { plates, passages_per_plate, registered: plates / 2, span_ms: 80_000_000 };
    std::fs::create_dir_all(&folder)?;
    let numbers = write_reference(&county, &folder)?;
    let mut rows = BufWriter::new(std::fs::File::create(folder.join("rows.bin"))?);
    let mut dice = Dice(1);
    for number in 0..county.passages() {
        let Entry::Observation(observation) = county.entry(number, &mut dice) else { continue };
        let Fact::Passage(passage) = &observation.fact else { continue };
        let plate = passage.plate.map_or(0, domain::Plate::packed);
        rows.write_all(&plate.to_le_bytes())?;
        rows.write_all(&observation.captured_at.unix_ms().to_le_bytes())?;
        rows.write_all(&numbers[passage.checkpoint.as_str()].to_le_bytes())?;
        rows.write_all(&passage.speed_kmh.unwrap_or(0).to_le_bytes())?;
        rows.write_all(&[u8::from(passage.plate_class == PlateClass::LARGE), 0, 0, 0])?;
    }
    rows.flush()?;
    println!("{} rows in {}", county.passages(), folder.display());
    Ok(())
}

/// Writes what is judged against; gives the numbers of the checkpoints.
fn write_reference(
    county: &County,
    folder: &std::path::Path,
) -> Result<BTreeMap<String, u16>, Box<dyn std::error::Error>> {
    let changes = county.reference();
    let checkpoints = changes.iter().filter_map(|change| match change {
        ReferenceChange::Checkpoint(checkpoint) => Some(checkpoint.id.to_string()),
        _ => None,
    });
    let numbers: BTreeMap<String, u16> = checkpoints.zip(0..).collect();
    let count = numbers.len();
    let place = |from: &str, to: &str| usize::from(numbers[from]) * count + usize::from(numbers[to]);
    let mut sections = vec![[0u32; 3]; count * count];
    let mut shortest = vec![0u64; count * count];
    let mut watched = Vec::new();
    for change in &changes {
        match change {
            ReferenceChange::Section(section) => {
                sections[place(section.start.as_str(), section.end.as_str())] =
                    [section.length_m, section.limit_kmh.into(), section.limit_large_kmh.into()];
            }
            ReferenceChange::TravelTimes(times) => {
                for time in times {
                    shortest[place(time.from.as_str(), time.to.as_str())] = time.shortest_ms.max(0) as u64;
                }
            }
            ReferenceChange::WatchOrder(order) => watched.push(order.plate.packed()),
            _ => {}
        }
    }
    let mut out = BufWriter::new(std::fs::File::create(folder.join("reference.bin"))?);
    out.write_all(&(count as u32).to_le_bytes())?;
    for (section, shortest) in sections.iter().zip(&shortest) {
        for number in section {
            out.write_all(&number.to_le_bytes())?;
        }
        out.write_all(&shortest.to_le_bytes())?;
    }
    out.write_all(&(watched.len() as u32).to_le_bytes())?;
    for plate in watched {
        out.write_all(&plate.to_le_bytes())?;
    }
    out.flush()?;
    Ok(numbers)
}
