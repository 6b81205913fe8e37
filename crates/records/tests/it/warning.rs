//! Warnings: outcomes fold once, people sign once, readers miss nothing.

use crate::{at, key, open, sign, warning};
use domain::warning::WithdrawReason;
use domain::{Level, ModelId, Outcome};
use records::{
    Change, Records, Sort, WarningActError, WarningField, WarningFilter, WarningRecord, WarningState, Window,
    cursor,
};

fn raise(n: u32) -> Outcome {
    Outcome::Raise(Box::new(warning(n)))
}

fn revise(n: u32) -> Outcome {
    let mut revised = warning(n);
    revised.level = Level::High;
    revised.raised_at = revised.raised_at.plus_ms(60_000);
    Outcome::Revise(Box::new(revised))
}

fn withdraw(n: u32) -> Outcome {
    Outcome::Withdraw { id: warning(n).id, reason: WithdrawReason::Refuted }
}

async fn commit(records: &Records, outcomes: &[Outcome]) -> Vec<WarningRecord> {
    records.commit_outcomes(outcomes, 1, at(0), &domain::Desk::default()).await.unwrap()
}

async fn actions(records: &Records, n: u32) -> Vec<String> {
    let history = records.warning_history(warning(n).id).await.unwrap();
    history.into_iter().map(|entry| entry.action.to_string()).collect()
}

#[tokio::test]
async fn a_batch_committed_twice_changes_nothing_the_second_time() {
    let (_dir, records) = open().await;
    let before = [raise(9), raise(8)];
    commit(&records, &before).await;
    let batch = [raise(1), revise(1), raise(2), withdraw(2), raise(3), withdraw(9), revise(8), withdraw(77)];
    let first = records.commit_outcomes(&batch, 1_234, at(0), &domain::Desk::default()).await.unwrap();
    let changed: Vec<_> = first.iter().map(|r| (r.warning.id, r.change, r.seq)).collect();
    assert_eq!(
        changed,
        [
            (warning(1).id, Change::Raised, 3),
            (warning(2).id, Change::Withdrawn, 4),
            (warning(3).id, Change::Raised, 5),
            (warning(9).id, Change::Withdrawn, 6),
            (warning(8).id, Change::Revised, 7),
        ]
    );
    let before = records.warnings_changed_after(0, 100).await.unwrap();
    let history = (actions(&records, 1).await, actions(&records, 2).await, actions(&records, 9).await);
    assert_eq!(history.1, ["raised", "withdrawn"]);

    assert_eq!(records.commit_outcomes(&batch, 1_234, at(5), &domain::Desk::default()).await.unwrap(), []);
    assert_eq!(records.warnings_changed_after(0, 100).await.unwrap(), before);
    let after = (actions(&records, 1).await, actions(&records, 2).await, actions(&records, 9).await);
    assert_eq!(after, history);
    assert_eq!(records.cursor(cursor::JUDGEMENT).await.unwrap(), Some(1_234));
    assert_eq!(records.warning_seq().await.unwrap(), 7);
}

#[tokio::test]
async fn a_withdrawn_warning_can_be_raised_again() {
    let (_dir, records) = open().await;
    commit(&records, &[raise(1)]).await;
    let gone = commit(&records, &[withdraw(1)]).await;
    assert_eq!(
        (gone[0].state, gone[0].withdrawn_reason),
        (WarningState::Withdrawn, Some(WithdrawReason::Refuted))
    );
    let id = warning(1).id;
    let signed = sign(&records, id, gone[0].version, "li", at(0)).await;
    assert!(matches!(signed, Err(WarningActError::Refused(_))));
    let back = commit(&records, &[raise(1)]).await;
    assert_eq!((back[0].state, back[0].change, back[0].version), (WarningState::Raised, Change::Raised, 3));
    assert_eq!(back[0].withdrawn_reason, None);
    assert_eq!(back[0].warning, warning(1));
    assert_eq!(actions(&records, 1).await, ["raised", "withdrawn", "reopened"]);
}

#[tokio::test]
async fn a_signed_warning_stays_signed_when_refuted_and_says_so() {
    let (_dir, records) = open().await;
    commit(&records, &[raise(1)]).await;
    let id = warning(1).id;
    let signed = sign(&records, id, 1, "li", at(9)).await.unwrap();
    assert_eq!(
        (signed.state, signed.change, signed.seq, signed.version),
        (WarningState::Signed, Change::Signed, 2, 2)
    );
    let refuted = commit(&records, &[withdraw(1)]).await;
    assert_eq!((refuted[0].state, refuted[0].change), (WarningState::Signed, Change::Revised));
    assert_eq!(refuted[0].signature, signed.signature);
    assert_eq!(commit(&records, &[withdraw(1)]).await, []);
    assert_eq!(actions(&records, 1).await, ["raised", "signed", "refuted"]);
    let upheld = commit(&records, &[raise(1)]).await;
    assert_eq!((upheld[0].state, upheld[0].withdrawn_reason), (WarningState::Signed, None));
    assert_eq!(actions(&records, 1).await, ["raised", "signed", "refuted", "upheld"]);
}

