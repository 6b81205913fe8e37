// Terms of steps and the calendar of work: lengths in words, what a change would be, what is wrong with it.
import type { Measure, Term, TermsFile } from '@/api/notice'
import { t, word } from '@/i18n'

export const MEASURES: readonly Measure[] = ['elapsed', 'working']
export const TERM_LEVELS = ['high', 'medium', 'low'] as const
export type LengthUnit = 'minute' | 'hour' | 'day'
/** A day of work is no day of the clock: lengths of work are said in hours. */
export const UNITS: Record<Measure, readonly LengthUnit[]> = {
  elapsed: ['minute', 'hour', 'day'],
  working: ['minute', 'hour'],
}
const MINUTES: Record<LengthUnit, number> = { minute: 1, hour: 60, day: 1440 }
export const MINUTES_MAX = 366 * 1440

export interface Length {
  count: number
  unit: LengthUnit
}
/** In the largest unit that gives a whole number. */
export function lengthOf(minutes: number, measure: Measure): Length {
  const unit = [...UNITS[measure]].reverse().find((it) => minutes % MINUTES[it] === 0) ?? 'minute'
  return { count: minutes / MINUTES[unit], unit }
}
export const minutesOf = ({ count, unit }: Length): number => Math.round(count * MINUTES[unit])

export function lengthText(minutes: number | null, measure: Measure): string {
  if (minutes === null) return t('terms.no_clock')
  const { count, unit } = lengthOf(minutes, measure)
  return `${count} ${word('terms_unit', unit)}${measure === 'working' ? t('terms.of_work') : ''}`
}

/** The special ones after the one for all: by level, then by unit. */
const rank = (term: Term) => (term.unit === null ? 0 : 10) + (term.level ? 1 + TERM_LEVELS.indexOf(term.level) : 0)
/** As tables show them: by step in the order of the loop. */
export function inOrder(terms: readonly Term[], steps: readonly { step: string }[]): Term[] {
  const place = new Map(steps.map((it, index) => [it.step, index]))
  return [...terms].sort((a, b) => (place.get(a.step) ?? 99) - (place.get(b.step) ?? 99) || rank(a) - rank(b))
}
const keyOf = ({ step, level, unit }: Term): string => `${step}/${level ?? ''}/${unit ?? ''}`

export interface Difference {
  term: Term
  before: Term | null
  after: Term | null
}
export function differences(before: readonly Term[], after: readonly Term[]): Difference[] {
  const old = new Map(before.map((it) => [keyOf(it), it]))
  const now = new Map(after.map((it) => [keyOf(it), it]))
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((key) => {
    const [a, b] = [old.get(key) ?? null, now.get(key) ?? null]
    if (a && b && a.minutes === b.minutes && a.measure === b.measure) return []
    return [{ term: (b ?? a)!, before: a, after: b }]
  })
}

type Calendar = TermsFile['calendar']
/** What the server would refuse, by place; empty when all is well. */
export function faultOf(terms: readonly Term[], calendar: Calendar, escalate_percent: number): string {
  const keys = terms.map(keyOf)
  if (new Set(keys).size < keys.length) return t('terms.fault_double')
  if (terms.some(({ minutes }) => minutes !== null && !(minutes >= 1 && minutes <= MINUTES_MAX)))
    return t('terms.fault_length')
  const hours = calendar.hours
  if (hours.length === 0 || hours.some(({ from, until }) => !from || !until || from >= until))
    return t('terms.fault_hours')
  if (hours.some(({ until }, index) => hours[index + 1] && until > hours[index + 1]!.from))
    return t('terms.fault_hours')
  return escalate_percent >= 1 && escalate_percent <= 99 ? '' : t('terms.fault_percent')
}

const DAY_MS = 86_400_000
/** All days of a period, both ends with it; none when it is upside down or longer than a season. */
const PERIOD_DAYS_MAX = 92
export function daysOf(from: string, until: string): string[] {
  const [first, last] = [Date.parse(`${from}T00:00:00Z`), Date.parse(`${until || from}T00:00:00Z`)]
  const count = (last - first) / DAY_MS + 1
  if (!(count >= 1 && count <= PERIOD_DAYS_MAX)) return []
  return Array.from({ length: count }, (_, index) => new Date(first + index * DAY_MS).toISOString().slice(0, 10))
}
export const isWeekend = (day: string): boolean => [0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay())

export interface Period {
  from: string
  until: string
}
/** Days that follow one another as one, so that a holiday of a week is one line. */
export function periodsOf(days: readonly string[]): Period[] {
  const periods: Period[] = []
  for (const day of [...days].sort()) {
    const last = periods.at(-1)
    if (last && Date.parse(day) - Date.parse(last.until) === DAY_MS) last.until = day
    else periods.push({ from: day, until: day })
  }
  return periods
}
