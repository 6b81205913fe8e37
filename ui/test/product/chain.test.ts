// One chain, from the passage that a camera posts to the struck-off hazard, by six people on screens of their own: the duty officer,
// a patrol whose phone loses its network, the office, a township, a clerk who accepts on the spot, a leader who looks at all of it.
import type { APIRequestContext, Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiOf, Camera, got, launch, person, photograph, put, URL_BASE, type Listed, type Person } from './county'

const PLATE = '鲁Q5C7H9'
/** As a plate is drawn, its dot stands before this. */
const SERIAL = PLATE.slice(2)
const CAMERA = '37992799991190009001'
const TOWNSHIP = 'zhenjie01'

interface Post {
  id: number
  name: string
  lon: number
  lat: number
  crew: { id: string }[]
}
interface Sent {
  id: string
  key: string
}

let browser: Browser
let admin: APIRequestContext
let duty: Person, patrol: Person, office: Person, township: Person, clerk: Person, leader: Person
const people = (): Person[] => [duty, patrol, office, township, clerk, leader].filter(Boolean)
const pictures: Record<'passage' | 'stop' | 'hole' | 'mended' | 'checked', Buffer> = {} as never
/** What the phone posted, by the key of each command. */
const sent: Sent[] = []
let warning_id = ''
let dispatch_id = ''
let hazard_id = ''

/** Errors that a phone without a network has by itself. */
const OFFLINE = /Failed to fetch|NetworkError|ERR_INTERNET_DISCONNECTED|ServiceWorker/
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
const photo = (buffer: Buffer) => ({ name: 'photo.jpg', mimeType: 'image/jpeg', buffer })
const act = async (page: Page, key: string) => {
  await page.locator(`[data-act=${key}]`).click()
  return page.locator('.act-form')
}
const state = (page: Page, name: string) => page.locator('.headline').getByText(name, { exact: true }).waitFor()
/** What somebody who works here would look at; kept where it can be looked at afterwards. */
const look = async (page: Page, name: string) => {
  if (process.env.ANCHANG_SHOTS) await page.screenshot({ path: `${process.env.ANCHANG_SHOTS}/${name}.png` })
}

beforeAll(async () => {
  browser = await launch()
  admin = await apiOf('admin')
  // The simulator makes the county while we wait: its people and posts come last.
  while ((await got<Post[]>(admin, '/posts')).length === 0) await new Promise((resolve) => setTimeout(resolve, 1_000))
  const dark = await browser.newPage()
  pictures.passage = await photograph(dark, `卡口抓拍 ${PLATE}`, '#51585e')
  pictures.stop = await photograph(dark, '拦停现场', '#5d5340')
  pictures.hole = await photograph(dark, '禁令标志缺失', '#6b4a3a')
  pictures.mended = await photograph(dark, '标志已补设', '#3f5d45')
  pictures.checked = await photograph(dark, '现场验收', '#44566b')
  await dark.close()
}, 200_000)
afterAll(async () => {
  for (const { username, errors, context, page } of people()) {
    await look(page, `last-${username}`)
    await context.close()
    expect(
      errors.filter((it) => !OFFLINE.test(it)),
      username,
    ).toEqual([])
  }
  await admin.dispose()
  await browser.close()
})

