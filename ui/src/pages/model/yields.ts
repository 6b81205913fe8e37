// What became of warnings, as parts of a bar: each part a word, a shade and a link to its records.
import { VERDICTS } from '@/api/judging'
import type { Verdict, YieldNumbers } from '@/api/types'
import { t } from '@/i18n'

/** `true`: the model was right; `false`: it was not; `neither`: says nothing of the model; `open`: no verdict yet. */
export type Share = 'true' | 'false' | 'neither' | 'open'
const SHARE: Record<Verdict, Share> = {
  confirmed: 'true',
  cloned: 'true',
  stale: 'neither',
  exempt: 'neither',
  misread: 'false',
  wrong_data: 'false',
  unfounded: 'false',
}
const ORDER: readonly Share[] = ['true', 'neither', 'false', 'open']

export interface YieldPart {
  key: Verdict | 'unjudged'
  share: Share
  count: number
}

/** Parts that are there, the true ones first. */
export function yieldParts(numbers: YieldNumbers): YieldPart[] {
  const parts: YieldPart[] = VERDICTS.map((key) => ({ key, share: SHARE[key], count: numbers.verdicts[key] ?? 0 }))
  parts.push({ key: 'unjudged', share: 'open', count: Math.max(0, numbers.raised - numbers.judged) })
  return parts.filter((part) => part.count > 0).sort((a, b) => ORDER.indexOf(a.share) - ORDER.indexOf(b.share))
}

export const percentText = (share: number): string => `${Math.round(share * 100)} %`
export const shareText = (numbers: YieldNumbers): string =>
  numbers.yield === null ? t('yield.share_none') : t('yield.share', { percent: percentText(numbers.yield) })

export const NO_YIELD: YieldNumbers = { raised: 0, withdrawn: 0, signed: 0, judged: 0, verdicts: {}, yield: null }
