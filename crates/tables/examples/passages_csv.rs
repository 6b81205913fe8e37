//! Writes a CSV of passages as another system would export it, to measure and to try out with:
//! `passages_csv <rows> <file> [bad per 1000] [gbk]`. Deterministic. The checkpoints are in `<file>.checkpoints.csv`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers")]

use std::fs::File;
use std::io::{BufWriter, Write};

const CHECKPOINTS: u64 = 50;
/// 2026-11-01 00:00 in Beijing, in Unix seconds.
const FROM_UNIX_S: u64 = 1_793_462_400;
const DAYS: u64 = 20;

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rows, path, rest @ ..] = arguments.as_slice() else {
        panic!("passages_csv <rows> <file> [bad per 1000] [gbk]")
    };
    let rows: u64 = rows.parse().unwrap();
    let bad_permille: u64 = rest.first().map_or(0, |text| text.parse().unwrap());
    let is_gbk = rest.get(1).is_some_and(|word| word == "gbk");
    let mut places = BufWriter::new(File::create(format!("{path}.checkpoints.csv")).unwrap());
    writeln!(places, "卡口编号,名称,战场,经度,纬度").unwrap();
    for number in 1..=CHECKPOINTS {
        let lon = 118.6 + number as f64 * 0.01;
        writeln!(places, "371327000012100{number:05},模拟卡口{number},urban,{lon:.4},35.1000").unwrap();
    }
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).unwrap());
    let mut write = |text: &str| {
        if is_gbk {
            out.write_all(&encoding_rs::GB18030.encode(text).0)
        } else {
            out.write_all(text.as_bytes())
        }
    };
    write("卡口编号,过车时间,号牌号码,号牌种类,号牌颜色,车道号,行驶方向,车速(km/h)\r\n").unwrap();
    let mut dice = 7;
    let letters: Vec<char> = "ABCDEFGHJKLMNPQRSTUVWXYZ".chars().collect();
    for row in 0..rows {
        // In the order of time, as exports are.
        let second = FROM_UNIX_S + 8 * 3_600 + row * DAYS * 86_400 / rows;
        let (day, of_day) = (second / 86_400, second % 86_400);
        let day_of_month = day - (FROM_UNIX_S + 8 * 3_600) / 86_400 + 1;
        let roll = next(&mut dice);
        let place = roll % CHECKPOINTS + 1;
        let letter = letters[(roll >> 16) as usize % letters.len()];
        let plate = format!("鲁Q{letter}{:04}", (roll >> 24) % 10_000);
        let (class, color) = if (roll >> 40).is_multiple_of(8) { ("01", "黄") } else { ("02", "蓝") };
        let (lane, direction, speed) = (roll >> 44 & 3, (roll >> 46 & 3) + 1, 30 + (roll >> 50) % 60);
        let is_bad = (roll >> 8) % 1_000 < bad_permille;
        let clock = format!("{:02}:{:02}:{:02}", of_day / 3_600, of_day / 60 % 60, of_day % 60);
        let (clock, speed) = match (is_bad, row % 2) {
            (false, _) => (clock, speed.to_string()),
            (true, 0) => ("25:61:00".into(), speed.to_string()),
            (true, _) => (clock, "快".into()),
        };
        write(&format!(
            "371327000012100{place:05},2026-11-{day_of_month:02} {clock},{plate},{class},{color},{},{direction},{speed}\r\n",
            lane + 1
        ))
        .unwrap();
    }
    out.flush().unwrap();
    println!("{rows} rows in {path}");
}
