// The ledger of crashes of the invented county: some fell on hazards, some have no place.
import { CENTER, dice, pick } from './world.mjs'

const iso = (ms) => new Date(ms).toISOString()
const DAY = 86_400_000
const NAMES = { property: '财产损失', injury: '伤人', fatal: '死亡' }
const EFFECTS = { reopened: '已销号，重新打开', linked: '已关联', reported: '由事故上报' }
const PLACES = ['老坡村路口', '石桥镇集市东侧', '云岭盘山路弯道', '水库桥头', '柳林镇加油站门前']

export function crashes(state, is_empty) {
  const now = Date.now()
  const hazards = (state.cases ?? []).filter((it) => it.kind === 'hazard' && it.body.report.hazard_kind === 'road')
  const ledger = Array.from({ length: is_empty ? 0 : 64 }, (_, i) => {
    const severity = i % 11 === 4 ? 'fatal' : i % 3 === 0 ? 'injury' : 'property'
    const on = i < 12 ? hazards[i] : null
    const is_placed = i % 8 !== 5
    const at = on
      ? on.body.report.spot.at
      : { lon: CENTER.lon + (dice() - 0.5) * 0.34, lat: CENTER.lat + (dice() - 0.5) * 0.22 }
    return {
      id: `SG20261120-${String(64 - i).padStart(4, '0')}`,
      source: i % 4 ? 'file' : 'manual',
      source_number: i % 9 === 8 ? null : `3713${2026_0000 + 500 - i}`,
      occurred_at: iso(now - i * 9.3 * DAY - 5e6),
      severity,
      severity_name: NAMES[severity],
      dead: severity === 'fatal' ? 1 + (i % 2) : 0,
      injured: severity === 'property' ? 0 : 1 + (i % 3),
      lon: is_placed ? at.lon + 0.0006 : null,
      lat: is_placed ? at.lat + 0.0004 : null,
      route: on?.body.report.spot.route ?? pick(['G205', 'S225', '县道3']),
      chainage_m: on?.body.report.spot.chainage_m ?? 9_000 + i * 310,
      description: pick(PLACES),
      theatre: pick(['national_provincial', 'rural', 'urban']),
      unit: { id: 5 + (i % 2), name: ['云岭镇', '石桥镇'][i % 2] },
      note: '小型客车与三轮车相撞，路口视距不良。',
      recorded_by: { id: 'admin', name: '值班员王磊' },
      recorded_at: iso(now - i * 9.2 * DAY),
    }
  })
  /** Which crash fell on which hazard. */
  const links = []
  ledger.slice(0, 12).forEach((crash, i) => {
    const hazard = hazards[i]
    if (!hazard || crash.lon === null) return
    const effect = i % 4 === 0 ? 'reopened' : 'linked'
    links.push({ crash: crash.id, hazard, distance_m: 72, effect })
    ;(hazard.body.crashes ??= []).push(crash.id)
  })
  state.crashes = ledger

  const file = (crash) => ({
    crash,
    hazards: links
      .filter((it) => it.crash === crash.id)
      .map(({ hazard, distance_m, effect }) => ({
        case: state.caseView(hazard),
        distance_m,
        effect,
        effect_name: EFFECTS[effect],
      })),
  })
  const metres = (a, b) => Math.hypot((a.lon - b.lon) * Math.cos((a.lat * Math.PI) / 180), a.lat - b.lat) * 111_195
  function record(body) {
    const known = body.source_number ? ledger.find((it) => it.source_number === body.source_number) : null
    const unit = { id: body.unit ?? 5, name: body.unit === 6 ? '石桥镇' : '云岭镇' }
    const crash = known ?? {
      id: `SG20261128-${String(ledger.length + 1).padStart(4, '0')}`,
      recorded_by: { id: 'admin', name: '值班员王磊' },
      recorded_at: iso(Date.now()),
    }
    Object.assign(crash, { source: 'manual', ...body, unit, severity_name: NAMES[body.severity] })
    if (!known) ledger.unshift(crash)
    for (const hazard of hazards) {
      const { at } = hazard.body.report.spot
      const distance_m = crash.lon === null ? null : Math.round(metres(crash, at))
      if (distance_m === null || distance_m > 300 || links.some((it) => it.crash === crash.id && it.hazard === hazard))
        continue
      const effect = hazard.body.state === 'struck_off' ? 'reopened' : 'linked'
      if (effect === 'reopened') {
        Object.assign(hazard.body, { state: 'reported', reason: `事故 ${crash.id}`, struck_off_by: null })
        hazard.body.reopened_count += 1
      }
      links.push({ crash: crash.id, hazard, distance_m, effect })
      ;(hazard.body.crashes ??= []).push(crash.id)
    }
    return file(crash)
  }

  /** Answers a request about crashes; undefined when it is about something else. */
  return (method, [kind, id], query, body, { slice, problem }) => {
    if (kind !== 'crashes') return undefined
    if (method === 'POST') return { body: record(body) }
    if (id) {
      const found = ledger.find((it) => it.id === id)
      return found
        ? { body: file(found) }
        : problem(404, 'not_found', '没有这起事故', '没有这起事故，或不在您的权限范围内。')
    }
    const has = (name) => query.get(name)
    const found = ledger.filter(
      (it) =>
        (!has('severity') || it.severity === has('severity')) &&
        (!has('source') || it.source === has('source')) &&
        (!has('placed') || String(it.lon !== null) === has('placed')) &&
        (!has('since') || it.occurred_at >= has('since')) &&
        (!has('until') || it.occurred_at < has('until')) &&
        (!has('q') || `${it.id} ${it.source_number ?? ''} ${it.route ?? ''}`.includes(has('q'))),
    )
    return { body: slice(found, query) }
  }
}
