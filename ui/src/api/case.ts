// Cases (指令、拦截、宣教、布控申请、隐患), their clocks, people and pictures: wire types, and the server's routes by name.
// Bodies are the values of the state machines as the server keeps them.
import { postCommand } from '@/lib/command'
import { get, pathWithQuery, post, put, remove, send, type Query } from './client'
import type { Day, Instant, Level, List, Theatre, Verdict, Warning } from './types'

const V1 = '/api/v1'
const part = encodeURIComponent

export type CaseKind = 'watch_application' | 'dispatch' | 'interception' | 'education' | 'hazard'
/** In the order of the loop. */
export const CASE_KINDS: readonly CaseKind[] = ['watch_application', 'dispatch', 'interception', 'education', 'hazard']

export interface UnitRef {
  id: number
  name: string
}
/** A person: the user name and how people call them. */
export interface PersonRef {
  id: string
  name: string
}
export interface Point {
  lon: number
  lat: number
}
export interface Spot {
  at?: Point | null
  route?: string | null
  chainage_m?: number | null
  checkpoint?: string | null
  description?: string
}

// ---- What lists show -------------------------------------------------------------------------------------------------

export interface Case {
  id: string
  kind: CaseKind
  kind_name: string
  chain: string
  parent: string | null
  warning_id: string | null
  state: string
  state_name: string
  is_open: boolean
  level: Level
  unit: UnitRef
  assignee: PersonRef | null
  title: string
  category: string
  category_name: string
  theatre: Theatre | null
  plate: string | null
  lon: number | null
  lat: number | null
  version: number
  opened_by: PersonRef
  opened_at: Instant
  changed_at: Instant
  closed_at: Instant | null
  step: string | null
  step_name: string | null
  due_at: Instant | null
  is_late: boolean
}
export type TaskEnd = 'on_time' | 'late' | 'never' | 'void'
export interface Task {
  id: number
  /** A case or a warning. */
  subject: string
  kind: CaseKind | 'warning'
  kind_name: string
  chain: string
  step: string
  step_name: string
  level: Level
  title: string
  plate: string | null
  category: string
  category_name: string
  unit: UnitRef
  person: PersonRef | null
  permission: string
  armed_at: Instant
  half_at: Instant | null
  due_at: Instant | null
  is_late: boolean
  paused_at: Instant | null
  pause_reason: string | null
  pause_asked_by: PersonRef | null
  end: TaskEnd | null
  ended_at: Instant | null
}
export interface CaseStep {
  id: number
  subject: string
  kind: CaseKind | 'warning'
  at: Instant
  actor: PersonRef
  unit: UnitRef | null
  act: string
  act_name: string
  from_state: string | null
  to_state: string
  to_state_name: string
  detail: Record<string, unknown>
}
export interface ActOffer {
  act: string
  name: string
}
export interface CaseFile<B extends CaseBody = CaseBody> {
  case: Case
  body: B
  steps: CaseStep[]
  tasks: Task[]
  /** What this person may do now. */
  acts: ActOffer[]
  /** Cases of the same chain. */
  related: Case[]
  warning: Warning | null
  units: Record<string, string>
  people: Record<string, string>
}

// ---- Bodies ----------------------------------------------------------------------------------------------------------

export interface Finding {
  code: string
  name: string
}
export const MEASURE_KINDS = [
  'warning',
  'fine',
  'points',
  'detain_vehicle',
  'detain_licence',
  'unload',
  'rest',
  'hand_over',
  'release',
] as const
export type MeasureKind = (typeof MEASURE_KINDS)[number]
export interface Measure {
  kind: MeasureKind
  /** Fine in yuan, or points. */
  amount: number | null
  document: string
}
export const AUDIENCES = [
  'coach_driver',
  'truck_driver',
  'dangerous_goods_crew',
  'minivan_driver',
  'rider',
  'tricycle_driver',
  'driver',
  'passenger',
  'elderly',
  'child',
  'villager',
  'enterprise',
] as const
export type Audience = (typeof AUDIENCES)[number]
export const ROAD_OUTCOMES = ['intercepted', 'not_seen', 'gone', 'fled', 'released'] as const
export type RoadOutcome = (typeof ROAD_OUTCOMES)[number]

