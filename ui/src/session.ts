// Who is logged in, and what they may do.
import { computed, shallowRef } from 'vue'
import { api } from '@/api'
import { ApiError } from '@/api/client'
import type { User } from '@/api/types'

export const session = shallowRef<User | null>(null)

export const isAdministrator = computed(() => session.value?.role === 'administrator')
export const mayAct = computed(() => session.value !== null && session.value.role !== 'viewer')

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
