//! How warnings stand to one another.

use super::scenario::{County, at, car, file, order, passage};
use domain::discipline::Hidden;
use domain::{
    CivilDay, Level, Maintenance, ModelId, ReferenceChange, Silence, VehicleFile, WarningId, WatchOrder,
};

const PLATE: &str = "鲁Q12345";

/// A car whose inspection is overdue and for which there is an order.
fn wanted() -> County {
    let mut county = County::new();
    let inspection_valid_until = Some(CivilDay(super::scenario::DAY.0 - 9));
    county.register(VehicleFile { inspection_valid_until, ..file(car(PLATE)) });
    county.order(WatchOrder { level: Level::High, ..order("W1", PLATE) });
    county
}

fn id(county: &County, model: ModelId, index: usize) -> WarningId {
    county.warnings(model)[index].id
}

#[test]
fn repeats_of_a_day_are_one_group_and_the_first_stands_for_it() {
    let mut county = wanted();
    county.see(passage("B", PLATE, at("09:00")));
    county.see(passage("A", PLATE, at("33:00")));
    let (first_seen, next_day) = (id(&county, ModelId::WatchOrder, 0), id(&county, ModelId::WatchOrder, 1));
    assert_eq!(county.marks[&first_seen].group, first_seen);
    assert_eq!(county.marks[&next_day].group, next_day, "the next day is another group");
    // An earlier passage of that day comes late: it stands for the group now.
    county.see(passage("A", PLATE, at("08:00")));
    let earliest = id(&county, ModelId::WatchOrder, 0);
    assert_eq!(county.marks[&first_seen].group, earliest);
    assert_eq!(county.marks[&next_day].group, next_day);
}

#[test]
fn a_stronger_warning_hides_a_weaker_one_near_it() {
    let mut county = wanted();
    county.see(passage("A", PLATE, at("08:00")));
    let (hit, overdue) = (id(&county, ModelId::WatchOrder, 0), id(&county, ModelId::OverdueInspection, 0));
    assert_eq!(county.marks[&overdue].hidden, Some(Hidden::Stronger(hit)));
    assert_eq!(county.marks[&hit].hidden, None);
}

#[test]
fn a_silence_hides_for_its_time_and_what_it_hides_hides_nothing_else() {
    let mut county = wanted();
    let silence = Silence {
        id: "S1".into(),
        model: Some(ModelId::WatchOrder),
        vehicle: Some(car(PLATE)),
        checkpoint: None,
        from: at("07:00"),
        until: at("10:00"),
        reason: "exercise".into(),
    };
    county.change(ReferenceChange::Silence(silence));
    county.see(passage("A", PLATE, at("08:00")));
    let (hit, overdue) = (id(&county, ModelId::WatchOrder, 0), id(&county, ModelId::OverdueInspection, 0));
    assert_eq!(county.marks[&hit].hidden, Some(Hidden::Silenced("S1".into())));
    assert_eq!(county.marks[&overdue].hidden, None, "nobody would hear of the vehicle otherwise");
    county.see(passage("A", PLATE, at("10:00")));
    assert_eq!(county.marks[&id(&county, ModelId::WatchOrder, 1)].hidden, None, "the silence is over");
}

#[test]
fn what_a_device_under_maintenance_reports_is_hidden() {
    let mut county = wanted();
    let device = passage("A", PLATE, at("08:00")).device;
    let (from, until) = (at("08:00"), at("09:00"));
    let window = Maintenance { id: "M1".into(), device, from, until, reason: "lens".into() };
    county.change(ReferenceChange::Maintenance(window));
    county.see(passage("A", PLATE, at("08:30")));
    county.see(passage("B", PLATE, at("08:40")));
    let hidden = |index| county.marks[&id(&county, ModelId::WatchOrder, index)].hidden.clone();
    assert_eq!(hidden(0), Some(Hidden::Maintenance("M1".into())));
    assert_eq!(hidden(1), None, "another camera saw it, too");
}

#[test]
fn marks_survive_a_restart() {
    let mut county = wanted();
    county.see(passage("B", PLATE, at("09:00")));
    county.restart();
    county.see(passage("A", PLATE, at("10:00")));
    let first = id(&county, ModelId::WatchOrder, 0);
    assert_eq!(county.marks[&id(&county, ModelId::WatchOrder, 1)].group, first);
}
