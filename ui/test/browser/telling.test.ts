// Messages, channels, deliveries, terms, push: in a browser, at desk and phone.
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { closeBrowser, openStage, type Stage, type StageOptions } from './stage'

interface Told {
  notices: { id: number; read_at: string | null; kind: string; subject: string }[]
  channels: { id: string; is_enabled: boolean; name: string; secret: string }[]
  deliveries: { id: number; state: string }[]
}
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
const told = () => stage!.mock.state as unknown as Told
const look = async (name: string) => {
  if (process.env.ANCHANG_SHOTS) await stage!.page.screenshot({ path: `${process.env.ANCHANG_SHOTS}/${name}.png` })
}
const unread = () => told().notices.filter((it) => !it.read_at).length

describe('messages', () => {
  it('are counted in the shell, and read one by one or several', async () => {
    const { page } = await open('/notices')
    const count = page.locator('.inbox .count')
    await count.waitFor()
    expect(await count.innerText()).toBe(String(unread()))
    await page.locator('.scroller .row').first().waitFor()
    await look('inbox')
    await page.locator('.scroller .row').first().getByRole('button', { name: '标为已读' }).click()
    await expect.poll(async () => count.innerText()).toBe(String(unread()))
    // Picked by keyboard.
    for (const key of ['j', 'j', 'x', 'j', 'x']) await page.keyboard.press(key)
    await page.getByRole('button', { name: '标为已读（2）' }).click()
    await expect.poll(async () => count.innerText()).toBe(String(unread()))
  })

  it('are filtered by kind, and lead to their case', async () => {
    const { page } = await open('/notices?word=late')
    const count = page.locator('.inbox .count')
    await page.locator('.scroller .row').first().waitFor()
    expect(new Set(await page.locator('.scroller .row .word').allInnerTexts())).toEqual(new Set(['已超时']))
    await page.goto(`${stage!.mock.url}/notices`)
    const first = told().notices[0]!
    await page.locator('.scroller .row').first().click()
    await page.waitForURL(`**/cases/${first.subject}`)
    await page.goto(`${stage!.mock.url}/notices`)
    await page.getByRole('button', { name: '全部标为已读' }).click()
    await count.waitFor({ state: 'detached' })
    expect(unread()).toBe(0)
  })

  it('are there on the phone, and on the road without a network', async () => {
    const { page, mock } = await open('/more', { is_phone: true, is_road: true })
    await page.locator('a.line', { hasText: '消息' }).getByText('条未读').waitFor()
    await page.locator('a.line', { hasText: '消息' }).click()
    await page.locator('.scroller .row').first().waitFor()
    await look('inbox-phone')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    await page.goto(`${mock.url}/road`)
    await page.locator('header .inbox b').waitFor()
    await page.locator('header .inbox').click()
    await page.locator('.notice').first().waitFor()
    await look('inbox-road')
    await page.context().setOffline(true)
    await page.locator('nav').getByRole('link', { name: '任务' }).click()
    await page.locator('header .inbox').click()
    await page.getByText('以下为').waitFor()
    await page.locator('.notice').first().waitFor()
    await page.context().setOffline(false)
  })

  it('come by the ways that the person chose', async () => {
    const { page, mock } = await open('/account')
    const box = (name: string) => page.getByRole('checkbox', { name })
    await box('已办结 页面消息').waitFor()
    expect(await box('已办结 页面消息').isChecked()).toBe(false)
    await box('待办 推送').uncheck()
    await expect.poll(() => mock.state.requests).toContain('PUT /api/v1/session/notices')
    await page.locator('#notices').scrollIntoViewIfNeeded()
    await look('settings')
    await page.reload()
    await box('待办 推送').waitFor()
    expect(await box('待办 推送').isChecked()).toBe(false)
    expect(await box('已超时 推送').isChecked()).toBe(true)
  })
})

