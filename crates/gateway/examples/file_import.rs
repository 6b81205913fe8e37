//! How fast a file comes in: `file_import <csv of passages_csv> <folder>` imports it into a journal in the folder and then
//! once more, when every row is a double. Without judging, which runs beside it in the product.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers")]

use domain::{CheckpointId, Timestamp};
use gateway::file::{Import, Seen, Target, Watch, import};
use journal::{Journal, Options};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tables::{Asked, Datum, Mapping, Synonyms, World, guess_columns, guess_head, look_at};

struct Free;

impl Watch for Free {
    fn progress(&self, _: u64, _: u64) {}

    fn is_cancelled(&self) -> bool {
        false
    }

    fn has_room(&self) -> bool {
        true
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, folder] = arguments.as_slice() else { panic!("file_import <file> <folder>") };
    let folder = Path::new(folder);
    let synonyms: Synonyms = toml::from_str(include_str!("../../../data/column-synonyms.toml")).unwrap();
    let now =
        Timestamp::from_unix_ms(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64);
    let ids: Vec<CheckpointId> = (1..=50)
        .map(|number| CheckpointId(smol_str::format_smolstr!("371327000012100{number:05}")))
        .collect();
    let world = World::new(now, 86_400_000, ids.iter().map(|id| (id, id.as_str())), std::iter::empty());
    let look = look_at(File::open(path).unwrap(), &Asked::default(), 50).unwrap();
    let head_rows = guess_head(&look.first, &synonyms);
    let guess = guess_columns(&look.first, head_rows, &synonyms, &world);
    let mapping = Mapping {
        kind: guess.kind,
        head_rows,
        columns: guess.columns.into_iter().map(|(field, (column, _))| (field, column)).collect(),
        constants: BTreeMap::new(),
        translations: BTreeMap::new(),
        time_form: guess.time_form,
        zone_minutes: 480,
        datum: Datum::Wgs84,
    };
    let (journal, _) = Journal::open(folder.join("journal"), Options::default()).unwrap();
    let seen = Seen::open(folder.join("seen")).unwrap();
    for turn in ["first", "again"] {
        let begun = Instant::now();
        let asked = Import {
            layout: &look.layout,
            mapping: &mapping,
            world: &world,
            synonyms: &synonyms,
            rows_max: None,
            describe: &|fault| fault.reason.key().to_owned(),
        };
        let mut bad_rows = std::io::BufWriter::new(File::create(folder.join("bad-rows.csv")).unwrap());
        let target = Target::Journal(&journal, &seen);
        let report = import(File::open(path).unwrap(), &asked, &target, &Free, &mut bad_rows);
        let (report, error) = match report {
            Ok(report) => (report, None),
            Err((report, error)) => (report, Some(error)),
        };
        let took = begun.elapsed().as_secs_f64();
        println!(
            "{turn}: {} rows in {took:.1} s, {:.0} rows/s: good {} doubled {} bad {} {error:?}",
            report.rows,
            report.rows as f64 / took,
            report.good,
            report.doubled,
            report.bad
        );
        let folding = Instant::now();
        seen.catch_up(&journal, &|_| true).unwrap();
        println!("  folded in {:.1} s", folding.elapsed().as_secs_f64());
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    let cpu = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: Vec<u64> = cpu.split(' ').skip(13).take(2).filter_map(|text| text.parse().ok()).collect();
    println!(
        "{peak}; user and system seconds {:?}",
        ticks.iter().map(|t| *t as f64 / 100.0).collect::<Vec<_>>()
    );
}
