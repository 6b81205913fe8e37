// The list of checkpoints: what is found, what is missing, what is put.
import { describe, expect, it } from 'vitest'
import type { Unit } from '@/api/people'
import type { Checkpoint } from '@/api/types'
import {
  blankCheckpoint,
  checkpointLacks,
  checkpointOf,
  checkpointRows,
  formOf as checkpointForm,
} from '@/pages/device/checkpoints'

describe('checkpoints', () => {
  const unit = (id: number, parent_id: number | null): Unit => ({
    id,
    parent_id,
    code: null,
    location: null,
    kind: 'squad',
    name: `${id}`,
    is_enabled: true,
  })
  const units = [unit(2, null), unit(3, 2), unit(9, null)]
  const checkpoint = (id: string, more: Partial<Checkpoint>): Checkpoint => ({
    id,
    name: id,
    theatre: 'rural',
    road: 'G205',
    chainage_m: null,
    direction: '',
    lane_count: 2,
    limit_kmh: 80,
    limit_large_kmh: null,
    one_way: 3,
    unit_id: null,
    lon: 118.8,
    lat: 35.1,
    state: 'online',
    last_passage_at: null,
    passages_today: 0,
    ...more,
  })
  const all = [
    checkpoint('a10', { unit_id: 3, passages_today: 7 }),
    checkpoint('a9', { passages_today: 12 }),
    checkpoint('b', { unit_id: 9, state: 'offline' }),
  ]
  const ids = (query: Record<string, string>) => checkpointRows(all, query, units).items.map((it) => it.id)

  it('are found by unit with all below it, by nobody, and in the order that people count in', () => {
    expect(ids({})).toEqual(['a9', 'a10', 'b'])
    expect(ids({ unit: '2' })).toEqual(['a10'])
    expect(ids({ unit: 'none' })).toEqual(['a9'])
    expect(ids({ q: 'A', state: 'online' })).toEqual(['a9', 'a10'])
    expect(ids({ sort: '-passages_today' })).toEqual(['a9', 'a10', 'b'])
    expect(checkpointRows(all, { limit: 1, offset: 1 }, units)).toMatchObject({ total: 3, items: [{ id: 'a10' }] })
  })
  it('are put whole, so that a change of the unit empties nothing', () => {
    const known = all[0]!
    expect(checkpointOf({ ...checkpointForm(known), unit: null })).toEqual({
      name: 'a10',
      theatre: 'rural',
      road: 'G205',
      chainage_m: null,
      direction: '',
      lane_count: 2,
      limit_kmh: 80,
      limit_large_kmh: null,
      one_way: 3,
      unit_id: null,
      lon: 118.8,
      lat: 35.1,
    })
  })
  it('do not write over one another', () => {
    const id = '37132700001210000001'
    const form = { ...checkpointForm(all[0]!), id }
    expect(checkpointLacks(form, new Set())).toEqual([])
    expect(checkpointLacks(form, new Set([id]))).toEqual(['id_taken'])
    expect(checkpointLacks(blankCheckpoint(), new Set())).toEqual(['id', 'name', 'theatre', 'point'])
  })
})
