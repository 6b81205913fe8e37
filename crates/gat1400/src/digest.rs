//! HTTP Digest with MD5 and `qop=auth` (RFC 2617), as `/VIID/System/Register` asks for (GA/T 1400.4-2017).
//!
//! The server keeps no table of nonces: a nonce carries its issue time under a keyed hash. A caller who wants to stop
//! replays within a nonce's life remembers the highest [`Authorization::nonce_count`] of each nonce.

use md5::{Digest as _, Md5};
use std::fmt::Write as _;

/// Longest header value that is parsed; real ones are about 300 bytes.
pub const HEADER_BYTES_MAX: usize = 4_096;
/// Most parameters of one header; RFC 2617 knows 11.
const PARAMETERS_MAX: usize = 32;

/// MD5 of a user, a realm and a password: what a server may keep instead of the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Ha1([u8; HEX_LEN]);

const HEX_LEN: usize = 32;

impl Ha1 {
    pub fn new(username: &str, realm: &str, password: &str) -> Self {
        Ha1(md5_hex(&[username, realm, password]))
    }

    /// From the 32 hexadecimal digits.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let mut digits: [u8; HEX_LEN] = hex.as_bytes().try_into().ok()?;
        digits.make_ascii_lowercase();
        digits.iter().all(u8::is_ascii_hexdigit).then_some(Ha1(digits))
    }

    pub fn as_hex(&self) -> &str {
        hex_str(&self.0)
    }
}

/// Says nothing of the hash, which is as good as the password.
impl std::fmt::Debug for Ha1 {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Ha1(…)")
    }
}

/// MD5 over the parts joined by `:`, in lower-case hexadecimal.
fn md5_hex(parts: &[&str]) -> [u8; HEX_LEN] {
    let mut hasher = Md5::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hasher.update(b":");
        }
        hasher.update(part.as_bytes());
    }
    hex(hasher)
}

fn hex(hasher: Md5) -> [u8; HEX_LEN] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [0; HEX_LEN];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(hasher.finalize()) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 0xF)];
    }
    hex
}

fn hex_str(hex: &[u8; HEX_LEN]) -> &str {
    std::str::from_utf8(hex).expect("hexadecimal digits are ASCII")
}

/// Compares without telling by its time where the difference is.
fn is_equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// A server's side: its realm, its key, and how long a nonce is good.
#[derive(Clone)]
pub struct Server {
    realm: String,
    key: [u8; 32],
    nonce_life_ms: i64,
}

/// Why an answer was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyProblem {
    #[error("realm is not this server's")]
    Realm,
    #[error("nonce was not issued by this server")]
    Nonce,
    /// The credentials may be right: challenge again with [`Server::challenge_stale`].
    #[error("nonce has expired")]
    Stale,
    #[error("uri of the digest is not the request's")]
    Uri,
    #[error("digest does not match the password")]
    Response,
}