export interface Teaching {
  audience: Audience
  topic: string
  material?: string
}
export interface DispatchOrder {
  warning?: string | null
  plate: string
  look_for?: string
  level: Level
  unit: number
  assignee?: string | null
  spot?: Spot
  theatre?: Theatre | null
  ring?: 1 | 2
  order: string
  until: Instant
  category?: string
}
export interface RoadReport {
  outcome: RoadOutcome
  verdict: Verdict
  note?: string
  at: Instant
  spot?: Spot
  pictures?: string[]
  findings?: Finding[]
  measures?: Measure[]
  education?: Teaching | null
}
export interface DispatchBody {
  kind: 'dispatch'
  order: DispatchOrder
  state: 'ordered' | 'signed' | 'on_site' | 'reported' | 'closed' | 'declined' | 'withdrawn'
  ordered_by: string
  ordered_from: number | null
  signed_by: string | null
  on_site_at: Instant | null
  report: RoadReport | null
  reported_by: string | null
  reason: string | null
}
export interface Stop {
  warning?: string | null
  plate: string
  level: Level
  unit: number
  by?: string | null
  theatre?: Theatre | null
  at: Instant
  spot?: Spot
  findings?: Finding[]
  measures?: Measure[]
  pictures?: string[]
  note?: string
}
export interface InterceptionBody {
  kind: 'interception'
  stop: Stop
  state: 'stopped' | 'disposed'
  stopped_by: string
  disposed_by: string | null
}
export interface Lesson {
  warning?: string | null
  audience: Audience
  topic: string
  material?: string
  people_count: number
  unit: number
  by?: string | null
  at: Instant
  spot?: Spot
  is_beside_penalty?: boolean
  local_case?: string | null
  pictures?: string[]
  note?: string
  theatre?: Theatre | null
}
export interface EducationBody {
  kind: 'education'
  lesson: Lesson
  state: 'recorded' | 'void'
  taught_by: string
  reason: string | null
}
export interface WatchRequest {
  plate: string
  plate_class?: string | null
  reason: string
  legal_basis: string
  level: Level
  until: Instant
  unit: number
  is_urgent?: boolean
}
export interface WatchApplicationBody {
  kind: 'watch_application'
  application: WatchRequest
  state: 'applied' | 'reviewed' | 'urgent' | 'in_force' | 'refused' | 'withdrawn' | 'lapsed'
  applied_by: string
  reviewed_by: string | null
  approved_by: string | null
  reason: string | null
}

export const HAZARD_KINDS = ['road', 'person', 'vehicle', 'enterprise'] as const
export type HazardKind = (typeof HAZARD_KINDS)[number]
export const HAZARD_GRADES = ['general', 'larger', 'major'] as const
export type HazardGrade = (typeof HAZARD_GRADES)[number]
export const HAZARD_SOURCES = ['warning', 'patrol', 'village', 'public', 'crash', 'black_spot', 'department'] as const
export type HazardSource = (typeof HAZARD_SOURCES)[number]
export interface HazardReport {
  warning?: string | null
  source: HazardSource
  hazard_kind: HazardKind
  category: string
  grade: HazardGrade
  title: string
  description?: string
  answers?: { question: string; answer: string }[]
  spot?: Spot
  theatre?: Theatre | null
  unit: number
  plate?: string | null
  pictures?: string[]
  contact?: string
  /** The crash from which it is reported. */
  crash?: string | null
}
export interface HazardBody {
  kind: 'hazard'
  report: HazardReport
  state:
    | 'reported'
    | 'verified'
    | 'noticed'
    | 'rectifying'
    | 'submitted'
    | 'accepted'
    | 'struck_off'
    | 'unfounded'
    | 'merged'
  grade: HazardGrade
  reported_by: string
  verified_by: string | null
  notice: {
    number: string
    measure: string
    unit: number
    deadline: Instant
    issued_by: string
    issued_at: Instant
  } | null
  rectification: { note: string; pictures: string[]; by: string; unit: number | null; at: Instant } | null
  acceptance: {
    note: string
    pictures: string[]
    by: string
    unit: number | null
    at: Instant
    distance_m: number | null
  } | null
  struck_off_by: string | null
  supervision: Record<string, unknown> | null
  extension: { until: Instant; reason: string; [more: string]: unknown } | null
  merged_into: string | null
  reason: string | null
  reopened_count: number
  /** What fell on it. */
  crashes?: string[]
}
export type CaseBody = DispatchBody | InterceptionBody | EducationBody | WatchApplicationBody | HazardBody
export type Opening =
  | ({ kind: 'dispatch' } & DispatchOrder)
  | ({ kind: 'interception' } & Stop)
  | ({ kind: 'education' } & Lesson)
  | ({ kind: 'watch_application' } & WatchRequest)
  | ({ kind: 'hazard' } & HazardReport)