describe('push', () => {
  it('is shown by the worker and opens the case', async () => {
    const { page, mock } = await open('/road', { is_road: true })
    await page.context().grantPermissions(['notifications'])
    await page.evaluate(async () => {
      const { active } = await navigator.serviceWorker.ready
      while (active?.state !== 'activated') await new Promise((resolve) => setTimeout(resolve, 50))
    })
    const devtools = await page.context().newCDPSession(page)
    const registration = new Promise<string>((resolve) =>
      devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        if (registrations[0]) resolve(registrations[0].registrationId)
      }),
    )
    await devtools.send('ServiceWorker.enable')
    const subject = told().notices.find((it) => it.kind === 'hazard')?.subject ?? 'YH20261128-0001'
    const data = JSON.stringify({ title: '待办：核实隐患', body: '护栏缺失', url: `/cases/${subject}`, tag: subject })
    await devtools.send('ServiceWorker.deliverPushMessage', {
      origin: mock.url,
      registrationId: await registration,
      data,
    })
    const shown = () =>
      page.evaluate(async () => {
        const all = await (await navigator.serviceWorker.ready).getNotifications()
        return all.map(({ title, body, tag, data }) => ({ title, body, tag, url: (data as { url: string }).url }))
      })
    await expect
      .poll(shown)
      .toEqual([{ title: '待办：核实隐患', body: '护栏缺失', tag: subject, url: `/cases/${subject}` }])
    // Whatever a push says, it leads nowhere but to pages of ours.
    await devtools.send('ServiceWorker.deliverPushMessage', {
      origin: mock.url,
      registrationId: await registration,
      data: JSON.stringify({ title: 'x', url: '//evil.example/', tag: subject }),
    })
    await expect.poll(async () => (await shown()).map((it) => it.url)).toEqual(['/notices'])
  })

  it('is switched on for this browser, and off again', async () => {
    const { page } = await open('/account')
    await page.context().grantPermissions(['notifications'])
    // No push service can be reached from here: the browser's part is played, ours is real.
    await page.addInitScript(() => {
      const endpoint = 'https://push.example.com/send/abcdefghijkl'
      let is_on = sessionStorage.getItem('push') === 'on'
      const subscription = {
        endpoint,
        options: {},
        toJSON: () => ({ endpoint, keys: { p256dh: 'BP4z', auth: 'xx' } }),
        unsubscribe: async () => {
          is_on = false
          sessionStorage.removeItem('push')
          return true
        },
      }
      PushManager.prototype.getSubscription = async () => (is_on ? (subscription as never) : null)
      PushManager.prototype.subscribe = async () => {
        is_on = true
        sessionStorage.setItem('push', 'on')
        return subscription as never
      }
    })
    await page.reload()
    await page.getByRole('button', { name: '在这台设备上接收推送' }).click()
    await page.getByText('本机', { exact: true }).waitFor()
    await look('push')
    await page.getByRole('button', { name: '这台设备不再接收' }).click()
    await page.getByRole('button', { name: '在这台设备上接收推送' }).waitFor()
    expect(await page.getByText('本机', { exact: true }).count()).toBe(0)
  })
})

