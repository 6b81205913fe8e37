// Values of model parameters as words.
import { t, word } from '@/i18n'

interface Step {
  over_percent: number
  level: string
}
const isStep = (value: unknown): value is Step =>
  typeof value === 'object' && value !== null && 'over_percent' in value && 'level' in value

export function valueText(value: unknown): string {
  if (typeof value === 'boolean') return value ? t('word.yes') : t('word.no')
  if (Array.isArray(value)) return value.map(valueText).join(' · ')
  if (isStep(value)) return `≥ ${value.over_percent} % ${word('level', value.level)}`
  if (typeof value === 'string') return word('alarm', value)
  return value === null || value === undefined ? '—' : String(value)
}
