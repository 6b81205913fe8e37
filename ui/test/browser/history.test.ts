// Search, trace, flows, export, storage and retention on the built page.
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { closeBrowser, openStage, type Stage, type StageOptions } from './stage'

let stage: Stage | null = null
async function open(path: string, options?: StageOptions): Promise<Stage> {
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

const PLATE = '鲁Q12845'
const address = (path: string, query: Record<string, string>) => `${path}?${new URLSearchParams(query)}`
const asked = (path: string) => stage!.mock.state.requests.filter((it) => it.startsWith(`GET /api/v1${path}?`))
async function giveReason(): Promise<void> {
  const dialog = stage!.page.getByRole('dialog')
  await dialog.getByRole('textbox').fill('核查肇事逃逸嫌疑车辆')
  await dialog.getByRole('button', { name: '查询' }).click()
}
const queryOf = () => Object.fromEntries(new URL(stage!.page.url()).searchParams)

describe('search', () => {
  it('goes on as one scrolls, page after page, and keeps its filters in the address', async () => {
    const { page } = await open('/passages')
    await page.getByText('已列出 100 条').waitFor()
    await page.locator('.scroller').evaluate((element) => (element.scrollTop = element.scrollHeight))
    await page.getByText('已列出 200 条').waitFor()
    expect(await page.locator('.scroller [role=row]').count()).toBeLessThan(60)
    const pages = asked('/history/passages')
    expect(pages[1]).toContain('before=')
    expect(new URL(`http://x${pages[0]!.slice(4)}`).searchParams.get('from')).toBe(
      new URL(`http://x${pages[1]!.slice(4)}`).searchParams.get('from'),
    )
    await page.getByRole('button', { name: '更多条件' }).click()
    await page.getByLabel('车速不低于').fill('86')
    await page.keyboard.press('Enter')
    await page.waitForURL('**speed_min=86**')
    await page.getByText(/^共 \d+ 条/).waitFor()
    await page.reload()
    await page.getByText(/^共 \d+ 条/).waitFor()
    expect(await page.getByLabel('车速不低于').inputValue()).toBe('86')
  })

  it('asks for a part of a plate with a reason, once for the same plate, and never without', async () => {
    const { page } = await open('/passages')
    await page.locator('.scroller .row').first().waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('鲁q12?45')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByRole('button', { name: '取消' }).click()
    await page.getByText('查询号牌须说明事由').waitFor()
    expect(asked('/history/passages').some((it) => it.includes('plate='))).toBe(false)
    await page.getByRole('button', { name: '说明事由' }).click()
    await giveReason()
    await page.getByText('事由：核查肇事逃逸嫌疑车辆').waitFor()
    await page.locator('.scroller .plate').first().waitFor()
    await page.reload()
    await page.locator('.scroller .plate').first().waitFor()
    expect(await page.getByRole('dialog').count()).toBe(0)
    const look_ups = asked('/history/passages').filter((it) => it.includes('plate='))
    expect(look_ups.length).toBeGreaterThan(1)
    expect(look_ups.every((it) => it.includes('reason='))).toBe(true)
    expect(page.url()).not.toContain('reason')
  })

  it('opens a row by keyboard with its pictures, and leads to the trace', async () => {
    const { page } = await open('/passages')
    await page.locator('.scroller .row').first().waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.locator('.side .pictures img').first().waitFor()
    await page.keyboard.press('Escape')
    await page.locator('.side').waitFor({ state: 'detached' })
    const row = page.locator('.scroller .row', { has: page.getByRole('link', { name: '查看轨迹' }) }).first()
    await row.getByRole('link').click()
    await giveReason()
    await page.waitForURL('**/trace?plate=**')
    await page.locator('.sightings article.here').waitFor()
  })

  it('exports as a job that can be cancelled and downloaded', async () => {
    const { page, mock } = await open('/passages')
    await page.locator('.scroller .row').first().waitFor()
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: '导出', exact: true }).click()
    expect(await dialog.getByRole('button', { name: '开始导出' }).isDisabled()).toBe(true)
    await dialog.getByText('Parquet 数据').click()
    await dialog.getByLabel('导出事由').fill('月度研判用数据')
    await dialog.getByRole('button', { name: '开始导出' }).click()
    await dialog.getByText('进行中').waitFor()
    await dialog.getByRole('link', { name: '下载 passages.parquet' }).waitFor()
    await dialog.getByText('400,000 条，61.4 MB').waitFor()
    await dialog.getByRole('button', { name: '再导出一份' }).click()
    await dialog.getByRole('button', { name: '开始导出' }).click()
    await dialog.getByRole('button', { name: '取消任务' }).click()
    await page.locator('.el-message-box').getByRole('button', { name: '取消任务' }).click()
    await dialog.getByText('已取消').waitFor()
    expect(mock.state.requests.some((it) => /^POST .*\/jobs\/\d+\/cancel$/.test(it))).toBe(true)
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: '导出任务' }).click()
    await page.locator('.job').nth(1).waitFor()
  })
})

