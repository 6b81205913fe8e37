//! What platforms say to each other (JT/T 809-2011 4.5, JT/T 809-2019 5).

use crate::Edition;
use crate::position::{Basic, Full, Position};
use crate::wire::{DecodeError, Reader, put_text};

/// Bytes of a plate number.
const PLATE_BYTES: usize = 21;
const PASSWORD_BYTES: usize = 8;
const ADDRESS_BYTES: usize = 32;
/// Positions in one 0x1203: the standard allows five, platforms send more.
const HISTORY_MAX: usize = 255;

/// A message of either link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// 0x1001, to the superior: opens the main link.
    Login(Login),
    /// 0x1002
    LoginReply {
        /// What became of it.
        result: LoginResult,
        /// The superior shows it when it opens the sub link.
        verify_code: u32,
    },
    /// 0x1003, to the superior.
    Logout {
        /// As at the login.
        user_id: u32,
        /// As at the login.
        password: String,
    },
    /// 0x1004
    LogoutReply,
    /// 0x1005, to the superior: the main link is held.
    LinkTest,
    /// 0x1006
    LinkTestReply,
    /// 0x1007, to the superior over the sub link: the main link was lost. 0 it broke, 1 other.
    MainLinkLost(u8),
    /// 0x1008, to the superior: the subordinate is about to close. 0 restart, 1 other.
    MainLinkCloses(u8),
    /// 0x9001, to the subordinate: opens the sub link.
    SubConnect {
        /// Of [`Message::LoginReply`].
        verify_code: u32,
    },
    /// 0x9002: 0 done, 1 wrong code, 2 no resources, 3 other.
    SubConnectReply(u8),
    /// 0x9003
    SubDisconnect {
        /// Of [`Message::LoginReply`].
        verify_code: u32,
    },
    /// 0x9004
    SubDisconnectReply,
    /// 0x9005, to the subordinate: the sub link is held.
    SubLinkTest,
    /// 0x9006
    SubLinkTestReply,
    /// 0x9007, to the subordinate over the main link: the sub link was lost. 0 no connection, 1 other.
    SubLinkLost(u8),
    /// 0x9008, to the subordinate over the main link: the superior is about to close. 0 restart, 1 other.
    SubLinkCloses(u8),
    /// 0x9101, to the subordinate: how many messages of vehicles came.
    Received {
        /// How many.
        count: u32,
        /// Since, in Unix seconds.
        from_unix_s: u64,
        /// Until, in Unix seconds.
        until_unix_s: u64,
    },
    /// 0x1200, to the superior: of one vehicle.
    Vehicle(VehicleMessage),
    /// 0x1400 with 0x1402, to the superior: an alarm.
    Warning(Warning),
    /// Any other, or a 0x1400 with another content.
    Other {
        /// MSG_ID.
        id: u16,
        /// As it came.
        body: Vec<u8>,
    },
}

/// 主链路登录请求.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// User name, a number.
    pub user_id: u32,
    /// At most 8 characters.
    pub password: String,
    /// 2019: the access code once more; 0 in 2011.
    pub center_id: u32,
    /// Where the subordinate listens for the sub link.
    pub down_link_ip: String,
    /// Its port.
    pub down_link_port: u16,
}

/// What became of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LoginResult {
    /// 成功
    Done = 0,
    /// IP 地址不正确
    WrongAddress = 1,
    /// 接入码不正确
    WrongCenter = 2,
    /// 用户没有注册
    UnknownUser = 3,
    /// 密码错误
    WrongPassword = 4,
    /// 资源紧张，稍后再连接
    Busy = 5,
    /// 其他
    Other = 6,
}

impl LoginResult {
    /// By its code; what has none is [`LoginResult::Other`].
    pub fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Done,
            1 => Self::WrongAddress,
            2 => Self::WrongCenter,
            3 => Self::UnknownUser,
            4 => Self::WrongPassword,
            5 => Self::Busy,
            _ => Self::Other,
        }
    }
}

