// A stand-in for the server: the API of the page over the invented county, live stream included; serves dist/ when built.
// `npm run mock` starts it on 127.0.0.1:8080 (user admin, password Anchang-1234); tests start it themselves.
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  dice,
  drive,
  evidenceOf,
  makeCheckpoints,
  makeKeyVehicles,
  grouped,
  makeWarning,
  mapConfig,
  pick,
  places,
  randomPlate,
  roads,
} from './world.mjs'
import { hazards } from './hazards.mjs'
import { history } from './history.mjs'
import { intake } from './intake.mjs'
import { backTests } from './backtests.mjs'
import { cases } from './cases.mjs'
import { crashes } from './crashes.mjs'
import { judging } from './judging.mjs'
import { lists } from './lists.mjs'
import { people } from './people.mjs'
import { platforms } from './platforms.mjs'
import { telling } from './telling.mjs'

const DIST = fileURLToPath(new URL('../dist/', import.meta.url))
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
}
const iso = (ms) => new Date(ms).toISOString()

const vehicleOf = ({ subject }) => ({
  plate: subject.plate,
  plate_class: subject.plate_class,
  plate_color: subject.plate_color,
  vehicle_type: 'K11',
  use: 'B',
  key_class: 'scheduled_coach',
  color: 'A',
  owner: '安和县顺达客运有限公司',
  inspection_valid_until: '2026-07-31',
  scrap_by: null,
  unhandled_offences: 2,
  is_night_exempt: false,
  version: 1,
})

