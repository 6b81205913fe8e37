// Times as people at the desk read them: China time, ages and time left, all against the server's clock.

const ZONE = 'Asia/Shanghai'
const clockFormat = new Intl.DateTimeFormat('en-GB', {
  timeZone: ZONE,
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
const dayFormat = new Intl.DateTimeFormat('en-CA', {
  timeZone: ZONE,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
})

/** `14:31:36` */
export const clockText = (ms: number): string => clockFormat.format(ms)
/** `2026-11-23` */
export const dayText = (ms: number): string => dayFormat.format(ms)
/** `11-23 14:31:36`, and the time alone on the day that `now_ms` falls on. */
export function instantText(at: string | null | undefined, now_ms: number): string {
  if (!at) return '—'
  const ms = Date.parse(at)
  const day = dayText(ms)
  return day === dayText(now_ms) ? clockText(ms) : `${day.slice(5)} ${clockText(ms)}`
}
export const fullInstantText = (at: string | null | undefined): string =>
  at ? `${dayText(Date.parse(at))} ${clockText(Date.parse(at))}` : '—'

const CHINA_OFFSET_MS = 8 * 3_600_000
/** The first instant of a day in China as an API instant. */
export const dayStart = (day: string): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) - CHINA_OFFSET_MS).toISOString()

export interface Span {
  unit: 'second' | 'minute' | 'hour' | 'day'
  count: number
}
/** A length of time in its largest whole unit; never negative. */
export function span(ms: number): Span {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return { unit: 'second', count: seconds }
  if (seconds < 3600) return { unit: 'minute', count: Math.floor(seconds / 60) }
  if (seconds < 48 * 3600) return { unit: 'hour', count: Math.floor(seconds / 3600) }
  return { unit: 'day', count: Math.floor(seconds / 86_400) }
}

/** How far a running clock has gone: calm, half gone, or late. */
export type Urgency = 'calm' | 'half' | 'late'
export function urgency(started_ms: number, due_ms: number, now_ms: number): Urgency {
  if (now_ms >= due_ms) return 'late'
  return now_ms - started_ms >= (due_ms - started_ms) / 2 ? 'half' : 'calm'
}

/** Up to this, time left is counted to the second; beyond, a day is exact enough. */
export const COUNTDOWN_MS_MAX = 48 * 3_600_000

/** `1:05` left of a clock, or `1:12:00` with hours. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const rest = String(seconds % 60).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`
}

/** `2026-11-23T14:31`, as a field for a time takes it. */
export const fieldOf = (ms: number): string => `${dayText(ms)}T${clockText(ms).slice(0, 5)}`
/** What a field for a time holds, in China, as an API instant; null while it is not whole. */
export function instantOf(field: string): string | null {
  const ms = Date.parse(`${field.length === 16 ? `${field}:00` : field}+08:00`)
  return Number.isNaN(ms) ? null : new Date(ms).toISOString()
}
/** A length of time in its two largest units, e.g. 3 h 20 min; the second one is 0 when it does not matter. */
export function spans(ms: number): [Span, Span | null] {
  const first = span(ms)
  if (first.unit === 'second') return [first, null]
  const of = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }[first.unit]
  const rest = ms - first.count * of
  const unit = ({ minute: 'second', hour: 'minute', day: 'hour' } as const)[first.unit]
  const count = Math.floor(rest / { second: 1000, minute: 60_000, hour: 3_600_000 }[unit])
  return [first, count > 0 ? { unit, count } : null]
}
