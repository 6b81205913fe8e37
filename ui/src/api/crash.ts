// Crashes (事故): the ledger, and the hazards on which they fell.
import type { Case } from './case'
import { get, post, type Query } from './client'
import type { List, Theatre, Told } from './types'
import type { components } from './schema'

const V1 = '/api/v1'

export const SEVERITIES = ['property', 'injury', 'fatal'] as const
export type Severity = (typeof SEVERITIES)[number]
export const CRASH_SOURCES = ['manual', 'file'] as const
export type CrashSource = (typeof CRASH_SOURCES)[number]

export type Crash = Told<'CrashView', { severity: Severity; source: CrashSource; theatre: Theatre | null }>
/** What a crash did to a hazard. */
export type CrashEffect = 'reopened' | 'linked' | 'reported'
export type CrashHazard = Told<'CrashHazardView', { case: Case; effect: CrashEffect }>
export interface CrashFile {
  crash: Crash
  hazards: CrashHazard[]
}
export type CrashInput = components['schemas']['CrashInput']

export const crashes = {
  list: (query: Query, signal?: AbortSignal) => get<List<Crash>>(`${V1}/crashes`, query, signal),
  file: (id: string) => get<CrashFile>(`${V1}/crashes/${encodeURIComponent(id)}`),
  /** One with the number of a crash that is there is that crash, corrected; one without a number is a new one each time. */
  record: (crash: CrashInput) => post<CrashFile>(`${V1}/crashes`, crash),
}
