//! Jobs: their life, who sees which, and what a restart makes of them.

use crate::{at, open};
use records::{JobEnd, JobFilter, JobState, NewJob, Window};

fn asked(by: &str, kind: &str, created: i64) -> NewJob {
    NewJob {
        kind: kind.into(),
        title: "五月过车".into(),
        parameters: "{}".into(),
        created_by: by.into(),
        created_at: at(created),
    }
}

#[tokio::test]
async fn a_job_waits_runs_and_ends_with_its_result() {
    let (_dir, records) = open().await;
    let job = records.add_job(asked("zhang", "history_export", 1)).await.unwrap();
    assert_eq!((job.state, job.done, job.total), (JobState::Waiting, 0, None));
    records.begin_job(job.id, at(2)).await.unwrap();
    records.note_job_progress(job.id, 40, Some(100)).await.unwrap();
    let running = records.job(job.id).await.unwrap().unwrap();
    assert_eq!((running.state, running.done, running.total), (JobState::Running, 40, Some(100)));
    let end = JobEnd::Done(r#"{"rows":100}"#.into());
    records.end_job(job.id, end, 100, Some(100), at(9)).await.unwrap();
    let done = records.job(job.id).await.unwrap().unwrap();
    assert_eq!(done.result.as_deref(), Some(r#"{"rows":100}"#));
    assert_eq!((done.state, done.started_at, done.ended_at), (JobState::Done, Some(at(2)), Some(at(9))));
}

#[tokio::test]
async fn jobs_are_filtered_and_old_ones_forgotten_but_never_those_at_work() {
    let (_dir, records) = open().await;
    let old = records.add_job(asked("zhang", "history_export", 1)).await.unwrap();
    records.end_job(old.id, JobEnd::Cancelled, 0, None, at(2)).await.unwrap();
    let open_job = records.add_job(asked("li", "back_test", 1)).await.unwrap();
    let of_li = JobFilter { created_by: Some("li".into()), ..JobFilter::default() };
    assert_eq!(records.jobs(&of_li, Window::default()).await.unwrap().total, 1);
    let over = JobFilter { states: vec![JobState::Cancelled], ..JobFilter::default() };
    assert_eq!(records.jobs(&over, Window::default()).await.unwrap().items[0].id, old.id);
    assert_eq!(records.forget_jobs(at(100)).await.unwrap(), [old.id]);
    let left = records.jobs(&JobFilter::default(), Window::default()).await.unwrap();
    assert_eq!((left.total, left.items[0].id), (1, open_job.id));
}

#[tokio::test]
async fn a_restart_marks_what_was_cut_off() {
    let (_dir, records) = open().await;
    let running = records.add_job(asked("li", "back_test", 1)).await.unwrap();
    records.begin_job(running.id, at(2)).await.unwrap();
    let failed = records.add_job(asked("li", "back_test", 1)).await.unwrap();
    records.end_job(failed.id, JobEnd::Failed("{}".into()), 0, None, at(3)).await.unwrap();
    assert_eq!(records.interrupt_jobs(at(5)).await.unwrap(), 1);
    let cut_off = records.job(running.id).await.unwrap().unwrap();
    assert_eq!((cut_off.state, cut_off.ended_at), (JobState::Interrupted, Some(at(5))));
    assert_eq!(records.job(failed.id).await.unwrap().unwrap().state, JobState::Failed);
}
