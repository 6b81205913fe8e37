//! Text and questions for the driver.

use smol_str::SmolStr;

use crate::wire::{Reader, Text8, Text16, TextRest, Wire, Writer, bits, wire_struct};
use crate::{DecodeError, Edition};

bits! {
    /// What a text is for and where it appears (0x8300, 0x8302).
    TextFlags: u8 {
        /// Before 2019: urgent. Since 2019 bits 0–1 are the kind: 1 service, 2 urgent, 3 notice.
        0 = URGENT,
        2 = DISPLAY,
        /// Read aloud.
        3 = SPEECH,
        4 = ADVERTISING_SCREEN,
        /// Set for a CAN fault code, clear for navigation.
        5 = FAULT_CODE,
    }
}

/// 0x8300: text for the driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextMessage {
    pub flags: TextFlags,
    /// 1 notice, 2 service; 2019 only, 0 before.
    pub kind: u8,
    /// At most 1024 bytes as GBK.
    pub text: SmolStr,
}

impl Wire for TextMessage {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            flags: r.get("flags")?,
            kind: if r.edition == Edition::V2019 { r.get("kind")? } else { 0 },
            text: r.get_as::<_, TextRest>("text")?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        self.flags.write(w);
        if w.edition == Edition::V2019 {
            w.u8(self.kind);
        }
        w.put_as::<_, TextRest>("text", &self.text);
    }
}

/// 0x8302: a question with answers to choose from (2011 and 2013).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub flags: TextFlags,
    pub text: SmolStr,
    pub answers: Vec<AnswerOption>,
}

wire_struct! {
    /// One answer of a [`Question`].
    AnswerOption {
        id: u8,
        text: SmolStr as Text16,
    }
    /// 0x0302: the answer the driver chose.
    Answer {
        /// The serial of the question.
        serial: u16,
        answer_id: u8,
    }
}

impl Wire for Question {
    /// The list of answers has no count; it ends with the body.
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let flags = r.get("flags")?;
        let text = r.get_as::<_, Text8>("text")?;
        let mut answers = Vec::new();
        while !r.is_empty() {
            answers.push(r.get("answer")?);
        }
        Ok(Self { flags, text, answers })
    }

    fn write(&self, w: &mut Writer<'_>) {
        self.flags.write(w);
        w.put_as::<_, Text8>("text", &self.text);
        for answer in &self.answers {
            answer.write(w);
        }
    }
}
