// Flows as a table: a row for each checkpoint, a column for each hour or day of the time, empty ones included.
import type { Flow } from '@/api/history'
import { dayStart, dayText } from '@/lib/time'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** The server counts at most so much at once. */
export const FLOW_DAYS_MAX = 31
/** Up to so long a time is shown by the hour when nothing is said. */
const BY_HOUR_MS_MAX = 2 * DAY_MS

export type FlowUnit = 'hour' | 'day'
export interface FlowColumn {
  from_ms: number
  /** Where the next one begins. */
  to_ms: number
}
export interface FlowRow {
  checkpoint_id: string
  name: string
  counts: number[]
  total: number
}
export interface FlowTable {
  columns: FlowColumn[]
  /** Most first. */
  rows: FlowRow[]
  totals: number[]
  total: number
  /** The fullest cell. */
  most: number
}

export const usualUnit = (from_ms: number, to_ms: number): FlowUnit =>
  to_ms - from_ms <= BY_HOUR_MS_MAX ? 'hour' : 'day'

const begin = (ms: number, unit: FlowUnit): number =>
  unit === 'hour' ? Math.floor(ms / HOUR_MS) * HOUR_MS : Date.parse(dayStart(dayText(ms)))

export function flowTable(items: readonly Flow[], from_ms: number, to_ms: number, unit: FlowUnit): FlowTable {
  const step = unit === 'hour' ? HOUR_MS : DAY_MS
  const first = begin(from_ms, unit)
  const columns: FlowColumn[] = []
  for (let at = first; at < to_ms; at += step) columns.push({ from_ms: at, to_ms: at + step })
  const rows = new Map<string, FlowRow>()
  const totals = columns.map(() => 0)
  for (const { hour, checkpoint_id, checkpoint_name, count } of items) {
    const column = Math.floor((Date.parse(hour) - first) / step)
    if (column < 0 || column >= columns.length) continue
    const row = rows.get(checkpoint_id) ?? {
      checkpoint_id,
      name: checkpoint_name ?? checkpoint_id,
      counts: columns.map(() => 0),
      total: 0,
    }
    row.counts[column]! += count
    row.total += count
    totals[column]! += count
    rows.set(checkpoint_id, row)
  }
  const sorted = [...rows.values()].sort((a, b) => b.total - a.total || a.name.localeCompare(b.name, 'zh'))
  return {
    columns,
    rows: sorted,
    totals,
    total: totals.reduce((sum, it) => sum + it, 0),
    most: Math.max(0, ...sorted.flatMap((row) => row.counts)),
  }
}

/** How full a cell is drawn, 0 to 1; the root keeps quiet hours apart from empty ones. */
export const shade = (count: number, most: number): number => (most === 0 ? 0 : Math.sqrt(count / most))
