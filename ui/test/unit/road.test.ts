// Work on the road: the outbox never loses or doubles anything, what is reported is complete, places and terms are as people write them.
import { describe, expect, it } from 'vitest'
import { ApiError } from '@/api/client'
import { chainageText, readChainage } from '@/lib/chainage'
import { readShot } from '@/lib/exif'
import { amapUri, geoUri } from '@/lib/navigate'
import { distance_m, distanceText } from '@/lib/position'
import { spotText } from '@/lib/spot'
import { afterWorkdays } from '@/lib/workdays'
import { periodOf, untilOf } from '@/pages/hazard/period'
import { blankReport, lacks, reportOf } from '@/pages/road/report'
import {
  flush,
  isStale,
  localPictures,
  stateWith,
  versionOf,
  type Entry,
  type Picture,
  type Sender,
  type Store,
} from '@/road/outbox'

const NOW = '2026-11-28T01:00:00.000Z'
const entry = (n: number, more: Partial<Entry> = {}): Entry => ({
  n,
  key: `key-${n}`,
  user: 'lu',
  case_id: 'ZL1',
  version: 1,
  parent: null,
  act: 'sign',
  title: '拦截 鲁Q7K218',
  body: { act: 'sign' },
  happened_at: NOW,
  lon: null,
  lat: null,
  after_state: 'signed',
  state: 'waiting',
  trouble: null,
  result: null,
  done_at: null,
  ...more,
})
const picture = (id: string): Picture => ({
  id,
  blob: new Blob(['x']),
  name: 'a.jpg',
  taken_at: NOW,
  lon: null,
  lat: null,
  attachment_id: null,
  kept_at: NOW,
})
function memory(entries: Entry[], pictures: Picture[] = []): Store & { all: () => Entry[]; pictures: Picture[] } {
  let kept = [...entries]
  const shown = [...pictures]
  return {
    all: () => kept,
    pictures: shown,
    entries: async () => kept,
    put: async (it) => void (kept = kept.map((other) => (other.n === it.n ? it : other))),
    picture: async (id) => shown.find((it) => it.id === id),
    putPicture: async (it) => void (shown[shown.findIndex((other) => other.id === it.id)] = it),
    removePicture: async (id) =>
      void shown.splice(
        shown.findIndex((it) => it.id === id),
        1,
      ),
  }
}
const refusal = (status: number, code = 'refused') =>
  new ApiError({ type: '', title: '', status, detail: '不行', code, request_id: '' })
interface Sent {
  what: string
  version?: number | null
  body?: unknown
}
function server(answers: Record<string, ApiError> = {}): Sender & { sent: Sent[] } {
  const sent: Sent[] = []
  let version = 1
  return {
    sent,
    attach: async ({ id }) => {
      sent.push({ what: id })
      if (answers[id]) throw answers[id]
      return `sha-${id}`
    },
    send: async ({ key, case_id }, body, named) => {
      sent.push({ what: key, version: named, body })
      if (answers[key]) throw answers[key]
      version += 1
      return { id: case_id ?? 'YH1', version }
    },
  }
}
const at = () => NOW

