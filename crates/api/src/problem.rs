//! Errors on the wire: problem details (RFC 9457), in the language of the request, with a code to quote.

use crate::wire::Language;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// What the client gets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemDetails {
    /// Always `about:blank#<code>`.
    #[serde(rename = "type")]
    type_uri: String,
    /// The kind of fault, for a person.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened and what to do, for a person.
    detail: String,
    /// A stable word for programs.
    code: &'static str,
    /// Number to quote; the log has the cause under it.
    request_id: String,
    /// What is wrong with which item, where a list was sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ItemFaultView>,
}

/// A fault of one item of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemFaultView {
    /// Place in the list, from 0.
    index: usize,
    /// The field, where one is at fault.
    field: Option<String>,
    /// What is wrong, for a person.
    message: String,
}

/// A fault of one item of a list, in both languages.
#[derive(Debug)]
pub(crate) struct ItemFault {
    /// Place in the list, from 0.
    pub(crate) index: usize,
    /// The field, where one is at fault.
    pub(crate) field: Option<String>,
    /// Chinese and English.
    pub(crate) message: (String, String),
}

impl ItemFault {
    /// As the client gets it.
    pub(crate) fn view(self, language: Language) -> ItemFaultView {
        let (chinese, english) = self.message;
        ItemFaultView { index: self.index, field: self.field, message: language.pick(chinese, english) }
    }
}

/// An error of a route. Texts come in both languages; the answer carries the one that was asked for.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    title: (&'static str, &'static str),
    detail: (String, String),
    errors: Box<[ItemFault]>,
}

impl Problem {
    fn new(
        status: StatusCode,
        code: &'static str,
        title: (&'static str, &'static str),
        detail: (impl Into<String>, impl Into<String>),
    ) -> Self {
        Self { status, code, title, detail: (detail.0.into(), detail.1.into()), errors: Box::default() }
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            ("未登录", "Not signed in"),
            ("登录已失效或尚未登录，请重新登录。", "The session has ended or none was opened. Sign in."),
        )
    }

    pub(crate) fn wrong_password() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "wrong_password",
            ("用户名或密码不正确", "Wrong user name or password"),
            (
                "请核对后重试；连续输错 5 次将锁定 15 分钟。",
                "Check and try again; five failures lock the account for 15 minutes.",
            ),
        )
    }

    pub(crate) fn locked() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "locked",
            ("账号已锁定", "Account locked"),
            (
                "连续输错次数过多，请 15 分钟后再试，或联系安全管理员解锁。",
                "Too many failures. Try again in 15 minutes or ask the security administrator.",
            ),
        )
    }

    pub(crate) fn password_change_required() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "password_change_required",
            ("须先修改密码", "Password change required"),
            (
                "当前为一次性密码，或密码已超过有效期，请先设置新密码。",
                "This is a one-time password, or one that is too old. Set a new one first.",
            ),
        )
    }

    pub(crate) fn second_factor_required() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "second_factor_required",
            ("须先启用动态口令", "Second factor required"),
            (
                "您的角色须使用动态口令登录，请先在“我的账号”启用。",
                "Your role signs in with a second factor. Set it up first.",
            ),
        )
    }

    pub(crate) fn code_required() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "code_required",
            ("请输入动态口令", "Code required"),
            ("该账号已启用动态口令。", "This account signs in with a code as well."),
        )
    }

    pub(crate) fn wrong_code() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "wrong_code",
            ("动态口令不正确", "Wrong code"),
            (
                "请核对手机时间，等待下一个口令后重试；每个口令只能使用一次。",
                "Check the time of the phone and wait for the next code; each is good once.",
            ),
        )
    }

    pub(crate) fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            ("无权操作", "Not allowed"),
            ("您的角色没有此项权限。", "Your role does not allow this."),
        )
    }

    /// Somebody else has it.
    pub(crate) fn not_yours(chinese: impl Into<String>, english: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", ("无权操作", "Not allowed"), (chinese, english))
    }

    /// A state machine refuses.
    pub(crate) fn refused(chinese: impl Into<String>, english: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "refused",
            ("不能这样办理", "Refused"),
            (chinese, english),
        )
    }

    pub(crate) fn not_found(chinese: impl Into<String>, english: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", ("未找到", "Not found"), (chinese, english))
    }

    pub(crate) fn invalid(chinese: impl Into<String>, english: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            ("内容有误", "Invalid input"),
            (chinese, english),
        )
    }

    /// What happened, for a person.
    pub(crate) fn text(&self, language: Language) -> String {
        language.pick(&self.detail.0, &self.detail.1).clone()
    }

    /// With what is wrong, item by item.
    pub(crate) fn with_errors(self, errors: Vec<ItemFault>) -> Self {
        Self { errors: errors.into(), ..self }
    }

    pub(crate) fn conflict(chinese: impl Into<String>, english: impl Into<String>) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "conflict",
            ("已被他人处理", "Someone was faster"),
            (chinese, english),
        )
    }

    pub(crate) fn too_large(chinese: impl Into<String>, english: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", ("内容过大", "Too large"), (chinese, english))
    }

    pub(crate) fn disk_full() -> Self {
        Self::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "disk_full",
            ("磁盘已满", "Disk full"),
            (
                "本次操作未保存，已有数据不受影响。请系统管理员清理磁盘后重试。",
                "This was not saved; nothing else is affected. Try again when there is room on the disk.",
            ),
        )
    }

    pub(crate) fn busy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            ("系统繁忙", "Busy"),
            ("本次操作未保存，请稍后重试。", "This was not saved. Try again shortly."),
        )
    }

    /// Something of ours failed. The cause goes to the log, not to the client.
    pub(crate) fn internal(doing: &'static str, cause: &dyn std::error::Error) -> Self {
        let mut chain = cause.to_string();
        let mut source = cause.source();
        while let Some(next) = source {
            chain.push_str(": ");
            chain.push_str(&next.to_string());
            source = next.source();
        }
        tracing::error!(doing, error = %chain, "request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            ("系统内部错误", "Internal error"),
            (
                "操作未完成，已保存的数据不受影响。请稍后重试；若仍失败，请将编号告知系统管理员。",
                "Nothing was done and nothing saved is affected. Try again; if it fails again, quote the number.",
            ),
        )
    }

    fn into_answer(self, language: Language, request_id: String) -> Response {
        let body = ProblemDetails {
            type_uri: format!("about:blank#{}", self.code),
            title: language.pick(self.title.0, self.title.1).to_string(),
            status: self.status.as_u16(),
            detail: language.pick(self.detail.0, self.detail.1),
            code: self.code,
            request_id,
            errors: self.errors.into_iter().map(|fault| fault.view(language)).collect(),
        };
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let kind = HeaderValue::from_static("application/problem+json");
        (self.status, [(header::CONTENT_TYPE, kind)], json).into_response()
    }
}

