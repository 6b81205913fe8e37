//! Vehicles as they were seen, and the pictures of them.

use crate::id::{IdForm, IdProblem};
use crate::image::ImageData;
use crate::{DateTime, Text};

object! {
    /// A motor vehicle that passed, 机动车 (GA/T 1400.3-2017, A.10).
    MotorVehicle keep ("MotorVehicleObject" in "MotorVehicleListObject" or "MotorVehicleObjectList" or "MotorVehicleList"), required [
        motor_vehicle_id = "MotorVehicleID", info_kind = "InfoKind", source_id = "SourceID",
        storage_url1 = "StorageUrl1", has_plate = "HasPlate", plate_class = "PlateClass", plate_color = "PlateColor",
        plate_no = "PlateNo", vehicle_color = "VehicleColor", pass_time = "PassTime"
    ] {
        /// 48-digit [`SubjectId`](crate::id::SubjectId).
        motor_vehicle_id: Text = "MotorVehicleID",
        /// [`InfoKind`](crate::codes::InfoKind).
        info_kind: Option<i64> = "InfoKind",
        /// 41-digit [`ObjectId`](crate::id::ObjectId) of the picture this was found in.
        source_id: Text = "SourceID",
        tollgate_id: Text = "TollgateID",
        device_id: Text = "DeviceID",
        /// Near view.
        storage_url1: Text = "StorageUrl1",
        /// The plate.
        storage_url2: Text = "StorageUrl2",
        /// Far view.
        storage_url3: Text = "StorageUrl3",
        /// Composed picture.
        storage_url4: Text = "StorageUrl4",
        /// Thumbnail.
        storage_url5: Text = "StorageUrl5",
        /// Pixels, of the vehicle's rectangle in the near view.
        left_top_x: Option<i64> = "LeftTopX",
        left_top_y: Option<i64> = "LeftTopY",
        right_btm_x: Option<i64> = "RightBtmX",
        right_btm_y: Option<i64> = "RightBtmY",
        /// When a person marked it, for [`InfoKind`](crate::codes::InfoKind) manual.
        mark_time: Option<DateTime> = "MarkTime",
        appear_time: Option<DateTime> = "AppearTime",
        disappear_time: Option<DateTime> = "DisappearTime",
        /// From left to right in the direction of travel, from 1.
        lane_no: Option<i64> = "LaneNo",
        has_plate: Option<bool> = "HasPlate",
        /// 号牌种类, GA/T 16.7.
        plate_class: Text = "PlateClass",
        /// [`Color`](crate::codes::Color).
        plate_color: Text = "PlateColor",
        /// `无车牌` when it has none; `-` for each character that was not read.
        plate_no: Text = "PlateNo",
        /// Plate of the trailer.
        plate_no_attach: Text = "PlateNoAttach",
        plate_describe: Text = "PlateDescribe",
        /// Carries another vehicle's plate (套牌).
        is_decked: Option<bool> = "IsDecked",
        /// The plate is painted over (涂改).
        is_altered: Option<bool> = "IsAltered",
        /// The plate is hidden (遮挡).
        is_covered: Option<bool> = "IsCovered",
        /// km/h.
        speed_kmh: Option<f64> = "Speed",
        /// [`Direction`](crate::codes::Direction).
        direction: Text = "Direction",
        /// 行驶状态, GA/T 543.
        driving_status_code: Text = "DrivingStatusCode",
        /// 使用性质, GA/T 16.3.
        using_properties_code: Text = "UsingPropertiesCode",
        /// 车辆类型, GA/T 16.4.
        vehicle_class: Text = "VehicleClass",
        vehicle_brand: Text = "VehicleBrand",
        vehicle_model: Text = "VehicleModel",
        /// Model year.
        vehicle_styles: Text = "VehicleStyles",
        /// mm.
        vehicle_length_mm: Option<i64> = "VehicleLength",
        /// mm.
        vehicle_width_mm: Option<i64> = "VehicleWidth",
        /// mm.
        vehicle_height_mm: Option<i64> = "VehicleHeight",
        /// [`Color`](crate::codes::Color) of the body.
        vehicle_color: Text = "VehicleColor",
        /// `0` dark, `1` light.
        vehicle_color_depth: Text = "VehicleColorDepth",
        vehicle_hood: Text = "VehicleHood",
        vehicle_trunk: Text = "VehicleTrunk",
        vehicle_wheel: Text = "VehicleWheel",
        wheel_printed_pattern: Text = "WheelPrintedPattern",
        vehicle_window: Text = "VehicleWindow",
        vehicle_roof: Text = "VehicleRoof",
        vehicle_door: Text = "VehicleDoor",
        side_of_vehicle: Text = "SideOfVehicle",
        car_of_vehicle: Text = "CarOfVehicle",
        rearview_mirror: Text = "RearviewMirror",
        vehicle_chassis: Text = "VehicleChassis",
        vehicle_shielding: Text = "VehicleShielding",
        film_color: Text = "FilmColor",
        is_modified: Option<bool> = "IsModified",
        hit_mark_info: Text = "HitMarkInfo",
        vehicle_body_desc: Text = "VehicleBodyDesc",
        vehicle_front_item: Text = "VehicleFrontItem",
        desc_of_front_item: Text = "DescOfFrontItem",
        vehicle_rear_item: Text = "VehicleRearItem",
        desc_of_rear_item: Text = "DescOfRearItem",
        num_of_passenger: Option<i64> = "NumOfPassenger",
        pass_time: Option<DateTime> = "PassTime",
        name_of_passed_road: Text = "NameOfPassedRoad",
        is_suspicious: Option<bool> = "IsSuspicious",
        /// `0` up, `1` down.
        sunvisor: Option<i64> = "Sunvisor",
        /// `0` not fastened, `1` fastened.
        safety_belt: Option<i64> = "SafetyBelt",
        /// `0` no, `1` on the phone.
        calling: Option<i64> = "Calling",
        /// 0 to 100.
        plate_reliability: Text = "PlateReliability",
        /// One for each character: `苏-80,B-90,1-90`.
        plate_char_reliability: Text = "PlateCharReliability",
        /// 0 to 100.
        brand_reliability: Text = "BrandReliability",
        sub_images: Vec<SubImageInfo> = "SubImageList",
    }
}

