//! Who was given no offence stays clear of every limit: each breach by accident would be a false truth.

use crate::{COUNTY, DAY};
use domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use domain::{Timestamp, ZoneKind};
use sim::county::vehicles::{Kind, TERMINAL_COUNT};
use sim::noise::NoiseRates;
use sim::report::Reports;
use sim::traffic::{Rates, Traffic};
use std::collections::BTreeSet;

fn honest() -> Traffic {
    Traffic::new(COUNTY.clone(), Rates { scale: 0.05, offences: 0.0, ..Rates::default() })
}

#[test]
fn without_planted_offences_only_the_register_and_orders_have_something_to_say() {
    let traffic = honest();
    let truths = Reports::new(&traffic, NoiseRates::truth()).truth_of_day(DAY);
    let models: BTreeSet<&str> = truths.iter().map(|truth| truth.model).collect();
    let expected = ["overdue_inspection", "overdue_scrapping", "unhandled_offences", "watch_order"];
    assert_eq!(models, BTreeSet::from(expected));
}

#[test]
fn nobody_drives_on_without_rest_nor_more_in_a_day_or_week_than_a_coach_may() {
    let traffic = honest();
    let (from_ms, to_ms) = (DAY.start().unix_ms(), DAY.start().unix_ms() + 8 * DAY_MS);
    for vehicle in (0..TERMINAL_COUNT as u32 / 2).chain((TERMINAL_COUNT as u32..160_000).step_by(97)) {
        let legs = traffic.drives(vehicle, from_ms, to_ms);
        let driving: Vec<(i64, i64)> = legs.iter().flat_map(|leg| leg.driving(&COUNTY)).collect();
        let mut since_ms = i64::MIN;
        for pair in driving.windows(2) {
            since_ms = since_ms.max(pair[0].0);
            assert!(pair[0].1 <= pair[1].0, "{vehicle} is at two places: {pair:?}");
            if pair[1].0 - pair[0].1 >= 24 * MINUTE_MS {
                since_ms = pair[1].0;
            }
            assert!(pair[1].1 - since_ms < 235 * MINUTE_MS, "{vehicle}: {} ms", pair[1].1 - since_ms);
        }
        for (window_ms, limit_ms) in [(DAY_MS, 460 * MINUTE_MS), (7 * DAY_MS, 42 * HOUR_MS)] {
            for (_, end_ms) in driving.iter().filter(|_| (vehicle as usize) < TERMINAL_COUNT) {
                let in_window =
                    |(from, to): &(i64, i64)| (to.min(end_ms) - *from.max(&(end_ms - window_ms))).max(0);
                let driven_ms: i64 = driving.iter().map(in_window).sum();
                assert!(driven_ms < limit_ms, "{vehicle} drives {driven_ms} ms in {window_ms} ms");
            }
        }
    }
}

#[test]
fn dangerous_goods_keep_to_their_roads_and_hours_and_trucks_out_of_town() {
    let traffic = honest();
    let (ban, corridors): (Vec<_>, Vec<_>) = COUNTY.areas.iter().partition(|area| area.kind == ZoneKind::Ban);
    let (from_ms, to_ms) = (DAY.start().unix_ms(), DAY.start().unix_ms() + DAY_MS);
    let mut moving = 0;
    for vehicle in 0..400_u32 {
        let kind = COUNTY.register.vehicles[vehicle as usize].kind;
        for leg in traffic.drives(vehicle, from_ms, to_ms).iter().filter(|_| kind.is_truck()) {
            let mut at_ms = leg.depart_ms;
            while let Some(fix) = leg.at(&COUNTY, at_ms) {
                let (place, at) = (fix.at.to_wgs84(), Timestamp::from_unix_ms(at_ms));
                assert!(!ban[0].area.contains(place), "{vehicle} in the town");
                let is_allowed = corridors.iter().any(|way| way.area.contains(place) && way.holds_at(at));
                assert!(kind != Kind::DangerousGoods || is_allowed, "{vehicle} off its road");
                moving += 1;
                at_ms += 2 * MINUTE_MS;
            }
        }
    }
    assert!(moving > 10_000, "{moving}");
}
