//! Who may speak: a value made from the records, replaced whole when they change.

use arc_swap::ArcSwap;
use domain::{CheckpointId, DeviceId, DeviceKind, VehicleKey};
use jt809::Cipher;
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

/// A registered camera.
#[derive(Clone, Debug, Default)]
pub struct CameraEntry {
    /// Whether it may speak.
    pub is_enabled: bool,
    /// User name with which it proves itself.
    pub username: SmolStr,
    /// HA1 of RFC 2617: MD5 of `username:realm:password`, 32 hexadecimal digits; empty without a password. The password itself
    /// is not kept.
    pub ha1: SmolStr,
    /// Where it speaks from, where that is registered; another address is then refused. Not asked of GA/T 1400.
    pub address: Option<IpAddr>,
    /// Checkpoints it serves; the first is meant where an object names none.
    pub checkpoints: Vec<CheckpointId>,
}

/// A registered vehicle terminal.
#[derive(Clone, Debug)]
pub struct TerminalEntry {
    /// Whether it may speak.
    pub is_enabled: bool,
    /// The vehicle that carries it.
    pub vehicle: Option<VehicleKey>,
}

/// A registered platform of vehicle terminals (车辆监控平台).
#[derive(Clone, Debug, Default)]
pub struct FleetEntry {
    /// Whether it may speak.
    pub is_enabled: bool,
    /// User name, a number.
    pub username: SmolStr,
    /// As in [`CameraEntry::ha1`].
    pub ha1: SmolStr,
    /// Where it speaks from, where that is registered; another address is then refused.
    pub address: Option<IpAddr>,
    /// What its messages are encrypted with, where that was agreed upon.
    pub cipher: Option<Cipher>,
}

/// Another platform that may register with us.
#[derive(Clone, Debug)]
pub struct PlatformEntry {
    /// Whether it may speak.
    pub is_enabled: bool,
    /// User name for the digest registration.
    pub username: SmolStr,
    /// HA1 of RFC 2617, as of a [camera](CameraEntry::ha1).
    pub ha1: SmolStr,
    /// Checkpoints that it may know of and have passages of.
    pub checkpoints: BTreeSet<CheckpointId>,
}

/// A checkpoint, as far as other platforms ask for it.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckpointEntry {
    /// Name, as people say it.
    pub name: SmolStr,
    /// Longitude and latitude in degrees, WGS-84.
    pub location: (f64, f64),
}

/// All registered devices.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// GA/T 1400, by the 20 digits.
    pub cameras: HashMap<DeviceId, CameraEntry>,
    /// Cameras and recorders that post the notices of their maker.
    pub notifiers: BTreeMap<(DeviceKind, DeviceId), CameraEntry>,
    /// By SIM number without leading zeros (see [`terminal_id`]).
    pub terminals: HashMap<DeviceId, TerminalEntry>,
    /// By access code, without leading zeros.
    pub fleets: HashMap<DeviceId, FleetEntry>,
    /// By the 20 digits.
    pub platforms: HashMap<DeviceId, PlatformEntry>,
    /// The checkpoints that we know: passages that a platform reports of others are not taken.
    pub checkpoints: BTreeMap<CheckpointId, CheckpointEntry>,
}

impl Directory {
    /// User name and HA1 of a camera or platform, and whether it may speak.
    pub(crate) fn credentials(&self, id: &DeviceId) -> Option<(&SmolStr, &SmolStr, bool)> {
        let camera = self.cameras.get(id).map(|entry| (&entry.username, &entry.ha1, entry.is_enabled));
        camera.or_else(|| {
            let platform = self.platforms.get(id)?;
            Some((&platform.username, &platform.ha1, platform.is_enabled))
        })
    }
}

/// The directory as the listeners hold it.
pub type SharedDirectory = Arc<ArcSwap<Directory>>;

/// The realm in which cameras prove themselves; part of HA1, so it never changes.
pub const CAMERA_REALM: &str = "viid";

/// The identity of a terminal: its SIM number without leading zeros, because 2011/2013 pad to 12 digits and 2019 to 20.
pub fn terminal_id(sim: &str) -> DeviceId {
    let digits = sim.trim_start_matches('0');
    DeviceId::from(if digits.is_empty() { "0" } else { digits })
}

/// What is kept of a camera's password: HA1 of RFC 2617 in the realm [`CAMERA_REALM`].
pub fn camera_ha1(username: &str, password: &str) -> String {
    gat1400::digest::Ha1::new(username, CAMERA_REALM, password).as_hex().to_string()
}

/// M1, IA1 and IC1 of a platform as they are kept, sealed.
pub fn cipher_text(cipher: Cipher) -> String {
    let Cipher { m1, ia1, ic1 } = cipher;
    format!("{m1} {ia1} {ic1}")
}

/// What [`cipher_text`] wrote.
pub fn cipher_of_text(text: &str) -> Option<Cipher> {
    let mut numbers = text.split(' ').map(|number| number.parse().ok());
    let mut next = || numbers.next().flatten();
    Some(Cipher { m1: next()?, ia1: next()?, ic1: next()? })
}
