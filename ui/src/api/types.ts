// The wire types of the HTTP API v1: shapes from the server's OpenAPI document (`npm run types`), words narrowed to the
// sets that the page knows. A field that the server drops or renames fails `npm run check`.
import type { Case } from './case'
import type { Hidden, Tuning, VerdictGiven } from './judging'
import type { components } from './schema'

export type * from './judging'
export type * from './people'
export type * from './platform'

type Schemas = components['schemas']
/** What the server tells. It writes every field, null where there is nothing; `Words` narrows what is free text there. */
export type Told<
  N extends keyof Schemas,
  Words extends Partial<Record<keyof Schemas[N], unknown>> = Record<never, never>,
> = {
  [K in keyof Schemas[N]]-?: K extends keyof Words ? Words[K] : Exclude<Schemas[N][K], undefined>
}

/** RFC 3339 in UTC with milliseconds, e.g. `2026-11-23T06:31:36.123Z`. */
export type Instant = string
/** A calendar day in China, e.g. `2026-11-23`. */
export type Day = string

export type Level = 'high' | 'medium' | 'low'
export type Theatre = 'expressway' | 'national_provincial' | 'urban' | 'rural'
export type LinkState = 'online' | 'silent' | 'offline'
export type DeviceState = LinkState | 'disabled'
export const DEVICE_KINDS = ['camera', 'isapi', 'dahua', 'terminal', 'fleet'] as const
export type DeviceKind = (typeof DEVICE_KINDS)[number]
export type PlateColor = 'blue' | 'yellow' | 'green' | 'yellow_green' | 'white' | 'black' | 'unknown'
export type KeyClass =
  'scheduled_coach' | 'tour_coach' | 'dangerous_goods' | 'heavy_goods' | 'minivan' | 'school_bus' | 'farm_tricycle'

export interface List<T> {
  items: T[]
  total: number
}

export type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted'
/** Long work; what `parameters` and `result` hold depends on the kind. */
export type Job = Told<
  'JobView',
  { state: JobState; parameters: Record<string, unknown>; result: Record<string, unknown> | null }
>

export interface BackTestInput {
  rule?: string
  rule_version?: number
  model?: string
  from: Instant
  until: Instant
}
export type BackTestSummary = Told<'BackTestSummary'>
export type BackTest = Told<'BackTestView', { tested: Record<string, unknown>; summary: BackTestSummary }>
export type BackTestWarning = Told<
  'BackTestWarningView',
  { outcome: 'both' | 'new' | 'missing'; level: Level; plate_color: PlateColor | null }
>

