//! Active safety alarms (Su-biao, 苏标: T/JSATL 12-2017): 0x64–0x67 beside a position, and their evidence files.

use smol_str::SmolStr;

use crate::wire::{BytesRest, Codec, Fixed, List, Reader, Text8, Wire, Writer, bits, code, wire_struct};
use crate::{DateTime, DecodeError};

bits! {
    /// The state of the vehicle at an alarm.
    VehicleStateBits: u16 {
        0 = ACC_ON,
        1 = LEFT_TURN,
        2 = RIGHT_TURN,
        3 = WIPERS,
        4 = BRAKE,
        /// The driver's card is inserted.
        5 = CARD_INSERTED,
        10 = POSITIONED,
    }
}

bits! {
    /// What is wrong with a tyre.
    TyreAlarmBits: u16 {
        0 = ROUTINE_REPORT,
        1 = PRESSURE_HIGH,
        2 = PRESSURE_LOW,
        3 = TEMPERATURE_HIGH,
        4 = SENSOR_FAULT,
        5 = PRESSURE_UNBALANCED,
        6 = SLOW_LEAK,
        7 = BATTERY_LOW,
    }
}

code! {
    /// Whether an alarm is one instant or has a beginning and an end.
    AlarmPhase { 0 = Instant, 1 = Start, 2 = End }
}

code! {
    /// What the forward camera reports. From 0x10 on these are events, not alarms.
    AdasKind {
        0x01 = ForwardCollision,
        0x02 = LaneDeparture,
        0x03 = FollowingTooClose,
        0x04 = PedestrianCollision,
        0x05 = FrequentLaneChange,
        0x06 = SignLimitExceeded,
        0x07 = Obstacle,
        0x10 = SignRecognised,
        0x11 = Snapshot,
    }
}

code! {
    /// What the camera on the driver reports. From 0x10 on these are events, not alarms.
    DsmKind {
        0x01 = Fatigue,
        0x02 = Phone,
        0x03 = Smoking,
        0x04 = Distraction,
        /// The driver is not seen, or the camera is covered.
        0x05 = DriverAbnormal,
        0x10 = Snapshot,
        0x11 = DriverChange,
    }
}

code! {
    /// Where something comes too near.
    BlindSpotKind { 0x01 = Rear, 0x02 = LeftRear, 0x03 = RightRear }
}

code! {
    /// Rough driving (Guangdong edition).
    HardDrivingKind {
        0x01 = Acceleration,
        0x02 = Braking,
        0x03 = Turn,
        0x04 = Idling,
        0x05 = EngineOffCoasting,
        0x06 = EngineOverspeed,
    }
}

wire_struct! {
    /// What identifies an alarm and its evidence (报警标识号): 16 bytes.
    AlarmIdentifier {
        terminal_id: SmolStr as Fixed<7>,
        time: DateTime,
        /// Counts alarms of one second.
        sequence: u8,
        /// How many evidence files there are.
        attachment_count: u8,
        reserved: u8,
    }
    /// What ends every active safety item: where, when and which.
    AlarmCircumstances {
        speed_kmh: u8,
        altitude_m: u16,
        /// As sent, in 1e-6 degrees without a sign.
        latitude_raw: u32,
        /// As sent, in 1e-6 degrees without a sign.
        longitude_raw: u32,
        time: DateTime,
        vehicle_state: VehicleStateBits,
        identifier: AlarmIdentifier,
    }
    /// Item 0x64: the forward camera (ADAS).
    AdasAlarm {
        alarm_id: u32,
        phase: AlarmPhase,
        kind: AdasKind,
        /// 1 or 2, 2 is worse.
        level: u8,
        front_speed_kmh: u8,
        /// To the vehicle or pedestrian in front, in 0.1 s.
        front_gap_s_x10: u8,
        /// 1 to the left, 2 to the right.
        deviation: u8,
        /// 1 speed limit, 2 height limit, 3 weight limit.
        sign_kind: u8,
        sign_value: u8,
        circumstances: AlarmCircumstances,
    }
    /// Item 0x65: the camera on the driver (DSM).
    DsmAlarm {
        alarm_id: u32,
        phase: AlarmPhase,
        kind: DsmKind,
        /// 1 or 2, 2 is worse.
        level: u8,
        /// 1–10, higher is worse; for fatigue only.
        fatigue_degree: u8,
        reserved: [u8; 4],
        circumstances: AlarmCircumstances,
    }
    /// Item 0x66: tyre pressures.
    TyreAlarm {
        alarm_id: u32,
        phase: AlarmPhase,
        circumstances: AlarmCircumstances,
        tyres: Vec<TyreState> as List<u8>,
    }
    /// One tyre of a [`TyreAlarm`].
    TyreState {
        /// Counted from the left front, from 0.
        position: u8,
        alarm: TyreAlarmBits,
        pressure_kpa: u16,
        temperature_c: u16,
        battery_percent: u16,
    }
    /// Item 0x67: blind spots.
    BlindSpotAlarm {
        alarm_id: u32,
        phase: AlarmPhase,
        kind: BlindSpotKind,
        circumstances: AlarmCircumstances,
    }
    /// Item 0x70 of the Guangdong edition: rough driving.
    HardDrivingAlarm {
        alarm_id: u32,
        phase: AlarmPhase,
        kind: HardDrivingKind,
        threshold_time: u16,
        threshold_1: u16,
        threshold_2: u16,
        circumstances: AlarmCircumstances,
    }

    /// 0x9208: the platform asks for the evidence of an alarm.
    AttachmentRequest {
        server: SmolStr as Text8,
        tcp_port: u16,
        udp_port: u16,
        identifier: AlarmIdentifier,
        /// The platform's own id for the alarm.
        alarm_number: SmolStr as Fixed<32>,
        reserved: Vec<u8> as BytesRest,
    }
    /// One evidence file in an [`AttachmentList`].
    AttachmentFile {
        name: SmolStr as Text8,
        size_bytes: u32,
    }
    /// 0x1211: the terminal is about to send a file. 0x1212: it has sent it.
    AttachmentFileInfo {
        name: SmolStr as Text8,
        /// 0 picture, 1 sound, 2 video, 3 text, 4 other.
        kind: u8,
        size_bytes: u32,
    }
    /// 0x9212: the platform has the file, or names what is missing.
    AttachmentFileReply {
        name: SmolStr as Text8,
        kind: u8,
        /// 0 complete, 1 something is missing.
        result: u8,
        missing: Vec<AttachmentGap> as List<u8>,
    }
    /// A stretch of a file that has not arrived.
    AttachmentGap {
        offset_bytes: u32,
        len_bytes: u32,
    }
}

