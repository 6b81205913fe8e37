// Units and people for choosers and names: asked for once, shared by all, asked for again when a page needs them later.
import { computed, shallowRef } from 'vue'
import { api } from '@/api'
import { cases, type Person } from '@/api/case'
import type { Unit } from '@/api/people'

export const units = shallowRef<Unit[]>([])
export const people = shallowRef<Person[]>([])

/** Older than this, the lists are asked for again when somebody opens a chooser. */
const FRESH_MS = 5 * 60_000
let asked_at = 0

/** Fills the lists; a failure leaves them as they are, and the next chooser asks again. */
export async function loadDirectory(): Promise<void> {
  if (Date.now() - asked_at < FRESH_MS) return
  asked_at = Date.now()
  const [some_units, some_people] = await Promise.allSettled([api.units(), cases.people()])
  if (some_units.status === 'fulfilled') units.value = some_units.value
  if (some_people.status === 'fulfilled') people.value = some_people.value
  if (some_units.status === 'rejected' || some_people.status === 'rejected') asked_at = 0
}

export interface UnitRow {
  unit: Unit
  depth: number
}
/** The tree from the root down, as rows; what hangs from nothing known stands at the top. */
export function treeRows(all: readonly Unit[]): UnitRow[] {
  const known = new Set(all.map((it) => it.id))
  const below = new Map<number | null, Unit[]>()
  for (const unit of all) {
    const parent = unit.parent_id !== null && known.has(unit.parent_id) ? unit.parent_id : null
    below.set(parent, [...(below.get(parent) ?? []), unit])
  }
  const rows: UnitRow[] = []
  const walk = (parent: number | null, depth: number) => {
    for (const unit of below.get(parent) ?? []) {
      rows.push({ unit, depth })
      walk(unit.id, depth + 1)
    }
  }
  walk(null, 0)
  return rows
}
/** A unit and all below it. */
export function withBelow(all: readonly Unit[], root: number): Set<number> {
  const found = new Set([root])
  for (const { unit } of treeRows(all)) if (unit.parent_id !== null && found.has(unit.parent_id)) found.add(unit.id)
  return found
}

const names = computed(() => new Map(units.value.map((it) => [it.id, it.name])))
export const unitName = (id: number | null | undefined): string =>
  id === null || id === undefined ? '—' : (names.value.get(id) ?? String(id))
const called = computed(() => new Map(people.value.map((it) => [it.username, it.display_name])))
export const personName = (username: string | null | undefined): string =>
  username ? (called.value.get(username) ?? username) : '—'
