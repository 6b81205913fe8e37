//! Devices, and those that were refused.

use crate::access::Signed;
use crate::app::App;
use crate::checkpoint::device_state_word;
use crate::problem::Problem;
use crate::vehicle::key_of;
use crate::wire::{List, Paging, instant};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use domain::{CheckpointId, DeviceId, DeviceKind, Timestamp};
use gateway::directory::{camera_ha1, cipher_text, terminal_id};
use gateway::{DeviceState, FleetCipher};
use platform::Seal;
use records::{Device, DeviceFilter, DeviceSecret, SealedPassword, Window};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// A device and how it does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceView {
    /// `camera`, `isapi`, `dahua`, `terminal` or `fleet` (a platform of vehicle terminals).
    kind: &'static str,
    /// 20 digits, the SIM number, the access code, or what a camera is called in its notices.
    id: String,
    name: String,
    /// `online`, `silent`, `offline`, `disabled`.
    state: &'static str,
    is_enabled: bool,
    vehicle_plate: Option<String>,
    vehicle_plate_class: Option<String>,
    plate_color: Option<&'static str>,
    checkpoint_ids: Vec<String>,
    username: Option<String>,
    has_credential: bool,
    /// Whether M1, IA1 and IC1 are set; they are shown to nobody.
    has_cipher: bool,
    /// The network address at which it is registered.
    registered_address: Option<String>,
    /// Where it speaks from now.
    address: Option<String>,
    last_seen_at: Option<String>,
    connected_since: Option<String>,
    observations_today: u64,
    /// The device's clock minus ours, network delay included.
    clock_offset_ms: Option<i64>,
    edition: Option<String>,
}

/// What a platform of JT/T 809 encrypts with, as agreed upon with it; all 0 takes it away.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CipherInput {
    /// M1; not 0.
    pub(crate) m1: u32,
    /// IA1
    pub(crate) ia1: u32,
    /// IC1
    pub(crate) ic1: u32,
}

/// A new device.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct DeviceInput {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) name: String,
    /// Cameras and platforms: the user that they name; the id when left out.
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    /// Cameras that post notices, and platforms: the network address that they speak from.
    pub(crate) registered_address: Option<String>,
    pub(crate) checkpoint_ids: Vec<String>,
    pub(crate) vehicle_plate: Option<String>,
    pub(crate) vehicle_plate_class: Option<String>,
    /// Platforms of JT/T 809 that encrypt.
    pub(crate) cipher: Option<CipherInput>,
}

/// What changes; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct DeviceChange {
    name: Option<String>,
    is_enabled: Option<bool>,
    username: Option<String>,
    password: Option<String>,
    /// "" takes it away.
    registered_address: Option<String>,
    checkpoint_ids: Option<Vec<String>>,
    vehicle_plate: Option<String>,
    vehicle_plate_class: Option<String>,
    cipher: Option<CipherInput>,
}

/// A device that was refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusedView {
    kind: &'static str,
    id: String,
    address: String,
    first_seen_at: String,
    last_seen_at: String,
    attempts: u64,
    /// `unknown`, `wrong_password`, `disabled`, `wrong_address`, `wrong_key`.
    reason: &'static str,
    /// What it said of itself.
    detail: String,
}

/// How a refused device is admitted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct AdmitInput {
    name: Option<String>,
    /// The password that is set on it. Left out, one is made up for a camera of GA/T 1400 and for a platform; a camera that
    /// posts notices is then known by its network address.
    password: Option<String>,
    checkpoint_ids: Vec<String>,
    vehicle_plate: Option<String>,
    vehicle_plate_class: Option<String>,
}

/// The admitted device, and the password that was made up for it, shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdmittedView {
    device: DeviceView,
    password: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct DeviceQuery {
    kind: Option<String>,
    state: Option<String>,
    q: Option<String>,
    limit: Option<u64>,
    offset: Option<u64>,
}

