//! HTTP: sessions, wire types, the live stream, the OpenAPI document.
//!
//! One file a subject, named by the subject's word; [`routes`] lists them all. A route reads its input, asks the
//! records, the board or a journal, and writes the answer; it decides nothing. Errors are [`problem::Problem`]s.

mod access;
mod app;
mod archive;
mod audit;
mod back_test;
mod board;
mod case;
mod checkpoint;
mod detail;
mod device;
mod disposition;
mod explanation;
mod figures;
mod health;
mod history;
mod import;
mod intake;
pub mod job;
mod live;
mod map;
mod model;
pub mod notice;
mod passage;
mod picture;
mod platform;
mod problem;
mod quarantine;
mod replay;
mod role;
mod routes;
mod rule;
mod session;
mod sheet;
mod silence;
pub mod stream;
mod subscription;
mod system;
mod table;
mod tuning;
mod unit;
mod user;
mod vehicle;
mod warning;
mod watch;
mod weighing;
mod wire;
mod words;
mod yields;
mod zone;

pub use access::{Access, Refusals, TABLE, access_of};
pub use app::{App, Names, OnwardBook, Progress};
pub use archive::Archive;
pub use board::{Board, RECENT_PASSAGES_MAX};
pub use case::{CaseFileError, CaseFiles, Office, publish as publish_cases};
pub use health::Health;
pub use history::Retention;
pub use intake::forget_old_uploads;
pub use job::Jobs;
pub use live::Hub;
pub use map::MapConfig;
pub use replay::{REPLAYS_WAITING_MAX, ReplayFault, ReplayRequest};
pub use routes::{openapi_json, router};
