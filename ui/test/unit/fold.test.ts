// The live fold: twice changes nothing, old changes nothing, bounds hold.
import { describe, expect, it } from 'vitest'
import type { Checkpoint, LiveEvent, Warning } from '@/api/types'
import {
  dutyOrder,
  emptyState,
  foldFrame,
  isActionable,
  mergeWarnings,
  shownAlone,
  TICKER_MAX,
  WARNINGS_MAX,
} from '@/live/fold'
import { worthSound } from '@/live/notice'

const NOW = Date.parse('2026-11-23T06:00:00.000Z')
const at = (ago_s: number) => new Date(NOW - ago_s * 1000).toISOString()

function warning(id: string, change: Partial<Warning> = {}): Warning {
  return {
    id,
    seq: 1,
    model: 'watch_order',
    model_version: 1,
    level: 'high',
    state: 'raised',
    version: 1,
    subject: { plate: '鲁Q12345', plate_class: '02', plate_color: 'blue', raw_text: null, device: null },
    place: { checkpoint_id: 'c1', checkpoint_name: '石桥', theatre: 'urban', lon: 118, lat: 35, description: '石桥' },
    occurred_at: at(60),
    raised_at: at(59),
    actionable_until: at(-600),
    is_actionable: true,
    is_historical: false,
    title: '',
    explanation: '',
    detail: { type: 'unhandled_offences', count: 7, threshold: 5 },
    evidence_count: 1,
    picture_ids: [],
    signed_by: null,
    signed_at: null,
    withdrawn_reason: null,
    verdict: null,
    group_id: id,
    group_count: 1,
    step: null,
    due_at: null,
    is_late: false,
    hidden: null,
    ...change,
  }
}
const raised = (it: Warning): LiveEvent => ({ name: 'warning', data: { change: 'raised', warning: it } })
const checkpoint = (id: string): Checkpoint => ({
  id,
  name: id,
  theatre: 'urban',
  road: '',
  unit_id: null,
  chainage_m: null,
  direction: '',
  lane_count: 2,
  lon: 118,
  lat: 35,
  state: 'silent',
  last_passage_at: at(100),
  passages_today: 10,
  limit_kmh: null,
  limit_large_kmh: null,
  one_way: null,
})

describe('live fold', () => {
  it('takes an event twice without another row or another sound', () => {
    const first = foldFrame(emptyState(), [raised(warning('a'))])
    expect(first.effects.raised.map((it) => it.id)).toEqual(['a'])
    const again = foldFrame(first.state, [raised(warning('a')), raised(warning('a'))])
    expect(again.state.warnings).toHaveLength(1)
    expect(again.effects.raised).toEqual([])
  })

  it('keeps the higher version, in whatever order they come', () => {
    const signed = warning('a', { version: 2, state: 'signed' })
    for (const order of [
      [warning('a'), signed],
      [signed, warning('a')],
    ]) {
      expect(foldFrame(emptyState(), order.map(raised)).state.warnings).toEqual([signed])
    }
  })

  it('puts the newest first and forgets the oldest beyond the bound', () => {
    const many = Array.from({ length: WARNINGS_MAX + 5 }, (_, i) => warning(`w${i}`, { raised_at: at(i) }))
    const merged = mergeWarnings([], [...many].reverse())
    expect(merged).toHaveLength(WARNINGS_MAX)
    expect(merged[0]?.id).toBe('w0')
    expect(merged.at(-1)?.id).toBe(`w${WARNINGS_MAX - 1}`)
  })

  it('keeps what can be acted on through a flood of late warnings', () => {
    const flood = Array.from({ length: WARNINGS_MAX }, (_, i) =>
      warning(`late${i}`, { raised_at: at(0), is_historical: true, is_actionable: false }),
    )
    const merged = mergeWarnings([warning('urgent', { raised_at: at(300) })], flood)
    expect(merged).toHaveLength(WARNINGS_MAX)
    expect(merged.at(-1)?.id).toBe('urgent')
  })

  it('leaves the old state whole', () => {
    const before = { ...emptyState(), checkpoints: new Map([['c1', checkpoint('c1')]]) }
    const { state } = foldFrame(before, [
      { name: 'passages', data: { checkpoints: [{ id: 'c1', count: 3, last_at: at(0) }], sample: [] } },
    ])
    expect(before.checkpoints.get('c1')?.passages_today).toBe(10)
    expect(state.checkpoints.get('c1')).toMatchObject({ passages_today: 13, state: 'online', last_passage_at: at(0) })
  })

  it('adds pulses up over a frame and never turns the last passage back', () => {
    const before = { ...emptyState(), checkpoints: new Map([['c1', checkpoint('c1')]]) }
    const tick = (count: number, last_at: string): LiveEvent => ({
      name: 'passages',
      data: { checkpoints: [{ id: 'c1', count, last_at }], sample: [] },
    })
    const { state, effects } = foldFrame(before, [tick(2, at(1)), tick(1, at(500))])
    expect(effects.pulses.get('c1')).toBe(3)
    expect(state.checkpoints.get('c1')?.last_passage_at).toBe(at(1))
  })

  it('believes the server about the count of the day, because late passages belong to another day', () => {
    const before = { ...emptyState(), checkpoints: new Map([['c1', checkpoint('c1')]]) }
    const { state } = foldFrame(before, [
      {
        name: 'passages',
        data: { checkpoints: [{ id: 'c1', count: 300, passages_today: 11, last_at: null }], sample: [] },
      },
    ])
    expect(state.checkpoints.get('c1')).toMatchObject({ passages_today: 11, last_passage_at: at(100) })
  })

  it('keeps the ticker short, newest first', () => {
    const sample = Array.from({ length: 20 }, (_, i) => ({
      captured_at: at(20 - i),
      checkpoint_id: 'c1',
      plate_text: `鲁Q${i}`,
      plate_color: null,
      vehicle_class: null,
      speed_kmh: null,
      picture_id: null,
    }))
    const event: LiveEvent = { name: 'passages', data: { checkpoints: [], sample } }
    const { state } = foldFrame(emptyState(), [event, event, event])
    expect(state.ticker).toHaveLength(TICKER_MAX)
    expect(state.ticker[0]?.plate_text).toBe('鲁Q19')
  })

  it('does not move a vehicle back to an older fix', () => {
    const fix = (lon: number, when: string): LiveEvent => ({
      name: 'vehicles',
      data: {
        moved: [
          {
            plate: '鲁Q1',
            plate_class: '01',
            device_id: 'd',
            plate_color: 'yellow',
            key_class: null,
            lon,
            lat: 35,
            speed_kmh: 1,
            heading_deg: 0,
            at: when,
            online: true,
          },
        ],
      },
    })
    const { state, effects } = foldFrame(emptyState(), [fix(118.2, at(1)), fix(118.1, at(9))])
    expect(state.vehicles.get('鲁Q1')?.lon).toBe(118.2)
    expect(effects.has_moved).toBe(true)
  })
})

