//! Tables as a whole: every format and encoding, guessing, and rows as observations.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use domain::{CheckpointId, Fact, PlateColor, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::Cursor;
use tables::*;

const NOW: i64 = 1_795_415_500_000;
const CHECKPOINT: &str = "37132700001210000001";

fn synonyms() -> Synonyms {
    toml::from_str(include_str!("../../../data/column-synonyms.toml")).unwrap()
}

fn world() -> World {
    let (first, second) = (CheckpointId::from(CHECKPOINT), CheckpointId::from("37132700001210000002"));
    World::new(
        Timestamp::from_unix_ms(NOW),
        86_400_000,
        [(&first, "城东卡口"), (&second, "城西卡口")],
        std::iter::empty(),
    )
}

fn look(bytes: Vec<u8>) -> Result<Look, ReadError> {
    look_at(Cursor::new(bytes), &Asked::default(), 50)
}

fn all(bytes: Vec<u8>) -> Vec<Vec<String>> {
    let rows = whole(bytes).unwrap();
    rows.iter().flat_map(Rows::iter).map(|row| row.cells().map(str::to_string).collect()).collect()
}

fn mapping_of(look: &Look) -> Mapping {
    let head_rows = guess_head(&look.first, &synonyms());
    let guess = guess_columns(&look.first, head_rows, &synonyms(), &world());
    Mapping {
        kind: guess.kind,
        head_rows,
        columns: guess.columns.into_iter().map(|(field, (column, _))| (field, column)).collect(),
        constants: BTreeMap::new(),
        translations: BTreeMap::new(),
        time_form: guess.time_form,
        zone_minutes: 480,
        datum: Datum::Wgs84,
    }
}

const TABLE: [[&str; 5]; 4] = [
    ["卡口名称", "过车时间", "号牌号码", "号牌颜色", "车速(km/h)"],
    ["城东卡口", "2026-11-23 14:31:36", "鲁Q12B45", "蓝底白字", "63"],
    ["37132700001210000002", "2026/11/23 14:31:37", "无车牌", "", "-"],
    ["城西卡口", "2026-11-23 14:31:38", "鲁Q·A1234", "黄色", "50.6"],
];

fn text(mark: &str) -> String {
    TABLE.iter().map(|row| row.join(mark) + "\r\n").collect()
}

fn encoded(text: &str, encoding: Encoding, has_mark: bool) -> Vec<u8> {
    let mark = if has_mark { "\u{feff}" } else { "" };
    let text = format!("{mark}{text}");
    match encoding {
        Encoding::Utf8 => text.into_bytes(),
        Encoding::Gb18030 => encoding_rs::GB18030.encode(text.trim_start_matches('\u{feff}')).0.into_owned(),
        Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    }
}

fn xlsx() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let form = rust_xlsxwriter::Format::new().set_num_format("yyyy/m/d h:mm:ss");
    sheet.write(0, 0, "2026 年 11 月过车记录").unwrap();
    for (row, cells) in TABLE.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let at = (row as u32 + 1, column as u16);
            if let (Ok(number), true) = (cell.parse::<f64>(), column == 4) {
                sheet.write_number(at.0, at.1, number).unwrap();
            } else if column == 1 && row > 0 {
                // 14:31:36 and the seconds after it.
                let serial = 46_349.0 + (52_296 + row as u32 - 1) as f64 / 86_400.0;
                sheet.write_number_with_format(at.0, at.1, serial, &form).unwrap();
            } else {
                sheet.write(at.0, at.1, *cell).unwrap();
            }
        }
    }
    book.save_to_buffer().unwrap()
}

fn read_passages(bytes: Vec<u8>) -> Vec<domain::Observation> {
    let found = look(bytes.clone()).unwrap();
    let (mapping, world, synonyms) = (mapping_of(&found), world(), synonyms());
    let reader = RowReader::new(&mapping, &world, &synonyms).unwrap();
    let rows = whole(bytes).unwrap();
    let rows = rows.iter().flat_map(Rows::iter).skip(mapping.head_rows as usize);
    rows.map(|row| reader.read(row).unwrap().1).collect()
}

