//! Configuration: one TOML file, each key with a default, so that none is needed. See `docs/configuration.md`.

use judgement::Parameters;
use serde::Deserialize;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

const MIB: usize = 1 << 20;
const GIB: u64 = 1 << 30;

/// The models' parameters that are part of the binary.
const MODELS: &str = include_str!("../../../data/models.toml");
const CALIBRATION: &str = include_str!("../../../data/calibration.toml");
const PLATE_CONFUSIONS: &str = include_str!("../../../data/plate-confusions.toml");
/// What the offence codes of cameras mean.
const CASES: &str = include_str!("../../../data/cases.toml");
const HAZARDS: &str = include_str!("../../../data/hazards.toml");
const SYNONYMS: &str = include_str!("../../../data/column-synonyms.toml");
const OFFENCE_CODES: &str = include_str!("../../../data/offence-codes.toml");

/// Everything that can be configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Folder of everything that is kept.
    pub(crate) data_dir: PathBuf,
    /// Where pages and programs are served.
    pub(crate) http: SocketAddr,
    /// Where each protocol of devices is served.
    pub(crate) listen: Listen,
    /// Whose time it is.
    pub(crate) clock: ClockKind,
    /// 20 digits under which the platform answers cameras (GA/T 1400.1).
    pub(crate) server_id: SmolStr,
    /// A file in place of `data/column-synonyms.toml`.
    pub(crate) column_synonyms: Option<PathBuf>,
    /// A file in place of `data/cases.toml`.
    pub(crate) cases: Option<PathBuf>,
    /// A file in place of `data/hazards.toml`.
    pub(crate) hazards: Option<PathBuf>,
    /// A file in place of `data/offence-codes.toml`.
    pub(crate) offence_codes: Option<PathBuf>,
    /// Bounds of the gateway.
    pub(crate) limits: gateway::Limits,
    /// How often judgement's state is saved, in ms: bounds what a restart folds again.
    pub(crate) snapshot_period_ms: u64,
    /// On how many threads entries are judged when many have come; by default two, where there are so many cores.
    pub(crate) judging_threads: Option<usize>,
    /// The journal of entries.
    pub(crate) journal: JournalConfig,
    /// The archiving of the journal into the history.
    pub(crate) history: HistoryConfig,
    /// The journal of pictures.
    pub(crate) pictures: PicturesConfig,
    /// Where the map looks.
    pub(crate) map: api::MapConfig,
    /// Files that replace the models' parameters.
    pub(crate) models: ModelFiles,
    /// Other platforms.
    pub(crate) platforms: PlatformsConfig,
    /// Web push.
    pub(crate) push: api::notice::PushConfig,
}

/// How links to other platforms are kept.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PlatformsConfig {
    keepalive_s: u64,
    retry_s_max: u64,
}

impl Default for PlatformsConfig {
    fn default() -> Self {
        Self { keepalive_s: 30, retry_s_max: 60 }
    }
}

impl PlatformsConfig {
    pub(crate) fn options(self) -> platform::Options {
        platform::Options {
            keepalive: Duration::from_secs(self.keepalive_s.max(1)),
            retry_max: Duration::from_secs(self.retry_s_max.max(1)),
        }
    }
}

/// Where each of [`gateway::PROTOCOLS`] is served; one that is not named has its default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "BTreeMap<String, SocketAddr>")]
pub(crate) struct Listen(BTreeMap<&'static str, SocketAddr>);

impl Listen {
    /// Where a protocol is served.
    pub(crate) fn at(&self, protocol: &gateway::Protocol) -> SocketAddr {
        let named = self.0.get(protocol.name).copied();
        named.unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, protocol.port).into())
    }

    /// Serves a protocol elsewhere; the error names the protocols there are.
    pub(crate) fn set(&mut self, name: &str, address: SocketAddr) -> Result<(), String> {
        let Some(protocol) = gateway::Protocol::find(name) else {
            let names: Vec<_> = gateway::PROTOCOLS.iter().map(|protocol| protocol.name).collect();
            return Err(format!("there is no protocol {name:?}, only {}", names.join(", ")));
        };
        self.0.insert(protocol.name, address);
        Ok(())
    }
}

impl TryFrom<BTreeMap<String, SocketAddr>> for Listen {
    type Error = String;