fn view(app: &App, device: &Device, now: Timestamp, observations_today: u64) -> DeviceView {
    let present = presence_of(app, device);
    let state = if device.is_enabled { device_state_word(present.as_ref(), now) } else { "disabled" };
    DeviceView {
        kind: device.kind.key(),
        id: device.id.to_string(),
        name: device.name.to_string(),
        state,
        is_enabled: device.is_enabled,
        vehicle_plate: device.vehicle.map(|key| key.plate.to_string()),
        vehicle_plate_class: device.vehicle.map(|key| key.class.to_string()),
        plate_color: device.vehicle.map(|key| key.class.color().key()),
        checkpoint_ids: device.checkpoints.iter().map(ToString::to_string).collect(),
        username: device.username.as_ref().map(ToString::to_string),
        has_credential: device.secret.is_some(),
        has_cipher: device.cipher.is_some(),
        registered_address: device.address.map(|address| address.to_string()),
        address: present.as_ref().map(|state| state.address.to_string()),
        last_seen_at: present.as_ref().map(|state| instant(state.last_seen_at)),
        connected_since: present.as_ref().and_then(|state| state.connected_since.map(instant)),
        observations_today,
        clock_offset_ms: present.as_ref().and_then(|state| state.clock_offset_ms),
        edition: present
            .and_then(|state| state.edition.map(str::to_string))
            .or_else(|| device.edition.as_ref().map(ToString::to_string)),
    }
}

fn presence_of(app: &App, device: &Device) -> Option<DeviceState> {
    app.presence.get(device.kind, &device.id)
}

/// Devices.
#[utoipa::path(get, path = "/devices", tag = "devices", params(DeviceQuery),
    responses((status = 200, body = List<DeviceView>)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: Signed,
    Query(query): Query<DeviceQuery>,
) -> Result<Json<List<DeviceView>>, Problem> {
    let now = app.clock.now();
    let kind = query.kind.as_deref().filter(|word| !word.is_empty()).map(parse_kind).transpose()?;
    let paging = Paging { limit: query.limit, offset: query.offset, sort: None };
    let today = app.board.observations_today();
    let count = |device: &Device| today.get(&device.id).copied().unwrap_or(0);
    let Some(wanted) = query.state.filter(|word| !word.is_empty()) else {
        let filter = DeviceFilter { kind, is_enabled: None, q: query.q };
        let window = Window { offset: paging.offset(), limit: paging.limit() };
        let page = app.records.devices(&filter, window).await?;
        let items = page.items.iter().map(|device| view(&app, device, now, count(device))).collect();
        return Ok(Json(List { items, total: page.total }));
    };
    // The state is known in memory only, so the filter runs over all devices: a county has some thousands.
    let word = query.q.unwrap_or_default();
    let matches = |device: &Device| {
        kind.is_none_or(|kind| device.kind == kind)
            && (word.is_empty()
                || device.id.as_str().contains(&word)
                || device.name.contains(word.as_str())
                || device.vehicle.is_some_and(|key| key.plate.to_string().contains(&word)))
    };
    let names = app.names.load();
    let found: Vec<_> = names
        .devices
        .iter()
        .filter(|device| matches(device))
        .map(|device| view(&app, device, now, count(device)))
        .filter(|view| view.state == wanted)
        .collect();
    let total = found.len() as u64;
    let items = found.into_iter().skip(paging.offset() as usize).take(paging.limit() as usize).collect();
    Ok(Json(List { items, total }))
}

fn kinds() -> String {
    DeviceKind::ALL.map(DeviceKind::key).join("、")
}

/// A login of JT/T 809 has room for a number and for eight characters.
fn check_fleet(username: Option<&str>, password: Option<&str>) -> Result<(), FieldFault> {
    if username.is_some_and(|username| username.parse::<u32>().is_err()) {
        return Err(("username", "须为数字，最大 4294967295"));
    }
    if password.is_some_and(|password| password.len() > FLEET_PASSWORD_MAX || !password.is_ascii()) {
        return Err(("password", "最多 8 个字母、数字或符号"));
    }
    Ok(())
}

/// Characters of a platform's password.
const FLEET_PASSWORD_MAX: usize = 8;

/// What a camera may be called: it is a step of the path that it posts to.
fn is_name(id: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    (1..=64).contains(&id.len()) && id.chars().all(is_fit)
}

pub(crate) fn parse_kind(word: &str) -> Result<DeviceKind, Problem> {
    DeviceKind::parse(word)
        .ok_or_else(|| Problem::invalid(format!("设备类型须为 {}。", kinds()), "Unknown kind of device."))
}

/// Why a field is not taken: which, and what is wrong.
type FieldFault = (&'static str, &'static str);

