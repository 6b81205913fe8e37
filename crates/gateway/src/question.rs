//! What another platform asks that needs the records: subscriptions and dispositions. The gateway knows no database, so
//! the question leaves through a queue, and whoever made the [`Context`](crate::Context) answers it when it is stored.

use domain::{DeviceId, Timestamp};
use gat1400::codes::StatusCode;
use gat1400::object::{Disposition, Subscribe};
use smol_str::SmolStr;
use std::net::IpAddr;
use tokio::sync::{mpsc, oneshot};

/// Questions waiting at a time; one more is told "busy".
pub const QUESTIONS_WAITING_MAX: usize = 64;

/// A question of a registered platform.
#[derive(Debug)]
pub struct Question {
    /// Who asks.
    pub platform: DeviceId,
    /// From where.
    pub address: IpAddr,
    /// When.
    pub at: Timestamp,
    /// What.
    pub wish: Wish,
    /// The way back. Dropped: told "busy".
    pub answer: oneshot::Sender<Told>,
}

/// What is asked.
#[derive(Debug)]
pub enum Wish {
    /// New or changed subscriptions; `OperateType` 1 takes one back.
    Subscribe(Vec<Subscribe>),
    /// Subscriptions that are to go, by id.
    ForgetSubscribes(Vec<SmolStr>),
    /// The platform's own subscriptions, or one of them.
    Subscribes(Option<SmolStr>),
    /// New or changed dispositions; `OperateType` 1 withdraws one.
    Dispose(Vec<Disposition>),
    /// Dispositions that are to go, by id.
    ForgetDispositions(Vec<SmolStr>),
    /// The platform's own dispositions, or one of them.
    Dispositions(Option<SmolStr>),
}

/// What is answered.
#[derive(Debug)]
pub enum Told {
    /// What became of each object, by id, in the order of the question.
    Statuses(Vec<(SmolStr, StatusCode)>),
    /// As asked for.
    Subscribes(Vec<Subscribe>),
    /// As asked for.
    Dispositions(Vec<Disposition>),
}

/// The way of questions to whoever answers.
pub type Questions = mpsc::Sender<Question>;
