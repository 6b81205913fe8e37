// The filter chips that list, board and map of hazards share.
import { computed, onMounted, shallowRef } from 'vue'
import { cases, HAZARD_SOURCES, type HazardCategory } from '@/api/case'
import { loadDirectory, units } from '@/components/case/directory'
import type { Filter } from '@/components/table'
import { t, word, type Key } from '@/i18n'
import { stateOptions } from './words'

const THEATRES = ['expressway', 'national_provincial', 'urban', 'rural'] as const

export const categories = shallowRef<HazardCategory[]>([])
/** Without them a chip is missing, nothing else; the next page asks again. */
export async function loadCategories(): Promise<void> {
  if (categories.value.length === 0) categories.value = await cases.hazardCategories().catch(() => [])
}

export function useHazardFilters() {
  onMounted(() => {
    void loadCategories()
    void loadDirectory()
  })
  const yes = [{ value: 'true', label: t('word.yes') }]
  return computed<Filter[]>(() => [
    { key: 'state', title: t('column_name.state'), options: stateOptions() },
    {
      key: 'level',
      title: t('hazard.grade'),
      options: [
        { value: 'high', label: word('hazard_grade', 'major') },
        { value: 'medium', label: word('hazard_grade', 'larger') },
        { value: 'low', label: word('hazard_grade', 'general') },
      ],
    },
    {
      key: 'category',
      title: t('hazard.category'),
      options: categories.value.map((it) => ({ value: it.key, label: it.name })),
    },
    {
      key: 'unit',
      title: t('hazard.unit'),
      options: units.value.map((it) => ({ value: String(it.id), label: it.name })),
    },
    {
      key: 'source',
      title: t('hazard.source'),
      options: HAZARD_SOURCES.map((value) => ({ value, label: word('hazard_source', value) })),
    },
    {
      key: 'theatre',
      title: t('hazard.theatre'),
      options: THEATRES.map((value) => ({ value, label: t(`theatre.${value}` as Key) })),
    },
    { key: 'late', title: t('hazard.late'), options: yes },
    { key: 'supervised', title: t('hazard.supervised'), options: yes },
  ])
}
/** Filters that come by links and have no chip. */
export const otherNames = () => ({
  since: t('column_name.since'),
  until: t('hazard.until'),
  open: t('hazard.open'),
  mine: t('hazard.mine'),
  chain: t('hazard.chain'),
  warning: t('menu.warnings'),
})