/// A problem on its way out: the language layer writes the body, because only it has the request's headers.
#[derive(Clone, Debug)]
pub(crate) struct Pending(pub(crate) std::sync::Arc<std::sync::Mutex<Option<Problem>>>);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status;
        let mut response = status.into_response();
        response.extensions_mut().insert(Pending(std::sync::Arc::new(std::sync::Mutex::new(Some(self)))));
        response
    }
}

/// Writes pending problems in the language of the request; the outermost layer of the API.
pub(crate) async fn write_problems(
    language: RequestLanguage,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    let request_id = request
        .headers()
        .get("x-request-id")
        .and_then(|value| value.to_str().ok())
        .map(str::to_string)
        .unwrap_or_default();
    let mut response = next.run(request).await;
    let pending = response.extensions_mut().remove::<Pending>();
    let problem = pending.and_then(|Pending(cell)| cell.lock().ok().and_then(|mut problem| problem.take()));
    match problem {
        Some(problem) => problem.into_answer(language.0, request_id),
        None if needs_a_body(&response) => bare(response.status()).into_answer(language.0, request_id),
        None => response,
    }
}

/// Rejections of the framework (unknown path, body too large, malformed JSON) get the same form. What a route says in JSON
/// stays: who is unwell says where.
fn needs_a_body(response: &Response) -> bool {
    let is_json =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().ends_with(b"json"));
    (response.status().is_client_error() || response.status().is_server_error()) && !is_json
}

fn bare(status: StatusCode) -> Problem {
    let (code, title, detail) = match status {
        StatusCode::NOT_FOUND => {
            ("not_found", ("未找到", "Not found"), ("没有这个地址。", "There is nothing at this address."))
        }
        StatusCode::METHOD_NOT_ALLOWED => (
            "method_not_allowed",
            ("不支持的操作", "Method not allowed"),
            ("该地址不支持此操作。", "Not at this address."),
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (
            "too_large",
            ("内容过大", "Too large"),
            ("超出允许的大小，请分批提交。", "Larger than allowed. Send it in parts."),
        ),
        StatusCode::REQUEST_TIMEOUT => {
            ("timeout", ("超时", "Timed out"), ("请求未在规定时间内完成。", "The request took too long."))
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            ("busy", ("系统繁忙", "Busy"), ("请稍后重试。", "Try again shortly."))
        }
        _ if status.is_server_error() => (
            "internal",
            ("系统内部错误", "Internal error"),
            ("操作未完成，请稍后重试。", "Nothing was done. Try again."),
        ),
        _ => {
            ("invalid", ("内容有误", "Invalid input"), ("请求格式不正确。", "The request could not be read."))
        }
    };
    Problem::new(status, code, title, detail)
}

/// The language that the request asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestLanguage(pub(crate) Language);

impl<S: Sync> FromRequestParts<S> for RequestLanguage {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        // An EventSource can't set headers, so the parameter counts first.
        let from_query = parts.uri.query().and_then(|query| {
            query.split('&').find_map(|pair| pair.strip_prefix("lang=")).map(Language::parse)
        });
        let from_header =
            || parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).map(Language::parse);
        Ok(Self(from_query.or_else(from_header).unwrap_or(Language::Chinese)))
    }
}
