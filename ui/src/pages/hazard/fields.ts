// The fields of the acts on hazards, with what is known of the hazard itself: near ones to merge into, terms in days of work, the
// distance to it, the words of its categories.
import type { CaseFile, HazardBody } from '@/api/case'
import { ACT_FIELDS, type Answers, type Field, type Questions, type Values } from '@/components/case/acts'
import { categories } from './filters'

const WORKDAYS: Record<string, readonly number[]> = {
  issue_notice: [3, 5, 10, 15, 30],
  ask_extension: [5, 10, 20],
  give_back: [3, 5, 10],
  supervise: [10, 20, 30],
}

export function hazardFields({ body, case: row }: CaseFile<HazardBody>, act: string): readonly Field[] {
  const at = body.report.spot?.at ?? null
  const near = { at, category: row.category, exclude: row.id }
  const fields = (ACT_FIELDS.hazard[act] ?? []).map((field): Field => {
    if (field.type === 'instant') return { ...field, workdays: WORKDAYS[act] }
    if (act === 'merge' && field.key === 'into') return { ...field, type: 'hazard', near }
    // Where the hazard has a point, nobody accepts it from a desk.
    if (act === 'accept' && field.key === 'spot')
      return { ...field, near, is_required: at !== null, needs_point: at !== null }
    return field
  })
  if (act !== 'verify') return fields
  const known = categories.value.filter((it) => it.hazard_kind === body.report.hazard_kind)
  const asked = (values: Values): Questions => known.find((it) => it.key === values.category)?.questions ?? []
  const category: Field = {
    key: 'category',
    type: 'choice',
    label: 'hazard.category',
    options: known.map((it) => it.key),
    names: Object.fromEntries(known.map((it) => [it.key, it.name])),
    group: 'hazard_category',
  }
  // What the road left open is asked now, and what another category has to know.
  const answers: Field = {
    key: 'answers',
    type: 'questions',
    label: 'hazard.questions',
    questions: asked,
    is_required: (values) => asked(values).some((it) => it.is_required),
    when: (values) => asked(values).length > 0,
  }
  const [grade, ...rest] = fields
  const spot: Field = { key: 'spot', type: 'spot', label: 'hazard.spot_mended' }
  return [grade!, ...(known.length ? [category, answers] : []), spot, ...rest]
}

const answersOf = ({ report }: HazardBody): Answers =>
  Object.fromEntries((report.answers ?? []).map(({ question, answer }) => [question, answer]))

/** What stands in the fields first. */
export function hazardInitial({ body }: CaseFile<HazardBody>, act: string): Values | undefined {
  if (act === 'verify')
    return {
      grade: body.grade,
      category: body.report.category,
      answers: answersOf(body),
      spot: body.report.spot ?? {},
    }
  if (act === 'regrade') return { grade: body.grade }
  if (act === 'issue_notice' && body.notice) return { measure: body.notice.measure, unit: body.notice.unit }
  return undefined
}