object! {
    /// The fields of [`MotorVehicle`] that say who passed where and when, for readers that need speed: the other
    /// fields of the body are passed over.
    MotorVehicleCore skip ("MotorVehicleObject" in "MotorVehicleListObject" or "MotorVehicleObjectList" or "MotorVehicleList"), required [
        motor_vehicle_id = "MotorVehicleID", plate_no = "PlateNo", pass_time = "PassTime"
    ] {
        /// 48-digit [`SubjectId`](crate::id::SubjectId).
        motor_vehicle_id: Text = "MotorVehicleID",
        /// 41-digit [`ObjectId`](crate::id::ObjectId) of the picture this was found in.
        source_id: Text = "SourceID",
        tollgate_id: Text = "TollgateID",
        device_id: Text = "DeviceID",
        /// Near view.
        storage_url1: Text = "StorageUrl1",
        /// The plate.
        storage_url2: Text = "StorageUrl2",
        /// Far view.
        storage_url3: Text = "StorageUrl3",
        /// Composed picture.
        storage_url4: Text = "StorageUrl4",
        /// Thumbnail.
        storage_url5: Text = "StorageUrl5",
        /// When a person marked it, for [`InfoKind`](crate::codes::InfoKind) manual.
        mark_time: Option<DateTime> = "MarkTime",
        appear_time: Option<DateTime> = "AppearTime",
        /// From left to right in the direction of travel, from 1.
        lane_no: Option<i64> = "LaneNo",
        has_plate: Option<bool> = "HasPlate",
        /// 号牌种类, GA/T 16.7.
        plate_class: Text = "PlateClass",
        /// [`Color`](crate::codes::Color).
        plate_color: Text = "PlateColor",
        /// `无车牌` when it has none; `-` for each character that was not read.
        plate_no: Text = "PlateNo",
        /// The plate is hidden (遮挡).
        is_covered: Option<bool> = "IsCovered",
        /// km/h.
        speed_kmh: Option<f64> = "Speed",
        /// [`Direction`](crate::codes::Direction).
        direction: Text = "Direction",
        /// 行驶状态, GA/T 543.
        driving_status_code: Text = "DrivingStatusCode",
        /// 车辆类型, GA/T 16.4.
        vehicle_class: Text = "VehicleClass",
        vehicle_brand: Text = "VehicleBrand",
        /// [`Color`](crate::codes::Color) of the body.
        vehicle_color: Text = "VehicleColor",
        pass_time: Option<DateTime> = "PassTime",
        /// `0` not fastened, `1` fastened.
        safety_belt: Option<i64> = "SafetyBelt",
        /// `0` no, `1` on the phone.
        calling: Option<i64> = "Calling",
        /// 0 to 100.
        plate_reliability: Text = "PlateReliability",
        /// One for each character: `苏-80,B-90,1-90`.
        plate_char_reliability: Text = "PlateCharReliability",
        sub_images: Vec<SubImageInfo> = "SubImageList",
    }
}

