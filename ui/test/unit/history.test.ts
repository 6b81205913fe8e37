// Search, trace, flows and retention: what is pure of them.
import { describe, expect, it } from 'vitest'
import type { Flow, Reading, Sighting, Storage } from '@/api/history'
import { CURSOR_ROWS_MAX, CursorRows, type CursorPage } from '@/lib/cursor'
import { fieldOf, instantOf, spans } from '@/lib/time'
import { flowTable, shade, usualUnit } from '@/pages/passage/flow'
import { furtherCount, isWholePlate, periodOf, plateText, searchOf } from '@/pages/passage/search'
import { behind, changesOf, faultsOf, oldestOf, retentionName } from '@/pages/system/storage'
import {
  daysOf,
  entriesOf,
  legsOf,
  markText,
  misreadsOf,
  placesOf,
  stopsOf,
  summaryOf,
  thinned,
  traceLink,
} from '@/pages/trace/trace'

const NOW = Date.parse('2026-11-27T14:00:00.000Z')
const HOUR = 3_600_000

describe('rows by cursor', () => {
  const source = (total: number, cut_at = -1) => {
    const asked: (number | null)[] = []
    const fetch = (before: number | null, limit: number): Promise<CursorPage<number>> => {
      asked.push(before)
      const from = before ?? total
      const is_cut_off = before === cut_at
      const count = Math.min(is_cut_off ? 3 : limit, from)
      const items = Array.from({ length: count }, (_, i) => from - 1 - i)
      return Promise.resolve({ items, before: from - count > 0 ? from - count : null, is_cut_off })
    }
    return { fetch, asked }
  }
  const { signal } = new AbortController()

  it('go on where the page before ended, in whatever order they are asked for', async () => {
    const { fetch, asked } = source(250)
    const rows = new CursorRows(fetch)
    const [third, first] = await Promise.all([
      rows.load({ limit: 100, offset: 200 }, signal),
      rows.load({ limit: 100, offset: 0 }, signal),
    ])
    expect(asked).toEqual([null, 150, 50])
    expect(first.items).toHaveLength(100)
    expect(third.items).toHaveLength(50)
    expect(third.items.at(-1)).toBe(0)
    expect(third.total).toBe(250)
    expect(rows.has_more).toBe(false)
  })
  it('leave a row open for what may follow', async () => {
    const rows = new CursorRows(source(250).fetch)
    expect((await rows.load({ limit: 100, offset: 0 }, signal)).total).toBe(101)
  })
  it('stop where the server stopped, and go on when told', async () => {
    const { fetch } = source(250, 150)
    const rows = new CursorRows(fetch)
    await rows.load({ limit: 100, offset: 0 }, signal)
    const cut = await rows.load({ limit: 100, offset: 100 }, signal)
    expect([cut.items.length, cut.total, rows.is_cut_off]).toEqual([3, 103, true])
    rows.goOn()
    expect((await rows.load({ limit: 100, offset: 100 }, signal)).items).toHaveLength(100)
    expect(new Set(rows.rows).size).toBe(rows.rows.length)
  })
  it('keep no more than the bound, and outlive a failure', async () => {
    const { fetch } = source(CURSOR_ROWS_MAX * 2)
    let is_down = true
    const rows = new CursorRows((before, limit) => (is_down ? Promise.reject(new Error('down')) : fetch(before, limit)))
    await expect(rows.load({ limit: 500, offset: 0 }, signal)).rejects.toThrow('down')
    is_down = false
    const last = await rows.load({ limit: 500, offset: CURSOR_ROWS_MAX - 500 }, signal)
    expect(last.total).toBe(CURSOR_ROWS_MAX)
    expect(rows.has_more).toBe(false)
  })
})

