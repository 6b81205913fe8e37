// The fields of what is recorded after the fact: education, and an interception without an order.
import { AUDIENCES } from '@/api/case'
import { instantField, type Field } from '@/components/case/acts'

const common: readonly Field[] = [
  { key: 'at', type: 'instant', label: 'act.at', is_required: true, initial: () => instantField(Date.now()) },
  { key: 'spot', type: 'spot', label: 'act.spot' },
  { key: 'pictures', type: 'pictures', label: 'act.pictures' },
  { key: 'note', type: 'words', label: 'act.note' },
]
const unit: Field = { key: 'unit', type: 'unit', label: 'act.unit', is_required: true }
const reason: Field = { key: 'reason', type: 'words', label: 'act.amend_reason', is_required: true }

export function recordFields(kind: 'education' | 'interception', is_amended: boolean): readonly Field[] {
  if (kind === 'interception')
    return [
      { key: 'plate', type: 'text', label: 'column_name.plate', is_required: true, chars_max: 10 },
      unit,
      { key: 'findings', type: 'findings', label: 'act.findings' },
      { key: 'measures', type: 'measures', label: 'act.measures', hint: 'record.measures_hint' },
      ...common,
    ]
  const lesson: Field[] = [
    {
      key: 'audience',
      type: 'choice',
      label: 'case.audience',
      options: AUDIENCES,
      group: 'audience',
      is_required: true,
    },
    { key: 'people_count', type: 'number', label: 'case.people_count', is_required: true, initial: () => 1 },
    { key: 'topic', type: 'text', label: 'case.topic', is_required: true, chars_max: 200 },
    { key: 'material', type: 'text', label: 'case.material', chars_max: 200 },
    { key: 'local_case', type: 'text', label: 'case.local_case', chars_max: 200 },
  ]
  // Whose it is stays when it is amended.
  return is_amended ? [...lesson, ...common, reason] : [...lesson, unit, ...common]
}
