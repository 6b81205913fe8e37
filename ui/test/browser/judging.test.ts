// What makes warnings trustworthy, in a browser: verdicts, models and their tunings, rules, silences, zones, health.
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

describe('verdicts', () => {
  it('are given by one key and Enter, with a note, and sign the warning', async () => {
    const { page, mock } = await open('/')
    await page.locator('[data-warning]').first().click()
    const panel = page.locator('.drawer .panel')
    await panel.locator('.answers').waitFor()
    await page.keyboard.press('2')
    await panel.getByText('相机认错了号牌').waitFor()
    await panel.getByLabel('说明（可不填）').fill('图片看是 8 不是 B')
    await panel.getByRole('button', { name: '填写“号牌误识”' }).click()
    await panel.locator('.given').getByText('号牌误识').waitFor()
    await panel.getByText('“图片看是 8 不是 B”').waitFor()
    expect(mock.state.requests.filter((it) => it.includes('/verdict'))).toHaveLength(1)
    expect(
      mock.state.warnings.filter((it) => it.verdict?.verdict === 'misread' && it.state === 'closed').length,
    ).toBeGreaterThan(0)
  })

  it('say when the warning changed meanwhile', async () => {
    const { page, mock } = await open('/')
    await page.locator('[data-warning]').first().click()
    const panel = page.locator('.drawer .panel')
    await panel.locator('.answers').waitFor()
    const opened = new URL(page.url()).searchParams.get('open')
    mock.state.warnings.find((it) => it.id === opened)!.version += 1
    await page.keyboard.press('1')
    await page.keyboard.press('1')
    await panel.locator('.conflict').getByText('该预警刚刚更新').waitFor()
  })
})