/// What is kept of M1, IA1 and IC1. The same as before stays as it was sealed, so that nothing seems changed.
fn sealed(
    seal: &Seal,
    device: &Device,
    input: CipherInput,
    old: Option<&SealedPassword>,
) -> Result<Option<SealedPassword>, FieldFault> {
    let CipherInput { m1, ia1, ic1 } = input;
    match (device.kind, m1) {
        (_, 0) if ia1 == 0 && ic1 == 0 => return Ok(None),
        (DeviceKind::Fleet, 0) => return Err(("m1", "不得为 0")),
        (DeviceKind::Fleet, _) => {}
        _ => return Err(("m1", "只用于监控平台（JT/T 809）")),
    }
    let text = cipher_text(FleetCipher { m1, ia1, ic1 });
    if let Some(old) = old.filter(|old| seal.open(&device.id, old).as_ref() == Some(&text)) {
        return Ok(Some(old.clone()));
    }
    seal.seal(&device.id, &text).map(Some).ok_or(("m1", "暂时无法保存，请重试"))
}

/// Reads what a client or a row of a file says of a device; the error is the field and what is wrong. `old` is how it is registered,
/// if it is.
pub(crate) fn device_of(
    input: &DeviceInput,
    seal: &Seal,
    old: Option<&Device>,
) -> Result<Device, FieldFault> {
    let mut device = device_without_cipher(input)?;
    if let Some(cipher) = input.cipher {
        device.cipher = sealed(seal, &device, cipher, old.and_then(|old| old.cipher.as_ref()))?;
    }
    Ok(device)
}

fn device_without_cipher(input: &DeviceInput) -> Result<Device, FieldFault> {
    let kind = match input.kind.trim() {
        "相机" | "卡口相机" => DeviceKind::Camera,
        "海康" | "海康相机" => DeviceKind::Isapi,
        "大华" | "大华相机" => DeviceKind::Dahua,
        "终端" | "车载终端" => DeviceKind::Terminal,
        "平台" | "监控平台" => DeviceKind::Fleet,
        word => DeviceKind::parse(word).ok_or(("kind", "须为 camera、isapi、dahua、terminal 或 fleet"))?,
    };
    let id = input.id.trim();
    let is_digits = !id.is_empty() && id.chars().all(|c| c.is_ascii_digit());
    let id = match kind {
        DeviceKind::Camera if is_digits && id.len() == 20 => DeviceId::from(id),
        DeviceKind::Camera => return Err(("id", "须为 20 位数字")),
        DeviceKind::Terminal if is_digits && id.len() <= 20 => terminal_id(id),
        DeviceKind::Terminal => return Err(("id", "须为终端手机号，最多 20 位数字")),
        DeviceKind::Isapi | DeviceKind::Dahua if is_name(id) => DeviceId::from(id),
        DeviceKind::Isapi | DeviceKind::Dahua => {
            return Err(("id", "须为字母、数字或 - _ . : 组成的名称，最多 64 个"));
        }
        // Written without leading zeros: in a message it is a number.
        DeviceKind::Fleet => match id.parse::<u32>() {
            Ok(code) if is_digits && code > 0 => DeviceId::from(code.to_string().as_str()),
            _ => return Err(("id", "须为平台接入码（1 至 4294967295 的数字）")),
        },
    };
    let word = |text: &Option<String>| {
        text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_string)
    };
    let vehicle = match (word(&input.vehicle_plate), word(&input.vehicle_plate_class)) {
        (Some(plate), class) => {
            let class = class.unwrap_or_else(|| "02".into());
            Some(key_of(&plate, &class).map_err(|_| ("vehicle_plate", "号牌号码或号牌种类有误"))?)
        }
        (None, _) => None,
    };
    let username =
        (kind != DeviceKind::Terminal).then(|| word(&input.username).unwrap_or_else(|| id.to_string()));
    let address = word(&input.registered_address).map(|address| address.parse()).transpose();
    if kind == DeviceKind::Fleet {
        check_fleet(username.as_deref(), input.password.as_deref())?;
    }
    let secret = match (&username, word(&input.password)) {
        (Some(username), Some(password)) => Some(DeviceSecret(camera_ha1(username, &password))),
        _ => None,
    };
    Ok(Device {
        kind,
        name: if input.name.trim().is_empty() { id.as_str().into() } else { input.name.trim().into() },
        id,
        is_enabled: true,
        username: username.map(Into::into),
        secret,
        checkpoints: input.checkpoint_ids.iter().map(|id| CheckpointId::from(id.trim())).collect(),
        vehicle,
        edition: None,
        address: address.map_err(|_| ("registered_address", "须为 IP 地址"))?,
        cipher: None,
    })
}

