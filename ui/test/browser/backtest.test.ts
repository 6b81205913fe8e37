// Back-tests in a browser: begun from the list and from a rule, followed, and read.
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

describe('back-tests', () => {
  it('of a model are begun, followed and opened', async () => {
    const { page, mock } = await open('/models/back-tests')
    await page.getByRole('button', { name: '发起回测' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('内置模型').click()
    await dialog.locator('.el-select').click()
    await page.locator('.el-select-dropdown__item', { hasText: '区间超速' }).first().click()
    await dialog.getByRole('button', { name: '最近 30 天' }).click()
    await dialog.getByRole('button', { name: '发起回测' }).click()
    await page.locator('.job .el-progress').waitFor()
    await page.locator('a.test').nth(1).waitFor()
    expect(mock.state.requests.filter((it) => it.startsWith('POST') && it.includes('/back-tests'))).toHaveLength(1)
    await page.locator('a.test').first().click()
    await page.getByText('与核查结论比对').waitFor()
    await page.getByText('共 240 条').waitFor()
  })

  it('show what is new and open the warnings of then only', async () => {
    const { page } = await open('/back-tests/1?outcome=new')
    await page.getByText('共 60 条').waitFor()
    await page.getByText('74 / 80 条仍报出').waitFor()
  })

  it('say what they are for before the first one, and hold on the phone', async () => {
    const { page } = await open('/models/back-tests', { is_empty: true, is_phone: true })
    await page.getByText('还没有回测').waitFor()
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    expect(width).toBeLessThanOrEqual(390)
  })
})
