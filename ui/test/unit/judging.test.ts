// Models, rules, zones, yields and health in words: what is said is what holds.
import { describe, expect, it } from 'vitest'
import type { DeviceHealth, Scope, YieldNumbers, ZoneText } from '@/api/types'
import { byTrouble, clockText, gradeOf, percent, seconds, troubles } from '@/pages/device/trouble'
import { changes, EVERYWHERE, modelState, scopeText, sentence } from '@/pages/model/scope'
import { MODEL_IDS } from '@/pages/model/subjects'
import { valueText, withUnit } from '@/pages/model/value'
import { NO_YIELD, shareText, yieldParts } from '@/pages/model/yields'
import { errorRange, pieces } from '@/pages/rule/condition'
import { diff } from '@/pages/rule/diff'
import { TEMPLATES } from '@/pages/rule/templates'
import { blankZone, hoursText, missing, readExempt, readPoints, whoText, writePoints } from '@/pages/zone/words'
import { zh as first } from '@/i18n/zh'
import { rest } from '@/i18n/zh.rest'

const zh = { ...first, ...rest }

describe('a tuning as a sentence', () => {
  const model = {
    parameters: [
      { name: 'limit', value: 240, unit: 'min', source: '', explanation: '白天连续驾驶上限。', range: null },
      { name: 'trust', value: true, unit: '', source: '', explanation: '信任登记。', range: null },
    ],
  }
  const nameOf = (id: string) => ({ c1: '石桥', c2: '柳河' })[id] ?? id
  const scope: Scope = { ...EVERYWHERE, theatres: ['expressway'], hours: [22, 5], key_classes: ['scheduled_coach'] }

  it('says where, when, for whom and what', () => {
    const tuning = { scope, is_enabled: true, level: 'high' as const, values: { limit: 120, trust: false } }
    expect(sentence(tuning, model, nameOf)).toBe(
      '在高速，每日 22 时至次日 5 时，对班线客车，级别改为高、“白天连续驾驶上限”改为 120 min、“信任登记”改为 否。',
    )
  })
  it('says the whole county when nothing restricts it, and names few checkpoints of many', () => {
    expect(scopeText(EVERYWHERE, nameOf)).toBe('全县')
    expect(scopeText({ ...EVERYWHERE, checkpoints: ['c1', 'c2'] }, nameOf)).toBe('石桥、柳河')
    expect(scopeText({ ...EVERYWHERE, checkpoints: ['c1', 'c2', 'c3', 'c4'] }, nameOf)).toContain('4 处')
    expect(scopeText({ ...EVERYWHERE, hours: [7, 9] }, nameOf)).toBe('全县，每日 7 时至 9 时')
  })
  it('says of a model that is off only that', () => {
    const off = { scope: EVERYWHERE, is_enabled: false, level: 'low' as const, values: { limit: 1 } }
    expect(changes(off, model)).toEqual(['停用本模型'])
  })
  it('tells off everywhere from off somewhere', () => {
    const tuning = (change: object) => ({ scope: EVERYWHERE, is_enabled: false, ...change }) as never
    expect(modelState([])).toBe('on')
    expect(modelState([tuning({ scope })])).toBe('partly_off')
    expect(modelState([tuning({ scope }), tuning({})])).toBe('off')
    expect(modelState([tuning({ is_enabled: true })])).toBe('on')
  })
})

describe('models', () => {
  it('each have a subject, a name and stand once', () => {
    expect(new Set(MODEL_IDS).size).toBe(23)
    expect(MODEL_IDS).toHaveLength(23)
    for (const id of MODEL_IDS) expect(zh).toHaveProperty([`model.${id}`])
  })
  it('have values of every kind in words', () => {
    expect(valueText(['phone', 'sos'])).toBe('接打电话 · 紧急报警')
    expect(valueText([{ over_percent: 20, level: 'medium' }])).toBe('≥ 20 % 中')
    expect(valueText([{ axles: 6, is_also_beyond: true, truck_kg: 49_000, train_kg: 49_000 }])).toBe('6+ 轴 49 吨')
    expect(valueText([{ axles: 3, truck_kg: 25_000, train_kg: 27_000 }])).toBe('3 轴 25/27 吨')
    expect([valueText(false), withUnit(3, 'km/h'), withUnit(3, ''), valueText(null)]).toEqual([
      '否',
      '3 km/h',
      '3',
      '—',
    ])
  })
})

