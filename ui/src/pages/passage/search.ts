// What is searched: the filters in the address and what the server is asked.
import type { Query } from '@/api/client'
import { word } from '@/i18n'

const DAY_MS = 86_400_000

/** The filters that the address holds and the server understands as they are. */
export const FILTERS = [
  'plate',
  'misreads',
  'plate_class',
  'plate_color',
  'checkpoint',
  'theatre',
  'vehicle_type',
  'vehicle_color',
  'speed_min',
  'speed_max',
] as const
/** Those that stand behind “more conditions”. */
export const FURTHER = ['plate_class', 'plate_color', 'theatre', 'vehicle_type', 'vehicle_color', 'speed'] as const

/** What the types of GA/T 16.4 begin with. */
export const VEHICLE_GROUPS = ['K1', 'K2', 'K3', 'K4', 'H1', 'H2', 'H3', 'H4', 'Q', 'B', 'G', 'M', 'N', 'T'] as const

export interface Period {
  from_ms: number
  /** Null: until now. */
  to_ms: number | null
}
/** The time that the address names: `from` and `to`, or so many `days` before now. */
export function periodOf(query: Record<string, string>, now_ms: number, days_usual: number): Period {
  const to_ms = query.to ? Date.parse(query.to) : NaN
  const from_ms = query.from ? Date.parse(query.from) : NaN
  const days = Number(query.days) > 0 ? Number(query.days) : days_usual
  const end_ms = Number.isNaN(to_ms) ? null : to_ms
  return { from_ms: Number.isNaN(from_ms) ? (end_ms ?? now_ms) - days * DAY_MS : from_ms, to_ms: end_ms }
}

/** What the server is asked for these filters. */
export function searchOf(query: Record<string, string>, now_ms: number, days_usual: number): Query {
  const { from_ms, to_ms } = periodOf(query, now_ms, days_usual)
  const asked: Query = { from: new Date(from_ms).toISOString() }
  if (to_ms !== null) asked.to = new Date(to_ms).toISOString()
  for (const name of FILTERS) if (query[name]) asked[name] = query[name]
  if (!asked.plate) delete asked.misreads
  return asked
}

/** An address without some of its parts. */
export const without = <V>(query: Record<string, V>, ...names: readonly string[]): Record<string, V> =>
  Object.fromEntries(Object.entries(query).filter(([name]) => !names.includes(name)))

/** A plate as it is asked for: capitals, full-width marks as plain ones, no dot. */
export const plateText = (text: string): string =>
  text
    .trim()
    .toUpperCase()
    .replace(/[·.\s]/g, '')
    .replace(/？/g, '?')
    .replace(/＊/g, '*')
/** A part of a plate is none that can be traced. */
export const isWholePlate = (text: string): boolean => text.length >= 7 && !/[?*]/.test(text)

/** The conditions that are not seen while the form is folded. */
export const furtherCount = (query: Record<string, string>): number =>
  FURTHER.filter((name) => (name === 'speed' ? query.speed_min || query.speed_max : query[name])).length

export const vehicleGroupName = (group: string): string => word('vehicle_group', group)
