// Checkpoints as a list: all of them come at once, so searching and sorting is done here.
import type { Query } from '@/api/client'
import type { Unit } from '@/api/people'
import type { Checkpoint, CheckpointInput, List, Theatre } from '@/api/types'
import { withBelow } from '@/components/case/directory'
import { chainageText, readChainage } from '@/lib/chainage'

export const THEATRES: readonly Theatre[] = ['expressway', 'national_provincial', 'urban', 'rural']
/** Directions of GA/T 1400. */
export const DIRECTIONS = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const
/** The filter for those that belong to nobody. */
export const NOBODY = 'none'

type Sortable = 'name' | 'road' | 'passages_today' | 'last_passage_at'
const SORTABLE: readonly Sortable[] = ['name', 'road', 'passages_today', 'last_passage_at']

export function checkpointRows(all: readonly Checkpoint[], query: Query, units: readonly Unit[]): List<Checkpoint> {
  const { q, state, theatre, unit, sort, limit, offset } = query
  const wanted = String(q ?? '').toLowerCase()
  const within = unit && unit !== NOBODY ? withBelow(units, Number(unit)) : null
  const found = all.filter(
    (it) =>
      `${it.name} ${it.id} ${it.road}`.toLowerCase().includes(wanted) &&
      (!state || it.state === state) &&
      (!theatre || it.theatre === theatre) &&
      (!unit || (within ? it.unit_id !== null && within.has(it.unit_id) : it.unit_id === null)),
  )
  const field = SORTABLE.find((it) => it === String(sort ?? '').replace('-', '')) ?? 'name'
  const sign = String(sort ?? '').startsWith('-') ? -1 : 1
  found.sort((a, b) => {
    const [left, right] = [a[field] ?? '', b[field] ?? '']
    const order =
      typeof left === 'number' && typeof right === 'number'
        ? left - right
        : String(left).localeCompare(String(right), 'zh-CN', { numeric: true })
    return sign * order || a.id.localeCompare(b.id)
  })
  const from = Number(offset ?? 0)
  return { items: found.slice(from, from + Number(limit ?? found.length)), total: found.length }
}

export interface CheckpointForm {
  id: string
  name: string
  theatre: Theatre | ''
  unit: number | null
  road: string
  chainage: string
  direction: string
  lane_count: number
  limit_kmh: number | undefined
  limit_large_kmh: number | undefined
  one_way: number | null
  point: { lon: number; lat: number } | null
}
export const blankCheckpoint = (): CheckpointForm => ({
  id: '',
  name: '',
  theatre: '',
  unit: null,
  road: '',
  chainage: '',
  direction: '',
  lane_count: 2,
  limit_kmh: undefined,
  limit_large_kmh: undefined,
  one_way: null,
  point: null,
})
export const formOf = (it: Checkpoint): CheckpointForm => ({
  id: it.id,
  name: it.name,
  theatre: it.theatre,
  unit: it.unit_id,
  road: it.road,
  chainage: it.chainage_m === null ? '' : chainageText(it.chainage_m),
  direction: it.direction,
  lane_count: it.lane_count,
  limit_kmh: it.limit_kmh ?? undefined,
  limit_large_kmh: it.limit_large_kmh ?? undefined,
  one_way: it.one_way,
  point: { lon: it.lon, lat: it.lat },
})

export type CheckpointLack = 'id' | 'id_taken' | 'name' | 'theatre' | 'chainage' | 'point'
/** What is missing or wrong; `known` are the identities that are there already, for a new one. */
export function checkpointLacks(form: CheckpointForm, known: ReadonlySet<string> | null): CheckpointLack[] {
  const found: CheckpointLack[] = []
  if (known && !/^\d{20}$/.test(form.id.trim())) found.push('id')
  if (known?.has(form.id.trim())) found.push('id_taken')
  if (!form.name.trim()) found.push('name')
  if (!form.theatre) found.push('theatre')
  if (form.chainage.trim() && readChainage(form.chainage) === null) found.push('chainage')
  if (!form.point) found.push('point')
  return found
}
/** What is put: the whole checkpoint, since what is left out would be emptied. */
export const checkpointOf = (form: CheckpointForm): CheckpointInput => ({
  name: form.name.trim(),
  theatre: form.theatre as Theatre,
  unit_id: form.unit,
  road: form.road.trim(),
  chainage_m: readChainage(form.chainage),
  direction: form.direction.trim(),
  lane_count: form.lane_count,
  limit_kmh: form.limit_kmh ?? null,
  limit_large_kmh: form.limit_large_kmh ?? null,
  one_way: form.one_way,
  lon: form.point!.lon,
  lat: form.point!.lat,
})
