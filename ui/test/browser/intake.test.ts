// Files of other systems in a browser: sent in, mapped, checked, imported, cancelled; connections with their numbers.
import { mkdirSync } from 'node:fs'
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

/** Pictures to look at, where `PICTURES` names a folder. */
async function picture(name: string): Promise<void> {
  const folder = process.env.PICTURES
  if (!folder || !stage) return
  mkdirSync(folder, { recursive: true })
  await stage.page.screenshot({ path: `${folder}/${name}.png` })
}
const isWiderThanScreen = () => document.documentElement.scrollWidth > window.innerWidth

describe('connections', () => {
  it('are told by protocol, and their numbers open the records', async () => {
    const { page } = await open('/intake')
    await page.getByText('卡口相机（GA/T 1400）').waitFor()
    await page.getByText('0.0.0.0:8720').waitFor()
    await picture('connections')
    await page.locator('article', { hasText: 'JT/T 808' }).getByRole('link', { name: '17' }).click()
    await page.waitForURL('**/devices/quarantine?source=terminal')
  })
})

describe('the encryption of a platform', () => {
  it('is set by its three numbers, which nobody is shown again, and taken away', async () => {
    const { page, mock } = await open('/devices?kind=fleet')
    const row = page.getByText('市道路运输车辆动态监管平台').first()
    const dialog = page.getByRole('dialog')
    const save = dialog.getByRole('button', { name: '保存' })
    const flip = () => dialog.locator('.el-form-item', { hasText: '报文加密' }).locator('.el-switch').click()
    await row.click()
    await flip()
    expect(await save.isDisabled()).toBe(true)
    await dialog.getByLabel('M1', { exact: true }).fill('10000000')
    await dialog.getByLabel('IA1', { exact: true }).fill('4294967296')
    await dialog.getByLabel('IC1', { exact: true }).fill('30000000')
    await dialog.getByText('三项均须为 0 至 4294967295 的数字').waitFor()
    expect(await save.isDisabled()).toBe(true)
    await dialog.getByLabel('IA1', { exact: true }).fill('20000000')
    await picture('cipher')
    await save.click()
    await page.getByText('设备已保存').waitFor()
    expect(mock.state.requests.filter((it: string) => it.includes('PATCH /api/v1/devices/fleet/3799001'))).toHaveLength(
      1,
    )

    await page.getByText('设备已保存').waitFor({ state: 'detached' })
    await row.click()
    // It says that they are set, not which they are; saving without typing leaves them.
    await dialog.getByPlaceholder('已设，不改则留空').first().waitFor()
    expect(await dialog.getByLabel('M1', { exact: true }).inputValue()).toBe('')
    expect(await save.isDisabled()).toBe(false)
    await flip()
    await save.click()
    await page.getByText('设备已保存').waitFor()
    await row.click()
    await dialog.getByText('已设凭证').waitFor()
    expect(await dialog.getByLabel('M1', { exact: true }).count()).toBe(0)
  })

  it('fits on a phone', async () => {
    const { page } = await open('/devices?kind=fleet', { is_phone: true })
    await page.getByText('市道路运输车辆动态监管平台').first().click()
    await page.getByRole('dialog').locator('.el-form-item', { hasText: '报文加密' }).locator('.el-switch').click()
    await page.getByRole('dialog').getByLabel('M1', { exact: true }).waitFor()
    await picture('cipher-phone')
    expect(await page.evaluate(isWiderThanScreen)).toBe(false)
  })
})

describe('a file', () => {
  it('is sent in, mapped, checked, translated and imported, and its bad rows can be had', async () => {
    const { page, mock } = await open('/intake/files')
    await page.getByText('旧平台 11 月过车.csv').waitFor()
    await picture('files')
    await page.setInputFiles('input[type=file]', {
      name: '导出.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('过车时间\r\n'),
    })
    await page.waitForURL('**/intake/files?file=**')
    const plate = page.getByLabel('号牌号码', { exact: true })
    expect(await plate.inputValue()).toBe('plate')
    await page.getByText('按内容识别').waitFor()
    await picture('mapping')
    // Without a column that is needed nothing can be begun.
    await plate.selectOption('')
    await page.getByText('还需指定：号牌号码').waitFor()
    expect(await page.getByRole('button', { name: '开始导入' }).isDisabled()).toBe(true)
    await plate.selectOption('plate')

    await page.getByRole('button', { name: '检查前 10 万行' }).click()
    await page.getByText('前 100,000 行的检查结果').waitFor()
    await page.getByLabel('旧北环路口 本系统中的值').selectOption({ index: 1 })
    await page.getByRole('button', { name: '检查前 10 万行' }).click()
    await page.getByText('99,000').waitFor()
    await page.getByRole('button', { name: '开始导入' }).click()
    await page.getByRole('dialog').getByRole('button', { name: '开始导入' }).click()
    await page.getByRole('progressbar').waitFor()
    await picture('importing')
    await page.getByText('下载全部错误行').waitFor({ timeout: 10_000 })
    await picture('report')
    const sent = mock.state.requests.filter((it) => it.startsWith('POST') && it.includes('/import'))
    expect(sent).toHaveLength(1)
  })

  it('is kept as it is when its import is cancelled, and what is in is said', async () => {
    const { page } = await open('/intake/files')
    await page.getByRole('link', { name: '旧平台 11 月过车.csv' }).click()
    await page.getByRole('button', { name: '开始导入' }).click()
    await page.getByRole('dialog').getByRole('button', { name: '开始导入' }).click()
    await page.getByRole('button', { name: '取消任务' }).click()
    await page.getByRole('dialog').getByRole('button', { name: '取消任务' }).click()
    await page.getByText('导入已取消，取消前的行已生效').waitFor()
  })

  it('can be given by somebody with nothing yet, who is told what for', async () => {
    const { page } = await open('/intake/files', { is_empty: true })
    await page.getByText('还没有上传文件').waitFor()
    await page.getByText('把其他系统导出的过车记录').waitFor()
    await picture('empty')
  })

  it('is mapped with a thumb', async () => {
    const { page } = await open('/intake/files', { is_phone: true })
    await page.getByRole('link', { name: '旧平台 11 月过车.csv' }).click()
    await page.getByText('按内容识别').waitFor()
    expect(await page.evaluate(isWiderThanScreen)).toBe(false)
    await picture('phone-mapping')
    await page.getByText('导入结果').scrollIntoViewIfNeeded()
    await picture('phone-report')
    await page.goBack()
    await page.getByText('把其他系统导出的过车记录').waitFor()
    await picture('phone-files')
  })
})
