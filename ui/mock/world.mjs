// An invented county for working on the page without a server: places, roads, checkpoints, vehicles, warnings.
// Every name and plate is made up. The dice are seeded, so that screenshots can be compared.

let seed = 20261123
export const dice = () => {
  seed = (seed * 1664525 + 1013904223) >>> 0
  return seed / 2 ** 32
}
export const pick = (list) => list[Math.floor(dice() * list.length)]
const between = (low, high) => low + dice() * (high - low)
const iso = (ms) => new Date(ms).toISOString()

export const CENTER = { lon: 118.84, lat: 35.18 }
const TOWNS = [
  '云岭镇',
  '石桥镇',
  '柳河镇',
  '大泉镇',
  '青山乡',
  '沙湾镇',
  '河东街道',
  '城关街道',
  '白塔镇',
  '龙泉镇',
  '杨庄乡',
  '新集镇',
  '西岗镇',
  '南湖镇',
]
const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ'

export function randomPlate(color = 'blue') {
  const digits = (n) =>
    Array.from({ length: n }, () => (dice() < 0.22 ? LETTERS[Math.floor(dice() * 24)] : Math.floor(dice() * 10))).join(
      '',
    )
  const head = `鲁${pick(['Q', 'Q', 'Q', 'Q', 'L', 'B'])}`
  if (color === 'green') return `${head}D${digits(5).replace(/[A-Z]/g, '7')}`
  if (color === 'yellow_green') return `${head}${digits(5).replace(/[A-Z]/g, '3')}F`
  return head + digits(5)
}

const towns = TOWNS.map((name, index) => {
  const angle = (index / TOWNS.length) * Math.PI * 2 + 0.3
  const radius = index === 7 ? 0.01 : between(0.1, 0.24)
  return { name, lon: CENTER.lon + Math.cos(angle) * radius * 1.15, lat: CENTER.lat + Math.sin(angle) * radius * 0.8 }
})
const bend = (a, b, n = 14, sway = 0.02) => {
  const phase = between(0, 6)
  return Array.from({ length: n + 1 }, (_, i) => {
    const part = i / n
    const off = Math.sin(part * Math.PI) * Math.sin(part * 5 + phase) * sway
    return [a.lon + (b.lon - a.lon) * part + off * (b.lat - a.lat) * 4, a.lat + (b.lat - a.lat) * part + off]
  })
}
const road = (cls, name, ref, coordinates) => ({
  type: 'Feature',
  properties: { class: cls, name, ref },
  geometry: { type: 'LineString', coordinates },
})
const at = (lon, lat) => ({ lon, lat })

export const roads = {
  type: 'FeatureCollection',
  features: [
    road('expressway', '长深高速', 'G25', bend(at(118.66, 35.44), at(118.72, 34.92))),
    road('expressway', '岚曹高速', 'S38', bend(at(118.52, 35.08), at(119.18, 35.12))),
    road('national', '205国道', 'G205', bend(at(118.88, 35.45), at(118.83, 34.92))),
    road('national', '342国道', 'G342', bend(at(118.53, 35.24), at(119.17, 35.2))),
    road('provincial', '225省道', 'S225', bend(at(119.03, 35.44), at(118.98, 34.93))),
    road('provincial', '314省道', 'S314', bend(at(118.54, 35.33), at(119.15, 35.31))),
    ...towns.map((town, i) => road('county', `县道${i + 1}`, null, bend(CENTER, town, 10))),
    ...towns.map((town, i) => road('township', '', null, bend(town, towns[(i + 1) % towns.length], 10))),
    ...towns.flatMap((town) =>
      Array.from({ length: 7 }, () =>
        road(
          'village',
          '',
          null,
          bend(town, at(town.lon + between(-0.06, 0.06), town.lat + between(-0.045, 0.045)), 6),
        ),
      ),
    ),
    ...Array.from({ length: 7 }, (_, i) =>
      road(
        'street',
        ['人民路', '解放街', '振兴路', '文化路', '隆山路', '天桥路', '滨河路'][i],
        null,
        bend(
          at(CENTER.lon - 0.035, CENTER.lat - 0.024 + i * 0.008),
          at(CENTER.lon + 0.035, CENTER.lat - 0.024 + i * 0.008),
          4,
          0.001,
        ),
      ),
    ),
    ...Array.from({ length: 7 }, (_, i) =>
      road(
        'street',
        '',
        null,
        bend(
          at(CENTER.lon - 0.03 + i * 0.01, CENTER.lat - 0.028),
          at(CENTER.lon - 0.03 + i * 0.01, CENTER.lat + 0.028),
          4,
          0.001,
        ),
      ),
    ),
  ],
}
const ring = Array.from({ length: 60 }, (_, i) => {
  const angle = (i / 60) * Math.PI * 2
  const r = 0.27 + 0.025 * Math.sin(angle * 3 + 1) + 0.015 * Math.sin(angle * 7)
  return [CENTER.lon + Math.cos(angle) * r * 1.15, CENTER.lat + Math.sin(angle) * r * 0.86]
})
export const places = {
  type: 'FeatureCollection',
  features: [
    {
      type: 'Feature',
      properties: { kind: 'boundary', name: '安和县' },
      geometry: { type: 'Polygon', coordinates: [[...ring, ring[0]]] },
    },
    {
      type: 'Feature',
      properties: { kind: 'county', name: '安和县' },
      geometry: { type: 'Point', coordinates: [CENTER.lon, CENTER.lat] },
    },
    ...towns.map((it) => ({
      type: 'Feature',
      properties: { kind: 'township', name: it.name },
      geometry: { type: 'Point', coordinates: [it.lon, it.lat] },
    })),
    ...towns.flatMap((town) =>
      Array.from({ length: 5 }, (_, i) => ({
        type: 'Feature',
        properties: {
          kind: 'village',
          name: `${pick(['王', '李', '赵', '孙', '杨', '刘'])}家${pick(['庄', '岭', '沟', '村'])}${i + 1}`,
        },
        geometry: { type: 'Point', coordinates: [town.lon + between(-0.06, 0.06), town.lat + between(-0.045, 0.045)] },
      })),
    ),
  ],
}
export const mapConfig = {
  center: CENTER,
  bounds: [118.52, 34.93, 119.17, 35.43],
  basemap: { kind: 'none', datum: 'wgs84' },
}