describe('the whole chain', () => {
  it('begins with a passage that a camera posts, and a warning that the duty officer signs', async () => {
    const counted = async (): Promise<[string, number][]> => {
      const passages = await got<Listed<{ checkpoint_id: string | null }>>(admin, '/passages?limit=500')
      const counts = new Map<string, number>()
      for (const { checkpoint_id } of passages.items)
        if (checkpoint_id) counts.set(checkpoint_id, (counts.get(checkpoint_id) ?? 0) + 1)
      return [...counts].sort((a, b) => b[1] - a[1])
    }
    // The county's people come before its traffic.
    await expect
      .poll(async () => (await counted())[0]?.[1] ?? 0, { timeout: 90_000, interval: 1_000 })
      .toBeGreaterThan(10)
    // Where many pass the platform knows where they go next.
    const [checkpoint] = (await counted())[0]!
    const camera_password = 'a camera of the test'
    await put(admin, 'post', '/devices', {
      kind: 'camera',
      id: CAMERA,
      name: '全程测试相机',
      username: 'chain',
      password: camera_password,
      checkpoint_ids: [checkpoint],
    })
    await put(admin, 'put', `/vehicles/${encodeURIComponent(PLATE)}/02`, {
      owner: '安和县顺达运输有限公司',
      inspection_valid_until: '2030-01-01',
    })
    await put(admin, 'post', '/watch-orders', {
      plate: PLATE,
      reason: '多次交通违法未处理',
      legal_basis: '《道路交通安全违法行为处理程序规定》',
      level: 'high',
      until: new Date(Date.now() + 86_400_000).toISOString(),
    })
    duty = await person(browser, 'zhiban01')
    const camera = new Camera(CAMERA, checkpoint, 'chain', camera_password)
    await expect.poll(() => camera.register(), { timeout: 30_000, interval: 500 }).toBe(200)
    const raised = async () =>
      (await got<Listed<{ id: string }>>(admin, `/warnings?q=${encodeURIComponent(PLATE)}`)).items.at(-1)?.id
    // Nobody is told when a watch order has reached judgement: the vehicle comes by until it has.
    for (let turn = 0; turn < 20 && !warning_id; turn++) {
      expect(await camera.pass(PLATE, pictures.passage)).toBe(200)
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      warning_id = (await raised()) ?? ''
    }
    expect(warning_id).not.toBe('')

    const { page } = duty
    await page.goto(`${URL_BASE}/warnings?q=${encodeURIComponent(PLATE)}`)
    await page.locator('.scroller .row', { hasText: SERIAL }).first().click()
    await page.waitForURL(/[?&]open=/)
    // Repeats are one group; the page opens its head.
    warning_id = new URL(page.url()).searchParams.get('open')!
    await page.locator('.panel').getByText('布控').first().waitFor()
    await page.keyboard.press('s')
    await page.getByText('已签收').first().waitFor()
    await look(page, '1-warning-signed')
  })

  it('is dispatched to a crew that the platform proposes', async () => {
    const { page } = duty
    await page.keyboard.press('d')
    const dialog = page.getByRole('dialog', { name: '下达查缉指令' })
    const options = dialog.locator('[data-post]')
    await options.first().waitFor()
    await look(page, '2-dispatch')
    const chosen = dialog.locator('[data-post].chosen')
    if ((await chosen.count()) === 0) await options.first().click()
    // One crew is enough.
    for (const more of (await chosen.all()).slice(1)) await more.click()
    const post_id = Number(await chosen.first().getAttribute('data-post'))
    await dialog.getByRole('button', { name: '下达指令', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.locator('.headline').getByText('查缉中').waitFor()
    const post = (await got<Post[]>(admin, '/posts')).find((it) => it.id === post_id)!
    const cases = await got<Listed<{ id: string; state: string }>>(admin, `/cases?kind=dispatch&warning=${warning_id}`)
    expect(cases.items.map((it) => it.state)).toEqual(['ordered'])
    dispatch_id = cases.items[0]!.id
    patrol = await person(browser, post.crew[0]!.id, {
      is_phone: true,
      place: { longitude: post.lon, latitude: post.lat },
    })
  })

  it('is worked on the phone: signed, then everything without a network, and each sent once', async () => {
    const { page, context } = patrol
    page.on('request', (request) => {
      const key = request.headers()['idempotency-key']
      if (key && request.method() === 'POST') sent.push({ id: request.url(), key })
    })
    // Whoever works on the road begins there.
    await page.waitForURL(/\/road$/)
    await page.locator('.road-card', { hasText: SERIAL }).click()
    await look(page, '2-order')
    await press(page, '签收')
    await page.locator('header .waiting', { hasText: '0 条待上传' }).waitFor()
    await expect.poll(() => stateOf(dispatch_id)).toBe('signed')
    // From here on the phone opens the page without a network.
    const worker = () =>
      page.evaluate(async () => (await navigator.serviceWorker.getRegistration('/road'))?.active?.state)
    await expect.poll(worker, { timeout: 60_000 }).toBe('activated')

    await context.setOffline(true)
    await page.getByText('无网络').waitFor()
    await press(page, '到位')
    await page.getByText('已到位（待上传）').waitFor()
    await page.getByRole('link', { name: '反馈结果' }).click()
    await press(page, '拦获')
    await page.locator('input[type=file]').first().setInputFiles(photo(pictures.stop))
    await page.getByAltText('照片 1').waitFor()
    await press(page, '逾期未检验')
    await press(page, '罚款')
    await page.getByLabel('罚款（元）').fill('200')
    await page.getByLabel('文书编号').fill('379927-1900000001')
    await press(page, '已宣教')
    // What it most often means is chosen already.
    await page.locator('.pick[aria-pressed=true]', { hasText: '属实' }).waitFor()
    await look(page, '3-report')
    await press(page, '提交反馈')
    await page.locator('header .waiting', { hasText: '2 条待上传' }).waitFor()

    // A hazard that was seen on the spot, reported from the order, still without a network; the page is opened anew on the way.
    await page.reload()
    await page.getByText('以下为').waitFor()
    await page.getByRole('link', { name: '现场发现隐患' }).click()
    await page.locator('input[type=file]').first().setInputFiles(photo(pictures.hole))
    await page.getByAltText('照片 1').waitFor()
    await page.getByLabel('一句话说明').fill('卡口东侧路口禁令标志缺失')
    await press(page, '标志标线缺失、损坏、矛盾')
    await page.getByText('已取位置').waitFor()
    await look(page, '4-hazard')
    await press(page, '上报')
    await page.locator('header .waiting', { hasText: '3 条待上传' }).waitFor()
    await look(page, '5-outbox')
    expect(await stateOf(dispatch_id)).toBe('signed')

    sent.length = 0
    await context.setOffline(false)
    await page.locator('header .waiting', { hasText: '0 条待上传' }).waitFor()
    expect(await stateOf(dispatch_id)).toBe('reported')
    expect(new Set(sent.map((it) => it.key)).size).toBe(3)
    const hazards = await got<Listed<{ id: string; parent: string; title: string }>>(
      admin,
      `/cases?kind=hazard&warning=${warning_id}`,
    )
    expect(hazards.items.map((it) => [it.parent, it.title])).toEqual([[dispatch_id, '卡口东侧路口禁令标志缺失']])
    hazard_id = hazards.items[0]!.id
    await look(page, '6-sent')
  })

  it('goes back to the desk: the report is confirmed, the warning is closed', async () => {
    const { page } = duty
    await page.goto(`${URL_BASE}/tasks`)
    await page.locator('.scroller .row', { hasText: '审核反馈' }).filter({ hasText: SERIAL }).first().click()
    const form = await act(page, 'confirm')
    await form.getByRole('button', { name: '审核通过' }).click()
    await state(page, '已办结')
    await look(page, '7-confirmed')
    await page.goto(`${URL_BASE}/warnings/${warning_id}`)
    await state(page, '已办结')
    const kinds = await got<Listed<{ kind: string }>>(admin, `/cases?warning=${warning_id}&sort=opened_at`)
    expect(kinds.items.map((it) => it.kind).sort()).toEqual(['dispatch', 'education', 'hazard', 'interception'])
  })

  it('becomes a notice of the office, as a document', async () => {
    office = await person(browser, 'jiaoanban01')
    const { page } = office
    await page.goto(`${URL_BASE}/cases/${hazard_id}`)
    let form = await act(page, 'verify')
    await form.getByText('较大', { exact: true }).click()
    // What the road left open is asked of who verifies.
    await form.locator('[data-question=which] input').fill('东侧路口禁令标志 2 块')
    await form.getByRole('button', { name: '核实属实' }).click()
    await state(page, '已核实，待下发通知')
    form = await act(page, 'issue_notice')
    await form.locator('[data-field=measure] textarea').fill('补设禁令标志 2 块，补设前设置临时标志。')
    await form.locator('[data-field=unit] .el-select').click()
    await page
      .getByRole('option', { name: await unitOf(TOWNSHIP) })
      .first()
      .click()
    await form
      .getByRole('button', { name: /个工作日$/ })
      .first()
      .click()
    await look(page, '8-notice')
    await form.getByRole('button', { name: '下发整改通知书' }).click()
    await state(page, '已下发，待接收')
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: '下载通知书' }).click()
    const paper = await download
    expect(paper.suggestedFilename()).toMatch(/\.docx$/)
    const answer = await page.request.get(`${URL_BASE}/api/v1/hazards/${hazard_id}/notice.docx`)
    // A Word file is a zip.
    expect((await answer.body()).subarray(0, 2).toString()).toBe('PK')
    await look(page, '9-issued')
  })

  it('is mended by the township, which may not accept its own work', async () => {
    township = await person(browser, TOWNSHIP, { is_phone: true })
    const { page } = township
    await page.waitForURL(/\/road$/)
    await page.getByRole('link', { name: '任务', exact: true }).click()
    await page.locator('.road-card', { hasText: '禁令标志缺失' }).click()
    await press(page, '接收整改任务')
    await page.locator('.state', { hasText: '整改中' }).waitFor()
    await page.locator('input[type=file]').first().setInputFiles(photo(pictures.mended))
    await page.getByAltText('照片 1').waitFor()
    await page.getByLabel('整改情况').fill('已补设禁令标志 2 块。')
    await look(page, '10-mended')
    await press(page, '提交整改')
    await page.locator('.state', { hasText: '待验收' }).waitFor()
    await page.locator('header .waiting', { hasText: '0 条待上传' }).waitFor()
    await expect.poll(() => stateOf(hazard_id)).toBe('submitted')
    // The page says who has to do it, and offers nothing.
    await page.getByText('由您或您的单位整改，须由其他单位的人员到现场验收。').waitFor()
    expect(await page.getByRole('button', { name: '验收通过' }).count()).toBe(0)
    // A page that was open since before is refused by the server, in words.
    const file = (await (await page.request.get(`${URL_BASE}/api/v1/cases/${hazard_id}`)).json()) as {
      case: { version: number }
    }
    const refused = await page.request.post(`${URL_BASE}/api/v1/cases/${hazard_id}/acts`, {
      data: { version: file.case.version, act: { act: 'accept', pictures: [], spot: {} } },
    })
    expect([403, 422]).toContain(refused.status())
    expect(((await refused.json()) as { detail: string }).detail).toMatch(/[\u4e00-\u9fff]/)
    await look(page, '11-not-mine-to-accept')
  })

  it('is refused from afar, and accepted on the spot by somebody else', async () => {
    const { lon, lat } = await got<{ case: { lon: number; lat: number } }>(admin, `/cases/${hazard_id}`).then(
      (it) => it.case,
    )
    clerk = await person(browser, 'neiqin01', { is_phone: true, place: { longitude: lon + 0.02, latitude: lat } })
    const { page, context } = clerk
    await page.goto(`${URL_BASE}/cases/${hazard_id}`)
    const form = await act(page, 'accept')
    await form.locator('input[type=file]').setInputFiles(photo(pictures.checked))
    await form.getByAltText('图片 1').waitFor()
    await form.getByRole('button', { name: '取当前位置' }).click()
    await form.getByText('超出现场验收的距离').waitFor()
    await look(page, '12-too-far')
    await form.getByRole('button', { name: '验收通过' }).click()
    await form.getByRole('alert').waitFor()
    await look(page, '13-refused')
    expect(await stateOf(hazard_id)).toBe('submitted')

    await context.setGeolocation({ longitude: lon + 0.0004, latitude: lat })
    // A place is good for some seconds by itself; whoever walked asks again, and goes on when the page says that it is near.
    await form.getByRole('button', { name: '去掉位置' }).click()
    await expect
      .poll(
        async () => {
          await form.getByRole('button', { name: '取当前位置' }).click()
          await form.locator('.away').waitFor()
          return form.locator('.away.far').count()
        },
        { timeout: 40_000, interval: 3_000 },
      )
      .toBe(0)
    await form.getByRole('button', { name: '验收通过' }).click()
    await expect.poll(() => stateOf(hazard_id), { timeout: 20_000 }).toBe('accepted')
    await look(page, '14-accepted')
  })

  it('is struck off by the office, and its page shows every step from the passage on', async () => {
    const { page } = office
    await page.goto(`${URL_BASE}/cases/${hazard_id}`)
    const form = await act(page, 'strike_off')
    await form.getByRole('button', { name: '销号' }).click()
    await state(page, '已销号')
    leader = await person(browser, 'lingdao01')
    await leader.page.goto(`${URL_BASE}/cases/${hazard_id}`)
    const line = leader.page.locator('ol.line .entry:not(.clock) .what b')
    await line.first().waitFor()
    await look(leader.page, '15-hazard')
    const steps = await line.allInnerTexts()
    const order = ['通过卡口', '签收', '下达', '签收', '到位', '反馈', '核实', '下发', '接收', '提交', '验收', '销号']
    let at = 0
    for (const step of steps) if (step.includes(order[at] ?? '\0')) at += 1
    expect(order.slice(at), steps.join(' ')).toEqual([])
    for (const stage of ['passage', 'warning', 'dispatch', 'interception', 'education', 'hazard'])
      expect(await leader.page.locator(`ol.line .entry.${stage}`).count(), stage).toBeGreaterThan(0)
    await leader.page.getByRole('link', { name: '全程 ›' }).click()
    await leader.page.locator('.entry', { hasText: '销号' }).first().waitFor()
    await look(leader.page, '16-chain')
  })

  it('is opened again when the same place is found wanting', async () => {
    const { page } = leader
    await page.goto(`${URL_BASE}/cases/${hazard_id}`)
    const form = await act(page, 'reopen')
    await form.locator('textarea').fill('标志再次缺失')
    await form.getByRole('button', { name: '重新打开' }).click()
    await page.getByText('重新打开原因').waitFor()
    await page.getByText('标志再次缺失').first().waitFor()
    await look(page, '17-reopened')
    expect(await stateOf(hazard_id)).not.toBe('struck_off')
  })
})

const stateOf = async (id: string): Promise<string> =>
  (await got<{ case: { state: string } }>(admin, `/cases/${id}`)).case.state
const unitOf = async (username: string): Promise<string> =>
  (await got<Listed<{ username: string; unit_name: string }>>(admin, '/users?limit=500')).items.find(
    (it) => it.username === username,
  )!.unit_name
