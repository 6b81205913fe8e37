// What lies on the invented desk: one chain from the passage to the strike-off, cases in every state, and a month of clocks.
import { dice, pick } from './world.mjs'
import { MINUTE } from './stages.mjs'

const iso = (ms) => new Date(ms).toISOString()
const DAY = 24 * 60

export function fillDesk(desk, state) {
  const now = Date.now()
  const ago = (minutes) => now - minutes * MINUTE
  const first = state.warnings
  // Only those that nobody meets at the top of the lists: the newest stay as they came.
  const free = first.filter(
    (it, i) => i > 30 && it.group_id === it.id && it.group_count === 1 && !it.hidden && it.state === 'raised',
  )
  const take = () => free.shift() ?? first.at(-1)
  const orderOf = (warning, unit, more = {}) => ({
    kind: 'dispatch',
    warning: warning.id,
    plate: warning.subject.plate,
    look_for: '白色，车身有“顺达客运”字样',
    level: warning.level,
    unit,
    spot: { at: { lon: warning.place.lon, lat: warning.place.lat }, description: warning.place.description },
    theatre: warning.place.theatre,
    order: `拦停 ${warning.subject.plate}，核查“${warning.title}”，注意安全防护，夜间开启警灯。`,
    until: iso(now + 40 * MINUTE),
    category: warning.model,
    ...more,
  })
  /** Opens a case some minutes ago and plays the acts of others on it: [who, act, minutes ago]. */
  function play(opening, by, minutes, acts = [], parent = null) {
    const { entry, refused } = desk.open(opening, by, ago(minutes), parent)
    if (refused) throw new Error(refused)
    for (const [who, act, at] of acts) {
      const done = desk.act(entry.id, null, act, who, ago(at))
      if (done.refused) throw new Error(done.refused)
    }
    return entry
  }
  const report = (at, more = {}) => ({
    act: 'report',
    outcome: 'intercepted',
    verdict: 'confirmed',
    note: '已在卡点拦停，驾驶人承认连续驾驶，已现场教育。',
    at: iso(ago(at)),
    spot: { description: 'G205 大桥卡点' },
    pictures: ['att1', 'att2'],
    findings: [{ code: '1344', name: '连续驾驶机动车超过4小时未停车休息' }],
    ...more,
  })

  // The whole way, from the passage to the strike-off.
  const whole = take()
  Object.assign(whole, { signed_by: '值班员王磊', signed_at: iso(Date.parse(whole.raised_at) + 2 * MINUTE) })
  const start = Math.min(6 * DAY, (now - Date.parse(whole.raised_at)) / MINUTE - 5)
  const sent = play(orderOf(whole, 4, { until: iso(ago(start - 90)) }), 'lingdao01', start, [
    ['lumian02', { act: 'sign' }, start - 2],
    ['lumian02', { act: 'arrive', spot: { description: 'G205 大桥卡点' } }, start - 11],
    [
      'lumian02',
      report(start - 21, { education: { audience: 'coach_driver', topic: '疲劳驾驶的危害', material: '折页' } }),
      start - 22,
    ],
    ['admin', { act: 'confirm', note: '' }, start - 30],
  ])
  const stop = [...desk.cases.values()].find((it) => it.kind === 'interception' && it.parent === sent.id)
  desk.act(
    stop.id,
    null,
    {
      act: 'dispose',
      findings: [],
      measures: [
        { kind: 'fine', amount: 200, document: '371327-1900012345' },
        { kind: 'points', amount: 3, document: '' },
        { kind: 'rest', amount: null, document: '' },
      ],
      note: '强制休息 20 分钟后放行。',
    },
    'lumian02',
    ago(start - 50),
  )
  const hazardOf = (title, category, more = {}) => ({
    kind: 'hazard',
    source: 'patrol',
    hazard_kind: 'road',
    category,
    grade: 'general',
    title,
    description: '弯道外侧临水，夜间无警示。',
    spot: { at: { lon: 118.86, lat: 35.19 }, route: 'G205', chainage_m: 612_300, description: 'G205 K612+300 东侧' },
    unit: 2,
    pictures: ['att3'],
    ...more,
  })
  const notice = (unit, deadline) => ({
    act: 'issue_notice',
    measure: '补设波形护栏 40 米，增设警示标志。',
    unit,
    deadline,
  })
  play(
    hazardOf('大桥南头护栏缺失 40 米', 'guardrail', {
      warning: whole.id,
      source: 'warning',
      theatre: 'national_provincial',
    }),
    'lumian02',
    start - 60,
    [
      ['admin', { act: 'verify', grade: 'larger', note: '现场核实属实' }, start - 80],
      ['admin', notice(7, iso(ago(start - 5 * DAY))), start - 100],
      ['chengyuan01', { act: 'take' }, start - 150],
      ['chengyuan01', { act: 'submit', note: '已补设护栏并增设警示标志。', pictures: ['att4', 'att5'] }, start - 300],
      ['lumian01', { act: 'accept', note: '高度、长度符合要求', pictures: ['att6'], spot: {} }, start - 360],
      ['lingdao01', { act: 'strike_off', note: '' }, start - 400],
    ],
    stop.id,
  )

  // Dispatches in every state.
  play(orderOf(take(), 3), 'admin', 1)
  play(orderOf(take(), 4), 'admin', 8)
  play(orderOf(take(), 2, { assignee: 'admin' }), 'lingdao01', 2)
  play(orderOf(take(), 3), 'admin', 25, [['lumian01', { act: 'sign' }, 23]])
  play(orderOf(take(), 4), 'admin', 38, [
    ['lumian02', { act: 'sign' }, 37],
    ['lumian02', { act: 'arrive', spot: {} }, 26],
  ])
  play(orderOf(take(), 6), 'lingdao01', 80, [
    ['zhiban02', { act: 'sign' }, 78],
    ['zhiban02', report(42), 41],
  ])
  play(orderOf(take(), 6), 'lingdao01', 200, [
    ['zhiban02', { act: 'sign' }, 196],
    [
      'zhiban02',
      report(150, { outcome: 'not_seen', verdict: 'stale', note: '守候至时限未见车辆。', pictures: [], findings: [] }),
      149,
    ],
    ['admin', { act: 'confirm', note: '' }, 120],
  ])
  play(orderOf(take(), 3), 'admin', 300, [['lumian01', { act: 'decline', reason: '正在处理交通事故，无法脱身' }, 297]])
  play(orderOf(take(), 4), 'admin', 420, [['admin', { act: 'withdraw', reason: '车辆已驶离本县' }, 405]])

  // Interceptions and education by themselves.
  const stopOf = (plate, name, minutes) => ({
    kind: 'interception',
    plate,
    level: 'medium',
    unit: 4,
    theatre: 'rural',
    at: iso(ago(minutes)),
    spot: { description: 'X301 云岭镇西' },
    findings: [{ code: '', name }],
    pictures: ['att7'],
  })
  play(stopOf('鲁Q8B66T', '面包车超员', 90), 'lumian02', 88)
  play(stopOf('鲁Q3D21K', '货车违法载人', 30 * 60), 'lumian01', 30 * 60 - 5)
  play(
    {
      kind: 'education',
      audience: 'villager',
      topic: '农用三轮车不载人',
      material: '广播、折页',
      people_count: 45,
      unit: state.crew.unitIdOf('河东镇'),
      at: iso(ago(600)),
      spot: { description: '王家庄村大集' },
      pictures: ['att8'],
      note: '赶集日集中宣教',
    },
    'zhenjie01',
    590,
  )

  // Watch orders waiting, urgent, in force, refused.
  const watchOf = (plate, reason, more = {}) => ({
    kind: 'watch_application',
    plate,
    plate_class: '02',
    reason,
    legal_basis: '《道路交通安全法》第八十九条',
    level: 'high',
    until: iso(now + 30 * DAY * MINUTE),
    unit: 3,
    ...more,
  })
  play(watchOf('鲁Q5K72M', '肇事逃逸嫌疑，前保险杠破损'), 'lumian01', 45)
  play(watchOf('鲁Q1R90X', '多次超员运输，须路面核查', { level: 'medium' }), 'lumian02', 190, [
    ['neiqin01', { act: 'review', note: '事实清楚' }, 150],
  ])
  play(watchOf('鲁L7C35P', '疑似套牌危货车，正在辖区行驶', { is_urgent: true }), 'zhiban02', 23 * 60 + 20)
  play(watchOf('鲁Q6N18D', '拒不接受处理的逾期未检验客车'), 'lumian01', 4 * DAY, [
    ['neiqin01', { act: 'review' }, 4 * DAY - 60],
    ['lingdao01', { act: 'approve' }, 4 * DAY - 100],
  ])
  play(watchOf('鲁B2F44G', '私人纠纷协查'), 'lumian02', 2 * DAY, [
    ['neiqin01', { act: 'refuse', reason: '不属于布控范围，缺少法律依据' }, 2 * DAY - 90],
  ])

  // Hazards on their way.
  play(
    hazardOf('柳河桥头视距不良', 'sight', { spot: { at: { lon: 118.8, lat: 35.21 }, description: '柳河桥西头' } }),
    'cun01',
    200,
  )
  play(hazardOf('赵家岭急弯无警示标志', 'sign', { unit: state.crew.unitIdOf('石桥镇') }), 'zhenjie01', 3 * DAY, [
    ['admin', { act: 'verify', grade: 'larger', note: '' }, 3 * DAY - 300],
    ['admin', notice(7, iso(now + 2 * DAY * MINUTE)), 2 * DAY],
    ['chengyuan01', { act: 'take' }, 2 * DAY - 60],
  ])

  warningClocks(desk, state, now)
  month(desk, now)
}