impl Server {
    /// `key` is random and secret; with the same key, nonces outlive a restart.
    pub fn new(realm: &str, key: [u8; 32], nonce_life_ms: i64) -> Self {
        // A quote or a line break in the realm would break the header it stands in.
        let realm = realm.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
        Server { realm, key, nonce_life_ms }
    }

    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The value of `WWW-Authenticate` beside status 401. No algorithm is named: that means MD5, and is what devices know.
    pub fn challenge(&self, now_unix_ms: i64) -> String {
        let nonce = self.nonce(now_unix_ms);
        let opaque = self.keyed("opaque", &self.realm);
        let (realm, opaque) = (&self.realm, hex_str(&opaque));
        format!(r#"Digest realm="{realm}",qop="auth",nonce="{nonce}",opaque="{opaque}""#)
    }

    /// As [`challenge`](Self::challenge), telling a client with an expired nonce that its password is not at fault.
    pub fn challenge_stale(&self, now_unix_ms: i64) -> String {
        self.challenge(now_unix_ms) + ",stale=true"
    }

    /// Checks an answer to a challenge. `method` and `uri` are those of the request that brought it.
    ///
    /// # Errors
    /// [`VerifyProblem`] says what is wrong.
    pub fn verify(
        &self,
        authorization: &Authorization,
        ha1: &Ha1,
        method: &str,
        uri: &str,
        now_unix_ms: i64,
    ) -> Result<(), VerifyProblem> {
        if authorization.realm != self.realm {
            return Err(VerifyProblem::Realm);
        }
        let issued_at_ms = self.issued_at_ms(&authorization.nonce).ok_or(VerifyProblem::Nonce)?;
        if path_of(&authorization.uri) != path_of(uri) {
            return Err(VerifyProblem::Uri);
        }
        if !is_equal(&authorization.expected_response(ha1, method), authorization.response.as_bytes()) {
            return Err(VerifyProblem::Response);
        }
        match now_unix_ms.checked_sub(issued_at_ms) {
            Some(age_ms) if (0..=self.nonce_life_ms).contains(&age_ms) => Ok(()),
            _ => Err(VerifyProblem::Stale),
        }
    }

    /// Issue time in hexadecimal, then the keyed hash of it.
    fn nonce(&self, now_unix_ms: i64) -> String {
        let issued = format!("{now_unix_ms:016x}");
        let seal = self.keyed("nonce", &issued);
        issued + hex_str(&seal)
    }

    fn issued_at_ms(&self, nonce: &str) -> Option<i64> {
        let (issued, seal) = nonce.split_at_checked(16)?;
        if !is_equal(&self.keyed("nonce", issued), seal.as_bytes()) {
            return None;
        }
        u64::from_str_radix(issued, 16).ok().map(|bits| bits as i64)
    }

    /// HMAC-MD5 (RFC 2104): a plain keyed prefix could be extended by whoever has seen one nonce.
    fn keyed(&self, purpose: &str, message: &str) -> [u8; HEX_LEN] {
        const BLOCK_LEN: usize = 64;
        let pad = |byte: u8| {
            let mut block = [byte; BLOCK_LEN];
            block.iter_mut().zip(self.key).for_each(|(padded, key)| *padded ^= key);
            block
        };
        let mut inner = Md5::new();
        inner.update(pad(0x36));
        inner.update(purpose.as_bytes());
        inner.update(b":");
        inner.update(message.as_bytes());
        let mut outer = Md5::new();
        outer.update(pad(0x5c));
        outer.update(inner.finalize());
        hex(outer)
    }
}

/// Scheme and host may stand before the path, as proxies write them.
fn path_of(uri: &str) -> &str {
    match uri.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|start| rest.get(start..)).unwrap_or("/"),
        None => uri,
    }
}

/// A header that is not a Digest header with what is needed in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    #[error("header is longer than {HEADER_BYTES_MAX} bytes")]
    TooLong,
    #[error("not a digest header")]
    NotDigest,
    #[error("digest header has no {0}")]
    Missing(&'static str),
    #[error("digest header asks for another {0} than this interface uses")]
    Unsupported(&'static str),
}

/// What a server said in `WWW-Authenticate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub realm: String,
    pub nonce: String,
    pub opaque: Option<String>,
    /// The server offers `qop=auth`; without it the older form of RFC 2069 is answered.
    pub has_qop_auth: bool,
    /// The password was right, only the nonce had expired.
    pub is_stale: bool,
}

/// What a client sends of itself.
#[derive(Clone, Copy)]
pub struct Credentials<'c> {
    pub username: &'c str,
    pub password: &'c str,
}