    fn try_from(addresses: BTreeMap<String, SocketAddr>) -> Result<Self, String> {
        let mut listen = Self::default();
        for (name, address) in addresses {
            listen.set(&name, address)?;
        }
        Ok(listen)
    }
}

/// An address as the command line names it: `NAME=ADDRESS`.
#[derive(Clone, Debug)]
pub(crate) struct ListenAt(pub(crate) String, pub(crate) SocketAddr);

impl std::str::FromStr for ListenAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, address) = text.split_once('=').ok_or("write NAME=ADDRESS, such as viid=0.0.0.0:8710")?;
        let address = address.parse().map_err(|error| format!("{address}: {error}"))?;
        Listen::default().set(name, address)?;
        Ok(Self(name.to_owned(), address))
    }
}

/// Whose time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClockKind {
    /// The machine's.
    System,
    /// A simulation's, for runs faster than life.
    Driven,
}

/// The journal of entries.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct JournalConfig {
    segment_bytes_max: u64,
    retention_bytes_max: u64,
}

/// The archiving of the journal into the history.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HistoryConfig {
    /// Entries of one seal: bounds what is held in memory (some 50 MB for 100,000) and what a restart reads again.
    pub(crate) seal_rows: usize,
    /// Time after which what there is is sealed, in ms.
    pub(crate) seal_period_ms: u64,
    /// How often to look for segments that should be merged, in ms.
    pub(crate) merge_period_ms: u64,
    /// How often all files are compared with their checksums; 0 for never.
    pub(crate) verify_period_days: u32,
    /// Bytes that this reads a second, at most.
    pub(crate) verify_bytes_per_s: u64,
}

impl Default for HistoryConfig {
    fn default() -> Self {
        Self {
            seal_rows: 100_000,
            seal_period_ms: 5 * 60_000,
            merge_period_ms: 5_000,
            verify_period_days: 7,
            verify_bytes_per_s: 16 << 20,
        }
    }
}

/// The journal of pictures.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PicturesConfig {
    retention_bytes_max: u64,
}

/// Files that replace the models' parameters of the binary.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ModelFiles {
    /// In place of `data/models.toml`.
    parameters: Option<PathBuf>,
    /// In place of `data/plate-confusions.toml`.
    plate_confusions: Option<PathBuf>,
    /// In place of `data/calibration.toml`.
    calibration: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "var".into(),
            http: (Ipv4Addr::LOCALHOST, 8700).into(),
            listen: Listen::default(),
            clock: ClockKind::System,
            // Division 371327, then 502 for a video and image database.
            server_id: SmolStr::new_static("37132700005020000001"),
            column_synonyms: None,
            cases: None,
            hazards: None,
            offence_codes: None,
            limits: gateway::Limits::default(),
            snapshot_period_ms: 60_000,
            judging_threads: None,
            journal: JournalConfig::default(),
            history: HistoryConfig::default(),
            pictures: PicturesConfig::default(),
            map: api::MapConfig::default(),
            push: api::notice::PushConfig::default(),
            models: ModelFiles::default(),
            platforms: PlatformsConfig::default(),
        }
    }
}

impl Default for JournalConfig {
    fn default() -> Self {
        // A county's day of a million passages and ten million positions takes about 1 GiB.
        Self { segment_bytes_max: 64 * MIB as u64, retention_bytes_max: 20 * GIB }
    }
}

impl Default for PicturesConfig {
    fn default() -> Self {
        Self { retention_bytes_max: 50 * GIB }
    }
}

impl JournalConfig {
    pub(crate) fn options(self) -> journal::Options {
        journal::Options {
            segment_bytes_max: self.segment_bytes_max,
            retention_bytes_max: Some(self.retention_bytes_max),
            ..journal::Options::default()
        }
    }
}

impl PicturesConfig {
    /// Bounds for records of megabytes: a group holds the pictures of a camera's largest usual request.
    pub(crate) fn options(self) -> journal::Options {
        journal::Options {
            segment_bytes_max: 256 * MIB as u64,
            retention_bytes_max: Some(self.retention_bytes_max),
            record_bytes_max: 8 * MIB,
            group_bytes_max: 64 * MIB,
            queue_bytes_max: 128 * MIB,
            ..journal::Options::default()
        }
    }
}

/// Why a file can't be used. Each says which file, and where in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("could not read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}{place}: {message}", path.display())]
    Parse { path: PathBuf, place: String, message: String },
    #[error("{}: {message}", path.display())]
    Value { path: PathBuf, message: String },
}

