// The state machines of the stages, as far as the page needs them: states, acts, who may, clocks, what follows.

const MINUTE = 60_000
const iso = (ms) => new Date(ms).toISOString()
const refuse = (detail) => ({ refused: detail })

/** Permissions that acts need, by kind and act. */
const watch_application = {
  letters: 'BK',
  name: '布控申请',
  states: {
    applied: '待审核',
    reviewed: '待批准',
    urgent: '紧急布控，待补批',
    in_force: '布控中',
    refused: '未通过',
    withdrawn: '已撤控',
    lapsed: '逾期未补批，已自动撤控',
  },
  acts: {
    open: '申请布控',
    review: '审核通过',
    approve: '批准',
    refuse: '不予通过',
    withdraw: '撤控',
    lapse: '自动撤控',
  },
  open(it, by, now) {
    if (!it.plate || !/^[\u4e00-\u9fff]/.test(it.plate)) return refuse('“plate”不是一个号牌。')
    if (Date.parse(it.until) <= now) return refuse('截止时间已过。')
    const state = it.is_urgent ? 'urgent' : 'applied'
    return { application: it, state, applied_by: by, reviewed_by: null, approved_by: null, reason: null }
  },
  offered(it, by) {
    const acts = []
    const is_mine = it.applied_by === by
    if (it.state === 'applied' && !is_mine) acts.push('review')
    if (['reviewed', 'urgent'].includes(it.state) && !is_mine && it.reviewed_by !== by) acts.push('approve')
    if (['applied', 'reviewed', 'urgent'].includes(it.state) && !is_mine && it.reviewed_by !== by) acts.push('refuse')
    if (['applied', 'reviewed', 'urgent', 'in_force'].includes(it.state)) acts.push('withdraw')
    return acts
  },
  act(it, act, by) {
    if (act.act === 'review') Object.assign(it, { state: 'reviewed', reviewed_by: by })
    if (act.act === 'approve') Object.assign(it, { state: 'in_force', approved_by: by })
    if (act.act === 'refuse') Object.assign(it, { state: 'refused', reason: act.reason })
    if (act.act === 'withdraw') Object.assign(it, { state: 'withdrawn', reason: act.reason })
    if (act.act === 'lapse') it.state = 'lapsed'
    return []
  },
  summary: (it) => ({
    is_open: ['applied', 'reviewed', 'urgent', 'in_force'].includes(it.state),
    level: it.application.level,
    unit: it.application.unit,
    assignee: null,
    title: it.application.reason,
    category: '',
    plate: it.application.plate,
    at: null,
    warning: null,
  }),
  clock(it) {
    const step = { applied: 'review_watch', reviewed: 'approve_watch', urgent: 'approve_urgent_watch' }[it.state]
    return step ? { step, unit: 2, person: null, minutes: step === 'approve_urgent_watch' ? 24 * 60 : 240 } : null
  },
}