/// A message of one vehicle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VehicleMessage {
    /// Its number.
    pub plate: String,
    /// Ground colour of JT/T 697.7: 1 blue, 2 yellow, 3 black, 4 white, 5 green, 9 other; 93 yellow-green, 94 gradient green.
    pub plate_color: u8,
    /// What is said.
    pub data: VehicleData,
}

/// What is said of a vehicle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VehicleData {
    /// 0x1201: it is supervised there.
    Registration(Registration),
    /// 0x1202: where it is.
    Position(Position),
    /// 0x1203: where it was while the link was cut.
    History(Vec<Position>),
    /// Any other.
    Other {
        /// DATA_TYPE.
        kind: u16,
        /// As it came.
        data: Vec<u8>,
    },
}

/// 车辆注册信息.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// Code of the platform.
    pub platform: String,
    /// Code of the terminal's maker.
    pub maker: String,
    /// Model of the terminal.
    pub model: String,
    /// 2019: IMEI of the terminal; "" in 2011.
    pub imei: String,
    /// Number of the terminal.
    pub terminal: String,
    /// SIM number of the terminal.
    pub sim: String,
}

/// Who found an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WarningSource {
    /// 2011, WARN_SRC: 1 terminal, 2 enterprise's platform, 3 government's platform, 9 other.
    Kind(u8),
    /// 2019: code of the platform.
    Platform(String),
}

/// 上报报警信息 (0x1402).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Of the vehicle.
    pub plate: String,
    /// As in [`VehicleMessage`].
    pub plate_color: u8,
    /// Who found it.
    pub source: WarningSource,
    /// WARN_TYPE: 1 speeding, 2 fatigue, 3 emergency, 4 and 5 into and out of an area, 8 border, 9 theft, 10 robbery, 11 off its
    /// route, 12 moved, 13 driving too long, 14 other, 16 forbidden driving, 17 forward collision, 18 lane departure, 19
    /// tyre pressure, 20 odd data; from 0xa001 on those that platforms find.
    pub kind: u16,
    /// When, in Unix seconds.
    pub at_unix_s: u64,
    /// 2019: from when to when, in Unix seconds; 0 in 2011.
    pub span_unix_s: (u64, u64),
    /// 2011: number of the alarm; 0 in 2019.
    pub number: u32,
    /// 2019: code of the platform it is for; "" in 2011.
    pub destination: String,
    /// 2019: number of the route; 0 in 2011.
    pub route: u32,
    /// What is said of it.
    pub text: String,
}

/// Codes of platforms and makers within a registration.
const CODE_BYTES: usize = 11;

impl Message {
    /// MSG_ID.
    pub fn id(&self) -> u16 {
        match self {
            Self::Login(_) => 0x1001,
            Self::LoginReply { .. } => 0x1002,
            Self::Logout { .. } => 0x1003,
            Self::LogoutReply => 0x1004,
            Self::LinkTest => 0x1005,
            Self::LinkTestReply => 0x1006,
            Self::MainLinkLost(_) => 0x1007,
            Self::MainLinkCloses(_) => 0x1008,
            Self::SubConnect { .. } => 0x9001,
            Self::SubConnectReply(_) => 0x9002,
            Self::SubDisconnect { .. } => 0x9003,
            Self::SubDisconnectReply => 0x9004,
            Self::SubLinkTest => 0x9005,
            Self::SubLinkTestReply => 0x9006,
            Self::SubLinkLost(_) => 0x9007,
            Self::SubLinkCloses(_) => 0x9008,
            Self::Received { .. } => 0x9101,
            Self::Vehicle(_) => 0x1200,
            Self::Warning(_) => 0x1400,
            Self::Other { id, .. } => *id,
        }
    }

