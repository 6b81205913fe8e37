//! The gateway's bounds, each with a name. Full means back-pressure or a counted, visible drop.

use serde::{Deserialize, Serialize};

/// Bounds of the gateway. Sizes in bytes, times in seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "every bound says that it is one")]
pub struct Limits {
    /// Terminal connections at a time; one more is closed at once and counted.
    pub terminal_connections_max: usize,
    /// Terminals that may speak over one connection (an upstream platform relays many).
    pub terminals_per_connection_max: usize,
    /// Longest frame of a terminal, escaped. JT/T 808: header 21 + body 1023 + checksum, doubled by escaping, two marks.
    pub terminal_frame_bytes_max: usize,
    /// Messages a second that one terminal may send on average (over ten seconds); more are dropped and counted.
    pub terminal_messages_per_s_max: u32,
    /// Silence after which a terminal connection is closed.
    pub terminal_silence_s_max: u64,
    /// Time that a peer may take to accept our answer.
    pub write_s_max: u64,
    /// Messages that did not decode, more than those that did, before a terminal connection is closed: one bad message in
    /// a thousand never costs the connection of a platform that relays many terminals.
    pub terminal_faults_max: u32,
    /// Bytes of unfinished sub-packaged messages that one terminal connection may hold.
    pub terminal_parts_bytes_max: usize,
    /// Time after which the missing sub-packages of a message are asked for; asked three times, it is given up.
    pub terminal_parts_wait_s_max: u64,
    /// Commands waiting to be written to one terminal connection; one more is refused.
    pub terminal_commands_waiting_max: usize,
    /// Camera connections at a time.
    pub camera_connections_max: usize,
    /// Longest body of a camera's request.
    pub camera_body_bytes_max: usize,
    /// Bytes of bodies held at a time, over all cameras; more wait, and after `camera_request_s_max` get "busy".
    pub camera_bodies_bytes_max: usize,
    /// Time in which a request's head must arrive, and then its body.
    pub camera_request_s_max: u64,
    /// Objects in one request.
    pub camera_objects_max: usize,
    /// Pictures kept of one object.
    pub camera_pictures_per_object_max: usize,
    /// Largest picture, decoded.
    pub camera_picture_bytes_max: usize,
    /// Requests in work at a time, over all cameras; more wait, and after `camera_request_s_max` get "busy".
    pub camera_requests_in_work_max: usize,
    /// Requests a second that one camera may send on average (over ten seconds); more get "busy".
    pub camera_requests_per_s_max: u32,
    /// Silence after which a camera's registration lapses (GA/T 1400.4: keepalive 10–90 s, three missed).
    pub camera_registration_s_max: u64,
    /// Main links of platforms at a time (JT/T 809).
    pub fleet_connections_max: usize,
    /// Longest frame of a platform, unescaped: a batch of positions of 2019 with their items.
    pub fleet_frame_bytes_max: usize,
    /// Messages a second that one platform may send on average (over ten seconds); more are dropped and counted.
    pub fleet_messages_per_s_max: u32,
    /// Silence after which a main or sub link is closed (JT/T 809: a heartbeat a minute, three missed).
    pub fleet_silence_s_max: u64,
    /// Messages that could not be read, more than those that could, before a main link is closed.
    pub fleet_faults_max: u32,
    /// Bytes of an unreadable message that are kept.
    pub quarantine_bytes_max: usize,
    /// Events waiting to be written by the binary; more are dropped and counted.
    pub events_waiting_max: usize,
    /// Observation identities remembered, to drop repeats before the journal.
    pub recent_ids_max: usize,
    /// How far a device's clock may be ahead before its time is taken as invalid and the arrival time is used.
    pub clock_ahead_s_max: u64,
    /// How far back a device's time may lie before it is taken as invalid: longer than any device keeps what it could not
    /// send, so this is a clock that lost its battery and began at 1970 or 2000 again.
    pub clock_behind_s_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            terminal_connections_max: 20_000,
            terminals_per_connection_max: 5_000,
            terminal_frame_bytes_max: 2 * (21 + 1023 + 1) + 2,
            terminal_messages_per_s_max: 200,
            terminal_silence_s_max: 600,
            write_s_max: 10,
            terminal_faults_max: 100,
            terminal_parts_bytes_max: 256 << 10,
            terminal_parts_wait_s_max: 10,
            terminal_commands_waiting_max: 64,
            camera_connections_max: 4_096,
            camera_body_bytes_max: 32 << 20,
            camera_bodies_bytes_max: 256 << 20,
            camera_request_s_max: 30,
            camera_objects_max: 1_000,
            camera_pictures_per_object_max: 5,
            camera_picture_bytes_max: 4 << 20,
            camera_requests_in_work_max: 64,
            camera_requests_per_s_max: 2_000,
            camera_registration_s_max: 300,
            fleet_connections_max: 256,
            fleet_frame_bytes_max: 256 << 10,
            fleet_messages_per_s_max: 20_000,
            fleet_silence_s_max: 180,
            fleet_faults_max: 100,
            quarantine_bytes_max: 4 << 10,
            events_waiting_max: 10_000,
            recent_ids_max: 1_000_000,
            clock_ahead_s_max: 24 * 3600,
            clock_behind_s_max: 90 * 24 * 3600,
        }
    }
}