describe('yields', () => {
  const numbers: YieldNumbers = {
    ...NO_YIELD,
    raised: 20,
    judged: 12,
    verdicts: { misread: 3, confirmed: 8, stale: 1 },
    yield: 8 / 11,
  }
  it('are parts that make up the whole, the true ones first', () => {
    const parts = yieldParts(numbers)
    expect(parts.map((it) => [it.key, it.share, it.count])).toEqual([
      ['confirmed', 'true', 8],
      ['stale', 'neither', 1],
      ['misread', 'false', 3],
      ['unjudged', 'open', 8],
    ])
    expect(parts.reduce((sum, it) => sum + it.count, 0)).toBe(numbers.raised)
  })
  it('say nothing of models without a verdict that counts', () => {
    expect(shareText(numbers)).toBe('属实率 73 %')
    expect(shareText(NO_YIELD)).toBe('暂无处置结果')
    expect(yieldParts(NO_YIELD)).toEqual([])
  })
})

describe('a condition', () => {
  const text = 'passage.plate == "鲁𠮷Q" && sped > 80 // 注'
  it('is the same text after it was cut into pieces', () => {
    for (const condition of [text, '', '"open', "a in ['x', 'y']", ...TEMPLATES.map((it) => it.condition)]) {
      expect(
        pieces(condition, [])
          .map((it) => it.text)
          .join(''),
      ).toBe(condition)
    }
  })
  it('has its errors where the server counts characters and the field counts units', () => {
    // The second character of the plate takes two units.
    const offset = [...text].join('').indexOf('sped') - 1
    const error = { line: 1, column: offset + 1, offset, length: 4, message: '' }
    const [start, end] = errorRange(text, error)
    expect(text.slice(start, end)).toBe('sped')
    const wrong = pieces(text, [error]).filter((it) => it.error === 0)
    expect(wrong.map((it) => it.text).join('')).toBe('sped')
  })
  it('shows an error at the very end, too', () => {
    expect(errorRange('a >', { offset: 3, length: 1 })).toEqual([3, 3])
    expect(errorRange('a >', { offset: 2, length: 0 })).toEqual([2, 3])
  })
  it('tells words, texts, numbers and functions apart', () => {
    const kinds = Object.fromEntries(pieces('places(120) >= 5 && x == "b"', []).map((it) => [it.text, it.kind]))
    expect(kinds).toMatchObject({ places: 'function', 120: 'number', '>=': 'sign', x: 'word', '"b"': 'text' })
  })
})

describe('differences of conditions', () => {
  const before = 'a == 1 && places(120) >= 5'
  const after = 'a == 1 && places(60) >= 5 && b'
  it('give both texts back', () => {
    const found = diff(before, after)
    const without = (kind: string) =>
      found
        .filter((it) => it.kind !== kind)
        .map((it) => it.text)
        .join('')
    expect(without('added')).toBe(before)
    expect(without('removed')).toBe(after)
    expect(found.filter((it) => it.kind !== 'same').map((it) => it.text)).toEqual(['120', '60', ' && b'])
  })
  it('are none between equal texts', () => {
    expect(diff(before, before)).toEqual([{ text: before, kind: 'same' }])
  })
})