const THEATRES = {
  expressway: 'expressway',
  national: 'national_provincial',
  provincial: 'national_provincial',
  county: 'rural',
  township: 'rural',
  street: 'urban',
}
export function makeCheckpoints(now) {
  const usable = roads.features.filter((it) => it.properties.class !== 'village')
  return Array.from({ length: 60 }, (_, i) => {
    const feature = usable[(i * 7) % usable.length]
    const line = feature.geometry.coordinates
    const [lon, lat] = line[1 + Math.floor(dice() * (line.length - 2))]
    const state = i % 17 === 5 ? 'offline' : i % 13 === 4 ? 'silent' : 'online'
    return {
      id: `371327000012100${String(i).padStart(5, '0')}`,
      name: `${feature.properties.ref ?? (feature.properties.name || '乡道')}${pick(['收费站', '大桥', '路口', '岔路', '检查站', '东'])}${(i % 9) + 1}`,
      theatre: THEATRES[feature.properties.class],
      road: feature.properties.name,
      chainage_m: 12_000 + i * 130,
      direction: pick(['up', 'down']),
      lane_count: 2,
      limit_kmh: i % 4 ? 80 : null,
      limit_large_kmh: i % 4 ? 60 : null,
      one_way: null,
      unit_id: i % 3 === 0 ? null : 3 + (i % 2),
      lon,
      lat,
      state,
      last_passage_at: iso(now - between(1e3, 3e5)),
      passages_today: Math.floor(between(800, 14_000)),
    }
  })
}

const KEY_CLASSES = [
  'scheduled_coach',
  'tour_coach',
  'dangerous_goods',
  'heavy_goods',
  'heavy_goods',
  'heavy_goods',
  'school_bus',
]
export function makeKeyVehicles(now, count = 90) {
  return Array.from({ length: count }, (_, i) => {
    const line = roads.features[i % 40].geometry.coordinates
    const online = dice() > 0.12
    return {
      plate: randomPlate('yellow'),
      plate_class: '01',
      plate_color: 'yellow',
      key_class: pick(KEY_CLASSES),
      lon: line[0][0],
      lat: line[0][1],
      speed_kmh: online ? between(0, 88) : 0,
      heading_deg: 0,
      at: iso(now - (online ? 900 : 3e6)),
      online,
      device_id: `0139${String(i).padStart(8, '0')}`,
      _line: line,
      _along: dice(),
      _step: between(0.0006, 0.0022) * (dice() < 0.5 ? -1 : 1),
    }
  })
}
export function drive(vehicle, now) {
  if (!vehicle.online || vehicle.speed_kmh < 3) return
  vehicle._along += vehicle._step
  if (vehicle._along > 1 || vehicle._along < 0) vehicle._step = -vehicle._step
  const place = Math.min(0.9999, Math.max(0, vehicle._along)) * (vehicle._line.length - 1)
  const [a, b] = [vehicle._line[Math.floor(place)], vehicle._line[Math.floor(place) + 1]]
  const part = place % 1
  const sign = Math.sign(vehicle._step)
  vehicle.lon = a[0] + (b[0] - a[0]) * part
  vehicle.lat = a[1] + (b[1] - a[1]) * part
  vehicle.heading_deg = ((Math.atan2((b[0] - a[0]) * 0.82 * sign, (b[1] - a[1]) * sign) * 180) / Math.PI + 360) % 360
  vehicle.at = iso(now)
}

