// Signing a warning: shown at once, taken back when the server refuses, with the reason in the server's words.
import { ElMessage } from 'element-plus'
import { api } from '@/api'
import { ApiError } from '@/api/client'
import type { Warning } from '@/api/types'
import { t } from '@/i18n'
import { session } from '@/session'
import { now_ms, patchWarnings, restoreWarning } from './store'

export type SignOutcome =
  { is_signed: true; warning: Warning } | { is_signed: false; warning: Warning; error: ApiError }

export async function signWarning(warning: Warning): Promise<SignOutcome> {
  const optimistic: Warning = {
    ...warning,
    state: 'signed',
    signed_by: session.value?.display_name ?? null,
    signed_at: new Date(now_ms.value).toISOString(),
  }
  patchWarnings([optimistic])
  try {
    const signed = await api.signWarning(warning.id, warning.version)
    patchWarnings([signed])
    ElMessage.success({
      message: t('warning.signed_done', { plate: warning.subject.plate ?? warning.title }),
      grouping: true,
    })
    return { is_signed: true, warning: signed }
  } catch (cause) {
    if (!(cause instanceof ApiError)) throw cause
    restoreWarning(warning)
    if (cause.status !== 409) {
      ElMessage.error({
        message: `${t('warning.sign_failed')} ${cause.message || t('error.unreachable.what')}`,
        duration: 6000,
      })
      return { is_signed: false, warning, error: cause }
    }
    // Somebody was faster, or the warning was revised: show who, and the warning as it now stands.
    const current: Warning = await api.warning(warning.id).catch(() => warning)
    patchWarnings([current])
    ElMessage.warning({ message: cause.message || t('warning.sign_conflict'), duration: 6000 })
    return { is_signed: false, warning: current, error: cause }
  }
}