impl Config {
    /// Reads a file; keys that it leaves out have their defaults.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let config: Self = parse(path, &read(path)?)?;
        config.check().map_err(|message| ConfigError::Value { path: path.to_owned(), message })?;
        Ok(config)
    }

    /// What the offence codes of cameras mean.
    pub(crate) fn offence_codes(&self) -> Result<gateway::OffenceCodes, ConfigError> {
        let (path, text) = text_of(self.offence_codes.as_deref(), "data/offence-codes.toml", OFFENCE_CODES)?;
        parse(&path, &text)
    }

    /// What columns and values of other systems are called.
    pub(crate) fn synonyms(&self) -> Result<tables::Synonyms, ConfigError> {
        let (path, text) = text_of(self.column_synonyms.as_deref(), "data/column-synonyms.toml", SYNONYMS)?;
        parse(&path, &text)
    }

    /// How cases are worked: terms, calendar, limits, categories of hazards.
    pub(crate) fn case_files(&self) -> Result<api::CaseFiles, ConfigError> {
        let (path, cases) = text_of(self.cases.as_deref(), "data/cases.toml", CASES)?;
        let (_, hazards) = text_of(self.hazards.as_deref(), "data/hazards.toml", HAZARDS)?;
        api::CaseFiles::read(&cases, &hazards)
            .map_err(|error| ConfigError::Value { path, message: error.to_string() })
    }

    fn check(&self) -> Result<(), String> {
        if self.server_id.len() != 20 || !self.server_id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("server_id must have 20 digits, not {:?}", self.server_id));
        }
        if self.limits.camera_picture_bytes_max > self.pictures.options().record_bytes_max {
            return Err(
                "limits.camera_picture_bytes_max is more than the 8 MiB that a stored picture may have"
                    .into(),
            );
        }
        Ok(())
    }
}

impl ModelFiles {
    /// By what is learned of devices and roads.
    pub(crate) fn load_calibration(&self) -> Result<calibration::Parameters, ConfigError> {
        let (path, text) = text_of(self.calibration.as_deref(), "data/calibration.toml", CALIBRATION)?;
        let parameters: calibration::Parameters = parse(&path, &text)?;
        parameters.check().map_err(|error| ConfigError::Value { path, message: error.to_string() })?;
        Ok(parameters)
    }

    /// The models' parameters, and a number that changes when they do.
    pub(crate) fn load(&self) -> Result<(Parameters, u64), ConfigError> {
        let (models_path, models) = text_of(self.parameters.as_deref(), "data/models.toml", MODELS)?;
        let (confusions_path, confusions) =
            text_of(self.plate_confusions.as_deref(), "data/plate-confusions.toml", PLATE_CONFUSIONS)?;
        let parameters = Parameters {
            models: parse(&models_path, &models)?,
            confusions: parse(&confusions_path, &confusions)?,
        };
        parameters
            .check()
            .map_err(|error| ConfigError::Value { path: models_path, message: error.to_string() })?;
        let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
        for text in [models, confusions] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        Ok((parameters, hasher.digest()))
    }
}