#[test]
fn one_table_in_every_format_and_encoding_is_the_same_passages() {
    let expected = read_passages(text(",").into_bytes());
    assert_eq!(expected.len(), 3);
    let Fact::Passage(first) = &expected[0].fact else { panic!("no passage") };
    assert_eq!(
        (first.checkpoint.as_str(), first.plate_color, first.speed_kmh),
        (CHECKPOINT, PlateColor::Blue, Some(63))
    );
    assert_eq!(expected[0].captured_at, Timestamp::from_unix_ms(1_795_415_496_000));
    assert!(expected[0].is_from_file());
    let Fact::Passage(second) = &expected[1].fact else { panic!("no passage") };
    assert_eq!((second.plate, second.speed_kmh, &*second.plate_text), (None, None, "无车牌"));
    for encoding in Encoding::ALL {
        for (mark, has_bom) in [(",", true), (";", true), ("\t", false)] {
            let bytes = encoded(&text(mark), encoding, has_bom);
            let found = look(bytes.clone()).unwrap();
            assert_eq!(found.layout.encoding, encoding, "{mark:?} {has_bom}");
            assert_eq!(read_passages(bytes), expected);
        }
    }
    let found = look(xlsx()).unwrap();
    assert_eq!((found.layout.format, found.sheets.len()), (Format::Xlsx, 1));
    assert_eq!(read_passages(xlsx()), expected);
}

#[test]
fn columns_are_known_by_their_heads_and_by_what_is_in_them() {
    let headless = "1,鲁Q12345,城东卡口,2026-11-23 14:31:36\n2,鲁Q12346,城西卡口,2026-11-23 14:31:37\n";
    let found = look(headless.into()).unwrap();
    let mapping = mapping_of(&found);
    assert_eq!(mapping.head_rows, 0);
    assert_eq!(
        mapping.columns,
        BTreeMap::from([(Field::CapturedAt, 3), (Field::Checkpoint, 2), (Field::Plate, 1)])
    );
    let parted = "日期,时刻,hphm,kkbh\n2026/1/3,4:05:06,鲁Q12345,37132700001210000001\n";
    let mapping = mapping_of(&look(parted.into()).unwrap());
    assert_eq!(
        (mapping.columns.get(&Field::Date), mapping.columns.get(&Field::TimeOfDay)),
        (Some(&0), Some(&1))
    );
    let passages = read_passages(parted.into());
    assert_eq!(passages[0].captured_at, Timestamp::from_unix_ms(1_767_384_306_000));
    let positions = "SIM卡号,经度,纬度,定位时间,速度\n13800000001,118.81,35.12,2026-11-23 14:31:36,0\n";
    assert_eq!(mapping_of(&look(positions.into()).unwrap()).kind, Kind::Position);
    let american = "plate,time,checkpoint\n鲁Q12345,11/23/2026 2:31:36 PM,城东卡口\n鲁Q1234A,1/3/2026 2:31 AM,城东卡口\n";
    assert_eq!(read_passages(american.into())[0].captured_at, Timestamp::from_unix_ms(1_795_415_496_000));
}

#[test]
fn each_fault_names_its_column() {
    let (world, synonyms) = (world(), synonyms());
    let head = "卡口,时间,号牌号码,车道,方向,车速,号牌种类\n";
    let good = ["城东卡口", "2026-11-23 14:31:36", "鲁Q12345", "2", "东向西", "63", "小型汽车"];
    let fault = |column: usize, cell: &str| {
        let mut cells = good.map(str::to_string);
        cells[column] = cell.to_string();
        let bytes = format!("{head}{}\n", cells.join(",")).into_bytes();
        let mapping = mapping_of(&look(bytes.clone()).unwrap());
        let rows = whole(bytes).unwrap();
        let reader = RowReader::new(&mapping, &world, &synonyms).unwrap();
        reader.read(rows[0].get(1).unwrap()).map(drop).map_err(|fault| (fault.column, fault.reason))
    };
    assert_eq!(fault(0, good[0]), Ok(()));
    for (column, cell, reason) in [
        (0, "无名卡口", Reason::UnknownCheckpoint),
        (0, "", Reason::Empty),
        (1, "昨天", Reason::NotATime),
        (1, "", Reason::Empty),
        (1, "2036-11-23 14:31:36", Reason::InFuture),
        (1, "1970-01-01 08:00:00", Reason::TooOld),
        (3, "二", Reason::NotANumber),
        (3, "1.5", Reason::NotANumber),
        (3, "0", Reason::OutOfRange),
        (4, "向东", Reason::NotACode),
        (5, "-3", Reason::OutOfRange),
        (6, "飞机", Reason::NotACode),
    ] {
        assert_eq!(fault(column, cell), Err((Some(column as u32), reason)), "{cell}");
    }
    assert_eq!(fault(2, &"长".repeat(30)), Err((Some(2), Reason::TooLong)));
}

