// Other platforms, in a browser: state in words, the form with its test, subscriptions, tollgates, dispositions to review.
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { closeBrowser, openStage, type Stage, type StageOptions } from './stage'

let stage: Stage | null = null
async function open(path: string, options: StageOptions = {}): Promise<Stage> {
  stage = await openStage(path, { is_live: false, ...options })
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
const asked = (what: string): string[] => stage!.mock.state.requests.filter((it) => it.includes(what))

describe('platforms', () => {
  it('are reached from the devices and say how they do in words', async () => {
    const { page } = await open('/devices')
    await page.getByRole('link', { name: '平台对接' }).click()
    const down = page.locator('li', { hasText: '邻县视图库' })
    await down.getByText('未连上').waitFor()
    await down.getByText('连不上对方：该地址没有服务在监听').waitFor()
    await down.getByText('慢 41 秒').waitFor()
    await down.getByText('待准入卡口 2 个').waitFor()
    const up = page.locator('li', { hasText: '市局视图库' })
    expect(await up.innerText()).toContain('4,812,330')
  })

  it('are added with a test of the connection first', async () => {
    const { page } = await open('/devices/platforms')
    await page.getByRole('button', { name: '添加平台' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('名称').fill('东邻县')
    await dialog.getByLabel('平台编码（20 位）').fill('37132900005020000001')
    await dialog.getByLabel('对方地址').fill('http://10.29.0.2:8120')
    await dialog.getByLabel('本平台在对方的用户名').fill('anchang')
    await dialog.getByRole('button', { name: '测试连接' }).click()
    await dialog.getByText('用户名或密码错误').waitFor()
    await dialog.getByLabel('本平台在对方的密码').fill('secret-word')
    await dialog.getByRole('button', { name: '测试连接' }).click()
    await dialog.getByText('连接正常').waitFor()
    await dialog.getByRole('button', { name: '保存' }).click()
    await page.locator('.side').getByText('37132900005020000001').waitFor()
    expect(asked('POST /api/v1/platforms')).toHaveLength(1)
  })

  it('show both directions, subscribe, and ask before they end anything', async () => {
    const { page } = await open('/devices/platforms?open=37132800005020000001')
    const side = page.locator('.side')
    await side.getByText('本平台订阅对方').waitFor()
    await side.getByText('对方订阅本平台').waitFor()
    await side.getByText('积压 3.2 MiB').waitFor()
    await side.getByRole('button', { name: '订阅过车' }).click()
    await page.getByRole('dialog').getByRole('button', { name: '订阅过车' }).click()
    await side.getByText('待对方确认').waitFor()
    await side.locator('.row', { hasText: '省界过车' }).getByRole('button', { name: '取消订阅' }).click()
    await page.getByRole('dialog').getByRole('button', { name: '取消订阅' }).click()
    await side.getByText('撤销中').waitFor()
  })

  it('admit a tollgate with the name and place that the platform told', async () => {
    const { page } = await open('/devices/platforms?open=37132800005020000001')
    const row = page.locator('.side .row', { hasText: '邻县南环收费站' })
    await row.getByText('未入库过车 1,204 条').waitFor()
    await row.getByRole('button', { name: '准入' }).click()
    const dialog = page.getByRole('dialog')
    expect(await dialog.getByLabel('名称').inputValue()).toBe('邻县南环收费站')
    expect(await dialog.getByLabel('经度').inputValue()).toBe('118.910000')
    await dialog.getByRole('button', { name: '准入' }).click()
    await row.getByText('已准入').waitFor()
  })

  it('are deleted only when that is meant', async () => {
    const { page } = await open('/devices/platforms?open=37130000005020000001')
    await page.locator('.side').getByRole('button', { name: '修改' }).click()
    await page.getByRole('dialog').getByRole('button', { name: '删除' }).click()
    await page.getByText('删除平台“市局视图库”？').waitFor()
    await page.locator('.el-message-box').getByRole('button', { name: '删除' }).click()
    await page.locator('li', { hasText: '市局视图库' }).waitFor({ state: 'detached' })
    expect(asked('DELETE /api/v1/platforms/')).toHaveLength(1)
  })

  it('say what they are for when there are none', async () => {
    const { page } = await open('/devices/platforms', { is_empty: true })
    await page.getByText('还没有对接的平台').waitFor()
  })
})

describe('dispositions of other platforms', () => {
  it('wait above the watch orders with their origin, and a person decides', async () => {
    const { page } = await open('/watch-orders')
    const review = page.locator('.review')
    await review.getByText('来自上级平台“市局视图库”').waitFor()
    await review.getByRole('button', { name: '同意布控' }).click()
    await page.locator('.el-message-box').getByRole('button', { name: '同意布控' }).click()
    await review.waitFor({ state: 'detached' })
    expect(asked('/accept')).toHaveLength(1)
  })

  it('go out with a watch order to platforms that can be reached', async () => {
    const { page } = await open('/watch-orders')
    await page.getByRole('button', { name: '推送平台' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('邻县视图库').click()
    await dialog.getByRole('button', { name: '推送平台' }).click()
    await page.getByText('已提交，等待对方确认').waitFor()
  })
})

describe('phone and English', () => {
  it('has nothing wider than the screen', async () => {
    const { page, mock } = await open('/devices/platforms', { is_phone: true })
    for (const path of ['/devices/platforms', '/devices/platforms?open=37132800005020000001', '/watch-orders']) {
      await page.goto(mock.url + path)
      await page.locator('main .page-head').waitFor()
      await page.locator('.list li, .review').first().waitFor()
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390)
    }
  })

  it('is complete in English', async () => {
    const { page } = await open('/devices/platforms')
    await page.getByRole('button', { name: '切换到英文' }).click()
    await page.getByText('Its link').first().waitFor()
    expect((await page.locator('.page-head').innerText()).replace(/\s/g, '')).not.toMatch(/[\u4e00-\u9fff]{2}/)
  })
})
