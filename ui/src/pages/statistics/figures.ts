// Figures of clocks: how many steps were done in time, and the address of the tasks behind a number.
import type { TaskGroup, TaskGrouping } from '@/api/case'
import { dayStart, dayText } from '@/lib/time'

export const GROUPINGS: readonly TaskGrouping[] = ['unit', 'step', 'person', 'category', 'shift']
/** What a number counts. */
export type Count = 'on_time' | 'late' | 'never' | 'void' | 'running' | 'overdue'
export const COUNTS: readonly Count[] = ['on_time', 'late', 'never', 'overdue', 'running', 'void']
const DAY_MS = 86_400_000

export interface Period {
  since: string
  until: string
}
export type PeriodKey = 'today' | '7' | '30' | 'month' | 'last_month' | 'custom'
export const PERIODS: readonly PeriodKey[] = ['today', '7', '30', 'month', 'last_month', 'custom']

/** Whole days in China; the last one is in it. */
export function periodOf(key: string, now_ms: number, from = '', to = ''): Period {
  const today = dayText(now_ms)
  const after = (day: string) => new Date(Date.parse(dayStart(day)) + DAY_MS).toISOString()
  const month = today.slice(0, 7)
  switch (key) {
    case 'today':
      return { since: dayStart(today), until: after(today) }
    case '30':
      return { since: dayStart(dayText(now_ms - 29 * DAY_MS)), until: after(today) }
    case 'month':
      return { since: dayStart(`${month}-01`), until: after(today) }
    case 'last_month': {
      const last = dayText(Date.parse(dayStart(`${month}-01`)) - 1)
      return { since: dayStart(`${last.slice(0, 7)}-01`), until: dayStart(`${month}-01`) }
    }
    case 'custom':
      if (from && to && from <= to) return { since: dayStart(from), until: after(to) }
  }
  return { since: dayStart(dayText(now_ms - 6 * DAY_MS)), until: after(today) }
}

/** Of what is over, and of what is overdue, the share that was done in time; null where nothing is over. */
export function onTimeShare({ on_time, late, never, overdue }: Omit<TaskGroup, 'group' | 'name'>): number | null {
  const all = on_time + late + never + overdue
  return all === 0 ? null : on_time / all
}
export function sum(groups: readonly TaskGroup[]): TaskGroup {
  const total: TaskGroup = { group: '', name: '', on_time: 0, late: 0, never: 0, void: 0, running: 0, overdue: 0 }
  for (const group of groups) for (const count of COUNTS) total[count] += group[count]
  return total
}

/** The filter of the list of tasks that shows what a number counts. */
export function tasksBehind(
  by: TaskGrouping,
  group: string | null,
  count: Count | null,
  { since, until }: Period,
): Record<string, string> {
  const of: Record<string, string> =
    count === null
      ? { done: 'any' }
      : count === 'overdue'
        ? { late: 'true' }
        : count === 'running'
          ? {}
          : { done: 'true', end: count }
  return { scope: 'all', since, until, ...(group === null ? {} : { [by]: group }), ...of }
}
