//! Notices (通知): what each person was told on the page, and deliveries, what was sent besides by which channel and what became
//! of it.

use crate::case::{self, TidingsRecord, kind_key};
use crate::error::{During, StoreError, damaged};
use crate::page::{Page, Window};
use crate::store::{Records, insert, time_of};
use crate::warning::{level_code, level_of};
use domain::case::Tidings;
use domain::{CaseKind, ChainId, ClockStep, Level, Timestamp};
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, Condition, DbErr, IntoActiveModel, NotSet, QueryOrder, QuerySelect, Set};
use smol_str::SmolStr;
use std::collections::BTreeMap;

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notice")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub at: i64,
        pub username: String,
        pub word: String,
        pub subject: String,
        pub kind: String,
        pub chain: String,
        pub level: i32,
        pub title: String,
        pub plate: Option<String>,
        pub step: Option<String>,
        pub due_at: Option<i64>,
        pub read_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod delivery {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "delivery")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub at: i64,
        pub notice: Option<i64>,
        pub channel: String,
        pub recipient: String,
        pub text: String,
        pub event: String,
        pub state: String,
        pub attempts: i32,
        pub next_at: Option<i64>,
        pub error: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What somebody was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRecord {
    /// Identity.
    pub id: i64,
    /// Who was told.
    pub username: SmolStr,
    /// What.
    pub tidings: TidingsRecord,
    /// When it was read.
    pub read_at: Option<Timestamp>,
}

/// What is to be sent by a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The channel.
    pub channel: SmolStr,
    /// The person's address in it (a phone number, a browser), or empty for a channel that tells a group.
    pub recipient: SmolStr,
    /// Who is told, where it is one person: the delivery is read when this person's notice is.
    pub person: Option<SmolStr>,
    /// For people.
    pub text: String,
    /// For programs: JSON.
    pub event: String,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// To be sent, or sent again.
    Pending,
    /// The other side took it.
    Delivered,
    /// Given up after the last attempt.
    Failed,
}

impl DeliveryState {
    /// The word used in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// The state of a key.
    pub fn parse(key: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Failed].into_iter().find(|state| state.key() == key)
    }
}

/// A delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// Identity.
    pub id: i64,
    /// When it was asked for.
    pub at: Timestamp,
    /// What is sent.
    pub content: NewDelivery,
    /// When the person read the notice of it.
    pub read_at: Option<Timestamp>,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub error: Option<SmolStr>,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The other side took it.
    Delivered,
    /// It did not; tried again then, or given up.
    Failed {
        /// Why.
        error: String,
        /// When it is tried again; `None`: given up.
        again_at: Option<Timestamp>,
    },
}

/// Longest stored reason of a failure, in characters.
const ERROR_CHARS_MAX: usize = 300;

