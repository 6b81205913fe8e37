//! Code values of GA/T 1400.3-2017, Annex B, with their names.
//!
//! A code that is not here stays what it was, text in its object; nothing is refused for its code.

/// Defines an enum over the numbers of a code table.
macro_rules! codes {
    (
        $(#[$meta:meta])*
        $name:ident { $( $variant:ident = $code:literal $name_zh:literal, )* }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $( #[doc = $name_zh] $variant, )*
        }

        impl $name {
            /// Every entry, in the order of the standard's table.
            pub const ALL: &'static [$name] = &[$( $name::$variant, )*];

            pub const fn code(self) -> i64 {
                match self {
                    $( $name::$variant => $code, )*
                }
            }

            /// The standard's word.
            pub const fn name_zh(self) -> &'static str {
                match self {
                    $( $name::$variant => $name_zh, )*
                }
            }

            /// `None` for a code outside the table.
            pub const fn from_code(code: i64) -> Option<Self> {
                match code {
                    $( $code => Some($name::$variant), )*
                    _ => None,
                }
            }

            /// The code as text, with or without leading zeros. `None` for text outside the table.
            pub fn from_text(text: &str) -> Option<Self> {
                text.trim().parse().ok().and_then(Self::from_code)
            }
        }
    };
}

codes! {
    /// What became of a request (`ConfirmStatusType`). Only 0 has been seen on the wire; the rest follows the list that
    /// camera makers print for the same field.
    StatusCode {
        Ok = 0 "正常",
        OtherError = 1 "其他未知错误",
        Busy = 2 "设备忙",
        DeviceError = 3 "设备错",
        InvalidOperation = 4 "无效操作",
        InvalidFormat = 5 "XML/JSON格式无效",
        InvalidContent = 6 "XML/JSON内容无效",
        Reboot = 7 "系统重启中",
        AdditionalError = 9 "附加信息错误",
    }
}

codes! {
    /// Colour of a plate, of a body, of a film (`ColorType`): one table for all in this interface. It is neither the
    /// plate colours of GA/T 833 nor those of JT/T 697.7.
    Color {
        Black = 1 "黑",
        White = 2 "白",
        Grey = 3 "灰",
        Red = 4 "红",
        Blue = 5 "蓝",
        Yellow = 6 "黄",
        Orange = 7 "橙",
        Brown = 8 "棕",
        Green = 9 "绿",
        Purple = 10 "紫",
        Cyan = 11 "青",
        Pink = 12 "粉",
        Transparent = 13 "透明",
        Other = 99 "其他",
    }
}

codes! {
    /// Who found the object (`InfoType`).
    InfoKind {
        Other = 0 "其他",
        Automatic = 1 "自动采集",
        Manual = 2 "人工采集",
    }
}

codes! {
    /// What a subscription is about (`SubscribeDetailType`). A subscription may name several, joined by commas.
    SubscribeDetail {
        Case = 1 "案(事)件目录",
        CaseContent = 2 "单个案(事)件内容",
        Device = 3 "采集设备目录",
        DeviceStatus = 4 "采集设备状态",
        System = 5 "采集系统目录",
        SystemStatus = 6 "采集系统状态",
        Tollgate = 7 "视频卡口目录",
        TollgateRecord = 8 "单个卡口记录",
        Lane = 9 "车道目录",
        LaneRecord = 10 "单个车道记录",
        Person = 11 "自动采集的人员信息",
        Face = 12 "自动采集的人脸信息",
        MotorVehicle = 13 "自动采集的车辆信息",
        NonMotorVehicle = 14 "自动采集的非机动车辆信息",
        Thing = 15 "自动采集的物品信息",
        File = 16 "自动采集的文件信息",
    }
}

codes! {
    /// Whether a subscription is made or taken back.
    OperateType {
        Subscribe = 0 "订阅",
        Cancel = 1 "取消订阅",
    }
}

codes! {
    /// State of a subscription (`SubscribeStatusType`).
    SubscribeStatus {
        InForce = 0 "订阅中",
        Cancelled = 1 "已取消订阅",
        Expired = 2 "订阅到期",
        None = 9 "未订阅",
    }
}

codes! {
    /// What kind of resource a subscription names.
    ResourceClass {
        Tollgate = 0 "卡口",
        Device = 1 "设备",
        Content = 2 "采集内容",
        Case = 3 "案(事)件",
        Library = 4 "视图库",
        Division = 5 "行政区划",
    }
}

codes! {
    /// Kind of a picture (`ImageType`).
    ImageType {
        VehicleBig = 1 "车辆大图",
        PlateColour = 2 "车牌彩色小图",
        PlateBinary = 3 "车牌二值化图",
        DriverFace = 4 "驾驶员面部特征图",
        PassengerFace = 5 "副驾驶面部特征图",
        VehicleMark = 6 "车标",
        Violation = 7 "违章合成图",
        PassComposed = 8 "过车合成图",
        VehicleFeature = 9 "车辆特写图",
        Person = 10 "人员图",
        Face = 11 "人脸图",
        NonMotorVehicle = 12 "非机动车图",
        Thing = 13 "物品图",
        Scene = 14 "场景图",
        Other = 100 "一般图片",
    }
}

codes! {
    /// What a tollgate is used for.
    TollgateUsage {
        Security = 80 "治安卡口",
        Traffic = 81 "交通卡口",
        Other = 82 "其他",
    }
}

codes! {
    /// Where a tollgate stands (`TollgateType`).
    TollgateCategory {
        National = 10 "国际",
        Provincial = 20 "省际",
        City = 30 "市际",
        InCity = 31 "市区",
        County = 40 "县际",
        InCounty = 41 "县区",
        Other = 99 "其他",
    }
}

codes! {
    /// Direction of travel (`HorizontalShotType`).
    Direction {
        WestToEast = 1 "西向东",
        EastToWest = 2 "东向西",
        NorthToSouth = 3 "北向南",
        SouthToNorth = 4 "南向北",
        SouthwestToNortheast = 5 "西南到东北",
        NortheastToSouthwest = 6 "东北到西南",
        NorthwestToSoutheast = 7 "西北到东南",
        SoutheastToNorthwest = 8 "东南到西北",
        Other = 9 "其他",
    }
}

codes! {
    /// How a device gets its time.
    TimeMode {
        Network = 1 "网络",
        Manual = 2 "手动",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_leads_back_to_its_entry() {
        for &color in Color::ALL {
            assert_eq!(Color::from_text(&color.code().to_string()), Some(color));
        }
        for &status in StatusCode::ALL {
            assert_eq!(StatusCode::from_code(status.code()), Some(status));
        }
    }

    #[test]
    fn codes_are_read_with_leading_zeros_and_others_left_alone() {
        assert_eq!(ImageType::from_text("02"), Some(ImageType::PlateColour));
        assert_eq!(Color::from_text("5"), Some(Color::Blue));
        assert_eq!(Color::from_text("14"), None);
        assert_eq!(Color::from_text(""), None);
    }
}
