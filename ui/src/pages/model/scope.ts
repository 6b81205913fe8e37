// Where a tuning holds and what it changes, as a sentence.
import type { Model, Scope, Tuning, TuningText } from '@/api/types'
import { t, word } from '@/i18n'
import { listed, withUnit } from './value'

/** So many names are said; of more, the count. */
const NAMES_MAX = 3

export const EVERYWHERE: Scope = { checkpoints: [], theatres: [], hours: null, key_classes: [] }
export const isEverywhere = (scope: Scope): boolean =>
  scope.checkpoints.length + scope.theatres.length + scope.key_classes.length === 0 && scope.hours === null

type NameOf = (checkpoint: string) => string

function whereText(scope: Scope, nameOf: NameOf): string {
  const names = scope.checkpoints.slice(0, NAMES_MAX).map(nameOf)
  const checkpoints =
    scope.checkpoints.length > NAMES_MAX
      ? t('tune.where_checkpoints', { names: listed(names), n: scope.checkpoints.length })
      : listed(names)
  const theatres = listed(scope.theatres.map((it) => word('theatre', it)))
  return [theatres, checkpoints].filter(Boolean).join(' ') || t('tune.where_county')
}
function whenText({ hours }: Scope): string {
  if (!hours) return ''
  const [from, to] = hours
  return t(from < to ? 'tune.when' : 'tune.when_night', { from, to })
}
const whoText = ({ key_classes }: Scope): string =>
  key_classes.length === 0 ? '' : t('tune.who', { names: listed(key_classes.map((it) => word('key_class', it))) })

/** `国省道，每日 22 时至次日 5 时，对危险品运输车` */
export const scopeText = (scope: Scope, nameOf: NameOf): string =>
  whereText(scope, nameOf) + whenText(scope) + whoText(scope)

/** What differs from the model's file; empty when nothing does. */
export function changes(tuning: TuningText, model: Pick<Model, 'parameters'>): string[] {
  if (!tuning.is_enabled) return [t('tune.turned_off')]
  const found: string[] = []
  if (tuning.level) found.push(t('tune.level_to', { level: word('level', tuning.level) }))
  for (const [name, value] of Object.entries(tuning.values)) {
    const parameter = model.parameters.find((it) => it.name === name)
    const what = parameter?.explanation.replace(/[。.]$/, '') ?? name
    found.push(t('tune.value_to', { name: what, value: withUnit(value, parameter?.unit ?? '') }))
  }
  return found
}

/** `在国省道，每日 22 时至次日 5 时，“…”改为 60 km/h。` */
export const sentence = (tuning: TuningText, model: Pick<Model, 'parameters'>, nameOf: NameOf): string =>
  t('tune.sentence', {
    where: whereText(tuning.scope, nameOf),
    when: whenText(tuning.scope),
    who: whoText(tuning.scope),
    what: listed(changes(tuning, model)) || t('tune.turned_on'),
  })

/** Whether the model is at work: everywhere, nowhere, or switched off in some places. */
export function modelState(tunings: readonly Tuning[]): 'on' | 'off' | 'partly_off' {
  const off = tunings.filter((it) => !it.is_enabled)
  if (off.some((it) => isEverywhere(it.scope))) return 'off'
  return off.length > 0 ? 'partly_off' : 'on'
}
