//! The people of the county: units and who works in them, so that every role can be tried.

use super::County;
use super::checkpoints::Checkpoint;
use super::names::{COUNTY, DIVISION};
use crate::dice::{Dice, Stream};
use crate::geo::Point;
use domain::Theatre;

/// A unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Index of the unit above it.
    pub parent: Option<usize>,
    /// Kind, as the API calls it.
    pub kind: &'static str,
    /// Name.
    pub name: String,
    /// Division code, of those that have one.
    pub code: Option<String>,
    /// Where it sits.
    pub at: Option<Point>,
}

/// Somebody who works there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Username: the role in pinyin, and a number.
    pub username: String,
    /// Name.
    pub name: String,
    /// Index of the unit; none for who stands above all units.
    pub unit: Option<usize>,
    /// Roles, as the API calls them.
    pub roles: &'static [&'static str],
    /// Post.
    pub post: &'static str,
    /// Telephone number. No operator has the range 199 0000.
    pub phone: String,
    /// Whether on duty at the beginning.
    pub is_on_duty: bool,
}

/// Units and people.
#[derive(Clone, Debug, PartialEq)]
pub struct Staff {
    /// Units, those above before those below.
    pub units: Vec<Unit>,
    /// People.
    pub people: Vec<Person>,
}

/// Squads, with the part of the county that each has.
const SQUADS: [&str; 4] = ["城区中队", "东部中队", "西部中队", "山区中队"];
/// Members of the county's office for traffic safety.
const DEPARTMENTS: [&str; 5] =
    ["公路事业发展中心", "交通运输局", "应急管理局", "农业农村局", "综合行政执法局"];
/// Townships that are units; the first [`STATIONS`] of them have a traffic station.
const TOWNSHIPS: usize = 8;
const STATIONS: usize = 6;
/// Villages of a township that are units.
const VILLAGES_MIN: usize = 3;
const VILLAGES_MAX: usize = 5;
const SURNAMES: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "孙", "周", "徐", "朱", "高", "林", "郭", "马", "宋", "唐",
    "许", "韩", "冯",
];
const GIVEN_NAMES: [&str; 20] = [
    "伟", "磊", "静", "强", "敏", "军", "洋", "勇", "艳", "杰", "涛", "明", "超", "霞", "平", "刚", "桂英",
    "建国", "志强", "文静",
];

/// The squad that has a checkpoint: the town's one in town, the one of the mountains on rural roads in the north, else east or
/// west of the middle.
pub fn squad_of(county: &County, checkpoint: &Checkpoint) -> &'static str {
    let [town, east, west, mountains] = SQUADS;
    let count = county.checkpoints.len().max(1) as f64;
    let middle = |of: fn(&Point) -> f64| county.checkpoints.iter().map(|it| of(&it.at)).sum::<f64>() / count;
    match checkpoint.theatre {
        Theatre::Urban => town,
        Theatre::Rural if checkpoint.at.y > middle(|at| at.y) => mountains,
        _ if checkpoint.at.x > middle(|at| at.x) => east,
        _ => west,
    }
}