/** Warnings that wait have a clock; those of before are closed, merged, or expired. */
function warningClocks(desk, state, now) {
  const minutes = { high: 5, medium: 15, low: 60 }
  state.warnings.forEach((it, i) => {
    const open = it.state === 'raised' && !it.is_historical
    if (it.state === 'raised' && i > 60 && i % 11 === 3) it.state = 'expired'
    else if (it.state === 'raised' && i > 60 && i % 11 === 6) it.state = 'merged'
    else if (it.state === 'signed' && it.verdict) it.state = 'closed'
    const is_waiting = open || (it.state === 'signed' && !it.verdict)
    const at = Date.parse(it.raised_at)
    if (!is_waiting) return Object.assign(it, { due_at: null, step: null, is_late: false })
    const due_ms = at + minutes[it.level] * MINUTE
    const step = it.state === 'raised' ? 'sign_warning' : 'work_warning'
    Object.assign(it, { due_at: iso(due_ms), step, is_late: due_ms < now })
    desk.addTask({
      subject: it.id,
      kind: 'warning',
      kind_name: '预警',
      chain: it.id,
      level: it.level,
      title: it.title,
      plate: it.subject.plate,
      category: it.model,
      step,
      unit: 2,
      person: null,
      at,
      due_ms,
    })
  })
}

