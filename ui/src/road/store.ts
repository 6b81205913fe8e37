// What the phone keeps: the commands on their way, their photographs, and what was seen last. IndexedDB, on this phone only.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { Instant } from '@/api/types'
import { isStale, localPictures, type Entry, type Picture, type Store } from './outbox'

interface Seen {
  key: string
  at: Instant
  value: unknown
}
interface Schema extends DBSchema {
  queue: { key: number; value: Entry }
  pictures: { key: string; value: Picture }
  seen: { key: string; value: Seen }
}

let opened: Promise<IDBPDatabase<Schema>> | null = null
function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>('anchang-road', 1, {
    upgrade(db) {
      db.createObjectStore('queue', { keyPath: 'n', autoIncrement: true })
      db.createObjectStore('pictures', { keyPath: 'id' })
      db.createObjectStore('seen', { keyPath: 'key' })
    },
    // A newer page in another tab wants to change the form: this one lets go and opens anew.
    blocking: (_current, _wanted, event) => {
      ;(event.target as IDBDatabase).close()
      opened = null
    },
  }).catch((cause: unknown) => {
    opened = null
    throw cause
  })
  return opened
}

export const phoneStore: Store = {
  entries: async () => (await database()).getAll('queue'),
  put: async (entry) => void (await (await database()).put('queue', entry)),
  picture: async (id) => (await database()).get('pictures', id),
  putPicture: async (picture) => void (await (await database()).put('pictures', picture)),
  removePicture: async (id) => (await database()).delete('pictures', id),
}

export async function enqueue(entry: Omit<Entry, 'n'>): Promise<Entry> {
  const n = await (await database()).add('queue', entry as Entry)
  return { ...entry, n }
}

/** Photographs that were taken for something that was never sent are kept this long: a form may lie half filled. */
const LOOSE_DAYS = 7
export async function tidy(now_ms: number): Promise<void> {
  const db = await database()
  const wanted = new Set<string>()
  for (const entry of await db.getAll('queue')) {
    if (isStale(entry, now_ms)) await db.delete('queue', entry.n)
    else for (const id of localPictures(entry.body)) wanted.add(id)
  }
  for (const { id, kept_at } of await db.getAll('pictures'))
    if (!wanted.has(id) && now_ms - Date.parse(kept_at) > LOOSE_DAYS * 86_400_000) await db.delete('pictures', id)
}

export async function keepSeen(key: string, value: unknown): Promise<void> {
  await (await database()).put('seen', { key, at: new Date().toISOString(), value })
}
export async function lastSeen<T>(key: string): Promise<{ at: Instant; value: T } | null> {
  return ((await (await database()).get('seen', key)) as { at: Instant; value: T } | undefined) ?? null
}
/** When somebody else takes the phone, or logs out. What waits to be sent stays. */
export async function forgetSeen(): Promise<void> {
  await (await database()).clear('seen')
}

/** Asks that the browser keeps this when the phone runs short. It may say no; then it still tries. */
export async function askToPersist(): Promise<void> {
  await navigator.storage?.persist?.().catch(() => false)
}