const MODELS = [
  'watch_order',
  'average_speed',
  'fatigue',
  'night_coach',
  'device_alarm',
  'overdue_inspection',
  'overdue_scrapping',
  'unhandled_offences',
  'clone_plate',
  'fake_plate',
  'hidden_plate',
  'spot_speed',
  'wrong_way',
  'overload',
  'camera_report',
  'passage_fatigue',
  'driving_time',
  'dangerous_goods',
  'zone_ban',
  'no_exit',
  'terminal_silent',
  'terminal_elsewhere',
  'rule',
]
const LEVEL = {
  clone_plate: 'high',
  fake_plate: 'high',
  hidden_plate: 'medium',
  spot_speed: 'medium',
  wrong_way: 'high',
  overload: 'medium',
  camera_report: 'low',
  passage_fatigue: 'medium',
  driving_time: 'medium',
  dangerous_goods: 'high',
  zone_ban: 'medium',
  no_exit: 'low',
  terminal_silent: 'medium',
  terminal_elsewhere: 'medium',
  rule: 'medium',
  watch_order: 'high',
  average_speed: 'medium',
  fatigue: 'high',
  night_coach: 'high',
  device_alarm: 'medium',
  overdue_inspection: 'low',
  overdue_scrapping: 'medium',
  unhandled_offences: 'low',
}
const confuse = (plate) => plate.replace(/[8B0D]/, (c) => ({ 8: 'B', B: '8', 0: 'D', D: '0' })[c])