    /// Reads the body of a message. Bytes after what is known are left: later amendments add fields.
    pub fn decode(id: u16, body: &[u8], edition: Edition) -> Result<Self, DecodeError> {
        let mut reader = Reader(body);
        let r = &mut reader;
        Ok(match id {
            0x1001 => Self::Login(Login {
                user_id: r.u32("user")?,
                password: r.text(PASSWORD_BYTES, "password")?,
                center_id: if edition == Edition::V2019 { r.u32("center")? } else { 0 },
                down_link_ip: r.text(ADDRESS_BYTES, "address of the sub link")?,
                down_link_port: r.u16("port of the sub link")?,
            }),
            0x1002 => {
                let result = LoginResult::from_code(r.u8("result")?);
                Self::LoginReply { result, verify_code: r.u32("verify code")? }
            }
            0x1003 => Self::Logout { user_id: r.u32("user")?, password: r.text(PASSWORD_BYTES, "password")? },
            0x1004 => Self::LogoutReply,
            0x1005 => Self::LinkTest,
            0x1006 => Self::LinkTestReply,
            0x1007 => Self::MainLinkLost(r.u8("code")?),
            0x1008 => Self::MainLinkCloses(r.u8("reason")?),
            0x9001 => Self::SubConnect { verify_code: r.u32("verify code")? },
            0x9002 => Self::SubConnectReply(r.u8("result")?),
            0x9003 => Self::SubDisconnect { verify_code: r.u32("verify code")? },
            0x9004 => Self::SubDisconnectReply,
            0x9005 => Self::SubLinkTest,
            0x9006 => Self::SubLinkTestReply,
            0x9007 => Self::SubLinkLost(r.u8("code")?),
            0x9008 => Self::SubLinkCloses(r.u8("reason")?),
            0x9101 => Self::Received {
                count: r.u32("count")?,
                from_unix_s: r.u64("start")?,
                until_unix_s: r.u64("end")?,
            },
            0x1200 => Self::Vehicle(VehicleMessage::decode(r, edition)?),
            0x1400 => match Warning::decode(r, edition)? {
                Some(warning) => Self::Warning(warning),
                None => Self::Other { id, body: body.to_vec() },
            },
            _ => Self::Other { id, body: body.to_vec() },
        })
    }

    /// Whether what was read can be what a platform says, as far as codes tell. A body that was decrypted with the wrong
    /// parameters is noise, and noise has such codes once in some hundred times.
    pub fn is_plausible(&self) -> bool {
        match self {
            // DATA_TYPE has the message's own first byte.
            Self::Vehicle(message) => match message.data {
                VehicleData::Other { kind, .. } => kind >> 8 == 0x12,
                _ => true,
            },
            Self::Other { id: 0x1400, body } => {
                // In 2011 behind the vehicle, in 2019 first.
                let kinds = [body.first(), body.get(PLATE_BYTES + 1)];
                kinds.into_iter().flatten().any(|byte| *byte == 0x14)
            }
            _ => true,
        }
    }

    /// Writes the body.
    pub fn encode(&self, edition: Edition, out: &mut Vec<u8>) {
        match self {
            Self::Login(login) => {
                out.extend_from_slice(&login.user_id.to_be_bytes());
                put_text(out, &login.password, PASSWORD_BYTES);
                if edition == Edition::V2019 {
                    out.extend_from_slice(&login.center_id.to_be_bytes());
                }
                put_text(out, &login.down_link_ip, ADDRESS_BYTES);
                out.extend_from_slice(&login.down_link_port.to_be_bytes());
            }
            Self::LoginReply { result, verify_code } => {
                out.push(*result as u8);
                out.extend_from_slice(&verify_code.to_be_bytes());
            }
            Self::Logout { user_id, password } => {
                out.extend_from_slice(&user_id.to_be_bytes());
                put_text(out, password, PASSWORD_BYTES);
            }
            Self::LogoutReply
            | Self::LinkTest
            | Self::LinkTestReply
            | Self::SubDisconnectReply
            | Self::SubLinkTest
            | Self::SubLinkTestReply => {}
            Self::MainLinkLost(code)
            | Self::MainLinkCloses(code)
            | Self::SubConnectReply(code)
            | Self::SubLinkLost(code)
            | Self::SubLinkCloses(code) => out.push(*code),
            Self::SubConnect { verify_code } | Self::SubDisconnect { verify_code } => {
                out.extend_from_slice(&verify_code.to_be_bytes());
            }
            Self::Received { count, from_unix_s, until_unix_s } => {
                out.extend_from_slice(&count.to_be_bytes());
                out.extend_from_slice(&from_unix_s.to_be_bytes());
                out.extend_from_slice(&until_unix_s.to_be_bytes());
            }
            Self::Vehicle(message) => message.encode(edition, out),
            Self::Warning(warning) => warning.encode(edition, out),
            Self::Other { body, .. } => out.extend_from_slice(body),
        }
    }
}

