// Which warning is open: on the desk beside the list (in the address as `open`), on the phone on a page of its own.
import { computed, ref, type ComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { isPhone } from '@/screen'

/** What is to be done with a warning as soon as it is open: asked for by a key in the list. */
export const wanted = ref<{ id: string; act: 'dispatch' | 'verdict' } | null>(null)

export function useOpened(): { opened: ComputedRef<string | null>; open: (id: string) => void; close: () => void } {
  const route = useRoute()
  const router = useRouter()
  const opened = computed(() => (typeof route.query.open === 'string' && !isPhone.value ? route.query.open : null))
  return {
    opened,
    open: (id) => {
      if (isPhone.value) void router.push({ name: 'warning', params: { id } })
      // Going from one to the next is one step for Back.
      else if (opened.value) void router.replace({ query: { ...route.query, open: id } })
      else void router.push({ query: { ...route.query, open: id } })
    },
    close: () => {
      const query = { ...route.query }
      delete query.open
      void router.replace({ query })
    },
  }
}
