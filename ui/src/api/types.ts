// The wire types of the HTTP API v1, in one place so that they can be taken from the generated OpenAPI schema.

/** RFC 3339 in UTC with milliseconds, e.g. `2026-11-23T06:31:36.123Z`. */
export type Instant = string
/** A calendar day in China, e.g. `2026-11-23`. */
export type Day = string

export type Level = 'high' | 'medium' | 'low'
export type Role = 'administrator' | 'officer' | 'viewer'
export type Theatre = 'expressway' | 'national_provincial' | 'urban' | 'rural'
export type LinkState = 'online' | 'silent' | 'offline'
export type DeviceState = LinkState | 'disabled'
export type DeviceKind = 'camera' | 'terminal'
export type PlateColor = 'blue' | 'yellow' | 'green' | 'yellow_green' | 'white' | 'black' | 'unknown'
export type KeyClass =
  'scheduled_coach' | 'tour_coach' | 'dangerous_goods' | 'heavy_goods' | 'minivan' | 'school_bus' | 'farm_tricycle'

export interface List<T> {
  items: T[]
  total: number
  next_cursor?: string | null
}

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

export interface User {
  id: string | number
  username: string
  display_name: string
  role: Role
  must_change_password: boolean
}
export interface UserAccount extends User {
  is_enabled: boolean
  created_at: Instant
  last_login_at: Instant | null
}
export interface SessionCreated {
  token: string
  user: User
}
/** A user with a password that the server shows exactly once. */
export interface UserWithPassword {
  user: UserAccount
  one_time_password: string
}

export interface Figures {
  day: Day
  now: Instant
  passages_today: number
  passages_per_hour: number[]
  positions_today: number
  warnings_today: number
  warnings_today_by_model: Record<string, number>
  warnings_unsigned: number
  warnings_signed: number
  warnings_by_level_unsigned: Record<Level, number>
  devices_total: number
  devices_online: number
  checkpoints_total: number
  checkpoints_online: number
  key_vehicles_online: number
  quarantined_today: number
  refused_devices: number
  passages_per_s: number
  positions_per_s: number
  backfill: { active: boolean; behind_s: number }
}

export type WarningState = 'raised' | 'signed' | 'withdrawn'
export interface WarningSubject {
  plate: string | null
  plate_class: string | null
  plate_color: PlateColor | null
  raw_text: string | null
  device: string | null
}
export interface WarningPlace {
  checkpoint_id: string | null
  checkpoint_name: string | null
  theatre: Theatre | null
  lon: number | null
  lat: number | null
}

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
export type ModelId = WarningDetail['type']

export interface Warning {
  id: string
  seq: number
  model: ModelId
  model_version: number | string
  level: Level
  state: WarningState
  version: number
  subject: WarningSubject
  place: WarningPlace
  occurred_at: Instant
  raised_at: Instant
  actionable_until: Instant
  is_actionable: boolean
  is_historical: boolean
  title: string
  explanation: string
  detail: WarningDetail
  evidence_count: number
  picture_ids: string[]
  signed_by: string | null
  signed_at: Instant | null
  withdrawn_reason: string | null
}
export interface Evidence {
  observation_id: string
  kind: 'passage' | 'position' | 'device_alarm'
  captured_at: Instant
  received_at: Instant
  device_id: string
  checkpoint_id: string | null
  checkpoint_name: string | null
  lane: number | null
  /** GA/T 1400 code of the direction of travel. */
  direction: number | null
  speed_kmh: number | null
  plate_text: string | null
  plate: string | null
  /** Percent. */
  plate_confidence: number | null
  plate_color: PlateColor | null
  /** GA/T 16.4 code. */
  vehicle_class: string | null
  /** GA/T 16.8 letter. */
  vehicle_color: string | null
  alarm: string | null
  lon: number | null
  lat: number | null
  picture_ids: string[]
}
export interface HistoryEntry {
  at: Instant
  action: string
  by: string | null
  note: string | null
}
export interface WarningFile extends Warning {
  evidence: Evidence[]
  related: Warning[]
  history: HistoryEntry[]
  /** What the register says of the vehicle. */
  vehicle: Vehicle | null
}

export interface Checkpoint {
  id: string
  name: string
  theatre: Theatre
  road: string
  chainage_m: number | null
  direction: string | null
  lane_count: number
  lon: number
  lat: number
  state: LinkState
  last_passage_at: Instant | null
  passages_today: number
}

