// The page on the running product with a simulated county: what the page promises, seen through the whole of it.
import { createConnection } from 'node:net'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'

const url = process.env.ANCHANG_URL ?? ''
const password = process.env.ANCHANG_PASSWORD ?? ''
const [terminalsHost, terminalsPort] = (process.env.ANCHANG_TERMINALS ?? '').split(':')
/** Longest wait for what the county must bring about; the issue's own bound. */
const COUNTY_MS_MAX = 180_000

let browser: Browser
let page: Page
const errors: string[] = []
beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  })
  page = await browser.newPage({ viewport: { width: 1600, height: 900 } })
  page.on('pageerror', (error) => errors.push(error.message))
})
afterAll(async () => browser?.close())

it('logs in and shows figures that move', async () => {
  await page.goto(url)
  await page.fill('input[name=username]', 'admin')
  await page.fill('input[name=password]', password)
  await page.keyboard.press('Enter')
  const passages = page.locator('.figures a.value[href^="/passages"]')
  const count = async () => Number((await passages.innerText()).replaceAll(',', ''))
  await passages.waitFor()
  await expect.poll(count, { timeout: COUNTY_MS_MAX }).toBeGreaterThan(0)
  const before = await count()
  await expect.poll(count, { timeout: COUNTY_MS_MAX }).toBeGreaterThan(before)
})

it('draws the map from the server alone', async () => {
  await page.locator('.county-map canvas').first().waitFor()
  await page.waitForFunction(() => !document.querySelector('.county-map .waiting, .county-map .error'))
})

it('shows a warning with its evidence and signs it', async () => {
  await page.locator('[data-warning]').first().waitFor({ timeout: COUNTY_MS_MAX })
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  const panel = page.locator('.drawer .panel')
  await panel.locator('tbody tr').first().waitFor()
  expect((await panel.locator('.words').innerText()).length).toBeGreaterThan(10)
  await page.keyboard.press('s')
  await panel.locator('.signed').waitFor()
  await page.keyboard.press('Escape')
})

it('lists a terminal that nobody knows, and admits it by one click', async () => {
  await refusedTerminal('013900990099')
  await page.goto(`${url}/devices/refused`)
  const row = page.locator('article', { hasText: '13900990099' })
  await row.waitFor()
  await row.getByRole('button', { name: '接入' }).click()
  await row.waitFor({ state: 'detached' })
})

it('had no error in any of this', () => {
  expect(errors).toEqual([])
})

/** Sends an authentication (0x0102, JT/T 808-2013) for a SIM that is not registered, and waits for the refusal. */
async function refusedTerminal(sim: string): Promise<void> {
  const code = Buffer.from('nobody')
  const head = Buffer.from([0x01, 0x02, 0x00, code.length, ...Buffer.from(sim, 'hex'), 0x00, 0x01])
  const body = Buffer.concat([head, code])
  const check = body.reduce((sum, byte) => sum ^ byte, 0)
  const escaped = [...body, check].flatMap((byte) =>
    byte === 0x7e ? [0x7d, 0x02] : byte === 0x7d ? [0x7d, 0x01] : [byte],
  )
  await new Promise<void>((resolve, reject) => {
    const socket = createConnection({ host: terminalsHost, port: Number(terminalsPort) }, () =>
      socket.write(Buffer.from([0x7e, ...escaped, 0x7e])),
    )
    socket.once('data', () => socket.end(resolve))
    socket.once('close', () => resolve())
    socket.once('error', reject)
  })
}
