// Clocks and days as people at the desk read them.
import { describe, expect, it } from 'vitest'
import { clockText, countdown, dayStart, dayText, instantText, span, urgency } from '@/lib/time'

const MIDNIGHT = Date.parse('2026-11-22T16:00:00.000Z')

describe('China time', () => {
  it('does not depend on the zone of the computer', () => {
    expect([dayText(MIDNIGHT), clockText(MIDNIGHT)]).toEqual(['2026-11-23', '00:00:00'])
    expect([dayText(MIDNIGHT - 1), clockText(MIDNIGHT - 1)]).toEqual(['2026-11-22', '23:59:59'])
  })
  it('starts a day at midnight in China', () => {
    expect(dayStart('2026-11-23')).toBe('2026-11-22T16:00:00.000Z')
  })
  it('leaves the date out only today', () => {
    const now = MIDNIGHT + 3_600_000
    expect(instantText('2026-11-22T16:30:00.000Z', now)).toBe('00:30:00')
    expect(instantText('2026-11-22T15:30:00.000Z', now)).toBe('11-22 23:30:00')
    expect(instantText(null, now)).toBe('—')
  })
})

describe('clock chips', () => {
  it('go from calm to half gone to late exactly at the half and at the end', () => {
    const mood = (now: number) => urgency(0, 1000, now)
    expect([mood(0), mood(499), mood(500), mood(999), mood(1000)]).toEqual(['calm', 'calm', 'half', 'half', 'late'])
  })
  it('count down by seconds, rounding up so that 0:00 means over', () => {
    expect([countdown(61_000), countdown(60_001), countdown(1), countdown(0), countdown(-5)]).toEqual([
      '1:01',
      '1:01',
      '0:01',
      '0:00',
      '0:00',
    ])
    expect(countdown(3_600_000 + 5 * 60_000)).toBe('1:05:00')
  })
  it('tell ages in the largest whole unit', () => {
    const unit = (ms: number) => Object.values(span(ms)).join(' ')
    expect([unit(-5), unit(59_999), unit(60_000), unit(3_600_000), unit(47 * 3_600_000), unit(48 * 3_600_000)]).toEqual(
      ['second 0', 'second 59', 'minute 1', 'hour 1', 'hour 47', 'day 2'],
    )
  })
})