describe('a search', () => {
  it('takes its time from the address', () => {
    expect(periodOf({}, NOW, 7)).toEqual({ from_ms: NOW - 7 * 24 * HOUR, to_ms: null })
    expect(periodOf({ days: '1' }, NOW, 7).from_ms).toBe(NOW - 24 * HOUR)
    const fixed = { from: '2026-11-01T00:00:00.000Z', to: '2026-11-02T00:00:00.000Z', days: '9' }
    expect(periodOf(fixed, NOW, 7)).toEqual({ from_ms: Date.parse(fixed.from), to_ms: Date.parse(fixed.to) })
    expect(periodOf({ to: fixed.to }, NOW, 1).from_ms).toBe(Date.parse(fixed.from))
    expect(periodOf({ from: 'nonsense', days: '-3' }, NOW, 7).from_ms).toBe(NOW - 7 * 24 * HOUR)
  })
  it('asks for what is filtered and nothing else', () => {
    const asked = searchOf({ checkpoint: 'a,b', speed_min: '80', misreads: 'true', open: 'x', unit: 'day' }, NOW, 1)
    expect(asked).toEqual({ from: new Date(NOW - 24 * HOUR).toISOString(), checkpoint: 'a,b', speed_min: '80' })
    expect(searchOf({ plate: '鲁Q1*', misreads: 'true' }, NOW, 1)).toMatchObject({ plate: '鲁Q1*', misreads: 'true' })
    expect(furtherCount({ speed_min: '1', speed_max: '2', theatre: 'urban', plate: 'x' })).toBe(2)
  })
  it('reads plates as people type them', () => {
    expect(plateText(' 鲁q·12？45＊ ')).toBe('鲁Q12?45*')
    expect(isWholePlate('鲁Q12845')).toBe(true)
    expect(isWholePlate('鲁Q12?45')).toBe(false)
    expect(isWholePlate('12845')).toBe(false)
  })
  it('takes times as China times, whatever the computer thinks', () => {
    expect(fieldOf(Date.parse('2026-11-26T23:30:00Z'))).toBe('2026-11-27T07:30')
    expect(instantOf('2026-11-27T07:30')).toBe('2026-11-26T23:30:00.000Z')
    expect(instantOf('')).toBeNull()
    expect(spans(3 * HOUR + 20 * 60_000)).toEqual([
      { unit: 'hour', count: 3 },
      { unit: 'minute', count: 20 },
    ])
    expect(spans(72 * HOUR)).toEqual([{ unit: 'day', count: 3 }, null])
  })
})

const PLATE = '鲁Q12845'
const seen = (minutes: number, place: string, plate = PLATE, more: Partial<Sighting> = {}): Sighting => ({
  plate,
  captured_at: new Date(NOW + minutes * 60_000).toISOString(),
  received_at: new Date(NOW + minutes * 60_000 + 700).toISOString(),
  checkpoint_id: place,
  checkpoint_name: `卡口${place}`,
  lon: 118 + place.charCodeAt(0) / 1000,
  lat: 35,
  lane: 1,
  direction: 1,
  speed_kmh: 50,
  plate_class: '02',
  plate_color: 'blue',
  plate_confidence: 90,
  vehicle_class: 'K33',
  vehicle_color: 'A',
  ...more,
})

describe('a trace', () => {
  const items = [
    seen(0, 'a'),
    seen(10, 'b', '鲁Q12B45'),
    seen(20, 'b', PLATE, { speed_kmh: 92 }),
    seen(80, 'a'),
    seen(90, 'b'),
    seen(60 * 24 * 2, 'c'),
  ]
  const stops = stopsOf(items, PLATE)

  it('numbers what is sure and marks what is not', () => {
    expect(stops.map((it) => it.number)).toEqual([1, null, 2, 3, 4, 5])
  })
  it('tells days and gaps', () => {
    const kinds = entriesOf(stops).map((it) => (it.kind === 'gap' ? (it.is_long ? 'long' : 'gap') : it.kind))
    expect(kinds).toEqual(['day', 'stop', 'stop', 'stop', 'gap', 'stop', 'stop', 'long', 'day', 'stop'])
    // 22:00 in China and 90 minutes: all on one day; then the day after next.
    expect(daysOf(stops)).toEqual([
      { day: '2026-11-27', count: 5 },
      { day: '2026-11-29', count: 1 },
    ])
  })
  it('sums up the plate alone', () => {
    const summary = summaryOf(stops)
    expect(summary).toMatchObject({ count: 5, place_count: 3, day_count: 2 })
    expect(summary.fastest?.speed_kmh).toBe(92)
    expect(summary.often).toMatchObject({ checkpoint_id: 'a', count: 2 })
    expect(summary.last?.checkpoint_id).toBe('c')
    expect(summaryOf([])).toMatchObject({ count: 0, first: null, often: null })
  })
  it('draws legs between sure places, thicker when driven again, and none to a misread', () => {
    expect(legsOf(stops).map((it) => it.count)).toEqual([2, 1, 1])
    expect(legsOf(stops, 2).map((it) => it.count)).toEqual([1])
    expect(legsOf(stops, 1)).toEqual([])
    expect(legsOf(stopsOf([seen(0, 'a'), seen(5, 'b', PLATE, { lon: null, lat: null })], PLATE))).toEqual([])
  })
  it('marks a place once, with its numbers', () => {
    const places = placesOf(stops)
    expect(places.map((it) => markText(it, stops))).toEqual(['1,3', '2,4', '5'])
    expect(places.some((it) => it.is_doubtful)).toBe(false)
    const doubtful = stopsOf([seen(0, 'a', '鲁Q12B45')], PLATE)
    expect(placesOf(doubtful)[0]?.is_doubtful).toBe(true)
    expect(markText(placesOf(doubtful)[0]!, doubtful)).toBe('?')
    const often = stopsOf(
      [0, 9, 18].map((at) => seen(at, 'a')),
      PLATE,
    )
    expect(markText(placesOf(often)[0]!, often)).toBe('1 +2')
  })
  it('lists misreads, the likeliest first, unread symbols last', () => {
    const reading = (plate: string, likelihood_permille: number | null, count: number): Reading => ({
      plate,
      is_asked: plate === PLATE,
      likelihood_permille,
      count,
    })
    const list = [
      reading(PLATE, null, 9),
      reading('鲁Q12-45', null, 4),
      reading('鲁Q12345', 35, 1),
      reading('鲁Q12B45', 120, 2),
    ]
    expect(misreadsOf(list).map((it) => it.plate)).toEqual(['鲁Q12B45', '鲁Q12345', '鲁Q12-45'])
  })
  it('thins a long track and keeps its ends', () => {
    const points = Array.from({ length: 10_001 }, (_, i) => i)
    const thin = thinned(points, 1000)
    expect(thin.length).toBeLessThanOrEqual(1001)
    expect([thin[0], thin.at(-1)]).toEqual([0, 10_000])
    expect(thinned([1, 2, 3], 1000)).toEqual([1, 2, 3])
  })
  it('is reached from a sighting of long ago with the days around it', () => {
    expect(traceLink(PLATE, null, NOW).query).toEqual({ plate: PLATE })
    expect(traceLink(PLATE, new Date(NOW - HOUR).toISOString(), NOW).query).not.toHaveProperty('from')
    const old = traceLink(PLATE, '2025-03-10T00:00:00.000Z', NOW).query
    expect(old.from! < '2025-03-10' && old.to! > '2025-03-10').toBe(true)
  })
})