describe('the list of warnings', () => {
  it('shows one of each group and nothing hidden, and all on request', async () => {
    const { page, mock } = await open('/warnings')
    const alone = mock.state.warnings.filter((it) => it.group_id === it.id && !it.hidden).length
    await page.getByText(`共 ${alone} 条`).waitFor()
    await page.locator('.mark', { hasText: '合并 3 条' }).first().waitFor()
    await page.goto(`${mock.url}/warnings?show=all`)
    await page.getByText('共 120 条').waitFor()
    await page.goto(`${mock.url}/warnings?show=hidden`)
    await page.getByText(`共 ${mock.state.warnings.filter((it) => it.hidden).length} 条`).waitFor()
  })

  it('explains a warning: the values that held, what each record shows, and why it is hidden', async () => {
    const { page, mock } = await open('/models')
    const hidden = mock.state.warnings.find((it) => it.hidden)!
    await page.goto(`${mock.url}/warnings/${hidden.id}`)
    await page.getByText('不单独提示').waitFor()
    const speed = mock.state.warnings.find((it) => it.model === 'average_speed')!
    await page.goto(`${mock.url}/warnings/${speed.id}`)
    await page.getByRole('button', { name: '看判断经过' }).click()
    await page.getByText('用时超过此值不作为一次通行。').waitFor()
    await page.locator('.steps .raised').getByText('触发预警').waitFor()
    await page.getByRole('button', { name: '重演', exact: true }).click()
    await page.getByText('得出同一条预警').waitFor()
  })

  it('silences a vehicle from its warning', async () => {
    const { page, mock } = await open('/models')
    const warning = mock.state.warnings.find((it) => it.model === 'overdue_inspection')!
    await page.goto(`${mock.url}/warnings/${warning.id}`)
    await page.getByRole('button', { name: '静默…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(`仅此车 ${warning.subject.plate}`).waitFor()
    await dialog.getByRole('radio', { name: '7 天' }).click()
    await dialog.locator('textarea').fill('已预约检验')
    await dialog.getByRole('button', { name: '开始静默' }).click()
    await page.getByText('已开始静默').waitFor()
    await page.goto(`${mock.url}/models/quiet`)
    await page.getByText('共 3 条').waitFor()
  })
})

describe('models', () => {
  it('are all there by subject, each number a link to its records', async () => {
    const { page } = await open('/models')
    await page.locator('[data-model]').first().waitFor()
    expect(await page.locator('[data-model]').count()).toBe(23)
    await page.locator('[data-model=fatigue]').getByText('1 项调整').waitFor()
    await page.locator('[data-model=camera_report]').getByText('部分停用').waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/models/watch_order')
    await page.locator('.yield .part').first().click()
    await page.waitForURL('**/warnings?model=watch_order&since=**verdict=confirmed')
  })

  it('are tuned with a sentence beforehand, within the range, and the tuning is undone with a reason', async () => {
    const { page } = await open('/models/unhandled_offences')
    await page.getByRole('button', { name: '调整', exact: true }).click()
    const dialog = page.getByRole('dialog')
    const save = dialog.getByRole('button', { name: '执行' })
    await dialog.locator('#p-count_min').fill('500')
    await dialog.getByText('须在 1 至 100 之间').waitFor()
    expect(await save.isDisabled()).toBe(true)
    await dialog.locator('#p-count_min').fill('8')
    await dialog.getByText('在全县，“未处理违法起数门槛”改为 8 起。').waitFor()
    expect(await save.isDisabled()).toBe(true)
    await dialog.locator('textarea').fill('减少低价值预警')
    await save.click()
    await page.locator('article').getByText('改为 8 起').waitFor()
    await page.getByRole('button', { name: '撤销调整' }).click()
    const question = page.locator('.el-message-box')
    await question.getByRole('textbox').fill('试行结束')
    await question.getByRole('button', { name: '撤销调整' }).click()
    await page.locator('article').waitFor({ state: 'detached' })
    // Undoing can be undone.
    await page.locator('.el-message').getByRole('button', { name: '恢复' }).click()
    await page.locator('article').getByText('改为 8 起').waitFor()
  })
})

describe('rules', () => {
  it('begin with a common one, are checked as one types, and keep their draft on this computer', async () => {
    const { page, mock } = await open('/rules/new')
    await page.getByRole('button', { name: '面包车频繁往返' }).click()
    await page.getByText('✓ 条件正确').waitFor()
    const field = page.locator('.code textarea')
    await field.press('End')
    await field.pressSequentially(' && passage.sped > 3')
    await page.locator('pre .wrong', { hasText: 'passage.sped' }).waitFor()
    expect(await page.getByRole('button', { name: '提交复核' }).isDisabled()).toBe(true)
    await page.getByText('没有“passage.sped”这个词').click()
    await page.keyboard.press('Delete')
    await page
      .getByRole('button', { name: '插入 passage.speed_kmh' })
      .or(page.locator('.insert[title="插入 passage.speed_kmh"]'))
      .first()
      .click()
    await page.getByText('✓ 条件正确').waitFor()
    await page.reload()
    expect(await field.inputValue()).toContain('passage.speed_kmh')
    await page.getByPlaceholder('如：打击非法营运专项行动').fill('专项行动')
    await page.getByRole('button', { name: '提交复核' }).click()
    await page.getByText('须由另一位管理员复核').waitFor()
    expect(await page.getByRole('button', { name: '通过并生效' }).count()).toBe(0)
    expect(mock.state.requests.some((it) => /POST .*\/rules\/\w+\/submit/.test(it))).toBe(true)
  })

  it('are reviewed by another with the difference shown, and come into force', async () => {
    const { page } = await open('/rules/r1')
    await page.locator('ins', { hasText: 'passage.theatre' }).waitFor()
    expect(await page.getByRole('button', { name: '退回修改' }).isDisabled()).toBe(true)
    await page.getByRole('button', { name: '通过并生效' }).click()
    await page.getByText('已生效').waitFor()
    await page.getByText('农村地区从严').waitFor()
  })
})

describe('zones', () => {
  it('are typed or drawn, saved, deleted and restored', async () => {
    const { page, mock } = await open('/models/zones')
    await page.getByRole('button', { name: '新建区域' }).click()
    await page.getByPlaceholder('如：城区货车限行区').fill('学校门前')
    const save = page.getByRole('button', { name: '保存区域' })
    expect(await save.isDisabled()).toBe(true)
    await page.getByText('用坐标填写').click()
    await page.getByLabel('每行一点').fill('118.8 35.1\n118.9 35.1\n118.9')
    await page.getByText('第 3 行不是坐标').waitFor()
    await page.getByLabel('每行一点').fill('118.8 35.1\n118.9 35.1\n118.9 35.2')
    await page.getByText('已画 3 点').waitFor()
    const canvas = page.locator('.zone-map canvas')
    await canvas.waitFor()
    await page.waitForFunction(() => document.querySelectorAll('.zone-point').length === 3)
    await canvas.click({ position: { x: 60, y: 300 } })
    await page.getByText('已画 4 点').waitFor()
    await save.click()
    const row = page.locator('li', { hasText: '学校门前' })
    await row.getByText('多边形，4 个顶点').waitFor()
    await row.getByRole('button', { name: '删除' }).click()
    await page.locator('.el-message-box').getByRole('button', { name: '删除' }).click()
    await row.waitFor({ state: 'detached' })
    await page.locator('.el-message').getByRole('button', { name: '恢复' }).click()
    await row.waitFor()
    expect(mock.state.requests.filter((it) => it.startsWith('PUT /api/v1/zones/'))).toHaveLength(2)
  })
})

describe('health of cameras', () => {
  it('puts the bad ones first, says what to do, and begins maintenance', async () => {
    const { page, mock } = await open('/devices/health')
    const first = page.locator('[data-camera]').first()
    await first.getByText('需处理').waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.locator('.side').getByText('近 7 天各小时在线').waitFor()
    expect(await page.locator('.fields i').count()).toBeGreaterThanOrEqual(168)
    await page.getByRole('button', { name: '登记维护' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.locator('textarea').fill('更换镜头')
    await dialog.getByRole('button', { name: '开始维护' }).click()
    await page.getByText('已开始维护').waitFor()
    expect(mock.state.requests).toContain('POST /api/v1/maintenance')
  })
})

describe('when there is nothing', () => {
  it.each(['/models/rules', '/models/zones', '/models/quiet', '/models/quiet?kind=maintenance', '/devices/health'])(
    '%s says what it is for',
    async (path) => {
      const { page } = await open(path, { is_empty: true })
      await page.locator('.empty h2').waitFor()
      expect((await page.locator('.empty p').first().innerText()).length).toBeGreaterThan(15)
    },
  )
})

describe('phone', () => {
  it('has nothing wider than the screen', async () => {
    const { page, mock } = await open('/models', { is_phone: true })
    const warning = mock.state.warnings.find((it) => it.model === 'clone_plate')!
    for (const path of [
      '/models',
      '/models/fatigue',
      '/models/rules',
      '/rules/r1',
      '/rules/new',
      '/models/zones',
      '/models/quiet',
      '/devices/health',
      `/devices/health?open=${mock.state.warnings[0]!.place.checkpoint_id}`,
      `/warnings/${warning.id}`,
    ]) {
      await page.goto(mock.url + path)
      await page.locator('main .page-head, main .panel .head').first().waitFor()
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390)
    }
  })
})

describe('English', () => {
  it('is complete on the page of a model', async () => {
    const { page } = await open('/models/quiet')
    await page.getByRole('button', { name: '切换到英文' }).click()
    await page.getByText('Silences and maintenance').waitFor()
    expect(await page.locator('.page-head').innerText()).not.toMatch(/[\u4e00-\u9fff]{2}/)
  })
})
