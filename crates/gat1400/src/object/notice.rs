//! What one side asks the other to report (subscriptions, dispositions), and the reports.

use super::Ape;
use super::place::{Lane, Tollgate};
use super::vehicle::{MotorVehicle, NonMotorVehicle, SubImageInfo};
use crate::{DateTime, Text};

object! {
    /// A subscription, 订阅 (GA/T 1400.3-2017, 订阅对象).
    Subscribe keep ("SubscribeObject" in "SubscribeListObject"), required [
        subscribe_id = "SubscribeID", title = "Title", subscribe_detail = "SubscribeDetail",
        resource_uri = "ResourceURI", applicant_name = "ApplicantName", applicant_org = "ApplicantOrg",
        begin_time = "BeginTime", end_time = "EndTime", receive_addr = "ReceiveAddr", operate_type = "OperateType"
    ] {
        /// 33-digit [`BusinessId`](crate::id::BusinessId).
        subscribe_id: Text = "SubscribeID",
        title: Text = "Title",
        /// [`SubscribeDetail`](crate::codes::SubscribeDetail) codes, joined by commas.
        subscribe_detail: Text = "SubscribeDetail",
        /// Ids of the resources that are subscribed to, joined by commas.
        resource_uri: Text = "ResourceURI",
        applicant_name: Text = "ApplicantName",
        applicant_org: Text = "ApplicantOrg",
        begin_time: Option<DateTime> = "BeginTime",
        end_time: Option<DateTime> = "EndTime",
        /// URL that the notifications go to.
        receive_addr: Text = "ReceiveAddr",
        /// Seconds between notifications; 0 for at once.
        report_interval: Option<i64> = "ReportInterval",
        reason: Text = "Reason",
        /// [`OperateType`](crate::codes::OperateType).
        operate_type: Option<i64> = "OperateType",
        /// [`SubscribeStatus`](crate::codes::SubscribeStatus).
        subscribe_status: Option<i64> = "SubscribeStatus",
        subscribe_cancel_org: Text = "SubscribeCancelOrg",
        subscribe_cancel_person: Text = "SubscribeCancelPerson",
        cancel_time: Option<DateTime> = "CancelTime",
        cancel_reason: Text = "CancelReason",
        /// [`ResourceClass`](crate::codes::ResourceClass).
        resource_class: Option<i64> = "ResourceClass",
        /// Which pictures the subscriber wants, by [`ImageType`](crate::codes::ImageType); `-1` for none.
        result_image_declare: Text = "ResultImageDeclare",
        /// `1` with features, `-1` without.
        result_feature_declare: Option<i64> = "ResultFeatureDeclare",
        tab_id: Text = "TabID",
    }
}

object! {
    /// A report on a subscription, 订阅通知 (GA/T 1400.3-2017, 订阅通知对象). Lists of kinds without a field here stay
    /// in `extra`.
    SubscribeNotification keep ("SubscribeNotificationObject" in "SubscribeNotificationListObject"), required [
        notification_id = "NotificationID", subscribe_id = "SubscribeID", title = "Title",
        trigger_time = "TriggerTime", info_ids = "InfoIDs"
    ] {
        /// 33-digit [`BusinessId`](crate::id::BusinessId).
        notification_id: Text = "NotificationID",
        subscribe_id: Text = "SubscribeID",
        title: Text = "Title",
        trigger_time: Option<DateTime> = "TriggerTime",
        /// Ids of the objects that are reported, joined by commas.
        info_ids: Text = "InfoIDs",
        /// `1` added, `2` changed, `3` deleted: for reports about devices and tollgates.
        execute_operation: Option<i64> = "ExecuteOperation",
        device_list: Vec<Ape> = "DeviceList",
        tollgate_object_list: Vec<Tollgate> = "TollgateObjectList",
        lane_object_list: Vec<Lane> = "LaneObjectList",
        motor_vehicle_object_list: Vec<MotorVehicle> = "MotorVehicleObjectList",
        non_motor_vehicle_object_list: Vec<NonMotorVehicle> = "NonMotorVehicleObjectList",
    }
}

object! {
    /// A disposition, 布控 (GA/T 1400.3-2017, 布控对象): a target to look out for.
    Disposition keep ("DispositionObject" in "DispositionListObject"), required [
        disposition_id = "DispositionID", title = "Title", disposition_category = "DispositionCategory",
        priority_level = "PriorityLevel", applicant_name = "ApplicantName", applicant_org = "ApplicantOrg",
        begin_time = "BeginTime", end_time = "EndTime", operate_type = "OperateType"
    ] {
        /// 33-digit [`BusinessId`](crate::id::BusinessId).
        disposition_id: Text = "DispositionID",
        title: Text = "Title",
        /// `1` person, `2` motor vehicle, `3` non-motor vehicle, `4` key persons.
        disposition_category: Text = "DispositionCategory",
        /// The plate, for a vehicle.
        target_feature: Text = "TargetFeature",
        target_image_uri: Text = "TargetImageURI",
        /// `1` highest to `3` lowest.
        priority_level: Option<i64> = "PriorityLevel",
        applicant_name: Text = "ApplicantName",
        applicant_info: Text = "ApplicantInfo",
        applicant_org: Text = "ApplicantOrg",
        begin_time: Option<DateTime> = "BeginTime",
        end_time: Option<DateTime> = "EndTime",
        create_time: Option<DateTime> = "CreateTime",
        /// `0` in force, `1` withdrawn.
        operate_type: Option<i64> = "OperateType",
        /// `0` in force, `1` withdrawn, `2` expired, `9` none.
        disposition_status: Option<i64> = "DispositionStatus",
        /// `1` tollgates, `2` areas.
        disposition_range: Text = "DispositionRange",
        /// Tollgate ids, joined by commas.
        tollgate_list: Text = "TollgateList",
        disposition_area: Text = "DispositionArea",
        /// URL that the notifications go to.
        receive_addr: Text = "ReceiveAddr",
        receive_mobile: Text = "ReceiveMobile",
        reason: Text = "Reason",
        disposition_remove_org: Text = "DispositionRemoveOrg",
        disposition_remove_person: Text = "DispositionRemovePerson",
        disposition_remove_time: Option<DateTime> = "DispositionRemoveTime",
        disposition_remove_reason: Text = "DispositionRemoveReason",
        sub_images: Vec<SubImageInfo> = "SubImageList",
    }
}

object! {
    /// A hit on a disposition, 告警 (GA/T 1400.3-2017, 告警对象). A person's object stays in `extra`.
    DispositionNotification keep ("DispositionNotificationObject" in "DispositionNotificationListObject"), required [
        notification_id = "NotificationID", disposition_id = "DispositionID", title = "Title",
        trigger_time = "TriggerTime", cnt_object_id = "CntObjectID"
    ] {
        /// 33-digit [`BusinessId`](crate::id::BusinessId).
        notification_id: Text = "NotificationID",
        disposition_id: Text = "DispositionID",
        title: Text = "Title",
        trigger_time: Option<DateTime> = "TriggerTime",
        /// Id of the object that was seen.
        cnt_object_id: Text = "CntObjectID",
        motor_vehicle: Option<Box<MotorVehicle>> = "MotorVehicleObject",
        non_motor_vehicle: Option<Box<NonMotorVehicle>> = "NonMotorVehicleObject",
    }
}