impl Records {
    /// Passes tidings on: to these people, by these deliveries; in one transaction with their being forgotten.
    pub async fn pass_on(
        &self,
        told: &[(TidingsRecord, Vec<SmolStr>, Vec<NewDelivery>)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let write = async {
            let tx = self.begin().await?;
            let (mut notices, mut deliveries) = (Vec::new(), Vec::new());
            for (tidings, people, sent) in told {
                for person in people {
                    let notice = new_notice(tidings, person);
                    let of_person = || sent.iter().filter(|new| new.person.as_ref() == Some(person));
                    if of_person().next().is_none() {
                        notices.push(notice);
                        continue;
                    }
                    // What else goes to this person is tied to the notice.
                    let id = notice.insert(&tx).await?.id;
                    deliveries.extend(of_person().map(|new| pending(new, Some(id), now)));
                }
                let to_others =
                    sent.iter().filter(|new| new.person.as_ref().is_none_or(|it| !people.contains(it)));
                deliveries.extend(to_others.map(|new| pending(new, None, now)));
            }
            insert(&tx, notices).await?;
            insert(&tx, deliveries).await?;
            let ids: Vec<i64> = told.iter().map(|(tidings, _, _)| tidings.id).collect();
            case::tidings_done(&tx, &ids).await?;
            tx.commit().await
        };
        write.await.during("pass tidings on")
    }

    /// Sends something to a channel; gives its identity.
    pub async fn send(&self, new: &NewDelivery, now: Timestamp) -> Result<i64, StoreError> {
        pending(new, None, now).insert(self.writer()).await.map(|row| row.id).during("send something")
    }

    /// What a person was told, newest first: all, or of one kind.
    pub async fn notices(
        &self,
        username: &str,
        is_unread: bool,
        word: Option<Tidings>,
        window: Window,
    ) -> Result<Page<NoticeRecord>, StoreError> {
        let list = async {
            let unread = is_unread.then(|| row::Column::ReadAt.is_null());
            let of_word = word.map(|word| row::Column::Word.eq(word.key()));
            let mine = Condition::all().add(row::Column::Username.eq(username));
            let mine = mine.add_option(unread).add_option(of_word);
            let found = row::Entity::find().filter(mine);
            let total = found.clone().count(self.reader()).await?;
            let found = found.order_by_desc(row::Column::Id).offset(window.offset).limit(window.limit());
            let rows = found.all(self.reader()).await?;
            let items = rows.into_iter().map(notice_of).collect::<Result<_, _>>()?;
            Ok(Page { items, total })
        };
        list.await.during("list notices")
    }

    /// Notes that a person read these, or all.
    pub async fn read_notices(
        &self,
        username: &str,
        ids: Option<&[i64]>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mine = Condition::all()
            .add(row::Column::Username.eq(username))
            .add(row::Column::ReadAt.is_null())
            .add_option(ids.map(|ids| row::Column::Id.is_in(ids.iter().copied())));
        let read = row::Entity::update_many()
            .col_expr(row::Column::ReadAt, Expr::value(now.unix_ms()))
            .filter(mine)
            .exec(self.writer())
            .await;
        read.map(|read| read.rows_affected).during("note what was read")
    }

    /// Deliveries that are to be sent now, but not those of some channels, by their identity; the longest due first, at most `limit`.
    pub async fn deliveries_due(
        &self,
        now: Timestamp,
        but_not: impl IntoIterator<Item = &str>,
        limit: u64,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        let found = delivery::Entity::find()
            .filter(delivery::Column::NextAt.lte(now.unix_ms()))
            .filter(delivery::Column::Channel.is_not_in(but_not));
        let rows = found.order_by_asc(delivery::Column::NextAt).limit(limit).all(self.reader()).await;
        rows.and_then(|rows| rows.into_iter().map(delivery_of).collect()).during("list what is to be sent")
    }

    /// Notes what became of an attempt.
    pub async fn note_attempt(&self, id: i64, attempt: &Attempt) -> Result<(), StoreError> {
        let write = async {
            let Some(mut row) = delivery::Entity::find_by_id(id).one(self.writer()).await? else {
                return Ok(());
            };
            row.attempts += 1;
            match attempt {
                Attempt::Delivered => {
                    DeliveryState::Delivered.key().clone_into(&mut row.state);
                    (row.next_at, row.error) = (None, None);
                }
                Attempt::Failed { error, again_at } => {
                    row.error = Some(error.chars().take(ERROR_CHARS_MAX).collect());
                    row.next_at = again_at.map(Timestamp::unix_ms);
                    if again_at.is_none() {
                        DeliveryState::Failed.key().clone_into(&mut row.state);
                    }
                }
            }
            delivery::Entity::update(row.into_active_model().reset_all())
                .exec(self.writer())
                .await
                .map(|_| ())
        };
        write.await.during("note what became of a delivery")
    }

    /// Tries a delivery that was given up once more.
    pub async fn retry_delivery(&self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        let again = delivery::Entity::update_many()
            .col_expr(delivery::Column::State, Expr::value(DeliveryState::Pending.key()))
            .col_expr(delivery::Column::NextAt, Expr::value(now.unix_ms()))
            .filter(delivery::Column::Id.eq(id))
            .filter(delivery::Column::State.eq(DeliveryState::Failed.key()))
            .exec(self.writer())
            .await;
        again.map(|again| again.rows_affected > 0).during("send again")
    }

    /// A delivery.
    pub async fn delivery(&self, id: i64) -> Result<Option<DeliveryRecord>, StoreError> {
        let read = async {
            let found = delivery::Entity::find_by_id(id).one(self.reader()).await?;
            Ok(self.with_notices(found.into_iter().collect()).await?.pop())
        };
        read.await.during("read a delivery")
    }

    /// Who was told by these, and when they read it.
    async fn with_notices(&self, rows: Vec<delivery::Model>) -> Result<Vec<DeliveryRecord>, DbErr> {
        let ids: Vec<i64> = rows.iter().filter_map(|row| row.notice).collect();
        let notices = row::Entity::find().filter(row::Column::Id.is_in(ids)).all(self.reader()).await?;
        let notices: BTreeMap<i64, row::Model> = notices.into_iter().map(|row| (row.id, row)).collect();
        let with = |row: delivery::Model| {
            let notice = row.notice.and_then(|id| notices.get(&id));
            let (person, read_at) =
                (notice.map(|it| it.username.as_str().into()), notice.and_then(|it| it.read_at));
            let mut delivery = delivery_of(row)?;
            delivery.content.person = person;
            delivery.read_at = read_at.map(time_of);
            Ok(delivery)
        };
        rows.into_iter().map(with).collect()
    }

    /// Deliveries, newest first.
    pub async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        channel: Option<&str>,
        window: Window,
    ) -> Result<Page<DeliveryRecord>, StoreError> {
        let list = async {
            let in_state = state.map(|state| delivery::Column::State.eq(state.key()));
            let by_channel = channel.map(|channel| delivery::Column::Channel.eq(channel));
            let wanted = Condition::all().add_option(in_state).add_option(by_channel);
            let found = delivery::Entity::find().filter(wanted);
            let total = found.clone().count(self.reader()).await?;
            let found = found.order_by_desc(delivery::Column::Id).offset(window.offset).limit(window.limit());
            let rows = found.all(self.reader()).await?;
            let items = self.with_notices(rows).await?;
            Ok(Page { items, total })
        };
        list.await.during("list deliveries")
    }

