// People of the invented county: units, users, roles, the audit of what they did.
import { dice, pick } from './world.mjs'

const iso = (ms) => new Date(ms).toISOString()
const MANY = {
  duty_officer:
    'see_warnings work_warnings dispatch intercept apply_watch educate see_hazards report_hazards look_up see_operation see_statistics',
  patrol_officer: 'see_warnings intercept educate see_hazards report_hazards accept_hazards look_up',
  clerk:
    'see_warnings apply_watch educate see_hazards report_hazards manage_hazards accept_hazards look_up export keep_register see_operation tune_models see_statistics',
  leader:
    'see_warnings work_warnings dispatch review_watch approve_watch see_hazards report_hazards manage_hazards accept_hazards strike_hazards look_up export see_operation approve_rules see_statistics',
  safety_officer:
    'see_warnings educate see_hazards report_hazards manage_hazards accept_hazards strike_hazards export see_statistics',
  township_officer: 'educate see_hazards report_hazards rectify_hazards accept_hazards see_statistics',
  village_helper: 'educate see_hazards report_hazards rectify_hazards',
  member_unit: 'see_hazards report_hazards rectify_hazards',
  inspector: 'see_warnings see_hazards see_operation see_statistics see_audit',
  system_administrator: 'see_operation manage_devices manage_system',
  security_administrator: 'manage_security',
  audit_administrator: 'see_audit',
}
export const PERMISSIONS =
  'see_warnings work_warnings dispatch intercept apply_watch review_watch approve_watch educate see_hazards report_hazards manage_hazards rectify_hazards accept_hazards strike_hazards look_up export keep_register see_operation manage_devices tune_models approve_rules see_statistics manage_system manage_security see_audit'.split(
    ' ',
  )
const ROLES = Object.entries({ ...MANY, founder: PERMISSIONS.join(' ') }).map(([key, permissions]) => ({
  key,
  is_administration: key.endsWith('_administrator'),
  permissions: permissions.split(' '),
}))
/** What somebody with these roles may do. */
export const permissionsOf = (roles) =>
  PERMISSIONS.filter((it) => ROLES.some((role) => roles.includes(role.key) && role.permissions.includes(it)))

const TOWNSHIPS = ['城关街道', '河东镇', '柳林镇', '石桥镇', '青山镇', '双塘镇', '白沙镇', '马店乡']
const VILLAGES = ['东村', '西村', '南庄', '北庄', '前屯']

function makeUnits() {
  const units = []
  const add = (parent_id, kind, name, code = null) =>
    units.push({ id: units.length + 1, parent_id, kind, name, code, location: null, is_enabled: true }) && units.length
  const office = add(null, 'county_office', '安和县道路交通安全工作办公室', '370000')
  const brigade = add(office, 'brigade', '安和县公安局交通警察大队')
  for (const name of ['城区中队', '柳林中队', '石桥中队', '高速中队']) add(brigade, 'squad', name)
  for (const name of ['公路事业发展中心', '交通运输局', '应急管理局', '农业农村局', '综合行政执法局'])
    add(office, 'department', name)
  for (const town of TOWNSHIPS) {
    const id = add(office, 'township', town)
    add(id, 'station', `${town}交管站`)
    for (const village of VILLAGES.slice(0, 3 + (id % 3))) add(id, 'village', village)
  }
  return units
}

const NAMES = '王磊 李强 赵敏 孙涛 周洁 吴刚 郑华 冯丽 陈军 褚燕 卫东 蒋欣 沈浩 韩梅 杨帆 朱琳'.split(' ')
const ACTIONS = [
  'warning.sign',
  'watch_order.create',
  'passage.look_up',
  'session.open',
  'access.refused',
  'user.roles',
]

