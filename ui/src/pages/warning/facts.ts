// What a model found, as label and value, in the order in which an officer asks.
import type { WarningDetail } from '@/api/types'
import { t, word, type Key } from '@/i18n'
import { clockText, fullInstantText } from '@/lib/time'

export interface Fact {
  label: Key
  value: string
  is_strong?: boolean
}

const fact = (label: Key, value: string, is_strong = false): Fact => ({ label, value, is_strong })
/** 95 → `1 h 35 min` in the chosen language. */
export function minutesText(minutes: number): string {
  const hours = Math.floor(minutes / 60)
  const rest = Math.round(minutes % 60)
  if (hours === 0) return t('unit.minutes', { n: rest })
  return rest === 0 ? t('unit.hours', { n: hours }) : t('unit.hours_minutes', { h: hours, m: rest })
}

export function facts(detail: WarningDetail): Fact[] {
  switch (detail.type) {
    case 'watch_order':
      return [
        fact('fact.ordered', detail.ordered_plate, true),
        fact('fact.read', detail.read_plate),
        fact('fact.score', `${Math.round(detail.score * 100)} %`),
        fact('fact.order_reason', detail.reason),
      ]
    case 'average_speed':
      return [
        fact('fact.speed', `${detail.speed_kmh.toFixed(0)} km/h`, true),
        fact('fact.limit', `${detail.limit_kmh} km/h`),
        fact('fact.over', `${detail.over_percent.toFixed(0)} %`, true),
        fact('fact.section', detail.section_name ?? '—'),
        fact('fact.length', `${(detail.length_m / 1000).toFixed(2)} km`),
        fact(
          'fact.elapsed',
          t('unit.minutes_seconds', {
            m: Math.floor(detail.elapsed_ms / 60_000),
            s: Math.round((detail.elapsed_ms % 60_000) / 1000),
          }),
        ),
      ]
    case 'fatigue':
      return [
        fact('fact.driven', minutesText(detail.driven_minutes), true),
        fact('fact.driven_limit', minutesText(detail.limit_minutes)),
        fact('fact.drive_started', fullInstantText(detail.drive_started_at)),
        fact('fact.is_night', detail.is_night ? t('word.yes') : t('word.no')),
      ]
    case 'night_coach':
      return [
        fact('fact.night_window', detail.window, true),
        fact('fact.first_moving', clockText(Date.parse(detail.first_moving_at))),
        fact('fact.moving', minutesText(detail.moving_minutes)),
        fact('fact.night', detail.night),
      ]
    case 'device_alarm':
      return [
        fact('fact.alarm', word('alarm', detail.kind), true),
        fact('fact.alarm_count', t('unit.times', { n: detail.count })),
        fact('fact.first_at', fullInstantText(detail.first_at)),
        fact('fact.last_at', fullInstantText(detail.last_at)),
      ]
    case 'overdue_inspection':
      return [
        fact('fact.overdue', t('unit.days', { n: detail.overdue_days }), true),
        fact('fact.valid_until', detail.valid_until),
      ]
    case 'overdue_scrapping':
      return [
        fact('fact.overdue', t('unit.days', { n: detail.overdue_days }), true),
        fact('fact.scrap_by', detail.scrap_by),
      ]
    case 'unhandled_offences':
      return [
        fact('fact.offences', t('unit.times', { n: detail.count }), true),
        fact('fact.threshold', t('unit.times', { n: detail.threshold })),
      ]
  }
}

/** The one thing to know beside the title, e.g. how fast or how late. */
export function gist(detail: WarningDetail): string {
  switch (detail.type) {
    case 'watch_order':
      return detail.reason
    case 'average_speed':
      return `${detail.speed_kmh.toFixed(0)} / ${detail.limit_kmh} km/h`
    default: {
      const strong = facts(detail).filter((it) => it.is_strong)
      const [first] = detail.type === 'device_alarm' ? [facts(detail)[1]] : strong
      return first ? `${t(first.label)} ${first.value}` : ''
    }
  }
}
