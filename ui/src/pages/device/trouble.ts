// How a camera fares, in words: what is wrong with it, how badly, and what to do about it.
import type { CameraHealth } from '@/api/types'
import { t, type Key } from '@/i18n'

export type Grade = 'bad' | 'watch' | 'good'
export interface Advice {
  grade: Grade
  text: string
}

/** GA/T 497-2009: plates are read rightly by day in 90 %, by night in 80 % of passages at least. */
const MISREAD_DAY_PERMILLE_MAX = 100
const MISREAD_NIGHT_PERMILLE_MAX = 200
/** Beyond this, times of sections and of cloned plates rest on the correction alone; the list of devices uses it, too. */
const CLOCK_BAD_MS = 3_000
const CLOCK_WATCH_MS = 1_000
/** Below these, passages are missed that somebody will ask for. */
const ONLINE_BAD_PERMILLE = 600
const ONLINE_WATCH_PERMILLE = 900
/** An order at a checkpoint must be known while the vehicle is still near. */
const DELAY_BAD_MS = 30_000
const DELAY_WATCH_MS = 5_000
const LATE_BAD_PERMILLE = 300
const LATE_WATCH_PERMILLE = 100
const UNREAD_BAD_PERMILLE = 250
const UNREAD_WATCH_PERMILLE = 120

export const permille = (count: number, all: number): number => (all === 0 ? 0 : (count / all) * 1000)
export const percent = (of_permille: number): string =>
  `${of_permille > 0 && of_permille < 100 ? (of_permille / 10).toFixed(1) : Math.round(of_permille / 10)} %`
export const seconds = (ms: number): string => (ms / 1000).toFixed(Math.abs(ms) < 10_000 ? 1 : 0)

const graded = (value: number, bad: number, watch: number): Grade =>
  value >= bad ? 'bad' : value >= watch ? 'watch' : 'good'

/** What is wrong, the worst first; empty when all is well. */
export function troubles(it: CameraHealth): Advice[] {
  if (it.observation_count_24h === 0) return [{ grade: 'bad', text: t('health.advice.silent') }]
  const found: Advice[] = []
  const put = (grade: Grade, text: () => string) => grade !== 'good' && found.push({ grade, text: text() })
  const say = (key: Key) => () => t(key)

  put(
    graded(1000 - it.online_permille_24h, 1000 - ONLINE_BAD_PERMILLE, 1000 - ONLINE_WATCH_PERMILLE),
    say('health.advice.offline'),
  )
  const { clock } = it
  if (clock) {
    // Only what is sure: the error less its uncertainty.
    const sure_ms = Math.max(0, Math.abs(clock.ahead_ms) - clock.uncertainty_ms)
    put(graded(sure_ms, CLOCK_BAD_MS, CLOCK_WATCH_MS), () =>
      t('health.advice.clock', {
        direction: t(clock.ahead_ms > 0 ? 'health.advice.clock_ahead' : 'health.advice.clock_behind'),
        time: t('health.clock_axis', { n: seconds(Math.abs(clock.ahead_ms)) }),
      }),
    )
  }
  if (it.delay_median_ms !== null)
    put(graded(it.delay_median_ms, DELAY_BAD_MS, DELAY_WATCH_MS), say('health.advice.delay'))
  put(
    graded(permille(it.late_count_24h, it.observation_count_24h), LATE_BAD_PERMILLE, LATE_WATCH_PERMILLE),
    say('health.advice.late'),
  )
  if (it.misread) {
    const { day_permille, night_permille } = it.misread
    const day = graded(day_permille, MISREAD_DAY_PERMILLE_MAX * 2, MISREAD_DAY_PERMILLE_MAX)
    const night = graded(night_permille, MISREAD_NIGHT_PERMILLE_MAX * 2, MISREAD_NIGHT_PERMILLE_MAX)
    if (day !== 'good') put(day, say('health.advice.misread'))
    else put(night, say('health.advice.misread_night'))
  }
  if (it.unread_permille_24h !== null)
    put(graded(it.unread_permille_24h, UNREAD_BAD_PERMILLE, UNREAD_WATCH_PERMILLE), say('health.advice.unread'))
  return found.sort((a, b) => Number(b.grade === 'bad') - Number(a.grade === 'bad'))
}

export const gradeOf = (found: readonly Advice[]): Grade => found[0]?.grade ?? 'good'

export type HealthSort = 'state' | 'name' | 'online' | 'delay' | 'late' | 'clock' | 'misread' | 'unread' | 'count'
const GRADES: readonly Grade[] = ['bad', 'watch', 'good']
/** What a column sorts by; greater is worse, so that descending shows the bad ones first. */
const BY: Record<Exclude<HealthSort, 'state' | 'name'>, (it: CameraHealth) => number> = {
  online: (it) => 1000 - it.online_permille_24h,
  delay: (it) => it.delay_median_ms ?? -1,
  late: (it) => permille(it.late_count_24h, it.observation_count_24h),
  clock: (it) => (it.clock ? Math.abs(it.clock.ahead_ms) : -1),
  misread: (it) => (it.misread ? Math.max(it.misread.day_permille, it.misread.night_permille) : -1),
  unread: (it) => it.unread_permille_24h ?? -1,
  count: (it) => -it.observation_count_24h,
}
export function byTrouble(sort: HealthSort): (a: CameraHealth, b: CameraHealth) => number {
  const name = (a: CameraHealth, b: CameraHealth) => (a.name ?? a.device_id).localeCompare(b.name ?? b.device_id)
  if (sort === 'name') return name
  if (sort !== 'state') return (a, b) => BY[sort](b) - BY[sort](a) || name(a, b)
  const rank = (it: CameraHealth) => {
    const found = troubles(it)
    return GRADES.indexOf(gradeOf(found)) * 100 - found.length
  }
  return (a, b) => rank(a) - rank(b) || name(a, b)
}
