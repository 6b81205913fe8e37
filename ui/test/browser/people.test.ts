// People and permissions, in a browser: units, people, the table of rights, the own account, and what others don't see.
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
const asked = (what: string): string[] => stage!.mock.state.requests.filter((it) => it.includes(what))
/** Logs in anew as somebody who may do only this. */
async function only(permissions: readonly string[]): Promise<void> {
  const user = (stage!.mock.state as unknown as { user: { permissions: readonly string[]; roles: string[] } }).user
  user.permissions = permissions
  user.roles = []
  await stage!.page.reload()
}

describe('units', () => {
  it('stand in a tree with their people, and are added, renamed and abolished', async () => {
    const { page } = await open('/system/units')
    await page.getByRole('button', { name: '安和县公安局交通警察大队' }).click()
    const side = page.locator('.side')
    await side.getByText('人员（').waitFor()
    await side.getByText('指挥中心', { exact: true }).waitFor()
    await page.getByRole('button', { name: '新增下级单位' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('名称').fill('机动中队')
    await dialog.getByRole('button', { name: '保存' }).click()
    await page.locator('[role=treeitem]', { hasText: '机动中队' }).waitFor()
    await side.getByLabel('名称').fill('机动二中队')
    await side.getByRole('button', { name: '保存' }).click()
    await page.locator('[role=treeitem]', { hasText: '机动二中队' }).waitFor()
    await side.getByRole('button', { name: '撤销' }).click()
    await page.getByRole('button', { name: '撤销' }).last().click()
    await page.locator('[role=treeitem]', { hasText: '机动二中队' }).waitFor({ state: 'detached' })
    await page.getByText('显示已撤销').click()
    await page.locator('[role=treeitem]', { hasText: '机动二中队' }).getByText('已撤销').waitFor()
  })

  it('come from a table; what is wrong is named by row and column', async () => {
    const { page } = await open('/system/units')
    await page.getByRole('button', { name: '导入' }).click()
    const dialog = page.getByRole('dialog', { name: '导入单位' })
    await dialog.getByText('用“上级编码”写明上级').waitFor()
    expect(await dialog.getByRole('link', { name: '下载模板' }).getAttribute('href')).toBe(
      '/api/v1/imports/units/template',
    )
    await dialog
      .locator('input[type=file]')
      .setInputFiles({ name: 'units.xlsx', mimeType: 'application/octet-stream', buffer: Buffer.from('PK') })
    await dialog.getByRole('button', { name: '开始导入' }).click()
    const errors = dialog.locator('tbody tr')
    await errors.first().waitFor()
    expect(await errors.allInnerTexts()).toEqual([
      expect.stringMatching(/^3\s+上级编码\s+“DD99”/),
      expect.stringMatching(/^4\s+单位类型\s+“小队”/),
    ])
    await dialog.getByRole('button', { name: '关闭' }).last().click()
    await page.locator('[role=treeitem]', { hasText: '机动中队' }).waitFor()
    expect(asked('POST /api/v1/imports/units')).toHaveLength(1)
    await only(['manage_security'])
    await page.locator('[role=treeitem]').first().waitFor()
    expect(await page.getByRole('button', { name: '导入' }).count()).toBe(0)
  })

  it('are not abolished while somebody is in them', async () => {
    const { page } = await open('/system/units')
    await page.getByRole('button', { name: '城区中队' }).click()
    await page.locator('.side').getByRole('button', { name: '撤销' }).click()
    await page.getByRole('button', { name: '撤销' }).last().click()
    await page.getByText('请先撤销、移动或停用').waitFor()
  })
})

describe('people', () => {
  it('are found by unit, role and state', async () => {
    const { page } = await open('/system/users')
    await page.getByText('共 16').waitFor()
    await page.getByPlaceholder('姓名、用户名、电话、岗位').fill('副大队长')
    await page.locator('[role=row]', { hasText: 'lingdao01' }).waitFor()
    await page.getByText('共 1 ').waitFor()
    await page.goto(stage!.mock.url + '/system/users?state=locked')
    await page.locator('[role=row]', { hasText: '郑华' }).getByText('已锁定').waitFor()
  })

  it('are added without roles; then roles are given, two administrations to nobody', async () => {
    const { page } = await open('/system/users')
    await page.getByRole('button', { name: '新增人员' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.locator('input[name=display-name]').fill('何静')
    await dialog.locator('input[name=new-username]').fill('zhiban09')
    await dialog.getByRole('button', { name: '保存' }).click()
    await page.getByText('qm7xv2kdrt94bc3w').waitFor()
    await page.getByRole('dialog').getByRole('button').last().click()
    const side = page.locator('.side')
    await side.getByText('系统管理员', { exact: true }).click()
    await side.getByText('安全审计员', { exact: true }).click()
    await side.getByText('不得由一人兼任').waitFor()
    expect(await side.getByRole('button', { name: '保存角色' }).isDisabled()).toBe(true)
    await side.getByText('系统管理员', { exact: true }).click()
    await side.getByRole('button', { name: '保存角色' }).click()
    await page.locator('[role=row]', { hasText: 'zhiban09' }).getByText('安全审计员').waitFor()
    expect(asked('PUT /api/v1/users/17/roles')).toHaveLength(1)
  })

  it('are unlocked, put on duty, and disabled after a question', async () => {
    const { page } = await open('/system/users?open=zhenjie01')
    const side = page.locator('.side')
    await side.getByRole('button', { name: '解锁' }).click()
    await side.getByRole('button', { name: '解锁' }).waitFor({ state: 'detached' })
    await side.getByRole('button', { name: '12 小时' }).click()
    await side.getByText('值班至').waitFor()
    await side.getByRole('button', { name: '停用账号' }).click()
    await page.getByRole('button', { name: '停用账号' }).last().click()
    await side.getByRole('button', { name: '启用账号' }).waitFor()
  })

  it('lose the founding account when three administrators are there', async () => {
    const { page } = await open('/system/users?open=auditadmin')
    await page.getByText('尚缺：安全审计员。').waitFor()
    expect(await page.getByRole('button', { name: '停用初装账号' }).isDisabled()).toBe(true)
    const side = page.locator('.side')
    await side.getByText('安全审计员', { exact: true }).click()
    await side.getByRole('button', { name: '保存角色' }).click()
    await page.getByText('三名管理员均已配齐').waitFor()
    await page.getByRole('button', { name: '停用初装账号' }).click()
    await page.getByRole('button', { name: '停用初装账号' }).last().click()
    await page.getByText('初装账号已停用').waitFor()
  })
})

describe('permissions', () => {
  it('decide what the menu and the tabs show; a page without permission says so', async () => {
    const { page } = await open('/system')
    await only(['manage_security'])
    await page.getByRole('link', { name: '人员' }).waitFor()
    const from = stage!.mock.state.requests.length
    const menu = await page.locator('nav.menu').innerText()
    expect(menu).toContain('系统')
    expect(menu).not.toContain('预警')
    expect(await page.getByRole('link', { name: '审计' }).count()).toBe(0)
    await page.goto(stage!.mock.url + '/watch-orders')
    await page.getByText('您没有打开此页面的权限').waitFor()
    await page.goto(stage!.mock.url + '/system/audit')
    await page.getByText('您没有打开此页面的权限').waitFor()
    // Messages are for everybody; nothing else is asked for that would be refused, and the refusal recorded.
    expect(stage!.mock.state.requests.slice(from).filter((it) => /warnings|figures|checkpoints/.test(it))).toEqual([])
  })

  it('are a table of roles that everybody may read', async () => {
    const { page } = await open('/system/rights')
    const row = page.locator('tr', { hasText: '查看、校验审计' })
    await row.waitFor()
    expect(await row.getByRole('img', { name: '有' }).count()).toBe(2)
    await page.getByRole('columnheader', { name: '县交安办专干' }).waitFor()
  })

  it('ask who does not keep the register why a vehicle is looked up', async () => {
    const { page } = await open('/vehicles')
    await only(['look_up'])
    await page.locator('[role=row]').nth(1).click()
    await page.getByRole('dialog').getByRole('textbox').fill('交通事故核查')
    await page.getByRole('dialog').getByRole('button', { name: '查询' }).click()
    await page.locator('.side').getByText('所有人').first().waitFor()
    expect(asked('/file?reason=')).toHaveLength(1)
  })
})

describe('the own account', () => {
  it('sets up a second factor with recovery codes and ends other sessions', async () => {
    const { page } = await open('/account')
    await page.getByText('iOS').waitFor()
    await page.getByRole('button', { name: '结束', exact: true }).click()
    await page.getByText('iOS').waitFor({ state: 'detached' })
    await page.getByRole('button', { name: '启用动态口令' }).click()
    await page.locator('input[name=proof]').fill('Anchang-1234')
    await page.getByRole('button', { name: '启用动态口令' }).click()
    await page.locator('input[name=code]').fill('000000')
    await page.getByRole('button', { name: '确认启用' }).click()
    await page.getByText('动态口令不正确').waitFor()
    await page.locator('input[name=code]').fill('123456')
    await page.getByRole('button', { name: '确认启用' }).click()
    await page.getByText('k7m0-q2v0-x9d0-a5t0').waitFor()
    await page.getByRole('button', { name: '已抄下' }).click()
    await page.getByText('剩余恢复码 10 个').waitFor()
  })

  it('is reached from the shell, on the phone too', async () => {
    const { page } = await open('/more', { is_phone: true })
    await page.getByRole('button', { name: '我的账号' }).click()
    await page.getByText('本次登录').waitFor()
  })
})

describe('the audit', () => {
  it('is filtered by person and period and says what was refused', async () => {
    const { page } = await open('/system/audit?action=access.refused')
    await page.getByText('越权被拒').nth(2).waitFor()
    await page.goto(stage!.mock.url + '/system/audit')
    await page.locator('[role=row]').nth(1).getByRole('button').click()
    await page.getByText('操作人:').waitFor()
  })
})

describe('single sign-on', () => {
  it('is set by who keeps security, offered at the log-in, and says why it failed', async () => {
    const { page } = await open('/system/security')
    await page.fill('input[name=sso-label]', '公安网统一认证')
    await page.fill('input[name=sso-issuer]', 'https://nowhere.example.cn')
    await page.fill('input[name=sso-client]', 'anchang')
    await page.fill('input[name=sso-secret]', 's3cret')
    await page.getByRole('switch', { name: '在登录页提供' }).press('Space')
    const save = page.locator('section', { hasText: '统一身份认证' }).getByRole('button', { name: '保存' })
    await save.click()
    await page.getByText('连接被拒绝').waitFor()
    await page.fill('input[name=sso-issuer]', 'https://id.example.cn')
    await save.click()
    await page.getByText('已保存').first().waitFor()
    expect(await page.inputValue('input[name=sso-secret]')).toBe('')
    stage!.mock.state.is_logged_in = false
    await page.goto(stage!.mock.url + '/login?sso=unknown')
    await page.getByText('本平台没有对应的账号').waitFor()
    const way = page.getByRole('link', { name: '公安网统一认证' })
    expect(await way.getAttribute('href')).toBe('/api/v1/session/sso/start')
  })
})