describe('what waits for the duty officer', () => {
  it('stands in two groups; signed and withdrawn ones in none', () => {
    const { actionable, later } = dutyOrder(
      [
        warning('a'),
        warning('b', { is_historical: true }),
        warning('c', { state: 'signed' }),
        warning('d', { state: 'withdrawn' }),
      ],
      NOW,
    )
    expect([actionable.map((it) => it.id), later.map((it) => it.id)]).toEqual([['a'], ['b']])
  })

  it('has late ones by the time they happened, not by the time they came', () => {
    const late = (id: string, occurred: number, came: number) =>
      warning(id, { is_historical: true, occurred_at: at(occurred), raised_at: at(came) })
    const { later } = dutyOrder([late('old', 9000, 1), late('new', 4000, 2)], NOW)
    expect(later.map((it) => it.id)).toEqual(['new', 'old'])
  })

  it('ends being actionable at its deadline, without a word from the server', () => {
    const it_ = warning('a', { actionable_until: at(0) })
    expect(isActionable(it_, NOW - 1)).toBe(true)
    expect(isActionable(it_, NOW)).toBe(false)
  })

  it('sounds only for high warnings that can be acted on', () => {
    const list = [
      warning('a'),
      warning('b', { level: 'medium' }),
      warning('c', { is_historical: true }),
      warning('d', { is_actionable: false }),
    ]
    expect(worthSound(list, NOW).map((it) => it.id)).toEqual(['a'])
  })
})

describe('what is shown by itself', () => {
  const ids = (list: readonly Warning[]) => shownAlone(list).map((it) => it.id)
  const repeat = (id: string, change: Partial<Warning> = {}) => warning(id, { group_id: 'head', ...change })

  it('is the first of each group, and nothing hidden', () => {
    const hidden = warning('h', { hidden: { kind: 'silenced', by: 's1' } })
    expect(ids([repeat('r1'), repeat('r2'), warning('head'), hidden, warning('other')])).toEqual(['head', 'other'])
  })
  it('is the repeat where the first one is not known, was taken back or is hidden', () => {
    expect(ids([repeat('r1')])).toEqual(['r1'])
    expect(ids([repeat('r1'), warning('head', { state: 'withdrawn' })])).toEqual(['r1', 'head'])
    expect(ids([repeat('r1'), warning('head', { hidden: { kind: 'maintenance', by: 'm' } })])).toEqual(['r1'])
  })
})
