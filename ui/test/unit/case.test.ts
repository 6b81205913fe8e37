// Commands that happen once, clocks of steps, what acts ask for, the tree of units.
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Unit } from '@/api/people'
import type { CaseFile, HazardBody, HazardCategory, LineEntry, Task } from '@/api/case'
import { ApiError } from '@/api/client'
import { blank, fieldsOf, missing, shownFields, toAct } from '@/components/case/acts'
import { treeRows, withBelow } from '@/components/case/directory'
import { withClocks } from '@/components/case/line'
import { byDue, leftMs, phase } from '@/lib/clock'
import { CommandKey, newKey, postCommand } from '@/lib/command'
import { hazardFields, hazardInitial } from '@/pages/hazard/fields'
import { categories } from '@/pages/hazard/filters'
import { onTimeShare, periodOf, sum, tasksBehind } from '@/pages/statistics/figures'

afterEach(() => vi.unstubAllGlobals())

describe('a command', () => {
  it('has a random key in the form of RFC 9562', () => {
    expect(newKey()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(newKey()).not.toBe(newKey())
  })
  it('keeps its key while it is the same, and has another one afterwards', () => {
    const key = new CommandKey()
    const first = key.for({ act: 'sign' })
    expect(key.for({ act: 'sign' })).toBe(first)
    expect(key.for({ act: 'decline' })).not.toBe(first)
    const again = key.for({ act: 'sign' })
    key.done()
    expect(key.for({ act: 'sign' })).not.toBe(again)
  })
  it('is sent again with the same key where no answer came', async () => {
    const sent: (string | null)[] = []
    vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
      sent.push(new Headers(init.headers).get('Idempotency-Key'))
      if (sent.length === 1) return Promise.reject(new TypeError('network'))
      if (sent.length === 2) return Promise.resolve(new Response('{}', { status: 503 }))
      return Promise.resolve(Response.json({ id: 'ZL20261128-0001' }))
    })
    await expect(postCommand('/api/v1/cases', {}, 'k1', [0, 0, 0])).resolves.toEqual({ id: 'ZL20261128-0001' })
    expect(sent).toEqual(['k1', 'k1', 'k1'])
  })
  it('is not sent again once the server has decided', async () => {
    let count = 0
    vi.stubGlobal('fetch', () => {
      count += 1
      return Promise.resolve(Response.json({ code: 'conflict' }, { status: 409 }))
    })
    await expect(postCommand('/api/v1/cases', {}, 'k1', [0, 0])).rejects.toBeInstanceOf(ApiError)
    expect(count).toBe(1)
  })
})

describe('a clock', () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 10, 28, 1, minute)).toISOString()
  const ms = (minute: number) => Date.parse(at(minute))
  const clock = { armed_at: at(0), due_at: at(10) }

  it('is calm, half gone, late', () => {
    expect([1, 5, 10, 11].map((minute) => phase(clock, ms(minute)))).toEqual(['calm', 'half', 'late', 'late'])
    expect(leftMs(clock, ms(12))).toBe(-120_000)
  })
  it('is half gone when the server says so: working hours are not even', () => {
    expect(phase({ ...clock, half_at: at(8) }, ms(6))).toBe('calm')
  })
  it('stands still while it is paused, and when it is over', () => {
    expect(phase({ ...clock, paused_at: at(4) }, ms(30))).toBe('paused')
    expect(leftMs({ ...clock, paused_at: at(4) }, ms(30))).toBe(360_000)
    expect(phase({ ...clock, ended_at: at(4) }, ms(30))).toBe('ended')
    expect(phase({ ...clock, due_at: null }, ms(30))).toBe('none')
  })
  it('puts what is due first before the rest, and what has no term last', () => {
    const list = [{ due_at: null }, { due_at: at(9) }, { due_at: at(3) }]
    expect(list.sort(byDue).map((it) => it.due_at)).toEqual([at(3), at(9), null])
  })
})

describe('an act', () => {
  const fields = fieldsOf('dispatch', 'report')

  it('asks for a picture of what was intercepted, and for words where nothing was', () => {
    const form = { ...blank(fields), outcome: 'intercepted', verdict: 'confirmed' }
    expect(missing(fields, form)?.key).toBe('pictures')
    expect(missing(fields, { ...form, outcome: 'gone' })?.key).toBe('note')
    expect(missing(fields, { ...form, pictures: ['a'] })).toBeNull()
  })
  it('shows and sends findings only of what was intercepted', () => {
    const form = {
      ...blank(fields),
      outcome: 'not_seen',
      verdict: 'unfounded',
      at: '2026-11-28T09:00',
      note: ' 守候至时限未见 ',
      findings: [{ code: '', name: '超载' }],
    }
    expect(shownFields(fields, form).map((it) => it.key)).not.toContain('findings')
    expect(toAct('report', fields, form)).toEqual({
      act: 'report',
      outcome: 'not_seen',
      verdict: 'unfounded',
      at: '2026-11-28T01:00:00.000Z',
      note: '守候至时限未见',
      spot: { at: null, description: '' },
    })
  })
  it('leaves out empty lines', () => {
    const form = {
      findings: [{ code: '', name: ' ' }],
      measures: [{ kind: 'fine', amount: 200, document: '' }, { kind: null }],
      note: '',
    }
    expect(toAct('dispose', fieldsOf('interception', 'dispose'), form)).toEqual({
      act: 'dispose',
      findings: [],
      measures: [{ kind: 'fine', amount: 200, document: '' }],
    })
  })
})

