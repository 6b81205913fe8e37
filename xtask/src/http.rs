//! The few requests that the tool makes to a server on this machine. Not a client for anything else.

use crate::shell::Result;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Sends JSON and gives the status and the body of the answer.
pub(crate) fn send(
    method: &str,
    address: &str,
    path: &str,
    token: &str,
    json: &str,
) -> Result<(u16, String)> {
    let authorization =
        if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n{authorization}\
         Content-Length: {}\r\nConnection: close\r\n\r\n{json}",
        json.len()
    );
    let failed = |error: std::io::Error| format!("{method} http://{address}{path}: {error}");
    let mut stream = TcpStream::connect(address).map_err(failed)?;
    stream.set_read_timeout(Some(Duration::from_mins(1))).map_err(failed)?;
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(failed)?;
    let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_string();
    Ok((status, body))
}

/// Waits until the server answers that it is well.
pub(crate) fn wait_until_well(address: &str, mut ended: impl FnMut() -> Option<String>) -> Result {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(why) = ended() {
            return Err(why);
        }
        if send("GET", address, "/api/v1/health", "", "").is_ok_and(|(status, _)| status == 200) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("http://{address} did not answer within a minute"));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The text of a field in an answer: enough for tokens, which have no escapes.
pub(crate) fn field(json: &str, name: &str) -> Option<String> {
    let after = json.split_once(&format!("\"{name}\":"))?.1.trim_start();
    let text = after.strip_prefix('"')?;
    text.split_once('"').map(|(value, _)| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found() {
        assert_eq!(field(r#"{"token":"abc","user":{}}"#, "token").as_deref(), Some("abc"));
        assert_eq!(field(r#"{"token":5}"#, "token"), None);
    }
}