describe('channels', () => {
  it('are tried, and the answer is shown; switched off, changed, added', async () => {
    const { page } = await open('/system/channels')
    const of = (id: string) => page.locator(`[data-channel="${id}"]`)
    await of('duty').waitFor()
    // The address of a robot is its key.
    expect(await page.locator('.channels').innerText()).not.toContain('693a91f6')
    await of('duty').getByRole('button', { name: '测试' }).click()
    await of('duty').getByText('对方已接收').waitFor()
    await of('city').getByRole('button', { name: '测试' }).click()
    await of('city').getByText('HTTP 404').waitFor()
    await look('channels')
    await of('city').getByRole('button', { name: '停用' }).click()
    await of('city').getByText('已停用').waitFor()
    expect(told().channels.find((it) => it.id === 'city')).toMatchObject({ is_enabled: false, secret: '***' })

    await page.getByRole('button', { name: '新增渠道' }).click()
    const dialog = page.getByRole('dialog', { name: '新增渠道' })
    await dialog.getByText('短信网关').click()
    await dialog.getByLabel('名称').fill('联通短信')
    await dialog.getByLabel('标识').fill('sms-2')
    await dialog.getByLabel('地址').fill('https://sms.example.com/api')
    await dialog.getByRole('button', { name: '保存' }).click()
    await dialog.getByText('须有 {phone}').waitFor()
    await dialog.locator('textarea').fill('{"mobile":"{phone}","content":"{text}"}')
    await look('channel-new')
    await dialog.getByRole('button', { name: '保存' }).click()
    await of('sms-2').waitFor()
    expect(told().channels.map((it) => it.id)).toEqual(['duty', 'city', 'sms', 'sms-2'])
  })

  it('have their deliveries, with reasons, and what was given up is sent again', async () => {
    const { page } = await open('/system/deliveries?state=failed')
    await page.locator('.scroller .row').first().waitFor()
    await page.getByText('errcode 93000').first().waitFor()
    await look('deliveries-failed')
    const failed = told().deliveries.filter((it) => it.state === 'failed').length
    await page.locator('.scroller .row').first().getByRole('button', { name: '重发' }).click()
    await expect.poll(() => told().deliveries.filter((it) => it.state === 'failed').length).toBe(failed - 1)
    await page.goto(`${stage!.mock.url}/system/deliveries`)
    await page.getByText('已读').first().waitFor()
    await page.getByText('待重试').first().waitFor()
    await look('deliveries')
  })
})

describe('terms', () => {
  it('are shown by step, changed with a reason, and the change is kept', async () => {
    const { page, mock } = await open('/system/terms')
    const row = (key: string) => page.locator(`[data-term="${key}"]`)
    await row('sign_warning/').getByText('2 分钟').waitFor()
    await row('verify_hazard/').getByText('8 小时（工作时间）').waitFor()
    await page.getByText('按市局考核办法').waitFor()
    await look('terms')
    await page.getByRole('button', { name: '修改时限' }).click()
    await row('sign_warning/').locator('.count input').fill('3')
    await row('sign_warning/').locator('.count input').press('Tab')
    await page.locator('.save').getByText('3 分钟').waitFor()
    await page.getByLabel('起始日').first().fill('2027-01-01')
    await page.getByLabel('结束日').first().fill('2027-01-03')
    await page.locator('.calendar').getByRole('button', { name: '登记' }).first().click()
    await page.locator('.calendar .day', { hasText: '01-01 – 01-03' }).first().waitFor()
    await page.locator('.save').getByRole('button', { name: '保存' }).click()
    await page.getByText('请填写修改理由').waitFor()
    await page.getByLabel('修改理由').fill('按新的考核办法')
    await look('terms-edit')
    await page.locator('.save').getByRole('button', { name: '保存' }).click()
    await page.locator('.changes').getByText('按新的考核办法').waitFor()
    await row('sign_warning/').getByText('3 分钟').waitFor()
    expect(mock.state.requests.filter((it) => it === 'PUT /api/v1/terms')).toHaveLength(1)
  })
})

describe('on the phone', () => {
  it('fit without scrolling sideways', async () => {
    const { page, mock } = await open('/notices', { is_phone: true })
    for (const [path, name] of [
      ['/notices', 'p-inbox'],
      ['/account', 'p-account'],
      ['/system/channels', 'p-channels'],
      ['/system/deliveries', 'p-deliveries'],
      ['/system/terms', 'p-terms'],
    ] as const) {
      await page.goto(mock.url + path)
      await page.locator('h1').first().waitFor()
      await page.waitForTimeout(700)
      await look(name)
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(wide, path).toBeLessThanOrEqual(0)
    }
  })
})
