//! All routes, and what lies around them: problems, size bounds, compression, panics contained.

use crate::access::enforce;
use crate::app::App;
use crate::problem::write_problems;
use crate::{
    audit, back_test, case, checkpoint, device, disposition, explanation, figures, health, history, import,
    intake, job, map, model, notice, open311, passage, picture, platform, quarantine, replay, role, rule,
    security, session, silence, sso, stream, subscription, system, tollgate, totp, tuning, unit, user,
    vehicle, warning, watch, weighing, yields, zone,
};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get};
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::services::ServeFile;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Largest JSON body, in bytes; files have bounds of their own.
const JSON_BYTES_MAX: usize = 1 << 20;

/// Largest report of the public, in bytes.
const REPORT_BYTES_MAX: usize = 64 << 10;

#[derive(OpenApi)]
#[openapi(
    info(title = "Anchang 安畅", description = "Command platform of a county's traffic police brigade. Errors are RFC 9457 problem details."),
    servers((url = "/api/v1"))
)]
struct Document;

fn api() -> OpenApiRouter<Arc<App>> {
    let files = OpenApiRouter::new()
        .routes(routes!(import::import))
        .layer(DefaultBodyLimit::max(import::FILE_BYTES_MAX));
    let layers = OpenApiRouter::new()
        .routes(routes!(map::layer, map::put_layer))
        .layer(DefaultBodyLimit::max(map::GEOJSON_BYTES_MAX));
    // Bounded by what takes it in, piece by piece.
    let uploads =
        OpenApiRouter::new().routes(routes!(intake::upload::upload)).layer(DefaultBodyLimit::disable());
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(session::log_in, session::get, session::log_out))
        .routes(routes!(session::change_password))
        .routes(routes!(figures::get))
        .routes(routes!(stream::live))
        .routes(routes!(warning::list))
        .routes(routes!(warning::get))
        .routes(routes!(warning::sign))
        .routes(routes!(warning::judge))
        .routes(routes!(warning::sign_many))
        .merge(cases())
        .routes(routes!(explanation::get))
        .routes(routes!(replay::get))
        .routes(routes!(watch::list, watch::create))
        .routes(routes!(watch::withdraw))
        .routes(routes!(vehicle::list))
        .routes(routes!(vehicle::get, vehicle::put, vehicle::remove))
        .routes(routes!(vehicle::file))
        .routes(routes!(passage::list))
        .routes(routes!(weighing::create))
        .routes(routes!(passage::key_vehicles))
        .routes(routes!(passage::track))
        .routes(routes!(checkpoint::list))
        .routes(routes!(checkpoint::put, checkpoint::remove))
        .routes(routes!(checkpoint::list_sections))
        .routes(routes!(checkpoint::put_section, checkpoint::remove_section))
        .routes(routes!(device::list, device::create))
        .routes(routes!(device::change, device::remove))
        .routes(routes!(health::list))
        .routes(routes!(health::get))
        .routes(routes!(device::refused))
        .routes(routes!(device::admit))
        .routes(routes!(device::dismiss))
        .routes(routes!(quarantine::list))
        .routes(routes!(quarantine::get))
        .routes(routes!(import::template))
        .routes(routes!(history::search))
        .routes(routes!(history::trace))
        .routes(routes!(history::passage))
        .routes(routes!(history::track))
        .routes(routes!(history::flows))
        .routes(routes!(history::storage))
        .routes(routes!(history::put_retention))
        .routes(routes!(history::verify))
        .routes(routes!(history::export))
        .routes(routes!(job::list))
        .routes(routes!(job::get))
        .routes(routes!(job::cancel))
        .routes(routes!(job::file))
        .merge(judging())
        .merge(taking_in())
        .merge(platforms())
        .routes(routes!(map::config))
        .routes(routes!(picture::get))
        .merge(people())
        .routes(routes!(system::health))
        .routes(routes!(system::get))
        .routes(routes!(system::drive_clock))
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        .merge(files)
        .merge(uploads)
        .merge(layers)
}

/// Who works here, what they may do, and what they did.
fn people() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(session::list, session::end_others))
        .routes(routes!(sso::offer))
        .routes(routes!(sso::start))
        .routes(routes!(sso::callback))
        .routes(routes!(sso::get, sso::put))
        .routes(routes!(session::end_one))
        .routes(routes!(totp::begin))
        .routes(routes!(totp::confirm))
        .routes(routes!(totp::remove))
        .routes(routes!(unit::list, unit::create))
        .routes(routes!(unit::change))
        .routes(routes!(role::list))
        .routes(routes!(user::people))
        .routes(routes!(user::list, user::create))
        .routes(routes!(user::change))
        .routes(routes!(user::put_roles))
        .routes(routes!(user::put_duty))
        .routes(routes!(user::reset_password))
        .routes(routes!(user::unlock))
        .routes(routes!(user::sessions, user::end_sessions))
        .routes(routes!(user::end_session))
        .routes(routes!(totp::reset))
        .routes(routes!(security::get, security::put))
        .routes(routes!(user::founders))
        .routes(routes!(user::end_founders))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
}

