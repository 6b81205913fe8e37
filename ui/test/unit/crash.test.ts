// The ledger of crashes: what is missing, what is sent, what a filter means.
import { describe, expect, it } from 'vitest'
import type { Crash } from '@/api/crash'
import { blankCrash, crashLacks, crashOf, CUSTOM, formOf, hurtText, wire } from '@/pages/crash/crash'
import { blankReport, fromCrash, reportOf } from '@/pages/hazard/report'

const NOW = Date.parse('2026-11-28T02:00:00Z')
const crash: Crash = {
  id: 'SG20261128-0007',
  source: 'file',
  source_number: 'A7',
  occurred_at: '2026-11-27T06:20:00.000Z',
  severity: 'injury',
  severity_name: '伤人',
  dead: 0,
  injured: 2,
  lon: 118.84,
  lat: 35.16,
  route: 'G205',
  chainage_m: 12_300,
  description: '北环路口',
  theatre: 'rural',
  unit: { id: 5, name: '云岭镇' },
  note: '',
  recorded_by: { id: 'neiqin01', name: '孙涛' },
  recorded_at: '2026-11-28T01:00:00.000Z',
}

describe('a crash that is recorded', () => {
  const whole = { ...blankCrash(), at: '2026-11-27T14:20', severity: 'property' as const, place: '北环路口' }

  it('has a time that is not to come, a severity that fits its people, and a place of any kind', () => {
    expect(crashLacks(blankCrash(), NOW)).toEqual(['at', 'severity', 'place'])
    expect(crashLacks(whole, NOW)).toEqual([])
    expect(crashLacks({ ...whole, at: '2026-11-28T10:01' }, NOW)).toEqual(['future'])
    expect(crashLacks({ ...whole, severity: 'fatal', dead: 0 }, NOW)).toEqual(['dead'])
    expect(crashLacks({ ...whole, severity: 'injury', injured: 0 }, NOW)).toEqual(['injured'])
    expect(crashLacks({ ...whole, place: '', route: 'G205' }, NOW)).toEqual([])
    expect(crashLacks({ ...whole, chainage: 'K12+x' }, NOW)).toEqual(['chainage'])
  })
  it('is sent with the people of its severity only', () => {
    const sent = crashOf({ ...whole, dead: 3, injured: 2, number: ' A1 ' })
    expect(sent).toMatchObject({ dead: 0, injured: 0, source_number: 'A1', occurred_at: '2026-11-27T06:20:00.000Z' })
    expect(crashOf({ ...whole, severity: 'injury', dead: 3, injured: 2 })).toMatchObject({ dead: 0, injured: 2 })
    expect(crashOf({ ...whole, place: '', route: 'G205' })).toMatchObject({ route: 'G205', description: '' })
    expect(crashOf({ ...whole, severity: 'fatal', dead: 3, injured: 2 })).toMatchObject({ dead: 3, injured: 2 })
  })
  it('is corrected from what it is; one that gets its place now lies in the area of the place', () => {
    expect(crashOf(formOf(crash))).toMatchObject({
      occurred_at: crash.occurred_at,
      source_number: 'A7',
      lon: 118.84,
      chainage_m: 12_300,
      unit: 5,
    })
    expect(crashOf(formOf({ ...crash, lon: null, lat: null })).unit).toBeNull()
  })
  it('is told in a line', () => {
    expect(hurtText({ dead: 0, injured: 0 })).toBe('')
    expect(hurtText({ dead: 0, injured: 2 })).toBe('受伤 2 人')
    expect(hurtText({ dead: 1, injured: 2 })).toBe('死亡 1 人、受伤 2 人')
  })
  it('gives its place to the hazard that is reported from it', () => {
    const form = { ...blankReport(), ...fromCrash(crash), unit: 5, category: 'sight', title: '视距不良' }
    expect(reportOf(form, null, [], crash.id)).toMatchObject({
      source: 'crash',
      crash: crash.id,
      spot: { at: { lon: 118.84, lat: 35.16 }, route: 'G205', chainage_m: 12_300, description: '北环路口' },
    })
    expect(reportOf(form, null, [])).not.toHaveProperty('crash')
  })
})

describe('the filter of the ledger', () => {
  it('says days to the server as instants, and leaves alone what the server knows', () => {
    expect(wire({ severity: 'fatal', sort: 'x' }, NOW)).toEqual({ severity: 'fatal' })
    expect(wire({ days: '30' }, NOW)).toEqual({ since: '2026-10-28T16:00:00.000Z' })
    expect(wire({ days: CUSTOM, from: '2026-01-01', to: '2026-06-30' }, NOW)).toEqual({
      since: '2025-12-31T16:00:00.000Z',
      until: '2026-06-30T16:00:00.000Z',
    })
  })
})