impl Challenge {
    /// # Errors
    /// [`HeaderProblem`] when it cannot be answered.
    pub fn parse(header: &str) -> Result<Self, HeaderProblem> {
        let mut parameters = parse_parameters(header)?;
        check_algorithm(&parameters)?;
        let has_qop_auth = match find(&parameters, "qop") {
            Some(offered) if offered.split(',').any(|qop| qop.trim().eq_ignore_ascii_case("auth")) => true,
            Some(offered) if !offered.is_empty() => return Err(HeaderProblem::Unsupported("qop")),
            _ => false,
        };
        Ok(Challenge {
            is_stale: find(&parameters, "stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
            has_qop_auth,
            realm: take(&mut parameters, "realm").ok_or(HeaderProblem::Missing("realm"))?,
            nonce: take(&mut parameters, "nonce").ok_or(HeaderProblem::Missing("nonce"))?,
            opaque: take(&mut parameters, "opaque"),
        })
    }

    /// The value of `Authorization` for a request. `cnonce` is random; `nonce_count` counts the requests with this nonce,
    /// from 1.
    pub fn answer(
        &self,
        credentials: Credentials<'_>,
        method: &str,
        uri: &str,
        cnonce: &str,
        nonce_count: u32,
    ) -> String {
        let mut authorization = Authorization {
            username: credentials.username.to_owned(),
            realm: self.realm.clone(),
            nonce: self.nonce.clone(),
            uri: uri.to_owned(),
            response: String::new(),
            opaque: self.opaque.clone(),
            auth: self
                .has_qop_auth
                .then(|| Auth { cnonce: cnonce.to_owned(), nc: format!("{nonce_count:08x}") }),
        };
        let ha1 = Ha1::new(credentials.username, &self.realm, credentials.password);
        hex_str(&authorization.expected_response(&ha1, method)).clone_into(&mut authorization.response);
        authorization.to_header()
    }
}

/// What a client said in `Authorization`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    pub username: String,
    pub realm: String,
    pub nonce: String,
    pub uri: String,
    /// 32 hexadecimal digits, lower case.
    pub response: String,
    pub opaque: Option<String>,
    /// Present with `qop=auth`.
    pub auth: Option<Auth>,
}

/// The client's part of `qop=auth`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    pub cnonce: String,
    /// Count of requests with this nonce as sent, which the digest covers: 8 hexadecimal digits.
    pub nc: String,
}

impl Authorization {
    /// # Errors
    /// [`HeaderProblem`] when it is not a digest that can be checked.
    pub fn parse(header: &str) -> Result<Self, HeaderProblem> {
        let mut parameters = parse_parameters(header)?;
        check_algorithm(&parameters)?;
        let auth = match find(&parameters, "qop") {
            None | Some("") => None,
            Some(qop) if qop.eq_ignore_ascii_case("auth") => Some(Auth {
                cnonce: take(&mut parameters, "cnonce").ok_or(HeaderProblem::Missing("cnonce"))?,
                nc: take(&mut parameters, "nc").ok_or(HeaderProblem::Missing("nc"))?,
            }),
            Some(_) => return Err(HeaderProblem::Unsupported("qop")),
        };
        let mut need = |name| take(&mut parameters, name).ok_or(HeaderProblem::Missing(name));
        Ok(Authorization {
            username: need("username")?,
            realm: need("realm")?,
            nonce: need("nonce")?,
            uri: need("uri")?,
            response: need("response")?.to_ascii_lowercase(),
            opaque: take(&mut parameters, "opaque"),
            auth,
        })
    }

    /// The value of [`Auth::nc`]; `None` without `qop=auth` or when it is not hexadecimal.
    pub fn nonce_count(&self) -> Option<u32> {
        u32::from_str_radix(&self.auth.as_ref()?.nc, 16).ok()
    }

    /// RFC 2617, 3.2.2.1.
    fn expected_response(&self, ha1: &Ha1, method: &str) -> [u8; HEX_LEN] {
        let ha2 = md5_hex(&[method, &self.uri]);
        let (ha1, ha2) = (ha1.as_hex(), hex_str(&ha2));
        match &self.auth {
            Some(Auth { cnonce, nc }) => md5_hex(&[ha1, &self.nonce, nc, cnonce, "auth", ha2]),
            None => md5_hex(&[ha1, &self.nonce, ha2]),
        }
    }

    /// The value of the header.
    pub fn to_header(&self) -> String {
        let mut header = String::from("Digest ");
        let quoted = [
            ("username", Some(&self.username)),
            ("realm", Some(&self.realm)),
            ("nonce", Some(&self.nonce)),
            ("uri", Some(&self.uri)),
            ("cnonce", self.auth.as_ref().map(|auth| &auth.cnonce)),
            ("opaque", self.opaque.as_ref()),
            ("response", Some(&self.response)),
        ];
        for (name, value) in quoted {
            if let Some(value) = value {
                push_quoted(&mut header, name, value);
            }
        }
        if let Some(Auth { nc, .. }) = &self.auth {
            write!(header, "qop=auth, nc={nc}, ").expect("writing to a string cannot fail");
        }
        header + "algorithm=MD5"
    }
}

