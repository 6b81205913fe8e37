// Orders and tasks of whoever is on the road: from the server where it answers, else as they were seen last.
import { computed, ref, shallowRef } from 'vue'
import {
  cases,
  type Case,
  type CaseFile,
  type DispatchBody,
  type HazardBody,
  type HazardCategory,
  type Task,
} from '@/api/case'
import { ApiError } from '@/api/client'
import { api } from '@/api'
import type { Instant, Unit } from '@/api/types'
import { keep, recall } from '@/lib/storage'
import { byDue } from '@/lib/clock'
import { notices } from '@/api/notice'
import { unread } from '@/live/store'
import { session } from '@/session'
import { stateWith } from './outbox'
import { entries, link, onSent } from './road'
import { forgetSeen, keepSeen, lastSeen } from './store'

/** Cases whose papers are kept in the phone; nobody has more before him in a shift. */
const FILES_MAX = 40

interface Desk {
  tasks: Task[]
  files: Record<string, CaseFile>
}
export const desk = shallowRef<Desk>({ tasks: [], files: {} })
/** Cases that were looked at here, though they are nobody's task now. */
const opened = new Set<string>()
/** When it was so; null while nothing was ever seen. */
export const as_of = ref<Instant | null>(null)
export const failure = shallowRef<unknown>(null)
export const is_loading = ref(false)
export const categories = shallowRef<HazardCategory[]>([])
export const units = shallowRef<Unit[]>([])

const key = (what: string): string => `${session.value?.username ?? ''}/${what}`

/** Somebody else's papers are not left in the phone. */
async function ownOnly(): Promise<void> {
  const user = session.value?.username ?? ''
  if (recall('road.user', '') === user) return
  await forgetSeen()
  keep('road.user', user)
}

/** Steps of orders that are done on the road; the others are the duty room's. */
const CREW_STEPS: ReadonlySet<string> = new Set(['sign_dispatch', 'report_dispatch'])
/** Whoever may not see orders, a village helper for one, has none. */
function noneAllowed(cause: unknown): { items: Case[] } {
  if (cause instanceof ApiError && cause.status === 403) return { items: [] }
  throw cause
}

export async function loadDesk(): Promise<void> {
  await ownOnly()
  if (as_of.value === null) {
    const [seen, known] = await Promise.all([
      lastSeen<Desk>(key('desk')),
      lastSeen<{ categories: HazardCategory[]; units: Unit[] }>(key('words')),
    ])
    if (seen) {
      desk.value = seen.value
      as_of.value = seen.at
    }
    if (known) {
      categories.value = known.value.categories
      units.value = known.value.units
    }
  }
  is_loading.value = true
  failure.value = null
  try {
    // An order that nobody of the unit has signed yet is a task of all who may; a signed one belongs to whoever did.
    const [orders, tasks] = await Promise.all([
      cases.list({ kind: 'dispatch', mine: true, open: true, sort: '-opened_at', limit: FILES_MAX }).catch(noneAllowed),
      cases.tasks({ mine: true, ended: false, limit: 100 }),
    ])
    const wanted = [
      ...new Set([
        ...orders.items.map((it) => it.id),
        ...tasks.items.filter((it) => CREW_STEPS.has(it.step) || it.kind === 'hazard').map((it) => it.subject),
      ]),
    ].slice(0, FILES_MAX)
    const files = await Promise.allSettled(wanted.map((id) => cases.file(id)))
    const others = Object.entries(desk.value.files).filter(([id]) => opened.has(id) && !wanted.includes(id))
    desk.value = {
      tasks: tasks.items.sort(byDue),
      // What could not be read this time stays as it was.
      files: Object.fromEntries([
        ...others,
        ...wanted.flatMap((id, index) => {
          const answer = files[index]
          const file = answer?.status === 'fulfilled' ? answer.value : desk.value.files[id]
          return file ? [[id, file] as const] : []
        }),
      ]),
    }
    link.value = 'open'
    as_of.value = new Date().toISOString()
    void notices.list({ unread: true, limit: 1 }).then(
      ({ total }) => (unread.value = total),
      () => undefined,
    )
    await keepSeen(key('desk'), desk.value)
    void loadWords()
  } catch (cause) {
    if (!(cause instanceof ApiError)) throw cause
    if (cause.status === 0) link.value = 'lost'
    failure.value = cause
  } finally {
    is_loading.value = false
  }
}

async function loadWords(): Promise<void> {
  const [known, of_units] = await Promise.allSettled([cases.hazardCategories(), api.units()])
  if (known.status === 'fulfilled') categories.value = known.value
  if (of_units.status === 'fulfilled') units.value = of_units.value
  await keepSeen(key('words'), { categories: categories.value, units: units.value })
}

/** Puts in what the server just answered, so that the page does not wait for the next look. */
export async function putFile(file: CaseFile): Promise<void> {
  const { id } = file.case
  desk.value = {
    ...desk.value,
    files: { ...desk.value.files, [id]: file },
  }
  await keepSeen(key('desk'), desk.value)
}
onSent((file) => void putFile(file))

/** One case with its papers: from the server, else as it was seen last. */
export async function loadFile(id: string): Promise<CaseFile | null> {
  opened.add(id)
  try {
    const file = await cases.file(id)
    await putFile(file)
    return file
  } catch (cause) {
    if (!(cause instanceof ApiError)) throw cause
    if (cause.status === 0) link.value = 'lost'
    const seen = desk.value.files[id] ?? null
    if (!seen && cause.status !== 0) throw cause
    return seen
  }
}

/** Where a case stands with what waits in the outbox, and whether anything does. */
export const standing = (file: CaseFile): { state: string; is_waiting: boolean } => {
  const state = stateWith(file.case.state, file.case.id, entries.value)
  return { state, is_waiting: state !== file.case.state }
}

/** Nothing more is to be done on the road with these. */
const OVER: ReadonlySet<string> = new Set(['closed', 'declined', 'withdrawn'])
export const orders = computed(() =>
  Object.values(desk.value.files)
    .filter((it): it is CaseFile<DispatchBody> => it.body.kind === 'dispatch' && !OVER.has(it.case.state))
    .sort((a, b) => Date.parse(a.body.order.until) - Date.parse(b.body.order.until)),
)
/** Tasks that are done on the road: of hazards. Orders stand by themselves. */
export const hazard_tasks = computed(() => desk.value.tasks.filter((it) => it.kind === 'hazard'))
export const other_tasks = computed(() =>
  desk.value.tasks.filter((it) => it.kind !== 'hazard' && it.kind !== 'dispatch'),
)
export const hazardFile = (id: string): CaseFile<HazardBody> | null => {
  const file = desk.value.files[id]
  return file?.body.kind === 'hazard' ? (file as CaseFile<HazardBody>) : null
}

// What may be done next in a state, for a case with commands on their way: the server's own list is of before them.
const NEXT: Record<string, readonly string[]> = {
  ordered: ['sign', 'decline'],
  signed: ['arrive', 'report', 'decline'],
  on_site: ['report', 'decline'],
  noticed: ['take'],
  rectifying: ['submit', 'ask_extension'],
}
export function offered(file: CaseFile): string[] {
  const { state, is_waiting } = standing(file)
  return is_waiting ? [...(NEXT[state] ?? [])] : file.acts.map((it) => it.act)
}
