// Who is logged in, and what they may do.
import { computed, shallowRef } from 'vue'
import { api } from '@/api'
import { ApiError } from '@/api/client'
import type { User } from '@/api/types'

export const session = shallowRef<User | null>(null)

export const isAdministrator = computed(() => session.value?.role === 'administrator')
export const mayAct = computed(() => session.value !== null && session.value.role !== 'viewer')

/** Whether one of these is allowed. A server that tells no permissions yet knows roles only: whoever may act may try. */
export const may = (...permissions: readonly string[]): boolean => {
  const told = (session.value as { permissions?: readonly string[] } | null)?.permissions
  return told ? permissions.some((it) => told.includes(it)) : mayAct.value
}

/** Asks the server once who this browser is. */
export async function loadSession(): Promise<User | null> {
  try {
    session.value = await api.session()
  } catch (cause) {
    if (!(cause instanceof ApiError) || cause.status === 0) throw cause
    session.value = null
  }
  return session.value
}
