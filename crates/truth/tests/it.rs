//! A small month, as `cargo xtask test` runs it: what is planted is found with little else, and a replay leaves the same
//! warnings.

use domain::{CivilDay, ModelId};
use sim::noise::NoiseRates;
use sim::traffic::Rates;
use truth::month::{self, Shipped};
use truth::replay::Recorder;
use truth::score::Score;
use truth::world::{Settings, World};

/// Their floors are those of the month alone: in a county with a hundredth of its traffic the numbers that belong to nobody
/// and the chains of sightings are too thin, and nobody waits for who does not come out yet.
const LEFT_OUT: [ModelId; 3] = [ModelId::FakePlate, ModelId::HiddenPlate, ModelId::NoExit];
const KILLS: u64 = 2;
/// With fewer planted, one more or less says nothing.
const PLANTED_MIN: usize = 10;
/// Floors of a small run, under those of the month: few are planted, and little was learned yet.
const RECALL_MIN: f64 = 0.7;
const PRECISION_MIN: f64 = 0.7;
/// Over all models, where many are planted.
const OVERALL_MIN: f64 = 0.85;

#[test]
fn what_is_planted_in_a_day_is_found_and_a_replay_leaves_the_same_warnings() {
    let world = World::new(&Settings {
        seed: 7,
        day: CivilDay::from_ymd(2026, 11, 23).unwrap(),
        days: 1,
        rates: Rates { scale: 0.01, offences: 2.0, ..Rates::default() },
        noise: NoiseRates::truth(),
    });
    let shipped = Shipped::read().unwrap();
    let mut recorder = Recorder::new().unwrap();
    let month = month::run(&world, &shipped, true, Some(&mut recorder), |_, _, _| {}).unwrap();

    let models: Vec<ModelId> = ModelId::ALL.into_iter().filter(|model| !LEFT_OUT.contains(model)).collect();
    let score = Score::of(&month.warnings, &month.truths, world.month(), &models);
    let judged: Vec<_> = score.models.iter().filter(|score| score.planted >= PLANTED_MIN).collect();
    assert!(judged.len() >= 6, "few models have enough planted: {:?}", score.models);
    let below: Vec<_> = judged
        .iter()
        .filter(|model| model.recall() < Some(RECALL_MIN) || model.precision() < Some(PRECISION_MIN))
        .collect();
    assert!(below.is_empty(), "{below:#?}");
    assert!(score.all.reaches(OVERALL_MIN), "{:?}", score.all);

    let mut record = recorder.finish().unwrap();
    let again = record.replay(&shipped.judging, KILLS).unwrap();
    assert_eq!(again.digest(), month.warnings.digest());
}