describe('health of a camera', () => {
  const well: DeviceHealth = {
    kind: 'camera',
    id: 'c',
    name: '石桥',
    checkpoint_ids: [],
    last_received_at: null,
    observations_24h: 900,
    late_share_24h: 0.01,
    online_rate_24h: 0.99,
    delay_median_ms: 800,
    delay_p95_ms: 2000,
    clock_ahead_ms: 200,
    clock_uncertainty_ms: 100,
    slow_line_ms: null,
    misread_share_day: 0.03,
    misread_share_night: 0.08,
    unread_share_24h: 0.02,
  }
  const of = (change: Partial<DeviceHealth>) => troubles({ ...well, ...change }).map((it) => [it.grade, it.text])

  it('asks for nothing when all is well, or when nothing is known', () => {
    expect(of({})).toEqual([])
    expect(gradeOf([])).toBe('good')
    expect(
      of({ clock_ahead_ms: null, misread_share_day: null, misread_share_night: null, delay_median_ms: null }),
    ).toEqual([])
  })
  it('judges no line by back-fill before anything came live', () => {
    const backfill = { clock_ahead_ms: null, online_rate_24h: 0, late_share_24h: 1, delay_median_ms: 4e7 }
    expect(of(backfill)).toEqual([['watch', '刚接入或仅收到补传数据，暂不评定']])
    expect(of({ ...backfill, clock_ahead_ms: 0 }).map(([grade]) => grade)).toEqual(['bad', 'bad', 'bad'])
  })
  it('says what to do, the worst first', () => {
    expect(of({ observations_24h: 0 })[0]?.[0]).toBe('bad')
    const found = of({ online_rate_24h: 0.8, clock_ahead_ms: -7400 })
    expect(found[0]).toEqual(['bad', '时钟慢 7.4 秒：请校时（NTP）'])
    expect(found[1]?.[0]).toBe('watch')
  })
  it('blames a clock only for what is sure', () => {
    expect(of({ clock_ahead_ms: 3_500, clock_uncertainty_ms: 3_000 })).toEqual([])
    expect(of({ clock_ahead_ms: 3_500, clock_uncertainty_ms: 300 })[0]?.[0]).toBe('bad')
  })
  it('puts the bad ones first and sorts by each column', () => {
    const list: DeviceHealth[] = [
      { ...well, id: 'good' },
      { ...well, id: 'slow', clock_ahead_ms: -9000 },
      { ...well, id: 'watch', misread_share_night: 0.25 },
    ]
    const ids = (sort: Parameters<typeof byTrouble>[0]) => [...list].sort(byTrouble(sort)).map((it) => it.id)
    expect(ids('state')).toEqual(['slow', 'watch', 'good'])
    expect(ids('clock')[0]).toBe('slow')
    expect(ids('misread')[0]).toBe('watch')
  })
  it('writes numbers that can be read', () => {
    expect([percent(0.034), percent(0.52), percent(0), percent(null)]).toEqual(['3.4 %', '52 %', '0 %', '—'])
    expect([seconds(-30), seconds(-7400), seconds(42_000), clockText(1900), clockText(-20)]).toEqual([
      '0.0',
      '-7.4',
      '42',
      '+1.9 s',
      '0.0 s',
    ])
  })
})

describe('a zone', () => {
  it('says its hours and vehicles', () => {
    expect(hoursText({ days: [1, 2, 3, 4, 5, 6, 7], from: '22:00', to: '06:00' })).toBe('每日 22:00–次日06:00')
    expect(hoursText({ days: [5, 1, 3, 2, 4], from: '07:00', to: '09:00' })).toBe('工作日 07:00–09:00')
    expect(hoursText({ days: [7, 1], from: '07:00', to: '24:00' })).toBe('周一、周日 07:00–24:00')
    expect(whoText({ ...blankZone(), families: 'HQ', key_classes: ['dangerous_goods'] })).toBe(
      '危险品运输车、货车、牵引车',
    )
    expect(whoText(blankZone())).toBe('所有车辆')
  })
  it('is read from what people type, and says which line is wrong', () => {
    const points: [number, number][] = [
      [118.3, 35],
      [118.4, 35.1],
    ]
    expect(readPoints(writePoints(points))).toEqual({ items: points, wrong: 0 })
    expect(readPoints('118.3，35.0\n\n118.4 ninety').wrong).toBe(3)
    expect(readPoints('118.3 135').wrong).toBe(1)
    expect(readExempt('鲁q12345 02\n')).toEqual({ items: [{ plate: '鲁Q12345', plate_class: '02' }], wrong: 0 })
    expect(readExempt('鲁Q12345').wrong).toBe(1)
  })
  it('says what it lacks before it can be saved', () => {
    const zone: ZoneText = { ...blankZone(), name: '城区' }
    expect(missing(blankZone())).toBe('zone.name')
    expect(missing(zone)).toBe('zone.points_few')
    const line = { type: 'line' as const, points: readPoints('1 1\n2 2').items, reach_m: 200 }
    expect(missing({ ...zone, area: line })).toBe('')
    expect(missing({ ...zone, area: { ...line, type: 'polygon' } })).toBe('zone.points_few')
    const only = { type: 'checkpoints' as const, points: [], reach_m: null }
    expect(missing({ ...zone, area: only })).toBe('zone.pick_checkpoint')
    expect(missing({ ...zone, area: only, checkpoints: ['c'] })).toBe('')
  })
})
