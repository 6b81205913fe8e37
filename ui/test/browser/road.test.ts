// Work on the road, in a browser that is a phone: orders signed and reported without a network, reloaded without one, and sent once
// each when it comes back; hazards in half a minute; acceptance where the hazard lies.
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { closeBrowser, openStage, type Stage, type StageOptions } from './stage'

let stage: Stage | null = null
async function open(path: string, options: StageOptions = {}): Promise<Stage> {
  stage = await openStage(path, {
    is_live: false,
    is_road: true,
    is_phone: true,
    place: { longitude: 118.861, latitude: 35.166 },
    ...options,
  })
  return stage
}
/** Errors that a phone without a network has by itself. */
const OFFLINE = /Failed to fetch|NetworkError|ServiceWorker/
afterEach(async () => {
  const { strangers, errors } = stage ?? { strangers: [], errors: [] }
  await stage?.close()
  stage = null
  expect(strangers).toEqual([])
  expect(errors.filter((it) => !OFFLINE.test(it))).toEqual([])
})
afterAll(closeBrowser)

/** The smallest picture there is. */
const PHOTO = {
  name: 'scene.png',
  mimeType: 'image/png',
  buffer: Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  ),
}
const photograph = (page: Page) => page.locator('input[type=file]').first().setInputFiles(PHOTO)
const waiting = (page: Page, n: number) => page.locator('header .waiting', { hasText: `${n} 条待上传` }).waitFor()
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
/** The worker has all files of the road: from here on no network is needed to open it. */
const ready = (page: Page) =>
  page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready
    while (active?.state !== 'activated') await new Promise((resolve) => setTimeout(resolve, 50))
  })
async function offline(page: Page, is_off: boolean): Promise<void> {
  await page.context().setOffline(is_off)
  if (is_off) await page.getByText('无网络').waitFor()
}

