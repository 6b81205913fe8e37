// What is open beside a list of work: on the desk in the address as `open`, on the phone a page of its own.
import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter, type RouteLocationRaw } from 'vue-router'
import { isPhone } from '@/screen'

export interface OpenedRow {
  /** The row of the list. */
  row: string
  id: string
  kind: string
}
export function useOpenedRow(pageOf: (opened: OpenedRow) => RouteLocationRaw): {
  opened: ComputedRef<OpenedRow | null>
  open: (what: OpenedRow) => void
  close: () => void
} {
  const route = useRoute()
  const router = useRouter()
  const opened = computed(() => {
    const text = route.query.open
    if (typeof text !== 'string' || isPhone.value) return null
    const [kind = '', id = '', row = ''] = text.split('/')
    return kind && id ? { kind, id, row } : null
  })
  return {
    opened,
    open: (what) => {
      if (isPhone.value) return void router.push(pageOf(what))
      const query = { ...route.query, open: `${what.kind}/${what.id}/${what.row}` }
      // Going from one to the next is one step for Back.
      void (opened.value ? router.replace({ query }) : router.push({ query }))
    },
    close: () => {
      const query = { ...route.query }
      delete query.open
      void router.replace({ query })
    },
  }
}
