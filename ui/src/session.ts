// Who is logged in, and what they may do. Pages ask for permissions, never for roles.
import { shallowRef } from 'vue'
import { api } from '@/api'
import { ApiError } from '@/api/client'
import type { Me, Permission } from '@/api/types'

export const session = shallowRef<Me | null>(null)

/** Whether one of these is allowed. */
export const may = (...permissions: readonly Permission[]): boolean =>
  permissions.some((permission) => session.value?.permissions.includes(permission) ?? false)

/** Asks the server once who this browser is. */
export async function loadSession(): Promise<Me | null> {
  try {
    session.value = await api.session()
  } catch (cause) {
    if (!(cause instanceof ApiError) || cause.status === 0) throw cause
    session.value = null
  }
  return session.value
}
