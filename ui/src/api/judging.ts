// Wire types of what makes warnings trustworthy: verdicts, yields, tunings, rules, silences, zones, health of devices.
import type { Day, Instant, KeyClass, Level, ModelId, Theatre } from './types'

export type Verdict = 'confirmed' | 'misread' | 'cloned' | 'stale' | 'exempt' | 'wrong_data' | 'unfounded'
export const VERDICTS: readonly Verdict[] = [
  'confirmed',
  'misread',
  'cloned',
  'stale',
  'exempt',
  'wrong_data',
  'unfounded',
]
export interface VerdictGiven {
  verdict: Verdict
  name: string
  by: string
  at: Instant
  note: string | null
}
/** Why a warning is not shown by itself, and the warning, silence or window that is the reason. */
export interface Hidden {
  kind: 'stronger' | 'silenced' | 'maintenance'
  by: string
}
/** How a warning stands among the others. */
export interface Standing {
  verdict: VerdictGiven | null
  /** The first warning of its group; its own id when it is the first. */
  group_id: string
  group_count: number
  hidden: Hidden | null
}

/** What became of warnings. */
export interface YieldNumbers {
  raised: number
  withdrawn: number
  signed: number
  judged: number
  verdicts: Partial<Record<Verdict, number>>
  /** Share of true ones among those that say whether the model was right, 0 to 1. */
  yield: number | null
}
export interface ModelYield extends YieldNumbers {
  model: ModelId
  rule_id: string | null
  name: string
  versions: ({ version: number } & YieldNumbers)[]
  days: ({ day: Day } & YieldNumbers)[]
}

/** What is empty restricts nothing. */
export interface Scope {
  checkpoints: string[]
  theatres: Theatre[]
  /** Hours of the Beijing day, from and to (exclusive). */
  hours: [number, number] | null
  key_classes: KeyClass[]
}
export type TunedValue = number | boolean | string[]
export interface Tuning {
  id: string
  version: number
  scope: Scope
  is_enabled: boolean
  level: Level | null
  values: Record<string, TunedValue>
  author: string
  at: Instant
  reason: string
  is_removed: boolean
}
export interface TuningInput {
  scope: Scope
  is_enabled: boolean
  level: Level | null
  values: Record<string, TunedValue>
  reason: string
  version?: number
}

export type RuleState = 'draft' | 'review' | 'in_force' | 'retired'
export interface RuleText {
  name: string
  condition: string
  level: Level
  once_per_minutes: number
  actionable_seconds: number
}
export interface Rule extends RuleText {
  id: string
  /** To be sent back with each step. */
  version: number
  state: RuleState
  draft_state: 'draft' | 'review' | null
  number: number
  versions_count: number
  author: string
  created_by: string
  created_at: Instant
  retired_by: string | null
  retired_at: Instant | null
  retire_reason: string | null
  numbers: YieldNumbers
}
export interface RuleVersion extends RuleText {
  number: number
  state: RuleState
  reason: string
  author: string
  authors: string[]
  written_at: Instant
  submitted_at: Instant | null
  reviewer: string | null
  reviewed_at: Instant | null
  review_note: string | null
}
export interface RuleFile extends Rule {
  /** Newest first. */
  versions: RuleVersion[]
}
export interface RuleInput extends RuleText {
  reason: string
  version?: number
}
export interface ConditionError {
  line: number
  column: number
  /** Characters from the beginning of the text. */
  offset: number
  length: number
  message: string
}
export interface ConditionCheck {
  ok: boolean
  errors: ConditionError[]
}
export interface RuleWord {
  name: string
  kind: 'variable' | 'field' | 'function'
  signature: string
  explanation: string
  example: string
  values: string[]
}

export type QuietState = 'upcoming' | 'in_force' | 'ended'
export interface QuietTerm {
  id: string
  from: Instant
  until: Instant
  reason: string
  state: QuietState
  created_by: string
  created_at: Instant
  ended_by: string | null
  ended_at: Instant | null
}
export interface Silence extends QuietTerm {
  model: ModelId | null
  plate: string | null
  plate_class: string | null
  checkpoint_id: string | null
  checkpoint_name: string | null
}
export interface SilenceInput {
  model?: ModelId
  plate?: string
  plate_class?: string
  checkpoint_id?: string
  until: Instant
  reason: string
}
export interface Maintenance extends QuietTerm {
  device_id: string
  device_name: string | null
}
export interface MaintenanceInput {
  device_id: string
  from?: Instant
  until: Instant
  reason: string
}

export interface ZoneHours {
  /** 1 Monday to 7 Sunday. */
  days: number[]
  /** `07:00` in Beijing. */
  from: string
  /** When not after the beginning, it ends on the next day; `24:00` is the end of the day. */
  to: string
}
export interface ZoneText {
  name: string
  kind: 'ban' | 'corridor'
  area: { type: 'polygon' | 'line' | 'checkpoints'; points: [number, number][]; reach_m: number | null }
  checkpoints: string[]
  key_classes: KeyClass[]
  /** First letters of vehicle types (GA/T 16.4); empty for all. */
  families: string
  hours: ZoneHours[]
  exempt: { plate: string; plate_class: string }[]
}
export interface Zone extends ZoneText {
  id: string
  changed_by: string
  changed_at: Instant
}

export interface CameraHealth {
  device_id: string
  name: string | null
  checkpoint_id: string | null
  checkpoint_name: string | null
  last_received_at: Instant | null
  observation_count_24h: number
  late_count_24h: number
  /** Share of the minutes of the last 24 hours in which something came. */
  online_permille_24h: number
  delay_median_ms: number | null
  clock: { ahead_ms: number; uncertainty_ms: number } | null
  /** Where travel times showed that the line is slow and not the clock behind. */
  slow_line_ms: number | null
  misread: { day_permille: number; night_permille: number } | null
  unread_permille_24h: number | null
}
export interface HealthHour {
  from: Instant
  observation_count: number
  late_count: number
  delay_median_ms: number | null
  clock_ahead_ms: number | null
  read_count: number
  unread_count: number
  online_minutes: number
}
export interface HealthFile extends CameraHealth {
  /** Oldest first. */
  hours: HealthHour[]
}

/** A threshold as it held when a warning was judged. */
export interface HeldParameter {
  name: string
  value: unknown
  unit: string
  source: string
  explanation: string
  /** It was tuned there. */
  is_tuned: boolean
}
export interface ReplayStep {
  at: Instant
  observation_id: string | null
  outcome: 'none' | 'raised' | 'revised' | 'withdrawn' | 'marked'
  text: string
}
export interface Explanation {
  model: ModelId
  model_name: string
  model_version: number
  parameters: HeldParameter[]
  replay: ReplayStep[]
}