export function people(state, is_empty) {
  const now = Date.now()
  const units = is_empty ? [] : makeUnits()
  const unitOf = (name) => units.find((it) => it.name.includes(name))?.id ?? null
  const user = (id, username, display_name, roles, unit_id, more = {}) => ({
    id,
    username,
    display_name,
    roles,
    unit_id,
    unit_name: units.find((it) => it.id === unit_id)?.name ?? null,
    phone: `1386390${String(1000 + id * 37)}`,
    post: null,
    duty: null,
    is_on_duty: false,
    is_enabled: true,
    must_change_password: false,
    password_due_at: iso(now + 60 * 86_400_000),
    has_totp: false,
    recovery_codes_left: 0,
    locked_until: null,
    created_at: iso(now - id * 86_400_000),
    last_login_at: iso(now - id * 3_600_000),
    ...more,
  })
  const me = Object.assign(state.user, user(1, 'admin', state.user.display_name, ['founder'], unitOf('大队')), {
    must_change_password: state.user.must_change_password,
    permissions: PERMISSIONS,
    must_set_up_totp: false,
  })
  const on_duty = { is_on_duty: true, duty: { from: iso(now - 3.6e6), until: iso(now + 4e7) } }
  const users = [
    me,
    user(2, 'zhiban01', '李强', ['duty_officer'], unitOf('大队'), { post: '指挥中心', ...on_duty }),
    user(3, 'lumian01', '赵敏', ['patrol_officer'], unitOf('城区中队'), on_duty),
    user(4, 'neiqin01', '孙涛', ['clerk'], unitOf('大队'), { post: '内勤' }),
    user(5, 'lingdao01', '周洁', ['leader'], unitOf('大队'), { post: '副大队长' }),
    user(6, 'jiaoanban01', '吴刚', ['safety_officer'], unitOf('工作办公室')),
    user(7, 'zhenjie01', '郑华', ['township_officer'], unitOf('河东镇'), { locked_until: iso(now + 6e5) }),
    user(8, 'cun01', '冯丽', ['village_helper'], unitOf('东村'), { must_change_password: true, last_login_at: null }),
    user(9, 'chengyuan01', '陈军', ['member_unit'], unitOf('公路')),
    user(10, 'ducha01', '褚燕', ['inspector'], null),
    user(11, 'sysadmin', '卫东', ['system_administrator'], unitOf('大队'), { has_totp: true, recovery_codes_left: 10 }),
    user(12, 'secadmin', '蒋欣', ['security_administrator'], unitOf('大队')),
    user(13, 'auditadmin', '沈浩', [], unitOf('大队')),
    user(14, 'lumian02', '韩梅', ['patrol_officer'], unitOf('柳林中队'), { is_enabled: false }),
    user(15, 'zhenjie02', '杨帆', ['township_officer'], unitOf('柳林镇')),
    user(16, 'zhiban02', '朱琳', ['duty_officer', 'clerk'], unitOf('大队')),
  ].slice(0, is_empty ? 1 : NAMES.length)
  const sessions = [
    [
      'this',
      true,
      '10.12.3.21',
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36',
      2,
    ],
    ['other', false, '10.12.8.9', 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile Safari/604.1', 50],
  ].map(([id, is_this, address, device, minutes]) => ({
    id,
    is_this,
    address,
    device,
    created_at: iso(now - minutes * 1.2e5),
    last_used_at: iso(now - minutes * 6e4),
    expires_at: iso(now + 3e7),
  }))
  const audit = Array.from({ length: is_empty ? 0 : 140 }, (_, i) => ({
    id: 140 - i,
    at: iso(now - i * 6e5),
    actor: pick(users).username,
    action: ACTIONS[Math.floor(dice() * ACTIONS.length)],
    target: `鲁Q${10_000 + i}`,
    detail: '核查',
    address: '10.12.3.21',
  }))
  const security = {
    administrator_password_days: 90,
    password_days: 180,
    idle_minutes: 0,
    administrators_need_totp: false,
  }
  state.people = { units, users, audit, sessions, security }

  const missing = () =>
    ['system_administrator', 'security_administrator', 'audit_administrator'].filter(
      (role) => !users.some((it) => it.is_enabled && it.roles.includes(role)),
    )
  const list = (items) => ({ body: { items, total: items.length } })
  const problem = (status, detail) => ({
    status,
    body: { type: 'about:blank#conflict', title: '无法完成', status, detail, code: 'conflict', request_id: 'mock' },
  })
  const fill = (it, body) => {
    Object.assign(it, body)
    it.unit_name = units.find((unit) => unit.id === it.unit_id)?.name ?? null
    return { body: it }
  }

  function ofUser(method, [id, action], body) {
    const found = users.find((it) => it.id === Number(id))
    if (!found) return problem(404, '没有这个用户。')
    if (!action) return fill(found, body)
    switch (`${method} ${action}`) {
      case 'PUT roles':
        return fill(found, { roles: body.roles })
      case 'PUT duty':
        return fill(found, { duty: body.from ? body : null, is_on_duty: Boolean(body.from) })
      case 'POST reset-password':
        found.must_change_password = true
        return { body: { user: found, one_time_password: 'qm7xv2kdrt94bc3w' } }
      case 'POST unlock':
        found.locked_until = null
        return { status: 204 }
      case 'GET sessions':
        return list(found.last_login_at ? sessions.map((it) => ({ ...it, is_this: false })) : [])
      case 'POST reset-totp':
        found.has_totp = false
        return { status: 204 }
      case 'DELETE sessions':
        return { status: 204 }
    }
  }

  /** Answers a request about people; undefined when it is about something else. */
  return function answer(method, [first, second, ...rest], query, body) {
    switch (first) {
      case 'units':
        if (method === 'GET') return list(units)
        if (method === 'PATCH') {
          const unit = units.find((it) => it.id === Number(second))
          const is_used =
            units.some((it) => it.parent_id === unit.id && it.is_enabled) ||
            users.some((it) => it.unit_id === unit.id && it.is_enabled)
          if (body.is_enabled === false && is_used)
            return problem(409, '该单位仍有在用的下级单位或人员，请先撤销、移动或停用。')
          return { body: Object.assign(unit, body) }
        }
        units.push({ code: null, location: null, ...body, id: units.length + 1, is_enabled: true })
        return { body: units.at(-1) }
      case 'roles':
        return list(ROLES)
      case 'people':
        return list(users.filter((it) => it.is_enabled))
      case 'founders':
        if (second === 'end') {
          if (missing().length > 0) return problem(409, '三名管理员尚未配齐。')
          me.roles = ['leader']
          return { status: 204 }
        }
        return { body: { founders: me.roles.includes('founder') ? ['admin'] : [], missing_roles: missing() } }
      case 'users':
        if (second) return ofUser(method, [second, ...rest], body)
        if (method === 'GET') return list(users)
        users.push(user(users.length + 1, body.username, body.display_name, [], null, { last_login_at: null }))
        fill(users.at(-1), { ...body, must_change_password: true })
        return { body: { user: users.at(-1), one_time_password: 'qm7xv2kdrt94bc3w' } }
      case 'security':
        if (second === 'sso') {
          if (method === 'PUT' && body.issuer.includes('nowhere'))
            return problem(422, '无法使用该身份认证服务：连接被拒绝')
          if (method === 'PUT') {
            const { client_secret, ...shown } = body
            state.sso = { ...shown, has_secret: Boolean(client_secret ?? state.sso?.has_secret) }
          }
          return { body: state.sso ?? null }
        }
        if (method === 'PUT') Object.assign(security, body)
        return { body: security }
      case 'audit': {
        const has = (it, key) => !query.get(key) || it[key] === query.get(key)
        const found = audit.filter(
          (it) =>
            has(it, 'actor') &&
            has(it, 'action') &&
            (!query.get('q') || it.target.startsWith(query.get('q'))) &&
            (!query.get('since') || it.at >= query.get('since')) &&
            (!query.get('until') || it.at < query.get('until')),
        )
        const offset = Number(query.get('offset') ?? 0)
        const limit = Number(query.get('limit') ?? 50)
        return {
          body: { items: found.slice(offset, offset + limit), total: found.length, is_total_exact: true },
        }
      }
      case 'session':
        if (second === 'sessions' && method === 'GET') return list(sessions)
        if (second === 'sessions') {
          const kept = sessions.filter((it) => (rest[0] ? it.id !== rest[0] : it.is_this))
          sessions.splice(0, sessions.length, ...kept)
          return { status: 204 }
        }
        if (second !== 'totp') return undefined
        if (rest[0] === 'remove') {
          Object.assign(me, { has_totp: false, recovery_codes_left: 0 })
          return { status: 204 }
        }
        if (rest[0] === 'confirm') {
          if (body.code !== '123456') return problem(422, '动态口令不正确，请核对手机时间后重试。')
          Object.assign(me, { has_totp: true, recovery_codes_left: 10, must_set_up_totp: false })
          return { body: { recovery_codes: Array.from({ length: 10 }, (_, n) => `k7m${n}-q2v${n}-x9d${n}-a5t${n}`) } }
        }
        return {
          body: {
            secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
            ticket: 'ticket',
            uri: 'otpauth://totp/Anchang:admin?secret=JBSWY3DPEHPK3PXP&issuer=Anchang',
            qr_svg:
              '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 21 21"><rect width="21" height="21" fill="#fff"/><path d="M0 0h7v7H0zM14 0h7v7h-7zM0 14h7v7H0zM9 9h3v3H9zM14 14h2v5h-2z"/></svg>',
          },
        }
    }
  }
}