#[test]
fn other_systems_words_are_translated_and_what_is_the_same_is_said_once() {
    let bytes = "time,plate,color\n2026-11-23 14:31:36,鲁Q12345,2\n".as_bytes().to_vec();
    let mapping = Mapping {
        kind: Kind::Passage,
        head_rows: 1,
        columns: BTreeMap::from([(Field::CapturedAt, 0), (Field::Plate, 1), (Field::PlateColor, 2)]),
        constants: BTreeMap::from([(Field::Checkpoint, "K7".into())]),
        translations: BTreeMap::from([
            (Field::PlateColor, BTreeMap::from([("2".into(), "yellow".into())])),
            (Field::Checkpoint, BTreeMap::from([("K7".into(), CHECKPOINT.into())])),
        ]),
        time_form: TimeForm::Auto,
        zone_minutes: 0,
        datum: Datum::Wgs84,
    };
    let (world, synonyms) = (world(), synonyms());
    let rows = whole(bytes).unwrap();
    let reader = RowReader::new(&mapping, &world, &synonyms).unwrap();
    let (_, observation) = reader.read(rows[0].get(1).unwrap()).unwrap();
    assert_eq!(observation.captured_at, Timestamp::from_unix_ms(1_795_415_496_000 + 8 * 3_600_000));
    let Fact::Passage(passage) = observation.fact else { panic!("no passage") };
    assert_eq!((passage.checkpoint.as_str(), passage.plate_color), (CHECKPOINT, PlateColor::Yellow));
}

#[test]
fn a_mapping_says_what_it_lacks() {
    let empty = Mapping {
        kind: Kind::Passage,
        head_rows: 1,
        columns: BTreeMap::from([(Field::Plate, 1), (Field::Lon, 1)]),
        constants: BTreeMap::new(),
        translations: BTreeMap::new(),
        time_form: TimeForm::Auto,
        zone_minutes: 480,
        datum: Datum::Wgs84,
    };
    let faults = empty.faults();
    for fault in [
        MappingFault::Missing(Field::CapturedAt),
        MappingFault::Missing(Field::Checkpoint),
        MappingFault::Foreign(Field::Lon),
        MappingFault::Twice(Field::Lon),
    ] {
        assert!(faults.contains(&fault), "{fault:?} in {faults:?}");
    }
}

#[test]
fn bytes_that_are_no_table_are_refused_with_a_reason() {
    assert!(matches!(look(Vec::new()), Err(ReadError::Empty)));
    let picture: Vec<u8> =
        [0xff, 0xd8, 0xff, 0xe0, 0, 16].into_iter().chain((0..2_000).map(|n| (n * 7 % 251) as u8)).collect();
    assert!(matches!(look(picture), Err(ReadError::NoTable)));
    assert!(matches!(look(b"PK\x03\x04 not an archive".to_vec()), Err(ReadError::Damaged { .. })));
    assert!(matches!(look(b"PAR1 not a file PAR1".to_vec()), Err(ReadError::Damaged { .. })));
    let mut cut = xlsx();
    cut.truncate(cut.len() / 2);
    assert!(matches!(look(cut), Err(ReadError::Damaged { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_bytes_are_a_table_or_a_reason(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        magic in prop::sample::select(vec![&b""[..], b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe", b"\xef\xbb\xbf"]),
    ) {
        let bytes = [magic, &bytes, magic].concat();
        if let Ok(found) = look(bytes) {
            let head_rows = guess_head(&found.first, &synonyms());
            guess_columns(&found.first, head_rows, &synonyms(), &world());
        }
    }

    #[test]
    fn a_spreadsheet_with_flipped_bytes_never_panics(at in 0usize..4_000, bit in 0u8..8) {
        let mut bytes = xlsx();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(rows) = whole(bytes) {
            rows.iter().flat_map(Rows::iter).for_each(|row| { row.cells().count(); });
        }
    }

    #[test]
    fn a_table_comes_back_in_every_encoding(
        table in prop::collection::vec(prop::collection::vec("[a-z鲁京Q0-9，。 ]{1,8}", 3), 2..30),
    ) {
        let table: Vec<Vec<String>> = table.iter().map(|row| row.iter().map(|cell| format!("x{}", cell.trim())).collect()).collect();
        let text: String = table.iter().map(|row| row.join(",") + "\n").collect();
        for encoding in Encoding::ALL {
            prop_assert_eq!(&all(encoded(&text, encoding, true)), &table);
        }
    }
}