#[tokio::test]
async fn only_the_first_revision_after_a_signature_is_news() {
    let (_dir, records) = open().await;
    commit(&records, &[raise(1)]).await;
    sign(&records, warning(1).id, 1, "li", at(0)).await.unwrap();
    commit(&records, &[revise(1)]).await;
    let back = commit(&records, &[raise(1)]).await;
    assert_eq!((back[0].version, back[0].state), (4, WarningState::Signed));
    assert_eq!(actions(&records, 1).await, ["raised", "signed", "revised"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_signers_exactly_one_is_told_about_the_other() {
    let (_dir, records) = open().await;
    commit(&records, &(0..20).map(raise).collect::<Vec<_>>()).await;
    for n in 0..20 {
        let id = warning(n).id;
        let sign = |by: &'static str| {
            let records = records.clone();
            tokio::spawn(async move { sign(&records, id, 1, by, at(7)).await })
        };
        let (a, b) = (sign("li"), sign("wang"));
        match (a.await.unwrap(), b.await.unwrap()) {
            (Ok(won), Err(WarningActError::Conflict { by, at: when }))
            | (Err(WarningActError::Conflict { by, at: when }), Ok(won)) => {
                assert_eq!(won.signature.map(|signature| signature.by), Some(by));
                assert_eq!(when, at(7));
            }
            both => panic!("{both:?}"),
        }
    }
    let missing = sign(&records, warning(99).id, 1, "li", at(0)).await;
    assert!(matches!(missing, Err(WarningActError::NotFound)));
    commit(&records, &[raise(50), revise(50)]).await;
    commit(&records, &[raise(50)]).await;
    let old = sign(&records, warning(50).id, 1, "li", at(0)).await;
    assert!(matches!(old, Err(WarningActError::Changed { version: 2 })));
}

/// What a filter says, done by hand.
type Keep = fn(&WarningRecord) -> bool;

#[tokio::test]
async fn filters_sorts_and_pages_agree_with_the_same_done_by_hand() {
    const WARNINGS: u32 = 300;
    let (_dir, records) = open().await;
    commit(&records, &(0..WARNINGS).map(raise).collect::<Vec<_>>()).await;
    commit(&records, &(0..30).map(withdraw).collect::<Vec<_>>()).await;
    for n in 30..60 {
        sign(&records, warning(n).id, 1, "li", at(0)).await.unwrap();
    }
    let all = records.warnings_changed_after(0, 500).await.unwrap();
    assert_eq!(all.len(), WARNINGS as usize);
    assert!(all.windows(2).all(|pair| pair[0].seq < pair[1].seq));

    let none = WarningFilter::default;
    let cases: [(WarningFilter, Keep); 8] = [
        (none(), |_| true),
        (WarningFilter { state: Some(WarningState::Raised), ..none() }, |r| r.state == WarningState::Raised),
        (WarningFilter { model: Some(ModelId::WatchOrder), ..none() }, |r| {
            r.warning.model == ModelId::WatchOrder
        }),
        (WarningFilter { level: Some(Level::High), ..none() }, |r| r.warning.level == Level::High),
        (WarningFilter { actionable_at: Some(at(700_000)), ..none() }, |r| r.is_actionable(at(700_000))),
        (WarningFilter { since: Some(at(50_000)), until: Some(at(80_000)), ..none() }, |r| {
            (at(50_000)..at(80_000)).contains(&r.warning.occurred_at)
        }),
        (WarningFilter { q: Some("Q0021".into()), ..none() }, |r| {
            r.warning.subject.plate_text.as_ref().unwrap().contains("Q0021")
        }),
        (WarningFilter { vehicle: Some(key(5)), ..none() }, |r| r.warning.subject.vehicle == Some(key(5))),
    ];
    for (filter, keep) in cases {
        for sort in [WarningField::OccurredAt, WarningField::RaisedAt, WarningField::Level] {
            let mut expected: Vec<_> = all.iter().filter(|record| keep(record)).collect();
            expected.sort_by_key(|record| match sort {
                WarningField::Level => (record.warning.level, record.warning.occurred_at),
                _ => (Level::Low, record.warning.occurred_at),
            });
            expected.reverse();
            let mut got = Vec::new();
            while got.len() < expected.len() {
                let window = Window { offset: got.len() as u64, limit: 70 };
                let page = records.warnings(&filter, Sort::descending(sort), window).await.unwrap();
                assert_eq!(page.total, expected.len() as u64, "{filter:?}");
                assert!(!page.items.is_empty(), "{filter:?}");
                got.extend(page.items);
            }
            assert_eq!(got.iter().collect::<Vec<_>>(), expected, "{filter:?} {sort:?}");
        }
    }
}

#[tokio::test]
async fn counts_add_up_to_the_lists() {
    let (_dir, records) = open().await;
    commit(&records, &(0..100).map(raise).collect::<Vec<_>>()).await;
    commit(&records, &[withdraw(2)]).await;
    let counts = records.warning_counts(at(10_000), at(60_000), &domain::UnitPath::WHOLE).await.unwrap();
    assert_eq!(counts.iter().map(|count| count.count).sum::<u64>(), 50);
    for count in &counts {
        let filter = WarningFilter {
            model: Some(count.model),
            level: Some(count.level),
            state: Some(count.state),
            since: Some(at(10_000)),
            until: Some(at(60_000)),
            ..WarningFilter::default()
        };
        let sort = Sort::descending(WarningField::OccurredAt);
        let page = records.warnings(&filter, sort, Window::default()).await.unwrap();
        assert_eq!(page.total, count.count);
    }
    let unsigned =
        records.warning_counts_by_level(WarningState::Raised, &domain::UnitPath::WHOLE).await.unwrap();
    assert_eq!(
        unsigned.into_iter().collect::<Vec<_>>(),
        [(Level::Low, 34), (Level::Medium, 33), (Level::High, 32)]
    );
    let hits = records.watch_order_hits(&["B1".into(), "B2".into()]).await.unwrap();
    assert_eq!(hits.into_iter().collect::<Vec<_>>(), [("B1".into(), 49)]);
}
