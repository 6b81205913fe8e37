// What each act asks for. The server says which acts a person may do now; here is only what has to be filled in.
import type { CaseKind, HazardCategory, Point, Spot } from '@/api/case'
import { AUDIENCES, HAZARD_GRADES, ROAD_OUTCOMES } from '@/api/case'
import { VERDICTS } from '@/api/judging'
import type { Key } from '@/i18n'
import { instantOf } from '@/lib/time'

export type FieldType =
  | 'text'
  | 'words'
  | 'choice'
  | 'number'
  | 'instant'
  | 'unit'
  | 'person'
  | 'spot'
  | 'pictures'
  | 'findings'
  | 'measures'
  | 'teaching'
  | 'hazard'
  | 'questions'

export type Questions = HazardCategory['questions']
/** What was answered, by question. */
export type Answers = Record<string, string>

/** What is filled in; times are kept as their fields hold them until they are sent. */
export type Values = Record<string, unknown>

export interface Field {
  key: string
  type: FieldType
  label: Key
  hint?: Key
  is_required?: boolean | ((values: Values) => boolean)
  /** For a choice: the codes, and the group of their words. */
  options?: readonly string[]
  group?: string
  /** For a choice whose words the server gives. */
  names?: Readonly<Record<string, string>>
  /** For an instant: terms in days of work, to be chosen by one press. */
  workdays?: readonly number[]
  /** For a place, and for a hazard that is looked for near one: from where it is measured. */
  near?: { at: Point | null; category: string; exclude: string }
  /** Words alone are no place: the point has to be known. */
  needs_point?: boolean
  chars_max?: number
  /** For answers: what is asked, by what else is filled in. */
  questions?: (values: Values) => Questions
  /** Shown, and sent, only then. */
  when?: (values: Values) => boolean
  /** What stands in it first. */
  initial?: () => unknown
}

const reason: Field = { key: 'reason', type: 'words', label: 'act.reason', is_required: true }
const note: Field = { key: 'note', type: 'words', label: 'act.note' }
const now = () => instantField(Date.now())
const is =
  (key: string, ...values: unknown[]) =>
  (form: Values) =>
    values.includes(form[key])

/** `2026-11-23T14:31` in China, as a field for a time holds it. */
export function instantField(ms: number): string {
  return new Date(ms + 8 * 3_600_000).toISOString().slice(0, 16)
}

export const ACT_FIELDS: Record<CaseKind, Record<string, readonly Field[]>> = {
  watch_application: {
    review: [note],
    approve: [note],
    refuse: [reason],
    withdraw: [{ ...reason, hint: 'act.watch_withdraw_hint' }],
  },
  dispatch: {
    sign: [],
    arrive: [{ key: 'spot', type: 'spot', label: 'act.spot_here' }],
    report: [
      {
        key: 'outcome',
        type: 'choice',
        label: 'act.outcome',
        options: ROAD_OUTCOMES,
        group: 'road_outcome',
        is_required: true,
      },
      { key: 'verdict', type: 'choice', label: 'act.verdict', options: VERDICTS, group: 'verdict', is_required: true },
      { key: 'at', type: 'instant', label: 'act.at', is_required: true, initial: now },
      { key: 'spot', type: 'spot', label: 'act.spot' },
      {
        key: 'pictures',
        type: 'pictures',
        label: 'act.pictures',
        is_required: is('outcome', 'intercepted'),
        hint: 'act.report_pictures_hint',
      },
      {
        key: 'note',
        type: 'words',
        label: 'act.note',
        is_required: (form) => Boolean(form.outcome) && form.outcome !== 'intercepted',
        hint: 'act.report_note_hint',
      },
      { key: 'findings', type: 'findings', label: 'act.findings', when: is('outcome', 'intercepted') },
      { key: 'measures', type: 'measures', label: 'act.measures', when: is('outcome', 'intercepted') },
      {
        key: 'education',
        type: 'teaching',
        label: 'act.teaching',
        options: AUDIENCES,
        when: is('outcome', 'intercepted', 'released'),
      },
    ],
    decline: [reason],
    confirm: [{ ...note, hint: 'act.confirm_hint' }],
    give_back: [{ ...reason, label: 'act.missing' }],
    reassign: [
      { key: 'unit', type: 'unit', label: 'act.unit', is_required: true },
      { key: 'assignee', type: 'person', label: 'act.person' },
      reason,
    ],
    withdraw: [reason],
  },
  interception: {
    dispose: [
      { key: 'findings', type: 'findings', label: 'act.findings' },
      { key: 'measures', type: 'measures', label: 'act.measures', is_required: true },
      note,
    ],
    amend: [
      { key: 'findings', type: 'findings', label: 'act.findings' },
      { key: 'measures', type: 'measures', label: 'act.measures', is_required: true },
      { ...reason, label: 'act.amend_reason' },
    ],
  },
  // A lesson is amended as a whole, by its own form.
  education: { void: [reason] },
  hazard: {
    verify: [
      {
        key: 'grade',
        type: 'choice',
        label: 'act.grade',
        options: HAZARD_GRADES,
        group: 'hazard_grade',
        is_required: true,
      },
      note,
      { key: 'pictures', type: 'pictures', label: 'act.pictures' },
    ],
    unfounded: [reason],
    merge: [
      { key: 'into', type: 'text', label: 'act.into', is_required: true, chars_max: 20, hint: 'act.into_hint' },
      note,
    ],
    issue_notice: [
      { key: 'measure', type: 'words', label: 'act.measure', is_required: true },
      { key: 'unit', type: 'unit', label: 'act.rectifier', is_required: true },
      { key: 'deadline', type: 'instant', label: 'act.deadline', is_required: true },
      { key: 'number', type: 'text', label: 'act.number', chars_max: 64, hint: 'act.number_hint' },
    ],
    take: [],
    ask_extension: [{ key: 'until', type: 'instant', label: 'act.until', is_required: true }, reason],
    grant_extension: [note],
    refuse_extension: [reason],
    submit: [
      { ...note, label: 'act.done_what', is_required: true },
      { key: 'pictures', type: 'pictures', label: 'act.pictures_after', is_required: true },
    ],
    accept: [
      { key: 'pictures', type: 'pictures', label: 'act.pictures_there', is_required: true },
      { key: 'spot', type: 'spot', label: 'act.spot_here', hint: 'act.accept_spot_hint' },
      note,
    ],
    give_back: [
      { ...reason, label: 'act.missing' },
      { key: 'deadline', type: 'instant', label: 'act.new_deadline' },
    ],
    strike_off: [note],
    supervise: [
      {
        key: 'tier',
        type: 'choice',
        label: 'act.tier',
        options: ['county', 'city', 'province'],
        group: 'tier',
        is_required: true,
      },
      { key: 'document', type: 'text', label: 'act.document', is_required: true, chars_max: 64 },
      { key: 'until', type: 'instant', label: 'act.until', is_required: true },
    ],
    end_supervision: [reason],
    reopen: [reason],
    regrade: [
      {
        key: 'grade',
        type: 'choice',
        label: 'act.grade',
        options: HAZARD_GRADES,
        group: 'hazard_grade',
        is_required: true,
      },
      reason,
    ],
  },
}

