// The running product and its county, as tests meet them: people who log in, a camera that posts, photographs.
// ANCHANG_URL, ANCHANG_PASSWORD, ANCHANG_CAMERAS and ANCHANG_TERMINALS say where; `cargo xtask test` sets them.
import { createHash, randomBytes } from 'node:crypto'
import {
  chromium,
  request,
  type APIRequestContext,
  type Browser,
  type BrowserContext,
  type Page,
} from 'playwright-core'
import { expect } from 'vitest'

export const need = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set; run cargo xtask test`)
  return value
}
export const URL_BASE = need('ANCHANG_URL')
/** Of the administrator, and of the county's people. */
export const PASSWORD = need('ANCHANG_PASSWORD')

export interface Listed<T> {
  items: T[]
  total: number
}

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  })

/** The API as a program uses it. */
export async function apiOf(username: string): Promise<APIRequestContext> {
  const open = await request.newContext({ baseURL: URL_BASE })
  const answer = await open.post('/api/v1/session', { data: { username, password: PASSWORD } })
  expect(answer.status(), `${username} logs in`).toBeLessThan(300)
  const { token } = (await answer.json()) as { token: string }
  await open.dispose()
  return request.newContext({ baseURL: URL_BASE, extraHTTPHeaders: { authorization: `Bearer ${token}` } })
}
export async function got<T>(api: APIRequestContext, path: string): Promise<T> {
  const answer = await api.get(`/api/v1${path}`)
  expect(answer.status(), path).toBe(200)
  return (await answer.json()) as T
}
export async function put(api: APIRequestContext, method: 'post' | 'put', path: string, data: unknown): Promise<void> {
  const answer = await api[method](`/api/v1${path}`, { data })
  if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`)
}

/** Refused requests show up in the console as well; those are part of what is tested. */
const IS_EXPECTED = /^Failed to load resource/

export interface Person {
  username: string
  context: BrowserContext
  page: Page
  errors: string[]
}
/** Somebody before a screen of their own. */
export async function person(
  browser: Browser,
  username: string,
  { is_phone = false, place }: { is_phone?: boolean; place?: { longitude: number; latitude: number } } = {},
): Promise<Person> {
  const context = await browser.newContext({
    viewport: is_phone ? { width: 390, height: 844 } : { width: 1600, height: 900 },
    isMobile: is_phone,
    hasTouch: is_phone,
    locale: 'zh-CN',
    acceptDownloads: true,
    ...(place ? { geolocation: place, permissions: ['geolocation'] } : {}),
  })
  // Six of them share a machine that builds beside.
  context.setDefaultTimeout(60_000)
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !IS_EXPECTED.test(message.text())) errors.push(message.text())
  })
  await logIn(page, username)
  return { username, context, page, errors }
}
export async function logIn(page: Page, username: string, password = PASSWORD): Promise<void> {
  await page.goto(`${URL_BASE}/login`)
  await page.fill('input[name=username]', username)
  await page.fill('input[name=password]', password)
  await page.keyboard.press('Enter')
  await page.waitForURL((url) => url.pathname !== '/login')
}

/** A photograph that says what it shows, so that a person who looks at the screens knows which one it is. */
export async function photograph(page: Page, words: string, color: string): Promise<Buffer> {
  await page.setViewportSize({ width: 960, height: 720 })
  await page.setContent(
    `<body style="margin:0;display:grid;place-items:center;height:100vh;background:linear-gradient(#9bb3c4 55%,${color} 55%);` +
      `font:700 64px sans-serif;color:#fff;text-shadow:0 2px 6px #000">${words}</body>`,
  )
  return page.screenshot({ type: 'jpeg', quality: 70 })
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
/** `20261128142530`, in China. */
const deviceTime = (ms: number): string => new Date(ms + 8 * 3_600_000).toISOString().replace(/\D/g, '').slice(0, 14)

/** A camera that speaks GA/T 1400 over HTTP: registers by digest, posts passages with their picture. */
export class Camera {
  private serial = 0
  constructor(
    private readonly id: string,
    private readonly checkpoint: string,
    private readonly username: string,
    private readonly password: string,
    private readonly base = `http://${need('ANCHANG_CAMERAS')}`,
  ) {}

  private send(path: string, body: unknown, more: Record<string, string> = {}): Promise<Response> {
    const headers = { 'Content-Type': 'application/VIID+JSON', 'User-Identify': this.id, ...more }
    return fetch(this.base + path, { method: 'POST', headers, body: JSON.stringify(body) })
  }

  /** The status of the answer to the challenge. */
  async register(): Promise<number> {
    const path = '/VIID/System/Register'
    const body = { RegisterObject: { DeviceID: this.id } }
    const challenge = (await this.send(path, body)).headers.get('www-authenticate')
    if (!challenge) return 403
    const part = (name: string) => new RegExp(`${name}="?([^",]*)`).exec(challenge)?.[1] ?? ''
    const [realm, nonce] = [part('realm'), part('nonce')]
    const cnonce = randomBytes(4).toString('hex')
    const secret = md5(`${this.username}:${realm}:${this.password}`)
    const response = md5(`${secret}:${nonce}:00000001:${cnonce}:auth:${md5(`POST:${path}`)}`)
    const opaque = part('opaque')
    const authorization =
      `Digest username="${this.username}", realm="${realm}", nonce="${nonce}", uri="${path}", qop=auth, nc=00000001, ` +
      `cnonce="${cnonce}", response="${response}"${opaque ? `, opaque="${opaque}"` : ''}`
    return (await this.send(path, body, { Authorization: authorization })).status
  }

  /** Posts a passage of now. */
  async pass(plate: string, picture: Buffer): Promise<number> {
    this.serial += 1
    const time = deviceTime(Date.now())
    const serial = String(this.serial).padStart(5, '0')
    const source = `${this.id}02${time}${serial}`
    const object = {
      MotorVehicleID: `${source}02${serial}`,
      SourceID: source,
      TollgateID: this.checkpoint,
      DeviceID: this.id,
      HasPlate: true,
      PlateClass: '02',
      PlateColor: '5',
      PlateNo: plate,
      PlateReliability: '97',
      Speed: 63,
      LaneNo: 1,
      PassTime: time,
      SubImageList: {
        SubImageInfoObject: [
          {
            ImageID: source,
            DeviceID: this.id,
            Type: '01',
            FileFormat: 'Jpeg',
            ShotTime: time,
            Width: 960,
            Height: 720,
            Data: picture.toString('base64'),
          },
        ],
      },
    }
    const body = { MotorVehicleListObject: { MotorVehicleObject: [object] } }
    return (await this.send('/VIID/MotorVehicles', body)).status
  }
}
