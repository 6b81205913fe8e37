// Models, rules, silences, zones and the health of cameras, as the server tells them; changes are kept while the mock runs.
import { MODELS, WORDS } from './models.mjs'
import { dice, evidenceOf } from './world.mjs'

const iso = (ms) => new Date(ms).toISOString()
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const round = (low, high) => Math.round(low + dice() * (high - low))

function numbers(raised, truth) {
  const judged = Math.round(raised * 0.7)
  const good = Math.round(judged * truth)
  const all = {
    confirmed: good,
    stale: Math.round(judged * 0.08),
    misread: Math.round((judged - good) * 0.5),
    unfounded: Math.round((judged - good) * 0.25),
  }

  const verdicts = Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0))
  const count = Object.values(verdicts).reduce((sum, it) => sum + it, 0)
  const wrong = (verdicts.misread ?? 0) + (verdicts.unfounded ?? 0)
  const right = verdicts.confirmed ?? 0
  return {
    raised,
    withdrawn: Math.round(raised * 0.03),
    signed: Math.max(count, Math.round(raised * 0.8)),
    judged: count,
    verdicts,
    yield: right + wrong ? right / (right + wrong) : null,
  }
}
/** Words that the mock does not know are wrong: enough to see errors by position. */
function check(condition) {
  const known = new Set([
    ...WORDS.map((it) => it.name),
    'true',
    'false',
    'in',
    'passage.plate',
    'count_at',
    'passage.is_night',
  ])
  const bare = condition.replace(/"[^"]*"/g, (text) => ' '.repeat(text.length))
  const errors = [...bare.matchAll(/[A-Za-z_][\w.]*/g)]
    .filter(([word]) => !known.has(word.replace(/\.(startsWith|endsWith|contains)$/, '')))
    .map((match) => {
      const before = condition.slice(0, match.index)
      return {
        line: before.split('\n').length,
        column: [...before.slice(before.lastIndexOf('\n') + 1)].length + 1,
        offset: [...before].length,
        length: [...match[0]].length,
        message: `没有“${match[0]}”这个词`,
      }
    })
  return { ok: errors.length === 0 && condition.trim() !== '', errors }
}