/** Acts that end or undo work: asked for with a button that does not invite. */
export const GRAVE_ACTS = new Set([
  'decline',
  'withdraw',
  'give_back',
  'refuse',
  'unfounded',
  'void',
  'refuse_extension',
])

export const fieldsOf = (kind: CaseKind, act: string): readonly Field[] => ACT_FIELDS[kind][act] ?? []

const isShown = (field: Field, values: Values) => field.when?.(values) ?? true
export const shownFields = (fields: readonly Field[], values: Values): Field[] =>
  fields.filter((field) => isShown(field, values))
export const isRequired = (field: Field, values: Values): boolean =>
  typeof field.is_required === 'function' ? field.is_required(values) : (field.is_required ?? false)

/** What stands in the fields of an act at first. */
export function blank(fields: readonly Field[]): Values {
  return Object.fromEntries(fields.map((field) => [field.key, field.initial?.() ?? emptyValue(field.type)]))
}
function emptyValue(type: FieldType): unknown {
  switch (type) {
    case 'pictures':
    case 'findings':
    case 'measures':
      return []
    case 'spot':
      return { at: null, description: '' }
    case 'questions':
      return {}
    case 'text':
    case 'hazard':
    case 'words':
    case 'instant':
      return ''
    default:
      return null
  }
}
function isEmpty(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() === ''
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0)
}

/** The answers to what is asked now; those to the questions of another category, typed before it was changed, are no part of it. */
export function answersTo(questions: Questions, answers: Answers): { question: string; answer: string }[] {
  return questions.flatMap(({ key }) => {
    const answer = answers[key]?.trim()
    return answer ? [{ question: key, answer }] : []
  })
}
/** The questions that must be answered and are not. */
export const unanswered = (questions: Questions, answers: Answers): Questions =>
  questions.filter((it) => it.is_required && !answers[it.key]?.trim())

/** The first field that still has to be filled. */
export function missing(fields: readonly Field[], values: Values): Field | null {
  const lacks = (it: Field) =>
    it.questions
      ? unanswered(it.questions(values), values[it.key] as Answers).length > 0
      : isEmpty(values[it.key]) || (it.needs_point === true && !(values[it.key] as Spot | null)?.at)
  return shownFields(fields, values).find((it) => isRequired(it, values) && lacks(it)) ?? null
}

interface Lines {
  name?: string
  kind?: string
}
/** What is posted: fields that are shown and filled, in the form of the wire. */
export function toAct(act: string, fields: readonly Field[], values: Values): { act: string } & Values {
  const body: { act: string } & Values = { act }
  for (const field of shownFields(fields, values)) {
    const value = values[field.key]
    if (field.type === 'findings') body[field.key] = (value as Lines[]).filter((it) => it.name?.trim())
    else if (field.type === 'measures') body[field.key] = (value as Lines[]).filter((it) => it.kind)
    else if (field.questions) {
      const answers = answersTo(field.questions(values), value as Answers)
      if (answers.length) body[field.key] = answers
    } else if (isEmpty(value)) continue
    else if (field.type === 'instant') body[field.key] = instantOf(String(value))
    else if (field.type === 'teaching') {
      const taught = value as { audience?: string; topic?: string }
      if (taught.audience && taught.topic?.trim()) body[field.key] = taught
    } else body[field.key] = typeof value === 'string' ? value.trim() : value
  }
  return body
}