/// What people work on.
fn cases() -> OpenApiRouter<Arc<App>> {
    let pictures = OpenApiRouter::new()
        .routes(routes!(case::attachment::put))
        .layer(DefaultBodyLimit::max(case::attachment::ATTACHMENT_BYTES_MAX));
    OpenApiRouter::new()
        .routes(routes!(case::route::list, case::route::open))
        .routes(routes!(case::route::counts))
        .routes(routes!(case::route::export))
        .routes(routes!(case::route::get))
        .routes(routes!(case::route::act))
        .routes(routes!(case::chain::get))
        .routes(routes!(case::task::list))
        .routes(routes!(case::task::get_waiting))
        .routes(routes!(case::task::ask_pause))
        .routes(routes!(case::task::grant_pause))
        .routes(routes!(case::task::resume))
        .routes(routes!(case::terms::terms, case::terms::put_terms))
        .routes(routes!(case::task::counts))
        .routes(routes!(case::attachment::get))
        .routes(routes!(case::hazard::categories))
        .routes(routes!(case::hazard::near))
        .routes(routes!(case::hazard::notice))
        .routes(routes!(case::hazard::counts))
        .routes(routes!(case::crash::list, case::crash::record))
        .routes(routes!(case::crash::get))
        .routes(routes!(case::education::local_case))
        .routes(routes!(case::dispatch::options))
        .routes(routes!(case::post::list, case::post::create))
        .routes(routes!(case::post::change, case::post::remove))
        .routes(routes!(case::saved_view::list, case::saved_view::create))
        .routes(routes!(case::saved_view::remove))
        .routes(routes!(notice::route::list))
        .routes(routes!(notice::route::read))
        .routes(routes!(notice::route::preferences, notice::route::put_preferences))
        .routes(routes!(notice::push::pushes, notice::push::add_push))
        .routes(routes!(notice::push::remove_push))
        .routes(routes!(notice::delivery::channels, notice::delivery::change_channels))
        .routes(routes!(notice::delivery::test_channel))
        .routes(routes!(notice::delivery::deliveries))
        .routes(routes!(notice::delivery::delivery))
        .routes(routes!(notice::delivery::retry))
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        .merge(pictures)
}

/// What comes in by files, and an overview of what is connected.
fn taking_in() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(intake::connection::list))
        .routes(routes!(intake::upload::list))
        .routes(routes!(intake::upload::get, intake::upload::remove))
        .routes(routes!(intake::upload::bad_rows))
        .routes(routes!(intake::preview::get))
        .routes(routes!(intake::run::check))
        .routes(routes!(intake::run::start))
        .routes(routes!(intake::mapping::list))
        .routes(routes!(intake::mapping::put, intake::mapping::remove))
}

/// What is exchanged with other platforms.
fn platforms() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(platform::list, platform::create))
        .routes(routes!(platform::get, platform::change, platform::remove))
        .routes(routes!(platform::probe))
        .routes(routes!(subscription::list, subscription::create))
        .routes(routes!(subscription::end))
        .routes(routes!(subscription::retry))
        .routes(routes!(tollgate::list))
        .routes(routes!(tollgate::admit))
        .routes(routes!(disposition::list))
        .routes(routes!(disposition::accept))
        .routes(routes!(disposition::refuse))
        .routes(routes!(disposition::pass_on))
}

/// What judging is tuned with.
fn judging() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(model::list))
        .routes(routes!(yields::list))
        .routes(routes!(tuning::get))
        .routes(routes!(tuning::create))
        .routes(routes!(tuning::change, tuning::remove))
        .routes(routes!(rule::list, rule::create))
        .routes(routes!(rule::vocabulary))
        .routes(routes!(rule::check))
        .routes(routes!(rule::get))
        .routes(routes!(rule::edit))
        .routes(routes!(rule::submit))
        .routes(routes!(rule::approve))
        .routes(routes!(rule::give_back))
        .routes(routes!(rule::retire))
        .routes(routes!(back_test::list, back_test::create))
        .routes(routes!(back_test::get, back_test::remove))
        .routes(routes!(back_test::warnings))
        .routes(routes!(zone::list))
        .routes(routes!(zone::put, zone::remove))
        .routes(routes!(silence::list, silence::create))
        .routes(routes!(silence::end_silence))
        .routes(routes!(silence::list_maintenance, silence::create_maintenance))
        .routes(routes!(silence::end_maintenance))
}

/// The OpenAPI 3.1 document.
pub fn openapi_json() -> String {
    let mut document = api().into_openapi();
    // Functions of different subjects share names; clients need one name an operation (OpenAPI 3.1, 4.8.10).
    for (path, item) in &mut document.paths.paths {
        let words: Vec<&str> = path.split(['/', '-', '{', '}']).filter(|word| !word.is_empty()).collect();
        let operations = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
            ("patch", &mut item.patch),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                operation.operation_id = Some(format!("{method}_{}", words.join("_")));
            }
        }
    }
    document.to_pretty_json().expect("the document is plain data")
}

/// Everything that the HTTP port answers; `page` answers what is not the API.
pub fn router(app: Arc<App>, page: MethodRouter) -> Router {
    let (routes, _) = api().split_for_parts();
    let document: Arc<str> = openapi_json().into();
    let routes = routes
        .layer(from_fn_with_state(app.clone(), enforce))
        .route(
            "/openapi.json",
            get(move || std::future::ready(([("content-type", "application/json")], document.to_string()))),
        )
        .fallback(|| async { axum::http::StatusCode::NOT_FOUND })
        .layer(CatchPanicLayer::new())
        .layer(from_fn(write_problems));
    // Events must go out at once, pictures are compressed already.
    let compressible = SizeAbove::new(1_024)
        .and(NotForContentType::SSE)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::new("application/vnd.pmtiles"));
    let mut pages = Router::new();
    if let Some(file) = app.map.basemap_file() {
        pages = pages.route_service(map::BASEMAP_PATH, ServeFile::new(file));
    }
    pages
        .nest("/api/v1", routes)
        .nest("/open311/v2", open311::routes().layer(DefaultBodyLimit::max(REPORT_BYTES_MAX)))
        .route("/metrics", get(system::metrics))
        .fallback_service(page)
        .layer(CompressionLayer::new().compress_when(compressible))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .with_state(app)
}