const dispatch = {
  letters: 'ZL',
  name: '查缉指令',
  states: {
    ordered: '待签收',
    signed: '已签收，赶往',
    on_site: '已到位',
    reported: '已反馈，待审核',
    closed: '已办结',
    declined: '无法执行',
    withdrawn: '已撤回',
  },
  acts: {
    open: '下达指令',
    sign: '签收',
    arrive: '到位',
    report: '反馈',
    decline: '无法执行',
    confirm: '审核通过',
    give_back: '退回反馈',
    reassign: '改派',
    withdraw: '撤回指令',
  },
  open(it, by, now) {
    if (!it.order?.trim()) return refuse('请填写指令内容。')
    if (Date.parse(it.until) <= now) return refuse('截止时间已过。')
    const order = { look_for: '', assignee: null, spot: {}, theatre: null, ring: 1, category: '', warning: null, ...it }
    return {
      order,
      state: 'ordered',
      ordered_by: by,
      ordered_from: 2,
      signed_by: null,
      on_site_at: null,
      report: null,
      reported_by: null,
      reason: null,
    }
  },
  offered(it, by) {
    const is_crew = (it.signed_by ?? it.order.assignee ?? by) === by
    const at = (...states) => states.includes(it.state)
    return [
      at('ordered') && is_crew && 'sign',
      at('signed') && is_crew && 'arrive',
      at('signed', 'on_site') && is_crew && 'report',
      at('ordered', 'signed', 'on_site') && is_crew && 'decline',
      at('reported') && it.reported_by !== by && 'confirm',
      at('reported') && 'give_back',
      at('ordered', 'signed', 'declined') && 'reassign',
      at('ordered', 'signed', 'on_site', 'declined') && 'withdraw',
    ].filter(Boolean)
  },
  act(it, act, by, now) {
    switch (act.act) {
      case 'sign':
        Object.assign(it, { state: 'signed', signed_by: by })
        return []
      case 'arrive':
        Object.assign(it, { state: 'on_site', on_site_at: iso(now) })
        return []
      case 'report': {
        if (act.outcome === 'intercepted' && !act.pictures?.length) return refuse('拦获须附至少 1 张照片。')
        const report = { note: '', pictures: [], ...act, act: undefined }
        Object.assign(it, { state: 'reported', report, reported_by: by })
        return []
      }
      case 'decline':
        Object.assign(it, { state: 'declined', reason: act.reason })
        return [{ reopen: true }]
      case 'give_back':
        Object.assign(it, { state: 'on_site', reason: act.reason })
        return []
      case 'withdraw':
        Object.assign(it, { state: 'withdrawn', reason: act.reason })
        return [{ reopen: true }]
      case 'reassign':
        Object.assign(it, { state: 'ordered', reason: act.reason, signed_by: null })
        Object.assign(it.order, { unit: act.unit, assignee: act.assignee ?? null })
        return []
      default: {
        it.state = 'closed'
        const { report, order } = it
        const same = {
          warning: order.warning,
          unit: order.unit,
          by: it.reported_by,
          at: report.at,
          spot: report.spot ?? {},
        }
        const effects = [{ judge: report.verdict, note: act.note || report.note }]
        if (report.outcome === 'intercepted')
          effects.push({
            open: {
              kind: 'interception',
              ...same,
              plate: order.plate,
              level: order.level,
              theatre: order.theatre,
              findings: report.findings ?? [],
              measures: report.measures ?? [],
              pictures: report.pictures,
              note: report.note,
            },
          })
        if (report.education)
          effects.push({
            open: { kind: 'education', ...same, ...report.education, people_count: 1, is_beside_penalty: true },
          })
        return effects
      }
    }
  },
  summary: (it) => ({
    is_open: ['ordered', 'signed', 'on_site', 'reported'].includes(it.state),
    level: it.order.level,
    unit: it.order.unit,
    assignee: it.signed_by ?? it.order.assignee,
    title: it.order.order,
    category: it.order.category,
    plate: it.order.plate,
    at: it.order.spot?.at ?? null,
    warning: it.order.warning,
  }),
  clock(it) {
    const { unit, assignee } = it.order
    if (it.state === 'ordered') return { step: 'sign_dispatch', unit, person: assignee, minutes: 3 }
    if (['signed', 'on_site'].includes(it.state))
      return { step: 'report_dispatch', unit, person: it.signed_by, minutes: 60 }
    if (it.state === 'reported') return { step: 'confirm_report', unit: 2, person: null, minutes: 120 }
    return null
  },
}

const interception = {
  letters: 'LJ',
  name: '拦截处置',
  states: { stopped: '待处置', disposed: '已处置' },
  acts: { open: '登记拦截', dispose: '处置', amend: '更正处置' },
  open(it, by) {
    if (!it.plate?.trim()) return refuse('请填写号牌。')
    const stop = { findings: [], measures: [], pictures: [], note: '', spot: {}, ...it }
    const is_done = stop.measures.length > 0
    const who = it.by ?? by
    return { stop, state: is_done ? 'disposed' : 'stopped', stopped_by: who, disposed_by: is_done ? who : null }
  },
  offered: (it) => (it.state === 'stopped' ? ['dispose'] : ['amend']),
  act(it, act, by) {
    if (!act.measures?.length) return refuse('请填写处置措施。')
    if (act.measures.some((m) => ['fine', 'points'].includes(m.kind) && m.amount === null))
      return refuse('请填写“amount”。')
    it.stop.findings = act.act === 'dispose' ? [...it.stop.findings, ...(act.findings ?? [])] : (act.findings ?? [])
    it.stop.measures = act.measures
    if (act.note) it.stop.note = act.note
    Object.assign(it, { state: 'disposed', disposed_by: by })
    return []
  },
  summary: (it) => ({
    is_open: it.state === 'stopped',
    level: it.stop.level,
    unit: it.stop.unit,
    assignee: it.stopped_by,
    title: it.stop.findings.map((f) => f.name).join('、'),
    category: it.stop.findings[0]?.code ?? '',
    category_name: it.stop.findings[0]?.name ?? '',
    plate: it.stop.plate,
    at: it.stop.spot?.at ?? null,
    warning: it.stop.warning ?? null,
  }),
  clock: (it) =>
    it.state === 'stopped' ? { step: 'dispose', unit: it.stop.unit, person: it.stopped_by, minutes: 24 * 60 } : null,
}