describe('the outbox', () => {
  it('sends in order, photographs before what shows them, and each version after the one before', async () => {
    const report = entry(2, { act: 'report', body: { act: 'report', pictures: ['local:a', 'local:b'] } })
    const store = memory([report, entry(1)], [picture('local:a'), picture('local:b')])
    const to = server()
    expect(await flush(store, to, 'lu', at)).toBe('done')
    expect(to.sent).toEqual([
      { what: 'key-1', version: 1, body: { act: 'sign' } },
      { what: 'local:a' },
      { what: 'local:b' },
      { what: 'key-2', version: 2, body: { act: 'report', pictures: ['sha-local:a', 'sha-local:b'] } },
    ])
    expect(store.all().map((it) => it.state)).toEqual(['sent', 'sent'])
    expect(store.pictures).toEqual([])
  })

  it('keeps everything while there is no network, and sends no photograph twice', async () => {
    const store = memory([entry(1, { body: { act: 'report', pictures: ['local:a'] } })], [picture('local:a')])
    expect(await flush(store, server({ 'key-1': refusal(0, 'unreachable') }), 'lu', at)).toBe('later')
    expect(store.all()[0]?.state).toBe('waiting')
    const to = server()
    expect(await flush(store, to, 'lu', at)).toBe('done')
    expect(to.sent.map((it) => it.what)).toEqual(['key-1'])
  })

  it('holds back what follows a refusal in the same case, and nothing else', async () => {
    const store = memory([entry(1), entry(2), entry(3, { case_id: 'YH9' })])
    const to = server({ 'key-1': refusal(409, 'conflict') })
    expect(await flush(store, to, 'lu', at)).toBe('done')
    expect(to.sent.map((it) => it.what)).toEqual(['key-1', 'key-3'])
    expect(store.all().map((it) => it.state)).toEqual(['trouble', 'waiting', 'sent'])
    expect(store.all()[0]?.trouble?.detail).toBe('不行')
    // Not by itself later either: a person has to look.
    await flush(store, server(), 'lu', at)
    expect(store.all()[0]?.state).toBe('trouble')
  })

  it('waits for a login, and never sends under another name', async () => {
    const store = memory([entry(1), entry(2, { user: 'other', case_id: 'ZL2' })])
    expect(await flush(store, server({ 'key-1': refusal(401, 'unauthenticated') }), 'lu', at)).toBe('login')
    const to = server()
    await flush(store, to, 'lu', at)
    expect(to.sent.map((it) => it.what)).toEqual(['key-1'])
    expect(store.all()[1]?.state).toBe('waiting')
  })

  it('says when a photograph is lost', async () => {
    const store = memory([entry(1, { body: { pictures: ['local:gone'] } })])
    await flush(store, server(), 'lu', at)
    expect(store.all()[0]?.trouble?.code).toBe('picture_lost')
  })

  it('knows where a case stands with what waits, and which version to name', () => {
    const all = [entry(1, { state: 'sent', result: { id: 'ZL1', version: 7 } }), entry(2, { after_state: 'on_site' })]
    expect(stateWith('ordered', 'ZL1', all)).toBe('on_site')
    expect(stateWith('ordered', 'ZL2', all)).toBe('ordered')
    expect(versionOf(all[1]!, all)).toBe(7)
    expect(localPictures({ a: [{ pictures: ['local:x', 'sha'] }] })).toEqual(['local:x'])
    expect(isStale(entry(1, { state: 'sent', done_at: NOW }), Date.parse(NOW) + 4 * 86_400_000)).toBe(true)
    expect(isStale(entry(1, { state: 'given_up', done_at: NOW }), Date.parse(NOW) + 4 * 86_400_000)).toBe(false)
  })
})

describe('a report from the road', () => {
  const form = { ...blankReport(), outcome: 'intercepted' as const, verdict: 'confirmed' as const }
  it('lacks what the server would refuse', () => {
    expect(lacks(blankReport())).toContain('outcome')
    expect(lacks(form)).toEqual(['picture'])
    expect(lacks({ ...form, outcome: 'gone' })).toEqual(['note'])
    expect(lacks({ ...form, pictures: ['a'], measures: ['fine'] })).toEqual(['amount'])
    expect(lacks({ ...form, pictures: ['a'], is_taught: true })).toEqual(['topic'])
    expect(lacks({ ...form, pictures: ['a'], measures: ['fine'], amounts: { fine: 200 } })).toEqual([])
  })
  it('carries no measures against whoever was not stopped', () => {
    const report = reportOf(
      { ...form, outcome: 'not_seen', note: '未见', findings: ['超速行驶'], measures: ['warning'] },
      NOW,
      null,
    )
    expect(report).toMatchObject({ findings: [], measures: [], education: null, spot: {}, at: NOW })
  })
})

