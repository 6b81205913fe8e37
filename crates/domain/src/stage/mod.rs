//! The stages of work, one file each, in the order of the loop; and [`AnyCase`], which is any of them.

pub mod dispatch;
pub mod education;
pub mod hazard;
pub mod interception;
pub mod sighting;
pub mod warning;
pub mod watch_application;

use crate::case::{Case, CaseKind, Done, Refusal, Scene, Summary, Want};
use serde::{Deserialize, Serialize};

/// What a new case is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Opening {
    /// 申请布控
    WatchApplication(watch_application::Application),
    /// 下达指令
    Dispatch(dispatch::Order),
    /// 登记拦截
    Interception(interception::Stop),
    /// 登记宣教
    Education(education::Lesson),
    /// 上报隐患
    Hazard(hazard::Report),
}

macro_rules! any_case {
    ($($kind:ident: $case:ty, $act:ty);+ $(;)?) => {
        /// A case of any stage.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        #[expect(clippy::large_enum_variant, reason = "one at a time, and most are hazards")]
        pub enum AnyCase {
            $(
                #[doc = concat!("See [`CaseKind::", stringify!($kind), "`].")]
                $kind($case),
            )+
        }

        /// An act of any stage.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(untagged)]
        pub enum AnyAct {
            $(
                #[doc = concat!("See [`CaseKind::", stringify!($kind), "`].")]
                $kind($act),
            )+
        }

        impl AnyCase {
            /// Which stage it is.
            pub fn kind(&self) -> CaseKind {
                match self { $(Self::$kind(_) => CaseKind::$kind),+ }
            }

            /// What lists show.
            pub fn summary(&self) -> Summary {
                match self { $(Self::$kind(case) => case.summary()),+ }
            }

            /// The clock that runs now.
            pub fn clock(&self) -> Option<Want> {
                match self { $(Self::$kind(case) => case.clock()),+ }
            }

            /// What the platform does by itself when that clock has run out.
            pub fn when_late(&self) -> Option<AnyAct> {
                match self { $(Self::$kind(case) => case.when_late().map(AnyAct::$kind)),+ }
            }

            /// The words of the acts that this person could do now.
            pub fn offered(&self, scene: &Scene<'_>) -> Vec<&'static str> {
                match self { $(Self::$kind(case) => case.offered(scene)),+ }
            }

            /// What an act makes of it.
            pub fn act(&self, act: &AnyAct, scene: &Scene<'_>) -> Result<Done<Self>, Refusal> {
                match (self, act) {
                    $((Self::$kind(case), AnyAct::$kind(act)) => {
                        let done = case.act(act, scene)?;
                        Ok(Done { case: Self::$kind(done.case), effects: done.effects })
                    })+
                    _ => Err(Refusal::UnknownAct(act.key().into())),
                }
            }
        }

        impl AnyAct {
            /// The word of the act.
            pub fn key(&self) -> &'static str {
                match self { $(Self::$kind(act) => <$case as Case>::act_key(act)),+ }
            }

            /// The act that these bytes of JSON (`{"act": "sign", …}`) mean for a case of this kind.
            pub fn read<'de, D: serde::Deserializer<'de>>(kind: CaseKind, from: D) -> Result<Self, D::Error> {
                match kind { $(CaseKind::$kind => <$act>::deserialize(from).map(Self::$kind)),+ }
            }
        }
    };
}

any_case! {
    WatchApplication: watch_application::WatchApplication, watch_application::WatchAct;
    Dispatch: dispatch::Dispatch, dispatch::DispatchAct;
    Interception: interception::Interception, interception::InterceptionAct;
    Education: education::Education, education::EducationAct;
    Hazard: hazard::Hazard, hazard::HazardAct;
}

impl AnyCase {
    /// A new case.
    pub fn open(opening: &Opening, scene: &Scene<'_>) -> Result<Done<Self>, Refusal> {
        fn any<C>(done: Done<C>, wrap: impl FnOnce(C) -> AnyCase) -> Done<AnyCase> {
            Done { case: wrap(done.case), effects: done.effects }
        }
        Ok(match opening {
            Opening::WatchApplication(it) => any(it.open(scene)?, Self::WatchApplication),
            Opening::Dispatch(it) => any(it.open(scene)?, Self::Dispatch),
            Opening::Interception(it) => any(it.open(scene)?, Self::Interception),
            Opening::Education(it) => any(it.open(scene)?, Self::Education),
            Opening::Hazard(it) => any(it.open(scene)?, Self::Hazard),
        })
    }
}

/// Writes the words of a state or act: the variants of an enum with their key.
macro_rules! words {
    ($name:ident { $($variant:ident = $key:literal),+ $(,)? }) => {
        impl $name {
            /// All, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in the API and in files.
            pub fn key(self) -> &'static str {
                match self { $(Self::$variant => $key),+ }
            }

            /// The value of a key.
            pub fn parse(key: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.key() == key)
            }
        }
    };
}
pub(crate) use words;