/** RFC 9457 problem details. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  code: string
  request_id: string
  errors?: FieldError[]
}
export interface FieldError {
  row?: number | null
  column?: string | null
  message: string
}

export type Figures = Told<'Figures', { warnings_by_level_unsigned: Record<Level, number> }>

export type WarningState = 'raised' | 'signed' | 'dispatched' | 'closed' | 'merged' | 'withdrawn' | 'expired'
export const WARNING_STATES: readonly WarningState[] = [
  'raised',
  'signed',
  'dispatched',
  'closed',
  'merged',
  'withdrawn',
  'expired',
]
export type WarningSubject = Told<'SubjectView', { plate_color: PlateColor | null }>
export type WarningPlace = Told<'PlaceView', { theatre: Theatre | null }>

export type DeviceAlarmKind =
  | 'fatigue'
  | 'overspeed'
  | 'dsm_fatigue'
  | 'dsm_phone'
  | 'dsm_smoking'
  | 'dsm_distraction'
  | 'dsm_abnormal'
  | 'collision'
  | 'rollover'
  | 'sos'
  | 'adas'
  | 'other'

/** What a model says about its warning; `type` is the model's id. */
export type WarningDetail =
  | {
      type: 'watch_order'
      order_id: number | string
      ordered_plate: string
      read_plate: string
      /** Likeness of the two plates, 0..1. */
      score: number
      is_misread: boolean
      /** 0-based positions in `read_plate` that were read differently from the order. */
      doubtful: number[]
      reason: string
    }
  | {
      type: 'average_speed'
      section_id: string
      section_name: string | null
      length_m: number
      elapsed_ms: number
      speed_kmh: number
      limit_kmh: number
      over_percent: number
    }
  | { type: 'fatigue'; drive_started_at: Instant; driven_minutes: number; limit_minutes: number; is_night: boolean }
  | { type: 'night_coach'; night: Day; first_moving_at: Instant; moving_minutes: number; window: string }
  | {
      type: 'device_alarm'
      kind: DeviceAlarmKind
      count: number
      first_at: Instant
      last_at: Instant
    }
  | { type: 'overdue_inspection'; valid_until: Day; overdue_days: number }
  | { type: 'overdue_scrapping'; scrap_by: Day; overdue_days: number }
  | { type: 'unhandled_offences'; count: number; threshold: number }
  | ({ type: 'clone_plate'; contradiction_count: number; first_at: Instant; needs_earlier: boolean } & (
      | {
          evidence: 'journey'
          from_checkpoint_name: string | null
          to_checkpoint_name: string | null
          elapsed_ms: number
          shortest_ms: number
        }
      | { evidence: 'look'; is_plate_other: boolean; is_type_other: boolean; is_color_other: boolean }
    ))
  | { type: 'fake_plate'; plate: string; sighting_count: number; place_count: number; first_at: Instant }
  | { type: 'hidden_plate'; sighting_count: number; first_at: Instant; is_covered: boolean }
  | { type: 'spot_speed'; speed_kmh: number; limit_kmh: number; over_percent: number }
  | { type: 'wrong_way'; direction: number | null; is_reported: boolean }
  | {
      type: 'overload'
      total_kg: number
      limit_kg: number
      over_percent: number
      axle_count: number
      is_hundred_ton: boolean
    }
  | { type: 'camera_report'; behaviour: string }
  | {
      type: 'passage_fatigue'
      drive_started_at: Instant
      driven_minutes: number
      limit_minutes: number
      is_night: boolean
    }
  | { type: 'driving_time'; window_hours: number; window_from: Instant; driven_minutes: number; limit_minutes: number }
  | { type: 'dangerous_goods'; is_hours: boolean; zone_name: string | null; first_at: Instant }
  | { type: 'zone_ban'; zone_id: string; zone_name: string; first_at: Instant }
  | {
      type: 'no_exit'
      section_id: string
      section_name: string | null
      entered_at: Instant
      expected_minutes: number
    }
  | { type: 'terminal_silent'; seen_at: Instant; last_report_at: Instant | null; silent_minutes: number }
  | { type: 'terminal_elsewhere'; seen_at: Instant; distance_m: number }
  | {
      type: 'rule'
      rule_id: string
      rule_version: number
      rule_name: string
      values: { name: string; value: string }[]
    }
export type ModelId = WarningDetail['type']

interface WarningWords {
  model: ModelId
  level: Level
  state: WarningState
  subject: WarningSubject
  place: WarningPlace
  detail: WarningDetail
  verdict: VerdictGiven | null
  hidden: Hidden | null
}
/** The clock of the step that is open: who has it must act until `due_at`. */
export interface WarningClock {
  due_at?: Instant | null
  step?: string | null
  is_late?: boolean
}
export type Warning = Told<'WarningView', WarningWords> & WarningClock
export type Evidence = Told<
  'EvidenceView',
  { kind: 'passage' | 'position' | 'device_alarm'; plate_color: PlateColor | null }
>
export type HistoryEntry = Told<'HistoryView'>
export type WarningFile = Told<
  'WarningFileView',
  WarningWords & { evidence: Evidence[]; related: Warning[]; history: HistoryEntry[]; vehicle: Vehicle | null }
> &
  WarningClock

export type Checkpoint = Told<'CheckpointView', { theatre: Theatre; state: LinkState }>
export type CheckpointInput = Required<Schemas['CheckpointInput']>