export function judging(state, is_empty) {
  const now = Date.now()
  const { user } = state
  const history = new Map()
  let count = 0
  const id = (kind) => `${kind}${String(++count).padStart(4, '0')}`
  const tunings = (model) => {
    const newest = new Map()
    for (const it of history.get(model) ?? []) if (!newest.has(it.id)) newest.set(it.id, it)
    return [...newest.values()].filter((it) => !it.is_removed)
  }
  const record = (model, tuning) => history.set(model, [tuning, ...(history.get(model) ?? [])])
  if (!is_empty) {
    record('fatigue', {
      id: 'tn1',
      version: 1,
      scope: { checkpoints: [], theatres: ['expressway'], hours: [22, 5], key_classes: ['scheduled_coach'] },
      is_enabled: true,
      level: null,
      values: { limit_minutes: 120 },
      author: 'liqiang',
      at: iso(now - 9 * DAY_MS),
      reason: '暑运夜间从严',
      is_removed: false,
    })
    record('fatigue', {
      id: 'tn1',
      version: 2,
      scope: {
        checkpoints: [],
        theatres: ['expressway'],
        hours: [22, 5],
        key_classes: ['scheduled_coach', 'tour_coach'],
      },
      is_enabled: true,
      level: 'high',
      values: { limit_minutes: 120, rest_minutes: 20 },
      author: 'admin',
      at: iso(now - 5 * DAY_MS),
      reason: '旅游客车一并执行',
      is_removed: false,
    })
    record('camera_report', {
      id: 'tn2',
      version: 1,
      scope: {
        checkpoints: state.checkpoints.slice(0, 4).map((it) => it.id),
        theatres: [],
        hours: null,
        key_classes: [],
      },
      is_enabled: false,
      level: null,
      values: {},
      author: 'admin',
      at: iso(now - 2 * DAY_MS),
      reason: '相机算法升级，误报较多',
      is_removed: false,
    })
  }

  const version = (number, state, change = {}) => ({
    number,
    state,
    name: '面包车频繁往返',
    condition: 'vehicle.key_class == "minivan" && places(120) >= 5',
    level: 'medium',
    once_per_minutes: 240,
    actionable_seconds: 1800,
    reason: '打击非法营运专项行动',
    author: 'liqiang',
    authors: ['liqiang'],
    written_at: iso(now - 12 * DAY_MS),
    submitted_at: iso(now - 11 * DAY_MS),
    reviewer: state === 'in_force' ? 'admin' : null,
    reviewed_at: state === 'in_force' ? iso(now - 10 * DAY_MS) : null,
    review_note: null,
    ...change,
  })
  const rules = is_empty
    ? []
    : [
        {
          id: 'r1',
          version: 5,
          created_by: 'liqiang',
          created_at: iso(now - 12 * DAY_MS),
          versions: [
            version(2, 'review', {
              condition: 'vehicle.key_class == "minivan" && places(120) >= 4\n  && passage.theatre == "rural"',
              level: 'high',
              written_at: iso(now - DAY_MS),
              submitted_at: iso(now - DAY_MS / 2),
              reason: '农村地区从严',
            }),
            version(1, 'in_force'),
          ],
          numbers: numbers(46, 0.8),
        },
        {
          id: 'r2',
          version: 1,
          created_by: 'admin',
          created_at: iso(now - DAY_MS),
          versions: [
            version(1, 'draft', {
              name: '外地货车深夜入境',
              condition:
                '!vehicle.is_local && passage.vehicle_type.startsWith("H")\n  && (passage.hour >= 22 || passage.hour < 5)',
              level: 'low',
              author: 'admin',
              authors: ['admin'],
              submitted_at: null,
            }),
          ],
          numbers: numbers(0, 0),
        },
        {
          id: 'r3',
          version: 3,
          created_by: 'admin',
          created_at: iso(now - 40 * DAY_MS),
          versions: [
            version(1, 'review', {
              name: '多次违法车辆高速行驶',
              condition: 'vehicle.unhandled_offences >= 5 && passage.speed_kmh > 80',
              author: 'admin',
              authors: ['admin'],
            }),
          ],
          numbers: numbers(0, 0),
        },
        {
          id: 'r4',
          version: 6,
          created_by: 'liqiang',
          created_at: iso(now - 90 * DAY_MS),
          versions: [
            version(1, 'retired', { name: '集市日三轮载人', condition: '"carrying_people" in passage.behaviours' }),
          ],
          numbers: numbers(12, 0.4),
          retired_by: 'admin',
          retired_at: iso(now - 20 * DAY_MS),
          retire_reason: '并入卡口识别违法模型',
        },
      ]
  const view = (rule) => {
    const in_force = rule.versions.find((it) => it.state === 'in_force')
    const next = rule.versions.find((it) => it.state === 'draft' || it.state === 'review')
    const shown = in_force ?? rule.versions[0]
    const { name, condition, level, once_per_minutes, actionable_seconds, author, number } = shown
    return {
      retired_by: null,
      retired_at: null,
      retire_reason: null,
      ...rule,
      state: in_force ? 'in_force' : (next?.state ?? 'retired'),
      draft_state: next?.state ?? null,
      number,
      versions_count: rule.versions.length,
      ...{ name, condition, level, once_per_minutes, actionable_seconds, author },
    }
  }
  const written = (rule, body) => {
    const draft = rule.versions.find((it) => it.state === 'draft' || it.state === 'review')
    const { version: seen, ...text } = body
    if (seen !== undefined) rule.version = seen
    const authors = [...new Set([...(draft?.authors ?? []), user.username])]
    const next = version(draft?.number ?? (rule.versions[0]?.number ?? 0) + 1, 'draft', {
      ...text,
      author: user.username,
      authors,
      written_at: iso(Date.now()),
      submitted_at: null,
    })
    rule.versions = [next, ...rule.versions.filter((it) => it !== draft)]
    rule.version += 1
    return { body: view(rule) }
  }

  const term = (hours, reason, ended_by = null) => ({
    from: iso(now - 5 * HOUR_MS),
    until: iso(now + hours * HOUR_MS),
    reason,
    state: hours > 0 && !ended_by ? 'in_force' : 'ended',
    created_by: 'liqiang',
    created_at: iso(now - 5 * HOUR_MS),
    ended_by,
    ended_at: null,
  })
  const nobody = { model: null, plate: null, plate_class: null, checkpoint_id: null, checkpoint_name: null }
  const silences = is_empty
    ? []
    : [
        {
          ...nobody,
          id: 's1',
          model: 'overdue_inspection',
          plate: '鲁Q62K17',
          plate_class: '02',
          ...term(60, '已预约检验，周五办理'),
        },
        {
          ...nobody,
          id: 's2',
          model: 'wrong_way',
          checkpoint_id: state.checkpoints[3].id,
          checkpoint_name: state.checkpoints[3].name,
          ...term(9, '道路施工，借道通行'),
        },
        { ...nobody, id: 's3', model: 'device_alarm', ...term(-2, '终端批量升级', 'admin') },
      ]
  const maintenance = is_empty
    ? []
    : [
        {
          id: 'm1',
          device_id: state.checkpoints[5].id,
          device_name: `${state.checkpoints[5].name} 抓拍机`,
          ...term(3, '更换补光灯'),
        },
      ]
  const kept = (list, query, slice) => ({
    body: slice(query.get('open') === 'true' ? list.filter((it) => it.state !== 'ended') : list, query),
  })

  const [lon, lat] = [118.84, 35.18]
  const zones = is_empty
    ? []
    : [
        {
          id: 'z1',
          name: '城区货车限行区',
          kind: 'ban',
          area: {
            type: 'polygon',
            points: [
              [lon - 0.05, lat - 0.03],
              [lon + 0.05, lat - 0.035],
              [lon + 0.06, lat + 0.03],
              [lon - 0.04, lat + 0.04],
            ],
            reach_m: null,
          },
          checkpoints: [],
          key_classes: [],
          families: 'HQ',
          hours: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '06:30', to: '22:00' }],
          exempt: [{ plate: '鲁Q88123', plate_class: '01' }],
          changed_by: 'admin',
          changed_at: iso(now - 8 * DAY_MS),
        },
        {
          id: 'z2',
          name: 'S225 危化品通行路线',
          kind: 'corridor',
          area: {
            type: 'line',
            points: [
              [119.03, 35.4],
              [119.02, 35.25],
              [119.0, 35.1],
              [118.98, 34.95],
            ],
            reach_m: 400,
          },
          checkpoints: [],
          key_classes: ['dangerous_goods'],
          families: '',
          hours: [{ days: [1, 2, 3, 4, 5], from: '09:00', to: '16:30' }],
          exempt: [],
          changed_by: 'liqiang',
          changed_at: iso(now - 30 * DAY_MS),
        },
        {
          id: 'z3',
          name: '夜间渣土车禁行路口',
          kind: 'ban',
          area: { type: 'checkpoints', points: [], reach_m: null },
          checkpoints: state.checkpoints.slice(8, 11).map((it) => it.id),
          key_classes: ['heavy_goods'],
          families: '',
          hours: [{ days: [6, 7], from: '22:00', to: '06:00' }],
          exempt: [],
          changed_by: 'admin',
          changed_at: iso(now - 3 * DAY_MS),
        },
      ]

  const share = (low, high) => round(low, high) / 1000
  const health = is_empty
    ? []
    : state.checkpoints.map((it, i) => {
        const is_dead = i % 23 === 7
        const is_known = !is_dead && i % 6 !== 5
        return {
          kind: 'camera',
          id: it.id,
          name: `${it.name} 抓拍机`,
          checkpoint_ids: [it.id],
          last_received_at: is_dead ? null : it.last_passage_at,
          observations_24h: is_dead ? 0 : it.passages_today,
          late_share_24h: is_dead ? null : i % 11 === 3 ? 0.41 : share(0, 20),
          online_rate_24h: is_dead ? 0 : i % 9 === 4 ? 0.52 : share(940, 1000),
          delay_median_ms: is_dead ? null : i % 13 === 6 ? 42_000 : round(300, 2600),
          delay_p95_ms: is_dead ? null : 5200,
          clock_ahead_ms: !is_known ? null : i % 10 === 2 ? -7400 : i % 14 === 9 ? 1900 : round(-500, 500),
          clock_uncertainty_ms: is_known ? round(120, 600) : null,
          slow_line_ms: i % 17 === 8 ? 3200 : null,
          misread_share_day: is_known ? share(8, 60) : null,
          misread_share_night: is_known ? (i % 12 === 1 ? 0.34 : share(30, 120)) : null,
          unread_share_24h: is_dead ? null : i % 15 === 10 ? 0.16 : share(10, 60),
        }
      })
  const hours = (camera) =>
    Array.from({ length: 168 }, (_, i) => {
      const is_out = camera.online_rate_24h < 0.6 ? dice() < 0.4 : i > 60 && i < 66
      if (is_out) return null
      return {
        from: iso(Math.floor(now / HOUR_MS) * HOUR_MS - (167 - i) * HOUR_MS),
        observations: round(100, 900),
        late: round(0, 9),
        delay_least_ms: 200,
        delay_median_ms: round(300, 2000),
        delay_p95_ms: 4000,
        clock_ahead_ms:
          camera.clock_ahead_ms === null ? null : camera.clock_ahead_ms - (167 - i) * 22 + round(-150, 150),
        reads: 400,
        unread: 12,
        no_plate: 3,
        misread_share: null,
        online_minutes: round(52, 60),
      }
    }).filter((it) => it !== null)

  return (method, [kind, first, action, last], query, body, { slice, problem }) => {
    const list = (items) => ({ body: { items, total: items.length, next_cursor: null } })
    switch (kind) {
      case 'models': {
        if (!first) return list(MODELS)
        if (first === 'yield') {
          const since = Date.parse(`${query.get('since') ?? iso(now - 29 * DAY_MS).slice(0, 10)}T00:00:00Z`)
          const days = Math.round((now - since) / DAY_MS)
          return list(
            MODELS.map((model, m) => {
              const busy = is_empty ? 0 : [18, 5, 3, 0, 30, 4, 22][m % 7]
              const truth = [0.93, 0.55, 0.7, 0.8, 0.97, 0.9, 0.88][m % 7]
              const by_day = Array.from({ length: days + 1 }, (_, i) => ({
                day: iso(since + i * DAY_MS).slice(0, 10),
                ...numbers(Math.round(busy * (0.6 + (Math.sin(i * 1.7 + m) + 1) * 0.4)), truth),
              })).filter((it) => it.raised)
              const all = numbers(
                by_day.reduce((sum, it) => sum + it.raised, 0),
                truth,
              )
              return {
                model: model.id,
                rule_id: null,
                name: model.name,
                ...all,
                versions:
                  model.version > 1
                    ? [
                        { version: 1, ...numbers(Math.round(all.raised / 3), 0.7) },
                        { version: 2, ...numbers(Math.round(all.raised / 1.5), truth) },
                      ]
                    : [{ version: 1, ...all }],
                days: by_day,
              }
            }),
          )
        }
        const model = MODELS.find((it) => it.id === first)
        if (!model) return problem(404, 'not_found', '没有这个预警模型', '')
        if (!action) return { body: { ...model, tunings: tunings(first), history: history.get(first) ?? [] } }
        const now_text = iso(Date.now())
        if (method === 'POST') {
          const tuning = { ...body, id: id('tn'), version: 1, author: user.username, at: now_text, is_removed: false }
          record(first, tuning)
          return { body: tuning }
        }
        const held = tunings(first).find((it) => it.id === last)
        if (!held) return problem(404, 'not_found', '没有这项调整', '')
        if (held.version !== body.version) return problem(409, 'conflict', '调整已变化', '他人刚刚修改了这项调整。')
        const tuning = {
          ...held,
          ...(method === 'PUT' ? body : { is_removed: true, reason: body.reason }),
          version: held.version + 1,
          author: user.username,
          at: now_text,
        }
        record(first, tuning)
        return method === 'PUT' ? { body: tuning } : { status: 204 }
      }
      case 'rules': {
        if (first === 'vocabulary') return list(WORDS)
        if (first === 'check') return { body: check(body.condition) }
        if (!first && method === 'POST') {
          const rule = {
            id: id('r'),
            version: 0,
            created_by: user.username,
            created_at: iso(Date.now()),
            versions: [],
            numbers: numbers(0, 0),
          }
          rules.unshift(rule)
          return written(rule, body)
        }
        if (!first) return list(rules.map(view))
        const rule = rules.find((it) => it.id === first)
        if (!rule) return problem(404, 'not_found', '没有这条规则', '')
        if (!action) return { body: view(rule) }
        if (action !== 'retire' && body.version !== rule.version)
          return problem(409, 'conflict', '规则已变化', '李强刚刚修改了这条规则。')
        if (action === 'draft') return written(rule, body)
        rule.version += 1
        const [newest] = rule.versions
        if (action === 'submit') Object.assign(newest, { state: 'review', submitted_at: iso(Date.now()) })
        if (action === 'approve') {
          for (const it of rule.versions) if (it.state === 'in_force') it.state = 'retired'
          Object.assign(newest, {
            state: 'in_force',
            reviewer: user.username,
            reviewed_at: iso(Date.now()),
            review_note: body.note || null,
          })
        }
        if (action === 'return')
          Object.assign(newest, {
            state: 'draft',
            reviewer: user.username,
            reviewed_at: iso(Date.now()),
            review_note: body.note,
          })
        if (action === 'retire') {
          for (const it of rule.versions) it.state = 'retired'
          Object.assign(rule, { retired_by: user.username, retired_at: iso(Date.now()), retire_reason: body.reason })
        }
        return { body: view(rule) }
      }
      case 'silences':
      case 'maintenance': {
        const records = kind === 'silences' ? silences : maintenance
        if (action === 'end') {
          Object.assign(
            records.find((it) => it.id === first),
            { state: 'ended', ended_by: user.username, ended_at: iso(Date.now()) },
          )
          return { status: 204 }
        }
        if (method === 'POST') {
          const base = kind === 'silences' ? { ...nobody } : { device_name: null }
          records.unshift({ ...base, ...term(1, ''), ...body, id: id(kind[0]), created_by: user.username })
          return { body: records[0] }
        }
        return kept(records, query, slice)
      }
      case 'zones': {
        if (!first) return list(zones)
        const index = zones.findIndex((it) => it.id === first)
        if (method === 'DELETE') zones.splice(index, 1)
        else {
          const zone = { ...body, id: first, changed_by: user.username, changed_at: iso(Date.now()) }
          if (index < 0) zones.push(zone)
          else zones[index] = zone
        }
        return { status: 204 }
      }
      case 'devices': {
        if (first === 'health') return list(health)
        const camera = last === 'health' && health.find((it) => it.id === action)
        return camera ? { body: { ...camera, hours: hours(camera) } } : null
      }
      case 'warnings': {
        if (action !== 'explanation' && action !== 'replay') return null
        const warning = state.warnings.find((it) => it.id === first)
        if (action === 'replay')
          return {
            body: {
              is_same: true,
              is_raised: true,
              judged_count: 41,
              steps: evidenceOf(warning, state.checkpoints).map((observation, i) => ({
                at: observation.captured_at,
                change: i ? 'raised' : 'none',
                observation,
                read_likelihood: 0.97,
              })),
            },
          }
        const model = MODELS.find((it) => it.id === warning.model)
        const held = tunings(model.id)
        const evidence = evidenceOf(warning, state.checkpoints)
        return {
          body: {
            warning,
            model,
            is_current_version: model.version === warning.model_version,
            rule: null,
            tuned_level: null,
            tunings: held,
            thresholds: model.parameters.map((it) => ({
              ...it,
              tuned_by: held.find((tuning) => it.name in tuning.values)?.id ?? null,
            })),
            evidence: evidence.map((it, i) => ({
              ...it,
              calibration: null,
              contribution: `${it.checkpoint_name} 过车，${i ? warning.title : '记入轨迹'}`,
            })),
          },
        }
      }
      default:
        return null
    }
  }
}
