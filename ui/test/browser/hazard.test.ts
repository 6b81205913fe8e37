// Hazards and education at the desk, in a browser: list, board, map, figures with links, a report with its questions and a
// place, the same place said so; the case with its acts; records of education; a clock that is asked to pause.
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

describe('hazards', () => {
  it('are listed with grade, state and clock; a filter is the address', async () => {
    const { page } = await open('/hazards')
    await page.getByRole('link', { name: '隐患', exact: true }).waitFor()
    await rows().first().waitFor()
    await page.getByText('共 96 条').waitFor()
    await page.getByText('挂牌督办').nth(1).waitFor()
    await page.goto(`${stage!.mock.url}/hazards?supervised=true&level=high`)
    await rows().first().waitFor()
    const grades = await rows().locator('.grade').allInnerTexts()
    expect(new Set(grades.map((it) => it.trim()))).toEqual(new Set(['重大']))
    // The board and the map keep the filter.
    await page.getByRole('link', { name: '看板' }).click()
    await page.waitForURL(/\/hazards\/board\?.*supervised=true/)
    expect(asked('/cases?').some((it) => it.includes('supervised=true') && it.includes('state=rectifying'))).toBe(true)
  })

  it('stand on a board by state, what is due first on top', async () => {
    const { page } = await open('/hazards/board')
    const column = page.getByRole('region', { name: '整改中' })
    await column.locator('.card').first().waitFor()
    expect(await column.locator('h2 b').innerText()).toBe(String(await column.locator('.card').count()))
    await column.locator('.card.late').first().waitFor()
    await column.locator('h2 a').click()
    await page.waitForURL(/\/hazards\?state=rectifying/)
  })

  it('lie on the map with a legend, and what is in view is asked for', async () => {
    const { page } = await open('/hazards/map')
    await page.getByText('当前范围 61 处').waitFor()
    await page.getByText('待接收、整改中').waitFor()
    expect(asked('bbox=').length).toBeGreaterThan(0)
    await page.getByRole('button', { name: '放大' }).click()
    await expect.poll(() => asked('bbox=').length, { timeout: 15_000 }).toBeGreaterThan(1)
  })

  it('are counted in the words of the report, each number a link to its records', async () => {
    const { page } = await open('/hazards/statistics?period=year')
    const report = page.locator('.report')
    await report.getByText('排查道路交通安全隐患').waitFor()
    expect(await report.innerText()).toMatch(
      /排查道路交通安全隐患\s*\d+\s*处、完成整改\s*\d+\s*处、销号\s*\d+\s*处；\s*排查其他隐患\s*\d+\s*条/,
    )
    await page.getByText('按单位').click()
    await page.getByRole('rowheader', { name: '云岭镇' }).waitFor()
    const late = page.locator('.totals div', { hasText: '超时' }).getByRole('link')
    const n = await late.innerText()
    await late.click()
    await page.getByText(`共 ${n} 条`).waitFor()
  })

  it('are reported with the questions of their category, a pin and a post on the road', async () => {
    const { page, mock } = await open('/hazards/new', { place: { longitude: 118.861, latitude: 35.166 } })
    await page.getByRole('combobox', { name: '类别' }).click()
    await page.getByRole('option', { name: '护栏缺失、损坏' }).click()
    await page.getByRole('button', { name: '上报', exact: true }).click()
    await page.getByText('还缺：').waitFor()
    await page.getByLabel('缺失长度（米）').first().fill('30')
    await page.getByText('是', { exact: true }).click()
    await page.getByLabel('标题').fill('老坡村路口弯道护栏缺失 30 米')
    await page.getByLabel('桩号').fill('K12+30x')
    await page.getByText('桩号写法如 K12+300').waitFor()
    await page.getByLabel('桩号').fill('K12+300')
    await page.getByLabel('路线').fill('G205')
    await page.getByRole('button', { name: '我的位置' }).click()
    await page.getByText('118.86100, 35.16600').waitFor()
    // The draft stays.
    await page.reload()
    expect(await page.getByLabel('标题').inputValue()).toBe('老坡村路口弯道护栏缺失 30 米')
    await page.getByRole('button', { name: '上报', exact: true }).click()
    await page.waitForURL(/\/cases\/YH/)
    expect(mock.state.commands[0]!.body).toMatchObject({
      kind: 'hazard',
      category: 'guardrail',
      unit: 3,
      answers: [
        { question: 'length', answer: '30' },
        { question: 'drop', answer: '是' },
      ],
      spot: { at: { lon: 118.861, lat: 35.166 }, route: 'G205', chainage_m: 12_300 },
    })
  })

  it('are not reported twice: one close by is suggested', async () => {
    const { page, mock } = await open('/hazards')
    const [known] = (await page.evaluate(async () => {
      const answer = await fetch('/api/v1/cases?kind=hazard&state=rectifying&limit=1')
      return (await answer.json()).items
    })) as { id: string; lon: number; lat: number }[]
    await page.context().grantPermissions(['geolocation'])
    await page.context().setGeolocation({ longitude: known!.lon + 0.0004, latitude: known!.lat })
    await page.goto(`${mock.url}/hazards/new`)
    await page.getByRole('button', { name: '我的位置' }).click()
    const near = page.locator('.near li', { hasText: known!.id })
    await near.getByRole('button', { name: '这是同一处' }).click()
    await page.getByRole('dialog').getByRole('button', { name: '这是同一处' }).click()
    await page.waitForURL(new RegExp(`/cases/${known!.id}`))
    expect(mock.state.commands).toEqual([])
  })

  it('begin from the case that they were found at', async () => {
    const { page } = await open('/hazards/new?parent=ZL20261128-9001')
    await page.getByText('随 ZL20261128-9001 上报').waitFor()
    await expect.poll(() => page.getByLabel('位置说明').inputValue()).toBe('石桥劝导站')
    expect(await page.getByLabel('桩号').inputValue()).toBe('K12+300')
  })
})