object! {
    /// A bicycle, tricycle or the like that passed, 非机动车 (GA/T 1400.3-2017, A.11).
    NonMotorVehicle keep ("NonMotorVehicleObject" in "NonMotorVehicleListObject" or "NonMotorVehicleObjectList" or "NonMotorVehicleList"), required [
        non_motor_vehicle_id = "NonMotorVehicleID", info_kind = "InfoKind", source_id = "SourceID"
    ] {
        /// 48-digit [`SubjectId`](crate::id::SubjectId).
        non_motor_vehicle_id: Text = "NonMotorVehicleID",
        /// [`InfoKind`](crate::codes::InfoKind).
        info_kind: Option<i64> = "InfoKind",
        /// 41-digit [`ObjectId`](crate::id::ObjectId) of the picture this was found in.
        source_id: Text = "SourceID",
        device_id: Text = "DeviceID",
        /// Pixels, of the vehicle's rectangle in the near view.
        left_top_x: Option<i64> = "LeftTopX",
        left_top_y: Option<i64> = "LeftTopY",
        right_btm_x: Option<i64> = "RightBtmX",
        right_btm_y: Option<i64> = "RightBtmY",
        /// When a person marked it, for [`InfoKind`](crate::codes::InfoKind) manual.
        mark_time: Option<DateTime> = "MarkTime",
        appear_time: Option<DateTime> = "AppearTime",
        disappear_time: Option<DateTime> = "DisappearTime",
        has_plate: Option<bool> = "HasPlate",
        /// 号牌种类, GA/T 16.7.
        plate_class: Text = "PlateClass",
        /// [`Color`](crate::codes::Color).
        plate_color: Text = "PlateColor",
        /// `无车牌` when it has none; `-` for each character that was not read.
        plate_no: Text = "PlateNo",
        /// Plate of the trailer.
        plate_no_attach: Text = "PlateNoAttach",
        plate_describe: Text = "PlateDescribe",
        /// Carries another vehicle's plate (套牌).
        is_decked: Option<bool> = "IsDecked",
        /// The plate is painted over (涂改).
        is_altered: Option<bool> = "IsAltered",
        /// The plate is hidden (遮挡).
        is_covered: Option<bool> = "IsCovered",
        /// km/h.
        speed_kmh: Option<f64> = "Speed",
        /// 行驶状态, GA/T 543.
        driving_status_code: Text = "DrivingStatusCode",
        /// 使用性质, GA/T 16.3.
        using_properties_code: Text = "UsingPropertiesCode",
        vehicle_brand: Text = "VehicleBrand",
        vehicle_type: Text = "VehicleType",
        /// mm.
        vehicle_length_mm: Option<i64> = "VehicleLength",
        /// mm.
        vehicle_width_mm: Option<i64> = "VehicleWidth",
        /// mm.
        vehicle_height_mm: Option<i64> = "VehicleHeight",
        /// [`Color`](crate::codes::Color) of the body.
        vehicle_color: Text = "VehicleColor",
        vehicle_hood: Text = "VehicleHood",
        vehicle_trunk: Text = "VehicleTrunk",
        vehicle_wheel: Text = "VehicleWheel",
        wheel_printed_pattern: Text = "WheelPrintedPattern",
        vehicle_window: Text = "VehicleWindow",
        vehicle_roof: Text = "VehicleRoof",
        vehicle_door: Text = "VehicleDoor",
        side_of_vehicle: Text = "SideOfVehicle",
        car_of_vehicle: Text = "CarOfVehicle",
        rearview_mirror: Text = "RearviewMirror",
        vehicle_chassis: Text = "VehicleChassis",
        vehicle_shielding: Text = "VehicleShielding",
        film_color: Text = "FilmColor",
        is_modified: Option<bool> = "IsModified",
        sub_images: Vec<SubImageInfo> = "SubImageList",
    }
}