describe('trace', () => {
  it('shows the way by day, on the map and as a time line, with pictures and the misreads apart', async () => {
    const { page } = await open(address('/trace', { plate: PLATE }))
    await giveReason()
    await page.locator('.sightings article').first().waitFor()
    expect(await page.locator('.sightings article.doubtful').count()).toBe(0)
    await page.locator('.trace-mark').first().waitFor()
    await page.locator('.readings').getByText('误读可能 12 %').waitFor()
    const before = await page.locator('.sightings article').count()
    await page.locator('.readings .el-checkbox').first().click()
    await page.locator('.sightings article.doubtful').first().waitFor()
    expect(await page.locator('.sightings article').count()).toBeGreaterThan(before)
    await page.locator('.trace-mark.doubtful').first().waitFor()

    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.locator('.sightings .pictures img').first().waitFor()
    expect(asked('/history/trace/passage').every((it) => it.includes('reason='))).toBe(true)
    await page.keyboard.press('Escape')
    await page.locator('.sightings .pictures').waitFor({ state: 'detached' })

    await page.locator('.days button').nth(2).click()
    await page.waitForURL('**day=20**')
    await page.getByText(/终端定位 \d+ 个点/).waitFor()
    await page.getByRole('button', { name: '播放' }).click()
    await page.getByText('第 1 /').waitFor()
    await page.getByText('第 2 /').waitFor()
    await page.getByRole('button', { name: '暂停' }).click()
    await page.locator('.trace-mark.here').waitFor()
    await page.locator('.days button').first().click()
    await page.locator('.gap.long').first().waitFor()
  })

  it('asks nothing of the server for a part of a plate, and nothing without a reason', async () => {
    const { page } = await open('/trace')
    await page.getByPlaceholder('完整号牌，如 鲁Q12345').fill('12845')
    await page.keyboard.press('Enter')
    await page.getByText('查轨迹须输入完整号牌').waitFor()
    await page.getByPlaceholder('完整号牌，如 鲁Q12345').fill(PLATE)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByRole('button', { name: '取消' }).click()
    await page.getByRole('button', { name: '说明事由' }).waitFor()
    expect(asked('/history/trace')).toEqual([])
  })

  it('says so when there is nothing', async () => {
    const { page } = await open(address('/trace', { plate: '鲁Q00000' }))
    await giveReason()
    await page.getByText('这段时间没有这辆车的过车').waitFor()
  })

  it('is one click from a warning and from a file of a vehicle', async () => {
    const { page, mock } = await open('/vehicles')
    const warning = mock.state.warnings.find((it) => it.subject.plate)!
    await page.goto(`${mock.url}/warnings/${warning.id}`)
    await page.getByRole('link', { name: '查看轨迹' }).click()
    await page.waitForURL('**/trace?plate=**')
    expect(queryOf().plate).toBe(warning.subject.plate)
    await page.goto(`${mock.url}/vehicles`)
    await page.locator('.scroller .row').first().click()
    await page.getByRole('link', { name: '查看轨迹' }).click()
    await page.waitForURL('**/trace?plate=**')
  })
})

describe('flows', () => {
  it('lead from a number to its passages', async () => {
    const { page } = await open('/passages/flows')
    const cell = page.locator('tbody .cell a').first()
    await cell.waitFor()
    await cell.click()
    await page.waitForURL('**/passages?**checkpoint=**')
    const { from, to, checkpoint } = queryOf()
    expect(Date.parse(to!) - Date.parse(from!)).toBeLessThan(3_600_000)
    expect(checkpoint).toMatch(/^3713/)
    await page.goto(`${stage!.mock.url}/passages/flows?days=31`)
    await page.locator('thead .column a').nth(3).click()
    await page.waitForURL('**/passages/flows?from=**')
    await page.locator('thead .column').nth(23).waitFor()
  })
})