/// Registers a device.
#[utoipa::path(post, path = "/devices", tag = "devices", request_body = DeviceInput,
    responses((status = 200, body = DeviceView), (status = 409), (status = 422)))]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    by: Signed,
    Json(input): Json<DeviceInput>,
) -> Result<Json<DeviceView>, Problem> {
    let device = device_of(&input, &app.seal, None).map_err(|(field, why)| {
        Problem::invalid(format!("{field} {why}。"), format!("The field {field} is wrong."))
    })?;
    if app.records.device(device.kind, &device.id).await?.is_some() {
        return Err(Problem::conflict("该设备已登记。", "This device is registered."));
    }
    store(&app, &by, &device, "device.create").await?;
    Ok(Json(view(&app, &device, app.clock.now(), 0)))
}

async fn store(app: &App, by: &Signed, device: &Device, action: &str) -> Result<(), Problem> {
    app.records.put_devices(std::slice::from_ref(device)).await?;
    app.reference_changed().await?;
    by.audit(app, action, device.id.as_str(), &device.name).await
}

/// Changes a device.
#[utoipa::path(patch, path = "/devices/{kind}/{id}", tag = "devices", request_body = DeviceChange,
    params(("kind" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = DeviceView), (status = 404), (status = 422)))]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    by: Signed,
    Path((kind, id)): Path<(String, String)>,
    Json(input): Json<DeviceChange>,
) -> Result<Json<DeviceView>, Problem> {
    let id = DeviceId::from(id.as_str());
    let mut device = app.records.device(parse_kind(&kind)?, &id).await?.ok_or_else(no_such)?;
    if let Some(name) = input.name.filter(|name| !name.trim().is_empty()) {
        device.name = name.trim().into();
    }
    if let Some(is_enabled) = input.is_enabled {
        device.is_enabled = is_enabled;
    }
    if let Some(ids) = input.checkpoint_ids {
        device.checkpoints = ids.iter().map(|id| CheckpointId::from(id.trim())).collect();
    }
    if let Some(plate) = input.vehicle_plate {
        let class = input.vehicle_plate_class.unwrap_or_else(|| "02".into());
        device.vehicle = if plate.trim().is_empty() { None } else { Some(key_of(&plate, &class)?) };
    }
    if let Some(address) = input.registered_address {
        let address = Some(address.trim()).filter(|address| !address.is_empty());
        device.address = address.map(str::parse).transpose().map_err(|_| {
            Problem::invalid("登记地址须为 IP 地址。", "The registered address is no IP address.")
        })?;
    }
    if let Some(username) = input.username.filter(|name| !name.trim().is_empty()) {
        if input.password.is_none() && device.username.as_deref() != Some(username.trim()) {
            return Err(Problem::invalid(
                "修改用户名时须同时设置密码。",
                "A new user name needs the password with it: only its digest is kept.",
            ));
        }
        device.username = Some(username.trim().into());
    }
    if device.kind == DeviceKind::Fleet {
        check_fleet(device.username.as_deref(), input.password.as_deref()).map_err(|(field, why)| {
            Problem::invalid(format!("{field} {why}。"), format!("The field {field} is wrong."))
        })?;
    }
    if let Some(cipher) = input.cipher {
        let kept = sealed(&app.seal, &device, cipher, device.cipher.as_ref());
        device.cipher = kept.map_err(|(field, why)| {
            Problem::invalid(format!("{field} {why}。"), format!("The field {field} is wrong."))
        })?;
    }
    if let Some(password) = input.password.filter(|password| !password.is_empty()) {
        let username = device.username.clone().unwrap_or_else(|| device.id.0.clone());
        device.secret = Some(DeviceSecret(camera_ha1(&username, &password)));
        device.username = Some(username);
    }
    store(&app, &by, &device, "device.change").await?;
    Ok(Json(view(&app, &device, app.clock.now(), 0)))
}

