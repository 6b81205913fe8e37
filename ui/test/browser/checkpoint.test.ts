// Checkpoints in a browser: whose they are, changed and added by who keeps the register.
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { closeBrowser, openStage, type Stage, type StageOptions } from './stage'

let stage: Stage | null = null
async function open(path: string, options: StageOptions = {}): Promise<Stage> {
  stage = await openStage(path, { is_live: false, is_road: true, ...options })
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
const rows = () => stage!.page.locator('[role=row]:not(.head)')
async function only(permissions: readonly string[]): Promise<void> {
  const user = (stage!.mock.state as unknown as { user: { permissions: readonly string[]; roles: string[] } }).user
  user.permissions = permissions
  user.roles = []
  await stage!.page.reload()
}
describe('checkpoints', () => {
  it('are listed with the unit in charge, which is changed', async () => {
    const { page, mock } = await open('/devices/checkpoints?unit=none')
    await page.getByText('共 20 条').waitFor()
    const name = await rows().first().locator('.cell').nth(1).innerText()
    await rows().first().click()
    const dialog = page.getByRole('dialog', { name })
    await dialog.getByLabel('未指定（大队值守）').click()
    await page.getByRole('option', { name: /云岭中队/ }).click()
    await dialog.getByRole('button', { name: '保存' }).click()
    await page.getByText('共 19 条').waitFor()
    const put = mock.state.requests.find((it) => it.startsWith('PUT /api/v1/checkpoints/'))!
    const { checkpoints } = mock.state as unknown as { checkpoints: { id: string; name: string; unit_id: number }[] }
    expect(checkpoints.find((it) => put.endsWith(it.id))).toMatchObject({ name, unit_id: 4 })
    await page.goto(`${mock.url}/devices/checkpoints?unit=4`)
    await page.getByText('共 21 条').waitFor()
  })

  it('are added by a place on the map, never over one that is there', async () => {
    const { page, mock } = await open('/devices/checkpoints')
    await rows().first().waitFor()
    const { checkpoints } = mock.state as unknown as { checkpoints: { id: string }[] }
    await page.getByRole('button', { name: '新增卡口' }).click()
    const dialog = page.getByRole('dialog', { name: '新增卡口' })
    await dialog.getByLabel('卡口编号').fill(checkpoints[0]!.id)
    await dialog.getByText('已有这个编号的卡口').waitFor()
    await dialog.getByLabel('卡口编号').fill('37132700001210099999')
    await dialog.getByRole('button', { name: '保存' }).click()
    await dialog.getByText('请在地图上点选位置。').waitFor()
    expect(asked('PUT /api/v1/checkpoints')).toEqual([])
  })

  it('are shown and not changed without the right to keep the register', async () => {
    const { page } = await open('/devices/checkpoints')
    await rows().first().waitFor()
    await only(['see_operation'])
    await rows().first().click()
    await page.waitForTimeout(300)
    expect(await page.getByRole('dialog').count()).toBe(0)
    expect(await page.getByRole('button', { name: '新增卡口' }).count()).toBe(0)
  })

  it('fit a phone and are complete in English', async () => {
    const { page, mock } = await open('/devices/checkpoints', { is_phone: true })
    await page.locator('[role=listitem]').first().waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    await page.evaluate(() => localStorage.setItem('anchang.language', '"en"'))
    await page.goto(`${mock.url}/devices/checkpoints`)
    await page.getByRole('button', { name: 'Add a checkpoint' }).click()
    await page.getByRole('dialog', { name: 'Add a checkpoint' }).waitFor()
    const text = (await page.locator('.page-head, .el-form-item__label').allInnerTexts()).join()
    expect(text).not.toMatch(/[\u4e00-\u9fff]{2}/)
  })
})