/// Writes a length of four bytes and what `write` writes after it.
fn put_sized(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    write(&mut inner);
    out.extend_from_slice(&(inner.len() as u32).to_be_bytes());
    out.extend_from_slice(&inner);
}

impl VehicleMessage {
    fn decode(r: &mut Reader<'_>, edition: Edition) -> Result<Self, DecodeError> {
        let (plate, plate_color) = (r.text(PLATE_BYTES, "plate")?, r.u8("plate colour")?);
        let kind = r.u16("kind of data")?;
        let data = r.sized("data")?;
        let mut inner = Reader(data);
        let position = |inner: &mut Reader<'_>| match edition {
            Edition::V2011 => Basic::decode(inner).map(Position::Basic),
            Edition::V2019 => Full::decode(inner).map(Position::Full),
        };
        let data = match kind {
            0x1201 => VehicleData::Registration(Registration::decode(&mut inner, edition)?),
            0x1202 => VehicleData::Position(position(&mut inner)?),
            0x1203 => {
                let count = usize::from(inner.u8("count")?).min(HISTORY_MAX);
                let positions: Result<_, _> = (0..count).map(|_| position(&mut inner)).collect();
                VehicleData::History(positions?)
            }
            kind => VehicleData::Other { kind, data: data.to_vec() },
        };
        Ok(Self { plate, plate_color, data })
    }

    fn encode(&self, edition: Edition, out: &mut Vec<u8>) {
        put_text(out, &self.plate, PLATE_BYTES);
        out.push(self.plate_color);
        let kind: u16 = match &self.data {
            VehicleData::Registration(_) => 0x1201,
            VehicleData::Position(_) => 0x1202,
            VehicleData::History(_) => 0x1203,
            VehicleData::Other { kind, .. } => *kind,
        };
        out.extend_from_slice(&kind.to_be_bytes());
        let put = |position: &Position, out: &mut Vec<u8>| match position {
            Position::Basic(basic) => basic.encode(out),
            Position::Full(full) => full.encode(out),
        };
        put_sized(out, |out| match &self.data {
            VehicleData::Registration(registration) => registration.encode(edition, out),
            VehicleData::Position(position) => put(position, out),
            VehicleData::History(positions) => {
                let positions = positions.get(..HISTORY_MAX).unwrap_or(positions);
                out.push(positions.len() as u8);
                for position in positions {
                    put(position, out);
                }
            }
            VehicleData::Other { data, .. } => out.extend_from_slice(data),
        });
    }
}

impl Registration {
    /// Lengths of model, IMEI, terminal and SIM number.
    fn lengths(edition: Edition) -> (usize, usize, usize, usize) {
        match edition {
            Edition::V2011 => (20, 0, 7, 12),
            Edition::V2019 => (30, 15, 30, 13),
        }
    }

    fn decode(r: &mut Reader<'_>, edition: Edition) -> Result<Self, DecodeError> {
        let (model, imei, terminal, sim) = Self::lengths(edition);
        Ok(Self {
            platform: r.text(CODE_BYTES, "platform")?,
            maker: r.text(CODE_BYTES, "maker")?,
            model: r.text(model, "model")?,
            imei: r.text(imei, "IMEI")?,
            terminal: r.text(terminal, "terminal")?,
            sim: r.text(sim, "SIM number")?,
        })
    }

