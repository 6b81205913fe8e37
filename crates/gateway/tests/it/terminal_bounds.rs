//! The bounds of the terminals' listener.

use crate::world::{Line, PATIENCE, World, closed, eventually, report};
use gateway::{Limits, SendError};
use jt808::message::{TextFlags, TextMessage};
use jt808::{AckResult, Edition, Message};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const PHONE: u64 = 13_800_138_000;

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once() {
    let world = World::with(Limits { terminal_connections_max: 2, ..Limits::default() }).await;
    world.admit_terminals([PHONE]);
    let mut first = Line::connect(&world, Edition::V2013).await;
    first.begin(PHONE).await;
    let second = TcpStream::connect(world.terminals_at).await.unwrap();
    let mut third = TcpStream::connect(world.terminals_at).await.unwrap();
    closed(&mut third).await;
    assert_eq!(first.ask(PHONE, Message::Heartbeat).await, AckResult::Ok);
    drop(second);
    let mut fourth = None;
    for _ in 0..200 {
        let mut line = Line::connect(&world, Edition::V2013).await;
        line.send(PHONE, &Message::Heartbeat).await;
        let mut byte = [0];
        if tokio::time::timeout(PATIENCE, line.stream.peek(&mut byte)).await.unwrap().is_ok_and(|n| n > 0) {
            fourth = Some(line);
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(fourth.is_some(), "the place of one that left is free again");
    world.end().await;
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let world = World::with(Limits { terminal_silence_s_max: 1, ..Limits::default() }).await;
    world.admit_terminals([PHONE]);
    let mut line = Line::connect(&world, Edition::V2013).await;
    line.begin(PHONE).await;
    // Bytes that never make a message are silence too.
    let mut dribbling = TcpStream::connect(world.terminals_at).await.unwrap();
    dribbling.write_all(&[0x7e, 1, 2]).await.unwrap();
    closed(&mut line.stream).await;
    closed(&mut dribbling).await;
    eventually("its session has ended", || world.context.terminals.count() == 0).await;
    world.end().await;
}

#[tokio::test]
async fn a_peer_that_takes_no_answers_is_closed_and_others_go_on() {
    let world =
        World::with(Limits { write_s_max: 1, terminal_messages_per_s_max: 1_000_000, ..Limits::default() })
            .await;
    world.admit_terminals([PHONE, PHONE + 1]);
    let mut slow = Line::connect(&world, Edition::V2013).await;
    slow.begin(PHONE).await;
    let mut other = Line::connect(&world, Edition::V2013).await;
    other.begin(PHONE + 1).await;
    let (_, frame) = slow.frame(PHONE, &Message::Heartbeat);
    let many = frame.repeat(10_000);
    // It writes for ever and never reads.
    let flood = tokio::spawn(async move { while slow.stream.write_all(&many).await.is_ok() {} });
    for second in 0..20 {
        assert_eq!(other.ask(PHONE + 1, Message::Position(report(second))).await, AckResult::Ok);
    }
    tokio::time::timeout(PATIENCE, flood).await.expect("it is closed").unwrap();
    eventually("one session is left", || world.context.terminals.count() == 1).await;
    world.end().await;
}

#[tokio::test]
async fn a_connection_with_more_bad_than_good_is_closed() {
    let world = World::with(Limits { terminal_faults_max: 5, ..Limits::default() }).await;
    world.admit_terminals([PHONE]);
    let mut line = Line::connect(&world, Edition::V2013).await;
    line.begin(PHONE).await;
    let (_, good) = line.frame(PHONE, &Message::Heartbeat);
    let bad = [0x7e, 1, 2, 3, 0x7e];
    // As many bad ones as good ones are borne.
    for _ in 0..20 {
        line.stream.write_all(&[&bad[..], &good].concat()).await.unwrap();
        assert!(matches!(line.receive().await, (_, Message::PlatformAck(_))));
    }
    line.stream.write_all(&bad.repeat(10)).await.unwrap();
    closed(&mut line.stream).await;
    world.end().await;
}

#[tokio::test]
async fn more_messages_than_the_rate_are_dropped_until_time_passes() {
    let world = World::with(Limits { terminal_messages_per_s_max: 1, ..Limits::default() }).await;
    world.admit_terminals([PHONE]);
    let mut line = Line::connect(&world, Edition::V2013).await;
    line.begin(PHONE).await;
    for second in 0..10 {
        assert_eq!(line.ask(PHONE, Message::Position(report(second))).await, AckResult::Ok);
    }
    line.send(PHONE, &Message::Position(report(10))).await;
    line.send(PHONE, &Message::Position(report(11))).await;
    // Registration has a bound of its own: its answer shows that the reports before it were passed over.
    line.register(PHONE).await;
    assert_eq!(world.stored().len(), 10);
    world.pass_ms(1_000);
    assert_eq!(line.ask(PHONE, Message::Position(report(10))).await, AckResult::Ok);
    assert_eq!(world.stored().len(), 11);
    world.end().await;
}

#[tokio::test]
async fn commands_wait_in_a_bounded_queue() {
    let world = World::with(Limits { terminal_commands_waiting_max: 4, ..Limits::default() }).await;
    world.admit_terminals([PHONE]);
    let mut line = Line::connect(&world, Edition::V2019).await;
    line.begin(PHONE).await;
    let text = Message::Text(TextMessage { flags: TextFlags::SPEECH, kind: 1, text: "前方拥堵".into() });
    let id = "13800138000".into();
    // On this one thread the connection's task cannot run between the calls.
    let results: Vec<_> = (0..6).map(|_| world.context.terminals.send(&id, text.clone())).collect();
    assert_eq!(results.iter().filter(|result| **result == Err(SendError::Busy)).count(), 2);
    for _ in 0..4 {
        assert_eq!(line.receive().await.1, text);
    }
    world.end().await;
}

#[tokio::test]
async fn terminals_of_one_connection_are_bounded() {
    let world = World::with(Limits { terminals_per_connection_max: 2, ..Limits::default() }).await;
    world.admit_terminals((0..3).map(|n| PHONE + n));
    let mut line = Line::connect(&world, Edition::V2013).await;
    let code = |n: u64| gateway::terminal::auth_code(&[7; 32], &(PHONE + n).to_string().as_str().into());
    assert_eq!(line.authenticate(PHONE, &code(0)).await, AckResult::Ok);
    assert_eq!(line.authenticate(PHONE + 1, &code(1)).await, AckResult::Ok);
    assert_eq!(line.authenticate(PHONE + 2, &code(2)).await, AckResult::Failed);
    assert_eq!(line.ask(PHONE + 1, Message::Heartbeat).await, AckResult::Ok);
    world.end().await;
}
