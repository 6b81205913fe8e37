// One browser and a mock server for each test; what the page asks for is watched.
import { gzipSync } from 'node:zlib'
import { chromium, type Browser, type Page } from 'playwright-core'
// @ts-expect-error The mock is plain JavaScript, so that it runs without a build.
import { startMock } from '../../mock/server.mjs'
import type { Warning } from '../../src/api/types'

/** What the mock remembers of commands and photographs. */
interface RoadState {
  commands: {
    key: string
    path: string
    body: { act?: Record<string, unknown> } & Record<string, unknown>
    happened_at: string | null
  }[]
  sent_keys: Map<string, number>
  attachments: { name: string | null; taken_at: string | null; lon: string | null }[]
  is_next_act_late: boolean
}
export interface Mock {
  url: string
  state: RoadState & { warnings: Warning[]; is_logged_in: boolean; is_next_sign_late: boolean; requests: string[] }
  raise: (model?: string) => Warning
  cutLive: () => void
  joinLive: () => void
  close: () => Promise<void>
}
export interface Stage {
  mock: Mock
  page: Page
  /** Addresses outside the server, errors of the page. Both must stay empty. */
  strangers: string[]
  errors: string[]
  /** Compressed bytes of scripts and styles by file. */
  loaded: Map<string, number>
  close: () => Promise<void>
}

let browser: Promise<Browser> | null = null
const launch = (): Promise<Browser> =>
  (browser ??= chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  }))
export const closeBrowser = async (): Promise<void> => (await browser)?.close()

export interface StageOptions {
  is_empty?: boolean
  is_live?: boolean
  must_change?: boolean
  is_logged_in?: boolean
  is_phone?: boolean
  /** The mock has orders, hazards and education of its own. */
  is_road?: boolean
  /** Where the phone says that it is. */
  place?: { longitude: number; latitude: number }
}

export async function openStage(path: string, options: StageOptions = {}): Promise<Stage> {
  const mock: Mock = await startMock(options)
  mock.state.is_logged_in = options.is_logged_in ?? true
  const viewport = options.is_phone ? { width: 390, height: 844 } : { width: 1600, height: 900 }
  const context = await (
    await launch()
  ).newContext({
    viewport,
    hasTouch: options.is_phone,
    isMobile: options.is_phone,
    ...(options.place ? { geolocation: options.place, permissions: ['geolocation'] } : {}),
  })
  const page = await context.newPage()
  const stage: Stage = {
    mock,
    page,
    strangers: [],
    errors: [],
    loaded: new Map(),
    close: async () => {
      await context.close()
      await mock.close()
    },
  }
  page.on('request', (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(mock.url)) stage.strangers.push(request.url())
  })
  page.on('pageerror', (error) => stage.errors.push(error.message))
  page.on('console', (message) => {
    // A refused request shows up here as well; those are part of what is tested.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      stage.errors.push(message.text())
  })
  page.on('response', (response) => {
    const name = new URL(response.url()).pathname
    if (!name.startsWith('/assets/')) return
    void response.body().then(
      (body) => stage.loaded.set(name, gzipSync(body).length),
      () => undefined,
    )
  })
  await page.goto(mock.url + path)
  return stage
}