const education = {
  letters: 'XJ',
  name: '宣传教育',
  states: { recorded: '已登记', void: '已作废' },
  acts: { open: '登记宣教', amend: '更正', void: '作废' },
  open: (it, by) =>
    it.topic?.trim()
      ? {
          lesson: { material: '', pictures: [], note: '', spot: {}, ...it },
          state: 'recorded',
          taught_by: it.by ?? by,
          reason: null,
        }
      : refuse('请填写宣教内容。'),
  offered: (it) => (it.state === 'recorded' ? ['amend', 'void'] : []),
  act(it, act) {
    it.reason = act.reason
    if (act.act === 'void') it.state = 'void'
    else it.lesson = { ...it.lesson, ...act.lesson, unit: it.lesson.unit, by: it.lesson.by, warning: it.lesson.warning }
    return []
  },
  summary: (it) => ({
    is_open: false,
    level: 'low',
    unit: it.lesson.unit,
    assignee: it.taught_by,
    title: it.lesson.topic,
    category: it.lesson.audience,
    plate: null,
    at: it.lesson.spot?.at ?? null,
    warning: it.lesson.warning ?? null,
  }),
  clock: () => null,
}

const GRADE_LEVEL = { general: 'low', larger: 'medium', major: 'high' }
const hazard = {
  letters: 'YH',
  name: '隐患',
  states: {
    reported: '待核实',
    verified: '已核实，待下发',
    noticed: '已下发，待接收',
    rectifying: '整改中',
    submitted: '已整改，待验收',
    accepted: '已验收，待销号',
    struck_off: '已销号',
    unfounded: '不属实',
    merged: '已并入',
  },
  acts: {
    open: '上报隐患',
    verify: '核实属实',
    unfounded: '不属实',
    merge: '并入',
    issue_notice: '下发整改通知书',
    take: '接收整改任务',
    ask_extension: '申请延期',
    grant_extension: '同意延期',
    refuse_extension: '不同意延期',
    submit: '提交整改',
    accept: '验收通过',
    give_back: '退回整改',
    strike_off: '销号',
    supervise: '挂牌督办',
    end_supervision: '摘牌',
    reopen: '重新打开',
    regrade: '调整等级',
  },
  open: (it, by) =>
    it.title?.trim()
      ? {
          report: { description: '', answers: [], spot: {}, pictures: [], contact: '', plate: null, ...it },
          state: 'reported',
          grade: it.grade ?? 'general',
          reported_by: by,
          verified_by: null,
          notice: null,
          rectification: null,
          acceptance: null,
          struck_off_by: null,
          supervision: null,
          extension: null,
          merged_into: null,
          reason: null,
          reopened_count: 0,
        }
      : refuse('请填写标题。'),
  offered(it, by) {
    const acts = {
      reported: ['verify', 'unfounded', 'merge'],
      verified: ['issue_notice', 'merge', 'regrade'],
      noticed: ['take'],
      rectifying: it.extension ? ['submit', 'grant_extension', 'refuse_extension'] : ['submit', 'ask_extension'],
      submitted: it.rectification?.by === by ? [] : ['accept', 'give_back'],
      accepted: it.acceptance?.by === by ? ['give_back'] : ['strike_off', 'give_back'],
      struck_off: ['reopen'],
    }[it.state]
    const is_running = !['struck_off', 'unfounded', 'merged', 'reported'].includes(it.state)
    return [...(acts ?? []), ...(is_running ? [it.supervision ? 'end_supervision' : 'supervise'] : [])]
  },
  act(it, act, by, now) {
    const state = {
      verify: 'verified',
      unfounded: 'unfounded',
      merge: 'merged',
      issue_notice: 'noticed',
      take: 'rectifying',
      submit: 'submitted',
      accept: 'accepted',
      give_back: 'rectifying',
      strike_off: 'struck_off',
      reopen: 'reported',
    }[act.act]
    if (act.reason) it.reason = act.reason
    if (act.act === 'verify') Object.assign(it, { verified_by: by, grade: act.grade ?? it.grade })
    if (act.act === 'regrade') it.grade = act.grade
    if (act.act === 'merge') it.merged_into = act.into
    if (act.act === 'issue_notice')
      it.notice = {
        number: act.number || `安交整〔2026〕${100 + (now % 400)}号`,
        measure: act.measure,
        unit: act.unit,
        deadline: act.deadline,
        issued_by: by,
        issued_at: iso(now),
      }
    if (act.act === 'submit') {
      if (!act.pictures?.length) return refuse('提交整改须附至少 1 张照片。')
      it.rectification = { note: act.note, pictures: act.pictures, by, unit: it.notice?.unit ?? null, at: iso(now) }
    }
    if (act.act === 'accept') {
      if (!act.pictures?.length) return refuse('验收须附至少 1 张照片。')
      it.acceptance = { note: act.note ?? '', pictures: act.pictures, by, unit: 3, at: iso(now), distance_m: 34 }
    }
    if (act.act === 'strike_off') it.struck_off_by = by
    if (act.act === 'ask_extension') it.extension = { until: act.until, reason: act.reason, asked_by: by }
    if (act.act === 'grant_extension') {
      it.notice.deadline = it.extension.until
      it.extension = null
    }
    if (act.act === 'refuse_extension') it.extension = null
    if (act.act === 'give_back' && act.deadline) it.notice.deadline = act.deadline
    if (act.act === 'supervise')
      it.supervision = { tier: act.tier, document: act.document, until: act.until, by, at: iso(now) }
    if (act.act === 'end_supervision') it.supervision = null
    if (act.act === 'reopen') Object.assign(it, { reopened_count: it.reopened_count + 1, notice: null })
    if (state) it.state = state
    return []
  },
  summary: (it) => ({
    is_open: !['struck_off', 'unfounded', 'merged'].includes(it.state),
    level: GRADE_LEVEL[it.grade],
    unit: ['noticed', 'rectifying'].includes(it.state) ? it.notice.unit : it.report.unit,
    assignee: null,
    title: it.report.title,
    category: it.report.category,
    theatre: it.report.theatre ?? null,
    plate: it.report.plate,
    at: it.report.spot?.at ?? null,
    warning: it.report.warning ?? null,
  }),
  clock(it) {
    const home = it.report.unit
    const day = 24 * 60
    const steps = {
      reported: ['verify_hazard', home, day],
      verified: ['issue_notice', home, 2 * day],
      noticed: ['take_rectification', it.notice?.unit, day],
      rectifying: ['rectify', it.notice?.unit, 7 * day],
      submitted: ['accept_hazard', home, 3 * day],
      accepted: ['strike_hazard', home, 2 * day],
    }[it.state]
    if (!steps) return null
    const due_at = it.state === 'rectifying' ? it.notice.deadline : null
    return { step: steps[0], unit: steps[1], person: null, minutes: steps[2], due_at }
  },
}

export const MACHINES = { watch_application, dispatch, interception, education, hazard }
export const STEP_NAMES = {
  sign_warning: '签收预警',
  work_warning: '处置预警',
  review_watch: '审核布控',
  approve_watch: '批准布控',
  approve_urgent_watch: '补批紧急布控',
  sign_dispatch: '签收指令',
  report_dispatch: '反馈指令',
  confirm_report: '审核反馈',
  dispose: '处置拦获车辆',
  verify_hazard: '核实隐患',
  issue_notice: '下发整改通知书',
  take_rectification: '接收整改任务',
  rectify: '整改',
  accept_hazard: '验收',
  strike_hazard: '销号',
}
export { MINUTE }
