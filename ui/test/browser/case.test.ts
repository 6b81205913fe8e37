// The desk in a browser: many warnings at once, sending somebody out, acts on cases, conflicts, watch applications, figures.
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { closeBrowser, openStage, type Mock, type Stage, type StageOptions } from './stage'

interface Entry {
  id: string
  kind: string
  chain: string
  parent: string | null
  version: number
  body: { state: string; [more: string]: unknown }
}
interface DeskState {
  desk: { cases: Map<string, Entry>; touch: (id: string) => void }
  is_next_act_late: boolean
}
const deskOf = (mock: Mock) => mock.state as unknown as DeskState
const entries = (mock: Mock) => [...deskOf(mock).desk.cases.values()]
const find = (mock: Mock, kind: string, state: string) =>
  entries(mock).find((it) => it.kind === kind && it.body.state === state)!

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

describe('board of warnings', () => {
  it('signs many at once after saying how many, and tells what came of each', async () => {
    const { page, mock } = await open('/warnings?state=raised')
    await page.locator('.scroller .row').first().waitFor()
    for (let i = 0; i < 3; i++) {
      await page.keyboard.press('j')
      await page.keyboard.press('x')
    }
    await page.locator('.bulk').getByText('已选 3 条').waitFor()
    mock.state.is_next_sign_late = true
    await page.keyboard.press('s')
    await page.getByText('签收选中的 3 条预警？').waitFor()
    await page.getByRole('button', { name: '签收 3 条' }).last().click()
    const outcome = page.getByRole('dialog', { name: '签收成功 2 条，未成功 1 条' })
    await outcome.getByText('李强刚刚已签收').waitFor()
    expect(mock.state.requests).toContain('POST /api/v1/warnings/sign')
    // The one that was refused is not waiting any more, but stays picked for whoever wants to see it.
    await page.keyboard.press('Escape')
    await page.locator('.bulk').getByText('已选 1 条').waitFor()
  })

  it('keeps a view under a name and finds it again', async () => {
    const { page } = await open('/warnings?level=high&state=raised')
    await page.getByRole('button', { name: '常用视图' }).click()
    await page.getByText('夜班高级别').waitFor()
    await page.getByPlaceholder('视图名称').fill('我的高级别')
    await page.locator('.views').getByRole('button', { name: '保存' }).click()
    await page.locator('.view.here', { hasText: '我的高级别' }).waitFor()
    await page.goto(page.url().replace(/\?.*/, ''))
    await page.getByRole('button', { name: '常用视图' }).click()
    await page.locator('.view', { hasText: '我的高级别' }).locator('.name').click()
    await page.waitForURL('**/warnings?level=high&state=raised')
  })

  it('opens the verdict by V and the dispatch by D', async () => {
    const { page } = await open('/warnings?state=raised')
    await page.locator('.scroller .row').first().waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('v')
    await page.locator('.side .answers button:focus').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('.side').waitFor({ state: 'detached' })
    await page.keyboard.press('d')
    await page.getByRole('dialog', { name: '下达查缉指令' }).getByText('预计经过').first().waitFor()
  })
})

