// How a camera fares, in words: what is wrong with it, how badly, and what to do about it.
import type { DeviceHealth } from '@/api/types'
import { t, type Key } from '@/i18n'
import { span } from '@/lib/time'

export type Grade = 'bad' | 'watch' | 'good'
export interface Advice {
  grade: Grade
  text: string
}

/** GA/T 497-2009: plates are read rightly by day in 90 %, by night in 80 % of passages at least. */
const MISREAD_DAY_SHARE_MAX = 0.1
const MISREAD_NIGHT_SHARE_MAX = 0.2
/** Beyond this, times of sections and of cloned plates rest on the correction alone; the list of devices uses it, too. */
const CLOCK_BAD_MS = 3_000
const CLOCK_WATCH_MS = 1_000
/** Below these, passages are missed that somebody will ask for. */
const ONLINE_BAD_SHARE = 0.6
const ONLINE_WATCH_SHARE = 0.9
/** An order at a checkpoint must be known while the vehicle is still near. */
const DELAY_BAD_MS = 30_000
const DELAY_WATCH_MS = 5_000
const LATE_BAD_SHARE = 0.3
const LATE_WATCH_SHARE = 0.1
const UNREAD_BAD_SHARE = 0.25
const UNREAD_WATCH_SHARE = 0.12

/** `3.4 %`, `52 %`; a dash for what is not known. */
export const percent = (share: number | null): string =>
  share === null ? '—' : `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`
/** `0.4`, `42`: what rounds to nothing has no sign. */
export const seconds = (ms: number): string =>
  (ms / 1000).toFixed(Math.abs(ms) < 10_000 ? 1 : 0).replace(/^-(0(?:\.0)?)$/, '$1')
/** A delay: seconds to a decimal, what is longer in its largest unit. */
export function delayText(ms: number | null): string {
  if (ms === null) return '—'
  const { unit, count } = span(ms)
  return unit === 'second' ? t('clock.second', { n: seconds(ms) }) : t(`clock.${unit}` as Key, { n: count })
}
/** `+1.9 s`, `-7.4 s` */
export const clockText = (ahead_ms: number): string => `${ahead_ms >= 50 ? '+' : ''}${seconds(ahead_ms)} s`

const graded = (value: number, bad: number, watch: number): Grade =>
  value >= bad ? 'bad' : value >= watch ? 'watch' : 'good'

/** What is wrong, the worst first; empty when all is well. */
export function troubles(it: DeviceHealth): Advice[] {
  if (it.observations_24h === 0) return [{ grade: 'bad', text: t('health.advice.silent') }]
  const found: Advice[] = []
  const put = (grade: Grade, text: () => string) => grade !== 'good' && found.push({ grade, text: text() })
  const say = (key: Key) => () => t(key)

  const { clock_ahead_ms } = it
  // Its clock is learned from the first minutes of live data: before, back-fill would pass for a bad line.
  const is_new = clock_ahead_ms === null
  const line: [Grade, Key][] = [
    [graded(1 - it.online_rate_24h, 1 - ONLINE_BAD_SHARE, 1 - ONLINE_WATCH_SHARE), 'health.advice.offline'],
    [graded(it.delay_median_ms ?? 0, DELAY_BAD_MS, DELAY_WATCH_MS), 'health.advice.delay'],
    [graded(it.late_share_24h ?? 0, LATE_BAD_SHARE, LATE_WATCH_SHARE), 'health.advice.late'],
  ]
  if (!is_new) line.forEach(([grade, key]) => put(grade, say(key)))
  else if (line.some(([grade]) => grade !== 'good')) put('watch', say('health.advice.new'))
  if (clock_ahead_ms !== null) {
    // Only what is sure: the error less its uncertainty.
    const sure_ms = Math.abs(clock_ahead_ms) - (it.clock_uncertainty_ms ?? 0)
    put(graded(sure_ms, CLOCK_BAD_MS, CLOCK_WATCH_MS), () =>
      t('health.advice.clock', {
        direction: t(clock_ahead_ms > 0 ? 'health.advice.clock_ahead' : 'health.advice.clock_behind'),
        time: delayText(Math.abs(clock_ahead_ms)),
      }),
    )
  }
  const by_day = graded(it.misread_share_day ?? 0, MISREAD_DAY_SHARE_MAX * 2, MISREAD_DAY_SHARE_MAX)
  const by_night = graded(it.misread_share_night ?? 0, MISREAD_NIGHT_SHARE_MAX * 2, MISREAD_NIGHT_SHARE_MAX)
  if (by_day !== 'good') put(by_day, say('health.advice.misread'))
  else put(by_night, say('health.advice.misread_night'))
  put(graded(it.unread_share_24h ?? 0, UNREAD_BAD_SHARE, UNREAD_WATCH_SHARE), say('health.advice.unread'))
  return found.sort((a, b) => Number(b.grade === 'bad') - Number(a.grade === 'bad'))
}

export const gradeOf = (found: readonly Advice[]): Grade => found[0]?.grade ?? 'good'

export type HealthSort = 'state' | 'name' | 'online' | 'delay' | 'late' | 'clock' | 'misread' | 'unread' | 'count'
const GRADES: readonly Grade[] = ['bad', 'watch', 'good']
/** What a column sorts by; greater is worse, so that descending shows the bad ones first. */
const BY: Record<Exclude<HealthSort, 'state' | 'name'>, (it: DeviceHealth) => number> = {
  online: (it) => 1 - it.online_rate_24h,
  delay: (it) => it.delay_median_ms ?? -1,
  late: (it) => it.late_share_24h ?? -1,
  clock: (it) => Math.abs(it.clock_ahead_ms ?? 0),
  misread: (it) => Math.max(it.misread_share_day ?? -1, it.misread_share_night ?? -1),
  unread: (it) => it.unread_share_24h ?? -1,
  count: (it) => -it.observations_24h,
}
export function byTrouble(sort: HealthSort): (a: DeviceHealth, b: DeviceHealth) => number {
  const name = (a: DeviceHealth, b: DeviceHealth) => (a.name || a.id).localeCompare(b.name || b.id)
  if (sort === 'name') return name
  if (sort !== 'state') return (a, b) => BY[sort](b) - BY[sort](a) || name(a, b)
  const rank = (it: DeviceHealth) => {
    const found = troubles(it)
    return GRADES.indexOf(gradeOf(found)) * 100 - found.length
  }
  return (a, b) => rank(a) - rank(b) || name(a, b)
}
