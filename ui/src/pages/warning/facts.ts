// What a model found, as label and value, in the order in which an officer asks.
import type { WarningDetail } from '@/api/types'
import { t, word, type Key } from '@/i18n'
import { clockText, fullInstantText } from '@/lib/time'
import { listed } from '@/pages/model/value'

export interface Fact {
  /** A key of the page's words, or a name that somebody gave. */
  label: Key | { name: string }
  value: string
  is_strong?: boolean
}

const fact = (label: Fact['label'], value: string, is_strong = false): Fact => ({ label, value, is_strong })
export const labelText = ({ label }: Fact): string => (typeof label === 'string' ? t(label) : label.name)
/** 95 → `1 h 35 min` in the chosen language. */
export function minutesText(minutes: number): string {
  const hours = Math.floor(minutes / 60)
  const rest = Math.round(minutes % 60)
  if (hours === 0) return t('unit.minutes', { n: rest })
  return rest === 0 ? t('unit.hours', { n: hours }) : t('unit.hours_minutes', { h: hours, m: rest })
}

const elapsedText = (ms: number): string =>
  t('unit.minutes_seconds', { m: Math.floor(ms / 60_000), s: Math.round((ms % 60_000) / 1000) })
const tonnesText = (kg: number): string => t('unit.tonnes', { n: (kg / 1000).toFixed(1) })
const distanceText = (m: number): string =>
  m < 1000 ? t('unit.metres', { n: Math.round(m) }) : t('unit.kilometres', { n: (m / 1000).toFixed(1) })
/** Values that rules keep of their condition are shown so many at most; the rest is in the rule's evidence. */
const RULE_VALUES_MAX = 8

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
        fact('fact.elapsed', elapsedText(detail.elapsed_ms)),
      ]
    case 'fatigue':
    case 'passage_fatigue':
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
    case 'clone_plate':
      return [
        ...cloneFacts(detail),
        ...seenSince(detail, 'fact.contradictions', detail.contradiction_count),
        ...(detail.needs_earlier ? [fact('fact.earlier', t('fact.earlier_days'))] : []),
      ]
    case 'fake_plate':
      return [
        fact('fact.plate', detail.plate, true),
        fact('fact.sightings', t('unit.times', { n: detail.sighting_count }), true),
        fact('fact.places', t('fact.places_n', { n: detail.place_count })),
        fact('fact.since', fullInstantText(detail.first_at)),
      ]
    case 'hidden_plate':
      return [
        fact('fact.is_covered', t(detail.is_covered ? 'fact.covered' : 'fact.no_plate'), true),
        ...seenSince(detail, 'fact.sightings', detail.sighting_count),
      ]
    case 'spot_speed':
      return [
        fact('fact.spot_speed', `${detail.speed_kmh} km/h`, true),
        fact('fact.limit', `${detail.limit_kmh} km/h`),
        fact('fact.over', `${detail.over_percent.toFixed(0)} %`, true),
      ]
    case 'wrong_way':
      return [
        fact('fact.direction', word('direction', detail.direction === null ? null : String(detail.direction)), true),
        fact('fact.reported_by', t(detail.is_reported ? 'fact.by_camera' : 'fact.by_direction')),
      ]
    case 'overload':
      return [
        fact('fact.total', tonnesText(detail.total_kg), true),
        fact('fact.weight_limit', tonnesText(detail.limit_kg)),
        fact('fact.over_weight', `${detail.over_percent.toFixed(0)} %`, true),
        fact('fact.axles', t('fact.axles_n', { n: detail.axle_count })),
        fact('fact.hundred_ton', t(detail.is_hundred_ton ? 'word.yes' : 'word.no'), detail.is_hundred_ton),
      ]
    case 'camera_report':
      return [fact('fact.behaviour', word('behaviour', detail.behaviour), true)]
    case 'driving_time':
      return [
        fact('fact.driven_total', minutesText(detail.driven_minutes), true),
        fact('fact.driven_limit', minutesText(detail.limit_minutes)),
        fact('fact.window', windowText(detail.window_hours)),
        fact('fact.window_from', fullInstantText(detail.window_from)),
      ]
    case 'dangerous_goods':
      return [
        fact('fact.dangerous', t(detail.is_hours ? 'fact.off_hours' : 'fact.off_route'), true),
        ...(detail.zone_name ? [fact('fact.route', detail.zone_name)] : []),
        fact('fact.since', fullInstantText(detail.first_at)),
      ]
    case 'zone_ban':
      return [fact('fact.zone', detail.zone_name, true), fact('fact.since', fullInstantText(detail.first_at))]
    case 'no_exit':
      return [
        fact('fact.section', detail.section_name ?? detail.section_id, true),
        fact('fact.entered', fullInstantText(detail.entered_at)),
        fact('fact.expected', minutesText(detail.expected_minutes)),
      ]
    case 'terminal_silent':
      return [
        fact('fact.silent', minutesText(detail.silent_minutes), true),
        fact('fact.seen_at', fullInstantText(detail.seen_at)),
        fact('fact.last_report', fullInstantText(detail.last_report_at)),
      ]
    case 'terminal_elsewhere':
      return [
        fact('fact.distance', distanceText(detail.distance_m), true),
        fact('fact.seen_at', fullInstantText(detail.seen_at)),
      ]
    case 'rule':
      return [
        fact('fact.rule', t('fact.rule_version', { name: detail.rule_name, n: detail.rule_version }), true),
        ...detail.values.slice(0, RULE_VALUES_MAX).map(({ name, value }) => fact({ name }, value)),
      ]
  }
}

