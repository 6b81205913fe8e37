// Units and people as cases name them, and the posts of the invented county.
import { CENTER } from './world.mjs'

export const crew = ({ people: { units, users } }) => ({
  unitRef: (id) => ({ id, name: units.find((it) => it.id === id)?.name ?? String(id) }),
  personRef: (username) =>
    username ? { id: username, name: users.find((it) => it.username === username)?.display_name ?? username } : null,
  unitIdOf: (name) => units.find((it) => it.name.includes(name))?.id ?? 2,
})

const at = (east, north) => ({ lon: CENTER.lon + east, lat: CENTER.lat + north })
export const makePosts = (now, { unitRef, personRef }) =>
  [
    [1, '城南执勤点', 3, 'fixed', 'on_duty', at(0.01, -0.045), ['lumian01']],
    [2, 'G205 大桥卡点', 4, 'fixed', 'on_duty', at(0.095, 0.012), ['lumian02']],
    [3, '柳林巡组', 4, 'patrol', 'busy', at(-0.08, 0.06), []],
    [4, '高速北口卡点', 6, 'fixed', 'on_duty', at(-0.02, 0.1), ['zhiban02']],
    [5, '石桥巡组', 5, 'patrol', 'off', at(0.13, -0.08), []],
  ].map(([id, name, of, kind, state, place, members]) => ({
    id,
    name,
    unit: unitRef(of),
    kind,
    state,
    ...place,
    crew: members.map(personRef),
    updated_at: new Date(now - 600_000).toISOString(),
  }))