fn push_quoted(header: &mut String, name: &str, value: &str) {
    header.push_str(name);
    header.push_str("=\"");
    for character in value.chars().filter(|character| !character.is_control()) {
        if matches!(character, '"' | '\\') {
            header.push('\\');
        }
        header.push(character);
    }
    header.push_str("\", ");
}

type Parameters<'h> = Vec<(&'h str, String)>;

fn find<'p>(parameters: &'p Parameters<'_>, name: &str) -> Option<&'p str> {
    parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn take(parameters: &mut Parameters<'_>, name: &str) -> Option<String> {
    let index = parameters.iter().position(|(key, _)| key.eq_ignore_ascii_case(name))?;
    Some(parameters.swap_remove(index).1)
}

fn check_algorithm(parameters: &Parameters<'_>) -> Result<(), HeaderProblem> {
    match find(parameters, "algorithm") {
        None | Some("") => Ok(()),
        Some(algorithm) if algorithm.eq_ignore_ascii_case("MD5") => Ok(()),
        Some(_) => Err(HeaderProblem::Unsupported("algorithm")),
    }
}

/// `Digest name="value", name=value …`, with quoted commas and escaped quotes.
fn parse_parameters(header: &str) -> Result<Parameters<'_>, HeaderProblem> {
    const SCHEME: &str = "Digest";
    if header.len() > HEADER_BYTES_MAX {
        return Err(HeaderProblem::TooLong);
    }
    let (scheme, mut rest) = header.trim().split_at_checked(SCHEME.len()).ok_or(HeaderProblem::NotDigest)?;
    if !scheme.eq_ignore_ascii_case(SCHEME) || !rest.starts_with([' ', '\t']) {
        return Err(HeaderProblem::NotDigest);
    }
    let mut parameters = Parameters::new();
    while let Some((name, after)) = rest.split_once('=') {
        if parameters.len() == PARAMETERS_MAX {
            return Err(HeaderProblem::TooLong);
        }
        let (value, after) = if let Some(quoted) = after.trim_start().strip_prefix('"') {
            unquote(quoted).ok_or(HeaderProblem::NotDigest)?
        } else {
            let (value, after) = after.split_once(',').unwrap_or((after, ""));
            (value.trim().to_owned(), after)
        };
        parameters.push((name.trim_matches([' ', '\t', ',']), value));
        rest = after;
    }
    Ok(parameters)
}

