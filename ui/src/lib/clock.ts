// Clocks of steps (时限): how much is left, and how it stands: calm, half gone, late; or paused, or ended.
import type { Instant } from '@/api/types'
import { urgency } from './time'

export interface Running {
  armed_at: Instant
  half_at?: Instant | null
  due_at: Instant | null
  paused_at?: Instant | null
  ended_at?: Instant | null
}
/** `none`: nothing is due. */
export type Phase = 'none' | 'calm' | 'half' | 'late' | 'paused' | 'ended'

export function phase(clock: Running, now_ms: number): Phase {
  if (clock.ended_at) return 'ended'
  if (!clock.due_at) return 'none'
  if (clock.paused_at) return 'paused'
  const due_ms = Date.parse(clock.due_at)
  // Working hours are not even: the server says when half of the term is gone.
  if (clock.half_at) {
    if (now_ms >= due_ms) return 'late'
    return now_ms >= Date.parse(clock.half_at) ? 'half' : 'calm'
  }
  return urgency(Date.parse(clock.armed_at), due_ms, now_ms)
}

/** What is left, negative when it is late; null where nothing is due. A paused clock stands where it was paused. */
export function leftMs(clock: Running, now_ms: number): number | null {
  if (!clock.due_at) return null
  const stopped = clock.ended_at ?? clock.paused_at
  return Date.parse(clock.due_at) - (stopped ? Date.parse(stopped) : now_ms)
}

/** The most pressing first: late ones by how late, then by what is due next, what has no term last. */
export function byDue(a: { due_at: Instant | null }, b: { due_at: Instant | null }): number {
  if (a.due_at === b.due_at) return 0
  if (a.due_at === null) return 1
  if (b.due_at === null) return -1
  return Date.parse(a.due_at) - Date.parse(b.due_at)
}