    fn encode(&self, edition: Edition, out: &mut Vec<u8>) {
        let (model, imei, terminal, sim) = Self::lengths(edition);
        put_text(out, &self.platform, CODE_BYTES);
        put_text(out, &self.maker, CODE_BYTES);
        put_text(out, &self.model, model);
        put_text(out, &self.imei, imei);
        put_text(out, &self.terminal, terminal);
        put_text(out, &self.sim, sim);
    }
}

/// 上报报警信息.
const WARNING: u16 = 0x1402;

impl Warning {
    /// `None` for another content of 0x1400. In 2011 the vehicle comes before it, in 2019 within it.
    fn decode(r: &mut Reader<'_>, edition: Edition) -> Result<Option<Self>, DecodeError> {
        let before = match edition {
            Edition::V2011 => Some((r.text(PLATE_BYTES, "plate")?, r.u8("plate colour")?)),
            Edition::V2019 => None,
        };
        if r.u16("kind of data")? != WARNING {
            return Ok(None);
        }
        // The length is not asked: packets are known whose length is that of the text alone.
        r.u32("length")?;
        let source = match edition {
            Edition::V2011 => WarningSource::Kind(r.u8("source")?),
            Edition::V2019 => WarningSource::Platform(r.text(CODE_BYTES, "source")?),
        };
        let (kind, at_unix_s) = (r.u16("kind")?, r.u64("time")?);
        let (mut span_unix_s, mut number, mut destination, mut route) = ((0, 0), 0, String::new(), 0);
        let (plate, plate_color) = if let Some(vehicle) = before {
            number = r.u32("number")?;
            vehicle
        } else {
            span_unix_s = (r.u64("start")?, r.u64("end")?);
            let vehicle = (r.text(PLATE_BYTES, "plate")?, r.u8("plate colour")?);
            destination = r.text(CODE_BYTES, "destination")?;
            route = r.u32("route")?;
            vehicle
        };
        let text = r.sized("text")?;
        let text = Reader(text).text(text.len(), "text")?;
        Ok(Some(Self {
            plate,
            plate_color,
            source,
            kind,
            at_unix_s,
            span_unix_s,
            number,
            destination,
            route,
            text,
        }))
    }

    fn encode(&self, edition: Edition, out: &mut Vec<u8>) {
        let vehicle = |out: &mut Vec<u8>| {
            put_text(out, &self.plate, PLATE_BYTES);
            out.push(self.plate_color);
        };
        if edition == Edition::V2011 {
            vehicle(out);
        }
        out.extend_from_slice(&WARNING.to_be_bytes());
        put_sized(out, |out| {
            match (&self.source, edition) {
                (WarningSource::Kind(kind), Edition::V2011) => out.push(*kind),
                (WarningSource::Platform(code), Edition::V2019) => put_text(out, code, CODE_BYTES),
                (_, Edition::V2011) => out.push(9),
                (_, Edition::V2019) => put_text(out, "", CODE_BYTES),
            }
            out.extend_from_slice(&self.kind.to_be_bytes());
            out.extend_from_slice(&self.at_unix_s.to_be_bytes());
            if edition == Edition::V2011 {
                out.extend_from_slice(&self.number.to_be_bytes());
            } else {
                out.extend_from_slice(&self.span_unix_s.0.to_be_bytes());
                out.extend_from_slice(&self.span_unix_s.1.to_be_bytes());
                vehicle(out);
                put_text(out, &self.destination, CODE_BYTES);
                out.extend_from_slice(&self.route.to_be_bytes());
            }
            let text = encoding_rs::GBK.encode(&self.text).0;
            put_sized(out, |out| out.extend_from_slice(&text));
        });
    }
}
