// The live state of the page: one stream, folded once a frame; filled from the lists at the start and after every
// reconnect, so that a gap in the stream can never become a gap on the screen.
import { computed, ref, shallowRef, watch } from 'vue'
import { api, LIVE_URL } from '@/api'
import { cases } from '@/api/case'
import { notices } from '@/api/notice'
import type { LiveEvent, LiveEvents, Passage, PassageSample, Warning } from '@/api/types'
import { language } from '@/i18n'
import { may } from '@/session'
import { announce } from './notice'
import { emptyState, foldFrame, mergeWarnings, shownAlone, TICKER_MAX, type Effects } from './fold'
import { LiveStream, type LinkStatus } from './stream'

export const live = shallowRef(emptyState())
export const link = ref<LinkStatus>('connecting')
/** When the connection was lost, in this computer's time. */
export const lost_at = ref<number | null>(null)

/** Server time minus this computer's time; the server's clock may be driven by a simulation. */
const offset_ms = ref(0)
const tick = ref(Date.now())
/** The server's present, moving once a second. */
export const now_ms = computed(() => tick.value + offset_ms.value)

const effectListeners = new Set<(effects: Effects) => void>()
/** Tells the map what pulsed and moved, once a frame. Returns the way to stop. */
export function onEffects(listener: (effects: Effects) => void): () => void {
  effectListeners.add(listener)
  return () => effectListeners.delete(listener)
}

/** What waits for the person, and how much of it is late. */
export const tasks = shallowRef({ open: 0, late: 0 })
/** What the person was told and has not read. */
export const unread = ref(0)
/** Many things happen at once; what they change is counted once after them. */
const COUNT_MS = 2_000
let counting = 0
function countSoon(): void {
  counting ||= window.setTimeout(() => {
    counting = 0
    void countTasks()
  }, COUNT_MS)
}
const countTasks = (): Promise<unknown> =>
  cases.waiting().then(
    (waiting) => (tasks.value = waiting),
    () => undefined,
  )
const countUnread = (): Promise<unknown> =>
  notices.list({ unread: true, limit: 1 }).then(
    ({ total }) => (unread.value = total),
    () => undefined,
  )
type CaseListener = (change: LiveEvents['case']) => void
const caseListeners = new Set<CaseListener>()
/** Tells pages that show cases what changed elsewhere. Returns the way to stop. */
export function onCase(listener: CaseListener): () => void {
  caseListeners.add(listener)
  return () => caseListeners.delete(listener)
}
const noticeListeners = new Set<() => void>()
/** Tells that there is something new for this person, or that something was read. Returns the way to stop. */
export function onNotice(listener: () => void): () => void {
  noticeListeners.add(listener)
  return () => noticeListeners.delete(listener)
}
/** What is unread changed. */
export function noticed(): void {
  void countUnread()
  noticeListeners.forEach((listener) => listener())
}

let queue: LiveEvent[] = []
let is_scheduled = false
/** A hidden tab gets no frames; this bounds what waits for it. */
const QUEUE_MAX = 5_000

function take(event: LiveEvent): void {
  if (event.name === 'hello') {
    offset_ms.value = Date.parse(event.data.server_time) - Date.now()
    void fill()
  }
  if (event.name === 'figures') offset_ms.value = Date.parse(event.data.now) - Date.now()
  // Work comes one by one, as people act: no need to fold it. Whatever changed may have been this person's task.
  if (event.name === 'case' || (event.name === 'warning' && may('work_warnings'))) countSoon()
  if (event.name === 'case') return caseListeners.forEach((listener) => listener(event.data))
  if (event.name === 'noticed') {
    countSoon()
    return noticed()
  }
  queue.push(event)
  if (queue.length >= QUEUE_MAX || document.hidden) flush()
  else if (!is_scheduled) {
    is_scheduled = true
    requestAnimationFrame(flush)
  }
}

function flush(): void {
  is_scheduled = false
  const events = queue
  queue = []
  if (events.length === 0) return
  const { state, effects } = foldFrame(live.value, events)
  live.value = state
  for (const listener of effectListeners) listener(effects)
  if (effects.raised.length === 0) return
  // A repeat of what is known already, or what is hidden, disturbs nobody.
  const alone = new Set(shownAlone(state.warnings).map((it) => it.id))
  announce(
    effects.raised.filter((it) => alone.has(it.id)),
    now_ms.value,
  )
}

/** The present from the lists: what was before the stream began. Each part stands alone, and nothing is asked for that the person
 * may not see: a refusal would be recorded. */
async function fill(): Promise<void> {
  await Promise.allSettled([countTasks(), countUnread(), ...(may('see_warnings') ? fillWarnings() : [])])
}
const fillWarnings = (): Promise<unknown>[] => [
  api.warnings({ sort: '-raised_at', limit: 200 }).then(({ items }) => patchWarnings(items)),
  api
    .warnings({ state: 'raised', actionable: true, sort: '-raised_at', limit: 200 })
    .then(({ items }) => patchWarnings(items)),
  api.figures().then((figures) => (live.value = { ...live.value, figures })),
  api
    .checkpoints()
    .then((items) => (live.value = { ...live.value, checkpoints: new Map(items.map((it) => [it.id, it])) })),
  ...(may('look_up')
    ? [
        api.passages({ limit: TICKER_MAX }).then(({ items }) => {
          if (live.value.ticker.length === 0) live.value = { ...live.value, ticker: items.map(sampleOf) }
        }),
      ]
    : []),
  api
    .keyVehicles()
    .then((items) => (live.value = { ...live.value, vehicles: new Map(items.map((it) => [it.plate, it])) })),
]

const sampleOf = (it: Passage): PassageSample => ({
  captured_at: it.captured_at,
  checkpoint_id: it.checkpoint_id ?? '',
  plate_text: it.plate_text ?? '',
  plate_color: it.plate_color,
  vehicle_class: it.vehicle_class,
  speed_kmh: it.speed_kmh,
  picture_id: it.picture_ids[0] ?? null,
})

/** Puts a warning in that came by another way, e.g. as the answer to signing it. */
export function patchWarnings(warnings: readonly Warning[]): void {
  live.value = { ...live.value, warnings: mergeWarnings(live.value.warnings, warnings) }
}
/** Undoes an optimistic change, whatever its version. */
export function restoreWarning(warning: Warning): void {
  live.value = { ...live.value, warnings: live.value.warnings.map((it) => (it.id === warning.id ? warning : it)) }
}

let stream: LiveStream | null = null
let ticker = 0

/** Lets the present move where there is no live stream. */
export function startTicking(): void {
  if (!ticker) ticker = window.setInterval(() => (tick.value = Date.now()), 1000)
}

export function startLive(on_refused: () => void): void {
  if (stream) return
  startTicking()
  stream = new LiveStream({
    url: LIVE_URL,
    on_event: take,
    on_refused,
    on_status: (status) => {
      link.value = status
      if (status === 'lost') lost_at.value ??= Date.now()
      if (status === 'open') lost_at.value = null
    },
  })
  stream.start()
  window.addEventListener('online', retryNow)
}

// Titles and explanations are written by the server in the language of the request.
watch(language, () => stream?.reopen())

export const retryNow = (): void => stream?.retryNow()

export function stopLive(): void {
  stream?.stop()
  stream = null
  clearInterval(ticker)
  ticker = 0
  window.removeEventListener('online', retryNow)
  clearTimeout(counting)
  counting = 0
  tasks.value = { open: 0, late: 0 }
  unread.value = 0
  live.value = emptyState()
  queue = []
}
