// The lists beside the command page: devices, register, watch orders, passages, models.
import { dice, pick, randomPlate } from './world.mjs'

const iso = (ms) => new Date(ms).toISOString()

export function lists(state, is_empty) {
  const now = Date.now()
  const some = (count, make) => (is_empty ? [] : Array.from({ length: count }, (_, i) => make(i)))
  const devices = [
    ...state.checkpoints.map((it, i) => ({
      id: it.id,
      kind: 'camera',
      name: `${it.name} 抓拍机`,
      state: it.state,
      is_enabled: true,
      vehicle_plate: null,
      plate_color: null,
      checkpoint_ids: [it.id],
      username: `cam${i}`,
      has_credential: true,
      has_cipher: false,
      address: `10.37.${i}.12`,
      last_seen_at: it.last_passage_at,
      connected_since: iso(now - 9e6),
      observations_today: it.passages_today,
      clock_offset_ms: Math.round(dice() * 5000 - 2000),
      edition: 'GA/T 1400.4',
    })),
    ...state.vehicles.map((it) => ({
      id: it.device_id,
      kind: 'terminal',
      name: `${it.plate} 终端`,
      state: it.online ? 'online' : 'offline',
      is_enabled: true,
      vehicle_plate: it.plate,
      plate_color: it.plate_color,
      checkpoint_ids: [],
      username: null,
      has_credential: true,
      has_cipher: false,
      address: '10.8.0.9',
      last_seen_at: it.at,
      connected_since: iso(now - 4e6),
      observations_today: 4211,
      clock_offset_ms: 120,
      edition: 'JT/T 808-2019',
    })),
    ...some(1, () => ({
      id: '3799001',
      kind: 'fleet',
      name: '市道路运输车辆动态监管平台',
      state: 'online',
      is_enabled: true,
      vehicle_plate: null,
      plate_color: null,
      checkpoint_ids: [],
      username: '1001',
      has_credential: true,
      has_cipher: false,
      registered_address: null,
      address: '10.9.1.20:41200',
      last_seen_at: iso(now - 4000),
      connected_since: iso(now - 4e6),
      observations_today: 18_204,
      clock_offset_ms: null,
      edition: '2011',
    })),
  ]
  let refused = some(3, (i) => ({
    kind: i === 2 ? 'camera' : 'terminal',
    id: i === 2 ? '37132700001210099999' : `01391234500${i}`,
    address: `10.9.0.${i + 4}:52110`,
    first_seen_at: iso(now - 5e6),
    last_seen_at: iso(now - 2e4),
    attempts: 14 + i * 9,
    reason: ['unknown', 'wrong_password', 'unknown'][i],
    detail: i ? null : '鲁Q·T0072 · 厂商 70108',
  }))
  const REASONS = ['bad_checksum', 'short_body', 'unknown_message', 'bad_json']
  const quarantine = some(17, (i) => ({
    id: i + 1,
    at: iso(now - i * 9e5),
    source: i % 4 === 3 ? 'camera' : 'terminal',
    device_id: i % 3 ? '013900000042' : null,
    address: '10.8.0.9:41022',
    reason: REASONS[i % 4],
    detail: '校验和 0x5A，应为 0x3C',
    bytes_len: 61,
  }))
  const vehicles = some(3000, (i) => {
    const color = pick(['blue', 'blue', 'yellow', 'green', 'yellow_green'])
    const days = Math.floor(dice() * 900) - 200
    return {
      plate: randomPlate(color),
      plate_class: color === 'yellow' ? '01' : color === 'green' ? '52' : '02',
      plate_color: color,
      vehicle_type: pick(['K33', 'H31', 'K11', 'K32']),
      use: pick(['A', 'B', 'E', 'F', 'R']),
      key_class: pick([null, null, 'minivan', 'heavy_goods', 'scheduled_coach', 'dangerous_goods']),
      color: pick([...'AJBEH']),
      owner: pick(['顺达客运有限公司', '宏运物流有限公司', '王某某', '李某某', '安和县公共交通公司']),
      inspection_valid_until: iso(now + days * 864e5).slice(0, 10),
      scrap_by: i % 9 ? null : iso(now + (days - 100) * 864e5).slice(0, 10),
      unhandled_offences: i % 7 === 0 ? Math.floor(dice() * 9) : 0,
      is_night_exempt: false,
      version: 1,
    }
  })
  const orders = some(14, (i) => ({
    id: i + 1,
    plate: randomPlate(),
    plate_class: '02',
    reason: pick(['11·19 交通肇事逃逸嫌疑车辆', '套牌嫌疑', '报废车上路', '涉酒逃避检查']),
    legal_basis: '《道路交通安全法》第八十九条',
    level: pick(['high', 'medium', 'low']),
    from: iso(now - i * 864e5),
    until: iso(now + (12 - i) * 864e5),
    state: i > 11 ? 'ended' : i > 9 ? 'withdrawn' : 'in_force',
    created_by: '王磊',
    created_at: iso(now - i * 864e5),
    withdrawn_by: i > 9 ? '李强' : null,
    withdrawn_at: null,
    withdraw_reason: i > 9 ? '车辆已查获' : null,
    hits: Math.floor(dice() * 6),
  }))
  const passages = some(400, (i) => {
    const checkpoint = pick(state.checkpoints)
    const color = pick(['blue', 'blue', 'blue', 'green', 'yellow'])
    const plate = randomPlate(color)
    return {
      observation_id: `o${i}`,
      captured_at: iso(now - i * 700),
      received_at: iso(now - i * 700 + 600),
      checkpoint_id: checkpoint.id,
      checkpoint_name: checkpoint.name,
      lane: 1 + (i % 2),
      direction: checkpoint.direction,
      plate_text: plate,
      plate,
      plate_color: color,
      plate_confidence: Math.round(80 + dice() * 20),
      vehicle_class: 'K33',
      vehicle_color: 'A',
      speed_kmh: 30 + dice() * 70,
      picture_ids: [`p${i}a`],
    }
  })
  const matches = (it, query, ...fields) =>
    !query.get('q') || fields.some((field) => String(it[field] ?? '').includes(query.get('q')))

  return (method, [kind, id, action], query, body, { slice, problem }) => {
    switch (kind) {
      case 'devices':
        if (method === 'PATCH') {
          const device = devices.find((it) => it.kind === id && it.id === action)
          const { cipher, password, ...change } = body
          Object.assign(
            device,
            change,
            cipher ? { has_cipher: cipher.m1 > 0 } : {},
            password ? { has_credential: true } : {},
          )
          return { body: device }
        }
        return {
          body: slice(
            devices.filter(
              (it) =>
                (!query.get('kind') || it.kind === query.get('kind')) &&
                (!query.get('state') || it.state === query.get('state')) &&
                matches(it, query, 'id', 'name', 'vehicle_plate'),
            ),
            query,
          ),
        }
      case 'refused-devices': {
        if (!id) return { body: slice(refused, query) }
        const device = refused.find((it) => it.id === action)
        refused = refused.filter((it) => it !== device)
        return {
          body: {
            device: { ...devices[0], ...device },
            password: device.kind === 'camera' ? 'k7qm2xvd94rtbc3w' : null,
          },
        }
      }
      case 'quarantine':
        if (id)
          return {
            body: {
              ...quarantine[Number(id) - 1],
              hex: '7e020000351390000000420a1f00000000000c00020217a1c80715ab2000320258003c2611231431360104000013882a0200005a7e',
              text: null,
            },
          }
        return {
          body: {
            ...slice(
              quarantine.filter((it) => !query.get('reason') || it.reason === query.get('reason')),
              query,
            ),
            counts_by_reason: quarantine.reduce((sum, it) => ({ ...sum, [it.reason]: (sum[it.reason] ?? 0) + 1 }), {}),
          },
        }
      case 'vehicles': {
        const one = vehicles.find((it) => it.plate === id && it.plate_class === action)
        if (id && method === 'PUT')
          return one && body.version !== one.version
            ? problem(409, 'conflict', '档案已被修改', '李强刚刚修改了这辆车的档案。')
            : { body: Object.assign(one ?? {}, body, { version: body.version + 1 }) }
        if (id)
          return {
            body: {
              vehicle: one ?? vehicles[0],
              warnings: state.warnings.slice(0, 4),
              last_seen: { at: iso(now - 9e5), speed_kmh: 52 },
            },
          }
        const today = iso(now).slice(0, 10)
        return {
          body: slice(
            vehicles.filter(
              (it) =>
                matches(it, query, 'plate', 'owner') &&
                (!query.get('key_class') || it.key_class === query.get('key_class')) &&
                (!query.get('overdue') || it.inspection_valid_until < today),
            ),
            query,
          ),
        }
      }
      case 'imports':
        if (action === 'template') return { csv: '\ufeff号牌号码,号牌种类\r\n' }
        if (id === 'units') {
          const { units } = state.people
          const parent_id = units.find((it) => it.kind === 'brigade')?.id ?? null
          const fresh = { code: 'JD01', location: null, is_enabled: true, parent_id, kind: 'squad', name: '机动中队' }
          units.push({ ...fresh, id: units.length + 1 })
          return {
            body: {
              ...{ rows: 3, accepted: 1, inserted: 1, updated: 0, unchanged: 0, rejected: 2 },
              errors: [
                { row: 3, column: '上级编码', message: '“DD99”不是已有或表中单位的编码' },
                { row: 4, column: '单位类型', message: '“小队”不是单位类型' },
              ],
            },
          }
        }
        if (id === 'crashes') {
          state.crashes.unshift({ ...state.crashes[0], id: 'SG20261128-0900', source: 'file', source_number: 'A900' })
          return {
            body: {
              ...{ rows: 2, accepted: 1, inserted: 1, updated: 0, unchanged: 0, rejected: 1 },
              errors: [{ row: 3, column: '事故类型', message: '“死亡”与死伤人数不符' }],
            },
          }
        }
        return {
          body: {
            rows: 120,
            accepted: 117,
            rejected: 3,
            errors: [
              { row: 14, column: '号牌号码', message: '“鲁QI2345”不是号牌：序号中没有字母 I' },
              { row: 57, column: '检验有效期止', message: '“2026-13-01”不是日期' },
              { row: 98, column: '号牌种类', message: '没有代码“88”' },
            ],
          },
        }
      case 'watch-orders':
        if (action === 'withdraw')
          return {
            body: Object.assign(
              orders.find((it) => String(it.id) === id),
              { state: 'withdrawn', withdraw_reason: body.reason },
            ),
          }
        if (method === 'POST') {
          if (!/^[\u4e00-\u9fa5][A-Z]/.test(body.plate))
            return problem(422, 'invalid', '布控没有保存', '请检查标出的项目。', [
              { column: 'plate', message: '这不是一个号牌' },
            ])
          orders.unshift({
            ...orders[0],
            ...body,
            id: orders.length + 1,
            state: 'in_force',
            from: iso(Date.now()),
            hits: 0,
          })
          return { body: orders[0] }
        }
        return {
          body: slice(
            orders.filter(
              (it) => (!query.get('state') || it.state === query.get('state')) && matches(it, query, 'plate', 'reason'),
            ),
            query,
          ),
        }
      case 'passages':
        return {
          body: slice(
            passages.filter(
              (it) =>
                (!query.get('checkpoint') || it.checkpoint_id === query.get('checkpoint')) &&
                (!query.get('plate') || it.plate.includes(query.get('plate'))),
            ),
            query,
          ),
        }
      case 'system':
        return {
          body: {
            version: '0.1.0',
            started_at: iso(now - 9e6),
            clock: 'system',
            journal: { first: 0, end: 1_812_334, bytes: 402_653_184, segments: 7, records_since_start: 41_207 },
            pages_connected: 2,
            disk_free_bytes: 81_604_378_624,
            judgement: { offset: 1_812_334, lag_ms: 0 },
            limits: [
              { name: 'connections_max', value: 5000 },
              { name: 'body_bytes_max', value: 67_108_864 },
            ],
          },
        }
      default:
        return null
    }
  }
}