describe('on the road', () => {
  it('an order is signed, reached and reported without a network, and each is sent once, in order', async () => {
    const { page, mock } = await open('/road')
    await page.getByText('疲劳驾驶 4 小时 20 分').waitFor()
    await ready(page)
    await offline(page, true)

    await page.getByText('疲劳驾驶 4 小时 20 分').click()
    await press(page, '签收')
    await page.getByText('已签收，赶往（待上传）').waitFor()
    await press(page, '到位')
    await page.getByText('已到位（待上传）').waitFor()
    await page.getByRole('link', { name: '反馈结果' }).click()
    await press(page, '拦获')
    await photograph(page)
    await page.getByAltText('照片 1').waitFor()
    await press(page, '疲劳驾驶')
    await press(page, '罚款')
    await page.getByLabel('罚款（元）').fill('200')
    await press(page, '已宣教')
    await press(page, '提交反馈')
    await page.getByText('已反馈，等待指挥室审核').waitFor()
    await waiting(page, 3)
    expect(mock.state.commands).toEqual([])

    // A reload without a network: the page opens, the order is there, nothing is lost.
    await page.reload()
    await waiting(page, 3)
    await page.getByText('以下为').waitFor()
    await page.getByText('已反馈，待审核（待上传）').waitFor()
    await page.getByText('白色宇通大客车').waitFor()

    await offline(page, false)
    await waiting(page, 0)
    expect(mock.state.commands.map(({ path, body }) => `${path} ${body.act?.act}`)).toEqual([
      'ZL20261128-9001 sign',
      'ZL20261128-9001 arrive',
      'ZL20261128-9001 report',
    ])
    const [sign, arrive, report] = mock.state.commands
    expect(new Set(mock.state.commands.map((it) => it.key)).size).toBe(3)
    expect([...mock.state.sent_keys.values()]).toEqual([1, 1, 1])
    expect(sign!.happened_at! <= arrive!.happened_at!).toBe(true)
    expect(arrive!.body.act!.spot).toEqual({ at: { lon: 118.861, lat: 35.166 } })
    expect(report!.body.act).toMatchObject({
      outcome: 'intercepted',
      verdict: 'confirmed',
      findings: [{ name: '疲劳驾驶' }],
      measures: [{ kind: 'fine', amount: 200 }],
      education: { audience: 'driver', topic: '疲劳驾驶' },
    })
    expect(report!.body.act!.pictures).toHaveLength(1)
    expect(String((report!.body.act!.pictures as string[])[0])).toMatch(/^[0-9a-f]{64}$/)
    expect(mock.state.attachments).toHaveLength(1)
    expect(mock.state.attachments[0]!.lon).toBe('118.861')
  })

  it('an answer that was lost does nothing twice', async () => {
    const { page, mock } = await open('/road/orders/ZL20261128-9001')
    await page.getByRole('button', { name: '签收' }).waitFor()
    let is_first = true
    let is_there = false
    await page.route('**/acts?**', async (route) => {
      if (is_there) return route.continue()
      // The server takes the first; the answer never comes. Nor do those that the page sends by itself meanwhile arrive.
      if (is_first) await route.fetch()
      is_first = false
      await route.abort()
    })
    await press(page, '签收')
    await waiting(page, 1)
    await page.getByRole('link', { name: '1 条待上传' }).click()
    is_there = true
    await press(page, '立即上传')
    await page.getByText('全部已上传').waitFor()
    expect(mock.state.commands).toHaveLength(1)
    expect([...mock.state.sent_keys.values()]).toEqual([2])
  })

  it('a refusal is a card that says what to do, and is never dropped', async () => {
    const { page, mock } = await open('/road/orders/ZL20261128-9001')
    await page.getByRole('button', { name: '签收' }).waitFor()
    mock.state.is_next_act_late = true
    await press(page, '签收')
    await page.getByRole('link', { name: '1 条需处理' }).click()
    const card = page.locator('article.trouble')
    await card.getByText('“签收指令”没有被接受').waitFor()
    await card.getByText('指挥室刚刚撤回了这条指令').waitFor()
    await card.getByText('别人先办了一步').waitFor()
    await card.getByRole('button', { name: '再提交一次' }).click()
    await card.getByText('不能“签收”').waitFor()
    await page.reload()
    await card.getByRole('button', { name: '不再提交' }).click()
    await page.getByRole('dialog').getByRole('button', { name: '不再提交' }).click()
    await page.getByText('全部已上传').waitFor()
    await page.getByText('未提交').waitFor()
  })

  it('a hazard is one photograph and one sentence', async () => {
    const { page, mock } = await open('/road/hazards/new')
    await page.getByText('已取位置 118.86100, 35.16600').waitFor()
    await ready(page)
    await offline(page, true)
    await photograph(page)
    await page.getByAltText('照片 1').waitFor()
    await page.getByLabel('一句话说明').fill('老坡村路口弯道护栏缺失')
    await press(page, '护栏缺失、损坏')
    await page.getByRole('button', { name: '上报', exact: true }).click()
    await waiting(page, 1)
    await offline(page, false)
    await waiting(page, 0)
    expect(mock.state.commands[0]!.body).toMatchObject({
      kind: 'hazard',
      title: '老坡村路口弯道护栏缺失',
      category: 'guardrail',
      hazard_kind: 'road',
      source: 'patrol',
      unit: 3,
      spot: { at: { lon: 118.861, lat: 35.166 } },
    })
  })

  it('an acceptance shows the distance first, and is refused from afar', async () => {
    const { page, mock } = await open('/road/tasks')
    await page.locator('a.road-card', { hasText: '验收' }).first().click()
    await page.getByRole('heading', { name: '现场照片' }).waitFor()
    await page.getByText('超出现场验收的距离').waitFor()
    await photograph(page)
    await press(page, '验收通过')
    await page.getByRole('link', { name: '1 条需处理' }).click()
    await page.getByText('请到现场验收').waitFor()
    expect(mock.state.commands).toEqual([])
  })

  it('fits the phone in both languages', async () => {
    const { page, mock } = await open('/road')
    await page.getByText('疲劳驾驶 4 小时 20 分').waitFor()
    for (const path of ['/road', '/road/orders/ZL20261128-9001', '/road/tasks', '/road/hazards/new', '/road/outbox']) {
      await page.goto(mock.url + path)
      await page.locator('.road-page h1, .road-page .road-card').first().waitFor()
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390)
      const low = await page
        .locator('.road-page .big:visible, .road nav a')
        .evaluateAll((all) => all.map((it) => it.getBoundingClientRect().height).filter((height) => height < 44))
      expect(low, path).toEqual([])
    }
    await page.goto(`${mock.url}/road`)
    await page.getByRole('button', { name: 'English' }).click()
    await page.getByRole('heading', { name: 'My orders' }).waitFor()
    expect(
      await page
        .locator('.road nav, .road header')
        .allInnerTexts()
        .then((it) => it.join()),
    ).not.toMatch(/[\u4e00-\u9fff]/)
  })

  it('loads neither the map nor the desk', async () => {
    const { page, loaded } = await open('/road')
    await page.getByText('疲劳驾驶 4 小时 20 分').waitFor()
    await page.waitForLoadState('networkidle')
    const names = [...loaded.keys()]
    expect(names.filter((it) => /maplibre|CommandPage|date-picker/.test(it))).toEqual([])
    expect([...loaded.values()].reduce((sum, it) => sum + it, 0)).toBeLessThan(330_000)
  })
})
