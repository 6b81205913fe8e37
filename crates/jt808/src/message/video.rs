//! Signalling of live and recorded video (JT/T 1078-2016 §5). The streams themselves go over other connections.

use smol_str::SmolStr;

use crate::DateTime;
use crate::wire::{List, Text8, wire_struct};

wire_struct! {
    /// 0x1003: what a terminal can record.
    VideoAttributes {
        audio_encoding: u8,
        audio_channels: u8,
        /// 0 8 kHz, 1 22.05 kHz, 2 44.1 kHz, 3 48 kHz.
        audio_sample_rate: u8,
        /// 0 8 bit, 1 16 bit, 2 32 bit.
        audio_sample_bits: u8,
        audio_frame_bytes: u16,
        has_audio_output: u8,
        video_encoding: u8,
        audio_channels_max: u8,
        video_channels_max: u8,
    }
    /// 0x1005: passengers who got on and off.
    PassengerFlow {
        begin: DateTime,
        end: DateTime,
        boarded: u16,
        alighted: u16,
    }
    /// 0x9101: send live video there.
    LiveVideoRequest {
        server: SmolStr as Text8,
        tcp_port: u16,
        udp_port: u16,
        channel: u8,
        /// 0 both, 1 video, 2 intercom, 3 listening, 4 broadcast, 5 transparent.
        data_kind: u8,
        /// 0 main, 1 sub.
        stream: u8,
    }
    /// 0x9102: change or end live video.
    LiveVideoControl {
        channel: u8,
        /// 0 close, 1 change stream, 2 pause, 3 resume, 4 end intercom.
        command: u8,
        /// 0 both, 1 sound, 2 video.
        closed_kind: u8,
        stream: u8,
    }
    /// 0x9105: how much of the live video is lost.
    LiveVideoStatus {
        channel: u8,
        loss_percent: u8,
    }
    /// 0x9201: play a recording there.
    PlaybackRequest {
        server: SmolStr as Text8,
        tcp_port: u16,
        udp_port: u16,
        channel: u8,
        media_kind: u8,
        stream: u8,
        storage: u8,
        /// 0 normal, 1 fast, 2 back by key frames, 3 key frames, 4 one frame.
        way: u8,
        /// 0 not, 1 one time, 2 two, 3 four, 4 eight, 5 sixteen times.
        speed: u8,
        begin: DateTime,
        end: DateTime,
    }
    /// 0x9202: change or end the playing.
    PlaybackControl {
        channel: u8,
        /// 0 begin, 1 pause, 2 end, 3 fast, 4 back by key frames, 5 drag, 6 key frames.
        command: u8,
        speed: u8,
        /// Where to drag to.
        position: DateTime,
    }
    /// 0x9205: which recordings are there.
    RecordingQuery {
        channel: u8,
        begin: DateTime,
        end: DateTime,
        /// Bits 0–31 of the alarm of 0x0200, then those of item 0x14.
        alarm: u64,
        media_kind: u8,
        stream: u8,
        storage: u8,
    }
    /// 0x1205: these recordings are there.
    RecordingList {
        /// The serial of the query.
        serial: u16,
        recordings: Vec<Recording> as List<u32>,
    }
    /// One recording of a [`RecordingList`].
    Recording {
        channel: u8,
        begin: DateTime,
        end: DateTime,
        alarm: u64,
        media_kind: u8,
        stream: u8,
        storage: u8,
        size_bytes: u32,
    }
    /// 0x9206: upload recordings by FTP.
    FileUploadRequest {
        server: SmolStr as Text8,
        port: u16,
        user: SmolStr as Text8,
        password: SmolStr as Text8,
        path: SmolStr as Text8,
        channel: u8,
        begin: DateTime,
        end: DateTime,
        alarm: u64,
        media_kind: u8,
        stream: u8,
        storage: u8,
        /// Bits: 0 over Wi-Fi, 1 over LAN, 2 over 3G and 4G.
        condition: u8,
    }
    /// 0x1206: the upload ended.
    FileUploadDone {
        /// The serial of the request.
        serial: u16,
        /// 0 done, 1 failed.
        result: u8,
    }
    /// 0x9207: change or end the upload.
    FileUploadControl {
        /// The serial of the request.
        serial: u16,
        /// 0 pause, 1 resume, 2 cancel.
        command: u8,
    }
}
