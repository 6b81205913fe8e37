// Periods that figures are asked for: a month, a quarter, a year, or two days.
import { dayStart, dayText } from '@/lib/time'

export type PeriodKey = 'month' | 'last_month' | 'quarter' | 'year' | 'days'
export const PERIODS: readonly PeriodKey[] = ['month', 'last_month', 'quarter', 'year', 'days']
const DAY_MS = 86_400_000

export interface Period {
  /** First day and last day, both in it. */
  first: string
  last: string
}
const day = (year: number, month: number, date: number) =>
  new Date(Date.UTC(year, month, date)).toISOString().slice(0, 10)

/** The days of a period that the day `today` lies in. */
export function periodOf(key: Exclude<PeriodKey, 'days'>, today: string): Period {
  const [year, month] = today.split('-').map(Number) as [number, number]
  const m = month - 1
  switch (key) {
    case 'month':
      return { first: day(year, m, 1), last: today }
    case 'last_month':
      return { first: day(year, m - 1, 1), last: day(year, m, 0) }
    case 'quarter':
      return { first: day(year, m - (m % 3), 1), last: today }
    case 'year':
      return { first: day(year, 0, 1), last: today }
  }
}
export const todayOf = (now_ms: number): string => dayText(now_ms)
export const sinceOf = (period: Period): string => dayStart(period.first)
/** The first instant after the period. */
export const untilOf = (period: Period): string => new Date(Date.parse(dayStart(period.last)) + DAY_MS).toISOString()
