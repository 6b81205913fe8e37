// Passages of years, as the server tells them: one vehicle goes its way to work and back, others come by chance.
import { dice, pick, randomPlate, roads } from './world.mjs'

const iso = (ms) => new Date(ms).toISOString()
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const CHINA_MS = 8 * HOUR_MS
/** The vehicle that has a way. */
export const TRACED = '鲁Q12845'
const MISREADS = [
  { plate: '鲁Q12B45', likelihood_permille: 120 },
  { plate: '鲁Q12345', likelihood_permille: 35 },
  { plate: '鲁Q12-45', likelihood_permille: null },
]
const BUSY = Array.from(
  { length: 24 },
  (_, hour) => 0.1 + Math.exp(-((hour - 8) ** 2) / 6) + Math.exp(-((hour - 18) ** 2) / 8),
)

export function history(state, is_empty) {
  const now = Date.now()
  const on = state.checkpoints.filter((it) => it.state === 'online')
  const way = on.filter((_, i) => i % 7 === 2).slice(0, 6)
  // A place off the way: only a misread was ever seen there, whatever the hour of the day.
  const aside = on.filter((_, i) => i % 7 === 4)[0]
  const make = (at, checkpoint, plate, color, more = {}) => ({
    observation_id: '',
    kind: 'passage',
    captured_at: iso(at),
    received_at: iso(at + 700),
    device_id: checkpoint.id,
    checkpoint_id: checkpoint.id,
    checkpoint_name: checkpoint.name,
    description: checkpoint.name,
    lane: 1 + (Math.floor(at / 1000) % 2),
    direction: 1 + (Math.floor(at / 60_000) % 4),
    plate_text: plate,
    plate: plate.includes('-') ? null : plate,
    plate_color: color,
    plate_confidence: 84 + (Math.floor(at / 1000) % 16),
    vehicle_class: pick(['K33', 'K33', 'K31', 'H31', 'H11']),
    vehicle_color: pick([...'AABBJHE']),
    speed_kmh: 28 + dice() * 60,
    alarm: null,
    behaviours: [],
    weighing: null,
    lon: checkpoint.lon,
    lat: checkpoint.lat,
    picture_ids: [`p${Math.floor(at / 1000) % 97}a`, `p${Math.floor(at / 1000) % 97}b`],
    ...more,
  })
  const rows = []
  if (!is_empty) {
    for (let i = 0; i < 900; i++) {
      const color = pick(['blue', 'blue', 'blue', 'green', 'yellow'])
      rows.push(make(now - i * 95_000 - dice() * 60_000, pick(on), randomPlate(color), color))
    }
    const today = Math.floor((now + CHINA_MS) / DAY_MS) * DAY_MS - CHINA_MS
    for (let day = 0; day < 26; day++) {
      if (day % 7 === 3) continue
      for (const [hour, places] of [
        [7.4, way],
        [17.8, [...way].reverse()],
      ]) {
        places.forEach((checkpoint, i) => {
          const at = today - day * DAY_MS + hour * HOUR_MS + i * 7 * 60_000 + dice() * 90_000
          if (at > now || dice() < 0.12) return
          const misread = dice() < 0.06 ? pick(MISREADS).plate : TRACED
          rows.push(make(at, checkpoint, misread, 'blue', { vehicle_class: 'K33', vehicle_color: 'A' }))
        })
      }
    }
    rows.push(make(now - 40 * 60_000, way[0], TRACED, 'blue', { vehicle_class: 'K33', vehicle_color: 'A' }))
    rows.push(make(now - 33 * 60_000, aside, MISREADS[0].plate, 'blue', { vehicle_class: 'K33', vehicle_color: 'A' }))
    rows.push(make(now - 26 * 60_000, way[2], TRACED, 'blue', { vehicle_class: 'K33', vehicle_color: 'A' }))
  }
  rows.sort((a, b) => a.captured_at.localeCompare(b.captured_at))
  rows.forEach((it, i) => (it.observation_id = String(1000 + i)))

  const verification = {
    last: is_empty
      ? null
      : {
          began_at: iso(now - 2 * DAY_MS),
          ended_at: iso(now - 2 * DAY_MS + 5 * HOUR_MS),
          files: 318,
          bytes: 53_411_000_000,
          damaged: 1,
          damaged_paths: ['passages/by=plate/month=2026-08/000041.parquet'],
        },
    running: null,
  }
  const settings = {
    passages_arrival_days: 1098,
    passages_plate_days: 1098,
    positions_arrival_days: 366,
    positions_plate_days: 366,
    others_days: null,
  }
  const jobs = []
  const JOB_MS = 2_500
  function jobView(job) {
    const share = Math.min(1, (Date.now() - job.began) / JOB_MS)
    const is_over = job.is_cancelled || share === 1
    return {
      id: job.id,
      kind: 'history_export',
      title: '',
      state: job.is_cancelled ? 'cancelled' : share === 1 ? 'done' : 'running',
      done: Math.round(share * 400_000),
      total: share === 1 ? 400_000 : null,
      is_stopping: false,
      parameters: job.parameters,
      result:
        is_over && !job.is_cancelled
          ? { rows: 400_000, bytes: 61_400_000, files: [`passages.${job.parameters.format}`], damaged_segments: [] }
          : null,
      problem: null,
      created_by: state.user.username,
      created_at: iso(job.began),
      started_at: iso(job.began),
      ended_at: is_over ? iso(job.began + JOB_MS) : null,
    }
  }

  /** `?` one symbol, `*` any number; a plain part may stand anywhere. */
  function pattern(text) {
    const part = text
      .replace(/[.\\+^$()[\]{}|]/g, '\\$&')
      .replaceAll('?', '.')
      .replaceAll('*', '.*')
    return new RegExp(/[?*]/.test(text) ? `^${part}$` : part)
  }
  function found(query) {
    const plate = query.get('plate') ? pattern(query.get('plate')) : null
    const places = query.get('checkpoint')?.split(',')
    const theatre = query.get('theatre')
    const from = query.get('from')
    const to = query.get('to')
    return rows.filter(
      (it) =>
        (!from || it.captured_at >= from) &&
        (!to || it.captured_at <= to) &&
        (!plate || plate.test(it.plate_text)) &&
        (!places || places.includes(it.checkpoint_id)) &&
        (!theatre || state.checkpoints.some((at) => at.id === it.checkpoint_id && at.theatre === theatre)) &&
        (!query.get('plate_color') || it.plate_color === query.get('plate_color')) &&
        (!query.get('vehicle_color') || it.vehicle_color === query.get('vehicle_color')) &&
        (!query.get('vehicle_type') || it.vehicle_class.startsWith(query.get('vehicle_type'))) &&
        (!query.get('speed_min') || it.speed_kmh >= Number(query.get('speed_min'))) &&
        (!query.get('speed_max') || it.speed_kmh <= Number(query.get('speed_max'))),
    )
  }
  const sighting = (it) => ({
    plate: it.plate_text,
    captured_at: it.captured_at,
    received_at: it.received_at,
    checkpoint_id: it.checkpoint_id,
    checkpoint_name: it.checkpoint_name,
    lon: it.lon,
    lat: it.lat,
    lane: it.lane,
    direction: it.direction,
    speed_kmh: Math.round(it.speed_kmh),
    plate_class: '02',
    plate_color: it.plate_color,
    plate_confidence: it.plate_confidence,
    vehicle_class: it.vehicle_class,
    vehicle_color: it.vehicle_color,
  })
  const months = (rows_count, bytes) =>
    ['2026-07', '2026-08', '2026-09', '2026-10', '2026-11'].map((month, i) => ({
      month,
      segments: 3 + i,
      rows: Math.round(rows_count / 5),
      bytes: Math.round(bytes / 5),
    }))
  const kind = (name, projection, rows_count, bytes) => ({
    kind: name,
    projection,
    segments: is_empty ? 0 : 25,
    rows: is_empty ? 0 : rows_count,
    bytes: is_empty ? 0 : bytes,
    from: is_empty ? null : '2026-07-01T00:10:00.000Z',
    to: is_empty ? null : iso(now),
    months: is_empty ? [] : months(rows_count, bytes),
  })

  return (method, [area, action, last], query, body, { problem }) => {
    if (area === 'jobs') {
      // The list of all jobs is told by the intake.
      if (!action)
        return query.get('kind') === 'history_export'
          ? { body: { items: jobs.map(jobView), total: jobs.length } }
          : null
      const job = jobs.find((it) => String(it.id) === action)
      if (!job) return null
      if (last === 'cancel') job.is_cancelled = true
      return { body: jobView(job) }
    }
    if (area !== 'history') return null
    const needs_reason = query.get('plate') && (query.get('reason') ?? '').trim().length < 2
    if (needs_reason) return problem(422, 'invalid', '请求有误', '查询车辆须说明事由。')
    switch (action) {
      case 'passages': {
        const limit = Number(query.get('limit') ?? 100)
        const before = query.get('before') ? Number(query.get('before')) : Infinity
        const all = found(query).reverse()
        const items = all.filter((it) => Number(it.observation_id) < before)
        return {
          body: {
            items: items.slice(0, limit),
            before: items.length > limit ? Number(items[limit - 1].observation_id) : null,
            looked_at: rows.length,
            is_cut_off: false,
            damages: [],
          },
        }
      }
      case 'trace': {
        const plate = query.get('plate')
        if (last === 'passage') {
          const one = rows.find((it) => it.plate_text === plate && it.captured_at === query.get('captured_at'))
          return one ? { body: one } : problem(404, 'not_found', '没有这条记录', '没有这条过车记录，可能已过保存期。')
        }
        const readings = [
          { plate, is_asked: true, likelihood_permille: null },
          ...(plate === TRACED ? MISREADS.map((it) => ({ ...it, is_asked: false })) : []),
        ].map((it) => ({ ...it, count: 0 }))
        const items = rows.filter(
          (it) =>
            readings.some((reading) => reading.plate === it.plate_text) &&
            (!query.get('from') || it.captured_at >= query.get('from')) &&
            (!query.get('to') || it.captured_at <= query.get('to')),
        )
        for (const it of items) readings.find((reading) => reading.plate === it.plate_text).count += 1
        return {
          body: {
            readings: readings.filter((it) => it.is_asked || it.count),
            items: items.map(sighting),
            is_cut_off: false,
            damages: [],
            replaced:
              plate === TRACED
                ? [
                    {
                      segment: 'passages/by=plate/month=2026-08/000041.parquet',
                      column: 'plate',
                      reason: 'checksum mismatch',
                      count: 1,
                    },
                  ]
                : [],
          },
        }
      }
      case 'track': {
        const line = roads.features[2].geometry.coordinates
        const from = Date.parse(query.get('from'))
        const items = is_empty
          ? []
          : line.map(([lon, lat], i) => ({
              captured_at: iso(from + 8 * HOUR_MS + i * 60_000),
              device_id: '013900000042',
              lon,
              lat,
              speed_kmh: 46,
              heading_deg: 90,
            }))
        return {
          body: { items: query.get('plate') === TRACED ? items : [], is_cut_off: false, damages: [], replaced: [] },
        }
      }
      case 'flows': {
        const from = Math.floor(Date.parse(query.get('from') ?? iso(now - DAY_MS)) / HOUR_MS) * HOUR_MS
        const to = Date.parse(query.get('to') ?? iso(now))
        const places = query.get('checkpoint')?.split(',')
        const items = []
        for (const checkpoint of is_empty ? [] : on.slice(0, 28))
          for (let hour = from; hour < to; hour += HOUR_MS)
            if (!places || places.includes(checkpoint.id))
              items.push({
                hour: iso(hour),
                checkpoint_id: checkpoint.id,
                checkpoint_name: checkpoint.name,
                count: Math.round(
                  (checkpoint.passages_today / 14) *
                    BUSY[new Date(hour + CHINA_MS).getUTCHours()] *
                    (0.8 + 0.4 * (((hour / HOUR_MS) % 5) / 5)),
                ),
              })
        return { body: { items: items.filter((it) => it.count > 0), damages: [] } }
      }
      case 'exports':
        jobs.unshift({ id: 700 + jobs.length, began: Date.now(), parameters: body, is_cancelled: false })
        return { status: 202, body: jobView(jobs[0]) }
      case 'retention':
        return { body: Object.assign(settings, body) }
      case 'verification':
        verification.running = {
          ...verification.last,
          began_at: iso(now),
          ended_at: null,
          files: 12,
          bytes: 4e9,
          damaged: 0,
          damaged_paths: [],
        }
        return { status: 204 }
      case 'storage':
        return {
          body: {
            kinds: [
              kind('passages', 'arrival', 412_380_113, 21_400_000_000),
              kind('passages', 'plate', 412_380_113, 9_130_000_000),
              kind('positions', 'arrival', 801_223_540, 14_800_000_000),
              kind('positions', 'plate', 801_223_540, 8_020_000_000),
              kind('others', 'arrival', 1_204_331, 61_000_000),
            ],
            retention: settings,
            sealed_up_to: 1_812_110,
            shown_up_to: 1_812_334,
            journal_end: 1_812_334,
            entries: 41_207,
            unreadable: 0,
            lost_bytes: 0,
            merged_segments: 18,
            expired_segments: 2,
            stopped: null,
            damages: is_empty
              ? []
              : [
                  {
                    segment: 'passages/by=arrival/month=2026-08/000041.parquet',
                    column: 'plate_text',
                    reason: 'checksum mismatch',
                    count: 3,
                  },
                ],
            verification,
            mended: {
              removed: is_empty ? [] : ['passages/by=plate/month=2026-11/.000117.parquet.part'],
              missing: [],
              wrong_length: [],
            },
            set_aside: is_empty ? { files: 0, bytes: 0 } : { files: 2, bytes: 1_204_224 },
            disk_free_bytes: 81_604_378_624,
          },
        }
      default:
        return null
    }
  }
}
