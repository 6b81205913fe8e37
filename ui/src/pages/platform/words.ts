// Texts about other platforms that more than one piece shows.
import type { Platform } from '@/api/types'
import { language, t, word } from '@/i18n'

/** What systems say of a failed connection, in our words. */
const DETAILS: readonly (readonly [RegExp, string])[] = [
  [/connection refused/i, 'connection_refused'],
  [/connection reset|broken pipe|connection closed/i, 'connection_reset'],
  [/unreachable|no route/i, 'no_route'],
  [/lookup|name or service|dns/i, 'dns'],
]
const detailText = (detail: string): string => {
  const known = DETAILS.find(([pattern]) => pattern.test(detail))
  return known ? word('link_detail', known[1]) : detail
}

/** What went wrong, from `word` or `word: detail` as the server stores it. */
export function troubleText(stored: string | null | undefined): string {
  if (!stored) return ''
  const [, key = stored, detail = ''] = /^(\w+)(?:: (.*))?$/s.exec(stored) ?? []
  if (key === 'unreachable')
    return [word('link_error', key), detailText(detail)].filter(Boolean).join(language.value === 'zh' ? '：' : ': ')
  return [word('link_error', key), detail].filter(Boolean).join(' ')
}

const SECOND_MS = 1_000
/** The platform's clock against ours. */
export function clockText(difference_ms: number | null): string {
  if (difference_ms === null) return '—'
  const seconds = Math.abs(Math.round(difference_ms / SECOND_MS))
  if (seconds === 0) return t('platform.clock_same')
  return t(difference_ms > 0 ? 'platform.clock_ahead' : 'platform.clock_behind', { seconds })
}
/** Clocks further apart make the times of relayed passages doubtful. */
export const isClockOff = (difference_ms: number | null): boolean => Math.abs(difference_ms ?? 0) > 3 * SECOND_MS

const KIB = 1024
export function lagText(bytes: number): string {
  if (bytes === 0) return t('platform.lag_none')
  return bytes < KIB * KIB ? `${Math.ceil(bytes / KIB)} KiB` : `${(bytes / KIB / KIB).toFixed(1)} MiB`
}

/** The trouble that matters most: the link's, while it is down; else a subscription's. */
export function platformTrouble(platform: Platform): string {
  const { error, phase } = platform.link
  if (platform.is_enabled && phase !== 'online' && error) {
    return troubleText(error.detail ? `${error.key}: ${error.detail}` : error.key)
  }
  return troubleText(platform.trouble)
}

export const countText = (count: number): string => count.toLocaleString('en-US')