describe('who verifies a hazard', () => {
  const question = (key: string, is_required: boolean): HazardCategory['questions'][number] => ({
    key,
    text: key,
    type: 'text',
    options: [],
    is_required,
  })
  const category = (key: string, questions: HazardCategory['questions']): HazardCategory => ({
    key,
    name: key,
    hazard_kind: 'road',
    questions,
  })
  const of = (category: string, answers: { question: string; answer: string }[]) =>
    ({
      case: { category },
      body: { grade: 'general', report: { hazard_kind: 'road', category, answers, spot: { at: null } } },
    }) as unknown as CaseFile<HazardBody>
  const open = (file: CaseFile<HazardBody>) => {
    const fields = hazardFields(file, 'verify')
    return { fields, form: { ...blank(fields), ...hazardInitial(file, 'verify') } as Record<string, unknown> }
  }
  categories.value = [category('signs', [question('which', true), question('since', false)]), category('lighting', [])]

  it('answers what the road left open', () => {
    const { fields, form } = open(of('signs', []))
    expect(missing(fields, form)?.key).toBe('answers')
    expect(missing(fields, { ...form, answers: { which: ' ', since: '夏天' } })?.key).toBe('answers')
    const answered = { ...form, answers: { which: '禁令标志' } }
    expect(missing(fields, answered)).toBeNull()
    expect(toAct('verify', fields, answered).answers).toEqual([{ question: 'which', answer: '禁令标志' }])
  })
  it('finds there what was answered', () => {
    const { fields, form } = open(of('signs', [{ question: 'which', answer: '限速' }]))
    expect(form.answers).toEqual({ which: '限速' })
    expect(missing(fields, form)).toBeNull()
  })
  it('is asked the questions of the category that is chosen, and of no other', () => {
    const { fields, form } = open(of('lighting', []))
    expect(shownFields(fields, form).map((it) => it.key)).not.toContain('answers')
    expect(missing(fields, form)).toBeNull()
    expect(missing(fields, { ...form, category: 'signs' })?.key).toBe('answers')
    expect(toAct('verify', fields, { ...form, answers: { which: 'x' } })).not.toHaveProperty('answers')
  })
})

describe('the tree of units', () => {
  const unit = (id: number, parent_id: number | null): Unit => ({
    id,
    parent_id,
    code: null,
    location: null,
    kind: 'squad',
    name: `${id}`,
    is_enabled: true,
  })
  const units = [unit(3, 2), unit(1, null), unit(2, 1), unit(9, 77)]

  it('is shown from the top down, and loses nobody', () => {
    expect(treeRows(units).map(({ unit, depth }) => [unit.id, depth])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
      [9, 0],
    ])
  })
  it('finds all below one', () => {
    expect([...withBelow(units, 2)].sort()).toEqual([2, 3])
  })
})

describe('figures of clocks', () => {
  const group = { group: '3', name: '城区中队', on_time: 6, late: 2, never: 1, void: 4, running: 5, overdue: 1 }
  const now = Date.parse('2026-11-28T01:00:00Z')

  it('say the share of what was done in time, of what is over or overdue', () => {
    expect(onTimeShare(group)).toBe(0.6)
    expect(onTimeShare({ ...group, on_time: 0, late: 0, never: 0, overdue: 0 })).toBeNull()
    expect(sum([group, group])).toMatchObject({ on_time: 12, void: 8 })
  })
  it('lead to the tasks that they count', () => {
    const period = periodOf('today', now)
    expect(tasksBehind('unit', '3', 'late', period)).toEqual({
      scope: 'all',
      unit: '3',
      done: 'true',
      end: 'late',
      ...period,
    })
    expect(tasksBehind('step', null, 'overdue', period)).toEqual({ scope: 'all', late: 'true', ...period })
  })
  it('count whole days in China', () => {
    expect(periodOf('today', now)).toEqual({ since: '2026-11-27T16:00:00.000Z', until: '2026-11-28T16:00:00.000Z' })
    expect(periodOf('last_month', now)).toEqual({
      since: '2026-09-30T16:00:00.000Z',
      until: '2026-10-31T16:00:00.000Z',
    })
    expect(periodOf('custom', now, '2026-11-01', '2026-11-02').until).toBe('2026-11-02T16:00:00.000Z')
  })
})

describe('the time line', () => {
  const entry = (at: string, act: string): LineEntry => ({
    at,
    stage: 'dispatch',
    subject: 'ZL1',
    act,
    act_name: act,
    actor: null,
    unit: null,
    text: '',
    pictures: [],
    picture_ids: [],
    lon: null,
    lat: null,
  })
  const task = (end: Task['end'], due: string, ended: string | null) =>
    ({
      subject: 'ZL1',
      step_name: '签收指令',
      armed_at: '2026-11-28T01:00:00Z',
      due_at: due,
      ended_at: ended,
      end,
    }) as Task
  const now = Date.parse('2026-11-28T02:00:00Z')

  it('tells how clocks ended after what ended them, and what is late now; not what runs in time', () => {
    const line = withClocks(
      [entry('2026-11-28T01:00:00Z', 'open'), entry('2026-11-28T01:02:00Z', 'sign')],
      [
        task('on_time', '2026-11-28T01:03:00Z', '2026-11-28T01:02:00Z'),
        task(null, '2026-11-28T01:30:00Z', null),
        task(null, '2026-11-28T03:00:00Z', null),
        task('void', '2026-11-28T01:10:00Z', '2026-11-28T01:05:00Z'),
      ],
      now,
    )
    expect(line.map((it) => it.act)).toEqual(['open', 'sign', 'on_time', 'never'])
  })
})
