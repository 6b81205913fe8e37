// Looking up where a vehicle went needs a stated reason; the audit chain keeps it. The last one is offered again.
import { ElMessageBox } from 'element-plus'
import { t } from '@/i18n'
import { keep, recall } from '@/lib/storage'
import { session } from '@/session'

const REASON_CHARACTERS_MIN = 4
/** Look-ups whose reasons are remembered while this window is open. */
const LOOK_UPS_MAX = 50
const inSession = () => sessionStorage

export async function askReason(): Promise<string | null> {
  const answer = (await ElMessageBox.prompt(t('reason.why'), t('reason.title'), {
    inputValue: recall('reason', '', inSession),
    inputPlaceholder: t('reason.example'),
    inputValidator: (text) =>
      (text ?? '').trim().length >= REASON_CHARACTERS_MIN || t('reason.short', { n: REASON_CHARACTERS_MIN }),
    confirmButtonText: t('reason.look_up'),
    cancelButtonText: t('action.cancel'),
  }).catch(() => null)) as { value: string } | null
  if (answer === null) return null
  const reason = answer.value.trim()
  keep('reason', reason, inSession)
  return reason
}

// Reasons are a person's own: whoever logs in after them in this window gives theirs.
const name = () => `reasons.${session.value?.username ?? ''}`
type Reasons = [plate: string, reason: string][]

/** Why this plate was looked up in this window; null when nobody said. */
export const givenReason = (plate: string): string | null =>
  recall<Reasons>(name(), [], inSession).find(([of]) => of === plate)?.[1] ?? null

/** Why this plate is looked up: as it was said in this window, or as it is said now. Null: not at all. */
export async function reasonFor(plate: string): Promise<string | null> {
  const given = givenReason(plate)
  if (given !== null) return given
  const reason = await askReason()
  if (reason !== null) {
    const others = recall<Reasons>(name(), [], inSession).filter(([of]) => of !== plate)
    keep(name(), [[plate, reason], ...others].slice(0, LOOK_UPS_MAX), inSession)
  }
  return reason
}
