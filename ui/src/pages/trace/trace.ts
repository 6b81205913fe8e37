// The way of a vehicle as it is shown: stops in their order, gaps, days, legs between checkpoints, what is sure and what is not.
import type { Reading, Sighting } from '@/api/history'
import { t, type Key } from '@/i18n'
import type { Position } from '@/lib/datum'
import { dayText, spans } from '@/lib/time'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** From here on the time between two sightings is said. */
export const GAP_MS = 30 * MINUTE_MS
/** From here on nobody knows where the vehicle was meanwhile. */
export const GAP_LONG_MS = 12 * 60 * MINUTE_MS
/** The time of a trace when none is said. */
export const TRACE_DAYS_USUAL = 30
/** More sightings than this are looked at day by day. */
export const WHOLE_STOPS_MAX = 120
/** A track of more points is thinned; the eye does not see the difference. */
export const TRACK_POINTS_MAX = 3_000

/** A sighting as it is shown: those of the plate itself have numbers, in the order of time. */
export interface Stop extends Sighting {
  key: string
  at_ms: number
  /** Null where the plate may be misread. */
  number: number | null
}
export type Entry =
  | { kind: 'day'; day: string; count: number }
  | { kind: 'stop'; stop: Stop }
  | { kind: 'gap'; key: string; ms: number; is_long: boolean }

/** The stops in the order of capture. */
export function stopsOf(items: readonly Sighting[], asked: string): Stop[] {
  let number = 0
  return items.map((it) => ({
    ...it,
    key: `${it.plate} ${it.captured_at} ${it.received_at} ${it.checkpoint_id}`,
    at_ms: Date.parse(it.captured_at),
    number: it.plate === asked ? ++number : null,
  }))
}

/** The days in China on which it was seen, oldest first, with how often. */
export function daysOf(stops: readonly Stop[]): { day: string; count: number }[] {
  const days = new Map<string, number>()
  for (const { at_ms } of stops) days.set(dayText(at_ms), (days.get(dayText(at_ms)) ?? 0) + 1)
  return [...days].map(([day, count]) => ({ day, count }))
}

/** The time line: a head for each day, and what lies between two sightings where it is long. */
export function entriesOf(stops: readonly Stop[]): Entry[] {
  const counts = new Map(daysOf(stops).map(({ day, count }) => [day, count]))
  const entries: Entry[] = []
  let last: Stop | null = null
  for (const stop of stops) {
    const day = dayText(stop.at_ms)
    const gap_ms = last ? stop.at_ms - last.at_ms : 0
    if (gap_ms >= GAP_MS)
      entries.push({ kind: 'gap', key: `gap ${stop.key}`, ms: gap_ms, is_long: gap_ms >= GAP_LONG_MS })
    if (!last || dayText(last.at_ms) !== day) entries.push({ kind: 'day', day, count: counts.get(day) ?? 0 })
    entries.push({ kind: 'stop', stop })
    last = stop
  }
  return entries
}

export interface Summary {
  count: number
  first: Stop | null
  last: Stop | null
  place_count: number
  day_count: number
  often: { name: string; checkpoint_id: string; count: number } | null
  fastest: Stop | null
}
/** Of the plate itself; what may be misread is not counted. */
export function summaryOf(stops: readonly Stop[]): Summary {
  const sure = stops.filter((it) => it.number !== null)
  const places = new Map<string, { name: string; checkpoint_id: string; count: number }>()
  let fastest: Stop | null = null
  for (const stop of sure) {
    const place = places.get(stop.checkpoint_id) ?? {
      name: placeName(stop),
      checkpoint_id: stop.checkpoint_id,
      count: 0,
    }
    place.count += 1
    places.set(stop.checkpoint_id, place)
    if (stop.speed_kmh !== null && stop.speed_kmh > (fastest?.speed_kmh ?? 0)) fastest = stop
  }
  const often = [...places.values()].sort((a, b) => b.count - a.count)[0] ?? null
  return {
    count: sure.length,
    first: sure[0] ?? null,
    last: sure.at(-1) ?? null,
    place_count: places.size,
    day_count: daysOf(sure).length,
    often,
    fastest,
  }
}

