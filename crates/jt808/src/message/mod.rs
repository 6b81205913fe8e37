//! The messages: which id has which body, and the way between [`Message`] and bytes.

mod media;
mod parameters;
mod terminal;
mod text;
mod video;

pub use media::{
    CameraCommand, CameraReply, MultimediaData, MultimediaEvent, MultimediaReply, MultimediaResendList,
};
pub use parameters::{
    Parameter, ParameterId, ParameterKind, ParameterQuery, ParameterReply, ParameterSettings, parameter_id,
};
pub use terminal::{
    AckResult, Authentication, DriverCard, DriverCardEvent, DriverCardReadResult, DriverIdentity, GeneralAck,
    PositionReply, RegisterReply, RegisterResult, Registration, ResendRequest, TerminalAttributes, Tracking,
};
pub use text::{Answer, AnswerOption, Question, TextFlags, TextMessage};
pub use video::{
    FileUploadControl, FileUploadDone, FileUploadRequest, LiveVideoControl, LiveVideoRequest,
    LiveVideoStatus, PassengerFlow, PlaybackControl, PlaybackRequest, Recording, RecordingList,
    RecordingQuery, VideoAttributes,
};

use crate::active_safety::{AttachmentFileInfo, AttachmentFileReply, AttachmentList, AttachmentRequest};
use crate::wire::{Reader, Wire, Writer};
use crate::{DecodeError, Edition, EncodeError, Header, Position, PositionBatch};

/// A registration shorter than this has the layout of 2011; the shortest of 2013 has 37 bytes.
const REGISTRATION_2013_BYTES_MIN: usize = 37;

