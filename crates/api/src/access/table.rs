//! The table: every route, and who may use it. A route that isn't here is refused.

use domain::people::Permission::{
    self, ApplyWatch, ApproveRules, ApproveWatch, Dispatch, Educate, Export, Intercept, KeepRegister, LookUp,
    ManageDevices, ManageHazards, ManageSecurity, ManageSystem, RectifyHazards, ReportHazards, ReviewWatch,
    SeeAudit, SeeHazards, SeeOperation, SeeStatistics, SeeWarnings, TuneModels, WorkWarnings,
};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, without a session.
    Public,
    /// Whoever has a session, also before a password is changed or a second factor is set up that must be first.
    PasswordChangeOnly,
    /// Whoever has a session.
    AnySession,
    /// Whoever may do one of these.
    OneOf(&'static [Permission]),
}
use Access::{AnySession, OneOf, PasswordChangeOnly, Public};

const MAP: Access = OneOf(&[SeeWarnings, SeeHazards, SeeOperation, KeepRegister, TuneModels]);
const TAKE_IN: Access = OneOf(&[KeepRegister, ManageDevices]);
const IMPORT: Access = OneOf(&[KeepRegister, ManageDevices, ApplyWatch, ManageSystem]);
const SEE_MODELS: Access = OneOf(&[SeeWarnings, SeeOperation, SeeStatistics, TuneModels, ApproveRules]);
const SEE_WATCH: Access = OneOf(&[SeeWarnings, ApplyWatch, ReviewWatch, ApproveWatch]);
const SEE_VEHICLES: Access = OneOf(&[LookUp, KeepRegister]);
/// Whoever works cases of any kind, or looks at them.
const SEE_CASES: Access = OneOf(&[
    SeeWarnings,
    Intercept,
    ApplyWatch,
    ReviewWatch,
    ApproveWatch,
    Educate,
    SeeHazards,
    ReportHazards,
    RectifyHazards,
]);
const TEST_MODELS: Access = OneOf(&[TuneModels, ApproveRules]);
const ADMINISTER: Access = OneOf(&[ManageSystem, ManageSecurity]);
/// Whoever hands out work needs to know who is there.
const KNOW_PEOPLE: Access = OneOf(&[WorkWarnings, Dispatch, ManageHazards, ManageSystem, ManageSecurity]);

