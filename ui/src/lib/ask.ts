// Questions before something is changed, and the way back afterwards.
import { ElMessage, ElMessageBox } from 'element-plus'
import { h } from 'vue'
import { ApiError } from '@/api/client'
import { t } from '@/i18n'

const REASON_CHARACTERS_MIN = 2

/** Asks for a reason; null when the person thought better of it. */
export async function askReason(question: {
  title: string
  text: string
  example?: string
  button?: string
}): Promise<string | null> {
  const answer = (await ElMessageBox.prompt(question.text, question.title, {
    inputPlaceholder: question.example ?? '',
    inputValidator: (text) => (text ?? '').trim().length >= REASON_CHARACTERS_MIN || t('tune.reason_needed'),
    confirmButtonText: question.button ?? question.title,
    cancelButtonText: t('action.cancel'),
  }).catch(() => null)) as { value: string } | null
  return answer ? answer.value.trim() : null
}

export const askSure = (text: string, button: string): Promise<boolean> =>
  ElMessageBox.confirm(text, { confirmButtonText: button, cancelButtonText: t('action.cancel') }).then(
    () => true,
    () => false,
  )

/** What went wrong, in the server's words where it has any. */
export function failureText(cause: unknown): string {
  if (!(cause instanceof ApiError)) throw cause
  return cause.message || t('error.unreachable.what')
}
export const tellFailure = (cause: unknown, what = ''): void =>
  void ElMessage.error({ message: [what, failureText(cause)].filter(Boolean).join(' '), duration: 6000 })

/** How long the way back is offered. */
const UNDO_MS = 12_000
/** Says that it is done and offers to take it back. */
export function tellUndoable(text: string, button: string, undo: () => void): void {
  const message = ElMessage.success({
    duration: UNDO_MS,
    showClose: true,
    message: h('span', [
      `${text} `,
      h(
        'button',
        {
          type: 'button',
          class: 'link-button',
          onClick: () => {
            message.close()
            undo()
          },
        },
        button,
      ),
    ]),
  })
}
