import { describe, expect, it } from 'vitest'
import type { WarningDetail } from '@/api/types'
import { facts, labelText } from '@/pages/warning/facts'

const clone = (needs_earlier: boolean): WarningDetail => ({
  type: 'clone_plate',
  evidence: 'journey',
  from_checkpoint_name: '北环路口',
  to_checkpoint_name: '南关卡口',
  elapsed_ms: 120_000,
  shortest_ms: 960_000,
  contradiction_count: 1,
  first_at: '2026-12-08T01:00:00Z',
  needs_earlier,
})

describe('what shows a clone', () => {
  it('names the days before where one day would not be enough', () => {
    const of = (detail: WarningDetail) => facts(detail).map((fact) => [labelText(fact), fact.value])
    expect(of(clone(true))).toContainEqual(['合并考虑', '前几日的同类矛盾'])
    expect(of(clone(false)).map(([label]) => label)).not.toContain('合并考虑')
  })
})
