//! What the API promises to its clients.

use std::path::Path;

/// The committed document is what the page's types are made from: a change of the API shows in review.
/// `UPDATE_OPENAPI=1 cargo test -p api` writes it anew.
#[test]
fn the_committed_openapi_document_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json");
    let served = api::openapi_json() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&path, &served).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        served == committed,
        "openapi.json is not what the API serves; run UPDATE_OPENAPI=1 cargo test -p api"
    );
}

#[test]
fn the_table_of_access_names_every_route_once_and_no_other() {
    let document: serde_json::Value = serde_json::from_str(&api::openapi_json()).unwrap();
    let mut served: Vec<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, operations)| {
            operations.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let mut listed: Vec<(String, String)> =
        api::TABLE.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    served.sort();
    listed.sort();
    assert_eq!(listed, served);
}

#[test]
fn every_route_of_the_document_names_its_answers() {
    let document: serde_json::Value = serde_json::from_str(&api::openapi_json()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = std::collections::BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(
                operation["responses"].as_object().is_some_and(|answers| !answers.is_empty()),
                "{method} {path}"
            );
            assert!(operation["tags"].as_array().is_some_and(|tags| !tags.is_empty()), "{method} {path}");
            assert!(
                names.insert(operation["operationId"].to_string()),
                "{method} {path} has the name of another"
            );
        }
    }
    assert!(names.len() > 40, "{} routes", names.len());
}
