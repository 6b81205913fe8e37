// The order that is proposed for a warning: what to check, by its model, with what to take care of. The officer may change it.
import type { Warning, WarningFile } from '@/api/types'
import { t, word, type Key } from '@/i18n'

/** Models whose vehicles may not want to stop. */
const RISKY = new Set(['watch_order', 'clone_plate', 'fake_plate', 'hidden_plate'])
const CHECKS: Partial<Record<Warning['model'], Key>> = {
  watch_order: 'order.check.watch_order',
  clone_plate: 'order.check.clone_plate',
  fake_plate: 'order.check.clone_plate',
  hidden_plate: 'order.check.hidden_plate',
  fatigue: 'order.check.fatigue',
  passage_fatigue: 'order.check.fatigue',
  driving_time: 'order.check.fatigue',
  night_coach: 'order.check.night_coach',
  average_speed: 'order.check.speed',
  spot_speed: 'order.check.speed',
  overload: 'order.check.overload',
  dangerous_goods: 'order.check.dangerous_goods',
  overdue_inspection: 'order.check.overdue',
  overdue_scrapping: 'order.check.scrapping',
  unhandled_offences: 'order.check.offences',
  camera_report: 'order.check.seen',
  zone_ban: 'order.check.zone',
  device_alarm: 'order.check.terminal',
  terminal_silent: 'order.check.terminal',
  terminal_elsewhere: 'order.check.terminal',
}

export function proposedOrder(warning: Warning): string {
  const plate = warning.subject.plate ?? t('order.this_vehicle')
  const check = t(CHECKS[warning.model] ?? 'order.check.other')
  const care = t(RISKY.has(warning.model) ? 'order.care_risky' : 'order.care')
  return t('order.proposal', { plate, title: warning.title, check, care })
}

/** What else to look for: kind, colour, make and owner, as far as the register or the camera knows. */
export function proposedLook(file: WarningFile): string {
  const seen = file.evidence.at(-1)
  const color = file.vehicle?.color ?? seen?.vehicle_color
  const type = file.vehicle?.vehicle_type ?? seen?.vehicle_class
  return [
    color && word('body_color', color),
    type && word('vehicle_type', type),
    file.vehicle?.key_class && word('key_class', file.vehicle.key_class),
    file.vehicle?.owner,
  ]
    .filter(Boolean)
    .join(' · ')
}
