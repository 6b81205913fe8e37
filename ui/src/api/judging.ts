// Wire types of what makes warnings trustworthy: verdicts, yields, tunings, rules, silences, zones, health of devices.
import type { components } from './schema'
import type {
  DeviceKind,
  Evidence,
  KeyClass,
  Level,
  Model,
  ModelId,
  ModelParameter,
  Theatre,
  Told,
  Warning,
} from './types'

type Schemas = components['schemas']

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
export type VerdictGiven = Told<'VerdictView', { verdict: Verdict }>
/** Why a warning is not shown by itself, and the warning, silence or window that is the reason. */
export type Hidden = Told<'HiddenView', { kind: 'stronger' | 'silenced' | 'maintenance' }>

/** What became of warnings. */
export type YieldNumbers = Told<'YieldNumbers', { verdicts: Partial<Record<Verdict, number>>; yield: number | null }>
export type ModelYield = YieldNumbers &
  Told<'ModelYield', { model: ModelId; versions: VersionYield[]; days: DayYield[]; verdicts: YieldNumbers['verdicts'] }>
type VersionYield = YieldNumbers & { version: number }
type DayYield = YieldNumbers & { day: string }

/** What is empty restricts nothing. */
export type Scope = Told<
  'ScopeBody',
  { theatres: Theatre[]; hours: [number, number] | null; key_classes: KeyClass[]; checkpoints: string[] }
>
export type TunedValue = number | boolean | string[]
interface TuningWords {
  scope: Scope
  level: Level | null
  values: Record<string, TunedValue>
}
export type Tuning = Told<'TuningView', TuningWords>
export type TuningInput = Omit<Schemas['TuningInput'], keyof TuningWords> & TuningWords
/** A tuning without who, when and why. */
export type TuningText = TuningWords & Pick<Tuning, 'is_enabled'>

export type RuleState = 'draft' | 'review' | 'in_force' | 'retired'
interface RuleWords {
  level: Level
  state: RuleState
}
export type Rule = Told<'RuleView', RuleWords & { draft_state: 'draft' | 'review' | null; numbers: YieldNumbers }>
export type RuleVersion = Told<'RuleVersionView', RuleWords>
/** Versions stand newest first. */
export type RuleFile = Rule & { versions: RuleVersion[] }
export type RuleInput = Omit<Required<Schemas['RuleInput']>, 'level' | 'version'> & { level: Level; version?: number }
export type RuleText = Omit<RuleInput, 'reason' | 'version'>
export type ConditionError = Told<'ConditionError'>
export type ConditionCheck = Told<'ConditionCheck', { errors: ConditionError[] }>
export type RuleWord = Told<'WordView', { kind: 'variable' | 'field' | 'function' }>

interface QuietWords {
  state: 'upcoming' | 'in_force' | 'ended'
}
export type Silence = Told<'SilenceView', QuietWords & { model: ModelId | null }>
export type SilenceInput = Omit<Schemas['SilenceInput'], 'model'> & { model?: ModelId }
export type Maintenance = Told<'MaintenanceView', QuietWords>
export type MaintenanceInput = Schemas['MaintenanceInput']

interface ZoneWords {
  kind: 'ban' | 'corridor'
  area: { type: 'polygon' | 'line' | 'checkpoints'; points: [number, number][]; reach_m: number | null }
  checkpoints: string[]
  key_classes: KeyClass[]
  families: string
  hours: ZoneHours[]
  exempt: { plate: string; plate_class: string }[]
}
export type ZoneHours = Told<'HoursBody'>
export type ZoneText = Told<'ZoneBody', ZoneWords>
export type Zone = Told<'ZoneView', ZoneWords>

export type DeviceHealth = Told<'DeviceHealthView', { kind: DeviceKind }>
export type HealthHour = Told<'HourView'>
/** Hours in which something came, the oldest first. */
export type HealthFile = DeviceHealth & { hours: HealthHour[] }

/** A piece of evidence with what it shows. */
export type Piece = Evidence & Pick<Schemas['PieceView'], 'contribution' | 'calibration'>
/** A parameter as it held when a warning was judged. */
export type Threshold = ModelParameter & { tuned_by?: string | null }
export type Explanation = Told<
  'ExplanationView',
  {
    warning: Warning
    model: Model
    rule: RuleVersion | null
    evidence: Piece[]
    thresholds: Threshold[]
    tunings: Tuning[]
    tuned_level: Level | null
  }
>

export type ReplayStep = Told<
  'StepView',
  { change: 'none' | 'raised' | 'revised' | 'withdrawn'; observation: Evidence | null }
>
/** A warning judged again from the journal; steps stand in the order in which they reached us. */
export type Replay = Told<'ReplayView', { steps: ReplayStep[] }>
