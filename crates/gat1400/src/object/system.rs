//! Registration, liveness, time, and the answer to everything.

use crate::codes::StatusCode;
use crate::{DateTime, Text};

object! {
    /// The body of `POST /VIID/System/Register` (GA/T 1400.4-2017, 注册).
    Register keep ("RegisterObject" in "RegisterListObject"), required [device_id = "DeviceID"] {
        /// 20-digit id of the device or platform that registers.
        device_id: Text = "DeviceID",
    }
}

object! {
    /// The body of `POST /VIID/System/UnRegister` (GA/T 1400.4-2017, 注销).
    UnRegister keep ("UnRegisterObject" in "UnRegisterListObject"), required [device_id = "DeviceID"] {
        device_id: Text = "DeviceID",
    }
}

object! {
    /// The body of `POST /VIID/System/Keepalive` (GA/T 1400.4-2017, 保活).
    Keepalive keep ("KeepaliveObject" in "KeepaliveListObject"), required [device_id = "DeviceID"] {
        device_id: Text = "DeviceID",
    }
}

object! {
    /// The answer to `GET /VIID/System/Time` (GA/T 1400.4-2017, 校时).
    SystemTime keep ("SystemTimeObject" in "SystemTimeListObject"), required [
        viid_server_id = "VIIDServerID", time_mode = "TimeMode", local_time = "LocalTime"
    ] {
        /// 20-digit id of the server whose time this is.
        viid_server_id: Text = "VIIDServerID",
        /// [`TimeMode`](crate::codes::TimeMode).
        time_mode: Text = "TimeMode",
        local_time: Option<DateTime> = "LocalTime",
        /// Name of the zone, such as `Asia/Shanghai`.
        time_zone: Text = "TimeZone",
    }
}

object! {
    /// What became of a request, or of one object of it (GA/T 1400.3-2017, 应答状态对象).
    ResponseStatus keep ("ResponseStatusObject" in "ResponseStatusListObject" or "ResponseStatusList"), required [
        request_url = "RequestURL", status_code = "StatusCode"
    ] {
        /// The URL that was asked.
        request_url: Text = "RequestURL",
        /// [`StatusCode`] as a number.
        status_code: Option<i64> = "StatusCode",
        status_string: Text = "StatusString",
        /// Id of the object this is about; of the device, for the requests of `/VIID/System`.
        id: Text = "Id",
        local_time: Option<DateTime> = "LocalTime",
    }
}

impl ResponseStatus {
    /// The answer about the object `id`; the words are the code's own.
    pub fn new(request_url: &str, code: StatusCode, id: &str, local_time: DateTime) -> Self {
        ResponseStatus {
            request_url: request_url.into(),
            status_code: Some(code.code()),
            status_string: Text::new_static(code.name_zh()),
            id: id.into(),
            local_time: Some(local_time),
            ..Self::default()
        }
    }

    /// The code as the table has it; a code outside the table, or none, is [`StatusCode::OtherError`].
    pub fn code(&self) -> StatusCode {
        self.status_code.and_then(StatusCode::from_code).unwrap_or(StatusCode::OtherError)
    }

    pub fn is_ok(&self) -> bool {
        self.status_code == Some(StatusCode::Ok.code())
    }
}
