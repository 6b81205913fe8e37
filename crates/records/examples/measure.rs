//! Measures what the records promise at the size of a county: `cargo run --release -p records --example measure`.
//! 100,000 vehicles and warnings, a million rows of audit; prints milliseconds, of lists the slowest of five reads.

#![expect(clippy::print_stdout, reason = "a command line")]

use domain::warning::Subject;
use domain::{
    Detail, KeyClass, Level, ModelId, Outcome, Plate, PlateClass, Timestamp, VehicleFile, VehicleKey,
    Warning, WarningId,
};
use records::{
    AuditFilter, Records, Sort, VehicleField, VehicleFilter, WarningField, WarningFilter, WarningState,
    Window,
};
use sea_orm::{ConnectionTrait, Database};
use std::error::Error;
use std::time::Instant;

const ROWS: u32 = 100_000;
const BATCH: usize = 1_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("records.db");
    let records = Records::open(&path).await?;

    let files = (0..ROWS).map(vehicle).collect::<Result<Vec<_>, _>>()?;
    let start = Instant::now();
    records.put_vehicles(&files).await?;
    println!("{:>8.1}  100,000 vehicles, new", ms(start));
    let start = Instant::now();
    records.put_vehicles(&files).await?;
    println!("{:>8.1}  100,000 vehicles, unchanged", ms(start));

    let outcomes = files.iter().zip(0..).map(|(file, n)| raise(file.key, n)).collect::<Vec<_>>();
    let start = Instant::now();
    for (batch, n) in outcomes.chunks(BATCH).zip(1..) {
        records.commit_outcomes(batch, n, Timestamp::from_unix_ms(0), &domain::Desk::default()).await?;
    }
    println!("{:>8.1}  100,000 warnings in batches of {BATCH}", ms(start));

    let outside = Database::connect(format!("sqlite://{}", path.display())).await?;
    outside
        .execute_unprepared(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
             INSERT INTO audit SELECT i, i, 'user' || (i % 40), 'action' || (i % 7), 'target' || i, '', NULL, '', ''
             FROM n",
        )
        .await?;
    lists(&records).await
}

async fn lists(records: &Records) -> Result<(), Box<dyn Error>> {
    let window = Window::default();
    let none = WarningFilter::default;
    let newest = Sort::descending(WarningField::OccurredAt);
    let urgent = Sort::descending(WarningField::Level);
    for (name, filter, sort) in [
        ("warnings", none(), newest),
        ("warnings, raised", WarningFilter { state: Some(WarningState::Raised), ..none() }, newest),
        (
            "warnings, raised, most urgent",
            WarningFilter { state: Some(WarningState::Raised), ..none() },
            urgent,
        ),
        ("warnings, one model", WarningFilter { model: Some(ModelId::UnhandledOffences), ..none() }, newest),
        ("warnings, part of a plate", WarningFilter { q: Some("0777".into()), ..none() }, newest),
    ] {
        let mut slowest = 0.0f64;
        for _ in 0..5 {
            let start = Instant::now();
            records.warnings(&filter, sort, window).await?;
            slowest = slowest.max(ms(start));
        }
        println!("{slowest:>8.1}  {name}");
    }
    let start = Instant::now();
    records
        .warning_counts(
            Timestamp::from_unix_ms(0),
            Timestamp::from_unix_ms(i64::MAX),
            &domain::UnitPath::WHOLE,
        )
        .await?;
    println!("{:>8.1}  warnings, counted", ms(start));
    let start = Instant::now();
    records.warning_counts_by_level(WarningState::Raised, &domain::UnitPath::WHOLE).await?;
    println!("{:>8.1}  warnings, counted by level", ms(start));
    for (name, filter) in [
        ("vehicles", VehicleFilter::default()),
        (
            "vehicles, one key class",
            VehicleFilter { key_class: Some(KeyClass::Minivan), ..Default::default() },
        ),
        ("vehicles, part of a plate", VehicleFilter { q: Some("0777".into()), ..Default::default() }),
    ] {
        let start = Instant::now();
        records.vehicles(&filter, Sort::ascending(VehicleField::Plate), window).await?;
        println!("{:>8.1}  {name}", ms(start));
    }
    for (name, filter) in [
        ("audit", AuditFilter::default()),
        ("audit, one user", AuditFilter { actor: Some("user7".into()), ..Default::default() }),
        ("audit, one action", AuditFilter { action: Some("action3".into()), ..Default::default() }),
        ("audit, beginning of a target", AuditFilter { q: Some("target123".into()), ..Default::default() }),
    ] {
        let start = Instant::now();
        records.audit(&filter, window).await?;
        println!("{:>8.1}  {name}", ms(start));
    }
    Ok(())
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

fn vehicle(n: u32) -> Result<VehicleFile, domain::plate::PlateError> {
    let plate = Plate::parse(&format!("鲁Q{n:05}"))?;
    Ok(VehicleFile {
        key: VehicleKey { plate, class: PlateClass::SMALL },
        vehicle_type: domain::VehicleType::parse("K33"),
        use_code: Some('A'),
        key_class: n.is_multiple_of(20).then_some(KeyClass::Minivan),
        body_color: Some('A'),
        owner: "王小明".into(),
        inspection_valid_until: domain::CivilDay::parse("2026-12-31"),
        scrap_by: None,
        unhandled_offences: (n % 10) as u16,
        is_night_exempt: false,
    })
}

fn raise(vehicle: VehicleKey, n: u32) -> Outcome {
    let seen_at = Timestamp::from_unix_ms(i64::from(n) * 1_000);
    Outcome::Raise(Box::new(Warning {
        id: WarningId::of(&[&n.to_le_bytes()]),
        model: ModelId::ALL[n as usize % ModelId::ALL.len()],
        model_version: 1,
        subject: Subject { vehicle: Some(vehicle), plate_text: None, device: None },
        level: [Level::Low, Level::Medium, Level::High][n as usize % 3],
        checkpoint: Some("37132200001210000001".into()),
        location: None,
        occurred_at: seen_at,
        raised_at: seen_at,
        actionable_until: seen_at.plus_ms(600_000),
        is_historical: false,
        detail: Detail::UnhandledOffences { count: 9, threshold: 5 },
        evidence: Vec::new(),
    }))
}