describe('dispatch', () => {
  it('proposes who can stop it, sends an order to each, and the warning is on the road', async () => {
    const { page, mock } = await open('/warnings')
    const warning = mock.state.warnings.find((it) => it.state === 'raised' && !it.is_historical)!
    const before = entries(mock).length
    await page.goto(`${mock.url}/warnings/${warning.id}`)
    await page.locator('[data-act=dispatch]').click()
    const dialog = page.getByRole('dialog', { name: '下达查缉指令' })
    await dialog.getByText('最可能').waitFor()
    for (const id of ['1', '5']) {
      const box = dialog.locator(`[data-post="${id}"]`)
      if (!(await box.getAttribute('class'))!.includes('chosen')) await box.click()
    }
    for (const box of await dialog.locator('[data-post].chosen').all()) {
      const id = await box.getAttribute('data-post')
      if (id !== '1' && id !== '5') await box.click()
    }
    const text = dialog.locator('textarea')
    expect(await text.inputValue()).toContain(warning.subject.plate!)
    await text.fill('在大桥南头拦停，注意安全。')
    await dialog.getByRole('button', { name: '下达 2 条指令' }).click()
    await dialog.waitFor({ state: 'detached' })
    const sent = entries(mock).slice(before)
    expect(sent.map((it) => [it.kind, it.body.state])).toEqual([
      ['dispatch', 'ordered'],
      ['dispatch', 'ordered'],
    ])
    await page.locator('.headline').getByText('查缉中').waitFor()
    await page.locator('.work').getByText('待签收').first().waitFor()
  })

  it('says honestly when nobody can', async () => {
    const { page, mock } = await open('/warnings')
    const old = mock.state.warnings.find((it) => it.state === 'raised' && it.is_historical)!
    await page.goto(`${mock.url}/warnings/${old.id}`)
    await page.locator('[data-act=dispatch]').click()
    const dialog = page.getByRole('dialog', { name: '下达查缉指令' })
    await dialog.getByText('目前无人能够拦截。').waitFor()
    expect(await dialog.getByRole('button', { name: '下达指令' }).isDisabled()).toBe(true)
  })

  it('shows the road now, and moves a post', async () => {
    const { page, mock } = await open('/dispatches')
    await page.locator('[data-case]').first().waitFor()
    await page.getByRole('button', { name: /^执勤点/ }).click()
    await page.locator('[data-post="5"]').click()
    await page.getByText('点击地图或拖动标记').waitFor()
    await page.locator('.post-form').getByText('在岗', { exact: true }).click()
    await page.locator('.post-form').getByRole('button', { name: '保存' }).click()
    await page.locator('[data-post="5"]').getByText('在岗').waitFor()
    expect(mock.state.requests).toContain('PUT /api/v1/posts/5')
  })
})

describe('a case', () => {
  it('is worked by the acts that are offered, and shows the whole way', async () => {
    const { page, mock } = await open('/tasks')
    const reported = find(mock, 'dispatch', 'reported')
    await page.goto(`${mock.url}/cases/${reported.id}`)
    await page.locator('[data-act=confirm]').click()
    await page.locator('.act-form').getByRole('button', { name: '审核通过' }).click()
    await page.locator('.headline').getByText('已办结').waitFor()
    const stop = entries(mock).find((it) => it.kind === 'interception' && it.parent === reported.id)!
    await page.locator('nav.steps').getByText('待处置').click()
    await page.waitForURL(`**/cases/${stop.id}`)
    await page.locator('[data-act=dispose]').click()
    const form = page.locator('.act-form')
    await form.getByRole('button', { name: '处置' }).click()
    await form.getByText('请填写“处置措施”').waitFor()
    await form.locator('[data-field=measures] .el-select').click()
    await page.getByRole('option', { name: '罚款' }).click()
    await form.locator('[data-field=measures] .el-input-number input').fill('200')
    await form.getByRole('button', { name: '处置' }).click()
    await page.locator('.headline').getByText('已处置').waitFor()
    expect(stop.body.state).toBe('disposed')
    await page.locator('.line .entry', { hasText: '审核通过' }).first().waitFor()
    await page.getByRole('link', { name: '全程 ›' }).click()
    await page.waitForURL(`**/chains/${reported.chain}`)
    await page.locator('.entry', { hasText: '过车' }).first().waitFor()
  })

  it('says who was faster, shows the case as it is, and keeps what was typed', async () => {
    const { page, mock } = await open('/tasks')
    const ordered = find(mock, 'dispatch', 'on_site')
    await page.goto(`${mock.url}/cases/${ordered.id}`)
    await page.locator('[data-act=withdraw]').click()
    const form = page.locator('.act-form')
    await form.locator('textarea').fill('车辆已驶离本县，撤回力量')
    deskOf(mock).is_next_act_late = true
    await form.getByRole('button', { name: '撤回指令' }).click()
    await form.getByText('案件刚刚有变化').waitFor()
    expect(await form.locator('textarea').inputValue()).toBe('车辆已驶离本县，撤回力量')
    await form.getByRole('button', { name: '撤回指令' }).click()
    await page.locator('.headline').getByText('已撤回').waitFor()
  })

  it('keeps the draft of an act over a reload', async () => {
    const { page, mock } = await open('/tasks')
    const path = `${mock.url}/cases/${find(mock, 'dispatch', 'declined').id}`
    await page.goto(path)
    await page.locator('[data-act=reassign]').click()
    await page.locator('.act-form textarea').fill('改由巡组前往')
    await page.reload()
    await page.locator('[data-act=reassign]').click()
    expect(await page.locator('.act-form textarea').inputValue()).toBe('改由巡组前往')
  })

  it('leads from a warning to the report of a hazard, and records education', async () => {
    const { page, mock } = await open('/warnings')
    const warning = mock.state.warnings.find((it) => it.state === 'dispatched')!
    await page.goto(`${mock.url}/warnings/${warning.id}`)
    const link = page.getByRole('link', { name: '上报隐患' })
    expect(await link.getAttribute('href')).toBe(`/hazards/new?warning=${warning.id}`)
    await page.getByRole('button', { name: '登记宣教' }).click()
    const dialog = page.getByRole('dialog', { name: '登记宣教' })
    await dialog.locator('[data-field=audience] .el-select').click()
    await page.getByRole('option', { name: '货运驾驶人' }).click()
    await dialog.locator('[data-field=topic] input').fill('超载的危害')
    await dialog.getByRole('button', { name: '保存' }).click()
    await page.waitForURL('**/cases/XJ*')
    await page.getByText('超载的危害').first().waitFor()
  })
})

