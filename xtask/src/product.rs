//! The product with a simulated county, started and ended by the tool.

use crate::shell::{Result, Running, target};
use crate::{http, shell};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// File in the folder with the administrator's password, which a demo gives to everybody.
pub(crate) const PASSWORD_FILE: &str = "password";

/// A running server, its folder and the administrator's session.
pub(crate) struct Product {
    server: Running,
    pub(crate) folder: PathBuf,
    pub(crate) http: String,
    devices: BTreeMap<&'static str, String>,
    pictures: String,
    pub(crate) password: String,
    pub(crate) token: String,
}

/// The protocols of devices by their names in the product's configuration; each takes the next ten of the ports.
const PROTOCOLS: [&str; 5] = ["viid", "terminals", "isapi", "dahua", "fleets"];

/// Where to listen: the port of the page; the protocols of devices, then the simulator's pictures, take the next tens.
#[derive(Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) http: u16,
}

impl Product {
    /// Starts `anchang` built with `profile` on an empty `folder` and sets the administrator's password.
    pub(crate) fn start(profile: &str, folder: &Path, ports: Ports, arguments: &[&str]) -> Result<Self> {
        let address = |offset: u16| format!("127.0.0.1:{}", ports.http + offset);
        let http_at = address(0);
        let of_devices: Vec<String> = (1..).zip(PROTOCOLS).map(|(ten, _)| address(10 * ten)).collect();
        let pictures = address(10 * (PROTOCOLS.len() as u16 + 1));
        // Before anything is removed: the folder may be that of a product which still runs.
        for taken in [&http_at, &pictures].into_iter().chain(&of_devices) {
            if TcpStream::connect(taken).is_ok() {
                return Err(format!(
                    "something listens at {taken} already; stop it, or choose another --port"
                ));
            }
        }
        if folder.exists() {
            fs::remove_dir_all(folder)
                .map_err(|error| format!("can't empty {}: {error}", folder.display()))?;
        }
        fs::create_dir_all(folder).map_err(|error| format!("can't make {}: {error}", folder.display()))?;
        let log = fs::File::create(folder.join("anchang.log")).map_err(|error| error.to_string())?;
        let mut command = Command::new(program("anchang", profile));
        command
            .arg("--data-dir")
            .arg(folder)
            .args(["--http", &http_at])
            .args(
                PROTOCOLS
                    .iter()
                    .zip(&of_devices)
                    .flat_map(|(name, at)| ["--listen".into(), format!("{name}={at}")]),
            )
            .args(arguments)
            .stdout(log.try_clone().map_err(|error| error.to_string())?)
            .stderr(log)
            .stdin(Stdio::null());
        let mut server = Running::start("anchang", &mut command)?;
        let log_path = folder.join("anchang.log");
        http::wait_until_well(&http_at, || {
            server.ended().map(|why| format!("{why}; its log is {}", log_path.display()))
        })?;
        let (password, token) = set_password(&http_at, folder)?;
        let devices = PROTOCOLS.into_iter().zip(of_devices).collect();
        Ok(Self { server, folder: folder.to_path_buf(), http: http_at, devices, pictures, password, token })
    }

    /// Where a protocol of devices is served.
    pub(crate) fn at(&self, protocol: &str) -> &str {
        self.devices.get(protocol).map_or("", String::as_str)
    }

    /// Why the server has ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<String> {
        self.server.ended()
    }

    /// The simulator pointed at this server; the caller adds what else it shall do.
    pub(crate) fn simulator(&self, profile: &str, verb: &[&str]) -> Command {
        let mut command = Command::new(program("sim", profile));
        command
            .args(verb)
            .args(["--api", &format!("http://{}", self.http)])
            .args(["--server", &format!("http://{}", self.at("viid"))])
            .args(["--terminals", self.at("terminals")])
            .args(["--isapi", &format!("http://{}", self.at("isapi"))])
            .args(["--dahua", &format!("http://{}", self.at("dahua"))])
            .args(["--fleets", self.at("fleets")])
            .args(["--pictures", &self.pictures])
            .args(["--admin-token", &self.token]);
        command
    }

    /// The simulator as a load on this server's cameras.
    pub(crate) fn load(&self, profile: &str, kind: &str) -> Command {
        let mut command = Command::new(program("sim", profile));
        command.args(["load", kind, "--server", &format!("http://{}", self.at("viid"))]);
        command
    }
}

/// The path of a built program.
pub(crate) fn program(name: &str, profile: &str) -> PathBuf {
    target().join(if profile == "dev" { "debug" } else { profile }).join(name)
}

/// Signs in with the one-time password and sets another, as a person would at the first start.
fn set_password(address: &str, folder: &Path) -> Result<(String, String)> {
    let text = fs::read_to_string(folder.join("first-administrator.txt"))
        .map_err(|error| format!("no first-administrator.txt: {error}"))?;
    let one_time = one_time_password(&text).ok_or("first-administrator.txt names no password")?;
    let log_in = |password: &str| -> Result<String> {
        let body = format!(r#"{{"username":"admin","password":"{password}"}}"#);
        let (status, answer) = http::send("POST", address, "/api/v1/session", "", &body)?;
        http::field(&answer, "token").ok_or_else(|| format!("signing in answered {status}: {answer}"))
    };
    let first = log_in(&one_time)?;
    let password = format!("Anhe-{}", random_digits()?);
    let body = format!(r#"{{"current_password":"{one_time}","new_password":"{password}"}}"#);
    let (status, answer) = http::send("PUT", address, "/api/v1/session/password", &first, &body)?;
    if status != 204 {
        return Err(format!("setting the password answered {status}: {answer}"));
    }
    let token = log_in(&password)?;
    for (name, text) in [("token", &token), (PASSWORD_FILE, &password)] {
        fs::write(folder.join(name), text).map_err(|error| error.to_string())?;
    }
    Ok((password, token))
}

/// The last word of 16 letters and digits in the file.
fn one_time_password(text: &str) -> Option<String> {
    let mut words = text.rsplit(|c: char| !c.is_ascii_alphanumeric());
    words.find(|word| word.len() == 16).map(str::to_string)
}

fn random_digits() -> Result<String> {
    let mut bytes = [0u8; 8];
    let read = fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|error| format!("no randomness: {error}"))?;
    Ok(format!("{:08}", u64::from_le_bytes(bytes) % 100_000_000))
}

/// Builds the page and both programs.
pub(crate) fn build(profile: &str) -> Result {
    crate::test::build_page()?;
    shell::run(&format!("cargo build --profile {profile} -p anchang -p sim"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_time_password_is_found_among_words() {
        let text = "用户名 admin 一次性口令：abcdefghjk234567\n";
        assert_eq!(one_time_password(text).as_deref(), Some("abcdefghjk234567"));
    }
}