fn text_of(path: Option<&Path>, name: &str, embedded: &str) -> Result<(PathBuf, String), ConfigError> {
    match path {
        Some(path) => Ok((path.to_owned(), read(path)?)),
        None => Ok((name.into(), embedded.to_owned())),
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let before = text.get(..at).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = text.get(line_start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let mut place = format!(", line {}", before.matches('\n').count() + 1);
        if let Some((key, _)) = line.split_once('=') {
            write!(place, ", {}", key.trim()).expect("writing to a string can't fail");
        }
        // The message may go over lines; a log line may not.
        let message = error.message().lines().collect::<Vec<_>>().join("; ");
        ConfigError::Parse { path: path.to_owned(), place, message }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("anchang.toml");
        std::fs::write(&path, text).unwrap();
        let error = Config::read(&path).unwrap_err().to_string();
        error.replace(&dir.path().display().to_string(), "")
    }

    #[test]
    fn an_empty_file_and_the_defaults_are_good() {
        let config: Config = parse(Path::new("x"), "").unwrap();
        config.check().unwrap();
        assert_eq!(config.http.to_string(), "127.0.0.1:8700");
        config.models.load().unwrap();
    }

    #[test]
    fn a_refusal_names_file_line_and_key() {
        let unknown = refusal("[journal]\nsegment_bytes_max = 1\nretention = 5\n");
        assert!(unknown.starts_with("/anchang.toml, line 3, retention: unknown field"), "{unknown}");
        let wrong = refusal("data_dir = \"x\"\nhttp = \"localhost\"\n");
        assert!(wrong.starts_with("/anchang.toml, line 2, http: "), "{wrong}");
        assert!(refusal("server_id = \"12\"").contains("server_id must have 20 digits"));
        assert!(
            refusal("[limits]\ncamera_picture_bytes_max = 99999999").contains("camera_picture_bytes_max")
        );
        assert!(refusal("http = ").contains("line 1, http"));
        let nobody = refusal("[listen]\nmodem = \"127.0.0.1:1\"\n");
        assert!(nobody.contains("there is no protocol \"modem\", only viid, terminals, isapi"), "{nobody}");
    }

    #[test]
    fn the_document_has_every_bound_with_its_default() {
        let document = include_str!("../../../docs/configuration.md");
        let limits = serde_json::to_value(gateway::Limits::default()).unwrap();
        for (name, value) in limits.as_object().unwrap() {
            assert!(
                document.contains(&format!("| `{name}` | `{value}`")),
                "docs/configuration.md: {name} = {value}"
            );
        }
    }

    #[test]
    fn each_protocol_has_its_address_and_may_have_another() {
        let mut config: Config = parse(Path::new("x"), "[listen]\nviid = \"10.0.0.1:80\"\n").unwrap();
        let ListenAt(name, address) = "terminals=127.0.0.1:0".parse().unwrap();
        config.listen.set(&name, address).unwrap();
        let at = |name| config.listen.at(gateway::Protocol::find(name).unwrap()).to_string();
        assert_eq!((at("viid").as_str(), at("terminals").as_str()), ("10.0.0.1:80", "127.0.0.1:0"));
        assert_eq!(Listen::default().at(&gateway::PROTOCOLS[0]).to_string(), "0.0.0.0:8710");
        assert!("viid".parse::<ListenAt>().is_err() && "modem=127.0.0.1:0".parse::<ListenAt>().is_err());
        let document = include_str!("../../../docs/configuration.md");
        for protocol in gateway::PROTOCOLS {
            let line = format!("| `{}` | `\"0.0.0.0:{}\"`", protocol.name, protocol.port);
            assert!(document.contains(&line), "docs/configuration.md: {protocol:?}");
        }
    }

    #[test]
    fn offence_codes_are_built_in_or_a_file_of_the_county() {
        let codes = Config::default().offence_codes().unwrap();
        assert_eq!(codes.behaviour("1301"), domain::Behaviour::parse("wrong_way"));
        assert!(codes.len() > 20);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("codes.toml");
        let line = |code: &str, behaviour: &str| {
            format!(
                "[[offence]]\ncode = \"{code}\"\nbehaviour = \"{behaviour}\"\nzh = \"打电话\"\nen = \"phone\"\nsource = \"本地字典\"\n"
            )
        };
        std::fs::write(&path, line("1360", "phone")).unwrap();
        let config = Config { offence_codes: Some(path.clone()), ..Config::default() };
        let local = config.offence_codes().unwrap();
        assert_eq!(
            (local.behaviour("13600"), local.behaviour("1301")),
            (domain::Behaviour::parse("phone"), None)
        );
        std::fs::write(&path, line("1360", "phoning")).unwrap();
        let refused = config.offence_codes().unwrap_err().to_string();
        assert!(refused.contains("codes.toml") && refused.contains("no behaviour \"phoning\""), "{refused}");
    }

    #[test]
    fn other_parameters_have_another_fingerprint() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("models.toml");
        std::fs::write(&path, format!("# changed\n{MODELS}")).unwrap();
        let files = ModelFiles { parameters: Some(path.clone()), ..ModelFiles::default() };
        assert_ne!(files.load().unwrap().1, ModelFiles::default().load().unwrap().1);
        std::fs::write(&path, MODELS.replace("late_max_hours]\nvalue = 72", "late_max_hours]\nvalue = 0"))
            .unwrap();
        assert!(files.load().unwrap_err().to_string().contains("late_max_hours is 0"));
    }
}
