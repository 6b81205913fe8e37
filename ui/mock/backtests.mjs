// Back-tests: one that is over, and those that a test begins, which run for a moment.
import { dice, pick, randomPlate } from './world.mjs'

const iso = (ms) => new Date(ms).toISOString()
const DAY_MS = 86_400_000
const RUN_MS = 1_500

export function backTests(state, is_empty) {
  const now = Date.now()
  const midnight = now - (now % DAY_MS) - 8 * 3_600_000
  const some = (count, key) => Array.from({ length: count }, (_, i) => ({ key: key(i), count: 90 - i * 4 }))
  const tests = []
  const jobs = []

  function test(id, subject, from, until) {
    const days = Math.round((Date.parse(until) - Date.parse(from)) / DAY_MS)
    const warnings = Array.from({ length: 240 }, (_, i) => {
      const color = pick(['blue', 'blue', 'yellow', 'green'])
      const plate = randomPlate(color)
      return {
        warning_id: `${id}-${i}`,
        outcome: ['both', 'both', 'new', 'missing'][i % 4],
        verdict: i % 4 === 2 ? null : [null, 'confirmed', 'confirmed', 'misread'][i % 4],
        plate,
        plate_class: '02',
        plate_color: color,
        plate_text: plate,
        device_id: null,
        checkpoint_id: state.checkpoints.length ? pick(state.checkpoints).id : null,
        level: pick(['high', 'medium', 'low']),
        occurred_at: iso(Date.parse(from) + (i * (Date.parse(until) - Date.parse(from))) / 240),
        is_historical: false,
      }
    })
    return {
      warnings,
      view: {
        id,
        model: subject.model ?? 'rule',
        rule: subject.rule ?? null,
        rule_version: subject.rule ? 2 : null,
        tested: subject.model
          ? { tuning: null }
          : { name: '夜间货车进城', condition: 'passage.hour >= 22 && count(60) >= 3', level: 'medium' },
        from,
        until,
        created_by: 'admin',
        created_at: iso(Date.now()),
        summary: {
          found: 180,
          subjects: 131,
          withdrawn: 4,
          live: 180,
          both: 120,
          new: 60,
          missing: 60,
          observations: 7_412_310,
          took_ms: 13_400,
          is_cut_off: false,
          damaged_segments: [],
          complete_from: iso(Date.parse(from) - DAY_MS),
          days: Array.from({ length: days }, (_, i) => ({
            day: iso(Date.parse(from) + i * DAY_MS + 8 * 3_600_000).slice(0, 10),
            found: Math.round(15 + dice() * 20),
            live: Math.round(12 + dice() * 20),
          })),
          hours: Array.from({ length: 24 }, (_, hour) => Math.round((hour > 20 || hour < 6 ? 14 : 3) + dice() * 4)),
          checkpoints: some(Math.min(8, state.checkpoints.length), (i) => state.checkpoints[i].id),
          vehicles: some(8, () => randomPlate('blue')),
          levels: { medium: 180 },
          verdicts: [
            { verdict: 'confirmed', live: 80, found: 74 },
            { verdict: 'misread', live: 21, found: 3 },
          ],
        },
      },
    }
  }
  if (!is_empty) tests.push(test(1, { rule: 'R0001' }, iso(midnight - 7 * DAY_MS), iso(midnight)))

  function jobView(job) {
    const share = Math.min(1, (Date.now() - job.begun) / RUN_MS)
    const is_done = share === 1
    if (is_done && !job.test) {
      job.test = tests.length + 1
      tests.unshift(test(job.test, job.asked, job.asked.from, job.asked.until))
    }
    return {
      id: job.id,
      kind: 'back_test',
      title: job.asked.model ?? '夜间货车进城',
      state: is_done ? 'done' : 'running',
      is_stopping: false,
      done: Math.round(share * 7_412_310),
      total: 7_412_310,
      parameters: job.asked,
      result: is_done ? { back_test: job.test, found: 180, both: 120, new: 60, missing: 60 } : null,
      problem: null,
      created_by: 'admin',
      created_at: iso(job.begun),
      started_at: iso(job.begun),
      ended_at: is_done ? iso(Date.now()) : null,
    }
  }

  return (method, [kind, first, action], query, body, { slice }) => {
    if (kind === 'jobs') {
      const job = jobs.find((it) => String(it.id) === first)
      if (first) return job ? { body: jobView(job) } : null
      return query.get('kind') === 'back_test' ? { body: slice(jobs.map(jobView)) } : null
    }
    if (kind !== 'back-tests') return null
    if (method === 'POST') {
      jobs.unshift({ id: 900 + jobs.length, begun: Date.now(), asked: body, test: null })
      return { body: jobView(jobs[0]) }
    }
    if (!first) {
      const of = query.get('rule')
      return { body: slice(tests.map((it) => it.view).filter((it) => !of || it.rule === of)) }
    }
    const index = tests.findIndex((it) => String(it.view.id) === first)
    if (index < 0) return null
    if (method === 'DELETE') {
      tests.splice(index, 1)
      return { status: 204 }
    }
    const outcome = query.get('outcome')
    if (action === 'warnings')
      return { body: slice(tests[index].warnings.filter((it) => !outcome || it.outcome === outcome)) }
    return { body: tests[index].view }
  }
}
