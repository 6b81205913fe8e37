// The built page in a browser: the ways that matter, and the states that seldom come.
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { closeBrowser, openStage, type Stage, type StageOptions } from './stage'

let stage: Stage | null = null
async function open(path: string, options?: StageOptions): Promise<Stage> {
  stage = await openStage(path, options)
  return stage
}
afterEach(async () => {
  const { strangers, errors } = stage ?? { strangers: [], errors: [] }
  await stage?.close()
  stage = null
  expect(strangers).toEqual([])
  expect(errors).toEqual([])
})
afterAll(closeBrowser)

const CARD = '[data-warning]'

describe('login', () => {
  it('forces a new password first, by rules that are shown, then goes where it was meant to go', async () => {
    const { page, mock } = await open('/vehicles', { is_logged_in: false, must_change: true })
    await page.fill('input[name=username]', 'admin')
    await page.fill('input[name=password]', 'wrong')
    await page.keyboard.press('Enter')
    await page.getByText('用户名或密码不正确').waitFor()
    await page.fill('input[name=password]', 'Anchang-1234')
    await page.keyboard.press('Enter')
    await page.fill('input[name=new-password]', 'short')
    expect(await page.locator('.rules .met').count()).toBe(1)
    await page.fill('input[name=new-password]', 'long enough 2')
    await page.fill('input[name=again]', 'long enough 3')
    await page.getByText('两次输入不一致').waitFor()
    expect(await page.getByRole('button', { name: '设置并进入' }).isDisabled()).toBe(true)
    await page.fill('input[name=again]', 'long enough 2')
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.pathname === '/vehicles')
    expect(mock.state.requests).toContain('PUT /api/v1/session/password')
  })
})

describe('command page', () => {
  it('loads little before the map, and asks nobody else', async () => {
    const { page, loaded } = await open('/')
    await page.locator(CARD).first().waitFor()
    await page.waitForFunction(() => !document.querySelector('.county-map .waiting, .map:empty'))
    const bytes = (files: [string, number][]) => files.reduce((sum, [, size]) => sum + size, 0)
    const isMap = ([name]: [string, number]) => name.includes('maplibre')
    expect(bytes([...loaded].filter((it) => !isMap(it)))).toBeLessThan(215_000)
    expect(bytes([...loaded].filter(isMap))).toBeLessThan(480_000)
  })

  it('shows a warning that comes, opens it by keyboard and signs it', async () => {
    const { page, mock } = await open('/', { is_live: false })
    await page.locator(CARD).first().waitFor()
    const warning = mock.raise('fatigue')
    const card = page.locator(`[data-warning="${warning.id}"]`)
    await card.waitFor()
    expect(await page.locator(CARD).first().getAttribute('data-warning')).toBe(warning.id)
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('k')
    await page.keyboard.press('Enter')
    const panel = page.locator('.drawer .panel')
    await panel.getByText(warning.explanation).waitFor()
    await page.keyboard.press('s')
    await panel.getByText('值班员王磊 于').waitFor()
    await card.waitFor({ state: 'detached' })
    expect(mock.state.requests).toContain(`POST /api/v1/warnings/${warning.id}/sign`)
    await page.keyboard.press('Escape')
    await panel.waitFor({ state: 'detached' })
  })

  it('says who was faster when two sign the same warning', async () => {
    const { page, mock } = await open('/', { is_live: false })
    await page.locator(CARD).first().click()
    await page.locator('.drawer .panel .words').waitFor()
    mock.state.is_next_sign_late = true
    await page.keyboard.press('s')
    await page.locator('.drawer .panel .conflict').getByText('李强刚刚已签收这条预警').waitFor()
    await page.locator('.drawer .panel .signed').getByText('李强 于').waitFor()
  })

  it('says that the connection is lost, and misses nothing', async () => {
    const { page, mock } = await open('/', { is_live: false })
    await page.locator(CARD).first().waitFor()
    mock.cutLive()
    await page.locator('.banner').waitFor()
    const missed = mock.raise('watch_order')
    mock.joinLive()
    await page.locator(`[data-warning="${missed.id}"]`).waitFor()
    await page.locator('.banner').waitFor({ state: 'detached' })
  })

  it('opens the records behind a figure', async () => {
    const { page, mock } = await open('/', { is_live: false })
    const alone = mock.state.warnings.filter((it) => it.group_id === it.id && !it.hidden)
    const high = alone.filter((it) => it.level === 'high' && it.state === 'raised').length
    await page.locator('.figures .by-level').first().click()
    await page.waitForURL('**/warnings?state=raised&level=high')
    await page.getByText(`共 ${high} 条`).waitFor()
  })
})

