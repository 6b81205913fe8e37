// Passages of years: search, trace, flows, export, storage.
import { get, post, put, type Query } from './client'
import type { components } from './schema'
import type { Evidence, Job, PlateColor, Told } from './types'

const HISTORY = '/api/v1/history'

/** A segment with bad bytes: its rows are missing in the answer. */
export type Damage = Told<'DamageView'>
/** Newest first, by receipt. `before` is for the next page; null when there is nothing more. */
export type FoundPassages = Told<'FoundView', { items: Evidence[]; damages: Damage[] }>
/** A plate that rows of a trace were found under. */
export type Reading = Told<'ReadingView'>
/** A passage as a trace shows it. */
export type Sighting = Told<'SightingView', { plate_color: PlateColor }>
/** By time of capture. */
export type Trace = Told<'TraceView', { readings: Reading[]; items: Sighting[]; damages: Damage[]; replaced: Damage[] }>
/** A position of the terminal of a vehicle. */
export type Fix = Told<'FixView'>
export type Track = Told<'TrackView', { items: Fix[]; damages: Damage[]; replaced: Damage[] }>
/** Passages of one hour at one checkpoint. */
export type Flow = Told<'FlowView'>
export type Flows = Told<'FlowsView', { items: Flow[]; damages: Damage[] }>

export type SegmentKind = 'passages' | 'positions' | 'others'
export type Projection = 'arrival' | 'plate'
export type StoredKind = Told<'KindView', { kind: SegmentKind; projection: Projection }>
/** Days that rows are kept, by their time of receipt; null: for ever. */
export type Retention = Told<'Retention'>
export type Storage = Told<'StorageView', { kinds: StoredKind[]; retention: Retention; damages: Damage[] }>

/** What is exported, as JSON: numbers are numbers there, which they are not in an address. */
type SearchBody = Partial<components['schemas']['PassageSearch']>
function bodyOf({ speed_min, speed_max, misreads, ...texts }: Query): SearchBody {
  const number = (value: Query[string]) => (value === undefined || value === null ? null : Number(value))
  return {
    ...(texts as Record<string, string>),
    speed_min: number(speed_min),
    speed_max: number(speed_max),
    misreads: misreads === undefined ? null : String(misreads) === 'true',
  }
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
    post<Job>(`${HISTORY}/exports`, { search: bodyOf(search), format, reason }),
  storage: () => get<Storage>(`${HISTORY}/storage`),
  verify: () => post<undefined>(`${HISTORY}/verification`, {}),
  saveRetention: (retention: Retention) => put<Retention>(`${HISTORY}/retention`, retention),
}
