//! Shares of misread plates, from the register and from verdicts.

use crate::world::{Dice, Server, camera, file, hours, passage};
use domain::time::SECOND_MS;
use domain::{
    MisreadRate, ModelId, Observation, Plate, ReferenceChange, Timestamp, Verdict, VerdictGiven, WarningId,
};

/// Registered plates lie thin among those that there could be.
fn plate(number: i64) -> Plate {
    let letters: Vec<char> = "ABCDEFGHJKLMNPQRSTUVWXYZ".chars().collect();
    let (first, last) = (letters[(number % 24) as usize], letters[(number / 24 % 24) as usize]);
    Plate::parse(&format!("鲁Q{first}{:03}{last}", number * 7 % 1_000)).unwrap()
}

fn misread(plate: Plate, dice: &mut Dice) -> Plate {
    let index = 3 + dice.below(3) as usize;
    let symbol = char::from(b'0' + dice.below(10) as u8);
    plate.with_symbol(index, symbol).unwrap()
}

/// Both cameras see each vehicle; the second misreads so many percent by day and night and leaves a place unread besides.
fn server(day_percent: i64, night_percent: i64, unread_percent: i64) -> Server {
    let mut dice = Dice(7);
    let mut server = Server::new();
    // Every twentieth vehicle is not in the register.
    for number in (0..5_000).filter(|number| number % 20 != 0) {
        server.change(file(plate(number)));
    }
    let mut all: Vec<Observation> = Vec::new();
    let mut at = hours(0);
    while at < hours(24) {
        at = at.plus_ms(12 * SECOND_MS);
        let vehicle = plate(dice.below(5_000));
        all.push(passage(1, Some(vehicle), at, 0, 500 + dice.below(500)));
        let then = at.plus_ms(600 * SECOND_MS);
        let is_day = (6..18).contains(&(then.beijing_minute_of_day() / 60));
        let wrong = if is_day { day_percent } else { night_percent };
        let draw = dice.below(100);
        let read = if draw < wrong {
            misread(vehicle, &mut dice)
        } else if draw < wrong + unread_percent {
            vehicle.with_symbol(6, '-').unwrap()
        } else {
            vehicle
        };
        all.push(passage(2, Some(read), then, 0, 500 + dice.below(500)));
    }
    server.run(all, hours(25));
    server
}

fn last_of(server: &Server, number: u32) -> MisreadRate {
    server.calibrations_of(number).last().unwrap().1.misread.unwrap()
}

#[test]
fn misreads_show_in_the_register() {
    let server = server(5, 30, 2);
    let (good, bad) = (last_of(&server, 1), last_of(&server, 2));
    // A tenth of the misreads changes nothing.
    assert!((45..90).contains(&bad.day_permille), "{bad:?}");
    assert!((250..340).contains(&bad.night_permille), "{bad:?}");
    assert!(good.day_permille < 30 && good.night_permille < 50, "{good:?}");
    let said = server.calibrations_of(2).len();
    assert!(said <= 4, "said {said} times");
}

#[test]
fn without_a_register_only_verdicts_say_anything() {
    let mut server = Server::new();
    let mut dice = Dice(1);
    let passages = |from: Timestamp, dice: &mut Dice| -> Vec<Observation> {
        (0..1_000)
            .map(|n| passage(1, Some(plate(n)), from.plus_ms(n * 20 * SECOND_MS), 0, 400 + dice.below(400)))
            .collect()
    };
    server.run(passages(hours(8), &mut dice), hours(15));
    assert_eq!(server.calibrations_of(1)[0].1.misread, None);
    for number in 0..200u8 {
        server.change(ReferenceChange::Verdict(VerdictGiven {
            warning: WarningId::of(&[&[number]]),
            model: ModelId::WatchOrder,
            verdict: if number % 2 == 0 { Verdict::Misread } else { Verdict::Confirmed },
            at: hours(15),
            reads: vec![(camera(1), hours(9))],
        }));
    }
    server.run(passages(hours(16), &mut dice), hours(23));
    let rate = last_of(&server, 1);
    // 100 of 200 verdicts, three reads each, on the belief of 200 reads at 10 %.
    assert!((390..=410).contains(&rate.day_permille), "{rate:?}");
    assert_eq!(rate.night_permille, 200, "of the night only the belief is known");
}