describe('watch applications', () => {
  it('are approved without leaving the list', async () => {
    const { page, mock } = await open('/watch-orders/waiting')
    const urgent = find(mock, 'watch_application', 'urgent')
    const card = page.locator(`[data-case="${urgent.id}"]`)
    await card.getByText('逾期未补批将自动撤控').waitFor()
    await card.getByRole('button', { name: '批准' }).click()
    await card.locator('.act-form').getByRole('button', { name: '批准' }).click()
    await card.waitFor({ state: 'detached' })
    expect(urgent.body.state).toBe('in_force')
  })

  it('tell what urgent means before they are sent', async () => {
    const { page, mock } = await open('/watch-orders')
    await page.getByRole('button', { name: '申请布控' }).first().click()
    const dialog = page.getByRole('dialog', { name: '申请布控' })
    await dialog.getByPlaceholder('如：鲁Q12345').fill('鲁Q12345')
    await dialog.locator('textarea').fill('肇事逃逸嫌疑')
    await dialog.getByPlaceholder('如：《道路交通安全法》第八十九条').fill('《道路交通安全法》')
    await dialog.locator('.el-switch').click()
    await dialog.getByText('逾期自动撤控').waitFor()
    await dialog.getByRole('button', { name: '立即布控' }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect(entries(mock).at(-1)).toMatchObject({ kind: 'watch_application', body: { state: 'urgent' } })
  })
})

describe('tasks and their figures', () => {
  it('open the tasks behind a number', async () => {
    const { page } = await open('/statistics/clocks?period=30')
    const cell = page.locator('tbody tr').first().locator('td.late a')
    const count = await cell.innerText()
    await cell.click()
    await page.waitForURL('**/tasks?**end=late**')
    await page.getByText(`共 ${count} 条`).waitFor()
  })

  it('stand by their clock, and one opens beside the list', async () => {
    const { page } = await open('/tasks')
    await page.locator('.scroller .row').first().waitFor()
    expect(await page.locator('.scroller .row').first().innerText()).toContain('超时')
    await page.locator('.scroller .row', { hasText: '审核反馈' }).click()
    await page.locator('.side .headline').getByText('查缉指令').waitFor()
    expect(await page.locator('nav.menu .item.here').innerText()).toContain('待办')
  })
})

describe('on the phone', () => {
  it('nothing of the desk is wider than the screen', async () => {
    const { page, mock } = await open('/tasks', { is_phone: true })
    const stop = find(mock, 'interception', 'stopped')
    const paths = ['/tasks', '/dispatches', '/dispatches/list', '/watch-orders/waiting', '/statistics/clocks']
    for (const path of [...paths, `/cases/${stop.id}`, `/chains/${stop.chain}`]) {
      await page.goto(mock.url + path)
      await page.locator('main > *').first().waitFor()
      await page.waitForTimeout(300)
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390)
    }
  })
})

describe('an empty desk', () => {
  it.each(['/tasks', '/dispatches/list', '/dispatches/interceptions', '/watch-orders/waiting', '/statistics/clocks'])(
    'says what %s is for',
    async (path) => {
      const { page } = await open(path, { is_empty: true })
      await page.locator('.empty h2').waitFor()
      expect((await page.locator('.empty p').first().innerText()).length).toBeGreaterThan(15)
    },
  )
})
