// Looking up where a vehicle went needs a stated reason; the audit chain keeps it. The last one is offered again.
import { ElMessageBox } from 'element-plus'
import { t } from '@/i18n'
import { keep, recall } from '@/lib/storage'

const REASON_CHARACTERS_MIN = 4
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