export const placeName = (it: Pick<Sighting, 'checkpoint_name' | 'checkpoint_id'>): string =>
  it.checkpoint_name ?? it.checkpoint_id

/** The way between two checkpoints, driven so many times in this direction. */
export interface Leg {
  from: Position
  to: Position
  count: number
}
/** Legs of the sure stops up to the `upTo`th stop of the list; passing the same pair again makes the leg thicker. */
export function legsOf(stops: readonly Stop[], upTo = stops.length - 1): Leg[] {
  const legs = new Map<string, Leg>()
  let last: Stop | null = null
  for (const stop of stops.slice(0, upTo + 1)) {
    if (stop.number === null || stop.lon === null || stop.lat === null) continue
    if (last && last.checkpoint_id !== stop.checkpoint_id) {
      const key = `${last.checkpoint_id} ${stop.checkpoint_id}`
      const leg = legs.get(key) ?? {
        from: [last.lon!, last.lat!] as Position,
        to: [stop.lon, stop.lat] as Position,
        count: 0,
      }
      leg.count += 1
      legs.set(key, leg)
    }
    last = stop
  }
  return [...legs.values()]
}

/** Stops at one place share one mark. */
export interface Place {
  key: string
  at: Position
  label: string
  indices: number[]
  is_doubtful: boolean
}
export function placesOf(stops: readonly Stop[]): Place[] {
  const places = new Map<string, Place>()
  stops.forEach((stop, index) => {
    if (stop.lon === null || stop.lat === null) return
    const is_doubtful = stop.number === null
    // A place with a sure sighting is a sure place; doubtful ones there don't make it less so.
    const key = stop.checkpoint_id
    const place = places.get(key) ?? { key, at: [stop.lon, stop.lat], label: placeName(stop), indices: [], is_doubtful }
    place.indices.push(index)
    place.is_doubtful &&= is_doubtful
    places.set(key, place)
  })
  return [...places.values()]
}
/** What the mark of a place says: its numbers while they are few, else the first and how many more. */
export function markText(place: Place, stops: readonly Stop[]): string {
  const numbers = place.indices.flatMap((index) => stops[index]?.number ?? [])
  if (numbers.length === 0) return '?'
  return numbers.length <= 2 ? numbers.join(',') : `${numbers[0]} +${numbers.length - 1}`
}

/** Every nth, so that not more than `max` are left; the last one stays. */
export function thinned<P>(points: readonly P[], max = TRACK_POINTS_MAX): P[] {
  const every = Math.ceil(points.length / max)
  return every <= 1 ? [...points] : points.filter((_, index) => index % every === 0 || index === points.length - 1)
}

/** Readings other than the asked plate, the likeliest first; those with an unread symbol last. */
export const misreadsOf = (readings: readonly Reading[]): Reading[] =>
  readings
    .filter((it) => !it.is_asked && it.count > 0)
    .sort((a, b) => (b.likelihood_permille ?? -1) - (a.likelihood_permille ?? -1) || b.count - a.count)

const spanText = ({ unit, count }: { unit: string; count: number }) => t(`clock.${unit}` as Key, { n: count })
export function lengthText(ms: number): string {
  const [first, rest] = spans(ms)
  return rest ? `${spanText(first)} ${spanText(rest)}` : spanText(first)
}

/** The way to the trace of a plate; of the days around a sighting when that is long ago. */
export function traceLink(plate: string, at: string | null, now_ms: number) {
  const query: Record<string, string> = { plate }
  const at_ms = at ? Date.parse(at) : NaN
  if (!Number.isNaN(at_ms)) {
    query.at = new Date(at_ms).toISOString()
    if (now_ms - at_ms > TRACE_DAYS_USUAL * DAY_MS) {
      query.from = new Date(at_ms - 15 * DAY_MS).toISOString()
      query.to = new Date(at_ms + 15 * DAY_MS).toISOString()
    }
  }
  return { name: 'trace', query }
}
