// Values of model parameters as words.
import { language, t, word } from '@/i18n'

interface Step {
  over_percent: number
  level: string
}
interface AxleLimit {
  axles: number
  is_also_beyond?: boolean
  truck_kg: number
  train_kg: number
}
const has = (value: unknown, name: string): boolean => typeof value === 'object' && value !== null && name in value
const isStep = (value: unknown): value is Step => has(value, 'over_percent') && has(value, 'level')
const isAxleLimit = (value: unknown): value is AxleLimit => has(value, 'axles') && has(value, 'truck_kg')

/** `a、b` in Chinese, `a, b` in English. */
export const listed = (texts: readonly string[]): string => texts.join(language.value === 'en' ? ', ' : '、')

const tonnes = (kg: number): string => String(kg / 1000)
function axleLimitText({ axles, is_also_beyond, truck_kg, train_kg }: AxleLimit): string {
  const limit = truck_kg === train_kg ? tonnes(truck_kg) : `${tonnes(truck_kg)}/${tonnes(train_kg)}`
  return `${t('weighing.axles', { n: is_also_beyond ? `${axles}+` : axles })} ${t('unit.tonnes', { n: limit })}`
}

/** Words of alarms and of behaviours are told apart by being known. */
export function valueWord(code: string): string {
  const alarm = word('alarm', code)
  return alarm === code ? word('behaviour', code) : alarm
}

export function valueText(value: unknown): string {
  if (typeof value === 'boolean') return value ? t('word.yes') : t('word.no')
  if (Array.isArray(value)) return value.length === 0 ? '—' : value.map(valueText).join(' · ')
  if (isStep(value)) return `≥ ${value.over_percent} % ${word('level', value.level)}`
  if (isAxleLimit(value)) return axleLimitText(value)
  if (typeof value === 'string') return valueWord(value)
  return value === null || value === undefined ? '—' : String(value)
}

export const withUnit = (value: unknown, unit: string): string =>
  typeof value === 'number' && unit ? `${value} ${unit}` : valueText(value)