impl Staff {
    /// The people of this county.
    pub fn of(county: &County) -> Self {
        let mut staff = Self { units: Vec::new(), people: Vec::new() };
        let office = staff.unit(None, "county_office", &format!("{COUNTY}道路交通安全工作办公室"));
        staff.units[office].code = Some(DIVISION.to_owned());
        let brigade = staff.unit(Some(office), "brigade", &format!("{COUNTY}公安局交通警察大队"));
        let squads = SQUADS.map(|name| staff.unit(Some(brigade), "squad", name));
        let departments =
            DEPARTMENTS.map(|name| staff.unit(Some(office), "department", &format!("{COUNTY}{name}")));
        let (mut townships, mut villages) = (Vec::new(), Vec::new());
        let towns = county.places.iter().enumerate().filter(|(_, place)| place.is_township);
        for (number, (index, town)) in towns.take(TOWNSHIPS).enumerate() {
            let township = staff.unit(Some(office), "township", &town.name);
            staff.units[township].at = Some(town.at);
            staff.units[township].code = Some(format!("{DIVISION}{:03}", number + 1));
            townships.push(township);
            if number < STATIONS {
                let station = staff.unit(Some(township), "station", &format!("{}交管站", town.name));
                staff.units[station].at = Some(town.at);
            }
            let of_town = county.places.iter().filter(|place| !place.is_township && place.township == index);
            let count = VILLAGES_MIN + number % (VILLAGES_MAX - VILLAGES_MIN + 1);
            for place in of_town.take(count) {
                let village = staff.unit(Some(township), "village", &place.name);
                staff.units[village].at = Some(place.at);
                villages.push(village);
            }
        }
        let mut dice = Dice::new(county.seed, Stream::Staff, 0, 0);
        let mut add = |prefix: &str, units: &[Option<usize>], roles, post, on_duty: usize| {
            for (number, unit) in units.iter().enumerate() {
                let username = if units.len() == 1 && prefix.ends_with("admin") {
                    prefix.to_owned()
                } else {
                    format!("{prefix}{:02}", number + 1)
                };
                let name = format!("{}{}", dice.pick(&SURNAMES), dice.pick(&GIVEN_NAMES));
                let phone = format!("1990000{:04}", staff.people.len() + 1);
                let is_on_duty = number < on_duty;
                staff.people.push(Person { username, name, unit: *unit, roles, post, phone, is_on_duty });
            }
        };
        let some = |units: &[usize]| units.iter().copied().map(Some).collect::<Vec<_>>();
        let two_each: Vec<_> = squads.iter().flat_map(|squad| [Some(*squad); 2]).collect();
        add("zhiban", &[Some(brigade); 4], &["duty_officer"], "指挥中心值班员", 2);
        add("lumian", &two_each, &["patrol_officer"], "路面民警", 4);
        add("neiqin", &[Some(brigade); 2], &["clerk"], "大队内勤", 0);
        add("lingdao", &[Some(brigade); 2], &["leader"], "大队领导", 1);
        add("jiaoanban", &[Some(office); 2], &["safety_officer"], "交安办专干", 0);
        add("zhenjie", &some(&townships), &["township_officer"], "镇街专干", 0);
        let helpers: Vec<_> = villages.iter().copied().step_by(4).map(Some).collect();
        add("cun", &helpers, &["village_helper"], "村级交通安全员", 0);
        add("chengyuan", &some(&departments), &["member_unit"], "成员单位经办人", 0);
        add("ducha", &[None], &["inspector"], "督察", 0);
        add("sysadmin", &[Some(brigade)], &["system_administrator"], "系统管理员", 0);
        add("secadmin", &[Some(brigade)], &["security_administrator"], "安全管理员", 0);
        add("auditadmin", &[Some(brigade)], &["audit_administrator"], "安全审计员", 0);
        staff
    }

    fn unit(&mut self, parent: Option<usize>, kind: &'static str, name: &str) -> usize {
        self.units.push(Unit { parent, kind, name: name.to_owned(), code: None, at: None });
        self.units.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::CivilDay;
    use domain::people::{Role, RoleSet};
    use std::collections::BTreeSet;

    #[test]
    fn each_squad_has_checkpoints() {
        let county = County::generate(7, CivilDay::parse("2026-11-23").unwrap());
        let having: BTreeSet<&str> = county.checkpoints.iter().map(|it| squad_of(&county, it)).collect();
        assert_eq!(having, SQUADS.into_iter().collect());
    }

    #[test]
    fn every_role_that_can_be_given_is_there_and_nobody_shares_a_username() {
        let staff = Staff::of(&County::generate(7, CivilDay::parse("2026-11-23").unwrap()));
        let usernames: BTreeSet<&str> = staff.people.iter().map(|person| person.username.as_str()).collect();
        assert_eq!(usernames.len(), staff.people.len());
        assert!((38..=50).contains(&staff.people.len()), "{}", staff.people.len());
        let roles: BTreeSet<&str> = staff.people.iter().flat_map(|person| person.roles).copied().collect();
        let given = Role::ALL.into_iter().filter(|role| *role != Role::Founder);
        assert_eq!(roles, given.map(Role::key).collect());
        for person in &staff.people {
            let held = person.roles.iter().map(|key| Role::parse(key).unwrap());
            assert!(RoleSet::new(held).is_some());
        }
        let count = |kind| staff.units.iter().filter(|unit| unit.kind == kind).count();
        assert_eq!(["squad", "station", "township", "department"].map(count), [4, 6, 8, 5]);
        assert!((24..=40).contains(&count("village")), "{}", count("village"));
        assert!(staff.units.iter().enumerate().all(|(index, unit)| unit.parent.is_none_or(|up| up < index)));
    }
}
