// P3: from the socket to the browser. A camera of its own posts a passage of a watched plate ten times a second while the
// county's load runs beside it; a page in Chromium notes when the warning arrives. Both clocks are this machine's.
// Usage: ANCHANG_URL, ANCHANG_VIID, ANCHANG_TOKEN, SECONDS; prints one line of JSON.
import { createHash } from 'node:crypto'
import { Agent, request } from 'node:http'
import { chromium } from 'playwright-core'

const need = (name) =>
  process.env[name] ??
  (() => {
    throw new Error(`${name} is not set`)
  })()
const api = need('ANCHANG_URL')
const viid = new URL(need('ANCHANG_VIID'))
const token = need('ANCHANG_TOKEN')
const seconds = Number(process.env.SECONDS ?? 20)
const CAMERA = '37992799001199999999'
const CHECKPOINT = '37992799001219999999'
const PLATE = '鲁Q0P3P3'
const PASSWORD = 'latency-camera'
const PER_SECOND = 10

const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
const call = async (method, path, body) => {
  const answer = await fetch(api + path, { method, headers, body: body && JSON.stringify(body) })
  if (!answer.ok && answer.status !== 409) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return answer.status === 204 ? null : answer.json()
}
await call('PUT', `/api/v1/checkpoints/${CHECKPOINT}`, { name: '时延测试', theatre: 'urban', lon: 118.84, lat: 35.18 })
await call('POST', '/api/v1/devices', {
  kind: 'camera',
  id: CAMERA,
  name: '时延测试',
  username: 'latency',
  password: PASSWORD,
  checkpoint_ids: [CHECKPOINT],
})
await call('POST', '/api/v1/watch-orders', {
  plate: PLATE,
  reason: '时延测试',
  legal_basis: '测试',
  level: 'high',
  until: new Date(Date.now() + 3_600_000).toISOString(),
})

const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const post = (path, body, authorization) =>
  new Promise((resolve, reject) => {
    const fields = {
      'content-type': 'application/json',
      'user-identify': CAMERA,
      ...(authorization && { authorization }),
    }
    const outgoing = request(
      { host: viid.hostname, port: viid.port, path, method: 'POST', headers: fields, agent },
      (answer) => {
        let text = ''
        answer.on('data', (part) => (text += part)).on('end', () => resolve({ answer, text }))
      },
    )
    outgoing.on('error', reject)
    outgoing.end(JSON.stringify(body))
  })
const md5 = (text) => createHash('md5').update(text).digest('hex')
const register = { RegisterObject: { DeviceID: CAMERA } }
const path = '/VIID/System/Register'
// The directory of the gateway follows the records within a moment.
for (let attempt = 0; ; attempt++) {
  const challenge = (await post(path, register)).answer.headers['www-authenticate'] ?? ''
  const field = (name) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? ''
  const [realm, nonce, opaque] = [field('realm'), field('nonce'), field('opaque')]
  const response = md5(`${md5(`latency:${realm}:${PASSWORD}`)}:${nonce}:00000001:abcdef:auth:${md5(`POST:${path}`)}`)
  const done = await post(
    path,
    register,
    `Digest username="latency", realm="${realm}", nonce="${nonce}", uri="${path}", qop=auth, nc=00000001, cnonce="abcdef", response="${response}", opaque="${opaque}"`,
  )
  if (done.answer.statusCode === 200) break
  if (attempt > 20) throw new Error(`the camera was not registered: ${done.text}`)
  await new Promise((resolve) => setTimeout(resolve, 250))
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
const context = await browser.newContext()
await context.addCookies([{ name: 'anchang_session', value: token, url: api }])
const page = await context.newPage()
await page.goto(`${api}/favicon.svg`)
await page.evaluate((plate) => {
  window.arrived = {}
  const source = new EventSource('/api/v1/live')
  source.addEventListener('warning', (event) => {
    const at = performance.timeOrigin + performance.now()
    const { warning } = JSON.parse(event.data)
    if (warning.subject.plate === plate) window.arrived[Date.parse(warning.occurred_at)] ??= at
  })
  return new Promise((resolve) => source.addEventListener('hello', resolve))
}, PLATE)

const local = (ms) => new Date(ms + 8 * 3_600_000).toISOString().replace(/[-:T]/g, '').slice(0, 14)
const sent = new Map()
// The order counts from now on, so the passages claim the seconds to come, by a camera whose clock is ahead.
const first = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000
for (let index = 0; index < seconds * PER_SECOND; index++) {
  // Times on the wire are whole seconds: each passage gets one of its own, so that its warning is known again.
  const captured = first + index * 1_000
  const body = {
    MotorVehicleListObject: {
      MotorVehicleObject: [
        {
          MotorVehicleID: `${CAMERA}02${local(captured)}0000102${String(index % 100_000).padStart(5, '0')}`,
          InfoKind: 1,
          DeviceID: CAMERA,
          TollgateID: CHECKPOINT,
          PassTime: local(captured),
          PlateNo: PLATE,
          HasPlate: 1,
          PlateClass: '02',
          PlateColor: '5',
          VehicleColor: '2',
          LaneNo: 1,
        },
      ],
    },
  }
  sent.set(captured, performance.timeOrigin + performance.now())
  await post('/VIID/MotorVehicles', body)
  await new Promise((resolve) => setTimeout(resolve, 1_000 / PER_SECOND))
}
await new Promise((resolve) => setTimeout(resolve, 1_500))
const arrived = await page.evaluate(() => window.arrived)
await browser.close()
const took = [...sent].flatMap(([at, start]) => (arrived[at] ? [arrived[at] - start] : [])).sort((a, b) => a - b)
const quantile = (q) => Number(took[Math.min(took.length - 1, Math.floor(took.length * q))]?.toFixed(1) ?? NaN)
console.log(
  JSON.stringify({
    sent: sent.size,
    arrived: took.length,
    p50_ms: quantile(0.5),
    p99_ms: quantile(0.99),
    max_ms: quantile(1),
  }),
)
process.exit(took.length === 0 ? 1 : 0)
