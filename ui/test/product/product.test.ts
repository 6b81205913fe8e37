// From a device on the wire to a warning on the page: an officer's first minutes with the real product.
// The server and the county run already; `county.ts` knows where.
import { connect } from 'node:net'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch, logIn, need, URL_BASE, type Listed } from './county'

let browser: Browser
let context: BrowserContext
let page: Page
const errors: string[] = []

async function signIn(into: Page): Promise<void> {
  await logIn(into, 'admin')
  await into.locator('[data-warning], .column, .map').first().waitFor()
}
const get = async <T>(path: string): Promise<T> => (await context.request.get(URL_BASE + path)).json() as Promise<T>
interface Warning {
  id: string
  state: string
  version: number
  signed_by: string | null
  picture_ids: string[]
  explanation: string
}
const number = (text: string): number => Number(text.replace(/[^\d]/g, ''))

beforeAll(async () => {
  browser = await launch()
  context = await browser.newContext({ viewport: { width: 1600, height: 900 }, locale: 'zh-CN' })
  page = await context.newPage()
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    // A refused request shows up here as well; those are part of what is tested.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) errors.push(message.text())
  })
  await signIn(page)
})
afterAll(async () => {
  await browser.close()
  expect(errors).toEqual([])
})

describe('the command page', () => {
  it('moves by itself: the figures of the day grow while nobody touches it', async () => {
    const figure = async () =>
      (await get<{ passages_today: number; positions_today: number }>('/api/v1/figures')).positions_today
    const before = await figure()
    await expect.poll(figure, { timeout: 60_000, interval: 500 }).toBeGreaterThan(before)
    const shown = page.getByText('今日定位').locator('..')
    const first = number(await shown.innerText())
    await expect.poll(async () => number(await shown.innerText()), { timeout: 60_000 }).toBeGreaterThan(first)
  })

  it('draws the map from the server alone', async () => {
    await page.locator('.county-map canvas').first().waitFor()
    await page.waitForFunction(() => !document.querySelector('.county-map .waiting, .county-map .error'))
  })

  it('opens a warning with its pictures and evidence, and an officer signs it once', async () => {
    let wanted: Warning | undefined
    await expect
      .poll(
        async () => {
          const list = await get<Listed<Warning>>('/api/v1/warnings?state=raised&limit=200')
          wanted = list.items.find((it) => it.picture_ids.length > 0)
          return wanted !== undefined
        },
        { timeout: 90_000, interval: 1_000 },
      )
      .toBe(true)
    const warning = wanted as Warning
    await page.goto(`${URL_BASE}/warnings/${warning.id}`)
    await page.getByText(warning.explanation).waitFor()
    const picture = page.locator('img[src*="/api/v1/pictures/"]').first()
    await picture.waitFor()
    await expect
      .poll(async () => picture.evaluate((it) => (it as HTMLImageElement).naturalWidth), { timeout: 20_000 })
      .toBeGreaterThan(100)
    await page.keyboard.press('s')
    await page.getByText('admin').first().waitFor()
    const read = () => get<Warning>(`/api/v1/warnings/${warning.id}`)
    await expect.poll(async () => (await read()).state).toBe('signed')
    expect((await read()).signed_by).toBe('admin')
    await page.keyboard.press('1')
    await page.keyboard.press('1')
    await page.locator('.verdict .given').getByText('属实').waitFor()
    const again = await context.request.post(`${URL_BASE}/api/v1/warnings/${warning.id}/sign`, {
      data: { version: warning.version },
    })
    expect(again.status()).toBe(409)
    expect((await again.json()) as unknown).toMatchObject({ code: 'conflict', title: '已被他人处理' })
  })
})

describe('devices', () => {
  it('lists a terminal that nobody knows, and one click admits it', async () => {
    const sim = '13900009999'
    const [host, port] = need('ANCHANG_TERMINALS').split(':') as [string, string]
    const socket = connect(Number(port), host)
    socket.write(registration(sim))
    await expect
      .poll(async () => (await get<Listed<{ id: string }>>('/api/v1/refused-devices')).items.map((it) => it.id))
      .toContain(sim)
    socket.destroy()
    await page.goto(`${URL_BASE}/devices/refused`)
    const row = page.locator('article').filter({ hasText: sim })
    await row.getByRole('button', { name: '接入' }).click()
    await row.waitFor({ state: 'detached' })
    const devices = await get<Listed<{ id: string }>>(`/api/v1/devices?kind=terminal&q=${sim}`)
    expect(devices.items.map((it) => it.id)).toEqual([sim])
  })
})

