//! What a role may do. A route asks for one of these; nothing asks for a role by its name.

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $key:literal),+ $(,)?) => {
        /// Something that people may do, or not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $($(#[$doc])* $name,)+
        }

        impl Permission {
            /// All, in the order of the menu.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word used in the API.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key),+ }
            }
        }
    };
}

permissions! {
    /// 查看预警
    SeeWarnings = "see_warnings",
    /// 签收预警、给出核查结论、关闭
    WorkWarnings = "work_warnings",
    /// 下达、变更、撤回查缉指令
    Dispatch = "dispatch",
    /// 签收指令、反馈查缉结果
    Intercept = "intercept",
    /// 申请布控、撤控
    ApplyWatch = "apply_watch",
    /// 审核布控
    ReviewWatch = "review_watch",
    /// 批准布控
    ApproveWatch = "approve_watch",
    /// 登记宣教
    Educate = "educate",
    /// 查看隐患
    SeeHazards = "see_hazards",
    /// 上报隐患
    ReportHazards = "report_hazards",
    /// 核实、下发整改通知、合并、挂牌
    ManageHazards = "manage_hazards",
    /// 整改并提交
    RectifyHazards = "rectify_hazards",
    /// 现场验收
    AcceptHazards = "accept_hazards",
    /// 销号
    StrikeHazards = "strike_hazards",
    /// 查询车辆、过车、轨迹（须填写事由）
    LookUp = "look_up",
    /// 导出车辆、过车
    Export = "export",
    /// 维护车辆档案、卡口、区间、地图
    KeepRegister = "keep_register",
    /// 查看设备、模型、系统状态
    SeeOperation = "see_operation",
    /// 设备、接入、对接平台
    ManageDevices = "manage_devices",
    /// 编写规则、调参、静默、维护窗口、回测
    TuneModels = "tune_models",
    /// 审批规则
    ApproveRules = "approve_rules",
    /// 统计
    SeeStatistics = "see_statistics",
    /// 系统管理员：单位、账号、时限、通知渠道、存储
    ManageSystem = "manage_system",
    /// 安全管理员：角色授权、解锁、结束会话
    ManageSecurity = "manage_security",
    /// 安全审计员：查看、校验审计
    SeeAudit = "see_audit",
}
