// What people are told, channels, deliveries, push and terms of the invented county.
const iso = (ms) => new Date(ms).toISOString()
const MINUTE = 60_000
const WORDS = {
  to_do: '待办',
  half_time: '时限过半',
  nearly_late: '即将超时',
  late: '已超时',
  given_back: '被退回',
  withdrawn: '已撤回',
  finished: '已办结',
  sighted: '新的过车',
}
const STEPS = {
  sign_warning: '签收预警',
  work_warning: '处置预警',
  review_watch: '审核布控',
  approve_watch: '批准布控',
  sign_dispatch: '签收指令',
  report_dispatch: '反馈指令',
  confirm_report: '审核反馈',
  dispose: '处置',
  verify_hazard: '核实隐患',
  issue_notice: '下发通知书',
  take_rectification: '接收整改',
  rectify: '整改',
  accept_hazard: '验收隐患',
  strike_hazard: '销号',
}

export function telling(state, is_empty, emit) {
  const now = Date.now()
  const desk = state.desk
  const subjects = is_empty ? [] : [...desk.cases.values()].slice(0, 40)
  const words = Object.keys(WORDS)
  const steps = Object.keys(STEPS)
  state.notices = subjects.map((it, i) => {
    const about = desk.view(it)
    const word = words[i % words.length]
    return {
      id: subjects.length - i,
      at: iso(now - i * 11 * MINUTE),
      word,
      word_name: WORDS[word],
      subject: it.id,
      kind: about.kind,
      kind_name: about.kind_name,
      chain: about.chain,
      level: about.level,
      title: about.title,
      plate: about.plate,
      step_name: i % 3 ? STEPS[steps[i % steps.length]] : null,
      due_at: i % 4 ? iso(now + (i - 5) * 20 * MINUTE) : null,
      read_at: i > 6 ? iso(now - i * 10 * MINUTE) : null,
    }
  })
  let preferences = { muted: ['finished'], no_sms: [], no_push: [] }
  state.pushes = []
  state.channels = is_empty
    ? []
    : [
        {
          id: 'duty',
          name: '大队值班群',
          kind: 'wecom',
          is_enabled: true,
          url: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7a0c-4bc4-97a0-0ec2sifa5aaa',
          secret: '',
          words: ['to_do', 'nearly_late', 'late'],
          level_min: 'medium',
          body: '',
        },
        {
          id: 'city',
          name: '市支队接口',
          kind: 'webhook',
          is_enabled: true,
          url: 'http://10.54.1.8:9000/events',
          secret: '***',
          words: [],
          level_min: 'high',
          body: '',
        },
        {
          id: 'sms',
          name: '移动短信',
          kind: 'sms',
          is_enabled: false,
          url: 'https://sms.example.com/send?to={phone}&text={text}',
          secret: '',
          words: ['late'],
          level_min: 'low',
          body: '',
        },
      ]
  const states = [
    ['delivered', 1, null],
    ['delivered', 1, null],
    ['pending', 2, 'HTTP 502'],
    ['failed', 6, 'errcode 93000: invalid webhook url'],
    ['delivered', 2, null],
  ]
  const text = (it) => `【安畅】${it.word_name}：${it.step_name ?? it.kind_name} ${it.plate ?? ''} ${it.title}`
  state.deliveries = state.notices.slice(0, 25).map((it, i) => {
    const [became, attempts, error] = states[i % states.length]
    const channel = ['duty', 'city', 'sms', 'push'][i % 4]
    const is_person = channel === 'sms' || channel === 'push'
    return {
      id: 100 - i,
      at: it.at,
      channel,
      recipient: channel === 'sms' ? '19900000012' : '',
      person: is_person ? 'lumian01' : null,
      person_name: is_person ? '赵磊' : null,
      text: text(it),
      state: became,
      attempts,
      next_at: became === 'pending' ? iso(now + 4 * MINUTE) : null,
      error,
      read_at: is_person && became === 'delivered' && i % 2 ? iso(now - i * MINUTE) : null,
    }
  })
  const term = (step, minutes, measure = 'elapsed', more = {}) => ({
    step,
    level: null,
    unit: null,
    minutes,
    measure,
    ...more,
  })
  const terms = {
    version: is_empty ? 0 : 1,
    terms: [
      term('sign_warning', 2),
      term('sign_warning', 10, 'elapsed', { level: 'medium' }),
      term('sign_warning', null, 'elapsed', { level: 'low' }),
      term('work_warning', 10),
      term('review_watch', 120),
      term('approve_watch', 120),
      term('sign_dispatch', 10),
      term('report_dispatch', 1440),
      term('confirm_report', 120),
      term('dispose', 1440),
      term('verify_hazard', 480, 'working'),
      term('verify_hazard', 120, 'elapsed', { level: 'high' }),
      term('issue_notice', 480, 'working'),
      term('accept_hazard', 1440, 'working'),
      term('strike_hazard', 960, 'working'),
    ],
    calendar: {
      hours: [
        { from: '08:30', until: '12:00' },
        { from: '14:00', until: '18:00' },
      ],
      holidays: [
        '2026-01-01',
        '2026-01-02',
        '2026-01-03',
        ...Array.from({ length: 7 }, (_, i) => `2026-10-0${i + 1}`),
        '2026-06-19',
      ],
      working_weekends: ['2026-01-04', '2026-10-10'],
    },
    escalate_percent: 80,
    steps: Object.entries(STEPS).map(([step, name]) => ({ step, name })),
    changes: is_empty
      ? []
      : [
          {
            at: iso(now - 9 * 86_400_000),
            by: 'sysadmin',
            by_name: '许敏',
            reason: '按市局考核办法，三级预警只备查',
            terms: [
              {
                step: 'sign_warning',
                step_name: STEPS.sign_warning,
                level: 'low',
                unit: null,
                unit_name: null,
                before: { minutes: 30, measure: 'elapsed' },
                after: { minutes: null, measure: 'elapsed' },
              },
            ],
            is_calendar: true,
            escalate_before: 70,
            escalate_after: 80,
          },
        ],
  }

  return (method, [kind, id, action], query, body, { slice, problem }) => {
    switch (kind) {
      case 'notices': {
        if (id === 'read') {
          for (const it of state.notices) if (body.all || body.ids?.includes(it.id)) it.read_at ??= iso(Date.now())
          emit('noticed', {})
          return { status: 204 }
        }
        const found = state.notices.filter(
          (it) =>
            (query.get('unread') !== 'true' || !it.read_at) && (!query.get('word') || it.word === query.get('word')),
        )
        return { body: slice(found, query) }
      }
      case 'session':
        if (id === 'notices') {
          if (method !== 'PUT') return { body: preferences }
          preferences = body
          return { status: 204 }
        }
        if (id !== 'pushes') return null
        if (method === 'DELETE') {
          state.pushes = state.pushes.filter((it) => it.id !== Number(action))
          return { status: 204 }
        }
        if (method === 'POST') {
          const push = {
            id: state.pushes.length + 1,
            device: body.device,
            mark: body.endpoint.slice(-12),
            created_at: iso(Date.now()),
            delivered_at: null,
          }
          state.pushes = [...state.pushes, push]
          return { body: push }
        }
        return {
          body: {
            // The public key of RFC 8291's example.
            public_key: 'BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8',
            devices: state.pushes,
          },
        }
      case 'channels':
        if (method === 'PUT') {
          state.channels = body.map((it) => ({ ...it, secret: it.secret ? '***' : '' }))
          return { status: 204 }
        }
        if (action === 'test') {
          const is_bad = state.channels.find((it) => it.id === id)?.url.includes('10.54')
          const sent = {
            id: 1_000 + state.deliveries.length,
            at: iso(Date.now()),
            channel: id,
            recipient: '',
            person: null,
            person_name: null,
            text: '【安畅】这是一条测试通知。',
            state: 'pending',
            attempts: 0,
            next_at: iso(Date.now()),
            error: null,
            read_at: null,
          }
          state.deliveries = [sent, ...state.deliveries]
          const after = is_bad
            ? { attempts: 1, error: 'HTTP 404', next_at: iso(Date.now() + 10_000) }
            : { attempts: 1, state: 'delivered', next_at: null }
          setTimeout(() => {
            state.deliveries = state.deliveries.map((it) => (it.id === sent.id ? { ...it, ...after } : it))
          }, 400)
          return { body: sent }
        }
        return { body: state.channels }
      case 'deliveries': {
        if (action === 'retry') {
          state.deliveries = state.deliveries.map((it) =>
            it.id === Number(id) ? { ...it, state: 'pending', next_at: iso(Date.now()) } : it,
          )
          return { status: 204 }
        }
        if (id) return { body: state.deliveries.find((it) => it.id === Number(id)) }
        const found = state.deliveries.filter(
          (it) =>
            (!query.get('state') || it.state === query.get('state')) &&
            (!query.get('channel') || it.channel === query.get('channel')),
        )
        return { body: slice(found, query) }
      }
      case 'tasks':
        if (id !== 'waiting') return null
        return { body: state.waiting ?? { open: is_empty ? 0 : 5, late: is_empty ? 0 : 1 } }
      case 'terms': {
        if (method !== 'PUT') return { body: terms }
        if (body.version !== terms.version)
          return problem(409, 'conflict', '已被他人修改', '时限刚刚被他人修改，请刷新后再改。')
        terms.changes.unshift({
          at: iso(Date.now()),
          by: state.user.username,
          by_name: state.user.display_name,
          reason: body.reason,
          terms: [],
          is_calendar: JSON.stringify(body.calendar) !== JSON.stringify(terms.calendar),
          escalate_before: null,
          escalate_after: null,
        })
        Object.assign(terms, {
          version: terms.version + 1,
          terms: body.terms,
          calendar: body.calendar,
          escalate_percent: body.escalate_percent,
        })
        return { status: 204 }
      }
      default:
        return null
    }
  }
}
