// The live picture as a pure fold: state × event → state. Taking an event twice, or an old one late, changes nothing.
import type { Checkpoint, Device, Figures, KeyVehicle, LinkState, LiveEvent, PassageSample, Warning } from '@/api/types'

/** What the page keeps in memory; the rest is in the lists. */
export const WARNINGS_MAX = 400
export const TICKER_MAX = 40

export interface LiveState {
  /** Newest raised first. */
  warnings: Warning[]
  figures: Figures | null
  ticker: PassageSample[]
  checkpoints: Map<string, Checkpoint>
  vehicles: Map<string, KeyVehicle>
  /** Changes of device state since the page was opened. */
  devices: Map<string, Pick<Device, 'state' | 'last_seen_at'>>
}
/** What one frame of events asks of the screen beyond the new state. */
export interface Effects {
  raised: Warning[]
  /** Checkpoint ids that saw vehicles, with the count. */
  pulses: Map<string, number>
  has_moved: boolean
}

export const emptyState = (): LiveState => ({
  warnings: [],
  figures: null,
  ticker: [],
  checkpoints: new Map(),
  vehicles: new Map(),
  devices: new Map(),
})
export const noEffects = (): Effects => ({ raised: [], pulses: new Map(), has_moved: false })

const newestFirst = (a: Warning, b: Warning): number => b.raised_at.localeCompare(a.raised_at) || b.seq - a.seq

/** Puts warnings in by id; a lower version never replaces a higher one. */
export function mergeWarnings(known: readonly Warning[], arrived: readonly Warning[]): Warning[] {
  const by_id = new Map(known.map((warning) => [warning.id, warning]))
  for (const warning of arrived) {
    const old = by_id.get(warning.id)
    if (!old || warning.version >= old.version) by_id.set(warning.id, warning)
  }
  const sorted = [...by_id.values()].sort(newestFirst)
  if (sorted.length <= WARNINGS_MAX) return sorted
  // A back-fill raises thousands of late warnings: they must not push out the one that somebody can still act on.
  const urgent = sorted.filter(isUrgent)
  const others = sorted.filter((warning) => !isUrgent(warning))
  return [...urgent, ...others].slice(0, WARNINGS_MAX).sort(newestFirst)
}
const isUrgent = (warning: Warning): boolean =>
  warning.state === 'raised' && warning.is_actionable && !warning.is_historical

/** Folds the events of one frame. Collections are copied once a frame, so that old states stay whole. */
export function foldFrame(state: LiveState, events: readonly LiveEvent[]): { state: LiveState; effects: Effects } {
  const next: LiveState = { ...state }
  const effects = noEffects()
  const warnings: Warning[] = []
  const seen = new Set(state.warnings.map((warning) => warning.id))
  for (const event of events) {
    switch (event.name) {
      case 'hello':
        break
      case 'warning':
        warnings.push(event.data.warning)
        if (event.data.change === 'raised' && !seen.has(event.data.warning.id)) {
          seen.add(event.data.warning.id)
          effects.raised.push(event.data.warning)
        }
        break
      case 'figures':
        next.figures = event.data
        break
      case 'passages':
        foldPassages(state, next, effects, event.data)
        break
      case 'vehicles':
        if (next.vehicles === state.vehicles) next.vehicles = new Map(state.vehicles)
        for (const vehicle of event.data.moved) {
          const old = next.vehicles.get(vehicle.plate)
          if (!old || old.at <= vehicle.at) next.vehicles.set(vehicle.plate, { ...old, ...vehicle })
        }
        effects.has_moved = true
        break
      case 'devices':
        if (next.devices === state.devices) next.devices = new Map(state.devices)
        for (const { id, state: device_state, last_seen_at } of event.data.changed) {
          next.devices.set(id, { state: device_state, last_seen_at })
        }
        break
    }
  }
  if (warnings.length > 0) next.warnings = mergeWarnings(state.warnings, warnings)
  return { state: next, effects }
}

function foldPassages(
  state: LiveState,
  next: LiveState,
  effects: Effects,
  data: Extract<LiveEvent, { name: 'passages' }>['data'],
): void {
  if (next.checkpoints === state.checkpoints) next.checkpoints = new Map(state.checkpoints)
  for (const { id, count, passages_today, last_at } of data.checkpoints) {
    effects.pulses.set(id, (effects.pulses.get(id) ?? 0) + count)
    const checkpoint = next.checkpoints.get(id)
    if (!checkpoint) continue
    const is_newer = last_at !== null && (!checkpoint.last_passage_at || checkpoint.last_passage_at < last_at)
    next.checkpoints.set(id, {
      ...checkpoint,
      // A vehicle that passes proves that the checkpoint is at work.
      state: 'online' satisfies LinkState,
      last_passage_at: is_newer ? last_at : checkpoint.last_passage_at,
      // Late passages are of another day: the server's own count is the better one.
      passages_today: passages_today ?? checkpoint.passages_today + count,
    })
  }
  if (data.sample.length > 0) {
    const newest = [...data.sample].sort((a, b) => b.captured_at.localeCompare(a.captured_at))
    next.ticker = [...newest, ...next.ticker].slice(0, TICKER_MAX)
  }
}

/** What stands in the duty officer's column: what can be acted on, the newest raised first; then what came late or is past,
 * the newest occurrence first. */
export function dutyOrder(warnings: readonly Warning[], now_ms: number): { actionable: Warning[]; later: Warning[] } {
  const actionable: Warning[] = []
  const later: Warning[] = []
  for (const warning of shownAlone(warnings)) {
    if (warning.state !== 'raised') continue
    ;(isActionable(warning, now_ms) ? actionable : later).push(warning)
  }
  later.sort((a, b) => b.occurred_at.localeCompare(a.occurred_at))
  return { actionable, later }
}

/** What is shown by itself: nothing hidden, and of repeats of one vehicle and model the first. A repeat whose first one is not
 * known here, or was taken back, stands for itself: better shown twice than never. */
export function shownAlone(warnings: readonly Warning[]): Warning[] {
  const heads = new Set(
    warnings.filter((it) => it.id === it.group_id && it.hidden === null && it.state !== 'withdrawn').map((it) => it.id),
  )
  return warnings.filter((it) => it.hidden === null && (it.id === it.group_id || !heads.has(it.group_id)))
}

/** Still worth sending somebody out for, at this moment: the server's word, ended by its deadline. */
export function isActionable(warning: Warning, now_ms: number): boolean {
  if (!warning.is_actionable || warning.is_historical || warning.state === 'withdrawn') return false
  return !warning.actionable_until || Date.parse(warning.actionable_until) > now_ms
}
