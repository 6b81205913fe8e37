// Work on the road, whether or not there is a network: what is done goes into the outbox, and from there to the server.
import { computed, ref, shallowRef } from 'vue'
import { ApiError, pathWithQuery, send } from '@/api/client'
import { attachmentUrl, cases, type CaseFile, type Opening } from '@/api/case'
import { newKey, postCommand } from '@/lib/command'
import type { Photo } from '@/lib/photo'
import type { Fix } from '@/lib/position'
import { session } from '@/session'
import { flush, isLocal, isOpen, localId, type Entry, type FlushEnd, type Sender } from './outbox'
import { learnTime, serverNow } from './sky'
import { askToPersist, enqueue, phoneStore, tidy } from './store'

export const entries = shallowRef<Entry[]>([])
export const link = ref<'unknown' | 'open' | 'lost'>('unknown')
/** What ended the last try to send, until one succeeds. */
export const flush_end = ref<FlushEnd>('done')
export const is_sending = ref(false)
/** Commands that wait or are in trouble, of whoever is logged in. */
export const open_entries = computed(() =>
  entries.value.filter((it) => isOpen(it) && it.user === (session.value?.username ?? '')),
)
/** What somebody else left on this phone. */
export const others_count = computed(
  () => entries.value.filter((it) => isOpen(it) && it.user !== (session.value?.username ?? '')).length,
)

const RETRY_MS = 20_000
/** A weak network must not hold the page: what is sent tries again by itself. */
const NO_WAITS: readonly number[] = []

const sender: Sender = {
  attach: async ({ blob, name, taken_at, lon, lat }) => {
    const about = { name, taken_at: taken_at ?? undefined, lon: lon ?? undefined, lat: lat ?? undefined }
    return (await cases.attach(blob, about)).id
  },
  send: async (entry, body, version) => {
    // The instant and the place of a thing done stand beside the command, whatever it is.
    const about = { happened_at: entry.happened_at, lon: entry.lon, lat: entry.lat }
    const path = entry.case_id
      ? pathWithQuery(`/api/v1/cases/${encodeURIComponent(entry.case_id)}/acts`, about)
      : pathWithQuery('/api/v1/cases', { parent: entry.parent, ...about })
    const answer = await postCommand<CaseFile>(path, entry.case_id ? { version, act: body } : body, entry.key, NO_WAITS)
    sent_listener(answer)
    return { id: answer.case.id, version: answer.case.version }
  },
}
let sent_listener: (file: CaseFile) => void = () => undefined
/** Told of each case as the server answers it. */
export const onSent = (listener: (file: CaseFile) => void): void => void (sent_listener = listener)

async function reload(): Promise<void> {
  entries.value = await phoneStore.entries()
}

/** Whether the server can be reached, asked without a body; learns its time besides. */
async function reach(): Promise<boolean> {
  try {
    learnTime(await send('/api/v1/health', {}, [503]))
    link.value = 'open'
    return true
  } catch {
    link.value = 'lost'
    return false
  }
}

let running: Promise<void> | null = null
/** Sends what waits. Calls while it runs wait for the same run. */
export function sendWaiting(): Promise<void> {
  running ??= sendOnce().finally(() => (running = null))
  return running
}
async function sendOnce(): Promise<void> {
  const user = session.value?.username
  await reload()
  if (!user || !(await reach())) return
  if (!entries.value.some((it) => it.state === 'waiting' && it.user === user)) return void (flush_end.value = 'done')
  is_sending.value = true
  try {
    const work = () => flush(phoneStore, sender, user, () => new Date(serverNow()).toISOString())
    // Two tabs would send the same command twice; its key makes that harmless, the lock makes it rare.
    flush_end.value = navigator.locks ? await navigator.locks.request('anchang-outbox', work) : await work()
    if (flush_end.value === 'later') link.value = 'lost'
  } finally {
    is_sending.value = false
    await reload()
  }
}

let timer = 0
let is_started = false
const wake = (): void => void (document.hidden || sendWaiting())
const cut = (): void => void (link.value = 'lost')

export async function startRoad(): Promise<void> {
  if (is_started) return
  is_started = true
  await tidy(Date.now())
  await reload()
  void askToPersist()
  window.addEventListener('online', wake)
  window.addEventListener('offline', cut)
  document.addEventListener('visibilitychange', wake)
  timer = window.setInterval(wake, RETRY_MS)
  void sendWaiting()
}
export function stopRoad(): void {
  is_started = false
  clearInterval(timer)
  window.removeEventListener('online', wake)
  window.removeEventListener('offline', cut)
  document.removeEventListener('visibilitychange', wake)
}

/** Keeps a photograph at once: a small phone may throw the page away while its camera is open. */
export async function keepPicture(photo: Photo, fix: Fix | null): Promise<string> {
  const id = localId(newKey())
  await phoneStore.putPicture({
    id,
    blob: photo.blob,
    name: photo.name,
    taken_at: photo.taken_at,
    // A picture without a place has the place of whoever took it.
    lon: photo.lon ?? fix?.lon ?? null,
    lat: photo.lat ?? fix?.lat ?? null,
    attachment_id: null,
    kept_at: new Date().toISOString(),
  })
  return id
}

interface Deed {
  title: string
  body: object
  fix: Fix | null
}
async function put(deed: Deed, more: Pick<Entry, 'case_id' | 'version' | 'parent' | 'act' | 'after_state'>) {
  const user = session.value?.username
  if (!user) throw new Error('nobody is logged in')
  await enqueue({
    ...more,
    key: newKey(),
    user,
    title: deed.title,
    // Out of Vue's hands: what is stored must be plain.
    body: JSON.parse(JSON.stringify(deed.body)),
    happened_at: new Date(serverNow()).toISOString(),
    lon: deed.fix?.lon ?? null,
    lat: deed.fix?.lat ?? null,
    state: 'waiting',
    trouble: null,
    result: null,
    done_at: null,
  })
  await reload()
  void sendWaiting()
}
/** An act on a case. `after` is where the case stands then, as far as can be said here. */
export const doAct = (
  { id, version }: { id: string; version: number },
  act: { act: string } & Record<string, unknown>,
  after: string | null,
  deed: Omit<Deed, 'body'>,
): Promise<void> =>
  put({ ...deed, body: act }, { case_id: id, version, parent: null, act: act.act, after_state: after })
export const doOpen = (opening: Opening, deed: Omit<Deed, 'body'>, parent: string | null = null): Promise<void> =>
  put({ ...deed, body: opening }, { case_id: null, version: null, parent, act: 'open', after_state: null })

/** Once more, with the version of today: what was refused did not happen, so it is another command. */
export async function again(entry: Entry): Promise<void> {
  let { version } = entry
  if (entry.case_id) {
    try {
      version = (await cases.file(entry.case_id)).case.version
    } catch (cause) {
      if (!(cause instanceof ApiError)) throw cause
      if (cause.status !== 0) throw cause
    }
  }
  await phoneStore.put({ ...entry, version, key: newKey(), state: 'waiting', trouble: null })
  await reload()
  void sendWaiting()
}
export async function giveUp(entry: Entry): Promise<void> {
  await phoneStore.put({ ...entry, state: 'given_up', done_at: new Date(serverNow()).toISOString() })
  await reload()
}

/** The address under which a picture is shown, here or at the server. The caller lets a `blob:` address go. */
export async function pictureAddress(id: string): Promise<string | null> {
  if (!isLocal(id)) return attachmentUrl(id)
  const picture = await phoneStore.picture(id)
  return picture ? URL.createObjectURL(picture.blob) : null
}
