// The filter of a list lives in the address: a figure can link to it, a colleague can be sent it, Back undoes it.
import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

/** Parts of an address that are not filters. */
const NOT_FILTERS = new Set(['open', 'to'])

export interface ListQuery {
  query: ComputedRef<Record<string, string>>
  set: (change: Record<string, string | null | undefined>) => void
}

export function useListQuery(): ListQuery {
  const route = useRoute()
  const router = useRouter()
  const query = computed(() => {
    const filters: Record<string, string> = {}
    for (const [name, value] of Object.entries(route.query)) {
      if (!NOT_FILTERS.has(name) && typeof value === 'string' && value !== '') filters[name] = value
    }
    return filters
  })
  return {
    query,
    set: (change) => {
      const entries = Object.entries({ ...route.query, ...change }).filter(([, value]) => value)
      void router.replace({ query: Object.fromEntries(entries) })
    },
  }
}