describe('storage', () => {
  it('says what is stored, what is damaged, and changes the retention only after it was said in words', async () => {
    const { page, mock } = await open('/system/storage')
    await page.getByText('81.6 GB').waitFor()
    await page.getByText('checksum mismatch').waitFor()
    await page.locator('button.row').first().click()
    await page.getByRole('cell', { name: '2026-09' }).waitFor()
    await page.getByRole('button', { name: '修改保存期限' }).click()
    const dialog = page.getByRole('dialog')
    const first = dialog.locator('input').first()
    await first.fill('7')
    await dialog.getByText('须为 31 至 36525 的整数').waitFor()
    expect(await dialog.getByRole('button', { name: '保存' }).isDisabled()).toBe(true)
    await first.fill('365')
    await dialog.getByRole('button', { name: '保存' }).click()
    await dialog.getByText(/缩短为 365 天，\d{4}-\d\d-\d\d 以前收到的将在一天内删除/).waitFor()
    expect(mock.state.requests).not.toContain('PUT /api/v1/history/retention')
    await dialog.getByRole('button', { name: '确认缩短并删除到期数据' }).click()
    await page.getByText('保存期限已修改').waitFor()
    await page.locator('.pairs').getByText('365 天', { exact: true }).waitFor()
  })
})

describe('the check of the files', () => {
  it('says what the last one found, names the files, and can be asked for', async () => {
    const { page, mock } = await open('/system/storage')
    const section = page.locator('section', { hasText: '文件校验' })
    await section.getByText(/318 个文件（.*）中 1 个损坏或缺失/).waitFor()
    await section.getByText('passages/by=plate/month=2026-08/000041.parquet').waitFor()
    await section.getByRole('button', { name: '立即校验' }).click()
    await section.getByText(/正在校验：12 \/ /).waitFor()
    expect(mock.state.requests).toContain('POST /api/v1/history/verification')
    expect(await section.getByRole('button', { name: '立即校验' }).isDisabled()).toBe(true)
  })

  it('is told by a trace whose rows came from the other files', async () => {
    const { page } = await open(address('/trace', { plate: PLATE }))
    await giveReason()
    await page.getByText('1 个数据段损坏，其中的记录已从另一种排列的文件补齐，结果完整').waitFor()
  })
})

describe('empty, phone and English', () => {
  it.each(['/passages', '/passages/flows', '/passages/exports', '/trace', '/system/storage'])(
    'say what %s is for when it is empty',
    async (path) => {
      const { page } = await open(path, { is_empty: true })
      await page.locator('.empty h2').first().waitFor()
      expect((await page.locator('.empty p').first().innerText()).length).toBeGreaterThan(15)
    },
  )

  it('are not wider than a phone, with targets for a thumb', async () => {
    const { page, mock } = await open('/passages', { is_phone: true })
    await page.locator('.scroller .row').first().waitFor()
    const isNarrow = async (what: string) =>
      expect(await page.evaluate(() => document.documentElement.scrollWidth), what).toBeLessThanOrEqual(390)
    await isNarrow('search')
    await page.goto(mock.url + address('/trace', { plate: PLATE }))
    await giveReason()
    await page.locator('.sightings article').first().waitFor()
    await isNarrow('trace')
    for (const button of await page.locator('.days button:visible, .sightings .row[type=button], .player button').all())
      expect((await button.boundingBox())!.height).toBeGreaterThanOrEqual(44)
    for (const path of ['/passages/flows', '/system/storage']) {
      await page.goto(mock.url + path)
      await page.locator('table, .kinds').first().waitFor()
      await isNarrow(path)
    }
  })

  it('speak English', async () => {
    const { page, mock } = await open('/system/storage')
    await page.getByRole('button', { name: '切换到英文' }).click()
    await page.getByText('What takes room').waitFor()
    expect(await page.locator('.storage').innerText()).not.toMatch(/[\u4e00-\u9fff]{2}/)
    await page.goto(`${mock.url}/passages`)
    await page.getByText('100 shown').waitFor()
  })
})
