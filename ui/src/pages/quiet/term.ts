// How long something is kept quiet: choices, never longer than the server allows (30 days).
import { t } from '@/i18n'

export const HOUR_CHOICES = [1, 4, 12, 24, 72, 168, 720] as const
const HOUR_MS = 3_600_000
export const hoursText = (hours: number): string =>
  hours < 24 ? t('quiet.hours', { n: hours }) : t('quiet.days', { n: hours / 24 })
/** A minute less than chosen, so that the longest choice stays within the bound however long the request takes. */
export const untilOf = (hours: number, now_ms: number): string =>
  new Date(now_ms + hours * HOUR_MS - 60_000).toISOString()
