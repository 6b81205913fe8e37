//! Other platforms: what is exchanged with them, and how far it has come.

use crate::{at, open};
use domain::DeviceId;
use records::{
    DeviceSecret, Direction, Disposition, DispositionFilter, ExchangeState, Platform, Relation, Scope,
    SealedPassword, Subscription, Tollgate, TollgateState,
};

fn platform(id: &str) -> Platform {
    Platform {
        id: id.into(),
        name: "邻县".into(),
        relation: Relation::Neighbour,
        is_enabled: true,
        base_url: "http://10.0.0.1:8120".into(),
        receive_url: "".into(),
        out: Some(("us".into(), SealedPassword("00ff".into()))),
        incoming: Some(("them".into(), DeviceSecret("ha1".into()))),
        scope: Scope::Checkpoints(vec!["1".into(), "2".into()]),
        takes_dispositions: true,
        is_trusted: false,
        created_by: "admin".into(),
        created_at: at(0),
    }
}

fn subscription(direction: Direction, id: &str) -> Subscription {
    Subscription {
        platform: "p".into(),
        direction,
        id: id.into(),
        title: "过车".into(),
        resources: vec!["1".into(), "2".into()],
        with_pictures: true,
        begin_at: at(0),
        end_at: at(1_000),
        renew_days: 30,
        receive_addr: "http://10.0.0.1/".into(),
        state: ExchangeState::Wanted,
        position: 7,
        notices: 0,
        objects: 0,
        failures: 0,
        last_notice_at: None,
        last_error: None,
        created_by: "admin".into(),
        created_at: at(0),
    }
}

fn disposition(id: &str, state: ExchangeState) -> Disposition {
    Disposition {
        platform: "p".into(),
        direction: Direction::In,
        id: id.into(),
        watch_order: Some("w".into()),
        title: "盗抢".into(),
        plate: "鲁Q12345".into(),
        priority: 1,
        reason: "".into(),
        applicant: "".into(),
        begin_at: at(0),
        end_at: at(1_000),
        receive_addr: "".into(),
        state,
        notices: 0,
        last_notice_at: None,
        last_error: None,
        decision: Some(("admin".into(), at(5), "同意".into())),
        created_at: at(1),
    }
}

