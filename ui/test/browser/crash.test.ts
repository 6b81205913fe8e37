// The ledger of crashes in a browser: found, opened with its hazards, recorded by hand, placed later, imported; and who may do what.
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
/** Yesterday at noon in China, as a field for a time holds it. */
const yesterday = () => `${new Date(Date.now() - 16 * 3.6e6).toISOString().slice(0, 10)}T12:00`

describe('the ledger of crashes', () => {
  it('is found in the menu, filtered, and says which have no place', async () => {
    const { page } = await open('/hazards')
    await page.getByRole('link', { name: '事故', exact: true }).click()
    await page.getByText('共 64 条').waitFor()
    await page.getByText('8 起事故没有标注位置').waitFor()
    await page.getByRole('button', { name: '只看这些' }).click()
    await page.waitForURL(/placed=false/)
    await page.getByText('共 8 条').waitFor()
    expect(await rows().getByText('未标位置').count()).toBe(8)
    await page.goto(`${stage!.mock.url}/crashes?severity=fatal&days=365`)
    await rows().first().waitFor()
    const grave = await rows().locator('.severity').allInnerTexts()
    expect(new Set(grave.map((it) => it.trim()))).toEqual(new Set(['死亡']))
    expect(asked('/crashes?').some((it) => /severity=fatal.*since=20\d\d-/.test(it))).toBe(true)
    await page.goto(`${stage!.mock.url}/crashes?days=custom`)
    await page.getByLabel('起始日').fill('2026-01-01')
    await page.waitForURL(/from=2026-01-01/)
  })

  it('opens one with its place and the hazards on which it fell, and these lead back', async () => {
    const { page } = await open('/crashes')
    await rows().first().click()
    const side = page.locator('.side')
    await side.getByText('已销号，重新打开').waitFor()
    await side.locator('.mini-mark.main').waitFor()
    const id = (await side.locator('h2').first().innerText()).replace('事故 ', '')
    await side.locator('.hazards a').first().click()
    await page.waitForURL(/\/cases\/YH/)
    const back = page.locator('.crashes')
    await back.getByText('落在此处的事故（1）').waitFor()
    await back.getByRole('link', { name: id }).click()
    await page.waitForURL(new RegExp(`open=${id}`))
  })

  it('takes one that is recorded by hand; the struck-off hazard on which it fell is opened again', async () => {
    const { page, mock } = await open('/crashes')
    const [struck] = (await page.evaluate(async () => {
      const answer = await fetch('/api/v1/cases?kind=hazard&state=struck_off&category=sight&limit=1')
      return (await answer.json()).items
    })) as { id: string; lon: number; lat: number }[]
    await page.context().grantPermissions(['geolocation'])
    await page.context().setGeolocation({ longitude: struck!.lon + 0.0005, latitude: struck!.lat })
    await page.getByRole('button', { name: '登记事故' }).click()
    const dialog = page.getByRole('dialog', { name: '登记事故' })
    await dialog.getByRole('button', { name: '登记', exact: true }).click()
    await dialog.getByText('请选择事故类型。').waitFor()
    await dialog.getByRole('textbox', { name: '事故时间' }).fill(yesterday())
    await dialog.getByText('伤人', { exact: true }).click()
    await dialog.getByRole('spinbutton', { name: '受伤人数' }).fill('2')
    await dialog.getByRole('button', { name: '我的位置' }).click()
    await dialog.getByRole('button', { name: '去掉位置' }).waitFor()
    await dialog.getByRole('button', { name: '登记', exact: true }).click()
    await page.getByText('1 处已销号隐患重新打开').waitFor()
    await page.locator('.side .reopened').getByText(struck!.id).waitFor()
    expect(mock.state.requests.filter((it) => it === 'POST /api/v1/crashes')).toHaveLength(1)
    await page.getByText('共 65 条').waitFor()
  })

  it('takes a place by a click on the map', async () => {
    const { page } = await open('/crashes')
    await page.getByRole('button', { name: '登记事故' }).click()
    const dialog = page.getByRole('dialog', { name: '登记事故' })
    const canvas = dialog.locator('canvas.maplibregl-canvas')
    await canvas.waitFor()
    // Until the map stands, a click is a click on nothing.
    await expect
      .poll(
        async () => {
          await canvas.click({ position: { x: 300, y: 150 } })
          return dialog.getByRole('button', { name: '去掉位置' }).count()
        },
        { timeout: 20_000 },
      )
      .toBe(1)
    await dialog.getByText(/\d+\.\d{5}, \d+\.\d{5}/).waitFor()
    // The draft stays.
    await dialog.getByLabel('简要情况').fill('追尾')
    await dialog.getByRole('button', { name: '取消' }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: '登记事故' }).click()
    expect(await dialog.getByLabel('简要情况').inputValue()).toBe('追尾')
  })

  it('places one later, and asks before a number that is known is written over', async () => {
    const { page, mock } = await open('/crashes?placed=false')
    await rows().nth(1).click()
    await page.locator('.side').getByRole('button', { name: '补标位置' }).click()
    const correct = page.getByRole('dialog', { name: /更正事故/ })
    await correct.getByText('再次导入同一编号的行').waitFor()
    await page.context().grantPermissions(['geolocation'])
    await page.context().setGeolocation({ longitude: 118.8, latitude: 35.1 })
    await correct.getByRole('button', { name: '我的位置' }).click()
    await correct.getByRole('button', { name: '去掉位置' }).waitFor()
    await correct.getByRole('button', { name: '保存' }).click()
    await page.getByText('共 7 条').waitFor()
    await page.locator('.side .mini-mark.main').waitFor()

    const crashes = (mock.state as unknown as { crashes: { source_number: string }[] }).crashes
    await page.getByRole('button', { name: '登记事故' }).click()
    const dialog = page.getByRole('dialog', { name: '登记事故' })
    await dialog.getByRole('textbox', { name: '事故时间' }).fill(yesterday())
    await dialog.getByText('财产损失', { exact: true }).click()
    await dialog.getByLabel('位置说明').fill('北环路口')
    await dialog.getByLabel('事故编号').fill(crashes[3]!.source_number)
    await dialog.getByRole('button', { name: '登记', exact: true }).click()
    await page.getByText('继续将更正原记录').waitFor()
    await page.getByRole('dialog').last().getByRole('button', { name: '取消' }).click()
    expect(asked('POST /api/v1/crashes')).toHaveLength(1)
  })

  it('is imported from a table, with errors by row and column', async () => {
    const { page } = await open('/crashes', { is_empty: false })
    await page.getByText('共 64 条').waitFor()
    await page.getByRole('button', { name: '导入' }).click()
    const dialog = page.getByRole('dialog', { name: '导入事故' })
    expect(await dialog.getByRole('link', { name: '下载模板' }).getAttribute('href')).toBe(
      '/api/v1/imports/crashes/template',
    )
    await dialog
      .locator('input[type=file]')
      .setInputFiles({ name: 'crashes.csv', mimeType: 'text/csv', buffer: Buffer.from('事故编号\r\nA900\r\n') })
    await dialog.getByRole('button', { name: '开始导入' }).click()
    await dialog.getByRole('cell', { name: '事故类型' }).waitFor()
    await dialog.getByText('已导入 1').waitFor()
    expect(asked('POST /api/v1/imports/crashes')).toHaveLength(1)
    await page.getByText('共 65 条').waitFor()
  })

  it('begins the report of a hazard with its place', async () => {
    const { page, mock } = await open('/crashes')
    await rows().nth(2).click()
    await page.locator('.side').getByRole('link', { name: '由此上报隐患' }).click()
    await page.waitForURL(/\/hazards\/new\?crash=SG/)
    await expect.poll(() => page.getByLabel('桩号').inputValue()).toMatch(/^K\d+\+\d{3}$/)
    await page.getByRole('combobox', { name: '类别' }).click()
    await page.getByRole('option', { name: '路面损坏' }).click()
    await page.getByLabel('标题').fill('桥头跳车')
    await page.getByRole('button', { name: '上报', exact: true }).click()
    await page.waitForURL(/\/cases\/YH/)
    expect(mock.state.commands[0]!.body).toMatchObject({ source: 'crash', crash: expect.stringMatching(/^SG/) })
  })

  it('says what to do while it is empty', async () => {
    const { page } = await open('/crashes', { is_empty: true })
    await page.getByText('还没有事故').waitFor()
    await page.getByRole('button', { name: '导入事故' }).click()
    await page.getByRole('dialog', { name: '导入事故' }).getByText('同一事故编号视为同一起').waitFor()
  })

  it('is read by whoever sees hazards or figures, and written by those whose work it is', async () => {
    const { page } = await open('/crashes')
    await rows().first().waitFor()
    await only(['see_statistics'])
    await rows().first().click()
    await page.locator('.side .mini-mark.main').waitFor()
    for (const name of ['登记事故', '导入', '更正'])
      expect(await page.getByRole('button', { name }).count(), name).toBe(0)
    expect(await page.getByRole('link', { name: '由此上报隐患' }).count()).toBe(0)
    await only(['look_up'])
    await page.getByText('您没有打开此页面的权限').waitFor()
    expect(await page.getByRole('link', { name: '事故', exact: true }).count()).toBe(0)
  })
})

describe('these pages', () => {
  it('fit a phone and are complete in English', async () => {
    const { page, mock } = await open('/crashes', { is_phone: true })
    for (const path of ['/crashes', '/crashes?open=SG20261120-0064']) {
      await page.goto(mock.url + path)
      await page.locator('main .page-head').waitFor()
      await page.waitForTimeout(500)
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390)
    }
    await page.evaluate(() => localStorage.setItem('anchang.language', '"en"'))
    await page.goto(`${mock.url}/crashes`)
    await page.getByRole('button', { name: 'Record a crash' }).click()
    await page.getByRole('dialog', { name: 'Record a crash' }).waitFor()
    const text = (await page.locator('.page-head, .unplaced, .el-form-item__label').allInnerTexts()).join()
    expect(text).not.toMatch(/[\u4e00-\u9fff]{2}/)
  })
})
