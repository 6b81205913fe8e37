// Hazards, education, orders of the road and tasks of the mock: cases with their acts, commands that happen once by their key,
// refusals and conflicts as the server gives them.

import { CATEGORIES, educationsOf, hazardsOf, ordersOf, UNITS } from './hazard-data.mjs'

const iso = (ms) => new Date(ms).toISOString()
const STATE_NAMES = {
  reported: '待核实',
  verified: '已核实，待下发',
  noticed: '已下发，待接收',
  rectifying: '整改中',
  submitted: '已整改，待验收',
  accepted: '已验收，待销号',
  struck_off: '已销号',
  unfounded: '不属实',
  merged: '已并入',
  ordered: '待签收',
  signed: '已签收，赶往',
  on_site: '已到位',
  closed: '已办结',
  declined: '无法执行',
  withdrawn: '已撤回',
  recorded: '已登记',
  void: '已作废',
}
const ACT_NAMES = {
  open: '上报',
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
  give_back: '退回',
  strike_off: '销号',
  supervise: '挂牌督办',
  end_supervision: '摘牌',
  reopen: '重新打开',
  regrade: '调整等级',
  sign: '签收',
  arrive: '到位',
  report: '反馈',
  decline: '无法执行',
  void: '作废',
  amend: '更正',
}
/** Which acts a state allows, and where they lead; null: it stays. */
const MACHINES = {
  hazard: {
    reported: { verify: 'verified', unfounded: 'unfounded', merge: 'merged' },
    verified: { issue_notice: 'noticed', unfounded: 'unfounded', merge: 'merged', supervise: null, regrade: null },
    noticed: { take: 'rectifying', issue_notice: 'noticed', supervise: null, regrade: null },
    rectifying: { submit: 'submitted', ask_extension: null, supervise: null, regrade: null },
    submitted: { accept: 'accepted', give_back: 'rectifying' },
    accepted: { strike_off: 'struck_off', give_back: 'rectifying' },
    struck_off: { reopen: 'reported' },
  },
  dispatch: {
    ordered: { sign: 'signed', decline: 'declined' },
    signed: { arrive: 'on_site', report: 'reported', decline: 'declined' },
    on_site: { report: 'reported', decline: 'declined' },
  },
  education: { recorded: { amend: null, void: 'void' } },
}
const STEPS = {
  reported: ['verify_hazard', '核实隐患', 24],
  verified: ['issue_notice', '下发整改通知书', 48],
  noticed: ['take_rectification', '接收整改任务', 24],
  rectifying: ['rectify', '整改', 240],
  submitted: ['accept_hazard', '验收', 72],
  accepted: ['strike_hazard', '销号', 72],
  ordered: ['sign_dispatch', '签收指令', 0.17],
  signed: ['report_dispatch', '反馈指令', 24],
  on_site: ['report_dispatch', '反馈指令', 24],
}
const LEVELS = { general: 'low', larger: 'medium', major: 'high' }
const DONE = new Set(['struck_off', 'unfounded', 'merged', 'closed', 'declined', 'withdrawn', 'recorded', 'void'])