function detailOf(model, plate, now) {
  switch (model) {
    case 'watch_order': {
      const read = confuse(plate)
      return {
        type: model,
        order_id: 12,
        ordered_plate: plate,
        read_plate: read,
        score: read === plate ? 1 : 0.93,
        is_misread: read !== plate,
        doubtful: [...read].flatMap((c, i) => (c === [...plate][i] ? [] : [i])),
        reason: '11·19 交通肇事逃逸嫌疑车辆',
      }
    }
    case 'average_speed':
      return {
        type: model,
        section_id: 's1',
        section_name: 'G205 石桥—柳河',
        length_m: 8240,
        elapsed_ms: 251_400,
        speed_kmh: 118,
        limit_kmh: 80,
        over_percent: 47.5,
      }
    case 'fatigue':
      return {
        type: model,
        drive_started_at: iso(now - 4.4 * 3.6e6),
        driven_minutes: 263,
        limit_minutes: 240,
        is_night: false,
      }
    case 'night_coach':
      return {
        type: model,
        night: iso(now).slice(0, 10),
        first_moving_at: iso(now - 3e6),
        moving_minutes: 24,
        window: '02:00–05:00',
      }
    case 'device_alarm':
      return {
        type: model,
        kind: pick(['dsm_phone', 'dsm_fatigue', 'overspeed', 'dsm_smoking']),
        count: 3,
        first_at: iso(now - 4e5),
        last_at: iso(now),
        level: 2,
      }
    case 'overdue_inspection':
      return { type: model, valid_until: '2026-07-31', overdue_days: 115 }
    case 'overdue_scrapping':
      return { type: model, scrap_by: '2025-12-31', overdue_days: 327 }
    case 'clone_plate':
      return {
        type: model,
        evidence: 'journey',
        from_checkpoint_id: 'a',
        from_checkpoint_name: 'G205石桥大桥',
        to_checkpoint_id: 'b',
        to_checkpoint_name: 'S225沙湾检查站',
        elapsed_ms: 412_000,
        shortest_ms: 1_560_000,
        contradiction_count: 2,
        first_at: iso(now - 9e6),
      }
    case 'fake_plate':
      return { type: model, plate, sighting_count: 6, place_count: 3, first_at: iso(now - 2e7) }
    case 'hidden_plate':
      return { type: model, sighting_count: 4, first_at: iso(now - 2e7), is_covered: true }
    case 'spot_speed':
      return { type: model, speed_kmh: 97, limit_kmh: 60, over_percent: 61 }
    case 'wrong_way':
      return { type: model, direction: 4, is_reported: false }
    case 'overload':
      return { type: model, total_kg: 71_300, limit_kg: 49_000, over_percent: 45, axle_count: 6, is_hundred_ton: false }
    case 'camera_report':
      return { type: model, behaviour: 'carrying_people' }
    case 'passage_fatigue':
      return {
        type: model,
        drive_started_at: iso(now - 1.6e7),
        driven_minutes: 266,
        limit_minutes: 240,
        is_night: false,
      }
    case 'driving_time':
      return { type: model, window_hours: 24, window_from: iso(now - 8e7), driven_minutes: 521, limit_minutes: 480 }
    case 'dangerous_goods':
      return { type: model, is_hours: false, zone_id: null, zone_name: null, first_at: iso(now - 6e5) }
    case 'zone_ban':
      return { type: model, zone_id: 'z1', zone_name: '城区货车限行区', first_at: iso(now - 6e5) }
    case 'no_exit':
      return {
        type: model,
        section_id: 's1',
        section_name: 'G205 石桥—柳河',
        entered_at: iso(now - 5e6),
        expected_minutes: 25,
      }
    case 'terminal_silent':
      return { type: model, seen_at: iso(now), last_report_at: iso(now - 9e6), silent_minutes: 95 }
    case 'terminal_elsewhere':
      return { type: model, seen_at: iso(now), distance_m: 14_200 }
    case 'rule':
      return {
        type: model,
        rule_id: 'r1',
        rule_version: 1,
        rule_name: '面包车频繁往返',
        values: [
          { name: 'places(120)', value: '6' },
          { name: 'vehicle.key_class', value: 'minivan' },
        ],
      }
    default:
      return { type: model, count: 7, threshold: 5 }
  }
}
const TITLES = {
  clone_plate: [
    '套牌嫌疑',
    '同一号牌先后出现在两处卡口，校准相机时钟后仅隔 6 分 52 秒，而两地间最短行程时间为 26 分，一辆车无法做到。',
  ],
  fake_plate: ['假牌嫌疑', '号牌在本地登记库中不存在，在 3 处卡口被识读 6 次，结果一致。'],
  hidden_plate: ['号牌遮挡', '该车 4 次通过卡口，相机报告号牌被遮挡或污损。'],
  spot_speed: ['单点超速 61%', '卡口测得车速 97 km/h，该车型限速 60 km/h。'],
  wrong_way: ['逆行', '该处只准单方向通行，该车行驶方向与规定方向相反。'],
  overload: ['超限超载 45%', '动态称重总质量 71.3 吨，6 轴车辆限值 49 吨（GB 1589）。'],
  camera_report: ['违法载人', '相机识别到“违法载人”，请核对图片后处置。'],
  passage_fatigue: ['卡口推算疲劳驾驶', '按卡口过车推算，连续驾驶 4 小时 26 分。'],
  driving_time: ['累计驾驶超时', '24 小时内累计驾驶 8 小时 41 分，超过 8 小时的限值。'],
  dangerous_goods: ['危货车驶离路线', '危险货物运输车辆驶离规定的通行路线。'],
  zone_ban: ['违反限行：城区货车限行区', '该车进入限行区域，正值限行时段，且无通行证。'],
  no_exit: ['区间滞留', '该车驶入区间后超过 25 分钟未驶出。'],
  terminal_silent: ['终端失联', '该车通过卡口，而车载终端 95 分钟没有任何上报。'],
  terminal_elsewhere: ['车、终端位置不符', '卡口所见位置与终端所报位置相距 14.2 千米。'],
  rule: ['面包车频繁往返', '两小时内经过 6 处卡口，符合规则“面包车频繁往返”第 1 版。'],
  watch_order: ['布控车辆（疑似误识）', '疑似布控号牌，请核对图片后拦截。原始识别与布控号牌有一处不同，属常见误读。'],
  average_speed: ['区间超速 47%', '车辆用 4 分 11 秒通过 8.24 公里的区间，平均车速 118 km/h，超过限速 47.5%。'],
  fatigue: ['疲劳驾驶', '车辆连续行驶 4 小时 23 分，期间没有满 20 分钟的停车休息。'],
  night_coach: ['客车凌晨违规运行', '客车在 02:00–05:00 持续行驶，未落地休息。'],
  device_alarm: ['车载终端报警：接打电话', '主动安全终端在 6 分钟内报警 3 次。'],
  overdue_inspection: ['逾期未检验', '登记的检验有效期止于 2026-07-31，车辆仍在路上行驶。'],
  overdue_scrapping: ['逾期未报废', '车辆已过强制报废期，仍在路上行驶。'],
  unhandled_offences: ['多次违法未处理', '车辆有 7 起违法未处理，达到 5 起的预警门槛。'],
}
let seq = 0
export function makeWarning(checkpoints, now, ago_ms = 0, model = pick(MODELS)) {
  const coach = ['fatigue', 'night_coach', 'device_alarm'].includes(model)
  const color = coach ? 'yellow' : pick(['blue', 'blue', 'blue', 'green', 'yellow', 'yellow_green'])
  const plate =
    model === 'watch_order' ? `鲁Q${Math.floor(between(1, 9))}B${Math.floor(between(100, 999))}` : randomPlate(color)
  const checkpoint = pick(checkpoints)
  const occurred = now - ago_ms
  const historical = ago_ms > 20 * 60_000
  seq += 1
  return {
    id: `w${String(seq).padStart(6, '0')}`,
    seq,
    model,
    model_version: 1,
    level: LEVEL[model],
    state: 'raised',
    version: 1,
    subject: {
      plate,
      plate_class: color === 'yellow' ? '01' : color === 'green' ? '52' : '02',
      plate_color: color,
      raw_text: plate,
      device: coach ? '013912345678' : null,
    },
    place: {
      checkpoint_id: checkpoint.id,
      checkpoint_name: checkpoint.name,
      description: checkpoint.name,
      theatre: checkpoint.theatre,
      lon: checkpoint.lon,
      lat: checkpoint.lat,
    },
    occurred_at: iso(occurred),
    raised_at: iso(Math.min(now, occurred + 300)),
    actionable_until: iso(occurred + 15 * 60_000),
    is_actionable: !historical,
    is_historical: historical,
    title: TITLES[model][0],
    explanation: TITLES[model][1],
    detail: detailOf(model, plate, occurred),
    evidence_count: 2,
    picture_ids: [`p${seq}a`, `p${seq}b`],
    signed_by: null,
    signed_at: null,
    withdrawn_reason: null,
    verdict: null,
    group_id: `w${String(seq).padStart(6, '0')}`,
    group_count: 1,
    hidden: null,
  }
}
/** Some repeats, a hidden one and a judged one among them. */
export function grouped(warnings) {
  warnings.forEach((it, i) => {
    if (i % 14 === 12) {
      const members = [it, ...warnings.slice(i + 1, i + 3)]
      for (const member of members) Object.assign(member, { group_id: it.id, group_count: members.length })
    }
    if (i % 19 === 18) it.hidden = { kind: pick(['stronger', 'silenced', 'maintenance']), by: warnings[0].id }
    if (i % 9 === 8)
      Object.assign(it, {
        state: 'signed',
        version: 3,
        signed_by: '李强',
        signed_at: it.raised_at,
        verdict: {
          verdict: pick(['confirmed', 'misread']),
          name: '',
          by: 'liqiang',
          at: it.raised_at,
          note: '现场核对',
        },
      })
  })
  return warnings
}
export function evidenceOf(warning, checkpoints) {
  const base = Date.parse(warning.occurred_at)
  return [-251_400, 0].map((shift, i) => {
    const checkpoint = i
      ? checkpoints.find((it) => it.id === warning.place.checkpoint_id)
      : checkpoints[(warning.seq * 3) % checkpoints.length]
    return {
      observation_id: `${warning.id}-${i}`,
      kind: 'passage',
      captured_at: iso(base + shift),
      received_at: iso(base + shift + (warning.is_historical ? 4e6 : 700)),
      device_id: checkpoint.id,
      checkpoint_id: checkpoint.id,
      checkpoint_name: checkpoint.name,
      description: checkpoint.name,
      lane: 1 + i,
      direction: 1,
      speed_kmh: 76 + i * 9,
      plate_text: warning.detail.read_plate ?? warning.subject.plate,
      plate_confidence: 91,
      plate_color: warning.subject.plate_color,
      vehicle_color: 'A',
      vehicle_class: 'K33',
      alarm: null,
      behaviours: warning.model === 'camera_report' && i ? [{ key: 'carrying_people', name: '违法载人' }] : [],
      weighing:
        warning.model === 'overload' && i
          ? {
              total_kg: 71_300,
              axles_kg: [6200, 11_000, 13_500, 13_500, 13_600, 13_500],
              axle_count: 6,
              is_train: true,
            }
          : null,
      lon: checkpoint.lon,
      lat: checkpoint.lat,
      picture_ids: [warning.picture_ids[i]],
    }
  })
}