/** A month of steps that were done, late or never, so that figures have something to count. */
function month(desk, now) {
  const crews = [
    [2, 'admin'],
    [2, 'lingdao01'],
    [3, 'lumian01'],
    [4, 'lumian02'],
    [6, 'zhiban02'],
  ]
  const steps = [
    ['sign_warning', 'warning', 5],
    ['work_warning', 'warning', 30],
    ['sign_dispatch', 'dispatch', 3],
    ['report_dispatch', 'dispatch', 60],
    ['confirm_report', 'dispatch', 120],
    ['dispose', 'interception', DAY],
  ]
  const models = ['fatigue', 'night_coach', 'average_speed', 'watch_order', 'overload']
  for (let i = 0; i < 420; i++) {
    const [unit, person] = pick(crews)
    const [step, kind, minutes] = pick(steps)
    const at = now - (60 + dice() * 29 * DAY) * MINUTE - DAY * MINUTE
    const due_ms = at + minutes * MINUTE
    const luck = dice() + (unit === 4 ? 0.08 : 0)
    const end = luck < 0.86 ? 'on_time' : luck < 0.97 ? 'late' : 'never'
    const took = end === 'on_time' ? 0.2 + dice() * 0.7 : 1.1 + dice()
    const task = desk.addTask({
      subject: `ZL2026110${i % 9}-${String(i).padStart(4, '0')}`,
      kind,
      kind_name: { warning: '预警', dispatch: '查缉指令', interception: '拦截处置' }[kind],
      chain: '',
      level: pick(['high', 'medium', 'low']),
      title: '历史任务',
      plate: null,
      category: pick(models),
      step,
      unit,
      person,
      at,
      due_ms,
    })
    Object.assign(task, { end, ended_at: iso(at + minutes * took * MINUTE) })
  }
}
