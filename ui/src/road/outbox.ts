// What was done on the road and is not with the server yet: commands in their order, photographs before the command that
// shows them. Pure logic over a store; nothing that a person did is ever dropped.
import { ApiError } from '@/api/client'
import type { Instant } from '@/api/types'

/** `trouble`: the server refused it, a person has to look. `given_up`: a person did, and let it be. */
export type EntryState = 'waiting' | 'sent' | 'trouble' | 'given_up'

export interface Trouble {
  status: number
  code: string
  title: string
  detail: string
}
export interface Entry {
  /** Place in the order; given by the store. */
  n: number
  /** Idempotency-Key. */
  key: string
  /** Who did it: what one person did is never sent under another's name. */
  user: string
  /** Null for what opens a case. */
  case_id: string | null
  /** The version of the case as it was seen. */
  version: number | null
  parent: string | null
  /** The word of the act, or `open`. */
  act: string
  title: string
  /** What is posted; photographs are named by their place in this phone until they are with the server. */
  body: Record<string, unknown>
  happened_at: Instant
  lon: number | null
  lat: number | null
  /** Where the case stands with this done, as far as the page knows. */
  after_state: string | null
  state: EntryState
  trouble: Trouble | null
  /** The answer. */
  result: { id: string; version: number } | null
  done_at: Instant | null
}
export interface Picture {
  /** `local:` and a random word. */
  id: string
  blob: Blob
  name: string
  taken_at: Instant | null
  lon: number | null
  lat: number | null
  /** Its identity at the server, once it is there. */
  attachment_id: string | null
  kept_at: Instant
}

export interface Store {
  entries: () => Promise<Entry[]>
  put: (entry: Entry) => Promise<void>
  picture: (id: string) => Promise<Picture | undefined>
  putPicture: (picture: Picture) => Promise<void>
  removePicture: (id: string) => Promise<void>
}
export interface Sender {
  attach: (picture: Picture) => Promise<string>
  send: (
    entry: Entry,
    body: Record<string, unknown>,
    version: number | null,
  ) => Promise<{ id: string; version: number }>
}

const LOCAL = 'local:'
export const isLocal = (id: string): boolean => id.startsWith(LOCAL)
export const localId = (word: string): string => LOCAL + word

/** All photographs of this phone that a body shows. */
export function localPictures(value: unknown): string[] {
  if (typeof value === 'string') return isLocal(value) ? [value] : []
  if (Array.isArray(value)) return value.flatMap(localPictures)
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(localPictures) : []
}
function replaced<T>(value: T, ids: ReadonlyMap<string, string>): T {
  if (typeof value === 'string') return (ids.get(value) ?? value) as T
  if (Array.isArray(value)) return value.map((it) => replaced(it, ids)) as T
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, replaced(it, ids)])) as T
}

/** `later`: no network, or the server is busy. `login`: the session is over. */
export type FlushEnd = 'done' | 'later' | 'login'
/** Answers after which the same command may simply be sent again. */
const LATER = new Set([0, 408, 425, 429, 500, 502, 503, 504])

/** The version to name: what was seen, or what our own earlier commands made of the case since. */
export function versionOf(entry: Entry, all: readonly Entry[]): number | null {
  if (entry.case_id === null || entry.version === null) return entry.version
  const own = all.flatMap((it) => (it.state === 'sent' && it.result?.id === entry.case_id ? [it.result.version] : []))
  return Math.max(entry.version, ...own)
}

/** Sends what waits, in order. What was refused keeps back what follows in the same case, and nothing else. */
export async function flush(store: Store, sender: Sender, user: string, now: () => Instant): Promise<FlushEnd> {
  const all = (await store.entries()).filter((it) => it.user === user).sort((a, b) => a.n - b.n)
  const held = new Set(all.flatMap((it) => (it.state === 'trouble' && it.case_id ? [it.case_id] : [])))
  for (const [index, entry] of all.entries()) {
    if (entry.state !== 'waiting' || (entry.case_id && held.has(entry.case_id))) continue
    try {
      const ids = new Map<string, string>()
      for (const id of localPictures(entry.body)) ids.set(id, await attached(store, sender, id))
      const result = await sender.send(entry, replaced(entry.body, ids), versionOf(entry, all))
      all[index] = { ...entry, state: 'sent', trouble: null, result, done_at: now() }
      await store.put(all[index])
      for (const id of ids.keys()) await store.removePicture(id)
    } catch (cause) {
      if (!(cause instanceof ApiError) || LATER.has(cause.status)) {
        // What is wrong here, and not with the command, must not stop at the first one for ever: it is tried again later.
        if (cause instanceof ApiError) return 'later'
        throw cause
      }
      if (cause.status === 401) return 'login'
      const { status, code, title, detail } = cause.problem
      all[index] = { ...entry, state: 'trouble', trouble: { status, code, title, detail } }
      await store.put(all[index])
      if (entry.case_id) held.add(entry.case_id)
    }
  }
  return 'done'
}

async function attached(store: Store, sender: Sender, id: string): Promise<string> {
  const picture = await store.picture(id)
  // Whoever wiped the browser's data in between has lost it; the command says so to a person.
  if (!picture)
    throw new ApiError({
      type: 'about:blank',
      title: '',
      status: 410,
      detail: '',
      code: 'picture_lost',
      request_id: '',
    })
  if (picture.attachment_id) return picture.attachment_id
  const attachment_id = await sender.attach(picture)
  await store.putPicture({ ...picture, attachment_id })
  return attachment_id
}

export const isOpen = ({ state }: Entry): boolean => state === 'waiting' || state === 'trouble'
/** Where a case stands with everything that was done to it here. */
export function stateWith(state: string, id: string, entries: readonly Entry[]): string {
  const mine = entries.filter((it) => it.case_id === id && isOpen(it) && it.after_state)
  return mine.sort((a, b) => a.n - b.n).at(-1)?.after_state ?? state
}

/** Entries that were sent are shown this long, so that a person sees that they are. */
const SENT_DAYS = 3
export const isStale = (entry: Entry, now_ms: number): boolean =>
  entry.state === 'sent' && entry.done_at !== null && now_ms - Date.parse(entry.done_at) > SENT_DAYS * 86_400_000
