// Who was logged in here last, for pages that work without a network: a name and what may be offered, never a secret. The
// server asks anew for the session with every command; leaving forgets it.
import { watch } from 'vue'
import { keep, recall } from '@/lib/storage'
import { session } from '@/session'

type Session = typeof session.value

watch(session, (now) => keep('session.last', now))

export const recallSession = (): Session => recall<Session>('session.last', null)

/** The person's unit; null for whoever stands above all. */
export function myUnit(): { id: number; name: string } | null {
  const { unit_id, unit_name } = session.value ?? {}
  return typeof unit_id === 'number' ? { id: unit_id, name: unit_name ?? '' } : null
}