describe('flows', () => {
  const flow = (hour: string, checkpoint_id: string, count: number): Flow => ({
    hour: `2026-11-${hour}:00:00.000Z`,
    checkpoint_id,
    checkpoint_name: null,
    count,
  })
  it('have a column for each hour, empty ones too, and the fullest checkpoint first', () => {
    const from = Date.parse('2026-11-27T01:20:00Z')
    const table = flowTable(
      [flow('27T01', 'a', 3), flow('27T03', 'b', 8), flow('27T03', 'a', 1)],
      from,
      from + 3 * HOUR,
      'hour',
    )
    expect(table.columns).toHaveLength(4)
    expect(table.rows.map((it) => [it.checkpoint_id, it.counts])).toEqual([
      ['b', [0, 0, 8, 0]],
      ['a', [3, 0, 1, 0]],
    ])
    expect([table.totals, table.total, table.most]).toEqual([[3, 0, 9, 0], 12, 8])
  })
  it('are summed by days in China', () => {
    const from = Date.parse('2026-11-25T16:00:00Z')
    const table = flowTable([flow('26T15', 'a', 2), flow('26T16', 'a', 5)], from, from + 48 * HOUR, 'day')
    expect(table.rows[0]?.counts).toEqual([2, 5])
  })
  it('are shown by the hour for two days, by the day beyond; shades grow with counts', () => {
    expect([usualUnit(0, 48 * HOUR), usualUnit(0, 49 * HOUR)]).toEqual(['hour', 'day'])
    expect(shade(0, 0)).toBe(0)
    expect(shade(1, 100)).toBeLessThan(shade(50, 100))
    expect(flowTable([], 0, 0, 'hour').total).toBe(0)
  })
})

describe('retention', () => {
  const usual = {
    passages_arrival_days: 1098,
    passages_plate_days: 1098,
    positions_arrival_days: 366,
    positions_plate_days: 366,
    others_days: null,
  }
  it('is refused where the server would refuse it', () => {
    expect(faultsOf(usual)).toEqual({})
    expect(faultsOf({ ...usual, passages_plate_days: 30 })).toEqual({ passages_plate_days: 'range' })
    expect(faultsOf({ ...usual, positions_plate_days: Number.NaN })).toEqual({ positions_plate_days: 'range' })
    expect(faultsOf({ ...usual, others_days: 400 })).toEqual({ others_days: 'others' })
    expect(faultsOf({ ...usual, passages_arrival_days: null, others_days: 2000 })).toEqual({ others_days: 'others' })
    expect(faultsOf({ ...usual, others_days: 2000 })).toEqual({})
  })
  it('says from which day back rows are deleted, and only when some are', () => {
    const changes = changesOf(
      usual,
      { ...usual, passages_plate_days: 365, positions_plate_days: null, others_days: 4000 },
      NOW,
    )
    expect(changes.map((it) => [it.name, it.deleted_before])).toEqual([
      ['passages_plate_days', '2025-11-27'],
      ['positions_plate_days', null],
      ['others_days', '2015-12-15'],
    ])
    expect(retentionName('others', 'arrival')).toBe('others_days')
    expect(retentionName('positions', 'plate')).toBe('positions_plate_days')
  })
  it('knows the oldest row and how far archiving is behind', () => {
    const kinds = [{ from: null }, { from: '2026-07-02T00:00:00Z' }, { from: '2025-01-01T00:00:00Z' }]
    const storage = { kinds, shown_up_to: 90, journal_end: 100 } as unknown as Storage
    expect(oldestOf(storage)).toBe('2025-01-01T00:00:00Z')
    expect(behind(storage)).toBe(10)
  })
})