// ---- The time line of a chain ----------------------------------------------------------------------------------------

export type LineStage = 'passage' | 'warning' | CaseKind | 'clock'
export interface LineEntry {
  at: Instant
  stage: LineStage
  subject: string
  act: string
  act_name: string
  actor: PersonRef | null
  unit: UnitRef | null
  text: string
  /** Attachments. */
  pictures: string[]
  /** Pictures of cameras. */
  picture_ids: string[]
  lon: number | null
  lat: number | null
}
export interface Chain {
  chain: string
  warning: Warning | null
  cases: Case[]
  /** Oldest first. */
  line: LineEntry[]
}

// ---- Dispatch, posts, views, people, statistics ----------------------------------------------------------------------

export type PostState = 'on_duty' | 'busy' | 'off'
export const POST_STATES: readonly PostState[] = ['on_duty', 'busy', 'off']
export interface Post {
  id: number
  name: string
  unit: UnitRef
  kind: 'fixed' | 'patrol'
  state: PostState
  lon: number
  lat: number
  crew: PersonRef[]
  updated_at: Instant
}
export interface PostInput {
  name: string
  unit: number
  kind: Post['kind']
  state: PostState
  lon: number
  lat: number
  crew: string[]
}
export interface NextCheckpoint {
  checkpoint_id: string
  name: string
  lon: number
  lat: number
  /** 0 … 1 */
  share: number
  earliest: Instant
  likely: Instant
  latest: Instant
}
export interface PostOption {
  post: Post
  ring: 1 | 2
  checkpoint_id: string
  drive_minutes: number
  /** Negative: too late. */
  margin_minutes: number
  can_intercept: boolean
  /** The order that its crew has signed. */
  busy_with?: string | null
  reason: string
}
export interface DispatchOptions {
  seen: { checkpoint_id: string; name: string; lon: number; lat: number; at: Instant } | null
  next: NextCheckpoint[]
  posts: PostOption[]
  /** Why nobody can intercept any more. */
  nobody: string | null
}
export interface SavedView {
  id: number
  name: string
  /** The address after the question mark. */
  query: string
  is_shared: boolean
  is_mine: boolean
}
/** Who somebody is, for those who hand out work. */
export interface Person {
  username: string
  display_name: string
  is_on_duty?: boolean
  unit_id: number | null
  unit_name: string | null
}
export type TaskGrouping = 'unit' | 'step' | 'person' | 'category' | 'shift'
export interface TaskGroup {
  group: string
  name: string
  on_time: number
  late: number
  never: number
  void: number
  running: number
  overdue: number
}
export interface HazardFigures {
  found: number
  rectified: number
  struck_off: number
  open: number
  late: number
}
export interface HazardStatistics {
  total: HazardFigures
  road: HazardFigures
  other: HazardFigures
  groups: ({ group: string; name: string } & HazardFigures)[]
}
export interface HazardCategory {
  key: string
  name: string
  hazard_kind: HazardKind
  questions: {
    key: string
    text: string
    type: 'choice' | 'yes_no' | 'text' | 'number'
    options: string[]
    is_required: boolean
  }[]
}
export interface Attachment {
  /** SHA-256 of the bytes, so that a repeat is harmless. */
  id: string
  media_type: string
  bytes: number
}
export interface CaseCount {
  kind: CaseKind
  state: string
  category: string
  unit: number
  level: Level
  count: number
}
export interface SignOutcome {
  id: string
  ok: boolean
  detail: string | null
}

