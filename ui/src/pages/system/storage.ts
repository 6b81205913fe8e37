// What a change of the retention means, and whether it is one that the server takes.
import type { Projection, Retention, SegmentKind, Storage } from '@/api/history'
import { dayText } from '@/lib/time'

const DAY_MS = 86_400_000
/** Bounds of the server: a back-test needs a month; nobody needs more than a hundred years. */
export const DAYS_MIN = 31
export const DAYS_MAX = 36_525

export type RetentionName = keyof Retention
export const RETENTION_NAMES: readonly RetentionName[] = [
  'passages_arrival_days',
  'passages_plate_days',
  'positions_arrival_days',
  'positions_plate_days',
  'others_days',
]

/** Which days hold for a kind in a projection. */
export const retentionName = (kind: SegmentKind, projection: Projection): RetentionName =>
  kind === 'others' ? 'others_days' : `${kind}_${projection}_days`

/** What is wrong with it, by name: out of bounds, or the reference kept shorter than what is tested with it. */
export function faultsOf(retention: Retention): Partial<Record<RetentionName, 'range' | 'others'>> {
  const faults: Partial<Record<RetentionName, 'range' | 'others'>> = {}
  for (const name of RETENTION_NAMES) {
    const days = retention[name]
    if (days !== null && !(Number.isInteger(days) && days >= DAYS_MIN && days <= DAYS_MAX)) faults[name] = 'range'
  }
  const whole = [retention.passages_arrival_days, retention.positions_arrival_days]
  const { others_days } = retention
  if (others_days !== null && !faults.others_days && whole.some((days) => days === null || days > others_days))
    faults.others_days = 'others'
  return faults
}

export interface RetentionChange {
  name: RetentionName
  from: number | null
  to: number | null
  /** The day before which is deleted; null when nothing is. */
  deleted_before: string | null
}
export function changesOf(now: Retention, then: Retention, now_ms: number): RetentionChange[] {
  return RETENTION_NAMES.filter((name) => now[name] !== then[name]).map((name) => {
    const from = now[name]
    const to = then[name]
    const is_shorter = to !== null && (from === null || to < from)
    return { name, from, to, deleted_before: is_shorter ? dayText(now_ms - to * DAY_MS) : null }
  })
}

/** Journal entries that are not yet in what is shown; some are always on the way. */
export const behind = ({ shown_up_to, journal_end }: Storage): number => Math.max(0, journal_end - shown_up_to)
/** More entries than this on the way mean that archiving does not keep up. */
export const BEHIND_CALM = 100_000

/** The oldest instant of all kinds. */
export function oldestOf({ kinds }: Storage): string | null {
  const all = kinds.flatMap((it) => it.from ?? []).sort()
  return all[0] ?? null
}
export const bytesOf = ({ kinds }: Storage): number => kinds.reduce((sum, it) => sum + it.bytes, 0)