/// The text up to the closing quote, and what follows it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return Some((value, characters.as_str())),
            '\\' => value.push(characters.next()?),
            _ => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW_MS: i64 = 1_700_000_000_000;
    const LIFE_MS: i64 = 300_000;
    const URI: &str = "/VIID/System/Register";

    fn server() -> Server {
        Server::new("viid", [7; 32], LIFE_MS)
    }

    fn answer(header: &str, password: &str) -> Authorization {
        let challenge = Challenge::parse(header).expect("own challenge");
        let credentials = Credentials { username: "camera", password };
        Authorization::parse(&challenge.answer(credentials, "POST", URI, "0a4f113b", 1)).expect("own answer")
    }

    fn ha1() -> Ha1 {
        Ha1::new("camera", "viid", "secret")
    }

    /// RFC 2617, 3.5.
    #[test]
    fn the_example_of_the_rfc() {
        let challenge = Challenge::parse(
            "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
             nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
        )
        .expect("challenge of the RFC");
        let credentials = Credentials { username: "Mufasa", password: "Circle Of Life" };
        let header = challenge.answer(credentials, "GET", "/dir/index.html", "0a4f113b", 1);
        let authorization = Authorization::parse(&header).expect("own answer");
        assert_eq!(authorization.response, "6629fae49393a05397450978507c4ef1");
        assert_eq!(authorization.opaque.as_deref(), Some("5ccc069c403ebaf9f0171e9517f40e41"));
        assert_eq!(authorization.nonce_count(), Some(1));
    }

    #[test]
    fn the_right_password_is_accepted_once_and_again_within_the_nonces_life() {
        let answer = answer(&server().challenge(NOW_MS), "secret");
        assert_eq!(server().verify(&answer, &ha1(), "POST", URI, NOW_MS), Ok(()));
        assert_eq!(server().verify(&answer, &ha1(), "POST", URI, NOW_MS + LIFE_MS), Ok(()));
        assert_eq!(
            server().verify(&answer, &ha1(), "POST", &format!("http://10.0.0.1:80{URI}"), NOW_MS),
            Ok(())
        );
    }

    #[test]
    fn each_fault_has_its_name() {
        let right = answer(&server().challenge(NOW_MS), "secret");
        let verify = |answer: &Authorization| server().verify(answer, &ha1(), "POST", URI, NOW_MS);
        assert_eq!(verify(&answer(&server().challenge(NOW_MS), "wrong")), Err(VerifyProblem::Response));
        assert_eq!(
            verify(&Authorization { realm: "other".into(), ..right.clone() }),
            Err(VerifyProblem::Realm)
        );
        assert_eq!(
            verify(&Authorization { nonce: "0".repeat(48), ..right.clone() }),
            Err(VerifyProblem::Nonce)
        );
        assert_eq!(
            verify(&Authorization { uri: "/VIID/Faces".into(), ..right.clone() }),
            Err(VerifyProblem::Uri)
        );
        let later_ms = NOW_MS + LIFE_MS + 1;
        assert_eq!(server().verify(&right, &ha1(), "POST", URI, later_ms), Err(VerifyProblem::Stale));
        assert_eq!(server().verify(&right, &ha1(), "GET", URI, NOW_MS), Err(VerifyProblem::Response));
        let other_key = Server::new("viid", [8; 32], LIFE_MS);
        assert_eq!(other_key.verify(&right, &ha1(), "POST", URI, NOW_MS), Err(VerifyProblem::Nonce));
    }

    #[test]
    fn a_stale_challenge_says_so() {
        assert!(Challenge::parse(&server().challenge_stale(NOW_MS)).expect("own").is_stale);
        assert!(!Challenge::parse(&server().challenge(NOW_MS)).expect("own").is_stale);
    }

    #[test]
    fn headers_that_cannot_be_used_are_named() {
        assert_eq!(Challenge::parse("Basic realm=\"viid\""), Err(HeaderProblem::NotDigest));
        assert_eq!(Challenge::parse("Digest realm=\"viid\""), Err(HeaderProblem::Missing("nonce")));
        assert_eq!(
            Challenge::parse("Digest realm=a,nonce=b,algorithm=SHA-256"),
            Err(HeaderProblem::Unsupported("algorithm"))
        );
        assert_eq!(Authorization::parse("Digest username=\"open"), Err(HeaderProblem::NotDigest));
        assert_eq!(
            Authorization::parse(&format!("Digest {}", "a".repeat(5000))),
            Err(HeaderProblem::TooLong)
        );
    }

    #[test]
    fn a_challenge_without_qop_is_answered_in_the_older_form() {
        let answer = answer("Digest realm=\"viid\", nonce=\"abc\"", "secret");
        assert_eq!(answer.auth, None);
        assert_eq!(answer.response, hex_str(&answer.expected_response(&ha1(), "POST")));
    }

    proptest! {
        #[test]
        fn any_header_is_parsed_or_refused(text in ".{0,200}") {
            let header = format!("Digest {text}");
            prop_assert!(Authorization::parse(&header).is_err() || header.contains("response"));
            prop_assert!(Challenge::parse(&header).is_err() || header.contains("nonce"));
        }

        #[test]
        fn names_with_quotes_and_commas_come_through(username in "[ -~]{1,20}", password in "\\PC{0,20}") {
            let challenge = Challenge::parse(&server().challenge(NOW_MS)).expect("own challenge");
            let credentials = Credentials { username: &username, password: &password };
            let header = challenge.answer(credentials, "POST", URI, "c", 9);
            let answer = Authorization::parse(&header).expect("own answer");
            prop_assert_eq!(&answer.username, &username);
            let ha1 = Ha1::new(&username, "viid", &password);
            prop_assert_eq!(server().verify(&answer, &ha1, "POST", URI, NOW_MS), Ok(()));
        }
    }
}