export interface Device {
  id: string
  kind: DeviceKind
  name: string
  state: DeviceState
  is_enabled: boolean
  vehicle_plate: string | null
  plate_color: PlateColor | null
  checkpoint_ids: string[]
  username: string | null
  has_credential: boolean
  address: string | null
  last_seen_at: Instant | null
  connected_since: Instant | null
  observations_today: number
  clock_offset_ms: number | null
  edition: string | null
}
/** An admitted device, with the password that was made up for it, shown exactly once. */
export interface AdmittedDevice {
  device: Device
  password: string | null
}
export interface NewDevice {
  kind: DeviceKind
  id: string
  name: string
  username?: string
  password?: string
  checkpoint_ids?: string[]
  vehicle_plate?: string
  vehicle_plate_class?: string
}
export interface RefusedDevice {
  kind: DeviceKind
  id: string
  address: string
  first_seen_at: Instant
  last_seen_at: Instant
  attempts: number
  reason: 'unknown' | 'wrong_password' | 'disabled'
  detail: string | null
}
export interface QuarantineEntry {
  id: number | string
  at: Instant
  source: DeviceKind
  device_id: string | null
  address: string
  reason: string
  detail: string
  bytes_len: number
}
export interface QuarantineList extends List<QuarantineEntry> {
  counts_by_reason: Record<string, number>
}
export interface QuarantineFile extends QuarantineEntry {
  hex: string
  text: string | null
}

export interface Vehicle {
  plate: string
  plate_class: string
  plate_color: PlateColor
  /** GA/T 16.4 code. */
  vehicle_type: string | null
  /** GA/T 16.3 letter. */
  use: string | null
  key_class: KeyClass | null
  /** GA/T 16.8 letter. */
  color: string | null
  owner: string
  inspection_valid_until: Day | null
  scrap_by: Day | null
  unhandled_offences: number
  is_night_exempt: boolean
  version: number
}
export interface VehicleFile {
  vehicle: Vehicle
  warnings: Warning[]
  last_seen: KeyVehicle | null
}

export type ImportKind = 'vehicles' | 'checkpoints' | 'sections' | 'devices' | 'watch-orders'
export interface ImportReport {
  rows: number
  accepted: number
  rejected: number
  errors: { row: number; column: string | null; message: string }[]
}

export interface WatchOrder {
  id: number | string
  plate: string
  plate_class: string | null
  reason: string
  legal_basis: string
  level: Level
  from: Instant
  until: Instant
  state: 'upcoming' | 'in_force' | 'ended' | 'withdrawn'
  created_by: string
  created_at: Instant
  withdrawn_by: string | null
  withdrawn_at: Instant | null
  withdraw_reason: string | null
  hits: number
}
export interface NewWatchOrder {
  plate: string
  plate_class?: string
  reason: string
  legal_basis: string
  level: Level
  until: Instant
}

/** A recent passage is told like evidence. */
export type Passage = Evidence

export interface KeyVehicle {
  plate: string
  plate_class?: string
  plate_color: PlateColor
  key_class: KeyClass | null
  lon: number
  lat: number
  speed_kmh: number
  heading_deg: number
  at: Instant
  online: boolean
  device_id?: string
}
/** [lon, lat, t_ms, speed_kmh] */
export type TrackPoint = [number, number, number, number]

export interface ModelParameter {
  name: string
  /** Number, flag, words or steps. */
  value: unknown
  unit: string | null
  source: string | null
  explanation: string
}
export interface Model {
  id: ModelId
  version: number | string
  name: string
  explanation: string
  /** Absent where each warning has its own. */
  level: Level | null
  /** So long after it happened a warning can be acted on. */
  actionable_seconds: number
  parameters: ModelParameter[]
}

export interface MapConfig {
  center: { lon: number; lat: number }
  bounds: [number, number, number, number]
  basemap: {
    kind: 'none' | 'pmtiles' | 'raster'
    url?: string | null
    datum: 'wgs84' | 'gcj02'
    attribution?: string | null
  }
}
export type RoadClass = 'expressway' | 'national' | 'provincial' | 'county' | 'township' | 'village' | 'street'

export interface AuditEntry {
  id: number | string
  at: Instant
  actor: string
  action: string
  target: string | null
  detail: string | null
  address: string | null
}
export interface Health {
  status: string
  version: string
  checks: Record<string, unknown>
}
export interface SystemInfo {
  version: string
  started_at: Instant
  clock: 'system' | 'driven'
  journal: { first: number; end: number; bytes: number; segments: number }
  disk_free_bytes: number
  judgement: { offset: number; lag_records: number }
  limits: { name: string; value: string | number }[]
}

/** Live stream events by name; see GET /api/v1/live. */
export interface LiveEvents {
  hello: { server_time: Instant; seq: number; must_reload?: boolean }
  warning: { change: 'raised' | 'revised' | 'withdrawn' | 'signed'; warning: Warning }
  figures: Figures
  passages: {
    checkpoints: { id: string; count: number; passages_today?: number; last_at: Instant | null }[]
    sample: PassageSample[]
  }
  vehicles: { moved: KeyVehicle[] }
  devices: { changed: { id: string; state: DeviceState; last_seen_at: Instant | null }[] }
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
