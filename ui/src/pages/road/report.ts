// What a report from the road says, and what it lacks. The common offences and measures are the ones a patrol meets.
import {
  MEASURE_KINDS,
  type Audience,
  type Finding,
  type Measure,
  type MeasureKind,
  type RoadOutcome,
  type RoadReport,
} from '@/api/case'
import type { Verdict } from '@/api/types'
import type { Fix } from '@/lib/position'

/** Written into the record as they stand, in Chinese whatever the language of the page. */
export const FINDINGS: readonly { key: string; name: string }[] = [
  { key: 'overspeed', name: '超速行驶' },
  { key: 'overcrowded', name: '超员载客' },
  { key: 'overload', name: '超限超载' },
  { key: 'fatigue', name: '疲劳驾驶' },
  { key: 'drink', name: '酒后驾驶' },
  { key: 'belt', name: '未系安全带' },
  { key: 'helmet', name: '未戴安全头盔' },
  { key: 'phone', name: '驾车使用手持电话' },
  { key: 'inspection', name: '逾期未检验' },
  { key: 'scrapped', name: '达到报废标准仍上路' },
  { key: 'fake_plate', name: '使用伪造、变造或套用号牌' },
  { key: 'covered_plate', name: '故意遮挡、污损号牌' },
  { key: 'licence', name: '准驾不符或无证驾驶' },
  { key: 'people', name: '货车、三轮车违法载人' },
]
export const MEASURES: readonly MeasureKind[] = MEASURE_KINDS
export const NEEDS_AMOUNT: ReadonlySet<MeasureKind> = new Set(['fine', 'points'])
export const AUDIENCES_COMMON: readonly Audience[] = [
  'driver',
  'coach_driver',
  'truck_driver',
  'minivan_driver',
  'rider',
  'tricycle_driver',
  'passenger',
  'dangerous_goods_crew',
]

/** What a warning is most often worth with this outcome; the person may say otherwise. */
export const USUAL_VERDICT: Record<RoadOutcome, Verdict> = {
  intercepted: 'confirmed',
  not_seen: 'stale',
  gone: 'confirmed',
  fled: 'confirmed',
  released: 'unfounded',
}

export interface ReportForm {
  outcome: RoadOutcome | null
  verdict: Verdict | null
  note: string
  pictures: string[]
  findings: string[]
  measures: MeasureKind[]
  amounts: Partial<Record<MeasureKind, number | null>>
  document: string
  is_taught: boolean
  audience: Audience
  topic: string
}
export const blankReport = (): ReportForm => ({
  outcome: null,
  verdict: null,
  note: '',
  pictures: [],
  findings: [],
  measures: [],
  amounts: {},
  document: '',
  is_taught: false,
  audience: 'driver',
  topic: '',
})

/** The words of what is missing; the same rules as the server's, so that nothing is refused hours later. */
export type Lack = 'outcome' | 'picture' | 'note' | 'amount' | 'topic'
export function lacks(form: ReportForm): Lack[] {
  const missing: Lack[] = []
  if (!form.outcome || !form.verdict) missing.push('outcome')
  if (form.outcome === 'intercepted' && form.pictures.length === 0) missing.push('picture')
  if (form.outcome && form.outcome !== 'intercepted' && !form.note.trim()) missing.push('note')
  if (form.measures.some((it) => NEEDS_AMOUNT.has(it) && !Number.isInteger(form.amounts[it]))) missing.push('amount')
  if (form.is_taught && !form.topic.trim()) missing.push('topic')
  return missing
}

export function reportOf(form: ReportForm, at: string, fix: Fix | null): RoadReport {
  const is_stopped = form.outcome === 'intercepted'
  const findings: Finding[] = form.findings.map((name) => ({ code: '', name }))
  const measures: Measure[] = form.measures.map((kind) => ({
    kind,
    amount: NEEDS_AMOUNT.has(kind) ? (form.amounts[kind] ?? null) : null,
    document: form.document.trim(),
  }))
  return {
    outcome: form.outcome!,
    verdict: form.verdict!,
    note: form.note.trim(),
    at,
    spot: fix ? { at: { lon: fix.lon, lat: fix.lat } } : {},
    pictures: [...form.pictures],
    findings: is_stopped ? findings : [],
    measures: is_stopped ? measures : [],
    education: form.is_taught ? { audience: form.audience, topic: form.topic.trim() } : null,
  }
}