/// Removes a device.
#[utoipa::path(delete, path = "/devices/{kind}/{id}", tag = "devices",
    params(("kind" = String, Path), ("id" = String, Path)), responses((status = 204), (status = 404)))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    by: Signed,
    Path((kind, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let id = DeviceId::from(id.as_str());
    if !app.records.remove_device(parse_kind(&kind)?, &id).await? {
        return Err(no_such());
    }
    app.reference_changed().await?;
    by.audit(&app, "device.remove", id.as_str(), &kind).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Devices that were refused, newest first.
#[utoipa::path(get, path = "/refused-devices", tag = "devices", responses((status = 200, body = List<RefusedView>)))]
pub(crate) async fn refused(
    State(app): State<Arc<App>>,
    _: Signed,
) -> Result<Json<List<RefusedView>>, Problem> {
    let items: Vec<_> = app
        .records
        .refused_devices()
        .await?
        .into_iter()
        .map(|refused| RefusedView {
            kind: refused.kind.key(),
            id: refused.id.to_string(),
            address: refused.address.to_string(),
            first_seen_at: instant(refused.first_seen_at),
            last_seen_at: instant(refused.last_seen_at),
            attempts: refused.attempts,
            reason: refused.reason.key(),
            detail: refused.detail,
        })
        .collect();
    Ok(Json(List { total: items.len() as u64, items }))
}

/// Admits a refused device: registers it, or enables it and sets a new password.
#[utoipa::path(post, path = "/refused-devices/{kind}/{id}/admit", tag = "devices", request_body = AdmitInput,
    params(("kind" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = AdmittedView), (status = 422)))]
pub(crate) async fn admit(
    State(app): State<Arc<App>>,
    by: Signed,
    Path((kind, id)): Path<(String, String)>,
    Json(input): Json<AdmitInput>,
) -> Result<Json<AdmittedView>, Problem> {
    let kind = parse_kind(&kind)?;
    if kind == DeviceKind::Camera && app.records.platform(&DeviceId::from(id.as_str())).await?.is_some() {
        return Err(Problem::conflict(
            "这是已登记的平台，请在“平台对接”中设置其密码。",
            "This is a registered platform: its password is set among the platforms.",
        ));
    }
    let known = app.records.device(kind, &DeviceId::from(id.as_str())).await?;
    let typed = input.password.filter(|password| !password.is_empty());
    let is_known_by_address = typed.is_none() && matches!(kind, DeviceKind::Isapi | DeviceKind::Dahua);
    let has_password = kind != DeviceKind::Terminal && !is_known_by_address;
    let made_up = (has_password && typed.is_none()).then(records::OneTimePassword::generate);
    let address = if is_known_by_address { refused_address(&app, kind, &id).await? } else { None };
    let made_up = made_up.map(|password| {
        let length = if kind == DeviceKind::Fleet { FLEET_PASSWORD_MAX } else { usize::MAX };
        password.reveal().chars().take(length).collect::<String>()
    });
    let password = typed.or_else(|| made_up.clone());
    let device = match known {
        Some(mut device) => {
            device.is_enabled = true;
            if let (Some(username), Some(password)) = (&device.username, &password) {
                device.secret = Some(DeviceSecret(camera_ha1(username, password)));
            }
            device.address = address.as_ref().and_then(|address| address.parse().ok()).or(device.address);
            device
        }
        None => device_without_cipher(&DeviceInput {
            kind: kind.key().into(),
            id: id.clone(),
            name: input.name.unwrap_or_default(),
            username: None,
            password,
            registered_address: address,
            checkpoint_ids: input.checkpoint_ids,
            vehicle_plate: input.vehicle_plate,
            vehicle_plate_class: input.vehicle_plate_class,
            cipher: None,
        })
        .map_err(|(field, why)| {
            Problem::invalid(format!("{field} {why}。"), format!("The field {field} is wrong."))
        })?,
    };
    store(&app, &by, &device, "device.admit").await?;
    app.records.forget_refused(kind, &device.id).await?;
    let device = view(&app, &device, app.clock.now(), 0);
    Ok(Json(AdmittedView { device, password: made_up }))
}

/// Where a refused device last spoke from.
async fn refused_address(app: &App, kind: DeviceKind, id: &str) -> Result<Option<String>, Problem> {
    let refused = app.records.refused_devices().await?;
    let last = refused.into_iter().find(|refused| refused.kind == kind && refused.id.as_str() == id);
    Ok(last.map(|refused| refused.address.to_string()))
}

/// Takes a refused device off the list; it comes back when it tries again.
#[utoipa::path(delete, path = "/refused-devices/{kind}/{id}", tag = "devices",
    params(("kind" = String, Path), ("id" = String, Path)), responses((status = 204), (status = 404)))]
pub(crate) async fn dismiss(
    State(app): State<Arc<App>>,
    by: Signed,
    Path((kind, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let id = DeviceId::from(id.as_str());
    if !app.records.forget_refused(parse_kind(&kind)?, &id).await? {
        return Err(no_such());
    }
    by.audit(&app, "device.dismiss", id.as_str(), &kind).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn no_such() -> Problem {
    Problem::not_found("没有这台设备。", "There is no such device.")
}
