//! The data file that ships is complete and usable.

use crate::world::parameters;

#[test]
fn the_shipped_parameters_can_be_used() {
    assert_eq!(parameters().check(), Ok(()));
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let mut parameters = parameters();
    parameters.travel.shortest_permille.value = 0;
    assert_eq!(
        parameters.check().unwrap_err().to_string(),
        "travel.shortest_permille is 0, not within 1 to 200"
    );
}

#[test]
fn every_parameter_is_explained_in_both_languages_with_its_source() {
    let all = parameters().describe();
    assert_eq!(all.len(), 30, "the page shows all of them");
    for one in all {
        let texts = [&one.unit, &one.source, &one.explanation_zh, &one.explanation_en];
        assert!(texts.iter().all(|text| !text.is_empty()), "{}.{}", one.group, one.name);
    }
}