export type Device = Told<'DeviceView', { kind: DeviceKind; state: DeviceState; plate_color: PlateColor | null }>
/** An admitted device, with the password that was made up for it, shown exactly once. */
export type AdmittedDevice = Told<'AdmittedView', { device: Device }>
export type NewDevice = Partial<Schemas['DeviceInput']> & Pick<Device, 'kind' | 'id'>
export type Cipher = Schemas['CipherInput']
export type RefusedDevice = Told<
  'RefusedView',
  { kind: DeviceKind; reason: 'unknown' | 'wrong_password' | 'disabled' | 'wrong_address' | 'wrong_key' }
>
export type QuarantineEntry = Told<'QuarantineView', { source: DeviceKind }>
export type QuarantineList = Told<'QuarantineList', { items: QuarantineEntry[] }>
export type QuarantineFile = Told<'QuarantinedView', { source: DeviceKind }>

export type Vehicle = Told<'VehicleView', { plate_color: PlateColor; key_class: KeyClass | null }>
export type VehicleFile = Told<
  'VehicleFileView',
  { vehicle: Vehicle; warnings: Warning[]; last_seen: KeyVehicle | null }
>

export type ImportKind = 'vehicles' | 'checkpoints' | 'sections' | 'devices' | 'watch-orders' | 'units' | 'crashes'
export type ImportReport = Told<'ImportReport'>

export type WatchOrder = Told<
  'WatchOrderView',
  { level: Level; state: 'upcoming' | 'in_force' | 'ended' | 'withdrawn' }
>
export type NewWatchOrder = Omit<Schemas['WatchOrderInput'], 'level'> & { level: Level }

/** A recent passage is told like evidence. */
export type Passage = Evidence
export type KeyVehicle = Told<'KeyVehicleView', { plate_color: PlateColor; key_class: KeyClass | null }>
/** [lon, lat, t_ms, speed_kmh] */
export type TrackPoint = [number, number, number, number]

export type Model = Told<'ModelView', { id: ModelId; level: Level | null; parameters: ModelParameter[] }>
export type ModelParameter = Told<'ParameterView', { value: unknown; range: [number, number] | null }>
/** A model with what was changed of it. */
export type ModelFile = Model & { tunings: Tuning[]; history: Tuning[] }

export type MapConfig = Told<'MapConfig', { bounds: [number, number, number, number] }>
export type RoadClass = 'expressway' | 'national' | 'provincial' | 'county' | 'township' | 'village' | 'street'

export type AuditEntry = Told<'AuditView'>
export type AuditList = Told<'AuditList', { items: AuditEntry[] }>
export type Health = Told<'Health'>
export type SystemInfo = Told<'SystemView', { clock: 'system' | 'driven' }>

/** Live stream events by name; see GET /api/v1/live. */
export interface LiveEvents {
  hello: { server_time: Instant; seq: number; must_reload?: boolean }
  warning: { change: string; warning: Warning }
  figures: Figures
  passages: {
    checkpoints: { id: string; count: number; passages_today?: number; last_at: Instant | null }[]
    sample: PassageSample[]
  }
  vehicles: { moved: KeyVehicle[] }
  devices: { changed: { id: string; state: DeviceState; last_seen_at: Instant | null }[] }
  case: { case: Case; act: string }
  /** There is something new for this person. */
  noticed: Record<string, never>
}
export type LiveEvent = { [K in keyof LiveEvents]: { name: K; data: LiveEvents[K] } }[keyof LiveEvents]
export interface PassageSample {
  captured_at: Instant
  checkpoint_id: string
  plate_text: string
  plate_color: PlateColor | null
  vehicle_class: string | null
  speed_kmh: number | null
  picture_id: string | null
}

export type Connection = Told<'ConnectionView'>
export type ConnectionList = Told<'ConnectionList', { items: Connection[] }>
export type FileMapping = Told<'MappingBody'>
export type FilePreview = Told<'PreviewView', { mapping: FileMapping; guessed: Record<string, 'head' | 'content'> }>
export type FileReport = Told<'FileReportView', { ended: 'whole' | 'part' | 'cancelled' | 'failed' }>
export type Upload = Told<'UploadView', { last: { job_id: number; at: Instant; report: FileReport } | null }>
export type UploadList = Told<'UploadList', { items: Upload[] }>
