// Units as a tree: in the order of reading, with their depth, and the whole name of each.
import { UNIT_KINDS, type Unit, type UnitKind } from '@/api/people'

export interface Branch {
  unit: Unit
  depth: number
  has_below: boolean
}

const byKind = (a: Unit, b: Unit): number => UNIT_KINDS.indexOf(a.kind) - UNIT_KINDS.indexOf(b.kind) || a.id - b.id

/** The units in the order of reading, without what lies below a closed one. */
export function branches(units: readonly Unit[], isClosed: (id: number) => boolean = () => false): Branch[] {
  const list: Branch[] = []
  const walk = (parent: number | null, depth: number): void => {
    for (const unit of units.filter((it) => it.parent_id === parent).sort(byKind)) {
      list.push({ unit, depth, has_below: units.some((it) => it.parent_id === unit.id) })
      if (!isClosed(unit.id)) walk(unit.id, depth + 1)
    }
  }
  walk(null, 0)
  return list
}

/** Which kinds may stand directly below one (`null`: at the top); the server has the last word. */
export function kindsBelow(parent: UnitKind | null): UnitKind[] {
  switch (parent) {
    case null:
      return ['county_office', 'brigade', 'department']
    case 'county_office':
      return ['brigade', 'township', 'department']
    case 'brigade':
      return ['squad', 'station']
    case 'squad':
      return ['station']
    case 'township':
      return ['village', 'station']
    case 'station':
    case 'village':
    case 'department':
      return []
  }
}

/** A unit with all that is below it. */
export function withBelow(units: readonly Unit[], id: number): Set<number> {
  const all = new Set([id])
  for (const { unit } of branches(units)) if (unit.parent_id !== null && all.has(unit.parent_id)) all.add(unit.id)
  return all
}
