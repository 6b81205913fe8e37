// Common rules to begin with. Each condition uses only words of the server's vocabulary.
import type { RuleText } from '@/api/types'

export type TemplateKey = 'touting' | 'lorry' | 'offences' | 'tricycle'
export type Template = Omit<RuleText, 'name'> & { key: TemplateKey }

export const TEMPLATES: readonly Template[] = [
  {
    key: 'touting',
    condition: 'vehicle.key_class == "minivan" && places(120) >= 5',
    level: 'medium',
    once_per_minutes: 240,
    actionable_seconds: 1800,
  },
  {
    key: 'lorry',
    condition:
      '!vehicle.is_local && passage.vehicle_type.startsWith("H")\n  && (passage.hour >= 22 || passage.hour < 5)',
    level: 'low',
    once_per_minutes: 720,
    actionable_seconds: 1800,
  },
  {
    key: 'offences',
    condition: 'vehicle.unhandled_offences >= 5 && passage.speed_kmh > 80',
    level: 'medium',
    once_per_minutes: 60,
    actionable_seconds: 900,
  },
  {
    key: 'tricycle',
    condition: 'vehicle.key_class == "farm_tricycle" && "carrying_people" in passage.behaviours',
    level: 'high',
    once_per_minutes: 30,
    actionable_seconds: 900,
  },
]