export async function startMock({
  port = 0,
  is_empty = false,
  must_change = false,
  is_live = true,
  count = 120,
  is_road = false,
} = {}) {
  const now = Date.now()
  const checkpoints = is_empty ? [] : makeCheckpoints(now)
  const state = {
    checkpoints,
    vehicles: is_empty ? [] : makeKeyVehicles(now),
    warnings: is_empty
      ? []
      : grouped(
          Array.from({ length: count }, (_, i) =>
            makeWarning(checkpoints, now, i < 9 ? (8 - i) * 70_000 : i * 1_500_000),
          ),
        ),
    user: {
      id: 1,
      username: 'admin',
      display_name: '值班员王磊',
      must_change_password: must_change,
    },
    is_logged_in: false,
    /** The next signature meets somebody who was faster. */
    is_next_sign_late: false,
    requests: [],
  }
  const persons = people(state, is_empty)
  if (is_road) Object.assign(state.user, { unit_id: 3, unit_name: '城关中队' })
  const more = lists(state, is_empty)
  const judge = judging(state, is_empty)
  const tested = backTests(state, is_empty)
  const taken = intake(is_empty)
  const past = history(state, is_empty)
  const exchange = platforms(state, is_empty)
  const clients = new Set()
  let event_id = 0
  let passages_today = is_empty ? 0 : 384_213
  const log = []

  function figures() {
    const raised = state.warnings.filter((it) => it.state === 'raised' && it.group_id === it.id && !it.hidden)
    const by = (key, list) => list.reduce((sum, it) => ({ ...sum, [it[key]]: (sum[it[key]] ?? 0) + 1 }), {})
    const hour = new Date(Date.now() + 8 * 3.6e6).getUTCHours()
    return {
      day: iso(Date.now() + 8 * 3.6e6).slice(0, 10),
      now: iso(Date.now()),
      passages_today,
      passages_per_hour: Array.from({ length: 24 }, (_, h) =>
        is_empty || h > hour
          ? 0
          : Math.round(9000 + 21_000 * Math.exp(-((h - 8) ** 2) / 9) + 19_000 * Math.exp(-((h - 17.5) ** 2) / 8)),
      ),
      positions_today: is_empty ? 0 : 1_203_441,
      warnings_today: state.warnings.length,
      warnings_today_by_model: by('model', state.warnings),
      warnings_unsigned: raised.length,
      warnings_signed: state.warnings.filter((it) => it.state === 'signed').length,
      warnings_by_level_unsigned: { high: 0, medium: 0, low: 0, ...by('level', raised) },
      devices_total: is_empty ? 0 : 152,
      devices_online: is_empty ? 0 : 139,
      checkpoints_total: checkpoints.length,
      checkpoints_online: checkpoints.filter((it) => it.state === 'online').length,
      key_vehicles_online: state.vehicles.filter((it) => it.online).length,
      quarantined_today: is_empty ? 0 : 17,
      refused_devices: is_empty ? 0 : 3,
      passages_per_s: is_empty ? 0 : 11.4,
      positions_per_s: is_empty ? 0 : 8.7,
      backfill: { active: false, behind_s: 0 },
    }
  }
  function emit(name, data) {
    event_id += 1
    const text = `id: ${event_id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`
    if (name === 'warning') log.push({ id: event_id, text })
    for (const client of clients) client.write(text)
  }
  const shown = (vehicle) => Object.fromEntries(Object.entries(vehicle).filter(([name]) => !name.startsWith('_')))
  const desk = cases(state, is_empty, emit)
  const told = telling(state, is_empty, emit)
  const roadwork = hazards(state, is_empty, is_road, emit)
  const ledger = crashes(state, is_empty)
  const timers =
    is_empty || !is_live
      ? []
      : [
          setInterval(() => {
            const seen = new Map()
            const sample = Array.from({ length: 3 }, () => {
              const checkpoint = pick(checkpoints.filter((it) => it.state === 'online'))
              seen.set(checkpoint.id, (seen.get(checkpoint.id) ?? 0) + 1)
              const color = pick(['blue', 'blue', 'blue', 'green', 'yellow', 'yellow_green'])
              return {
                captured_at: iso(Date.now() - dice() * 400),
                checkpoint_id: checkpoint.id,
                plate_text: randomPlate(color),
                plate_color: color,
                vehicle_class: 'K33',
                speed_kmh: 30 + dice() * 70,
                picture_id: null,
              }
            })
            passages_today += sample.length
            emit('passages', {
              checkpoints: [...seen].map(([id, n]) => ({ id, count: n, last_at: iso(Date.now()) })),
              sample,
            })
          }, 250),
          setInterval(() => {
            for (const vehicle of state.vehicles) drive(vehicle, Date.now())
            emit('vehicles', { moved: state.vehicles.filter((it) => it.online).map(shown) })
          }, 1000),
          setInterval(() => raise(), 9000),
        ]
  timers.push(setInterval(() => emit('figures', figures()), 1000))

  function raise(model) {
    const warning = makeWarning(checkpoints, Date.now(), 0, model)
    state.warnings.unshift(warning)
    emit('warning', { change: 'raised', warning })
    return warning
  }

  function warningsList(query) {
    const has = (name) => query.get(name)
    const found = state.warnings.filter(
      (it) =>
        (!has('state') || it.state === has('state')) &&
        (!has('model') || it.model === has('model')) &&
        (!has('level') || it.level === has('level')) &&
        (!has('actionable') || String(it.is_actionable) === has('actionable')) &&
        (!has('historical') || String(it.is_historical) === has('historical')) &&
        (!has('checkpoint') || it.place.checkpoint_id === has('checkpoint')) &&
        (!has('verdict') || (it.verdict?.verdict ?? 'none') === has('verdict')) &&
        (!has('late') || (it.due_at && Date.parse(it.due_at) < Date.now())) &&
        (!has('rule') || it.detail.rule_id === has('rule')) &&
        (!has('group') || it.group_id === has('group')) &&
        (!has('heads') || it.group_id === it.id) &&
        (!has('hidden') || String(it.hidden !== null) === has('hidden')) &&
        (!has('until') || it.occurred_at < has('until')) &&
        (!has('since') || it.occurred_at >= has('since')) &&
        (!has('q') || it.subject.plate.includes(has('q').toUpperCase())),
    )
    const key = (has('sort') ?? '-raised_at').replace('-', '')
    const sign = (has('sort') ?? '-').startsWith('-') ? -1 : 1
    found.sort((a, b) => sign * String(a[key] ?? '9').localeCompare(String(b[key] ?? '9')))
    return slice(found, query)
  }
  const slice = (items, query) => {
    const offset = Number(query.get('offset') ?? 0)
    return {
      items: items.slice(offset, offset + Number(query.get('limit') ?? 50)),
      total: items.length,
      next_cursor: null,
    }
  }
  const problem = (status, code, title, detail, errors) => ({
    status,
    body: { type: 'about:blank', title, status, detail, code, request_id: 'mock-0001', errors },
  })

  function sign(id, version) {
    const warning = state.warnings.find((it) => it.id === id)
    if (!warning) return problem(404, 'not_found', '没有这条预警', '')
    if (state.is_next_sign_late) {
      state.is_next_sign_late = false
      Object.assign(warning, {
        state: 'signed',
        version: warning.version + 1,
        signed_by: '李强',
        signed_at: iso(Date.now()),
      })
    }
    if (warning.state !== 'raised' || warning.version !== version)
      return problem(409, 'conflict', '预警已变化', `${warning.signed_by ?? '系统'}刚刚已签收这条预警。`)
    Object.assign(warning, {
      state: 'signed',
      version: version + 1,
      signed_by: state.user.display_name,
      signed_at: iso(Date.now()),
    })
    emit('warning', { change: 'signed', warning })
    return { body: warning }
  }

  function verdict(id, { version, verdict, note }) {
    const warning = state.warnings.find((it) => it.id === id)
    if (!warning || warning.version !== version)
      return problem(409, 'conflict', '预警已变化', '该预警刚刚更新，请查看最新内容后再填写处置结果。')
    const by = state.user.username
    const at = iso(Date.now())
    Object.assign(warning, {
      version: version + 1,
      verdict: { verdict, name: verdict, by, at, note: note ?? null },
      ...(warning.state === 'dispatched' ? {} : { state: 'closed', due_at: null, step: null }),
      ...(warning.signed_at ? {} : { signed_by: state.user.display_name, signed_at: at }),
    })
    emit('warning', { change: 'judged', warning })
    return { body: warning }
  }

  function route(method, path, query, body, request = {}) {
    if (path === '/session' && method === 'POST') {
      if (body.password !== 'Anchang-1234') return problem(401, 'wrong_password', '登录失败', '用户名或密码不正确。')
      state.is_logged_in = true
      return { body: { token: 'mock', user: state.user } }
    }
    if (path === '/health')
      return {
        body: {
          status: 'ok',
          version: '0.1.0',
          checks: { journal: 'ok', pictures: 'ok', records: 'ok', judgement: 'ok' },
        },
      }
    if (path === '/session/sso')
      return { body: { is_offered: state.sso?.is_offered ?? false, label: state.sso?.label ?? '' } }
    if (!state.is_logged_in) return problem(401, 'unauthenticated', '请先登录', '')
    if (path === '/session') {
      if (method === 'DELETE') state.is_logged_in = false
      return { body: state.user }
    }
    if (path === '/session/password') {
      state.user.must_change_password = false
      return { status: 204 }
    }
    if (path === '/figures') return { body: figures() }
    if (path === '/warnings') return { body: warningsList(query) }
    if (path === '/checkpoints') return { body: { items: checkpoints, total: checkpoints.length } }
    if (path.startsWith('/checkpoints/') && method === 'PUT') {
      const id = path.split('/')[2]
      const known = checkpoints.find((it) => it.id === id)
      if (known) Object.assign(known, body)
      else checkpoints.push({ id, state: 'offline', last_passage_at: null, passages_today: 0, ...body })
      return { status: 204 }
    }
    if (path === '/key-vehicles')
      return { body: { items: state.vehicles.map(shown), total: state.vehicles.length, next_cursor: null } }
    if (path === '/map/roads') return { body: is_empty ? { ...roads, features: [] } : roads }
    if (path === '/map/places') return { body: is_empty ? { ...places, features: [] } : places }
    if (path === '/map/config') return { body: mapConfig }
    const [, kind, id, action, last, tail] = path.split('/').map(decodeURIComponent)
    const of_telling = told(method, [kind, id, action], query, body, { slice, problem })
    if (of_telling) return of_telling
    const of_road = roadwork(method, [kind, id, action, last], query, body, { slice, problem, ...request })
    if (of_road) return of_road
    const of_ledger = ledger(method, [kind, id], query, body, { slice, problem })
    if (of_ledger) return of_ledger
    const of_desk = desk(method, [kind, id, action], query, body, { slice, problem, sign, ...request })
    if (of_desk) return of_desk
    if (kind === 'warnings' && action === 'sign') return sign(id, body.version)
    if (kind === 'warnings' && action === 'verdict') return verdict(id, body)
    const judged = judge(method, [kind, id, action, last], query, body, { slice, problem })
    if (judged) return judged
    const known = past(method, [kind, id, action], query, body, { problem })
    if (known) return known
    const of_tests = tested(method, [kind, id, action], query, body, { slice: (items) => slice(items, query) })
    if (of_tests) return of_tests
    const intaken = taken(method, [kind, id, action, last], query, body, { problem })
    if (intaken) return intaken
    const exchanged = exchange(method, [kind, id, action, last, tail], query, body, { problem })
    if (exchanged) return exchanged
    const personal = persons(method, [kind, id, action, last], query, body)
    if (personal) return personal
    if (kind === 'warnings' && id) {
      const warning = state.warnings.find((it) => it.id === id)
      if (!warning) return problem(404, 'not_found', '没有这条预警', '它可能已过保存期。')
      const history = [{ at: warning.raised_at, action: 'raised', by: null, note: null }]
      if (warning.signed_at)
        history.push({ at: warning.signed_at, action: 'signed', by: warning.signed_by, note: null })
      const related = state.warnings.filter((it) => it.id !== id && it.model === warning.model).slice(0, 3)
      return {
        body: { ...warning, evidence: evidenceOf(warning, checkpoints), related, history, vehicle: vehicleOf(warning) },
      }
    }
    if (kind === 'key-vehicles' && action)
      return { body: state.vehicles[0]._line.map(([lon, lat], i) => [lon, lat, Date.now() - i * 6e4, 60]) }
    return (
      more(method, [kind, id, action], query, body, { slice, problem }) ??
      problem(404, 'not_found', '没有这个接口', path)
    )
  }

  function picture(id) {
    const hue = (Number(id.replace(/\D/g, '')) * 47) % 360
    const is_close = id.endsWith('b')
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 360"><rect width="640" height="360" fill="#39424d"/><path d="M260 0h120l220 360H40Z" fill="#565f6b"/><path d="M320 0v360" stroke="#eee" stroke-width="6" stroke-dasharray="30 26"/><g transform="translate(${is_close ? 130 : 235} ${is_close ? 60 : 150}) scale(${is_close ? 2 : 1})"><rect x="10" y="20" width="160" height="100" rx="18" fill="hsl(${hue} 40% 60%)"/><rect x="28" y="30" width="124" height="38" rx="8" fill="#1c2733"/><circle cx="30" cy="92" r="11" fill="#ffe9a6"/><circle cx="150" cy="92" r="11" fill="#ffe9a6"/><rect x="62" y="96" width="58" height="17" rx="2" fill="#1b4dac"/></g></svg>`
  }

  function stream(request, response) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    const last = Number(request.headers['last-event-id'] ?? 0)
    response.write(`event: hello\ndata: ${JSON.stringify({ server_time: iso(Date.now()), seq: event_id })}\n\n`)
    if (last) for (const entry of log) if (entry.id > last) response.write(entry.text)
    response.write(`event: figures\ndata: ${JSON.stringify(figures())}\n\n`)
    clients.add(response)
    request.on('close', () => clients.delete(response))
  }

  function file(path, response) {
    let name = normalize(join(DIST, path))
    if (!name.startsWith(DIST) || !existsSync(name) || statSync(name).isDirectory()) name = join(DIST, 'index.html')
    response.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream' })
    createReadStream(name).pipe(response)
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://mock')
    if (!url.pathname.startsWith('/api/v1')) return file(url.pathname, response)
    const path = url.pathname.slice('/api/v1'.length)
    state.requests.push(`${request.method} ${decodeURI(request.url)}`)
    if (path === '/live') return state.is_live_refused ? response.writeHead(503).end() : stream(request, response)
    if (path.startsWith('/pictures/'))
      return response.writeHead(200, { 'Content-Type': 'image/svg+xml' }).end(picture(path.split('/').pop()))
    const parts = []
    request.on('data', (part) => parts.push(part))
    request.on('end', () => {
      const bytes = Buffer.concat(parts)
      const text = bytes.toString()
      const is_json = (request.headers['content-type'] ?? '').includes('json')
      const answer = route(request.method, path, url.searchParams, is_json && text ? JSON.parse(text) : text, {
        headers: request.headers,
        bytes,
      })
      const status = answer.status ?? 200
      if (answer.picture)
        return response.writeHead(200, { 'Content-Type': 'image/svg+xml' }).end(picture(`${answer.picture}b`))
      if (answer.bytes) return response.writeHead(200, { 'Content-Type': answer.media_type }).end(answer.bytes)
      if (answer.csv)
        return response
          .writeHead(200, { 'Content-Type': 'text/csv', 'Content-Disposition': 'attachment; filename="template.csv"' })
          .end(answer.csv)
      response.writeHead(status, { 'Content-Type': status >= 400 ? 'application/problem+json' : 'application/json' })
      response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body))
    })
  })
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    state,
    raise,
    /** Cuts every live connection and refuses new ones until `joinLive`. */
    cutLive() {
      state.is_live_refused = true
      for (const client of clients) client.destroy()
    },
    joinLive() {
      state.is_live_refused = false
    },
    close() {
      timers.forEach(clearInterval)
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await startMock({
    port: Number(process.env.PORT ?? 8080),
    is_empty: process.argv.includes('--empty'),
    is_road: true,
  })
  process.stdout.write(`mock server on ${mock.url}\n`)
}
