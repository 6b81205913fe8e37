// What the pages of hazards share: the states in their order, groups of them, and filters for links.
import type { Case } from '@/api/case'
import { t, word } from '@/i18n'
import { gradeOf } from '@/map/hazardLayer'

export const OPEN_STATES = ['reported', 'verified', 'noticed', 'rectifying', 'submitted', 'accepted'] as const
export const HAZARD_STATES = [...OPEN_STATES, 'struck_off', 'unfounded', 'merged'] as const
/** What the figures count as found: neither unfounded nor a repeat of another. */
export const FOUND = [...OPEN_STATES, 'struck_off'].join()
/** What they count as rectified: somebody else has seen on the spot that it is. */
export const RECTIFIED = 'accepted,struck_off'
export const TIERS = ['county', 'city', 'province'] as const

export const gradeWord = (row: Case): string => word('hazard_grade', gradeOf(row.level))
export const stateOptions = () => [
  ...HAZARD_STATES.map((value) => ({ value, label: word('hazard_state', value) })),
  { value: FOUND, label: t('hazard.found_all') },
  { value: RECTIFIED, label: t('hazard.rectified_all') },
]

/** The list says so where the server tells it. */
export const isSupervised = (row: Case): boolean => (row as Case & { is_supervised?: boolean }).is_supervised === true