const windowText = (hours: number): string =>
  hours % 24 === 0 && hours > 24 ? t('fact.window_days', { n: hours / 24 }) : t('unit.hours', { n: hours })
const seenSince = ({ first_at }: { first_at: string }, label: Key, count: number): Fact[] => [
  fact(label, t('unit.times', { n: count })),
  fact('fact.since', fullInstantText(first_at)),
]
function cloneFacts(detail: Extract<WarningDetail, { type: 'clone_plate' }>): Fact[] {
  if (detail.evidence === 'journey') {
    return [
      fact('fact.clone_from', detail.from_checkpoint_name ?? '—'),
      fact('fact.clone_to', detail.to_checkpoint_name ?? '—'),
      fact('fact.clone_elapsed', elapsedText(detail.elapsed_ms), true),
      fact('fact.clone_shortest', elapsedText(detail.shortest_ms), true),
    ]
  }
  const other: [boolean, Key][] = [
    [detail.is_plate_other, 'fact.clone_plate_other'],
    [detail.is_type_other, 'fact.clone_type_other'],
    [detail.is_color_other, 'fact.clone_color_other'],
  ]
  return [fact('fact.clone_other', listed(other.filter(([is_other]) => is_other).map(([, key]) => t(key))), true)]
}

/** The one thing to know beside the title, e.g. how fast or how late. */
export function gist(detail: WarningDetail): string {
  switch (detail.type) {
    case 'watch_order':
      return detail.reason
    case 'average_speed':
    case 'spot_speed':
      return `${detail.speed_kmh.toFixed(0)} / ${detail.limit_kmh} km/h`
    case 'overload':
      return `${(detail.total_kg / 1000).toFixed(1)} / ${tonnesText(detail.limit_kg)}`
    case 'zone_ban':
      return detail.zone_name
    case 'rule':
      return detail.rule_name
    case 'camera_report':
      return word('behaviour', detail.behaviour)
    default: {
      const strong = facts(detail).filter((it) => it.is_strong)
      const [first] = detail.type === 'device_alarm' ? [facts(detail)[1]] : strong
      return first ? `${labelText(first)} ${first.value}` : ''
    }
  }
}