#[tokio::test]
async fn a_platform_comes_back_as_stored_and_takes_everything_with_it() {
    let (_dir, records) = open().await;
    let (one, other) =
        (platform("p"), Platform { scope: Scope::All, out: None, incoming: None, ..platform("q") });
    for platform in [&one, &other] {
        records.put_platform(platform).await.unwrap();
    }
    assert_eq!(records.all_platforms().await.unwrap(), [one.clone(), other]);
    let subscription = subscription(Direction::In, "s");
    records.put_subscription(&subscription).await.unwrap();
    records.put_dispositions(&[disposition("d", ExchangeState::Review)]).await.unwrap();
    assert_eq!(records.subscriptions(Some(&one.id)).await.unwrap(), [subscription]);
    assert!(records.remove_platform(&one.id).await.unwrap());
    assert!(!records.remove_platform(&one.id).await.unwrap());
    assert!(records.subscriptions(None).await.unwrap().is_empty());
    assert!(records.dispositions(&DispositionFilter::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_subscription_says_how_far_it_has_come_and_what_hinders_it() {
    let (_dir, records) = open().await;
    records.put_platform(&platform("p")).await.unwrap();
    let (ours, theirs) = (subscription(Direction::Out, "s"), subscription(Direction::In, "s"));
    for one in [&ours, &theirs] {
        records.put_subscription(one).await.unwrap();
    }
    let get = async |direction| records.subscription(&"p".into(), direction, "s").await.unwrap().unwrap();
    records.note_subscription(&theirs, ExchangeState::InForce, Some("unreachable")).await.unwrap();
    records.note_subscription(&theirs, ExchangeState::InForce, Some("unreachable")).await.unwrap();
    let away = get(Direction::In).await;
    assert_eq!((away.failures, away.last_error.as_deref()), (2, Some("unreachable")));
    records.note_delivered(&theirs, 90, 0, at(1)).await.unwrap();
    assert_eq!((get(Direction::In).await.position, get(Direction::In).await.failures), (90, 2));
    records.note_delivered(&theirs, 100, 3, at(2)).await.unwrap();
    records.note_delivered(&theirs, 200, 4, at(3)).await.unwrap();
    let there = get(Direction::In).await;
    assert_eq!((there.position, there.notices, there.objects, there.failures), (200, 2, 7, 0));
    assert_eq!((there.last_error, there.last_notice_at), (None, Some(at(3))));

    // Taken back while the other platform was confirming it: stays so.
    records.note_subscription(&ours, ExchangeState::Ending, None).await.unwrap();
    records.note_placed(&Subscription { end_at: at(9_000), ..ours.clone() }).await.unwrap();
    records.note_taken(&"p".into(), "s", 5, at(4)).await.unwrap();
    let placed = get(Direction::Out).await;
    assert_eq!((placed.state, placed.end_at, placed.objects), (ExchangeState::Ending, at(9_000), 5));
    records.note_subscription(&ours, ExchangeState::Wanted, None).await.unwrap();
    records.note_placed(&ours).await.unwrap();
    assert_eq!(get(Direction::Out).await.state, ExchangeState::InForce);
    assert_eq!(get(Direction::In).await.objects, 7, "the other direction is another one");
}

#[tokio::test]
async fn dispositions_are_found_by_what_they_are() {
    let (_dir, records) = open().await;
    records.put_platform(&platform("p")).await.unwrap();
    let (waiting, ended) = (disposition("a", ExchangeState::Review), disposition("b", ExchangeState::Ended));
    records.put_dispositions(&[waiting.clone(), ended]).await.unwrap();
    let filter = DispositionFilter {
        platform: Some("p".into()),
        direction: Some(Direction::In),
        state: Some(ExchangeState::Review),
        watch_order: Some("w".into()),
    };
    assert_eq!(records.dispositions(&filter).await.unwrap(), std::slice::from_ref(&waiting));
    records.note_sighting(&"p".into(), Direction::In, "a", at(8)).await.unwrap();
    let found = records.disposition(&"p".into(), Direction::In, "a").await.unwrap().unwrap();
    assert_eq!(found, Disposition { notices: 1, last_notice_at: Some(at(8)), ..waiting });
}

#[tokio::test]
async fn tollgates_are_counted_until_they_are_admitted_and_not_passed_back() {
    let (_dir, records) = open().await;
    let (own, other) = (platform("p"), Platform { scope: Scope::All, ..platform("q") });
    for platform in [&own, &other] {
        records.put_platform(platform).await.unwrap();
    }
    let seen = |name: &str, passages, ms| Tollgate {
        platform: "p".into(),
        id: "t".into(),
        name: name.into(),
        location: (!name.is_empty()).then_some((118.8, 35.1)),
        state: TollgateState::Waiting,
        passages,
        first_seen_at: at(ms),
        last_seen_at: at(ms),
    };
    records.note_tollgates(&[seen("南环", 1, 1)]).await.unwrap();
    records
        .note_tollgates(&[seen("", 2, 2), Tollgate { platform: "stranger".into(), ..seen("", 1, 2) }])
        .await
        .unwrap();
    let id = DeviceId::from("p");
    let noted = records.tollgates(None).await.unwrap();
    assert_eq!(
        noted,
        [Tollgate { first_seen_at: at(1), last_seen_at: at(2), passages: 3, ..seen("南环", 0, 0) }]
    );
    assert_eq!(own.foreign_tollgates(&noted).count(), 0);
    assert!(records.admit_tollgate(&id, &"t".into()).await.unwrap());
    assert!(!records.admit_tollgate(&id, &"u".into()).await.unwrap());
    records.note_tollgates(&[seen("", 1, 3)]).await.unwrap();
    let admitted = records.tollgates(Some(&id)).await.unwrap();
    assert_eq!(admitted[0].state, TollgateState::Admitted);
    assert_eq!(own.foreign_tollgates(&admitted).count(), 1, "it is its own");
    assert_eq!(other.foreign_tollgates(&admitted).count(), 1, "all of ours are not theirs");
    let named = Platform { scope: Scope::Checkpoints(vec!["t".into()]), ..platform("q") };
    assert_eq!(named.foreign_tollgates(&admitted).count(), 0, "unless it is named");
}
