// What the models are about: the order in which pages list them.
import type { ModelId } from '@/api/types'

export const SUBJECTS = {
  plate: [
    'watch_order',
    'clone_plate',
    'fake_plate',
    'hidden_plate',
    'overdue_inspection',
    'overdue_scrapping',
    'unhandled_offences',
  ],
  speed: ['average_speed', 'spot_speed'],
  load: ['overload'],
  driving: ['fatigue', 'passage_fatigue', 'driving_time', 'night_coach'],
  zone: ['dangerous_goods', 'zone_ban', 'no_exit'],
  terminal: ['device_alarm', 'terminal_silent', 'terminal_elsewhere'],
  behaviour: ['wrong_way', 'camera_report'],
  rule: ['rule'],
} as const satisfies Record<string, readonly ModelId[]>
export type Subject = keyof typeof SUBJECTS

/** All models in that order. */
export const MODEL_IDS: readonly ModelId[] = Object.values(SUBJECTS).flat()

export const subjectOf = (model: string): Subject =>
  (Object.keys(SUBJECTS) as Subject[]).find((subject) => (SUBJECTS[subject] as readonly string[]).includes(model)) ??
  'rule'