/// The layouts provinces gave 0x1210.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttachmentLayout {
    /// T/JSATL 12-2017: terminal id of 7 bytes, in front and in the identifier.
    SuBiao,
    /// Terminal id of 30 bytes, in front and in the identifier, which has two reserved bytes.
    Guangdong,
    /// Terminal id of 30 bytes in the identifier only, which has no reserved bytes.
    Heilongjiang,
}

impl AttachmentLayout {
    const ALL: [Self; 3] = [Self::SuBiao, Self::Guangdong, Self::Heilongjiang];

    fn terminal_id_bytes(self) -> usize {
        match self {
            Self::SuBiao => 7,
            Self::Guangdong | Self::Heilongjiang => 30,
        }
    }

    fn reserved_bytes(self) -> usize {
        match self {
            Self::SuBiao => 1,
            Self::Guangdong => 2,
            Self::Heilongjiang => 0,
        }
    }

    fn has_terminal_id_in_front(self) -> bool {
        self != Self::Heilongjiang
    }
}

/// 0x1210: the files of one alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentList {
    /// The layout the body has; the edition does not tell.
    pub layout: AttachmentLayout,
    /// Empty where the layout has none in front.
    pub terminal_id: SmolStr,
    pub identifier_terminal_id: SmolStr,
    pub time: DateTime,
    pub sequence: u8,
    pub attachment_count: u8,
    pub reserved: Vec<u8>,
    /// The platform's id for the alarm, from 0x9208.
    pub alarm_number: SmolStr,
    /// 0 first sent, 1 sent again.
    pub kind: u8,
    pub files: Vec<AttachmentFile>,
}

impl AttachmentList {
    fn read_as(layout: AttachmentLayout, r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id_bytes = layout.terminal_id_bytes();
        let terminal_id = if layout.has_terminal_id_in_front() {
            crate::wire::trimmed_text(r.take(id_bytes)?)
        } else {
            SmolStr::default()
        };
        Ok(Self {
            layout,
            terminal_id,
            identifier_terminal_id: crate::wire::trimmed_text(r.take(id_bytes)?),
            time: r.get("time")?,
            sequence: r.get("sequence")?,
            attachment_count: r.get("attachment count")?,
            reserved: r.take(layout.reserved_bytes())?.to_vec(),
            alarm_number: r.get_as::<_, Fixed<32>>("alarm number")?,
            kind: r.get("kind")?,
            files: r.get_as::<_, List<u8>>("files")?,
        })
    }
}

impl Wire for AttachmentList {
    /// The layout is the one whose file list ends where the body ends.
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let body = r.rest();
        AttachmentLayout::ALL
            .into_iter()
            .find_map(|layout| {
                let mut attempt = Reader::new(body, r.edition);
                Self::read_as(layout, &mut attempt).ok().filter(|_| attempt.is_empty())
            })
            .ok_or(DecodeError::Layout { field: "attachment list" })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.field = "terminal id";
        let id_bytes = self.layout.terminal_id_bytes();
        if self.layout.has_terminal_id_in_front() {
            w.fixed_text(&self.terminal_id, id_bytes, 0);
        }
        w.fixed_text(&self.identifier_terminal_id, id_bytes, 0);
        w.put("time", &self.time);
        w.u8(self.sequence);
        w.u8(self.attachment_count);
        let mut reserved = self.reserved.clone();
        reserved.resize(self.layout.reserved_bytes(), 0);
        w.bytes(&reserved);
        w.put_as::<_, Fixed<32>>("alarm number", &self.alarm_number);
        w.u8(self.kind);
        <List<u8> as Codec<_>>::write(&self.files, w);
    }
}
