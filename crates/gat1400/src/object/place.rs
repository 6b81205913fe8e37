//! Where and with what things are seen: capture devices, tollgates and their lanes.

use crate::{DateTime, Text};

object! {
    /// A capture device, 采集设备 (GA/T 1400.3-2017, A.1).
    Ape keep ("APEObject" in "APEListObject" or "APEList"), required [
        ape_id = "ApeID", name = "Name", model = "Model", ip_addr = "IPAddr", port = "Port",
        longitude = "Longitude", latitude = "Latitude", place_code = "PlaceCode", is_online = "IsOnline"
    ] {
        /// 20-digit device id.
        ape_id: Text = "ApeID",
        name: Text = "Name",
        model: Text = "Model",
        ip_addr: Text = "IPAddr",
        ipv6_addr: Text = "IPV6Addr",
        port: Option<i64> = "Port",
        /// Degrees; the standard does not name the datum.
        longitude: Option<f64> = "Longitude",
        /// Degrees; the standard does not name the datum.
        latitude: Option<f64> = "Latitude",
        /// Administrative division (GB/T 2260).
        place_code: Text = "PlaceCode",
        place: Text = "Place",
        org_code: Text = "OrgCode",
        /// Vehicle capture direction: `0` front, `1` rear.
        cap_direction: Text = "CapDirection",
        monitor_direction: Text = "MonitorDirection",
        monitor_area_desc: Text = "MonitorAreaDesc",
        /// `1` online, `2` offline, `9` other.
        is_online: Text = "IsOnline",
        owner_aps_id: Text = "OwnerApsID",
        user_id: Text = "UserId",
        password: Text = "Password",
        /// `1` tollgate, `2` vehicle camera, … several joined by `/`.
        function_type: Text = "FunctionType",
        position_type: Text = "PositionType",
    }
}

object! {
    /// A tollgate, 视频卡口 (GA/T 1400.3-2017, A.5): a place of capture with its lanes.
    Tollgate keep ("TollgateObject" in "TollgateListObject" or "TollgateObjectList" or "TollgateList"), required [
        tollgate_id = "TollgateID", name = "Name", longitude = "Longitude", latitude = "Latitude",
        place_code = "PlaceCode", status = "Status", tollgate_cat = "TollgateCat", tollgate_usage = "TollgateUsage"
    ] {
        /// 20-digit id.
        tollgate_id: Text = "TollgateID",
        name: Text = "Name",
        /// Degrees; the standard does not name the datum.
        longitude: Option<f64> = "Longitude",
        /// Degrees; the standard does not name the datum.
        latitude: Option<f64> = "Latitude",
        place_code: Text = "PlaceCode",
        place: Text = "Place",
        /// `1` in use, `2` out of order or under repair, `9` other.
        status: Text = "Status",
        /// [`TollgateCategory`](crate::codes::TollgateCategory).
        tollgate_cat: Text = "TollgateCat",
        /// [`TollgateUsage`](crate::codes::TollgateUsage).
        tollgate_usage: Text = "TollgateUsage",
        lane_num: Option<i64> = "LaneNum",
        org_code: Text = "OrgCode",
        active_time: Option<DateTime> = "ActiveTime",
    }
}

object! {
    /// A lane of a tollgate, 车道 (GA/T 1400.3-2017, A.6).
    Lane keep ("LaneObject" in "LaneListObject" or "LaneObjectList" or "LaneList"), required [
        tollgate_id = "TollgateID", lane_id = "LaneId", lane_no = "LaneNo", name = "Name", direction = "Direction"
    ] {
        tollgate_id: Text = "TollgateID",
        lane_id: Option<i64> = "LaneId",
        /// From left to right in the direction of travel, from 1.
        lane_no: Option<i64> = "LaneNo",
        name: Text = "Name",
        /// [`Direction`](crate::codes::Direction).
        direction: Text = "Direction",
        desc: Text = "Desc",
        /// km/h.
        max_speed: Option<i64> = "MaxSpeed",
        /// `1` into the city, `2` out of it.
        city_pass: Text = "CityPass",
        ape_id: Text = "ApeID",
    }
}