describe('lists', () => {
  it.each([
    '/warnings',
    '/watch-orders',
    '/vehicles',
    '/passages',
    '/devices',
    '/devices/refused',
    '/devices/quarantine',
    '/system/audit',
  ])('say what %s is for when it is empty', async (path) => {
    const { page } = await open(path, { is_empty: true })
    await page.locator('.empty h2').waitFor()
    expect((await page.locator('.empty p').first().innerText()).length).toBeGreaterThan(15)
  })

  it('draw few rows of many and reach the last', async () => {
    const { page, mock } = await open('/vehicles')
    await page.getByText('共 3,000 条').waitFor()
    await page.locator('.scroller').evaluate((element) => (element.scrollTop = element.scrollHeight))
    await page.locator('[aria-rowindex="3000"] .plate').waitFor()
    expect(await page.locator('.scroller .row').count()).toBeLessThan(60)
    const pages = mock.state.requests.filter((it) => it.startsWith('GET /api/v1/vehicles?'))
    expect(pages.length).toBeLessThan(5)
  })

  it('find by “/”, and keep the filter in the address', async () => {
    const { page } = await open('/devices')
    await page.getByText('共 151 条').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('大桥')
    await page.waitForURL('**/devices?q=**')
    await page.reload()
    await page.locator('.scroller .row').first().waitFor()
    expect(await page.locator('.search input').inputValue()).toBe('大桥')
  })

  it('look for a plate only with a reason', async () => {
    const { page, mock } = await open('/passages')
    await page.getByPlaceholder('号牌，可用 ? 和 *').fill('鲁Q')
    await page.getByRole('button', { name: '查询', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox').fill('无')
    await dialog.getByRole('button', { name: '查询' }).click()
    await dialog.getByText('请写明事由').waitFor()
    await dialog.getByRole('textbox').fill('核查肇事逃逸嫌疑车辆')
    await dialog.getByRole('button', { name: '查询' }).click()
    await page.waitForURL('**/passages?plate=**')
    await page.getByText('事由：核查肇事逃逸嫌疑车辆').waitFor()
    const lookups = mock.state.requests.filter((it) => it.includes('plate='))
    expect(lookups.length).toBeGreaterThan(0)
    expect(lookups.every((it) => it.includes('reason='))).toBe(true)
  })

  it('tell an import by row and column', async () => {
    const { page } = await open('/vehicles')
    await page.getByRole('button', { name: '导入' }).click()
    await page.setInputFiles('input[type=file]', {
      name: 'v.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('号牌号码\r\n'),
    })
    await page.getByRole('button', { name: '开始导入' }).click()
    await page.getByText('未导入 3').waitFor()
    await page.getByRole('cell', { name: '57', exact: true }).waitFor()
  })

  it('admit a refused camera by one click and show its password once', async () => {
    const { page } = await open('/devices/refused')
    await page.locator('article', { hasText: '卡口相机' }).getByRole('button', { name: '接入' }).click()
    await page.getByText('k7qm2xvd94rtbc3w').waitFor()
    await page.getByRole('button', { name: '已记录' }).click()
    expect(await page.locator('article').count()).toBe(2)
  })

  it('keep the draft of a watch order and show what is wrong with it', async () => {
    const { page } = await open('/watch-orders')
    await page.getByRole('button', { name: '申请布控' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByPlaceholder('如：鲁Q12345').fill('Q12345')
    await dialog.locator('textarea').fill('套牌嫌疑')
    await page.keyboard.press('Escape')
    await page.reload()
    await page.getByRole('button', { name: '申请布控' }).first().click()
    expect(await dialog.locator('textarea').inputValue()).toBe('套牌嫌疑')
    await dialog.getByPlaceholder('如：《道路交通安全法》第八十九条').fill('《道路交通安全法》')
    await dialog.getByRole('button', { name: '提交申请' }).click()
    await dialog.getByText('不是一个号牌').waitFor()
  })
})

describe('phone', () => {
  it('shows the list first, in reach of a thumb, with nothing wider than the screen', async () => {
    const { page } = await open('/', { is_phone: true })
    await page.locator(CARD).first().waitFor()
    for (const button of await page.locator('.tabs button, nav.menu a').all()) {
      expect((await button.boundingBox())!.height).toBeGreaterThanOrEqual(44)
    }
    for (const path of ['/', '/warnings', '/watch-orders', '/vehicles', '/devices', '/models', '/system', '/more']) {
      await page.goto(stage!.mock.url + path)
      await page.locator('main > *').first().waitFor()
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390)
    }
  })

  it('opens a warning as a page and comes back', async () => {
    const { page } = await open('/', { is_phone: true })
    await page.locator(CARD).first().click()
    await page.waitForURL('**/warnings/w*')
    await page.getByRole('button', { name: '关闭' }).click()
    await page.locator(CARD).first().waitFor()
  })
})

describe('English', () => {
  it('speaks English everywhere on the shell after one click', async () => {
    const { page } = await open('/models')
    await page.getByRole('button', { name: '切换到英文' }).click()
    await page.getByText('Road', { exact: false }).or(page.getByText('Warnings')).first().waitFor()
    expect(await page.locator('nav.menu').innerText()).not.toMatch(/[\u4e00-\u9fff]{2}/)
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('en')
  })
})
