//! Pictures, sound and video that a terminal records (0x0800–0x0805, 0x8800, 0x8801).

use crate::wire::{List, Reader, Wire, Writer, wire_struct};
use crate::{DecodeError, Position};

wire_struct! {
    /// 0x0800: a terminal has recorded something.
    MultimediaEvent {
        id: u32,
        /// 0 picture, 1 sound, 2 video.
        kind: u8,
        /// 0 JPEG, 1 TIF, 2 MP3, 3 WAV, 4 WMV.
        format: u8,
        /// What caused it: 0 the platform, 1 a timer, 2 robbery, 3 collision or rollover, …
        event: u8,
        channel: u8,
    }
    /// 0x8801: take pictures, or record.
    CameraCommand {
        channel: u8,
        /// 0 stop, 0xffff record, else how many pictures.
        command: u16,
        /// Seconds between pictures or of the recording; 0 shortest interval, or until stopped.
        interval_s: u16,
        /// 0 send at once, 1 keep.
        is_kept: u8,
        resolution: u8,
        /// 1–10, 1 is best.
        quality: u8,
        brightness: u8,
        contrast: u8,
        saturation: u8,
        chroma: u8,
    }
}

/// 0x0801: the recording, with where it was made (2013 and 2019; 2011 has no position here).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultimediaData {
    pub event: MultimediaEvent,
    /// Without items.
    pub position: Position,
    pub data: Vec<u8>,
}

impl Wire for MultimediaData {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { event: r.get("event")?, position: Position::read_basic(r)?, data: r.rest().to_vec() })
    }

    fn write(&self, w: &mut Writer<'_>) {
        self.event.write(w);
        self.position.write_basic(w);
        w.bytes(&self.data);
    }
}

/// 0x8800: the platform has a recording, or some of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultimediaReply {
    pub id: u32,
    /// Which sub-packages are missing; `None` when all are there, and the body then ends.
    pub resend: Option<MultimediaResendList>,
}

/// Indexes of missing sub-packages, from 1.
pub type MultimediaResendList = Vec<u16>;

impl Wire for MultimediaReply {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = r.get("id")?;
        let resend = if r.is_empty() { None } else { Some(r.get_as::<_, List<u8>>("resend")?) };
        Ok(Self { id, resend })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.u32(self.id);
        if let Some(resend) = &self.resend {
            w.put_as::<_, List<u8>>("resend", resend);
        }
    }
}

/// 0x0805: what came of [`CameraCommand`] (2013 and 2019).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraReply {
    /// The serial of the command.
    pub serial: u16,
    /// 0 done, 1 failed, 2 channel not supported.
    pub result: u8,
    /// The ids of the recordings; on the wire only when done.
    pub ids: Vec<u32>,
}

impl Wire for CameraReply {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let serial = r.get("serial")?;
        let result = r.get("result")?;
        let ids = if result == 0 { r.get_as::<_, List<u16>>("ids")? } else { Vec::new() };
        Ok(Self { serial, result, ids })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.u16(self.serial);
        w.u8(self.result);
        if self.result == 0 {
            w.put_as::<_, List<u16>>("ids", &self.ids);
        }
    }
}
