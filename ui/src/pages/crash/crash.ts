// What a crash says: how it is filled in, what is sent, how it is told in a line.
import type { Query } from '@/api/client'
import type { Crash, CrashInput, Severity } from '@/api/crash'
import type { Theatre } from '@/api/types'
import { t } from '@/i18n'
import { chainageText, readChainage } from '@/lib/chainage'
import { spotText } from '@/lib/spot'
import { dayStart, dayText, fieldOf, instantOf } from '@/lib/time'
import { sinceOf, untilOf } from '@/pages/hazard/period'
import { describedPlace, spotOf, type PlaceForm } from '@/pages/hazard/report'

export interface CrashForm extends PlaceForm {
  at: string
  severity: Severity | ''
  dead: number
  injured: number
  theatre: Theatre | ''
  unit: number | null
  number: string
  note: string
}
export const blankCrash = (): CrashForm => ({
  at: '',
  severity: '',
  dead: 1,
  injured: 0,
  lon: null,
  lat: null,
  route: '',
  chainage: '',
  place: '',
  theatre: '',
  unit: null,
  number: '',
  note: '',
})
export const formOf = (crash: Crash): CrashForm => ({
  at: fieldOf(Date.parse(crash.occurred_at)),
  severity: crash.severity,
  dead: crash.dead,
  injured: crash.injured,
  lon: crash.lon,
  lat: crash.lat,
  route: crash.route ?? '',
  chainage: crash.chainage_m === null ? '' : chainageText(crash.chainage_m),
  place: crash.description,
  theatre: crash.theatre ?? '',
  // One that gets its place now lies where the place is.
  unit: crash.lon === null ? null : (crash.unit?.id ?? null),
  number: crash.source_number ?? '',
  note: crash.note,
})

export const hasDead = ({ severity }: CrashForm): boolean => severity === 'fatal'
export const hasInjured = ({ severity }: CrashForm): boolean => severity === 'fatal' || severity === 'injury'

export type CrashLack = 'at' | 'future' | 'severity' | 'dead' | 'injured' | 'place' | 'chainage'
export function crashLacks(form: CrashForm, now_ms: number): CrashLack[] {
  const found: CrashLack[] = []
  const at = instantOf(form.at)
  if (at === null) found.push('at')
  else if (Date.parse(at) > now_ms) found.push('future')
  if (!form.severity) found.push('severity')
  if (hasDead(form) && form.dead < 1) found.push('dead')
  if (form.severity === 'injury' && form.injured < 1) found.push('injured')
  // A road alone is a place here: the crash stands in the ledger, to be placed later.
  if (form.lon === null && !describedPlace(form) && !form.route.trim()) found.push('place')
  if (form.chainage.trim() && readChainage(form.chainage) === null) found.push('chainage')
  return found
}

export function crashOf(form: CrashForm): CrashInput {
  const { at, route, chainage_m } = spotOf(form)
  return {
    occurred_at: instantOf(form.at)!,
    severity: form.severity,
    dead: hasDead(form) ? form.dead : 0,
    injured: hasInjured(form) ? form.injured : 0,
    lon: at?.lon ?? null,
    lat: at?.lat ?? null,
    route: route ?? null,
    chainage_m: chainage_m ?? null,
    description: form.place.trim(),
    theatre: form.theatre || null,
    unit: form.unit,
    source_number: form.number.trim() || null,
    note: form.note.trim(),
  }
}

/** `死亡 1 人、受伤 2 人`; nothing for damage alone. */
export function hurtText({ dead, injured }: Pick<Crash, 'dead' | 'injured'>): string {
  if (dead && injured) return t('crash.dead_injured', { dead, injured })
  if (dead) return t('crash.dead', { n: dead })
  return injured ? t('crash.injured', { n: injured }) : ''
}
export const isPlaced = (crash: Crash): boolean => crash.lon !== null && crash.lat !== null
export const placeText = (crash: Crash): string =>
  spotText({
    at: isPlaced(crash) ? { lon: crash.lon!, lat: crash.lat! } : null,
    route: crash.route,
    chainage_m: crash.chainage_m,
    description: crash.description,
  })

/** Spans back from today that can be chosen, in days; three years is what black spots are found by. */
export const SPANS = ['30', '90', '365', '1095'] as const
export const CUSTOM = 'custom'
const DAY_MS = 86_400_000

/** The days of the filter: those chosen, or the last month where nothing is chosen yet. */
export function daysOf(query: Record<string, string>, now_ms: number): { first: string; last: string } {
  const today = dayText(now_ms)
  return { first: query.from ?? dayText(now_ms - 30 * DAY_MS), last: query.to ?? today }
}
/** The filter of the page as the server takes it. */
export function wire(query: Record<string, string>, now_ms: number): Query {
  const OWN = ['days', 'from', 'to', 'sort']
  const rest: Query = Object.fromEntries(Object.entries(query).filter(([name]) => !OWN.includes(name)))
  const { days } = query
  if (days === CUSTOM) {
    const period = daysOf(query, now_ms)
    return { ...rest, since: sinceOf(period), until: untilOf(period) }
  }
  if (!days || !Number(days)) return rest
  return { ...rest, since: rest.since ?? dayStart(dayText(now_ms - Number(days) * DAY_MS)) }
}
