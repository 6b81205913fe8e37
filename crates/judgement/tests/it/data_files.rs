//! The data files that ship are complete and usable.

use judgement::{Confusions, ParameterError, Parameters, Value};

pub(crate) fn shipped() -> Parameters {
    Parameters {
        models: toml::from_str(include_str!("../../../../data/models.toml")).unwrap(),
        confusions: toml::from_str(include_str!("../../../../data/plate-confusions.toml")).unwrap(),
    }
}

#[test]
fn the_shipped_parameters_can_be_used() {
    assert_eq!(shipped().check(), Ok(()));
}

#[test]
fn values_that_the_engine_cannot_work_with_are_refused() {
    let mut parameters = shipped();
    parameters.models.fatigue.parameters.rest_minutes.value = 3;
    let error = parameters.check().unwrap_err();
    assert_eq!(error.to_string(), "fatigue.rest_minutes is 3, not within 10 to 600");
    let mut parameters = shipped();
    parameters.models.device_alarm.parameters.kinds_low.value.push("yawning".into());
    assert_eq!(parameters.check(), Err(ParameterError::AlarmKind("yawning".into())));
    let mut parameters = shipped();
    parameters.models.average_speed.parameters.steps.value.reverse();
    assert_eq!(parameters.check(), Err(ParameterError::Steps("average_speed")));
    let mut parameters = shipped();
    parameters.models.night_coach.level = None;
    assert_eq!(parameters.check(), Err(ParameterError::Level("night_coach")));
}

#[test]
fn every_model_and_parameter_is_explained_in_both_languages_with_its_source() {
    let models = shipped().describe();
    assert_eq!(models.iter().map(|model| model.id).collect::<Vec<_>>(), domain::ModelId::ALL);
    for model in models {
        for text in [&model.name_zh, &model.name_en, &model.explanation_zh, &model.explanation_en] {
            assert!(!text.is_empty(), "{:?}", model.id);
        }
        for parameter in model.parameters {
            let name = parameter.name;
            assert!(!parameter.explanation_zh.is_empty() && !parameter.explanation_en.is_empty(), "{name}");
            assert!(!parameter.source.is_empty(), "{name}");
            assert_eq!(
                parameter.unit.is_empty(),
                !matches!(parameter.value, Value::Number(_) | Value::Steps(_) | Value::AxleLimits(_)),
                "{name}"
            );
        }
    }
}

#[test]
fn likelihoods_of_one_symbol_sum_to_at_most_one() {
    let Confusions { likelihood_permille } = shipped().confusions;
    for (truth, reads) in likelihood_permille {
        assert!(domain::Plate::symbol_code(truth).is_some(), "{truth}");
        assert!(reads.values().sum::<u16>() <= 1000, "{truth}");
        assert!(
            reads.keys().all(|read| *read != truth && domain::Plate::symbol_code(*read).is_some()),
            "{truth}"
        );
    }
}