describe('places and terms', () => {
  it('read and write posts on roads', () => {
    for (const [text, metres] of [
      ['K12+300', 12_300],
      ['k12+3', 12_003],
      ['612+050', 612_050],
      ['12.3', 12_300],
      ['K7', 7_000],
    ] as const)
      expect(readChainage(text), text).toBe(metres)
    for (const text of ['', 'K12+3000', '老坡村', '12+']) expect(readChainage(text), text).toBeNull()
    expect(chainageText(12_003)).toBe('K12+003')
    expect(spotText({ route: 'G205', chainage_m: 12_300, description: '桥头' })).toBe('G205 K12+300 桥头')
    expect(spotText({ at: { lon: 118.3, lat: 35.1 } })).toBe('118.30000, 35.10000')
  })
  it('measure distances', () => {
    expect(distance_m({ lon: 118.3, lat: 35.1 }, { lon: 118.31, lat: 35.1 })).toBeCloseTo(910, -1)
    expect(distanceText(85.4)).toBe('85 m')
    expect(distanceText(2_540)).toBe('2.5 km')
  })
  it('lead Chinese maps in GCJ-02 and others in WGS-84', () => {
    const goal = { lon: 118.84, lat: 35.18, name: '石桥劝导站' }
    const query = new URL(amapUri(goal)).searchParams
    expect(Number(query.get('dlon'))).toBeGreaterThan(118.843)
    expect(query.get('dname')).toBe('石桥劝导站')
    expect(geoUri(goal)).toContain('geo:35.180000,118.840000?')
  })
  it('count days of work over a weekend', () => {
    // 2026-11-27 is a Friday.
    const friday = Date.parse('2026-11-27T10:00:00+08:00')
    expect(afterWorkdays(friday, 1)).toBe('2026-11-30T18:00')
    expect(afterWorkdays(friday, 5)).toBe('2026-12-04T18:00')
  })
  it('name the days of a period', () => {
    expect(periodOf('month', '2026-11-28')).toEqual({ first: '2026-11-01', last: '2026-11-28' })
    expect(periodOf('last_month', '2026-01-05')).toEqual({ first: '2025-12-01', last: '2025-12-31' })
    expect(periodOf('quarter', '2026-11-28').first).toBe('2026-10-01')
    expect(untilOf({ first: '2026-11-01', last: '2026-11-30' })).toBe('2026-11-30T16:00:00.000Z')
  })
})

describe('EXIF', () => {
  /** A JPEG that is nothing but a head: little-endian TIFF with a time and a place. */
  function head(): ArrayBuffer {
    const view = new DataView(new ArrayBuffer(400))
    const tiff = 12
    const put16 = (at: number, value: number) => view.setUint16(tiff + at, value, true)
    const put32 = (at: number, value: number) => view.setUint32(tiff + at, value, true)
    const text = (at: number, value: string) =>
      [...value].forEach((it, i) => view.setUint8(tiff + at + i, it.charCodeAt(0)))
    const tag = (at: number, id: number, type: number, count: number, value: number) => {
      put16(at, id)
      put16(at + 2, type)
      put32(at + 4, count)
      put32(at + 8, value)
    }
    view.setUint16(0, 0xffd8)
    view.setUint16(2, 0xffe1)
    view.setUint16(4, 390)
    view.setUint32(6, 0x45786966)
    text(0, 'II')
    put16(2, 42)
    put32(4, 8)
    put16(8, 2)
    tag(10, 0x8769, 4, 1, 50)
    tag(22, 0x8825, 4, 1, 100)
    put16(50, 1)
    tag(52, 0x9003, 2, 20, 200)
    text(200, '2026:11:28 09:30:05')
    put16(100, 4)
    tag(102, 1, 2, 2, 0)
    text(110, 'N')
    tag(114, 2, 5, 3, 230)
    tag(126, 3, 2, 2, 0)
    text(134, 'E')
    tag(138, 4, 5, 3, 260)
    const degrees = (at: number, d: number, m: number, s: number) =>
      [d, m, s].forEach((value, i) => {
        put32(at + i * 8, value)
        put32(at + i * 8 + 4, 1)
      })
    degrees(230, 35, 10, 48)
    degrees(260, 118, 50, 24)
    return view.buffer
  }
  it('says when and where, and nothing of what is no photograph', () => {
    const shot = readShot(head())
    expect(shot.taken_at).toBe('2026-11-28T01:30:05.000Z')
    expect(shot.lat).toBeCloseTo(35.18, 5)
    expect(shot.lon).toBeCloseTo(118.84, 5)
    for (const bytes of [new ArrayBuffer(0), new TextEncoder().encode('no picture').buffer, head().slice(0, 60)])
      expect(readShot(bytes as ArrayBuffer)).toEqual({ taken_at: null, lon: null, lat: null })
  })
})