export function hazards(state, is_empty, is_road, emit) {
  const now = Date.now()
  const unit = (id) => ({ id, name: UNITS.find((it) => it.id === id)?.name ?? String(id) })
  const person = (id) => ({
    id,
    name: { admin: '值班员王磊', liqiang: '李强', zhaomin: '赵敏', sunhai: '孙海' }[id] ?? id,
  })
  const cases = is_empty ? [] : [...hazardsOf(now), ...educationsOf(now), ...ordersOf(now)]
  const made = new Map()
  state.cases = cases
  state.caseView = (it) => view(it)
  /** Commands that took effect, and how often each was sent: by Idempotency-Key. */
  state.commands = []
  state.sent_keys = new Map()
  /** The next act meets a case that somebody changed. */
  state.is_next_act_late = false
  state.attachments = []

  const isOpen = (it) => !DONE.has(it.body.state)
  const categoryOf = ({ kind, body }) =>
    kind === 'hazard' ? body.report.category : kind === 'education' ? body.lesson.audience : body.order.category
  function view(it) {
    const { kind, body } = it
    const [step, step_name, hours] = STEPS[body.state] ?? [null, null, 0]
    const due =
      !step || !isOpen(it)
        ? null
        : body.state === 'rectifying'
          ? (body.notice?.deadline ?? null)
          : iso(Date.parse(it.changed_at) + hours * 3.6e6)
    const spot = body.report?.spot ?? body.order?.spot ?? body.lesson?.spot
    const category = categoryOf(it)
    const home = body.report?.unit ?? body.order?.unit ?? body.lesson?.unit
    const acting = ['noticed', 'rectifying'].includes(body.state) && body.notice ? body.notice.unit : home
    return {
      id: it.id,
      kind,
      kind_name: { hazard: '隐患', education: '宣教', dispatch: '查缉指令' }[kind],
      chain: it.chain ?? it.id,
      parent: it.parent ?? null,
      warning_id: null,
      state: body.state,
      state_name: kind === 'dispatch' && body.state === 'reported' ? '已反馈，待审核' : STATE_NAMES[body.state],
      is_open: isOpen(it),
      level: kind === 'hazard' ? LEVELS[body.grade] : (body.order?.level ?? 'low'),
      unit: unit(acting),
      assignee: null,
      title: body.report?.title ?? (kind === 'dispatch' ? `拦截 ${body.order.plate}` : body.lesson.topic),
      category,
      category_name: CATEGORIES.find((c) => c.key === category)?.name ?? (kind === 'education' ? '' : category),
      theatre: body.report?.theatre ?? body.lesson?.theatre ?? null,
      plate: body.order?.plate ?? body.report?.plate ?? null,
      lon: spot?.at?.lon ?? null,
      lat: spot?.at?.lat ?? null,
      version: it.version,
      opened_by: person(it.opened_by),
      opened_at: it.opened_at,
      changed_at: it.changed_at,
      closed_at: isOpen(it) ? null : it.changed_at,
      step: isOpen(it) ? step : null,
      step_name: isOpen(it) ? step_name : null,
      due_at: due,
      is_late: due !== null && Date.parse(due) < Date.now(),
      is_supervised: Boolean(body.supervision),
      people_count: body.lesson?.people_count,
    }
  }
  const taskOf = (it) => {
    const row = view(it)
    if (!row.step) return null
    const armed = Date.parse(it.changed_at)
    const paused = it.pause ?? null
    return {
      id: Number(it.id.replace(/\D/g, '').slice(-7)),
      subject: it.id,
      kind: it.kind,
      kind_name: row.kind_name,
      chain: row.chain,
      step: row.step,
      step_name: row.step_name,
      level: row.level,
      title: row.title,
      plate: row.plate,
      category: row.category,
      category_name: row.category_name,
      unit: row.unit,
      person: null,
      permission: '',
      armed_at: it.changed_at,
      half_at: row.due_at ? iso(armed + (Date.parse(row.due_at) - armed) / 2) : null,
      due_at: row.due_at,
      is_late: row.is_late,
      paused_at: paused?.granted_at ?? null,
      pause_reason: paused?.reason ?? null,
      pause_asked_by: paused ? person(state.user.username) : null,
      end: null,
      ended_at: null,
    }
  }
  const offers = (it) => {
    const acts = Object.keys(MACHINES[it.kind][it.body.state] ?? {}).filter(
      (act) => act !== 'supervise' || !it.body.supervision,
    )
    if (it.body.extension) acts.push('grant_extension', 'refuse_extension')
    if (it.body.supervision) acts.push('end_supervision')
    return acts.map((act) => ({ act, name: ACT_NAMES[act] }))
  }
  const file = (it) => ({
    case: view(it),
    body: { kind: it.kind, ...it.body },
    steps: it.steps,
    tasks: [taskOf(it)].filter(Boolean),
    acts: offers(it),
    related: cases.filter((other) => other !== it && other.chain && other.chain === it.chain).map(view),
    warning: null,
    units: Object.fromEntries(UNITS.map((u) => [u.id, u.name])),
    people: Object.fromEntries(['admin', 'liqiang', 'zhaomin', 'sunhai'].map((id) => [id, person(id).name])),
  })
  function step(it, act, from, detail, at) {
    it.steps.push({
      id: it.steps.length + 1,
      subject: it.id,
      kind: it.kind,
      at: at ?? iso(Date.now()),
      actor: person(state.user.username),
      unit: unit(3),
      act,
      act_name: ACT_NAMES[act] ?? act,
      from_state: from,
      to_state: it.body.state,
      to_state_name: STATE_NAMES[it.body.state],
      detail,
    })
  }

  function matches(row, it, query) {
    const has = (name) => query.get(name)
    const among = (name, value) => !has(name) || has(name).split(',').includes(String(value))
    const [west, south, east, north] = (has('bbox') ?? '').split(',').map(Number)
    return (
      among('kind', row.kind) &&
      among('state', row.state) &&
      among('level', row.level) &&
      among('category', row.category) &&
      among('unit', row.unit.id) &&
      among('theatre', row.theatre) &&
      among('source', it.body.report?.source) &&
      among('chain', row.chain) &&
      (!has('open') || String(row.is_open) === has('open')) &&
      (!has('late') || String(row.is_late) === has('late')) &&
      (!has('supervised') || String(row.is_supervised) === has('supervised')) &&
      (!has('since') || row.opened_at >= has('since')) &&
      (!has('until') || row.opened_at < has('until')) &&
      (!has('bbox') || (row.lon >= west && row.lon <= east && row.lat >= south && row.lat <= north)) &&
      (!has('q') || `${row.id}${row.title}${row.plate ?? ''}`.includes(has('q')))
    )
  }
  function list(query) {
    const rows = cases.filter((it) => matches(view(it), it, query)).map(view)
    const sort = query.get('sort') ?? '-opened_at'
    const key = sort.replace('-', '')
    const sign = sort.startsWith('-') ? -1 : 1
    const rank = { high: 3, medium: 2, low: 1 }
    const value = (row) => (key === 'level' ? String(rank[row.level]) : (row[key] ?? '9'))
    return rows.sort((a, b) => sign * value(a).localeCompare(value(b)))
  }

  function figures(rows) {
    const count = (test) => rows.filter(test).length
    return {
      found: rows.length,
      rectified: count((it) => ['accepted', 'struck_off'].includes(it.state)),
      struck_off: count((it) => it.state === 'struck_off'),
      open: count((it) => it.is_open),
      late: count((it) => it.is_late),
    }
  }
  function statistics(query) {
    const all = list(
      new URLSearchParams({ kind: 'hazard', since: query.get('since') ?? '', until: query.get('until') ?? '' }),
    )
    const rows = all.filter((it) => !['unfounded', 'merged'].includes(it.state))
    const is_road = (row) => CATEGORIES.find((c) => c.key === row.category)?.hazard_kind === 'road'
    const by = query.get('by')
    const group = (row) =>
      by === 'unit'
        ? [String(row.unit.id), row.unit.name]
        : by === 'month'
          ? [row.opened_at.slice(0, 7), row.opened_at.slice(0, 7)]
          : [row.category, row.category_name]
    const groups = new Map()
    for (const row of rows) {
      const [key, name] = group(row)
      if (!groups.has(key)) groups.set(key, { group: key, name, rows: [] })
      groups.get(key).rows.push(row)
    }
    return {
      total: figures(rows),
      road: figures(rows.filter(is_road)),
      other: figures(rows.filter((row) => !is_road(row))),
      groups: [...groups.values()].map(({ rows, ...rest }) => ({ ...rest, ...figures(rows) })),
    }
  }
  const metres = (a, b) => Math.hypot((a.lon - b.lon) * Math.cos((a.lat * Math.PI) / 180), a.lat - b.lat) * 111_195
  const near = (query) =>
    list(new URLSearchParams({ kind: 'hazard', category: query.get('category') ?? '' }))
      .filter((row) => row.lon !== null && row.id !== query.get('exclude') && row.is_open)
      .map((row) => ({
        case: row,
        distance_m: Math.round(metres(row, { lon: Number(query.get('lon')), lat: Number(query.get('lat')) })),
      }))
      .filter((it) => it.distance_m <= 300)
      .sort((a, b) => a.distance_m - b.distance_m)

  function open(body, query) {
    const at = iso(Date.now())
    const { kind, ...rest } = body
    const letters = kind === 'hazard' ? 'YH' : 'XJ'
    const fresh = {
      id: `${letters}${at.slice(0, 10).replaceAll('-', '')}-${String(9000 + cases.length).slice(-4)}`,
      kind,
      parent: query.get('parent'),
      version: 1,
      opened_by: state.user.username,
      opened_at: at,
      changed_at: at,
      steps: [],
      body:
        kind === 'hazard'
          ? {
              report: rest,
              state: 'reported',
              grade: rest.grade,
              reported_by: state.user.username,
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
          : { lesson: rest, state: 'recorded', taught_by: state.user.username, reason: null },
    }
    cases.push(fresh)
    step(fresh, 'open', null, { title: rest.title })
    emit?.('case', { case: view(fresh), act: 'open' })
    return fresh
  }

  const refused = (problem, detail) => problem(422, 'refused', '不能这样办理', detail)
  function act(it, { version, act: command }, problem) {
    if (state.is_next_act_late) {
      state.is_next_act_late = false
      it.version += 1
      it.body.state = 'withdrawn'
      return problem(409, 'conflict', '案件已变化', '指挥室刚刚撤回了这条指令。')
    }
    if (it.version !== version) return problem(409, 'conflict', '案件已变化', '李强刚刚办理了这件案件。')
    const { act: name, ...detail } = command
    if (!offers(it).some((offer) => offer.act === name))
      return refused(problem, `当前状态“${STATE_NAMES[it.body.state]}”不能“${ACT_NAMES[name] ?? name}”。`)
    const at = iso(Date.now())
    const { body } = it
    const from = body.state
    if (name === 'accept') {
      const home = body.report.spot?.at
      if (home && !detail.spot?.at) return refused(problem, '没有位置，不能验收。')
      const distance_m = home ? Math.round(metres(detail.spot.at, home)) : null
      if (distance_m > 200) return refused(problem, `距隐患点 ${distance_m} 米，超过 200 米，请到现场验收。`)
      body.acceptance = { ...detail, by: state.user.username, unit: 3, at, distance_m }
    }
    if (name === 'submit') {
      if (!detail.pictures?.length) return refused(problem, '至少要有 1 张整改后的照片。')
      body.rectification = { ...detail, by: state.user.username, unit: 3, at }
      body.extension = null
    }
    if (name === 'verify' || name === 'regrade') body.grade = detail.grade
    if (name === 'verify') {
      const { category = body.report.category, spot = body.report.spot, answers = body.report.answers } = detail
      Object.assign(body.report, { category, spot, answers })
    }
    if (name === 'issue_notice')
      body.notice = {
        ...detail,
        number: detail.number || `安整〔2026〕${100 + cases.indexOf(it)}号`,
        issued_by: state.user.username,
        issued_at: at,
      }
    if (name === 'ask_extension') body.extension = { ...detail, by: state.user.username }
    if (name === 'grant_extension')
      Object.assign(body, { notice: { ...body.notice, deadline: body.extension.until }, extension: null })
    if (name === 'refuse_extension') body.extension = null
    if (name === 'supervise') body.supervision = { ...detail, by: state.user.username, at }
    if (name === 'end_supervision') body.supervision = null
    if (name === 'merge') body.merged_into = detail.into
    if (name === 'strike_off') body.struck_off_by = state.user.username
    if (name === 'report') Object.assign(body, { report: detail, reported_by: state.user.username })
    if (name === 'sign') body.signed_by = state.user.username
    if (name === 'amend') body.lesson = detail.lesson
    if (detail.reason) body.reason = detail.reason
    body.state = MACHINES[it.kind][from]?.[name] ?? from
    it.version += 1
    it.changed_at = at
    step(it, name, from, detail)
    emit?.('case', { case: view(it), act: name })
    return { body: file(it) }
  }
  /** What is sent again under a key it came with before is answered as before and done once. */
  function once(key, about, work) {
    if (key) state.sent_keys.set(key, (state.sent_keys.get(key) ?? 0) + 1)
    if (key && made.has(key)) return made.get(key)
    const answer = work()
    if ((answer.status ?? 200) < 300) {
      if (key) made.set(key, answer)
      state.commands.push({ key, ...about })
    }
    return answer
  }

  const ours = (query) =>
    /hazard|education/.test(query.get('kind') ?? '') || (query.get('kind') === 'dispatch' && query.has('mine'))
  return (method, [kind, id, action, last], query, body, { slice, problem, headers = {} }) => {
    const key = headers['idempotency-key']
    if (kind === 'attachments' && method === 'POST')
      state.attachments.push({ name: query.get('name'), taken_at: query.get('taken_at'), lon: query.get('lon') })
    if (kind === 'hazards' && id === 'categories') return { body: CATEGORIES }
    if (kind === 'hazards' && id === 'near') return { body: near(query) }
    if (kind === 'hazards' && action === 'notice.docx') return { csv: 'PK' }
    if (kind === 'statistics' && id === 'hazards') return { body: statistics(query) }
    if (kind === 'educations' && id === 'local-case')
      return { body: { text: '2026 年 9 月，本县石桥镇李某驾驶三轮汽车载人侧翻，2 人受伤。', since: '2026-09' } }
    // The rest stands in for the desk's own cases, and only for tests of this work.
    if (!is_road) return null
    if (kind === 'cases' && id === 'export') return { csv: '\ufeff编号,标题\r\n' }
    if (kind === 'cases' && !id && method === 'GET' && ours(query)) return { body: slice(list(query), query) }
    if (kind === 'cases' && !id && method === 'POST' && /hazard|education/.test(body.kind))
      return once(key, { path: 'cases', body, happened_at: query.get('happened_at') }, () => ({
        body: file(open(body, query)),
      }))
    const it = kind === 'cases' && id ? cases.find((it) => it.id === id) : null
    if (it && action === 'acts')
      return once(key, { path: id, body, happened_at: query.get('happened_at') }, () => act(it, body, problem))
    if (it) return { body: file(it) }
    if (kind === 'tasks' && id) {
      const found = cases.find((it) => taskOf(it)?.id === Number(id))
      if (!found) return problem(404, 'not_found', '没有这件任务', '')
      if (action === 'pause' && last === 'grant') found.pause.granted_at = iso(Date.now())
      else if (action === 'pause') found.pause = { reason: body.reason }
      else found.pause = null
      return { status: 204 }
    }
    if (kind === 'tasks' && method === 'GET') {
      if (query.get('ended') === 'true') {
        const ended = cases.filter((it) => it.kind === 'hazard' && !isOpen(it)).slice(0, 30)
        const rows = ended.map((it, i) => ({
          ...taskOf({ ...it, body: { ...it.body, state: 'accepted' } }),
          id: 500_000 + i,
          end: ['on_time', 'late', 'never', 'void'][i % 4],
          ended_at: it.changed_at,
        }))
        return { body: slice(rows, query) }
      }
      const rows = cases
        .filter((it, i) => it.kind === 'dispatch' || i % 3 === 0)
        .map(taskOf)
        .filter((task) => task && (!query.get('late') || String(task.is_late) === query.get('late')))
      return { body: slice(rows, query) }
    }
    if (kind === 'cases' && id === 'counts' && ours(query)) {
      const counts = new Map()
      for (const row of list(query)) {
        const name = [row.kind, row.state, row.category, row.unit.id, row.level].join()
        const { kind, state, category, level } = row
        const known = counts.get(name) ?? { kind, state, category, unit: row.unit.id, level, count: 0 }
        counts.set(name, { ...known, count: known.count + 1 })
      }
      return { body: { counts: [...counts.values()] } }
    }
    if (kind === 'units' && method === 'GET') return { body: UNITS }
    if (kind === 'people' && method === 'GET' && !id)
      return {
        body: ['admin', 'liqiang', 'zhaomin', 'sunhai'].map((id) => ({
          username: id,
          display_name: person(id).name,
          unit: unit(3),
        })),
      }
    return null
  }
}
