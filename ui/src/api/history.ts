// Passages of years: search, trace, flows, storage; the shapes are those of `crates/api/src/history`.
import { get, post, put, type Query } from './client'
import type { Evidence, Instant, Job, PlateColor } from './types'

const HISTORY = '/api/v1/history'

/** A segment with bad bytes: its rows are missing in the answer. */
export interface Damage {
  segment: string
  column: string | null
  reason: string
  count: number
}
export interface FoundPassages {
  /** Newest first, by receipt. */
  items: Evidence[]
  /** For the next page; null when there is nothing more. */
  before: number | null
  looked_at: number
  is_cut_off: boolean
  damages: Damage[]
}
/** A plate that rows of a trace were found under. */
export interface Reading {
  plate: string
  is_asked: boolean
  /** Null for the plate itself, and where a symbol was left unread. */
  likelihood_permille: number | null
  count: number
}
/** A passage as a trace shows it. */
export interface Sighting {
  plate: string
  captured_at: Instant
  received_at: Instant
  checkpoint_id: string
  checkpoint_name: string | null
  lon: number | null
  lat: number | null
  lane: number | null
  direction: number | null
  speed_kmh: number | null
  plate_class: string
  plate_color: PlateColor
  plate_confidence: number | null
  vehicle_class: string | null
  vehicle_color: string | null
}
export interface Trace {
  readings: Reading[]
  /** By time of capture. */
  items: Sighting[]
  is_cut_off: boolean
  damages: Damage[]
}
/** A position of the terminal of a vehicle. */
export interface Fix {
  captured_at: Instant
  device_id: string
  lon: number | null
  lat: number | null
  speed_kmh: number
  heading_deg: number
}
export interface Track {
  items: Fix[]
  is_cut_off: boolean
  damages: Damage[]
}
/** Passages of one hour at one checkpoint. */
export interface Flow {
  hour: Instant
  checkpoint_id: string
  checkpoint_name: string | null
  count: number
}
export interface Flows {
  items: Flow[]
  damages: Damage[]
}

export type SegmentKind = 'passages' | 'positions' | 'others'
export type Projection = 'arrival' | 'plate'
export interface StoredMonth {
  /** `2026-11` */
  month: string
  segments: number
  rows: number
  bytes: number
}
export interface StoredKind {
  kind: SegmentKind
  projection: Projection
  segments: number
  rows: number
  bytes: number
  from: Instant | null
  to: Instant | null
  months: StoredMonth[]
}
/** Days that rows are kept, by their time of receipt; null: for ever. */
export interface Retention {
  passages_arrival_days: number | null
  passages_plate_days: number | null
  positions_arrival_days: number | null
  positions_plate_days: number | null
  others_days: number | null
}
export interface Storage {
  kinds: StoredKind[]
  retention: Retention
  /** Journal offsets: in files, shown, written. */
  sealed_up_to: number
  shown_up_to: number
  journal_end: number
  entries: number
  unreadable: number
  lost_bytes: number
  merged_segments: number
  expired_segments: number
  /** Why archiving does not go on, if so. */
  stopped: string | null
  damages: Damage[]
  mended: { removed: string[]; missing: string[]; wrong_length: string[] }
  disk_free_bytes: number | null
}

export type ExportFormat = 'csv' | 'xlsx' | 'parquet'

export const history = {
  passages: (query: Query, signal?: AbortSignal) => get<FoundPassages>(`${HISTORY}/passages`, query, signal),
  trace: (query: Query, signal?: AbortSignal) => get<Trace>(`${HISTORY}/trace`, query, signal),
  passage: ({ plate, captured_at, received_at, checkpoint_id }: Sighting, reason: string, signal?: AbortSignal) =>
    get<Evidence>(
      `${HISTORY}/trace/passage`,
      { plate, captured_at, received_at, checkpoint: checkpoint_id, reason },
      signal,
    ),
  track: (query: Query, signal?: AbortSignal) => get<Track>(`${HISTORY}/track`, query, signal),
  flows: (query: Query, signal?: AbortSignal) => get<Flows>(`${HISTORY}/flows`, query, signal),
  export: (search: Query, format: ExportFormat, reason: string) =>
    post<Job>(`${HISTORY}/exports`, { search, format, reason }),
  storage: () => get<Storage>(`${HISTORY}/storage`),
  saveRetention: (retention: Retention) => put<Retention>(`${HISTORY}/retention`, retention),
}