describe('the register', () => {
  it('takes the good rows of a file and names the bad one by row and column', async () => {
    await page.goto(`${URL_BASE}/vehicles`)
    await page.getByRole('button', { name: '导入' }).first().click()
    const text = '号牌号码,号牌种类,所有人\n鲁Q0A0A1,02,甲\n鲁QQ,02,乙\n鲁Q0A0A2,02,丙\n'
    await page.setInputFiles('input[type=file]', {
      name: 'vehicles.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(text),
    })
    await page
      .getByRole('button', { name: /开始|导入/ })
      .last()
      .click()
    const errors = page.locator('.errors tbody tr')
    await errors.first().waitFor()
    expect(await errors.allInnerTexts()).toHaveLength(1)
    expect(await errors.first().innerText()).toMatch(/3[\s\S]*号牌号码[\s\S]*鲁QQ/)
    const stored = await get<Listed<{ owner: string }>>('/api/v1/vehicles?q=鲁Q0A0A')
    expect(stored.items.map((it) => it.owner).sort()).toEqual(['丙', '甲'])
  })
})

describe('own rules', () => {
  it('are checked by the product as one types, and all common ones are right', async () => {
    await page.goto(`${URL_BASE}/rules/new`)
    const field = page.locator('.code textarea')
    for (const name of ['面包车频繁往返', '外地货车深夜入境', '多次违法车辆高速行驶', '农用三轮违法载人']) {
      await page.locator('.cards button', { hasText: name }).click()
      await page.getByText('✓ 条件正确').waitFor()
      await field.fill('')
    }
    await field.fill('passage.sped_kmh > 80')
    await page.locator('pre .wrong', { hasText: 'sped_kmh' }).waitFor()
  })
})

describe('every page', () => {
  const paths = [
    '/',
    '/warnings',
    '/watch-orders',
    '/vehicles',
    '/passages',
    '/crashes',
    '/devices',
    '/devices/checkpoints',
    '/devices/health',
    '/models',
    '/models/fatigue',
    '/models/rules',
    '/rules/new',
    '/models/zones',
    '/models/quiet',
    '/system',
  ]

  it('opens without a fault, on the desk', async () => {
    for (const path of paths) {
      await page.goto(URL_BASE + path)
      await page.locator('main, #app > *').first().waitFor()
      await page.waitForTimeout(700)
      expect(errors, path).toEqual([])
    }
  })

  it('fits a phone without scrolling sideways', async () => {
    const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true })
    const small = await phone.newPage()
    await signIn(small)
    for (const path of paths) {
      await small.goto(URL_BASE + path)
      await small.waitForTimeout(700)
      const overflow = await small.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(overflow, path).toBeLessThanOrEqual(0)
    }
    await phone.close()
  })
})

/** 0x0100 of JT/T 808-2013: province, county, maker, model, terminal, colour, plate. */
function registration(sim: string): Buffer {
  const body = Buffer.concat([
    Buffer.from([0, 37, 0, 99]),
    Buffer.from('MAKER'),
    Buffer.alloc(20, 'MODEL'),
    Buffer.from('TERM001'),
    Buffer.from([2]),
    Buffer.from('Q12345'),
  ])
  const bcd = Buffer.from(sim.padStart(12, '0'), 'hex')
  const head = Buffer.from([0x01, 0x00, body.length >> 8, body.length & 0xff, ...bcd, 0, 1])
  const frame = Buffer.concat([head, body])
  const checksum = frame.reduce((sum, byte) => sum ^ byte, 0)
  const escaped = [...frame, checksum].flatMap((byte) =>
    byte === 0x7e ? [0x7d, 0x02] : byte === 0x7d ? [0x7d, 0x01] : [byte],
  )
  return Buffer.from([0x7e, ...escaped, 0x7e])
}