macro_rules! messages {
    (
        empty { $( $(#[$empty_meta:meta])* $empty_id:literal = $empty:ident, )* }
        body { $( $(#[$meta:meta])* $id:literal = $variant:ident($body:ty), )* }
    ) => {
        /// A message of either side. The comment on each names its id and its title in the standard.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Message {
            $( $(#[$empty_meta])* $empty, )*
            $( $(#[$meta])* $variant($body), )*
            /// A message this crate does not know, such as a vendor's, kept as it is.
            Unknown { id: u16, body: Vec<u8> },
        }

        impl Message {
            /// The message id (消息 ID).
            pub fn id(&self) -> u16 {
                match self {
                    $( Self::$empty => $empty_id, )*
                    $( Self::$variant(_) => $id, )*
                    Self::Unknown { id, .. } => *id,
                }
            }

            fn read(id: u16, r: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(match id {
                    $( $empty_id => Self::$empty, )*
                    $( $id => Self::$variant(Wire::read(r)?), )*
                    _ => Self::Unknown { id, body: r.rest().to_vec() },
                })
            }

            fn write(&self, w: &mut Writer<'_>) {
                match self {
                    $( Self::$empty => {} )*
                    $( Self::$variant(body) => body.write(w), )*
                    Self::Unknown { body, .. } => w.bytes(body),
                }
            }
        }
    };
}

messages! {
    empty {
        /// 0x0002 终端心跳
        0x0002 = Heartbeat,
        /// 0x0003 终端注销
        0x0003 = Logout,
        /// 0x8104 查询终端参数
        0x8104 = QueryParameters,
        /// 0x8107 查询终端属性
        0x8107 = QueryTerminalAttributes,
        /// 0x8201 位置信息查询
        0x8201 = QueryPosition,
        /// 0x8702 上报驾驶员身份信息请求
        0x8702 = QueryDriverCard,
        /// 0x9003 查询终端音视频属性 (JT/T 1078)
        0x9003 = QueryVideoAttributes,
    }
    body {
        /// 0x0001 终端通用应答
        0x0001 = TerminalAck(GeneralAck),
        /// 0x8001 平台通用应答
        0x8001 = PlatformAck(GeneralAck),
        /// 0x8003 服务器补传分包请求
        0x8003 = ResendRequest(ResendRequest),
        /// 0x0005 终端补传分包请求 (2019)
        0x0005 = TerminalResendRequest(ResendRequest),
        /// 0x0100 终端注册
        0x0100 = Registration(Registration),
        /// 0x8100 终端注册应答
        0x8100 = RegisterReply(RegisterReply),
        /// 0x0102 终端鉴权
        0x0102 = Authentication(Authentication),
        /// 0x8103 设置终端参数
        0x8103 = SetParameters(ParameterSettings),
        /// 0x8106 查询指定终端参数
        0x8106 = QuerySomeParameters(ParameterQuery),
        /// 0x0104 查询终端参数应答
        0x0104 = ParameterReply(ParameterReply),
        /// 0x0107 查询终端属性应答
        0x0107 = TerminalAttributes(TerminalAttributes),
        /// 0x0200 位置信息汇报
        0x0200 = Position(Position),
        /// 0x0201 位置信息查询应答
        0x0201 = PositionReply(PositionReply),
        /// 0x8202 临时位置跟踪控制
        0x8202 = Tracking(Tracking),
        /// 0x0704 定位数据批量上传
        0x0704 = PositionBatch(PositionBatch),
        /// 0x0702 驾驶员身份信息采集上报
        0x0702 = DriverCard(DriverCard),
        /// 0x8300 文本信息下发
        0x8300 = Text(TextMessage),
        /// 0x8302 提问下发
        0x8302 = Question(Question),
        /// 0x0302 提问应答
        0x0302 = Answer(Answer),
        /// 0x0800 多媒体事件信息上传
        0x0800 = MultimediaEvent(MultimediaEvent),
        /// 0x0801 多媒体数据上传
        0x0801 = MultimediaData(MultimediaData),
        /// 0x8800 多媒体数据上传应答
        0x8800 = MultimediaReply(MultimediaReply),
        /// 0x8801 摄像头立即拍摄命令
        0x8801 = CameraCommand(CameraCommand),
        /// 0x0805 摄像头立即拍摄命令应答
        0x0805 = CameraReply(CameraReply),
        /// 0x1003 终端上传音视频属性 (JT/T 1078)
        0x1003 = VideoAttributes(VideoAttributes),
        /// 0x1005 终端上传乘客流量 (JT/T 1078)
        0x1005 = PassengerFlow(PassengerFlow),
        /// 0x9101 实时音视频传输请求 (JT/T 1078)
        0x9101 = LiveVideoRequest(LiveVideoRequest),
        /// 0x9102 音视频实时传输控制 (JT/T 1078)
        0x9102 = LiveVideoControl(LiveVideoControl),
        /// 0x9105 实时音视频传输状态通知 (JT/T 1078)
        0x9105 = LiveVideoStatus(LiveVideoStatus),
        /// 0x9201 平台下发远程录像回放请求 (JT/T 1078)
        0x9201 = PlaybackRequest(PlaybackRequest),
        /// 0x9202 平台下发远程录像回放控制 (JT/T 1078)
        0x9202 = PlaybackControl(PlaybackControl),
        /// 0x9205 查询资源列表 (JT/T 1078)
        0x9205 = RecordingQuery(RecordingQuery),
        /// 0x1205 终端上传音视频资源列表 (JT/T 1078)
        0x1205 = RecordingList(RecordingList),
        /// 0x9206 文件上传指令 (JT/T 1078)
        0x9206 = FileUploadRequest(FileUploadRequest),
        /// 0x1206 文件上传完成通知 (JT/T 1078)
        0x1206 = FileUploadDone(FileUploadDone),
        /// 0x9207 文件上传控制 (JT/T 1078)
        0x9207 = FileUploadControl(FileUploadControl),
        /// 0x9208 报警附件上传指令 (Su-biao)
        0x9208 = AttachmentRequest(AttachmentRequest),
        /// 0x1210 报警附件信息消息 (Su-biao)
        0x1210 = AttachmentList(AttachmentList),
        /// 0x1211 文件信息上传 (Su-biao)
        0x1211 = AttachmentFileStart(AttachmentFileInfo),
        /// 0x1212 文件上传完成消息 (Su-biao)
        0x1212 = AttachmentFileEnd(AttachmentFileInfo),
        /// 0x9212 文件上传完成消息应答 (Su-biao)
        0x9212 = AttachmentFileReply(AttachmentFileReply),
    }
}

impl Message {
    /// Reads the body of a whole message.
    ///
    /// Bytes after the last field are ignored: vendors append to bodies. An error costs this message only;
    /// the header can still be answered with [`AckResult::WrongMessage`].
    pub fn decode(header: &Header, body: &[u8]) -> Result<Self, DecodeError> {
        if let Some(part) = header.part {
            return Err(DecodeError::SubPackage { index: part.index, total: part.total });
        }
        if header.encryption != 0 {
            return Err(DecodeError::Encrypted { method: header.encryption });
        }
        Self::read(header.message_id, &mut Reader::new(body, Self::edition_of(header, body)))
    }

    /// The edition whose layout this body has. Only a registration tells 2011 from 2013, by its length.
    pub fn edition_of(header: &Header, body: &[u8]) -> Edition {
        let is_registration = header.message_id == 0x0100;
        match header.edition {
            Edition::V2013 if is_registration && body.len() < REGISTRATION_2013_BYTES_MIN => Edition::V2011,
            edition => edition,
        }
    }

    /// Appends the body in the layout of an edition. On error `out` is as it was.
    pub fn encode_body(&self, edition: Edition, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = out.len();
        let mut w = Writer::new(out, edition);
        self.write(&mut w);
        let result = w.finish();
        if result.is_err() {
            out.truncate(start);
        }
        result
    }

    /// The platform's general acknowledgement (0x8001) of the message with this header.
    pub fn platform_ack(of: &Header, result: AckResult) -> Self {
        Self::PlatformAck(GeneralAck { serial: of.serial, message_id: of.message_id, result })
    }

    /// The terminal's general acknowledgement (0x0001) of the message with this header.
    pub fn terminal_ack(of: &Header, result: AckResult) -> Self {
        Self::TerminalAck(GeneralAck { serial: of.serial, message_id: of.message_id, result })
    }

    /// The platform's answer (0x8100) to the registration with this header: admitted, with this code.
    pub fn register_accepted(of: &Header, auth_code: impl Into<smol_str::SmolStr>) -> Self {
        let auth_code = auth_code.into();
        Self::RegisterReply(RegisterReply { serial: of.serial, result: RegisterResult::Accepted, auth_code })
    }

    /// The platform's answer (0x8100) to the registration with this header: refused.
    pub fn register_refused(of: &Header, result: RegisterResult) -> Self {
        Self::RegisterReply(RegisterReply {
            serial: of.serial,
            result,
            auth_code: smol_str::SmolStr::default(),
        })
    }
}