/// All routes by subject: method, path template below `/api/v1`, who may.
pub const TABLE: &[(&str, &str, Access)] = &[
    // One's own session.
    ("POST", "/session", Public),
    ("GET", "/session/sso", Public),
    ("GET", "/session/sso/start", Public),
    ("GET", "/session/sso/callback", Public),
    ("GET", "/session", PasswordChangeOnly),
    ("DELETE", "/session", PasswordChangeOnly),
    ("PUT", "/session/password", PasswordChangeOnly),
    ("POST", "/session/totp", PasswordChangeOnly),
    ("POST", "/session/totp/confirm", PasswordChangeOnly),
    ("POST", "/session/totp/remove", AnySession),
    ("GET", "/session/sessions", AnySession),
    ("DELETE", "/session/sessions", AnySession),
    ("DELETE", "/session/sessions/{session}", AnySession),
    // People and their rights.
    ("GET", "/units", AnySession),
    ("POST", "/units", OneOf(&[ManageSystem])),
    ("PATCH", "/units/{id}", OneOf(&[ManageSystem])),
    ("GET", "/roles", AnySession),
    ("GET", "/people", KNOW_PEOPLE),
    ("GET", "/users", ADMINISTER),
    ("POST", "/users", OneOf(&[ManageSystem])),
    ("PATCH", "/users/{id}", OneOf(&[ManageSystem])),
    ("PUT", "/users/{id}/duty", OneOf(&[Dispatch, ManageSystem])),
    ("PUT", "/users/{id}/roles", OneOf(&[ManageSecurity])),
    ("POST", "/users/{id}/reset-password", OneOf(&[ManageSecurity])),
    ("POST", "/users/{id}/reset-totp", OneOf(&[ManageSecurity])),
    ("POST", "/users/{id}/unlock", OneOf(&[ManageSecurity])),
    ("GET", "/users/{id}/sessions", OneOf(&[ManageSecurity])),
    ("DELETE", "/users/{id}/sessions", OneOf(&[ManageSecurity])),
    ("DELETE", "/users/{id}/sessions/{session}", OneOf(&[ManageSecurity])),
    ("GET", "/security", OneOf(&[ManageSystem, ManageSecurity, SeeAudit])),
    ("PUT", "/security", OneOf(&[ManageSecurity])),
    ("GET", "/security/sso", OneOf(&[ManageSystem, ManageSecurity, SeeAudit])),
    ("PUT", "/security/sso", OneOf(&[ManageSecurity])),
    ("GET", "/founders", ADMINISTER),
    ("POST", "/founders/end", OneOf(&[ManageSecurity])),
    ("GET", "/audit", OneOf(&[SeeAudit])),
    ("POST", "/audit/verify", OneOf(&[SeeAudit])),
    // The command page and warnings.
    ("GET", "/figures", OneOf(&[SeeWarnings, SeeOperation, SeeStatistics])),
    ("GET", "/live", AnySession), // Each gets what concerns one.
    ("GET", "/warnings", OneOf(&[SeeWarnings])),
    ("GET", "/warnings/{id}", OneOf(&[SeeWarnings])),
    ("GET", "/warnings/{id}/explanation", OneOf(&[SeeWarnings])),
    ("GET", "/warnings/{id}/replay", OneOf(&[SeeWarnings])),
    ("POST", "/warnings/{id}/sign", OneOf(&[WorkWarnings])),
    ("POST", "/warnings/{id}/verdict", OneOf(&[WorkWarnings])),
    ("GET", "/pictures/{id}", OneOf(&[SeeWarnings, LookUp])),
    ("GET", "/key-vehicles", OneOf(&[SeeWarnings])),
    ("POST", "/warnings/sign", OneOf(&[WorkWarnings])),
    // Cases: what may be done with one depends on its state, unit and stage; the state machines decide.
    ("GET", "/cases", SEE_CASES),
    ("GET", "/cases/counts", SEE_CASES),
    ("GET", "/cases/export", OneOf(&[Export])),
    ("GET", "/cases/{id}", SEE_CASES),
    ("POST", "/cases", SEE_CASES),
    ("POST", "/cases/{id}/acts", SEE_CASES),
    ("GET", "/chains/{chain}", SEE_CASES),
    ("GET", "/tasks", AnySession),
    ("GET", "/tasks/waiting", AnySession),
    ("POST", "/tasks/{id}/pause", SEE_CASES),
    ("POST", "/tasks/{id}/pause/grant", OneOf(&[Dispatch, ManageHazards])),
    ("POST", "/tasks/{id}/resume", SEE_CASES),
    ("GET", "/terms", AnySession),
    ("PUT", "/terms", OneOf(&[ManageSystem])),
    ("GET", "/statistics/tasks", OneOf(&[SeeStatistics])),
    ("GET", "/statistics/hazards", OneOf(&[SeeStatistics, SeeHazards])),
    ("POST", "/attachments", SEE_CASES),
    ("GET", "/attachments/{id}", SEE_CASES),
    ("GET", "/hazards/categories", OneOf(&[SeeHazards])),
    ("GET", "/hazards/near", OneOf(&[SeeHazards])),
    ("GET", "/hazards/{id}/notice.docx", OneOf(&[SeeHazards])),
    ("GET", "/crashes", OneOf(&[SeeHazards, SeeStatistics])),
    ("GET", "/crashes/{id}", OneOf(&[SeeHazards, SeeStatistics])),
    ("POST", "/crashes", OneOf(&[WorkWarnings, ManageHazards, KeepRegister])),
    ("GET", "/educations/local-case", OneOf(&[Educate, Dispatch])),
    ("GET", "/dispatch/options", OneOf(&[Dispatch])),
    ("GET", "/posts", OneOf(&[SeeWarnings, Intercept])),
    ("POST", "/posts", OneOf(&[Dispatch])),
    ("PUT", "/posts/{id}", OneOf(&[Dispatch, Intercept])),
    ("DELETE", "/posts/{id}", OneOf(&[Dispatch])),
    ("GET", "/notices", AnySession),
    ("POST", "/notices/read", AnySession),
    ("GET", "/session/notices", AnySession),
    ("PUT", "/session/notices", AnySession),
    ("GET", "/session/pushes", AnySession),
    ("POST", "/session/pushes", AnySession),
    ("DELETE", "/session/pushes/{id}", AnySession),
    ("GET", "/channels", OneOf(&[ManageSystem])),
    ("PUT", "/channels", OneOf(&[ManageSystem])),
    ("POST", "/channels/{id}/test", OneOf(&[ManageSystem])),
    ("GET", "/deliveries", OneOf(&[ManageSystem])),
    ("GET", "/deliveries/{id}", OneOf(&[ManageSystem])),
    ("POST", "/deliveries/{id}/retry", OneOf(&[ManageSystem])),
    ("GET", "/views", AnySession),
    ("POST", "/views", AnySession),
    ("DELETE", "/views/{id}", AnySession),
    // Watch orders, ours and those of other platforms.
    ("GET", "/watch-orders", SEE_WATCH),
    ("POST", "/watch-orders", OneOf(&[ApproveWatch])), // In force at once; all others apply with a case.
    ("POST", "/watch-orders/{id}/withdraw", OneOf(&[ApplyWatch, ApproveWatch])),
    ("POST", "/watch-orders/{id}/platforms", OneOf(&[ApplyWatch, ApproveWatch])),
    ("GET", "/dispositions", SEE_WATCH),
    ("POST", "/dispositions/{platform}/{id}/accept", OneOf(&[ApplyWatch, ApproveWatch])),
    ("POST", "/dispositions/{platform}/{id}/refuse", OneOf(&[ApplyWatch, ApproveWatch])),
    // Vehicles and where they were.
    ("GET", "/vehicles", SEE_VEHICLES),
    ("GET", "/vehicles/{plate}/{plate_class}", SEE_VEHICLES),
    ("PUT", "/vehicles/{plate}/{plate_class}", OneOf(&[KeepRegister])),
    ("DELETE", "/vehicles/{plate}/{plate_class}", OneOf(&[KeepRegister])),
    ("GET", "/vehicles/{plate}/{plate_class}/file", OneOf(&[LookUp])),
    ("GET", "/key-vehicles/{plate}/{plate_class}/track", OneOf(&[LookUp])),
    ("GET", "/passages", OneOf(&[LookUp])),
    ("GET", "/history/passages", OneOf(&[LookUp])),
    ("GET", "/history/trace", OneOf(&[LookUp])),
    ("GET", "/history/trace/passage", OneOf(&[LookUp])),
    ("GET", "/history/track", OneOf(&[LookUp])),
    ("GET", "/history/flows", OneOf(&[LookUp, SeeStatistics])),
    ("POST", "/history/exports", OneOf(&[Export])),
    ("GET", "/history/storage", OneOf(&[SeeOperation])),
    ("PUT", "/history/retention", OneOf(&[ManageSystem])),
    ("POST", "/history/verification", OneOf(&[ManageSystem])),
    // Long work: everybody has one's own.
    ("GET", "/jobs", AnySession),
    ("GET", "/jobs/{id}", AnySession),
    ("POST", "/jobs/{id}/cancel", AnySession),
    ("GET", "/jobs/{id}/files/{name}", AnySession),
    // The map and what is registered.
    ("GET", "/map/config", AnySession),
    ("GET", "/map/{layer}", AnySession),
    ("PUT", "/map/{layer}", OneOf(&[KeepRegister])),
    ("GET", "/checkpoints", MAP),
    ("PUT", "/checkpoints/{id}", OneOf(&[KeepRegister])),
    ("DELETE", "/checkpoints/{id}", OneOf(&[KeepRegister])),
    ("GET", "/sections", MAP),
    ("PUT", "/sections/{id}", OneOf(&[KeepRegister])),
    ("DELETE", "/sections/{id}", OneOf(&[KeepRegister])),
    ("GET", "/zones", MAP),
    ("PUT", "/zones/{id}", OneOf(&[KeepRegister])),
    ("DELETE", "/zones/{id}", OneOf(&[KeepRegister])),
    ("POST", "/imports/{kind}", IMPORT), // And then what the kind of table asks for.
    ("GET", "/imports/{kind}/template", IMPORT),
    // Devices, files and platforms that report.
    ("GET", "/devices", OneOf(&[SeeOperation])),
    ("POST", "/devices", OneOf(&[ManageDevices])),
    ("PATCH", "/devices/{kind}/{id}", OneOf(&[ManageDevices])),
    ("DELETE", "/devices/{kind}/{id}", OneOf(&[ManageDevices])),
    ("GET", "/devices/health", OneOf(&[SeeOperation])),
    ("GET", "/devices/{kind}/{id}/health", OneOf(&[SeeOperation])),
    ("GET", "/refused-devices", OneOf(&[SeeOperation])),
    ("POST", "/refused-devices/{kind}/{id}/admit", OneOf(&[ManageDevices])),
    ("DELETE", "/refused-devices/{kind}/{id}", OneOf(&[ManageDevices])),
    ("GET", "/quarantine", OneOf(&[SeeOperation])),
    ("GET", "/quarantine/{id}", OneOf(&[SeeOperation])),
    ("POST", "/weighings", TAKE_IN),
    ("GET", "/intake/connections", OneOf(&[SeeOperation])),
    ("GET", "/intake/files", TAKE_IN),
    ("POST", "/intake/files", TAKE_IN),
    ("GET", "/intake/files/{id}", TAKE_IN),
    ("DELETE", "/intake/files/{id}", TAKE_IN),
    ("GET", "/intake/files/{id}/bad-rows", TAKE_IN),
    ("POST", "/intake/files/{id}/check", TAKE_IN),
    ("POST", "/intake/files/{id}/import", TAKE_IN),
    ("GET", "/intake/files/{id}/preview", TAKE_IN),
    ("GET", "/intake/mappings", TAKE_IN),
    ("PUT", "/intake/mappings/{name}", TAKE_IN),
    ("DELETE", "/intake/mappings/{name}", TAKE_IN),
    ("GET", "/platforms", OneOf(&[SeeOperation])),
    ("POST", "/platforms", OneOf(&[ManageDevices])),
    ("GET", "/platforms/{id}", OneOf(&[SeeOperation])),
    ("PATCH", "/platforms/{id}", OneOf(&[ManageDevices])),
    ("DELETE", "/platforms/{id}", OneOf(&[ManageDevices])),
    ("POST", "/platform-tests", OneOf(&[ManageDevices])),
    ("GET", "/platforms/{id}/subscriptions", OneOf(&[SeeOperation])),
    ("POST", "/platforms/{id}/subscriptions", OneOf(&[ManageDevices])),
    ("DELETE", "/platforms/{id}/subscriptions/{direction}/{subscription}", OneOf(&[ManageDevices])),
    ("POST", "/platforms/{id}/subscriptions/{direction}/{subscription}/retry", OneOf(&[ManageDevices])),
    ("GET", "/platforms/{id}/tollgates", OneOf(&[SeeOperation])),
    ("POST", "/platforms/{id}/tollgates/{tollgate}/admit", OneOf(&[ManageDevices])),
    // What judging is tuned with.
    ("GET", "/models", SEE_MODELS),
    ("GET", "/models/{id}", SEE_MODELS),
    ("GET", "/models/yield", SEE_MODELS),
    ("POST", "/models/{id}/tunings", OneOf(&[TuneModels])),
    ("PUT", "/models/{id}/tunings/{tuning}", OneOf(&[TuneModels])),
    ("DELETE", "/models/{id}/tunings/{tuning}", OneOf(&[TuneModels])),
    ("GET", "/rules", SEE_MODELS),
    ("POST", "/rules", OneOf(&[TuneModels])),
    ("POST", "/rules/check", TEST_MODELS),
    ("GET", "/rules/vocabulary", SEE_MODELS),
    ("GET", "/rules/{id}", SEE_MODELS),
    ("PUT", "/rules/{id}/draft", OneOf(&[TuneModels])),
    ("POST", "/rules/{id}/submit", OneOf(&[TuneModels])),
    ("POST", "/rules/{id}/approve", OneOf(&[ApproveRules])),
    ("POST", "/rules/{id}/return", OneOf(&[ApproveRules])),
    ("POST", "/rules/{id}/retire", OneOf(&[ApproveRules])),
    ("GET", "/back-tests", SEE_MODELS),
    ("POST", "/back-tests", TEST_MODELS),
    ("GET", "/back-tests/{id}", SEE_MODELS),
    ("DELETE", "/back-tests/{id}", TEST_MODELS),
    ("GET", "/back-tests/{id}/warnings", TEST_MODELS),
    ("GET", "/silences", SEE_MODELS),
    ("POST", "/silences", OneOf(&[TuneModels])),
    ("POST", "/silences/{id}/end", OneOf(&[TuneModels])),
    ("GET", "/maintenance", SEE_MODELS),
    ("POST", "/maintenance", OneOf(&[TuneModels, ManageDevices])),
    ("POST", "/maintenance/{id}/end", OneOf(&[TuneModels, ManageDevices])),
    // The system.
    ("GET", "/health", Public),
    ("GET", "/system", OneOf(&[SeeOperation])),
    ("PUT", "/clock", OneOf(&[ManageSystem])),
];

/// Requests that change nothing people keep, although their method says so: tries, and a clock that a simulation drives
/// twenty times a second. All others are in the audit.
pub(super) const UNRECORDED: &[(&str, &str)] = &[
    ("PUT", "/clock"),
    ("POST", "/rules/check"),
    ("POST", "/intake/files/{id}/check"),
    ("POST", "/session/totp"), // Its end is in the audit.
];

/// Who may use a route; `None` when the table doesn't name it.
pub fn access_of(method: &str, path: &str) -> Option<Access> {
    TABLE.iter().find(|row| (row.0, row.1) == (method, path)).map(|row| row.2)
}