export const attachmentUrl = (id: string) => `${V1}/attachments/${part(id)}`
export const noticePaperUrl = (id: string) => `${V1}/hazards/${part(id)}/notice.docx`
export const caseExportUrl = (format: 'csv' | 'xlsx', query: Query) =>
  pathWithQuery(`${V1}/cases/export`, { ...query, format })

const items = async <I>(path: string, query?: Query): Promise<I[]> => {
  const answer = await get<List<I> | I[]>(path, query)
  return Array.isArray(answer) ? answer : answer.items
}

export const cases = {
  list: (query: Query, signal?: AbortSignal) => get<List<Case>>(`${V1}/cases`, query, signal),
  counts: (query: Query) => get<{ counts: CaseCount[] }>(`${V1}/cases/counts`, query).then(({ counts }) => counts),
  file: <B extends CaseBody = CaseBody>(id: string) => get<CaseFile<B>>(`${V1}/cases/${part(id)}`),
  chain: (id: string) => get<Chain>(`${V1}/chains/${part(id)}`),
  /** `key` is kept for every repeat of the same command; see `lib/command`. */
  open: (opening: Opening, key: string, parent?: string | null) =>
    postCommand<CaseFile>(pathWithQuery(`${V1}/cases`, { parent }), opening, key),
  act: (id: string, version: number, act: { act: string } & Record<string, unknown>, key: string) =>
    postCommand<CaseFile>(`${V1}/cases/${part(id)}/acts`, { version, act }, key),

  tasks: (query: Query, signal?: AbortSignal) => get<List<Task>>(`${V1}/tasks`, query, signal),
  /** How many tasks wait for me. */
  waiting: () => get<{ open: number; late: number }>(`${V1}/tasks/waiting`),
  askPause: (id: number, reason: string) => post<undefined>(`${V1}/tasks/${id}/pause`, { reason }),
  grantPause: (id: number) => post<undefined>(`${V1}/tasks/${id}/pause/grant`),
  resume: (id: number) => post<undefined>(`${V1}/tasks/${id}/resume`),

  taskStatistics: (by: TaskGrouping, since: Instant, until: Instant, more: Query = {}) =>
    get<{ groups: TaskGroup[] }>(`${V1}/statistics/tasks`, { by, since, until, ...more }).then(({ groups }) => groups),
  hazardStatistics: (by: 'category' | 'unit' | 'month', since: Instant | Day, until: Instant | Day) =>
    get<HazardStatistics>(`${V1}/statistics/hazards`, { by, since, until }),

  attach: async (bytes: Blob, about: { name?: string; taken_at?: Instant; lon?: number; lat?: number } = {}) => {
    const headers = { 'Content-Type': bytes.type || 'image/jpeg' }
    const answer = await send(pathWithQuery(`${V1}/attachments`, about), { method: 'POST', body: bytes, headers })
    return (await answer.json()) as Attachment
  },
  hazardCategories: () => items<HazardCategory>(`${V1}/hazards/categories`),
  hazardsNear: (query: { lon: number; lat: number; category?: string; exclude?: string }) =>
    items<{ case: Case; distance_m: number }>(`${V1}/hazards/near`, query),

  dispatchOptions: (warning: string) => get<DispatchOptions>(`${V1}/dispatch/options`, { warning }),
  posts: () => items<Post>(`${V1}/posts`),
  addPost: (input: PostInput) => post<Post>(`${V1}/posts`, input),
  savePost: (id: number, input: PostInput) => put<Post>(`${V1}/posts/${id}`, input),
  removePost: (id: number) => remove(`${V1}/posts/${id}`),

  views: (page: string) => items<SavedView>(`${V1}/views`, { page }),
  addView: (view: { page: string; name: string; query: string; is_shared: boolean }) =>
    post<SavedView>(`${V1}/views`, view),
  removeView: (id: number) => remove(`${V1}/views/${id}`),

  people: () => items<Person>(`${V1}/people`),
  signWarnings: (warnings: readonly Warning[]) =>
    post<{ items: SignOutcome[] }>(`${V1}/warnings/sign`, {
      items: warnings.map(({ id, version }) => ({ id, version })),
    }).then(({ items }) => items),
}