object! {
    /// A picture of an object, 子图像信息 (GA/T 1400.3-2017).
    SubImageInfo picture ("SubImageInfoObject" in "SubImageList" or "SubImageInfoListObject"), required [
        image_id = "ImageID", device_id = "DeviceID", kind = "Type", file_format = "FileFormat",
        shot_time = "ShotTime", width_px = "Width", height_px = "Height"
    ] {
        /// 41-digit [`ObjectId`](crate::id::ObjectId).
        image_id: Text = "ImageID",
        /// Kind of automatic analysis that made it.
        event_sort: Option<i64> = "EventSort",
        device_id: Text = "DeviceID",
        /// URL, when the picture is kept elsewhere.
        storage_path: Text = "StoragePath",
        /// [`ImageType`](crate::codes::ImageType).
        kind: Text = "Type",
        file_format: Text = "FileFormat",
        shot_time: Option<DateTime> = "ShotTime",
        width_px: Option<i64> = "Width",
        height_px: Option<i64> = "Height",
        data: ImageData = "Data",
    }
}

/// `PlateNo` of a vehicle without a plate.
pub const NO_PLATE: &str = "无车牌";

/// Stands in `PlateNo` for a character that was not read.
pub const UNREAD_CHARACTER: char = '-';

impl MotorVehicle {
    /// Wire names of the ids that are not of their form, and why. Real devices send such ids; an absent one is none.
    pub fn id_problems(&self) -> Vec<(&'static str, IdProblem)> {
        let ids = [
            ("MotorVehicleID", IdForm::Subject, &self.motor_vehicle_id),
            ("SourceID", IdForm::Object, &self.source_id),
            ("TollgateID", IdForm::Device, &self.tollgate_id),
            ("DeviceID", IdForm::Device, &self.device_id),
        ];
        ids.into_iter()
            .filter(|(_, _, text)| !text.is_empty())
            .filter_map(|(name, form, text)| Some((name, form.problem(text)?)))
            .collect()
    }
}

/// The characters of `PlateCharReliability` (`苏-80,B-90`) and how sure the device is of each, 0 to 100. Parts of
/// another form are passed over.
pub fn plate_char_reliabilities(text: &str) -> impl Iterator<Item = (char, u8)> {
    text.split([',', '，']).filter_map(|part| {
        let mut characters = part.trim().chars();
        let character = characters.next()?;
        let percent = characters.as_str().strip_prefix('-')?.trim().parse().ok()?;
        (percent <= 100).then_some((character, percent))
    })
}
