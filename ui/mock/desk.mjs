// Cases as the server keeps them: opened, acted on, with clocks, steps and what follows; the same rules as the state machines.
import { MACHINES, MINUTE, STEP_NAMES } from './stages.mjs'

const iso = (ms) => new Date(ms).toISOString()
const AUDIENCES = {
  coach_driver: '客运驾驶人',
  truck_driver: '货运驾驶人',
  villager: '村民',
  driver: '其他驾驶人',
  child: '学生、儿童',
}
const HAZARDS = { guardrail: '护栏缺失', sight: '视距不良', sign: '标志缺失', overdue_vehicle: '逾期未检验车辆' }

export function makeDesk(state, emit) {
  const { unitRef, personRef } = state.crew
  const cases = new Map()
  const tasks = []
  const steps = []
  /** Answers by the key of their command, so that a repeat does nothing twice. */
  const answered = new Map()
  const counts = {}
  let numbers = 0

  const warningOf = (id) => state.warnings.find((it) => it.id === id) ?? null
  const titleOf = (model) => state.warnings.find((it) => it.model === model)?.title ?? model
  const me = () => state.user.username

  function view(entry) {
    const machine = MACHINES[entry.kind]
    const { category_name, unit, assignee, at, ...rest } = machine.summary(entry.body)
    const task = tasks.find((it) => it.subject === entry.id && !it.end)
    return {
      id: entry.id,
      kind: entry.kind,
      kind_name: machine.name,
      chain: entry.chain,
      parent: entry.parent,
      warning_id: rest.warning ?? null,
      state: entry.body.state,
      state_name: machine.states[entry.body.state],
      is_open: rest.is_open,
      level: rest.level,
      unit: unitRef(unit),
      assignee: personRef(assignee),
      title: rest.title,
      category: rest.category ?? '',
      category_name:
        category_name ??
        (entry.kind === 'education' ? AUDIENCES : entry.kind === 'hazard' ? HAZARDS : {})[rest.category] ??
        (entry.kind === 'dispatch' ? titleOf(rest.category) : ''),
      theatre: rest.theatre ?? warningOf(rest.warning)?.place.theatre ?? null,
      plate: rest.plate,
      lon: at?.lon ?? null,
      lat: at?.lat ?? null,
      version: entry.version,
      opened_by: personRef(entry.opened_by),
      opened_at: iso(entry.opened_ms),
      changed_at: iso(entry.changed_ms),
      closed_at: rest.is_open ? null : iso(entry.changed_ms),
      step: task?.step ?? null,
      step_name: task?.step_name ?? null,
      due_at: task?.due_at ?? null,
      is_late: task ? isLate(task) : false,
    }
  }
  const isLate = (task) => Boolean(!task.end && task.due_at && !task.paused_at && Date.parse(task.due_at) < Date.now())
  const shownTask = (task) => ({ ...task, is_late: isLate(task) })

  function arm(entry, at) {
    const want = MACHINES[entry.kind].clock(entry.body)
    if (!want) return
    const about = MACHINES[entry.kind].summary(entry.body)
    const due_ms = want.due_at ? Date.parse(want.due_at) : at + want.minutes * MINUTE
    addTask({
      subject: entry.id,
      kind: entry.kind,
      kind_name: MACHINES[entry.kind].name,
      chain: entry.chain,
      level: about.level,
      title: about.title,
      plate: about.plate,
      category: about.category ?? '',
      step: want.step,
      unit: want.unit,
      person: want.person,
      at,
      due_ms,
    })
  }
  function addTask({ at, due_ms, unit, person, ...rest }) {
    numbers += 1
    tasks.push({
      id: numbers,
      ...rest,
      step_name: STEP_NAMES[rest.step],
      category_name: rest.category ? (HAZARDS[rest.category] ?? titleOf(rest.category)) : '',
      unit: unitRef(unit),
      person: personRef(person),
      permission: '',
      armed_at: iso(at),
      half_at: iso(at + (due_ms - at) / 2),
      due_at: iso(due_ms),
      paused_at: null,
      pause_reason: null,
      pause_asked_by: null,
      end: null,
      ended_at: null,
    })
    return tasks.at(-1)
  }
  function endTasks(subject, at) {
    for (const task of tasks.filter((it) => it.subject === subject && !it.end)) {
      Object.assign(task, { end: Date.parse(task.due_at) < at ? 'late' : 'on_time', ended_at: iso(at) })
    }
  }
  function note(entry, act, name, by, at, from, detail) {
    steps.push({
      id: steps.length + 1,
      subject: entry.id,
      chain: entry.chain,
      kind: entry.kind,
      at: iso(at),
      actor: personRef(by) ?? { id: 'platform', name: '平台' },
      unit: by ? unitRef(MACHINES[entry.kind].summary(entry.body).unit) : null,
      act,
      act_name: name,
      from_state: from,
      to_state: entry.body.state,
      to_state_name: MACHINES[entry.kind].states[entry.body.state],
      detail,
    })
  }

  function open({ kind, ...opening }, by = me(), at = Date.now(), parent = null) {
    const machine = MACHINES[kind]
    const body = machine.open(opening, by, at)
    if (body.refused) return body
    const day = iso(at + 8 * 3.6e6)
      .slice(0, 10)
      .replaceAll('-', '')
    counts[kind] = (counts[kind] ?? 0) + 1
    const id = `${machine.letters}${day}-${String(counts[kind]).padStart(4, '0')}`
    const chain = cases.get(parent)?.chain ?? opening.warning ?? id
    const entry = { id, kind, chain, parent, body, version: 1, opened_by: by, opened_ms: at, changed_ms: at }
    cases.set(id, entry)
    note(entry, 'open', machine.acts.open, by, at, null, opening)
    arm(entry, at)
    if (kind === 'dispatch') changeWarning(opening.warning, 'dispatch', by, at)
    tell(entry, 'open')
    return { entry }
  }

  function act(id, version, what, by = me(), at = Date.now()) {
    const entry = cases.get(id)
    if (!entry) return { missing: true }
    const machine = MACHINES[entry.kind]
    if (version !== null && version !== entry.version) return { conflict: entry }
    if (what.act !== 'lapse' && !machine.offered(entry.body, by).includes(what.act))
      return { refused: `案件处于“${machine.states[entry.body.state]}”，不能“${machine.acts[what.act] ?? what.act}”。` }
    const before = structuredClone(entry.body)
    const effects = machine.act(entry.body, what, by, at)
    if (effects.refused) {
      entry.body = before
      return effects
    }
    Object.assign(entry, { version: entry.version + 1, changed_ms: at })
    const { act: key, ...detail } = what
    note(entry, key, machine.acts[key], by, at, before.state, detail)
    // A step that goes on keeps its clock.
    const goes_on = machine.clock(entry.body)?.step === tasks.find((it) => it.subject === id && !it.end)?.step
    if (!goes_on) {
      endTasks(id, at)
      arm(entry, at)
    }
    for (const effect of effects) {
      const warning = entry.body.order?.warning
      if (effect.open) open(effect.open, by, at + 1000, id)
      if (effect.judge) changeWarning(warning, 'close', by, at, effect)
      if (effect.reopen) changeWarning(warning, 'reopen', by, at)
    }
    tell(entry, key)
    return { entry }
  }

  function changeWarning(id, change, by, at, { judge, note } = {}) {
    const warning = warningOf(id)
    if (!warning) return
    const name = personRef(by).name
    warning.version += 1
    if (change === 'dispatch') {
      warning.state = 'dispatched'
      Object.assign(warning, { signed_by: warning.signed_by ?? name, signed_at: warning.signed_at ?? iso(at) })
    }
    if (change === 'reopen') warning.state = 'signed'
    if (change === 'close') {
      warning.state = 'closed'
      warning.verdict = { verdict: judge, name: judge, by, at: iso(at), note: note || null }
    }
    endTasks(id, at)
    Object.assign(warning, { due_at: null, step: null, is_late: false })
    emit('warning', { change, warning })
  }
  /** A step between, that somebody did meanwhile: makes the next act of whoever looked before a conflict. */
  function touch(id) {
    cases.get(id).version += 1
  }
  function tell(entry, key) {
    emit('case', { case: view(entry), act: key })
    emit('tasks', mine())
  }
  function mine() {
    const open = tasks.filter((it) => !it.end && isMine(it))
    return { open: open.length, late: open.filter(isLate).length }
  }
  const isMine = (task) => (task.person ? task.person.id === me() : task.unit.id === 2)

  function names(body) {
    const text = JSON.stringify(body)
    const units = [...text.matchAll(/"(?:unit|ordered_from)":(\d+)/g)].map(([, id]) => id)
    const people = [...text.matchAll(/"(?:\w*by|assignee)":"(\w+)"/g)].map(([, name]) => name)
    return {
      units: Object.fromEntries(units.map((id) => [id, unitRef(Number(id)).name])),
      people: Object.fromEntries(people.map((name) => [name, personRef(name).name])),
    }
  }
  function file(id) {
    const entry = cases.get(id)
    const machine = MACHINES[entry.kind]
    const about = view(entry)
    return {
      case: about,
      body: { kind: entry.kind, ...entry.body },
      steps: steps.filter((it) => it.subject === id).map((it) => ({ ...it, chain: undefined })),
      tasks: tasks.filter((it) => it.subject === id).map(shownTask),
      acts: machine.offered(entry.body, me()).map((key) => ({ act: key, name: machine.acts[key] })),
      related: [...cases.values()].filter((it) => it.chain === entry.chain && it.id !== id).map(view),
      warning: warningOf(about.warning_id),
      ...names(entry.body),
    }
  }

  const WORDS = ['reason', 'note', 'order', 'measure', 'topic', 'description', 'title']
  function chain(id) {
    const members = [...cases.values()].filter((it) => it.chain === id)
    const warning = warningOf(id) ?? warningOf(members.map((it) => view(it).warning_id).find(Boolean))
    if (members.length === 0 && !warning) return null
    const blank = { actor: null, unit: null, text: '', pictures: [], picture_ids: [], lon: null, lat: null }
    const line = steps
      .filter((it) => it.chain === id)
      .map((it) => ({
        ...blank,
        at: it.at,
        stage: it.kind,
        subject: it.subject,
        act: it.act,
        act_name: it.act_name,
        actor: it.actor,
        unit: it.unit,
        text: WORDS.map((word) => it.detail[word]).find(Boolean) ?? '',
        pictures: it.detail.pictures ?? [],
        lon: it.detail.spot?.at?.lon ?? null,
        lat: it.detail.spot?.at?.lat ?? null,
      }))
    if (warning) {
      const at_warning = { ...blank, stage: 'warning', subject: warning.id }
      const { place } = warning
      line.push({
        ...blank,
        at: warning.occurred_at,
        stage: 'passage',
        subject: warning.id,
        act: 'passage',
        act_name: '过车',
        text: place.description,
        picture_ids: warning.picture_ids,
        lon: place.lon,
        lat: place.lat,
      })
      line.push({
        ...at_warning,
        at: warning.raised_at,
        act: 'raised',
        act_name: '产生预警',
        text: warning.explanation,
      })
      if (warning.signed_at)
        line.push({
          ...at_warning,
          at: warning.signed_at,
          act: 'sign',
          act_name: '签收',
          actor: { id: '', name: warning.signed_by },
          unit: unitRef(2),
        })
      if (warning.verdict)
        line.push({
          ...at_warning,
          at: warning.verdict.at,
          act: 'judge',
          act_name: '给出核查结论',
          actor: personRef(warning.verdict.by),
          text: warning.verdict.note ?? '',
        })
    }
    const subjects = new Set([warning?.id, ...members.map((it) => it.id)])
    for (const task of tasks.filter((it) => subjects.has(it.subject) && (it.end || isLate(it)))) {
      const key = task.end ?? 'never'
      const took = Math.max(
        1,
        Math.round((Date.parse(task.ended_at ?? iso(Date.now())) - Date.parse(task.armed_at)) / MINUTE),
      )
      line.push({
        ...blank,
        at: task.ended_at ?? task.due_at,
        stage: 'clock',
        subject: task.subject,
        act: key,
        act_name: `${task.step_name}：${key === 'on_time' ? '按时' : key === 'late' ? '超时' : '未完成'}`,
        unit: task.unit,
        text: `用时 ${took} 分钟`,
      })
    }
    const order = (it) => (it.stage === 'clock' ? 1 : 0)
    line.sort((a, b) => a.at.localeCompare(b.at) || order(a) - order(b))
    return { chain: id, warning, cases: members.map(view).sort((a, b) => a.opened_at.localeCompare(b.opened_at)), line }
  }

  return {
    cases,
    tasks,
    answered,
    open,
    act,
    touch,
    view,
    file,
    chain,
    addTask,
    endTasks,
    shownTask,
    isLate,
    isMine,
    mine,
  }
}
