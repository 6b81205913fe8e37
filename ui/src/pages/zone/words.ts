// A zone in words: hours, vehicles, ground; and what people type of it, read back.
import type { Zone, ZoneHours, ZoneText } from '@/api/types'
import { t, word, type Key } from '@/i18n'
import { listed } from '@/pages/model/value'

export const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7] as const
/** First letters of vehicle types (GA/T 16.4). */
export const FAMILIES = [...'KHQZBGDMNTJX']

const weekday = (day: number) => t(`zone.weekday_${day}` as Key)
export function daysText(days: readonly number[]): string {
  const has = (...wanted: number[]) => days.length === wanted.length && wanted.every((day) => days.includes(day))
  if (days.length === 7) return t('zone.every_day')
  if (has(1, 2, 3, 4, 5)) return t('zone.workdays')
  if (has(6, 7)) return t('zone.weekend')
  return listed([...days].sort((a, b) => a - b).map(weekday))
}
/** `每日 22:00–次日 06:00` */
export const hoursText = ({ days, from, to }: ZoneHours): string =>
  `${daysText(days)} ${from}–${to <= from ? t('zone.next_day') : ''}${to}`
export const whenText = (zone: ZoneText): string =>
  zone.hours.length === 0 ? t('zone.always') : zone.hours.map(hoursText).join(' · ')
export const whoText = (zone: ZoneText): string =>
  listed([
    ...zone.key_classes.map((it) => word('key_class', it)),
    ...[...zone.families].map((it) => word('family', it)),
  ]) || t('zone.all_vehicles')
export function whereText({ area, checkpoints }: ZoneText): string {
  const places = checkpoints.length ? t('zone.only_checkpoints', { n: checkpoints.length }) : ''
  if (area.type === 'checkpoints') return places
  const ground =
    area.type === 'polygon' ? t('zone.polygon', { n: area.points.length }) : t('zone.line', { n: area.reach_m ?? 0 })
  return [ground, places].filter(Boolean).join(' + ')
}

export const textOf = ({ id, changed_by, changed_at, ...text }: Zone): ZoneText => {
  void [id, changed_by, changed_at]
  return JSON.parse(JSON.stringify(text)) as ZoneText
}
export const blankZone = (): ZoneText => ({
  name: '',
  kind: 'ban',
  area: { type: 'polygon', points: [], reach_m: null },
  checkpoints: [],
  key_classes: [],
  families: '',
  hours: [],
  exempt: [],
})

/** Lines read into things; `wrong` is the 1-based line that could not be read, 0 when all could. */
export interface Read<T> {
  items: T[]
  wrong: number
}
function readLines<T>(text: string, read: (parts: string[]) => T | null): Read<T> {
  const items: T[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (!line.trim()) continue
    const item = read(line.trim().split(/[\s,，;；\t]+/))
    if (!item) return { items, wrong: index + 1 }
    items.push(item)
  }
  return { items, wrong: 0 }
}
export const readPoints = (text: string): Read<[number, number]> =>
  readLines(text, (parts) => {
    const [lon, lat] = parts.map(Number)
    const is_point = parts.length === 2 && Math.abs(lon ?? NaN) <= 180 && Math.abs(lat ?? NaN) <= 90
    return is_point ? [lon!, lat!] : null
  })
export const writePoints = (points: readonly [number, number][]): string =>
  points.map(([lon, lat]) => `${lon.toFixed(6)} ${lat.toFixed(6)}`).join('\n')
export const readExempt = (text: string): Read<{ plate: string; plate_class: string }> =>
  readLines(text, ([plate, plate_class, more]) =>
    plate && /^\d\d$/.test(plate_class ?? '') && !more
      ? { plate: plate.toUpperCase(), plate_class: plate_class! }
      : null,
  )
export const writeExempt = (exempt: ZoneText['exempt']): string =>
  exempt.map((it) => `${it.plate} ${it.plate_class}`).join('\n')

/** What is missing before it can be saved; empty when nothing is. */
export function missing({ name, area, checkpoints }: ZoneText): '' | Key {
  if (!name.trim()) return 'zone.name'
  if (area.type === 'checkpoints') return checkpoints.length ? '' : 'zone.pick_checkpoint'
  return area.points.length < (area.type === 'polygon' ? 3 : 2) ? 'zone.points_few' : ''
}