    /// Forgets notices and deliveries from before an instant.
    pub async fn forget_notices(&self, before: Timestamp) -> Result<(), StoreError> {
        let forget = async {
            let old = row::Entity::delete_many().filter(row::Column::At.lt(before.unix_ms()));
            old.exec(self.writer()).await?;
            let old = delivery::Entity::delete_many().filter(delivery::Column::At.lt(before.unix_ms()));
            old.exec(self.writer()).await.map(|_| ())
        };
        forget.await.during("forget old notices")
    }
}

fn new_notice(tidings: &TidingsRecord, person: &SmolStr) -> row::ActiveModel {
    row::ActiveModel {
        id: NotSet,
        at: Set(tidings.at.unix_ms()),
        username: Set(person.to_string()),
        word: Set(tidings.word.key().to_owned()),
        subject: Set(tidings.subject.to_string()),
        kind: Set(kind_key(tidings.kind).to_owned()),
        chain: Set(tidings.chain.as_str().to_owned()),
        level: Set(level_code(tidings.level)),
        title: Set(tidings.title.to_string()),
        plate: Set(tidings.plate.as_ref().map(ToString::to_string)),
        step: Set(tidings.step.map(|step| step.key().to_owned())),
        due_at: Set(tidings.due_at.map(Timestamp::unix_ms)),
        read_at: Set(None),
    }
}

fn pending(new: &NewDelivery, notice: Option<i64>, now: Timestamp) -> delivery::ActiveModel {
    delivery::ActiveModel {
        id: NotSet,
        at: Set(now.unix_ms()),
        notice: Set(notice),
        channel: Set(new.channel.to_string()),
        recipient: Set(new.recipient.to_string()),
        text: Set(new.text.clone()),
        event: Set(new.event.clone()),
        state: Set(DeliveryState::Pending.key().to_owned()),
        attempts: Set(0),
        next_at: Set(Some(now.unix_ms())),
        error: Set(None),
    }
}

fn notice_of(row: row::Model) -> Result<NoticeRecord, DbErr> {
    let level: Level = level_of(row.level)?;
    Ok(NoticeRecord {
        id: row.id,
        read_at: row.read_at.map(time_of),
        tidings: TidingsRecord {
            id: 0,
            at: time_of(row.at),
            audience: domain::case::Audience::Person(SmolStr::new(&row.username)),
            word: Tidings::parse(&row.word).ok_or_else(|| damaged("notice", &row.word))?,
            subject: row.subject.into(),
            kind: CaseKind::parse(&row.kind),
            chain: ChainId(row.chain.into()),
            level,
            title: row.title.into(),
            plate: row.plate.map(Into::into),
            step: row.step.as_deref().and_then(ClockStep::parse),
            due_at: row.due_at.map(time_of),
        },
        username: row.username.into(),
    })
}

fn delivery_of(row: delivery::Model) -> Result<DeliveryRecord, DbErr> {
    Ok(DeliveryRecord {
        id: row.id,
        at: time_of(row.at),
        state: DeliveryState::parse(&row.state).ok_or_else(|| damaged("delivery", &row.state))?,
        content: NewDelivery {
            channel: row.channel.into(),
            recipient: row.recipient.into(),
            person: None,
            text: row.text,
            event: row.event,
        },
        read_at: None,
        attempts: row.attempts as u32,
        next_at: row.next_at.map(time_of),
        error: row.error.map(Into::into),
    })
}
