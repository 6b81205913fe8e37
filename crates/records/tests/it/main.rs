//! Records on real database files: what is stored comes back, once, after whatever happens in between.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod case;
mod crash;
mod job;
mod other;
mod people;
mod platform;
mod reference;
mod trust;
mod warning;

use domain::warning::Subject;
use domain::{
    CheckpointId, Detail, Fact, Level, ModelId, Observation, ObservationId, Passage, Plate, PlateClass,
    PlateColor, Timestamp, VehicleFile, VehicleKey, Warning, WarningId, WatchOrderId, Wgs84,
};
use records::{Records, VerdictRecord, WarningAct, WarningActError, WarningDeed, WarningRecord};

/// 2026-11-23 00:00 in Beijing.
const MIDNIGHT: Timestamp = Timestamp::from_unix_ms(1_795_363_200_000);

fn at(ms: i64) -> Timestamp {
    MIDNIGHT.plus_ms(ms)
}

async fn open() -> (tempfile::TempDir, Records) {
    let dir = tempfile::tempdir().unwrap();
    let records = Records::open(dir.path().join("records.db")).await.unwrap();
    (dir, records)
}

/// An officer of no unit, who may do everything.
fn officer(username: &str) -> domain::Actor {
    domain::Actor { username: username.into(), unit: None, roles: domain::Role::Founder.into() }
}

/// Signs a warning, without anybody's desk.
async fn sign(
    records: &Records,
    id: WarningId,
    seen_version: u32,
    by: &str,
    at: Timestamp,
) -> Result<WarningRecord, WarningActError> {
    let (by, desk) = (officer(by), domain::Desk::default());
    let deed = WarningDeed {
        act: WarningAct::Sign,
        seen_version: Some(seen_version),
        verdict: None,
        note: None,
        by: &by,
        at,
        desk: &desk,
        audit: None,
    };
    Ok(records.act_on_warning(id, &deed).await?.swap_remove(0))
}

/// Gives a verdict, without anybody's desk.
async fn judge(
    records: &Records,
    id: WarningId,
    seen_version: u32,
    given: &VerdictRecord,
) -> Result<WarningRecord, WarningActError> {
    let (by, desk) = (officer(&given.by), domain::Desk::default());
    let deed = WarningDeed {
        act: WarningAct::Judge,
        seen_version: Some(seen_version),
        verdict: Some(given.verdict),
        note: given.note.clone(),
        by: &by,
        at: given.at,
        desk: &desk,
        audit: None,
    };
    Ok(records.act_on_warning(id, &deed).await?.swap_remove(0))
}

/// 鲁Q00000, 鲁Q00001, …
fn key(n: u32) -> VehicleKey {
    VehicleKey { plate: Plate::parse(&format!("鲁Q{n:05}")).unwrap(), class: PlateClass::SMALL }
}

fn vehicle(n: u32) -> VehicleFile {
    VehicleFile {
        key: key(n),
        vehicle_type: domain::VehicleType::parse("K33"),
        use_code: Some('A'),
        key_class: None,
        body_color: Some('A'),
        owner: "王小明".into(),
        inspection_valid_until: domain::CivilDay::parse("2026-12-31"),
        scrap_by: None,
        unhandled_offences: (n % 10) as u16,
        is_night_exempt: false,
    }
}

/// The n-th warning, raised by one passage n seconds after midnight.
fn warning(n: u32) -> Warning {
    let passage = Passage {
        checkpoint: CheckpointId::from("37132200001210000001"),
        lane: Some(1),
        direction: None,
        plate_text: format!("鲁Q{n:05}").into(),
        plate: Some(key(n).plate),
        plate_confidence: Some(97),
        plate_class: PlateClass::SMALL,
        plate_color: PlateColor::Blue,
        vehicle_type: None,
        body_color: None,
        speed_kmh: Some(61),
        pictures: Vec::new(),
        behaviours: domain::Behaviours::default(),
        weighing: None,
    };
    let seen_at = at(i64::from(n) * 1_000);
    Warning {
        id: WarningId::of(&[&n.to_le_bytes()]),
        model: if n.is_multiple_of(2) { ModelId::WatchOrder } else { ModelId::UnhandledOffences },
        model_version: 1,
        subject: Subject {
            vehicle: Some(key(n)),
            plate_text: Some(passage.plate_text.clone()),
            device: None,
        },
        level: [Level::Low, Level::Medium, Level::High][n as usize % 3],
        checkpoint: Some(passage.checkpoint.clone()),
        location: Wgs84::new(118.35, 35.05),
        occurred_at: seen_at,
        raised_at: seen_at.plus_ms(200),
        actionable_until: seen_at.plus_ms(600_000),
        is_historical: false,
        detail: if n.is_multiple_of(2) {
            Detail::WatchOrder {
                order: WatchOrderId::from("B1"),
                ordered_plate: key(n).plate,
                read_plate: key(n).plate,
                score_permille: 1000,
                reason: "套牌".into(),
            }
        } else {
            Detail::UnhandledOffences { count: 9, threshold: 5 }
        },
        evidence: vec![Observation {
            id: ObservationId::of(&[&n.to_le_bytes()]),
            device: "37132200001190000001".into(),
            captured_at: seen_at,
            received_at: seen_at.plus_ms(200),
            fact: Fact::Passage(passage),
        }],
    }
}
