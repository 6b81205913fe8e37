// The routes of cases, clocks, posts, saved views and people over the invented desk, with work in every state.
import { createHash } from 'node:crypto'
import { makeDesk } from './desk.mjs'
import { crew, makePosts } from './crew.mjs'
import { fillDesk } from './work.mjs'
import { MINUTE } from './stages.mjs'

const iso = (ms) => new Date(ms).toISOString()
const km = (a, b) => Math.hypot((a.lon - b.lon) * 91, (a.lat - b.lat) * 111)

export function cases(state, is_empty, emit) {
  state.crew = crew(state)
  const { unitRef, personRef } = state.crew
  const desk = makeDesk(state, emit)
  const attachments = new Map()
  let posts = is_empty ? [] : makePosts(Date.now(), state.crew)
  let views = is_empty
    ? []
    : [
        {
          id: 1,
          name: '夜班高级别',
          query: 'level=high&state=raised',
          is_shared: true,
          is_mine: false,
          page: 'warnings',
        },
      ]
  if (!is_empty) fillDesk(desk, state)
  state.desk = desk

  function filtered(query) {
    const has = (name) => query.get(name)
    const among = (name, value) => !has(name) || has(name).split(',').includes(String(value))
    const [west, south, east, north] = (has('bbox') ?? '').split(',').map(Number)
    const found = [...desk.cases.values()]
      .map(desk.view)
      .filter(
        (it) =>
          among('kind', it.kind) &&
          among('state', it.state) &&
          among('level', it.level) &&
          among('unit', it.unit.id) &&
          among('category', it.category) &&
          among('theatre', it.theatre) &&
          among('warning', it.warning_id) &&
          among('chain', it.chain) &&
          (!has('open') || String(it.is_open) === has('open')) &&
          (!has('late') || it.is_late) &&
          (!has('mine') || it.assignee?.id === state.user.username || it.opened_by.id === state.user.username) &&
          (!has('since') || it.opened_at >= has('since')) &&
          (!has('until') || it.opened_at < has('until')) &&
          (!has('bbox') || (it.lon >= west && it.lon <= east && it.lat >= south && it.lat <= north)) &&
          (!has('q') ||
            [it.id, it.title, it.plate].some((text) => text?.toUpperCase().includes(has('q').toUpperCase()))),
      )
    const sort = has('sort') ?? '-opened_at'
    const key = sort.replace('-', '')
    const sign = sort.startsWith('-') ? -1 : 1
    const rank = (it) => (key === 'level' ? { high: '3', medium: '2', low: '1' }[it.level] : (it[key] ?? '9'))
    return found.sort((a, b) => sign * String(rank(a)).localeCompare(String(rank(b))))
  }
  const shiftOf = (at) => {
    const hour = new Date(Date.parse(at) + 8 * 3.6e6).getUTCHours()
    return hour >= 8 && hour < 20 ? 'day' : 'night'
  }
  const PARTS = {
    unit: (it) => [it.unit.id, it.unit.name],
    step: (it) => [it.step, it.step_name],
    person: (it) => [it.person?.id ?? '', it.person?.name ?? '未指定人员'],
    category: (it) => [it.category, it.category_name || it.kind_name],
    shift: (it) => [shiftOf(it.armed_at), { day: '白班（8–20 时）', night: '夜班（20–8 时）' }[shiftOf(it.armed_at)]],
  }
  function tasksOf(query) {
    const has = (name) => query.get(name)
    return desk.tasks
      .filter(
        (it) =>
          (!has('ended') || String(it.end !== null) === has('ended')) &&
          (!has('mine') || desk.isMine(it)) &&
          (!has('end') || it.end === has('end')) &&
          (!has('late') || desk.isLate(it)) &&
          (!has('subject') || it.subject === has('subject')) &&
          (!has('since') || it.armed_at >= has('since')) &&
          (!has('until') || it.armed_at < has('until')) &&
          Object.entries(PARTS).every(([name, part]) => !has(name) || String(part(it)[0]) === has(name)),
      )
      .sort((a, b) => String(a.end ?? '').localeCompare(String(b.end ?? '')) || a.due_at.localeCompare(b.due_at))
  }
  function statistics(query) {
    const groups = new Map()
    for (const task of tasksOf(query)) {
      const [group, name] = PARTS[query.get('by')](task)
      const row = groups.get(group) ?? {
        group: String(group),
        name,
        on_time: 0,
        late: 0,
        never: 0,
        void: 0,
        running: 0,
        overdue: 0,
      }
      row[task.end ?? (desk.isLate(task) ? 'overdue' : 'running')] += 1
      groups.set(group, row)
    }
    return { groups: [...groups.values()] }
  }

  function options(id) {
    const warning = state.warnings.find((it) => it.id === id)
    if (!warning) return null
    const { place, occurred_at } = warning
    const here = { lon: place.lon, lat: place.lat }
    const now = Date.now()
    const is_past = now - Date.parse(occurred_at) > 40 * MINUTE
    const next = state.checkpoints
      .filter((it) => it.id !== place.checkpoint_id)
      .sort((a, b) => km(a, here) - km(b, here))
      .filter((_, i) => i === 9 || i === 15 || i === 22)
      .map((it, i) => {
        const minutes = km(it, here) * 1.3
        const from = is_past ? Date.parse(occurred_at) : now
        return {
          checkpoint_id: it.id,
          name: it.name,
          lon: it.lon,
          lat: it.lat,
          share: [0.58, 0.27, 0.1][i],
          earliest: iso(from + minutes * 0.75 * MINUTE),
          likely: iso(from + minutes * MINUTE),
          latest: iso(from + minutes * 1.6 * MINUTE),
        }
      })
    const ranked = posts
      .map((post) => {
        const target = [...next].sort((a, b) => km(a, post) - km(b, post))[0]
        const drive_minutes = Math.round(km(target, post) * 1.1)
        const margin_minutes = Math.round((Date.parse(target.likely) - now) / MINUTE) - drive_minutes
        const can_intercept = !is_past && post.state === 'on_duty' && margin_minutes >= 0
        return {
          post,
          ring: post.kind === 'fixed' ? 1 : 2,
          checkpoint_id: target.checkpoint_id,
          drive_minutes,
          margin_minutes,
          can_intercept,
          reason:
            post.state === 'off'
              ? '未上勤'
              : post.state === 'busy'
                ? '正在执行其他指令'
                : margin_minutes < 0
                  ? `赶到 ${target.name} 需 ${drive_minutes} 分钟，车辆届时已通过`
                  : `可先于车辆 ${Math.max(0, margin_minutes)} 分钟到达 ${target.name}`,
        }
      })
      .sort((a, b) => Number(b.can_intercept) - Number(a.can_intercept) || b.margin_minutes - a.margin_minutes)
    return {
      seen: { checkpoint_id: place.checkpoint_id, name: place.checkpoint_name, ...here, at: occurred_at },
      next,
      posts: ranked,
      nobody: is_past
        ? '车辆最后一次出现已过 40 分钟，下游卡口的预计到达时段均已过去，现有执勤点都来不及拦截。'
        : ranked.some((it) => it.can_intercept)
          ? null
          : '各执勤点赶到下游卡口所需时间均长于车辆到达时间。',
    }
  }
  const postOf = (id, input) => ({
    id,
    name: input.name,
    unit: unitRef(input.unit),
    kind: input.kind,
    state: input.state,
    lon: input.lon,
    lat: input.lat,
    crew: input.crew.map(personRef),
    updated_at: iso(Date.now()),
  })

  return function route(method, [kind, id, action], query, body, { slice, problem, headers = {}, bytes, sign }) {
    const outcome = (done) => {
      if (done.missing) return problem(404, 'not_found', '没有这个案件', '')
      if (done.refused) return problem(422, 'refused', '未能办理', done.refused)
      if (done.conflict)
        return problem(
          409,
          'conflict',
          '案件已变化',
          `李强刚刚办理了这个案件，现为“${desk.view(done.conflict).state_name}”。`,
        )
      return { body: desk.file(done.entry.id) }
    }
    /** Each command once: a repeat gets the answer of the first. */
    const once = (work) => {
      const key = headers['idempotency-key']
      if (!key) return problem(400, 'bad_request', '缺少 Idempotency-Key', '')
      if (!desk.answered.has(key)) desk.answered.set(key, work())
      return desk.answered.get(key)
    }
    switch (kind) {
      case 'cases':
        if (method === 'POST' && !id)
          return once(() => outcome(desk.open(body, state.user.username, Date.now(), query.get('parent'))))
        if (action === 'acts') {
          if (state.is_next_act_late) {
            state.is_next_act_late = false
            desk.touch(id)
          }
          return once(() => outcome(desk.act(id, body.version, body.act)))
        }
        if (id === 'counts') {
          const counts = new Map()
          for (const it of filtered(query)) {
            const key = [it.kind, it.state, it.category, it.unit.id, it.level].join()
            const row = {
              kind: it.kind,
              state: it.state,
              category: it.category,
              unit: it.unit.id,
              level: it.level,
              count: 0,
            }
            counts.set(key, { ...row, count: (counts.get(key)?.count ?? 0) + 1 })
          }
          return { body: { counts: [...counts.values()] } }
        }
        if (id === 'export') return { csv: '编号,状态\r\n' }
        if (id) return desk.cases.has(id) ? { body: desk.file(id) } : problem(404, 'not_found', '没有这个案件', '')
        return { body: slice(filtered(query), query) }
      case 'chains': {
        const chain = desk.chain(id)
        return chain ? { body: chain } : problem(404, 'not_found', '没有这条链', '')
      }
      case 'tasks': {
        const task = desk.tasks.find((it) => it.id === Number(id))
        if (method !== 'POST') {
          const list = slice(tasksOf(query), query)
          return { body: { ...list, items: list.items.map(desk.shownTask) } }
        }
        if (action === 'pause')
          Object.assign(task, { pause_reason: body.reason, pause_asked_by: personRef(state.user.username) })
        return { status: 204 }
      }
      case 'statistics':
        if (id === 'tasks') return { body: statistics(query) }
        return {
          body: hazardStatistics(
            [...desk.cases.values()].filter((it) => it.kind === 'hazard').map(desk.view),
            query.get('by'),
          ),
        }
      case 'dispatch': {
        const found = options(query.get('warning'))
        return found ? { body: found } : problem(404, 'not_found', '没有这条预警', '')
      }
      case 'posts':
        if (method === 'POST') posts = [...posts, postOf(posts.length + 10, body)]
        if (method === 'PUT') posts = posts.map((it) => (it.id === Number(id) ? postOf(it.id, body) : it))
        if (method === 'DELETE') posts = posts.filter((it) => it.id !== Number(id))
        if (method === 'DELETE') return { status: 204 }
        return {
          body: method === 'GET' ? posts : method === 'PUT' ? posts.find((it) => it.id === Number(id)) : posts.at(-1),
        }
      case 'views':
        if (method === 'DELETE') {
          views = views.filter((it) => it.id !== Number(id))
          return { status: 204 }
        }
        if (method === 'POST') {
          views = [...views, { ...body, id: views.length + 2, is_mine: true }]
          return { body: views.at(-1) }
        }
        return { body: views.filter((it) => it.page === query.get('page')) }
      case 'attachments': {
        if (method === 'POST') {
          const hash = createHash('sha256').update(bytes).digest('hex')
          attachments.set(hash, { bytes, media_type: headers['content-type'] })
          return { body: { id: hash, media_type: headers['content-type'], bytes: bytes.length } }
        }
        const stored = attachments.get(id)
        return stored ? { bytes: stored.bytes, media_type: stored.media_type } : { picture: id }
      }
      case 'warnings':
        if (id !== 'sign' || method !== 'POST') return null
        return {
          body: {
            items: body.items.map(({ id, version }) => {
              const { status = 200, body } = sign(id, version)
              return { id, ok: status === 200, detail: status === 200 ? null : body.detail }
            }),
          },
        }
      default:
        return null
    }
  }
}

function hazardStatistics(hazards, by) {
  const figures = (list) => ({
    found: list.length,
    rectified: list.filter((it) => ['submitted', 'accepted', 'struck_off'].includes(it.state)).length,
    struck_off: list.filter((it) => it.state === 'struck_off').length,
    open: list.filter((it) => it.is_open).length,
    late: list.filter((it) => it.is_late).length,
  })
  const of = (it) =>
    by === 'unit'
      ? [it.unit.id, it.unit.name]
      : by === 'month'
        ? [it.opened_at.slice(0, 7), it.opened_at.slice(0, 7)]
        : [it.category, it.category_name]
  const groups = new Map()
  for (const it of hazards)
    groups.set(of(it)[0], { name: of(it)[1], list: [...(groups.get(of(it)[0])?.list ?? []), it] })
  return {
    total: figures(hazards),
    road: figures(hazards.filter((it) => !it.plate)),
    other: figures(hazards.filter((it) => it.plate)),
    groups: [...groups].map(([group, { name, list }]) => ({ group: String(group), name, ...figures(list) })),
  }
}