describe('education', () => {
  it('is recorded for a category of person, and counted', async () => {
    const { page, mock } = await open('/educations')
    await rows().first().waitFor()
    await page
      .getByRole('list', { name: '按宣教对象统计的次数' })
      .getByRole('button', { name: /老年人/ })
      .click()
    await page.waitForURL(/category=elderly/)
    await page.getByText('共 5 条').waitFor()
    await page.getByRole('button', { name: '登记宣教' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('身边案例').waitFor()
    await dialog.getByRole('button', { name: '讲这个案例' }).click()
    await dialog.getByRole('button', { name: '严禁违法载人' }).click()
    await dialog.getByLabel('人数').fill('46')
    await dialog.getByRole('button', { name: '登记', exact: true }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect(mock.state.commands[0]!.body).toMatchObject({
      kind: 'education',
      audience: 'villager',
      topic: '三轮车、货车严禁违法载人',
      people_count: 46,
      unit: 3,
      is_beside_penalty: false,
    })
    expect(mock.state.commands[0]!.body.local_case).toContain('石桥镇')
  })
})

describe('the case of a hazard', () => {
  const first = async (state: string): Promise<{ id: string; lon: number; lat: number }> =>
    (await stage!.page.evaluate(async (wanted) => {
      const answer = await fetch(`/api/v1/cases?kind=hazard&state=${wanted}&limit=50`)
      const { items } = await answer.json()
      return items.find((it: { category: string }) => it.category === 'guardrail') ?? items[0]
    }, state)) as never

  it('shows before and after beside one another, the notice and the acceptance', async () => {
    const { page, mock } = await open('/hazards')
    const { id } = await first('accepted')
    await page.goto(`${mock.url}/cases/${id}`)
    const body = page.locator('.hazard')
    await body.getByText('整改前').waitFor()
    expect(await body.locator('.pictures img').count()).toBe(2)
    await body.getByText('验收人距隐患点').waitFor()
    const paper = await body.getByRole('link', { name: '下载通知书' }).getAttribute('href')
    expect(paper).toBe(`/api/v1/hazards/${id}/notice.docx`)
  })

  it('is verified, and its notice is issued with a term in days of work', async () => {
    const { page, mock } = await open('/hazards')
    const { id } = await first('verified')
    await page.goto(`${mock.url}/cases/${id}`)
    await page.getByRole('button', { name: '下发整改通知书' }).first().click()
    const form = page.locator('.acting')
    await form.locator('textarea').first().fill('补设波形护栏 30 米')
    await form.getByLabel('选择单位').click()
    await page.getByRole('option', { name: /县公路事业发展中心/ }).click()
    await form.getByRole('button', { name: '10 个工作日' }).click()
    expect(await form.locator('input[type=datetime-local]').inputValue()).toMatch(/T18:00$/)
    await form.getByRole('button', { name: '下发整改通知书' }).click()
    await page.locator('.hazard').getByText('补设波形护栏 30 米').waitFor()
    expect(mock.state.commands[0]!.body.act).toMatchObject({ act: 'issue_notice', unit: 9 })
  })

  it('is verified with what its category has to know: what is answered stands there, what is missing is asked', async () => {
    const { page, mock } = await open('/hazards')
    const { id } = await first('reported')
    await page.goto(`${mock.url}/cases/${id}`)
    await page.locator('[data-act=verify]').click()
    const form = page.locator('.acting')
    expect(await form.getByLabel('缺失长度（米）').first().inputValue()).toBe('30')
    await form.getByRole('button', { name: '核实属实' }).click()
    const drop = form.locator('[data-question=drop]')
    await drop.getByText('必填').waitFor()
    expect(mock.state.commands).toEqual([])
    await drop.getByText('是', { exact: true }).click()
    await form.getByRole('button', { name: '核实属实' }).click()
    await page.locator('.hazard').getByText('路外是否临水临崖').waitFor()
    expect(mock.state.commands[0]!.body.act).toMatchObject({
      act: 'verify',
      category: 'guardrail',
      answers: [
        { question: 'length', answer: '30' },
        { question: 'drop', answer: '是' },
      ],
    })
  })

  it('is verified under another category with the questions of that one', async () => {
    const { page, mock } = await open('/hazards')
    const { id } = (await page.evaluate(async () => {
      const answer = await fetch('/api/v1/cases?kind=hazard&state=reported&category=junction&limit=1')
      return (await answer.json()).items[0]
    })) as { id: string }
    await page.goto(`${mock.url}/cases/${id}`)
    await page.locator('[data-act=verify]').click()
    const form = page.locator('.acting')
    await form.getByText('是否有减速设施').waitFor()
    await form.getByText('护栏缺失、损坏', { exact: true }).click()
    await form.getByText('是否有减速设施').waitFor({ state: 'detached' })
    await form.getByLabel('缺失长度（米）').first().fill('12')
    await form.locator('[data-question=drop]').getByText('否', { exact: true }).click()
    await form.getByRole('button', { name: '核实属实' }).click()
    await page.locator('.hazard').getByText('缺失长度（米）').waitFor()
    expect(mock.state.commands[0]!.body.act).toMatchObject({
      category: 'guardrail',
      answers: [
        { question: 'length', answer: '12' },
        { question: 'drop', answer: '否' },
      ],
    })
  })

  it('is accepted only where it lies: the distance is shown before', async () => {
    const { page, mock } = await open('/hazards')
    const { id, lon, lat } = await first('submitted')
    await page.context().grantPermissions(['geolocation'])
    await page.context().setGeolocation({ longitude: lon + 0.01, latitude: lat })
    await page.goto(`${mock.url}/cases/${id}`)
    await page.getByRole('button', { name: '验收通过' }).first().click()
    const form = page.locator('.acting')
    await form.getByRole('button', { name: '取当前位置' }).click()
    await form.getByText('超出现场验收的距离').waitFor()
    await page.context().setGeolocation({ longitude: lon + 0.0003, latitude: lat })
    await page.reload()
    await page.getByRole('button', { name: '验收通过' }).first().click()
    await form.getByRole('button', { name: '取当前位置' }).click()
    await form.getByText(/距隐患点 \d+ m$/).waitFor()
  })

  it('is merged into one close by', async () => {
    const { page, mock } = await open('/hazards')
    const { id } = await first('reported')
    await page.goto(`${mock.url}/cases/${id}`)
    await page.getByRole('button', { name: '并入' }).first().click()
    await page.locator('.acting').getByText('附近没有未结的同类隐患').waitFor()
  })

  it('has a clock that is asked to pause with a reason', async () => {
    const { page, mock } = await open('/hazards')
    const { id } = await first('reported')
    await page.goto(`${mock.url}/cases/${id}`)
    await page.getByRole('button', { name: '申请暂停' }).click()
    await page.getByRole('dialog').getByRole('textbox').fill('等待上级批复资金')
    await page.getByRole('dialog').getByRole('button', { name: '申请暂停' }).click()
    await page.getByText('申请暂停：等待上级批复资金').waitFor()
    await page.getByText('等待批准', { exact: true }).waitFor()
  })
})

describe('these pages', () => {
  it('fit a phone and are complete in English', async () => {
    const { page, mock } = await open('/hazards', { is_phone: true })
    for (const path of ['/hazards', '/hazards/board', '/hazards/statistics', '/hazards/new', '/educations']) {
      await page.goto(mock.url + path)
      await page.locator('main .page-head').waitFor()
      await page.waitForTimeout(400)
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390)
    }
    await page.evaluate(() => localStorage.setItem('anchang.language', '"en"'))
    for (const path of ['/hazards/statistics', '/hazards/new', '/educations']) {
      await page.goto(mock.url + path)
      await page.locator('main .page-head').waitFor()
      const text = (await page.locator('.page-head, .controls, .el-form-item__label').allInnerTexts()).join()
      expect(text, path).not.toMatch(/[\u4e00-\u9fff]{2}/)
    }
  })
})
