// Other platforms, their subscriptions, tollgates and dispositions, as the server tells them; changes are kept while the mock runs.
const iso = (ms) => new Date(ms).toISOString()
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export function platforms(state, is_empty) {
  const now = Date.now()
  const blank = {
    relation: 'neighbour',
    is_enabled: true,
    base_url: '',
    receive_url: '',
    username_out: null,
    has_password_out: false,
    username_in: null,
    has_password_in: false,
    scope: 'none',
    scope_checkpoint_ids: [],
    takes_dispositions: false,
    is_trusted: false,
    link: {
      phase: 'unused',
      since: null,
      last_keepalive_at: null,
      clock_difference_ms: null,
      failures: 0,
      error: null,
    },
    incoming: { is_online: false, address: null, last_seen_at: null },
    objects_in: 0,
    objects_out: 0,
    lag_bytes: 0,
    tollgates_waiting: 0,
    trouble: null,
    created_by: 'admin',
    created_at: iso(now - 40 * DAY_MS),
  }
  const platforms = is_empty
    ? []
    : [
        {
          ...blank,
          id: '37130000005020000001',
          name: '市局视图库',
          relation: 'superior',
          base_url: 'http://10.13.0.8:8120',
          username_out: 'anchang',
          has_password_out: true,
          username_in: 'linyi',
          has_password_in: true,
          scope: 'all',
          takes_dispositions: true,
          link: {
            phase: 'online',
            since: iso(now - 3 * DAY_MS),
            last_keepalive_at: iso(now - 12_000),
            clock_difference_ms: 0,
            failures: 0,
            error: null,
          },
          incoming: { is_online: true, address: '10.13.0.8:51022', last_seen_at: iso(now - 4_000) },
          objects_out: 4_812_330,
        },
        {
          ...blank,
          id: '37132800005020000001',
          name: '邻县视图库',
          base_url: 'http://10.28.1.5:8120',
          username_out: 'anchang',
          has_password_out: true,
          username_in: 'linxian',
          has_password_in: true,
          scope: 'checkpoints',
          scope_checkpoint_ids: state.checkpoints.slice(0, 2).map((it) => it.id),
          link: {
            phase: 'connecting',
            since: iso(now - 26 * 60_000),
            last_keepalive_at: iso(now - 27 * 60_000),
            clock_difference_ms: -41_000,
            failures: 29,
            error: { key: 'unreachable', detail: 'Connection refused', at: iso(now - 20_000) },
          },
          objects_in: 20_411,
          objects_out: 18_022,
          lag_bytes: 3_400_000,
          tollgates_waiting: 2,
          trouble: 'unreachable: Connection refused',
        },
      ]
  const subscription = {
    title: '过车订阅',
    resources: [],
    with_pictures: true,
    begin_at: iso(now - 30 * DAY_MS),
    end_at: iso(now + 335 * DAY_MS),
    renew_days: 0,
    receive_addr: 'http://10.27.0.3:8710/VIID/SubscribeNotifications',
    state: 'in_force',
    notices: 51_022,
    objects: 4_812_330,
    failures: 0,
    lag_bytes: 0,
    last_notice_at: iso(now - 2_000),
    last_error: null,
    created_by: 'platform',
    created_at: iso(now - 30 * DAY_MS),
  }
  const subscriptions = {
    '37130000005020000001': [
      { ...subscription, id: '371300000000032026102408000000017', direction: 'in', title: '全县过车' },
    ],
    '37132800005020000001': [
      {
        ...subscription,
        id: '371327000000032026102409120000005',
        direction: 'out',
        title: '省界过车',
        renew_days: 365,
        notices: 4_001,
        objects: 20_411,
        lag_bytes: null,
        last_notice_at: iso(now - 27 * 60_000),
        created_by: 'admin',
      },
      {
        ...subscription,
        id: '371328000000032026102410000000009',
        direction: 'in',
        resources: state.checkpoints.slice(0, 2).map((it) => it.id),
        with_pictures: false,
        notices: 3_870,
        objects: 18_022,
        failures: 29,
        lag_bytes: 3_400_000,
        last_notice_at: iso(now - 27 * 60_000),
        last_error: 'unreachable: Connection refused',
      },
    ],
  }
  const tollgates = {
    '37132800005020000001': [
      {
        id: '37132800001210000007',
        name: '邻县南环收费站',
        lon: 118.91,
        lat: 35.31,
        state: 'waiting',
        passages: 1_204,
        first_seen_at: iso(now - 3 * DAY_MS),
        last_seen_at: iso(now - HOUR_MS),
      },
      {
        id: '37132800001210000009',
        name: '',
        lon: null,
        lat: null,
        state: 'waiting',
        passages: 33,
        first_seen_at: iso(now - DAY_MS),
        last_seen_at: iso(now - 2 * HOUR_MS),
      },
    ],
  }
  let dispositions = is_empty
    ? []
    : [
        {
          platform_id: '37130000005020000001',
          platform_name: '市局视图库',
          platform_relation: 'superior',
          direction: 'in',
          id: '371300000000012026112308000000003',
          watch_order_id: null,
          title: '盗抢车辆',
          plate: '鲁QD5K27',
          priority: 1,
          reason: '11·22 盗抢案，车辆可能向东逃逸',
          applicant: '371300000000 刘警官',
          begin_at: iso(now - HOUR_MS),
          end_at: iso(now + 7 * DAY_MS),
          state: 'review',
          notices: 0,
          last_notice_at: null,
          last_error: null,
          decided_by: null,
          decided_at: null,
          decision_note: null,
          created_at: iso(now - HOUR_MS),
        },
      ]
  const list = (items) => ({ body: { items, total: items.length } })
  const set = (platform, { password_out, password_in, ...input }) =>
    Object.assign(
      platform,
      Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined && value !== null)),
      {
        has_password_out: platform.has_password_out || Boolean(password_out),
        has_password_in: platform.has_password_in || Boolean(password_in),
      },
    )

  return (method, [kind, id, action, direction, last], query, body, { problem }) => {
    switch (kind) {
      case 'platform-tests':
        return {
          body: body.password
            ? { is_ok: true, error: null, clock_difference_ms: 0, tollgates: 12 }
            : {
                is_ok: false,
                error: { key: 'wrong_password', detail: '', at: null },
                clock_difference_ms: null,
                tollgates: null,
              },
        }
      case 'platforms': {
        if (!id && method === 'POST') {
          const platform = set({ ...structuredClone(blank), id: body.id, name: body.id }, body)
          platforms.push(platform)
          return { body: platform }
        }
        if (!id) return list(platforms)
        const platform = platforms.find((it) => it.id === id)
        if (!platform) return problem(404, 'not-found', '没有这个平台。', '')
        if (action === 'subscriptions') {
          const held = (subscriptions[id] ??= [])
          if (method === 'POST' && !direction) {
            const made = {
              ...subscription,
              ...body,
              id: `3713270000000320261123120000${String(held.length).padStart(5, '0')}`,
              direction: 'out',
              state: 'wanted',
              title: body.title || `过车订阅 ${platform.name}`,
              notices: 0,
              objects: 0,
              lag_bytes: null,
              last_notice_at: null,
              renew_days: body.is_renewed ? body.days : 0,
            }
            held.push(made)
            return { body: made }
          }
          if (method === 'DELETE') {
            const one = held.find((it) => it.id === last)
            if (one.state === 'in_force') one.state = one.direction === 'out' ? 'ending' : 'ended'
            else held.splice(held.indexOf(one), 1)
            return { status: 204 }
          }
          return list(held)
        }
        if (action === 'tollgates') {
          const held = tollgates[id] ?? []
          if (last === 'admit') {
            held.find((it) => it.id === direction).state = 'admitted'
            platform.tollgates_waiting -= 1
            return { status: 204 }
          }
          return list(held)
        }
        if (method === 'DELETE') {
          platforms.splice(platforms.indexOf(platform), 1)
          return { status: 204 }
        }
        return { body: method === 'PATCH' ? set(platform, body) : platform }
      }
      case 'dispositions': {
        if (!id)
          return list(
            dispositions.filter((it) =>
              ['direction', 'state'].every((name) => !query.get(name) || it[name] === query.get(name)),
            ),
          )
        const one = dispositions.find((it) => it.id === action)
        dispositions = dispositions.map((it) =>
          it === one ? { ...it, state: direction === 'accept' ? 'in_force' : 'refused' } : it,
        )
        return list([one])
      }
      case 'watch-orders':
        return action === 'platforms' && method === 'POST' ? list([]) : null
      default:
        return null
    }
  }
}
